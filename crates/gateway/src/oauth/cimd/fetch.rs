//! One request to a server nobody here knows: a checked address, no second chance, little
//! memory, and a few seconds.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::DocumentUrl;
use super::lifetime::lifetime;
use super::public_address::is_public;
use super::web::{Network, Patience, Web};

const LARGEST: usize = 8 * 1024;
const PORT: u16 = 443;

/// A document as it came, nothing of it read yet.
pub(super) struct Fetched {
    pub(super) body: Bytes,
    pub(super) life: Duration,
}

/// Why there is no document. Every one of these is for the log only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the host has no address")]
    NoAddress,
    #[error("an address of the host is not public")]
    PrivateAddress,
    #[error("no connection")]
    NoConnection,
    #[error("TLS failed")]
    Tls,
    #[error("HTTP failed")]
    Http,
    #[error("took too long")]
    TooSlow,
    #[error("answered {0}")]
    Status(StatusCode),
    #[error("is encoded")]
    Encoded,
    #[error("is not JSON by its type")]
    WrongType,
    #[error("is larger than 8 KiB")]
    TooLarge,
}

/// Everything a fetch needs, built once.
pub(super) struct Fetcher {
    network: Arc<dyn Network>,
    tls: TlsConnector,
    patience: Patience,
}

impl Fetcher {
    pub(super) fn new(web: Web) -> anyhow::Result<Self> {
        let Web { network, roots, patience } = web;
        Ok(Self { network, tls: TlsConnector::from(Arc::new(tls(roots)?)), patience })
    }

    pub(super) async fn fetch(&self, url: &DocumentUrl) -> Result<Fetched, FetchError> {
        timeout(self.patience.total, self.fetch_slowly(url))
            .await
            .unwrap_or(Err(FetchError::TooSlow))
    }

    async fn fetch_slowly(&self, url: &DocumentUrl) -> Result<Fetched, FetchError> {
        let addresses = self.addresses(url.host()).await?;
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| FetchError::Tls)?;
        let stream = self.connect(&addresses).await?;
        let stream = self.tls.connect(name, stream).await.map_err(|_| FetchError::Tls)?;
        ask(stream, url).await
    }

    /// One private address spoils them all: whoever runs the name server of that host chooses
    /// which one comes first.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, FetchError> {
        let found = self.network.resolve(host).await.map_err(|_| FetchError::NoAddress)?;
        if found.is_empty() {
            return Err(FetchError::NoAddress);
        }
        if found.iter().all(|address| is_public(*address)) {
            Ok(found)
        } else {
            Err(FetchError::PrivateAddress)
        }
    }

    async fn connect(&self, addresses: &[IpAddr]) -> Result<TcpStream, FetchError> {
        for address in addresses {
            let attempt = self.network.connect(SocketAddr::new(*address, PORT));
            if let Ok(Ok(stream)) = timeout(self.patience.connect, attempt).await {
                return Ok(stream);
            }
        }
        Err(FetchError::NoConnection)
    }
}

fn tls(roots: Arc<RootCertStore>) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("TLS for metadata documents")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// One GET on a connection of its own. Redirects are answers like any other, and there is
/// nothing here that could keep a cookie.
async fn ask(stream: TlsStream<TcpStream>, url: &DocumentUrl) -> Result<Fetched, FetchError> {
    let http = |_| FetchError::Http;
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(64)
        .max_buf_size(LARGEST * 2)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(http)?;
    let request = Request::get(url.path_and_query())
        .header(HOST, url.host())
        .header(USER_AGENT, concat!("garmin-gateway/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .body(Empty::<Bytes>::new())
        .map_err(|_| FetchError::Http)?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(http)?;
        let (head, body) = answer.into_parts();
        check_head(head.status, &head.headers)?;
        if body.size_hint().lower() > LARGEST as u64 {
            return Err(FetchError::TooLarge);
        }
        let body = Limited::new(body, LARGEST).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { FetchError::TooLarge } else { FetchError::Http }
        })?;
        Ok(Fetched { body: body.to_bytes(), life: lifetime(&head.headers) })
    };
    // The connection lives exactly as long as the exchange: dropping both ends it.
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        fetched = &mut exchange => fetched,
        closed = connection => {
            closed.map_err(http)?;
            // Closed by the other side after the last byte, which may still have to be read.
            exchange.await
        }
    }
}

fn check_head(status: StatusCode, headers: &HeaderMap) -> Result<(), FetchError> {
    if status != StatusCode::OK {
        return Err(FetchError::Status(status));
    }
    let text =
        |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
    // Asked for plainly; what still comes packed would have to be unpacked to be measured.
    if text(CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(FetchError::Encoded);
    }
    if !text(CONTENT_TYPE).is_some_and(is_json) {
        return Err(FetchError::WrongType);
    }
    Ok(())
}

/// `application/json` or `application/…+json`, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|kind| {
        kind == "json" || kind.strip_suffix("+json").is_some_and(|kind| !kind.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t87_a_document_is_json_by_its_type() {
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/client-metadata+json",
            "application/cimd+json;v=1",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["text/html", "text/json", "application/+json", "application/jsonp", "json", ""]
        {
            assert!(!is_json(bad), "{bad}");
        }
    }
}

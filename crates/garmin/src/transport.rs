//! One pooled HTTP client and the four addresses it may talk to.
//!
//! Built once per process (or per egress): rustls with ring and compiled-in roots, so that it
//! needs no file and no process-wide default. Redirects, proxies from the environment and
//! cookie stores are off: whoever needs one of them asks for it in the open.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::clock::Timestamp;
use domain::upstream::{BaseUrl, Upstream};
use http::{HeaderMap, StatusCode, header};
use reqwest::dns::Resolve;
use url::Url;

/// How a [`Transport`] reaches the network.
#[derive(Clone)]
pub struct TransportOptions {
    /// Who turns host names into addresses; the system's resolver when absent.
    pub resolver: Option<Arc<dyn Resolve>>,
    /// An HTTP proxy every request leaves through.
    pub egress: Option<Url>,
    pub connect_timeout: Duration,
    /// From the first byte sent to the last byte of the answer, for data calls.
    pub call_timeout: Duration,
    /// The same for sign-in and token requests, which Garmin answers more slowly.
    pub sign_in_timeout: Duration,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            resolver: None,
            egress: None,
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(15),
            sign_in_timeout: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for TransportOptions {
    /// An egress may carry a password in its user info, so only its presence is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportOptions")
            .field("resolver", &self.resolver.is_some())
            .field("egress", &self.egress.is_some())
            .field("connect_timeout", &self.connect_timeout)
            .field("call_timeout", &self.call_timeout)
            .field("sign_in_timeout", &self.sign_in_timeout)
            .finish()
    }
}

/// Why no transport could be built. Never a matter of the network: nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    #[error("the egress is not an HTTP proxy URL")]
    BadEgress,
    #[error("the TLS configuration was refused")]
    Tls,
    #[error("the HTTP client could not be built")]
    Client,
}

/// Garmin's hosts and the pool of connections to them. Cloning shares the pool.
#[derive(Clone)]
pub struct Transport {
    client: reqwest::Client,
    upstream: Arc<Upstream>,
    call_timeout: Duration,
    sign_in_timeout: Duration,
}

impl Transport {
    pub fn new(upstream: Upstream, options: TransportOptions) -> Result<Self, TransportError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .gzip(true)
            .connect_timeout(options.connect_timeout)
            // Below the keep-alive of common edges, so that a request is seldom written into
            // a connection the other side has just closed.
            .pool_idle_timeout(Duration::from_secs(50))
            .pool_max_idle_per_host(4)
            .no_proxy();
        if let Some(resolver) = options.resolver {
            builder = builder.dns_resolver(resolver);
        }
        if let Some(egress) = options.egress {
            if !matches!(egress.scheme(), "http" | "https") {
                return Err(TransportError::BadEgress);
            }
            let proxy = reqwest::Proxy::all(egress).map_err(|_| TransportError::BadEgress)?;
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(|_| TransportError::Client)?;
        Ok(Self {
            client,
            upstream: Arc::new(upstream),
            call_timeout: options.call_timeout,
            sign_in_timeout: options.sign_in_timeout,
        })
    }

    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) fn call_timeout(&self) -> Duration {
        self.call_timeout
    }

    pub(crate) fn sign_in_timeout(&self) -> Duration {
        self.sign_in_timeout
    }
}

/// Why a server gave no answer at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreached(String);

impl Transport {
    /// Whether `base` answers, whatever it says: the status and the server's clock.
    pub async fn reach(&self, base: &BaseUrl) -> Result<(StatusCode, Option<String>), Unreached> {
        let asked = self.client.get(base.join("/")).timeout(self.call_timeout).send().await;
        let answer = asked.map_err(|error| {
            // The innermost reason: the outer ones repeat the address.
            let mut reason: &dyn std::error::Error = &error;
            while let Some(source) = reason.source() {
                reason = source;
            }
            let late = error.is_timeout();
            Unreached(if late { "no answer in time".to_owned() } else { reason.to_string() })
        })?;
        let date = answer.headers().get(header::DATE).and_then(|value| value.to_str().ok());
        Ok((answer.status(), date.map(str::to_owned)))
    }
}

impl fmt::Debug for Transport {
    /// The client would print its proxy, user info included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}

fn tls() -> Result<rustls::ClientConfig, TransportError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TransportError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// A client on the same TLS for threads without a runtime.
#[cfg(feature = "blocking")]
pub fn blocking_client() -> Result<reqwest::blocking::Client, TransportError> {
    reqwest::blocking::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|_| TransportError::Client)
}

/// An answer read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendError {
    /// Refused, reset, unresolved, or a TLS failure.
    Unreachable,
    TimedOut,
    /// The answer ended before its announced end.
    Torn,
    TooLarge,
}

/// Sends and reads the whole answer, at most `limit` bytes of it after decompression.
pub(crate) async fn send(
    request: reqwest::RequestBuilder,
    limit: usize,
) -> Result<Answer, SendError> {
    let mut response = request.send().await.map_err(|error| SendError::of(&error))?;
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).unwrap_or(usize::MAX) > limit {
        return Err(SendError::TooLarge);
    }
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|error| SendError::of_body(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(SendError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body: body.into() })
}

impl SendError {
    fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Unreachable }
    }

    fn of_body(error: &reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Torn }
    }
}

/// What the answer says about waiting: seconds or a date (RFC 9110 §10.2.3), at most a day.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_hours(24);
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Timestamp(at.as_second()).since(now)
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date_and_never_exceeds_a_day() {
        let now = Timestamp(1_445_412_470); // 2015-10-21T07:27:50Z
        let wait = |value| retry_after(&headers(value), now).map(|wait| wait.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(10));
        assert_eq!(wait("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
        assert_eq!(wait("99999999999"), Some(86_400));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-5"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn an_egress_must_be_an_http_proxy_and_is_never_printed() {
        let upstream = || Upstream::garmin(domain::region::Region::Global);
        let options = |egress: &str| TransportOptions {
            egress: Some(Url::parse(egress).unwrap()),
            ..TransportOptions::default()
        };
        assert_eq!(
            Transport::new(upstream(), options("socks5://127.0.0.1:1")).err(),
            Some(TransportError::BadEgress)
        );
        let proxied = options("http://me:secret@127.0.0.1:1");
        assert!(!format!("{proxied:?}").contains("secret"));
        let transport = Transport::new(upstream(), proxied).unwrap();
        assert!(!format!("{transport:?}").contains("secret"));
    }
}

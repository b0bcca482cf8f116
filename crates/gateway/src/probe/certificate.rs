//! The certificate that clients see at the public address, looked at as they do.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::origin::Origin;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// When the certificate at `origin` ends. An error when nobody answers there, or when what is
/// shown is not valid for that name: clients would not connect either.
pub async fn certificate_ends(origin: &Origin, patience: Duration) -> Result<Timestamp, String> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    within(origin, Arc::new(roots), patience).await
}

async fn within(
    origin: &Origin,
    roots: Arc<RootCertStore>,
    patience: Duration,
) -> Result<Timestamp, String> {
    let looked = tokio::time::timeout(patience, look(origin, roots)).await;
    looked.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn look(origin: &Origin, roots: Arc<RootCertStore>) -> Result<Timestamp, String> {
    let url = Url::parse(origin.as_str()).map_err(|error| error.to_string())?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("the address names no host".to_owned());
    };
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| error.to_string())?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let shown = shown.ok_or("no certificate was shown")?;
    let (_, parsed) =
        x509_parser::parse_x509_certificate(shown).map_err(|error| error.to_string())?;
    Ok(Timestamp(parsed.validity().not_after.timestamp()))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_certificate_is_told_by_its_end_and_one_nobody_vouches_for_is_refused() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2090, 1, 2);
        let certificate = params.self_signed(&key).unwrap();
        let der = certificate.der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der.clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let serving = async {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // Whoever does not trust it hangs up.
                let _ = acceptor.accept(stream).await;
            }
        };
        let asking = async {
            let origin = Origin::parse(&format!("https://{address}")).unwrap();
            let mut roots = RootCertStore::empty();
            roots.add(der).unwrap();
            let ends = within(&origin, Arc::new(roots), PATIENCE).await;
            (ends, certificate_ends(&origin, PATIENCE).await)
        };
        tokio::select! {
            () = serving => {}
            (ends, distrusted) = asking => {
                assert_eq!(ends.unwrap().to_string(), "2090-01-02T00:00:00Z");
                assert!(distrusted.unwrap_err().contains("certificate"));
            }
        }
    }
}

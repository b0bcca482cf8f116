//! Everybody who publishes a client metadata document: the names, the addresses, the
//! certificates and the servers of an internet of our own.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use gateway::oauth::cimd::{Network, Patience, Web};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

/// Where every host is, unless a test says otherwise.
pub(crate) const PUBLIC: &str = "93.184.216.34";

/// Hosts with certificates that nobody should accept.
pub(crate) const SELF_SIGNED: &str = "self-signed.example";
pub(crate) const EXPIRED: &str = "expired.example";
pub(crate) const OTHER_NAME: &str = "other-name.example";

#[derive(Clone)]
pub(crate) struct Publisher {
    state: Arc<Mutex<State>>,
    here: SocketAddr,
    roots: Arc<RootCertStore>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct State {
    /// By host and path.
    answers: HashMap<String, Answer>,
    /// What a name server says, one answer after the other; the last one stays.
    addresses: HashMap<String, Vec<Vec<IpAddr>>>,
    /// Public addresses where something else than our server listens.
    elsewhere: HashMap<IpAddr, SocketAddr>,
    down: bool,
    lookups: Vec<String>,
    connections: Vec<SocketAddr>,
    requests: Vec<String>,
}

/// What a server sends.
#[derive(Clone)]
pub(crate) enum Answer {
    /// These bytes, and then the end.
    Bytes(Vec<u8>),
    /// These bytes, and then more of the same for ever.
    Endless(Vec<u8>),
    /// These bytes, and then nothing, without an end.
    Silence(Vec<u8>),
    /// These bytes, one at a time with a pause before each.
    Drip(Vec<u8>, Duration),
}

impl Answer {
    /// A whole answer with this status, these header lines and this body.
    pub(crate) fn of(status: &str, headers: &[&str], body: &str) -> Self {
        let length = format!("Content-Length: {}", body.len());
        let head = [&format!("HTTP/1.1 {status}"), &*headers.join("\r\n"), &length];
        let lines: Vec<_> = head.into_iter().filter(|line| !line.is_empty()).collect();
        let text = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        Self::Bytes(text.into_bytes())
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::of("200 OK", &["Content-Type: application/json"], body)
    }
}

impl Publisher {
    pub(crate) async fn start() -> Self {
        let (certificates, roots) = certificates();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let publisher = Self {
            state: Arc::default(),
            here: listener.local_addr().unwrap(),
            roots: Arc::new(roots),
            tasks: TaskTracker::new(),
        };
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(certificates));
        let tls = TlsAcceptor::from(Arc::new(config));
        let here = publisher.clone();
        publisher.tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, publisher) = (tls.clone(), here.clone());
                here.tasks.spawn(async move {
                    // Whoever hangs up has what they wanted.
                    let _ = publisher.serve_one(&tls, stream).await;
                });
            }
        });
        publisher
    }

    /// The way to this internet.
    pub(crate) fn web(&self, patience: Patience) -> Web {
        Web { network: Arc::new(self.clone()), roots: self.roots.clone(), patience }
    }

    /// Publishes a document.
    pub(crate) fn serve(&self, url: &str, document: &serde_json::Value) {
        self.answer(url, Answer::json(&document.to_string()));
    }

    /// Publishes the plainest document there is for this address, and returns it.
    pub(crate) fn serve_client(&self, url: &str, redirects: &[&str]) -> serde_json::Value {
        let document = serde_json::json!({
            "client_id": url, "client_name": "A published client", "redirect_uris": redirects,
        });
        self.serve(url, &document);
        document
    }

    pub(crate) fn answer(&self, url: &str, answer: Answer) {
        let place = url.strip_prefix("https://").unwrap().to_owned();
        self.state().answers.insert(place, answer);
    }

    /// What the name server says about a host: one list of addresses for each time it is asked.
    pub(crate) fn resolve(&self, host: &str, turns: &[&[&str]]) {
        let turns = turns
            .iter()
            .map(|turn| turn.iter().map(|address| address.parse().unwrap()).collect())
            .collect();
        self.state().addresses.insert(host.to_owned(), turns);
    }

    /// Puts another server than ours at a public address.
    pub(crate) fn put_at(&self, address: &str, server: SocketAddr) {
        self.state().elsewhere.insert(address.parse().unwrap(), server);
    }

    /// No connection is accepted any more, or again.
    pub(crate) fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// The heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    pub(crate) fn lookups(&self) -> Vec<String> {
        self.state().lookups.clone()
    }

    /// The addresses connected to so far.
    pub(crate) fn connections(&self) -> Vec<SocketAddr> {
        self.state().connections.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve_one(&self, tls: &TlsAcceptor, stream: TcpStream) -> io::Result<()> {
        let mut stream = tls.accept(stream).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap_or_default();
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let answer = self.state().answers.get(&format!("{host}{path}")).cloned();
        self.state().requests.push(head.clone());
        match answer.unwrap_or_else(|| Answer::of("404 Not Found", &[], "")) {
            Answer::Bytes(bytes) => stream.write_all(&bytes).await?,
            Answer::Endless(bytes) => loop {
                stream.write_all(&bytes).await?;
            },
            Answer::Silence(bytes) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
                stream.read_u8().await?;
            }
            Answer::Drip(bytes, pause) => {
                for byte in bytes {
                    tokio::time::sleep(pause).await;
                    stream.write_u8(byte).await?;
                    stream.flush().await?;
                }
            }
        }
        stream.shutdown().await
    }
}

impl Network for Publisher {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let mut state = self.state();
        state.lookups.push(host.to_owned());
        let answer = match state.addresses.get_mut(host) {
            None => vec![PUBLIC.parse().unwrap()],
            Some(turns) if turns.len() > 1 => turns.remove(0),
            Some(turns) => turns.first().cloned().unwrap_or_default(),
        };
        Box::pin(async move { Ok(answer) })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        let mut state = self.state();
        state.connections.push(address);
        let server = state.elsewhere.get(&address.ip()).copied().unwrap_or(self.here);
        let down = state.down;
        Box::pin(async move {
            if down {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            TcpStream::connect(server).await
        })
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A certificate for whatever name is asked for, from an authority of our own.
struct Certificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    made: Mutex<BTreeMap<String, Arc<CertifiedKey>>>,
}

fn certificates() -> (Certificates, RootCertStore) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    (Certificates { authority, made: Mutex::default() }, roots)
}

impl Certificates {
    fn make(&self, host: &str) -> Arc<CertifiedKey> {
        let name = if host == OTHER_NAME { "somebody-else.example" } else { host };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if host == EXPIRED {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = if host == SELF_SIGNED {
            params.self_signed(&key).unwrap()
        } else {
            params.signed_by(&key, &self.authority).unwrap()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = CertifiedKey::from_der(vec![certificate.der().clone()], key, &provider());
        Arc::new(key.unwrap())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name()?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        Some(made.entry(host.to_owned()).or_insert_with(|| self.make(host)).clone())
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificates(…)")
    }
}

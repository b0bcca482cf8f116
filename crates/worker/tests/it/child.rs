//! A real worker process, with this test as its gateway.

use std::io::Read;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use domain::contract::{Athlete, FromWorker, Launch, ToWorker, ToolPolicy, VERSION, argv, header};
use domain::upstream::{BaseUrl, Upstream};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

pub(crate) const SECRET: &str = "open sesame";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Worker {
    pub(crate) process: Child,
    pub(crate) control: UnixStream,
    pub(crate) port: u16,
    logs: Option<std::thread::JoinHandle<String>>,
}

/// A launch message for an upstream on this machine.
pub(crate) fn launch() -> Launch {
    let base = || BaseUrl::parse("http://127.0.0.1:9").unwrap();
    Launch {
        version: VERSION,
        secret: SECRET.into(),
        account_key: "an account key".into(),
        upstream: Upstream {
            region: domain::region::Region::Global,
            sso: base(),
            api: base(),
            diauth: base(),
            connect: base(),
        },
        athlete: Athlete { time_zone: Some("Europe/Berlin".into()), ..Athlete::default() },
        credentials: None,
        tools: ToolPolicy::default(),
    }
}

/// A worker program. `cargo test` builds them; with `--test it` they must be there already.
pub(crate) fn example(name: &str) -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let path = deps.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "run `cargo build -p worker --examples` first");
    path
}

impl Worker {
    /// Starts `program` as the gateway would, and says nothing yet.
    pub(crate) fn spawn(program: &str, ports: &str) -> Self {
        Self::start(program, &[argv::WORKER, argv::ALLOWED_PORTS, ports])
    }

    /// Starts `program` to be asked about its sandbox.
    pub(crate) fn probe(program: &str) -> Self {
        Self::start(program, &[argv::WORKER, argv::ALLOWED_PORTS, "443", argv::PROBE])
    }

    fn start(program: &str, args: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut process = Command::new(example(program))
            .args(args)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = process.stderr.take().unwrap();
        let logs = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let control = UnixStream::from_std(ours).unwrap();
        Self { process, control, port, logs: Some(logs) }
    }

    /// Starts and launches `program`, up to its `Ready`.
    pub(crate) async fn ready(program: &str, launch: Launch) -> Self {
        let port = launch.upstream.api.port().to_string();
        let mut worker = Self::spawn(program, &port);
        worker.say(&ToWorker::Launch(Box::new(launch))).await;
        let FromWorker::Ready { version, .. } = worker.hear().await else { panic!("not ready") };
        assert_eq!(version, VERSION);
        worker
    }

    pub(crate) async fn say(&mut self, message: &ToWorker) {
        let text = serde_json::to_vec(message).unwrap();
        self.control.write_u32(u32::try_from(text.len()).unwrap()).await.unwrap();
        self.control.write_all(&text).await.unwrap();
    }

    pub(crate) async fn hear(&mut self) -> FromWorker {
        let heard = async {
            let size = self.control.read_u32().await.unwrap();
            let mut text = vec![0; size as usize];
            self.control.read_exact(&mut text).await.unwrap();
            serde_json::from_slice(&text).unwrap()
        };
        tokio::time::timeout(PATIENCE, heard).await.unwrap()
    }

    pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
        Request::get(path)
            .header("host", "127.0.0.1")
            .header(header::SECRET, SECRET)
            .body(Full::default())
            .unwrap()
    }

    /// Sends one request over a connection of its own.
    pub(crate) fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = hyper::Result<Response<Bytes>>> + Send + 'static {
        let port = self.port;
        async move {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            let exchange = async {
                let (parts, body) = sender.send_request(request).await?.into_parts();
                Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
            };
            tokio::pin!(exchange);
            let answered = async {
                tokio::select! {
                    answer = &mut exchange => answer,
                    ended = connection => { ended?; exchange.await }
                }
            };
            tokio::time::timeout(PATIENCE, answered).await.unwrap()
        }
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let answer = self.send(Self::get(path)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        String::from_utf8(answer.into_body().to_vec()).unwrap()
    }

    pub(crate) async fn exit(&mut self) -> std::process::ExitStatus {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(tokio::time::Instant::now() < deadline, "the worker does not end");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// What the process logged; it must have ended.
    pub(crate) fn logs(&mut self) -> String {
        self.logs.take().unwrap().join().unwrap()
    }

    /// A line of `/proc/PID/FILE` that starts with `name`.
    pub(crate) fn proc(&self, file: &str, name: &str) -> String {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).unwrap();
        text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Ended already, or ends now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

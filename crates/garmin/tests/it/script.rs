//! A server that says exactly what a test wants said.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::ManualClock;
use domain::region::Region;
use domain::upstream::{BaseUrl, Upstream};
use garmin::{PendingMfa, SignIn, SignInError, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{NOON, PASSWORD, sign_in_at, start};

/// A server that answers the first script line whose request it recognises, once for `once`
/// lines. Everything else is 429, so that a chain moves on.
pub(crate) struct Script {
    pub(crate) upstream: Upstream,
    seen: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

pub(crate) struct Line {
    request: &'static str,
    answer: String,
    once: bool,
}

pub(crate) fn always(request: &'static str, answer: impl Into<String>) -> Line {
    Line { request, answer: answer.into(), once: false }
}

pub(crate) fn once(request: &'static str, answer: impl Into<String>) -> Line {
    Line { request, answer: answer.into(), once: true }
}

pub(crate) fn http(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

pub(crate) fn page(title: &str, rest: &str) -> String {
    http("200 OK\r\nContent-Type: text/html", &format!("<title>{title}</title>{rest}"))
}

pub(crate) fn json(body: &str) -> String {
    http("200 OK\r\nContent-Type: application/json", body)
}

pub(crate) fn jwt(payload: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
    format!("{header}.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
}

pub(crate) fn token(payload: &str) -> Line {
    let body =
        format!(r#"{{"access_token":"{}","refresh_token":"r","expires_in":3600}}"#, jwt(payload));
    always("POST /di-oauth2-service", json(&body))
}

pub(crate) const GUID: &str = r#"{"exp":1790000000,"garmin_guid":"abc"}"#;

pub(crate) fn profile() -> Line {
    always("GET /userprofile-service", json(r#"{"displayName":"jo","profileId":7}"#))
}

/// The widget's pages before the password, with attributes in an unusual order.
pub(crate) fn widget_pages() -> [Line; 2] {
    [
        always("GET /sso/embed", page("x", "")),
        always("GET /sso/signin", page("x", "<INPUT value='t/1==' type=hidden name=_csrf>")),
    ]
}

impl Script {
    pub(crate) async fn of(lines: impl IntoIterator<Item = Line>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let upstream = Upstream {
            region: Region::Global,
            sso: base.clone(),
            api: base.clone(),
            diauth: base.clone(),
            connect: base,
        };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let mut lines: Vec<Line> = lines.into_iter().collect();
        #[expect(clippy::disallowed_methods, reason = "ends with the test that awaits its answers")]
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                serve(stream, &mut lines, &record).await;
            }
        });
        Self { upstream, seen, task }
    }

    pub(crate) fn sign_in(&self) -> SignIn {
        sign_in_at(&self.upstream, &Arc::new(ManualClock::at(NOON)))
    }

    pub(crate) async fn start(&self) -> Result<Step, SignInError> {
        start(&self.sign_in(), PASSWORD).await
    }

    pub(crate) async fn pending(&self) -> PendingMfa {
        match self.start().await.unwrap() {
            Step::NeedsMfa(pending) => pending,
            Step::SignedIn(_) => panic!("no code was asked for"),
        }
    }

    pub(crate) fn requests(&self, prefix: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|request| request.starts_with(prefix)).cloned().collect()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, lines: &mut Vec<Line>, record: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_complete(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    let request = String::from_utf8(request).unwrap();
    let found = lines.iter().position(|line| request.starts_with(line.request));
    record.lock().unwrap().push(request);
    let answer = match found {
        Some(at) if lines[at].once => lines.remove(at).answer,
        Some(at) => lines[at].answer.clone(),
        None => http("429 Too Many Requests", ""),
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.parse().unwrap());
    body.len() >= length
}

//! A worker that speaks the contract and misbehaves on request: what the tests of the
//! supervisor and the proxy start instead of the product's worker.
//!
//! The first argument chooses how it starts; what a call does is in the call's arguments.
#![expect(clippy::unwrap_used, reason = "a test worker fails by panicking")]

use std::convert::Infallible;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::contract::{CredentialsAnswer, JournalAnswer, JournalEntry, KeyUse, Launch, header};
use domain::id::{DeviceId, Generation};
use domain::sandbox::Layer;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::{Value, json};
use worker::host::{self, Caller, Exit, Line, Options, Program};
use worker::sandbox::Plan;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let mode = args.next().and_then(|mode| mode.into_string().ok()).unwrap_or_default();
    match mode.as_str() {
        "exit" => return ExitCode::from(3),
        "hang" => loop {
            std::thread::park();
        },
        "garbage" => {
            std::io::stdout().write_all(b"\x00\x00\x00\x03{}}").unwrap();
            std::io::stdout().flush().unwrap();
            loop {
                std::thread::park();
            }
        }
        "flood" => {
            std::io::stdout().write_all(b"\xff\xff\xff\xff").unwrap();
            std::io::stdout().flush().unwrap();
            loop {
                std::thread::park();
            }
        }
        // Long, for a worker.
        "slow" => std::thread::sleep(Duration::from_millis(200)),
        // Has a child of its own, which asks for nothing and does not leave by itself.
        "family" => {
            let child = std::process::Command::new("/bin/sleep")
                .arg("600")
                .stdin(std::process::Stdio::null())
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn();
            drop(child.unwrap());
        }
        "normal" => {}
        _ => return Exit::Usage.into(),
    }
    let Ok(mut options) = Options::parse(args) else { return Exit::Usage.into() };
    // It tells the tests what happened by files of theirs.
    options.plan = Plan::without(&[Layer::Limits, Layer::User, Layer::Files, Layer::Calls]);
    host::run(options, |launch, line| {
        let state = Arc::new((launch, line));
        Program {
            service: tower::service_fn(move |request: Request<Incoming>| {
                let state = state.clone();
                async move {
                    let (launch, line) = &*state;
                    Ok::<_, Infallible>(answer(launch, line, request).await)
                }
            }),
            repeatable_tools: vec!["read".to_owned()],
            other_tools: vec!["write".to_owned()],
        }
    })
}

async fn answer(launch: &Launch, line: &Line, request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let message: Value = serde_json::from_slice(&body).unwrap();
    let arguments = &message["params"]["arguments"];
    let text = |name: &str| arguments[name].as_str();

    if let Some(path) = text("die_once")
        && first_time(path)
    {
        std::process::abort();
    }
    let each = arguments["die_at_each"].as_array().into_iter().flatten();
    if each.filter_map(Value::as_str).any(first_time) {
        std::process::abort();
    }
    if arguments["die"] == true {
        std::process::abort();
    }
    // Tells how the call ended: as it should, or because nobody waited for it any more.
    let ending = Ending { cancelled: text("cancelled").map(str::to_owned), sent: 0 };
    if let Some(path) = text("started") {
        std::fs::write(path, "").unwrap();
    }
    if let Some(path) = text("hold_until") {
        while !Path::new(path).exists() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    if let Some(status) = arguments["status"].as_u64() {
        let status = StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap();
        let mut answer = whole(&Value::Null);
        *answer.status_mut() = status;
        if let Some(scopes) = text("scopes") {
            answer.headers_mut().insert(header::NEEDED_SCOPES, scopes.parse().unwrap());
        }
        return answer;
    }
    let mut ending = match odd(&message, ending) {
        Ok(answer) => return answer,
        Err(ending) => ending,
    };
    let mut said = Value::Null;
    if let Some(refused) = arguments.get("refuse") {
        let answer = line.credentials(refused.as_i64().map(Generation)).await.unwrap();
        said = match answer {
            CredentialsAnswer::Granted(grant) => {
                json!({"token": grant.token.reveal(), "generation": grant.generation})
            }
            CredentialsAnswer::SignInNeeded => json!("sign_in_needed"),
            CredentialsAnswer::Unavailable { .. } => json!("unavailable"),
        };
    }
    if let Some(host) = text("resolve") {
        said = json!(line.resolve(host).await.unwrap());
    }
    if let Some(choice) = text("choose_tools") {
        let caller = parts.extensions.get::<Caller>().unwrap();
        let device = match text("of_device") {
            Some(other) => DeviceId::parse(other).unwrap(),
            None => caller.device.clone().unwrap(),
        };
        let answer = line.choose_tools(&device, &choice.parse().unwrap()).await.unwrap();
        said = json!({ "answer": answer, "before": caller.tools });
    }
    if let Some(answer) = page(line, &parts, arguments).await {
        said = answer;
    }
    if let Some(key) = text("write_and_die") {
        let entry = JournalEntry::Intent {
            key: key.to_owned(),
            key_use: KeyUse::Once,
            tool: "write".to_owned(),
            detail: "before".to_owned(),
        };
        match line.journal(entry).await.unwrap() {
            JournalAnswer::Recorded { .. } => std::process::abort(),
            JournalAnswer::AlreadyThere { outcome, .. } => said = json!(outcome),
            JournalAnswer::Refused => said = json!("refused"),
        }
    }
    ending.cancelled = None;
    if let Some(path) = text("finished") {
        std::fs::write(path, "").unwrap();
    }
    let headers: Vec<&str> = parts.headers.keys().map(http::HeaderName::as_str).collect();
    let mut answer = whole(&json!({
        "jsonrpc": "2.0",
        "id": message["id"],
        "result": {
            "pid": std::process::id(),
            "token": launch.credentials.as_ref().map(|grant| grant.token.reveal()),
            "generation": launch.credentials.as_ref().map(|grant| grant.generation),
            "headers": headers,
            "body": String::from_utf8_lossy(&body),
            "environment": std::env::vars().collect::<Vec<_>>(),
            "said": said,
        },
    }));
    forge(&mut answer);
    answer
}

/// What a worker is told of its athlete's page.
async fn page(line: &Line, parts: &Parts, arguments: &Value) -> Option<Value> {
    let caller = parts.extensions.get::<Caller>().unwrap();
    if arguments["link"] == true {
        let device = match arguments["of_device"].as_str() {
            Some(other) => DeviceId::parse(other).unwrap(),
            None => caller.device.clone().unwrap(),
        };
        return Some(json!(line.page_link(&device).await.unwrap()));
    }
    let units = caller.units.map(domain::settings::UnitSystem::as_str);
    let scopes = caller.scopes.as_str();
    (arguments["chosen"] == true)
        .then(|| json!({ "zone": caller.time_zone, "units": units, "scopes": scopes }))
}

/// Headers that only a gateway may send.
fn forge(answer: &mut Answer) {
    for (name, value) in [
        ("set-cookie", "a=b"),
        ("www-authenticate", "Bearer"),
        ("location", "https://evil.example"),
        ("access-control-allow-origin", "*"),
        ("server", "x"),
        ("mcp-session-id", "s"),
        ("x-worker-needed-scopes", "garmin:write"),
    ] {
        answer.headers_mut().insert(name, value.parse().unwrap());
    }
}

/// Leaves a file when a call is dropped before its end, with what it had sent until then.
struct Ending {
    cancelled: Option<String>,
    sent: usize,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(path) = &self.cancelled {
            std::fs::write(path, self.sent.to_string()).unwrap();
        }
    }
}

/// Answers that are more, or less, than one message.
fn odd(message: &Value, mut ending: Ending) -> Result<Answer, Ending> {
    let arguments = &message["params"]["arguments"];
    if let Some(path) = arguments["stream_until"].as_str() {
        ending.cancelled = None;
        let die = arguments["then_die"] == true;
        return Ok(stream(message["id"].clone(), path.to_owned(), die));
    }
    if arguments["flood"] == true {
        return Ok(flood(ending));
    }
    if let Some(kind) = arguments["kind"].as_str() {
        // Whatever the test makes up, as it is.
        let said = arguments["say"].as_str().unwrap_or_default().to_owned();
        let status = arguments["with_status"].as_u64().unwrap_or(200);
        let mut answer = Response::new(Full::new(Bytes::from(said)).boxed_unsync());
        *answer.status_mut() = StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap();
        answer.headers_mut().insert("content-type", kind.parse().unwrap());
        return Ok(answer);
    }
    if let Some(length) = arguments["announced"].as_u64() {
        return Ok(whole(&json!({"jsonrpc": "2.0", "id": message["id"], "result": {
            "long": "x".repeat(usize::try_from(length).unwrap()),
        }})));
    }
    Err(ending)
}

/// Notifications without end, as fast as they are taken.
fn flood(ending: Ending) -> Answer {
    let events = futures_util::stream::unfold(ending, |mut ending| async move {
        let padding = "x".repeat(1000);
        let event =
            format!("data: {{\"method\":\"notifications/x\",\"params\":\"{padding}\"}}\n\n");
        ending.sent += event.len();
        tokio::task::yield_now().await;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(event))), ending))
    });
    events_of(StreamBody::new(events).boxed_unsync())
}

fn events_of(body: UnsyncBoxBody<Bytes, Infallible>) -> Answer {
    let mut answer = Response::new(body);
    answer.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
    answer
}

/// True once over all processes.
fn first_time(path: &str) -> bool {
    std::fs::OpenOptions::new().write(true).create_new(true).open(path).is_ok()
}

fn whole(value: &Value) -> Answer {
    let body = Full::new(Bytes::from(value.to_string())).boxed_unsync();
    let mut answer = Response::new(body);
    answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
    answer
}

/// A notification at once, and the answer, or death, when the file is there.
fn stream(id: Value, path: String, then_die: bool) -> Answer {
    let events = futures_util::stream::unfold(0_u8, move |turn| {
        let (path, id) = (path.clone(), id.clone());
        async move {
            let message = match turn {
                0 => json!({
                    "jsonrpc": "2.0",
                    "method": "notifications/progress",
                    "params": {"progressToken": 1, "progress": 1},
                }),
                1 => {
                    while !Path::new(&path).exists() {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                    if then_die {
                        std::process::abort();
                    }
                    json!({"jsonrpc": "2.0", "id": id, "result": {"done": true}})
                }
                _ => return None,
            };
            let event = Bytes::from(format!("event: message\ndata: {message}\n\n"));
            Some((Ok::<_, Infallible>(Frame::data(event)), turn + 1))
        }
    });
    events_of(StreamBody::new(events).boxed_unsync())
}

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
use domain::contract::{CredentialsAnswer, JournalAnswer, JournalEntry, Launch, header};
use domain::id::Generation;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::{Value, json};
use worker::host::{self, Exit, Line, Options, Program};

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
        "normal" => {}
        _ => return Exit::Usage.into(),
    }
    let Ok(options) = Options::parse(args) else { return Exit::Usage.into() };
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
    if let Some(path) = text("stream_until") {
        return stream(path.to_owned(), arguments["then_die"] == true);
    }
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
    if let Some(key) = text("write_and_die") {
        let entry = JournalEntry::Intent {
            key: key.to_owned(),
            tool: "write".to_owned(),
            detail: "before".to_owned(),
        };
        match line.journal(entry).await.unwrap() {
            JournalAnswer::Recorded { .. } => std::process::abort(),
            JournalAnswer::AlreadyThere { outcome, .. } => said = json!(outcome),
            JournalAnswer::Refused => said = json!("refused"),
        }
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
    answer.headers_mut().insert("set-cookie", "a=b".parse().unwrap());
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

/// One event at once, and a last one, or death, when the file is there.
fn stream(path: String, then_die: bool) -> Answer {
    let events = futures_util::stream::unfold(0_u8, move |turn| {
        let path = path.clone();
        async move {
            if turn == 1 {
                while !Path::new(&path).exists() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                if then_die {
                    std::process::abort();
                }
            }
            let event = Bytes::from_static(b"event: message\ndata: {\"n\":1}\n\n");
            (turn < 2).then_some((Ok::<_, Infallible>(Frame::data(event)), turn + 1))
        }
    });
    let mut answer = Response::new(StreamBody::new(events).boxed_unsync());
    answer.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
    answer
}

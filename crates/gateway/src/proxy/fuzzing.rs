//! What reaches `/mcp`, as functions of bytes.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a finding is a panic")]

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::Full;
use serde_json::Value;
use sse_stream::SseStream;

use super::agreement::{self, Era};
use super::answer::{self, answers, kind_of};
use super::events::event;
use super::headers::{Stamp, to_worker};
use super::host::Caller;
use super::message::{Id, Kind, Message};
use super::slices::Pieces;
use crate::fuzzing::{first_line, origin};

/// The body of a request.
pub fn mcp_message(data: &[u8]) {
    let Ok(message) = Message::read(data) else { return };
    // The worker reads the same bytes with another reader, and must read the same.
    let value: Value = serde_json::from_slice(data).expect("what was accepted is JSON");
    let method = value.get("method").and_then(Value::as_str);
    assert_eq!(method.unwrap_or_default(), message.method);
    assert_eq!(method.is_none(), message.kind == Kind::Response);
    assert_eq!(value.get("jsonrpc").and_then(Value::as_str), Some("2.0"));
    let id = value.get("id");
    assert_eq!(id.is_none(), message.id.is_none());
    assert!(id.is_none_or(|id| id.is_string() || id.is_number()), "an id of another kind");
    let member = |name: &str| value.get("params").and_then(|params| params.get(name));
    let target = match &*message.method {
        "tools/call" | "prompts/get" => member("name"),
        "resources/read" => member("uri"),
        other if other.starts_with("tasks/") => member("taskId"),
        _ => None,
    };
    assert_eq!(message.target.as_deref(), target.and_then(Value::as_str));
    let version =
        member("_meta").and_then(|meta| meta.get("io.modelcontextprotocol/protocolVersion"));
    assert_eq!(message.meta_version.as_deref(), version.and_then(Value::as_str));
    assert!(!message.handshake || message.method == "initialize");
}

/// Header lines, then an empty line, then a body.
pub fn mcp_headers(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut rest = data;
    loop {
        let (line, after) = first_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&line[colon + 1..])) {
            headers.append(name, value);
        }
    }
    if let Some(origin) = origin()
        && let Caller::Allowed(value) = Caller::of(&headers, &origin, &[])
    {
        assert_eq!(headers.get(ORIGIN), Some(&value));
        assert!(value.as_bytes().starts_with(b"https://"), "a foreign page was let in");
    }
    let stamp = Stamp {
        host: HeaderValue::from_static("127.0.0.1:1"),
        secret: HeaderValue::from_static("ours"),
        device: "dev_1",
        scopes: "garmin:read",
        tools: None,
        time_zone: None,
        units: None,
        request_id: "r1",
    };
    let sent = to_worker(&headers, &stamp);
    assert_eq!(sent.get(HOST), Some(&stamp.host));
    assert_eq!(sent.get_all("x-worker-secret").iter().count(), 1, "a secret of the client's");
    assert_eq!(sent["x-worker-scopes"], "garmin:read");
    for kept in ["authorization", "cookie", "x-forwarded-for", "x-worker-tools", "mcp-session-id"] {
        assert!(!sent.contains_key(kept), "{kept} reached a worker");
    }
    let Ok(message) = Message::read(rest) else { return };
    let _ = Era::of(&message, &headers);
    if agreement::check(&message, &headers).is_ok() {
        let method = headers.get(agreement::METHOD).and_then(|value| value.to_str().ok());
        assert_eq!(method.map(str::trim), Some(&*message.method));
        assert!(headers.get_all(agreement::METHOD).iter().count() == 1, "one of two was believed");
    }
}

/// What a worker answers with, as one message in two pieces and as an event stream.
pub fn worker_answer(data: &[u8]) {
    let ours = Id::Number(7);
    let mut pieces = Pieces::default();
    let (first, second) = data.split_at(data.len() / 2);
    pieces.push(Bytes::copy_from_slice(first));
    pieces.push(Bytes::copy_from_slice(second));
    if answers(&pieces, &ours) {
        // What comes after the beginning is the worker's business, up to telling lies.
        let begins = |text: &str| text.contains("\"result\"") || text.contains("\"error\"");
        assert!(
            String::from_utf8_lossy(data).contains('7') && begins(&String::from_utf8_lossy(data))
        );
    }
    passed_on(&String::from_utf8_lossy(data));
    let mut stream = SseStream::new(Full::new(Bytes::copy_from_slice(data)));
    while let Some(Some(Ok(said))) = stream.next().now_or_never() {
        if let Some(text) = said.data {
            passed_on(&text);
        }
    }
}

/// What reaches the client of a message is one event, and no request of the worker's.
fn passed_on(text: &str) {
    let ours = Id::Number(7);
    if kind_of(text, &ours) == answer::Kind::Other {
        return;
    }
    // A number beyond a double is JSON all the same.
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let asks = value.get("method").is_some() && value.get("id").is_some_and(|id| !id.is_null());
    assert!(!asks, "a question to the client: {text}");
    let id = value.get("id").filter(|id| !id.is_null());
    assert!(id.is_none_or(|id| *id == 7), "the answer to another message: {text}");
    let written = event(text);
    let lines = written.split(|&byte| byte == b'\n' || byte == b'\r');
    assert_eq!(lines.count(), 4, "more than one event: {text}");
}

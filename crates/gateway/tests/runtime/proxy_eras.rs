use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::rig::{LIST, Reply, Rig, modern, post};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn with(mut request: Request<Body>, headers: &[(&'static str, &str)]) -> Request<Body> {
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

fn list(meta: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {"_meta": meta}})
        .to_string()
}

/// Status and code of a refusal that names its request.
fn refusal(reply: &Reply) -> (u16, i64) {
    assert_eq!(reply.header("content-type"), "application/json", "{}", reply.body);
    assert_eq!(reply.header("cache-control"), "no-store");
    (reply.status.as_u16(), reply.json()["error"]["code"].as_i64().unwrap_or_default())
}

#[tokio::test]
async fn t114_t115_sec111_a_modern_request_is_checked_in_the_order_of_the_protocol() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let full = |version: &str| json!({VERSION: version, CAPABILITIES: {}});
    let now = "2026-07-28";
    for (headers, body, expected) in [
        // The header is missing, though everything else is wrong as well.
        (&[][..], list(&json!({VERSION: "2030-01-01"})), (400, -32020)),
        (&[("mcp-protocol-version", now)], list(&full(now)), (400, -32020)),
        (
            &[("mcp-protocol-version", "2025-11-25"), ("mcp-method", "tools/list")],
            list(&full(now)),
            (400, -32020),
        ),
        // Then what the body says of itself.
        (
            &[("mcp-protocol-version", now), ("mcp-method", "tools/list")],
            LIST.to_owned(),
            (400, -32602),
        ),
        (
            &[("mcp-protocol-version", "2030-01-01"), ("mcp-method", "tools/list")],
            list(&json!({VERSION: "2030-01-01"})),
            (400, -32602),
        ),
        (
            &[("mcp-protocol-version", now), ("mcp-method", "tools/list")],
            list(&json!({VERSION: now, CAPABILITIES: 7})),
            (400, -32602),
        ),
        // Then the revision.
        (
            &[("mcp-protocol-version", "2030-01-01"), ("mcp-method", "tools/list")],
            list(&full("2030-01-01")),
            (400, -32022),
        ),
    ] {
        let reply = rig.send(with(post(&token, body.clone()), headers)).await;
        assert_eq!(refusal(&reply), expected, "{headers:?} {body}");
        if expected.1 == -32022 {
            let data = &reply.json()["error"]["data"];
            assert_eq!(data["requested"], "2030-01-01");
            assert!(data["supported"].as_array().unwrap().contains(&json!(now)), "{data}");
        }
    }
    let ping = rig.send(modern(&token, "ping", json!({}))).await;
    assert_eq!(refusal(&ping), (404, -32601));
    let answer = r#"{"jsonrpc":"2.0","id":7,"result":{}}"#.to_owned();
    let answer = with(post(&token, answer), &[("mcp-protocol-version", now)]);
    assert_eq!(refusal(&rig.send(answer).await), (400, -32600));
    assert!(rig.app.supervisor.workers().is_empty());
    assert_eq!(rig.send(modern(&token, "tools/list", json!({}))).await.status.as_u16(), 200);
}

#[tokio::test]
async fn t112_sec110_names_in_headers_agree_with_the_body_or_nothing_happens() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let call = || modern(&token, "tools/call", json!({"name": "read", "arguments": {}}));
    let changed = |name: &'static str, values: &[&str]| {
        let mut request = call();
        request.headers_mut().remove(name);
        for value in values {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    };
    for (name, values) in [
        ("mcp-name", &["read", "read"][..]),
        ("mcp-name", &[]),
        ("mcp-name", &["READ"]),
        ("mcp-name", &["write"]),
        ("mcp-name", &["=?base64?%%%?="]),
        ("mcp-name", &["=?base64?cmVhZA0K?="]),
        ("mcp-name", &["=?BASE64?cmVhZA==?="]),
        ("mcp-method", &["tools/call", "tools/call"]),
        ("mcp-method", &["TOOLS/CALL"]),
        ("mcp-method", &["tools/list"]),
        ("mcp-method", &[]),
        ("mcp-protocol-version", &["2026-07-28", "2026-07-28"]),
        ("mcp-protocol-version", &["2025-11-25"]),
        ("mcp-protocol-version", &[]),
    ] {
        let reply = rig.send(changed(name, values)).await;
        assert_eq!(refusal(&reply), (400, -32020), "{name} {values:?}");
        assert_eq!(reply.json()["id"], 7);
    }
    // Nothing in front of us may have gone by the other one, whatever the era.
    for name in ["mcp-method", "mcp-name", "mcp-protocol-version"] {
        let twice = [(name, "2025-11-25"), (name, "2025-11-25")];
        let reply = rig.send(with(post(&token, LIST.to_owned()), &twice)).await;
        assert_eq!(refusal(&reply), (400, -32020), "{name}");
    }
    assert!(rig.app.supervisor.workers().is_empty());
    for fine in [&["read"][..], &["=?base64?cmVhZA==?="]] {
        assert_eq!(rig.send(changed("mcp-name", fine)).await.status.as_u16(), 200);
    }
}

#[tokio::test]
async fn t116_a_revision_nobody_knows_is_refused_and_none_at_all_is_fine() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let ping = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
    for body in [ping, LIST] {
        for version in ["1999-01-01", "x", ""] {
            let headers = [("mcp-protocol-version", version)];
            let reply = rig.send(with(post(&token, body.to_owned()), &headers)).await;
            assert_eq!(reply.status.as_u16(), 400, "{version}");
            assert_eq!(reply.code(), "unsupported_version");
        }
        let mut junk = post(&token, body.to_owned());
        let value = http::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
        junk.headers_mut().insert("mcp-protocol-version", value);
        assert_eq!(rig.send(junk).await.status.as_u16(), 400);
    }
    assert!(rig.app.supervisor.workers().is_empty());
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let headers = [("mcp-protocol-version", version)];
        let reply = rig.send(with(post(&token, ping.to_owned()), &headers)).await;
        assert_eq!(reply.status.as_u16(), 200, "{version}");
    }
    assert_eq!(rig.post(&token, ping.to_owned()).await.status.as_u16(), 200);
}

#[tokio::test]
async fn t113_t117_t118_sec076_odd_bodies_have_typed_answers() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let call = |members: &str| format!(r#"{{"jsonrpc":"2.0","id":7,{members}}}"#);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (body, expected) in [
        (call(r#""method":"tools/call","params":{"name":"a","name":"b"}"#), (400, -32700)),
        (call(r#""method":"ping","method":"ping""#), (400, -32700)),
        (call(r#""method":"a","params":{"_meta":{},"_meta":{}}"#), (400, -32700)),
        (deep, (400, -32700)),
        ("9".repeat(4 * 1024 * 1024), (400, -32700)),
        ("\u{feff}{}".to_owned(), (400, -32700)),
        (call(r#""method":"\ud800""#), (400, -32700)),
        (String::new(), (400, -32700)),
        (format!("[{LIST}]"), (400, -32600)),
        ("[]".to_owned(), (400, -32600)),
        ("null".to_owned(), (400, -32600)),
        ("7".to_owned(), (400, -32600)),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.to_owned(), (400, -32600)),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#.to_owned(), (400, -32600)),
        (
            r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"}"#.to_owned(),
            (400, -32600),
        ),
        (
            format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(1 << 20)),
            (400, -32600),
        ),
        // Before 2026-07-28 what is wrong with the parameters is no matter of HTTP.
        (call(r#""method":"tools/list","params":{"_meta":"x"}"#), (200, -32602)),
        (call(r#""method":"tools/call","params":{"name":7}"#), (200, -32602)),
        (call(r#""method":"tools/call""#), (200, -32602)),
        (call(r#""method":"tools/call","params":{"name":"read","arguments":[]}"#), (200, -32602)),
        (call(r#""method":"initialize","params":{}"#), (200, -32602)),
    ] {
        let start: String = body.chars().take(80).collect();
        assert_eq!(refusal(&rig.post(&token, body).await), expected, "{start}");
    }
    let mut broken = post(&token, String::new());
    *broken.body_mut() =
        Body::from(&b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}"[..]);
    assert_eq!(refusal(&rig.send(broken).await), (400, -32700));
    let aimless = rig.send(modern(&token, "tools/call", json!({"name": null}))).await;
    assert_eq!(refusal(&aimless), (400, -32602));
    let turned = modern(&token, "tools/call", json!({"name": "read", "arguments": []}));
    assert_eq!(refusal(&rig.send(turned).await), (400, -32602));
    assert!(rig.app.supervisor.workers().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t125_rel25_inv12_a_client_never_notices_that_the_gateway_was_another_one() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    }});
    let hello = rig.post(&token, hello.to_string()).await;
    assert!(!hello.headers.contains_key("mcp-session-id"));
    hello.result();
    let other = gateway::router(rig.another_node().await);
    let call = post(&token, crate::rig::call("read", &json!({})));
    let call = with(call, &[("mcp-session-id", "of-the-one-before"), ("last-event-id", "9")]);
    let reply = tower::ServiceExt::oneshot(other, call).await.unwrap();
    assert_eq!(reply.status().as_u16(), 200);
}

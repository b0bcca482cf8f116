use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::rig::{LIST, Rig, post};

fn bare(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "localhost:8080")
}

#[tokio::test]
async fn t96_sec001_without_a_token_every_method_gets_the_challenge_and_no_worker() {
    let rig = Rig::start().await;
    for method in ["POST", "GET", "DELETE"] {
        let reply = rig.send(bare(method, "/mcp").body(Body::from(LIST)).unwrap()).await;
        assert_eq!(reply.status.as_u16(), 401, "{method}");
        let header = reply.header("www-authenticate");
        assert!(header.contains("resource_metadata=") && !header.contains("error="), "{header}");
    }
    let unknown = rig.post("ggw_at_unknown_but_plausible", LIST.to_owned()).await;
    assert_eq!(unknown.status.as_u16(), 401);
    assert!(unknown.header("www-authenticate").contains("invalid_token"));
    assert!(rig.app.supervisor.workers().is_empty());
}

#[tokio::test]
async fn t98_sec003_a_token_belongs_in_one_header_only() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let request = bare("POST", &format!("/mcp?access_token={token}"));
    let reply = rig.send(request.body(Body::from(LIST)).unwrap()).await;
    assert_eq!(reply.status.as_u16(), 400);
    let mut request = post(&token, LIST.to_owned());
    request.headers_mut().append("authorization", "Bearer other".parse().unwrap());
    let reply = rig.send(request).await;
    assert_eq!(reply.status.as_u16(), 400);
    assert!(reply.header("www-authenticate").contains("invalid_request"));
}

#[tokio::test]
async fn t119_sec111_what_is_wrong_with_a_request_is_said_before_a_worker_starts() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let status = |reply: crate::rig::Reply| reply.status.as_u16();
    for method in ["GET", "DELETE", "PUT"] {
        let request = bare(method, "/mcp").header("authorization", format!("Bearer {token}"));
        let reply = rig.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "POST"), "{method}");
    }
    let mut typed = post(&token, LIST.to_owned());
    typed.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(status(rig.send(typed).await), 415);

    let mut browser = post(&token, LIST.to_owned());
    browser.headers_mut().insert("accept", "text/html".parse().unwrap());
    assert_eq!(status(rig.send(browser).await), 406);

    let code = |reply: crate::rig::Reply| {
        assert_eq!(reply.status.as_u16(), 400, "{}", reply.body);
        reply.json()["error"]["code"].as_i64().unwrap()
    };
    assert_eq!(code(rig.post(&token, "{".to_owned()).await), -32700);
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#;
    assert_eq!(code(rig.post(&token, twice.to_owned()).await), -32700);
    assert_eq!(code(rig.post(&token, format!("[{LIST}]")).await), -32600);
    let mut modern = post(&token, LIST.to_owned());
    modern.headers_mut().insert("mcp-protocol-version", "2026-07-28".parse().unwrap());
    modern.headers_mut().insert("mcp-method", "tools/call".parse().unwrap());
    assert_eq!(code(rig.send(modern).await), -32020);

    let huge = post(&token, " ".repeat(4 * 1024 * 1024 + 1));
    assert_eq!(status(rig.send(huge).await), 413);
    assert!(rig.app.supervisor.workers().is_empty());
}

#[tokio::test]
async fn t129_t130_rel08_the_gateway_answers_ping_and_listen_without_a_worker() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let ping = r#"{"jsonrpc":"2.0","id":9,"method":"ping"}"#;
    let reply = rig.post(&token, ping.to_owned()).await;
    assert_eq!(
        (reply.status.as_u16(), reply.json()),
        (200, json!({"jsonrpc":"2.0","id":9,"result":{}}))
    );
    let listen_as = |version: &str, params: Value| {
        let body = json!({
            "jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen", "params": params,
        });
        let mut request = post(&token, body.to_string());
        request.headers_mut().insert("mcp-protocol-version", version.parse().unwrap());
        request.headers_mut().insert("mcp-method", "subscriptions/listen".parse().unwrap());
        request
    };
    let meta = |version: &str| {
        json!({"_meta": {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        }})
    };
    let bare = rig.send(listen_as("2026-07-28", json!({}))).await;
    assert_eq!((bare.status.as_u16(), bare.json()["error"]["code"].as_i64()), (400, Some(-32602)));
    let newer = rig.send(listen_as("2099-01-01", meta("2099-01-01"))).await;
    let error = &newer.json()["error"];
    assert_eq!((newer.status.as_u16(), error["code"].as_i64()), (400, Some(-32022)));
    assert_eq!(
        error["data"]["supported"],
        json!(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"])
    );
    assert_eq!(error["data"]["requested"], "2099-01-01");
    let mut no_events = listen_as("2026-07-28", meta("2026-07-28"));
    no_events.headers_mut().insert("accept", "application/json".parse().unwrap());
    assert_eq!(rig.send(no_events).await.status.as_u16(), 406);
    let listen = || listen_as("2026-07-28", meta("2026-07-28"));
    let open = (rig.open(listen()).await, rig.open(listen()).await);
    assert_eq!((open.0.status().as_u16(), open.1.status().as_u16()), (200, 200));
    assert_eq!(rig.send(listen()).await.status.as_u16(), 429);
    drop(open);
    assert_eq!(rig.open(listen()).await.status().as_u16(), 200);
    assert!(rig.app.supervisor.workers().is_empty());
}

#[tokio::test]
async fn t106_t107_t108_sec064_sec065_foreign_hosts_and_foreign_scripts_are_turned_away() {
    let rig = Rig::with("normal", &[("PUBLIC_URL", "https://garmin.example.org")]).await;
    let (_, token) = rig.person(0).await;
    let status = async |name: &'static str, values: &[&str]| {
        let mut request = post(&token, LIST.to_owned());
        request.headers_mut().remove(name);
        for value in values {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let reply = rig.send(request).await;
        assert!(!reply.headers.contains_key("access-control-allow-origin") || reply.status == 200);
        reply.status.as_u16()
    };
    assert_eq!(status("host", &["evil.example"]).await, 421);
    assert_eq!(status("host", &["garmin.example.org:8443"]).await, 421);
    assert_eq!(status("host", &["garmin.example.org", "garmin.example.org"]).await, 400);
    assert_eq!(status("host", &["garmin.example.org"]).await, 200);
    for foreign in [
        "https://evil.tld",
        "null",
        "http://localhost:6274",
        "https://claude.ai.evil.tld",
        "https://claude.ai:444",
        "https://CLAUDE.AI",
        "",
    ] {
        assert_eq!(status("origin", &[foreign]).await, 403, "{foreign}");
    }
    assert_eq!(status("origin", &["https://claude.ai", "https://claude.ai"]).await, 403);
    assert_eq!(status("origin", &["https://claude.ai"]).await, 200);
    assert_eq!(status("origin", &[]).await, 200);
}

#[tokio::test]
async fn t110_sec066_a_script_of_an_allowed_site_reads_what_it_needs() {
    let rig = Rig::with(
        "normal",
        &[
            ("PUBLIC_URL", "https://garmin.example.org"),
            ("ALLOWED_ORIGINS", "https://app.example, http://localhost:6274"),
        ],
    )
    .await;
    let preflight = async |origin: &str| {
        let request = bare("OPTIONS", "/mcp")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, mcp-param-region");
        rig.send(request.body(Body::empty()).unwrap()).await
    };
    for origin in ["https://claude.ai", "https://app.example", "http://localhost:6274"] {
        let reply = preflight(origin).await;
        assert_eq!(reply.status.as_u16(), 204);
        assert_eq!(reply.header("access-control-allow-origin"), origin);
        assert_eq!(reply.header("vary"), "Origin");
        assert_eq!(reply.header("access-control-max-age"), "600");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
        let headers = reply.header("access-control-allow-headers").to_ascii_lowercase();
        for name in ["authorization", "mcp-protocol-version", "mcp-name", "mcp-param-region"] {
            assert!(headers.contains(name), "{headers}");
        }
    }
    let foreign = preflight("https://evil.tld").await;
    assert_eq!(foreign.status.as_u16(), 403);
    assert_eq!(foreign.header("access-control-allow-origin"), "");

    // Without these a browser cannot begin to sign in.
    let refused = bare("POST", "/mcp").header("origin", "https://claude.ai");
    let refused = rig.send(refused.body(Body::from(LIST)).unwrap()).await;
    assert_eq!(refused.status.as_u16(), 401);
    assert_eq!(refused.header("access-control-allow-origin"), "https://claude.ai");
    for name in ["WWW-Authenticate", "Mcp-Session-Id", "MCP-Protocol-Version", "Retry-After"] {
        assert!(refused.header("access-control-expose-headers").contains(name), "{name}");
    }
}

#[tokio::test]
async fn rel04_an_account_that_needs_a_sign_in_is_challenged_until_it_has_one() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    rig.garmin.control().revoke_session(&crate::rig::email(0));
    rig.app.custody.keep_alive(&account).await;
    rig.app.devices.forget_all();
    let reply = rig.list(&token).await;
    assert_eq!(reply.status.as_u16(), 401);
    assert!(reply.header("www-authenticate").contains("new sign-in"), "{:?}", reply.headers);
    let (account, generation) = rig.sign_in(0).await;
    rig.app.signed_in(&account, generation);
    rig.list(&token).await.result();
}

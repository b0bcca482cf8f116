//! The protocol in both eras.

use domain::contract::{ToolPolicy, header};
use serde_json::{Value, json};

use crate::mcp::{LEGACY, MODERN, Mcp, message};

#[tokio::test]
async fn the_handshake_says_who_is_speaking_and_mints_no_session() {
    let mcp = Mcp::start().await;
    let known = ["2024-11-05", "2025-03-26", "2025-06-18", LEGACY].map(|asked| (asked, asked));
    // The newest revision has no handshake, and of the future nobody knows anything.
    let others = [(MODERN, LEGACY), ("2030-01-01", LEGACY)];
    for (asked, expected) in known.into_iter().chain(others) {
        let params = json!({
            "protocolVersion": asked,
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        let message = message(LEGACY, "initialize", params);
        let answer = mcp.post(asked, &message).await;
        assert!(answer.headers().get("mcp-session-id").is_none());
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        let result = &body["result"];
        assert_eq!(result["protocolVersion"], expected, "{asked}: {body}");
        assert_eq!(result["serverInfo"]["name"], "garmin-gateway");
        assert_eq!(result["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(result["instructions"].as_str().unwrap().contains("no_data"));
        assert!(result["capabilities"]["tools"].is_object());
    }
}

#[tokio::test]
async fn discovery_offers_both_eras() {
    let mcp = Mcp::start().await;
    let body = mcp.request(MODERN, "server/discover", json!({})).await;
    let versions = body["result"]["supportedVersions"].as_array().unwrap();
    for version in [LEGACY, MODERN] {
        assert!(versions.contains(&version.into()), "{body}");
    }
}

#[tokio::test]
async fn rel29_both_eras_list_the_same_tools_in_the_same_order() {
    let mcp = Mcp::start().await;
    let legacy = mcp.request(LEGACY, "tools/list", json!({})).await;
    let modern = mcp.request(MODERN, "tools/list", json!({})).await;
    assert_eq!(legacy["result"]["tools"], modern["result"]["tools"]);
    assert_eq!(modern["result"]["resultType"], "complete");
    assert_eq!(modern["result"]["cacheScope"], "private");
    assert!(modern["result"]["ttlMs"].as_u64().unwrap() > 0);
    assert!(legacy["result"].get("resultType").is_none());
    let modern_name = &modern["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"];
    assert_eq!(modern_name, "garmin-gateway", "{}", modern["result"]["_meta"]);
    assert!(legacy["result"].get("_meta").is_none());
    let names: Vec<&str> = legacy["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    for name in ["get_activities", "get_sleep_data", "garmin_auth_status", "get_training_readiness"]
    {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(!names.contains(&"authenticate"));
}

#[tokio::test]
async fn both_eras_answer_a_call_alike() {
    let mcp = Mcp::start().await;
    let params = || json!({ "name": "get_full_name", "arguments": {} });
    let legacy = mcp.request(LEGACY, "tools/call", params()).await;
    let modern = mcp.request(MODERN, "tools/call", params()).await;
    assert_eq!(legacy["result"]["structuredContent"], modern["result"]["structuredContent"]);
    assert_eq!(modern["result"]["resultType"], "complete");
    let name = mcp.garmin.season().full_name;
    assert_eq!(modern["result"]["structuredContent"]["full_name"], name);
    let server = &modern["result"]["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(server["version"], env!("CARGO_PKG_VERSION"), "{modern}");
    assert!(legacy["result"].get("_meta").is_none());
    let params = json!({ "name": "get_sleep", "arguments": { "date": "never" } });
    let failed = mcp.request(MODERN, "tools/call", params).await;
    let meta = &failed["result"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/serverInfo"], *server);
    assert_eq!(meta["garmin-gateway/error"]["field"], "date");
}

#[tokio::test]
async fn the_list_has_one_page_and_no_cursor() {
    let mcp = Mcp::start().await;
    for era in [LEGACY, MODERN] {
        let body = mcp.request(era, "tools/list", json!({ "cursor": "2" })).await;
        assert_eq!(body["error"]["code"], -32602, "{body}");
    }
}

#[tokio::test]
async fn unknown_tools_are_protocol_errors_and_bad_arguments_are_results() {
    let mcp = Mcp::start().await;
    for era in [LEGACY, MODERN] {
        for name in ["get_nothing", "authenticate", "complete_mfa"] {
            let params = json!({ "name": name, "arguments": {} });
            let body = mcp.request(era, "tools/call", params).await;
            assert_eq!(body["error"]["code"], -32602, "{body}");
        }
        let bad = [json!({ "date": 7 }), json!({ "date": "2026-02-30" }), json!({ "dates": "x" })];
        for arguments in bad {
            let params = json!({ "name": "get_sleep", "arguments": arguments });
            let body = mcp.request(era, "tools/call", params).await;
            assert_eq!(body["result"]["isError"], true, "{body}");
        }
    }
}

#[tokio::test]
async fn sec111_what_is_not_declared_is_not_there() {
    let mcp = Mcp::start().await;
    let params = [
        ("resources/subscribe", json!({ "uri": "test://none" })),
        ("logging/setLevel", json!({ "level": "info" })),
        ("tasks/get", json!({ "taskId": "none" })),
        ("no/such", json!({})),
    ];
    for (method, params) in params {
        for (era, status) in [(LEGACY, 200), (MODERN, 404)] {
            let answer = mcp.post(era, &message(era, method, params.clone())).await;
            let body: Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(body["error"]["code"], -32601, "{era} {method}: {body}");
            assert_eq!(answer.status(), status, "{era} {method}");
        }
    }
}

#[tokio::test]
async fn what_the_operator_switched_off_is_neither_listed_nor_callable() {
    let policy = ToolPolicy { disabled: vec!["get_gear".into()], ..ToolPolicy::default() };
    let mcp = Mcp::start_with(policy).await;
    let tools = mcp.tools().await;
    assert!(tools.iter().any(|tool| tool["name"] == "get_stats"));
    assert!(tools.iter().all(|tool| tool["name"] != "get_gear"));
    let (error, text) = mcp.fail("get_gear", json!({})).await;
    assert_eq!(
        (&error["code"], &error["setting"]),
        (&"tool_disabled".into(), &"TOOLS_DISABLED".into())
    );
    assert!(text.contains("TOOLS_DISABLED"), "{text}");
}

#[tokio::test]
async fn sec111_only_posts_are_answered() {
    let mcp = Mcp::start().await;
    for method in ["GET", "DELETE"] {
        let mut request = crate::child::Worker::get("/mcp");
        *request.method_mut() = method.parse().unwrap();
        let accept = "application/json, text/event-stream".parse().unwrap();
        request.headers_mut().insert("accept", accept);
        let answer = mcp.worker.send(request).await.unwrap();
        assert_eq!(answer.status(), 405, "{method}");
        assert!(answer.headers().get(header::NEEDED_SCOPES).is_none());
    }
}

/// The gateway names this machine; whoever found the way around it may name another.
#[tokio::test]
async fn sec065_a_host_elsewhere_is_refused() {
    let mcp = Mcp::start().await;
    for host in ["evil.example", "127.0.0.1.evil.example", "169.254.169.254"] {
        let mut request = crate::child::Worker::get("/mcp");
        *request.method_mut() = http::Method::POST;
        request.headers_mut().insert("host", host.parse().unwrap());
        let answer = mcp.worker.send(request).await.unwrap();
        assert_eq!(answer.status(), 403, "{host}");
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(body["error"]["code"], -32600, "{body}");
    }
}

//! Every tool, called with what no schema allows: nothing, null, empty, endless, of another kind,
//! and texts that are no text. A tool refuses in words or makes sense of it; nothing is sent that
//! could change anything, and no process ends.

use serde_json::{Map, Value, json};

use crate::mcp::Mcp;

/// What an argument is given instead of a value.
fn values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(""),
        json!(" "),
        json!("x".repeat(70_000)),
        json!("\u{0}\u{1b}[2J\u{202e}\u{feff}\r\n"),
        json!("../../etc/passwd?x=1&y=%00"),
        json!(-1),
        json!(i64::MAX),
        json!(1e308),
        json!(true),
        json!([]),
        json!([[null], {}]),
        json!({ "": { "": [] } }),
    ]
}

/// The codes by which a tool says no to a call, or that there is nothing.
const REFUSALS: [&str; 6] =
    ["invalid_argument", "not_found", "upstream_error", "no_permission", "conflict", "too_large"];

fn judge(tool: &str, arguments: &Value, result: &Value) {
    let short: String = arguments.to_string().chars().take(200).collect();
    if result["isError"] != true {
        assert!(result["structuredContent"].is_object(), "{tool} {short}: {result}");
        return;
    }
    let code = result["_meta"]["garmin-gateway/error"]["code"].as_str().unwrap_or_default();
    assert!(REFUSALS.contains(&code), "{tool} {short}: {result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.len() < 4_000, "{tool} {short}: {} bytes of refusal", text.len());
    let odd = text.chars().find(|letter| letter.is_control() && *letter != '\n');
    assert_eq!(odd, None, "{tool} {short}: {text:?}");
}

#[tokio::test]
async fn no_argument_ends_a_worker_or_changes_anything() {
    let mut mcp = Mcp::writing().await;
    let tools = mcp.tools().await;
    mcp.garmin.simulator.control().clear_requests();
    for tool in &tools {
        let name = tool["name"].as_str().unwrap();
        // It forgets which tools the device is shown, and that is all it can do.
        if name == "set_active_toolsets" {
            continue;
        }
        let read_only = tool["annotations"]["readOnlyHint"] == true;
        let schema = &tool["inputSchema"];
        let own: Vec<&String> = schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| !["dry_run", "idempotency_key", "confirm"].contains(&key.as_str()))
            .collect();
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut calls: Vec<Map<String, Value>> = vec![Map::new()];
        for value in values() {
            calls.push(own.iter().map(|key| ((*key).clone(), value.clone())).collect());
            let required = required.iter().filter_map(Value::as_str);
            calls.extend(required.map(|key| Map::from_iter([(key.to_owned(), value.clone())])));
        }
        calls.push(Map::from_iter([("no_such_argument".to_owned(), json!(1))]));
        for mut arguments in calls {
            if !read_only {
                arguments.insert("dry_run".to_owned(), true.into());
            }
            let arguments = Value::Object(arguments);
            let result = mcp.call(name, arguments.clone()).await;
            judge(name, &arguments, &result);
        }
        assert!(mcp.worker.process.try_wait().unwrap().is_none(), "{name} ended the worker");
    }
    for request in mcp.garmin.simulator.control().requests() {
        let question = request.path.contains("/graphql-gateway/");
        assert!(request.method == "GET" || question, "{} {}", request.method, request.path);
    }
    assert!(mcp.ledger.lock().unwrap().rows.is_empty());
}

#[tokio::test]
async fn the_shared_arguments_of_writes_are_refused_by_name() {
    let mcp = Mcp::writing().await;
    for tool in mcp.tools().await {
        if !tool["inputSchema"]["properties"]["dry_run"].is_object() {
            continue;
        }
        let name = tool["name"].as_str().unwrap();
        for (argument, value) in [
            ("dry_run", json!("perhaps")),
            ("dry_run", json!([])),
            ("idempotency_key", json!("a b")),
            ("idempotency_key", json!("x".repeat(200))),
            ("idempotency_key", json!({})),
            ("confirm", json!(7)),
            ("confirm", json!([true])),
        ] {
            let (error, text) = mcp.fail(name, json!({ argument: value })).await;
            assert_eq!(error["field"], argument, "{name}: {text}");
        }
    }
    assert!(mcp.ledger.lock().unwrap().rows.is_empty());
}

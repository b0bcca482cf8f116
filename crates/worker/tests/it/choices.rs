//! What a device is shown, and how it chooses.

use domain::contract::ToolPolicy;
use domain::entropy::OsEntropy;
use domain::id::DeviceId;
use domain::scope::Scopes;
use serde_json::{Value, json};

use crate::mcp::{Caller, LEGACY, MODERN, Mcp, message};

async fn asked(mcp: &Mcp, caller: &Caller, method: &str, params: Value) -> Value {
    let answer = mcp.post_as(caller, LEGACY, &message(LEGACY, method, params)).await;
    serde_json::from_slice::<Value>(answer.body()).unwrap()["result"].take()
}

async fn call(mcp: &Mcp, caller: &Caller, tool: &str, arguments: Value) -> Value {
    asked(mcp, caller, "tools/call", json!({ "name": tool, "arguments": arguments })).await
}

fn names(list: &Value) -> Vec<String> {
    let tools = list["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_device_chooses_what_it_is_shown_and_can_still_call_the_rest() {
    let mcp = Mcp::start_with(ToolPolicy::default()).await;
    let device = DeviceId::generate(&OsEntropy);
    let mut caller = Caller { device: Some(device.clone()), ..Caller::default() };
    let usual = asked(&mcp, &caller, "tools/list", json!({})).await;
    assert!(!names(&usual).iter().any(|name| name == "get_full_name"), "{usual}");
    let hidden = call(&mcp, &caller, "get_full_name", json!({})).await;
    assert!(hidden["structuredContent"]["full_name"].is_string(), "{hidden}");

    let before = call(&mcp, &caller, "list_toolsets", json!({})).await["structuredContent"].take();
    assert_eq!(before["profile"], "everyday");
    let toolset = |answer: &Value, name: &str| {
        let all = answer["toolsets"].as_array().unwrap();
        all.iter().find(|toolset| toolset["name"] == name).unwrap().clone()
    };
    assert_eq!(toolset(&before, "golf")["listed"], 0);

    let chosen = json!({ "profile": "core", "enable": ["golf"], "disable": ["gear"] });
    let answer = call(&mcp, &caller, "set_active_toolsets", chosen).await;
    let answer = &answer["structuredContent"];
    assert_eq!((&answer["profile"], &answer["changed"]), (&json!("core"), &json!(true)));
    let (who, choice) = mcp.chosen.lock().unwrap().pop().unwrap();
    assert_eq!((who, choice.to_string()), (device, "core,-gear,+golf".to_owned()));

    // The gateway sends it along from the next request on.
    caller.tools = Some(choice.to_string());
    let list = asked(&mcp, &caller, "tools/list", json!({})).await;
    let shown = names(&list);
    assert!(shown.iter().any(|name| name == "get_golf_clubs"), "{shown:?}");
    assert!(!shown.iter().any(|name| name == "get_gear"), "{shown:?}");
    assert_eq!(shown.len(), usize::try_from(answer["tools_listed"].as_u64().unwrap()).unwrap());
    assert!(list["ttlMs"].as_u64() < usual["ttlMs"].as_u64(), "{}", list["ttlMs"]);
    let after = call(&mcp, &caller, "list_toolsets", json!({})).await["structuredContent"].take();
    assert_eq!(toolset(&after, "golf")["active"], "all");
    // A plain question and one that is not get the same list.
    let plain = message(MODERN, "tools/list", json!({}));
    let fast = mcp.post_as(&caller, MODERN, &plain).await;
    let fast: Value = serde_json::from_slice(fast.body()).unwrap();
    assert_eq!(names(&fast["result"]), shown);
    let mut odd = plain;
    odd["id"] = json!(7);
    odd["params"]["more"] = json!({ "padding": "x".repeat(5000) });
    let slow = mcp.post_as(&caller, MODERN, &odd).await;
    let slow: Value = serde_json::from_slice(slow.body()).unwrap();
    assert_eq!(names(&slow["result"]), shown);

    let same = json!({ "enable": ["golf"] });
    let answer = call(&mcp, &caller, "set_active_toolsets", same).await;
    assert_eq!(answer["structuredContent"]["changed"], false, "{answer}");
    assert!(mcp.chosen.lock().unwrap().is_empty());
    let back = call(&mcp, &caller, "set_active_toolsets", json!({ "profile": "default" })).await;
    assert_eq!(back["structuredContent"]["profile"], "everyday");
    assert!(mcp.chosen.lock().unwrap().pop().unwrap().1.is_default());
}

#[tokio::test]
async fn a_choice_never_goes_beyond_what_the_operator_and_the_scopes_allow() {
    let policy = ToolPolicy { disabled: vec!["@gear".into()], ..ToolPolicy::default() };
    let mcp = Mcp::start_with(policy).await;
    let device = Some(DeviceId::generate(&OsEntropy));
    let mut caller = Caller { device, tools: Some("full,+gear".into()), ..Caller::default() };
    let read_only = names(&asked(&mcp, &caller, "tools/list", json!({})).await);
    assert!(!read_only.iter().any(|name| name == "get_gear"));
    let refused = call(&mcp, &caller, "get_gear", json!({})).await;
    assert_eq!(refused["_meta"]["garmin-gateway/error"]["code"], "tool_disabled", "{refused}");
    let answer = call(&mcp, &caller, "set_active_toolsets", json!({ "enable": ["gear"] })).await;
    let warning = answer["structuredContent"]["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("gear:"), "{answer}");
    caller.scopes = Scopes::ReadWrite;
    let all = names(&asked(&mcp, &caller, "tools/list", json!({})).await);
    assert!(read_only.len() <= all.len());
    assert!(read_only.iter().all(|name| all.contains(name)));
    // A choice of a later version, or of nobody, is the default.
    caller.tools = Some("nonsense".into());
    let usual = names(&asked(&mcp, &caller, "tools/list", json!({})).await);
    caller.tools = None;
    assert_eq!(names(&asked(&mcp, &caller, "tools/list", json!({})).await), usual);
}

#[tokio::test]
async fn a_choice_that_cannot_be_made_names_the_argument() {
    let mcp = Mcp::start().await;
    for (arguments, field) in [
        (json!({ "profile": "everything" }), "profile"),
        (json!({ "enable": ["sleep"] }), "enable"),
        (json!({ "disable": ["sleep"] }), "disable"),
        (json!({ "enable": "sleep" }), "enable"),
        (json!({ "enable": [7] }), "enable"),
    ] {
        let (error, text) = mcp.fail("set_active_toolsets", arguments.clone()).await;
        assert_eq!(error["field"], field, "{arguments}: {text}");
    }
    // A call that came from no device has nothing to choose for.
    let (error, _) = mcp.fail("set_active_toolsets", json!({ "profile": "core" })).await;
    assert_eq!(error["code"], "upstream_error");
}

#[tokio::test]
async fn the_server_tells_about_itself() {
    let mcp = Mcp::start_with(ToolPolicy { read_only: true, ..ToolPolicy::default() }).await;
    let info = mcp.ask("server_info", json!({})).await;
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&info["transport"], &info["read_only"]), (&json!("streamable_http"), &json!(true)));
    let count = |key: &str| info["tools"][key].as_u64().unwrap();
    assert!(count("listed") < count("callable") && count("callable") <= count("total"), "{info}");
    assert_eq!(info["scopes"], json!(["garmin:read"]));
}

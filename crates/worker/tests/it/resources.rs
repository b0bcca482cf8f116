//! Resources, prompts and completion.

use domain::contract::ToolPolicy;
use serde_json::{Value, json};

use crate::mcp::{LEGACY, MODERN, Mcp, message};

async fn result(mcp: &Mcp, era: &str, method: &str, params: Value) -> Value {
    let mut body = mcp.request(era, method, params).await;
    assert!(body.get("error").is_none(), "{method}: {body}");
    body["result"].take()
}

async fn read(mcp: &Mcp, uri: &str) -> Value {
    let found = result(mcp, LEGACY, "resources/read", json!({ "uri": uri })).await;
    assert_eq!(found["contents"][0]["uri"], uri);
    found["contents"][0].clone()
}

async fn error(mcp: &Mcp, method: &str, params: Value) -> Value {
    let answer = mcp.post(LEGACY, &message(LEGACY, method, params)).await;
    let mut body: Value = serde_json::from_slice(answer.body()).unwrap();
    body["error"].take()
}

#[tokio::test]
async fn every_resource_that_is_listed_can_be_read_in_both_eras() {
    let mcp = Mcp::start().await;
    for era in [LEGACY, MODERN] {
        let list = result(&mcp, era, "resources/list", json!({})).await;
        let listed = list["resources"].as_array().unwrap();
        assert!(listed.iter().any(|it| it["uri"] == "garmin://health/today"), "{list}");
        for resource in listed {
            let uri = resource["uri"].as_str().unwrap();
            let found = result(&mcp, era, "resources/read", json!({ "uri": uri })).await;
            let content = &found["contents"][0];
            assert_eq!(content["mimeType"], resource["mimeType"], "{uri}");
            let text = content["text"].as_str().unwrap();
            assert!(!text.is_empty(), "{uri}");
            if content["mimeType"] == "application/json" {
                serde_json::from_str::<Value>(text).unwrap();
            }
            if let Some(size) = resource["size"].as_u64() {
                assert_eq!(text.len() as u64, size, "{uri}");
            }
        }
        let modern = era == MODERN;
        assert_eq!(list.get("resultType").is_some(), modern, "{list}");
        assert_eq!(list["_meta"].is_object(), modern);
    }
    let templates = result(&mcp, LEGACY, "resources/templates/list", json!({})).await;
    let templates = templates["resourceTemplates"].as_array().unwrap();
    assert!(templates.iter().any(|it| it["uriTemplate"] == "garmin://activity/{id}"));
}

#[tokio::test]
async fn a_resource_says_what_its_tool_says() {
    let mcp = Mcp::start().await;
    let today = mcp.ask("get_stats", json!({})).await;
    let text = read(&mcp, "garmin://health/today").await["text"].take();
    assert_eq!(serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap(), today);
    let list = mcp.ask("get_activities", json!({ "limit": 1 })).await;
    let id = list["activities"][0]["id"].clone();
    let activity = mcp.ask("get_activity", json!({ "activity_id": id })).await;
    let text = read(&mcp, &format!("garmin://activity/{id}")).await["text"].take();
    assert_eq!(serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap(), activity);
}

#[tokio::test]
async fn garmins_own_answer_is_to_be_had_in_full() {
    let mcp = Mcp::start().await;
    let raw = mcp.ask("get_stats", json!({ "date": "yesterday", "detail": "raw" })).await;
    let content = read(&mcp, "garmin://raw/get_stats?date=yesterday").await;
    let whole: Value = serde_json::from_str(content["text"].as_str().unwrap()).unwrap();
    assert_eq!(whole["raw"], raw["raw"]);
    for uri in
        ["garmin://raw/get_nothing", "garmin://raw/server_info", "garmin://raw/set_active_toolsets"]
    {
        let error = error(&mcp, "resources/read", json!({ "uri": uri })).await;
        assert_eq!(error["code"], -32602, "{uri}: {error}");
    }
    let error =
        error(&mcp, "resources/read", json!({ "uri": "garmin://raw/get_stats?date=never" })).await;
    assert!(error["message"].as_str().unwrap().contains("`date`"), "{error}");
}

#[tokio::test]
async fn what_the_operator_switched_off_is_no_resource_either() {
    let policy = ToolPolicy { disabled: vec!["get_stats".into()], ..ToolPolicy::default() };
    let mcp = Mcp::start_with(policy).await;
    let list = result(&mcp, LEGACY, "resources/list", json!({})).await;
    assert!(!list.to_string().contains("garmin://health/today"), "{list}");
    for uri in ["garmin://health/today", "test://none", "garmin://activity/", "garmin://", ""] {
        let error = error(&mcp, "resources/read", json!({ "uri": uri })).await;
        assert_eq!(error["data"]["uri"], uri, "{error}");
    }
    let barred = error(&mcp, "resources/read", json!({ "uri": "garmin://raw/get_stats" })).await;
    assert_eq!(barred["data"]["code"], "tool_disabled", "{barred}");
}

#[tokio::test]
async fn prompts_are_offered_with_their_tools_and_filled_in() {
    let mcp = Mcp::start().await;
    let tools: Vec<String> =
        mcp.tools().await.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    for era in [LEGACY, MODERN] {
        let list = result(&mcp, era, "prompts/list", json!({})).await;
        for prompt in list["prompts"].as_array().unwrap() {
            let name = prompt["name"].as_str().unwrap();
            let arguments = prompt["arguments"].as_array().into_iter().flatten();
            let given: serde_json::Map<_, _> = arguments
                .map(|it| (it["name"].as_str().unwrap().to_owned(), json!("something")))
                .collect();
            let got =
                result(&mcp, era, "prompts/get", json!({ "name": name, "arguments": given })).await;
            let text = got["messages"][0]["content"]["text"].as_str().unwrap();
            assert!(!text.contains('{'), "{text}");
            let named = text.split('`').skip(1).step_by(2);
            for tool in named.filter(|word| word.contains('_') && !word.contains([':', ' '])) {
                // Those that change something are not in the listing of a reader.
                assert!(tools.iter().any(|known| known == tool), "{name}: {tool}");
            }
        }
    }
    let unknown = error(&mcp, "prompts/get", json!({ "name": "none" })).await;
    assert_eq!(unknown["code"], -32602, "{unknown}");
}

#[tokio::test]
async fn the_beginning_of_an_argument_is_completed() {
    let mcp = Mcp::start().await;
    let complete = async |reference: Value, name: &str, value: &str| {
        let argument = json!({ "name": name, "value": value });
        let params = json!({ "ref": reference, "argument": argument });
        let got = result(&mcp, LEGACY, "completion/complete", params).await;
        let values = got["completion"]["values"].as_array().unwrap().clone();
        values.iter().map(|value| value.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let template = |uri: &str| json!({ "type": "ref/resource", "uri": uri });
    let list = mcp.ask("get_activities", json!({})).await;
    let id = list["activities"][0]["id"].to_string();
    let ids = complete(template("garmin://activity/{id}"), "id", "").await;
    assert_eq!(ids[0], id);
    let ids = complete(template("garmin://activity/{id}"), "id", &id[..4]).await;
    assert!(ids.contains(&id) && ids.iter().all(|it| it.starts_with(&id[..4])), "{ids:?}");
    let raw = "garmin://raw/{tool}{?arguments*}";
    assert_eq!(complete(template(raw), "tool", "get_activity_det").await, ["get_activity_details"]);
    for (reference, name) in [
        (template("garmin://none"), "id"),
        (json!({ "type": "ref/prompt", "name": "none" }), "date"),
    ] {
        let argument = json!({ "name": name, "value": "" });
        let params = json!({ "ref": reference, "argument": argument });
        let error = error(&mcp, "completion/complete", params).await;
        assert_eq!(error["code"], -32602, "{error}");
    }
}

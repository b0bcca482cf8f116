//! Whole kinds of data as files: what the links say, and what is behind them.

use domain::contract::ToolPolicy;
use domain::tools::{Profile, ToolChoice};
use serde_json::{Value, json};
use simulator::{Effect, Fault, Host, Matcher};

use crate::mcp::{LEGACY, Mcp};

async fn read(mcp: &Mcp, uri: &str) -> Value {
    mcp.request(LEGACY, "resources/read", json!({ "uri": uri })).await
}

async fn text(mcp: &Mcp, uri: &Value) -> String {
    let found = read(mcp, uri.as_str().unwrap()).await;
    found["result"]["contents"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_kind_is_a_file_with_the_size_and_rows_that_were_promised() {
    let mcp = Mcp::start().await;
    let kinds = ["activities", "daily_stats", "sleep", "hrv", "weight", "training", "nutrition"];
    for format in ["csv", "jsonl"] {
        // Days that are over: today's figures may grow between two looks.
        let export = json!({ "kinds": kinds, "start_date": "-60d", "end_date": "-3d",
                             "format": format });
        let export = mcp.ask("export_data", export).await;
        let files = export["files"].as_array().unwrap();
        assert_eq!(files.len() + export["no_data"].as_array().map_or(0, Vec::len), kinds.len());
        assert!(files.len() >= 6, "{export}");
        for file in files {
            let text = text(&mcp, &file["resource_uri"]).await;
            assert_eq!(json!(text.len()), file["size_bytes"], "{file}");
            let head = usize::from(format == "csv");
            assert_eq!(json!(text.lines().count() - head), file["rows"], "{file}");
            let columns: Vec<&str> =
                file["columns"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            match format {
                "csv" => assert_eq!(text.lines().next().unwrap(), columns.join(",")),
                _ => {
                    let row: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
                    let known = |key: &String| columns.contains(&key.as_str());
                    assert!(row.as_object().unwrap().keys().all(known), "{row}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_export_shows_what_the_tools_show() {
    let mcp = Mcp::start().await;
    let days = json!({ "start_date": "-20d", "end_date": "-3d" });
    let mut export = days.clone();
    export["kinds"] = json!("hrv,activities");
    export["format"] = json!("jsonl");
    let export = mcp.ask("export_data", export).await;
    let file = |kind: &str| {
        let files = export["files"].as_array().unwrap();
        files.iter().find(|file| file["kind"] == kind).unwrap()["resource_uri"].clone()
    };
    let mut trend = days.clone();
    trend["metrics"] = json!(["hrv"]);
    let trend = mcp.ask("get_health_trend", trend).await;
    let rows: Vec<Value> = text(&mcp, &file("hrv"))
        .await
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|row: Value| json!([row["date"], row["hrv_ms"]]))
        .collect();
    assert_eq!(json!(rows), trend["rows"]);
    let mut list = days;
    list["page_size"] = json!(200);
    let list = mcp.ask("get_activities_by_date", list).await;
    let newest = text(&mcp, &file("activities")).await;
    let newest: Value = serde_json::from_str(newest.lines().last().unwrap()).unwrap();
    assert_eq!(newest["id"], list["activities"][0]["id"]);
    assert_eq!(newest["name"], list["activities"][0]["name"]);
}

#[tokio::test]
async fn long_exports_come_in_several_files_and_longer_ones_are_refused() {
    let mcp = Mcp::start().await;
    let export = json!({ "kinds": ["hrv", "weight"], "start_date": "-500d" });
    let export = mcp.ask("export_data", export).await;
    let files = export["files"].as_array().unwrap();
    let hrv: Vec<&Value> = files.iter().filter(|file| file["kind"] == "hrv").collect();
    assert!(!hrv.is_empty(), "{export}");
    assert!(hrv.iter().all(|file| file["rows"].as_u64().unwrap() <= 366), "{export}");
    for (arguments, field) in [
        (json!({}), "kinds"),
        (json!({ "kinds": [] }), "kinds"),
        (json!({ "kinds": ["mood"] }), "kinds"),
        (json!({ "kinds": ["hrv"], "format": "parquet" }), "format"),
        (json!({ "kinds": ["hrv"], "start_date": "2001-01-01" }), "start_date"),
    ] {
        let (error, text) = mcp.fail("export_data", arguments).await;
        assert_eq!(error["field"], field, "{text}");
    }
    for uri in ["export://x.csv", "export://hrv.2026-01-01.2029-01-01.csv", "export://.csv"] {
        assert!(read(&mcp, uri).await["error"].is_object(), "{uri}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_in_full_has_no_column() {
    let mcp = Mcp::start().await;
    let when = Matcher::host(Host::Api).path("/usersummary-service/stats/stress");
    let effect = Effect::Status { status: 403, retry_after_secs: None };
    mcp.garmin.simulator.control().add_fault(Fault::always(when, effect));
    let export = json!({ "kinds": ["daily_stats"], "start_date": "-40d" });
    let export = mcp.ask("export_data", export).await;
    let columns = export["files"][0]["columns"].as_array().unwrap();
    assert!(!columns.contains(&json!("stress")) && columns.contains(&json!("steps")), "{export}");
    let warnings = export["warnings"].to_string();
    assert!(warnings.contains("stress: ") && warnings.contains("left out"), "{warnings}");
}

#[tokio::test]
async fn what_the_operator_keeps_away_is_not_exported_either() {
    let policy = ToolPolicy {
        disabled: vec!["@health".into()],
        profile: Some(ToolChoice::of(Profile::Full)),
        ..ToolPolicy::default()
    };
    let mcp = Mcp::start_with(policy).await;
    let (error, _) = mcp.fail("export_data", json!({ "kinds": ["sleep"] })).await;
    assert_eq!(error["code"], "tool_disabled");
    let refused = read(&mcp, "export://sleep.2026-01-01.2026-01-05.csv").await;
    assert_eq!(refused["error"]["data"]["code"], "tool_disabled", "{refused}");
    mcp.ask("export_data", json!({ "kinds": ["hrv", "activities"] })).await;
}

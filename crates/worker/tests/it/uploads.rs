//! Activities out of files: what a preview tells, what became of an upload, and what was there
//! before.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::contract::WriteOutcome;
use serde_json::{Value, json};
use simulator::{Effect, Fault, Matcher};

use crate::mcp::{LEGACY, Mcp};

const GPX: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1"><trk><name>Loop</name><type>running</type><trkseg>
<trkpt lat="45.0" lon="4.0"><time>2024-02-03T09:00:00Z</time></trkpt>
<trkpt lat="45.1" lon="4.0"><time>2024-02-03T09:30:00Z</time></trkpt>
</trkseg></trk></gpx>"#;

async fn latest(mcp: &Mcp) -> i64 {
    let list = mcp.ask("get_activities", json!({ "limit": 1 })).await;
    list["activities"][0]["id"].as_i64().unwrap()
}

/// The original file of an activity, as a client reads it.
async fn original(mcp: &Mcp, id: i64) -> String {
    let uri = format!("garmin://activity/{id}.fit");
    let read = mcp.request(LEGACY, "resources/read", json!({ "uri": uri })).await;
    read["result"]["contents"][0]["blob"].as_str().unwrap().to_owned()
}

fn posts(mcp: &Mcp) -> usize {
    let requests = mcp.garmin.simulator.control().requests();
    requests.iter().filter(|it| it.method == "POST" && it.path.contains("/upload")).count()
}

#[tokio::test]
async fn a_deleted_activity_comes_back_from_its_file_and_can_be_taken_back() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    let before = mcp.ask("get_activity", json!({ "activity_id": id })).await;
    let warned = mcp.ask("delete_activity", json!({ "activity_id": id })).await;
    assert_eq!(warned["original_file_uri"], format!("garmin://activity/{id}.fit"));
    assert!(warned["warnings"][0].as_str().unwrap().contains("for ever"), "{warned}");
    let file = original(&mcp, id).await;
    let again = json!({ "content_base64": file, "file_name": "run.fit", "confirm": true });
    let duplicate = mcp.ask("upload_activity", again.clone()).await;
    assert_eq!(
        (&duplicate["duplicate_of"], &duplicate["import_status"], &duplicate["undo"]),
        (&json!(id), &json!("duplicate"), &json!(false)),
        "{duplicate}"
    );
    mcp.ask("delete_activity", json!({ "activity_id": id, "confirm": true })).await;

    let preview = json!({ "content_base64": file, "file_name": "a/b/run.fit", "dry_run": true });
    let sent = posts(&mcp);
    let preview = mcp.ask("upload_activity", preview).await;
    assert_eq!(preview["status"], "preview");
    assert_eq!((&preview["format"], &preview["file_name"]), (&json!("fit"), &json!("run.fit")));
    assert!(preview["start_time"].as_str().unwrap().starts_with("20"), "{preview}");
    assert!(preview["duration_seconds"].as_i64().unwrap() > 60, "{preview}");
    assert_eq!(preview["sha256"].as_str().unwrap().len(), 64);
    let asked = json!({ "content_base64": file, "file_name": "run.fit", "activity_name": "Back" });
    let asked_for = mcp.ask("upload_activity", asked.clone()).await;
    assert_eq!(asked_for["status"], "requires_confirmation", "{asked_for}");
    assert_eq!(posts(&mcp), sent);

    let mut confirmed = asked;
    confirmed["confirm"] = asked_for["confirm_token"].clone();
    let done = mcp.ask("upload_activity", confirmed).await;
    assert_eq!(
        (&done["status"], &done["import_status"], &done["verified"], &done["undo"]),
        (&json!("done"), &json!("done"), &json!(true), &json!(true)),
        "{done}"
    );
    let new = done["activity_id"].as_i64().unwrap();
    assert_ne!(new, id);
    let found = mcp.ask("get_activity", json!({ "activity_id": new })).await;
    assert_eq!(
        (&found["name"], &found["start_time_gmt"]),
        (&json!("Back"), &before["start_time_gmt"])
    );
    assert_eq!(original(&mcp, new).await, file);
    let operation = json!({ "operation_id": done["operation_id"], "confirm": true });
    let undone = mcp.ask("undo_write_operation", operation).await;
    assert_eq!(
        (&undone["status"], &undone["verified"]),
        (&json!("done"), &json!(true)),
        "{undone}"
    );
    mcp.fail("get_activity", json!({ "activity_id": new })).await;
}

#[tokio::test]
async fn what_is_there_already_keeps_its_name() {
    let mcp = Mcp::writing().await;
    let file = STANDARD.encode(GPX);
    let first =
        json!({ "content_base64": file, "confirm": true, "activity_type": "trail_running" });
    let first = mcp.ask("upload_activity", first).await;
    assert_eq!((&first["status"], &first["format"]), (&json!("done"), &json!("gpx")), "{first}");
    let id = &first["activity_id"];
    let shown = mcp.ask("get_activity", json!({ "activity_id": id })).await;
    assert_eq!(shown["type"], "trail_running");
    let second = json!({ "content_base64": file, "confirm": true, "activity_name": "Other" });
    let second = mcp.ask("upload_activity", second).await;
    assert_eq!((&second["status"], &second["duplicate_of"]), (&json!("partial"), id), "{second}");
    assert_eq!(second["steps"][1]["status"], "not_sent");
    let still = mcp.ask("get_activity", json!({ "activity_id": id })).await;
    assert_eq!(still["name"], shown["name"]);
}

#[tokio::test]
async fn an_upload_without_an_answer_is_looked_for_before_it_is_sent_again() {
    let mcp = Mcp::writing().await;
    let file = STANDARD.encode(GPX);
    let when = Matcher::default().method("POST").path("/upload-service/");
    mcp.garmin.simulator.control().add_fault(Fault::once(when, Effect::DropAnswer));
    let call = json!({ "content_base64": file, "confirm": true });
    let unknown = mcp.ask("upload_activity", call.clone()).await;
    assert_eq!((&unknown["status"], &unknown["undo"]), (&json!("unknown"), &json!(false)));
    // The same file under another name is the same upload.
    let renamed = json!({ "content_base64": file, "file_name": "x.gpx", "confirm": true });
    let (data, _) = mcp.fail("upload_activity", renamed.clone()).await;
    assert_eq!(
        (&data["code"], &data["operation_id"]),
        (&json!("conflict"), &unknown["operation_id"])
    );
    assert_eq!(posts(&mcp), 1);
    let operation = json!({ "operation_id": unknown["operation_id"] });
    let seen = mcp.ask("reconcile_write_operation", operation).await;
    assert_eq!((&seen["status"], &seen["matches"]), (&json!("reviewed"), &json!(true)), "{seen}");
    let again = mcp.ask("upload_activity", renamed).await;
    assert_eq!(again["import_status"], "duplicate", "{again}");
    let outcomes = mcp.ledger.lock().unwrap().outcomes();
    assert_eq!(outcomes, [WriteOutcome::Reviewed, WriteOutcome::Done]);
}

#[tokio::test]
async fn what_is_no_activity_is_refused_before_anything_is_sent() {
    let mcp = Mcp::writing().await;
    let route = "<gpx><trk><trkseg><trkpt lat='1' lon='1'/></trkseg></trk></gpx>";
    for (arguments, field, part) in [
        (json!({}), "content_base64", "required"),
        (json!({ "content_base64": "" }), "content_base64", "neither FIT"),
        (json!({ "content_base64": "%%%" }), "content_base64", "not base64"),
        (json!({ "content_base64": STANDARD.encode("<html/>") }), "content_base64", "neither FIT"),
        (json!({ "content_base64": STANDARD.encode(route) }), "content_base64", "recorded"),
        (json!({ "content_base64": "A".repeat(4_100_000) }), "content_base64", "larger than"),
        (json!({ "file_path": "/etc/passwd" }), "file_path", "no files"),
        (json!({ "file_path": "/x", "content_base64": "QQ" }), "file_path", "not together"),
        (
            json!({ "content_base64": STANDARD.encode(GPX), "activity_type": "flying_carpet" }),
            "activity_type",
            "get_activity_types",
        ),
        (
            json!({ "content_base64": STANDARD.encode(GPX), "activity_name": " " }),
            "activity_name",
            "empty",
        ),
    ] {
        let (data, text) = mcp.fail("upload_activity", arguments).await;
        assert_eq!(data["field"], field, "{text}");
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(posts(&mcp), 0);
}

#[tokio::test]
async fn a_refusal_is_told_in_garmins_words_and_nothing_is_left_behind() {
    let mcp = Mcp::writing().await;
    let when = Matcher::default().method("POST").path("/upload-service/");
    let effect = Effect::Status { status: 412, retry_after_secs: None };
    mcp.garmin.simulator.control().add_fault(Fault::once(when, effect));
    let call = json!({ "content_base64": STANDARD.encode(GPX), "confirm": true });
    let (data, text) = mcp.fail("upload_activity", call.clone()).await;
    assert_eq!(data["http_status"], 412, "{text}");
    assert!(text.contains("device upload"), "{text}");
    assert_eq!(mcp.ask("upload_activity", call).await["import_status"], "done");
}

#[tokio::test]
async fn entered_weights_and_notes_can_be_taken_back() {
    let mcp = Mcp::writing().await;
    for (tool, arguments) in [
        ("add_weigh_in", json!({ "weight": 61.3, "date": "yesterday", "time": "07:31" })),
        ("add_body_composition", json!({ "weight": 61.4, "percent_fat": 20.5 })),
        ("add_calendar_note", json!({ "date": "today", "title": "Rest", "text": "" })),
    ] {
        let done: Value = mcp.ask(tool, arguments).await;
        assert_eq!(
            (&done["status"], &done["verified"], &done["undo"]),
            (&json!("done"), &json!(true), &json!(true)),
            "{tool}: {done}"
        );
        let operation = json!({ "operation_id": done["operation_id"], "confirm": true });
        let undone = mcp.ask("undo_write_operation", operation).await;
        assert_eq!(
            (&undone["status"], &undone["verified"]),
            (&json!("done"), &json!(true)),
            "{tool}: {undone}"
        );
    }
}

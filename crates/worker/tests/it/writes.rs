//! Writes through their door, from the client's message to Garmin's state and the journal.

use domain::contract::WriteOutcome;
use serde_json::{Value, json};
use simulator::{Effect, Fault, Matcher};

use crate::mcp::Mcp;

const ONE: &str = "/activity-service/activity/";

async fn latest(mcp: &Mcp) -> i64 {
    let list = mcp.ask("get_activities", json!({ "limit": 1 })).await;
    list["activities"][0]["id"].as_i64().unwrap()
}

/// Requests that may have changed something, as `method path`.
fn sent(mcp: &Mcp) -> Vec<String> {
    let requests = mcp.garmin.simulator.control().requests();
    let changing = requests.into_iter().filter(|request| request.method != "GET");
    changing.map(|request| format!("{} {}", request.method, request.path)).collect()
}

fn lose_the_answer(mcp: &Mcp, method: &str) {
    let when = Matcher::default().method(method).path(ONE);
    mcp.garmin.simulator.control().add_fault(Fault::once(when, Effect::DropAnswer));
}

async fn name_of(mcp: &Mcp, id: i64) -> Value {
    mcp.ask("get_activity", json!({ "activity_id": id })).await["name"].take()
}

#[tokio::test]
async fn a_write_is_recorded_sent_once_read_back_and_can_be_taken_back() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    let before = name_of(&mcp, id).await;
    let arguments = json!({ "activity_id": id.to_string(), "activity_name": " Rain  and wind " });
    let done = mcp.ask("set_activity_name", arguments).await;
    assert_eq!(done["status"], "done", "{done}");
    assert_eq!(
        (&done["success"], &done["verified"], &done["undo"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(done["previous"]["activity_name"], before);
    assert_eq!(done["current"]["activity_name"], "Rain  and wind");
    assert_eq!(
        (&done["activity_id"], &done["activity_name"]),
        (&json!(id), &json!("Rain  and wind"))
    );
    assert!(done["target"].as_str().unwrap().contains(before.as_str().unwrap()));
    assert_eq!(name_of(&mcp, id).await, "Rain  and wind");
    assert_eq!(sent(&mcp), [format!("PUT {ONE}{id}")]);
    let ledger = mcp.ledger.lock().unwrap();
    assert_eq!(ledger.outcomes(), [WriteOutcome::Done]);
    assert_eq!(done["operation_id"], ledger.rows[0].1.journal.as_str());
}

#[tokio::test]
async fn a_preview_says_what_would_be_sent_and_sends_nothing() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    let arguments = json!({ "activity_id": id, "event_type": "RACE", "dry_run": true });
    let preview = mcp.ask("set_activity_event_type", arguments).await;
    assert_eq!(preview["status"], "preview");
    let body = &preview["will_send"][0]["body"];
    assert_eq!(body["eventTypeDTO"], json!({ "typeId": 1, "typeKey": "race" }));
    assert!(preview["previous"]["event_type"].is_string());
    assert!(preview.get("success").is_none() && preview.get("confirm_token").is_none());
    assert!(sent(&mcp).is_empty() && mcp.ledger.lock().unwrap().rows.is_empty());
}

#[tokio::test]
async fn what_destroys_waits_for_a_yes_to_exactly_this() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    let list = mcp.ask("get_activities", json!({ "limit": 2 })).await;
    let other = list["activities"][1]["id"].as_i64().unwrap();
    let asked = mcp.ask("delete_activity", json!({ "activity_id": id })).await;
    assert_eq!(asked["status"], "requires_confirmation");
    assert!(asked["previous"]["activity_name"].is_string());
    let token = asked["confirm_token"].clone();
    let forged = [json!("yes please"), json!("0-0"), json!(7), json!(false)];
    for (id, confirm) in
        forged.into_iter().map(|forged| (id, forged)).chain([(other, token.clone())])
    {
        let result =
            mcp.call("delete_activity", json!({ "activity_id": id, "confirm": confirm })).await;
        let waits = result["structuredContent"]["status"] == "requires_confirmation";
        assert!(result["isError"] == true || waits, "{confirm}: {result}");
    }
    assert!(sent(&mcp).is_empty() && mcp.ledger.lock().unwrap().rows.is_empty());
    let gone = mcp.ask("delete_activity", json!({ "confirm": token, "activity_id": id })).await;
    assert_eq!(
        (&gone["status"], &gone["verified"], &gone["undo"]),
        (&json!("done"), &json!(true), &json!(false))
    );
    mcp.fail("get_activity", json!({ "activity_id": id })).await;
    let also = json!({ "activity_id": other, "confirm": true });
    assert_eq!(mcp.ask("delete_activity", also).await["status"], "done");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_sent() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    mcp.ledger.lock().unwrap().closed = true;
    for key in [Value::Null, json!("k-1")] {
        let arguments = json!({ "activity_id": id, "activity_name": "x", "idempotency_key": key });
        let (_, text) = mcp.fail("set_activity_name", arguments).await;
        assert!(text.contains("not sent"), "{text}");
    }
    assert!(sent(&mcp).is_empty());
}

#[tokio::test]
async fn a_write_without_an_answer_is_unknown_and_not_repeated() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    lose_the_answer(&mcp, "PUT");
    let arguments = json!({ "activity_id": id, "feel": "strong" });
    let unknown = mcp.ask("set_activity_feel", arguments.clone()).await;
    assert_eq!(unknown["status"], "unknown", "{unknown}");
    // It did happen, and a look shows it; that is no proof all the same.
    assert_eq!(unknown["current"]["feel"].as_f64(), Some(75.0));
    assert_eq!((&unknown["verified"], &unknown["undo"]), (&json!(false), &json!(false)));
    let (data, text) = mcp.fail("set_activity_feel", arguments.clone()).await;
    assert_eq!(
        (&data["code"], &data["operation_id"]),
        (&json!("conflict"), &unknown["operation_id"])
    );
    assert!(text.contains("reconcile_write_operation"), "{text}");
    // Another value is another request.
    let other = json!({ "activity_id": id, "feel": 50 });
    assert_eq!(mcp.ask("set_activity_feel", other).await["status"], "done");
    assert_eq!(sent(&mcp).len(), 2);
    let outcomes = mcp.ledger.lock().unwrap().outcomes();
    assert_eq!(outcomes, [WriteOutcome::Unknown, WriteOutcome::Done]);
}

#[tokio::test]
async fn a_key_makes_a_repeated_call_find_the_first_one() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    let call = |name: &str, key: &str| json!({ "activity_id": id, "activity_name": name, "idempotency_key": key });
    let first = mcp.ask("set_activity_name", call("First", "k-1")).await;
    let again = mcp.ask("set_activity_name", call("First", "k-1")).await;
    assert_eq!(again["operation_id"], first["operation_id"]);
    assert_eq!((&again["status"], &again["current"]), (&first["status"], &first["current"]));
    let (data, _) = mcp.fail("set_activity_name", call("Second", "k-1")).await;
    assert_eq!(data["code"], "conflict");
    let (data, _) = mcp
        .fail(
            "set_activity_description",
            json!({
                "activity_id": id, "description": "First", "idempotency_key": "k-1"
            }),
        )
        .await;
    assert_eq!(data["code"], "conflict");
    assert_eq!(sent(&mcp).len(), 1);
    mcp.ask("set_activity_name", call("First", "k-2")).await;
    assert_eq!(sent(&mcp).len(), 2);
}

#[tokio::test]
async fn what_garmin_refuses_is_told_in_its_words_and_may_be_tried_again() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    for status in [400_u16, 403, 412, 429] {
        let when = Matcher::default().method("PUT").path(ONE);
        let effect = Effect::Status { status, retry_after_secs: Some(1) };
        mcp.garmin.simulator.control().add_fault(Fault::once(when, effect));
        let arguments = json!({ "activity_id": id, "rpe": 7.5 });
        let (data, text) = mcp.fail("set_perceived_effort", arguments).await;
        let expected = if status == 429 { "rate_limited" } else { "upstream_error" };
        assert_eq!(data["code"], expected, "{text}");
        assert_eq!(text.contains("device upload"), status == 412, "{text}");
        assert!(status == 429 || text.contains("Nothing was changed"), "{text}");
    }
    // A server's error may come from whatever stands before the one that did it.
    let outcomes = mcp.ledger.lock().unwrap().outcomes();
    assert_eq!(outcomes, [WriteOutcome::Failed; 4]);
}

#[tokio::test]
async fn an_expired_token_is_replaced_because_garmin_did_not_look_at_the_write() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    let fresh = crate::mcp::grant(&mcp.garmin.tokens(), 2);
    mcp.answers.lock().unwrap().push_back(domain::contract::CredentialsAnswer::Granted(fresh));
    let when = Matcher::default().method("PUT").path(ONE);
    let effect = Effect::Status { status: 401, retry_after_secs: None };
    mcp.garmin.simulator.control().add_fault(Fault::once(when, effect));
    let arguments = json!({ "activity_id": id, "description": "two\nlines" });
    let done = mcp.ask("set_activity_description", arguments).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)));
    assert_eq!(sent(&mcp).len(), 2);
}

#[tokio::test]
async fn wrong_arguments_are_named_and_nothing_is_sent() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    for (tool, arguments, field) in [
        ("set_activity_name", json!({ "activity_id": id, "activity_name": " " }), "activity_name"),
        (
            "set_activity_name",
            json!({ "activity_id": id, "activity_name": "x".repeat(256) }),
            "activity_name",
        ),
        ("set_activity_name", json!({ "activity_id": 7, "activity_name": "x" }), "activity_id"),
        (
            "set_activity_type",
            json!({ "activity_id": id, "type_key": "flying_carpet" }),
            "type_key",
        ),
        (
            "set_activity_event_type",
            json!({ "activity_id": id, "event_type": "war" }),
            "event_type",
        ),
        ("set_perceived_effort", json!({ "activity_id": id, "rpe": 11 }), "rpe"),
        ("set_activity_feel", json!({ "activity_id": id, "feel": 30 }), "feel"),
        ("set_activity_feel", json!({ "activity_id": id, "feel": 50, "dry_run": 3 }), "dry_run"),
        ("set_activity_feel", json!({ "activity_id": id, "feel": 50, "cursor": "x" }), "cursor"),
        ("delete_activity", json!({ "confirm": true }), "activity_id"),
    ] {
        let (data, text) = mcp.fail(tool, arguments).await;
        assert_eq!(data["field"], field, "{text}");
    }
    assert!(sent(&mcp).is_empty() && mcp.ledger.lock().unwrap().rows.is_empty());
}

#[tokio::test]
async fn a_look_shows_what_became_of_it_and_frees_the_request_without_calling_it_done() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    lose_the_answer(&mcp, "PUT");
    let arguments = json!({ "activity_id": id, "activity_name": "Lost" });
    let unknown = mcp.ask("set_activity_name", arguments.clone()).await;
    let operation = json!({ "operation_id": unknown["operation_id"] });
    let listed = mcp.ask("get_write_operations", json!({ "status": "unknown" })).await;
    assert_eq!(listed["operations"][0]["operation_id"], unknown["operation_id"]);
    assert_eq!(listed["operations"][0]["undo"], false);
    mcp.fail("undo_write_operation", operation.clone()).await;
    let seen = mcp.ask("reconcile_write_operation", operation).await;
    assert_eq!((&seen["status"], &seen["matches"]), (&json!("reviewed"), &json!(true)));
    assert_eq!(seen["current"]["activity_name"], "Lost");
    assert_eq!(mcp.ask("set_activity_name", arguments).await["status"], "done");
    let outcomes = mcp.ledger.lock().unwrap().outcomes();
    assert_eq!(outcomes, [WriteOutcome::Reviewed, WriteOutcome::Done]);
}

#[tokio::test]
async fn every_change_of_an_activity_can_be_taken_back_once() {
    let mcp = Mcp::writing().await;
    let id = latest(&mcp).await;
    let full = json!({ "activity_id": id });
    let before = mcp.ask("get_activity", full.clone()).await;
    for (tool, argument, value) in [
        ("set_activity_name", "activity_name", json!("Other")),
        ("set_activity_description", "description", json!("Words")),
        ("set_activity_type", "type_key", json!("trail_running")),
        ("set_activity_event_type", "event_type", json!("touring")),
        ("set_perceived_effort", "rpe", json!(9)),
        ("set_activity_feel", "feel", json!("very_weak")),
    ] {
        let done = mcp.ask(tool, json!({ "activity_id": id, argument: value })).await;
        assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
        assert_ne!(mcp.ask("get_activity", full.clone()).await, before, "{tool}");
        if done["undo"] == false {
            // It was never set, and Garmin has no way to say so again.
            assert_eq!(tool, "set_activity_feel");
            continue;
        }
        let operation = json!({ "operation_id": done["operation_id"], "confirm": true });
        let undone = mcp.ask("undo_write_operation", operation.clone()).await;
        assert_eq!(
            (&undone["status"], &undone["verified"]),
            (&json!("done"), &json!(true)),
            "{undone}"
        );
        let (data, _) = mcp.fail("undo_write_operation", operation).await;
        assert_eq!(data["code"], "conflict", "{tool}");
        let row =
            mcp.ask("get_write_operations", json!({ "operation_id": done["operation_id"] })).await;
        assert_eq!(row["operations"][0]["status"], "undone");
        let mut after = mcp.ask("get_activity", full.clone()).await;
        for cleared in ["description", "workout_rpe"] {
            if before.get(cleared).is_none() {
                after.as_object_mut().unwrap().remove(cleared);
            }
        }
        assert_eq!(after, before, "{tool}");
    }
    let page = mcp.ask("get_write_operations", json!({ "limit": 2 })).await;
    assert_eq!((page["count"].as_u64(), &page["has_more"]), (Some(2), &json!(true)));
    let next = json!({ "limit": 25, "before": page["next_before"] });
    let rest = mcp.ask("get_write_operations", next).await;
    assert!(rest["count"].as_u64().unwrap() >= 8, "{rest}");
}

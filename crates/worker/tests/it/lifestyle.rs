//! Habits: read, answered, tracked, made up, and every change taken back.

use serde_json::{Value, json};

use crate::mcp::Mcp;

async fn status(mcp: &Mcp, name: &str) -> Value {
    let log = mcp.ask("get_lifestyle_logging_data", json!({})).await;
    let rows = log["behaviours"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == name);
    row.unwrap_or_else(|| panic!("{name}: {log}")).clone()
}

#[tokio::test]
async fn a_habit_is_answered_corrected_and_cleared() {
    let mcp = Mcp::writing().await;
    assert_eq!(status(&mcp, "Alcohol").await["status"], "not_recorded");
    let beer = json!({ "behaviour": "alcohol", "amounts": { "beer": 2 } });
    let done = mcp.ask("log_lifestyle_behaviour", beer).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    assert_eq!(done["undo"], true);
    let more = json!({ "behaviour": 1, "amounts": { "WINE": 1, "BEER": 1 }, "mode": "add" });
    mcp.ask("log_lifestyle_behaviour", more).await;
    let row = status(&mcp, "Alcohol").await;
    assert_eq!(
        (&row["status"], &row["amounts"]),
        (&json!("YES"), &json!({"BEER": 3.0, "WINE": 1.0}))
    );
    let none = json!({ "behaviour": "Alcohol", "status": "NO" });
    let done = mcp.ask("log_lifestyle_behaviour", none).await;
    assert_eq!(done["previous"], json!({"log_status": "YES", "amounts": {"BEER": 3, "WINE": 1}}));
    assert_eq!(status(&mcp, "Alcohol").await["status"], "NO");
    let clear = json!({ "date": "today", "behaviour": "Alcohol", "confirm": true });
    let done = mcp.ask("clear_lifestyle_behaviour_log", clear.clone()).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    assert_eq!(status(&mcp, "Alcohol").await["status"], "not_recorded");
    let (error, _) = mcp.fail("clear_lifestyle_behaviour_log", clear).await;
    assert_eq!(error["field"], "behaviour");
}

#[tokio::test]
async fn only_what_is_tracked_is_logged_and_only_ones_own_is_deleted() {
    let mcp = Mcp::writing().await;
    let sauna = json!({ "behaviour": "Sauna" });
    let (error, text) = mcp.fail("log_lifestyle_behaviour", sauna.clone()).await;
    assert_eq!(error["field"], "behaviour");
    assert!(text.contains("track_lifestyle_behaviours"), "{text}");
    let track = json!({ "add": ["Sauna", 3], "remove": "Alcohol" });
    let done = mcp.ask("track_lifestyle_behaviours", track).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    let tracked = done["tracked_after"].as_array().unwrap();
    assert!(tracked.contains(&json!("Sauna")) && !tracked.contains(&json!("Alcohol")));
    assert_eq!(mcp.ask("log_lifestyle_behaviour", sauna).await["verified"], true);

    let own = json!({ "name": "  Magnesium ", "sleep_related": true });
    let done = mcp.ask("create_custom_lifestyle_behaviour", own.clone()).await;
    assert_eq!((&done["verified"], &done["undo"]), (&json!(true), &json!(true)), "{done}");
    assert!(done["behaviour_id"].is_i64(), "{done}");
    let (error, _) = mcp.fail("create_custom_lifestyle_behaviour", own).await;
    assert_eq!(error["field"], "name");
    let all = mcp.ask("get_lifestyle_behaviours", json!({})).await;
    assert_eq!((&all["count"], &all["tracked_count"]), (&json!(11), &json!(7)));
    assert_eq!(status(&mcp, "Magnesium").await["status"], "not_recorded");
    let gone = json!({ "behaviour": "magnesium", "confirm": true });
    let done = mcp.ask("delete_custom_lifestyle_behaviour", gone).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    let garmins = json!({ "behaviour": "Meditation", "confirm": true });
    let (error, text) = mcp.fail("delete_custom_lifestyle_behaviour", garmins).await;
    assert_eq!(error["field"], "behaviour", "{text}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let mcp = Mcp::writing().await;
    for (tool, arguments, field) in [
        ("log_lifestyle_behaviour", json!({ "behaviour": "caffeine" }), "behaviour"),
        ("log_lifestyle_behaviour", json!({ "behaviour": "Alcohol", "status": "MAYBE" }), "status"),
        (
            "log_lifestyle_behaviour",
            json!({ "behaviour": "Alcohol", "amounts": { "GIN": 1 } }),
            "amounts",
        ),
        (
            "log_lifestyle_behaviour",
            json!({ "behaviour": "Meditation", "amounts": { "BEER": 1 } }),
            "amounts",
        ),
        (
            "log_lifestyle_behaviour",
            json!({ "behaviour": "Alcohol", "status": "NO", "amounts": { "BEER": 1 } }),
            "amounts",
        ),
        ("track_lifestyle_behaviours", json!({}), "add"),
        ("track_lifestyle_behaviours", json!({ "add": [1], "remove": ["Alcohol"] }), "remove"),
        ("create_custom_lifestyle_behaviour", json!({ "name": " " }), "name"),
        ("delete_custom_lifestyle_behaviour", json!({ "behaviour": 4_711 }), "behaviour"),
    ] {
        let (error, text) = mcp.fail(tool, arguments).await;
        assert_eq!(error["field"], field, "{tool}: {text}");
    }
    assert!(mcp.ledger.lock().unwrap().rows.is_empty());
}

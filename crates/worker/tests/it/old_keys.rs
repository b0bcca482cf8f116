//! What prompts and scripts written for `garmin_mcp` read in the answers of its writes. The
//! outlines of reads are compared where they are made; what a write says is only known when it
//! has written.

use serde_json::{Value, json};

use crate::mcp::Mcp;

fn assert_keys(tool: &str, answer: &Value, keys: &str) {
    for key in keys.split(' ') {
        assert!(
            answer.get(key).is_some_and(|value| !value.is_null()),
            "{tool} lacks {key}: {answer}"
        );
    }
    assert_eq!(answer["success"], true, "{tool}: {answer}");
}

#[tokio::test]
async fn changes_of_activities_answer_with_the_keys_they_had() {
    let mcp = Mcp::writing().await;
    let list = mcp.ask("get_activities", json!({ "limit": 1 })).await;
    let id = list["activities"][0]["id"].clone();
    for (tool, argument, value, keys) in [
        ("set_activity_name", "activity_name", json!("Mine"), "success activity_id activity_name"),
        ("set_activity_type", "type_key", json!("trail_running"), "success type_key type_id"),
        ("set_activity_description", "description", json!("Words"), "success activity_id"),
        ("set_activity_event_type", "event_type", json!("race"), "success event_type"),
        ("set_perceived_effort", "rpe", json!(6.5), "success rpe"),
        ("set_activity_feel", "feel", json!(75), "success feel"),
    ] {
        let done = mcp.ask(tool, json!({ "activity_id": id, argument: value })).await;
        assert_keys(tool, &done, keys);
        assert_eq!(done[argument].is_null(), tool == "set_activity_description", "{done}");
    }
    let made = json!({ "type_key": "yoga", "date": "yesterday", "duration_minutes": 30 });
    let made = mcp.ask("create_manual_activity", made).await;
    assert_keys("create_manual_activity", &made, "success activity_id activity_name type_key");
}

#[tokio::test]
async fn foods_answer_with_the_keys_they_had() {
    let mcp = Mcp::writing().await;
    let made = json!({ "food_name": "Oat bar", "calories": 190 });
    let made = mcp.ask("create_custom_food", made).await;
    assert_keys("create_custom_food", &made, "food_id serving_id food_name");
    let (food, serving) = (made["food_id"].clone(), made["serving_id"].clone());
    let changed =
        json!({ "food_id": food, "serving_id": serving, "food_name": "Oats", "calories": 1 });
    let changed = mcp.ask("update_custom_food", changed).await;
    assert_keys("update_custom_food", &changed, "food_id serving_id food_name");
    let day = json!({ "meal_date": "today", "meal_time": "08:10" });
    let with = |more: Value| {
        let mut arguments = day.clone();
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let logged = "meal_date meal meal_time log_id day_totals";
    let arguments = with(json!({ "food_id": food, "serving_id": serving }));
    let eaten = mcp.ask("log_custom_food", arguments).await;
    assert_keys("log_custom_food", &eaten, logged);
    let arguments =
        with(json!({ "name": "Soup", "calories": 200, "carbs": 20, "protein": 9, "fat": 5 }));
    assert_keys("log_food", &mcp.ask("log_food", arguments).await, logged);
    let arguments = with(json!({ "food_name": "Rice", "calories": 130 }));
    let both = mcp.ask("upsert_and_log", arguments).await;
    assert_keys("upsert_and_log", &both, logged);
    let forget = json!({ "meal_date": "today", "log_id": eaten["log_id"], "confirm": true });
    assert_keys("delete_food_log", &mcp.ask("delete_food_log", forget).await, "status target");
    let goals = json!({ "date": "today", "calorie_goal": 2_000 });
    let goals = mcp.ask("set_nutrition_daily_settings", goals).await;
    assert_keys("set_nutrition_daily_settings", &goals, "status previous current");
    let gone = json!({ "food_id": food, "confirm": true });
    assert_keys("delete_custom_food", &mcp.ask("delete_custom_food", gone).await, "food_id");
}

#[tokio::test]
async fn what_is_entered_of_the_body_answers_with_the_keys_it_had() {
    let mcp = Mcp::writing().await;
    let weight = mcp.ask("add_weigh_in", json!({ "weight": 61.2 })).await;
    assert_keys("add_weigh_in", &weight, "status weight unit date time version");
    let stamped = json!({ "weight": 61.3, "date_timestamp": "2026-01-05T07:00:00" });
    let stamped = mcp.ask("add_weigh_in_with_timestamps", stamped).await;
    let keys = "status weight unit timestamp_local timestamp_gmt";
    assert_keys("add_weigh_in_with_timestamps", &stamped, keys);
    let scale = mcp.ask("add_body_composition", json!({ "weight": 61.4 })).await;
    assert_keys("add_body_composition", &scale, "status weight_kg date");
    let gone = json!({ "date": "today", "confirm": true });
    assert_keys("delete_weigh_ins", &mcp.ask("delete_weigh_ins", gone).await, "deleted_count");
}

#[tokio::test]
async fn the_journal_and_the_way_back_say_what_they_promise() {
    let mcp = Mcp::writing().await;
    let done = mcp.ask("add_weigh_in", json!({ "weight": 61.2 })).await;
    let list = mcp.ask("get_write_operations", json!({})).await;
    let row = &list["operations"][0];
    for key in ["operation_id", "tool", "target", "status", "at", "undo"] {
        assert!(!row[key].is_null(), "{key}: {row}");
    }
    assert!(list["count"].is_number() && list["has_more"].is_boolean(), "{list}");
    let operation = json!({ "operation_id": done["operation_id"] });
    let seen = mcp.ask("reconcile_write_operation", operation).await;
    for key in ["operation_id", "tool", "target", "status", "matches", "next_step"] {
        assert!(!seen[key].is_null(), "{key}: {seen}");
    }
    let undo = json!({ "operation_id": done["operation_id"], "confirm": true });
    let undone = mcp.ask("undo_write_operation", undo).await;
    assert_keys("undo_write_operation", &undone, "status undone_operation_id");
}

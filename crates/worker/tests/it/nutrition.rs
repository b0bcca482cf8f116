//! Foods, meals and goals, over MCP against a Garmin that keeps them.

use serde_json::{Value, json};

use crate::mcp::Mcp;

async fn undo(mcp: &Mcp, done: &Value) -> Value {
    let operation = json!({ "operation_id": done["operation_id"], "confirm": true });
    mcp.ask("undo_write_operation", operation).await
}

fn assert_done(done: &Value) {
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
}

#[tokio::test]
async fn a_food_is_made_logged_corrected_and_taken_back() {
    let mcp = Mcp::writing().await;
    let made = mcp
        .ask(
            "create_custom_food",
            json!({ "food_name": "Oat bar", "calories": 190, "carbs": "28",
            "protein": 5, "fat": 6, "number_of_units": 45, "brand_name": "Acme", "region": "FR" }),
        )
        .await;
    assert_done(&made);
    let (food, serving) = (made["food_id"].clone(), made["serving_id"].clone());
    assert!(food.is_string() && serving.is_string(), "{made}");
    let foods = mcp.ask("get_custom_foods", json!({ "search": "oat" })).await;
    assert_eq!((&foods["count"], &foods["foods"][0]["food_id"]), (&json!(1), &food));
    assert_eq!(foods["foods"][0]["region"], "FR");
    assert_eq!(foods["foods"][0]["servings"][0]["kcal"], 190.0);

    let logged = mcp
        .ask(
            "log_custom_food",
            json!({ "meal_date": "yesterday", "meal_time": "8:10",
            "food_id": food, "serving_id": serving, "serving_qty": 2 }),
        )
        .await;
    assert_done(&logged);
    assert_eq!((&logged["meal"], &logged["meal_time"]), (&json!("breakfast"), &json!("08:10:00")));
    assert_eq!(logged["day_totals"]["kcal"], 380.0);
    let day = mcp.ask("get_nutrition_daily_food_log", json!({ "date": "yesterday" })).await;
    assert_eq!((&day["item_count"], &day["totals"]["carbs_g"]), (&json!(1), &json!(56.0)));
    let entry = &day["meals"][0]["foods"][0];
    assert_eq!((&entry["log_id"], &entry["name"]), (&logged["log_id"], &json!("Oat bar")));
    let summary =
        mcp.ask("get_nutrition_summary_between_dates", json!({ "start_date": "7d" })).await;
    assert_eq!(summary["coverage"], json!({ "days_requested": 7, "days_with_data": 1 }));

    // Referenced: Garmin keeps it.
    let arguments = json!({ "food_id": food, "confirm": true });
    let (data, text) = mcp.fail("delete_custom_food", arguments.clone()).await;
    assert_eq!(data["http_status"], 400, "{text}");
    assert_eq!(undo(&mcp, &logged).await["status"], "done");
    let day = mcp.ask("get_nutrition_daily_food_log", json!({ "date": "yesterday" })).await;
    assert_eq!(day["item_count"], 0);

    let fixed = json!({ "food_id": food, "serving_id": serving, "calories": 200 });
    assert_done(&mcp.ask("update_custom_food", fixed).await);
    assert_done(&mcp.ask("delete_custom_food", arguments).await);
    let foods = mcp.ask("get_custom_foods", json!({})).await;
    assert_eq!(foods["count"], 0);
}

#[tokio::test]
async fn d20_a_correction_keeps_what_was_left_out_and_refuses_what_it_cannot_read() {
    let mcp = Mcp::writing().await;
    let made = mcp
        .ask(
            "create_custom_food",
            json!({ "food_name": "Bread", "calories": 250, "carbs": 48,
            "fiber": 7, "sodium": 400, "iron": 2, "region": "DE", "language": "de" }),
        )
        .await;
    let arguments = json!({ "food_id": made["food_id"], "protein": 9 });
    assert_done(&mcp.ask("update_custom_food", arguments).await);
    let raw = mcp.ask("get_custom_foods", json!({ "detail": "raw" })).await.to_string();
    for kept in ["\"iron\":\"2\"", "\"fiber\":\"7\"", "\"protein\":\"9\"", "\"regionCode\":\"DE\""]
    {
        assert!(raw.replace("\\\"", "\"").contains(kept), "{kept}: {raw}");
    }
    let sent = mcp.garmin.simulator.control().requests().len();
    mcp.fail("update_custom_food", json!({ "food_id": "0".repeat(32), "fat": 1 })).await;
    let requests = mcp.garmin.simulator.control().requests();
    assert!(requests[sent..].iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn plain_numbers_are_logged_and_a_food_of_ones_own_is_made_only_once() {
    let mcp = Mcp::writing().await;
    let quick = json!({ "meal": "lunch", "name": "Canteen", "calories": 650, "carbs": 70,
        "protein": 35, "fat": 22, "meal_date": "today" });
    let lunch = mcp.ask("log_food", quick.clone()).await;
    assert_done(&lunch);
    // Eating the same twice is eating twice.
    assert_ne!(mcp.ask("log_food", quick).await["log_id"], lunch["log_id"]);
    let shake =
        json!({ "meal": "snacks", "food_name": "Shake", "calories": 120, "meal_date": "today" });
    let first = mcp.ask("upsert_and_log", shake.clone()).await;
    assert_done(&first);
    let again = mcp.ask("upsert_and_log", shake).await;
    assert_done(&again);
    assert_eq!((&first["created"], &again["created"]), (&json!(true), &json!(false)));
    assert_eq!(first["food_id"], again["food_id"]);
    let day = mcp.ask("get_nutrition_daily_food_log", json!({})).await;
    assert_eq!((&day["item_count"], &day["totals"]["kcal"]), (&json!(4), &json!(1540.0)));
    let entry = json!({ "log_id": lunch["log_id"], "meal_date": "today" });
    let asked = mcp.ask("delete_food_log", entry.clone()).await;
    assert_eq!(asked["status"], "requires_confirmation");
    let entry = json!({ "log_id": lunch["log_id"], "confirm": asked["confirm_token"], "meal_date": "today" });
    assert_done(&mcp.ask("delete_food_log", entry).await);
}

#[tokio::test]
async fn goals_are_changed_one_by_one_and_put_back() {
    let mcp = Mcp::writing().await;
    let before = mcp.ask("get_nutrition_daily_settings", json!({})).await;
    let set = mcp.ask("set_nutrition_daily_settings", json!({ "calorie_goal": 3000 })).await;
    assert_done(&set);
    assert_eq!(set["protein_grams"], before["protein_g"]);
    assert!(set["warnings"][0].as_str().unwrap().contains("kcal"), "{set}");
    let after = mcp.ask("get_nutrition_daily_settings", json!({})).await;
    assert_eq!(after["calorie_goal_kcal"], 3000.0);
    assert_done(&undo(&mcp, &set).await);
    assert_eq!(mcp.ask("get_nutrition_daily_settings", json!({})).await, before);
    let found = mcp.ask("search_foods", json!({ "query": "oat" })).await;
    assert_eq!((&found["count"], &found["results"][0]["source"]), (&json!(2), &json!("FATSECRET")));
    let units = mcp.ask("get_custom_food_serving_units", json!({})).await;
    assert!(units["units"].as_array().unwrap().contains(&json!("ML")));
    let meals = mcp.ask("get_nutrition_daily_meals", json!({})).await;
    assert_eq!(meals["meals"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn activities_are_made_by_hand_with_their_sets() {
    let mcp = Mcp::writing().await;
    let made = mcp
        .ask(
            "create_manual_activity",
            json!({ "type_key": "yoga", "date": "yesterday",
            "duration_minutes": "45", "start_time": "18:30" }),
        )
        .await;
    assert_done(&made);
    let one = mcp.ask("get_activity", json!({ "activity_id": made["activity_id"] })).await;
    assert_eq!((&one["name"], &one["type"]), (&json!("Yoga"), &json!("yoga")));
    assert_eq!(undo(&mcp, &made).await["status"], "done");
    mcp.fail("get_activity", json!({ "activity_id": made["activity_id"] })).await;

    let sets = json!([
        { "exercise": "bench press", "reps": 10, "weight_kg": 60, "duration_s": 40, "rest_s": 90 },
        { "category": "SQUAT", "reps": 8, "weight_kg": 80.5 },
    ]);
    let lifted = mcp
        .ask(
            "create_strength_training_activity",
            json!({ "name": "Gym",
            "start_time": "2026-01-05T18:00", "duration_minutes": 50, "sets": sets }),
        )
        .await;
    assert_done(&lifted);
    let id = lifted["activity_id"].clone();
    let read = mcp.ask("get_activity_exercise_sets", json!({ "activity_id": id })).await;
    assert_eq!((&read["set_count"], &read["total_reps"]), (&json!(2), &json!(18)), "{read}");
    assert_eq!(read["total_volume_kg"], 1244.0);
    let fewer = json!({ "activity_id": id, "confirm": true, "sets": [{ "category": "PLANK", "duration_s": 60 }] });
    let replaced = mcp.ask("set_activity_strength_exercise_sets", fewer).await;
    assert_done(&replaced);
    assert_done(&undo(&mcp, &replaced).await);
    let again = mcp.ask("get_activity_exercise_sets", json!({ "activity_id": id })).await;
    assert_eq!(again, read);
    let wrong = json!({ "activity_id": id, "confirm": true, "sets": [{ "category": "DANCE" }] });
    let (data, _) = mcp.fail("set_activity_strength_exercise_sets", wrong).await;
    assert_eq!(data["field"], "sets");
}

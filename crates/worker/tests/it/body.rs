//! Weight, blood pressure and drink: read, entered, taken back.

use serde_json::{Value, json};

use crate::mcp::Mcp;

fn today(mcp: &Mcp) -> jiff::civil::Date {
    mcp.garmin.season().today.parse().unwrap()
}

fn yesterday(mcp: &Mcp) -> String {
    today(mcp).saturating_sub(jiff::Span::new().days(1)).to_string()
}

async fn of_day(mcp: &Mcp, day: &str) -> Vec<Value> {
    let answer = mcp.ask("get_daily_weigh_ins", json!({ "date": day })).await;
    answer["measurements"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn weighings_keep_the_keys_prompts_were_written_for() {
    let mcp = Mcp::start().await;
    let range = mcp.ask("get_weigh_ins", json!({ "start_date": "60d" })).await;
    for key in [
        "date_range",
        "measurement_count",
        "days_with_data",
        "average_weight_kg",
        "average_weight_grams",
        "measurements",
        "trend",
    ] {
        assert!(range.get(key).is_some(), "{key}: {range}");
    }
    let newest = &range["measurements"][0];
    for key in [
        "date",
        "weight_grams",
        "weight_kg",
        "bmi",
        "body_fat_percent",
        "body_water_percent",
        "bone_mass_grams",
        "muscle_mass_grams",
        "source_type",
        "timestamp_gmt",
        "version",
    ] {
        assert!(newest.get(key).is_some(), "{key}: {newest}");
    }
    let latest = mcp.ask("get_daily_weigh_ins", json!({ "latest": true })).await;
    assert_eq!(&latest["measurements"][0]["version"], &newest["version"]);
    let pounds =
        mcp.ask("get_daily_weigh_ins", json!({ "latest": true, "units": "imperial" })).await;
    let (lb, kg) = (&pounds["measurements"][0]["weight_lb"], &newest["weight_kg"]);
    assert!((lb.as_f64().unwrap() * 0.453_592_37 - kg.as_f64().unwrap()).abs() < 0.06);
    let none = json!({ "start_date": "2003-02-01", "end_date": "2003-02-02" });
    assert_eq!(mcp.ask("get_weigh_ins", none).await["status"], "no_data");
}

#[tokio::test]
async fn a_weight_is_entered_in_its_unit_and_time_and_taken_back() {
    let mcp = Mcp::writing().await;
    let day = yesterday(&mcp);
    let before = of_day(&mcp, &day).await.len();
    let pounds = json!({ "weight": 150, "unit_key": "lbs", "date": day, "time": "23:30" });
    let done = mcp.ask("add_weigh_in", pounds).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    assert_eq!((&done["weight"], &done["unit"]), (&json!(150.0), &json!("lbs")));
    let stamped = json!({
        "weight": 61.25,
        "date_timestamp": format!("{day}T06:00:00"),
        "gmt_timestamp": format!("{day}T10:00:00"),
    });
    let done = mcp.ask("add_weigh_in_with_timestamps", stamped).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    let all = of_day(&mcp, &day).await;
    assert_eq!(all.len(), before + 2);
    let mine = |kg: f64| all.iter().find(|it| it["weight_kg"] == kg).unwrap().clone();
    assert!(mine(68.04)["time"].as_str().unwrap().starts_with(&format!("{day}T23:30:00")));
    assert_eq!(mine(61.25)["time"], format!("{day}T06:00:00-04:00"));

    let one = json!({ "date": day, "version": mine(68.04)["version"].to_string() });
    let asked = mcp.ask("delete_weigh_in", one.clone()).await;
    assert_eq!(asked["status"], "requires_confirmation");
    assert_eq!(asked["previous"][0]["weight_kg"], 68.04);
    let mut sure = one;
    sure["confirm"] = asked["confirm_token"].clone();
    let gone = mcp.ask("delete_weigh_in", sure).await;
    assert_eq!((&gone["status"], &gone["verified"]), (&json!("done"), &json!(true)), "{gone}");
    assert_eq!(of_day(&mcp, &day).await.len(), before + 1);

    let several = json!({ "date": day, "delete_all": false, "confirm": true });
    let (error, _) = mcp.fail("delete_weigh_ins", several).await;
    assert_eq!(error["field"], "delete_all");
    let all = json!({ "date": day, "confirm": true });
    let gone = mcp.ask("delete_weigh_ins", all.clone()).await;
    assert_eq!(gone["deleted_count"], before + 1, "{gone}");
    assert!(of_day(&mcp, &day).await.is_empty());
    let (error, _) = mcp.fail("delete_weigh_ins", all).await;
    assert_eq!(error["field"], "date");
}

#[tokio::test]
async fn blood_pressure_is_entered_with_its_category_and_can_be_undone() {
    let mcp = Mcp::writing().await;
    let day = yesterday(&mcp);
    let reading = json!({
        "systolic": 121, "diastolic": 79, "pulse": 61, "notes": "left arm",
        "timestamp": format!("{day}T08:00:00"),
    });
    let done = mcp.ask("set_blood_pressure", reading).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    assert_eq!((&done["category"], &done["undo"]), (&json!("elevated"), &json!(true)));
    let gone = json!({ "version": done["version"], "date": day, "confirm": true });
    let gone = mcp.ask("delete_blood_pressure", gone).await;
    assert_eq!((&gone["verified"], &gone["previous"]["systolic"]), (&json!(true), &json!(121)));
    let unknown = json!({ "version": 7, "date": day, "confirm": true });
    let (error, _) = mcp.fail("delete_blood_pressure", unknown).await;
    assert_eq!((&error["code"], &error["field"]), (&json!("not_found"), &json!("version")));
}

#[tokio::test]
async fn a_drink_adds_to_its_day_and_can_be_undone() {
    let mcp = Mcp::writing().await;
    let day = yesterday(&mcp);
    let glass = json!({ "value_in_ml": 330, "cdate": day });
    let done = mcp.ask("add_hydration_data", glass).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    let (before, after) = (&done["previous"]["intake_ml"], &done["current"]["intake_ml"]);
    let drunk = after.as_f64().unwrap() - before.as_f64().unwrap();
    assert!((drunk - 330.0).abs() < 0.01, "{done}");
    assert_eq!(done["undo"], true);
}

#[tokio::test]
async fn what_nobody_can_have_is_refused_before_anything_is_sent() {
    let mcp = Mcp::writing().await;
    let tomorrow = today(&mcp).saturating_add(jiff::Span::new().days(2)).to_string();
    for (tool, arguments, field) in [
        ("add_weigh_in", json!({ "weight": 0 }), "weight"),
        ("add_weigh_in", json!({ "weight": 61_200 }), "weight"),
        ("add_weigh_in", json!({ "weight": 61, "unit_key": "stone" }), "unit_key"),
        ("add_weigh_in", json!({ "weight": 61, "date": tomorrow }), "date"),
        ("add_weigh_in", json!({ "weight": 61, "time": "noon" }), "time"),
        ("add_body_composition", json!({ "weight": 61, "percent_fat": 123 }), "percent_fat"),
        ("add_body_composition", json!({ "weight": 61, "bone_mass": 62 }), "bone_mass"),
        ("add_body_composition", json!({ "date": "soon", "weight": 61 }), "date"),
        ("set_blood_pressure", json!({ "systolic": 300, "diastolic": 80 }), "systolic"),
        ("set_blood_pressure", json!({ "systolic": 80, "diastolic": 90 }), "diastolic"),
        ("add_hydration_data", json!({ "value_in_ml": 0 }), "value_in_ml"),
        ("add_hydration_data", json!({ "value_in_ml": 250, "timestamp": "x" }), "timestamp"),
    ] {
        let (error, text) = mcp.fail(tool, arguments).await;
        assert_eq!(error["field"], field, "{tool}: {text}");
    }
    let preview = json!({ "weight": 61.2, "percent_fat": 23.1, "bmi": 21.7, "dry_run": true });
    let preview = mcp.ask("add_body_composition", preview).await;
    assert_eq!(preview["status"], "preview", "{preview}");
    assert!(mcp.ledger.lock().unwrap().rows.is_empty());
    let reload = mcp.ask("request_reload", json!({ "date": "-300d" })).await;
    assert_eq!(reload["status"], "done", "{reload}");
}

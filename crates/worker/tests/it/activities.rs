//! What the tools about activities say of the simulated athlete.

use serde_json::{Value, json};

use crate::mcp::Mcp;

/// Keys that results of the tools people move here from had, and have.
const OLD_KEYS: [(&str, &str, &[&str]); 10] = [
    ("get_activities", "", &["start", "limit", "count", "has_more", "next_start", "activities"]),
    (
        "get_activities_by_date",
        "",
        &["count", "page", "page_size", "has_more", "date_range", "activities"],
    ),
    ("get_activities_fordate", "", &["date", "count", "activities"]),
    ("get_activity_splits", "", &["lap_count", "laps"]),
    (
        "get_activity_splits",
        "/laps/0",
        &[
            "lap_number",
            "start_time",
            "distance_meters",
            "duration_seconds",
            "moving_duration_seconds",
            "elapsed_duration_seconds",
            "avg_speed_mps",
            "max_speed_mps",
            "avg_hr_bpm",
            "max_hr_bpm",
            "calories",
            "avg_cadence",
            "avg_power_watts",
            "intensity_type",
            "elevation_gain_meters",
            "elevation_loss_meters",
        ],
    ),
    (
        "get_activity_weather",
        "",
        &[
            "temperature_celsius",
            "apparent_temperature_celsius",
            "humidity_percent",
            "wind_speed_mps",
            "wind_direction_degrees",
            "weather_description",
            "location",
            "issue_time",
        ],
    ),
    ("count_activities", "", &["total_activities", "note"]),
    ("get_activity_types", "", &["count", "activity_types"]),
    (
        "get_activity_types",
        "/activity_types/0",
        &["type_id", "type_key", "parent_type_id", "is_hidden"],
    ),
    (
        "get_activity",
        "",
        &[
            "id",
            "name",
            "type",
            "event_type",
            "parent_type",
            "start_time_local",
            "start_time_gmt",
            "duration_seconds",
            "moving_duration_seconds",
            "elapsed_duration_seconds",
            "distance_meters",
            "avg_speed_mps",
            "max_speed_mps",
            "avg_hr_bpm",
            "max_hr_bpm",
            "min_hr_bpm",
            "calories",
            "bmr_calories",
            "avg_cadence",
            "max_cadence",
            "avg_stride_length_cm",
            "avg_ground_contact_time_ms",
            "avg_vertical_oscillation_cm",
            "steps",
            "avg_power_watts",
            "max_power_watts",
            "normalized_power_watts",
            "training_effect",
            "anaerobic_training_effect",
            "training_effect_label",
            "training_load",
            "moderate_intensity_minutes",
            "vigorous_intensity_minutes",
            "elevation_gain_meters",
            "elevation_loss_meters",
            "max_elevation_meters",
            "min_elevation_meters",
            "body_battery_impact",
            "lap_count",
            "has_splits",
            "device_manufacturer",
        ],
    ),
];

/// The newest activity of a type.
async fn newest(mcp: &Mcp, kind: &str) -> Value {
    let list = mcp.ask("get_activities", json!({ "activity_type": kind, "limit": 1 })).await;
    list["activities"][0].clone()
}

fn sum(rows: &Value, key: &str) -> f64 {
    rows.as_array().unwrap().iter().filter_map(|row| row[key].as_f64()).sum()
}

#[tokio::test]
async fn results_have_the_keys_they_had_before() {
    let mcp = Mcp::start().await;
    let run = newest(&mcp, "running").await;
    let day = &run["start_time"].as_str().unwrap()[..10];
    for (tool, way, keys) in OLD_KEYS {
        let arguments = match tool {
            "get_activities_fordate" => json!({ "date": day }),
            "get_activities_by_date" => json!({ "start_date": day, "end_date": day }),
            "get_activities" => json!({ "start": 0, "limit": 5 }),
            "count_activities" | "get_activity_types" => json!({}),
            _ => json!({ "activity_id": run["id"] }),
        };
        let answer = mcp.ask(tool, arguments).await;
        let part = answer.pointer(way).unwrap_or_else(|| panic!("{tool} {way}: {answer}"));
        for key in keys {
            assert!(part.get(key).is_some(), "{tool}: no `{key}` in {part}");
        }
    }
}

#[tokio::test]
async fn a_multisport_activity_names_its_legs_and_its_legs_name_it() {
    let mcp = Mcp::start().await;
    let whole = newest(&mcp, "multi_sport").await;
    assert_eq!(whole["multisport"], true, "{whole}");
    let id = &whole["id"];
    let activity = mcp.ask("get_activity", json!({ "activity_id": id })).await;
    let legs = activity["children"].as_array().unwrap();
    let types: Vec<&str> = legs.iter().map(|leg| leg["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["road_biking", "running"]);
    let mut metres = 0;
    for leg in legs {
        let part = mcp.ask("get_activity", json!({ "activity_id": leg["id"] })).await;
        assert_eq!(&part["parent_id"], id, "{part}");
        metres += part["distance_meters"].as_i64().unwrap();
    }
    assert!((activity["distance_meters"].as_i64().unwrap() - metres).abs() <= 2);
    let laps = mcp.ask("get_activity_splits", json!({ "activity_id": id })).await;
    assert_eq!(laps["lap_count"], 2);
    let details = mcp.ask("get_activity_details", json!({ "activity_id": id })).await;
    assert_eq!(details["hr_zones"]["status"], "ok", "{details}");
    assert_eq!(details["power_zones"]["status"], "no_data");
    let date = whole["start_time"].as_str().unwrap()[..10].to_owned();
    let day = mcp.ask("get_activities_fordate", json!({ "date": date })).await;
    assert_eq!((day["count"].clone(), &day["activities"][0]["id"]), (json!(1), id));
    let count = mcp.ask("count_activities", json!({})).await;
    assert!(count["total_activities"].as_i64() > count["listed_activities"].as_i64(), "{count}");
}

#[tokio::test]
async fn kilometres_and_laps_add_up_to_the_same_run() {
    let mcp = Mcp::start().await;
    let run = newest(&mcp, "running").await;
    let distance = run["distance_meters"].as_f64().unwrap();
    let duration = run["duration_seconds"].as_f64().unwrap();
    for by in ["lap", "km", "mile"] {
        let splits =
            mcp.ask("get_activity_splits", json!({ "activity_id": run["id"], "by": by })).await;
        assert_eq!(splits["by"], by);
        let laps = &splits["laps"];
        assert!((sum(laps, "distance_meters") - distance).abs() < 25.0, "{by}: {splits}");
        assert!((sum(laps, "duration_seconds") - duration).abs() < 15.0, "{by}: {splits}");
        assert_eq!(splits["cadence_unit"], "steps_per_minute");
        let cadence = laps[0]["avg_cadence"].as_i64().unwrap();
        assert!((120..=220).contains(&cadence), "{cadence} is no number of steps");
    }
    let miles =
        mcp.ask("get_activity_splits", json!({ "activity_id": run["id"], "by": "mile" })).await;
    assert_eq!(miles["laps"][0]["distance_meters"], 1609.3);
    let imperial = json!({ "activity_id": run["id"], "by": "mile", "units": "imperial" });
    let imperial = mcp.ask("get_activity_splits", imperial).await;
    assert_eq!(imperial["laps"][0]["distance_miles"], 1.0, "{imperial}");
    let two = json!({ "activity_id": run["id"], "by": "km", "start": 1, "limit": 2 });
    let two = mcp.ask("get_activity_splits", two).await;
    let numbers: Vec<_> =
        two["laps"].as_array().unwrap().iter().map(|lap| &lap["lap_number"]).collect();
    assert_eq!(numbers, [2, 3]);
    assert_eq!(two["next_start"], 3);
}

#[tokio::test]
async fn parts_of_one_activity_agree_with_the_whole() {
    let mcp = Mcp::start().await;
    let run = newest(&mcp, "running").await;
    let id = json!({ "activity_id": run["id"] });
    let zones = mcp.ask("get_activity_hr_in_timezones", id.clone()).await;
    let seconds = sum(&zones["zones"], "seconds");
    assert!(seconds <= run["duration_seconds"].as_f64().unwrap() + 5.0, "{zones}");
    assert!((sum(&zones["zones"], "pct") - 100.0).abs() < 0.5);
    assert!(zones["zones"][0]["low_bpm"].as_i64() < zones["zones"][4]["low_bpm"].as_i64());
    let power = mcp.ask("get_activity_power_in_timezones", id.clone()).await;
    assert!(power["zones"][1]["low_w"].is_i64(), "{power}");
    let details = mcp.ask("get_activity_details", id.clone()).await;
    assert_eq!(details["hr_zones"]["items"], zones["zones"]);
    let gear = mcp.ask("get_activity_gear", id.clone()).await;
    assert_eq!(details["gear"]["items"], gear["gear"]);
    let weather = mcp.ask("get_activity_weather", id.clone()).await;
    assert_eq!(details["weather"]["temperature_celsius"], weather["temperature_celsius"]);
    let degrees = weather["temperature_celsius"].as_f64().unwrap();
    assert!((-30.0..45.0).contains(&degrees), "{degrees} degrees Celsius");
    let kinds = mcp.ask("get_activity_typed_splits", id.clone()).await;
    let totals = mcp.ask("get_activity_split_summaries", id.clone()).await;
    for total in totals["summaries"].as_array().unwrap() {
        let kind = &total["type"];
        let rows = kinds["splits"].as_array().unwrap().iter();
        let of_kind: Vec<&Value> = rows.filter(|row| row["type"] == *kind).collect();
        assert_eq!(total["count"], of_kind.len(), "{kind}");
    }
    let none = mcp.ask("get_activity_exercise_sets", id).await;
    assert_eq!(none["status"], "no_data");
    let strength = newest(&mcp, "strength_training").await;
    let id = json!({ "activity_id": strength["id"].to_string() });
    let sets = mcp.ask("get_activity_exercise_sets", id.clone()).await;
    assert!(sets["sets"][0]["weight_kg"].as_f64().unwrap() < 200.0, "{sets}");
    let lifted: f64 = sets["sets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| set["weight_kg"].as_f64().unwrap() * set["reps"].as_f64().unwrap())
        .sum();
    assert!((sets["total_volume_kg"].as_f64().unwrap() - lifted).abs() < 0.1);
    let indoors = mcp.ask("get_activity_weather", id).await;
    assert_eq!(indoors["status"], "no_data");
}

#[tokio::test]
async fn types_are_checked_before_anything_is_asked() {
    let mcp = Mcp::start().await;
    for tool in
        ["get_activities", "get_activities_by_date", "get_last_activity", "count_activities"]
    {
        let (error, text) = mcp.fail(tool, json!({ "activity_type": "swimmming" })).await;
        assert_eq!(error["code"], "invalid_argument", "{tool}: {text}");
        assert_eq!(error["field"], "activity_type");
        assert!(text.contains("`swimming`") && text.contains("get_activity_types"), "{text}");
    }
    for spelling in ["Running", " running ", "trail running"] {
        mcp.ask("get_activities", json!({ "activity_type": spelling })).await;
    }
    let types = mcp.ask("get_activity_types", json!({ "search": "swim" })).await;
    let keys: Vec<&str> = types["activity_types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type_key"].as_str().unwrap())
        .collect();
    assert!(keys.contains(&"lap_swimming") && keys.contains(&"open_water_swimming"), "{keys:?}");
    assert_eq!(mcp.ask("get_activity_types", json!({})).await["count"], 153);
}

#[tokio::test]
async fn what_is_counted_is_what_is_listed() {
    let mcp = Mcp::start().await;
    let wanted = json!({ "activity_type": "cycling", "start_date": "90d" });
    let counted = mcp.ask("count_activities", wanted).await;
    let wanted = json!({ "activity_type": "cycling", "start_date": "90d", "limit": 100 });
    let listed = mcp.ask("get_activities", wanted).await;
    assert_eq!(counted["total_activities"], listed["count"], "{counted}");
    let last = mcp.ask("get_last_activity", json!({ "activity_type": "cycling" })).await;
    assert_eq!(last["id"], listed["activities"][0]["id"]);
    let none = mcp.ask("get_last_activity", json!({ "activity_type": "diving" })).await;
    assert_eq!(none, json!({ "status": "no_data" }));
    let none = mcp.ask("get_activities_fordate", json!({ "date": "2001-02-03" })).await;
    assert_eq!((&none["status"], &none["reason"]), (&json!("no_data"), &json!("not_recorded")));
}

#[tokio::test]
async fn an_activity_that_does_not_exist_is_named_by_every_tool() {
    let mcp = Mcp::start().await;
    for tool in [
        "get_activity_splits",
        "get_activity_typed_splits",
        "get_activity_split_summaries",
        "get_activity_weather",
        "get_activity_hr_in_timezones",
        "get_activity_power_in_timezones",
        "get_activity_gear",
        "get_activity_exercise_sets",
    ] {
        let (error, text) = mcp.fail(tool, json!({ "activity_id": 42 })).await;
        assert_eq!(error["code"], "not_found", "{tool}: {text}");
        assert_eq!(error["field"], "activity_id", "{tool}");
    }
}

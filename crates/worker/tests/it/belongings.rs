//! Gear, devices, courses and golf of the simulated athlete.

use serde_json::{Value, json};

use crate::mcp::Mcp;

/// Keys that results of the tools people move here from had, and have.
const OLD_KEYS: [(&str, &str, &[&str]); 10] = [
    ("get_gear", "", &["gear_count", "active_count", "retired_count", "defaults", "gear"]),
    (
        "get_gear",
        "/gear/0",
        &["uuid", "name", "full_name", "type", "status", "date_begin", "is_default_for", "stats"],
    ),
    ("get_gear", "/gear/0/stats", &["total_activities", "total_distance_km"]),
    (
        "get_devices",
        "/devices/0",
        &["device_id", "device_name", "model", "software_version", "status", "is_primary"],
    ),
    (
        "get_device_last_used",
        "",
        &["user_device_id", "device_name", "device_key", "user_profile_id", "last_upload_time"],
    ),
    (
        "get_device_settings",
        "",
        &[
            "device_id",
            "time_format",
            "date_format",
            "measurement_units",
            "key_tones_enabled",
            "alert_tones_enabled",
            "alarm_count",
            "enabled_alarm_count",
        ],
    ),
    (
        "get_primary_training_device",
        "",
        &[
            "primary_device_id",
            "training_devices",
            "training_device_count",
            "wearable_device_count",
        ],
    ),
    ("get_device_alarms", "", &["total_alarms", "enabled_alarms", "alarms"]),
    ("get_courses", "", &["count", "courses"]),
    (
        "get_courses",
        "/courses/0",
        &[
            "course_id",
            "name",
            "distance_m",
            "elevation_gain_m",
            "elevation_loss_m",
            "activity",
            "has_pace_band",
            "created",
        ],
    ),
];

#[tokio::test]
async fn results_have_the_keys_they_had_before() {
    let mcp = Mcp::start().await;
    for (tool, way, keys) in OLD_KEYS {
        let answer = mcp.ask(tool, json!({})).await;
        let part = answer.pointer(way).unwrap_or_else(|| panic!("{tool} {way}: {answer}"));
        for key in keys {
            assert!(part.get(key).is_some(), "{tool}: no `{key}` in {part}");
        }
    }
}

#[tokio::test]
async fn d23_gear_needs_no_device_and_a_handful_of_questions() {
    let mcp = Mcp::start().await;
    let asked = |path: &str| {
        let requests = mcp.garmin.simulator.control().requests();
        requests.iter().filter(|request| request.path.contains(path)).count()
    };
    let gear = mcp.ask("get_gear", json!({})).await;
    assert!(gear["gear"].as_array().unwrap().len() >= 4);
    assert_eq!((asked("/device-service/"), asked("/gear/stats/")), (0, 0));
    assert!(asked("/gear-service/") <= 3, "{}", asked("/gear-service/"));
    mcp.ask("get_device_alarms", json!({})).await;
    assert!(asked("/device-info/settings/") <= 2);
}

#[tokio::test]
async fn gear_wears_down_by_the_activities_it_was_used_in() {
    let mcp = Mcp::start().await;
    let retired = mcp.ask("get_gear", json!({ "status": "retired" })).await;
    let shoes = &retired["gear"][0];
    assert_eq!((&retired["retired_count"], &shoes["status"]), (&json!(1), &json!("retired")));
    let limit = shoes["max_distance_km"].as_f64().unwrap();
    let gone = shoes["stats"]["total_distance_km"].as_f64().unwrap();
    let wear = shoes["wear_pct"].as_f64().unwrap();
    assert!((wear - 100.0 * gone / limit).abs() < 0.2, "{shoes}");
    let mut metres = 0.0;
    let mut start = json!(0);
    let mut count = 0;
    while start.is_number() {
        let page = json!({ "gear_uuid": shoes["uuid"], "start": start, "limit": 60 });
        let page = mcp.ask("get_gear_activities", page).await;
        let rows = page["activities"].as_array().unwrap();
        metres += rows.iter().filter_map(|row| row["distance_meters"].as_f64()).sum::<f64>();
        count += rows.len();
        start = page.get("next_start").cloned().unwrap_or_default();
        assert!(page.get("truncated").is_none(), "a page of sixty fits");
    }
    assert_eq!(shoes["stats"]["total_activities"], count);
    assert!((metres / 1000.0 - gone).abs() < 0.2, "{metres} m in activities, {gone} km in all");
    let racers = mcp.ask("get_gear", json!({ "status": "active" })).await;
    let noted = racers["gear"].as_array().unwrap().iter().any(|piece| piece["notes"].is_string());
    assert!(noted, "{racers}");
}

#[tokio::test]
async fn devices_are_told_apart_by_their_ids() {
    let mcp = Mcp::start().await;
    let devices = mcp.ask("get_devices", json!({})).await;
    let ids: Vec<&Value> =
        devices["devices"].as_array().unwrap().iter().map(|device| &device["device_id"]).collect();
    let primary = mcp.ask("get_primary_training_device", json!({})).await;
    assert_eq!(&primary["primary_device_id"], ids[0]);
    let settings = mcp.ask("get_device_settings", json!({ "device_id": ids[1].to_string() })).await;
    assert_eq!(&settings["device_id"], ids[1]);
    let alarms = mcp.ask("get_device_alarms", json!({ "device_id": ids[0] })).await;
    let time = alarms["alarms"][0]["time"].as_str().unwrap();
    assert_eq!((time.len(), &time[2..3]), (5, ":"), "{alarms}");
    for tool in ["get_device_settings", "get_device_alarms", "get_device_solar_data"] {
        let (error, text) = mcp.fail(tool, json!({ "device_id": 42 })).await;
        assert_eq!(error["code"], "not_found", "{tool}: {text}");
        assert_eq!(error["field"], "device_id", "{tool}");
    }
    let watch = json!({ "device_id": ids[0], "date": "-20d", "end_date": "today" });
    let none = mcp.ask("get_device_solar_data", watch).await;
    assert_eq!((&none["status"], &none["device_id"]), (&json!("no_data"), ids[0]));
    let bike = json!({ "device_id": ids[1], "date": "-20d", "end_date": "today" });
    let sun = mcp.ask("get_device_solar_data", bike).await;
    let has_panel = devices["devices"][1]["model"].as_str().unwrap().contains("Solar");
    assert_eq!(sun["status"], if has_panel { "ok" } else { "no_data" }, "{sun}");
}

#[tokio::test]
async fn a_course_has_a_profile_and_a_file() {
    let mcp = Mcp::start().await;
    let courses = mcp.ask("get_courses", json!({})).await;
    let first = &courses["courses"][0];
    let id = &first["course_id"];
    let wanted = json!({ "course_id": id.to_string(), "profile_points": 40 });
    let course = mcp.ask("get_course_details", wanted).await;
    assert_eq!(course["distance_m"], first["distance_m"]);
    let rows = course["elevation_profile"]["rows"].as_array().unwrap();
    assert!((30..=40).contains(&rows.len()), "{}", rows.len());
    let last = rows.last().unwrap()[0].as_f64().unwrap() * 1000.0;
    assert!((last - course["distance_m"].as_f64().unwrap()).abs() < 50.0);
    for climb in course["climbs"].as_array().unwrap() {
        assert!(climb["gain_m"].as_i64().unwrap() >= 20 && climb["from_km"] != climb["to_km"]);
    }
    let file = mcp.ask("download_course_gpx", json!({ "course_id": id })).await;
    assert_eq!(file["resource_uri"], format!("garmin://course/{id}.gpx"));
    let ride = mcp.ask("get_courses", json!({ "search": "RIDE" })).await;
    assert_eq!(
        (&ride["count"], &ride["courses"][0]["activity"]),
        (&json!(1), &json!("road_biking"))
    );
    for tool in ["get_course_details", "download_course_gpx"] {
        let (error, text) = mcp.fail(tool, json!({ "course_id": 42 })).await;
        assert_eq!(
            (error["code"].as_str(), error["field"].as_str()),
            (Some("not_found"), Some("course_id")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn rounds_of_golf_add_up_from_shots_to_statistics() {
    let mcp = Mcp::start().await;
    let rounds = mcp.ask("get_golf_scorecards", json!({ "limit": 5 })).await;
    let round = &rounds["scorecards"][0];
    let id = &round["scorecard_id"];
    let card = mcp.ask("get_golf_scorecard", json!({ "scorecard_id": id })).await;
    assert_eq!((&card["strokes"], &card["to_par"]), (&round["strokes"], &round["to_par"]));
    let holes = card["holes"].as_array().unwrap();
    let total = |key: &str| holes.iter().filter_map(|hole| hole[key].as_i64()).sum::<i64>();
    assert_eq!((holes.len(), card["strokes"].as_i64()), (18, Some(total("strokes"))));
    assert_eq!(
        (card["putts"].as_i64(), card["par"].as_i64()),
        (Some(total("putts")), Some(total("par")))
    );
    let shots = mcp.ask("get_golf_shots", json!({ "scorecard_id": id })).await;
    let hit = shots["shot_count"].as_i64().unwrap();
    assert_eq!(hit + total("penalties"), total("strokes"), "every stroke is a shot or a penalty");
    let late = json!({ "scorecard_id": id, "holes": [12, "18"] });
    let late = mcp.ask("get_golf_shots", late).await;
    let numbers: Vec<i64> =
        late["rows"].as_array().unwrap().iter().map(|row| row[0].as_i64().unwrap()).collect();
    assert!(numbers.contains(&12) && numbers.contains(&18), "holes from the tenth on are there");
    assert!(numbers.iter().all(|hole| [12, 18].contains(hole)));
    let clubs = mcp.ask("get_golf_clubs", json!({})).await;
    assert_eq!(clubs["clubs"][0]["type"], "Driver", "{clubs}");
    assert!(
        clubs["clubs"][0]["max_distance_m"].as_f64()
            >= clubs["clubs"][0]["avg_distance_m"].as_f64()
    );
    let stats = mcp.ask("get_golf_stats", json!({})).await;
    assert_eq!(stats["rounds"], rounds["total"]);
    for tool in ["get_golf_scorecard", "get_golf_shots"] {
        let (error, text) = mcp.fail(tool, json!({ "scorecard_id": 42 })).await;
        assert_eq!(error["code"], "not_found", "{tool}: {text}");
    }
}

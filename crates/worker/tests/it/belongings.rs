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
        let page = json!({ "gear_uuid": shoes["uuid"], "start": start, "limit": 40 });
        let page = mcp.ask("get_gear_activities", page).await;
        let rows = page["activities"].as_array().unwrap();
        metres += rows.iter().filter_map(|row| row["distance_meters"].as_f64()).sum::<f64>();
        count += rows.len();
        start = page.get("next_start").cloned().unwrap_or_default();
        assert!(page.get("truncated").is_none(), "a page of forty fits");
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
    assert!(clubs["clubs"][0]["max_shot_m"].as_f64() >= clubs["clubs"][0]["avg_shot_m"].as_f64());
    let stats = mcp.ask("get_golf_stats", json!({})).await;
    assert_eq!(stats["rounds"], rounds["total"]);
    for tool in ["get_golf_scorecard", "get_golf_shots"] {
        let (error, text) = mcp.fail(tool, json!({ "scorecard_id": 42 })).await;
        assert_eq!(error["code"], "not_found", "{tool}: {text}");
    }
}

#[tokio::test]
async fn gear_goes_on_an_activity_and_comes_off_again() {
    let mcp = Mcp::writing().await;
    let list = mcp.ask("get_activities", json!({ "activity_type": "running", "limit": 1 })).await;
    let activity = list["activities"][0]["id"].clone();
    let gear = mcp.ask("get_gear", json!({ "status": "active" })).await;
    let bike = gear["gear"].as_array().unwrap().iter().find(|it| it["type"] == "bike").unwrap();
    let arguments = json!({ "activity_id": activity, "gear_uuid": bike["uuid"] });
    let linked = mcp.ask("add_gear_to_activity", arguments.clone()).await;
    assert_eq!(
        (&linked["status"], &linked["verified"]),
        (&json!("done"), &json!(true)),
        "{linked}"
    );
    assert_eq!((&linked["success"], &linked["undo"]), (&json!(true), &json!(true)));
    assert_eq!(linked["gear_uuid"], bike["uuid"]);
    let used = mcp.ask("get_activity_gear", json!({ "activity_id": activity })).await;
    let uuids = |used: &Value| -> Vec<Value> {
        used["gear"].as_array().unwrap().iter().map(|piece| piece["uuid"].clone()).collect()
    };
    assert!(uuids(&used).contains(&bike["uuid"]), "{used}");
    let off = mcp.ask("remove_gear_from_activity", arguments).await;
    assert_eq!(
        (&off["verified"], &off["previous"]["listed"]),
        (&json!(true), &json!(true)),
        "{off}"
    );
    let used = mcp.ask("get_activity_gear", json!({ "activity_id": activity })).await;
    assert!(!uuids(&used).contains(&bike["uuid"]), "{used}");
    let strange = json!({ "activity_id": activity, "gear_uuid": "0".repeat(32) });
    let (error, text) = mcp.fail("add_gear_to_activity", strange).await;
    assert_eq!(
        (error["code"].as_str(), error["field"].as_str()),
        (Some("not_found"), Some("gear_uuid")),
        "{text}"
    );
}

#[tokio::test]
async fn one_piece_of_gear_is_the_default_of_a_type() {
    let mcp = Mcp::writing().await;
    let gear = mcp.ask("get_gear", json!({ "status": "active" })).await;
    let racers =
        gear["gear"].as_array().unwrap().iter().find(|it| it["name"] == "Race day").unwrap();
    let arguments = json!({ "gear_uuid": racers["uuid"], "activity_type": "running" });
    let done = mcp.ask("set_gear_default", arguments).await;
    assert_eq!((&done["status"], &done["undo"]), (&json!("done"), &json!(true)), "{done}");
    let gear = mcp.ask("get_gear", json!({})).await;
    assert_eq!(gear["defaults"]["running"], "Race day", "{gear}");
    let undo = json!({ "operation_id": done["operation_id"], "confirm": true });
    let undone = mcp.ask("undo_write_operation", undo).await;
    assert_eq!(undone["status"], "done", "{undone}");
    let gear = mcp.ask("get_gear", json!({})).await;
    assert_eq!(gear["defaults"]["running"], "Daily trainers", "{gear}");
}

const GPX: &str = "<?xml version=\"1.0\"?><gpx version=\"1.1\"><trk><name>Ridge</name><trkseg>\
    <trkpt lat=\"45.00\" lon=\"4.00\"><ele>100</ele></trkpt>\
    <trkpt lat=\"45.01\" lon=\"4.00\"><ele>150</ele></trkpt>\
    <trkpt lat=\"45.02\" lon=\"4.01\"><ele>120</ele></trkpt></trkseg></trk></gpx>";

#[tokio::test]
async fn a_course_is_saved_from_a_file_and_goes_only_after_a_yes() {
    let mcp = Mcp::writing().await;
    let preview = json!({ "gpx_content": GPX, "dry_run": true });
    assert_eq!(mcp.ask("upload_course", preview).await["status"], "preview");
    let arguments =
        json!({ "gpx_content": GPX, "course_name": "Ridge run", "activity_type": "trail_running" });
    let saved = mcp.ask("upload_course", arguments).await;
    assert_eq!((&saved["status"], &saved["verified"]), (&json!("done"), &json!(true)), "{saved}");
    let id = &saved["course_id"];
    assert!(saved["url"].as_str().unwrap().ends_with(&format!("/course/{id}")));
    let course = mcp.ask("get_course_details", json!({ "course_id": id })).await;
    assert_eq!(
        (&course["name"], &course["activity"]),
        (&json!("Ridge run"), &json!("trail_running"))
    );
    assert_eq!(
        (&course["visibility"], &course["elevation_gain_m"]),
        (&json!("private"), &json!(50))
    );
    let asked = mcp.ask("delete_course", json!({ "course_id": id })).await;
    assert_eq!(asked["status"], "requires_confirmation", "{asked}");
    let gone = json!({ "course_id": id, "confirm": asked["confirm_token"] });
    let gone = mcp.ask("delete_course", gone).await;
    assert_eq!(
        (&gone["status"], &gone["verified"], &gone["undo"]),
        (&json!("done"), &json!(true), &json!(true)),
        "{gone}"
    );
    mcp.fail("get_course_details", json!({ "course_id": id })).await;
    for (arguments, field) in [
        (json!({}), "gpx_content"),
        (json!({ "gpx_content": "<gpx></gpx>" }), "gpx_content"),
        (json!({ "gpx_path": "/etc/passwd" }), "gpx_path"),
        (json!({ "gpx_content": GPX, "activity_type": "flying carpet" }), "activity_type"),
    ] {
        let (error, text) = mcp.fail("upload_course", arguments).await;
        assert_eq!(error["field"], field, "{text}");
    }
}

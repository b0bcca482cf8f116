//! The analysis of activities: against files, curves and lists of one simulated athlete.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::mcp::{LEGACY, Mcp};

/// The newest activity of a type.
async fn newest(mcp: &Mcp, kind: &str) -> Value {
    let query = json!({"activity_type": kind, "limit": 1});
    mcp.ask("get_activities", query).await["activities"][0].clone()
}

fn float(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn near(found: &Value, expected: &Value, within: f64) {
    assert!((float(found) - float(expected)).abs() <= within, "{found} is not {expected}");
}

/// What each old tool has always said at its top.
const OLD: [(&str, &[&str]); 2] = [
    (
        "get_activity_fit_data",
        &["session", "laps", "shift_summary", "shifts", "power_duration_curve", "activity_id"],
    ),
    (
        "get_power_duration_curve",
        &[
            "activities_analyzed",
            "activities_skipped",
            "ftp_estimate_w",
            "ftp_note",
            "season_bests",
        ],
    ),
];

#[tokio::test]
async fn old_keys_are_where_they_have_always_been() {
    let mcp = Mcp::start().await;
    let ride = newest(&mcp, "cycling").await;
    for (tool, keys) in OLD {
        let args = match tool {
            "get_activity_fit_data" => json!({"activity_id": ride["id"]}),
            _ => json!({"num_activities": 2}),
        };
        let answer = mcp.ask(tool, args).await;
        for key in keys {
            assert!(answer.get(*key).is_some(), "{tool}: {key}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_ride_is_told_from_its_file() {
    let mcp = Mcp::start().await;
    let ride = newest(&mcp, "cycling").await;
    let ask = json!({"activity_id": ride["id"].to_string(), "include_records": true});
    let found = mcp.ask("get_activity_fit_data", ask).await;
    let session = &found["session"];
    assert_eq!((&session["sport"], &session["sub_sport"]), (&json!("cycling"), &json!("road")));
    near(&session["total_distance_m"], &ride["distance_meters"], 1.0);
    near(&session["total_timer_time_s"], &ride["duration_seconds"], 1.0);
    near(&session["avg_power_w"], &ride["avg_power_watts"], 1.0);
    assert_eq!(session["start_time"], ride["start_time"]);
    assert_eq!(session["avg_left_power_pct"], 50.9);
    assert!(session.get("avg_cadence_rpm").is_some());
    assert!(float(&found["rider_weight_kg"]) > 40.0);
    assert!(float(&session["avg_w_per_kg"]) > 0.5);
    let shifts = &found["shift_summary"];
    let total = float(&shifts["total_shifts"]);
    near(
        &json!(float(&shifts["front_shifts"]) + float(&shifts["rear_shifts"])),
        &json!(total),
        0.1,
    );
    if total > 0.0 {
        assert!(found["shifts"][0]["gear_combo"].as_str().unwrap().ends_with('t'));
    }
    let curve = &found["power_duration_curve"];
    assert!(float(&curve["5s"]) >= float(&curve["20min"]), "{curve}");
    assert_eq!(found["developer_fields"][0]["name"], "core_temperature");
    let rows = found["records"]["rows"].as_array().unwrap();
    assert!(rows.len() > 20, "{}", rows.len());
    let part = json!({"activity_id": ride["id"], "sections": ["climbs"]});
    let part = mcp.ask("get_activity_fit_data", part).await;
    assert!(part.get("session").is_none() && part.get("shifts").is_none(), "{part}");
}

/// Drift is positive when the heart beats faster for the same output; the simulated heart does.
#[tokio::test]
async fn d14_heart_rate_drift_has_the_right_sign() {
    let mcp = Mcp::start().await;
    let rides = mcp.ask("get_activities", json!({"activity_type": "cycling", "limit": 8})).await;
    let long = rides["activities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| float(&it["duration_seconds"]) > 3_900.0)
        .unwrap();
    let found = mcp.ask("get_activity_fit_data", json!({"activity_id": long["id"]})).await;
    let drift = &found["hr_drift"];
    let first = float(&drift["first_half_power_hr_ratio"]);
    let second = float(&drift["second_half_power_hr_ratio"]);
    let pct = float(&drift["hr_drift_pct"]);
    assert!((pct - 100.0 * (first - second) / first).abs() < 0.2, "{drift}");
    assert!(drift["note"].as_str().unwrap().contains("Positive"));
}

/// The number asked for counts activities of the type asked for, and no others are read.
#[tokio::test]
async fn d13_the_power_curve_is_of_the_type_asked_for() {
    let mcp = Mcp::start().await;
    for kind in ["running", "cycling"] {
        let ask = json!({"num_activities": 3, "activity_type": kind});
        let curve = mcp.ask("get_power_duration_curve", ask).await;
        assert_eq!(curve["activities_analyzed"], 3, "{kind}: {curve}");
        let listed = json!({"activity_type": kind, "limit": 3});
        let listed = mcp.ask("get_activities", listed).await;
        let ids: Vec<&Value> =
            listed["activities"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        for (label, best) in curve["season_bests"].as_object().unwrap() {
            assert!(ids.contains(&&best["activity_id"]), "{kind} {label}: {best}");
            assert!(best["date"].as_str().unwrap().len() == 10 && float(&best["watts"]) > 0.0);
        }
    }
}

#[tokio::test]
async fn the_file_is_shown_message_by_message() {
    let mcp = Mcp::start().await;
    let ride = newest(&mcp, "cycling").await;
    let ask = |more: Value| {
        let mut args = json!({"activity_id": ride["id"]});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        mcp.ask("get_activity_fit_messages", args)
    };
    let all = ask(json!({})).await;
    assert!(float(&all["inventory"]["record"]) > 1_000.0, "{}", all["inventory"]);
    assert_eq!(all["inventory"]["unknown_325"], 1);
    let messages = all["messages"].as_array().unwrap();
    assert!(messages.iter().all(|message| message["type"] != "record"));
    let session = ask(json!({"message_types": ["session"]})).await;
    let fields = session["messages"][0]["fields"].as_array().unwrap();
    let sport = fields.iter().find(|field| field["name"] == "sport").unwrap();
    assert_eq!((&sport["value"], &sport["raw"]), (&json!("cycling"), &json!(2.0)));
    let page = json!({"message_types": ["record"], "message_offset": 100, "message_limit": 2});
    let page = ask(page).await;
    assert_eq!(page["messages"][0]["index"], 100);
    assert_eq!(page["pagination"]["next_offset"], 102);
    let fields = page["messages"][0]["fields"].as_array().unwrap();
    for name in ["unknown_136", "core_temperature", "enhanced_altitude"] {
        assert!(fields.iter().any(|field| field["name"] == name), "{name}: {fields:?}");
    }
    let none = ask(json!({"message_types": ["length"]})).await;
    assert!(none["warnings"][0].as_str().unwrap().contains("length"));
}

#[tokio::test]
async fn streams_are_thinned_honestly() {
    let mcp = Mcp::start().await;
    let run = newest(&mcp, "running").await;
    let id = &run["id"];
    let found = mcp.ask("get_activity_streams", json!({"activity_id": id})).await;
    let columns = ["t_s", "heart_rate_bpm", "speed_mps", "altitude_m"];
    assert_eq!(found["streams"]["columns"], json!(columns));
    let rows = found["streams"]["rows"].as_array().unwrap();
    assert!((50..=500).contains(&rows.len()), "{}", rows.len());
    assert_eq!(found["stats"]["heart_rate_bpm"]["max"], run["max_hr_bpm"]);
    near(&found["stats"]["heart_rate_bpm"]["avg"], &run["avg_hr_bpm"], 1.5);
    let step = float(&found["step_s"]);
    assert!((float(&rows[1][0]) - float(&rows[0][0]) - step).abs() < 0.1);
    let window = json!({"ride_id": id, "stream_types": ["distance", "hr"], "resolution": "1s",
                        "start_offset_s": 60, "end_offset_s": 120});
    let window = mcp.ask("get_activity_streams", window).await;
    let rows = window["streams"]["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0][0]), (60, &json!(60)));
    let imperial = json!({"activity_id": id, "units": "imperial"});
    let imperial = mcp.ask("get_activity_streams", imperial).await;
    assert_eq!(imperial["streams"]["columns"][2], "speed_mph");
    let (_, text) =
        mcp.fail("get_activity_streams", json!({"activity_id": id, "channels": ["mood"]})).await;
    assert!(text.contains("heart_rate"), "{text}");
    let strength = newest(&mcp, "strength_training").await;
    let ask = json!({"activity_id": strength["id"], "channels": ["speed"]});
    let none = mcp.ask("get_activity_streams", ask).await;
    assert_eq!((&none["status"], &none["reason"]), (&json!("no_data"), &json!("not_recorded")));
    let (error, _) = mcp.fail("get_activity_streams", json!({"activity_id": 1})).await;
    assert_eq!(error["code"], "not_found");
}

#[tokio::test]
async fn a_route_is_simple_and_as_long_as_it_was() {
    let mcp = Mcp::start().await;
    let run = newest(&mcp, "running").await;
    let found = mcp.ask("get_activity_route", json!({"activity_id": run["id"]})).await;
    assert!(found["polyline"].as_str().unwrap().len() > 10);
    near(&found["distance_m"], &run["distance_meters"], float(&run["distance_meters"]) * 0.02);
    let asked = json!({"activity_id": run["id"], "format": "geojson", "simplify_m": 5});
    let line = mcp.ask("get_activity_route", asked).await;
    assert_eq!(line["geojson"]["type"], "LineString");
    let strength = newest(&mcp, "strength_training").await;
    let none = mcp.ask("get_activity_route", json!({"activity_id": strength["id"]})).await;
    assert_eq!(none["status"], "no_data");
}

#[tokio::test]
async fn intervals_are_found_where_there_were_some() {
    let mcp = Mcp::start().await;
    let runs = mcp.ask("get_activities", json!({"activity_type": "running", "limit": 40})).await;
    let hard = runs["activities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"].as_str().unwrap().ends_with("Intervals"))
        .unwrap();
    let found = mcp.ask("detect_intervals", json!({"activity_id": hard["id"]})).await;
    let reps = found["reps"].as_array().unwrap();
    assert!((3..=8).contains(&reps.len()), "{found}");
    for rep in reps {
        near(&rep["duration_s"], &json!(180), 25.0);
    }
    assert_eq!(found["confidence"], "high", "{found}");
    let splits = mcp.ask("get_activity_splits", json!({"activity_id": hard["id"]})).await;
    let laps = splits["laps"].as_array().unwrap();
    let planned = laps.iter().filter(|lap| {
        lap["intensity_type"].as_str().is_some_and(|it| it.eq_ignore_ascii_case("interval"))
    });
    assert_eq!(planned.count(), reps.len());
}

#[tokio::test]
async fn zones_and_their_spread_add_up() {
    let mcp = Mcp::start().await;
    let run = newest(&mcp, "running").await;
    let id = &run["id"];
    let found = mcp.ask("get_time_in_zones", json!({"activity_id": id})).await;
    let total: f64 =
        found["zones"].as_array().unwrap().iter().map(|it| float(&it["seconds"])).sum();
    assert!(total <= float(&run["duration_seconds"]) + 5.0);
    let own = json!({"activity_id": id, "zones": [120, 150], "metric": "heart_rate"});
    let own = mcp.ask("get_time_in_zones", own).await;
    assert_eq!(own["zones"].as_array().unwrap().len(), 3);
    let pct: f64 = own["zones"].as_array().unwrap().iter().map(|it| float(&it["pct"])).sum();
    assert!((pct - 100.0).abs() < 0.5);
    let many = mcp.ask("get_time_in_zones", json!({"start_date": "28d"})).await;
    assert!(float(&many["activities"]) > 3.0, "{many}");
    let (_, text) = mcp.fail("get_time_in_zones", json!({"zones": [120]})).await;
    assert!(text.contains("activity_id"));
    let spread = mcp.ask("audit_intensity_distribution", json!({"days": 56})).await;
    let sum = ["low_pct", "mid_pct", "high_pct"].map(|key| float(&spread[key])).iter().sum::<f64>();
    assert!((sum - 100.0).abs() < 0.5, "{spread}");
    assert!(spread["weeks"].as_array().unwrap().len() > 3);
}

#[tokio::test]
async fn load_fitness_and_periods_agree() {
    let mcp = Mcp::start().await;
    let load = mcp.ask("analyze_training_load", json!({"project_days": 14})).await;
    let columns = json!(["date", "load", "ctl", "atl", "tsb", "acwr"]);
    assert_eq!(load["series"]["columns"], columns);
    let rows = load["series"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 90);
    let last = rows.last().unwrap();
    near(&load["current"]["ctl"], &last[2], 0.01);
    assert!((float(&last[2]) - float(&last[3]) - float(&last[4])).abs() < 0.2);
    assert_eq!(load["warm_start"]["cold_start"], false, "{}", load["warm_start"]);
    assert_eq!(load["projection"]["rows"].as_array().unwrap().len(), 14);
    assert!(float(&load["basis"]["power"]) > 3.0, "{}", load["basis"]);
    let period = mcp.ask("analyze_training_period", json!({"period": "90d"})).await;
    let listed: f64 = rows.iter().map(|row| float(&row[1])).sum();
    let summed = float(&period["totals"]["load"]);
    assert!((listed - summed).abs() < summed * 0.02 + 2.0, "{listed} {summed}");
    let weeks: f64 =
        period["by_week"].as_array().unwrap().iter().map(|it| float(&it["activities"])).sum();
    near(&json!(weeks), &period["totals"]["activities"], 0.1);
    assert!(period.get("change_pct").is_some() && period.get("longest").is_some());
    let year = mcp.ask("get_athlete_stats", json!({"period": "all"})).await;
    assert!(float(&year["totals"]["activities"]) > float(&period["totals"]["activities"]));
    let (_, text) = mcp.fail("analyze_training_period", json!({"period": "soon"})).await;
    assert!(text.contains("last_month"), "{text}");
}

#[tokio::test]
async fn efforts_thresholds_and_likenesses_come_from_real_activities() {
    let mcp = Mcp::start().await;
    let run = newest(&mcp, "running").await;
    let best = mcp.ask("get_best_efforts", json!({"activity_id": run["id"]})).await;
    let efforts = best["efforts"].as_array().unwrap();
    assert!(efforts.len() >= 3 && best["kind"] == "pace", "{best}");
    let speeds: Vec<f64> = efforts.iter().map(|it| float(&it["speed_mps"])).collect();
    assert!(speeds.windows(2).all(|pair| pair[0] >= pair[1] - 0.02), "{speeds:?}");
    let estimate = mcp.ask("estimate_thresholds", json!({"window_days": 90})).await;
    let (found, stored) = (float(&estimate["ftp_w"]), float(&estimate["stored"]["ftp_w"]));
    assert!((0.6 * stored..1.2 * stored).contains(&found), "{estimate}");
    assert!(estimate["methods"]["ftp"]["confidence"].is_string());
    let similar = mcp.ask("find_similar_activities", json!({"activity_id": run["id"]})).await;
    let matches = similar["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 5, "{similar}");
    assert!(matches.iter().all(|it| it["id"] != run["id"]));
    assert!(float(&matches[0]["score"]) >= float(&matches[4]["score"]));
    let ask = json!({"activity_id": run["id"], "by": "route"});
    mcp.ask("find_similar_activities", ask).await;
    let ids = json!([run["id"], matches[0]["id"]]);
    let both = json!({"activity_ids": ids, "align": "distance"});
    let both = mcp.ask("compare_activities", both).await;
    let rows = both["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["metric"] == "avg_hr_bpm"), "{both}");
    assert!(!both["aligned"].as_array().unwrap().is_empty());
    let one = json!({"ride_ids": [run["id"]]});
    assert!(mcp.fail("compare_activities", one).await.1.contains("2 to 5"));
}

#[tokio::test]
async fn files_are_resources() {
    let mcp = Mcp::start().await;
    let run = newest(&mcp, "running").await;
    for format in ["fit", "gpx", "tcx", "csv", "kml"] {
        let ask = json!({"activity_id": run["id"], "format": format});
        let found = mcp.ask("download_activity_file", ask).await;
        let uri = format!("garmin://activity/{}.{format}", run["id"]);
        assert_eq!(found["resource_uri"], json!(uri));
        assert_eq!(found["sha256"].as_str().unwrap().len(), 64);
        let read = mcp.request(LEGACY, "resources/read", json!({ "uri": uri })).await;
        let content = &read["result"]["contents"][0];
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(content["blob"].as_str().unwrap())
            .unwrap();
        assert_eq!(json!(bytes.len()), found["size_bytes"], "{format}");
        if format == "fit" {
            assert_eq!(&bytes[8..12], b".FIT");
        }
    }
    let ask = json!({"activity_id": run["id"], "output_dir": "/tmp"});
    assert!(mcp.fail("download_activity_file", ask).await.1.contains("resource_uri"));
    let strength = newest(&mcp, "strength_training").await;
    let ask = json!({"activity_id": strength["id"], "format": "gpx"});
    assert_eq!(mcp.ask("download_activity_file", ask).await["status"], "no_data");
}

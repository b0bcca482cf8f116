//! What the tools say about the simulated athlete.

use std::collections::HashSet;

use jiff::civil::Date;
use serde_json::{Value, json};
use simulator::{Effect, Fault, Host, Matcher};

use crate::garmin::EMAIL;
use crate::mcp::Mcp;

/// Tools about one day.
const DAILY: [&str; 11] = [
    "get_stats",
    "get_steps_data",
    "get_heart_rates",
    "get_hrv_data",
    "get_sleep_data",
    "get_sleep_summary",
    "get_stress_data",
    "get_body_battery",
    "get_spo2_data",
    "get_training_readiness",
    "get_activities_by_date",
];

/// A day that is over and was lived as usual.
fn ordinary_day(mcp: &Mcp) -> Date {
    let facts = mcp.garmin.season();
    let today: Date = facts.today.parse().unwrap();
    let within = |day: Date, first: &str, last: &str| {
        (first.parse::<Date>().unwrap()..=last.parse().unwrap()).contains(&day)
    };
    (3..60)
        .map(|back| today.saturating_sub(jiff::Span::new().days(back)))
        .find(|day| {
            let text = day.to_string();
            !facts.unworn_days.contains(&text)
                && !facts.unworn_nights.contains(&text)
                && !within(*day, &facts.illness_first_day, &facts.illness_last_day)
        })
        .unwrap()
}

#[tokio::test]
async fn an_ordinary_day_agrees_with_itself() {
    let mcp = Mcp::start().await;
    let day = json!({ "date": ordinary_day(&mcp).to_string() });
    let ask = |tool| mcp.ask(tool, day.clone());
    let stats = ask("get_stats").await;
    assert_eq!(stats["status"], "ok");
    let steps = ask("get_steps_data").await;
    assert_eq!(steps["total"], stats["total_steps"]);
    let heart = ask("get_heart_rates").await;
    assert_eq!(heart["stats"]["resting_heart_rate_bpm"], stats["resting_heart_rate_bpm"]);
    assert_eq!(heart["series"]["step_s"], 900);
    let sleep = ask("get_sleep_data").await;
    let summary = ask("get_sleep_summary").await;
    assert_eq!(sleep["sleep_seconds"], summary["sleep_seconds"]);
    assert_eq!(sleep["sleep_score"], summary["sleep_score"]);
    let stages = sleep["stages"]["rows"].as_array().unwrap();
    let minutes: i64 = stages
        .iter()
        .filter(|stage| stage[0] != "awake")
        .map(|stage| stage[2].as_i64().unwrap())
        .sum();
    let asleep = sleep["sleep_seconds"].as_i64().unwrap() / 60;
    assert!((minutes - asleep).abs() <= 15, "{minutes} of stages, {asleep} asleep");
    let hrv = ask("get_hrv_data").await;
    assert_eq!(hrv["last_night_avg_hrv_ms"], summary["avg_overnight_hrv"]);
    let readiness = ask("get_training_readiness").await;
    assert_eq!(readiness["entries"].as_array().unwrap().len(), 1);
    assert!((0..=100).contains(&readiness["entries"][0]["score"].as_i64().unwrap()));
    let battery = ask("get_body_battery").await;
    let highest = battery["days"][0]["highest"]["level"].as_i64().unwrap();
    let lowest = battery["days"][0]["lowest"]["level"].as_i64().unwrap();
    assert!(lowest < highest, "{battery}");
    let stress = ask("get_stress_data").await;
    assert_eq!(stress["avg_stress_level"], stats["avg_stress_level"]);
}

#[tokio::test]
async fn times_carry_the_offset_of_the_athletes_zone() {
    let mcp = Mcp::start().await;
    let day = ordinary_day(&mcp);
    let sleep = mcp.ask("get_sleep_data", json!({ "date": day.to_string() })).await;
    let end = sleep["sleep_end"].as_str().unwrap();
    assert!(end.starts_with(&day.to_string()), "{end}");
    let offset =
        day.at(12, 0, 0, 0).in_tz(&mcp.garmin.season().zone).unwrap().strftime("%:z").to_string();
    assert!(end.ends_with(&offset), "{end} in {offset}");
    let profile = mcp.ask("get_user_profile", json!({})).await;
    assert_eq!(profile["time_zone"], mcp.garmin.season().zone);
}

#[tokio::test]
async fn a_day_in_a_drawer_is_an_answer_with_a_reason() {
    let mcp = Mcp::start().await;
    let facts = mcp.garmin.season();
    let day = facts.unworn_days.first().unwrap();
    for tool in ["get_stats", "get_steps_data", "get_heart_rates", "get_stress_data"] {
        let answer = mcp.ask(tool, json!({ "date": day })).await;
        assert_eq!(answer["status"], "no_data", "{tool}: {answer}");
        assert_eq!(answer["reason"], "not_recorded", "{tool}");
        assert_eq!(answer["date"], day.as_str(), "{tool}");
    }
    let night = facts.unworn_nights.first().unwrap();
    for tool in ["get_sleep_data", "get_sleep_summary", "get_hrv_data"] {
        let answer = mcp.ask(tool, json!({ "date": night })).await;
        assert_eq!(answer["status"], "no_data", "{tool}: {answer}");
    }
}

#[tokio::test]
async fn a_day_before_the_watch_was_bought_has_no_data() {
    let mcp = Mcp::start().await;
    for tool in DAILY {
        let arguments = match tool {
            "get_activities_by_date" => {
                json!({ "start_date": "2001-02-03", "end_date": "2001-02-03" })
            }
            _ => json!({ "date": "2001-02-03" }),
        };
        let answer = mcp.ask(tool, arguments).await;
        assert_eq!(answer["status"], "no_data", "{tool}: {answer}");
    }
}

#[tokio::test]
async fn the_list_of_activities_pages_without_gap_or_repetition() {
    let mcp = Mcp::start().await;
    let whole = mcp.ask("get_activities", json!({ "limit": 30 })).await;
    let ids = |answer: &Value| -> Vec<i64> {
        let activities = answer["activities"].as_array().unwrap();
        activities.iter().map(|activity| activity["id"].as_i64().unwrap()).collect()
    };
    let mut paged = Vec::new();
    let mut start = json!(0);
    while paged.len() < 30 {
        let page = mcp.ask("get_activities", json!({ "limit": 10, "start": start })).await;
        assert_eq!(page["has_more"], true);
        paged.extend(ids(&page));
        start = page["next_start"].clone();
    }
    assert_eq!(paged, ids(&whole));
    let starts: Vec<&str> = whole["activities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|activity| activity["start_time"].as_str().unwrap())
        .collect();
    assert!(starts.is_sorted_by(|a, b| a[..19] >= b[..19]), "{starts:?}");
}

#[tokio::test]
async fn one_activity_is_the_same_in_every_tool() {
    let mcp = Mcp::start().await;
    let list = mcp.ask("get_activities", json!({ "activity_type": "running" })).await;
    let item = &list["activities"][0];
    assert_eq!(item["type"], "running");
    let id = &item["id"];
    let activity = mcp.ask("get_activity", json!({ "activity_id": id.to_string() })).await;
    for key in ["id", "name", "distance_meters", "avg_hr_bpm", "moving_duration_seconds"] {
        assert_eq!(activity[key], item[key], "{key}");
    }
    assert_eq!(activity["start_time_local"], item["start_time"]);
    let include = json!(["laps", "zones", "gear", "series"]);
    let details =
        mcp.ask("get_activity_details", json!({ "activity_id": id, "include": include })).await;
    assert_eq!(details["activity"]["distance_meters"], activity["distance_meters"]);
    let laps = details["laps"]["items"].as_array().unwrap();
    let metres: i64 = laps.iter().map(|lap| lap["distance_m"].as_i64().unwrap()).sum();
    let distance = activity["distance_meters"].as_i64().unwrap();
    assert!((metres - distance).abs() <= 20, "{metres} in laps, {distance} in all");
    assert_eq!(details["hr_zones"]["items"].as_array().unwrap().len(), 5);
    let series = &details["series"];
    let points = series["t_s"].as_array().unwrap().len();
    assert!((10..=60).contains(&points), "{points}");
    assert_eq!(series["hr_bpm"].as_array().unwrap().len(), points);
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_names_the_argument() {
    let mcp = Mcp::start().await;
    let cases = [
        ("get_sleep", json!({ "date": "2026-02-30" }), "date", "no such day"),
        ("get_sleep", json!({ "date": "last night" }), "date", "YYYY-MM-DD"),
        ("get_sleep", json!({ "date": "2999-01-01" }), "date", "in the future"),
        ("get_sleep", json!({ "day": "today" }), "day", "unknown field"),
        ("get_devices", json!({ "detail": "all" }), "detail", "standard"),
        ("get_full_name", json!({ "x": 1 }), "x", "unknown field"),
        ("get_activity", json!({ "activity_id": 0 }), "activity_id", "positive"),
        ("get_activity", json!({ "activity_id": "newest" }), "activity_id", "get_activities"),
        ("get_activities", json!({ "limit": 500 }), "limit", "1 to 100"),
        (
            "get_activities",
            json!({ "activity_type": "base jumping" }),
            "activity_type",
            "jump_rope",
        ),
        ("get_activities", json!({ "end_date": "today" }), "end_date", "start_date"),
        (
            "get_activities_by_date",
            json!({ "start_date": "today", "end_date": "yesterday" }),
            "end_date",
            "before",
        ),
        ("get_activities_by_date", json!({ "start_date": "2001-01-01" }), "start_date", "366"),
        (
            "get_body_battery",
            json!({ "start_date": "2020-01-01", "end_date": "2020-03-01" }),
            "start_date",
            "31",
        ),
    ];
    for (tool, arguments, field, part) in cases {
        let (error, text) = mcp.fail(tool, arguments.clone()).await;
        assert_eq!(error["code"], "invalid_argument", "{tool} {arguments}: {text}");
        assert_eq!(error["field"], field, "{tool} {arguments}: {text}");
        assert!(text.contains(part), "{tool} {arguments}: {text}");
    }
    for tool in ["get_activity", "get_activity_details"] {
        let (error, text) = mcp.fail(tool, json!({ "activity_id": 42 })).await;
        assert_eq!(error["code"], "not_found", "{text}");
        assert_eq!(error["field"], "activity_id");
    }
    for (tool, arguments) in
        [("get_activity", json!({})), ("get_activity_details", json!({ "include": ["laps"] }))]
    {
        let (error, text) = mcp.fail(tool, arguments).await;
        assert_eq!(error["code"], "invalid_argument", "{text}");
        assert_eq!(error["field"], "activity_id", "{text}");
    }
}

#[tokio::test]
async fn gear_and_devices_are_listed_in_a_fixed_order() {
    let mcp = Mcp::start().await;
    let devices = mcp.ask("get_devices", json!({})).await;
    assert_eq!(devices["devices"][0]["is_primary"], true, "{devices}");
    assert!(devices["devices"][0].get("serial_number").is_none());
    let full = mcp.ask("get_devices", json!({ "detail": "full" })).await;
    assert!(full["devices"][0]["serial_number"].is_string(), "{full}");
    let gear = mcp.ask("get_gear", json!({})).await;
    let count = gear["gear"].as_array().unwrap().len();
    assert_eq!(gear["gear_count"], count);
    assert!(count > 0);
    assert!(gear["gear"][0]["stats"]["total_distance_km"].as_f64().unwrap() > 0.0, "{gear}");
    assert_eq!(mcp.ask("get_gear", json!({})).await, gear);
}

#[tokio::test]
async fn eight_calls_of_one_account_reach_garmin_together_over_connections_that_are_kept() {
    let mcp = Mcp::start().await;
    let day = ordinary_day(&mcp);
    // Whoever asks first asks who it is as well.
    mcp.ask("get_steps", json!({ "date": day.to_string() })).await;
    let control = mcp.garmin.simulator.control();
    let api = Matcher::host(Host::Api);
    let slow = control.add_fault(Fault::always(api, Effect::Delay { millis: 1_500 }));
    let earlier =
        |back: i32| json!({ "date": day.saturating_sub(jiff::Span::new().days(back)).to_string() });
    let calls = (1..=8).map(|back| mcp.ask("get_steps", earlier(back)));
    futures_util::future::join_all(calls).await;
    assert_eq!(control.counters(EMAIL).unwrap().api_at_once, 8);
    control.remove_fault(slow);

    let connections = || {
        let requests = control.requests().into_iter().filter(|request| request.host == Host::Api);
        requests.map(|request| request.connection).collect::<HashSet<_>>()
    };
    let before = connections();
    for back in 9..=24 {
        mcp.ask("get_steps", earlier(back)).await;
    }
    assert_eq!(connections(), before, "a connection was opened for a call");
}

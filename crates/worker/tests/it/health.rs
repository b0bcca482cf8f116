//! The body, day by day and over time.

use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use simulator::{Effect, Fault, Host, Matcher};

use crate::garmin::EMAIL;
use crate::mcp::{LEGACY, Mcp, message};

const SIX: [&str; 6] = ["steps", "resting_hr", "hrv", "sleep_hours", "stress", "body_battery_high"];

/// Questions about data; who somebody is is not one.
fn questions(mcp: &Mcp) -> usize {
    let requests = mcp.garmin.simulator.control().requests().into_iter();
    let data = requests.filter(|request| {
        request.host == Host::Api && !request.path.starts_with("/userprofile-service")
    });
    data.count()
}

async fn counted(mcp: &Mcp, tool: &str, arguments: Value) -> (Value, usize) {
    mcp.garmin.simulator.control().clear_requests();
    let answer = mcp.ask(tool, arguments).await;
    (answer, questions(mcp))
}

fn column(answer: &Value, name: &str) -> usize {
    answer["columns"].as_array().unwrap().iter().position(|it| it == name).unwrap()
}

#[tokio::test]
async fn six_figures_over_a_year_are_one_call_of_bounded_cost() {
    let mcp = Mcp::start().await;
    let arguments = json!({ "metrics": SIX, "start_date": "365d" });
    let (trend, asked) = counted(&mcp, "get_health_trend", arguments).await;
    assert_eq!(asked, 58, "{trend}");
    assert_eq!(trend["upstream_requests"], 58);
    let counters = mcp.garmin.simulator.control().counters(EMAIL).unwrap();
    assert!(counters.api_at_once <= 4, "{counters:?}");
    assert_eq!((&trend["status"], &trend["interval"]), (&json!("ok"), &json!("week")));
    assert_eq!(trend["coverage"]["days_requested"], 365);
    let with_data = &trend["coverage"]["days_with_data"];
    for name in SIX {
        assert!(with_data[name].as_u64().unwrap() > 280, "{name}: {with_data}");
    }
    assert!((50..=54).contains(&trend["rows"].as_array().unwrap().len()));
    assert!(trend.get("truncated").is_none());
    let statistics: Vec<&Value> =
        trend["stats"]["rows"].as_array().unwrap().iter().map(|row| &row[0]).collect();
    for name in ["average", "min", "max", "slope_per_week", "baseline"] {
        assert!(statistics.contains(&&json!(name)), "{name}");
    }
}

#[tokio::test]
async fn a_trend_says_of_a_day_what_the_day_says_of_itself() {
    let mcp = Mcp::start().await;
    let metrics = json!([
        "steps",
        "calories_total",
        "calories_active",
        "floors",
        "resting_hr",
        "hr_max",
        "stress",
        "body_battery_low",
        "sleep_score",
        "intensity_minutes",
        "acute_load",
        "readiness",
    ]);
    let arguments = json!({ "metrics": metrics, "start_date": "-9d", "end_date": "-3d" });
    let trend = mcp.ask("get_health_trend", arguments).await;
    assert_eq!(trend["interval"], "day");
    let mut compared = 0;
    for row in trend["rows"].as_array().unwrap() {
        let day = json!({ "date": row[0] });
        let stats = mcp.ask("get_stats", day.clone()).await;
        if stats["status"] != "ok" {
            continue;
        }
        for (name, key) in [
            ("steps", "total_steps"),
            ("calories_total_kcal", "total_calories"),
            ("calories_active_kcal", "active_calories"),
            ("resting_hr_bpm", "resting_heart_rate_bpm"),
            ("hr_max_bpm", "max_heart_rate_bpm"),
            ("stress", "avg_stress_level"),
            ("body_battery_low", "body_battery_lowest"),
            ("intensity_minutes", "credited_intensity_minutes"),
        ] {
            let value = &row[column(&trend, name)];
            if !value.is_null() && stats.get(key).is_some() {
                assert_eq!(value, &stats[key], "{name} of {}", row[0]);
                compared += 1;
            }
        }
        let sleep = mcp.ask("get_sleep_summary", day).await;
        if sleep["status"] == "ok" {
            assert_eq!(row[column(&trend, "sleep_score")], sleep["sleep_score"], "{}", row[0]);
        }
    }
    assert!(compared > 30, "{compared}");
}

#[tokio::test]
async fn what_garmin_refuses_is_a_warning_beside_the_rest() {
    let mcp = Mcp::start().await;
    let control = mcp.garmin.simulator.control();
    let stress = Matcher::host(Host::Api).path("/usersummary-service/stats/stress");
    let refusal = Effect::Status { status: 403, retry_after_secs: None };
    control.add_fault(Fault::always(stress, refusal.clone()));
    let arguments = json!({ "metrics": ["stress", "resting_hr"], "start_date": "365d" });
    let (trend, asked) = counted(&mcp, "get_health_trend", arguments.clone()).await;
    assert_eq!(trend["coverage"]["days_with_data"]["stress"], 0);
    assert!(trend["coverage"]["days_with_data"]["resting_hr"].as_u64().unwrap() > 280);
    assert!(trend["warnings"][0].as_str().unwrap().starts_with("stress: no_permission"), "{trend}");
    // What is refused for one window is not asked for another, but for those under way.
    assert!(asked <= 1 + 4, "{asked}");
    control.add_fault(Fault::always(Matcher::host(Host::Api).path("/userstats-service"), refusal));
    let (error, _) = mcp.fail("get_health_trend", arguments).await;
    assert_eq!(error["code"], "no_permission");
}

#[tokio::test]
async fn progress_is_told_to_whoever_asks_and_to_nobody_else() {
    let mcp = Mcp::start().await;
    let arguments = json!({ "metrics": SIX, "start_date": "100d" });
    let mut params = json!({ "name": "get_health_trend", "arguments": arguments });
    let quiet = mcp.post(LEGACY, &message(LEGACY, "tools/call", params.clone())).await;
    assert_eq!(quiet.headers()[CONTENT_TYPE], "application/json");
    params["_meta"] = json!({ "progressToken": "how-far" });
    let told = mcp.post(LEGACY, &message(LEGACY, "tools/call", params)).await;
    assert!(told.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/event-stream"));
    let text = String::from_utf8(told.body().to_vec()).unwrap();
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .filter_map(|data| serde_json::from_str(data.trim()).ok())
        .collect();
    let (last, notes) = events.split_last().unwrap();
    assert_eq!(last["result"]["structuredContent"]["status"], "ok", "{last}");
    assert!((3..=20).contains(&notes.len()), "{}", notes.len());
    let done: Vec<f64> = notes
        .iter()
        .map(|note| {
            assert_eq!(note["method"], "notifications/progress");
            assert_eq!(note["params"]["progressToken"], "how-far");
            assert_eq!(note["params"]["total"], 18.0);
            note["params"]["progress"].as_f64().unwrap()
        })
        .collect();
    assert!(done.is_sorted() && done.last() == Some(&18.0), "{done:?}");
}

#[tokio::test]
async fn a_call_nobody_waits_for_is_given_up() {
    let mcp = Mcp::start().await;
    mcp.ask("get_full_name", json!({})).await;
    let control = mcp.garmin.simulator.control();
    let slow = Effect::Delay { millis: 300 };
    control.add_fault(Fault::always(Matcher::host(Host::Api).path("/usersummary-service"), slow));
    control.clear_requests();
    let params = json!({
        "name": "get_health_trend",
        "arguments": { "metrics": ["steps", "stress", "floors"], "start_date": "365d" },
    });
    let call = message(LEGACY, "tools/call", params);
    let patience = std::time::Duration::from_millis(700);
    assert!(tokio::time::timeout(patience, mcp.post(LEGACY, &call)).await.is_err());
    // What was under way when the client went may still have been asked.
    let mut asked = questions(&mcp);
    loop {
        tokio::time::sleep(patience).await;
        let now = questions(&mcp);
        if now == asked {
            break;
        }
        asked = now;
    }
    assert!(asked < 42, "{asked}");
}

#[tokio::test]
async fn a_briefing_costs_at_most_eight_questions() {
    let mcp = Mcp::start().await;
    let (briefing, asked) = counted(&mcp, "get_briefing", json!({})).await;
    assert!((6..=8).contains(&asked), "{asked}");
    assert_eq!(briefing["upstream_requests"], asked);
    for section in ["hrv", "sleep", "readiness", "load", "stress", "body_battery", "activities"] {
        assert!(
            ["ok", "stale"].contains(&briefing[section]["status"].as_str().unwrap()),
            "{briefing}"
        );
    }
    assert!(briefing["hrv"]["change_28d_ms"].is_number(), "{briefing}");
    let (one, asked) = counted(&mcp, "get_briefing", json!({ "sections": "hrv" })).await;
    assert!(asked <= 1 && one.get("sleep").is_none(), "{asked}: {one}");
}

#[tokio::test]
async fn usual_figures_unusual_days_and_what_goes_together() {
    let mcp = Mcp::start().await;
    let (usual, asked) = counted(&mcp, "get_health_baselines", json!({})).await;
    assert!(asked <= 8, "{asked}");
    assert_eq!(usual["baselines"]["columns"][0], "metric");
    assert!(usual["baselines"]["rows"].as_array().unwrap().len() >= 6, "{usual}");
    // An illness shows in the heart.
    let facts = mcp.garmin.season();
    let ill: jiff::civil::Date = facts.illness_first_day.parse().unwrap();
    let today: jiff::civil::Date = facts.today.parse().unwrap();
    let since = i64::from(ill.until(today).unwrap().get_days()) + 1;
    if (1..=180).contains(&since) {
        let arguments = json!({ "days": since, "metrics": ["resting_hr", "hrv"] });
        let unusual = mcp.ask("get_wellness_anomalies", arguments).await;
        let found = unusual["anomalies"].as_array().unwrap();
        let during = found.iter().any(|it| {
            let date = it["date"].as_str().unwrap();
            date >= facts.illness_first_day.as_str() && date <= facts.illness_last_day.as_str()
        });
        assert!(during, "{unusual}");
    }
    let arguments = json!({ "x": "resting_hr", "y": "hrv", "days": 180 });
    let both = mcp.ask("correlate_metrics", arguments).await;
    assert!(both["coefficient"].as_f64().unwrap() < -0.2, "{both}");
    assert!(both["n"].as_u64().unwrap() > 120);
    assert!(both["ci95_low"].as_f64() < both["ci95_high"].as_f64());
    let (error, _) = mcp.fail("correlate_metrics", json!({ "x": "hrv", "y": "hrv" })).await;
    assert_eq!(error["field"], "y");
}

#[tokio::test]
async fn a_question_about_many_days_is_refused_in_words() {
    let mcp = Mcp::start().await;
    for (arguments, field, word) in [
        (json!({}), "metrics", "required"),
        (json!({ "metrics": [] }), "metrics", "resting_hr"),
        (json!({ "metrics": ["mood"] }), "metrics", "sleep_score"),
        (json!({ "metrics": "steps", "start_date": "5y" }), "start_date", "1100"),
        (json!({ "metrics": "steps", "start_date": "2030-01-01" }), "start_date", "future"),
        (json!({ "metrics": "steps", "interval": "hour" }), "interval", "week"),
    ] {
        let (error, text) = mcp.fail("get_health_trend", arguments).await;
        assert_eq!(error["code"], "invalid_argument", "{text}");
        assert_eq!(error["field"], field, "{text}");
        assert!(text.contains(word), "{text}");
    }
    let all = json!({
        "metrics": "steps,floors,hr_max,stress,body_battery_high,sleep_score,readiness",
        "start_date": "3y",
    });
    let (error, text) = mcp.fail("get_health_trend", all).await;
    assert_eq!(error["field"], "metrics", "{text}");
}

/// Each with a question it can answer at once, and the most questions to Garmin.
#[tokio::test]
async fn no_reading_of_the_body_costs_more_than_eight_questions() {
    let mcp = Mcp::start().await;
    let tools = mcp.tools().await;
    mcp.ask("get_stats", json!({})).await;
    let mut costs = Vec::new();
    for (tool, arguments) in [
        ("get_stats", json!({ "date": "-20d" })),
        ("get_stats_range", json!({ "start_date": "112d" })),
        ("get_stats_and_body", json!({ "date": "-20d" })),
        ("get_body_composition", json!({ "start_date": "365d" })),
        ("get_steps_data", json!({ "date": "-20d", "bucket_min": 15 })),
        ("get_daily_steps", json!({ "start_date": "224d" })),
        ("get_weekly_steps", json!({ "weeks": 52 })),
        ("get_weekly_stress", json!({})),
        ("get_weekly_intensity_minutes", json!({ "weeks": "8" })),
        ("get_intensity_minutes_data", json!({ "date": "-20d" })),
        ("get_floors", json!({ "date": "-20d" })),
        ("get_heart_rates", json!({ "date": "-20d", "resolution": "1h" })),
        ("get_heart_rates_summary", json!({ "date": "-20d" })),
        ("get_rhr_day", json!({ "date": "-20d" })),
        ("get_sleep_data", json!({ "date": "-20d", "include": ["heart_rate", "hrv"] })),
        ("get_sleep_summary", json!({ "date": "-20d" })),
        ("get_sleep_summary_range", json!({ "start_date": "224d" })),
        ("get_all_day_stress", json!({ "date": "-20d" })),
        ("get_stress_summary", json!({ "date": "-20d" })),
        ("get_body_battery", json!({ "start_date": "-20d" })),
        ("get_body_battery_events", json!({ "date": "-20d" })),
        ("get_respiration_data", json!({ "date": "-20d" })),
        ("get_respiration_summary", json!({ "date": "-20d" })),
        ("get_spo2_data", json!({ "date": "-20d" })),
        ("get_blood_pressure", json!({ "start_date": "365d" })),
        ("get_hydration_data", json!({ "date": "-20d" })),
        ("get_all_day_events", json!({ "date": "-20d" })),
        ("get_training_readiness", json!({ "date": "-20d", "which": "all" })),
        ("get_morning_training_readiness", json!({ "date": "-20d" })),
        ("get_health_snapshot", json!({ "date": "-20d" })),
        ("get_energy_balance", json!({ "start_date": "140d" })),
        ("get_menstrual_data_for_date", json!({})),
        ("get_menstrual_calendar_data", json!({ "start_date": "360d" })),
        ("get_pregnancy_summary", json!({})),
    ] {
        assert!(tools.iter().any(|it| it["name"] == tool), "{tool}");
        let (answer, asked) = counted(&mcp, tool, arguments).await;
        assert!(
            ["ok", "no_data"].contains(&answer["status"].as_str().unwrap()),
            "{tool}: {answer}"
        );
        costs.push((tool, asked));
    }
    let dear: Vec<_> = costs.iter().filter(|(_, asked)| *asked > 8).collect();
    assert!(dear.is_empty(), "{dear:?}");
}

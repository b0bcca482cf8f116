//! What the tools of training say about the simulated athlete.

use serde_json::{Value, json};

use crate::garmin::EMAIL;
use crate::mcp::Mcp;

/// A day on which the watch was worn and the night before slept with it.
fn lived(mcp: &Mcp) -> String {
    let facts = mcp.garmin.season();
    let today: jiff::civil::Date = facts.today.parse().unwrap();
    let days = (2..30).map(|back| today.saturating_sub(jiff::Span::new().days(back)).to_string());
    let mut worn =
        days.filter(|day| !facts.unworn_days.contains(day) && !facts.unworn_nights.contains(day));
    worn.next().unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The cell of a table.
fn cell<'a>(table: &'a Value, row: usize, column: &str) -> &'a Value {
    let columns = table["columns"].as_array().unwrap();
    let at = columns.iter().position(|name| name == column);
    &table["rows"][row][at.unwrap_or_else(|| panic!("no {column} in {columns:?}"))]
}

fn rows(table: &Value) -> usize {
    table["rows"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_keys_that_prompts_were_written_for_are_there() {
    let mcp = Mcp::start().await;
    let day = lived(&mcp);
    let month = json!({ "start_date": "28d" });
    let runs = mcp.ask("get_activities", json!({ "activity_type": "running" })).await;
    let run = json!({ "activity_id": runs["activities"][0]["id"] });
    let cases = [
        (
            "get_progress_summary_between_dates",
            json!({ "start_date": "28d", "metric": "distance" }),
            "metric start_date end_date date count_of_activities stats_by_activity_type",
        ),
        (
            "get_hill_score",
            month.clone(),
            "start_date end_date period_avg_score max_score latest_date latest_overall_score \
             latest_strength_score latest_endurance_score latest_classification_id daily_scores",
        ),
        (
            "get_endurance_score",
            month.clone(),
            "start_date end_date period_avg_score period_max_score current_score current_date \
             classification classification_id thresholds contributors weekly_breakdown",
        ),
        (
            "get_training_effect",
            run,
            "activity_id training_effect aerobic_effect anaerobic_effect training_effect_label \
             training_load",
        ),
        (
            "get_hrv_data",
            json!({ "date": day, "return_timeseries": true }),
            "date last_night_avg_hrv_ms last_night_5min_high_hrv_ms weekly_avg_hrv_ms \
             baseline_balanced_low_ms baseline_balanced_upper_ms baseline_low_upper_ms status \
             feedback sleep_start sleep_end hrv_readings readings_count",
        ),
        (
            "get_hrv_trend",
            month.clone(),
            "start_date end_date days_with_data period_avg_hrv_ms trend",
        ),
        (
            "get_fitnessage_data",
            json!({ "date": day, "details": true }),
            "date fitness_age_years chronological_age_years age_difference_years \
             achievable_fitness_age_years previous_fitness_age_years last_updated components",
        ),
        (
            "get_training_status",
            json!({ "date": day }),
            "date training_status training_status_feedback sport fitness_trend acute_load \
             chronic_load load_ratio acwr_status acwr_percent optimal_chronic_load_min \
             optimal_chronic_load_max vo2_max vo2_max_precise cycling_vo2_max \
             cycling_vo2_max_precise monthly_load_aerobic_low monthly_load_aerobic_high \
             monthly_load_anaerobic training_balance_feedback",
        ),
        ("get_training_load_trend", month.clone(), "start_date end_date days_with_data trend"),
        (
            "get_vo2max_trend",
            month.clone(),
            "start_date end_date data_points first_vo2_max latest_vo2_max change trend",
        ),
        (
            "get_respiration_trend",
            month.clone(),
            "start_date end_date days_with_data period_avg_sleep_breaths_per_min trend",
        ),
        (
            "get_cycling_ftp",
            json!({}),
            "sport functional_threshold_power_watts calendar_date is_stale biometric_source_type",
        ),
        (
            "get_lactate_threshold",
            json!({}),
            "lactate_threshold_speed_mps lactate_threshold_heart_rate_bpm speed_hr_date \
             functional_threshold_power_watts weight_kg power_to_weight sport power_date is_stale",
        ),
        (
            "get_lactate_threshold",
            json!({ "start_date": "360d" }),
            "start_date end_date speed_history heart_rate_history power_history",
        ),
        (
            "get_training_load_balance",
            json!({ "date": day }),
            "date feedback aerobic_low aerobic_high anaerobic",
        ),
    ];
    for (tool, arguments, expected) in cases {
        let answer = mcp.ask(tool, arguments).await;
        let found = keys(&answer);
        for key in expected.split_whitespace() {
            assert!(found.contains(&key), "{tool} has no {key}: {answer}");
        }
    }
}

#[tokio::test]
async fn d22_a_trend_is_a_question_or_two_and_not_one_a_day() {
    let mcp = Mcp::start().await;
    mcp.ask("get_hrv_trend", json!({ "start_date": "2d" })).await;
    let control = mcp.garmin.simulator.control();
    for (tool, most) in [
        ("get_training_load_trend", 3),
        ("get_hrv_trend", 1),
        ("get_vo2max_trend", 1),
        ("get_respiration_trend", 3),
    ] {
        let before = control.counters(EMAIL).unwrap().api_calls;
        let answer = mcp.ask(tool, json!({ "start_date": "90d" })).await;
        let asked = control.counters(EMAIL).unwrap().api_calls - before;
        assert!(asked <= most, "{tool} asked {asked} times");
        assert!(rows(&answer["trend"]) >= 5, "{tool}: {answer}");
    }
    let year = mcp.ask("get_hrv_trend", json!({ "start_date": "365d" })).await;
    assert_eq!(year["coverage"]["days_requested"], 365);
    assert!(year["days_with_data"].as_u64().unwrap() > 300, "{}", year["days_with_data"]);
}

#[tokio::test]
async fn a_day_is_the_same_in_the_trend_and_by_itself() {
    let mcp = Mcp::start().await;
    let day = lived(&mcp);
    let one = json!({ "date": day });
    let range = json!({ "start_date": day, "end_date": day });
    let status = mcp.ask("get_training_status", one.clone()).await;
    let trend = mcp.ask("get_training_load_trend", range.clone()).await;
    assert_eq!(trend["basis"], "garmin");
    let cell_of = |column: &str| cell(&trend["trend"], 0, column).clone();
    assert_eq!(cell_of("atl"), status["acute_load"]);
    assert_eq!(cell_of("ctl"), status["chronic_load"]);
    assert_eq!(cell_of("training_status"), status["training_status_label"]);
    let balance = mcp.ask("get_training_load_balance", one.clone()).await;
    assert_eq!(balance["anaerobic"]["load"], status["monthly_load_anaerobic"]);
    let night = mcp.ask("get_hrv_data", one.clone()).await;
    let nights = mcp.ask("get_hrv_trend", range.clone()).await;
    let average = cell(&nights["trend"], 0, "last_night_avg_hrv_ms");
    assert_eq!(*average, night["last_night_avg_hrv_ms"]);
    assert!(night.get("hrv_readings").is_none());
    let hill = mcp.ask("get_hill_score", one.clone()).await;
    assert_eq!(hill["latest_overall_score"].as_f64(), hill["max_score"].as_f64());
    let best = mcp.ask("get_max_metrics", one).await;
    assert!(best["running"]["vo2_max"].is_number(), "{best}");
}

#[tokio::test]
async fn thresholds_agree_with_their_history() {
    let mcp = Mcp::start().await;
    let latest = mcp.ask("get_lactate_threshold", json!({})).await;
    let speed = latest["lactate_threshold_speed_mps"].as_f64().unwrap();
    assert!((2.0..6.0).contains(&speed), "{speed}");
    let history = mcp.ask("get_lactate_threshold", json!({ "start_date": "200d" })).await;
    let last = rows(&history["speed_history"]) - 1;
    assert_eq!(cell(&history["speed_history"], last, "speed_mps"), speed);
    let heart = cell(&history["heart_rate_history"], last, "heart_rate_bpm");
    assert_eq!(*heart, latest["lactate_threshold_heart_rate_bpm"]);
    let ftp = mcp.ask("get_cycling_ftp", json!({})).await;
    let watts = ftp["functional_threshold_power_watts"].as_f64().unwrap();
    let per_kilogram = watts / ftp["weight_kg"].as_f64().unwrap();
    assert!((ftp["w_per_kg"].as_f64().unwrap() - per_kilogram).abs() < 0.01);
    let history = mcp.ask("get_ftp_history", json!({ "start_date": "200d" })).await;
    assert_eq!(history["latest_watts"], ftp["functional_threshold_power_watts"]);
}

#[tokio::test]
async fn sums_over_activities_are_those_of_the_list() {
    let mcp = Mcp::start().await;
    let range = json!({ "start_date": "28d" });
    let sums = mcp.ask("get_progress_summary_between_dates", range).await;
    assert_eq!(sums["unit"], "m");
    let list = mcp.ask("get_activities", json!({ "activity_type": "running", "limit": 40 })).await;
    let first = sums["start_date"].as_str().unwrap();
    let runs = list["activities"].as_array().unwrap().iter();
    let metres: f64 = runs
        .filter(|run| &run["start_time"].as_str().unwrap()[..10] >= first)
        .map(|run| run["distance_meters"].as_f64().unwrap())
        .sum();
    let sum = sums["stats_by_activity_type"]["running"]["sum"].as_f64().unwrap();
    assert!((sum - metres).abs() < 40.0, "{sum} {metres}");
    let time = json!({ "start_date": "28d", "metric": "duration" });
    let time = mcp.ask("get_progress_summary_between_dates", time).await;
    let hours = time["stats_by_activity_type"]["running"]["sum"].as_f64().unwrap() / 3_600.0;
    assert!((2.0..60.0).contains(&hours), "{hours}");
}

#[tokio::test]
async fn what_only_this_server_tells() {
    let mcp = Mcp::start().await;
    let left = mcp.ask("get_recovery_time_remaining", json!({})).await;
    if left["status"] == "ok" {
        let (now, then) = (&left["hours_remaining"], &left["recovery_time_hours"]);
        assert!(now.as_f64().unwrap() <= then.as_f64().unwrap(), "{left}");
    }
    let weekly = mcp.ask("get_running_tolerance", json!({})).await;
    assert!(rows(&weekly["entries"]) > 8, "{weekly}");
    assert!(cell(&weekly["entries"], 3, "tolerance_km").as_f64().unwrap() > 4.0);
    let daily = json!({ "start_date": "14d", "aggregation": "daily" });
    let daily = mcp.ask("get_running_tolerance", daily).await;
    assert_eq!(daily["entries"]["columns"][0], "date");
    let races = mcp.ask("get_race_prediction_history", json!({})).await;
    let seconds = cell(&races["predictions"], 0, "time_10k_s").as_i64().unwrap();
    assert!((1_800..5_000).contains(&seconds), "{seconds}");
    let months = json!({ "start_date": "300d", "interval": "monthly" });
    let months = mcp.ask("get_race_prediction_history", months).await;
    assert!((9..=12).contains(&rows(&months["predictions"])), "{months}");
    let state = mcp.ask("get_acclimation", json!({ "date": lived(&mcp) })).await;
    assert!(state["heat_acclimation_percent"].is_i64(), "{state}");

    let plans = mcp.ask("get_garmin_training_plans", json!({})).await;
    assert_eq!(plans["count"], 2);
    for plan in plans["plans"].as_array().unwrap() {
        let id = plan["plan_id"].to_string();
        let whole = mcp.ask("get_garmin_training_plan", json!({ "plan_id": id })).await;
        assert_eq!(whole["name"], plan["name"]);
        let adaptive = plan["category"] == "fbt_adaptive";
        assert_eq!(whole["workouts"].as_array().unwrap().is_empty(), !adaptive, "{whole}");
    }
    let (error, _) = mcp.fail("get_garmin_training_plan", json!({ "plan_id": 4 })).await;
    assert_eq!((&error["code"], &error["field"]), (&json!("not_found"), &json!("plan_id")));
}

#[tokio::test]
async fn nothing_is_an_answer_and_a_wrong_argument_is_named() {
    let mcp = Mcp::start().await;
    let before = json!({ "start_date": "2003-02-01", "end_date": "2003-02-10" });
    for tool in [
        "get_training_load_trend",
        "get_hrv_trend",
        "get_vo2max_trend",
        "get_respiration_trend",
        "get_hill_score",
        "get_endurance_score",
        "get_running_tolerance",
        "get_race_prediction_history",
        "get_ftp_history",
        "get_progress_summary_between_dates",
        "get_lactate_threshold",
    ] {
        let answer = mcp.ask(tool, before.clone()).await;
        assert_eq!(answer["status"], "no_data", "{tool}: {answer}");
    }
    for tool in
        ["get_training_status", "get_training_load_balance", "get_hrv_data", "get_fitnessage_data"]
    {
        let answer = mcp.ask(tool, json!({ "date": "2003-02-01" })).await;
        assert_eq!(answer["status"], "no_data", "{tool}: {answer}");
        assert_eq!(answer["reason"], "not_recorded", "{tool}");
    }
    let wrong = [
        ("get_hill_score", json!({ "date": "today", "start_date": "7d" }), "date"),
        ("get_training_load_trend", json!({ "start_date": "500d" }), "start_date"),
        ("get_running_tolerance", json!({ "aggregation": "hourly" }), "aggregation"),
        ("get_progress_summary_between_dates", json!({ "metric": "luck" }), "metric"),
        ("get_training_effect", json!({ "activity_id": "x" }), "activity_id"),
        ("get_training_effect", json!({ "activity_id": 42 }), "activity_id"),
        ("get_garmin_training_plan", json!({}), "plan_id"),
        ("get_vo2max_trend", json!({ "sport": "chess" }), "sport"),
    ];
    for (tool, arguments, field) in wrong {
        let (error, text) = mcp.fail(tool, arguments).await;
        assert_eq!(error["field"], field, "{tool}: {text}");
    }
}

//! `metrics-service`: training readiness, training status and load.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::scores::acclimation_of;
use super::{Caller, Reply, found};
use crate::athlete::{Day, Phase, Readiness, number, readiness_word, rounded, whole};
use crate::state::Inner;
use crate::times::{Millis, dotted, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    let metrics = "/metrics-service/metrics";
    Router::new()
        .route(&format!("{metrics}/trainingreadiness/{{date}}"), get(readiness))
        .route(&format!("{metrics}/trainingreadiness/{{start}}/{{end}}"), get(readiness_range))
        .route(&format!("{metrics}/trainingstatus/aggregated/{{date}}"), get(status))
        .route(&format!("{metrics}/trainingstatus/daily/{{date}}"), get(daily_status))
        .route(&format!("{metrics}/trainingstatus/weekly/{{dn}}"), get(status_range))
        .route(&format!("{metrics}/trainingloadbalance/latest/{{date}}"), get(balance))
}

impl Caller {
    /// A day that has begun and on which the watch was worn.
    pub(super) fn told(&self, date: Date) -> Option<&Day> {
        let begun = self.athlete.zone.midnight(date) <= self.now_ms();
        self.season.day(date).filter(|day| begun && day.is_worn())
    }

    pub(super) fn watch_id(&self) -> i64 {
        self.athlete.person.watch.id
    }

    fn recorded_devices(&self) -> Value {
        json!([{"deviceId": self.watch_id(), "imageURL": null,
                "deviceName": self.athlete.person.watch.model.name, "category": 0}])
    }
}

// Readiness.

async fn readiness(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    found(Value::from(entries(&caller, date)))
}

async fn readiness_range(Path((start, end)): Path<(String, String)>, caller: Caller) -> Reply {
    let (start, end) = params::range(&start, &end, 366)?;
    let mut rows = Vec::new();
    let mut date = end;
    while date >= start {
        rows.extend(entries(&caller, date));
        date = shift(date, -1);
    }
    found(Value::from(rows))
}

/// A day's entries, newest first: after each activity, and on waking.
fn entries(caller: &Caller, date: Date) -> Vec<Value> {
    let Some((day, night)) = caller.season.night(date, caller.now_ms()) else { return Vec::new() };
    let mut rows: Vec<Value> = day
        .activities
        .iter()
        .filter(|activity| activity.end() <= caller.now_ms())
        .map(|activity| {
            let asked = whole((activity.recovery_hours() * 60.0).round());
            let mut after = day.readiness;
            after.recovery_minutes = after.recovery_minutes / 2 + asked;
            after.recovery = (100 - after.recovery_minutes / 30).clamp(1, 100);
            after.score = (after.score - whole(activity.load * 0.3)).clamp(1, 100);
            entry(caller, day, after, activity.end(), "AFTER_POST_EXERCISE_RESET")
        })
        .rev()
        .collect();
    rows.push(entry(caller, day, day.readiness, night.end + 300_000, "AFTER_WAKEUP_RESET"));
    rows
}

fn entry(caller: &Caller, day: &Day, readiness: Readiness, at: Millis, context: &str) -> Value {
    let (long, short) = readiness.feedback();
    let change = if readiness.recovery_minutes == 0 { "REACHED_ZERO" } else { "NO_CHANGE_SLEEP" };
    json!({
        "userProfilePK": caller.athlete.person.profile_id,
        "calendarDate": day.date.to_string(),
        "timestamp": dotted(at),
        "timestampLocal": dotted(caller.athlete.zone.wall(at)),
        "deviceId": caller.watch_id(),
        "level": readiness.level(),
        "feedbackLong": long,
        "feedbackShort": short,
        "score": readiness.score,
        "sleepScore": day.slept.score,
        "sleepScoreFactorPercent": readiness.sleep,
        "sleepScoreFactorFeedback": readiness_word(readiness.sleep),
        "recoveryTime": readiness.recovery_minutes,
        "recoveryTimeFactorPercent": readiness.recovery,
        "recoveryTimeFactorFeedback": readiness_word(readiness.recovery),
        "acwrFactorPercent": readiness.load,
        "acwrFactorFeedback": readiness_word(readiness.load),
        "acuteLoad": day.form.acute_load(),
        "stressHistoryFactorPercent": readiness.stress_history,
        "stressHistoryFactorFeedback": readiness_word(readiness.stress_history),
        "hrvFactorPercent": readiness.hrv,
        "hrvFactorFeedback": readiness_word(readiness.hrv),
        "hrvWeeklyAverage": day.form.hrv_7d,
        "sleepHistoryFactorPercent": readiness.sleep_history,
        "sleepHistoryFactorFeedback": readiness_word(readiness.sleep_history),
        "validSleep": true,
        "inputContext": context,
        "primaryActivityTracker": true,
        "recoveryTimeChangePhrase": change,
        "sleepHistoryFactorFeedbackPhrase": null,
        "hrvFactorFeedbackPhrase": null,
        "stressHistoryFactorFeedbackPhrase": null,
        "acwrFactorFeedbackPhrase": null,
        "recoveryTimeFactorFeedbackPhrase": null,
        "sleepScoreFactorFeedbackPhrase": null,
    })
}

// Training status.

/// Garmin's number and phrase for how training is going.
const fn verdict(day: &Day, ratio_percent: i64) -> (i64, &'static str) {
    if day.form.illness > 0.0 {
        return (2, "UNPRODUCTIVE_1");
    }
    match day.plan.phase {
        Phase::Rest => (5, "RECOVERY_2"),
        Phase::Down | Phase::Return => (5, "RECOVERY_1"),
        Phase::Taper | Phase::Race => (6, "PEAKING_1"),
        Phase::Build if ratio_percent > 150 => (8, "OVERREACHING_1"),
        Phase::Build if ratio_percent < 80 => (4, "MAINTAINING_2"),
        Phase::Build => (7, "PRODUCTIVE_3"),
    }
}

fn status_data(caller: &Caller, day: &Day) -> Value {
    let ratio = day.form.load_ratio();
    let (code, phrase) = verdict(day, whole(ratio * 100.0));
    let word = match ratio {
        ..0.8 => "LOW",
        0.8..1.5 => "OPTIMAL",
        1.5..2.0 => "HIGH",
        _ => "VERY_HIGH",
    };
    let chronic = number(day.form.chronic_load());
    let since = shift(day.date, -i64::from(day.date.weekday().to_monday_zero_offset()));
    let before = caller.season.day(shift(day.date, -14)).map_or(0.0, |day| day.form.vo2max_run);
    let trend = match day.form.vo2max_run - before {
        ..-0.35 => 1,
        -0.35..0.35 => 2,
        _ => 3,
    };
    json!({
        "calendarDate": day.date.to_string(),
        "sinceDate": since.to_string(),
        "weeklyTrainingLoad": null,
        "trainingStatus": code,
        "timestamp": day.slept.end + 300_000,
        "deviceId": caller.watch_id(),
        "loadTunnelMin": null,
        "loadTunnelMax": null,
        "loadLevelTrend": null,
        "sport": "RUNNING",
        "subSport": "GENERIC",
        "fitnessTrendSport": "RUNNING",
        "fitnessTrend": trend,
        "trainingStatusFeedbackPhrase": phrase,
        "trainingPaused": false,
        "acuteTrainingLoadDTO": {
            "acwrPercent": whole((ratio * 50.0).round()).clamp(0, 100),
            "acwrStatus": word,
            "acwrStatusFeedback": "FEEDBACK_2",
            "dailyTrainingLoadAcute": day.form.acute_load(),
            "maxTrainingLoadChronic": rounded(chronic * 1.5, 1),
            "minTrainingLoadChronic": rounded(chronic * 0.8, 1),
            "dailyTrainingLoadChronic": day.form.chronic_load(),
            "dailyAcuteChronicWorkloadRatio": rounded(ratio, 1),
        },
        "primaryTrainingDevice": true,
    })
}

fn recent_status(caller: &Caller, day: Option<&Day>) -> Value {
    let by_device = day.map(|day| json!({caller.watch_id().to_string(): status_data(caller, day)}));
    json!({
        "userId": caller.athlete.person.profile_id,
        "latestTrainingStatusData": by_device,
        "recordedDevices": day.map(|_| caller.recorded_devices()),
        "showSelector": false,
        "lastPrimarySyncDate": day.map(|day| day.date.to_string()),
    })
}

fn vo2max(day: &Day) -> Value {
    json!({
        "calendarDate": day.date.to_string(),
        "vo2MaxPreciseValue": day.form.vo2max_run,
        "vo2MaxValue": day.form.vo2max_run.round(),
        "fitnessAge": null,
        "fitnessAgeDescription": null,
        "maxMetCategory": 0,
    })
}

fn vo2max_bike(day: &Day) -> Value {
    json!({
        "calendarDate": day.date.to_string(),
        "vo2MaxPreciseValue": day.form.vo2max_bike,
        "vo2MaxValue": day.form.vo2max_bike.round(),
        "fitnessAge": null,
        "fitnessAgeDescription": null,
        "maxMetCategory": 0,
    })
}

pub(super) fn max_metric(caller: &Caller, day: Option<&Day>) -> Value {
    json!({
        "userId": caller.athlete.person.profile_id,
        "generic": day.map(vo2max),
        "cycling": day.map(vo2max_bike),
        "heatAltitudeAcclimation": day.map(|day| acclimation_of(caller, day)),
    })
}

/// Four weeks of load by focus, with the ranges Garmin would like to see.
fn load_balance(caller: &Caller, day: &Day) -> Value {
    let from = shift(day.date, -27);
    let mut focus = [0.0_f64; 3];
    for activity in caller.season.activities(caller.now_ms()) {
        if (from..=day.date).contains(&activity.date) {
            for (sum, load) in focus.iter_mut().zip(activity.load_focus()) {
                *sum += load;
            }
        }
    }
    let total = number(day.form.chronic_load()) * 4.0;
    let range = |low: f64, high: f64| (whole((total * low).round()), whole((total * high).round()));
    let (low_min, low_max) = range(0.35, 0.60);
    let (high_min, high_max) = range(0.25, 0.45);
    let (peak_min, peak_max) = range(0.04, 0.16);
    let phrase = if focus[0] < number(low_min) {
        "AEROBIC_LOW_SHORTAGE"
    } else if focus[1] < number(high_min) {
        "AEROBIC_HIGH_SHORTAGE"
    } else if focus[2] < number(peak_min) {
        "ANAEROBIC_SHORTAGE"
    } else {
        "BALANCED"
    };
    let row = json!({
        "calendarDate": day.date.to_string(),
        "deviceId": caller.watch_id(),
        "monthlyLoadAerobicLow": rounded(focus[0], 2),
        "monthlyLoadAerobicHigh": rounded(focus[1], 2),
        "monthlyLoadAnaerobic": rounded(focus[2], 2),
        "monthlyLoadAerobicLowTargetMin": low_min,
        "monthlyLoadAerobicLowTargetMax": low_max,
        "monthlyLoadAerobicHighTargetMin": high_min,
        "monthlyLoadAerobicHighTargetMax": high_max,
        "monthlyLoadAnaerobicTargetMin": peak_min,
        "monthlyLoadAnaerobicTargetMax": peak_max,
        "trainingBalanceFeedbackPhrase": phrase,
        "primaryTrainingDevice": true,
    });
    json!({caller.watch_id().to_string(): row})
}

async fn status(Path(date): Path<String>, caller: Caller) -> Reply {
    let day = caller.told(params::date(&date)?);
    found(json!({
        "userId": caller.athlete.person.profile_id,
        "mostRecentVO2Max": day.map(|day| max_metric(&caller, Some(day))),
        "mostRecentTrainingLoadBalance": day.map(|day| json!({
            "userId": caller.athlete.person.profile_id,
            "metricsTrainingLoadBalanceDTOMap": load_balance(&caller, day),
            "recordedDevices": caller.recorded_devices(),
        })),
        "mostRecentTrainingStatus": day.map(|day| recent_status(&caller, Some(day))),
        "heatAltitudeAcclimationDTO": null,
    }))
}

async fn daily_status(Path(date): Path<String>, caller: Caller) -> Reply {
    let day = caller.told(params::date(&date)?);
    found(recent_status(&caller, day))
}

/// One row for every day with a status, by device.
async fn status_range(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    let (start, end) = params::range(
        params::required(&query, "fromCalendarDate")?,
        params::required(&query, "toCalendarDate")?,
        52 * 7,
    )?;
    let rows: Vec<Value> = caller
        .season
        .worn(start, end)
        .filter(|day| caller.told(day.date).is_some())
        .map(|day| status_data(&caller, day))
        .collect();
    found(json!({
        "userId": caller.athlete.person.profile_id,
        "fromCalendarDate": start.to_string(),
        "toCalendarDate": end.to_string(),
        "showSelector": false,
        "recordedDevices": caller.recorded_devices(),
        "reportData": {caller.watch_id().to_string(): rows},
    }))
}

async fn balance(Path(date): Path<String>, caller: Caller) -> Reply {
    let day = caller.told(params::date(&date)?);
    found(json!({
        "userId": caller.athlete.person.profile_id,
        "metricsTrainingLoadBalanceDTOMap": day.map(|day| load_balance(&caller, day)),
        "recordedDevices": day.map(|_| caller.recorded_devices()),
    }))
}

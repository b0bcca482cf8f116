//! What the watch noticed by itself, and what it was asked to measure for two minutes.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::{Caller, Reply, found, nothing};
use crate::athlete::{DayView, STEPS_STEP, number, rounded};
use crate::chance::Seed;
use crate::state::Inner;
use crate::times::{Millis, dotted};

const MINUTE: Millis = 60_000;
/// How many steps of a quarter of an hour the watch calls a walk.
const WALK: i64 = 900;

pub(super) fn router() -> Router<Arc<Inner>> {
    let snapshots = "/wellnessactivity-service/activity/summary";
    Router::new()
        .route("/wellness-service/wellness/dailyEvents", get(events))
        .route("/wellness-service/wellness/dailyEvents/{dn}", get(events_of))
        .route(&format!("{snapshots}/{{date}}"), get(snapshots_of))
        .route(&format!("{snapshots}/{{date}}/{{uuid}}"), get(snapshot))
}

async fn events_of(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    events(query, caller).await
}

async fn events(query: Query, caller: Caller) -> Reply {
    let date = params::query_date(&query, "calendarDate")?;
    let walks = caller.view(date).map(|view| walks(&view)).unwrap_or_default();
    let zone = &caller.athlete.zone;
    let rows: Vec<Value> = walks
        .into_iter()
        .map(|(start, end)| {
            json!({
                "calendarDate": date.to_string(),
                "deviceId": caller.watch_id(),
                "activityType": "walking",
                "activitySubType": "generic",
                "duration": (end - start) / MINUTE,
                "startTimestampGMT": dotted(start),
                "endTimestampGMT": dotted(end),
                "startTimestampLocal": dotted(zone.wall(start)),
                "endTimestampLocal": dotted(zone.wall(end)),
                "moderateIntensityMinutes": 0,
                "vigorousIntensityMinutes": 0,
                "userProfilePk": caller.athlete.person.profile_id,
            })
        })
        .collect();
    found(Value::from(rows))
}

/// Stretches of brisk steps that are no recorded activity.
fn walks(view: &DayView<'_>) -> Vec<(Millis, Millis)> {
    let mut walks: Vec<(Millis, Millis)> = Vec::new();
    for bucket in view.step_buckets() {
        let end = bucket.start + STEPS_STEP;
        let trained = view.started().any(|it| it.start < end && bucket.start < it.end());
        if bucket.steps < WALK || trained {
            continue;
        }
        match walks.last_mut() {
            Some((_, last)) if *last == bucket.start => *last = end,
            Some(_) | None => walks.push((bucket.start, end)),
        }
    }
    walks
}

async fn snapshots_of(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    found(Value::from_iter(one(&caller, date)))
}

async fn snapshot(Path((date, uuid)): Path<(String, String)>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let wanted = one(&caller, date).filter(|it| it["activityUuid"]["uuid"] == uuid.as_str());
    wanted.map_or_else(nothing, found)
}

/// Taken on about one morning in five.
fn one(caller: &Caller, date: Date) -> Option<Value> {
    let view = caller.view(date)?;
    let serial = crate::times::days_between(Date::constant(2020, 1, 1), date);
    let seed: Seed = caller.athlete.person.seed.child("snapshot").at(serial);
    let start = view.woke()?.end + 20 * MINUTE;
    let end = start + 2 * MINUTE;
    if !seed.happens(0.2) || end > caller.now_ms() {
        return None;
    }
    let zone = &caller.athlete.zone;
    let form = &view.day.form;
    let heart = number(form.resting_hr + 6);
    let breath = rounded(view.respiration(start), 1);
    let figure = |kind: &str, low: f64, mean: f64, high: f64| json!({"summaryType": kind, "minValue": low, "maxValue": high, "avgValue": mean});
    Some(json!({
        "userProfilePk": caller.athlete.person.profile_id,
        "calendarDate": date.to_string(),
        "activityUuid": {"uuid": seed.uuid()},
        "activityName": "Health Snapshot",
        "wellnessActivityType": "HEALTH_MONITORING",
        "rulePK": 2,
        "notes": null,
        "startTimestampGMT": dotted(start),
        "endTimestampGMT": dotted(end),
        "startTimestampLocal": dotted(zone.wall(start)),
        "endTimestampLocal": dotted(zone.wall(end)),
        "deviceMetaData": {
            "deviceId": caller.watch_id(),
            "deviceName": caller.athlete.person.watch.model.name,
        },
        "summaryTypeDataList": [
            figure("HEART_RATE", heart - 4.0, heart, heart + 5.0),
            figure("RESPIRATION", breath - 1.0, breath, breath + 2.0),
            figure("STRESS", 5.0, 14.0, 27.0),
            figure("SPO2", 95.0, 97.0, 99.0),
            {"summaryType": "RMSSD_HRV", "avgValue": (form.hrv_ms * 0.9).round()},
            {"summaryType": "SDRR_HRV", "avgValue": (form.hrv_ms * 1.1).round()},
        ],
        "timeInZoneList": [{"zoneNumber": 1, "zoneLowBoundary": 94, "millisInZone": 0}],
    }))
}

//! What training has come to: VO2 max, race predictions, scores, thresholds and records.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::scores::{FTP_DAYS_AGO, THRESHOLD_DAYS_AGO};
use super::training::max_metric;
use super::{Caller, Reply, found, nothing};
use crate::athlete::{Activity, Day, SPLITS, number, rounded, whole};
use crate::state::Inner;
use crate::times::{dotted, plain, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    let metrics = "/metrics-service/metrics";
    Router::new()
        .route(&format!("{metrics}/maxmet/daily/{{start}}/{{end}}"), get(max_metrics))
        .route(&format!("{metrics}/maxmet/latest/{{date}}"), get(latest_max_metrics))
        .route(&format!("{metrics}/racepredictions/latest/{{dn}}"), get(predictions))
        .route(&format!("{metrics}/racepredictions/daily/{{dn}}"), get(predictions_range))
        .route(&format!("{metrics}/endurancescore"), get(endurance))
        .route(&format!("{metrics}/hillscore"), get(hill))
        .route("/fitnessage-service/fitnessage/{date}", get(fitness_age))
        .route("/personalrecord-service/personalrecord/prs/{dn}", get(records))
        .route("/biometric-service/biometric/latestLactateThreshold", get(threshold))
        .route("/biometric-service/biometric/latestFunctionalThresholdPower/CYCLING", get(ftp))
}

async fn max_metrics(Path((start, end)): Path<(String, String)>, caller: Caller) -> Reply {
    let (start, end) = params::range(&start, &end, 366)?;
    let rows: Vec<Value> = caller
        .season
        .worn(start, end)
        .filter(|day| caller.told(day.date).is_some() && !day.activities.is_empty())
        .map(|day| max_metric(&caller, Some(day)))
        .collect();
    found(Value::from(rows))
}

async fn latest_max_metrics(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let day = (0..60)
        .filter_map(|back| caller.told(shift(date, -back)))
        .find(|day| !day.activities.is_empty());
    found(max_metric(&caller, day))
}

pub(super) fn prediction(caller: &Caller, day: &Day) -> Value {
    let person = &caller.athlete.person;
    let speed = person.threshold_speed_mps * day.form.vo2max_run / person.vo2max;
    let time = |metres: f64, share: f64| whole((metres / (speed * share)).round());
    json!({
        "userId": person.profile_id,
        "fromCalendarDate": null,
        "toCalendarDate": null,
        "calendarDate": day.date.to_string(),
        "time5K": time(5_000.0, 1.06),
        "time10K": time(10_000.0, 1.015),
        "timeHalfMarathon": time(21_097.5, 0.958),
        "timeMarathon": time(42_195.0, 0.905),
    })
}

async fn predictions(Path(dn): Path<String>, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    match (0..30).find_map(|back| caller.told(shift(today, -back))) {
        Some(day) => found(prediction(&caller, day)),
        None => nothing(),
    }
}

async fn predictions_range(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    let (start, end) = params::range(
        params::required(&query, "fromCalendarDate")?,
        params::required(&query, "toCalendarDate")?,
        366,
    )?;
    let rows: Vec<Value> = caller
        .season
        .worn(start, end)
        .filter(|day| caller.told(day.date).is_some())
        .map(|day| prediction(&caller, day))
        .collect();
    found(Value::from(rows))
}

async fn endurance(query: Query, caller: Caller) -> Reply {
    match caller.told(params::query_date(&query, "calendarDate")?) {
        Some(day) => found(endurance_of(&caller, day)),
        None => nothing(),
    }
}

pub(super) fn endurance_of(caller: &Caller, day: &Day) -> Value {
    let score =
        4_300.0 + (day.form.vo2max_run - 42.0) * 95.0 + number(day.form.chronic_load()) * 1.6;
    let limits = [5_000, 5_700, 6_400, 7_000, 7_700, 8_400];
    let class = limits.iter().filter(|limit| score >= number(**limit)).count() + 1;
    json!({
        "userProfilePK": caller.athlete.person.profile_id,
        "deviceId": caller.watch_id(),
        "calendarDate": day.date.to_string(),
        "overallScore": whole(score.round()),
        "classification": class,
        "feedbackPhrase": 19,
        "primaryTrainingDevice": true,
        "gaugeLowerLimit": 3_500,
        "classificationLowerLimitIntermediate": limits[0],
        "classificationLowerLimitTrained": limits[1],
        "classificationLowerLimitWellTrained": limits[2],
        "classificationLowerLimitExpert": limits[3],
        "classificationLowerLimitSuperior": limits[4],
        "classificationLowerLimitElite": limits[5],
        "gaugeUpperLimit": 10_080,
        "contributors": [{"activityTypeId": null, "group": 0, "contribution": 78.0},
                         {"activityTypeId": 13, "group": null, "contribution": 6.5},
                         {"activityTypeId": null, "group": 1, "contribution": 15.5}],
    })
}

async fn hill(query: Query, caller: Caller) -> Reply {
    match caller.told(params::query_date(&query, "calendarDate")?) {
        Some(day) => found(hill_of(&caller, day)),
        None => nothing(),
    }
}

pub(super) fn hill_of(caller: &Caller, day: &Day) -> Value {
    let strength = whole(18.0 + (day.form.vo2max_run - 42.0) * 1.4);
    let lasting = whole(16.0 + number(day.form.chronic_load()) * 0.015);
    json!({
        "userProfilePK": caller.athlete.person.profile_id,
        "deviceId": caller.watch_id(),
        "calendarDate": day.date.to_string(),
        "strengthScore": strength,
        "enduranceScore": lasting,
        "hillScoreClassificationId": 2,
        "overallScore": strength + lasting,
        "hillScoreFeedbackPhraseId": 42,
        "vo2Max": day.form.vo2max_run.round(),
        "vo2MaxPreciseValue": day.form.vo2max_run,
        "primaryTrainingDevice": true,
    })
}

async fn fitness_age(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let Some(day) = caller.told(date) else { return nothing() };
    let person = &caller.athlete.person;
    let age = number(crate::times::days_between(person.birth_date, date)) / 365.25;
    let fitness = age - (day.form.vo2max_run - 40.0) * 0.55;
    let height = person.height_cm / 100.0;
    found(json!({
        "chronologicalAge": whole(age),
        "fitnessAge": rounded(fitness, 1),
        "achievableFitnessAge": rounded(fitness - 1.4, 1),
        "previousFitnessAge": rounded(fitness + 0.2, 1),
        "components": {
            "rhr": {"value": day.form.resting_hr, "stale": false},
            "bmi": {"value": rounded(day.form.weight_g / 1_000.0 / (height * height), 1),
                    "stale": false, "lastMeasurementDate": date.to_string()},
        },
        "lastUpdated": format!("{date}T00:00:00.0"),
    }))
}

async fn threshold(caller: Caller) -> Reply {
    let person = &caller.athlete.person;
    let found_on = |days: i64| {
        let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
        let at = caller.athlete.zone.instant(shift(today, -days), 18 * 60 + 30);
        (at, format!("{}.837", plain(at)))
    };
    let (version, stamp) = found_on(THRESHOLD_DAYS_AGO);
    let row = |offset: i64, speed: Value, heart: Value| {
        json!({
            "userProfilePK": person.profile_id, "version": version + offset,
            "calendarDate": stamp, "sequence": version + offset, "speed": speed,
            "hearRate": heart, "heartRateCycling": null, "rowSpeed": null,
            "heartRateRowing": null,
        })
    };
    // Two partial rows, and the misspelt key is Garmin's own.
    found(json!([
        row(0, json!(rounded(person.threshold_speed_mps / 10.0, 4)), Value::Null),
        row(1, Value::Null, json!(person.threshold_hr)),
    ]))
}

async fn ftp(caller: Caller) -> Reply {
    let person = &caller.athlete.person;
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    let at = caller.athlete.zone.instant(shift(today, -FTP_DAYS_AGO), 11 * 60);
    found(json!({
        "userProfilePK": person.profile_id,
        "version": at,
        "calendarDate": format!("{}.41", plain(at)),
        "isStale": false,
        "sequence": at,
        "sport": "CYCLING",
        "functionalThresholdPower": person.bike_ftp_w,
        "biometricSourceType": "CHANGE_LOG",
    }))
}

// Records.

async fn records(Path(dn): Path<String>, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    let activities: Vec<&Activity> = caller.season.activities(caller.now_ms()).collect();
    let mut rows = Vec::new();
    for (index, kind) in (0..SPLITS.len()).zip(1_i64..) {
        let best = activities
            .iter()
            .filter_map(|activity| Some((*activity, activity.fastest[index]?)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((activity, secs)) = best {
            rows.push(record(&caller, activity, kind, rounded(secs, 3)));
        }
    }
    let longest = |key: &str| {
        activities
            .iter()
            .filter(|activity| activity.discipline.is_kind_of(key))
            .max_by(|a, b| a.distance.total_cmp(&b.distance))
    };
    for (key, kind) in [("running", 7), ("cycling", 8)] {
        if let Some(activity) = longest(key) {
            rows.push(record(&caller, activity, kind, activity.distance));
        }
    }
    found(Value::from(rows))
}

fn record(caller: &Caller, activity: &Activity, kind: i64, value: f64) -> Value {
    let zone = &caller.athlete.zone;
    json!({
        "id": activity.id * 10 + kind,
        "typeId": kind,
        "status": "ACCEPTED",
        "activityId": activity.id,
        "activityName": activity.name,
        "activityType": activity.discipline.activity_type().1,
        "activityStartDateTimeInGMT": activity.start,
        "actStartDateTimeInGMTFormatted": dotted(activity.start),
        "activityStartDateTimeLocal": zone.wall(activity.start),
        "activityStartDateTimeLocalFormatted": dotted(zone.wall(activity.start)),
        "value": value,
        "prStartTimeGmt": activity.start,
        "prStartTimeGmtFormatted": dotted(activity.start),
        "prStartTimeLocal": zone.wall(activity.start),
        "prStartTimeLocalFormatted": dotted(zone.wall(activity.start)),
        "prTypeLabelKey": null,
        "poolLengthUnit": null,
    })
}

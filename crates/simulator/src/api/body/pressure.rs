//! `bloodpressure-service`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{ANY_LENGTH, Shared, field, json_of, millis, stamp};
use crate::api::params;
use crate::api::{ApiError, Caller, Reply, found, nothing};
use crate::diary::Pressure;
use crate::state::Inner;
use crate::times::dotted;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/bloodpressure-service/bloodpressure/range/{start}/{end}", get(pressure_range))
        .route("/bloodpressure-service/bloodpressure/dayview/{date}", get(pressure_day))
        .route("/bloodpressure-service/bloodpressure", post(add_pressure))
        .route("/bloodpressure-service/bloodpressure/{date}/{version}", delete(remove_pressure))
}

impl Caller {
    fn pressures(&self, inner: &Inner, (start, end): (Date, Date)) -> Vec<Pressure> {
        let garmin = inner.lock();
        let diary = &garmin.account(self.index).diary;
        let measured = self.season.worn(start, end).filter_map(|day| self.athlete.pressure(day));
        let entered = diary.pressures.iter().filter(|it| (start..=end).contains(&it.date));
        let mut all: Vec<Pressure> = measured
            .filter(|it| it.at <= self.now_ms())
            .chain(entered.cloned())
            .filter(|it| !diary.removed.contains(&it.version))
            .collect();
        all.sort_by_key(|it| (it.date, it.at));
        all
    }
}

/// Garmin's number and word, by the higher of the two.
const fn category(pressure: &Pressure) -> (i64, &'static str) {
    match (pressure.systolic, pressure.diastolic) {
        (140.., _) | (_, 90..) => (4, "STAGE_2_HIGH"),
        (130.., _) | (_, 85..) => (3, "STAGE_1_HIGH"),
        (120.., _) | (_, 80..) => (2, "ELEVATED"),
        _ => (1, "NORMAL"),
    }
}

fn reading(pressure: &Pressure) -> Value {
    let (number, name) = category(pressure);
    json!({
        "version": pressure.version,
        "systolic": pressure.systolic,
        "diastolic": pressure.diastolic,
        "pulse": pressure.pulse,
        "multiMeasurement": false,
        "sourceType": "MANUAL",
        "notes": pressure.notes,
        "measurementTimestampLocal": dotted(pressure.wall),
        "measurementTimestampGMT": dotted(pressure.at),
        "category": number,
        "categoryName": name,
    })
}

async fn pressure_range(
    Path((start, end)): Path<(String, String)>,
    State(inner): Shared,
    caller: Caller,
) -> Reply {
    let range = params::range(&start, &end, ANY_LENGTH)?;
    let readings = caller.pressures(&inner, range);
    let mut days: Vec<Value> = readings
        .chunk_by(|a, b| a.date == b.date)
        .map(|day| {
            let worst = day.iter().max_by_key(|it| category(it).0);
            json!({
                "startDate": day[0].date.to_string(),
                "endDate": day[0].date.to_string(),
                "highSystolic": day.iter().map(|it| it.systolic).max(),
                "highDiastolic": day.iter().map(|it| it.diastolic).max(),
                "lowSystolic": day.iter().map(|it| it.systolic).min(),
                "lowDiastolic": day.iter().map(|it| it.diastolic).min(),
                "numOfMeasurements": day.len(),
                "category": worst.map(|it| category(it).1),
                "measurements": day.iter().rev().map(reading).collect::<Vec<_>>(),
            })
        })
        .collect();
    days.reverse();
    found(json!({
        "from": range.0.to_string(),
        "until": range.1.to_string(),
        "measurementSummaries": days,
        "categoryStats": null,
    }))
}

async fn pressure_day(Path(date): Path<String>, State(inner): Shared, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let readings = caller.pressures(&inner, (date, date));
    let elevated = readings.iter().filter(|it| category(it).0 > 1).count();
    found(json!({
        "startDate": date.to_string(),
        "endDate": date.to_string(),
        "bloodPressureMeasurements": readings.iter().rev().map(reading).collect::<Vec<_>>(),
        "totalMeasurementCount": readings.len(),
        "elevatedMeasurementCount": elevated,
    }))
}

fn within(body: &Value, name: &str, low: i64, high: i64) -> Result<i64, ApiError> {
    let value = field(body, name)?.as_i64().filter(|value| (low..=high).contains(value));
    value.ok_or_else(|| {
        ApiError::BadRequest(format!("{name} must be between {low} and {high}: {}", body[name]))
    })
}

async fn add_pressure(State(inner): Shared, caller: Caller, body: Bytes) -> Reply {
    let body = json_of(&body)?;
    let pulse = match body.get("pulse") {
        None | Some(Value::Null) => None,
        Some(_) => Some(within(&body, "pulse", 20, 250)?),
    };
    let systolic = within(&body, "systolic", 70, 260)?;
    let diastolic = within(&body, "diastolic", 40, 150)?;
    let wall = stamp(&body, "measurementTimestampLocal")?;
    let at = millis(stamp(&body, "measurementTimestampGMT")?);
    let notes = body.get("notes").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut garmin = inner.lock();
    let diary = &mut garmin.account_mut(caller.index).diary;
    let pressure = Pressure {
        version: diary.next_id(caller.now_ms()),
        date: wall.date(),
        at,
        wall: millis(wall),
        systolic,
        diastolic,
        pulse,
        notes,
    };
    let answer = reading(&pressure);
    diary.pressures.push(pressure);
    found(answer)
}

async fn remove_pressure(
    Path((date, version)): Path<(String, String)>,
    State(inner): Shared,
    caller: Caller,
) -> Reply {
    let date = params::date(&date)?;
    let version: i64 = version.parse().map_err(|_| ApiError::NotFound)?;
    let known = caller.pressures(&inner, (date, date)).iter().any(|it| it.version == version);
    if !known {
        return Err(ApiError::NotFound);
    }
    inner.lock().account_mut(caller.index).diary.removed.insert(version);
    nothing()
}

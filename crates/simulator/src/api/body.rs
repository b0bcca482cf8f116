//! `weight-service`, `bloodpressure-service` and hydration: measured, entered, taken back.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post, put};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::{ApiError, Caller, Reply, found, nothing};
use crate::athlete::{Athlete, number, rounded};
use crate::diary::{Pressure, WeighIn};
use crate::state::Inner;
use crate::times::{Millis, dotted, shift};

type Shared = State<Arc<Inner>>;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/weight-service/weight/range/{start}/{end}", get(weight_range))
        .route("/weight-service/weight/dayview/{date}", get(weight_day))
        .route("/weight-service/weight/dateRange", get(weight_dates))
        .route("/weight-service/weight/latest", get(weight_latest))
        .route("/weight-service/weight/first", get(weight_first))
        .route("/weight-service/user-weight", post(add_weight))
        .route("/weight-service/weight/{date}/byversion/{pk}", delete(remove_weight))
        .route("/bloodpressure-service/bloodpressure/range/{start}/{end}", get(pressure_range))
        .route("/bloodpressure-service/bloodpressure/dayview/{date}", get(pressure_day))
        .route("/bloodpressure-service/bloodpressure", post(add_pressure))
        .route("/bloodpressure-service/bloodpressure/{date}/{version}", delete(remove_pressure))
        .route("/usersummary-service/usersummary/hydration/daily/{date}", get(hydration))
        .route("/usersummary-service/stats/hydration/daily/{start}/{end}", get(hydration_days))
        .route("/usersummary-service/usersummary/hydration/log", put(drink))
}

/// The body of a write, as far as it is JSON.
pub(super) fn json_of(body: &Bytes) -> Result<Value, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::BadRequest(format!("Cannot deserialize value: {error}")))
}

fn field<'a>(body: &'a Value, name: &str) -> Result<&'a Value, ApiError> {
    body.get(name)
        .filter(|value| !value.is_null())
        .ok_or_else(|| ApiError::BadRequest(format!("{name} must not be null")))
}

/// `YYYY-MM-DDTHH:MM:SS.mmm` and nothing else.
fn stamp(body: &Value, name: &str) -> Result<DateTime, ApiError> {
    let text = field(body, name)?.as_str().unwrap_or_default();
    let shaped = text.len() == 23 && text.as_bytes()[10] == b'T' && text.as_bytes()[19] == b'.';
    let read = shaped.then(|| text.parse().ok()).flatten();
    read.ok_or_else(|| ApiError::BadRequest(format!("Invalid {name}: {text}")))
}

fn millis(time: DateTime) -> Millis {
    time.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_millisecond())
}

impl Caller {
    /// Weighings from `start` to `end`, oldest first.
    pub(super) fn weigh_ins(&self, inner: &Inner, (start, end): (Date, Date)) -> Vec<WeighIn> {
        let garmin = inner.lock();
        let diary = &garmin.account(self.index).diary;
        let measured = self.season.worn(start, end).map(|day| self.athlete.weigh_in(day));
        let entered = diary.weigh_ins.iter().filter(|it| (start..=end).contains(&it.date));
        let mut all: Vec<WeighIn> = measured
            .filter(|it| it.at <= self.now_ms())
            .chain(entered.cloned())
            .filter(|it| !diary.removed.contains(&it.pk))
            .collect();
        all.sort_by_key(|it| (it.date, it.at));
        all
    }

    fn before(&self, inner: &Inner, date: Date) -> Option<WeighIn> {
        self.weigh_ins(inner, (shift(date, -400), shift(date, -1))).pop()
    }

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

// Weight.

fn entry(weigh_in: &WeighIn, delta: Option<f64>) -> Value {
    json!({
        "samplePk": weigh_in.pk,
        "date": weigh_in.wall,
        "calendarDate": weigh_in.date.to_string(),
        "weight": weigh_in.grams,
        "bmi": weigh_in.bmi,
        "bodyFat": weigh_in.fat_pct,
        "bodyWater": weigh_in.water_pct,
        "boneMass": weigh_in.bone_g,
        "muscleMass": weigh_in.muscle_g,
        "physiqueRating": weigh_in.physique_rating,
        "visceralFat": weigh_in.visceral_fat_rating,
        "metabolicAge": weigh_in.metabolic_age,
        "sourceType": weigh_in.source,
        "timestampGMT": weigh_in.at,
        "weightDelta": delta,
    })
}

/// Each with its difference from the one before.
fn entries(weigh_ins: &[WeighIn], before: Option<&WeighIn>) -> Vec<(Date, Value)> {
    let mut last = before.map(|it| it.grams);
    weigh_ins
        .iter()
        .map(|it| {
            let delta = last.map(|last| rounded(it.grams - last, 1));
            last = Some(it.grams);
            (it.date, entry(it, delta))
        })
        .collect()
}

fn nobody() -> Value {
    let keys = [
        "samplePk",
        "date",
        "calendarDate",
        "weight",
        "bmi",
        "bodyFat",
        "bodyWater",
        "boneMass",
        "muscleMass",
        "physiqueRating",
        "visceralFat",
        "metabolicAge",
        "sourceType",
        "timestampGMT",
        "weightDelta",
    ];
    Value::Object(keys.map(|key| (key.to_owned(), Value::Null)).into_iter().collect())
}

fn average(caller: &Caller, weigh_ins: &[WeighIn], (start, end): (Date, Date)) -> Value {
    let mean = |of: fn(&WeighIn) -> Option<f64>| {
        let values: Vec<f64> = weigh_ins.iter().filter_map(of).collect();
        let count = i64::try_from(values.len()).ok().filter(|count| *count > 0)?;
        Some(values.iter().sum::<f64>() / number(count))
    };
    let zone = &caller.athlete.zone;
    json!({
        "from": zone.wall(zone.midnight(start)),
        "until": zone.wall(zone.midnight(shift(end, 1)) - 1),
        "weight": mean(|it| Some(it.grams)),
        "bmi": mean(|it| it.bmi).map(|it| rounded(it, 2)),
        "bodyFat": mean(|it| it.fat_pct).map(|it| rounded(it, 2)),
        "bodyWater": mean(|it| it.water_pct).map(|it| rounded(it, 2)),
        "boneMass": mean(|it| it.bone_g).map(f64::round),
        "muscleMass": mean(|it| it.muscle_g).map(f64::round),
        "physiqueRating": null,
        "visceralFat": null,
        "metabolicAge": null,
    })
}

/// Beyond any life: these services have no cap.
const ANY_LENGTH: i64 = 40_000;

async fn weight_range(
    Path((start, end)): Path<(String, String)>,
    State(inner): Shared,
    caller: Caller,
) -> Reply {
    let range = params::range(&start, &end, ANY_LENGTH)?;
    let weigh_ins = caller.weigh_ins(&inner, range);
    let before = caller.before(&inner, range.0);
    let after = caller.weigh_ins(&inner, (shift(range.1, 1), shift(range.1, 400)));
    let rows = entries(&weigh_ins, before.as_ref());
    let mut days: Vec<Value> = rows
        .chunk_by(|a, b| a.0 == b.0)
        .map(|day| {
            let weights = || day.iter().filter_map(|(_, row)| row["weight"].as_f64());
            json!({
                "summaryDate": day[0].0.to_string(),
                "numOfWeightEntries": day.len(),
                "minWeight": weights().reduce(f64::min),
                "maxWeight": weights().reduce(f64::max),
                "latestWeight": day.last().map(|(_, row)| row),
                "allWeightMetrics": day.iter().rev().map(|(_, row)| row).collect::<Vec<_>>(),
            })
        })
        .collect();
    days.reverse();
    found(json!({
        "dailyWeightSummaries": days,
        "totalAverage": average(&caller, &weigh_ins, range),
        "previousDateWeight": before.map_or_else(nobody, |it| entry(&it, None)),
        "nextDateWeight": after.first().map_or_else(nobody, |it| entry(it, None)),
    }))
}

fn weight_list(caller: &Caller, inner: &Inner, range: (Date, Date), newest_only: bool) -> Reply {
    let weigh_ins = caller.weigh_ins(inner, range);
    let mut rows = entries(&weigh_ins, caller.before(inner, range.0).as_ref());
    rows.reverse();
    if newest_only {
        rows.dedup_by_key(|(date, _)| *date);
    }
    found(json!({
        "startDate": range.0.to_string(),
        "endDate": range.1.to_string(),
        "dateWeightList": rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>(),
        "totalAverage": average(caller, &weigh_ins, range),
    }))
}

async fn weight_day(Path(date): Path<String>, State(inner): Shared, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    weight_list(&caller, &inner, (date, date), false)
}

async fn weight_dates(query: Query, State(inner): Shared, caller: Caller) -> Reply {
    let range = params::range(
        params::required(&query, "startDate")?,
        params::required(&query, "endDate")?,
        ANY_LENGTH,
    )?;
    weight_list(&caller, &inner, range, true)
}

/// Here the number is called a version.
fn lone(weigh_in: &WeighIn, delta: Option<f64>) -> Value {
    let mut row = entry(weigh_in, delta);
    if let Some(row) = row.as_object_mut() {
        row.remove("calendarDate");
        let pk = row.remove("samplePk");
        row.insert("version".to_owned(), pk.unwrap_or_default());
        row.insert("caloricIntake".to_owned(), Value::Null);
    }
    row
}

async fn weight_latest(query: Query, State(inner): Shared, caller: Caller) -> Reply {
    let date = params::query_date(&query, "date")?;
    match caller.weigh_ins(&inner, (shift(date, -800), date)).as_slice() {
        [.., before, latest] => found(lone(latest, Some(rounded(latest.grams - before.grams, 1)))),
        [only] => found(lone(only, None)),
        [] => nothing(),
    }
}

async fn weight_first(State(inner): Shared, caller: Caller) -> Reply {
    let range = (caller.season.first(), caller.season.last());
    match caller.weigh_ins(&inner, range).first() {
        Some(first) => found(lone(first, None)),
        None => nothing(),
    }
}

const GRAMS_PER_POUND: f64 = 453.592_37;

async fn add_weight(State(inner): Shared, caller: Caller, body: Bytes) -> Reply {
    let body = json_of(&body)?;
    let value = field(&body, "value")?.as_f64().unwrap_or_default();
    let grams = match field(&body, "unitKey")?.as_str() {
        Some("kg") => value * 1_000.0,
        Some("lbs") => value * GRAMS_PER_POUND,
        other => return Err(ApiError::BadRequest(format!("Invalid unitKey: {other:?}"))),
    };
    if !(1_000.0..=1_000_000.0).contains(&grams) {
        return Err(ApiError::BadRequest(format!("Invalid weight: {value}")));
    }
    let wall = stamp(&body, "dateTimestamp")?;
    let at = millis(stamp(&body, "gmtTimestamp")?);
    let date = match body.get("date").and_then(Value::as_str) {
        Some(date) => params::date(date)?,
        None => wall.date(),
    };
    let mut garmin = inner.lock();
    let diary = &mut garmin.account_mut(caller.index).diary;
    let pk = diary.next_id(caller.now_ms());
    diary.weigh_ins.push(WeighIn {
        pk,
        date,
        at,
        wall: millis(wall),
        grams: rounded(grams, 2),
        bmi: Some(caller.athlete.bmi(grams)),
        fat_pct: None,
        water_pct: None,
        bone_g: None,
        muscle_g: None,
        physique_rating: None,
        visceral_fat_rating: None,
        metabolic_age: None,
        source: "MANUAL",
    });
    nothing()
}

async fn remove_weight(
    Path((date, pk)): Path<(String, String)>,
    State(inner): Shared,
    caller: Caller,
) -> Reply {
    let date = params::date(&date)?;
    let pk: i64 = pk.parse().map_err(|_| ApiError::NotFound)?;
    let known = caller.weigh_ins(&inner, (date, date)).iter().any(|it| it.pk == pk);
    if !known {
        return Err(ApiError::NotFound);
    }
    inner.lock().account_mut(caller.index).diary.removed.insert(pk);
    nothing()
}

// Blood pressure.

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

// Drink.

impl Caller {
    /// What was drunk on a day, and when last.
    pub(super) fn drunk(&self, inner: &Inner, date: Date) -> (f64, Option<String>) {
        let (measured, last) = self.told(date).map_or((0.0, None), |day| {
            let (ml, last) = self.athlete.drunk(day, self.now_ms());
            (ml, last.map(|at| dotted(self.athlete.zone.wall(at))))
        });
        let garmin = inner.lock();
        match garmin.account(self.index).diary.drinks.get(&date) {
            Some((entered, at)) => ((measured + entered).max(0.0), Some(at.clone())),
            None => (measured, last),
        }
    }
}

fn hydration_of(caller: &Caller, inner: &Inner, date: Date) -> Value {
    let (drunk, last) = caller.drunk(inner, date);
    let sweat = caller.told(date).map_or(0.0, |day| Athlete::sweat_ml(day, caller.now_ms()));
    json!({
        "userId": caller.athlete.person.profile_id,
        "calendarDate": date.to_string(),
        "valueInML": drunk,
        "goalInML": caller.athlete.hydration_goal() + sweat,
        "dailyAverageinML": null,
        "lastEntryTimestampLocal": last,
        "sweatLossInML": sweat,
        "activityIntakeInML": 0.0,
    })
}

/// Days with the watch on; Garmin refuses more than four weeks.
async fn hydration_days(
    Path((start, end)): Path<(String, String)>,
    State(inner): Shared,
    caller: Caller,
) -> Reply {
    let (start, end) = params::range(&start, &end, 28)?;
    let worn: Vec<Date> = caller.season.worn(start, end).map(|day| day.date).collect();
    let rows = worn.into_iter().filter(|date| caller.told(*date).is_some()).map(|date| {
        let day = hydration_of(&caller, &inner, date);
        json!({"calendarDate": date.to_string(),
               "values": {"valueInML": day["valueInML"], "goalInML": day["goalInML"]}})
    });
    found(rows.collect())
}

async fn hydration(Path(date): Path<String>, State(inner): Shared, caller: Caller) -> Reply {
    found(hydration_of(&caller, &inner, params::date(&date)?))
}

async fn drink(State(inner): Shared, caller: Caller, body: Bytes) -> Reply {
    let body = json_of(&body)?;
    let date = params::date(field(&body, "calendarDate")?.as_str().unwrap_or_default())?;
    let at = stamp(&body, "timestampLocal")?;
    let ml = field(&body, "valueInML")?
        .as_f64()
        .ok_or_else(|| ApiError::BadRequest("valueInML must be a number".to_owned()))?;
    {
        let mut garmin = inner.lock();
        let drinks = &mut garmin.account_mut(caller.index).diary.drinks;
        let entry = drinks.entry(date).or_default();
        *entry = (entry.0 + ml, at.strftime("%Y-%m-%dT%H:%M:%S.0").to_string());
    }
    Ok((StatusCode::OK, axum::Json(hydration_of(&caller, &inner, date))).into_response())
}

//! `weight-service`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{ANY_LENGTH, Shared, field, json_of, millis, stamp};
use crate::api::params::{self, Query};
use crate::api::{ApiError, Caller, Reply, found, nothing};
use crate::athlete::{number, rounded};
use crate::diary::WeighIn;
use crate::state::Inner;
use crate::times::shift;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/weight-service/weight/range/{start}/{end}", get(weight_range))
        .route("/weight-service/weight/dayview/{date}", get(weight_day))
        .route("/weight-service/weight/dateRange", get(weight_dates))
        .route("/weight-service/weight/latest", get(weight_latest))
        .route("/weight-service/weight/first", get(weight_first))
        .route("/weight-service/user-weight", post(add_weight))
        .route("/weight-service/weight/{date}/byversion/{pk}", delete(remove_weight))
}

impl Caller {
    /// Weighings from `start` to `end`, oldest first.
    pub(in crate::api) fn weigh_ins(
        &self,
        inner: &Inner,
        (start, end): (Date, Date),
    ) -> Vec<WeighIn> {
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
}

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

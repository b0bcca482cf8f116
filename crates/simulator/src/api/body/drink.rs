//! Hydration: what was drunk, and what was sweated.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, put};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Shared, field, json_of, stamp};
use crate::api::params;
use crate::api::{ApiError, Caller, Reply, found};
use crate::athlete::Athlete;
use crate::state::Inner;
use crate::times::dotted;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/usersummary-service/usersummary/hydration/daily/{date}", get(hydration))
        .route("/usersummary-service/stats/hydration/daily/{start}/{end}", get(hydration_days))
        .route("/usersummary-service/usersummary/hydration/log", put(drink))
}

impl Caller {
    /// What was drunk on a day, and when last.
    pub(in crate::api) fn drunk(&self, inner: &Inner, date: Date) -> (f64, Option<String>) {
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

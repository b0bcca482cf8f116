//! `fitnessstats-service`: sums over activities, and the reload of archived days.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::routing::{get, post};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::params::{self, Query};
use super::{ApiError, Caller, Reply, found};
use crate::athlete::{Activity, Discipline, number, rounded};
use crate::state::Inner;
use crate::times::{monday, plain};

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/fitnessstats-service/activity", get(stats))
        .route("/fitnessstats-service/activity/all", get(all))
        .route("/wellness-service/wellness/epoch/request/{date}", post(reload))
}

fn dates(query: &Query) -> Result<(Date, Date), ApiError> {
    let (start, end) =
        (params::query_date(query, "startDate")?, params::query_date(query, "endDate")?);
    if end < start {
        return Err(ApiError::BadRequest("startDate must not be after endDate".to_owned()));
    }
    Ok((start, end))
}

/// A parameter that comes several times.
fn metrics(raw: Option<&str>) -> Vec<String> {
    url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes())
        .filter(|(name, _)| name == "metric")
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// As stored: centimetres, milliseconds, kilojoules; as a person would say it, when asked to.
fn value(activity: &Activity, metric: &str, standard: bool) -> Option<f64> {
    let (value, stored) = match metric {
        "distance" => (activity.distance, 100.0),
        "duration" => (activity.duration, 1_000.0),
        "movingDuration" => (activity.moving, 1_000.0),
        "elapsedDuration" => (activity.elapsed, 1_000.0),
        "elevationGain" => (activity.means.gain, 100.0),
        "elevationLoss" => (activity.means.loss, 100.0),
        "calories" => (activity.calories, 4.184),
        _ => return None,
    };
    Some(rounded(if standard { value } else { value * stored }, 2))
}

const fn parent(discipline: Discipline) -> &'static str {
    match discipline {
        Discipline::Run => "running",
        Discipline::Ride => "cycling",
        Discipline::Strength => "fitness_equipment",
    }
}

async fn stats(query: Query, RawQuery(raw): RawQuery, caller: Caller) -> Reply {
    let (start, end) = dates(&query)?;
    let asked = metrics(raw.as_deref());
    if asked.is_empty() {
        return Err(ApiError::BadRequest("Missing parameter: metric".to_owned()));
    }
    let key = |date: Date| match params::required(&query, "aggregation") {
        Ok("lifetime") => Ok(start),
        Ok("daily") => Ok(date),
        Ok("weekly") => Ok(monday(date)),
        Ok("monthly") => Ok(date.first_of_month()),
        Ok("yearly") => Ok(date.first_of_year()),
        Ok(other) => Err(ApiError::BadRequest(format!("Invalid aggregation: {other}"))),
        Err(error) => Err(error),
    };
    let by_type = query.get("groupByParentActivityType").is_some_and(|it| it == "true");
    let standard = query.get("standardizedUnits").is_some_and(|it| it == "true");
    let mut periods: BTreeMap<Date, Vec<&Activity>> = BTreeMap::new();
    for activity in caller.season.activities(caller.now_ms()) {
        if (start..=end).contains(&activity.date) {
            periods.entry(key(activity.date)?).or_default().push(activity);
        }
    }
    let rows: Vec<Value> = periods
        .iter()
        .map(|(date, activities)| {
            let mut groups: BTreeMap<&str, Vec<&Activity>> = BTreeMap::new();
            for activity in activities {
                let group = if by_type { parent(activity.discipline) } else { "all" };
                groups.entry(group).or_default().push(activity);
            }
            let stats: Map<String, Value> = groups
                .into_iter()
                .map(|(group, activities)| {
                    let figures = asked
                        .iter()
                        .map(|metric| (metric.clone(), figures(&activities, metric, standard)));
                    (group.to_owned(), Value::Object(figures.collect()))
                })
                .collect();
            json!({"date": date.to_string(), "countOfActivities": activities.len(),
                   "stats": stats})
        })
        .collect();
    found(Value::from(rows))
}

fn figures(activities: &[&Activity], metric: &str, standard: bool) -> Value {
    let values: Vec<f64> =
        activities.iter().filter_map(|activity| value(activity, metric, standard)).collect();
    let sum: f64 = values.iter().sum();
    let count = i64::try_from(values.len()).unwrap_or(0);
    json!({
        "count": count,
        "min": values.iter().copied().reduce(f64::min),
        "max": values.iter().copied().reduce(f64::max),
        "avg": (count > 0).then(|| rounded(sum / number(count.max(1)), 2)),
        "sum": (count > 0).then(|| rounded(sum, 2)),
    })
}

async fn all(query: Query, RawQuery(raw): RawQuery, caller: Caller) -> Reply {
    let (start, end) = dates(&query)?;
    let asked = metrics(raw.as_deref());
    let rows: Vec<Value> = caller
        .season
        .activities(caller.now_ms())
        .filter(|activity| (start..=end).contains(&activity.date))
        .map(|activity| {
            let mut row = Map::new();
            row.insert("activityId".to_owned(), json!(activity.id));
            for metric in &asked {
                let value = match metric.as_str() {
                    "activityTrainingLoad" => json!(rounded(activity.load, 2)),
                    "startLocal" => json!(plain(caller.athlete.zone.wall(activity.start))),
                    "name" => json!(activity.name),
                    "aerobicTrainingEffect" => json!(activity.aerobic_effect),
                    "anaerobicTrainingEffect" => json!(activity.anaerobic_effect),
                    _ => continue,
                };
                row.insert(metric.clone(), value);
            }
            Value::Object(row)
        })
        .collect();
    found(Value::from(rows))
}

async fn reload(
    Path(date): Path<String>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
) -> Reply {
    let date = params::date(&date)?;
    inner.lock().account_mut(caller.index).diary.reloads.push(date);
    found(json!({"userProfilePk": caller.athlete.person.profile_id,
                 "calendarDate": date.to_string(), "status": "SUBMITTED", "source": "USER"}))
}

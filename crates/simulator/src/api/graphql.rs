//! `graphql-gateway`: the two questions about plans that the web app asks there.

use std::sync::Arc;

use axum::routing::post;
use axum::{Json, Router};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::date;
use super::{ApiError, Caller, Reply, found};
use crate::library::done_as;
use crate::state::Inner;
use crate::times::{days_between, monday, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new().route("/graphql-gateway/graphql", post(ask))
}

async fn ask(caller: Caller, Json(sent): Json<Value>) -> Reply {
    let query = sent["query"].as_str().unwrap_or_default();
    if query.contains("workoutScheduleSummariesScalar") {
        let (start, end) = (argument(query, "startDate")?, argument(query, "endDate")?);
        if days_between(start, end) < 0 {
            return found(json!({"errors": [{"message": "startDate is after endDate"}]}));
        }
        return found(json!({"data": {
            "workoutScheduleSummariesScalar": summaries(&caller, start, end)
        }}));
    }
    if query.contains("trainingPlanScalar") {
        let around = argument(query, "calendarDate")?;
        let week = monday(around);
        let days: Vec<Value> = plan(&caller)
            .into_iter()
            .filter(|day| {
                let date = day["scheduleDate"].as_str().and_then(|text| text.parse().ok());
                date.is_some_and(|date: Date| (0..7).contains(&days_between(week, date)))
            })
            .collect();
        return found(json!({"data": {"trainingPlanScalar": {
            "trainingPlanWorkoutScheduleDTOS": [{
                "planName": "Spring plan", "trainingPlanId": 40_000_001,
                "trainingPlanClassification": "FBT_ADAPTIVE",
                "workoutScheduleSummaries": days,
            }]
        }}}));
    }
    found(json!({"errors": [{"message": "Field is undefined"}]}))
}

/// A literal argument of a question, a date in quotes.
fn argument(query: &str, name: &str) -> Result<Date, ApiError> {
    let value = query
        .split_once(&format!("{name}:"))
        .and_then(|(_, rest)| rest.trim_start().strip_prefix('"'))
        .and_then(|rest| rest.split_once('"'))
        .map(|(value, _)| value);
    date(value.unwrap_or_default())
}

fn summaries(caller: &Caller, start: Date, end: Date) -> Vec<Value> {
    let library = caller.library();
    let now = caller.now_ms();
    let mut rows: Vec<Value> = library
        .entries()
        .filter(|(_, entry)| (start..=end).contains(&entry.date))
        .filter_map(|(id, entry)| {
            let workout = library.workout(entry.workout)?;
            let sport = workout["sportType"]["sportTypeKey"].as_str().unwrap_or_default();
            Some(json!({
                "scheduleDate": entry.date.to_string(),
                "scheduledWorkoutId": id,
                "workoutId": entry.workout,
                "workoutUuid": null,
                "workoutName": workout["workoutName"],
                "workoutType": sport,
                "workoutPhrase": null,
                "isRestDay": false,
                "race": false,
                "tpType": null,
                "tpPlanName": null,
                "trainingPlanId": null,
                "fbtAdaptivePlanId": null,
                "estimatedDurationInSecs": workout["estimatedDurationInSecs"],
                "estimatedDistanceInMeters": workout["estimatedDistanceInMeters"],
                "associatedActivityId": done_as(&caller.season, entry, sport, now),
            }))
        })
        .collect();
    let planned = plan(caller).into_iter().filter(|day| {
        let date = day["scheduleDate"].as_str().and_then(|text| text.parse().ok());
        date.is_some_and(|date: Date| (start..=end).contains(&date))
    });
    rows.sort_by_key(|row| row["scheduleDate"].as_str().map(str::to_owned));
    // What a plan asks for comes after what the athlete has put there.
    rows.extend(planned);
    rows
}

/// What the athlete's plan asks for, this week and the next.
pub(super) fn plan(caller: &Caller) -> Vec<Value> {
    let week = monday(caller.today());
    let seed = caller.athlete.person.seed.child("plan-workouts");
    (0..14)
        .map(|offset| {
            let date = shift(week, offset);
            let (name, phrase) = match offset % 7 {
                2 => ("Base", "AEROBIC_LOW_SHORTAGE_BASE"),
                4 => ("Tempo", "TEMPO"),
                _ => ("", ""),
            };
            let rest = name.is_empty();
            let training = |value: Value| if rest { Value::Null } else { value };
            json!({
                "scheduleDate": date.to_string(),
                "scheduledWorkoutId": null,
                "workoutId": null,
                "workoutUuid": training(json!(seed.at(offset).uuid())),
                "workoutName": training(json!(name)),
                "workoutType": training(json!("running")),
                "workoutPhrase": training(json!(phrase)),
                "isRestDay": rest,
                "race": false,
                "tpType": "FBT_ADAPTIVE",
                "tpPlanName": "Spring plan",
                "trainingPlanId": 40_000_001,
                "fbtAdaptivePlanId": 40_000_001,
                "estimatedDurationInSecs": training(json!(2_700)),
                "estimatedDistanceInMeters": null,
                "associatedActivityId": null,
            })
        })
        .collect()
}

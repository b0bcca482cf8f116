//! `activity-service` as far as it changes something.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use serde_json::{Map, Value, json};

use super::{broken, json_of, merge};
use crate::api::activity_types::is_key;
use crate::api::{ApiError, Caller, Reply, found, nothing};
use crate::state::Inner;

/// Keys of what an activity was for, in the order of their numbers.
const EVENTS: [&str; 9] = [
    "race",
    "recreation",
    "specialEvent",
    "training",
    "transportation",
    "touring",
    "geocaching",
    "fitness",
    "uncategorized",
];
const LONGEST_NAME: usize = 255;
/// Categories of exercises that the check of sets knows.
const CATEGORIES: [&str; 47] = [
    "BANDED_EXERCISES",
    "BATTLE_ROPE",
    "BENCH_PRESS",
    "BIKE_OUTDOOR",
    "CALF_RAISE",
    "CARDIO",
    "CARRY",
    "CHOP",
    "CORE",
    "CRUNCH",
    "CURL",
    "DEADLIFT",
    "ELLIPTICAL",
    "FLOOR_CLIMB",
    "FLYE",
    "HIP_RAISE",
    "HIP_STABILITY",
    "HIP_SWING",
    "HYPEREXTENSION",
    "INDOOR_BIKE",
    "LADDER",
    "LATERAL_RAISE",
    "LEG_CURL",
    "LEG_RAISE",
    "LUNGE",
    "OLYMPIC_LIFT",
    "PLANK",
    "PLYO",
    "PULL_UP",
    "PUSH_UP",
    "ROW",
    "RUN",
    "RUN_INDOOR",
    "SANDBAG",
    "SHOULDER_PRESS",
    "SHOULDER_STABILITY",
    "SHRUG",
    "SIT_UP",
    "SLED",
    "SLEDGE_HAMMER",
    "SQUAT",
    "STAIR_STEPPER",
    "SUSPENSION",
    "TIRE",
    "TOTAL_BODY",
    "TRICEPS_EXTENSION",
    "WARM_UP",
];

pub(super) fn router() -> Router<Arc<Inner>> {
    let one = "/activity-service/activity/{id}";
    Router::new()
        .route("/activity-service/activity", post(make))
        .route("/activity-service/activity/eventTypes", get(event_types))
        .route(one, put(change).delete(delete))
        .route(&format!("{one}/exerciseSets"), put(set_exercises))
}

async fn event_types(_caller: Caller) -> Reply {
    let rows: Vec<Value> = EVENTS
        .iter()
        .zip(1..)
        .map(|(key, id)| json!({"typeId": id, "typeKey": key, "sortOrder": id}))
        .collect();
    found(Value::from(rows))
}

/// The activity there is, of the season or made up.
fn known(inner: &Inner, caller: &Caller, id: &str) -> Result<i64, ApiError> {
    let number: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
    let (gone, made) = inner.edits(caller.index, |edits| {
        (edits.deleted.contains(&number), edits.made.contains_key(&number))
    });
    if gone || (!made && caller.activity(id).is_err()) {
        return Err(ApiError::NotFound);
    }
    Ok(number)
}

fn names(body: &Map<String, Value>, id: i64) -> bool {
    match body.get("activityId") {
        Some(Value::Number(number)) => number.as_i64() == Some(id),
        Some(Value::String(text)) => text.parse() == Ok(id),
        _ => false,
    }
}

fn refused<T>(problem: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::BadRequest(problem.into()))
}

fn acceptable(body: &Map<String, Value>) -> Result<(), ApiError> {
    if let Some(name) = body.get("activityName") {
        let fits = name.as_str().is_some_and(|name| name.chars().count() <= LONGEST_NAME);
        if !fits {
            return refused("Invalid activity name");
        }
    }
    if let Some(kind) = body.get("activityTypeDTO") {
        let known = kind["typeKey"].as_str().is_some_and(is_key);
        if !known || !kind["typeId"].is_i64() {
            return refused("Invalid activity type");
        }
    }
    if let Some(event) = body.get("eventTypeDTO") {
        let key = event["typeKey"].as_str();
        let number = key.and_then(|key| EVENTS.iter().position(|known| *known == key));
        if number.map(|number| number as u64 + 1) != event["typeId"].as_u64() || number.is_none() {
            return refused("Invalid event type");
        }
    }
    let summary = body.get("summaryDTO").unwrap_or(&Value::Null);
    if let Some(feel) = summary["directWorkoutFeel"].as_f64()
        && ![0.0, 25.0, 50.0, 75.0, 100.0].contains(&feel)
    {
        return refused("Invalid feel");
    }
    if let Some(effort) = summary["directWorkoutRpe"].as_f64()
        && !(0.0..=100.0).contains(&effort)
    {
        return refused("Invalid perceived effort");
    }
    Ok(())
}

async fn change(
    Path(id): Path<String>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
    body: Bytes,
) -> Reply {
    let id = known(&inner, &caller, &id)?;
    let body = json_of(&body)?;
    if !names(&body, id) {
        return refused("Activity ID should not be Null and has to match");
    }
    acceptable(&body)?;
    let mut patch = Value::Object(body);
    patch["activityId"] = id.into();
    inner.edits(caller.index, |edits| match edits.made.get_mut(&id) {
        Some(made) => merge(made, &patch),
        None => merge(edits.changed.entry(id).or_insert_with(|| json!({})), &patch),
    });
    nothing()
}

async fn delete(Path(id): Path<String>, State(inner): State<Arc<Inner>>, caller: Caller) -> Reply {
    let id = known(&inner, &caller, &id)?;
    inner.edits(caller.index, |edits| {
        edits.made.remove(&id);
        edits.deleted.insert(id);
    });
    nothing()
}

async fn make(State(inner): State<Arc<Inner>>, caller: Caller, body: Bytes) -> Reply {
    let body = json_of(&body)?;
    let kind = &body.get("activityTypeDTO").unwrap_or(&Value::Null)["typeKey"];
    let Some(kind) = kind.as_str().filter(|key| is_key(key)) else {
        return refused("Invalid activity type");
    };
    let summary = body.get("summaryDTO").cloned().unwrap_or_default();
    let local = summary["startTimeLocal"].as_str().unwrap_or_default();
    // Without milliseconds this fails on Garmin's side.
    let parsed = local.parse::<jiff::civil::DateTime>().ok();
    let Some(parsed) =
        parsed.filter(|_| local.split_once('.').is_some_and(|(_, it)| it.len() == 3))
    else {
        return broken();
    };
    let zone = body.get("timeZoneUnitDTO").unwrap_or(&Value::Null)["unitKey"].as_str();
    let Some(start) = zone.and_then(|zone| parsed.in_tz(zone).ok()) else {
        return refused("Invalid time zone");
    };
    if summary["duration"].as_f64().is_none_or(|secs| secs <= 0.0) {
        return refused("duration is required");
    }
    let gmt = crate::times::dotted(start.timestamp().as_millisecond());
    let made = inner.edits(caller.index, |edits| {
        let id = edits.next_id();
        let mut made = json!({
            "activityId": id,
            "activityName": body.get("activityName").cloned().unwrap_or_default(),
            "activityTypeDTO": {"typeId": 1, "typeKey": kind},
            "eventTypeDTO": {"typeId": 9, "typeKey": "uncategorized", "sortOrder": 10},
            "isMultiSportParent": false,
            "accessControlRuleDTO": body.get("accessControlRuleDTO").cloned().unwrap_or_default(),
            "timeZoneUnitDTO": body.get("timeZoneUnitDTO").cloned().unwrap_or_default(),
            "metadataDTO": {"manualActivity": true, "autoCalcCalories": true, "lapCount": 1},
            "summaryDTO": summary,
        });
        made["summaryDTO"]["startTimeGMT"] = gmt.into();
        edits.made.insert(id, made.clone());
        made
    });
    found(made)
}

async fn set_exercises(
    Path(id): Path<String>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
    body: Bytes,
) -> Reply {
    let id = known(&inner, &caller, &id)?;
    let mut body = json_of(&body)?;
    if !names(&body, id) {
        return refused("Activity ID should not be Null for updating exercise sets");
    }
    let Some(sets) = body.get("exerciseSets").and_then(Value::as_array) else { return broken() };
    for set in sets {
        let kind = set["setType"].as_str();
        if !matches!(kind, Some("ACTIVE" | "REST")) || !set["startTime"].is_string() {
            return broken();
        }
        for exercise in set["exercises"].as_array().into_iter().flatten() {
            let category = exercise["category"].as_str().unwrap_or_default();
            if !CATEGORIES.contains(&category) {
                return refused("Invalid Category Passed");
            }
            // The one name that is known to be refused although it sounds right.
            let name = exercise["name"].as_str();
            if name == Some("BACK_SQUAT") || name.is_some_and(|name| !is_name(name)) {
                return refused("Invalid Sub-Category Passed");
            }
        }
    }
    body.insert("activityId".to_owned(), id.into());
    inner.edits(caller.index, |edits| edits.sets.insert(id, Value::Object(body)));
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
}

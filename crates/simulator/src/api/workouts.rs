//! `workout-service` and what watches are sent: workouts and their days, remembered.

use std::sync::{Arc, MutexGuard};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::params::{Query, date, whole};
use super::{ApiError, Caller, Reply, found, nothing};
use crate::library::{Entry, Library, Refused};
use crate::state::Inner;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/workout-service/workouts", get(list))
        .route("/workout-service/workout", post(create))
        .route("/workout-service/workout/{id}", get(one).put(replace).delete(delete))
        .route("/workout-service/workout/FIT/{id}", get(file))
        .route("/workout-service/fbt-adaptive/{uuid}", get(adaptive))
        .route(
            "/workout-service/schedule/{id}",
            get(entry).post(schedule).put(move_entry).delete(unschedule),
        )
        .route("/device-service/devicemessage/messages", get(messages).post(push))
}

impl Caller {
    pub(super) fn today(&self) -> jiff::civil::Date {
        self.athlete.zone.date(self.now_ms())
    }

    /// What this athlete has planned.
    pub(super) fn library(&self) -> MutexGuard<'_, Library> {
        self.athlete.library(self.today())
    }
}

fn refused(refused: &Refused) -> Response {
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    let error = if refused.status == 500 {
        "DataIntegrityViolationException"
    } else {
        "BadRequestException"
    };
    (status, Json(json!({"message": refused.message, "error": error}))).into_response()
}

fn number(text: &str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound)
}

/// A workout as the list shows it, without its steps.
fn header(workout: &Value) -> Value {
    let none = json!({"unitId": null, "unitKey": null, "factor": null});
    json!({
        "workoutId": workout["workoutId"],
        "ownerId": workout["ownerId"],
        "workoutName": workout["workoutName"],
        "description": workout["description"],
        "updateDate": workout["updatedDate"],
        "createdDate": workout["createdDate"],
        "sportType": workout["sportType"],
        "trainingPlanId": null,
        "author": {"userProfilePk": null, "displayName": null, "fullName": null},
        "estimatedDurationInSecs": workout["estimatedDurationInSecs"],
        "estimatedDistanceInMeters": workout["estimatedDistanceInMeters"],
        "estimateType": null,
        "estimatedDistanceUnit": none,
        "poolLength": 0.0,
        "poolLengthUnit": none,
        "workoutProvider": workout["workoutProvider"],
        "workoutSourceId": null,
        "consumer": null,
        "atpPlanId": null,
        "shared": false,
        "estimated": true,
    })
}

async fn list(query: Query, caller: Caller) -> Reply {
    let start = usize::try_from(whole(&query, "start", 0)?).unwrap_or(0);
    let limit = usize::try_from(whole(&query, "limit", 100)?).unwrap_or(0);
    let sport = query.get("sportTypeKey");
    let library = caller.library();
    let rows = library
        .workouts()
        .filter(|workout| {
            sport.is_none_or(|sport| workout["sportType"]["sportTypeKey"] == sport.as_str())
        })
        .skip(start)
        .take(limit)
        .map(header);
    found(rows.collect())
}

async fn one(Path(id): Path<String>, caller: Caller) -> Reply {
    let library = caller.library();
    found(library.workout(number(&id)?).ok_or(ApiError::NotFound)?.clone())
}

async fn file(Path(id): Path<String>, caller: Caller) -> Reply {
    let library = caller.library();
    let workout = library.workout(number(&id)?).ok_or(ApiError::NotFound)?;
    let headers = [(axum::http::header::CONTENT_TYPE, "application/octet-stream")];
    Ok((headers, crate::fit::workout_file(workout)).into_response())
}

async fn create(caller: Caller, Json(sent): Json<Value>) -> Reply {
    let today = caller.today();
    let mut library = caller.library();
    Ok(match library.add(&sent, today) {
        Ok(stored) => Json(stored.clone()).into_response(),
        Err(problem) => refused(&problem),
    })
}

async fn replace(Path(id): Path<String>, caller: Caller, Json(sent): Json<Value>) -> Reply {
    let today = caller.today();
    match caller.library().replace(number(&id)?, &sent, today) {
        Ok(true) => nothing(),
        Ok(false) => Err(ApiError::NotFound),
        Err(problem) => Ok(refused(&problem)),
    }
}

async fn delete(Path(id): Path<String>, caller: Caller) -> Reply {
    if caller.library().remove(number(&id)?) { nothing() } else { Err(ApiError::NotFound) }
}

/// The workouts of the athlete's plan are made for one day each and have names of their own.
async fn adaptive(Path(uuid): Path<String>, caller: Caller) -> Reply {
    let planned = super::graphql::plan(&caller);
    let day = planned.iter().find(|day| day["workoutUuid"] == uuid.as_str());
    let day = day.ok_or(ApiError::NotFound)?;
    let library = caller.library();
    let like = library
        .workouts()
        .find(|workout| workout["workoutName"] == "Tempo 20 min")
        .ok_or(ApiError::NotFound)?;
    let mut workout = like.clone();
    workout["workoutId"] = Value::Null;
    workout["workoutUuid"] = day["workoutUuid"].clone();
    workout["workoutName"] = day["workoutName"].clone();
    workout["workoutPhrase"] = day["workoutPhrase"].clone();
    workout["trainingEffectLabel"] = json!("TEMPO");
    workout["estimatedTrainingEffect"] = json!(3.1);
    found(workout)
}

fn entry_json(id: i64, entry: &Entry, library: &Library, owner: i64) -> Value {
    let name = library.workout(entry.workout).map(|workout| workout["workoutName"].clone());
    json!({
        "workoutScheduleId": id,
        "workout": {"workoutId": entry.workout, "workoutName": name},
        "calendarDate": entry.date.to_string(),
        "createdDate": entry.created.to_string(),
        "ownerId": owner,
        "newName": null,
        "consumer": null,
        "atpPlanTypeId": null,
    })
}

async fn entry(Path(id): Path<String>, caller: Caller) -> Reply {
    let id = number(&id)?;
    let library = caller.library();
    let entry = library.entry(id).ok_or(ApiError::NotFound)?;
    found(entry_json(id, entry, &library, caller.athlete.person.profile_id))
}

async fn schedule(Path(id): Path<String>, caller: Caller, Json(sent): Json<Value>) -> Reply {
    let day = date(sent["date"].as_str().unwrap_or_default())?;
    let today = caller.today();
    let mut library = caller.library();
    let id = library.schedule(number(&id)?, day, today).ok_or(ApiError::NotFound)?;
    let entry = library.entry(id).ok_or(ApiError::NotFound)?;
    found(entry_json(id, entry, &library, caller.athlete.person.profile_id))
}

async fn move_entry(Path(id): Path<String>, caller: Caller, Json(sent): Json<Value>) -> Reply {
    let day = date(sent["calendarDate"].as_str().unwrap_or_default())?;
    if caller.library().move_entry(number(&id)?, day) { nothing() } else { Err(ApiError::NotFound) }
}

async fn unschedule(Path(id): Path<String>, caller: Caller) -> Reply {
    if caller.library().unschedule(number(&id)?) { nothing() } else { Err(ApiError::NotFound) }
}

async fn messages(State(_): State<Arc<Inner>>, caller: Caller) -> Reply {
    let library = caller.library();
    found(json!({
        "serviceHost": "https://connectapi.garmin.com/",
        "numOfMessages": library.messages.len(),
        "messages": library.messages,
    }))
}

async fn push(caller: Caller, Json(sent): Json<Value>) -> Reply {
    let Some(sent) = sent.as_array().filter(|sent| !sent.is_empty()) else {
        return Err(ApiError::BadRequest("a list of messages is needed".to_owned()));
    };
    let mut made = Vec::with_capacity(sent.len());
    let now = caller.now_ms();
    let person = &caller.athlete.person;
    let mut library = caller.library();
    for message in sent {
        let device = message["deviceId"].as_i64();
        if ![person.watch.id, person.bike_computer.id].map(Some).contains(&device) {
            return Err(ApiError::NotFound);
        }
        let workout = message["metaDataId"].as_i64().and_then(|id| library.workout(id));
        if workout.is_none() || message["messageType"] != "workouts" || message["fileType"] != "FIT"
        {
            return Err(ApiError::BadRequest("Invalid message".to_owned()));
        }
        let id = 7_000_000_000 + i64::try_from(library.messages.len()).unwrap_or(0);
        let stored = json!({
            "messageId": id, "messageType": "workouts", "messageStatus": "new",
            "deviceId": device, "createdTimeStamp": now,
            "metaData": {"type": "workouts", "fileType": "FIT", "messageUrl": message["messageUrl"],
                "messageName": message["messageName"], "priority": message["priority"],
                "metaDataId": message["metaDataId"]},
        });
        library.messages.push(stored.clone());
        made.push(stored);
    }
    found(Value::from(made))
}

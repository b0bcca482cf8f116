//! `course-service`: courses, one by one and as files.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::activities::type_dto;
use super::{ApiError, Caller, Reply, found, nothing};
use crate::athlete::{Course, Sample, courses, rounded, thinned};
use crate::state::Inner;
use crate::times::{dotted, spaced};

/// Points of the line of a course.
const POINTS: usize = 600;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/course-service/course", get(list).post(save))
        .route("/course-service/course/import", post(import))
        .route("/course-service/course/owner/{dn}", get(list_of))
        .route("/course-service/course/{id}", get(one).delete(remove))
        .route("/course-service/course/gpx/{id}", get(gpx))
        .route("/web-gateway/course/owner", get(page))
}

/// The courses of the season that were not deleted.
fn all(inner: &Inner, caller: &Caller) -> Vec<Course> {
    let mut all = courses(&caller.season, caller.now_ms());
    let garmin = inner.lock();
    let deleted = &garmin.account(caller.index).belongings.deleted_courses;
    all.retain(|course| !deleted.contains(&course.id));
    all
}

/// Courses saved since the start, as they were sent.
fn saved(inner: &Inner, caller: &Caller) -> Vec<Value> {
    inner.lock().account(caller.index).belongings.courses.values().cloned().collect()
}

fn named(inner: &Inner, caller: &Caller, id: &str) -> Result<Course, ApiError> {
    let id: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
    all(inner, caller).into_iter().find(|course| course.id == id).ok_or(ApiError::NotFound)
}

fn saved_as(inner: &Inner, caller: &Caller, id: &str) -> Option<Value> {
    let id: i64 = id.parse().ok()?;
    inner.lock().account(caller.index).belongings.courses.get(&id).cloned()
}

/// How the list spells what a saved course says.
fn header_of_saved(course: &Value) -> Value {
    json!({
        "courseId": course["courseId"],
        "courseName": course["courseName"],
        "activityTypePk": course["activityTypePk"],
        "distanceInMeters": course["distanceMeter"],
        "elevationGainInMeters": course["elevationGainMeter"],
        "elevationLossInMeters": course["elevationLossMeter"],
        "createdDate": course["createdDate"],
        "hasPaceBand": false,
        "favorite": false,
    })
}

fn headers(inner: &Inner, caller: &Caller) -> Vec<Value> {
    let made = saved(inner, caller);
    all(inner, caller).iter().map(header_of).chain(made.iter().map(header_of_saved)).collect()
}

/// Reads the points of a file and keeps nothing.
async fn import(_caller: Caller, body: Bytes) -> Reply {
    let text = String::from_utf8_lossy(&body);
    let number = |part: &str, name: &str| -> Option<f64> {
        let value = part.split(&format!("{name}=\"")).nth(1)?;
        value.split('"').next()?.parse().ok()
    };
    let points: Vec<Value> = text
        .split("<trkpt")
        .skip(1)
        .filter_map(|part| {
            let height = part.split("<ele>").nth(1).and_then(|rest| rest.split('<').next());
            let height = height.and_then(|height| height.trim().parse::<f64>().ok());
            Some(json!({"latitude": number(part, "lat")?, "longitude": number(part, "lon")?,
                        "elevation": height, "distance": null, "timestamp": null}))
        })
        .collect();
    if points.len() < 2 {
        return Err(ApiError::BadRequest("The file has no course".to_owned()));
    }
    let name = text.split("<name>").nth(1).and_then(|rest| rest.split("</name>").next());
    found(json!({"courseId": null, "courseName": name.unwrap_or("Course"), "geoPoints": points,
                 "coursePoints": []}))
}

/// Keeps a whole course; parts of one are refused.
async fn save(State(inner): State<Arc<Inner>>, caller: Caller, body: Bytes) -> Reply {
    let mut course: Value = serde_json::from_slice(&body)
        .map_err(|_| ApiError::BadRequest("Unable to parse the request".to_owned()))?;
    let points = course["geoPoints"].as_array().map_or(0, Vec::len);
    let whole = course["courseName"].as_str().is_some_and(|name| !name.trim().is_empty())
        && course["distanceMeter"].is_number()
        && course["activityTypePk"].as_i64().is_some_and(super::activity_types::is_number)
        && [1, 2, 4].contains(&course["rulePK"].as_i64().unwrap_or(0))
        && points >= 2;
    if !whole {
        return Err(ApiError::BadRequest("Course is not complete".to_owned()));
    }
    course["createdDate"] = caller.now_ms().into();
    found(inner.lock().account_mut(caller.index).belongings.save(course))
}

async fn remove(State(inner): State<Arc<Inner>>, Path(id): Path<String>, caller: Caller) -> Reply {
    let own = saved_as(&inner, &caller, &id).is_some();
    if !own {
        named(&inner, &caller, &id)?;
    }
    let id: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
    let mut garmin = inner.lock();
    let belongings = &mut garmin.account_mut(caller.index).belongings;
    belongings.courses.remove(&id);
    belongings.deleted_courses.insert(id);
    drop(garmin);
    nothing()
}

fn header_of(course: &Course) -> Value {
    let start = course.samples.first();
    json!({
        "courseId": course.id,
        "courseName": course.name,
        "activityType": type_dto(course.discipline),
        "distanceInMeters": course.distance,
        "elevationGainInMeters": rounded(course.gain, 1),
        "elevationLossInMeters": rounded(course.loss, 1),
        "startLatitude": start.map(|start| start.latitude),
        "startLongitude": start.map(|start| start.longitude),
        "createdDate": course.created,
        "createdDateFormatted": format!("{}.0 GMT", spaced(course.created)),
        "privacyRule": {"typeId": 2, "typeKey": "private"},
        "hasPaceBand": false,
        "favorite": false,
    })
}

async fn list(State(inner): State<Arc<Inner>>, caller: Caller) -> Reply {
    found(headers(&inner, &caller).into())
}

async fn list_of(State(inner): State<Arc<Inner>>, Path(dn): Path<String>, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    found(headers(&inner, &caller).into())
}

async fn page(State(inner): State<Arc<Inner>>, caller: Caller) -> Reply {
    found(json!({"coursesForUser": headers(&inner, &caller)}))
}

fn point(sample: &Sample) -> Value {
    json!({
        "latitude": sample.latitude,
        "longitude": sample.longitude,
        "elevation": rounded(sample.elevation, 1),
        "distance": rounded(sample.distance, 2),
        "timestamp": null,
    })
}

async fn one(State(inner): State<Arc<Inner>>, Path(id): Path<String>, caller: Caller) -> Reply {
    if let Some(course) = saved_as(&inner, &caller, &id) {
        return found(course);
    }
    let course = named(&inner, &caller, &id)?;
    let line = thinned(&course.samples, POINTS);
    let half = line.get(line.len() / 2);
    let bound =
        |read: fn(&Sample) -> f64, pick: fn(f64, f64) -> f64| line.iter().map(read).reduce(pick);
    found(json!({
        "courseId": course.id,
        "courseName": course.name,
        "description": null,
        "openStreetMap": false,
        "userProfilePk": caller.athlete.person.profile_id,
        "rulePK": 2,
        "sourceTypeId": 3,
        "distanceMeter": course.distance,
        "elevationGainMeter": rounded(course.gain, 1),
        "elevationLossMeter": rounded(course.loss, 1),
        "startPoint": line.first().map(point),
        "boundingBox": {
            "lowerLeft": {"latitude": bound(|it| it.latitude, f64::min),
                          "longitude": bound(|it| it.longitude, f64::min)},
            "upperRight": {"latitude": bound(|it| it.latitude, f64::max),
                           "longitude": bound(|it| it.longitude, f64::max)},
        },
        "activityTypePk": course.discipline.activity_type().0,
        "virtualPartnerId": null,
        "elapsedSeconds": null,
        "speedMeterPerSecond": null,
        "createDate": dotted(course.created),
        "updateDate": dotted(course.created),
        "coursePoints": half.map(|half| vec![json!({
            "name": "Halfway", "coursePointType": "GENERIC", "lat": half.latitude,
            "lon": half.longitude, "distance": rounded(half.distance, 2),
            "elevation": rounded(half.elevation, 1),
        })]),
        "courseLines": [],
        "coordinateSystem": "WGS84",
        "hasPaceBand": false,
        "favorite": false,
        "geoPoints": line.iter().map(point).collect::<Vec<Value>>(),
    }))
}

async fn gpx(State(inner): State<Arc<Inner>>, Path(id): Path<String>, caller: Caller) -> Reply {
    let course = named(&inner, &caller, &id)?;
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" \
         creator=\"Garmin Connect\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n\
         <metadata><name>{0}</name></metadata>\n<trk><name>{0}</name><trkseg>\n",
        course.name
    );
    for sample in thinned(&course.samples, POINTS) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "<trkpt lat=\"{}\" lon=\"{}\"><ele>{}</ele></trkpt>",
            sample.latitude,
            sample.longitude,
            rounded(sample.elevation, 1)
        );
    }
    text.push_str("</trkseg></trk>\n</gpx>\n");
    Ok(([(header::CONTENT_TYPE, "application/gpx+xml")], text).into_response())
}

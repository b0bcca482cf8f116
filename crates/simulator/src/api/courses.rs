//! `course-service`: courses, one by one and as files.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};

use super::activities::type_dto;
use super::{ApiError, Caller, Reply, found};
use crate::athlete::{Course, Sample, courses, rounded, thinned};
use crate::state::Inner;
use crate::times::{dotted, spaced};

/// Points of the line of a course.
const POINTS: usize = 600;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/course-service/course", get(list))
        .route("/course-service/course/owner/{dn}", get(list_of))
        .route("/course-service/course/{id}", get(one))
        .route("/course-service/course/gpx/{id}", get(gpx))
        .route("/web-gateway/course/owner", get(page))
}

fn all(caller: &Caller) -> Vec<Course> {
    courses(&caller.season, caller.now_ms())
}

fn named(caller: &Caller, id: &str) -> Result<Course, ApiError> {
    let id: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
    all(caller).into_iter().find(|course| course.id == id).ok_or(ApiError::NotFound)
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

async fn list(caller: Caller) -> Reply {
    found(all(&caller).iter().map(header_of).collect::<Vec<Value>>().into())
}

async fn list_of(Path(dn): Path<String>, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    list(caller).await
}

async fn page(caller: Caller) -> Reply {
    found(json!({"coursesForUser": all(&caller).iter().map(header_of).collect::<Vec<Value>>()}))
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

async fn one(Path(id): Path<String>, caller: Caller) -> Reply {
    let course = named(&caller, &id)?;
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

async fn gpx(Path(id): Path<String>, caller: Caller) -> Reply {
    let course = named(&caller, &id)?;
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

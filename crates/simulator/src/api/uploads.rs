//! `upload-service`: files become activities or weighings. Garmin takes a file at once and works
//! through it afterwards; what came of it is asked for where the answer says.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{ApiError, Caller, Reply};
use crate::diary::WeighIn;
use crate::fit::{Recorded, Weighed, Written, read};
use crate::state::Inner;
use crate::times::dotted;

/// Garmin takes as much.
const LARGEST: usize = 50 * 1024 * 1024;
/// How long a client is asked to wait; the real service says about a second.
const LOOK_AGAIN_MS: &str = "20";
/// Looks that still find the file in the works.
const LOOKS: u32 = 1;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/upload-service/upload", post(upload))
        .route("/upload-service/upload/{ending}", post(upload))
        .route("/activity-service/activity/status/{stamp}/{uuid}", get(status))
        .layer(DefaultBodyLimit::max(LARGEST))
}

/// An upload that has been taken.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    activity: i64,
    looks: u32,
    report: Value,
}

/// The only part of the form: its file's name, and the file.
fn part<'a>(headers: &HeaderMap, body: &'a Bytes) -> Option<(String, &'a [u8])> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let boundary = kind.strip_prefix("multipart/form-data; boundary=")?;
    let (open, close) = (format!("--{boundary}\r\n"), format!("\r\n--{boundary}--"));
    let inner = body.strip_prefix(open.as_bytes())?;
    let end = find(inner, close.as_bytes())?;
    let inner = inner.get(..end)?;
    let head = find(inner, b"\r\n\r\n")?;
    let disposition = std::str::from_utf8(inner.get(..head)?).ok()?;
    disposition.contains("name=\"file\"").then_some(())?;
    let name = disposition.split("filename=\"").nth(1)?.split('"').next()?;
    Some((name.to_owned(), inner.get(head + 4..)?))
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

fn report(caller: &Caller, name: &str, size: usize, uuid: &str) -> Value {
    json!({
        "uploadId": 300_000_000_000_i64 + caller.now.0 % 1_000_000,
        "uploadUuid": {"uuid": uuid},
        "owner": caller.athlete.person.profile_id,
        "fileSize": size,
        "processingTime": 68,
        "creationDate": dotted(caller.now_ms()).replace('T', " ") + "00 GMT",
        "ipAddress": null,
        "fileName": name,
        "report": null,
        "successes": [],
        "failures": [],
    })
}

fn said(report: &Value, id: Option<i64>, code: i64, content: &str) -> Value {
    let mut report = report.clone();
    report["failures"] = json!([{"internalId": id, "externalId": "",
                                 "messages": [{"code": code, "content": content}]}]);
    json!({"detailedImportResult": report})
}

async fn upload(
    State(inner): State<Arc<Inner>>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let Some((name, content)) = part(&headers, &body) else {
        return Err(ApiError::BadRequest("The form has no part named file".to_owned()));
    };
    let uuid = inner.lock().mint("upload").uuid();
    let report = report(&caller, &name, content.len(), &uuid);
    let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    if !["fit", "gpx", "tcx"].contains(&ending.as_str()) {
        let body = said(&report, None, 200, "Unsupported file type.");
        return Ok((StatusCode::NOT_ACCEPTABLE, Json(body)).into_response());
    }
    match read(content) {
        Written::Activity(recorded) => {
            Ok(activity(&inner, &caller, report, &recorded, &uuid, content))
        }
        Written::Scale(weighed) => {
            weigh(&inner, &caller, &weighed);
            let body = json!({"detailedImportResult": report});
            Ok((StatusCode::CREATED, Json(body)).into_response())
        }
        Written::Nothing => {
            let body = said(&report, None, 201, "File corrupted or not supported.");
            Ok((StatusCode::BAD_REQUEST, Json(body)).into_response())
        }
    }
}

fn activity(
    inner: &Inner,
    caller: &Caller,
    report: Value,
    recorded: &Recorded,
    uuid: &str,
    content: &[u8],
) -> Response {
    let known = caller.season.activities(caller.now_ms());
    let mut recorded_then = known.filter(|it| it.start / 1_000 == recorded.start / 1_000);
    let before = inner.edits(caller.index, |edits| {
        let own = recorded_then.find(|it| !edits.is_deleted(it.id)).map(|it| it.id);
        own.or_else(|| edits.began_at(&dotted(recorded.start)))
    });
    if let Some(id) = before {
        let body = said(&report, Some(id), 202, "Duplicate Activity.");
        return (StatusCode::CONFLICT, Json(body)).into_response();
    }
    let wall = caller.athlete.zone.wall(recorded.start);
    let whole = json!({
        "activityName": recorded.name(),
        "activityTypeDTO": super::activity_types::dto(recorded.type_key()),
        "eventTypeDTO": {"typeId": 9, "typeKey": "uncategorized", "sortOrder": 10},
        "isMultiSportParent": false,
        "accessControlRuleDTO": {"typeId": 2, "typeKey": "private"},
        "timeZoneUnitDTO": {"unitKey": caller.athlete.zone_name},
        "metadataDTO": {"manualActivity": false, "isOriginal": true, "lapCount": 1,
                        "uploadedDate": dotted(caller.now_ms())},
        "summaryDTO": {
            "startTimeLocal": dotted(wall), "startTimeGMT": dotted(recorded.start),
            "duration": recorded.seconds, "elapsedDuration": recorded.seconds,
            "distance": recorded.metres,
        },
    });
    let body = json!({"detailedImportResult": report});
    inner.edits(caller.index, |edits| {
        let activity = edits.keep_upload(whole, content);
        edits.uploads.insert(uuid.to_owned(), Upload { activity, looks: LOOKS, report });
    });
    // As the real service does: another host than the one that was asked.
    let place = format!(
        "https://connectapi.garmin.com/activity-service/activity/status/{}/{uuid}",
        caller.now_ms()
    );
    let headers = [("location", place), ("location-in-milliseconds", LOOK_AGAIN_MS.to_owned())];
    (StatusCode::ACCEPTED, headers, Json(body)).into_response()
}

/// As its own scale would have it.
fn weigh(inner: &Inner, caller: &Caller, weighed: &Weighed) {
    let wall = caller.athlete.zone.wall(weighed.at);
    let grams = weighed.weight_kg * 1_000.0;
    let of_grams = |kilograms: Option<f64>| kilograms.map(|it| (it * 1_000.0).round());
    let mut garmin = inner.lock();
    let diary = &mut garmin.account_mut(caller.index).diary;
    let pk = diary.next_id(caller.now_ms());
    diary.weigh_ins.push(WeighIn {
        pk,
        date: caller.athlete.zone.date(weighed.at),
        at: weighed.at,
        wall,
        grams,
        bmi: weighed.bmi.or(Some(caller.athlete.bmi(grams))),
        fat_pct: weighed.fat_pct,
        water_pct: weighed.water_pct,
        bone_g: of_grams(weighed.bone_kg),
        muscle_g: of_grams(weighed.muscle_kg),
        physique_rating: weighed.physique_rating,
        visceral_fat_rating: weighed.visceral_fat_rating,
        metabolic_age: weighed.metabolic_age,
        source: "INDEX_SCALE",
    });
}

async fn status(
    Path((_, uuid)): Path<(i64, String)>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
) -> Reply {
    let found = inner.edits(caller.index, |edits| {
        let upload = edits.uploads.get_mut(&uuid)?;
        let looked = upload.clone();
        upload.looks = upload.looks.saturating_sub(1);
        Some(looked)
    });
    let Some(Upload { activity, looks, mut report }) = found else {
        return Err(ApiError::NotFound);
    };
    let mut status = StatusCode::ACCEPTED;
    if looks == 0 {
        status = StatusCode::CREATED;
        report["successes"] =
            json!([{"internalId": activity, "externalId": null, "messages": null}]);
    }
    Ok((status, Json(json!({"detailedImportResult": report}))).into_response())
}

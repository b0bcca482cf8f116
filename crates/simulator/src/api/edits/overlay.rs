//! Changes laid over the answers of handlers that know nothing of them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Edits, merge};
use crate::api::ApiError;
use crate::state::Inner;

const ONE: &str = "/activity-service/activity/";
const LIST: &str = "/activitylist-service/activities/search/activities";
const COUNT: &str = "/activitylist-service/activities/count";
const LARGEST: usize = 16 * 1024 * 1024;

pub(crate) async fn overlay(
    State(inner): State<Arc<Inner>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let concerned = path.starts_with(ONE) || path == LIST || path == COUNT;
    if request.method() != Method::GET || !concerned {
        return next.run(request).await;
    }
    let token = request.headers().get(header::AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let index = token.and_then(|token| inner.lock().bearer(token, inner.now()));
    let Some(index) = index else { return next.run(request).await };
    if let Some(rest) = path.strip_prefix(ONE) {
        let (id, part) = rest.split_once('/').unwrap_or((rest, ""));
        let Ok(id) = id.parse::<i64>() else { return next.run(request).await };
        match inner.edits(index, |edits| edits.own(id, part)) {
            Own::Whole(whole) => return axum::Json(whole).into_response(),
            Own::Gone => return ApiError::NotFound.into_response(),
            Own::Nothing => {}
        }
        let said = next.run(request).await;
        let change = inner.edits(index, |edits| edits.changed.get(&id).cloned());
        return match change.filter(|_| part.is_empty()) {
            Some(change) => changed(said, |body| merge(body, &change)).await,
            None => said,
        };
    }
    let first_page = request.uri().query().is_none_or(|query| {
        !query.split('&').any(|pair| pair.starts_with("start=") && pair != "start=0")
    });
    let answer = next.run(request).await;
    changed(answer, |body| {
        inner.edits(index, |edits| {
            if path == COUNT {
                edits.recount(body);
            } else {
                edits.relist(body, first_page);
            }
        });
    })
    .await
}

/// What edits say about an address without the season.
enum Own {
    Nothing,
    Gone,
    Whole(Value),
}

impl Edits {
    /// What these edits alone decide: a deleted activity is gone, one that was made is whole.
    fn own(&self, id: i64, part: &str) -> Own {
        if self.deleted.contains(&id) {
            return Own::Gone;
        }
        if part == "exerciseSets"
            && let Some(sets) = self.sets.get(&id)
        {
            return Own::Whole(sets.clone());
        }
        let Some(made) = self.made.get(&id) else { return Own::Nothing };
        match part {
            "" => Own::Whole(made.clone()),
            "exerciseSets" => Own::Whole(json!({"activityId": id, "exerciseSets": null})),
            "splits" => Own::Whole(json!({"activityId": id, "lapDTOs": [], "eventDTOs": []})),
            "hrTimeInZones" | "powerTimeInZones" => Own::Whole(json!([])),
            _ => Own::Gone,
        }
    }

    fn recount(&self, body: &mut Value) {
        let gone = self.deleted.iter().filter(|id| **id < super::FIRST_MADE).count();
        for key in ["totalCount", "nonMultisportCount"] {
            if let Some(count) = body[key].as_u64() {
                let count = count + self.made.len() as u64 - gone as u64;
                body[key] = count.into();
            }
        }
    }

    fn relist(&self, body: &mut Value, first_page: bool) {
        let Some(rows) = body.as_array_mut() else { return };
        rows.retain(|row| row["activityId"].as_i64().is_none_or(|id| !self.deleted.contains(&id)));
        for row in rows.iter_mut() {
            let patch = row["activityId"].as_i64().and_then(|id| self.changed.get(&id));
            if let Some(patch) = patch {
                merge(row, &in_list_words(patch));
            }
        }
        if first_page {
            // The newest first; nobody makes up an activity of the future.
            for made in self.made.values() {
                rows.insert(0, listed(made));
            }
        }
    }
}

/// The list has other names for some of what the detail says.
fn in_list_words(detail: &Value) -> Value {
    let mut row = json!({});
    for (from, to) in [
        ("activityName", "activityName"),
        ("description", "description"),
        ("activityTypeDTO", "activityType"),
        ("eventTypeDTO", "eventType"),
    ] {
        if let Some(value) = detail.get(from) {
            row[to] = value.clone();
        }
    }
    row
}

fn listed(made: &Value) -> Value {
    let mut row = in_list_words(made);
    let spaced = |key: &str| {
        let text = made["summaryDTO"][key].as_str().unwrap_or_default();
        text.replace('T', " ").split('.').next().unwrap_or_default().to_owned()
    };
    row["activityId"] = made["activityId"].clone();
    row["startTimeLocal"] = spaced("startTimeLocal").into();
    row["startTimeGMT"] = spaced("startTimeGMT").into();
    for key in ["distance", "duration"] {
        row[key] = made["summaryDTO"][key].clone();
    }
    row["manualActivity"] = made["metadataDTO"]["manualActivity"].clone();
    row
}

async fn changed(answer: Response, change: impl FnOnce(&mut Value)) -> Response {
    if answer.status() != StatusCode::OK {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, LARGEST).await else {
        return ApiError::NotFound.into_response();
    };
    let body = match serde_json::from_slice::<Value>(&bytes) {
        Ok(mut body) => {
            change(&mut body);
            Body::from(body.to_string())
        }
        Err(_) => Body::from(bytes),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body)
}

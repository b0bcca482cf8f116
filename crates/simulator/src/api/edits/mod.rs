//! What a person changes: kept apart from the season, which is told once and for all, and laid
//! over whatever the season says when it is asked.

mod activities;
mod overlay;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::uploads::Upload;
use super::{ApiError, Reply};
use crate::accounts::AccountIndex;
use crate::state::Inner;

pub(crate) use overlay::overlay;

/// Everything one account has changed.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// What differs from the season, by activity, in the words of the detail.
    changed: BTreeMap<i64, Value>,
    deleted: BTreeSet<i64>,
    /// Activities that no watch recorded, whole.
    made: BTreeMap<i64, Value>,
    sets: BTreeMap<i64, Value>,
    /// What was uploaded since the start, by the number the answer gave.
    pub(super) uploads: BTreeMap<String, Upload>,
    files: BTreeMap<i64, Vec<u8>>,
}

/// Ids of what was made by hand or uploaded begin here; a season's are below.
const FIRST_MADE: i64 = 29_000_000_000;

impl Edits {
    pub(super) fn is_deleted(&self, id: i64) -> bool {
        self.deleted.contains(&id)
    }

    /// The one of these that began then.
    pub(super) fn began_at(&self, start: &str) -> Option<i64> {
        let began = |made: &Value| made["summaryDTO"]["startTimeGMT"] == start;
        self.made.iter().find(|(_, made)| began(made)).map(|(id, _)| *id)
    }

    /// Keeps an activity that came as a file, and the file.
    pub(super) fn keep_upload(&mut self, mut whole: Value, file: &[u8]) -> i64 {
        let id = self.next_id();
        whole["activityId"] = id.into();
        self.made.insert(id, whole);
        self.files.insert(id, file.to_vec());
        id
    }

    /// The file of an activity that came as one.
    pub(super) fn file(&self, id: i64) -> Option<Vec<u8>> {
        self.files.get(&id).filter(|_| self.made.contains_key(&id)).cloned()
    }

    fn next_id(&self) -> i64 {
        let made = self.made.keys().chain(&self.deleted).copied();
        made.filter(|id| *id >= FIRST_MADE).max().map_or(FIRST_MADE, |last| last + 1)
    }
}

pub(super) fn router() -> Router<Arc<Inner>> {
    activities::router()
}

impl Inner {
    pub(super) fn edits<T>(&self, index: AccountIndex, with: impl FnOnce(&mut Edits) -> T) -> T {
        with(&mut self.lock().account_mut(index).edits)
    }
}

/// A body as JSON, refused as Garmin refuses what is none.
fn json_of(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(ApiError::BadRequest("Unable to parse the request".to_owned())),
    }
}

/// How Garmin answers what it did not expect: malformed writes are its own failure.
#[expect(clippy::unnecessary_wraps, reason = "the last line of a handler")]
fn broken() -> Reply {
    let body = json!({"message": "HTTP 500 Internal Server Error", "error": "InternalServerErrorException"});
    Ok((StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response())
}

/// Lays `patch` over `base`: objects field by field, everything else as a whole.
fn merge(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch.clone(),
    }
}

//! `weight-service`, `bloodpressure-service` and hydration: measured, entered, taken back.

mod drink;
mod pressure;
mod weight;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::ApiError;
use crate::state::Inner;
use crate::times::Millis;

type Shared = State<Arc<Inner>>;

/// Beyond any life: these services have no cap.
const ANY_LENGTH: i64 = 40_000;

pub(super) fn router() -> Router<Arc<Inner>> {
    weight::router().merge(pressure::router()).merge(drink::router())
}

/// The body of a write, as far as it is JSON.
pub(in crate::api) fn json_of(body: &Bytes) -> Result<Value, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::BadRequest(format!("Cannot deserialize value: {error}")))
}

fn field<'a>(body: &'a Value, name: &str) -> Result<&'a Value, ApiError> {
    body.get(name)
        .filter(|value| !value.is_null())
        .ok_or_else(|| ApiError::BadRequest(format!("{name} must not be null")))
}

/// `YYYY-MM-DDTHH:MM:SS.mmm` and nothing else.
fn stamp(body: &Value, name: &str) -> Result<DateTime, ApiError> {
    let text = field(body, name)?.as_str().unwrap_or_default();
    let shaped = text.len() == 23 && text.as_bytes()[10] == b'T' && text.as_bytes()[19] == b'.';
    let read = shaped.then(|| text.parse().ok()).flatten();
    read.ok_or_else(|| ApiError::BadRequest(format!("Invalid {name}: {text}")))
}

fn millis(time: DateTime) -> Millis {
    time.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_millisecond())
}

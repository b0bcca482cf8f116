//! `connectapi.garmin.*`: who is asking, and how this host says no.

mod activities;
mod activity_detail;
mod activity_types;
mod body;
mod calendar;
mod challenges;
mod courses;
mod cycle;
mod devices;
mod downloads;
mod edits;
mod fitness;
mod gear;
mod golf;
mod graphql;
mod hrv;
mod lifestyle;
mod moments;
mod multisport;
mod nutrition;
mod params;
mod plans;
mod profile;
mod progress;
mod ranges;
mod scores;
mod sleep;
mod solar;
mod splits;
mod streams;
mod summary;
mod training;
mod uploads;
mod wellness;
mod workouts;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use domain::clock::Timestamp;
use serde_json::{Value, json};

use crate::accounts::{AccountIndex, Units};
use crate::athlete::{Athlete, Season};
use crate::routes::{Realm, split};
use crate::state::Inner;
use crate::times::Millis;

/// A request whose token is alive, and the person it belongs to.
pub(crate) struct Caller {
    pub(crate) index: AccountIndex,
    pub(crate) email: String,
    pub(crate) units: Units,
    pub(crate) now: Timestamp,
    pub(crate) athlete: Arc<Athlete>,
    pub(crate) season: Arc<Season>,
}

impl Caller {
    pub(crate) const fn now_ms(&self) -> Millis {
        self.now.0 * 1_000
    }

    /// Refuses a path that names somebody else.
    pub(crate) fn owns(&self, display_name: &str) -> Result<(), ApiError> {
        let own = display_name == self.athlete.person.display_name || display_name == self.email;
        if own { Ok(()) } else { Err(ApiError::Forbidden) }
    }
}

/// How this host refuses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    BadRequest(String),
    Unauthorized,
    Forbidden,
    NotFound,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, message, error) = match self {
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, message, "BadRequestException"),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "Token is not active".to_owned(),
                "NotAuthorizedException",
            ),
            Self::Forbidden => {
                (StatusCode::FORBIDDEN, "HTTP 403 Forbidden".to_owned(), "ForbiddenException")
            }
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "HTTP 404 Not Found".to_owned(), "NotFoundException")
            }
        };
        (status, Json(json!({"message": message, "error": error}))).into_response()
    }
}

pub(crate) type Reply = Result<Response, ApiError>;

#[expect(clippy::unnecessary_wraps, reason = "the last line of every handler")]
fn found(body: Value) -> Reply {
    Ok(Json(body).into_response())
}

/// 204: nothing recorded.
#[expect(clippy::unnecessary_wraps, reason = "the last line of every handler")]
fn nothing() -> Reply {
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl FromRequestParts<Arc<Inner>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, inner: &Arc<Inner>) -> Result<Self, ApiError> {
        let now = inner.now();
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let realm = parts.extensions.get::<Realm>().copied().unwrap_or(Realm::Any);
        let (index, email, units, athlete) = {
            let mut garmin = inner.lock();
            let live = token.and_then(|token| garmin.bearer(token, now));
            let admitted = live.filter(|index| realm.admits(garmin.account(*index).spec.region));
            let Some(index) = admitted else {
                if let Some(owner) = token.and_then(|token| garmin.owner_of_access(token)) {
                    garmin.account_mut(owner).counters.api_refused += 1;
                }
                return Err(ApiError::Unauthorized);
            };
            let account = garmin.account_mut(index);
            account.counters.api_calls += 1;
            let spec = &account.spec;
            (index, spec.email.clone(), spec.units, account.athlete.clone())
        };
        // Outside the lock: the first call of an account makes up its year.
        let season = athlete.season(now);
        Ok(Self { index, email, units, now, athlete, season })
    }
}

/// What a service answers for a path it does not have.
pub(crate) async fn not_found(uri: axum::extract::OriginalUri) -> Response {
    let path = split(uri.path()).map_or_else(|| uri.path(), |(_, _, path)| path);
    let body = json!({"status": 404, "error": "Not Found", "path": path});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

pub(crate) use edits::{Edits, overlay};
pub(crate) use nutrition::Pantry;

pub(crate) fn router() -> Router<Arc<Inner>> {
    profile::router()
        .merge(wellness::router())
        .merge(sleep::router())
        .merge(hrv::router())
        .merge(ranges::router())
        .merge(moments::router())
        .merge(cycle::router())
        .merge(activities::router())
        .merge(activity_detail::router())
        .merge(activity_types::router())
        .merge(splits::router())
        .merge(courses::router())
        .merge(golf::router())
        .merge(solar::router())
        .merge(streams::router())
        .merge(downloads::router())
        .merge(devices::router())
        .merge(gear::router())
        .merge(training::router())
        .merge(fitness::router())
        .merge(body::router())
        .merge(lifestyle::router())
        .merge(scores::router())
        .merge(progress::router())
        .merge(plans::router())
        .merge(workouts::router())
        .merge(calendar::router())
        .merge(graphql::router())
        .merge(challenges::router())
        .merge(edits::router())
        .merge(nutrition::router())
        .merge(uploads::router())
}

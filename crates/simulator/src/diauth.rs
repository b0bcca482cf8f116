//! `diauth.garmin.*`: tickets into tokens, and tokens into newer tokens.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::accounts::AccountIndex;
use crate::jwt;
use crate::routes::Realm;
use crate::sso::Service;
use crate::state::{GrantRefused, Inner, Pair, State as Garmin};

/// The same for both regions.
const SERVICE_TICKET_GRANT: &str =
    "https://connectapi.garmin.com/di-oauth2-service/oauth/grant/service_ticket";

pub(crate) fn router() -> Router<Arc<Inner>> {
    Router::new().route("/di-oauth2-service/oauth/token", post(token))
}

fn refused(error: &str, description: &str) -> Response {
    let body = Json(json!({"error": error, "error_description": description}));
    (StatusCode::BAD_REQUEST, body).into_response()
}

async fn token(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    let Some(form) = is_form.then(|| form(&body)).flatten() else {
        return refused("invalid_request", "Expected a form");
    };
    let mut garmin = inner.lock();
    let Some(client_id) = client(&garmin, &headers, &form) else {
        return refused("invalid_client", "Bad client credentials");
    };
    match form.get("grant_type").map(String::as_str) {
        Some(SERVICE_TICKET_GRANT) => exchange(&mut garmin, &inner, realm, &client_id, &form),
        Some("refresh_token") => refresh(&mut garmin, &inner, realm, &client_id, &form),
        Some(_) | None => refused("unsupported_grant_type", "Unsupported grant type"),
    }
}

pub(crate) fn form(body: &[u8]) -> Option<HashMap<String, String>> {
    serde_urlencoded::from_bytes(body).ok()
}

/// The client id, if the header and the form agree on it and it is not retired. The password is
/// empty, but its colon must be there.
fn client(garmin: &Garmin, headers: &HeaderMap, form: &HashMap<String, String>) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let client_id = String::from_utf8(decoded).ok()?.strip_suffix(':')?.to_owned();
    let agreed = form.get("client_id") == Some(&client_id);
    (agreed && garmin.client_ids.contains(&client_id)).then_some(client_id)
}

fn exchange(
    garmin: &mut Garmin,
    inner: &Inner,
    realm: Realm,
    client_id: &str,
    form: &HashMap<String, String>,
) -> Response {
    let (Some(ticket), Some(service_url)) = (form.get("service_ticket"), form.get("service_url"))
    else {
        return refused("invalid_request", "Missing service_ticket or service_url");
    };
    let admitted = Service::parse(service_url).is_some_and(|(_, region)| realm.admits(region));
    if !admitted {
        return refused("invalid_grant", "User not found for service ticket");
    }
    let now = inner.now();
    match garmin.spend_ticket(ticket, service_url, now) {
        Ok(index) => {
            garmin.account_mut(index).counters.exchanges += 1;
            let pair = garmin.issue_pair(index, client_id, now);
            answer(&pair)
        }
        Err(reason) => {
            tracing::debug!(?reason, "ticket refused");
            refused("invalid_grant", "Invalid service ticket")
        }
    }
}

fn refresh(
    garmin: &mut Garmin,
    inner: &Inner,
    realm: Realm,
    client_id: &str,
    form: &HashMap<String, String>,
) -> Response {
    let Some(token) = form.get("refresh_token") else {
        return refused("invalid_request", "Missing refresh_token");
    };
    match garmin.rotate(token, client_id, |region| realm.admits(region), inner.now()) {
        Ok(pair) => answer(&pair),
        Err(
            reason @ (GrantRefused::Unknown
            | GrantRefused::Expired
            | GrantRefused::OtherService
            | GrantRefused::OtherRegion
            | GrantRefused::OtherClient
            | GrantRefused::Spent
            | GrantRefused::Revoked),
        ) => {
            tracing::debug!(?reason, "refresh refused");
            // Garmin repeats the token in its sentence; so must we, for leak tests to mean much.
            refused("invalid_grant", &format!("Invalid refresh token: {token}"))
        }
    }
}

fn answer(pair: &Pair) -> Response {
    Json(json!({
        "access_token": pair.access_token,
        "token_type": "Bearer",
        "refresh_token": pair.refresh_token,
        "expires_in": pair.expires_in,
        "refresh_token_expires_in": pair.refresh_expires_in,
        "scope": jwt::SCOPE,
        "jti": pair.jti,
    }))
    .into_response()
}

/// Whose grant a form carries: to match faults and count overlapping refreshes.
pub(crate) fn grant_owner(
    garmin: &Garmin,
    form: &HashMap<String, String>,
) -> Option<(AccountIndex, GrantKind)> {
    if let Some(token) = form.get("refresh_token") {
        return Some((garmin.owner_of_refresh(token)?, GrantKind::Refresh));
    }
    let ticket = form.get("service_ticket")?;
    Some((garmin.owner_of_ticket(ticket)?, GrantKind::Ticket))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantKind {
    Ticket,
    Refresh,
}

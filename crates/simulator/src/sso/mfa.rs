//! The code of a mobile or portal login.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::json_login::{parse, problem, refusal, success};
use super::{Strategy, client_service, cookie, limited, shut, signed_in_cookies};
use crate::routes::Realm;
use crate::state::Inner;

type Params = Query<HashMap<String, String>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    mfa_method: String,
    mfa_verification_code: String,
}

pub(super) async fn verify_mobile(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    query: Params,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    verify(&inner, realm, &query, &headers, &body, Strategy::Mobile)
}

pub(super) async fn verify_portal(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    query: Params,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    verify(&inner, realm, &query, &headers, &body, Strategy::Portal)
}

/// Either path completes either login; the ticket stays bound to the service of the login itself.
fn verify(
    inner: &Inner,
    realm: Realm,
    query: &Params,
    headers: &HeaderMap,
    body: &[u8],
    strategy: Strategy,
) -> Response {
    if let Some(answer) = shut(inner, strategy) {
        return answer;
    }
    let path = match strategy {
        Strategy::Mobile => "/mobile/api/mfa/verifyCode",
        Strategy::Portal | Strategy::Widget => "/portal/api/mfa/verifyCode",
    };
    if client_service(realm, query).is_none_or(|(service, _)| service.strategy() != strategy) {
        return problem(StatusCode::BAD_REQUEST, "Unknown client or service.", path);
    }
    let mut garmin = inner.lock();
    let Some(session) = cookie(headers, super::SESSION) else { return limited() };
    let Some(pending) =
        garmin.sso_sessions.get(&session).and_then(|session| session.pending.clone())
    else {
        return refusal(StatusCode::UNAUTHORIZED, "SESSION_EXPIRED", "sessionExpired");
    };
    let Some(given) = parse::<Verification>(headers, body) else {
        return problem(StatusCode::BAD_REQUEST, "Failed to read request", path);
    };
    let method = garmin.account(pending.account).spec.mfa.as_ref().map(|mfa| mfa.method.wire());
    let right = method == Some(given.mfa_method.as_str())
        && garmin.accepts_code(
            pending.account,
            pending.attempt,
            &given.mfa_verification_code,
            inner.now(),
        );
    if !right {
        return refusal(StatusCode::UNAUTHORIZED, "INVALID_MFA_CODE", "");
    }
    if let Some(session) = garmin.sso_sessions.get_mut(&session) {
        session.pending = None;
    }
    let ticket = garmin.issue_ticket(pending.account, &pending.service_url, inner.now());
    let cookies = signed_in_cookies(&mut garmin, pending.account);
    (cookies, Json(success(&pending.service_url, &ticket))).into_response()
}

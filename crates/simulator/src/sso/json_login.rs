//! The mobile and portal logins: a page for the cookies, then JSON.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Strategy, Verdict, client_service, code_expiry, cookie, has_referer, limited, open_session,
    present_password, shut, signed_in_cookies,
};
use crate::accounts::{AccountIndex, MfaMethod};
use crate::routes::{Realm, split};
use crate::state::{Inner, State as Garmin};

type Params = Query<HashMap<String, String>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    username: String,
    password: String,
    remember_me: bool,
    captcha_token: String,
}

pub(super) async fn mobile_page(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    query: Params,
) -> Response {
    page(&inner, realm, &query, Strategy::Mobile)
}

pub(super) async fn portal_page(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    query: Params,
) -> Response {
    page(&inner, realm, &query, Strategy::Portal)
}

fn page(inner: &Inner, realm: Realm, query: &Params, strategy: Strategy) -> Response {
    if let Some(answer) = shut(inner, strategy) {
        return answer;
    }
    if !is_asked_by_its_client(realm, query, strategy) {
        return problem(StatusCode::BAD_REQUEST, "Unknown client or service.", "/sign-in");
    }
    let (_, cookies) = open_session(&mut inner.lock());
    (cookies, Html("<!DOCTYPE html><html><head><title>Sign In</title></head><body></body></html>"))
        .into_response()
}

fn is_asked_by_its_client(realm: Realm, query: &Params, strategy: Strategy) -> bool {
    client_service(realm, query).is_some_and(|(service, _)| service.strategy() == strategy)
}

pub(super) async fn mobile_login(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    query: Params,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    login(&inner, realm, &query, &headers, &body, Strategy::Mobile)
}

pub(super) async fn portal_login(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    query: Params,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    login(&inner, realm, &query, &headers, &body, Strategy::Portal)
}

fn login(
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
    let (path, page) = match strategy {
        Strategy::Mobile => ("/mobile/api/login", "/mobile/sso/en_US/sign-in?clientId="),
        Strategy::Portal | Strategy::Widget => {
            ("/portal/api/login", "/portal/sso/en-US/sign-in?clientId=")
        }
    };
    let Some((service, region)) =
        client_service(realm, query).filter(|(service, _)| service.strategy() == strategy)
    else {
        return problem(StatusCode::BAD_REQUEST, "Unknown client or service.", path);
    };
    let mut garmin = inner.lock();
    let session = cookie(headers, super::SESSION).filter(|id| garmin.sso_sessions.contains_key(id));
    let (Some(session), true) = (session, has_referer(headers, page)) else {
        return limited();
    };
    let Some(credentials) = parse::<Credentials>(headers, body) else {
        return problem(StatusCode::BAD_REQUEST, "Failed to read request", path);
    };
    tracing::trace!(
        remembered = credentials.remember_me,
        captcha = !credentials.captcha_token.is_empty(),
        "login posted"
    );
    let verdict = present_password(
        &mut garmin,
        inner,
        (service, region),
        &credentials.username,
        &credentials.password,
    );
    match verdict {
        Verdict::Refused => refusal(
            StatusCode::UNAUTHORIZED,
            "INVALID_USERNAME_PASSWORD",
            "generalLoginInvalidUsernameOrPassword",
        ),
        Verdict::Locked => refusal(StatusCode::UNAUTHORIZED, "ACCOUNT_LOCKED", "accountLocked"),
        Verdict::Child => refusal(StatusCode::UNAUTHORIZED, "LOGIN_NOT_ALLOWED", "unableToLogin"),
        Verdict::Captcha => Json(json!({
            "serviceTicketId": null,
            "responseStatus": {"type": "CAPTCHA_REQUIRED", "message": "", "httpStatus": "OK"},
        }))
        .into_response(),
        Verdict::CodeNeeded(pending, method) => {
            let index = pending.account;
            match method {
                MfaMethod::Email | MfaMethod::Sms => garmin.send_code(index, code_expiry(inner)),
                MfaMethod::Totp => {}
            }
            if let Some(session) = garmin.sso_sessions.get_mut(&session) {
                session.pending = Some(pending);
            }
            Json(code_needed(&garmin, index, method)).into_response()
        }
        Verdict::Accepted(index) => {
            let service_url = service.url(region);
            let ticket = garmin.issue_ticket(index, &service_url, inner.now());
            let cookies = signed_in_cookies(&mut garmin, index);
            (cookies, Json(success(&service_url, &ticket))).into_response()
        }
    }
}

/// Reads a JSON body that says it is JSON.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(headers: &HeaderMap, body: &[u8]) -> Option<T> {
    let says_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    says_json.then(|| serde_json::from_slice(body).ok()).flatten()
}

pub(super) fn success(service_url: &str, ticket: &str) -> Value {
    json!({
        "serviceURL": service_url,
        "serviceTicketId": ticket,
        "responseStatus": {"type": "SUCCESSFUL", "message": "", "httpStatus": "OK"},
        "responseReason": null,
        "customerMfaInfo": null,
        "consentTypeList": null,
        "captchaAlreadyPassed": false,
        "samlResponse": null,
        "authType": "CAS",
    })
}

fn code_needed(garmin: &Garmin, index: AccountIndex, method: MfaMethod) -> Value {
    let phone = (method == MfaMethod::Sms).then_some("*******89");
    json!({
        "serviceURL": null,
        "serviceTicketId": null,
        "responseStatus": {"type": "MFA_REQUIRED", "message": "", "httpStatus": "OK"},
        "responseReason": null,
        "customerMfaInfo": {
            "email": garmin.account(index).masked_email(),
            "phoneNumber": phone,
            "mfaLastMethodUsed": method.wire(),
            "defaultMfaMethod": method.wire(),
            "mfaUISetting": {
                "allowPhoneOption": true,
                "allowAddEmailAddress": false,
                "chooseDifferentWayShown": false,
            },
        },
        "consentTypeList": null,
        "captchaAlreadyPassed": false,
        "samlResponse": null,
        "authType": null,
    })
}

pub(super) fn refusal(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({
        "serviceURL": null,
        "serviceTicketId": null,
        "responseStatus": {"type": kind, "message": message, "httpStatus": "UNAUTHORIZED"},
        "customerMfaInfo": null,
    });
    (status, Json(body)).into_response()
}

/// The free reachability check: 405 when the edge lets a client through.
pub(super) async fn login_is_post_only(
    State(inner): State<Arc<Inner>>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let path = split(uri.path()).map_or("/", |(_, _, path)| path);
    let strategy = if path.starts_with("/portal") { Strategy::Portal } else { Strategy::Mobile };
    shut(&inner, strategy).unwrap_or_else(|| {
        problem(StatusCode::METHOD_NOT_ALLOWED, "Method 'GET' is not supported.", path)
    })
}

/// An `application/problem+json` answer.
pub(super) fn problem(status: StatusCode, detail: &str, path: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "instance": path,
    });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

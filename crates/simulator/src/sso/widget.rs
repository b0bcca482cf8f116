//! The embedded widget: HTML pages, a form token, and answers told by their title.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Form, OriginalUri, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use domain::region::Region;
use serde::Deserialize;
use serde_json::json;

use super::{
    Pending, Service, Strategy, Verdict, code_expiry, cookie, has_referer, open_session,
    present_password, service, shut, signed_in_cookies,
};
use crate::accounts::{CodeDelivery, MfaMethod};
use crate::options::WidgetMfaPage;
use crate::routes::Realm;
use crate::state::{Inner, State as Garmin};

type Params = Query<HashMap<String, String>>;

const TITLE: &str = "GARMIN Authentication Application";
const CODE_TITLE: &str = "Enter MFA code for login";
const UNEXPECTED: &str = "An unexpected error has occurred.";
const WRONG_PASSWORD: &str = "Invalid sign in. (Passwords are case sensitive.)";
/// The client id the code page carries in its script.
const PAGE_CLIENT: &str = "gauth-widget";

#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    embed: String,
    #[serde(rename = "_csrf", default)]
    csrf: String,
}

#[derive(Deserialize)]
pub(super) struct Code {
    #[serde(rename = "mfa-code", default)]
    digits: String,
    #[serde(default)]
    embed: String,
    #[serde(rename = "_csrf", default)]
    csrf: String,
    #[serde(rename = "fromPage", default)]
    from_page: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    customer_guid: String,
    mfa_method: String,
}

fn page(title: &str, body: &str) -> Response {
    Html(format!(
        "<!DOCTYPE html>\n<html class=\"no-js\">\n<head>\n<title>{title}</title>\n</head>\n\
         <body>\n{body}\n</body>\n</html>\n"
    ))
    .into_response()
}

fn form_with(csrf: &str, banner: Option<&str>) -> Response {
    let banner = banner
        .map(|text| format!("<div id=\"status\" class=\"error\">{text}</div>\n"))
        .unwrap_or_default();
    page(
        TITLE,
        &format!(
            "{banner}<form method=\"post\" id=\"login-form\">\n\
             <input type=\"hidden\" name=\"embed\" value=\"true\">\n\
             <input type=\"hidden\" name=\"_csrf\" value=\"{csrf}\">\n\
             <input type=\"email\" name=\"username\"><input type=\"password\" name=\"password\">\n\
             <button type=\"submit\">Sign In</button>\n</form>"
        ),
    )
}

/// Step 1: cookies only.
pub(super) async fn embed(State(inner): State<Arc<Inner>>, query: Params) -> Response {
    if let Some(answer) = shut(&inner, Strategy::Widget) {
        return answer;
    }
    let complete = query.get("id").is_some_and(|id| id == "gauth-widget")
        && query.get("embedWidget").is_some_and(|embed| embed == "true")
        && query.contains_key("gauthHost");
    if !complete {
        return (StatusCode::BAD_REQUEST, page(TITLE, UNEXPECTED)).into_response();
    }
    let (_, cookies) = open_session(&mut inner.lock());
    (cookies, page(TITLE, "<div id=\"gauth-widget\"></div>")).into_response()
}

/// The region the query signs in to; every address in it must be the widget's own.
fn region(realm: Realm, query: &Params) -> Option<Region> {
    let (service, region) = service(realm, query)?;
    let embed = Service::Embed.url(region);
    let consistent = service == Service::Embed
        && query.get("id").is_some_and(|id| id == "gauth-widget")
        && query.get("embedWidget").is_some_and(|embed| embed == "true")
        && [
            "gauthHost",
            "source",
            "redirectAfterAccountLoginUrl",
            "redirectAfterAccountCreationUrl",
        ]
        .iter()
        .all(|name| query.get(*name) == Some(&embed));
    consistent.then_some(region)
}

/// Step 2: the form and its token.
pub(super) async fn form(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    query: Params,
    headers: HeaderMap,
) -> Response {
    if let Some(answer) = shut(&inner, Strategy::Widget) {
        return answer;
    }
    if region(realm, &query).is_none() {
        return (StatusCode::BAD_REQUEST, page(TITLE, UNEXPECTED)).into_response();
    }
    let mut garmin = inner.lock();
    if let Some(session) = session_id(&garmin, &headers) {
        let csrf = garmin.sso_sessions[&session].csrf.clone();
        return form_with(&csrf, None);
    }
    let (session, cookies) = open_session(&mut garmin);
    let csrf = garmin.sso_sessions[&session].csrf.clone();
    (cookies, form_with(&csrf, None)).into_response()
}

fn session_id(garmin: &Garmin, headers: &HeaderMap) -> Option<String> {
    cookie(headers, super::SESSION).filter(|id| garmin.sso_sessions.contains_key(id))
}

/// Step 4: the credentials.
pub(super) async fn sign_in(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    OriginalUri(uri): OriginalUri,
    query: Params,
    headers: HeaderMap,
    Form(given): Form<Credentials>,
) -> Response {
    if let Some(answer) = shut(&inner, Strategy::Widget) {
        return answer;
    }
    let mut garmin = inner.lock();
    let session = session_id(&garmin, &headers)
        .filter(|id| garmin.sso_sessions[id].csrf == given.csrf)
        .filter(|_| has_referer(&headers, "/sso/signin") && given.embed == "true");
    let (Some(region), Some(session)) = (region(realm, &query), session) else {
        return form_with("", Some(UNEXPECTED));
    };
    let verdict = present_password(
        &mut garmin,
        &inner,
        (Service::Embed, region),
        &given.username,
        &given.password,
    );
    match verdict {
        Verdict::Refused => form_with(&given.csrf, Some(WRONG_PASSWORD)),
        Verdict::Locked => page("Your Account Is Locked", "Too many attempts."),
        Verdict::Child => page("Unable to sign in", "This account cannot sign in here."),
        Verdict::Captcha => {
            page(TITLE, "<form id=\"login-form\"><div class=\"h-captcha\"></div></form>")
        }
        Verdict::Accepted(index) => {
            let service_url = Service::Embed.url(region);
            let ticket = garmin.issue_ticket(index, &service_url, inner.now());
            (signed_in_cookies(&mut garmin, index), success(&service_url, &ticket)).into_response()
        }
        Verdict::CodeNeeded(pending, method) => {
            let delivery =
                garmin.account(pending.account).spec.mfa.as_ref().map(|m| m.widget_delivery);
            match (method, delivery) {
                (MfaMethod::Email | MfaMethod::Sms, Some(CodeDelivery::Automatic)) => {
                    garmin.send_code(pending.account, code_expiry(&inner));
                }
                (MfaMethod::Email | MfaMethod::Sms, Some(CodeDelivery::OnRequest) | None)
                | (MfaMethod::Totp, _) => {}
            }
            // A page of its own, with a form token of its own.
            let csrf = garmin.mint("csrf").hex();
            if let Some(session) = garmin.sso_sessions.get_mut(&session) {
                session.csrf.clone_from(&csrf);
                session.pending = Some(pending.clone());
            }
            match inner.options.widget_mfa_page {
                WidgetMfaPage::Inline => code_form(&garmin, &pending, &csrf, None),
                WidgetMfaPage::Redirect => {
                    let base = uri.path().trim_end_matches("/signin");
                    let query = uri.query().unwrap_or_default();
                    let to = format!("{base}/verifyMFA/loginEnterMfaCode?{query}");
                    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
                }
            }
        }
    }
}

fn success(service_url: &str, ticket: &str) -> Response {
    let escaped = service_url.replace('/', "\\/");
    page(
        "Success",
        &format!("<script>\nvar response_url = \"{escaped}?ticket={ticket}\";\n</script>"),
    )
}

fn code_form(garmin: &Garmin, pending: &Pending, csrf: &str, error: Option<&str>) -> Response {
    let account = garmin.account(pending.account);
    let method = account.spec.mfa.as_ref().map_or("", |mfa| mfa.method.wire());
    let sent_to = account
        .sent
        .as_ref()
        .filter(|sent| sent.attempt == pending.attempt)
        .map(|_| account.masked_email())
        .unwrap_or_default();
    let guid = &account.athlete.person.guid;
    let error = error
        .map(|text| format!("<span class=\"field-error\">{text}</span>\n"))
        .unwrap_or_default();
    page(
        CODE_TITLE,
        &format!(
            "<script>\nvar customerGuid = \"{guid}\";\nvar mfaMethod = \"{method}\";\n\
             var locale = \"en_US\";\nvar clientId = \"{PAGE_CLIENT}\";\n\
             var codeSentTo = \"{sent_to}\";\n</script>\n{error}\
             <form method=\"post\" id=\"mfa-form\">\n\
             <input type=\"hidden\" name=\"embed\" value=\"true\">\n\
             <input type=\"hidden\" name=\"_csrf\" value=\"{csrf}\">\n\
             <input type=\"hidden\" name=\"fromPage\" value=\"setupEnterMfaCode\">\n\
             <input name=\"mfa-code\" autocomplete=\"one-time-code\">\n</form>"
        ),
    )
}

fn pending_of(garmin: &Garmin, headers: &HeaderMap) -> Option<(String, Pending, String)> {
    let id = session_id(garmin, headers)?;
    let session = garmin.sso_sessions.get(&id)?;
    Some((id, session.pending.clone()?, session.csrf.clone()))
}

/// The code page at its own address.
pub(super) async fn code_page(State(inner): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    if let Some(answer) = shut(&inner, Strategy::Widget) {
        return answer;
    }
    let garmin = inner.lock();
    match pending_of(&garmin, &headers) {
        Some((_, pending, csrf)) => code_form(&garmin, &pending, &csrf, None),
        None => form_with("", Some(UNEXPECTED)),
    }
}

/// Sends the code when the page says none is on its way.
pub(super) async fn deliver_code(
    State(inner): State<Arc<Inner>>,
    query: Params,
    headers: HeaderMap,
    Json(wanted): Json<Delivery>,
) -> Response {
    if let Some(answer) = shut(&inner, Strategy::Widget) {
        return answer;
    }
    let mut garmin = inner.lock();
    let Some((_, pending, _)) = pending_of(&garmin, &headers) else {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "no login"}))).into_response();
    };
    let account = garmin.account(pending.account);
    let method = account.spec.mfa.as_ref().map(|mfa| mfa.method);
    let matches = query.get("clientId").is_some_and(|id| id == PAGE_CLIENT)
        && wanted.customer_guid == account.athlete.person.guid
        && method.is_some_and(|method| method.wire() == wanted.mfa_method);
    match method {
        Some(MfaMethod::Email | MfaMethod::Sms) if matches => {
            // Only the newest login may have codes sent.
            if account.attempt == pending.attempt {
                garmin.send_code(pending.account, code_expiry(&inner));
            }
            Json(json!({"status": "SENT"})).into_response()
        }
        Some(MfaMethod::Email | MfaMethod::Sms | MfaMethod::Totp) | None => {
            (StatusCode::BAD_REQUEST, Json(json!({"error": "bad request"}))).into_response()
        }
    }
}

/// The code, typed in.
pub(super) async fn enter_code(
    State(inner): State<Arc<Inner>>,
    Extension(realm): Extension<Realm>,
    query: Params,
    headers: HeaderMap,
    Form(given): Form<Code>,
) -> Response {
    if let Some(answer) = shut(&inner, Strategy::Widget) {
        return answer;
    }
    let mut garmin = inner.lock();
    let Some((session, pending, csrf)) = pending_of(&garmin, &headers) else {
        return form_with("", Some(UNEXPECTED));
    };
    let well_formed = region(realm, &query).is_some()
        && given.csrf == csrf
        && given.embed == "true"
        && given.from_page == "setupEnterMfaCode"
        && headers.contains_key(header::REFERER);
    if !well_formed {
        return code_form(&garmin, &pending, &csrf, Some(UNEXPECTED));
    }
    if !garmin.accepts_code(pending.account, pending.attempt, &given.digits, inner.now()) {
        return code_form(&garmin, &pending, &csrf, Some("Invalid code. Please try again."));
    }
    if let Some(session) = garmin.sso_sessions.get_mut(&session) {
        session.pending = None;
    }
    let ticket = garmin.issue_ticket(pending.account, &pending.service_url, inner.now());
    (signed_in_cookies(&mut garmin, pending.account), success(&pending.service_url, &ticket))
        .into_response()
}

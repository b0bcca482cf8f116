//! A form of the account page on its way in: from our page, by the session it was made for.

use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use domain::clock::Timestamp;
use http::StatusCode;
use http::header::RETRY_AFTER;
use store::StoreError;

use super::session::{self, Current};
use crate::error::whole_seconds;
use crate::extract::client_ip::ClientIp;
use crate::extract::form::{BodyError, PAGE_LIMIT, Params, is_foreign, read_form};
use crate::headers::FormAction;
use crate::language::{Language, Text};
use crate::limits::ByAddress;
use crate::oauth::redirect::see_other;
use crate::pages::{self, AccountMessage, Site};
use crate::state::AppState;

/// A form that may be acted upon.
pub(super) struct Submitted {
    pub(super) current: Current,
    pub(super) params: Params,
    pub(super) now: Timestamp,
}

impl Submitted {
    /// A field sent once; one sent twice counts as missing.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.params.one(name).ok().flatten()
    }
}

/// How much a form needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Any session.
    Session,
    /// One that began with a sign-in.
    Whole,
    /// One that began with a sign-in a moment ago. Where to go on after another one.
    Fresh(&'static str),
}

/// Reads a form, unless there is a reason not to; the answer is then ready.
pub(super) async fn submitted(
    app: &AppState,
    from: ClientIp,
    language: Language,
    request: Request,
    need: Need,
) -> Result<Submitted, Box<Response>> {
    let headers = request.headers().clone();
    let params = read(app, from, language, request).await?;
    let now = app.clock.now();
    let found = session::current(app, &headers, now).await;
    let current = match found {
        Ok(Some(current)) => current,
        Ok(None) => return Err(Box::new(see_other("/account?done=over"))),
        Err(error) => return Err(Box::new(ours(app, language, &error))),
    };
    let submitted = Submitted { current, params, now };
    if !submitted.field("csrf").is_some_and(|csrf| submitted.current.csrf_is(csrf)) {
        tracing::warn!(event = "account-csrf-invalid", "a form of another page or session");
        return Err(Box::new(stale(app, language)));
    }
    match need {
        Need::Session => {}
        Need::Whole if submitted.current.is_whole() => {}
        Need::Fresh(_) if submitted.current.is_fresh(now) => {}
        Need::Whole => return Err(Box::new(see_other("/account/sign-in"))),
        Need::Fresh(goal) => {
            return Err(Box::new(see_other(&format!("/account/sign-in?for={goal}"))));
        }
    }
    Ok(submitted)
}

/// The fields of a form that came from our site, and not too many from one network.
pub(super) async fn read(
    app: &AppState,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Result<Params, Box<Response>> {
    if let Err(limit) = app.limits.check_address(ByAddress::AccountPage, from.0) {
        return Err(Box::new(too_often(app, language, limit.retry_after)));
    }
    if is_foreign(&app.config.public_url, request.headers()) {
        tracing::warn!(event = "account-csrf-invalid", "a form from another site");
        let (title, why) = (language.t("account-foreign"), language.t("account-foreign-why"));
        return Err(Box::new(refusal(app, language, StatusCode::FORBIDDEN, title, why)));
    }
    read_form(request, PAGE_LIMIT).await.map_err(|error| {
        let status = match error {
            BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::WrongType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            BodyError::Broken => StatusCode::BAD_REQUEST,
            BodyError::Slow => StatusCode::REQUEST_TIMEOUT,
        };
        let (title, why) = (language.t("account-unreadable"), language.t("account-unreadable-why"));
        Box::new(refusal(app, language, status, title, why))
    })
}

pub(super) fn refusal(
    app: &AppState,
    language: Language,
    status: StatusCode,
    title: Text,
    sentence: Text,
) -> Response {
    let site = Site::of(app, language);
    let page = AccountMessage { site, title, sentence, again: status != StatusCode::GONE };
    pages::render(status, &page, FormAction::Nowhere)
}

fn stale(app: &AppState, language: Language) -> Response {
    let (title, why) = (language.t("account-stale"), language.t("account-stale-why"));
    refusal(app, language, StatusCode::FORBIDDEN, title, why)
}

pub(super) fn too_often(app: &AppState, language: Language, wait: Duration) -> Response {
    let (title, why) = (language.t("account-too-often"), language.t("account-too-often-why"));
    let mut response = refusal(app, language, StatusCode::TOO_MANY_REQUESTS, title, why);
    response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait));
    response
}

/// Our own trouble, as a page.
pub(super) fn ours(app: &AppState, language: Language, error: &StoreError) -> Response {
    tracing::error!(event = "store-failed", error = error.label(), "no account page");
    let (title, why) = (language.t("account-ours"), language.t("account-ours-why"));
    let mut response = refusal(app, language, StatusCode::SERVICE_UNAVAILABLE, title, why);
    response.headers_mut().insert(RETRY_AFTER, whole_seconds(Duration::from_mins(1)));
    response
}

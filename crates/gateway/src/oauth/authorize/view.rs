//! Finding a sign-in again, for the browser it belongs to, at the one address it has.

use axum::response::Response;
use domain::clock::Timestamp;
use domain::id::SignInId;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use store::{SignIn, StoreError};

use super::super::redirect::see_other;
use super::stage::{address, stage};
use super::{Arrival, Door, ours};
use crate::account::{Rights, begin_session};
use crate::extract::cookie;
use crate::headers::FormAction;
use crate::language::{Language, Text};
use crate::pages::{self, Message, Site};
use crate::sign_in::{Made, Person, Problem, Record, Stage, after_death, is_alive};
use crate::state::AppState;

/// A sign-in and the browser's right to it.
pub(super) enum Found {
    Here(SignIn, Box<Record>),
    /// Expired, finished long ago, or never there.
    Gone,
    OtherBrowser,
    /// No cookie came, so nobody knows whose it is.
    NoCookie,
}

/// The sign-in `id` names, if the browser that asks began it.
pub(super) async fn find(
    app: &AppState,
    headers: &HeaderMap,
    id: Option<&str>,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let Some(id) = id.and_then(|text| SignInId::parse(text).ok()) else { return Ok(Found::Gone) };
    let Some(row) = app.store.find_sign_in(&id, now).await? else { return Ok(Found::Gone) };
    let Some(browser) = cookie::read(&app.config.public_url, headers) else {
        return Ok(Found::NoCookie);
    };
    if !row.belongs_to(&app.store.digest(&browser)) {
        return Ok(Found::OtherBrowser);
    }
    let Ok(record) = Record::from_bytes(&row.state) else { return Ok(Found::Gone) };
    revive(app, row, record, now).await
}

/// A sign-in whose attempt has died with its process goes back to where the person was.
async fn revive(
    app: &AppState,
    mut row: SignIn,
    mut record: Record,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let Stage::Working { worker, .. } = &record.stage else {
        return Ok(Found::Here(row, Box::new(record)));
    };
    if app.sign_ins.watch(&row.id).is_some() || is_alive(app, worker, now) {
        return Ok(Found::Here(row, Box::new(record)));
    }
    record.stage = after_death(app, &record).await?;
    let (id, version, state) = (&row.id, row.version, record.to_bytes());
    let saved = match record.stage {
        Stage::Done { .. } => app.store.complete_sign_in(id, version, &state, now).await?,
        Stage::Form { .. }
        | Stage::Working { .. }
        | Stage::Code { .. }
        | Stage::Consent { .. }
        | Stage::Unverified { .. }
        | Stage::Refused { .. } => app.store.update_sign_in(id, version, &state, now).await?,
    };
    match saved {
        Some(version) => row.version = version,
        // Somebody else was faster; theirs is the truth.
        None => return reload(app, &row.id, now).await,
    }
    Ok(Found::Here(row, Box::new(record)))
}

/// The sign-in as it is now, for whoever has already proved their right to it.
pub(super) async fn reload(
    app: &AppState,
    id: &SignInId,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let Some(row) = app.store.find_sign_in(id, now).await? else { return Ok(Found::Gone) };
    match Record::from_bytes(&row.state) {
        Ok(record) => Ok(Found::Here(row, Box::new(record))),
        Err(_) => Ok(Found::Gone),
    }
}

/// `GET` of a sign-in's own address: wherever it is by now. A reload, a tab that was put away
/// and somebody back from their e-mail all see the page they left, and nothing is sent twice.
///
/// One that cannot be gone on with begins anew where its address still says what the client
/// asked for.
pub(super) async fn resume(app: &AppState, arrival: &Arrival<'_>) -> Response {
    let now = app.clock.now();
    let id = arrival.params.one("sign_in").ok().flatten();
    match find(app, arrival.headers, id, now).await {
        Ok(found) => show_or_begin(app, arrival, &found, now).await,
        Err(error) => ours(app, arrival.language, &error),
    }
}

/// The page of what was found. What this browser cannot go on with begins anew if its address
/// says with what: of two tabs opened at once only one keeps the cookie. The new sign-in shares
/// nothing with the other one, which may be somebody else's.
pub(super) async fn show_or_begin(
    app: &AppState,
    arrival: &Arrival<'_>,
    found: &Found,
    now: Timestamp,
) -> Response {
    if arrival.door == Door::OwnPage && matches!(found, Found::Gone) {
        // The page is open by now, or has a way in.
        return see_other("/account");
    }
    let problem = match found {
        Found::Here(..) => None,
        Found::Gone => Some(Problem::Lapsed),
        Found::OtherBrowser => Some(Problem::OtherBrowser),
        Found::NoCookie => Some(Problem::NoCookie),
    };
    match problem.filter(|_| arrival.has_request()) {
        Some(problem) => arrival.begin(app, Some(problem)).await,
        None => show(app, arrival.headers, arrival.language, found, now).await,
    }
}

/// On to the client, with the code. Once it has used it the way on is a page: a tab that an
/// app's own address left standing would otherwise send the code again at the next click, and a
/// code that comes twice ends what came of it.
pub(super) async fn way_on(
    app: &AppState,
    headers: &HeaderMap,
    language: Language,
    location: &str,
    made: &Made,
) -> Response {
    match made.is_taken_up(app).await {
        Ok(false) => {
            let mut response = see_other(location);
            if let Some(cookie) = page_session(app, headers, made).await {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            response
        }
        Ok(true) => connected(app, language),
        Err(error) => ours(app, language, &error),
    }
}

/// Whoever has just signed in may see their account page as well. Nobody's way on ends because
/// that cannot be written down.
async fn page_session(app: &AppState, headers: &HeaderMap, made: &Made) -> Option<HeaderValue> {
    let Person { account, proved_at } = made.person()?;
    let rights = Rights::Whole { proved_at: *proved_at };
    match begin_session(app, headers, account, rights, app.clock.now()).await {
        Ok(cookie) => cookie,
        // Erased since.
        Err(StoreError::Dangling(_)) => None,
        Err(error) => {
            tracing::error!(event = "store-failed", error = error.label(), "no session was begun");
            None
        }
    }
}

/// What follows a form that changed something: the page at its own address, so that a reload
/// does not send the form again. For a finished sign-in, straight on.
pub(super) async fn go_on(
    app: &AppState,
    headers: &HeaderMap,
    language: Language,
    found: &Found,
) -> Response {
    match found {
        Found::Here(row, record) => match &record.stage {
            Stage::Done { location, made } => way_on(app, headers, language, location, made).await,
            Stage::Form { .. }
            | Stage::Code { .. }
            | Stage::Working { .. }
            | Stage::Consent { .. }
            | Stage::Unverified { .. }
            | Stage::Refused { .. } => see_other(&address(&row.id, record)),
        },
        Found::Gone => gone(app, language),
        Found::OtherBrowser => other_browser(app, language),
        Found::NoCookie => no_cookie(app, language),
    }
}

async fn show(
    app: &AppState,
    headers: &HeaderMap,
    language: Language,
    found: &Found,
    now: Timestamp,
) -> Response {
    match found {
        Found::Here(row, record) => match &record.stage {
            Stage::Done { location, made } => way_on(app, headers, language, location, made).await,
            Stage::Form { .. }
            | Stage::Code { .. }
            | Stage::Working { .. }
            | Stage::Consent { .. }
            | Stage::Unverified { .. }
            | Stage::Refused { .. } => stage(app, language, &row.id, record, now),
        },
        Found::Gone => gone(app, language),
        Found::OtherBrowser => other_browser(app, language),
        Found::NoCookie => no_cookie(app, language),
    }
}

fn connected(app: &AppState, language: Language) -> Response {
    let page = Message {
        site: Site::of(app, language),
        title: language.t("sign-in-connected"),
        sentence: language.t("sign-in-connected-close"),
        advice: &[],
        alert: false,
    };
    pages::render(StatusCode::OK, &page, FormAction::Nowhere)
}

fn message(
    site: Site<'_>,
    status: StatusCode,
    title: Text,
    sentence: Text,
    advice: &[Text],
) -> Response {
    let page = Message { site, title, sentence, advice, alert: true };
    pages::render(status, &page, FormAction::Nowhere)
}

fn gone(app: &AppState, language: Language) -> Response {
    message(
        Site::of(app, language),
        StatusCode::BAD_REQUEST,
        language.t("refusals-over"),
        language.t("refusals-over-why"),
        &[language.t("refusals-over-shown"), language.t("refusals-over-not-shown")],
    )
}

fn other_browser(app: &AppState, language: Language) -> Response {
    message(
        Site::of(app, language),
        StatusCode::FORBIDDEN,
        language.t("refusals-other-browser"),
        language.t("refusals-other-browser-why"),
        &[language.t("refusals-go-back")],
    )
}

fn no_cookie(app: &AppState, language: Language) -> Response {
    message(
        Site::of(app, language),
        StatusCode::FORBIDDEN,
        language.t("refusals-no-cookie"),
        language.t("refusals-no-cookie-why"),
        &[language.t("refusals-no-cookie-advice")],
    )
}

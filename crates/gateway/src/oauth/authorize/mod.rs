//! `GET /oauth/authorize`: from a client's request to the page a person reads, and back to
//! that page whenever the person comes back to its address.

mod submit;
mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use domain::clock::Timestamp;
use domain::id::{ClientId, SignInId};
use domain::redirect::RedirectUri;
use domain::token::{Csrf, Token};
use http::header::SET_COOKIE;
use http::{HeaderMap, Method, StatusCode};
use std::time::Duration;
use store::{Client, NewSignIn, SignInLimits, StoreError};

pub(super) use submit::post;

use super::clients::{self, Found};
use super::redirect::{see_other, with_error};
use super::request::{self, AuthorizationRequest};
use super::store_failed;
use crate::error::whole_seconds;
use crate::extract::client_ip::ClientIp;
use crate::extract::cookie;
use crate::extract::form::Params;
use crate::limits::ByAddress;
use crate::pages::{self, Message, Site};
use crate::sign_in::{Problem, Record, Stage};
use crate::state::AppState;

/// How long a person has, from the first page to the last.
const SIGN_IN_LIFE: Duration = Duration::from_mins(30);
/// In progress at the same time. Anybody can begin one, and each is a row of some kilobytes.
const MOST_SIGN_INS: SignInLimits = SignInLimits { in_all: 10_000, per_browser: 20 };

pub(super) async fn get(
    State(app): State<AppState>,
    client_ip: ClientIp,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let arrival = Arrival { params: &params, method: &method, headers: &headers, client_ip };
    if params.has("sign_in") {
        // Not counted: a page that waits for Garmin asks every two seconds.
        view::resume(&app, &arrival).await
    } else {
        arrival.begin(&app, None).await
    }
}

/// Somebody with an authorization request.
struct Arrival<'a> {
    params: &'a Params,
    method: &'a Method,
    headers: &'a HeaderMap,
    client_ip: ClientIp,
}

impl Arrival<'_> {
    /// Whether there is a request to begin anew with once a sign-in is over.
    fn has_request(&self) -> bool {
        self.params.has("client_id")
    }

    /// The page of a new sign-in, with a word on what became of the one before.
    async fn begin(&self, app: &AppState, problem: Option<Problem>) -> Response {
        if let Err(limit) = app.limits.check_address(ByAddress::OAuth, self.client_ip.0) {
            return too_often(app, limit.retry_after);
        }
        match begin(app, self, problem).await {
            Ok(response) => response,
            Err(Refusal::Ready(response)) => *response,
            Err(Refusal::Page(problem)) => problem.page(app),
            Err(Refusal::Store(error)) => ours(app, &error),
        }
    }
}

/// Why there is no sign-in page.
enum Refusal {
    /// Told to the person: there is no address yet that could safely be told.
    Page(BadRequest),
    /// Told to the client.
    Ready(Box<Response>),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Requests that must not be answered with a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BadRequest {
    Incomplete,
    /// Not an id we could have given out: typed into a field that wanted to stay empty.
    NotAnId,
    UnknownClient,
    ForeignRedirect,
}

impl BadRequest {
    /// What was sent is never shown: it may be an e-mail address, or worse.
    fn page(self, app: &AppState) -> Response {
        let (title, sentence, advice): (_, _, &[&str]) = match self {
            Self::Incomplete => (
                "This link is incomplete",
                "The app did not say who it is or where to send you afterwards.",
                &["Go back to your app and start connecting from there."],
            ),
            Self::NotAnId => (
                "Leave the OAuth fields empty",
                "The client ID that was sent is not one of ours.",
                &[
                    "If your app has fields for an OAuth client ID and a client secret, leave \
                     both empty: it gets them by itself. Your e-mail address does not belong \
                     there.",
                    "Remove the connector in your app, add it again with its address only, and \
                     connect.",
                ],
            ),
            Self::UnknownClient => (
                "This app is not known here any more",
                "The app uses a registration that this server does not have.",
                &["Remove the connector in your app, add it again and connect: the app then \
                     registers anew."],
            ),
            Self::ForeignRedirect => (
                "This request was refused",
                "The app wants you to be sent to an address it has not registered.",
                &["If you started this in an app you trust, remove the connector there, add \
                     it again and connect. If you only followed a link, close this page."],
            ),
        };
        tracing::info!(event = "authorize-refused", reason = ?self, "an error page was shown");
        let page = Message { site: Site::of(app), title, sentence, advice, alert: true };
        pages::render(StatusCode::BAD_REQUEST, &page, crate::headers::FormAction::Nowhere)
    }
}

async fn begin(
    app: &AppState,
    arrival: &Arrival<'_>,
    problem: Option<Problem>,
) -> Result<Response, Refusal> {
    let &Arrival { params, method, headers, client_ip: _ } = arrival;
    let client = known_client(app, params).await?;
    let redirect_uri = allowed_redirect(&client, params)?;
    let origin = &app.config.public_url;
    let state = request::state(params);
    let checked = request::check(params, origin, client.scopes).map_err(|refused| {
        let (code, description) = (refused.code, refused.description);
        tracing::info!(event = "authorize-refused", client_id = %client.id, code = code.as_str());
        let location = with_error(origin, &redirect_uri, code, description, state);
        Refusal::Ready(Box::new(see_other(&location)))
    })?;
    let request = AuthorizationRequest {
        client: client.id,
        client_name: client.name,
        redirect_uri,
        state: state.map(str::to_owned),
        challenge: checked.challenge,
        scopes: checked.scopes,
    };
    let now = app.clock.now();
    let id = SignInId::generate(&*app.entropy);
    let csrf = Token::<Csrf>::generate(&*app.entropy);
    let mut record = Record::new(request, csrf.reveal(), app.config.default_region);
    if let Some(email) = request::login_hint(params) {
        email.reveal().clone_into(&mut record.email);
    }
    record.stage = Stage::Form { problem };
    if method == Method::HEAD {
        // Somebody looks whether there is a page: nothing begins.
        return Ok(view::stage(app, &id, &record, now));
    }
    tracing::info!(event = "authorize-shown", client_id = %record.request.client);
    app.store.touch_client(&record.request.client, now);
    let browser = cookie::read_or_generate(origin, headers, &*app.entropy);
    if !add_row(app, &id, &browser, &record, now).await? {
        tracing::warn!(event = "authorize-refused", reason = "full", "too many sign-ins at once");
        return Ok(full(app));
    }
    let mut response = view::stage(app, &id, &record, now);
    if let Some(cookie) = cookie::set(origin, &browser) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn known_client(app: &AppState, params: &Params) -> Result<Client, Refusal> {
    let text = params.one("client_id").ok().flatten();
    let text = text.ok_or(Refusal::Page(BadRequest::Incomplete))?;
    let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let issued = (16..=64).contains(&text.len()) && text.chars().all(plausible);
    let unknown = || {
        let url = text.starts_with("https://");
        let reason = if issued || url { BadRequest::UnknownClient } else { BadRequest::NotAnId };
        Refusal::Page(reason)
    };
    let id = ClientId::parse(text).map_err(|_| unknown())?;
    match clients::find(app, &id).await? {
        Found::Known(client) => Ok(*client),
        Found::Document(_) | Found::Refused(_) | Found::Unknown => Err(unknown()),
    }
}

fn allowed_redirect(client: &Client, params: &Params) -> Result<RedirectUri, Refusal> {
    let text = params.one("redirect_uri").ok().flatten();
    let text = text.ok_or(Refusal::Page(BadRequest::Incomplete))?;
    RedirectUri::parse(text)
        .ok()
        .filter(|requested| client.allows_redirect(requested))
        .ok_or(Refusal::Page(BadRequest::ForeignRedirect))
}

async fn add_row(
    app: &AppState,
    id: &SignInId,
    browser: &Token<domain::token::Browser>,
    record: &Record,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let state = record.to_bytes();
    let browser = app.store.digest(browser);
    let expires_at = now.plus(SIGN_IN_LIFE);
    let row = NewSignIn { id, browser: &browser, state: &state, expires_at };
    Ok(app.store.add_sign_in(&row, MOST_SIGN_INS, now).await?.is_some())
}

/// Our own limit, on the way in.
fn too_often(app: &AppState, wait: Duration) -> Response {
    let page = Message {
        site: Site::of(app),
        title: "Too many requests",
        sentence: "Too many sign-ins were started from your network. Wait a minute, then start \
                   again from your app.",
        advice: &[],
        alert: true,
    };
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = pages::render(status, &page, crate::headers::FormAction::Nowhere);
    response.headers_mut().insert(http::header::RETRY_AFTER, whole_seconds(wait));
    response
}

/// Nobody is refused for long: rows of the abandoned go after half an hour.
fn full(app: &AppState) -> Response {
    let page = Message {
        site: Site::of(app),
        title: "Too many people are signing in",
        sentence: "Nothing was sent to Garmin. Try again in a few minutes.",
        advice: &["Reloading this page is safe."],
        alert: true,
    };
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = pages::render(status, &page, crate::headers::FormAction::Nowhere);
    let wait = whole_seconds(Duration::from_mins(2));
    response.headers_mut().insert(http::header::RETRY_AFTER, wait);
    response
}

/// Our own trouble, as a page.
fn ours(app: &AppState, error: &StoreError) -> Response {
    let refused = store_failed(error);
    let page = Message {
        site: Site::of(app),
        title: "Something went wrong on our side",
        sentence: "Nothing was kept and nothing was sent to Garmin. Try again in a minute.",
        advice: &["Reloading this page is safe."],
        alert: true,
    };
    let mut response = pages::render(refused.status, &page, crate::headers::FormAction::Nowhere);
    if let Some(wait) = refused.retry_after {
        response.headers_mut().insert(http::header::RETRY_AFTER, whole_seconds(wait));
    }
    response
}

//! `GET /oauth/authorize`: from a client's request to the page a person reads, and back to
//! that page whenever the person comes back to its address.

mod refusals;
mod stage;
mod submit;
mod view;

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use domain::clock::Timestamp;
use domain::email::LoginEmail;
use domain::id::{ClientId, SignInId};
use domain::realm::Realm;
use domain::redirect::RedirectUri;
use domain::scope::Scopes;
use domain::token::{Csrf, Token};
use http::header::SET_COOKIE;
use http::{HeaderMap, Method};
use std::time::Duration;
use store::{Client, NewSignIn, SignInLimits, StoreError};

pub(super) use submit::{post, post_own};

use self::refusals::{BadRequest, full, ours, too_often};

use super::cimd::DocumentUrl;
use super::clients::{self, Found};
use super::redirect::{see_other, with_error};
use super::request::{self, AuthorizationRequest, Standing};
use super::succession::Under;
use crate::extract::client_ip::ClientIp;
use crate::extract::cookie;
use crate::extract::form::Params;
use crate::language::Language;
use crate::limits::ByAddress;
use crate::sign_in::{Problem, Record, Stage};
use crate::state::AppState;

/// How long a person has, from the first page to the last.
const SIGN_IN_LIFE: Duration = Duration::from_mins(30);
/// In progress at the same time. Anybody can begin one, and each is a row of some kilobytes.
const MOST_SIGN_INS: SignInLimits = SignInLimits { in_all: 10_000, per_browser: 20 };

pub(super) async fn get(
    State(app): State<AppState>,
    Under(realm): Under,
    client_ip: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let params = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let (method, headers) = (request.method(), request.headers());
    let door = Door::App(realm);
    let arrival = Arrival { door, params: &params, method, headers, client_ip, language };
    if params.has("sign_in") {
        // Not counted: a page that waits for Garmin asks every two seconds.
        view::resume(&app, &arrival).await
    } else {
        arrival.begin(&app, None).await
    }
}

/// `GET /account/sign-in`: the same for the account page, without any app.
pub(super) async fn get_own(
    State(app): State<AppState>,
    client_ip: ClientIp,
    language: Language,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let (door, method, headers) = (Door::OwnPage, &method, &headers);
    let arrival = Arrival { door, params: &params, method, headers, client_ip, language };
    if params.has("sign_in") {
        view::resume(&app, &arrival).await
    } else {
        arrival.begin(&app, None).await
    }
}

/// What somebody signs in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Under the name by which it knows us.
    App(Realm),
    OwnPage,
}

/// Somebody at a door, with an authorization request where it is an app's.
struct Arrival<'a> {
    door: Door,
    params: &'a Params,
    method: &'a Method,
    headers: &'a HeaderMap,
    client_ip: ClientIp,
    language: Language,
}

impl Arrival<'_> {
    /// Whether there is a request to begin anew with once a sign-in is over.
    fn has_request(&self) -> bool {
        match self.door {
            Door::App(_) => self.params.has("client_id"),
            Door::OwnPage => true,
        }
    }

    /// The page of a new sign-in, with a word on what became of the one before.
    async fn begin(&self, app: &AppState, problem: Option<Problem>) -> Response {
        if let Err(limit) = app.limits.check_address(ByAddress::OAuth, self.client_ip.0) {
            return too_often(app, self.language, limit.retry_after);
        }
        let begun = match self.door {
            Door::App(realm) => begin(app, self, realm, problem).await,
            Door::OwnPage => begin_own(app, self, problem).await,
        };
        match begun {
            Ok(response) => response,
            Err(Refusal::Ready(response)) => *response,
            Err(Refusal::Page(problem)) => problem.page(app, self.language),
            Err(Refusal::Store(error)) => ours(app, self.language, &error),
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

async fn begin(
    app: &AppState,
    arrival: &Arrival<'_>,
    realm: Realm,
    problem: Option<Problem>,
) -> Result<Response, Refusal> {
    let &Arrival { params, client_ip, .. } = arrival;
    let asker = asker(app, params, client_ip).await?;
    let redirect_uri = redirect(&asker, params)?;
    let origin = &app.config.public_url;
    let state = request::state(params);
    let checked = request::check(params, realm, origin, asker.scopes()).map_err(|refused| {
        let (code, description) = (refused.code, refused.description);
        tracing::info!(event = "authorize-refused", client_id = %asker.id(), code = code.as_str());
        match asker {
            Asker::Known(_) => {
                let location =
                    with_error(&realm.issuer(origin), &redirect_uri, code, description, state);
                Refusal::Ready(Box::new(see_other(&location)))
            }
            Asker::Unseen(_) => Refusal::Page(BadRequest::Flawed),
        }
    })?;
    let request = AuthorizationRequest {
        client: asker.id().clone(),
        standing: asker.standing(),
        client_name: asker.into_name(),
        redirect_uri,
        state: state.map(str::to_owned),
        challenge: checked.challenge,
        scopes: checked.scopes,
        realm,
    };
    let hint = request::login_hint(params);
    show_form(app, arrival, request, hint, problem).await
}

/// The form for whoever wants to see their account page.
async fn begin_own(
    app: &AppState,
    arrival: &Arrival<'_>,
    problem: Option<Problem>,
) -> Result<Response, Refusal> {
    let goal = arrival.params.one("for").ok().flatten();
    let request = AuthorizationRequest::own_page(&app.config.public_url, goal)
        .ok_or(Refusal::Page(BadRequest::Incomplete))?;
    show_form(app, arrival, request, None, problem).await
}

/// Writes a sign-in down and shows its first page.
async fn show_form(
    app: &AppState,
    arrival: &Arrival<'_>,
    request: AuthorizationRequest,
    hint: Option<LoginEmail>,
    problem: Option<Problem>,
) -> Result<Response, Refusal> {
    let &Arrival { method, headers, language, .. } = arrival;
    let origin = &app.config.public_url;
    let now = app.clock.now();
    let id = SignInId::generate(&*app.entropy);
    let csrf = Token::<Csrf>::generate(&*app.entropy);
    let mut record = Record::new(request, csrf.reveal(), app.config.default_region);
    if let Some(email) = hint {
        email.reveal().clone_into(&mut record.email);
    }
    record.stage = Stage::Form { problem };
    if method == Method::HEAD {
        // Somebody looks whether there is a page: nothing begins.
        return Ok(stage::stage(app, language, &id, &record, now));
    }
    tracing::info!(event = "authorize-shown", client_id = %record.request.client);
    if record.request.standing == Standing::Proven {
        app.store.touch_client(&record.request.client, now);
    }
    let browser = cookie::read_or_generate(origin, headers, &*app.entropy);
    if !add_row(app, &id, &browser, &record, now).await? {
        tracing::warn!(event = "authorize-refused", reason = "full", "too many sign-ins at once");
        return Ok(full(app, language));
    }
    let mut response = stage::stage(app, language, &id, &record, now);
    if let Some(cookie) = cookie::set(origin, &browser) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Who asks.
enum Asker {
    Known(Box<Client>),
    /// A document nobody has come with before.
    Unseen(DocumentUrl),
}

impl Asker {
    fn id(&self) -> &ClientId {
        match self {
            Self::Known(client) => &client.id,
            Self::Unseen(url) => url.client_id(),
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Self::Known(_) => Standing::Proven,
            Self::Unseen(_) => Standing::Deferred,
        }
    }

    fn scopes(&self) -> Option<Scopes> {
        match self {
            Self::Known(client) => client.scopes,
            Self::Unseen(_) => None,
        }
    }

    fn into_name(self) -> Option<String> {
        match self {
            Self::Known(client) => client.name,
            Self::Unseen(_) => None,
        }
    }
}

async fn asker(app: &AppState, params: &Params, from: ClientIp) -> Result<Asker, Refusal> {
    let text = params.one("client_id").ok().flatten();
    let text = text.ok_or(Refusal::Page(BadRequest::Incomplete))?;
    let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let issued = (16..=64).contains(&text.len()) && text.chars().all(plausible);
    let unknown = if issued { BadRequest::UnknownClient } else { BadRequest::NotAnId };
    let id = ClientId::parse(text).map_err(|_| Refusal::Page(unknown))?;
    match clients::find(app, &id, from.0).await? {
        Found::Known(client) => Ok(Asker::Known(client)),
        Found::Document(url) => Ok(Asker::Unseen(url)),
        Found::Refused(error) => Err(Refusal::Page(BadRequest::Document(error))),
        Found::Unknown => Err(Refusal::Page(unknown)),
    }
}

/// The redirect URI: one of the client's own, if it is known what those are.
fn redirect(asker: &Asker, params: &Params) -> Result<RedirectUri, Refusal> {
    let text = params.one("redirect_uri").ok().flatten();
    let text = text.ok_or(Refusal::Page(BadRequest::Incomplete))?;
    RedirectUri::parse(text)
        .ok()
        .filter(|requested| match asker {
            Asker::Known(client) => client.allows_redirect(requested),
            Asker::Unseen(_) => true,
        })
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

//! `sso.garmin.*`: three ways to sign in and what they share.

mod json_login;
mod mfa;
mod widget;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::clock::Timestamp;
use domain::region::Region;
use serde::{Deserialize, Serialize};

use crate::accounts::{AccountIndex, AccountState, MfaMethod};
use crate::routes::Realm;
use crate::state::{Inner, State};

/// One of the three sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    Mobile,
    Widget,
    Portal,
}

/// How the edge treats a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    #[default]
    Open,
    /// 403 with a browser challenge.
    Forbidden,
    /// 429.
    Limited,
    /// The page loads, every password is answered with a CAPTCHA.
    Captcha,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gates {
    pub(crate) mobile: Gate,
    pub(crate) widget: Gate,
    pub(crate) portal: Gate,
}

impl Gates {
    pub(crate) const fn of(self, strategy: Strategy) -> Gate {
        match strategy {
            Strategy::Mobile => self.mobile,
            Strategy::Widget => self.widget,
            Strategy::Portal => self.portal,
        }
    }

    pub(crate) const fn set(&mut self, strategy: Strategy, gate: Gate) {
        match strategy {
            Strategy::Mobile => self.mobile = gate,
            Strategy::Widget => self.widget = gate,
            Strategy::Portal => self.portal = gate,
        }
    }
}

/// What a ticket is for: the values inside the protocol are Garmin's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Ios,
    Android,
    WebApp,
    Embed,
}

impl Service {
    const ALL: [Self; 4] = [Self::Ios, Self::Android, Self::WebApp, Self::Embed];

    pub(crate) fn url(self, region: Region) -> String {
        let domain = region.domain();
        match self {
            Self::Ios => format!("https://mobile.integration.{domain}/gcm/ios"),
            Self::Android => format!("https://mobile.integration.{domain}/gcm/android"),
            Self::WebApp => format!("https://connect.{domain}/app"),
            Self::Embed => format!("https://sso.{domain}/sso/embed"),
        }
    }

    const fn client_id(self) -> Option<&'static str> {
        match self {
            Self::Ios => Some("GCM_IOS_DARK"),
            Self::Android => Some("GCM_ANDROID_DARK"),
            Self::WebApp => Some("GarminConnect"),
            Self::Embed => None,
        }
    }

    const fn strategy(self) -> Strategy {
        match self {
            Self::Ios | Self::Android => Strategy::Mobile,
            Self::WebApp => Strategy::Portal,
            Self::Embed => Strategy::Widget,
        }
    }

    /// The service this URL names, and the region it names it in.
    pub(crate) fn parse(url: &str) -> Option<(Self, Region)> {
        Region::ALL.into_iter().find_map(|region| {
            let service = Self::ALL.into_iter().find(|service| service.url(region) == url)?;
            Some((service, region))
        })
    }
}

/// A browser-like session, known by its cookie.
#[derive(Debug, Clone)]
pub(crate) struct SsoSession {
    csrf: String,
    pending: Option<Pending>,
}

/// A login whose password was right and whose code is awaited.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    account: AccountIndex,
    attempt: u64,
    service_url: String,
}

/// What a password was worth.
enum Verdict {
    Refused,
    Locked,
    Captcha,
    Child,
    CodeNeeded(Pending, MfaMethod),
    Accepted(AccountIndex),
}

/// Judges a password, counting and locking as it goes.
fn present_password(
    state: &mut State,
    inner: &Inner,
    (service, region): (Service, Region),
    email: &str,
    password: &str,
) -> Verdict {
    let Some(index) = state.find(region, email) else { return Verdict::Refused };
    let gate = state.gates.of(service.strategy());
    let account = state.account_mut(index);
    account.counters.login_attempts += 1;
    match account.state {
        AccountState::Locked => return Verdict::Locked,
        AccountState::Captcha => return Verdict::Captcha,
        AccountState::Child => return Verdict::Child,
        AccountState::Normal if gate == Gate::Captcha => return Verdict::Captcha,
        AccountState::Normal => {}
    }
    if account.spec.password != password {
        account.wrong_passwords += 1;
        if account.wrong_passwords >= inner.options.lockout_after {
            account.state = AccountState::Locked;
        }
        return Verdict::Refused;
    }
    account.wrong_passwords = 0;
    account.attempt += 1;
    account.sent = None;
    match &account.spec.mfa {
        None => Verdict::Accepted(index),
        Some(mfa) => {
            let method = mfa.method;
            let attempt = account.attempt;
            let service_url = service.url(region);
            Verdict::CodeNeeded(Pending { account: index, attempt, service_url }, method)
        }
    }
}

/// Whose pending login this cookie belongs to: to match faults.
pub(crate) fn pending_account(state: &State, headers: &HeaderMap) -> Option<AccountIndex> {
    let session = state.sso_sessions.get(&cookie(headers, SESSION)?)?;
    session.pending.as_ref().map(|pending| pending.account)
}

const SESSION: &str = "SESSION";

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn has_referer(headers: &HeaderMap, page: &str) -> bool {
    headers
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|referer| referer.contains(page))
}

/// Opens a session and the cookies a page load leaves behind. Not `Secure`: plain HTTP on
/// loopback is where this server lives.
fn open_session(state: &mut State) -> (String, HeaderMap) {
    let id = state.mint("sso-session").uuid();
    let csrf = state.mint("csrf").hex();
    state.sso_sessions.insert(id.clone(), SsoSession { csrf, pending: None });
    let edge = state.mint("edge");
    let mut headers = HeaderMap::new();
    for cookie in [
        format!("{SESSION}={id}; Path=/; HttpOnly; SameSite=Lax"),
        format!("__VCAP_ID__={}; Path=/; HttpOnly", edge.at(1).uuid()),
        format!("__cf_bm={}; Path=/; HttpOnly", edge.at(2).hex()),
        format!("__cflb={}; Path=/; HttpOnly", edge.at(3).hex()),
        format!("_cfuvid={}; Path=/; HttpOnly", edge.at(4).hex()),
    ] {
        append_cookie(&mut headers, &cookie);
    }
    (id, headers)
}

fn append_cookie(headers: &mut HeaderMap, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// The cookies of a completed login.
fn signed_in_cookies(state: &mut State, index: AccountIndex) -> HeaderMap {
    let castgc = state.mint("castgc").hex();
    let guid = state.account(index).athlete.person.guid.clone();
    let mut headers = HeaderMap::new();
    for cookie in [
        format!("CASTGC=TGT-{castgc}; Path=/; HttpOnly"),
        "GARMIN-SSO=1; Path=/".to_owned(),
        format!("GARMIN-SSO-CUST-GUID={guid}; Path=/"),
        "GMN_TRACKABLE=1; Path=/".to_owned(),
    ] {
        append_cookie(&mut headers, &cookie);
    }
    headers
}

/// The edge's answer when it does not let a client through.
pub(crate) fn challenge() -> Response {
    let page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>\
                <body>Enable JavaScript and cookies to continue</body></html>";
    (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/html; charset=UTF-8")], page)
        .into_response()
}

fn limited() -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::CONTENT_TYPE, "text/html")], "").into_response()
}

/// Answers in the strategy's place when its gate is shut.
fn shut(inner: &Inner, strategy: Strategy) -> Option<Response> {
    match inner.lock().gates.of(strategy) {
        Gate::Open | Gate::Captcha => None,
        Gate::Forbidden => Some(challenge()),
        Gate::Limited => Some(limited()),
    }
}

/// The service a query names, if this host serves its region.
fn service(realm: Realm, query: &HashMap<String, String>) -> Option<(Service, Region)> {
    let (service, region) = Service::parse(query.get("service")?)?;
    realm.admits(region).then_some((service, region))
}

/// As [`service`], and the client id must be that service's own.
fn client_service(realm: Realm, query: &HashMap<String, String>) -> Option<(Service, Region)> {
    let (service, region) = service(realm, query)?;
    let client_id = query.get("clientId").map(String::as_str);
    (service.client_id().is_some() && service.client_id() == client_id).then_some((service, region))
}

fn code_expiry(inner: &Inner) -> Timestamp {
    Timestamp(inner.now().0 + inner.options.mfa_code_secs)
}

pub(crate) fn router() -> Router<Arc<Inner>> {
    use axum::routing::post;
    Router::new()
        .route("/mobile/sso/en_US/sign-in", get(json_login::mobile_page))
        .route(
            "/mobile/api/login",
            post(json_login::mobile_login).get(json_login::login_is_post_only),
        )
        .route("/mobile/api/mfa/verifyCode", post(mfa::verify_mobile))
        .route("/portal/sso/en-US/sign-in", get(json_login::portal_page))
        .route(
            "/portal/api/login",
            post(json_login::portal_login).get(json_login::login_is_post_only),
        )
        .route("/portal/api/mfa/verifyCode", post(mfa::verify_portal))
        .route("/sso/embed", get(widget::embed))
        .route("/sso/signin", get(widget::form).post(widget::sign_in))
        .route("/sso/verifyMFA/loginEnterMfaCode", get(widget::code_page).post(widget::enter_code))
        .route("/sso/verifyMFA/mfaCode", post(widget::deliver_code))
}

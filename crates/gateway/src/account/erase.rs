//! Leaving: first a page that says what goes and what stays, then it goes.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::console::Revoked;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::form::{Need, ours, submitted, too_often};
use super::session;
use super::{CLEAR, forget_cookie};
use crate::extract::client_ip::ClientIp;
use crate::headers::FormAction;
use crate::language::Language;
use crate::limits::ByAddress;
use crate::oauth::redirect::see_other;
use crate::pages::{self, ErasePage, Message, Site};
use crate::state::AppState;

/// `GET /account/erase`: what would go.
pub(super) async fn get(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    headers: HeaderMap,
) -> Response {
    if let Err(limit) = app.limits.check_address(ByAddress::AccountPage, from.0) {
        return too_often(&app, language, limit.retry_after);
    }
    let now = app.clock.now();
    let current = match session::current(&app, &headers, now).await {
        Ok(Some(current)) if current.is_whole() => current,
        Ok(Some(_) | None) => return see_other("/account/sign-in?for=erase"),
        Err(error) => return ours(&app, language, &error),
    };
    let (account, store) = (&current.account, &app.store);
    let found = tokio::try_join!(
        store.find_account(account),
        store.list_devices(Some(account)),
        store.account_rules(account)
    );
    let (found, devices, rules) = match found {
        Ok((Some(found), devices, rules)) => (found, devices, rules),
        Ok((None, ..)) => return see_other("/account?done=over"),
        Err(error) => return ours(&app, language, &error),
    };
    let language = language.unless(rules.settings.language.as_deref().and_then(Language::parse));
    let page = ErasePage {
        site: Site::of(&app, language),
        csrf: &current.csrf,
        email: found.email.reveal(),
        devices: u32::try_from(devices.len()).unwrap_or(u32::MAX),
        fresh: current.is_fresh(now),
    };
    pages::render(StatusCode::OK, &page, FormAction::SelfOnly)
}

/// `POST /account/erase`
pub(super) async fn post(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let form = match submitted(&app, from, language, request, Need::Fresh("erase")).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    if form.field("sure").is_none() {
        return see_other("/account/erase");
    }
    let account = form.current.account;
    if let Err(error) = app.store.forget_account(&account, form.now).await {
        return ours(&app, language, &error);
    }
    app.revoked(&Revoked::Account(account)).await;
    tracing::info!(event = "account-erased", by = "person", "");
    let page = Message {
        site: Site::of(&app, language),
        title: language.t("account-erased"),
        sentence: language.t("account-erased-what"),
        advice: &[language.t("account-erased-apps"), language.t("account-erased-garmin")],
        alert: false,
    };
    let mut response = pages::render(StatusCode::OK, &page, FormAction::Nowhere);
    let headers = response.headers_mut();
    if let Some(cookie) = forget_cookie(&app) {
        headers.insert(SET_COOKIE, cookie);
    }
    headers.insert(CLEAR, HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""));
    response
}

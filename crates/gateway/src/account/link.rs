//! Links to the page that a tool hands out in a conversation. Opening one shows a button:
//! whatever looks at links on its own, such as a preview, spends nothing.

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Timestamp;
use domain::token::{Browser, PageLink, Token};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use store::StoreError;
use subtle::ConstantTimeEq;

use super::address;
use super::form::{ours, read, refusal, too_often};
use super::session::{self, Rights};
use crate::extract::client_ip::ClientIp;
use crate::extract::cookie;
use crate::extract::form::Params;
use crate::headers::FormAction;
use crate::language::Language;
use crate::limits::ByAddress;
use crate::oauth::redirect::see_other;
use crate::pages::{self, LinkPage, Site};
use crate::state::AppState;

fn token_of(params: &Params) -> Option<Token<PageLink>> {
    Token::parse(params.one("token").ok().flatten()?).ok()
}

/// `GET /account/link`: a page with a button. Nothing is spent.
pub(super) async fn get(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(limit) = app.limits.check_address(ByAddress::AccountLink, from.0) {
        return too_often(&app, language, limit.retry_after);
    }
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let Some(link) = token_of(&params) else { return over(&app, language) };
    match app.store.is_link_good(&app.store.digest(&link), app.clock.now()).await {
        Ok(true) => {}
        Ok(false) => return over(&app, language),
        Err(error) => return ours(&app, language, &error),
    }
    let origin = &app.config.public_url;
    let browser = cookie::read_or_generate(origin, &headers, &*app.entropy);
    let csrf = proof(&browser, &link);
    let site = Site::of(&app, language);
    let page = LinkPage { site, token: link.reveal(), csrf: &csrf };
    let mut response = pages::render(StatusCode::OK, &page, FormAction::SelfOnly);
    if let Some(cookie) = cookie::set(origin, &browser) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// `POST /account/link`: the button. Of any number of clicks one opens the page.
pub(super) async fn post(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    if let Err(limit) = app.limits.check_address(ByAddress::AccountLink, from.0) {
        return too_often(&app, language, limit.retry_after);
    }
    let headers = request.headers().clone();
    let params = match read(&app, from, language, request).await {
        Ok(params) => params,
        Err(response) => return *response,
    };
    let Some(link) = token_of(&params) else { return over(&app, language) };
    // Only a browser that was shown the page has both: nobody is led to a stranger's page by
    // a form elsewhere.
    let shown = cookie::read(&app.config.public_url, &headers).is_some_and(|browser| {
        let presented = params.one("csrf").ok().flatten().unwrap_or_default();
        proof(&browser, &link).as_bytes().ct_eq(presented.as_bytes()).into()
    });
    if !shown {
        tracing::warn!(event = "account-csrf-invalid", "a link from another page or browser");
        return see_other(&address(&link));
    }
    let now = app.clock.now();
    match redeem(&app, &headers, &link, now).await {
        Ok(Some(response)) => response,
        Ok(None) => over(&app, language),
        Err(error) => ours(&app, language, &error),
    }
}

async fn redeem(
    app: &AppState,
    headers: &HeaderMap,
    link: &Token<PageLink>,
    now: Timestamp,
) -> Result<Option<Response>, StoreError> {
    let Some(redeemed) = app.store.redeem_link(&app.store.digest(link), now).await? else {
        return Ok(None);
    };
    tracing::info!(event = "account-link-opened", account = %redeemed.account, "");
    let mut response = see_other("/account");
    let here = session::current(app, headers, now).await?;
    // Whoever has signed in here keeps what that is good for.
    if here.is_some_and(|current| current.is_whole() && current.account == redeemed.account) {
        return Ok(Some(response));
    }
    let cookie = session::begin(app, headers, &redeemed.account, Rights::Devices, now).await?;
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(Some(response))
}

/// Proves that a form came from the page this browser was shown for this link: only here both
/// secrets are known.
fn proof(browser: &Token<Browser>, link: &Token<PageLink>) -> String {
    let digest = Sha256::new()
        .chain_update("account link\n")
        .chain_update(browser.reveal())
        .chain_update(link.reveal())
        .finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

fn over(app: &AppState, language: Language) -> Response {
    let (title, why) = (language.t("account-link-over"), language.t("account-link-over-why"));
    refusal(app, language, StatusCode::GONE, title, why)
}

//! `/account`: the page an athlete trusts. Who may see it is a matter of a session, which
//! begins with a sign-in at Garmin or, for the devices alone, with a link from a conversation.
//!
//! Nothing here changes anything by `GET`. Every change is in the store, and told to the other
//! gateways, before the answer says so.

mod devices;
mod erase;
mod export;
mod form;
mod issuer;
mod link;
mod page;
mod session;
mod settings;
mod usage;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue};
use store::{AuditEntry, AuditEvent};

use self::form::{Need, ours, submitted};
use self::issuer::address;
use crate::extract::client_ip::ClientIp;
use crate::extract::cookie;
use crate::headers;
use crate::language::Language;
use crate::oauth::audit;
use crate::oauth::redirect::see_other;
use crate::state::AppState;

pub(crate) use issuer::Issuer;
pub use page::{Chosen, DeviceCard, GarminState, HistoryLine, When};
pub(crate) use session::{Rights, begin as begin_session};
pub use usage::{Usage, UsageDay};

/// Makes a browser forget what it has of us.
const CLEAR: HeaderName = HeaderName::from_static("clear-site-data");

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/account", get(page::get))
        .route("/account/sign-out", post(sign_out))
        .route("/account/link", get(link::get).post(link::post))
        .route("/account/devices/revoke", post(devices::revoke))
        .route("/account/devices/revoke-all", post(devices::revoke_all))
        .route("/account/devices/tools", post(devices::tools))
        .route("/account/settings", post(settings::save))
        .route("/account/read-only", post(settings::read_only))
        .route("/account/export", post(export::post))
        .route("/account/erase", get(erase::get).post(erase::post))
        .layer(from_fn(headers::once))
}

/// `POST /account/sign-out`
async fn sign_out(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let form = match submitted(&app, from, language, request, Need::Session).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    if let Err(error) = app.store.end_session(&form.current.id).await {
        return ours(&app, language, &error);
    }
    let (event, account) = (AuditEvent::PageLeft, Some(&form.current.account));
    audit(&app, &AuditEntry { event, account, device: None, client: None }, form.now).await;
    let mut response = see_other("/account");
    let headers = response.headers_mut();
    if let Some(cookie) = forget_cookie(&app) {
        headers.insert(SET_COOKIE, cookie);
    }
    headers.insert(CLEAR, HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""));
    response
}

fn forget_cookie(app: &AppState) -> Option<HeaderValue> {
    cookie::forget_page(&app.config.public_url)
}

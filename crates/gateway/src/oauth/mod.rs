//! The authorization server: one file per endpoint.

mod authorize;
pub mod cimd;
pub mod clients;
mod cors;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod metadata;
pub(crate) mod redirect;
mod register;
mod request;
mod revoke;
pub(crate) mod succession;
mod token;

use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use domain::clock::Timestamp;
use store::{AuditEntry, StoreError};
use tracing::Instrument;

pub use request::{AuthorizationRequest, Standing};

use crate::error::OAuthError;
use crate::headers;
use crate::limits::ByAddress;
use crate::state::AppState;

/// Every address of OAuth. The three short ones are what a client invents when discovery has
/// failed it; they run the same handlers, because a redirect would lose a POST.
pub fn routes() -> Router<AppState> {
    let machines = Router::new()
        .route("/oauth/register", post(register::post).options(cors::preflight_machine))
        .route("/register", post(register::post).options(cors::preflight_machine))
        .route("/oauth/token", post(token::post).options(cors::preflight_machine))
        .route("/token", post(token::post).options(cors::preflight_machine))
        .route("/oauth/revoke", post(revoke::post).options(cors::preflight_machine))
        .layer(from_fn(headers::once))
        .layer(from_fn(cors::open_to_scripts));
    let documents = Router::new()
        .route(
            "/.well-known/oauth-protected-resource",
            get(metadata::resource).options(cors::preflight_document),
        )
        .route(
            "/.well-known/oauth-protected-resource/mcp",
            get(metadata::resource).options(cors::preflight_document),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::server).options(cors::preflight_document),
        )
        // Nothing else is well known here, and whoever asks gets JSON: strict clients take a
        // 404 as "ask elsewhere" and a page as a broken document.
        .route(
            "/.well-known/{*document}",
            get(metadata::not_here).options(cors::preflight_document),
        )
        .layer(from_fn(headers::once))
        .layer(from_fn(cors::open_to_scripts));
    let pages = Router::new()
        .route("/oauth/authorize", get(authorize::get).post(authorize::post))
        .route("/authorize", get(authorize::get).post(authorize::post))
        .route("/account/sign-in", get(authorize::get_own).post(authorize::post_own))
        .layer(from_fn(headers::once));
    Router::new().merge(machines).merge(documents).merge(pages)
}

/// The same under the addresses of the gateway before this one, for who may reach them; see
/// [`succession`]. Its documents are beside ours, in a place of their own.
pub fn successor_routes() -> Router<AppState> {
    let machines = Router::new()
        .route("/garmin/oauth/register", post(register::post).options(cors::preflight_machine))
        .route("/garmin/oauth/token", post(token::post).options(cors::preflight_machine))
        .route("/garmin/oauth/revoke", post(revoke::post).options(cors::preflight_machine))
        .layer(from_fn(headers::once))
        .layer(from_fn(cors::open_to_scripts));
    let documents = Router::new()
        .route(
            "/.well-known/oauth-protected-resource/garmin/mcp",
            get(metadata::resource).options(cors::preflight_document),
        )
        .route(
            "/.well-known/oauth-authorization-server/garmin",
            get(metadata::server).options(cors::preflight_document),
        )
        // Where clients look that put the path behind the issuer, and not in between.
        .route(
            "/garmin/.well-known/oauth-authorization-server",
            get(metadata::server).options(cors::preflight_document),
        )
        .layer(from_fn(headers::once))
        .layer(from_fn(cors::open_to_scripts));
    let pages = Router::new()
        .route("/garmin/oauth/authorize", get(authorize::get).post(authorize::post))
        .route("/garmin", get(succession::home))
        .layer(from_fn(headers::once));
    Router::new().merge(machines).merge(documents).merge(pages)
}

/// What a failing store looks like to a machine. The reason is ours, and logged here once.
fn store_failed(error: &StoreError) -> OAuthError {
    tracing::error!(event = "store-failed", error = %error, "the store failed an OAuth request");
    OAuthError::unavailable()
}

/// Hosted clients give up on an answer after ten seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// Work that must not stop half-way: a server drops a handler as soon as its client hangs up,
/// and much follows a revocation or an issued token that nobody would do later. Whoever waits
/// for it is told to come back before they give up.
async fn to_the_end<T: Send + 'static>(
    app: &AppState,
    work: impl Future<Output = Result<T, OAuthError>> + Send + 'static,
) -> Result<T, OAuthError> {
    let working = app.tasks.spawn(work.in_current_span());
    match tokio::time::timeout(ANSWER_WITHIN, working).await {
        Ok(Ok(done)) => done,
        // A panic was reported by its hook.
        Ok(Err(_)) => Err(OAuthError::unavailable()),
        Err(_) => {
            tracing::error!(event = "oauth-late", "an OAuth request goes on without its client");
            Err(OAuthError::unavailable())
        }
    }
}

/// A failed request at an endpoint of machines, as its sender sees it. What is guessed or long
/// dead counts against the sender's address; what is valid never does.
fn refused(app: &AppState, address: IpAddr, error: OAuthError) -> OAuthError {
    if !error.is_miss() {
        return error;
    }
    match app.limits.check_address(ByAddress::Miss, address) {
        Ok(()) => error,
        Err(limit) => {
            tracing::debug!(event = "oauth-rate-limited", what = "misses", "");
            OAuthError::slow_down(limit.retry_after)
        }
    }
}

/// What has happened has happened; a line about it that cannot be written must not undo it.
pub(crate) async fn audit(app: &AppState, entry: &AuditEntry<'_>, now: Timestamp) {
    if let Err(error) = app.store.record_audit(entry, now).await {
        tracing::error!(event = "store-failed", error = %error, "an audit entry was not written");
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::id::ClientId;
    use domain::realm::Realm;
    use domain::redirect::RedirectUri;
    use domain::scope::Scopes;

    use super::{AuthorizationRequest, Standing};

    pub(crate) fn request() -> AuthorizationRequest {
        AuthorizationRequest {
            client: ClientId::parse("cli_test").unwrap(),
            standing: Standing::Proven,
            client_name: Some("Test".to_owned()),
            redirect_uri: RedirectUri::parse("https://client.example/cb").unwrap(),
            state: None,
            challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            scopes: Scopes::ReadWrite,
            realm: Realm::Own,
        }
    }
}

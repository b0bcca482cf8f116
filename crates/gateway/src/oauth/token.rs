//! `POST /oauth/token` (RFC 6749 §3.2): codes and refresh tokens become tokens.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::clock::Timestamp;
use domain::console::Revoked;
use domain::id::DeviceId;
use domain::oauth::{AuthMethod, ErrorCode, TokenResponse};
use domain::realm::Realm;
use domain::scope::{Scopes, UnknownScope};
use domain::token::{AccessToken, Code, RefreshToken, Token};
use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, StatusCode};
use store::{
    AuditEntry, AuditEvent, Client, DeviceAdded, Grant, NewDevice, NewRefresh, NewTokens,
    PresentedCode, RefreshOutcome, RefreshRequest, Renewed, StoreError,
};

use super::succession::Under;
use super::{audit, refused, store_failed, to_the_end};
use crate::error::OAuthError;
use crate::extract::client_auth::Presented;
use crate::extract::client_ip::ClientIp;
use crate::extract::form::{MACHINE_LIMIT, Params, read_form};
use crate::state::AppState;

/// A refresh token dies after this long without use; every use begins it anew.
const REFRESH_LIFE: Duration = Duration::from_hours(365 * 24);
/// A code that comes again this soon is a client that retries or a button pressed twice. It
/// gets nothing, but the tokens of the first time stay good.
const BENIGN_REPLAY: Duration = Duration::from_secs(10);

pub(super) async fn post(
    State(app): State<AppState>,
    Under(realm): Under,
    client_ip: ClientIp,
    request: Request,
) -> Result<Response, OAuthError> {
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::invalid_request("Send parameters in the body."));
    }
    let headers = request.headers().clone();
    let params = read_form(request, MACHINE_LIMIT).await?;
    if params.repeats("resource") {
        return Err(OAuthError::invalid_request("A parameter was sent more than once."));
    }
    let work = {
        let app = app.clone();
        async move { exchange(app, realm, &headers, params).await }
    };
    to_the_end(&app, work).await.map_err(|error| refused(&app, client_ip.0, error))
}

async fn exchange(
    app: AppState,
    realm: Realm,
    headers: &HeaderMap,
    params: Params,
) -> Result<Response, OAuthError> {
    let client = authenticate(&app, headers, &params).await?;
    let now = app.clock.now();
    tracing::info!(event = "token-exchange", client_id = %client.id, "a token is asked for");
    let exchange = Exchange { app, realm, params, client, now };
    match exchange.one("grant_type")? {
        Some("authorization_code") => exchange.code().await,
        Some("refresh_token") => exchange.refresh().await,
        Some(_) => {
            tracing::info!(event = "token-bad-grant", "a grant type we do not have");
            Err(OAuthError::new(
                StatusCode::BAD_REQUEST,
                ErrorCode::UnsupportedGrantType,
                "grant_type must be authorization_code or refresh_token.",
            ))
        }
        None => Err(OAuthError::invalid_request("grant_type is missing.")),
    }
}

/// The client of a request, if it is who it says it is. Shared with revocation.
pub(super) async fn authenticate(
    app: &AppState,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Client, OAuthError> {
    let presented = Presented::read(headers, params)?;
    let refuse = || {
        tracing::info!(event = "token-invalid-client", "a client was refused");
        OAuthError::invalid_client()
    };
    // A document is not asked about here. Its client proves nothing by it: what proves is the
    // code or the token, bound to an id that was accepted. One bad answer of a publisher would
    // end every connection of its users, who all renew by that id.
    let found = app.store.find_client(&presented.id).await;
    let client = found.map_err(|error| store_failed(&error))?.ok_or_else(refuse)?;
    let proved = match (client.auth_method, &presented.secret) {
        (AuthMethod::None, None) => true,
        // Either way of sending it: hosts use the one they prefer, not the one they named.
        (AuthMethod::ClientSecretPost | AuthMethod::ClientSecretBasic, Some(secret)) => {
            app.store.digest_presented(secret).is_ok_and(|digest| client.secret_is(&digest))
        }
        // A public client that sends a secret is not the one that registered.
        (AuthMethod::None, Some(_))
        | (AuthMethod::ClientSecretPost | AuthMethod::ClientSecretBasic, None) => false,
    };
    if proved { Ok(client) } else { Err(refuse()) }
}

/// One request whose client has proved itself.
struct Exchange {
    app: AppState,
    realm: Realm,
    params: Params,
    client: Client,
    now: Timestamp,
}

impl Exchange {
    fn one(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        self.params
            .one(name)
            .map_err(|_| OAuthError::invalid_request("A parameter was sent more than once."))
    }

    fn required(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.one(name)?.ok_or(OAuthError::invalid_request(missing))
    }

    fn check_resource(&self) -> Result<(), OAuthError> {
        let origin = &self.app.config.public_url;
        let ours = |resource| self.realm.names_resource(origin, resource);
        if self.params.all("resource").all(ours) {
            Ok(())
        } else {
            Err(OAuthError::new(
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidTarget,
                "resource is not the address of this server.",
            ))
        }
    }

    async fn code(&self) -> Result<Response, OAuthError> {
        let code = self.required("code", "code is missing.")?;
        let verifier = self.required("code_verifier", "code_verifier is missing.")?;
        self.check_resource()?;
        let code = Token::<Code>::parse(code).map_err(|_| self.refuse("code_not_found"))?;
        let digest = self.app.store.digest(&code);
        let found = self.app.store.find_code(&digest, self.now).await;
        match found.map_err(|error| store_failed(&error))? {
            PresentedCode::Unspent(grant) => {
                self.check_grant(&grant, verifier)?;
                self.issue(&grant).await
            }
            PresentedCode::Spent { grant, redeemed_at } => {
                self.check_grant(&grant, verifier)?;
                Err(self.replayed(&grant, redeemed_at).await)
            }
            PresentedCode::Unknown => Err(self.refuse("code_not_found_or_expired")),
        }
    }

    /// Client, redirect URI and verifier: all must be those of the authorization request.
    fn check_grant(&self, grant: &Grant, verifier: &str) -> Result<(), OAuthError> {
        // OAuth 2.1 lets clients leave the redirect URI out; one that is sent must be exact.
        let redirect = self.one("redirect_uri")?;
        let same_redirect = redirect.is_none_or(|uri| uri == grant.redirect_uri.as_str());
        if grant.client != self.client.id || !same_redirect {
            return Err(self.refuse("client_or_redirect_mismatch"));
        }
        if !grant.challenge.is_met_by(verifier) {
            return Err(self.refuse("pkce_mismatch"));
        }
        Ok(())
    }

    /// A code that comes again later was stolen by somebody: what it led to ends.
    async fn replayed(&self, grant: &Grant, redeemed_at: Timestamp) -> OAuthError {
        if self.now.since(redeemed_at) < BENIGN_REPLAY {
            return self.refuse("replayed_at_once");
        }
        let revoked = match self.app.store.revoke_grant(&grant.id, self.now).await {
            Ok(revoked) => revoked,
            Err(error) => return store_failed(&error),
        };
        for device in &revoked {
            let (device, account) = (device.device.clone(), device.account.clone());
            self.app.revoked(&Revoked::Device { device, account }).await;
        }
        let (account, client) = (Some(&grant.account), Some(&grant.client));
        let entry = AuditEntry { event: AuditEvent::CodeReplayed, account, device: None, client };
        audit(&self.app, &entry, self.now).await;
        tracing::warn!(event = "code-replayed", devices = revoked.len(), "a code came twice");
        self.refuse("replayed")
    }

    async fn issue(&self, grant: &Grant) -> Result<Response, OAuthError> {
        let device = DeviceId::generate(&*self.app.entropy);
        let pair = Pair::generate(&self.app);
        let access = self.app.store.digest(&pair.access);
        let refresh = self.app.store.digest(&pair.refresh);
        let new = NewDevice {
            device: &device,
            account: &grant.account,
            client: &grant.client,
            grant: Some(&grant.id),
            scopes: grant.scopes,
            tools: grant.tools.as_deref(),
            tokens: NewTokens {
                access: &access,
                access_expires_at: self.access_expires_at(),
                refresh: Some(NewRefresh {
                    digest: &refresh,
                    expires_at: self.now.plus(REFRESH_LIFE),
                }),
            },
        };
        match self.app.store.add_device(&new, self.now).await {
            Ok(DeviceAdded::Added) => {}
            // Spent since it was looked at: a moment ago, which is no theft.
            Ok(DeviceAdded::NotRedeemable) => return Err(self.refuse("replayed_at_once")),
            // The account or the client was removed a moment ago.
            Err(StoreError::Dangling(_)) => return Err(self.refuse("account_gone")),
            Err(error) => return Err(store_failed(&error)),
        }
        let (account, client) = (Some(&grant.account), Some(&grant.client));
        let added = AuditEvent::DeviceAdded;
        let entry = AuditEntry { event: added, account, device: Some(&device), client };
        audit(&self.app, &entry, self.now).await;
        tracing::info!(
            event = "token-issued",
            account = %grant.account,
            device = %device,
            client_id = %grant.client,
            "a device is connected"
        );
        Ok(self.answer(&pair, grant.scopes))
    }

    async fn refresh(&self) -> Result<Response, OAuthError> {
        let presented = self.required("refresh_token", "refresh_token is missing.")?;
        self.check_resource()?;
        let invalid_scope = OAuthError::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::InvalidScope,
            "The scope is unknown or wider than what was granted.",
        );
        let scopes = match self.one("scope")? {
            None => None,
            Some(text) => narrower(text).map_err(|_| invalid_scope.clone())?,
        };
        let Ok(presented) = self.app.store.digest_presented(presented) else {
            return Err(self.refuse("refresh_malformed"));
        };
        let pair = Pair::generate(&self.app);
        let access = self.app.store.digest(&pair.access);
        let refresh = self.app.store.digest(&pair.refresh);
        let request = RefreshRequest {
            presented: &presented,
            client: &self.client.id,
            scopes,
            access: &access,
            access_expires_at: self.access_expires_at(),
            refresh: NewRefresh { digest: &refresh, expires_at: self.now.plus(REFRESH_LIFE) },
        };
        let outcome = self.app.store.rotate_refresh(&request, self.now).await;
        match outcome.map_err(|error| store_failed(&error))? {
            RefreshOutcome::Rotated(renewed) => {
                self.audit_renewal(AuditEvent::RefreshRotated, &renewed).await;
                Ok(self.renewed(&pair, &renewed, "rotated"))
            }
            RefreshOutcome::Grace(renewed) => {
                self.audit_renewal(AuditEvent::RefreshGrace, &renewed).await;
                Ok(self.renewed(&pair, &renewed, "grace"))
            }
            RefreshOutcome::LostResponse(renewed) => {
                self.audit_renewal(AuditEvent::RefreshLostResponse, &renewed).await;
                Ok(self.renewed(&pair, &renewed, "lost_response"))
            }
            RefreshOutcome::Reused { device, account } => {
                let gone = (device.clone(), account.clone());
                let revoked = Revoked::Device { device: gone.0, account: gone.1 };
                self.app.revoked(&revoked).await;
                let client = Some(&self.client.id);
                let (account, device) = (Some(&account), Some(&device));
                let event = AuditEvent::RefreshReuse;
                audit(&self.app, &AuditEntry { event, account, device, client }, self.now).await;
                Err(self.refuse("refresh_reused"))
            }
            RefreshOutcome::TooOften { retry_after } => {
                tracing::warn!(event = "oauth-rate-limited", what = "renewals", client_id = %self.client.id, "");
                Err(OAuthError::slow_down(retry_after))
            }
            RefreshOutcome::TooMany => Err(self.refuse("refresh_too_many")),
            RefreshOutcome::Unknown => Err(self.refuse("refresh_unknown")),
            RefreshOutcome::WrongClient => Err(self.refuse("refresh_other_client")),
            RefreshOutcome::SignInNeeded => Err(self.refuse("sign_in_needed")),
            RefreshOutcome::TooWide => Err(invalid_scope),
        }
    }

    fn renewed(&self, pair: &Pair, renewed: &Renewed, how: &'static str) -> Response {
        tracing::info!(
            event = "token-issued",
            account = %renewed.account,
            device = %renewed.device,
            how,
            "a device's tokens were renewed"
        );
        self.answer(pair, renewed.scopes)
    }

    async fn audit_renewal(&self, event: AuditEvent, renewed: &Renewed) {
        let entry = AuditEntry {
            event,
            account: Some(&renewed.account),
            device: Some(&renewed.device),
            client: Some(&self.client.id),
        };
        audit(&self.app, &entry, self.now).await;
    }

    fn access_expires_at(&self) -> Option<Timestamp> {
        self.app.config.access_token_ttl.map(|ttl| self.now.plus(ttl))
    }

    fn answer(&self, pair: &Pair, scopes: Scopes) -> Response {
        let body = TokenResponse {
            access_token: pair.access.reveal(),
            token_type: "Bearer",
            expires_in: self.app.config.access_token_ttl.map(|ttl| ttl.as_secs()),
            refresh_token: pair.refresh.reveal(),
            scope: scopes.as_str(),
        };
        ([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(body)).into_response()
    }

    fn refuse(&self, reason: &'static str) -> OAuthError {
        tracing::info!(event = "token-invalid-grant", client_id = %self.client.id, reason);
        OAuthError::invalid_grant()
    }
}

struct Pair {
    access: AccessToken,
    refresh: RefreshToken,
}

impl Pair {
    fn generate(app: &AppState) -> Self {
        Self {
            access: AccessToken::generate(&*app.entropy),
            refresh: RefreshToken::generate(&*app.entropy),
        }
    }
}

/// A narrower wish at refresh. Asking for refresh tokens only is no wish at all.
fn narrower(text: &str) -> Result<Option<Scopes>, UnknownScope> {
    if text.split_ascii_whitespace().all(|word| word == domain::oauth::OFFLINE_ACCESS) {
        return Ok(None);
    }
    Scopes::parse(text).map(Some)
}

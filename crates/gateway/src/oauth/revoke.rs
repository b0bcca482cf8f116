//! `POST /oauth/revoke` (RFC 7009). A refresh token ends its whole device; an access token
//! ends alone, for the client may hold on to the rest.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::clock::Timestamp;
use domain::console::Revoked;
use domain::id::{ClientId, DeviceId};
use domain::token::{Access, TokenDigest};
use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, StatusCode};
use store::{AuditEntry, AuditEvent, LiveDevice, StoreError};

use super::token::authenticate;
use super::{audit, refused, store_failed, to_the_end};
use crate::error::OAuthError;
use crate::extract::client_ip::ClientIp;
use crate::extract::form::{MACHINE_LIMIT, Params, read_form};
use crate::limits::ByAddress;
use crate::state::AppState;

pub(super) async fn post(
    State(app): State<AppState>,
    client_ip: ClientIp,
    request: Request,
) -> Result<Response, OAuthError> {
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::invalid_request("Send parameters in the body."));
    }
    let headers = request.headers().clone();
    let params = read_form(request, MACHINE_LIMIT).await?;
    if params.repeats("") {
        return Err(OAuthError::invalid_request("A parameter was sent more than once."));
    }
    let work = {
        let app = app.clone();
        async move { take_back(&app, &headers, &params).await }
    };
    let found = to_the_end(&app, work).await.map_err(|error| refused(&app, client_ip.0, error))?;
    match found {
        Found::Ended => {}
        // The same answer as for a live token (§2.2), until somebody tries them out.
        Found::Nothing => app
            .limits
            .check_address(ByAddress::Miss, client_ip.0)
            .map_err(|limit| OAuthError::slow_down(limit.retry_after))?,
    }
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")]).into_response())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Ended,
    /// A dead, unknown or foreign token.
    Nothing,
}

/// Ends what a token of this client stands for.
async fn take_back(
    app: &AppState,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Found, OAuthError> {
    let client = authenticate(app, headers, params).await?;
    let token = params.one("token").ok().flatten();
    let token = token.ok_or(OAuthError::invalid_request("token is missing."))?;
    let now = app.clock.now();
    let held = Held::find(app, token, now).await.map_err(|error| store_failed(&error))?;
    match held.filter(|held| *held.owner() == client.id) {
        Some(held) => {
            held.end(app, now).await.map_err(|error| store_failed(&error))?;
            Ok(Found::Ended)
        }
        None => Ok(Found::Nothing),
    }
}

/// What a presented token is; the hint of the request is not needed to find out.
enum Held {
    Access(Box<LiveDevice>, TokenDigest<Access>),
    Refresh(DeviceId, ClientId),
}

impl Held {
    async fn find(app: &AppState, token: &str, now: Timestamp) -> Result<Option<Self>, StoreError> {
        let Ok(access) = app.store.digest_presented(token) else { return Ok(None) };
        if let Some(device) = app.store.find_device_by_access(&access, now).await? {
            return Ok(Some(Self::Access(Box::new(device), access)));
        }
        let Ok(refresh) = app.store.digest_presented(token) else { return Ok(None) };
        let found = app.store.find_device_by_refresh(&refresh).await?;
        Ok(found.map(|(device, client)| Self::Refresh(device, client)))
    }

    fn owner(&self) -> &ClientId {
        match self {
            Self::Access(device, _) => &device.client,
            Self::Refresh(_, client) => client,
        }
    }

    async fn end(&self, app: &AppState, now: Timestamp) -> Result<(), StoreError> {
        let (event, account, device) = match self {
            Self::Access(live, digest) => {
                let gone = app.store.revoke_access(digest, &live.device, now).await?;
                let event = if gone.is_some() {
                    AuditEvent::DeviceRevoked
                } else {
                    AuditEvent::TokenRevoked
                };
                (event, Some(live.account.clone()), &live.device)
            }
            Self::Refresh(device, _) => {
                let gone = app.store.revoke_device(device).await?;
                (AuditEvent::DeviceRevoked, gone.map(|gone| gone.account), device)
            }
        };
        if let Some(account) = &account {
            // Streams that were opened with the token end; whoever still has one opens others.
            let (device, account) = (device.clone(), account.clone());
            app.revoked(&Revoked::Device { device, account }).await;
        }
        let entry = AuditEntry {
            event,
            account: account.as_ref(),
            device: Some(device),
            client: Some(self.owner()),
        };
        audit(app, &entry, now).await;
        tracing::info!(event = "device-revoked", what = event.as_str(), device = %device, by = "client", "");
        Ok(())
    }
}

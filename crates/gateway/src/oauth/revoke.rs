//! `POST /oauth/revoke` (RFC 7009). Either token of a device ends the device: what is left of
//! one without the other would be of no use to anybody honest.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::console::Revoked;
use domain::id::{ClientId, DeviceId};
use http::StatusCode;
use http::header::{CACHE_CONTROL, PRAGMA};
use store::{AuditEntry, AuditEvent, StoreError};
use zeroize::Zeroizing;

use super::token::authenticate;
use super::{audit, store_failed, to_the_end};
use crate::error::OAuthError;
use crate::extract::client_ip::ClientIp;
use crate::extract::form::{MACHINE_LIMIT, read_form};
use crate::limits::ByAddress;
use crate::state::AppState;

pub(super) async fn post(
    State(app): State<AppState>,
    client_ip: ClientIp,
    request: Request,
) -> Result<Response, OAuthError> {
    app.limits
        .check_address(ByAddress::OAuth, client_ip.0)
        .map_err(|limit| OAuthError::slow_down(limit.retry_after))?;
    let headers = request.headers().clone();
    let params = read_form(request, MACHINE_LIMIT).await?;
    if params.repeats("") {
        return Err(OAuthError::invalid_request("A parameter was sent more than once."));
    }
    let client = authenticate(&app, &headers, &params).await?;
    let token = params.one("token").ok().flatten();
    let token = token.ok_or(OAuthError::invalid_request("token is missing."))?;
    let work = {
        let (app, token) = (app.clone(), Zeroizing::new(token.to_owned()));
        async move { revoke(&app, &token, &client.id).await }
    };
    to_the_end(&app, work).await?;
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")]).into_response())
}

/// Ends the device a token of this client belongs to.
async fn revoke(app: &AppState, token: &str, client: &ClientId) -> Result<(), OAuthError> {
    // A dead, unknown or foreign token gets the same answer as a live one (§2.2).
    let holder = holder(app, token).await.map_err(|error| store_failed(&error))?;
    if let Some((device, owner)) = holder.filter(|(_, owner)| owner == client) {
        let revoked = app.store.revoke_device(&device).await;
        let revoked = revoked.map_err(|error| store_failed(&error))?;
        if let Some(gone) = &revoked {
            let (device, account) = (gone.device.clone(), gone.account.clone());
            app.revoked(&Revoked::Device { device, account }).await;
        }
        let event = AuditEvent::DeviceRevoked;
        let account = revoked.as_ref().map(|revoked| &revoked.account);
        let client = Some(&owner);
        let entry = AuditEntry { event, account, device: Some(&device), client };
        audit(app, &entry, app.clock.now()).await;
        tracing::info!(event = "device-revoked", device = %device, by = "client", "disconnected");
    }
    Ok(())
}

type Holder = (DeviceId, ClientId);

/// Whose token it is; the hint of the request is not needed to find out.
async fn holder(app: &AppState, token: &str) -> Result<Option<Holder>, StoreError> {
    let now = app.clock.now();
    let Ok(access) = app.store.digest_presented(token) else { return Ok(None) };
    if let Some(device) = app.store.find_device_by_access(&access, now).await? {
        return Ok(Some((device.device, device.client)));
    }
    let Ok(refresh) = app.store.digest_presented(token) else { return Ok(None) };
    app.store.find_device_by_refresh(&refresh).await
}

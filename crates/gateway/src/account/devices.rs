//! The devices of an account: ending one or all, and what each is shown.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::console::Revoked;
use domain::id::{AccountId, DeviceId};
use domain::tools::{Profile, ToolChoice};
use http::header::SET_COOKIE;
use store::{AuditEntry, AuditEvent, StoreError};

use super::form::{Need, ours, submitted};
use super::session;
use crate::extract::client_ip::ClientIp;
use crate::language::Language;
use crate::oauth::audit;
use crate::oauth::redirect::see_other;
use crate::state::AppState;

/// `POST /account/devices/revoke`
pub(super) async fn revoke(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let form = match submitted(&app, from, language, request, Need::Session).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let Some(device) = form.field("device").and_then(|id| DeviceId::parse(id).ok()) else {
        return see_other("/account?done=nothing");
    };
    match app.store.revoke_own_device(&form.current.account, &device, form.now).await {
        Ok(Some(gone)) => {
            let (device, account) = (gone.device, gone.account);
            tracing::info!(event = "device-revoked", device = %device, by = "person", "");
            app.revoked(&Revoked::Device { device, account }).await;
            see_other("/account?done=revoked")
        }
        // Somebody was faster, or it is another account's.
        Ok(None) => see_other("/account?done=nothing"),
        Err(error) => ours(&app, language, &error),
    }
}

/// `POST /account/devices/revoke-all`
pub(super) async fn revoke_all(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let form = match submitted(&app, from, language, request, Need::Session).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    if form.field("sure").is_none() {
        return see_other("/account?done=unsure");
    }
    let (account, rights) = (&form.current.account, form.current.rights);
    if let Err(error) = end_all(&app, account).await {
        return ours(&app, language, &error);
    }
    let mut response = see_other("/account?done=all-revoked");
    // Every browser has lost the page, and only this one has asked for that.
    match session::begin(&app, &headers, account, rights, form.now).await {
        Ok(Some(cookie)) => {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        Ok(None) => {}
        Err(error) => tracing::error!(event = "store-failed", error = error.label(), ""),
    }
    response
}

/// Ends every device of an account on every node, and every open page.
pub(super) async fn end_all(app: &AppState, account: &AccountId) -> Result<(), StoreError> {
    let now = app.clock.now();
    let gone = app.store.revoke_account_devices(account, now).await?;
    app.revoked(&Revoked::Account(account.clone())).await;
    for device in gone {
        let (account, device) = (&device.account, &device.device);
        tracing::info!(event = "device-revoked", device = %device, by = "person", "");
        let event = AuditEvent::DeviceRevoked;
        let entry =
            AuditEntry { event, account: Some(account), device: Some(device), client: None };
        audit(app, &entry, now).await;
    }
    Ok(())
}

/// `POST /account/devices/tools`
pub(super) async fn tools(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let form = match submitted(&app, from, language, request, Need::Whole).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let device = form.field("device").and_then(|id| DeviceId::parse(id).ok());
    let (Some(device), Some(chosen)) = (device, form.field("tools").and_then(choice)) else {
        return see_other("/account?done=nothing");
    };
    let account = &form.current.account;
    let text = chosen.map(|choice| choice.to_string());
    match app.store.choose_tools(account, &device, text.as_deref(), form.now).await {
        Ok(true) => {
            app.devices.forget_device(&device);
            see_other("/account?done=tools")
        }
        Ok(false) => see_other("/account?done=nothing"),
        Err(error) => ours(&app, language, &error),
    }
}

/// What the list of profiles may send: the recommended one, or one of ours.
#[expect(clippy::option_option, reason = "no choice is a choice, and nonsense is none")]
fn choice(text: &str) -> Option<Option<ToolChoice>> {
    match text {
        "default" => Some(None),
        name => Profile::parse(name).map(|profile| Some(ToolChoice::of(profile))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_profiles_are_chosen_from_a_list() {
        assert_eq!(choice("default"), Some(None));
        assert_eq!(choice("core"), Some(Some(ToolChoice::of(Profile::Core))));
        for nonsense in ["", "everything", "core,+golf"] {
            assert_eq!(choice(nonsense), None, "{nonsense}");
        }
    }
}

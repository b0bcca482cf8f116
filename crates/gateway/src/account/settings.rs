//! What counts for all devices of an account: read-only, units, time zone, language.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::settings::{Settings, UnitSystem};
use jiff::tz::TimeZone;

use super::form::{Need, ours, submitted};
use crate::extract::client_ip::ClientIp;
use crate::language::Language;
use crate::oauth::redirect::see_other;
use crate::state::AppState;

/// The name of a zone is shorter.
const LONGEST_ZONE: usize = 64;

/// `POST /account/settings`
pub(super) async fn save(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let form = match submitted(&app, from, language, request, Need::Whole).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let Ok(time_zone) = form.field("time_zone").map(zone).transpose() else {
        return see_other("/account?done=no-zone");
    };
    let settings = Settings {
        units: form.field("units").and_then(UnitSystem::parse),
        time_zone,
        language: form
            .field("language")
            .and_then(Language::parse)
            .map(|language| language.tag().to_owned()),
    };
    let account = &form.current.account;
    match app.store.put_settings(account, &settings, form.now).await {
        Ok(()) => {
            app.devices.forget_account(account);
            see_other("/account?done=settings")
        }
        Err(error) => ours(&app, language, &error),
    }
}

/// There is no such zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NoZone;

/// The name of a zone as its makers write it.
fn zone(typed: &str) -> Result<String, NoZone> {
    let typed = typed.trim();
    if typed.len() > LONGEST_ZONE {
        return Err(NoZone);
    }
    let zone = TimeZone::get(typed).map_err(|_| NoZone)?;
    zone.iana_name().map(str::to_owned).ok_or(NoZone)
}

/// `POST /account/read-only`
pub(super) async fn read_only(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    // What is wanted decides what is needed: apps get more again only by a fresh sign-in.
    let form = match submitted(&app, from, language, request, Need::Whole).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let (read_only, done) = match form.field("read_only") {
        Some("on") => (true, "/account?done=read-only-on"),
        Some("off") if form.current.is_fresh(form.now) => (false, "/account?done=read-only-off"),
        Some("off") => return see_other("/account/sign-in?for=read-only"),
        Some(_) | None => return see_other("/account?done=nothing"),
    };
    let account = &form.current.account;
    match app.store.set_read_only(account, read_only, form.now).await {
        Ok(()) => {
            app.devices.forget_account(account);
            tracing::info!(event = "account-read-only", account = %account, on = read_only, "");
            see_other(done)
        }
        Err(error) => ours(&app, language, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_one_of_the_database_in_its_own_spelling() {
        assert_eq!(zone(" europe/vienna "), Ok("Europe/Vienna".to_owned()));
        assert_eq!(zone("UTC"), Ok("UTC".to_owned()));
        for nonsense in ["Vienna", "Europe/Nowhere", "../etc/passwd", &"x".repeat(65)] {
            assert_eq!(zone(nonsense), Err(NoZone), "{nonsense}");
        }
    }
}

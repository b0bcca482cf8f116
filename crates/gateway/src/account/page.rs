//! `GET /account`: what an account is connected to, and everything an athlete can do about it.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use domain::clock::Timestamp;
use domain::settings::UnitSystem;
use domain::tools::{Profile, ToolChoice};
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use store::{
    Account, AccountRules, AccountState, AuditEvent, AuditRow, DeviceSummary, StoreError, day_of,
};

use super::form::{ours, too_often};
use super::session::{self, Current};
use super::usage::{DAYS, Usage};
use crate::extract::client_ip::ClientIp;
use crate::extract::form::Params;
use crate::headers::FormAction;
use crate::language::{Language, Text};
use crate::limits::ByAddress;
use crate::pages::{self, AccountPage, DevicesPage, EntryPage, Site};
use crate::state::AppState;

/// Lines of history on the page; the export has them all.
const LINES: usize = 50;
/// Read for them: what happens by itself is left out.
const LINES_READ: u32 = 400;

/// A moment as a person reads it, and as a program does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    pub exact: String,
    pub shown: String,
}

/// A connected device.
#[derive(Debug, Clone)]
pub struct DeviceCard {
    pub id: String,
    pub name: Option<String>,
    pub since: When,
    pub used: Option<When>,
    pub may_write: bool,
    /// What it was given in the app, where that is no profile alone.
    pub own_choice: Option<String>,
    pub profile: Option<Profile>,
}

impl DeviceCard {
    /// The profiles a person can tell apart, and the one there is; each with whether it is
    /// chosen.
    #[must_use]
    pub fn profiles(&self) -> Vec<(Profile, bool)> {
        use Profile::{Athlete, Core, Everyday, Full, Garmin, Health};
        let mut offered = vec![Everyday, Core, Health, Athlete, Garmin, Full];
        offered.extend(self.profile.filter(|own| !offered.contains(own)));
        let chosen = self.profile.filter(|_| self.own_choice.is_none());
        offered.into_iter().map(|profile| (profile, chosen == Some(profile))).collect()
    }

    #[must_use]
    pub fn is_default(&self) -> bool {
        self.profile.is_none() && self.own_choice.is_none()
    }
}

/// One line of an account's history.
#[derive(Debug, Clone)]
pub struct HistoryLine {
    pub at: When,
    pub what: Text,
    /// The name of the app it was about, where that is known.
    pub app: Option<String>,
}

/// How things stand with Garmin.
#[derive(Debug, Clone)]
pub struct GarminState {
    pub good: bool,
    pub signed_in: When,
    pub renewed: When,
    pub china: bool,
}

/// What is chosen.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub read_only: bool,
    pub units: Option<UnitSystem>,
    pub time_zone: String,
    pub language: Option<Language>,
}

impl Chosen {
    #[must_use]
    pub fn languages(&self) -> Vec<(Language, bool)> {
        Language::ALL.into_iter().map(|one| (one, self.language == Some(one))).collect()
    }

    #[must_use]
    pub fn is_metric(&self) -> bool {
        self.units == Some(UnitSystem::Metric)
    }

    #[must_use]
    pub fn is_imperial(&self) -> bool {
        self.units == Some(UnitSystem::Imperial)
    }
}

pub(super) async fn get(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(limit) = app.limits.check_address(ByAddress::AccountPage, from.0) {
        return too_often(&app, language, limit.retry_after);
    }
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let done = params.one("done").ok().flatten();
    let now = app.clock.now();
    let current = match session::current(&app, &headers, now).await {
        Ok(current) => current,
        Err(error) => return ours(&app, language, &error),
    };
    let Some(current) = current else { return entry(&app, language, done) };
    match show(&app, &current, language, done, now).await {
        Ok(Some(page)) => page,
        // Erased a moment ago.
        Ok(None) => entry(&app, language, done),
        Err(error) => ours(&app, language, &error),
    }
}

fn entry(app: &AppState, language: Language, done: Option<&str>) -> Response {
    let notice = (done == Some("over")).then(|| language.t("account-done-over"));
    let page = EntryPage { site: Site::of(app, language), notice };
    pages::render(StatusCode::OK, &page, FormAction::Nowhere)
}

async fn show(
    app: &AppState,
    current: &Current,
    language: Language,
    done: Option<&str>,
    now: Timestamp,
) -> Result<Option<Response>, StoreError> {
    let (store, id) = (&app.store, &current.account);
    let (account, rules, devices) = tokio::try_join!(
        store.find_account(id),
        store.account_rules(id),
        store.list_devices(Some(id))
    )?;
    let Some(account) = account else { return Ok(None) };
    let language = language.unless(rules.settings.language.as_deref().and_then(Language::parse));
    let clock = Zone::of(&account, &rules);
    let cards: Vec<DeviceCard> = devices.iter().map(|device| clock.card(device)).collect();
    let site = Site::of(app, language);
    let notice = done.and_then(|done| notice(language, done));
    if !current.is_whole() {
        let page = DevicesPage { site, csrf: &current.csrf, devices: &cards, notice };
        return Ok(Some(pages::render(StatusCode::OK, &page, FormAction::SelfOnly)));
    }
    let today = day_of(now);
    let (usage, audit) = tokio::try_join!(
        store.daily_usage(Some(id), today - DAYS + 1),
        store.account_audit(id, LINES_READ)
    )?;
    let settings = &rules.settings;
    let page = AccountPage {
        site,
        csrf: &current.csrf,
        email: account.email.reveal(),
        devices: &cards,
        notice,
        fresh: current.is_fresh(now),
        chosen: Chosen {
            read_only: rules.read_only,
            units: settings.units,
            time_zone: settings.time_zone.clone().unwrap_or_default(),
            language: settings.language.as_deref().and_then(Language::parse),
        },
        zone: clock.name(),
        garmin: GarminState {
            good: account.state == AccountState::Live,
            signed_in: clock.when(account.signed_in_at),
            renewed: clock.when(account.refreshed_at),
            china: account.region == domain::region::Region::China,
        },
        usage: Usage::of(&usage, today),
        history: history(language, &clock, &audit, &devices),
    };
    Ok(Some(pages::render(StatusCode::OK, &page, FormAction::SelfOnly)))
}

fn history(
    language: Language,
    clock: &Zone,
    audit: &[AuditRow],
    devices: &[DeviceSummary],
) -> Vec<HistoryLine> {
    let app = |row: &AuditRow| {
        let same = |device: &&DeviceSummary| {
            row.device.as_ref() == Some(&device.id) || row.client.as_ref() == Some(&device.client)
        };
        devices.iter().find(same).and_then(|device| device.client_name.clone())
    };
    let lines = audit.iter().filter_map(|row| {
        let what = event(language, row.event)?;
        Some(HistoryLine { at: clock.when(row.at), what, app: app(row) })
    });
    lines.take(LINES).collect()
}

/// What happened, in words; nothing for what happens by itself.
fn event(language: Language, event: AuditEvent) -> Option<Text> {
    Some(match event {
        AuditEvent::AccountConnected => language.t("account-event-connected"),
        AuditEvent::DeviceAdded => language.t("account-event-device-added"),
        AuditEvent::DeviceRevoked => language.t("account-event-device-revoked"),
        AuditEvent::TokenRevoked => language.t("account-event-token-revoked"),
        AuditEvent::CodeReplayed => language.t("account-event-code-replayed"),
        AuditEvent::RefreshReuse => language.t("account-event-refresh-reuse"),
        AuditEvent::SignInNeeded => language.t("account-event-sign-in-needed"),
        AuditEvent::PageOpened => language.t("account-event-page-opened"),
        AuditEvent::LinkIssued => language.t("account-event-link-issued"),
        AuditEvent::LinkOpened => language.t("account-event-link-opened"),
        AuditEvent::PageLeft => language.t("account-event-page-left"),
        AuditEvent::ReadOnlyOn => language.t("account-event-read-only-on"),
        AuditEvent::ReadOnlyOff => language.t("account-event-read-only-off"),
        AuditEvent::SettingsChanged => language.t("account-event-settings"),
        AuditEvent::ToolsChosen => language.t("account-event-tools"),
        AuditEvent::Exported => language.t("account-event-exported"),
        AuditEvent::ClientRegistered
        | AuditEvent::ConsentDenied
        | AuditEvent::RefreshRotated
        | AuditEvent::RefreshGrace
        | AuditEvent::RefreshLostResponse
        | AuditEvent::AccountForgotten
        | AuditEvent::Restored
        | AuditEvent::Rekeyed
        | AuditEvent::Imported => return None,
    })
}

/// What the address says has just been done.
fn notice(language: Language, done: &str) -> Option<Text> {
    Some(match done {
        "revoked" => language.t("account-done-revoked"),
        "all-revoked" => language.t("account-done-all-revoked"),
        "unsure" => language.t("account-done-unsure"),
        "nothing" => language.t("account-done-nothing"),
        "tools" => language.t("account-done-tools"),
        "settings" => language.t("account-done-settings"),
        "no-zone" => language.t("account-done-no-zone"),
        "read-only-on" => language.t("account-done-read-only-on"),
        "read-only-off" => language.t("account-done-read-only-off"),
        "signed-in" => language.t("account-done-signed-in"),
        "too-often" => language.t("account-done-too-often"),
        _ => return None,
    })
}

/// The clock an athlete looks at.
struct Zone(TimeZone);

impl Zone {
    /// The zone that was chosen, or Garmin's, or none.
    fn of(account: &Account, rules: &AccountRules) -> Self {
        #[derive(serde::Deserialize)]
        struct Profile {
            time_zone: Option<String>,
        }
        let chosen = rules.settings.time_zone.clone();
        let name = chosen.or_else(|| {
            serde_json::from_slice::<Profile>(&account.profile).ok().and_then(|it| it.time_zone)
        });
        Self(name.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC))
    }

    fn name(&self) -> String {
        self.0.iana_name().unwrap_or("UTC").to_owned()
    }

    fn when(&self, at: Timestamp) -> When {
        let shown = jiff::Timestamp::from_second(at.0).map_or_else(
            |_| at.to_string(),
            |moment| moment.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        );
        When { exact: at.to_string(), shown }
    }

    fn card(&self, device: &DeviceSummary) -> DeviceCard {
        let choice: Option<ToolChoice> = device.tools.as_deref().and_then(|text| text.parse().ok());
        let mixed = choice.as_ref().filter(|choice| choice.toolsets().next().is_some());
        DeviceCard {
            id: device.id.to_string(),
            name: device.client_name.clone(),
            since: self.when(device.created_at),
            used: device.last_used_at.map(|at| self.when(at)),
            may_write: device.scopes == domain::scope::Scopes::ReadWrite,
            own_choice: mixed.map(ToString::to_string),
            profile: choice.and_then(|choice| choice.profile),
        }
    }
}

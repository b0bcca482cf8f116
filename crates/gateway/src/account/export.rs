//! Everything that is kept about an account, for the person it is about: one JSON document,
//! without a token in it.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::clock::Timestamp;
use domain::contract::{JournalPage, JournalQuery, JournalRow};
use domain::id::AccountId;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;
use serde_json::Value;
use store::{
    AccountState, AuditEntry, AuditEvent, AuditRow, DailyUsage, DeviceSummary, StoreError, UsageRow,
};

use super::form::{Need, ours, submitted};
use crate::extract::client_ip::ClientIp;
use crate::language::Language;
use crate::oauth::audit;
use crate::oauth::redirect::see_other;
use crate::state::AppState;

/// More than are kept.
const ALL_LINES: u32 = 10_000;

#[derive(Serialize)]
struct Export {
    /// Grows when a member changes its meaning.
    format: u32,
    exported_at: String,
    account: AccountPart,
    settings: SettingsPart,
    devices: Vec<DeviceSummary>,
    usage_totals: Vec<UsageRow>,
    usage_daily: Vec<DailyUsage>,
    history: Vec<AuditRow>,
    /// What apps have changed at Garmin, with what it takes to undo it.
    changes: Vec<ChangePart>,
}

#[derive(Serialize)]
struct AccountPart {
    id: AccountId,
    region: String,
    email: String,
    /// What Garmin said about the person at the last sign-in.
    profile: Value,
    sign_in_needed: bool,
    created_at: Timestamp,
    signed_in_at: Timestamp,
    session_renewed_at: Timestamp,
}

#[derive(Serialize)]
struct SettingsPart {
    read_only: bool,
    #[serde(flatten)]
    settings: domain::settings::Settings,
}

#[derive(Serialize)]
struct ChangePart {
    id: String,
    tool: String,
    outcome: &'static str,
    created_at: Timestamp,
    settled_at: Option<Timestamp>,
    detail: Value,
}

impl From<JournalRow> for ChangePart {
    fn from(row: JournalRow) -> Self {
        // A text that is no JSON is a text.
        let detail = serde_json::from_str(&row.detail).unwrap_or(Value::String(row.detail));
        Self {
            id: row.journal.to_string(),
            tool: row.tool,
            outcome: row.outcome.as_str(),
            created_at: row.created_at,
            settled_at: row.settled_at,
            detail,
        }
    }
}

/// `POST /account/export`
pub(super) async fn post(
    State(app): State<AppState>,
    from: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let form = match submitted(&app, from, language, request, Need::Fresh("export")).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let account = &form.current.account;
    if app.limits.check_export(account).is_err() {
        return see_other("/account?done=too-often");
    }
    let event = AuditEvent::Exported;
    let entry = AuditEntry { event, account: Some(account), device: None, client: None };
    // Written down first: the document holds this line as well.
    audit(&app, &entry, form.now).await;
    tracing::info!(event = "account-exported", account = %account, "");
    match export(&app, account, form.now).await {
        Ok(Some(body)) => {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CONTENT_DISPOSITION, "attachment; filename=\"garmin-gateway-account.json\""),
                (CACHE_CONTROL, "no-store"),
            ];
            (headers, body).into_response()
        }
        Ok(None) => see_other("/account?done=over"),
        Err(error) => ours(&app, language, &error),
    }
}

async fn export(
    app: &AppState,
    id: &AccountId,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, StoreError> {
    let store = &app.store;
    let Some(account) = store.find_account(id).await? else { return Ok(None) };
    let rules = store.account_rules(id).await?;
    let export = Export {
        format: 1,
        exported_at: now.to_string(),
        account: AccountPart {
            id: id.clone(),
            region: account.region.to_string(),
            email: account.email.reveal().to_owned(),
            profile: serde_json::from_slice(&account.profile).unwrap_or_default(),
            sign_in_needed: account.state == AccountState::SignInNeeded,
            created_at: account.created_at,
            signed_in_at: account.signed_in_at,
            session_renewed_at: account.refreshed_at,
        },
        settings: SettingsPart { read_only: rules.read_only, settings: rules.settings },
        devices: store.list_devices(Some(id)).await?,
        usage_totals: store.account_usage(id).await?,
        usage_daily: store.daily_usage(Some(id), 0).await?,
        history: store.account_audit(id, ALL_LINES).await?,
        changes: changes(app, id).await?,
    };
    // Texts, numbers and JSON always serialise.
    Ok(Some(serde_json::to_vec_pretty(&export).unwrap_or_default()))
}

async fn changes(app: &AppState, account: &AccountId) -> Result<Vec<ChangePart>, StoreError> {
    let mut changes = Vec::new();
    let mut query = JournalQuery { limit: JournalQuery::MOST, ..JournalQuery::default() };
    loop {
        let JournalPage::Rows { rows, more } = app.store.read_journal(account, &query).await?
        else {
            return Ok(changes);
        };
        query.before = rows.last().map(|row| row.journal.clone());
        changes.extend(rows.into_iter().map(ChangePart::from));
        if !more || query.before.is_none() {
            return Ok(changes);
        }
    }
}

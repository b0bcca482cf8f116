//! What happened to accounts and devices, for the operator, and for the athlete whose account
//! it is. Ids and words, nothing personal.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::entropy::{self, Entropy};
use domain::id::{AccountId, ClientId, DeviceId};
use serde::Serialize;

use crate::error::StoreError;
use crate::pool::on_pool;
use crate::{Store, corrupt};

/// How long the operator can look back.
const KEPT: Duration = Duration::from_hours(365 * 24);
const NOTHING_CAME_OF_IT: Duration = Duration::from_hours(24);
/// Lines of one account. The oldest go first, whoever has them written.
const MOST_OF_ACCOUNT: i64 = 1_000;

/// Everything worth a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditEvent {
    AccountConnected,
    ClientRegistered,
    DeviceAdded,
    DeviceRevoked,
    TokenRevoked,
    ConsentDenied,
    CodeReplayed,
    RefreshRotated,
    RefreshGrace,
    RefreshLostResponse,
    RefreshReuse,
    SignInNeeded,
    /// Somebody signed in to see the account's page.
    PageOpened,
    /// A link to the page was handed out in a conversation.
    LinkIssued,
    LinkOpened,
    PageLeft,
    ReadOnlyOn,
    ReadOnlyOff,
    SettingsChanged,
    /// A device is shown other tools.
    ToolsChosen,
    /// Everything about the account was handed to the person it is about.
    Exported,
    /// An account was forgotten, with its lines here; which one, nobody knows any more.
    AccountForgotten,
    /// The database was restored from a backup.
    Restored,
    /// The keys were wrapped under another secret.
    Rekeyed,
    /// Another gateway's database was brought over.
    Imported,
}

impl AuditEvent {
    pub const ALL: [Self; 25] = [
        Self::AccountConnected,
        Self::ClientRegistered,
        Self::DeviceAdded,
        Self::DeviceRevoked,
        Self::TokenRevoked,
        Self::ConsentDenied,
        Self::CodeReplayed,
        Self::RefreshRotated,
        Self::RefreshGrace,
        Self::RefreshLostResponse,
        Self::RefreshReuse,
        Self::SignInNeeded,
        Self::PageOpened,
        Self::LinkIssued,
        Self::LinkOpened,
        Self::PageLeft,
        Self::ReadOnlyOn,
        Self::ReadOnlyOff,
        Self::SettingsChanged,
        Self::ToolsChosen,
        Self::Exported,
        Self::AccountForgotten,
        Self::Restored,
        Self::Rekeyed,
        Self::Imported,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountConnected => "account_connected",
            Self::ClientRegistered => "client_registered",
            Self::DeviceAdded => "device_added",
            Self::DeviceRevoked => "device_revoked",
            Self::TokenRevoked => "token_revoked",
            Self::ConsentDenied => "consent_denied",
            Self::CodeReplayed => "code_replayed",
            Self::RefreshRotated => "refresh_rotated",
            Self::RefreshGrace => "refresh_grace",
            Self::RefreshLostResponse => "refresh_lost_response",
            Self::RefreshReuse => "refresh_reuse",
            Self::SignInNeeded => "sign_in_needed",
            Self::PageOpened => "page_opened",
            Self::LinkIssued => "link_issued",
            Self::LinkOpened => "link_opened",
            Self::PageLeft => "page_left",
            Self::ReadOnlyOn => "read_only_on",
            Self::ReadOnlyOff => "read_only_off",
            Self::SettingsChanged => "settings_changed",
            Self::ToolsChosen => "tools_chosen",
            Self::Exported => "exported",
            Self::AccountForgotten => "account_forgotten",
            Self::Restored => "restored",
            Self::Rekeyed => "rekeyed",
            Self::Imported => "imported",
        }
    }
}

/// One event and whom it concerns.
#[derive(Debug, Clone, Copy)]
pub struct AuditEntry<'a> {
    pub event: AuditEvent,
    pub account: Option<&'a AccountId>,
    pub device: Option<&'a DeviceId>,
    pub client: Option<&'a ClientId>,
}

/// A line of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    pub at: Timestamp,
    pub event: AuditEvent,
    pub account: Option<AccountId>,
    pub device: Option<DeviceId>,
    pub client: Option<ClientId>,
}

pub(crate) fn audit_id(entropy: &dyn Entropy) -> String {
    format!("aud_{:032x}", u128::from_be_bytes(entropy::bytes(entropy)))
}

/// The lines of an account that is forgotten.
pub(crate) const FORGET: &str = "DELETE FROM audit WHERE account_id = $1";

pub(crate) const ADD: &str = "
    INSERT INTO audit (audit_id, at, event, account_id, device_id, client_id)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// A line, within whatever transaction is open.
macro_rules! insert_audit {
    ($store:expr, $executor:expr, $entry:expr, $now:expr) => {{
        let entry: &$crate::audit::AuditEntry<'_> = $entry;
        sqlx::query($crate::audit::ADD)
            .bind($crate::audit::audit_id(&*$store.0.entropy))
            .bind($now.0)
            .bind(entry.event.as_str())
            .bind(entry.account.map(domain::id::AccountId::as_str))
            .bind(entry.device.map(domain::id::DeviceId::as_str))
            .bind(entry.client.map(domain::id::ClientId::as_str))
            .execute($executor)
            .await?;
    }};
}
pub(crate) use insert_audit;

impl Store {
    #[tracing::instrument(name = "store.audit.record", skip_all)]
    pub async fn record_audit(
        &self,
        entry: &AuditEntry<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        on_pool!(self.writer(), |pool| insert_audit!(self, pool, entry, now));
        Ok(())
    }

    /// Deletes lines older than a year, and sooner those about clients that came to nothing:
    /// anybody can have such a line written. Of one account no more stay than there may be.
    pub(crate) async fn sweep_audit(&self, now: Timestamp) -> Result<u64, StoreError> {
        const EXCESS: &str = "
            DELETE FROM audit
             WHERE audit_id IN (SELECT audit_id
                                  FROM (SELECT audit_id,
                                               ROW_NUMBER() OVER (PARTITION BY account_id
                                                   ORDER BY at DESC, audit_id) AS place
                                          FROM audit WHERE account_id IS NOT NULL) AS placed
                                 WHERE place > $1)";
        const SWEEP: &str = "
            DELETE FROM audit
             WHERE at < $1
                OR (at < $2 AND account_id IS NULL AND device_id IS NULL
                    AND NOT EXISTS (SELECT 1 FROM clients AS c
                                     WHERE c.client_id = audit.client_id))";
        Ok(on_pool!(self.writer(), |pool| {
            let old = sqlx::query(SWEEP)
                .bind(now.minus(KEPT).0)
                .bind(now.minus(NOTHING_CAME_OF_IT).0)
                .execute(pool)
                .await?
                .rows_affected();
            let excess = sqlx::query(EXCESS).bind(MOST_OF_ACCOUNT).execute(pool).await?;
            old + excess.rows_affected()
        }))
    }

    /// What happened to one account, the newest first.
    #[tracing::instrument(name = "store.audit.of_account", skip_all)]
    pub async fn account_audit(
        &self,
        account: &AccountId,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        const LIST: &str = "
            SELECT at, event, account_id, device_id, client_id
              FROM audit WHERE account_id = $1 ORDER BY at DESC, audit_id LIMIT $2";
        let rows: Vec<Row> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(LIST)
                .bind(account.as_str())
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(read).collect()
    }

    /// The latest events, the newest first.
    #[tracing::instrument(name = "store.audit.list", skip_all)]
    pub async fn list_audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        const LIST: &str = "
            SELECT at, event, account_id, device_id, client_id
              FROM audit ORDER BY at DESC, audit_id LIMIT $1";
        let rows: Vec<Row> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(LIST).bind(i64::from(limit)).fetch_all(pool).await?
        });
        rows.into_iter().map(read).collect()
    }
}

type Row = (i64, String, Option<String>, Option<String>, Option<String>);

fn read((at, event, account, device, client): Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        at: Timestamp(at),
        event: AuditEvent::ALL
            .into_iter()
            .find(|known| known.as_str() == event)
            .ok_or(StoreError::Corrupt { table: "audit", column: "event" })?,
        account: account
            .map(|id| AccountId::parse(&id))
            .transpose()
            .map_err(corrupt("audit", "account_id"))?,
        device: device
            .map(|id| DeviceId::parse(&id))
            .transpose()
            .map_err(corrupt("audit", "device_id"))?,
        client: client
            .map(|id| ClientId::parse(&id))
            .transpose()
            .map_err(corrupt("audit", "client_id"))?,
    })
}

//! Connected MCP clients, found by their access tokens.

use domain::clock::Timestamp;
use domain::id::{AccountId, ClientId, DeviceId, GrantId};
use domain::scope::Scopes;
use domain::token::{Access, Refresh, TokenDigest};
use serde::Serialize;

use crate::accounts::AccountState;
use crate::audit::{AuditEntry, AuditEvent, insert_audit};
use crate::changes::Announce;
use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::settings::AccountRules;
use crate::{Store, corrupt};

const TABLE: &str = "devices";

/// The tokens of one response.
#[derive(Debug, Clone, Copy)]
pub struct NewTokens<'a> {
    pub access: &'a TokenDigest<Access>,
    /// Absent for a token that does not expire.
    pub access_expires_at: Option<Timestamp>,
    /// Absent for a device that was imported without one.
    pub refresh: Option<NewRefresh<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub struct NewRefresh<'a> {
    pub digest: &'a TokenDigest<Refresh>,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, Copy)]
pub struct NewDevice<'a> {
    pub device: &'a DeviceId,
    pub account: &'a AccountId,
    pub client: &'a ClientId,
    /// The consent it comes from, whose code it spends; absent for an imported device.
    pub grant: Option<&'a GrantId>,
    pub scopes: Scopes,
    pub tools: Option<&'a str>,
    pub tokens: NewTokens<'a>,
}

/// What came of adding a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceAdded {
    Added,
    /// Somebody else was first, or the consent was revoked or has expired: nothing was added.
    NotRedeemable,
}

/// What a valid access token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveDevice {
    pub device: DeviceId,
    pub account: AccountId,
    pub client: ClientId,
    /// Of the token, which may be narrower than the device's.
    pub scopes: Scopes,
    pub tools: Option<String>,
    pub account_state: AccountState,
    pub expires_at: Option<Timestamp>,
    /// What the athlete has chosen for all devices.
    pub rules: AccountRules,
}

impl LiveDevice {
    /// What a call of this device may do now.
    #[must_use]
    pub fn allowed(&self) -> Scopes {
        if self.rules.read_only { Scopes::ReadOnly } else { self.scopes }
    }
}

/// A device as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceSummary {
    pub id: DeviceId,
    pub account: AccountId,
    pub client: ClientId,
    pub client_name: Option<String>,
    pub scopes: Scopes,
    pub tools: Option<String>,
    pub created_at: Timestamp,
    /// To within a minute or so.
    pub last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct LiveRow {
    device_id: String,
    account_id: String,
    client_id: String,
    scopes: String,
    tools: Option<String>,
    state: String,
    expires_at: Option<i64>,
    used_at: Option<i64>,
    read_only: Option<i64>,
    settings: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct SummaryRow {
    device_id: String,
    account_id: String,
    client_id: String,
    metadata: Vec<u8>,
    scopes: String,
    tools: Option<String>,
    created_at: i64,
    last_used_at: Option<i64>,
}

pub(crate) const ADD_ACCESS: &str = "
    INSERT INTO access_tokens (digest, device_id, pair_digest, scopes, issued_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const ADD_REFRESH: &str = "
    INSERT INTO refresh_tokens (digest, device_id, parent_digest, issued_at, expires_at)
    VALUES ($1, $2, $3, $4, $5)";

/// Adds one response's tokens to a device, inside a transaction of either database.
/// `$parent` is the refresh token they replace.
macro_rules! issue_tokens {
    ($transaction:ident, $device:expr, $tokens:expr, $parent:expr, $scopes:expr, $now:expr) => {{
        let tokens: &$crate::devices::NewTokens<'_> = $tokens;
        let parent: Option<&[u8]> = $parent;
        if let Some(refresh) = &tokens.refresh {
            sqlx::query($crate::devices::ADD_REFRESH)
                .bind(refresh.digest.as_bytes())
                .bind($device.as_str())
                .bind(parent)
                .bind($now.0)
                .bind(refresh.expires_at.0)
                .execute(&mut *$transaction)
                .await?;
        }
        sqlx::query($crate::devices::ADD_ACCESS)
            .bind(tokens.access.as_bytes())
            .bind($device.as_str())
            .bind(tokens.refresh.as_ref().map(|refresh| refresh.digest.as_bytes()))
            .bind($scopes.as_str())
            .bind($now.0)
            .bind(tokens.access_expires_at.map(|at| at.0))
            .execute(&mut *$transaction)
            .await?;
    }};
}
pub(crate) use issue_tokens;

impl Store {
    /// Adds a device with its first tokens, and spends the code of its grant with it: one
    /// transaction, so that whatever fails leaves the code good. Of any number of concurrent
    /// callers one adds a device, on either database. The account or the client may be gone
    /// by now: [`StoreError::Dangling`].
    #[tracing::instrument(name = "store.devices.add", skip_all)]
    pub async fn add_device(
        &self,
        new: &NewDevice<'_>,
        now: Timestamp,
    ) -> Result<DeviceAdded, StoreError> {
        // Locks the grant, so that a revocation at this moment either comes before and is seen
        // here, or comes after and finds the device.
        const REDEEM: &str = "
            UPDATE grants SET redeemed_at = $2
             WHERE grant_id = $1 AND redeemed_at IS NULL AND revoked_at IS NULL
               AND expires_at > $2";
        const ADD: &str = "
            INSERT INTO devices
                   (device_id, account_id, client_id, grant_id, scopes, tools, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        const KEEP_CLIENT: &str = "
            UPDATE clients SET first_device_at = COALESCE(first_device_at, $2), last_used_at = $2
             WHERE client_id = $1";
        const KEEP_ACCOUNT: &str = "
            UPDATE accounts SET taken_up_at = $2 WHERE account_id = $1 AND taken_up_at IS NULL";

        let added = in_transaction!(self.writer(), |transaction| {
            if let Some(grant) = new.grant {
                let redeemed = sqlx::query(REDEEM)
                    .bind(grant.as_str())
                    .bind(now.0)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                if redeemed == 0 {
                    return Ok(DeviceAdded::NotRedeemable);
                }
            }
            sqlx::query(ADD)
                .bind(new.device.as_str())
                .bind(new.account.as_str())
                .bind(new.client.as_str())
                .bind(new.grant.map(GrantId::as_str))
                .bind(new.scopes.as_str())
                .bind(new.tools)
                .bind(now.0)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(KEEP_CLIENT)
                .bind(new.client.as_str())
                .bind(now.0)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(KEEP_ACCOUNT)
                .bind(new.account.as_str())
                .bind(now.0)
                .execute(&mut *transaction)
                .await?;
            issue_tokens!(transaction, new.device, &new.tokens, None, new.scopes, now);
            DeviceAdded::Added
        });
        Ok(added)
    }

    /// The device of an access token that is live. One query; its first use is noted for the
    /// next [`Store::flush`].
    #[tracing::instrument(name = "store.devices.find_by_access", skip_all)]
    pub async fn find_device_by_access(
        &self,
        access: &TokenDigest<Access>,
        now: Timestamp,
    ) -> Result<Option<LiveDevice>, StoreError> {
        const FIND: &str = "
            SELECT d.device_id, d.account_id, d.client_id, t.scopes, d.tools, a.state,
                   t.expires_at, t.used_at, s.read_only, s.settings
              FROM access_tokens AS t
              JOIN devices AS d ON d.device_id = t.device_id
              JOIN accounts AS a ON a.account_id = d.account_id
              LEFT JOIN account_settings AS s ON s.account_id = d.account_id
             WHERE t.digest = $1 AND (t.expires_at IS NULL OR t.expires_at > $2)";
        let row: Option<LiveRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(access.as_bytes()).bind(now.0).fetch_optional(pool).await?
        });
        let Some(row) = row else { return Ok(None) };
        if row.used_at.is_none() {
            self.note_first_use(access, now);
        }
        let settings = row.settings.map(|sealed| self.open_settings(&row.account_id, &sealed));
        let rules = AccountRules {
            read_only: row.read_only.is_some_and(|on| on != 0),
            settings: settings.transpose()?.unwrap_or_default(),
        };
        Ok(Some(LiveDevice {
            device: DeviceId::parse(&row.device_id).map_err(corrupt(TABLE, "device_id"))?,
            account: AccountId::parse(&row.account_id).map_err(corrupt(TABLE, "account_id"))?,
            client: ClientId::parse(&row.client_id).map_err(corrupt(TABLE, "client_id"))?,
            scopes: Scopes::parse(&row.scopes).map_err(corrupt("access_tokens", "scopes"))?,
            tools: row.tools,
            account_state: AccountState::read(&row.state)?,
            expires_at: row.expires_at.map(Timestamp),
            rules,
        }))
    }

    /// Writes down which tools a device is shown; `None` for the default. False when the account
    /// has no such device. Gateways elsewhere hear of it.
    #[tracing::instrument(name = "store.devices.choose_tools", skip_all)]
    pub async fn choose_tools(
        &self,
        account: &AccountId,
        device: &DeviceId,
        tools: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const CHOOSE: &str =
            "UPDATE devices SET tools = $3 WHERE device_id = $1 AND account_id = $2";
        let entry = AuditEntry {
            event: AuditEvent::ToolsChosen,
            account: Some(account),
            device: Some(device),
            client: None,
        };
        let chosen = in_transaction!(self.writer(), |transaction| {
            let chosen = sqlx::query(CHOOSE)
                .bind(device.as_str())
                .bind(account.as_str())
                .bind(tools)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            if chosen == 1 {
                insert_audit!(self, &mut *transaction, &entry, now);
            }
            transaction.account_changed(account).await?;
            chosen
        });
        Ok(chosen == 1)
    }

    /// Whether any device of the account can still come back with a token.
    #[tracing::instrument(name = "store.devices.has_live", skip_all)]
    pub async fn has_live_device(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const COUNT: &str = "
            SELECT COUNT(*) FROM devices AS d
             WHERE d.account_id = $1
               AND (EXISTS (SELECT 1 FROM access_tokens AS t
                             WHERE t.device_id = d.device_id
                               AND (t.expires_at IS NULL OR t.expires_at > $2))
                 OR EXISTS (SELECT 1 FROM refresh_tokens AS r
                             WHERE r.device_id = d.device_id AND r.expires_at > $2
                               AND r.rotated_at IS NULL AND r.refused_at IS NULL))";
        let live: i64 = on_pool!(self.reader(), |pool| {
            sqlx::query_scalar(COUNT).bind(account.as_str()).bind(now.0).fetch_one(pool).await?
        });
        Ok(live > 0)
    }

    /// Devices, of one account or of all, the newest first.
    #[tracing::instrument(name = "store.devices.list", skip_all)]
    pub async fn list_devices(
        &self,
        account: Option<&AccountId>,
    ) -> Result<Vec<DeviceSummary>, StoreError> {
        const LIST: &str = "
            SELECT d.device_id, d.account_id, d.client_id, c.metadata, d.scopes, d.tools,
                   d.created_at, d.last_used_at
              FROM devices AS d JOIN clients AS c ON c.client_id = d.client_id
             WHERE d.account_id = $1 OR $1 IS NULL
             ORDER BY d.created_at DESC, d.device_id";
        let rows: Vec<SummaryRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(LIST).bind(account.map(AccountId::as_str)).fetch_all(pool).await?
        });
        rows.into_iter()
            .map(|row| {
                let client =
                    ClientId::parse(&row.client_id).map_err(corrupt(TABLE, "client_id"))?;
                Ok(DeviceSummary {
                    id: DeviceId::parse(&row.device_id).map_err(corrupt(TABLE, "device_id"))?,
                    account: AccountId::parse(&row.account_id)
                        .map_err(corrupt(TABLE, "account_id"))?,
                    client_name: self.client_name(&client, &row.metadata)?,
                    client,
                    scopes: Scopes::parse(&row.scopes).map_err(corrupt(TABLE, "scopes"))?,
                    tools: row.tools,
                    created_at: Timestamp(row.created_at),
                    last_used_at: row.last_used_at.map(Timestamp),
                })
            })
            .collect()
    }
}

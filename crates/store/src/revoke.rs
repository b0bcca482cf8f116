//! Ending access: of one device, of an account, of everybody.

use domain::clock::Timestamp;
use domain::console::Revoked;
use domain::id::{AccountId, ClientId, DeviceId, GrantId};
use domain::token::{Access, TokenDigest};

use crate::audit::{AuditEntry, AuditEvent, insert_audit};
use crate::changes::Announce as _;
use crate::error::StoreError;
use crate::pool::in_transaction;
use crate::{Store, corrupt, sessions};

/// A device that has lost its access, and whose account it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedDevice {
    pub device: DeviceId,
    pub account: AccountId,
}

fn read(rows: Vec<(String, String)>) -> Result<Vec<RevokedDevice>, StoreError> {
    rows.into_iter()
        .map(|(device, account)| {
            Ok(RevokedDevice {
                device: DeviceId::parse(&device).map_err(corrupt("devices", "device_id"))?,
                account: AccountId::parse(&account).map_err(corrupt("devices", "account_id"))?,
            })
        })
        .collect()
}

/// Tells the other gateways of each, inside the transaction of either database.
macro_rules! announce {
    ($transaction:ident, $rows:expr) => {{
        let gone = read($rows)?;
        for RevokedDevice { device, account } in &gone {
            let revoked = Revoked::Device { device: device.clone(), account: account.clone() };
            $transaction.access_ended(revoked).await?;
        }
        gone
    }};
}

impl Store {
    /// Ends one access token. Whoever gives it back has received it, which is remembered; the
    /// device goes along when nothing is left that it could come back with.
    #[tracing::instrument(name = "store.revoke.access", skip_all)]
    pub async fn revoke_access(
        &self,
        access: &TokenDigest<Access>,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<Option<RevokedDevice>, StoreError> {
        const END: &str = "
            UPDATE access_tokens SET expires_at = $2, used_at = COALESCE(used_at, $2)
             WHERE digest = $1 AND (expires_at IS NULL OR expires_at > $2)";
        const REVOKE: &str = "
            DELETE FROM devices
             WHERE device_id = $1
               AND NOT EXISTS (SELECT 1 FROM access_tokens AS t
                                WHERE t.device_id = devices.device_id
                                  AND (t.expires_at IS NULL OR t.expires_at > $2))
               AND NOT EXISTS (SELECT 1 FROM refresh_tokens AS r
                                WHERE r.device_id = devices.device_id AND r.expires_at > $2)
            RETURNING device_id, account_id";
        const OWNER: &str = "SELECT device_id, account_id FROM devices WHERE device_id = $1";
        let mut gone = in_transaction!(self.writer(), |transaction| {
            sqlx::query(END).bind(access.as_bytes()).bind(now.0).execute(&mut *transaction).await?;
            let device = device.as_str();
            // The device may stay, but nobody may go on believing the token.
            let held = sqlx::query_as(OWNER).bind(device).fetch_all(&mut *transaction).await?;
            let gone = sqlx::query_as(REVOKE)
                .bind(device)
                .bind(now.0)
                .fetch_all(&mut *transaction)
                .await?;
            announce!(transaction, held);
            read(gone)?
        });
        Ok(gone.pop())
    }

    /// Revokes one device, its whole family of tokens with it.
    #[tracing::instrument(name = "store.revoke.device", skip_all)]
    pub async fn revoke_device(
        &self,
        device: &DeviceId,
    ) -> Result<Option<RevokedDevice>, StoreError> {
        const REVOKE: &str =
            "DELETE FROM devices WHERE device_id = $1 RETURNING device_id, account_id";
        let mut gone = in_transaction!(self.writer(), |transaction| {
            let rows =
                sqlx::query_as(REVOKE).bind(device.as_str()).fetch_all(&mut *transaction).await?;
            announce!(transaction, rows)
        });
        Ok(gone.pop())
    }

    /// Revokes a device for the athlete whose it is, and writes that down.
    #[tracing::instrument(name = "store.revoke.own", skip_all)]
    pub async fn revoke_own_device(
        &self,
        account: &AccountId,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<Option<RevokedDevice>, StoreError> {
        const REVOKE: &str = "
            DELETE FROM devices WHERE device_id = $1 AND account_id = $2
            RETURNING device_id, account_id, client_id";
        let mut gone = in_transaction!(self.writer(), |transaction| {
            let rows: Vec<(String, String, String)> = sqlx::query_as(REVOKE)
                .bind(device.as_str())
                .bind(account.as_str())
                .fetch_all(&mut *transaction)
                .await?;
            for (_, _, client) in &rows {
                let client = ClientId::parse(client).map_err(corrupt("devices", "client_id"))?;
                let entry = AuditEntry {
                    event: AuditEvent::DeviceRevoked,
                    account: Some(account),
                    device: Some(device),
                    client: Some(&client),
                };
                insert_audit!(self, &mut *transaction, &entry, now);
            }
            let rows = rows.into_iter().map(|(device, account, _)| (device, account)).collect();
            announce!(transaction, rows)
        });
        Ok(gone.pop())
    }

    /// Revokes what a replayed code led to, or might still lead to.
    #[tracing::instrument(name = "store.revoke.grant", skip_all)]
    pub async fn revoke_grant(
        &self,
        grant: &GrantId,
        now: Timestamp,
    ) -> Result<Vec<RevokedDevice>, StoreError> {
        const MARK: &str =
            "UPDATE grants SET revoked_at = $2 WHERE grant_id = $1 AND revoked_at IS NULL";
        const REVOKE: &str =
            "DELETE FROM devices WHERE grant_id = $1 RETURNING device_id, account_id";
        let gone = in_transaction!(self.writer(), |transaction| {
            sqlx::query(MARK).bind(grant.as_str()).bind(now.0).execute(&mut *transaction).await?;
            let rows =
                sqlx::query_as(REVOKE).bind(grant.as_str()).fetch_all(&mut *transaction).await?;
            announce!(transaction, rows)
        });
        Ok(gone)
    }

    /// Revokes every device of an account, and codes that could still become one. Browsers
    /// that had its page open have it no more.
    #[tracing::instrument(name = "store.revoke.account", skip_all)]
    pub async fn revoke_account_devices(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<RevokedDevice>, StoreError> {
        const MARK: &str =
            "UPDATE grants SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL";
        const REVOKE: &str =
            "DELETE FROM devices WHERE account_id = $1 RETURNING device_id, account_id";
        let rows = in_transaction!(self.writer(), |transaction| {
            sqlx::query(MARK).bind(account.as_str()).bind(now.0).execute(&mut *transaction).await?;
            let rows =
                sqlx::query_as(REVOKE).bind(account.as_str()).fetch_all(&mut *transaction).await?;
            sqlx::query(sessions::END_ALL)
                .bind(account.as_str())
                .execute(&mut *transaction)
                .await?;
            transaction.access_ended(Revoked::Account(account.clone())).await?;
            rows
        });
        read(rows)
    }

    /// Revokes every device there is, and codes that could still become one; ends every
    /// browser's session.
    #[tracing::instrument(name = "store.revoke.all", skip_all)]
    pub async fn revoke_all(&self, now: Timestamp) -> Result<Vec<RevokedDevice>, StoreError> {
        const MARK: &str = "UPDATE grants SET revoked_at = $1 WHERE revoked_at IS NULL";
        const REVOKE: &str = "DELETE FROM devices RETURNING device_id, account_id";
        const SESSIONS: &str = "DELETE FROM sessions";
        let rows = in_transaction!(self.writer(), |transaction| {
            sqlx::query(MARK).bind(now.0).execute(&mut *transaction).await?;
            let rows = sqlx::query_as(REVOKE).fetch_all(&mut *transaction).await?;
            sqlx::query(SESSIONS).execute(&mut *transaction).await?;
            transaction.access_ended(Revoked::Everything).await?;
            rows
        });
        read(rows)
    }
}

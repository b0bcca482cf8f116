//! Links to the account page that are handed out in a conversation: one to an account, good
//! once and for minutes.

use domain::clock::Timestamp;
use domain::id::{AccountId, DeviceId};
use domain::token::{PageLink, TokenDigest};

use crate::audit::{AuditEntry, AuditEvent, insert_audit};
use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool, written};
use crate::{Store, corrupt};

/// Where a link has led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    pub account: AccountId,
    /// Whose conversation it was handed out in.
    pub device: DeviceId,
}

impl Store {
    /// Keeps the digest of a new link; the account's older one is void. False when the account
    /// has no such device.
    #[tracing::instrument(name = "store.links.add", skip_all)]
    pub async fn add_link(
        &self,
        account: &AccountId,
        device: &DeviceId,
        link: &TokenDigest<PageLink>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const ADD: &str = "
            INSERT INTO account_links (account_id, device_id, digest, expires_at)
            SELECT account_id, device_id, $3, $4
              FROM devices WHERE account_id = $1 AND device_id = $2
            ON CONFLICT (account_id) DO UPDATE
               SET device_id = excluded.device_id, digest = excluded.digest,
                   expires_at = excluded.expires_at";
        let added = in_transaction!(self.writer(), |transaction| {
            let added = sqlx::query(ADD)
                .bind(account.as_str())
                .bind(device.as_str())
                .bind(link.as_bytes())
                .bind(expires_at.0)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            if added == 1 {
                let entry = AuditEntry {
                    event: AuditEvent::LinkIssued,
                    account: Some(account),
                    device: Some(device),
                    client: None,
                };
                insert_audit!(self, &mut *transaction, &entry, now);
            }
            added
        });
        Ok(added == 1)
    }

    /// Whether a link still leads anywhere. Costs it nothing.
    #[tracing::instrument(name = "store.links.is_good", skip_all)]
    pub async fn is_link_good(
        &self,
        link: &TokenDigest<PageLink>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const COUNT: &str =
            "SELECT COUNT(*) FROM account_links WHERE digest = $1 AND expires_at > $2";
        let found: i64 = on_pool!(self.reader(), |pool| {
            sqlx::query_scalar(COUNT).bind(link.as_bytes()).bind(now.0).fetch_one(pool).await?
        });
        Ok(found > 0)
    }

    /// Spends a link. Of any number of callers one gets it.
    #[tracing::instrument(name = "store.links.redeem", skip_all)]
    pub async fn redeem_link(
        &self,
        link: &TokenDigest<PageLink>,
        now: Timestamp,
    ) -> Result<Option<Redeemed>, StoreError> {
        const REDEEM: &str = "
            DELETE FROM account_links WHERE digest = $1 AND expires_at > $2
            RETURNING account_id, device_id";
        let redeemed = in_transaction!(self.writer(), |transaction| {
            let rows: Vec<(String, String)> = sqlx::query_as(REDEEM)
                .bind(link.as_bytes())
                .bind(now.0)
                .fetch_all(&mut *transaction)
                .await?;
            let Some((account, device)) = written(rows) else { return Ok(None) };
            let table = "account_links";
            let redeemed = Redeemed {
                account: AccountId::parse(&account).map_err(corrupt(table, "account_id"))?,
                device: DeviceId::parse(&device).map_err(corrupt(table, "device_id"))?,
            };
            let entry = AuditEntry {
                event: AuditEvent::LinkOpened,
                account: Some(&redeemed.account),
                device: Some(&redeemed.device),
                client: None,
            };
            insert_audit!(self, &mut *transaction, &entry, now);
            redeemed
        });
        Ok(Some(redeemed))
    }
}

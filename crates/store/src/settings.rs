//! What an athlete has chosen for all their apps: effective with the next call, on every node.

use domain::clock::Timestamp;
use domain::id::AccountId;
use domain::settings::Settings;

use crate::audit::{AuditEntry, AuditEvent, insert_audit};
use crate::changes::Announce as _;
use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::seal::Place;
use crate::{Store, corrupt};

const TABLE: &str = "account_settings";
const SETTINGS: Place = Place { table: TABLE, column: "settings" };

/// An account's own rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountRules {
    /// Nothing is changed at Garmin, whatever a device was allowed.
    pub read_only: bool,
    pub settings: Settings,
}

impl Store {
    #[tracing::instrument(name = "store.settings.find", skip_all)]
    pub async fn account_rules(&self, account: &AccountId) -> Result<AccountRules, StoreError> {
        const FIND: &str = "SELECT read_only, settings FROM account_settings WHERE account_id = $1";
        let row: Option<(i64, Vec<u8>)> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(account.as_str()).fetch_optional(pool).await?
        });
        let Some((read_only, sealed)) = row else { return Ok(AccountRules::default()) };
        Ok(AccountRules {
            read_only: read_only != 0,
            settings: self.open_settings(account.as_str(), &sealed)?,
        })
    }

    pub(crate) fn open_settings(
        &self,
        account: &str,
        sealed: &[u8],
    ) -> Result<Settings, StoreError> {
        let plain = self.open_sealed(SETTINGS, account, sealed)?;
        serde_json::from_slice(&plain).map_err(corrupt(TABLE, "settings"))
    }

    fn seal_settings(&self, account: &AccountId, settings: &Settings) -> Vec<u8> {
        // Three short texts always serialise.
        let plain = serde_json::to_vec(settings).unwrap_or_default();
        self.seal(SETTINGS, account.as_str(), &plain)
    }

    /// Bars every change at Garmin, or lets apps make those again that they were allowed. The
    /// account may be gone by now: [`StoreError::Dangling`].
    #[tracing::instrument(name = "store.settings.set_read_only", skip_all)]
    pub async fn set_read_only(
        &self,
        account: &AccountId,
        read_only: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SET: &str = "
            INSERT INTO account_settings (account_id, read_only, settings) VALUES ($1, $2, $3)
            ON CONFLICT (account_id) DO UPDATE SET read_only = excluded.read_only";
        let event = if read_only { AuditEvent::ReadOnlyOn } else { AuditEvent::ReadOnlyOff };
        let entry = AuditEntry { event, account: Some(account), device: None, client: None };
        let settings = self.seal_settings(account, &Settings::default());
        in_transaction!(self.writer(), |transaction| {
            sqlx::query(SET)
                .bind(account.as_str())
                .bind(i64::from(read_only))
                .bind(&settings)
                .execute(&mut *transaction)
                .await?;
            insert_audit!(self, &mut *transaction, &entry, now);
            transaction.account_changed(account).await?;
        });
        Ok(())
    }

    /// Replaces the settings. The account may be gone by now: [`StoreError::Dangling`].
    #[tracing::instrument(name = "store.settings.put", skip_all)]
    pub async fn put_settings(
        &self,
        account: &AccountId,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const PUT: &str = "
            INSERT INTO account_settings (account_id, read_only, settings) VALUES ($1, 0, $2)
            ON CONFLICT (account_id) DO UPDATE SET settings = excluded.settings";
        let event = AuditEvent::SettingsChanged;
        let entry = AuditEntry { event, account: Some(account), device: None, client: None };
        let settings = self.seal_settings(account, settings);
        in_transaction!(self.writer(), |transaction| {
            sqlx::query(PUT)
                .bind(account.as_str())
                .bind(&settings)
                .execute(&mut *transaction)
                .await?;
            insert_audit!(self, &mut *transaction, &entry, now);
            transaction.account_changed(account).await?;
        });
        Ok(())
    }
}

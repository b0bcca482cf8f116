//! The whole at a glance, and the sweep of what has expired.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{AccountId, Generation};
use domain::region::Region;
use serde::Serialize;

use crate::accounts::AccountState;
use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::sign_ins::AFTERGLOW;
use crate::{Store, corrupt};

/// Counts for `status` and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Accounts that a client was ever connected to. A sign-in whose code nobody has redeemed
    /// yet is none: it becomes one, or is swept.
    pub accounts: u64,
    pub accounts_needing_sign_in: u64,
    pub devices: u64,
    pub clients: u64,
    /// Codes that were issued and not redeemed yet.
    pub pending_codes: u64,
    pub sign_ins_in_progress: u64,
    /// Accounts with at least one device.
    pub people_with_device: u64,
}

/// An account as the operator sees it: no name, no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountSummary {
    pub id: AccountId,
    pub region: Region,
    pub sign_in_needed: bool,
    pub generation: Generation,
    pub devices: u64,
    pub created_at: Timestamp,
    pub signed_in_at: Timestamp,
    pub refreshed_at: Timestamp,
}

/// What one sweep deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub sign_ins: u64,
    pub grants: u64,
    pub sessions: u64,
    pub links: u64,
    pub access_tokens: u64,
    pub refresh_tokens: u64,
    pub devices: u64,
    /// Accounts nobody ever took up.
    pub accounts: u64,
    pub clients: u64,
    pub audit: u64,
    /// Sign-ins that failed long ago.
    pub failures: u64,
    /// Writes to Garmin that nobody may undo any more.
    pub writes: u64,
    /// Counters of days long gone.
    pub daily_usage: u64,
}

/// When the long sweep was last begun, in this process.
#[derive(Debug, Default)]
pub(crate) struct LastLongSweep(Mutex<Option<Timestamp>>);

impl LastLongSweep {
    fn begin(&self, now: Timestamp) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| now.since(last) >= LONG_SWEEP);
        if due {
            *last = Some(now);
        }
        due
    }
}

/// How long a dead row stays, so that its reuse is still recognised for what it is.
const REMEMBERED: Duration = Duration::from_hours(24);
/// How often rows are looked through that no index finds.
const LONG_SWEEP: Duration = Duration::from_hours(1);
/// A sign-in this recent may be about to record its code.
const SETTLING: Duration = Duration::from_mins(1);

#[derive(sqlx::FromRow)]
struct StatsRow {
    accounts: i64,
    accounts_needing_sign_in: i64,
    devices: i64,
    clients: i64,
    pending_codes: i64,
    sign_ins_in_progress: i64,
    people_with_device: i64,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    account_id: String,
    region: String,
    state: String,
    generation: i64,
    created_at: i64,
    signed_in_at: i64,
    refreshed_at: i64,
    devices: i64,
}

impl Store {
    /// How many connections to the database are in use.
    #[must_use]
    pub fn busy_connections(&self) -> usize {
        self.0.pools.busy()
    }

    #[tracing::instrument(name = "store.stats", skip_all)]
    pub async fn stats(&self, now: Timestamp) -> Result<Stats, StoreError> {
        const COUNT: &str = "
            SELECT (SELECT COUNT(*) FROM accounts WHERE taken_up_at IS NOT NULL) AS accounts,
                   (SELECT COUNT(*) FROM accounts
                     WHERE taken_up_at IS NOT NULL AND state <> 'live')
                       AS accounts_needing_sign_in,
                   (SELECT COUNT(*) FROM devices) AS devices,
                   (SELECT COUNT(*) FROM clients) AS clients,
                   (SELECT COUNT(*) FROM grants
                     WHERE redeemed_at IS NULL AND revoked_at IS NULL AND expires_at > $1)
                       AS pending_codes,
                   (SELECT COUNT(*) FROM sign_ins WHERE expires_at > $2)
                       AS sign_ins_in_progress,
                   (SELECT COUNT(DISTINCT account_id) FROM devices) AS people_with_device";
        let row: StatsRow = on_pool!(self.reader(), |pool| {
            sqlx::query_as(COUNT).bind(now.0).bind(now.plus(AFTERGLOW).0).fetch_one(pool).await?
        });
        Ok(Stats {
            accounts: row.accounts.unsigned_abs(),
            accounts_needing_sign_in: row.accounts_needing_sign_in.unsigned_abs(),
            devices: row.devices.unsigned_abs(),
            clients: row.clients.unsigned_abs(),
            pending_codes: row.pending_codes.unsigned_abs(),
            sign_ins_in_progress: row.sign_ins_in_progress.unsigned_abs(),
            people_with_device: row.people_with_device.unsigned_abs(),
        })
    }

    /// Every account that [`Stats`] counts, the oldest first.
    #[tracing::instrument(name = "store.accounts.list", skip_all)]
    pub async fn list_accounts(&self) -> Result<Vec<AccountSummary>, StoreError> {
        const LIST: &str = "
            SELECT a.account_id, a.region, a.state, a.generation, a.created_at, a.signed_in_at,
                   a.refreshed_at,
                   (SELECT COUNT(*) FROM devices AS d WHERE d.account_id = a.account_id)
                       AS devices
              FROM accounts AS a WHERE a.taken_up_at IS NOT NULL
             ORDER BY a.created_at, a.account_id";
        let rows: Vec<AccountRow> =
            on_pool!(self.reader(), |pool| { sqlx::query_as(LIST).fetch_all(pool).await? });
        rows.into_iter()
            .map(|row| {
                Ok(AccountSummary {
                    id: AccountId::parse(&row.account_id)
                        .map_err(corrupt("accounts", "account_id"))?,
                    region: row.region.parse().map_err(corrupt("accounts", "region"))?,
                    sign_in_needed: AccountState::read(&row.state)? == AccountState::SignInNeeded,
                    generation: Generation(row.generation),
                    devices: row.devices.unsigned_abs(),
                    created_at: Timestamp(row.created_at),
                    signed_in_at: Timestamp(row.signed_in_at),
                    refreshed_at: Timestamp(row.refreshed_at),
                })
            })
            .collect()
    }

    /// Deletes what expired a day ago or more. A device goes when none of its tokens is left.
    /// Of accounts only those go whose sign-in nobody ever took up: without any device so far
    /// and without a code that still can be redeemed. Every hour also what only
    /// accumulates: clients nobody came back with, old lines of the audit and old counters.
    #[tracing::instrument(name = "store.sweep", skip_all)]
    pub async fn sweep_expired(&self, now: Timestamp) -> Result<Swept, StoreError> {
        const ABANDONED: &str = "
            DELETE FROM accounts
             WHERE taken_up_at IS NULL AND signed_in_at <= $2
               AND NOT EXISTS (SELECT 1 FROM grants AS g
                                WHERE g.account_id = accounts.account_id
                                  AND g.revoked_at IS NULL AND g.expires_at > $1)";
        const SIGN_INS: &str = "DELETE FROM sign_ins WHERE expires_at <= $1";
        const SESSIONS: &str = "DELETE FROM sessions WHERE expires_at <= $1";
        const LINKS: &str = "DELETE FROM account_links WHERE expires_at <= $1";
        const GRANTS: &str = "DELETE FROM grants WHERE expires_at <= $1";
        const ACCESS: &str = "DELETE FROM access_tokens WHERE expires_at <= $1";
        const REFRESH: &str = "DELETE FROM refresh_tokens WHERE expires_at <= $1";
        const DEVICES: &str = "
            DELETE FROM devices
             WHERE NOT EXISTS (SELECT 1 FROM access_tokens AS t
                                WHERE t.device_id = devices.device_id)
               AND NOT EXISTS (SELECT 1 FROM refresh_tokens AS r
                                WHERE r.device_id = devices.device_id)";

        let before = now.minus(REMEMBERED);
        let swept = in_transaction!(self.writer(), |transaction| {
            let accounts = sqlx::query(ABANDONED)
                .bind(now.0)
                .bind(now.minus(SETTLING).0)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            let mut counts = [0; 6];
            // Nothing recognises an expired sign-in, session or link: they go at once.
            let statements = [
                (SIGN_INS, now),
                (SESSIONS, now),
                (LINKS, now),
                (GRANTS, before),
                (ACCESS, before),
                (REFRESH, before),
            ];
            for (count, (statement, limit)) in counts.iter_mut().zip(statements) {
                *count = sqlx::query(statement)
                    .bind(limit.0)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
            }
            let devices = sqlx::query(DEVICES).execute(&mut *transaction).await?.rows_affected();
            let [sign_ins, sessions, links, grants, access_tokens, refresh_tokens] = counts;
            Swept {
                sign_ins,
                grants,
                sessions,
                links,
                access_tokens,
                refresh_tokens,
                devices,
                accounts,
                ..Swept::default()
            }
        });
        let swept = Swept { writes: self.sweep_journal(now).await?, ..swept };
        if !self.0.last_long_sweep.begin(now) {
            return Ok(swept);
        }
        let clients = self.sweep_abandoned_clients(now).await?;
        let audit = self.sweep_audit(now).await?;
        let daily_usage = self.sweep_daily_usage(now).await?;
        let failures = self.sweep_sign_in_failures(now).await?;
        Ok(Swept { clients, audit, failures, daily_usage, ..swept })
    }
}

//! Who may rotate an account's Garmin credentials: one process at a time, on any number of
//! machines.
//!
//! Garmin's refresh token dies the moment it is used, so two refreshes at once would lose an
//! account. A lease names one owner, a deadline and the generation it was given for, and says
//! who may ask Garmin; what Garmin answered is committed against the generation. Garmin is
//! called in between, with no transaction open.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::entropy::{self, Entropy};
use domain::id::{AccountId, Generation, NodeId};

use crate::Store;
use crate::accounts::{AccountState, CREDENTIALS, CredentialsRow, StoredCredentials};
use crate::changes::Announce as _;
use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool, written};

/// One attempt to rotate. Never the same for two attempts, not even of one process: an attempt
/// that was overtaken must not end its successor's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseOwner(String);

impl LeaseOwner {
    #[must_use]
    pub fn generate(node: &NodeId, entropy: &dyn Entropy) -> Self {
        let attempt = u64::from_be_bytes(entropy::bytes(entropy));
        Self(format!("{node}/{attempt:016x}"))
    }
}

/// What came of asking for the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The caller alone may rotate these credentials, until its deadline.
    Taken(StoredCredentials),
    /// Somebody has rotated or signed in since `seen`: use these.
    Newer(StoredCredentials),
    /// Somebody else is rotating; look again, at `until` at the latest.
    Held { until: Timestamp },
    /// Garmin has refused the current credentials.
    SignInNeeded,
    /// No such account (any more).
    Gone,
}

/// The pair Garmin gave in exchange for the one of generation `from`.
#[derive(Clone, Copy)]
pub struct Rotation<'a> {
    pub from: Generation,
    pub credentials: &'a [u8],
    pub refresh_expires_at: Option<Timestamp>,
}

/// What came of committing rotated credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationOutcome {
    Committed(Generation),
    /// A sign-in or another rotation came in between; nothing was written.
    Lost,
}

/// Ends every lease, for who knows that all their owners are dead.
pub(crate) async fn end_all(write: &sqlx::SqlitePool) -> Result<(), StoreError> {
    const END: &str = "
        UPDATE accounts SET lease_owner = NULL, lease_until = NULL, lease_generation = NULL
         WHERE lease_owner IS NOT NULL";
    sqlx::query(END).execute(write).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct LeaseRow {
    generation: i64,
    state: String,
    credentials: Vec<u8>,
    refreshed_at: i64,
    lease_until: Option<i64>,
}

/// How far apart the clocks of two gateways may be.
const CLOCKS_DIFFER: Duration = Duration::from_mins(10);

impl Store {
    /// Takes the right to rotate the credentials that `seen` names, until `until`.
    ///
    /// One statement tests and marks the row, so of many callers one gets
    /// [`LeaseOutcome::Taken`]. An expired lease is free to take, and so is one that ends much
    /// later than this one would: it was taken by a clock that was ahead, and whoever took it
    /// is long done.
    #[tracing::instrument(name = "store.lease.take", skip_all)]
    pub async fn take_lease(
        &self,
        account: &AccountId,
        seen: Generation,
        owner: &LeaseOwner,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<LeaseOutcome, StoreError> {
        const TAKE: &str = "
            UPDATE accounts
               SET lease_owner = $2, lease_until = $3, lease_generation = generation
             WHERE account_id = $1 AND generation <= $4 AND state = 'live'
               AND (lease_owner IS NULL OR lease_until <= $5 OR lease_until > $6)
            RETURNING generation, state, credentials, refreshed_at";
        const LOOK: &str = "
            SELECT generation, state, credentials, refreshed_at, lease_until
              FROM accounts WHERE account_id = $1";

        let taken: Vec<CredentialsRow> = on_pool!(self.writer(), |pool| {
            sqlx::query_as(TAKE)
                .bind(account.as_str())
                .bind(&owner.0)
                .bind(until.0)
                .bind(seen.0)
                .bind(now.0)
                .bind(until.plus(CLOCKS_DIFFER).0)
                .fetch_all(pool)
                .await?
        });
        if let Some(row) = written(taken) {
            return Ok(LeaseOutcome::Taken(self.read_credentials(account, &row)?));
        }
        let found: Option<LeaseRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(LOOK).bind(account.as_str()).fetch_optional(pool).await?
        });
        let Some(row) = found else { return Ok(LeaseOutcome::Gone) };
        if AccountState::read(&row.state)? == AccountState::SignInNeeded {
            return Ok(LeaseOutcome::SignInNeeded);
        }
        if row.generation > seen.0 {
            let row = CredentialsRow {
                generation: row.generation,
                state: row.state,
                credentials: row.credentials,
                refreshed_at: row.refreshed_at,
            };
            return Ok(LeaseOutcome::Newer(self.read_credentials(account, &row)?));
        }
        // Released between the two statements: as good as held until now.
        Ok(LeaseOutcome::Held { until: row.lease_until.map_or(now, Timestamp) })
    }

    /// Stores the pair that replaces generation `rotation.from`, and ends whatever lease there
    /// is.
    ///
    /// The compare-and-swap is on the generation alone. A refresh token works once, so whoever
    /// holds the pair made from generation n while the store still says n holds the only pair
    /// Garmin accepts, however late: an owner that came in between can only have been refused,
    /// and if it has recorded that already, this commit mends it.
    #[tracing::instrument(name = "store.lease.commit", skip_all)]
    pub async fn commit_rotation(
        &self,
        account: &AccountId,
        rotation: &Rotation<'_>,
        now: Timestamp,
    ) -> Result<RotationOutcome, StoreError> {
        const COMMIT: &str = "
            UPDATE accounts
               SET credentials = $3, refresh_expires_at = $4, refreshed_at = $5,
                   generation = generation + 1, state = 'live',
                   lease_owner = NULL, lease_until = NULL, lease_generation = NULL
             WHERE account_id = $1 AND generation = $2
            RETURNING generation";
        let sealed = self.seal(CREDENTIALS, account.as_str(), rotation.credentials);
        let committed: Vec<i64> = on_pool!(self.writer(), |pool| {
            sqlx::query_scalar(COMMIT)
                .bind(account.as_str())
                .bind(rotation.from.0)
                .bind(sealed)
                .bind(rotation.refresh_expires_at.map(|at| at.0))
                .bind(now.0)
                .fetch_all(pool)
                .await?
        });
        Ok(written(committed).map_or(RotationOutcome::Lost, |generation| {
            RotationOutcome::Committed(Generation(generation))
        }))
    }

    /// Gives the lease back without new credentials, for example when Garmin was down. False
    /// when it was no longer the caller's.
    #[tracing::instrument(name = "store.lease.release", skip_all)]
    pub async fn release_lease(
        &self,
        account: &AccountId,
        owner: &LeaseOwner,
    ) -> Result<bool, StoreError> {
        const RELEASE: &str = "
            UPDATE accounts SET lease_owner = NULL, lease_until = NULL, lease_generation = NULL
             WHERE account_id = $1 AND lease_owner = $2";
        let released = on_pool!(self.writer(), |pool| {
            sqlx::query(RELEASE)
                .bind(account.as_str())
                .bind(&owner.0)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(released == 1)
    }

    /// Records that Garmin refused the credentials of `refused`, and ends the lease.
    ///
    /// Counts only while the lease is still the caller's and the stored generation the one
    /// that was sent. An owner that was overtaken may have been refused because its successor
    /// had just used the same token: false, and the successor's result counts.
    #[tracing::instrument(name = "store.lease.sign_in_needed", skip_all)]
    pub async fn mark_sign_in_needed(
        &self,
        account: &AccountId,
        owner: &LeaseOwner,
        refused: Generation,
    ) -> Result<bool, StoreError> {
        const MARK: &str = "
            UPDATE accounts
               SET state = 'sign_in_needed',
                   lease_owner = NULL, lease_until = NULL, lease_generation = NULL
             WHERE account_id = $1 AND generation = $2 AND lease_owner = $3";
        let marked = in_transaction!(self.writer(), |transaction| {
            let marked = sqlx::query(MARK)
                .bind(account.as_str())
                .bind(refused.0)
                .bind(&owner.0)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            transaction.account_changed(account).await?;
            marked
        });
        Ok(marked == 1)
    }

    /// Accounts that somebody still uses and whose credentials were last replaced before
    /// `not_refreshed_since`, the stalest first. Unused for 30 days they would die.
    #[tracing::instrument(name = "store.lease.accounts_to_refresh", skip_all)]
    pub async fn accounts_to_refresh(
        &self,
        not_refreshed_since: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<AccountId>, StoreError> {
        const LIST: &str = "
            SELECT account_id FROM accounts AS a
             WHERE state = 'live' AND refreshed_at < $1
               AND (lease_owner IS NULL OR lease_until <= $2)
               AND EXISTS (
                   SELECT 1 FROM devices AS d WHERE d.account_id = a.account_id
                      AND (EXISTS (SELECT 1 FROM access_tokens AS t
                                    WHERE t.device_id = d.device_id
                                      AND (t.expires_at IS NULL OR t.expires_at > $2))
                        OR EXISTS (SELECT 1 FROM refresh_tokens AS r
                                    WHERE r.device_id = d.device_id AND r.expires_at > $2
                                      AND r.rotated_at IS NULL AND r.refused_at IS NULL)))
             ORDER BY refreshed_at, account_id LIMIT $3";
        let ids: Vec<String> = on_pool!(self.reader(), |pool| {
            sqlx::query_scalar(LIST)
                .bind(not_refreshed_since.0)
                .bind(now.0)
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?
        });
        ids.iter()
            .map(|id| AccountId::parse(id).map_err(crate::corrupt("accounts", "account_id")))
            .collect()
    }
}

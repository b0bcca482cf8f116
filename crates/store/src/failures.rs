//! Sign-ins that did not work: what the operator answers from when somebody asks why.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::email::LoginEmail;
use domain::entropy;
use domain::id::{AccountId, ClientId};
use serde::Serialize;

use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::{Store, corrupt};

/// How long somebody may take to ask.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// Of one e-mail address, the latest. Anybody can type any address.
const PER_ADDRESS: i64 = 20;
/// Of all, the latest.
const IN_ALL: i64 = 50_000;

/// One that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignInFailure {
    pub at: Timestamp,
    /// A closed word: what the person was told.
    pub reason: String,
    /// The app they came from.
    pub client: ClientId,
}

type Row = (i64, String, String);

impl Store {
    /// Remembers that a sign-in with this address failed. Only a keyed hash of the address is
    /// kept.
    #[tracing::instrument(name = "store.failures.note", skip_all)]
    pub async fn note_sign_in_failure(
        &self,
        email: &LoginEmail,
        client: &ClientId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const ADD: &str = "
            INSERT INTO sign_in_failures (failure_id, email_index, client_id, reason, at)
            VALUES ($1, $2, $3, $4, $5)";
        const DROP_OLD: &str = "
            DELETE FROM sign_in_failures
             WHERE email_index = $1
               AND failure_id NOT IN (SELECT failure_id FROM sign_in_failures
                                       WHERE email_index = $1
                                       ORDER BY at DESC, failure_id LIMIT $2)";
        let id = format!("sif_{:032x}", u128::from_be_bytes(entropy::bytes(&*self.0.entropy)));
        let index = self.email_index(email);
        in_transaction!(self.writer(), |transaction| {
            sqlx::query(ADD)
                .bind(id)
                .bind(&index)
                .bind(client.as_str())
                .bind(reason)
                .bind(now.0)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(DROP_OLD).bind(&index).bind(PER_ADDRESS).execute(&mut *transaction).await?;
        });
        Ok(())
    }

    /// What failed with this address, the latest first. There need not be an account.
    #[tracing::instrument(name = "store.failures.of_email", skip_all)]
    pub async fn sign_in_failures(
        &self,
        email: &LoginEmail,
    ) -> Result<Vec<SignInFailure>, StoreError> {
        const FIND: &str = "
            SELECT at, reason, client_id FROM sign_in_failures
             WHERE email_index = $1 ORDER BY at DESC, failure_id";
        let rows: Vec<Row> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(self.email_index(email)).fetch_all(pool).await?
        });
        read(rows)
    }

    /// What failed with the address an account signs in with, the latest first.
    #[tracing::instrument(name = "store.failures.of_account", skip_all)]
    pub async fn sign_in_failures_of(
        &self,
        account: &AccountId,
    ) -> Result<Vec<SignInFailure>, StoreError> {
        const FIND: &str = "
            SELECT f.at, f.reason, f.client_id
              FROM sign_in_failures AS f
              JOIN accounts AS a ON a.email_index = f.email_index
             WHERE a.account_id = $1 ORDER BY f.at DESC, f.failure_id";
        let rows: Vec<Row> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(account.as_str()).fetch_all(pool).await?
        });
        read(rows)
    }

    /// How often each reason came since then, the most frequent first: one person's trouble is
    /// their own, everybody's is Garmin's or ours.
    #[tracing::instrument(name = "store.failures.reasons", skip_all)]
    pub async fn sign_in_failure_reasons(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        const COUNT: &str = "
            SELECT reason, COUNT(*) FROM sign_in_failures WHERE at >= $1
             GROUP BY reason ORDER BY COUNT(*) DESC, reason";
        let rows: Vec<(String, i64)> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(COUNT).bind(since.0).fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(|(reason, count)| (reason, count.unsigned_abs())).collect())
    }

    pub(crate) async fn sweep_sign_in_failures(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SWEEP: &str = "
            DELETE FROM sign_in_failures
             WHERE at < $1
                OR failure_id NOT IN (SELECT failure_id FROM sign_in_failures
                                       ORDER BY at DESC, failure_id LIMIT $2)";
        Ok(on_pool!(self.writer(), |pool| {
            sqlx::query(SWEEP)
                .bind(now.minus(KEPT).0)
                .bind(IN_ALL)
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}

fn read(rows: Vec<Row>) -> Result<Vec<SignInFailure>, StoreError> {
    rows.into_iter()
        .map(|(at, reason, client)| {
            let client =
                ClientId::parse(&client).map_err(corrupt("sign_in_failures", "client_id"))?;
            Ok(SignInFailure { at: Timestamp(at), reason, client })
        })
        .collect()
}

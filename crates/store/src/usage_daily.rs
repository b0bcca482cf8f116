//! Calls of tools by day and client. Days are those of UTC: the gateway counts for everybody
//! and knows nobody's zone.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{AccountId, ClientId};
use serde::Serialize;

use crate::error::StoreError;
use crate::pool::on_pool;
use crate::{Store, corrupt};

const TABLE: &str = "usage_daily";
const DAY_SECS: i64 = 24 * 3600;
/// A month and two to compare it with.
const KEPT: Duration = Duration::from_hours(100 * 24);

/// Days since the epoch.
#[must_use]
pub fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_SECS)
}

/// Calls of one tool on one day, by one account through one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DailyUsage {
    pub account: AccountId,
    /// Since the epoch, UTC.
    pub day: i64,
    pub tool: String,
    pub client: ClientId,
    pub calls: u64,
    /// Of these, how many ended without an answer of the tool.
    pub errors: u64,
}

/// One more row, or more of it. From a SELECT, so that an account forgotten in the meantime is
/// skipped instead of failing the flush for everybody.
pub(crate) const COUNT: &str = "
    INSERT INTO usage_daily (account_id, day, tool, client_id, calls, errors)
    SELECT account_id, $2, $3, $4, $5, $6 FROM accounts WHERE account_id = $1
    ON CONFLICT (account_id, day, tool, client_id) DO UPDATE
       SET calls = usage_daily.calls + excluded.calls,
           errors = usage_daily.errors + excluded.errors";

#[derive(sqlx::FromRow)]
struct Row {
    account_id: String,
    day: i64,
    tool: String,
    client_id: String,
    calls: i64,
    errors: i64,
}

impl Store {
    /// Calls from `since` on, of one account or of all, by day.
    #[tracing::instrument(name = "store.usage.daily", skip_all)]
    pub async fn daily_usage(
        &self,
        account: Option<&AccountId>,
        since: i64,
    ) -> Result<Vec<DailyUsage>, StoreError> {
        const LIST: &str = "
            SELECT account_id, day, tool, client_id, calls, errors
              FROM usage_daily
             WHERE (account_id = $1 OR $1 IS NULL) AND day >= $2
             ORDER BY day, account_id, tool, client_id";
        let rows: Vec<Row> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(LIST)
                .bind(account.map(AccountId::as_str))
                .bind(since)
                .fetch_all(pool)
                .await?
        });
        rows.into_iter()
            .map(|row| {
                Ok(DailyUsage {
                    account: AccountId::parse(&row.account_id)
                        .map_err(corrupt(TABLE, "account_id"))?,
                    day: row.day,
                    tool: row.tool,
                    client: ClientId::parse(&row.client_id).map_err(corrupt(TABLE, "client_id"))?,
                    calls: u64::try_from(row.calls).map_err(corrupt(TABLE, "calls"))?,
                    errors: u64::try_from(row.errors).map_err(corrupt(TABLE, "errors"))?,
                })
            })
            .collect()
    }

    /// Forgets days that nobody looks back to.
    pub(crate) async fn sweep_daily_usage(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SWEEP: &str = "DELETE FROM usage_daily WHERE day < $1";
        Ok(on_pool!(self.writer(), |pool| {
            sqlx::query(SWEEP).bind(day_of(now.minus(KEPT))).execute(pool).await?.rows_affected()
        }))
    }
}

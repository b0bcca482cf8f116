//! Writes to Garmin, recorded before they are sent.

use domain::clock::Timestamp;
use domain::contract::WriteOutcome;
use domain::id::{AccountId, JournalId};

use crate::error::StoreError;
use crate::pool::on_pool;
use crate::seal::Place;
use crate::{Store, corrupt};

const TABLE: &str = "journal";
const DETAIL: Place = Place { table: TABLE, column: "detail" };

/// A write that is about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Intent<'a> {
    /// Makes a repeated call find the first one. Unique within an account.
    pub key: &'a str,
    pub tool: &'a str,
    pub detail: &'a str,
}

/// What came of recording an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalRecord {
    /// Durable; the write may be sent.
    Recorded(JournalId),
    /// The key was used before: nothing may be sent again.
    AlreadyThere { journal: JournalId, outcome: WriteOutcome, detail: String },
}

#[derive(sqlx::FromRow)]
struct JournalRow {
    journal_id: String,
    detail: Vec<u8>,
    outcome: String,
}

impl Store {
    /// Records an intent. Of any number of callers with one key exactly one may send. The
    /// account may be gone by now: [`StoreError::Dangling`].
    #[tracing::instrument(name = "store.journal.record", skip_all)]
    pub async fn record_intent(
        &self,
        account: &AccountId,
        intent: &Intent<'_>,
        now: Timestamp,
    ) -> Result<JournalRecord, StoreError> {
        const RECORD: &str = "
            INSERT INTO journal
                   (journal_id, account_id, key_index, tool, detail, outcome, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (account_id, key_index) DO NOTHING";
        const FIND: &str = "
            SELECT journal_id, detail, outcome
              FROM journal WHERE account_id = $1 AND key_index = $2";

        let journal = JournalId::generate(&*self.0.entropy);
        let key = self.blind_index("journal.key", &[intent.key]);
        let sealed = self.seal(DETAIL, journal.as_str(), intent.detail.as_bytes());
        let recorded = on_pool!(self.writer(), |pool| {
            sqlx::query(RECORD)
                .bind(journal.as_str())
                .bind(account.as_str())
                .bind(&key)
                .bind(intent.tool)
                .bind(sealed)
                .bind(WriteOutcome::Pending.as_str())
                .bind(now.0)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if recorded == 1 {
            return Ok(JournalRecord::Recorded(journal));
        }
        let row: JournalRow = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(account.as_str()).bind(&key).fetch_one(pool).await?
        });
        let detail = self.open_sealed(DETAIL, &row.journal_id, &row.detail)?;
        Ok(JournalRecord::AlreadyThere {
            journal: JournalId::parse(&row.journal_id).map_err(corrupt(TABLE, "journal_id"))?,
            outcome: WriteOutcome::parse(&row.outcome)
                .ok_or(StoreError::Corrupt { table: TABLE, column: "outcome" })?,
            detail: String::from_utf8(detail.to_vec()).map_err(corrupt(TABLE, "detail"))?,
        })
    }

    /// Records what became of a write. False when there is no such entry in this account, or
    /// when it has been settled for good: only `pending` and `unknown` give way.
    #[tracing::instrument(name = "store.journal.settle", skip_all)]
    pub async fn settle_intent(
        &self,
        account: &AccountId,
        journal: &JournalId,
        outcome: WriteOutcome,
        detail: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SETTLE: &str = "
            UPDATE journal SET outcome = $3, detail = $4, settled_at = $5
             WHERE journal_id = $1 AND account_id = $2 AND outcome IN ('pending', 'unknown')";
        let sealed = self.seal(DETAIL, journal.as_str(), detail.as_bytes());
        let settled = on_pool!(self.writer(), |pool| {
            sqlx::query(SETTLE)
                .bind(journal.as_str())
                .bind(account.as_str())
                .bind(outcome.as_str())
                .bind(sealed)
                .bind(now.0)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(settled == 1)
    }
}

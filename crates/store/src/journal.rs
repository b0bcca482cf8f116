//! Writes to Garmin, recorded before they are sent.

use domain::clock::Timestamp;
use domain::contract::{JournalAnswer, JournalEntry, WriteOutcome};
use domain::id::{AccountId, JournalId};

use crate::error::StoreError;
use crate::pool::on_pool;
use crate::seal::Place;
use crate::{Store, corrupt};

const TABLE: &str = "journal";
const DETAIL: Place = Place { table: TABLE, column: "detail" };

#[derive(sqlx::FromRow)]
struct JournalRow {
    journal_id: String,
    detail: Vec<u8>,
    outcome: String,
}

impl Store {
    /// Takes down one step in the life of a write; when this returns it is durable.
    ///
    /// Of any number of callers with one key exactly one is told to send. An outcome replaces
    /// `pending` and `unknown` only, and only in the account whose entry it is. The account
    /// may be gone by now: [`StoreError::Dangling`].
    pub async fn journal(
        &self,
        account: &AccountId,
        entry: &JournalEntry,
        now: Timestamp,
    ) -> Result<JournalAnswer, StoreError> {
        match entry {
            JournalEntry::Intent { key, tool, detail } => {
                self.record_intent(account, key, tool, detail, now).await
            }
            JournalEntry::Outcome { journal, outcome, detail } => {
                self.settle_intent(account, journal, *outcome, detail, now).await
            }
        }
    }

    #[tracing::instrument(name = "store.journal.record", skip_all)]
    async fn record_intent(
        &self,
        account: &AccountId,
        key: &str,
        tool: &str,
        detail: &str,
        now: Timestamp,
    ) -> Result<JournalAnswer, StoreError> {
        const RECORD: &str = "
            INSERT INTO journal
                   (journal_id, account_id, key_index, tool, detail, outcome, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (account_id, key_index) DO NOTHING";
        const FIND: &str = "
            SELECT journal_id, detail, outcome
              FROM journal WHERE account_id = $1 AND key_index = $2";

        let journal = JournalId::generate(&*self.0.entropy);
        let key_index = self.blind_index("journal.key", &[key]);
        let sealed = self.seal(DETAIL, journal.as_str(), detail.as_bytes());
        let recorded = on_pool!(self.writer(), |pool| {
            sqlx::query(RECORD)
                .bind(journal.as_str())
                .bind(account.as_str())
                .bind(&key_index)
                .bind(tool)
                .bind(sealed)
                .bind(WriteOutcome::Pending.as_str())
                .bind(now.0)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if recorded == 1 {
            return Ok(JournalAnswer::Recorded { journal });
        }
        let row: JournalRow = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(account.as_str()).bind(&key_index).fetch_one(pool).await?
        });
        let detail = self.open_sealed(DETAIL, &row.journal_id, &row.detail)?;
        Ok(JournalAnswer::AlreadyThere {
            journal: JournalId::parse(&row.journal_id).map_err(corrupt(TABLE, "journal_id"))?,
            outcome: WriteOutcome::parse(&row.outcome)
                .ok_or(StoreError::Corrupt { table: TABLE, column: "outcome" })?,
            detail: String::from_utf8(detail.to_vec()).map_err(corrupt(TABLE, "detail"))?,
        })
    }

    #[tracing::instrument(name = "store.journal.settle", skip_all)]
    async fn settle_intent(
        &self,
        account: &AccountId,
        journal: &JournalId,
        outcome: WriteOutcome,
        detail: &str,
        now: Timestamp,
    ) -> Result<JournalAnswer, StoreError> {
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
        match settled {
            1 => Ok(JournalAnswer::Recorded { journal: journal.clone() }),
            _ => Ok(JournalAnswer::Refused),
        }
    }
}

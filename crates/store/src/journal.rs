//! Writes to Garmin, recorded before they are sent.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::contract::{
    JournalAnswer, JournalEntry, JournalPage, JournalQuery, JournalRow, KeyUse, WriteOutcome,
};
use domain::id::{AccountId, JournalId};

use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::seal::Place;
use crate::{Store, corrupt};

const TABLE: &str = "journal";
const DETAIL: Place = Place { table: TABLE, column: "detail" };

/// Writes kept of one account. The oldest settled one makes room for the next.
pub const MOST_WRITES: u32 = 1_000;
/// How long a settled write is kept: longer than it may be undone, which is 30 days.
const KEPT: Duration = Duration::from_hours(31 * 24);
/// Those nobody knows the end of stay until it cannot matter any more.
const KEPT_OPEN: Duration = Duration::from_hours(90 * 24);
/// Rows swept at once.
const SWEPT_AT_ONCE: i64 = 500;
/// A pending write this old has nobody left who could settle it: calls end within minutes.
const ABANDONED: Duration = Duration::from_mins(5);

#[derive(sqlx::FromRow)]
struct FullRow {
    journal_id: String,
    tool: String,
    detail: Vec<u8>,
    outcome: String,
    created_at: i64,
    settled_at: Option<i64>,
}

/// What is to be recorded.
struct Intent<'a> {
    key: &'a str,
    key_use: KeyUse,
    tool: &'a str,
    detail: &'a str,
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
            JournalEntry::Intent { key, key_use, tool, detail } => {
                let intent = Intent { key, key_use: *key_use, tool, detail };
                self.record_intent(account, &intent, now).await
            }
            JournalEntry::Outcome { journal, outcome, detail } => {
                self.settle_intent(account, journal, *outcome, detail, now).await
            }
            JournalEntry::Later { journal, outcome, detail } => {
                self.amend_write(account, journal, *outcome, detail, now).await
            }
        }
    }

    #[tracing::instrument(name = "store.journal.record", skip_all)]
    async fn record_intent(
        &self,
        account: &AccountId,
        intent: &Intent<'_>,
        now: Timestamp,
    ) -> Result<JournalAnswer, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM journal WHERE account_id = $1";
        const MAKE_ROOM: &str = "
            DELETE FROM journal
             WHERE journal_id IN (SELECT journal_id FROM journal
                                   WHERE account_id = $1
                                     AND outcome NOT IN ('pending', 'unknown')
                                   ORDER BY created_at, journal_id LIMIT $2)";
        // What was written under this key is over: it keeps its row under a key of its own.
        const FREE: &str = "
            UPDATE journal SET key_index = $3
             WHERE account_id = $1 AND key_index = $2
               AND outcome NOT IN ('pending', 'unknown')";
        const RECORD: &str = "
            INSERT INTO journal
                   (journal_id, account_id, key_index, tool, detail, outcome, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (account_id, key_index) DO NOTHING";

        let journal = JournalId::generate(&*self.0.entropy);
        let key_index = self.blind_index("journal.key", &[intent.key]);
        let freed = self.blind_index("journal.freed", &[journal.as_str()]);
        let sealed = self.seal(DETAIL, journal.as_str(), intent.detail.as_bytes());
        let recorded = in_transaction!(self.writer(), |transaction| {
            let held: i64 = sqlx::query_scalar(COUNT)
                .bind(account.as_str())
                .fetch_one(&mut *transaction)
                .await?;
            let excess = held + 1 - i64::from(MOST_WRITES);
            if excess > 0 {
                let gone = sqlx::query(MAKE_ROOM)
                    .bind(account.as_str())
                    .bind(excess)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                if gone < excess.unsigned_abs() {
                    return Ok(JournalAnswer::Refused);
                }
            }
            if intent.key_use == KeyUse::WhenSettled {
                sqlx::query(FREE)
                    .bind(account.as_str())
                    .bind(&key_index)
                    .bind(&freed)
                    .execute(&mut *transaction)
                    .await?;
            }
            sqlx::query(RECORD)
                .bind(journal.as_str())
                .bind(account.as_str())
                .bind(&key_index)
                .bind(intent.tool)
                .bind(sealed)
                .bind(WriteOutcome::Pending.as_str())
                .bind(now.0)
                .execute(&mut *transaction)
                .await?
                .rows_affected()
        });
        if recorded == 1 {
            return Ok(JournalAnswer::Recorded { journal });
        }
        let held = self.read_journal(account, &JournalQuery::of_key(intent.key.to_owned())).await?;
        let row = match held {
            JournalPage::Rows { rows, .. } => rows.into_iter().next(),
            JournalPage::Unavailable => None,
        };
        // Whoever held the key is settled, and another has taken it over, between the two: the
        // caller may ask again.
        let Some(row) = row else { return Ok(JournalAnswer::Refused) };
        Ok(JournalAnswer::AlreadyThere {
            journal: row.journal,
            outcome: row.outcome,
            detail: row.detail,
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
        let settled_at = (outcome != WriteOutcome::Pending).then_some(now.0);
        let sealed = self.seal(DETAIL, journal.as_str(), detail.as_bytes());
        let settled = on_pool!(self.writer(), |pool| {
            sqlx::query(SETTLE)
                .bind(journal.as_str())
                .bind(account.as_str())
                .bind(outcome.as_str())
                .bind(sealed)
                .bind(settled_at)
                .execute(pool)
                .await?
                .rows_affected()
        });
        match settled {
            1 => Ok(JournalAnswer::Recorded { journal: journal.clone() }),
            _ => Ok(JournalAnswer::Refused),
        }
    }

    #[tracing::instrument(name = "store.journal.amend", skip_all)]
    async fn amend_write(
        &self,
        account: &AccountId,
        journal: &JournalId,
        outcome: WriteOutcome,
        detail: &str,
        now: Timestamp,
    ) -> Result<JournalAnswer, StoreError> {
        const REVIEW: &str = "
            UPDATE journal SET outcome = $3, detail = $4, settled_at = $5
             WHERE journal_id = $1 AND account_id = $2
               AND (outcome = 'unknown' OR (outcome = 'pending' AND created_at <= $6))";
        const UNDO: &str = "
            UPDATE journal SET outcome = $3, detail = $4, settled_at = $5
             WHERE journal_id = $1 AND account_id = $2
               AND outcome = 'done' AND created_at <= $6";
        let (statement, begun_by) = match outcome {
            WriteOutcome::Reviewed => (REVIEW, now.minus(ABANDONED)),
            WriteOutcome::Undone => (UNDO, now),
            // What a write came to is for the worker to say that has begun it.
            WriteOutcome::Pending
            | WriteOutcome::Done
            | WriteOutcome::Failed
            | WriteOutcome::Unknown => return Ok(JournalAnswer::Refused),
        };
        let sealed = self.seal(DETAIL, journal.as_str(), detail.as_bytes());
        let amended = on_pool!(self.writer(), |pool| {
            sqlx::query(statement)
                .bind(journal.as_str())
                .bind(account.as_str())
                .bind(outcome.as_str())
                .bind(sealed)
                .bind(now.0)
                .bind(begun_by.0)
                .execute(pool)
                .await?
                .rows_affected()
        });
        match amended {
            1 => Ok(JournalAnswer::Recorded { journal: journal.clone() }),
            _ => Ok(JournalAnswer::Refused),
        }
    }

    /// What the account has written, the newest first.
    #[tracing::instrument(name = "store.journal.read", skip_all)]
    pub async fn read_journal(
        &self,
        account: &AccountId,
        query: &JournalQuery,
    ) -> Result<JournalPage, StoreError> {
        const READ: &str = "
            SELECT journal_id, tool, detail, outcome, created_at, settled_at
              FROM journal
             WHERE account_id = $1
               AND ($2 = '' OR journal_id = $2)
               AND ($3 = '' OR outcome = $3)
               AND ($4 = '' OR (created_at, journal_id) <
                               (SELECT created_at, journal_id FROM journal
                                 WHERE journal_id = $4 AND account_id = $1))
               AND ($5 = 0 OR key_index = $6)
             ORDER BY created_at DESC, journal_id DESC LIMIT $7";
        let limit = query.limit.clamp(1, JournalQuery::MOST);
        let id = |id: &Option<JournalId>| id.as_ref().map_or(String::new(), ToString::to_string);
        let key = query.key.as_ref().map(|key| self.blind_index("journal.key", &[key]));
        let mut rows: Vec<FullRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(READ)
                .bind(account.as_str())
                .bind(id(&query.journal))
                .bind(query.outcome.map_or("", WriteOutcome::as_str))
                .bind(id(&query.before))
                .bind(i64::from(key.is_some()))
                .bind(key.as_deref().unwrap_or_default())
                .bind(i64::from(limit) + 1)
                .fetch_all(pool)
                .await?
        });
        let kept = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > kept;
        rows.truncate(kept);
        let rows: Result<Vec<JournalRow>, StoreError> =
            rows.into_iter().map(|row| self.open_write(row)).collect();
        Ok(JournalPage::Rows { rows: rows?, more })
    }

    fn open_write(&self, row: FullRow) -> Result<JournalRow, StoreError> {
        let detail = self.open_sealed(DETAIL, &row.journal_id, &row.detail)?;
        Ok(JournalRow {
            journal: JournalId::parse(&row.journal_id).map_err(corrupt(TABLE, "journal_id"))?,
            tool: row.tool,
            outcome: WriteOutcome::parse(&row.outcome)
                .ok_or(StoreError::Corrupt { table: TABLE, column: "outcome" })?,
            detail: String::from_utf8(detail.to_vec()).map_err(corrupt(TABLE, "detail"))?,
            created_at: Timestamp(row.created_at),
            settled_at: row.settled_at.map(Timestamp),
        })
    }

    /// Forgets writes whose time is over, so many at once that nobody waits for it.
    pub(crate) async fn sweep_journal(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SWEEP: &str = "
            DELETE FROM journal
             WHERE journal_id IN (SELECT journal_id FROM journal
                                   WHERE created_at < $1
                                     AND (outcome NOT IN ('pending', 'unknown')
                                          OR created_at < $2)
                                   ORDER BY created_at LIMIT $3)";
        Ok(on_pool!(self.writer(), |pool| {
            sqlx::query(SWEEP)
                .bind(now.minus(KEPT).0)
                .bind(now.minus(KEPT_OPEN).0)
                .bind(SWEPT_AT_ONCE)
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }

    /// What workers of this account vouch with ([`domain::contract::Launch::account_key`]).
    /// Derived, so every node hands out the same one.
    #[must_use]
    pub fn account_key(&self, account: &AccountId) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(&self.blind_index("account.key", &[account.as_str()]));
        key
    }
}

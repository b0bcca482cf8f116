//! When the next backup is due, and on which node.

use std::time::Duration;

use domain::clock::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::pool::on_pool;

/// A node that dies over a backup keeps the others from it for this long.
const ATTEMPT: Duration = Duration::from_mins(30);

/// What is known about backups of this database, whichever node or command made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupSchedule {
    /// When the last backup was complete; `None` when there never was one.
    pub last_done: Option<Timestamp>,
}

impl BackupSchedule {
    /// How old the last backup is; `None` when there is none, or when a clock that was ahead has
    /// dated it and nobody knows.
    #[must_use]
    pub fn age(self, now: Timestamp) -> Option<Duration> {
        self.last_done.filter(|done| *done <= now).map(|done| now.since(done))
    }
}

impl Store {
    #[tracing::instrument(name = "store.backup.schedule", skip_all)]
    pub async fn backup_schedule(&self) -> Result<BackupSchedule, StoreError> {
        const LOOK: &str = "SELECT value FROM marks WHERE name = 'backup_done_at'";
        let done: i64 =
            on_pool!(self.reader(), |pool| { sqlx::query_scalar(LOOK).fetch_one(pool).await? });
        Ok(BackupSchedule { last_done: (done > 0).then_some(Timestamp(done)) })
    }

    /// Takes the backup that is due, if one is: of all nodes one gets true. Nobody else gets it
    /// before [`Store::backup_done`], or before half an hour has passed. A date further away
    /// than `every` comes from a clock that was ahead, or from a longer setting: it is not kept.
    #[tracing::instrument(name = "store.backup.take_turn", skip_all)]
    pub async fn take_backup_turn(
        &self,
        every: Duration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const TAKE: &str = "
            UPDATE marks SET value = $2
             WHERE name = 'backup_due_at' AND (value <= $1 OR value > $3)";
        let taken = on_pool!(self.writer(), |pool| {
            sqlx::query(TAKE)
                .bind(now.0)
                .bind(now.plus(ATTEMPT).0)
                .bind(now.plus(every.max(ATTEMPT)).0)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(taken == 1)
    }

    /// Records a backup that is complete, and when the next one is due.
    #[tracing::instrument(name = "store.backup.done", skip_all)]
    pub async fn backup_done(&self, next: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        const DONE: &str = "
            UPDATE marks SET value = CASE name WHEN 'backup_due_at' THEN $1 ELSE $2 END
             WHERE name IN ('backup_due_at', 'backup_done_at')";
        on_pool!(self.writer(), |pool| {
            sqlx::query(DONE).bind(next.0).bind(now.0).execute(pool).await?;
        });
        Ok(())
    }

    /// Records a backup that somebody made by hand; the schedule goes on as it was.
    #[tracing::instrument(name = "store.backup.noted", skip_all)]
    pub async fn note_backup(&self, now: Timestamp) -> Result<(), StoreError> {
        const DONE: &str = "UPDATE marks SET value = $1 WHERE name = 'backup_done_at'";
        on_pool!(self.writer(), |pool| {
            sqlx::query(DONE).bind(now.0).execute(pool).await?;
        });
        Ok(())
    }
}

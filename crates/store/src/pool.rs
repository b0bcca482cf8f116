//! Connections, and the one macro that hides which database is behind them.

use std::time::Duration;

use sqlx::{PgPool, SqlitePool};

/// How long a method waits for a connection or for another writer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// The open database.
#[derive(Debug)]
pub(crate) enum Pools {
    /// SQLite has one writer: queueing for a single connection is fair and bounded, queueing
    /// for its file lock is neither. Readers do not wait for the writer (WAL).
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// The connections that fit a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pool<'a> {
    Sqlite(&'a SqlitePool),
    Postgres(&'a PgPool),
}

impl Pools {
    pub(crate) fn reader(&self) -> Pool<'_> {
        match self {
            Self::Sqlite { read, .. } => Pool::Sqlite(read),
            Self::Postgres(pool) => Pool::Postgres(pool),
        }
    }

    pub(crate) fn writer(&self) -> Pool<'_> {
        match self {
            Self::Sqlite { write, .. } => Pool::Sqlite(write),
            Self::Postgres(pool) => Pool::Postgres(pool),
        }
    }

    /// How many connections somebody holds.
    pub(crate) fn busy(&self) -> usize {
        let held = |size: u32, idle: usize| (size as usize).saturating_sub(idle);
        match self {
            Self::Sqlite { write, read } => {
                held(write.size(), write.num_idle()) + held(read.size(), read.num_idle())
            }
            Self::Postgres(pool) => held(pool.size(), pool.num_idle()),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                // The last connection to close folds the WAL into the main file.
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// The row of a statement that writes and returns one row or none; for `fetch_all`, always.
/// `fetch_optional` has what it wants with the row: on SQLite it never hears that the commit
/// after it failed, and takes for written what a full disk has refused.
pub(crate) fn written<T>(rows: Vec<T>) -> Option<T> {
    debug_assert!(rows.len() <= 1, "one row by its key");
    rows.into_iter().next()
}

/// Runs one body against whichever database is open. The body is compiled twice, so it must
/// be SQL both accept.
macro_rules! on_pool {
    ($pool:expr, |$connections:ident| $body:expr) => {
        match $pool {
            $crate::pool::Pool::Sqlite($connections) => $body,
            $crate::pool::Pool::Postgres($connections) => $body,
        }
    };
}
pub(crate) use on_pool;

/// The same inside a transaction, which commits after the body; leaving the body early, with
/// `return` or `?`, rolls it back.
///
/// On SQLite it begins IMMEDIATE: one that reads before it writes would otherwise fail with
/// "database is locked" whatever the busy timeout. On PostgreSQL (READ COMMITTED) a body that
/// decides on what it reads locks the row first, by an UPDATE.
macro_rules! in_transaction {
    ($pool:expr, |$transaction:ident| $body:expr) => {
        match $pool {
            $crate::pool::Pool::Sqlite(pool) => {
                let mut $transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
                let value = $body;
                $transaction.commit().await?;
                value
            }
            $crate::pool::Pool::Postgres(pool) => {
                let mut $transaction = pool.begin().await?;
                let value = $body;
                $transaction.commit().await?;
                value
            }
        }
    };
}
pub(crate) use in_transaction;

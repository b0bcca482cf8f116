//! Who else has a SQLite file open, and whose turn it is to open it.
//!
//! SQLite answers "locked" at once, whatever the patience, where two processes would have to
//! wait for each other: when both switch a new file to WAL or make the same table. So gateways
//! that start together open one after the other.
//!
//! A gateway that was killed leaves its leases behind. On one machine nobody has to wait for
//! them to run out: every gateway holds a shared lock beside the database for as long as it
//! lives, and who gets it for itself alone knows that every holder of a lease is dead.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;

use crate::error::StoreError;

/// The file of the shared lock. It stays: beside a database that is gone it tells of it.
pub(crate) const PRESENCE: &str = ".lock";

/// Between two looks at a lock somebody holds while they open the file.
const BREATH: Duration = Duration::from_millis(5);
/// A migration of a large file is long, a process that is stopped for good is longer.
const QUEUE: Duration = Duration::from_mins(1);

/// The shared lock. It ends with the process at the latest.
#[derive(Debug)]
pub(crate) struct Presence(#[expect(dead_code, reason = "held, not used")] File);

/// Grows whenever a gateway opens a SQLite file that no other gateway has open. Gateways that
/// are alive at one time are of one epoch, so whoever is of another is dead. On PostgreSQL
/// nothing is known of others, and all are of the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch(i64);

impl Epoch {
    const NAME: &str = "epoch";

    pub(crate) async fn begin(write: &SqlitePool) -> Result<(), StoreError> {
        const BEGIN: &str = "
            INSERT INTO marks (name, value) VALUES ($1, 1)
                ON CONFLICT (name) DO UPDATE SET value = marks.value + 1";
        sqlx::query(BEGIN).bind(Self::NAME).execute(write).await?;
        Ok(())
    }

    pub(crate) async fn current(write: &SqlitePool) -> Result<Self, StoreError> {
        const LOOK: &str = "SELECT value FROM marks WHERE name = $1";
        let value = sqlx::query_scalar(LOOK).bind(Self::NAME).fetch_optional(write).await?;
        Ok(value.map(Self).unwrap_or_default())
    }
}

/// The turn to open the file, held until it is open. It ends with the process at the latest.
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not used")] File);

impl Turn {
    /// Waits for the gateways that are opening the file just now. Never blocks the thread, on
    /// which one of them may have to run.
    pub(crate) async fn wait(database: &Path) -> io::Result<Self> {
        let file = lock_file(database, ".opening")?;
        let locked = async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(BREATH).await,
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        };
        tokio::time::timeout(QUEUE, locked).await.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, "another gateway has been opening it for long")
        })??;
        Ok(Self(file))
    }

    /// Says that this gateway is here, after `alone` when nobody else is. Gateways that open
    /// the file wait for this turn; those that have it open do not end leases.
    pub(crate) async fn enter<E>(
        &self,
        database: &Path,
        unreadable: impl Fn(io::Error) -> E,
        alone: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Result<Presence, E> {
        let file = lock_file(database, PRESENCE).map_err(&unreadable)?;
        match file.try_lock() {
            Ok(()) => {
                alone().await?;
                // In two steps, because what a lock does to a lock one holds already is not
                // promised. Nobody slips in between: it is our turn.
                file.unlock().map_err(&unreadable)?;
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(unreadable(error)),
        }
        file.try_lock_shared().map_err(|error| unreadable(error.into()))?;
        Ok(Presence(file))
    }
}

impl Presence {
    /// The lock that keeps every gateway away, for who replaces the file's contents; nothing
    /// when a gateway is there.
    pub(crate) fn nobodys(database: &Path) -> io::Result<Option<File>> {
        let file = lock_file(database, PRESENCE)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The file beside a database that SQLite, or a lock, has under `suffix`.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn lock_file(database: &Path, suffix: &str) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(beside(database, suffix))
}

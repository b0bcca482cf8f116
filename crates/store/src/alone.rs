//! Whether this process is the only one that serves from a SQLite file.
//!
//! A gateway that was killed leaves its leases behind. On one machine nobody has to wait for
//! them to run out: whoever holds the lock beside the database knows that every other holder
//! of a lease is dead.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::SqlitePool;

/// The lock, which ends with the process at the latest.
#[derive(Debug)]
pub(crate) struct Alone(#[expect(dead_code, reason = "held, not used")] File);

/// Takes the lock, or finds that another gateway has it, for instance one that is draining.
pub(crate) fn claim(database: &Path) -> io::Result<Option<Alone>> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(PathBuf::from(name))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Alone(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Alone {
    /// Ends the leases of those who are gone.
    pub(crate) async fn end_leases(&self, write: &SqlitePool) -> Result<u64, sqlx::Error> {
        const END: &str = "
            UPDATE accounts SET lease_owner = NULL, lease_until = NULL, lease_generation = NULL
             WHERE lease_owner IS NOT NULL";
        Ok(sqlx::query(END).execute(write).await?.rows_affected())
    }
}

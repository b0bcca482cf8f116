//! Whether somebody else may still hold a lease in a SQLite file.
//!
//! A gateway that was killed leaves its leases behind. On one machine nobody has to wait for
//! them to run out: every gateway holds a shared lock beside the database for as long as it
//! lives, and who gets it for itself alone knows that every holder of a lease is dead.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks at a lock somebody holds for a statement.
const BREATH: Duration = Duration::from_millis(5);

/// The shared lock. It ends with the process at the latest.
#[derive(Debug)]
pub(crate) struct Presence(#[expect(dead_code, reason = "held, not used")] File);

/// The lock file before anybody has said that they are here.
pub(crate) struct Door(File);

impl Door {
    pub(crate) fn of(database: &Path) -> io::Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(PathBuf::from(name))?;
        Ok(Self(file))
    }

    /// Whether nobody is here. True keeps others out until [`Self::enter`].
    pub(crate) fn is_nobody_here(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits only while another gateway, at this very step, is alone: for one statement. Never
    /// blocks the thread, on which that statement may have to run.
    pub(crate) async fn enter(self) -> io::Result<Presence> {
        // In two steps, because what a lock does to a lock one holds already is not promised.
        // Whoever slips in between finds no lease of ours: there is none yet.
        self.0.unlock()?;
        loop {
            match self.0.try_lock_shared() {
                Ok(()) => return Ok(Presence(self.0)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(BREATH).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

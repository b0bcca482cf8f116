//! SQLite: one file, which gateways open in turn.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use super::{OpenError, OpenMode, migration_problem, same_schema};
use crate::alone::{self, Epoch, Presence, Turn, beside};
use crate::error::{Complaint, StoreError, complaint};
use crate::pool::{PATIENCE, Pools};
use crate::{health, lease};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Pages a connection keeps to itself, in KiB as SQLite counts it. The system has the file in
/// memory anyway, and keeps it once.
const CACHE: &str = "-512";

/// Readers beside the one writer. Reads take tens of microseconds.
const READERS: u32 = 4;

/// The largest file that is read to its end at every start: a second from a slow disk, and more
/// than a thousand accounts.
pub(crate) const CHECKED_AT_START: u64 = 128 << 20;

pub(super) async fn open(
    path: &Path,
    mode: OpenMode,
) -> Result<(Pools, Option<Presence>, Epoch), OpenError> {
    let unreadable = |source| OpenError::Unreadable { path: path.to_owned(), source };
    let turn = match mode {
        OpenMode::Serve => {
            create_folder(path).map_err(unreadable)?;
            Some(Turn::wait(path).await.map_err(unreadable)?)
        }
        OpenMode::Admin => None,
    };
    refuse_lost(path, &["-wal", alone::PRESENCE])?;
    match (path.try_exists(), mode) {
        (Ok(false), OpenMode::Admin) => return Err(OpenError::NotThere { path: path.to_owned() }),
        (Ok(_), OpenMode::Serve) => create_private(path).map_err(unreadable)?,
        (Ok(true), OpenMode::Admin) => {}
        (Err(source), _) => return Err(unreadable(source)),
    }
    let write = writer(path, &[alone::PRESENCE]).await?;
    let presence = if let Some(turn) = &turn {
        refuse_damaged(&write, path).await?;
        MIGRATIONS.run(&write).await.map_err(migration_problem)?;
        let succeed = async || {
            lease::end_all(&write).await?;
            Ok(Epoch::begin(&write).await?)
        };
        Some(turn.enter(path, unreadable, succeed).await?)
    } else {
        let applied =
            sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&write).await;
        same_schema(applied, &MIGRATIONS)?;
        None
    };
    let epoch = Epoch::current(&write).await?;
    let read = SqlitePoolOptions::new()
        // There is no line to a file that could be cut: asking first would double every wait.
        .test_before_acquire(false)
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options(path).pragma("query_only", "ON"))
        .await
        .map_err(|error| problem_with(error, path))?;
    // The WAL and its index exist by now; SQLite gave them the mode of the main file, older
    // ones may have been more open.
    restrict(path).map_err(unreadable)?;
    Ok((Pools::Sqlite { write, read }, presence, epoch))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .pragma("cache_size", CACHE)
}

/// The one connection that writes, to a file that is ours, or empty and rightly so.
pub(super) async fn writer(path: &Path, witnesses: &[&str]) -> Result<SqlitePool, OpenError> {
    let unreadable = |source| OpenError::Unreadable { path: path.to_owned(), source };
    let file = options(path);
    if tables_of_ours(&file, path).await? == 0 {
        refuse_witnessed(path, witnesses)?;
    }
    restrict(path).map_err(unreadable)?;
    let writer = file
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("mmap_size", "0");
    SqlitePoolOptions::new()
        // There is no line to a file that could be cut: asking first would double every wait.
        .test_before_acquire(false)
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writer)
        .await
        .map_err(|error| problem_with(error, path))
}

/// Looks before anything is touched: even the switch to WAL would write to the file.
async fn tables_of_ours(file: &SqliteConnectOptions, path: &Path) -> Result<i64, OpenError> {
    const TABLES: &str = "
        SELECT COUNT(*), COUNT(CASE WHEN name = '_sqlx_migrations' THEN 1 END)
          FROM sqlite_schema WHERE type = 'table'";
    let problem = |error| problem_with(error, path);
    let file = file.clone().read_only(true);
    let mut connection = SqliteConnection::connect_with(&file).await.map_err(problem)?;
    let (tables, ours): (i64, i64) =
        sqlx::query_as(TABLES).fetch_one(&mut connection).await.map_err(problem)?;
    connection.close().await.map_err(problem)?;
    if tables > 0 && ours == 0 {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    Ok(tables)
}

/// A database whose file is gone is not a new one. SQLite would make it one, and delete the log.
pub(super) fn refuse_lost(path: &Path, witnesses: &[&str]) -> Result<(), OpenError> {
    match size(path)? {
        None | Some(0) => refuse_witnessed(path, witnesses),
        Some(_) => Ok(()),
    }
}

/// Beside a new file stands no log with something in it, and no lock of a gateway that had it
/// open: gateways make the file first.
fn refuse_witnessed(path: &Path, witnesses: &[&str]) -> Result<(), OpenError> {
    for suffix in witnesses {
        let left = beside(path, suffix);
        // The lock is always empty and says it by being there.
        let least = u64::from(*suffix != alone::PRESENCE);
        if size(&left)?.is_some_and(|size| size >= least) {
            return Err(OpenError::Lost { path: path.to_owned(), left });
        }
    }
    Ok(())
}

fn size(path: &Path) -> Result<Option<u64>, OpenError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OpenError::Unreadable { path: path.to_owned(), source }),
    }
}

/// Reads a file of ordinary size from end to end, before anything is written to it. A larger one
/// would make every start long; it is for `Store::check_integrity` beside the work.
async fn refuse_damaged(write: &SqlitePool, path: &Path) -> Result<(), OpenError> {
    if size(path)?.is_some_and(|size| size > CHECKED_AT_START) {
        return Ok(());
    }
    let damaged = |said| OpenError::Damaged { path: path.to_owned(), said };
    let problem = |error| problem_with(error, path);
    if let Some(said) = health::quick_check(write).await.map_err(problem)?.into_iter().next() {
        return Err(damaged(said));
    }
    // SQLite takes what is missing from the last page for zeros. While there is a log, what a
    // killed process did not get to write is in it.
    let pages = health::pages(write).await.map_err(problem)?;
    let folded = size(&beside(path, "-wal"))?.is_none_or(|size| size == 0);
    if folded && size(path)?.is_some_and(|size| size < pages) {
        return Err(damaged("its end is missing".to_owned()));
    }
    Ok(())
}

pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => fs::DirBuilder::new().recursive(true).mode(0o700).create(parent),
        None => Ok(()),
    }
}

/// Makes the file, readable by its owner only, before SQLite would make it readable by all.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    // Only when it is missing. Closing a second descriptor of a database would drop the locks
    // that this process holds on it through SQLite (POSIX locks belong to the process).
    match fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Database, WAL and index: for their owner only, also when somebody copied them otherwise.
pub(super) fn restrict(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let name = beside(path, suffix);
        match fs::metadata(&name) {
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(&name, fs::Permissions::from_mode(0o600))?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn problem_with(error: sqlx::Error, path: &Path) -> OpenError {
    let found = match &error {
        sqlx::Error::Database(database) => complaint(database.as_ref()),
        // Not exhaustive; whatever is not SQLite's own answer is sorted as usual.
        _ => Complaint::Other,
    };
    let path = path.to_owned();
    match found {
        Complaint::NotADatabase => OpenError::NotADatabase { path },
        Complaint::Damaged => OpenError::Damaged { path, said: error.to_string() },
        Complaint::CannotOpen | Complaint::Unavailable => {
            OpenError::Unreadable { path, source: io::Error::other(error.to_string()) }
        }
        Complaint::Busy
        | Complaint::Full
        | Complaint::Dangling
        | Complaint::Duplicate
        | Complaint::Other => StoreError::from(error).into(),
    }
}

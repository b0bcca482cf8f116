//! Opening: from an address and a secret to a [`Store`], or a reason an operator can act on.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::entropy::Entropy;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, SqliteConnection, SqlitePool};

use crate::address::{Address, DatabaseUrl};
use crate::alone::{self, Epoch, Presence, Turn, beside};
use crate::error::{Complaint, StoreError, complaint};
use crate::health;
use crate::keys::{self, Wrapping};
use crate::lease;
use crate::pool::{PATIENCE, Pools};
use crate::secret::GatewaySecret;
use crate::{Inner, Store};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Readers beside the one writer. Reads take tens of microseconds.
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

/// The largest file that is read to its end at every start: a second from a slow disk, and more
/// than a thousand accounts.
pub(crate) const CHECKED_AT_START: u64 = 128 << 20;

/// Who opens the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// The gateway: creates what is missing and migrates.
    Serve,
    /// An operator's command, perhaps beside a running gateway: never creates a database and
    /// never migrates one.
    Admin,
}

/// How to open.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    pub mode: OpenMode,
    /// `GATEWAY_SECRET_OLD`, while a change of secret is under way.
    pub old_secret: Option<GatewaySecret>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Why the database did not open. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "GATEWAY_SECRET is not the one this database was made with; set the original secret, \
         or set GATEWAY_SECRET_OLD to the original one beside the new"
    )]
    WrongSecret,
    #[error(
        "neither GATEWAY_SECRET nor GATEWAY_SECRET_OLD is the secret this database was made with"
    )]
    WrongSecrets,
    #[error(
        "the database holds accounts but not the keys that open them; restore it from a backup"
    )]
    KeysMissing,
    #[error(
        "the database was written by a newer version (schema {version}); run that version, or \
         restore a backup made before the upgrade"
    )]
    NewerSchema { version: i64 },
    #[error("the database needs an upgrade; start the gateway of this version once")]
    OlderSchema,
    #[error("there is no database at {}; start the gateway once, or check DATA_DIR", path.display())]
    NotThere { path: PathBuf },
    #[error("cannot use {}: {source}; check the path and its permissions", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is not a SQLite database; check DB_PATH, or restore a backup", path.display())]
    NotADatabase { path: PathBuf },
    #[error(
        "{} is damaged ({said}); put it aside with its -wal and -shm and restore a backup",
        path.display()
    )]
    Damaged { path: PathBuf, said: String },
    #[error(
        "{} is gone or empty, though {} is there; put it back, or put what is left aside and \
         restore a backup", path.display(), left.display()
    )]
    Lost { path: PathBuf, left: PathBuf },
    #[error(
        "{} is the database of another program or of the original gateway, which this one does \
         not touch; choose another DB_PATH", path.display()
    )]
    Foreign { path: PathBuf },
    #[error("DATABASE_URL cannot be used: {0}")]
    Address(#[source] sqlx::Error),
    #[error("cannot reach the database at {url}: {source}; check DATABASE_URL and the server")]
    Unreachable { url: String, source: sqlx::Error },
    #[error("a gateway has the database at {place} open; stop it first")]
    InUse { place: String },
    #[error("cannot bring the database schema up to date")]
    Migrate(#[source] MigrateError),
    #[error("cannot read the database: {0}")]
    Store(#[from] StoreError),
}

impl Store {
    /// Opens the database, creating and migrating it as `options.mode` allows. A wrong secret
    /// is refused here, before anything is written with it.
    #[tracing::instrument(name = "store.open", skip_all)]
    pub async fn open(
        url: &DatabaseUrl,
        secret: &GatewaySecret,
        options: OpenOptions,
    ) -> Result<Self, OpenError> {
        let OpenOptions { mode, old_secret, clock, entropy } = options;
        let (pools, presence, epoch) = match &url.0 {
            Address::Sqlite(path) => open_sqlite(path, mode).await?,
            Address::Postgres(address) => {
                (open_postgres(url, address, mode).await?, None, Epoch::default())
            }
        };
        let (keys, wrapping) =
            keys::load_or_create(&pools, secret, old_secret.as_ref(), &*entropy, clock.now())
                .await?;
        let store = Self(Arc::new(Inner {
            backend: url.backend(),
            pools,
            keys,
            wrapping,
            entropy,
            pending: std::sync::Mutex::default(),
            last_long_sweep: crate::stats::LastLongSweep::default(),
            epoch,
            _presence: presence,
        }));
        match mode {
            OpenMode::Serve => store.witness_keys().await?,
            OpenMode::Admin => {}
        }
        Ok(store)
    }

    /// Changes the secret: wraps the data keys under `new` instead of `old`. Data stays as it
    /// is, and so do processes that have the database open. Returns how many keys it was.
    #[tracing::instrument(name = "store.rekey", skip_all)]
    pub async fn rekey(
        &self,
        old: &GatewaySecret,
        new: &GatewaySecret,
    ) -> Result<usize, StoreError> {
        keys::rewrap(&self.0.pools, old, new, &*self.0.entropy).await
    }

    /// Whether the database still waits for [`Store::rekey`].
    #[must_use]
    pub fn wrapping(&self) -> Wrapping {
        self.0.wrapping
    }
}

/// The schema this program reads and writes.
pub(crate) fn schema_version() -> i64 {
    SQLITE_MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// A database that no gateway has open, and that none opens before this is closed. No keys are
/// needed to open it, for whoever replaces everything replaces them too.
pub(crate) struct Exclusive {
    pub(crate) pools: Pools,
    /// Held, not used. On PostgreSQL a connection holds the lock.
    _turn: Option<(Turn, std::fs::File)>,
    _lock: Option<PgConnection>,
}

impl Exclusive {
    /// Creates the database or brings it up to date.
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let in_use = || OpenError::InUse { place: url.to_string() };
        match &url.0 {
            Address::Sqlite(path) => {
                let unreadable = |source| OpenError::Unreadable { path: path.clone(), source };
                create_folder(path).map_err(unreadable)?;
                let turn = Turn::wait(path).await.map_err(unreadable)?;
                // A log beside nothing would be deleted by SQLite.
                refuse_lost(path, &["-wal"])?;
                create_private(path).map_err(unreadable)?;
                let alone = Presence::nobodys(path).map_err(unreadable)?.ok_or_else(in_use)?;
                let write = sqlite_writer(path, &[]).await?;
                SQLITE_MIGRATIONS.run(&write).await.map_err(migration_problem)?;
                restrict(path).map_err(unreadable)?;
                let pools = Pools::Sqlite { read: write.clone(), write };
                Ok(Self { pools, _turn: Some((turn, alone)), _lock: None })
            }
            Address::Postgres(address) => {
                let options = postgres_options(address)?;
                let mut lock = postgres_connection(url, &options).await?;
                // Whoever has just left: the server takes a moment to notice.
                let give_up = tokio::time::Instant::now() + LEAVING;
                while !is_alone(&mut lock).await? {
                    if tokio::time::Instant::now() >= give_up {
                        return Err(in_use());
                    }
                    tokio::time::sleep(LEAVING / 40).await;
                }
                let pool = PgPoolOptions::new()
                    .max_connections(2)
                    .acquire_timeout(PATIENCE)
                    .connect_with(options)
                    .await
                    .map_err(StoreError::from)?;
                POSTGRES_MIGRATIONS.run(&pool).await.map_err(migration_problem)?;
                Ok(Self { pools: Pools::Postgres(pool), _turn: None, _lock: Some(lock) })
            }
        }
    }

    pub(crate) async fn close(self) {
        self.pools.close().await;
    }
}

async fn open_sqlite(
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
    let write = sqlite_writer(path, &[alone::PRESENCE]).await?;
    let presence = if let Some(turn) = &turn {
        refuse_damaged(&write, path).await?;
        SQLITE_MIGRATIONS.run(&write).await.map_err(migration_problem)?;
        let succeed = async || {
            lease::end_all(&write).await?;
            Ok(Epoch::begin(&write).await?)
        };
        Some(turn.enter(path, unreadable, succeed).await?)
    } else {
        let applied =
            sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&write).await;
        same_schema(applied, &SQLITE_MIGRATIONS)?;
        None
    };
    let epoch = Epoch::current(&write).await?;
    let read = SqlitePoolOptions::new()
        // There is no line to a file that could be cut: asking first would double every wait.
        .test_before_acquire(false)
        .max_connections(SQLITE_READERS)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(sqlite_file(path).pragma("query_only", "ON"))
        .await
        .map_err(|error| sqlite_problem(error, path))?;
    // The WAL and its index exist by now; SQLite gave them the mode of the main file, older
    // ones may have been more open.
    restrict(path).map_err(unreadable)?;
    Ok((Pools::Sqlite { write, read }, presence, epoch))
}

fn sqlite_file(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(PATIENCE)
}

/// The one connection that writes, to a file that is ours, or empty and rightly so.
async fn sqlite_writer(path: &Path, witnesses: &[&str]) -> Result<SqlitePool, OpenError> {
    let unreadable = |source| OpenError::Unreadable { path: path.to_owned(), source };
    let file = sqlite_file(path);
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
        .map_err(|error| sqlite_problem(error, path))
}

/// Looks before anything is touched: even the switch to WAL would write to the file.
async fn tables_of_ours(file: &SqliteConnectOptions, path: &Path) -> Result<i64, OpenError> {
    const TABLES: &str = "
        SELECT COUNT(*), COUNT(CASE WHEN name = '_sqlx_migrations' THEN 1 END)
          FROM sqlite_schema WHERE type = 'table'";
    let problem = |error| sqlite_problem(error, path);
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
fn refuse_lost(path: &Path, witnesses: &[&str]) -> Result<(), OpenError> {
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
/// would make every start long; it is for [`Store::check_integrity`] beside the work.
async fn refuse_damaged(write: &SqlitePool, path: &Path) -> Result<(), OpenError> {
    if size(path)?.is_some_and(|size| size > CHECKED_AT_START) {
        return Ok(());
    }
    let damaged = |said| OpenError::Damaged { path: path.to_owned(), said };
    let problem = |error| sqlite_problem(error, path);
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

fn create_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => fs::DirBuilder::new().recursive(true).mode(0o700).create(parent),
        None => Ok(()),
    }
}

/// Makes the file, readable by its owner only, before SQLite would make it readable by all.
fn create_private(path: &Path) -> io::Result<()> {
    // Only when it is missing. Closing a second descriptor of a database would drop the locks
    // that this process holds on it through SQLite (POSIX locks belong to the process).
    match fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Database, WAL and index: for their owner only, also when somebody copied them otherwise.
fn restrict(path: &Path) -> io::Result<()> {
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

async fn open_postgres(
    url: &DatabaseUrl,
    address: &str,
    mode: OpenMode,
) -> Result<Pools, OpenError> {
    let options = postgres_options(address)?;
    // One connection outside the pool: a pool tries again until its patience ends, and then
    // only knows that time has passed.
    let mut first = postgres_connection(url, &options).await?;
    match mode {
        OpenMode::Serve => {
            be_present(&mut first).await.map_err(StoreError::from)?;
            // Without the limits of the pool: a migration takes as long as it takes.
            POSTGRES_MIGRATIONS
                .run_direct(None, &mut first, false)
                .await
                .map_err(migration_problem)?;
        }
        OpenMode::Admin => {
            let applied = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
                .fetch_one(&mut first)
                .await;
            same_schema(applied, &POSTGRES_MIGRATIONS)?;
        }
    }
    let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(PATIENCE);
    let pool = match mode {
        OpenMode::Serve => pool.after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::query(LIMITS).execute(&mut *connection).await?;
                be_present(connection).await
            })
        }),
        OpenMode::Admin => pool,
    };
    let pool = pool.connect_with(options).await.map_err(StoreError::from)?;
    let closed = first.close().await;
    closed.map_err(|source| OpenError::Unreachable { url: url.to_string(), source })?;
    Ok(Pools::Postgres(pool))
}

/// Nobody waits longer for a lock than for a connection, and nothing that this side has given
/// up goes on over there. Set by a statement, because poolers refuse settings at the start.
const LIMITS: &str = "
    SELECT set_config('lock_timeout', '5s', false), set_config('statement_timeout', '30s', false),
           set_config('idle_in_transaction_session_timeout', '60s', false)";

/// As long as one connection of a gateway lives, nobody replaces the database under it.
async fn be_present(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(BE_PRESENT).bind(LOCK).execute(connection).await.map(drop)
}

/// Any number; beside it stands the schema, which is to a server what a file is to SQLite.
const LOCK: i32 = 0x6761_726d;
const BE_PRESENT: &str = "SELECT pg_advisory_lock_shared($1, hashtext(current_schema()))";
const TRY_ALONE: &str = "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))";

/// How long the connections of a gateway that has ended may linger.
const LEAVING: Duration = Duration::from_secs(2);

async fn is_alone(connection: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(TRY_ALONE).bind(LOCK).fetch_one(connection).await?)
}

fn postgres_options(address: &str) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(address).map_err(OpenError::Address)?;
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("garmin-gateway"),
    })
}

async fn postgres_connection(
    url: &DatabaseUrl,
    options: &PgConnectOptions,
) -> Result<PgConnection, OpenError> {
    tokio::time::timeout(PATIENCE, PgConnection::connect_with(options))
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
        .map_err(|source| OpenError::Unreachable { url: url.to_string(), source })
}

/// For a process that must not migrate: is the schema the one this program knows?
fn same_schema(
    applied: Result<Option<i64>, sqlx::Error>,
    migrations: &Migrator,
) -> Result<(), OpenError> {
    let known = migrations.iter().map(|migration| migration.version).max();
    match applied {
        Ok(applied) if applied == known => Ok(()),
        Ok(Some(version)) if Some(version) > known => Err(OpenError::NewerSchema { version }),
        Ok(_) => Err(OpenError::OlderSchema),
        Err(error) => match StoreError::from(error) {
            // The table of applied migrations does not exist.
            StoreError::Refused(_) => Err(OpenError::OlderSchema),
            other => Err(other.into()),
        },
    }
}

fn migration_problem(error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMissing(version) => OpenError::NewerSchema { version },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            StoreError::from(error).into()
        }
        other => OpenError::Migrate(other),
    }
}

fn sqlite_problem(error: sqlx::Error, path: &Path) -> OpenError {
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

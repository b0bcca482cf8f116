//! Opening: from an address and a secret to a [`Store`], or a reason an operator can act on.

mod postgres;
mod sqlite;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use domain::clock::Clock;
use domain::entropy::Entropy;
use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;

use crate::address::{Address, DatabaseUrl};
use crate::alone::{Epoch, Presence, Turn};
use crate::error::StoreError;
use crate::keys::{self, Wrapping};
use crate::pool::{PATIENCE, Pools};
use crate::secret::GatewaySecret;
use crate::{Inner, Store};

pub(crate) use sqlite::CHECKED_AT_START;

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
            Address::Sqlite(path) => {
                let (pools, presence, epoch) = sqlite::open(path, mode).await?;
                (pools, presence.map(Here::File), epoch)
            }
            Address::Postgres(address) => {
                let (pools, presence) = postgres::open(url, address, mode).await?;
                (pools, presence.map(|line| Here::Line(Box::new(line))), Epoch::default())
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
            pending: Mutex::default(),
            last_long_sweep: crate::stats::LastLongSweep::default(),
            epoch,
            presence: Mutex::new(presence),
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

/// What says to others that a gateway has the database open. It ends with the process at the
/// latest.
pub(crate) enum Here {
    /// A lock beside the file.
    File(#[expect(dead_code, reason = "held, not used")] Presence),
    /// A connection that holds a lock, and does nothing else.
    Line(Box<PgConnection>),
}

/// The schema this program reads and writes.
pub(crate) fn schema_version() -> i64 {
    sqlite::MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
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
                sqlite::create_folder(path).map_err(unreadable)?;
                let turn = Turn::wait(path).await.map_err(unreadable)?;
                // A log beside nothing would be deleted by SQLite.
                sqlite::refuse_lost(path, &["-wal"])?;
                sqlite::create_private(path).map_err(unreadable)?;
                let alone = Presence::nobodys(path).map_err(unreadable)?.ok_or_else(in_use)?;
                let write = sqlite::writer(path, &[]).await?;
                sqlite::MIGRATIONS.run(&write).await.map_err(migration_problem)?;
                sqlite::restrict(path).map_err(unreadable)?;
                let pools = Pools::Sqlite { read: write.clone(), write };
                Ok(Self { pools, _turn: Some((turn, alone)), _lock: None })
            }
            Address::Postgres(address) => {
                let options = postgres::options(address)?;
                let mut lock = postgres::connect(url, &options).await?;
                // Whoever has just left: the server takes a moment to notice.
                let give_up = tokio::time::Instant::now() + postgres::LEAVING;
                while !postgres::is_alone(&mut lock).await? {
                    if tokio::time::Instant::now() >= give_up {
                        return Err(in_use());
                    }
                    tokio::time::sleep(postgres::LEAVING / 40).await;
                }
                let pool = PgPoolOptions::new()
                    .max_connections(2)
                    .acquire_timeout(PATIENCE)
                    .connect_with(options)
                    .await
                    .map_err(StoreError::from)?;
                postgres::MIGRATIONS.run(&pool).await.map_err(migration_problem)?;
                Ok(Self { pools: Pools::Postgres(pool), _turn: None, _lock: Some(lock) })
            }
        }
    }

    pub(crate) async fn close(self) {
        self.pools.close().await;
    }
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

//! Backups: everything the gateway remembers as of one moment, in a form that belongs to no
//! database system. So a restore is also the way from SQLite to PostgreSQL and back.
//!
//! Columns stay sealed as they are stored, and the whole is sealed once more under a key of
//! its own: without `GATEWAY_SECRET` a backup tells how many rows it has and when it was made.
//! The secret itself is never in it.

mod envelope;
mod partial;
mod place;
mod restore;
mod s3;
mod schedule;
mod tables;

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::clock::Timestamp;
use domain::entropy;
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use tokio::io::AsyncWrite;

pub(crate) use self::envelope::BackupKey;
use self::envelope::{Header, HeaderKey, Sealing};
pub use self::place::{BackupPlace, BadBackupPlace, S3Access, fetch_backup, retire_backups};
pub use self::restore::{Checked, Restore, RestoreError, RestoreMode, Restored, check, restore};
pub use self::schedule::BackupSchedule;
pub use self::tables::columns;
use self::tables::{TABLES, read_row};
use crate::Store;
use crate::error::StoreError;
use crate::keys::{self, KeyRow};
use crate::open::schema_version;
use crate::pool::Pool;

/// Why a backup could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("cannot read the database")]
    Store(#[from] StoreError),
    #[error("cannot read or write the backup")]
    Io(#[from] io::Error),
    #[error("the file is not a backup of this program")]
    NotABackup,
    #[error("the backup was made by a newer version of this program; restore it with that version")]
    NewerFormat,
    #[error(
        "the backup was made by a newer version (schema {schema}; this one knows {known}); \
         restore it with that version"
    )]
    NewerSchema { schema: i64, known: i64 },
    #[error("the backup is cut short; take a whole copy or another backup")]
    Truncated,
    #[error("the backup is damaged or was changed; take another copy or another backup")]
    Damaged,
    #[error(
        "GATEWAY_SECRET is not the one this backup was made with; set GATEWAY_SECRET or \
         GATEWAY_SECRET_OLD to the secret of that time"
    )]
    WrongSecret,
    #[error("this program was built without the feature s3: only files can hold its backups")]
    NoBuckets,
    /// Says what to do; never holds a signed address.
    #[error("{0}")]
    Bucket(String),
    #[error("the database is too large for one backup")]
    TooLarge,
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// RFC 3339 in UTC.
    pub created_at: String,
    /// The version of the program that made it.
    pub program: String,
    pub schema: i64,
    /// Rows of each table.
    pub tables: Vec<(String, u64)>,
}

impl Manifest {
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }

    fn of(header: &Header) -> Self {
        Self {
            created_at: Timestamp(header.created_at).to_string(),
            program: header.program.clone(),
            schema: header.schema,
            tables: header.tables.clone(),
        }
    }
}

/// How far a backup or a restore is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub rows: u64,
    pub of: u64,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct End {
    /// SHA-256 of all lines before this one, in base64.
    sha256: String,
}

/// How many rows pass between two words about progress.
const STEP: u64 = 1_000;

/// The limits of a gateway's connection, lifted to the end of one transaction.
const NO_LIMITS: &str = "
    SELECT set_config('statement_timeout', '0', true),
           set_config('idle_in_transaction_session_timeout', '0', true)";

/// Reads everything inside one transaction of either database.
macro_rules! copy_out {
    ($store:expr, $transaction:ident, $out:expr, $now:expr, $progress:expr) => {{
        let mut counts = Vec::with_capacity(TABLES.len());
        for table in &TABLES {
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(table.count()))
                .fetch_one(&mut *$transaction)
                .await?;
            counts.push((table.name.to_owned(), count.unsigned_abs()));
        }
        // From the same moment as the rows: a change of the secret while this runs is either
        // wholly before it or wholly after it.
        let wrapped: Vec<KeyRow> = sqlx::query_as(keys::LIST).fetch_all(&mut *$transaction).await?;
        let salt: [u8; 32] = entropy::bytes(&*$store.0.entropy);
        let header = Header {
            created_at: $now.0,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            schema: schema_version(),
            tables: counts,
            salt: STANDARD.encode(salt),
            keys: wrapped.iter().map(HeaderKey::from).collect(),
        };
        let manifest = Manifest::of(&header);
        let of = manifest.rows();
        let mut sealing = Sealing::begin($out, &header, &salt, &$store.0.keys.backup).await?;
        let mut rows = 0;
        for table in &TABLES {
            let mut found = sqlx::query(AssertSqlSafe(table.select())).fetch(&mut *$transaction);
            while let Some(row) = found.try_next().await? {
                sealing.line(&read_row(table, &row)?).await?;
                rows += 1;
                if rows % STEP == 0 {
                    $progress(Progress { rows, of });
                }
            }
        }
        let sha256 = STANDARD.encode(sealing.digest());
        sealing.line(&End { sha256 }).await?;
        sealing.end().await?;
        $progress(Progress { rows, of });
        manifest
    }};
}

impl Store {
    /// Writes a backup to `out`, beside everybody who reads and writes the database. What is
    /// written is one moment of it. Whoever takes it slowly holds nobody up, but the database
    /// grows meanwhile: SQLite cannot begin its log anew, PostgreSQL keeps dead rows.
    #[tracing::instrument(name = "store.backup", skip_all)]
    pub async fn backup(
        &self,
        out: &mut (impl AsyncWrite + Unpin + Send),
        now: Timestamp,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Manifest, BackupError> {
        match self.reader() {
            Pool::Sqlite(pool) => {
                // In WAL mode a reading transaction sees the database as it began.
                let mut transaction = pool.begin().await?;
                let manifest = copy_out!(self, transaction, out, now, progress);
                transaction.rollback().await?;
                Ok(manifest)
            }
            Pool::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                let mut transaction = pool.begin_with(begin).await?;
                // Its length is that of the database and the slowness of the place.
                sqlx::query(NO_LIMITS).execute(&mut *transaction).await?;
                let manifest = copy_out!(self, transaction, out, now, progress);
                transaction.rollback().await?;
                Ok(manifest)
            }
        }
    }
}

impl From<&KeyRow> for HeaderKey {
    fn from(row: &KeyRow) -> Self {
        Self {
            id: row.key_id,
            purpose: row.purpose.clone(),
            salt: STANDARD.encode(&row.salt),
            wrapped: STANDARD.encode(&row.wrapped),
        }
    }
}

impl HeaderKey {
    fn row(&self) -> Result<KeyRow, BackupError> {
        let bytes = |text: &str| STANDARD.decode(text).map_err(|_| BackupError::Damaged);
        Ok(KeyRow {
            key_id: self.id,
            purpose: self.purpose.clone(),
            salt: bytes(&self.salt)?,
            wrapped: bytes(&self.wrapped)?,
        })
    }
}

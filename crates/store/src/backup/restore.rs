//! Reading a backup: to see whether it is whole, and to put it into a database.
//!
//! A backup is read twice. First from its first byte to its last, so that one that is damaged,
//! cut short or sealed under another secret is refused before the database is opened; then
//! into one transaction, so that whatever goes wrong leaves the database as it was.

use std::io::{BufReader, Read, Seek};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::clock::Timestamp;
use domain::entropy::Entropy;
use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::envelope::{Opened, Unsealing, read_header};
use super::tables::{Cell, Kind, TABLES, Table, bind, parse_row};
use super::{BackupError, End, HeaderKey, Manifest, Progress, STEP};
use crate::address::DatabaseUrl;
use crate::audit::{AuditEvent, audit_id};
use crate::error::StoreError;
use crate::keys::{self, KeyRing, KeyRow, Wrapping};
use crate::open::{Exclusive, OpenError, schema_version};
use crate::pool::in_transaction;
use crate::seal::Place;
use crate::secret::GatewaySecret;

/// What a backup turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub manifest: Manifest,
    /// Whether the current or the previous secret opens it.
    pub wrapping: Wrapping,
    /// Sealed values that open, and those that were damaged in the database already when the
    /// backup was made.
    pub sealed: u64,
    pub unreadable: u64,
}

/// What may be in the database a backup is restored into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreMode {
    IntoEmpty,
    /// Whatever is there goes.
    Replace,
}

/// What came of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub checked: Checked,
    pub accounts: u64,
    /// Codes of sign-ins that were not redeemed when the backup was made: they are void, for
    /// nobody knows whether they were redeemed afterwards.
    pub void_codes: u64,
}

/// Why nothing was restored. The database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the database is not empty: it holds {rows} rows")]
    NotEmpty { rows: u64 },
    #[error("the rows of the backup do not fit together")]
    Inconsistent(#[source] StoreError),
}

impl From<sqlx::Error> for RestoreError {
    fn from(error: sqlx::Error) -> Self {
        match StoreError::from(error) {
            error @ (StoreError::Dangling(_) | StoreError::Duplicate(_)) => {
                Self::Inconsistent(error)
            }
            error => Self::Backup(error.into()),
        }
    }
}

/// What a restore needs beside the backup.
#[derive(Debug)]
pub struct Restore<'a> {
    pub url: &'a DatabaseUrl,
    pub secret: &'a GatewaySecret,
    pub old_secret: Option<&'a GatewaySecret>,
    pub mode: RestoreMode,
    pub entropy: &'a dyn Entropy,
    pub now: Timestamp,
}

/// A backup whose header was understood and whose keys are open.
struct Reader {
    opened: Opened,
    manifest: Manifest,
    salt: Vec<u8>,
    wrapped: Vec<KeyRow>,
    ring: KeyRing,
    wrapping: Wrapping,
}

impl Reader {
    fn open(
        input: &mut impl std::io::BufRead,
        secret: &GatewaySecret,
        old: Option<&GatewaySecret>,
    ) -> Result<Self, BackupError> {
        let opened = read_header(input)?;
        let header = &opened.header;
        let known = schema_version();
        if header.schema > known {
            return Err(BackupError::NewerSchema { schema: header.schema, known });
        }
        let wrapped =
            header.keys.iter().map(HeaderKey::row).collect::<Result<Vec<_>, BackupError>>()?;
        let (ring, wrapping) =
            keys::open_ring(&wrapped, secret, old).map_err(|error| match error {
                OpenError::WrongSecret | OpenError::WrongSecrets => BackupError::WrongSecret,
                _ => BackupError::Damaged,
            })?;
        let salt = STANDARD.decode(&header.salt).map_err(|_| BackupError::Damaged)?;
        let manifest = Manifest::of(header);
        Ok(Self { opened, manifest, salt, wrapped, ring, wrapping })
    }

    /// The rows, each with its table. To the end: what is missing there is noticed there.
    fn rows<R: Read>(&self, input: R) -> Result<Rows<'_, R>, BackupError> {
        let stream = Unsealing::begin(input, &self.opened, &self.salt, &self.ring.backup)?;
        Ok(Rows { stream, left: self.manifest.tables.iter(), table: None, ended: false })
    }
}

struct Rows<'a, R> {
    stream: Unsealing<R>,
    left: std::slice::Iter<'a, (String, u64)>,
    /// The table whose rows come now, and how many still.
    table: Option<(&'static Table, u64)>,
    ended: bool,
}

impl<R: Read> Rows<'_, R> {
    fn next(&mut self) -> Result<Option<(&'static Table, Vec<Cell>)>, BackupError> {
        loop {
            match &mut self.table {
                Some((table, left)) if *left > 0 => {
                    *left -= 1;
                    let table = *table;
                    let line = self.stream.line()?.ok_or(BackupError::Damaged)?;
                    let values: Vec<Value> =
                        serde_json::from_slice(&line).map_err(|_| BackupError::Damaged)?;
                    let cells = parse_row(table, values).ok_or(BackupError::Damaged)?;
                    return Ok(Some((table, cells)));
                }
                Some(_) | None => match self.left.next() {
                    Some((name, rows)) => {
                        let table = Table::named(name).ok_or(BackupError::Damaged)?;
                        self.table = Some((table, *rows));
                    }
                    None => return self.end(),
                },
            }
        }
    }

    fn end<T>(&mut self) -> Result<Option<T>, BackupError> {
        if !std::mem::replace(&mut self.ended, true) {
            let expected = STANDARD.encode(self.stream.digest());
            let line = self.stream.line()?.ok_or(BackupError::Damaged)?;
            let end: End = serde_json::from_slice(&line).map_err(|_| BackupError::Damaged)?;
            if end.sha256 != expected || self.stream.line()?.is_some() {
                return Err(BackupError::Damaged);
            }
        }
        Ok(None)
    }
}

/// Reads a whole backup and opens every sealed value in it. Changes nothing anywhere.
pub fn check(
    input: impl Read,
    secret: &GatewaySecret,
    old_secret: Option<&GatewaySecret>,
    progress: &mut impl FnMut(Progress),
) -> Result<Checked, BackupError> {
    let mut input = BufReader::new(input);
    let reader = Reader::open(&mut input, secret, old_secret)?;
    let of = reader.manifest.rows();
    let (mut sealed, mut unreadable, mut seen) = (0, 0, 0);
    let mut rows = reader.rows(input)?;
    while let Some((table, cells)) = rows.next()? {
        let Some(Cell::Text(Some(row))) = cells.first().cloned() else {
            if table.columns.iter().any(|(_, kind)| *kind == Kind::Sealed) {
                return Err(BackupError::Damaged);
            }
            continue;
        };
        for ((column, kind), cell) in table.columns.iter().zip(&cells) {
            if let (Kind::Sealed, Cell::Bytes(Some(blob))) = (kind, cell) {
                let place = Place { table: table.name, column };
                match reader.ring.sealer.open(place, &row, blob) {
                    Ok(_) => sealed += 1,
                    Err(_) => unreadable += 1,
                }
            }
        }
        seen += 1;
        if seen % STEP == 0 {
            progress(Progress { rows: seen, of });
        }
    }
    let Reader { manifest, wrapping, .. } = reader;
    Ok(Checked { manifest, wrapping, sealed, unreadable })
}

/// Puts a backup into a database that nobody else has open: all of it or nothing.
///
/// Leases are not part of a backup. Credentials are those of the moment it was made: Garmin
/// refuses those it has replaced since, and then those accounts are asked to sign in.
#[tracing::instrument(name = "store.restore", skip_all)]
pub async fn restore(
    mut input: impl Read + Seek,
    restore: &Restore<'_>,
    progress: &mut impl FnMut(Progress),
) -> Result<Restored, RestoreError> {
    const VOID: &str = "
        UPDATE grants SET revoked_at = $1 WHERE redeemed_at IS NULL AND revoked_at IS NULL";
    // Whoever remembers a number from before must not take this for the same database.
    const NEW_REVISION: &str = "UPDATE marks SET value = value + 1 WHERE name = 'access_revision'";
    const AUDIT: &str = "INSERT INTO audit (audit_id, at, event) VALUES ($1, $2, $3)";
    const PASSING: [&str; 3] = ["sign_ins", "sign_in_failures", "sessions"];

    let checked = check(&mut input, restore.secret, restore.old_secret, &mut |_| {})?;
    input.rewind().map_err(BackupError::from)?;
    let mut input = BufReader::new(input);
    let reader = Reader::open(&mut input, restore.secret, restore.old_secret)?;
    let target = Exclusive::open(restore.url).await?;
    let of = checked.manifest.rows();
    let pools = &target.pools;
    let (accounts, void_codes) = in_transaction!(pools.writer(), |transaction| {
        let mut there = 0;
        // What is in passing is not looked at: a gateway that was started once has left traces.
        for table in &TABLES {
            let count = AssertSqlSafe(table.count());
            let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut *transaction).await?;
            there += rows.unsigned_abs();
        }
        match restore.mode {
            RestoreMode::IntoEmpty if there > 0 => {
                return Err(RestoreError::NotEmpty { rows: there });
            }
            RestoreMode::IntoEmpty | RestoreMode::Replace => {}
        }
        for table in PASSING {
            let delete = AssertSqlSafe(format!("DELETE FROM {table}"));
            sqlx::query(delete).execute(&mut *transaction).await?;
        }
        for table in TABLES.iter().rev() {
            sqlx::query(AssertSqlSafe(table.delete())).execute(&mut *transaction).await?;
        }
        // Nothing is left that the keys of an empty database have sealed.
        sqlx::query("DELETE FROM keys").execute(&mut *transaction).await?;
        // Whoever has the former keys in memory sees that they are gone.
        sqlx::query("DELETE FROM marks WHERE name = 'keys'").execute(&mut *transaction).await?;
        for row in &reader.wrapped {
            sqlx::query(keys::ADD)
                .bind(row.key_id)
                .bind(&row.purpose)
                .bind(&row.salt)
                .bind(&row.wrapped)
                .bind(reader.opened.header.created_at)
                .execute(&mut *transaction)
                .await?;
        }
        let (mut done, mut accounts) = (0, 0);
        let mut rows = reader.rows(input)?;
        while let Some((table, cells)) = rows.next()? {
            let insert = sqlx::query(AssertSqlSafe(table.insert()));
            bind(insert, cells).execute(&mut *transaction).await?;
            accounts += u64::from(table.name == "accounts");
            done += 1;
            if done % STEP == 0 {
                progress(Progress { rows: done, of });
            }
        }
        let void_codes =
            sqlx::query(VOID).bind(restore.now.0).execute(&mut *transaction).await?.rows_affected();
        sqlx::query(NEW_REVISION).execute(&mut *transaction).await?;
        sqlx::query(AUDIT)
            .bind(audit_id(restore.entropy))
            .bind(restore.now.0)
            .bind(AuditEvent::Restored.as_str())
            .execute(&mut *transaction)
            .await?;
        progress(Progress { rows: done, of });
        (accounts, void_codes)
    });
    target.close().await;
    Ok(Restored { checked, accounts, void_codes })
}

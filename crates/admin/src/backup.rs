//! `backup`: everything the gateway remembers, as of one moment, beside a running gateway.

use std::io::{self, Write};
use std::path::Path;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    BackupError, BackupPlace, Checked, Manifest, Store, Wrapping, check_backup, fetch_backup,
};
use tokio::io::AsyncWriteExt as _;

use crate::progress::Watched;
use crate::text::{counted, print_json};
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct BackupArgs {
    /// A file, - for stdout, or `s3://BUCKET/KEY`
    #[arg(value_name = "PLACE")]
    place: String,
    /// Make no backup; read the one that is there, to its end
    #[arg(long)]
    check: bool,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Made<'a> {
    place: &'a str,
    bytes: u64,
    #[serde(flatten)]
    #[schemars(with = "crate::schema::ManifestShape")]
    manifest: &'a Manifest,
}

/// What `--check --json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Whole<'a> {
    place: &'a str,
    #[serde(flatten)]
    #[schemars(with = "crate::schema::ManifestShape")]
    manifest: &'a Manifest,
    /// Opened by `GATEWAY_SECRET`, or by `GATEWAY_SECRET_OLD`.
    opened_by: &'static str,
    sealed_values: u64,
    unreadable_values: u64,
}

/// Makes a backup, or looks at one.
pub async fn backup(
    place: &Place,
    args: &BackupArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    if args.check {
        return look(place, args, out).await;
    }
    let named = args.place.as_str();
    let failed = |source| AdminError::Backup { place: named.to_owned(), source };
    let now = SystemClock.now();
    let mut watched = Watched::new("backing up");
    let store = place.store().await?;
    let made = if named == "-" {
        to_stdout(&store, &place.spool(), now, &mut watched).await.map(|manifest| (manifest, 0))
    } else {
        let target = parse(named)?;
        let mut told = |progress| watched.tell(progress);
        store.backup_to(&target, &place.s3, &place.spool(), now, &mut told).await
    };
    let (manifest, bytes) = made.map_err(failed)?;
    // The backup is made: a disk that is full keeps only its date from being noted.
    if let Err(error) = store.note_backup(now).await {
        _ = writeln!(io::stderr(), "note: the date of this backup could not be noted: {error}");
    }
    store.close().await;
    if named == "-" {
        // Stdout is the backup.
        return Ok(());
    }
    if args.json {
        return print_json(&Made { place: named, bytes, manifest: &manifest }, out);
    }
    writeln!(out, "{named}: {}, {bytes} bytes, as of {}", rows(&manifest), manifest.created_at)?;
    writeln!(out, "it opens with GATEWAY_SECRET only: keep a copy of that, and not beside it")?;
    Ok(())
}

/// Whoever reads the pipe may be slow, so the backup is whole before the first byte of it. Where
/// a full disk has no room for that, it goes into the pipe as it is read.
async fn to_stdout(
    store: &Store,
    spool: &Path,
    now: Timestamp,
    watched: &mut Watched,
) -> Result<Manifest, BackupError> {
    let mut stdout = tokio::io::stdout();
    let manifest = match store
        .spool_backup(spool, now, &mut |progress| watched.tell(progress))
        .await
    {
        Ok((file, manifest)) => {
            tokio::io::copy(&mut tokio::fs::File::from_std(file), &mut stdout).await?;
            manifest
        }
        Err(BackupError::Io(error)) if error.kind() == io::ErrorKind::StorageFull => {
            let full = spool.display();
            _ = writeln!(io::stderr(), "note: {full} is full: a slow pipe makes the database grow");
            store.backup(&mut stdout, now, &mut |progress| watched.tell(progress)).await?
        }
        Err(error) => return Err(error),
    };
    stdout.flush().await?;
    Ok(manifest)
}

async fn look(place: &Place, args: &BackupArgs, out: &mut impl Write) -> Result<(), AdminError> {
    let named = args.place.as_str();
    let failed = |source| AdminError::Check { place: named.to_owned(), source };
    let mut watched = Watched::new("reading");
    let file = fetch_backup(&parse(named)?, &place.s3, &place.spool()).await.map_err(failed)?;
    let old = place.old_secret.as_ref();
    let checked = check_backup(file, &place.secret, old, &mut |progress| watched.tell(progress));
    let Checked { manifest, wrapping, sealed, unreadable } = checked.map_err(failed)?;
    let opened_by = match wrapping {
        Wrapping::Current => "GATEWAY_SECRET",
        Wrapping::Old => "GATEWAY_SECRET_OLD",
    };
    if args.json {
        let whole = Whole {
            place: named,
            manifest: &manifest,
            opened_by,
            sealed_values: sealed,
            unreadable_values: unreadable,
        };
        return print_json(&whole, out);
    }
    writeln!(
        out,
        "{named}: whole, of {} by version {} (schema {}); {opened_by} opens it",
        manifest.created_at, manifest.program, manifest.schema
    )?;
    writeln!(out, "{}; {} open", rows(&manifest), counted(sealed, "value", "values"))?;
    say_unreadable(unreadable, out)
}

/// What was damaged in the database before the backup was made, if anything was.
pub(crate) fn say_unreadable(values: u64, out: &mut impl Write) -> Result<(), AdminError> {
    if values > 0 {
        let values = counted(values, "sealed value was", "sealed values were");
        writeln!(out, "{values} damaged in the database already: those accounts sign in again")?;
    }
    Ok(())
}

pub(crate) fn parse(place: &str) -> Result<BackupPlace, AdminError> {
    BackupPlace::parse(place).map_err(|_| AdminError::NoPlace(place.to_owned()))
}

pub(crate) fn rows(manifest: &Manifest) -> String {
    let of = |wanted: &str| {
        manifest.tables.iter().find(|(name, _)| name == wanted).map_or(0, |(_, rows)| *rows)
    };
    format!(
        "{}, {}, {} in all",
        counted(of("accounts"), "account", "accounts"),
        counted(of("devices"), "device", "devices"),
        counted(manifest.rows(), "row", "rows"),
    )
}

//! `restore`: a backup becomes the database, on either database system.

use std::io::Write;

use domain::clock::{Clock as _, SystemClock};
use domain::entropy::OsEntropy;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Manifest, Restore, RestoreError, RestoreMode, Wrapping, fetch_backup, restore_backup};

use crate::backup::{parse, rows, say_unreadable};
use crate::confirm::confirm;
use crate::progress::Watched;
use crate::text::{counted, print_json};
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct RestoreArgs {
    /// A file, or `s3://BUCKET/KEY`
    #[arg(value_name = "PLACE")]
    place: String,
    /// Delete everything that is in the database now
    #[arg(long)]
    replace: bool,
    /// Go ahead without being asked
    #[arg(long)]
    yes: bool,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Done<'a> {
    place: &'a str,
    database: String,
    #[serde(flatten)]
    #[schemars(with = "crate::schema::ManifestShape")]
    manifest: &'a Manifest,
    void_codes: u64,
    unreadable_values: u64,
    /// The keys are still wrapped under `GATEWAY_SECRET_OLD`.
    rekey_needed: bool,
}

/// Puts a backup into the configured database.
pub async fn restore(
    place: &Place,
    args: &RestoreArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let named = args.place.as_str();
    let failed = |source: RestoreError| AdminError::Restore { place: named.to_owned(), source };
    let file = fetch_backup(&parse(named)?, &place.s3, &place.spool())
        .await
        .map_err(|error| failed(RestoreError::Backup(error)))?;
    let database = place.database_url.to_string();
    if args.replace && !args.yes {
        confirm(&format!("delete everything in {database} and restore {named}?"))?;
    }
    let wanted = Restore {
        url: &place.database_url,
        secret: &place.secret,
        old_secret: place.old_secret.as_ref(),
        mode: if args.replace { RestoreMode::Replace } else { RestoreMode::IntoEmpty },
        entropy: &OsEntropy,
        now: SystemClock.now(),
    };
    let mut watched = Watched::new("restoring");
    let restored = restore_backup(file, &wanted, &mut |progress| watched.tell(progress))
        .await
        .map_err(failed)?;
    let checked = &restored.checked;
    let rekey_needed = checked.wrapping == Wrapping::Old;
    if args.json {
        let done = Done {
            place: named,
            database,
            manifest: &checked.manifest,
            void_codes: restored.void_codes,
            unreadable_values: checked.unreadable,
            rekey_needed,
        };
        return print_json(&done, out);
    }
    let moment = &checked.manifest.created_at;
    writeln!(out, "{database}: {}, as of {moment}", rows(&checked.manifest))?;
    writeln!(
        out,
        "Accounts whose Garmin tokens were renewed after that are asked to sign in again when \
         Garmin refuses the old ones, and clients that renewed theirs connect again. Access \
         that was revoked after that works again: `revoke --list` shows what there is."
    )?;
    if restored.void_codes > 0 {
        let codes = counted(restored.void_codes, "code is", "codes are");
        writeln!(out, "{codes} void: those sign-ins begin anew")?;
    }
    say_unreadable(checked.unreadable, out)?;
    if rekey_needed {
        writeln!(out, "the keys are wrapped under GATEWAY_SECRET_OLD: run `rekey`")?;
    }
    Ok(())
}

//! `rekey`: changes the secret everything is sealed under, while gateways run.

use std::io::{self, Write};

use domain::clock::{Clock as _, SystemClock};
use schemars::JsonSchema;
use serde::Serialize;
use store::{AuditEntry, AuditEvent, Wrapping};

use crate::text::{counted, print_json};
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct RekeyArgs {
    /// Change nothing; say which secret the database opens with
    #[arg(long)]
    status: bool,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Outcome {
    /// The variable whose secret opens the database now.
    opens_with: &'static str,
    /// Keys that were wrapped anew by this command.
    rewrapped: usize,
    /// Whether nothing needs `GATEWAY_SECRET_OLD` any more.
    done: bool,
}

/// Wraps the data keys under `GATEWAY_SECRET` instead of `GATEWAY_SECRET_OLD`. One transaction:
/// whenever it ends, the database opens with one of the two, and it can be run again.
pub async fn rekey(
    place: &Place,
    args: &RekeyArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let store = place.store().await?;
    let mut outcome = match store.wrapping() {
        Wrapping::Current => Outcome { opens_with: "GATEWAY_SECRET", rewrapped: 0, done: true },
        Wrapping::Old => Outcome { opens_with: "GATEWAY_SECRET_OLD", rewrapped: 0, done: false },
    };
    if !outcome.done && !args.status {
        let old = place.old_secret.as_ref().ok_or(AdminError::NoOldSecret)?;
        let rewrapped = store.rekey(old, &place.secret).await?;
        let entry =
            AuditEntry { event: AuditEvent::Rekeyed, account: None, device: None, client: None };
        // The keys are changed: what comes after must not be taken for a failure of that.
        if let Err(error) = store.record_audit(&entry, SystemClock.now()).await {
            _ = writeln!(io::stderr(), "note: this is missing in the audit: {error}");
        }
        outcome = Outcome { opens_with: "GATEWAY_SECRET", rewrapped, done: true };
    } else if outcome.done && !args.status && place.old_secret.is_none() {
        store.close().await;
        return Err(AdminError::NoOldSecret);
    }
    store.close().await;
    if args.json {
        return print_json(&outcome, out);
    }
    match (outcome.done, outcome.rewrapped) {
        (false, _) => writeln!(
            out,
            "the database opens with GATEWAY_SECRET_OLD; `rekey` changes it to GATEWAY_SECRET"
        )?,
        (true, 0) => writeln!(out, "the database opens with GATEWAY_SECRET")?,
        (true, keys) => {
            writeln!(out, "{} wrapped anew", counted(keys as u64, "key", "keys"))?;
            writeln!(
                out,
                "Gateways that run go on as before. Before one starts again it needs the new \
                 GATEWAY_SECRET, and no GATEWAY_SECRET_OLD any more. Backups made until now open \
                 with the old secret: keep that as long as those."
            )?;
        }
    }
    Ok(())
}

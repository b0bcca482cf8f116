//! `forget`: an account with everything that belongs to it, for good.

use std::io::Write;

use domain::clock::{Clock as _, SystemClock};
use domain::console::Revoked;
use domain::id::AccountId;
use schemars::JsonSchema;
use serde::Serialize;

use crate::confirm::confirm;
use crate::revoke::{Effect, tell};
use crate::text::{counted, print_json};
use crate::who;
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct ForgetArgs {
    /// Its id, the beginning of it, or the e-mail address that is used to sign in
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// Go ahead without being asked
    #[arg(long)]
    yes: bool,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Forgotten {
    #[schemars(with = "Vec<String>")]
    forgotten: Vec<AccountId>,
    effect: Effect,
}

/// Deletes an account: tokens, Garmin credentials, counts, the journal and its lines of the
/// audit.
pub async fn forget(
    place: &Place,
    args: &ForgetArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let now = SystemClock.now();
    let store = place.store().await?;
    let accounts = who::accounts(&store, &args.account).await?;
    let mut devices = 0;
    for account in &accounts {
        devices += store.list_devices(Some(account)).await?.len() as u64;
    }
    let people = counted(accounts.len() as u64, "account", "accounts");
    if !args.yes {
        let devices = counted(devices, "device", "devices");
        confirm(&format!(
            "forget {people} with {devices}, Garmin credentials, counts and the journal of \
             changes? Only a backup brings that back"
        ))?;
    }
    let mut forgotten = Vec::new();
    for account in accounts {
        if store.forget_account(&account, now).await? {
            forgotten.push(account);
        }
    }
    store.close().await;
    let news = forgotten.iter().cloned().map(Revoked::Account).collect();
    let (effect, untold) = tell(place, news).await;
    if args.json {
        print_json(&Forgotten { forgotten, effect }, out)?;
    } else {
        let people = counted(forgotten.len() as u64, "account", "accounts");
        writeln!(out, "{people} forgotten; {}", effect.sentence())?;
        writeln!(
            out,
            "Backups made until now still hold what was deleted: they go with their time."
        )?;
    }
    untold.map_or(Ok(()), Err)
}

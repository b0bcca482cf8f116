//! `revoke`: ends access of devices, at once where a gateway can be told.

use std::io::Write;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::console::{Request, Revoked};
use domain::id::{AccountId, DeviceId};
use schemars::JsonSchema;
use serde::Serialize;
use store::{AuditEntry, AuditEvent, DeviceSummary, RevokedDevice, Store};

use crate::confirm::confirm;
use crate::text::{counted, print_json};
use crate::{AdminError, Place, devices, who};

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub struct RevokeArgs {
    /// Show every device; revoke nothing
    #[arg(long, group = "what")]
    list: bool,
    /// Revoke all devices of one account: its id, the beginning of it, or its e-mail address
    #[arg(long, group = "what", value_name = "ACCOUNT")]
    account: Option<String>,
    /// Revoke one device: its id, or the beginning of it
    #[arg(long, group = "what", value_name = "DEVICE")]
    device: Option<String>,
    /// Revoke every device of one client, whoever uses it
    #[arg(long, group = "what", value_name = "CLIENT")]
    client: Option<String>,
    /// Revoke every device of everybody
    #[arg(long, group = "what")]
    all: bool,
    /// Go ahead without being asked
    #[arg(long, conflicts_with = "list")]
    yes: bool,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What a revocation prints with `--json`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Outcome {
    revoked: Vec<Gone>,
    effect: Effect,
}

#[derive(Serialize, JsonSchema)]
struct Gone {
    #[schemars(with = "String")]
    device: DeviceId,
    #[schemars(with = "String")]
    account: AccountId,
}

/// When the tokens stop working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// The gateway of this data directory has been told. Any other follows within 5 seconds.
    AtOnce,
    /// No gateway could be told; whichever runs elsewhere asks the database that often.
    WithinFiveSeconds,
}

impl Effect {
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::AtOnce => "the running gateway knows",
            Self::WithinFiveSeconds => {
                "no gateway was told here; any that runs elsewhere follows within 5 seconds"
            }
        }
    }
}

enum Target {
    /// Some of them, each by itself.
    Devices(Vec<DeviceSummary>),
    Accounts(Vec<AccountId>),
    Everything,
}

/// Shows devices, or revokes some of them.
pub async fn revoke(
    place: &Place,
    args: &RevokeArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let now = SystemClock.now();
    let store = place.store().await?;
    if args.list {
        let devices = store.list_devices(None).await?;
        store.close().await;
        return devices::print(devices, args.json, now, out);
    }
    let target = target(&store, args).await?;
    let meant = devices_of(&store, &target).await?;
    if !args.yes {
        let devices = counted(meant.len() as u64, "device", "devices");
        confirm(&format!("revoke {devices}?"))?;
    }
    let revoked = carry_out(&store, &target, now).await?;
    for gone in &revoked {
        let entry = AuditEntry {
            event: AuditEvent::DeviceRevoked,
            account: Some(&gone.account),
            device: Some(&gone.device),
            client: None,
        };
        store.record_audit(&entry, now).await?;
    }
    store.close().await;
    let (effect, untold) = tell(place, news(target)).await;
    report(&revoked, effect, args.json, out)?;
    // The store has the last word, so the revocation stands; only the news did not arrive.
    untold.map_or(Ok(()), Err)
}

async fn target(store: &Store, args: &RevokeArgs) -> Result<Target, AdminError> {
    if let Some(text) = &args.device {
        return Ok(Target::Devices(vec![who::device(store, text).await?]));
    }
    if let Some(text) = &args.client {
        let client = who::client(store, text).await?;
        let mut devices = store.list_devices(None).await?;
        devices.retain(|device| device.client == client);
        return Ok(Target::Devices(devices));
    }
    match &args.account {
        Some(text) => Ok(Target::Accounts(who::accounts(store, text).await?)),
        None => Ok(Target::Everything),
    }
}

async fn devices_of(store: &Store, target: &Target) -> Result<Vec<DeviceSummary>, AdminError> {
    match target {
        Target::Everything => Ok(store.list_devices(None).await?),
        Target::Accounts(accounts) => {
            let mut devices = Vec::new();
            for account in accounts {
                devices.extend(store.list_devices(Some(account)).await?);
            }
            Ok(devices)
        }
        Target::Devices(devices) => Ok(devices.clone()),
    }
}

async fn carry_out(
    store: &Store,
    target: &Target,
    now: Timestamp,
) -> Result<Vec<RevokedDevice>, AdminError> {
    match target {
        Target::Everything => Ok(store.revoke_all(now).await?),
        Target::Devices(devices) => {
            let mut revoked = Vec::new();
            for device in devices {
                revoked.extend(store.revoke_device(&device.id).await?);
            }
            Ok(revoked)
        }
        Target::Accounts(accounts) => {
            let mut revoked = Vec::new();
            for account in accounts {
                revoked.extend(store.revoke_account_devices(account, now).await?);
            }
            Ok(revoked)
        }
    }
}

/// What a gateway has to hear.
fn news(target: Target) -> Vec<Revoked> {
    match target {
        Target::Everything => vec![Revoked::Everything],
        Target::Devices(devices) => devices
            .into_iter()
            .map(|device| Revoked::Device { device: device.id, account: device.account })
            .collect(),
        Target::Accounts(accounts) => accounts.into_iter().map(Revoked::Account).collect(),
    }
}

/// Tells the gateway of this data directory, if there is one.
pub(crate) async fn tell(place: &Place, news: Vec<Revoked>) -> (Effect, Option<AdminError>) {
    for revoked in news {
        match place.gateway().ask(&Request::Revoked { revoked }).await {
            Ok(Some(_)) => {}
            Ok(None) => return (Effect::WithinFiveSeconds, None),
            Err(error) => return (Effect::WithinFiveSeconds, Some(error)),
        }
    }
    (Effect::AtOnce, None)
}

fn report(
    revoked: &[RevokedDevice],
    effect: Effect,
    json: bool,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    if json {
        let gone = |gone: &RevokedDevice| Gone {
            device: gone.device.clone(),
            account: gone.account.clone(),
        };
        return print_json(&Outcome { revoked: revoked.iter().map(gone).collect(), effect }, out);
    }
    let devices = counted(revoked.len() as u64, "device", "devices");
    writeln!(out, "revoked {devices}; {}", effect.sentence())?;
    Ok(())
}

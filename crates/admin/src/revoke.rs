//! `revoke`: ends access of devices, at once where a gateway can be told.

use std::io::Write;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::console::{Request, Revoked};
use domain::email::LoginEmail;
use domain::id::{AccountId, ClientId, DeviceId};
use serde::Serialize;
use store::{AuditEntry, AuditEvent, DeviceSummary, RevokedDevice, Store};

use crate::confirm::confirm;
use crate::text::{ago, counted, harmless, print_json, table};
use crate::{AdminError, Place};

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub struct RevokeArgs {
    /// Show every device; revoke nothing
    #[arg(long, group = "what")]
    list: bool,
    /// Revoke all devices of one account: its id, or the e-mail address it signs in with
    #[arg(long, group = "what", value_name = "ACCOUNT")]
    account: Option<String>,
    /// Revoke one device
    #[arg(long, group = "what", value_name = "DEVICE")]
    device: Option<String>,
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

/// What `--list --json` prints; times are RFC 3339 in UTC.
#[derive(Serialize)]
struct Listing {
    devices: Vec<ListedDevice>,
}

#[derive(Serialize)]
struct ListedDevice {
    device: DeviceId,
    account: AccountId,
    client: ClientId,
    client_name: Option<String>,
    /// Separated by spaces.
    scopes: String,
    created_at: String,
    last_used_at: Option<String>,
}

/// What a revocation prints with `--json`.
#[derive(Serialize)]
struct Outcome {
    revoked: Vec<Gone>,
    effect: Effect,
}

#[derive(Serialize)]
struct Gone {
    device: DeviceId,
    account: AccountId,
}

/// When the tokens stop working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    /// The gateway of this data directory has been told. Any other follows within 5 seconds.
    AtOnce,
    /// No gateway could be told; whichever runs elsewhere asks the database that often.
    WithinFiveSeconds,
}

enum Target {
    Device(DeviceId),
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
        return list(devices, args.json, now, out);
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
    let (effect, untold) = tell(place, &target, &meant).await;
    report(&revoked, effect, args.json, out)?;
    // The store has the last word, so the revocation stands; only the news did not arrive.
    untold.map_or(Ok(()), Err)
}

async fn target(store: &Store, args: &RevokeArgs) -> Result<Target, AdminError> {
    if let Some(text) = &args.device {
        let unknown = || AdminError::NoSuchDevice(text.clone());
        return Ok(Target::Device(DeviceId::parse(text).map_err(|_| unknown())?));
    }
    let Some(text) = &args.account else { return Ok(Target::Everything) };
    let unknown = || AdminError::NoSuchAccount(text.clone());
    if let Ok(account) = AccountId::parse(text) {
        return match store.find_account(&account).await? {
            Some(_) => Ok(Target::Accounts(vec![account])),
            None => Err(unknown()),
        };
    }
    let email = LoginEmail::parse(text).map_err(|_| unknown())?;
    match store.find_accounts_by_email(&email).await? {
        found if found.is_empty() => Err(unknown()),
        // One address can have an account in each region.
        found => Ok(Target::Accounts(found)),
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
        Target::Device(wanted) => {
            let mut devices = store.list_devices(None).await?;
            devices.retain(|device| device.id == *wanted);
            if devices.is_empty() {
                return Err(AdminError::NoSuchDevice(wanted.to_string()));
            }
            Ok(devices)
        }
    }
}

async fn carry_out(
    store: &Store,
    target: &Target,
    now: Timestamp,
) -> Result<Vec<RevokedDevice>, AdminError> {
    match target {
        Target::Everything => Ok(store.revoke_all(now).await?),
        Target::Device(device) => Ok(store.revoke_device(device).await?.into_iter().collect()),
        Target::Accounts(accounts) => {
            let mut revoked = Vec::new();
            for account in accounts {
                revoked.extend(store.revoke_account_devices(account, now).await?);
            }
            Ok(revoked)
        }
    }
}

/// Tells the gateway of this data directory, if there is one.
async fn tell(
    place: &Place,
    target: &Target,
    meant: &[DeviceSummary],
) -> (Effect, Option<AdminError>) {
    let news = match target {
        Target::Everything => vec![Revoked::Everything],
        Target::Device(_) => {
            let news = |device: &DeviceSummary| Revoked::Device {
                device: device.id.clone(),
                account: device.account.clone(),
            };
            meant.iter().map(news).collect()
        }
        Target::Accounts(accounts) => accounts.iter().cloned().map(Revoked::Account).collect(),
    };
    for revoked in news {
        match place.gateway().ask(&Request::Revoked { revoked }).await {
            Ok(Some(_)) => {}
            Ok(None) => return (Effect::WithinFiveSeconds, None),
            Err(error) => return (Effect::WithinFiveSeconds, Some(error)),
        }
    }
    (Effect::AtOnce, None)
}

fn list(
    devices: Vec<DeviceSummary>,
    json: bool,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    if json {
        let listing = Listing { devices: devices.into_iter().map(ListedDevice::from).collect() };
        return print_json(&listing, out);
    }
    if devices.is_empty() {
        writeln!(out, "no devices")?;
        return Ok(());
    }
    let rows = devices.iter().map(|device| {
        vec![
            device.id.to_string(),
            device.account.to_string(),
            device.client_name.as_deref().map(harmless).unwrap_or_default(),
            device.scopes.to_string(),
            ago(device.created_at, now),
            device.last_used_at.map_or_else(|| "never".to_owned(), |used| ago(used, now)),
        ]
    });
    let head = ["device", "account", "client calls itself", "scopes", "connected", "last used"];
    write!(out, "{}", table(&head, rows.collect()))?;
    Ok(())
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
    let when = match effect {
        Effect::AtOnce => "the running gateway knows",
        Effect::WithinFiveSeconds => {
            "no gateway was told here; any that runs elsewhere follows within 5 seconds"
        }
    };
    writeln!(out, "revoked {devices}; {when}")?;
    Ok(())
}

impl From<DeviceSummary> for ListedDevice {
    fn from(device: DeviceSummary) -> Self {
        Self {
            device: device.id,
            account: device.account,
            client: device.client,
            client_name: device.client_name,
            scopes: device.scopes.to_string(),
            created_at: device.created_at.to_string(),
            last_used_at: device.last_used_at.map(|used| used.to_string()),
        }
    }
}

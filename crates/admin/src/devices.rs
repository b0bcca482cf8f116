//! `devices`: which apps are connected, and to whose account.

use std::io::Write;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::id::{AccountId, ClientId, DeviceId};
use schemars::JsonSchema;
use serde::Serialize;
use store::DeviceSummary;

use crate::text::{ago, clipped, print_json, table};
use crate::who::{self, short};
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct DevicesArgs {
    /// Only those of one account: its id, the beginning of it, or its e-mail address
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What `devices --json` and `revoke --list --json` print; times are RFC 3339 in UTC.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Devices {
    pub(crate) devices: Vec<ListedDevice>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ListedDevice {
    #[schemars(with = "String")]
    device: DeviceId,
    #[schemars(with = "String")]
    account: AccountId,
    #[schemars(with = "String")]
    client: ClientId,
    client_name: Option<String>,
    /// Separated by spaces.
    scopes: String,
    /// What it is shown, where that is not the default.
    tools: Option<String>,
    created_at: String,
    last_used_at: Option<String>,
    #[serde(skip)]
    used: Option<Timestamp>,
}

/// Lists devices, the newest first.
pub async fn devices(
    place: &Place,
    args: &DevicesArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let now = SystemClock.now();
    let store = place.store().await?;
    let found = match &args.account {
        None => store.list_devices(None).await?,
        Some(text) => {
            let mut found = Vec::new();
            for account in who::accounts(&store, text).await? {
                found.extend(store.list_devices(Some(&account)).await?);
            }
            found
        }
    };
    store.close().await;
    print(found, args.json, now, out)
}

pub(crate) fn print(
    found: Vec<DeviceSummary>,
    json: bool,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let devices: Vec<ListedDevice> = found.into_iter().map(ListedDevice::from).collect();
    if json {
        return print_json(&Devices { devices }, out);
    }
    if devices.is_empty() {
        writeln!(out, "no devices")?;
        return Ok(());
    }
    write!(out, "{}", text(&devices, now))?;
    Ok(())
}

pub(crate) fn text(devices: &[ListedDevice], now: Timestamp) -> String {
    if devices.is_empty() {
        return String::new();
    }
    let rows = devices.iter().map(|device| {
        let may = if device.scopes.contains("write") { "write" } else { "read" };
        vec![
            device.device.to_string(),
            short(device.account.as_str()),
            device.client_name.as_deref().map(|name| clipped(name, 15)).unwrap_or_default(),
            may.to_owned(),
            device.used.map_or_else(|| "never".to_owned(), |used| ago(used, now)),
        ]
    });
    table(&["device", "account", "calls itself", "may", "last used"], rows.collect())
}

impl From<DeviceSummary> for ListedDevice {
    fn from(device: DeviceSummary) -> Self {
        Self {
            device: device.id,
            account: device.account,
            client: device.client,
            client_name: device.client_name,
            scopes: device.scopes.to_string(),
            tools: device.tools,
            created_at: device.created_at.to_string(),
            last_used_at: device.last_used_at.map(|used| used.to_string()),
            used: device.last_used_at,
        }
    }
}

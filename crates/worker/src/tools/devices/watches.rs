//! The athlete's devices.

use garmin::model::{LastUsedWatch, Watch};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::Extras;
use crate::tools::numbers::{moment, word};

/// `get_devices`
pub(super) struct Watches;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchesArgs {
    /// `full` adds serial and part numbers.
    #[serde(default)]
    #[schemars(with = "Option<Detail>")]
    detail: Detail,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Detail {
    #[default]
    Standard,
    Full,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WatchesAnswer {
    status: Status,
    count: usize,
    devices: Vec<Device>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Device {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    firmware_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// The device whose numbers Garmin prefers.
    primary: bool,
    /// Known for the device that synced last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_number: Option<String>,
}

fn device(watch: Watch, last: Option<&LastUsedWatch>, detail: Detail, zone: &TimeZone) -> Device {
    let synced = last.filter(|last| last.id.is_some() && last.id == watch.id);
    let full = detail == Detail::Full;
    Device {
        id: watch.id,
        name: watch.name,
        model: watch.model.or(watch.type_name),
        firmware_version: watch.firmware,
        status: watch.status.as_deref().map(word),
        primary: watch.primary.unwrap_or(false),
        last_sync: synced.and_then(|last| last.uploaded_at).map(|at| moment(at, zone)),
        serial_number: watch.serial_number.filter(|_| full),
        part_number: watch.part_number.filter(|_| full),
    }
}

impl Tool for Watches {
    const NAME: &'static str = "get_devices";
    const TITLE: &'static str = "Garmin devices";
    const DESCRIPTION: &'static str = "The athlete's registered Garmin devices: model, firmware, which one is primary, and \
        when the one used last was synced.";
    type Args = WatchesArgs;
    type Answer = WatchesAnswer;

    async fn call(account: &Account, args: WatchesArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let (watches, last) =
            tokio::join!(garmin.devices(), extras.read("last_sync", garmin.last_used_device()));
        // Without it the list is as good but for one time.
        let last = last.ok().flatten();
        let mut devices: Vec<Device> = watches?
            .into_iter()
            .flatten()
            .map(|watch| device(watch, last.as_ref(), args.detail, &zone))
            .collect();
        devices.sort_by_key(|device| (!device.primary, device.id));
        let status = if devices.is_empty() { Status::NoData } else { Status::Ok };
        Ok(WatchesAnswer { status, count: devices.len(), devices })
    }
}

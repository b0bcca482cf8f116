//! The athlete's devices.

use garmin::model::{LastUsedWatch, TrainingWatch, Watch};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::args::NoArgs;
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
    Summary,
    #[default]
    Standard,
    Full,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WatchesAnswer {
    status: Status,
    count: usize,
    devices: Vec<DeviceRow>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DeviceRow {
    device_id: Option<i64>,
    device_name: Option<String>,
    model: Option<String>,
    manufacturer: Option<String>,
    device_type: Option<String>,
    software_version: Option<String>,
    status: Option<String>,
    /// The device whose numbers Garmin prefers.
    is_primary: Option<bool>,
    battery_status: Option<String>,
    /// Known for the device that synced last.
    last_sync_time: Option<String>,
    serial_number: Option<String>,
    part_number: Option<String>,
}

fn device(
    watch: Watch,
    last: Option<&LastUsedWatch>,
    detail: Detail,
    zone: &TimeZone,
) -> DeviceRow {
    let last = last.filter(|last| last.id.is_some() && last.id == watch.id);
    let synced = last.and_then(|last| last.uploaded_at).or(watch.synced_at);
    let (full, short) = (detail == Detail::Full, detail == Detail::Summary);
    let categories = watch.categories.filter(|categories| !categories.is_empty());
    DeviceRow {
        device_id: watch.id,
        device_name: watch.name.or_else(|| watch.model.clone()),
        model: watch.model.or(watch.type_name).filter(|_| !short),
        manufacturer: watch.manufacturer.filter(|_| !short),
        device_type: categories
            .filter(|_| !short)
            .map(|categories| categories.iter().map(|it| word(it)).collect::<Vec<_>>().join(", ")),
        software_version: watch.firmware.filter(|_| !short),
        status: watch.status.as_deref().map(word),
        is_primary: watch.primary,
        battery_status: watch.battery_status.as_deref().map(word),
        last_sync_time: synced.map(|at| moment(at, zone)),
        serial_number: watch.serial_number.filter(|_| full),
        part_number: watch.part_number.filter(|_| full),
    }
}

impl Tool for Watches {
    const NAME: &'static str = "get_devices";
    const TITLE: &'static str = "Garmin devices";
    const DESCRIPTION: &'static str = "The athlete's registered Garmin devices: model, firmware, \
        which one is primary, and when the one used last was synced.";
    const LEVELS: bool = true;
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
        let mut devices: Vec<DeviceRow> = watches?
            .into_iter()
            .flatten()
            .map(|watch| device(watch, last.as_ref(), args.detail, &zone))
            .collect();
        devices.sort_by_key(|device| (device.is_primary != Some(true), device.device_id));
        let status = if devices.is_empty() { Status::NoData } else { Status::Ok };
        Ok(WatchesAnswer { status, count: devices.len(), devices })
    }
}

/// `get_device_last_used`
pub(super) struct LastUsed;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LastUsedAnswer {
    status: Status,
    user_device_id: Option<i64>,
    device_name: Option<String>,
    device_key: Option<String>,
    user_profile_id: Option<i64>,
    last_upload_time: Option<String>,
    image_url: Option<String>,
}

fn last_used(last: Option<LastUsedWatch>, zone: &TimeZone) -> LastUsedAnswer {
    let status = if last.is_some() { Status::Ok } else { Status::NoData };
    let last = last.unwrap_or_default();
    LastUsedAnswer {
        status,
        user_device_id: last.id,
        device_name: last.name,
        device_key: last.key,
        user_profile_id: last.profile_id,
        last_upload_time: last.uploaded_at.map(|at| moment(at, zone)),
        image_url: last.image,
    }
}

impl Tool for LastUsed {
    const NAME: &'static str = "get_device_last_used";
    const TITLE: &'static str = "DeviceRow used last";
    const DESCRIPTION: &'static str = "The device that sent data to Garmin last, and when.";
    type Args = NoArgs;
    type Answer = LastUsedAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        Ok(last_used(garmin.last_used_device().await?, &zone))
    }
}

/// `get_primary_training_device`
pub(super) struct PrimaryDevice;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PrimaryAnswer {
    status: Status,
    primary_device_id: Option<i64>,
    training_device_count: usize,
    training_devices: Vec<TrainingDevice>,
    wearable_device_count: Option<i64>,
    wearable_devices: Option<Vec<TrainingDevice>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct TrainingDevice {
    device_id: Option<i64>,
    display_name: Option<String>,
    is_primary_wearable: Option<bool>,
    primary_training_capable: Option<bool>,
}

fn training_devices(found: Option<Vec<TrainingWatch>>) -> Vec<TrainingDevice> {
    let found = found.into_iter().flatten();
    found
        .map(|watch| TrainingDevice {
            device_id: watch.id,
            display_name: watch.name,
            is_primary_wearable: watch.is_primary_wearable,
            primary_training_capable: watch.is_training_capable,
        })
        .collect()
}

impl Tool for PrimaryDevice {
    const NAME: &'static str = "get_primary_training_device";
    const TITLE: &'static str = "Primary training device";
    const DESCRIPTION: &'static str = "The device Garmin takes training status and load from, \
        and the others it could take.";
    type Args = NoArgs;
    type Answer = PrimaryAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let found = account.garmin()?.training_devices().await?;
        let status = if found.is_some() { Status::Ok } else { Status::NoData };
        let found = found.unwrap_or_default();
        let training_devices_found = training_devices(found.capable.and_then(|it| it.devices));
        let wearable = found.wearable.unwrap_or_default();
        let count = wearable.count;
        let worn = training_devices(wearable.devices);
        Ok(PrimaryAnswer {
            status,
            primary_device_id: found.primary.and_then(|primary| primary.id),
            training_device_count: training_devices_found.len(),
            training_devices: training_devices_found,
            wearable_device_count: count,
            wearable_devices: Some(worn).filter(|worn| !worn.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d18_the_last_upload_is_told_in_the_athletes_zone() {
        let zone = TimeZone::get("Pacific/Auckland").unwrap();
        let last = LastUsedWatch {
            id: Some(1),
            uploaded_at: Some("2026-05-01T16:47:00Z".parse().unwrap()),
            ..LastUsedWatch::default()
        };
        let shown = last_used(Some(last.clone()), &zone);
        assert_eq!(shown.last_upload_time.as_deref(), Some("2026-05-02T04:47:00+12:00"));
        let watch = Watch { id: Some(1), ..Watch::default() };
        let shown = device(watch, Some(&last), Detail::Standard, &zone);
        assert_eq!(shown.last_sync_time.as_deref(), Some("2026-05-02T04:47:00+12:00"));
    }

    #[test]
    fn numbers_that_name_a_device_are_told_only_in_full() {
        let watch = || Watch {
            id: Some(7),
            serial_number: Some("000000001".into()),
            part_number: Some("006-B0000-00".into()),
            ..Watch::default()
        };
        let shown = |detail| device(watch(), None, detail, &TimeZone::UTC);
        assert_eq!(shown(Detail::Full).serial_number.as_deref(), Some("000000001"));
        assert_eq!(shown(Detail::Standard).serial_number, None);
        assert_eq!(shown(Detail::Summary).part_number, None);
        assert_eq!(shown(Detail::Standard).last_sync_time, None);
    }
}

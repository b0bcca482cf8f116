//! Alarms of all devices.

use futures_util::StreamExt;
use garmin::api::WatchId;
use garmin::model::{Watch, WatchAlarm};
use schemars::JsonSchema;
use serde::Serialize;

use super::choice::refusal;
use super::settings::DeviceArgs;
use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::word;

/// `get_device_alarms`
pub(super) struct Alarms;

/// Garmin keeps alarms with each device; nobody wears more than these.
const MOST_DEVICES: usize = 6;
const AT_ONCE: usize = 4;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AlarmsAnswer {
    /// `no_data` when no alarm is set up.
    status: Status,
    total_alarms: usize,
    enabled_alarms: usize,
    /// By time of day.
    alarms: Vec<AlarmRow>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct AlarmRow {
    alarm_id: Option<i64>,
    device_id: i64,
    device_name: Option<String>,
    /// HH:MM.
    time: Option<String>,
    time_minutes: Option<i64>,
    enabled: Option<bool>,
    days: Option<Vec<String>>,
    sound: Option<String>,
    backlight: Option<String>,
    message: Option<String>,
}

fn alarm(found: WatchAlarm, device: i64, name: Option<&str>) -> AlarmRow {
    let minutes = found.minutes.filter(|minutes| (0..24 * 60).contains(minutes));
    // Older devices put the days where newer ones say on or off.
    let by_mode = || {
        let mode = found.mode.as_deref().map(word)?;
        (!["on", "off"].contains(&mode.as_str())).then(|| vec![mode])
    };
    AlarmRow {
        alarm_id: found.id,
        device_id: device,
        device_name: name.map(str::to_owned),
        time: minutes.map(|minutes| format!("{:02}:{:02}", minutes / 60, minutes % 60)),
        time_minutes: minutes,
        enabled: found.is_on(),
        days: found
            .days
            .as_ref()
            .filter(|days| !days.is_empty())
            .map(|days| days.iter().map(|day| word(day)).collect())
            .or_else(by_mode),
        sound: found.sound.as_deref().map(word),
        backlight: found.backlight.as_deref().map(word),
        message: found.message,
    }
}

impl Tool for Alarms {
    const NAME: &'static str = "get_device_alarms";
    const TITLE: &'static str = "Alarms";
    const DESCRIPTION: &'static str = "The alarms set on the athlete's devices, or on one of them.";
    type Args = DeviceArgs;
    type Answer = AlarmsAnswer;

    async fn call(account: &Account, args: DeviceArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let garmin = account.garmin()?;
        let mut devices: Vec<Watch> = garmin.devices().await?.unwrap_or_default();
        if let Some(asked) = args.device_id {
            devices.retain(|device| device.id == Some(asked.0));
            if devices.is_empty() {
                return Err(refusal(garmin::GarminError::NotFound, args.device_id));
            }
        }
        devices.sort_by_key(|device| device.primary != Some(true));
        let mut warnings = Vec::new();
        if devices.len() > MOST_DEVICES {
            let left = devices.len() - MOST_DEVICES;
            warnings.push(format!("{left} more devices were not asked; name one by `device_id`"));
        }
        let asked = devices.into_iter().take(MOST_DEVICES).filter_map(|device| {
            let id = WatchId::new(device.id?).ok()?;
            Some((id, device.name.or(device.model)))
        });
        let garmin = &garmin;
        let mut reads = futures_util::stream::iter(asked)
            .map(|(id, name)| async move {
                let part = name.clone().unwrap_or_else(|| id.to_string());
                (id, name, extras.read(part, garmin.device_settings(id)).await)
            })
            .buffered(AT_ONCE);
        let mut alarms: Vec<AlarmRow> = Vec::new();
        while let Some((id, name, settings)) = reads.next().await {
            let found = Missing::warned(settings, &mut warnings)?.flatten();
            let found = found.and_then(|settings| settings.alarms).unwrap_or_default();
            alarms.extend(found.into_iter().map(|it| alarm(it, id.number(), name.as_deref())));
        }
        alarms.sort_by_key(|alarm| (alarm.time_minutes, alarm.device_id));
        Ok(AlarmsAnswer {
            status: if alarms.is_empty() { Status::NoData } else { Status::Ok },
            total_alarms: alarms.len(),
            enabled_alarms: alarms.iter().filter(|alarm| alarm.enabled == Some(true)).count(),
            alarms,
            warnings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_after_midnight_are_a_time_of_day() {
        let at = |minutes| alarm(WatchAlarm { minutes, ..WatchAlarm::default() }, 7, None);
        assert_eq!(at(Some(0)).time.as_deref(), Some("00:00"));
        assert_eq!(at(Some(1320)).time.as_deref(), Some("22:00"));
        assert_eq!((at(Some(-1)).time, at(Some(1440)).time_minutes), (None, None));
    }

    #[test]
    fn days_stand_in_their_list_or_in_the_mode_of_older_devices() {
        let of = |mode: &str, days: Vec<String>| {
            let found =
                WatchAlarm { mode: Some(mode.into()), days: Some(days), ..WatchAlarm::default() };
            alarm(found, 7, Some("Watch"))
        };
        assert_eq!(of("OFF", vec!["ONCE".into()]).days, Some(vec!["once".to_owned()]));
        assert_eq!(of("DAILY", Vec::new()).days, Some(vec!["daily".to_owned()]));
        assert_eq!((of("ON", Vec::new()).days, of("ON", Vec::new()).enabled), (None, Some(true)));
    }
}

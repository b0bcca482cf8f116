//! What is set on a device.

use garmin::model::WatchSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choice::{device, refusal};
use crate::account::Account;
use crate::answer::Status;
use crate::args::Number;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::word;

/// `get_device_settings`
pub(super) struct Settings;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceArgs {
    /// Default: the one used last
    pub(super) device_id: Option<Number>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SettingsAnswer {
    status: Status,
    device_id: Option<i64>,
    time_format: Option<String>,
    date_format: Option<String>,
    measurement_units: Option<String>,
    start_of_week: Option<String>,
    key_tones_enabled: Option<bool>,
    key_vibration_enabled: Option<bool>,
    alert_tones_enabled: Option<bool>,
    activity_tracking: Option<Follows>,
    alarm_count: Option<usize>,
    enabled_alarm_count: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Follows {
    tracking_enabled: Option<bool>,
    move_alert_enabled: Option<bool>,
    pulse_ox_sleep_tracking: Option<bool>,
    pulse_ox_all_day: Option<bool>,
    high_hr_alert_enabled: Option<bool>,
    high_hr_alert_bpm: Option<i64>,
    low_hr_alert_enabled: Option<bool>,
    low_hr_alert_bpm: Option<i64>,
}

fn shown(settings: Option<WatchSettings>, asked: Option<i64>) -> SettingsAnswer {
    let status = if settings.is_some() { Status::Ok } else { Status::NoData };
    let settings = settings.unwrap_or_default();
    let alarms = settings.alarms.as_deref();
    let ringing = |alarms: &[garmin::model::WatchAlarm]| {
        alarms.iter().filter(|alarm| alarm.is_on() == Some(true)).count()
    };
    SettingsAnswer {
        status,
        device_id: settings.id.or(asked),
        time_format: settings.time_format,
        date_format: settings.date_format,
        measurement_units: settings.units,
        start_of_week: settings.first_day_of_week.as_deref().map(word),
        key_tones_enabled: settings.key_tones,
        key_vibration_enabled: settings.key_vibration,
        alert_tones_enabled: settings.alert_tones,
        activity_tracking: settings.tracking.map(|tracking| Follows {
            tracking_enabled: tracking.tracks,
            move_alert_enabled: tracking.move_alert,
            pulse_ox_sleep_tracking: tracking.oxygen_in_sleep,
            pulse_ox_all_day: tracking.oxygen_all_day,
            high_hr_alert_enabled: tracking.high_rate_alert,
            high_hr_alert_bpm: tracking.high_rate_bpm,
            low_hr_alert_enabled: tracking.low_rate_alert,
            low_hr_alert_bpm: tracking.low_rate_bpm,
        }),
        alarm_count: alarms.map(<[_]>::len),
        enabled_alarm_count: alarms.map(ringing),
    }
}

impl Tool for Settings {
    const NAME: &'static str = "get_device_settings";
    const TITLE: &'static str = "Device settings";
    const DESCRIPTION: &'static str = "Formats, units, tones, alerts and tracking as set on one \
        device.";
    type Args = DeviceArgs;
    type Answer = SettingsAnswer;

    async fn call(account: &Account, args: DeviceArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let Some(id) = device(&garmin, args.device_id).await? else { return Ok(shown(None, None)) };
        let found = garmin.device_settings(id).await;
        let found = found.map_err(|error| refusal(error, args.device_id))?;
        Ok(shown(found, Some(id.number())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_null_is_left_out_and_what_is_off_is_told() {
        let settings: WatchSettings = serde_json::from_str(
            r#"{"deviceId":"7","timeFormat":null,"keyTonesEnabled":false,"alarms":[],
                "activityTracking":{"moveAlertEnabled":true,"highHrAlertThreshold":0}}"#,
        )
        .unwrap();
        let answer = shown(Some(settings), None);
        assert_eq!((answer.device_id, answer.time_format), (Some(7), None));
        assert_eq!((answer.key_tones_enabled, answer.alarm_count), (Some(false), Some(0)));
        let tracking = answer.activity_tracking.unwrap();
        assert_eq!(
            (tracking.move_alert_enabled, tracking.high_hr_alert_bpm),
            (Some(true), Some(0))
        );
        let none = shown(None, Some(7));
        assert_eq!((none.status, none.alarm_count), (Status::NoData, None));
    }
}

//! Garmin hardware.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::model;

model! {
    /// A registered device. Garmin sends some 190 keys, most of them capabilities.
    Watch as "devices" {
        "deviceId" => id: i64,
        "productDisplayName" => model: String,
        "displayName" => name: String,
        "deviceTypeSimpleName" => type_name: String,
        "manufacturerName" => manufacturer: String,
        "partNumber" => part_number: String,
        "serialNumber" => serial_number: String,
        "currentFirmwareVersion" | "softwareVersionString" => firmware: String,
        "primary" | "primaryDevice" => primary: bool,
        "deviceStatus" | "deviceStatusName" => status: String,
        "batteryStatus" => battery_status: String,
        "deviceCategories" => categories: Vec<String>,
        "lastSyncTime" => synced_at: Timestamp,
        "solarChargeCapable" | "solarCapable" => has_solar: bool,
    }

    /// The device that synced last.
    LastUsedWatch as "last used device" {
        "userDeviceId" => id: i64,
        "userProfileNumber" => profile_id: i64,
        "lastUsedDeviceName" => name: String,
        "lastUsedDeviceApplicationKey" => key: String,
        "lastUsedDeviceUploadTime" => uploaded_at: Timestamp,
        "imageUrl" => image: String,
    }

    /// What is set on a device. Most of some hundred keys are null.
    WatchSettings as "device settings" {
        "deviceId" => id: i64,
        "timeFormat" => time_format: String,
        "dateFormat" => date_format: String,
        "measurementUnits" => units: String,
        "startOfWeek" => first_day_of_week: String,
        "keyTonesEnabled" => key_tones: bool,
        "keyVibrationEnabled" => key_vibration: bool,
        "alertTonesEnabled" => alert_tones: bool,
        "activityTracking" => tracking: WatchTracking,
        "alarms" => alarms: Vec<WatchAlarm>,
    }

    WatchTracking as "device settings" {
        "activityTrackingEnabled" => tracks: bool,
        "moveAlertEnabled" => move_alert: bool,
        "pulseOxSleepTrackingEnabled" => oxygen_in_sleep: bool,
        "pulseOxAcclimationEnabled" => oxygen_all_day: bool,
        "highHrAlertEnabled" => high_rate_alert: bool,
        "highHrAlertThreshold" => high_rate_bpm: i64,
        "lowHrAlertEnabled" => low_rate_alert: bool,
        "lowHrAlertThreshold" => low_rate_bpm: i64,
    }

    WatchAlarm as "alarm" {
        "alarmId" => id: i64,
        /// `ON`, `OFF`, or, on older devices, when: `DAILY`, `WEEKDAYS`, …
        "alarmMode" => mode: String,
        "enabled" => enabled: bool,
        /// Minutes after midnight.
        "alarmTime" => minutes: i64,
        "alarmDays" => days: Vec<String>,
        "alarmSound" => sound: String,
        "backlight" => backlight: String,
        "alarmMessage" => message: String,
    }

    /// Which device Garmin takes training numbers from, and which it could.
    TrainingWatches as "primary training device" {
        "PrimaryTrainingDevice" => primary: TrainingWatch,
        "PrimaryTrainingDevices" => capable: WatchWeights,
        "WearableDevices" => wearable: WatchWeights,
    }

    WatchWeights as "primary training device" {
        "deviceWeights" => devices: Vec<TrainingWatch>,
        "wearableDeviceCount" => count: i64,
    }

    TrainingWatch as "primary training device" {
        "deviceId" => id: i64,
        "displayName" => name: String,
        "primaryWearableDevice" => is_primary_wearable: bool,
        "primaryTrainingCapable" => is_training_capable: bool,
        "imageUrl" => image: String,
    }

    /// The sun a device saw.
    SolarInput as "solar data" {
        "deviceSolarInput" => input: SolarDays,
    }

    SolarDays as "solar data" {
        "deviceId" => device_id: i64,
        "solarDailyDataDTOs" => days: Vec<SolarDay>,
    }

    SolarDay as "solar data" {
        "calendarDate" => date: Date,
        "solarIntensityAvg" => intensity_avg: f64,
        "solarIntensityMax" => intensity_max: f64,
        "batteryCharged" => charged_pct: f64,
        "batteryUsed" => used_pct: f64,
        "batteryNet" => net_pct: f64,
        "solarInputReadings" => readings: Vec<SolarReading>,
    }

    SolarReading as "solar data" {
        "readingTimestampGmt" => at: Timestamp,
        "readingTimestampLocal" => at_local: DateTime,
        /// Percent of full sun.
        "solarUtilization" => utilization_pct: f64,
        /// Battery life won.
        "activityTimeGainMs" => gain_ms: f64,
    }
}

impl WatchAlarm {
    /// Whether it rings. Older devices put the days where newer ones say on or off.
    #[must_use]
    pub fn is_on(&self) -> Option<bool> {
        let by_mode = self.mode.as_deref().map(|mode| !mode.eq_ignore_ascii_case("OFF"));
        self.enabled.or(by_mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn an_alarm_says_in_three_ways_whether_it_rings() {
        let alarm = |mode: &str, enabled: &str| {
            let text = format!(r#"{{"alarmMode":{mode},"enabled":{enabled},"alarmTime":0}}"#);
            serde_json::from_str::<WatchAlarm>(&text).unwrap()
        };
        assert_eq!(alarm(r#""OFF""#, "null").is_on(), Some(false));
        assert_eq!(alarm(r#""ON""#, "null").is_on(), Some(true));
        assert_eq!(alarm(r#""DAILY""#, "null").is_on(), Some(true));
        assert_eq!(alarm(r#""DAILY""#, "false").is_on(), Some(false));
        assert_eq!(alarm("null", "null").is_on(), None);
        assert_eq!(alarm("null", "null").minutes, Some(0));
    }

    #[test]
    fn a_device_without_panels_has_no_sun() {
        let body = br#"{"deviceSolarInput":{"solarDailyDataDTOs":[]},"DailySleeps":[]}"#;
        let solar: SolarInput = decode(body).unwrap().unwrap();
        assert_eq!(solar.input.unwrap().days, Some(vec![]));
        assert_eq!(decode::<SolarInput>(br#"{"deviceSolarInput":null}"#).unwrap(), None);
    }
}

//! What can be followed from day to day, and where Garmin keeps it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// One figure a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::tools) enum Metric {
    Steps,
    Distance,
    CaloriesActive,
    #[serde(alias = "calories", alias = "total_calories")]
    CaloriesTotal,
    CaloriesResting,
    Floors,
    #[serde(alias = "rhr", alias = "resting_heart_rate")]
    RestingHr,
    HrMin,
    HrMax,
    Stress,
    #[serde(alias = "body_battery")]
    BodyBatteryHigh,
    BodyBatteryLow,
    #[serde(alias = "sleep")]
    SleepHours,
    SleepScore,
    #[serde(alias = "deep_sleep")]
    Deep,
    #[serde(alias = "rem_sleep")]
    Rem,
    Hrv,
    #[serde(alias = "respiration")]
    RespirationSleep,
    Spo2,
    #[serde(alias = "training_readiness")]
    Readiness,
    IntensityMinutes,
    Hydration,
    Weight,
    BodyFat,
    Vo2max,
    AcuteLoad,
    CaloriesIn,
    /// The same as `Hrv`, as the statistics of sleep tell it: for those who ask for these anyway.
    #[serde(skip)]
    NightHrv,
}

/// Only `get_health_trend` lists the names: they are half a kilobyte.
impl JsonSchema for Metric {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Metric".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A list of metrics, with all their names.
pub(super) fn named(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    json_schema!({
        "type": "array",
        "items": { "type": "string" },
        "description": names.join(" "),
    })
}

/// One statistic of Garmin's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    Steps,
    Floors,
    Intensity,
    Stress,
    Battery,
    HeartRate,
    RestingHeartRate,
    ActiveEnergy,
    RestingEnergy,
    Sleep,
    Hrv,
    Respiration,
    Readiness,
    Hydration,
    Weight,
    Vo2max,
    Intake,
}

impl Metric {
    /// All that callers know.
    const ALL: [Self; 27] = [
        Self::Steps,
        Self::Distance,
        Self::CaloriesActive,
        Self::CaloriesTotal,
        Self::CaloriesResting,
        Self::Floors,
        Self::RestingHr,
        Self::HrMin,
        Self::HrMax,
        Self::Stress,
        Self::BodyBatteryHigh,
        Self::BodyBatteryLow,
        Self::SleepHours,
        Self::SleepScore,
        Self::Deep,
        Self::Rem,
        Self::Hrv,
        Self::RespirationSleep,
        Self::Spo2,
        Self::Readiness,
        Self::IntensityMinutes,
        Self::Hydration,
        Self::Weight,
        Self::BodyFat,
        Self::Vo2max,
        Self::AcuteLoad,
        Self::CaloriesIn,
    ];

    /// The name of its column, with the unit.
    pub(in crate::tools) fn column(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Distance => "distance_km",
            Self::CaloriesActive => "calories_active_kcal",
            Self::CaloriesTotal => "calories_total_kcal",
            Self::CaloriesResting => "calories_resting_kcal",
            Self::Floors => "floors",
            Self::RestingHr => "resting_hr_bpm",
            Self::HrMin => "hr_min_bpm",
            Self::HrMax => "hr_max_bpm",
            Self::Stress => "stress",
            Self::BodyBatteryHigh => "body_battery_high",
            Self::BodyBatteryLow => "body_battery_low",
            Self::SleepHours => "sleep_hours",
            Self::SleepScore => "sleep_score",
            Self::Deep => "deep_min",
            Self::Rem => "rem_min",
            Self::Hrv | Self::NightHrv => "hrv_ms",
            Self::RespirationSleep => "respiration_sleep_brpm",
            Self::Spo2 => "spo2_sleep_pct",
            Self::Readiness => "readiness",
            Self::IntensityMinutes => "intensity_minutes",
            Self::Hydration => "hydration_ml",
            Self::Weight => "weight_kg",
            Self::BodyFat => "body_fat_pct",
            Self::Vo2max => "vo2max",
            Self::AcuteLoad => "acute_load",
            Self::CaloriesIn => "calories_in_kcal",
        }
    }

    /// The name a caller knows it by.
    pub(in crate::tools) fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Distance => "distance",
            Self::CaloriesActive => "calories_active",
            Self::CaloriesTotal => "calories_total",
            Self::CaloriesResting => "calories_resting",
            Self::Floors => "floors",
            Self::RestingHr => "resting_hr",
            Self::HrMin => "hr_min",
            Self::HrMax => "hr_max",
            Self::Stress => "stress",
            Self::BodyBatteryHigh => "body_battery_high",
            Self::BodyBatteryLow => "body_battery_low",
            Self::SleepHours => "sleep_hours",
            Self::SleepScore => "sleep_score",
            Self::Deep => "deep",
            Self::Rem => "rem",
            Self::Hrv | Self::NightHrv => "hrv",
            Self::RespirationSleep => "respiration_sleep",
            Self::Spo2 => "spo2",
            Self::Readiness => "readiness",
            Self::IntensityMinutes => "intensity_minutes",
            Self::Hydration => "hydration",
            Self::Weight => "weight",
            Self::BodyFat => "body_fat",
            Self::Vo2max => "vo2max",
            Self::AcuteLoad => "acute_load",
            Self::CaloriesIn => "calories_in",
        }
    }

    pub(super) fn sources(self) -> &'static [Source] {
        match self {
            Self::Steps | Self::Distance => &[Source::Steps],
            Self::CaloriesActive => &[Source::ActiveEnergy],
            Self::CaloriesResting => &[Source::RestingEnergy],
            Self::CaloriesTotal => &[Source::ActiveEnergy, Source::RestingEnergy],
            Self::Floors => &[Source::Floors],
            Self::RestingHr => &[Source::RestingHeartRate],
            Self::HrMin | Self::HrMax => &[Source::HeartRate],
            Self::Stress => &[Source::Stress],
            Self::BodyBatteryHigh | Self::BodyBatteryLow => &[Source::Battery],
            Self::SleepHours
            | Self::SleepScore
            | Self::Deep
            | Self::Rem
            | Self::Spo2
            | Self::NightHrv => &[Source::Sleep],
            Self::Hrv => &[Source::Hrv],
            Self::RespirationSleep => &[Source::Respiration],
            Self::Readiness | Self::AcuteLoad => &[Source::Readiness],
            Self::IntensityMinutes => &[Source::Intensity],
            Self::Hydration => &[Source::Hydration],
            Self::Weight | Self::BodyFat => &[Source::Weight],
            Self::Vo2max => &[Source::Vo2max],
            Self::CaloriesIn => &[Source::Intake],
        }
    }

    /// Whether it grows over the day, so that today's says nothing yet.
    pub(in crate::tools) fn is_counted(self) -> bool {
        match self {
            Self::Steps
            | Self::Distance
            | Self::CaloriesActive
            | Self::CaloriesTotal
            | Self::CaloriesResting
            | Self::Floors
            | Self::HrMax
            | Self::HrMin
            | Self::Stress
            | Self::BodyBatteryLow
            | Self::IntensityMinutes
            | Self::Hydration
            | Self::CaloriesIn => true,
            Self::RestingHr
            | Self::BodyBatteryHigh
            | Self::SleepHours
            | Self::SleepScore
            | Self::Deep
            | Self::Rem
            | Self::Hrv
            | Self::NightHrv
            | Self::RespirationSleep
            | Self::Spo2
            | Self::Readiness
            | Self::Weight
            | Self::BodyFat
            | Self::Vo2max
            | Self::AcuteLoad => false,
        }
    }

    /// How many digits behind the point mean something.
    fn digits(self) -> i32 {
        match self {
            Self::Distance | Self::SleepHours | Self::Weight => 2,
            Self::Floors | Self::RespirationSleep | Self::Spo2 | Self::BodyFat | Self::Vo2max => 1,
            Self::Steps
            | Self::CaloriesActive
            | Self::CaloriesTotal
            | Self::CaloriesResting
            | Self::RestingHr
            | Self::HrMin
            | Self::HrMax
            | Self::Stress
            | Self::BodyBatteryHigh
            | Self::BodyBatteryLow
            | Self::SleepScore
            | Self::Deep
            | Self::Rem
            | Self::Hrv
            | Self::NightHrv
            | Self::Readiness
            | Self::IntensityMinutes
            | Self::Hydration
            | Self::AcuteLoad
            | Self::CaloriesIn => 0,
        }
    }

    /// One day's figure as it is shown.
    pub(in crate::tools) fn rounded(self, value: f64) -> serde_json::Value {
        shown(value, self.digits())
    }

    /// An average of several days, or a difference between averages.
    pub(in crate::tools) fn rounded_average(self, value: f64) -> serde_json::Value {
        shown(value, self.digits().max(1))
    }

    /// Slopes are small.
    pub(in crate::tools) fn rounded_slope(self, value: f64) -> serde_json::Value {
        shown(value, self.digits() + 2)
    }
}

/// Without a point where there is nothing behind it.
fn shown(value: f64, digits: i32) -> serde_json::Value {
    let scale = 10_f64.powi(digits);
    let rounded = (value * scale).round() / scale;
    if digits == 0 { crate::tools::numbers::whole(rounded).into() } else { rounded.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_metric_is_read_by_the_name_it_is_shown_with_and_by_its_synonyms() {
        for metric in Metric::ALL {
            let read: Metric = serde_json::from_value(json!(metric.name())).unwrap();
            assert_eq!(read, metric);
            assert_eq!(serde_json::to_value(metric).unwrap(), json!(metric.name()));
        }
        assert_eq!(serde_json::from_value::<Metric>(json!("rhr")).unwrap(), Metric::RestingHr);
        let error = serde_json::from_value::<Metric>(json!("mood")).unwrap_err().to_string();
        assert!(error.contains("sleep_score"), "{error}");
    }

    #[test]
    fn figures_are_rounded_by_meaning() {
        assert_eq!(Metric::Steps.rounded(9876.4), json!(9876));
        assert_eq!(Metric::Weight.rounded(61.2049), json!(61.2));
        assert_eq!(Metric::RestingHr.rounded_average(52.25), json!(52.3));
    }
}

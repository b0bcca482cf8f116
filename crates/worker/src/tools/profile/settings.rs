//! How the athlete likes numbers, days and times written.

use garmin::model::ProfileSettings;
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::Account;
use crate::answer::Status;
use crate::args::NoArgs;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::word;

/// `get_unit_system`
pub(super) struct UnitSystem;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UnitSystemAnswer {
    status: Status,
    /// `metric`, `statute_us` or `statute_uk`.
    unit_system: Option<String>,
}

impl Tool for UnitSystem {
    const NAME: &'static str = "get_unit_system";
    const TITLE: &'static str = "Unit system";
    const DESCRIPTION: &'static str = "The units the athlete reads in Garmin's own apps. Results \
        here are metric unless asked for with units: imperial.";
    type Args = NoArgs;
    type Answer = UnitSystemAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let settings = garmin.user_settings().await?.and_then(|settings| settings.data);
        let mut system = settings.and_then(|data| data.measurement_system);
        if system.is_none() {
            let settings = garmin.profile_settings().await?;
            system = settings.and_then(|settings| settings.measurement_system);
        }
        let unit_system = system.as_deref().map(word);
        let status = if unit_system.is_some() { Status::Ok } else { Status::NoData };
        Ok(UnitSystemAnswer { status, unit_system })
    }
}

/// `get_userprofile_settings`
pub(super) struct Settings;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SettingsAnswer {
    status: Status,
    display_name: Option<String>,
    preferred_locale: Option<String>,
    measurement_system: Option<String>,
    first_day_of_week: Option<String>,
    number_format: Option<String>,
    time_format: Option<String>,
    date_format: Option<String>,
    power_format: Option<String>,
    heart_rate_format: Option<String>,
    time_zone: Option<String>,
    hydration_measurement_unit: Option<String>,
    golf_distance_unit: Option<String>,
}

fn shown(settings: Option<ProfileSettings>) -> SettingsAnswer {
    let status = if settings.is_some() { Status::Ok } else { Status::NoData };
    let settings = settings.unwrap_or_default();
    SettingsAnswer {
        status,
        display_name: settings.display_name,
        preferred_locale: settings.locale,
        measurement_system: settings.measurement_system,
        first_day_of_week: settings.first_day_of_week.and_then(|day| day.name),
        number_format: settings.number_format,
        time_format: settings.time_format.and_then(|format| format.key),
        date_format: settings.date_format.and_then(|format| format.pattern.or(format.key)),
        power_format: settings.power_format.and_then(|format| format.key),
        heart_rate_format: settings.heart_rate_format.and_then(|format| format.key),
        time_zone: settings.time_zone,
        hydration_measurement_unit: settings.hydration_unit,
        golf_distance_unit: settings.golf_unit,
    }
}

impl Tool for Settings {
    const NAME: &'static str = "get_userprofile_settings";
    const TITLE: &'static str = "Display settings";
    const DESCRIPTION: &'static str =
        "Locale, units, formats and time zone as set at Garmin Connect.";
    type Args = NoArgs;
    type Answer = SettingsAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        Ok(shown(account.garmin()?.profile_settings().await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_names() {
        let settings: ProfileSettings = serde_json::from_str(
            r#"{"preferredLocale":"en","firstDayOfWeek":{"dayName":"monday"},"timeZone":null,
                "timeFormat":{"formatKey":"time_twenty_four_hr"},"powerFormat":null,
                "dateFormat":{"formatKey":"mmddyyyy","displayFormat":"EEE, MMM d, yyyy"}}"#,
        )
        .unwrap();
        let answer = shown(Some(settings));
        assert_eq!(answer.first_day_of_week.as_deref(), Some("monday"));
        assert_eq!(answer.date_format.as_deref(), Some("EEE, MMM d, yyyy"));
        assert_eq!((answer.power_format, answer.time_zone), (None, None));
        assert_eq!(shown(None).status, Status::NoData);
    }
}

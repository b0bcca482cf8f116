//! The person.

use garmin::days::Day;
use garmin::model::{UserData, UserSettings, UserSleep};
use schemars::JsonSchema;
use serde::Serialize;

use super::zones::{SportZones, sport_zones};
use crate::account::Account;
use crate::answer::Status;
use crate::args::NoArgs;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{hundredth, tenth, word};

/// `get_full_name`
pub(super) struct FullName;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FullNameAnswer {
    /// `no_data` when the person has told Garmin no name.
    status: Status,
    full_name: Option<String>,
}

impl Tool for FullName {
    const NAME: &'static str = "get_full_name";
    const TITLE: &'static str = "The athlete's name";
    const DESCRIPTION: &'static str = "The full name of the person whose data this is.";
    type Args = NoArgs;
    type Answer = FullNameAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let profile = account.garmin()?.social_profile().await?;
        let full_name = profile.full_name.clone();
        let status = if full_name.is_some() { Status::Ok } else { Status::NoData };
        Ok(FullNameAnswer { status, full_name })
    }
}

/// `get_user_profile`
pub(super) struct UserProfile;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UserProfileAnswer {
    status: Status,
    full_name: Option<String>,
    location: Option<String>,
    age_years: Option<i16>,
    birth_date: Option<String>,
    gender: Option<String>,
    weight_kg: Option<f64>,
    height_cm: Option<f64>,
    /// The zone all dates of this server are counted in.
    time_zone: String,
    /// What the person reads in Garmin's own apps; results here are metric regardless.
    unit_system: Option<String>,
    vo2_max_running: Option<f64>,
    vo2_max_cycling: Option<f64>,
    lactate_threshold_hr_bpm: Option<i64>,
    lactate_threshold_speed_mps: Option<f64>,
    /// When the person usually goes to bed and gets up, HH:MM.
    usual_sleep: Option<UsualSleep>,
    /// Where each zone begins; the sport `default` is for all others.
    hr_zones: Vec<SportZones>,
    /// What is missing in this answer, and why.
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct UsualSleep {
    from: String,
    to: String,
}

/// Seconds from midnight as a clock shows them.
fn clock(seconds: i64) -> String {
    let minutes = seconds.rem_euclid(86_400) / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

pub(super) fn age(birth: jiff::civil::Date, today: Day) -> Option<i16> {
    let span = birth.until((jiff::Unit::Year, today.date())).ok()?;
    Some(span.get_years()).filter(|years| (0..=130).contains(years))
}

fn usual_sleep(sleep: &UserSleep) -> Option<UsualSleep> {
    Some(UsualSleep { from: clock(sleep.sleep_s?), to: clock(sleep.wake_s?) })
}

impl Tool for UserProfile {
    const NAME: &'static str = "get_user_profile";
    const TITLE: &'static str = "The athlete's profile";
    const DESCRIPTION: &'static str = "Name, age, weight, height, time zone, VO2 max, lactate \
        threshold and heart rate zones of the person whose data this is.";
    type Args = NoArgs;
    type Answer = UserProfileAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let garmin = account.garmin()?;
        let today = account.today().await?;
        let zone = garmin.zone().await?;
        let (profile, settings, zones) = tokio::join!(
            garmin.social_profile(),
            garmin.user_settings(),
            extras.read("hr_zones", garmin.heart_rate_zones())
        );
        let profile = profile?;
        let settings: UserSettings = settings?.unwrap_or_default();
        let data: UserData = settings.data.unwrap_or_default();
        let mut warnings = Vec::new();
        let zones = Missing::warned(zones, &mut warnings)?.flatten();
        Ok(UserProfileAnswer {
            status: Status::Ok,
            full_name: profile.full_name.clone(),
            location: profile.location.clone(),
            age_years: data.birth_date.and_then(|birth| age(birth, today)),
            birth_date: data.birth_date.map(|birth| birth.to_string()),
            gender: data.gender.as_deref().map(word),
            weight_kg: data.weight_g.map(|grams| tenth(grams / 1000.0)),
            height_cm: data.height_cm.map(tenth),
            time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            unit_system: data.measurement_system.as_deref().map(word),
            vo2_max_running: data.vo2_max_running.map(tenth),
            vo2_max_cycling: data.vo2_max_cycling.map(tenth),
            lactate_threshold_hr_bpm: data.lactate_threshold_heart_rate,
            lactate_threshold_speed_mps: data
                .lactate_threshold_speed_tenths
                .map(|tenths| hundredth(tenths * 10.0)),
            usual_sleep: settings.sleep.as_ref().and_then(usual_sleep),
            hr_zones: zones.iter().flatten().filter_map(sport_zones).collect(),
            warnings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_counts_on_the_day() {
        let today: Day = "2026-05-01".parse().unwrap();
        let age = |birth: &str| super::age(birth.parse().unwrap(), today);
        assert_eq!(age("1990-05-01"), Some(36));
        assert_eq!(age("1990-05-02"), Some(35));
        assert_eq!(age("2030-01-01"), None);
    }

    #[test]
    fn seconds_from_midnight_are_a_time_of_day() {
        assert_eq!(
            (clock(82_800), clock(25_200), clock(-1800)),
            ("23:00".into(), "07:00".into(), "23:30".into())
        );
    }
}

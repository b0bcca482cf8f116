//! Where the athlete's zones begin.

use garmin::model::{HeartRateZones, PowerZones};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{share, whole, word};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ZonesArgs {
    /// `running`, `cycling`, …
    sport: Option<String>,
}

impl ZonesArgs {
    fn wanted(&self) -> Option<String> {
        let sport = self.sport.as_deref().map(|sport| word(sport.trim()))?;
        Some(sport).filter(|sport| !sport.is_empty())
    }
}

/// What was asked for, or else what holds for every sport without zones of its own.
fn chosen<T>(found: Vec<T>, wanted: Option<&str>, sport: impl Fn(&T) -> Option<String>) -> Vec<T> {
    let Some(wanted) = wanted else { return found };
    let is = |it: &T, name: &str| sport(it).as_deref() == Some(name);
    let name = if found.iter().any(|it| is(it, wanted)) { wanted } else { "default" };
    found.into_iter().filter(|it| is(it, name)).collect()
}

/// `get_heart_rate_zones`
pub(super) struct HeartRateZonesOf;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HeartRateZonesAnswer {
    status: Status,
    /// One per sport; `default` is for all others.
    zones: Vec<SportZones>,
}

/// The heart rate zones of one sport.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct SportZones {
    sport: String,
    /// What they are counted from: `hr_max`, `hr_reserve` or `lactate_threshold`.
    method: Option<String>,
    /// Beats per minute at which zones 1 to 5 begin.
    zones_from_bpm: Vec<Option<i64>>,
    max_hr_bpm: Option<i64>,
    resting_hr_bpm: Option<i64>,
    lactate_threshold_hr_bpm: Option<i64>,
}

/// Nothing for a sport without any zone.
pub(super) fn sport_zones(zones: &HeartRateZones) -> Option<SportZones> {
    let floors = vec![
        zones.zone_1_floor,
        zones.zone_2_floor,
        zones.zone_3_floor,
        zones.zone_4_floor,
        zones.zone_5_floor,
    ];
    floors.iter().any(Option::is_some).then_some(())?;
    Some(SportZones {
        sport: word(zones.sport.as_deref()?),
        method: zones.method.as_deref().map(word),
        zones_from_bpm: floors,
        max_hr_bpm: zones.max,
        resting_hr_bpm: zones.resting,
        lactate_threshold_hr_bpm: zones.lactate_threshold,
    })
}

impl Tool for HeartRateZonesOf {
    const NAME: &'static str = "get_heart_rate_zones";
    const TITLE: &'static str = "Heart rate zones";
    const DESCRIPTION: &'static str = "Where the athlete's heart rate zones begin, per sport, \
        and what they are counted from.";
    type Args = ZonesArgs;
    type Answer = HeartRateZonesAnswer;

    async fn call(account: &Account, args: ZonesArgs) -> Result<Self::Answer, ToolError> {
        let found = account.garmin()?.heart_rate_zones().await?.unwrap_or_default();
        let zones: Vec<SportZones> = found.iter().filter_map(sport_zones).collect();
        let zones = chosen(zones, args.wanted().as_deref(), |it| Some(it.sport.clone()));
        let status = if zones.is_empty() { Status::NoData } else { Status::Ok };
        Ok(HeartRateZonesAnswer { status, zones })
    }
}

/// `get_power_zones`
pub(super) struct PowerZonesOf;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PowerZonesAnswer {
    status: Status,
    zones: Vec<SportPower>,
}

/// The power zones of one sport.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct SportPower {
    sport: String,
    ftp_w: Option<i64>,
    zones: Vec<PowerZone>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct PowerZone {
    zone: usize,
    /// Where it begins.
    low_w: i64,
    pct_of_ftp: Option<f64>,
}

pub(super) fn sport_power(zones: &PowerZones) -> Option<SportPower> {
    // Zero is how Garmin writes that there is no threshold.
    let threshold = zones.threshold_w.map(whole).filter(|threshold| *threshold > 0);
    let floors = [
        zones.zone_1_floor,
        zones.zone_2_floor,
        zones.zone_3_floor,
        zones.zone_4_floor,
        zones.zone_5_floor,
        zones.zone_6_floor,
        zones.zone_7_floor,
    ];
    let floors: Vec<PowerZone> = floors
        .into_iter()
        .enumerate()
        .filter_map(|(at, floor)| {
            let low_w = whole(floor?);
            let pct_of_ftp = threshold.and_then(|threshold| share(low_w, threshold));
            Some(PowerZone { zone: at + 1, low_w, pct_of_ftp })
        })
        .collect();
    let sport = word(zones.sport.as_deref()?);
    (threshold.is_some() || floors.iter().any(|zone| zone.low_w > 0)).then_some(SportPower {
        sport,
        ftp_w: threshold,
        zones: floors,
    })
}

impl Tool for PowerZonesOf {
    const NAME: &'static str = "get_power_zones";
    const TITLE: &'static str = "Power zones";
    const DESCRIPTION: &'static str =
        "Where the athlete's power zones begin, per sport, in watts and percent of FTP.";
    type Args = ZonesArgs;
    type Answer = PowerZonesAnswer;

    async fn call(account: &Account, args: ZonesArgs) -> Result<Self::Answer, ToolError> {
        let found = account.garmin()?.power_zones().await?.unwrap_or_default();
        let zones: Vec<SportPower> = found.iter().filter_map(sport_power).collect();
        let zones = chosen(zones, args.wanted().as_deref(), |it| Some(it.sport.clone()));
        let status = if zones.is_empty() { Status::NoData } else { Status::Ok };
        Ok(PowerZonesAnswer { status, zones })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sport_without_zones_of_its_own_has_the_default_ones() {
        let zones = |sport: &str| SportZones {
            sport: sport.to_owned(),
            method: None,
            zones_from_bpm: vec![Some(94); 5],
            max_hr_bpm: None,
            resting_hr_bpm: None,
            lactate_threshold_hr_bpm: None,
        };
        let all = || vec![zones("default"), zones("cycling")];
        let names = |wanted: Option<&str>| -> Vec<String> {
            let chosen = chosen(all(), wanted, |it| Some(it.sport.clone()));
            chosen.into_iter().map(|zones| zones.sport).collect()
        };
        assert_eq!(names(None), ["default", "cycling"]);
        assert_eq!(
            (names(Some("cycling")), names(Some("running"))),
            (vec!["cycling".to_owned()], vec!["default".to_owned()])
        );
    }

    #[test]
    fn power_zones_are_shares_of_the_threshold_and_no_threshold_is_none() {
        let zones: PowerZones = serde_json::from_str(
            r#"{"sport":"CYCLING","functionalThresholdPower":"250","zone1Floor":0,
                "zone2Floor":138.0,"zone7Floor":null}"#,
        )
        .unwrap();
        let shown = sport_power(&zones).unwrap();
        assert_eq!((shown.sport.as_str(), shown.ftp_w), ("cycling", Some(250)));
        assert_eq!(shown.zones.len(), 2);
        assert_eq!((shown.zones[0].low_w, shown.zones[0].pct_of_ftp), (0, Some(0.0)));
        assert_eq!(shown.zones[1].pct_of_ftp, Some(55.2));
        let none = PowerZones {
            sport: Some("RUNNING".into()),
            threshold_w: Some(0.0),
            zone_1_floor: Some(0.0),
            ..PowerZones::default()
        };
        assert_eq!(sport_power(&none), None);
    }
}

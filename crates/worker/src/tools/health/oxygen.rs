//! Blood oxygen of one day.

use garmin::model::Spo2;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::day::DayArgs;
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, tenth, whole};

/// `get_spo2`
pub(super) struct BloodOxygen;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OxygenAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_spo2_pct: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_spo2_pct: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_avg_spo2_pct: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seven_day_avg_spo2_pct: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_spo2_pct: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_at: Option<String>,
    /// Hourly averages, oldest first.
    readings: Vec<Hour>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Hour {
    time: String,
    spo2_pct: i64,
}

fn answer(oxygen: &Spo2, zone: &TimeZone) -> Option<OxygenAnswer> {
    let readings: Vec<Hour> = oxygen
        .hourly()
        .iter()
        .filter_map(|hour| Some(Hour { time: moment(hour.at, zone), spo2_pct: whole(hour.value?) }))
        .collect();
    if oxygen.average.is_none() && oxygen.latest.is_none() && readings.is_empty() {
        return None;
    }
    Some(OxygenAnswer {
        avg_spo2_pct: oxygen.average.map(tenth),
        lowest_spo2_pct: oxygen.lowest.map(whole),
        sleep_avg_spo2_pct: oxygen.sleep_average.map(tenth),
        seven_day_avg_spo2_pct: oxygen.seven_day_average.map(tenth),
        latest_spo2_pct: oxygen.latest.map(whole),
        latest_at: oxygen.latest_at.map(|at| moment(at, zone)),
        readings,
    })
}

impl Tool for BloodOxygen {
    const NAME: &'static str = "get_spo2";
    const TITLE: &'static str = "Blood oxygen of one day";
    const DESCRIPTION: &'static str = "Blood oxygen saturation of one day: average, lowest, \
        latest, during sleep, and hourly averages.";
    type Args = DayArgs;
    type Answer = Reading<OxygenAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let oxygen = garmin.spo2(day).await?;
        let data = oxygen.and_then(|oxygen| answer(&oxygen, &zone));
        Ok(account.reading(day, today, data).await)
    }
}

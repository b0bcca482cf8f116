//! Breathing and blood oxygen of one day.

use garmin::model::{Respiration, Spo2};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::day::{CurveArgs, DayArgs};
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, tenth, whole};
use crate::tools::series::{self, Series};

#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "the unit belongs into every key")]
pub(super) struct Summary {
    lowest_breaths_per_min: Option<f64>,
    highest_breaths_per_min: Option<f64>,
    avg_waking_breaths_per_min: Option<f64>,
    avg_sleep_breaths_per_min: Option<f64>,
}

/// Nobody breathes not at all, and −1 and −2 say that the watch could not tell.
fn breaths(value: Option<f64>) -> Option<f64> {
    value.filter(|value| *value > 0.0).map(tenth)
}

fn summary(day: &Respiration) -> Option<Summary> {
    let summary = Summary {
        lowest_breaths_per_min: breaths(day.lowest),
        highest_breaths_per_min: breaths(day.highest),
        avg_waking_breaths_per_min: breaths(day.waking_average),
        avg_sleep_breaths_per_min: breaths(day.sleep_average),
    };
    let known = [
        summary.lowest_breaths_per_min,
        summary.highest_breaths_per_min,
        summary.avg_waking_breaths_per_min,
        summary.avg_sleep_breaths_per_min,
    ];
    let measured = || day.samples().iter().any(|sample| sample.value.is_some());
    (known.iter().any(Option::is_some) || measured()).then_some(summary)
}

/// `get_respiration_summary`
pub(super) struct RespirationSummary;

impl Tool for RespirationSummary {
    const NAME: &'static str = "get_respiration_summary";
    const TITLE: &'static str = "Breathing of one day in short";
    const DESCRIPTION: &'static str =
        "Lowest, highest, waking and sleeping breaths per minute of one day.";
    type Args = DayArgs;
    type Answer = Reading<Summary>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let breathing = account.garmin()?.respiration(day).await?;
        Ok(account.reading(day, today, breathing.as_ref().and_then(summary)).await)
    }
}

/// `get_respiration_data`
pub(super) struct RespirationData;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CurveAnswer {
    #[serde(flatten)]
    summary: Summary,
    /// Average breaths per minute.
    series: Option<Series<f64>>,
}

impl Tool for RespirationData {
    const NAME: &'static str = "get_respiration_data";
    const TITLE: &'static str = "Breathing over one day";
    const DESCRIPTION: &'static str = "Breaths per minute of one day: lowest, highest, waking, \
        sleeping, and the course. get_respiration_summary leaves the course out.";
    type Args = CurveArgs;
    type Answer = Reading<CurveAnswer>;

    async fn call(account: &Account, args: CurveArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let step_s = args.resolution.seconds();
        let data = garmin.respiration(day).await?.and_then(|breathing| {
            Some(CurveAnswer {
                summary: summary(&breathing)?,
                series: series::fine_averages_every(step_s, &breathing.samples(), &zone),
            })
        });
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_spo2_data`
pub(super) struct BloodOxygen;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OxygenAnswer {
    avg_spo2_percent: Option<f64>,
    lowest_spo2_percent: Option<i64>,
    avg_sleep_spo2_percent: Option<f64>,
    last_7_days_avg_spo2: Option<f64>,
    latest_spo2_percent: Option<i64>,
    latest_reading_time: Option<String>,
    /// Percent.
    hourly_averages: Option<Series>,
}

/// A saturation; 0 and less say that nothing was measured.
fn percent(value: Option<f64>) -> Option<f64> {
    value.filter(|value| *value > 0.0 && *value <= 100.0)
}

fn oxygen(day: &Spo2, zone: &TimeZone) -> Option<OxygenAnswer> {
    let mut hours = day.hourly();
    for hour in &mut hours {
        hour.value = percent(hour.value);
    }
    let hourly_averages = series::averages_every(3600, &hours, zone);
    let (average, latest) = (percent(day.average), percent(day.latest));
    if average.is_none() && latest.is_none() && hourly_averages.is_none() {
        return None;
    }
    Some(OxygenAnswer {
        avg_spo2_percent: average.map(tenth),
        lowest_spo2_percent: percent(day.lowest).map(whole),
        avg_sleep_spo2_percent: percent(day.sleep_average).map(tenth),
        last_7_days_avg_spo2: percent(day.seven_day_average).map(tenth),
        latest_spo2_percent: latest.map(whole),
        latest_reading_time: day.latest_at.map(|at| moment(at, zone)),
        hourly_averages,
    })
}

impl Tool for BloodOxygen {
    const NAME: &'static str = "get_spo2_data";
    const TITLE: &'static str = "Blood oxygen of one day";
    const DESCRIPTION: &'static str = "Blood oxygen saturation of one day: average, lowest, \
        latest, during sleep, over seven days, and hourly averages.";
    type Args = DayArgs;
    type Answer = Reading<OxygenAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let data = garmin.spo2(day).await?.and_then(|it| oxygen(&it, &zone));
        Ok(account.reading(day, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_watch_could_not_tell_is_absent() {
        let day = Respiration { lowest: Some(-1.0), highest: Some(-2.0), ..Respiration::default() };
        assert!(summary(&day).is_none());
        let day = Respiration { lowest: Some(8.04), ..Respiration::default() };
        assert_eq!(summary(&day).unwrap().lowest_breaths_per_min, Some(8.0));
        let oxygen_of = |average| Spo2 { average: Some(average), ..Spo2::default() };
        assert!(oxygen(&oxygen_of(0.0), &TimeZone::UTC).is_none());
        assert!(oxygen(&oxygen_of(96.0), &TimeZone::UTC).is_some());
    }
}

//! Stress of one day.

use garmin::model::Stress;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::day::DayArgs;
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::share;
use crate::tools::series::{self, Series};

/// `get_stress`
pub(super) struct DayStress;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StressAnswer {
    /// 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_stress: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_stress: Option<i64>,
    /// Share of the measured time at each level. Moving is not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    shares: Option<Shares>,
    /// Average stress over each quarter of an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Series>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "the unit belongs into every key")]
struct Shares {
    /// 0 to 25.
    rest_pct: f64,
    /// 26 to 50.
    low_pct: f64,
    /// 51 to 75.
    medium_pct: f64,
    /// 76 to 100.
    high_pct: f64,
}

fn shares(values: &[f64]) -> Option<Shares> {
    let all = i64::try_from(values.len()).ok()?;
    let within = |from: f64, to: f64| {
        let count = values.iter().filter(|value| (from..to).contains(*value)).count();
        share(i64::try_from(count).ok()?, all)
    };
    Some(Shares {
        rest_pct: within(0.0, 26.0)?,
        low_pct: within(26.0, 51.0)?,
        medium_pct: within(51.0, 76.0)?,
        high_pct: within(76.0, f64::INFINITY)?,
    })
}

fn answer(stress: &Stress, zone: &TimeZone) -> Option<StressAnswer> {
    let samples = stress.samples();
    let values: Vec<f64> = samples.iter().filter_map(|sample| sample.value).collect();
    let measured = |level: &i64| *level >= 0;
    let average = stress.average.filter(measured);
    if average.is_none() && values.is_empty() {
        return None;
    }
    Some(StressAnswer {
        avg_stress: average,
        max_stress: stress.max.filter(measured),
        shares: shares(&values),
        series: series::averages(&samples, zone),
    })
}

impl Tool for DayStress {
    const NAME: &'static str = "get_stress";
    const TITLE: &'static str = "Stress of one day";
    const DESCRIPTION: &'static str = "Average and highest stress of one day (0 to 100), the \
        share of time at each level, and its course as averages over quarters of an hour.";
    type Args = DayArgs;
    type Answer = Reading<StressAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let stress = garmin.stress(day).await?;
        let data = stress.and_then(|stress| answer(&stress, &zone));
        Ok(account.reading(day, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measured_moment_is_at_exactly_one_level() {
        let shares = shares(&[0.0, 25.0, 26.0, 50.0, 51.0, 75.0, 76.0, 100.0]).unwrap();
        let quarters = Shares { rest_pct: 25.0, low_pct: 25.0, medium_pct: 25.0, high_pct: 25.0 };
        assert_eq!(shares, quarters);
        assert_eq!(super::shares(&[]), None);
    }
}

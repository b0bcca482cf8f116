//! Stress of one day.

use garmin::model::{Sample, Stress};
use schemars::JsonSchema;
use serde::Serialize;

use super::day::{CurveArgs, DayArgs, level};
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{float, share};
use crate::tools::series::{self, Series};

#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Summary {
    /// 0 to 100.
    avg_stress_level: Option<i64>,
    max_stress_level: Option<i64>,
    /// 0 to 25: share of the measured time, as below. Moving is not measured.
    rest_percent: Option<f64>,
    /// 26 to 50.
    low_stress_percent: Option<f64>,
    /// 51 to 75.
    medium_stress_percent: Option<f64>,
    /// 76 to 100.
    high_stress_percent: Option<f64>,
    data_points_count: Option<usize>,
}

fn summary(stress: &Stress) -> Option<Summary> {
    let values: Vec<f64> = stress.samples().iter().filter_map(|sample| sample.value).collect();
    let average = level(stress.average);
    if average.is_none() && values.is_empty() {
        return None;
    }
    let all = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let within = |from: f64, to: f64| {
        let count = values.iter().filter(|value| (from..to).contains(*value)).count();
        share(i64::try_from(count).ok()?, all)
    };
    Some(Summary {
        avg_stress_level: average,
        max_stress_level: level(stress.max),
        rest_percent: within(0.0, 26.0),
        low_stress_percent: within(26.0, 51.0),
        medium_stress_percent: within(51.0, 76.0),
        high_stress_percent: within(76.0, f64::INFINITY),
        data_points_count: (!values.is_empty()).then_some(values.len()),
    })
}

/// `get_stress_summary`
pub(super) struct StressSummary;

impl Tool for StressSummary {
    const NAME: &'static str = "get_stress_summary";
    const TITLE: &'static str = "Stress of one day in short";
    const DESCRIPTION: &'static str = "Average and highest stress of one day (0 to 100) and the \
        share of time at rest and at low, medium and high stress.";
    type Args = DayArgs;
    type Answer = Reading<Summary>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let stress = account.garmin()?.stress(day).await?;
        Ok(account.reading(day, today, stress.as_ref().and_then(summary)).await)
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CurveAnswer {
    #[serde(flatten)]
    summary: Summary,
    /// Average stress.
    series: Option<Series>,
    /// The level at the end of each stretch.
    body_battery: Option<Series>,
}

async fn curve(account: &Account, args: CurveArgs) -> Result<Reading<CurveAnswer>, ToolError> {
    let today = account.today().await?;
    let day = args.date.resolve("date", today)?;
    let garmin = account.garmin()?;
    let zone = garmin.zone().await?;
    let stress = garmin.stress(day).await?;
    let step_s = args.resolution.seconds();
    let data = stress.and_then(|stress| {
        let battery: Vec<Sample> = stress
            .body_battery()
            .into_iter()
            .map(|point| Sample { at: point.at, value: Some(float(point.level)) })
            .collect();
        Some(CurveAnswer {
            summary: summary(&stress)?,
            series: series::averages_every(step_s, &stress.samples(), &zone),
            body_battery: series::levels_every(step_s, &battery, &zone),
        })
    });
    Ok(account.reading(day, today, data).await)
}

/// `get_stress_data`
pub(super) struct StressData;

impl Tool for StressData {
    const NAME: &'static str = "get_stress_data";
    const TITLE: &'static str = "Stress over one day";
    const DESCRIPTION: &'static str = "Stress of one day: average, highest, shares of time, and \
        the course of stress and Body Battery. get_stress_summary leaves the course out.";
    type Args = CurveArgs;
    type Answer = Reading<CurveAnswer>;

    async fn call(account: &Account, args: CurveArgs) -> Result<Self::Answer, ToolError> {
        curve(account, args).await
    }
}

/// `get_all_day_stress`
pub(super) struct AllDayStress;

impl Tool for AllDayStress {
    const NAME: &'static str = "get_all_day_stress";
    const TITLE: &'static str = "Stress over one day";
    const DESCRIPTION: &'static str = "Another name of get_stress_data, with the same answer.";
    type Args = CurveArgs;
    type Answer = Reading<CurveAnswer>;

    async fn call(account: &Account, args: CurveArgs) -> Result<Self::Answer, ToolError> {
        curve(account, args).await
    }
}

#[cfg(test)]
mod tests {
    use garmin::model::Cell;

    use super::*;

    fn day(levels: &[f64]) -> Stress {
        let row = |(at, level): (usize, &f64)| {
            #[expect(clippy::cast_precision_loss, reason = "a test of a few rows")]
            let at = 1_777_586_400_000.0 + at as f64 * 180_000.0;
            vec![Cell::Number(at), Cell::Number(*level)]
        };
        Stress {
            stress_rows: Some(levels.iter().enumerate().map(row).collect()),
            ..Stress::default()
        }
    }

    #[test]
    fn every_measured_moment_is_at_exactly_one_level_and_zero_is_rest() {
        let shown =
            summary(&day(&[0.0, 25.0, 26.0, 50.0, 51.0, 75.0, 76.0, 100.0, -1.0, -2.0])).unwrap();
        let quarters = [
            shown.rest_percent,
            shown.low_stress_percent,
            shown.medium_stress_percent,
            shown.high_stress_percent,
        ];
        assert_eq!(quarters, [Some(25.0); 4]);
        assert_eq!(shown.data_points_count, Some(8));
        assert_eq!(summary(&day(&[-1.0, -2.0])), None);
    }
}

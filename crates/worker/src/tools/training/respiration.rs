//! Breathing over many days.

use garmin::model::RespirationDay;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::TREND;
use crate::account::Account;
use crate::answer::{Coverage, Stretch};
use crate::args::RangeArgs;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::tenth;
use crate::tools::series::mean;
use crate::tools::table::Table;

/// `get_respiration_trend`
pub(super) struct Trend;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TrendAnswer {
    days_with_data: usize,
    coverage: Coverage,
    period_avg_sleep_breaths_per_min: Option<f64>,
    period_avg_waking_breaths_per_min: Option<f64>,
    trend: Table,
}

/// Negative numbers say that nothing was measured.
fn breaths(value: Option<f64>) -> Option<f64> {
    value.filter(|value| *value > 0.0).map(tenth)
}

fn trend(days: &[RespirationDay], days_requested: u32) -> Option<TrendAnswer> {
    let rows: Vec<Vec<Value>> = days
        .iter()
        .filter(|day| breaths(day.waking).is_some() || breaths(day.asleep).is_some())
        .map(|day| {
            vec![
                json!(day.date.map(|date| date.to_string())),
                json!(breaths(day.waking)),
                json!(breaths(day.asleep)),
            ]
        })
        .collect();
    let average = |of: fn(&RespirationDay) -> Option<f64>| {
        let values: Vec<f64> = days.iter().filter_map(|day| breaths(of(day))).collect();
        mean(&values).map(tenth)
    };
    (!rows.is_empty()).then(|| TrendAnswer {
        days_with_data: rows.len(),
        coverage: Coverage { days_requested, days_with_data: rows.len() },
        period_avg_sleep_breaths_per_min: average(|day| day.asleep),
        period_avg_waking_breaths_per_min: average(|day| day.waking),
        trend: Table::of(
            &["date", "avg_waking_breaths_per_min", "avg_sleep_breaths_per_min"],
            rows,
        ),
    })
}

impl Tool for Trend {
    const NAME: &'static str = "get_respiration_trend";
    const TITLE: &'static str = "Breathing over days";
    const DESCRIPTION: &'static str =
        "Breaths per minute awake and asleep, day by day; four weeks by default.";
    type Args = RangeArgs;
    type Answer = Stretch<TrendAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, TREND)?;
        let days = account.garmin()?.respiration_days(range).await?;
        Ok(account.stretch(range, today, trend(&days, range.length())).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_a_measurement_are_no_days_of_minus_one_breath() {
        let days: Vec<RespirationDay> = serde_json::from_str(
            r#"[{"calendarDate":"2026-05-01","avgWakingRespiration":14.0,"avgSleepRespiration":null},
                {"calendarDate":"2026-05-02","avgWakingRespiration":-1,"avgSleepRespiration":-2.0},
                {"calendarDate":"2026-05-03","avgWakingRespiration":15,"avgSleepRespiration":"13"}]"#,
        )
        .unwrap();
        let answer = trend(&days, 3).unwrap();
        assert_eq!(
            (answer.days_with_data, answer.period_avg_sleep_breaths_per_min),
            (2, Some(13.0))
        );
        assert_eq!(answer.period_avg_waking_breaths_per_min, Some(14.5));
        assert!(trend(&days[1..2], 1).is_none());
    }
}

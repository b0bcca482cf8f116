//! Totals day by day.

use std::collections::BTreeMap;

use garmin::model::CalorieDay;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::Account;
use crate::answer::{Coverage, Stretch};
use crate::args::{RangeArgs, Window};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::whole;

/// Eight questions of four weeks.
const LONGEST_STEPS: u32 = 224;
/// The same where every window takes two.
const LONGEST_STATS: u32 = 112;

/// `get_daily_steps`
pub(super) struct DailySteps;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StepsAnswer {
    /// Days without data are left out.
    days: Vec<StepDay>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct StepDay {
    date: String,
    steps: Option<i64>,
    distance_m: Option<i64>,
    goal: Option<i64>,
}

impl Tool for DailySteps {
    const NAME: &'static str = "get_daily_steps";
    const TITLE: &'static str = "Steps day by day";
    const DESCRIPTION: &'static str = "Steps, distance on foot and step goal of each day of a \
        range of at most 224.";
    type Args = RangeArgs;
    type Answer = Stretch<StepsAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, Window::past(7, LONGEST_STEPS))?;
        let rows = account.garmin()?.steps_days(range).await?;
        let days: BTreeMap<Date, StepDay> = rows
            .into_iter()
            .filter_map(|row| {
                let date = row.date?;
                let day = StepDay {
                    date: date.to_string(),
                    steps: row.steps,
                    distance_m: row.distance_m.map(whole),
                    goal: row.goal,
                };
                (day.steps.is_some() || day.distance_m.is_some()).then_some((date, day))
            })
            .collect();
        let coverage = Coverage { days_requested: range.length(), days_with_data: days.len() };
        let data = (!days.is_empty())
            .then(|| StepsAnswer { days: days.into_values().collect(), coverage });
        Ok(account.stretch(range, today, data).await)
    }
}

/// `get_stats_range`
pub(super) struct StatsRange;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StatsAnswer {
    /// Every day of the range, with or without data.
    days: Vec<StatsDay>,
    coverage: Coverage,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct StatsDay {
    date: String,
    steps: Option<i64>,
    total_calories: Option<i64>,
    active_calories: Option<i64>,
    resting_calories: Option<i64>,
    has_data: bool,
    /// The day is not over.
    is_partial: bool,
}

fn by_date(rows: Vec<CalorieDay>) -> BTreeMap<Date, garmin::model::TotalValues> {
    rows.into_iter().filter_map(|row| Some((row.date?, row.values?))).collect()
}

impl Tool for StatsRange {
    const NAME: &'static str = "get_stats_range";
    const TITLE: &'static str = "Calories and steps day by day";
    const DESCRIPTION: &'static str = "Calories and steps of each day of a range of at most \
        112, and whether the day has data and is over. Other figures: get_health_trend.";
    type Args = RangeArgs;
    type Answer = Stretch<StatsAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, Window::past(7, LONGEST_STATS))?;
        let garmin = account.garmin()?;
        let (energy, steps) = tokio::join!(garmin.calorie_days(range), garmin.step_totals(range));
        let (energy, steps) = (by_date(energy?), by_date(steps?));
        let days: Vec<StatsDay> = range
            .days()
            .map(|day| {
                let energy = energy.get(&day.date());
                let kcal = |of: fn(&garmin::model::TotalValues) -> Option<f64>| {
                    energy.and_then(of).map(whole)
                };
                let steps = steps.get(&day.date()).and_then(|it| it.steps);
                let total_calories = kcal(|it| it.total_kcal);
                StatsDay {
                    date: day.to_string(),
                    steps,
                    total_calories,
                    active_calories: kcal(|it| it.active_kcal),
                    resting_calories: kcal(|it| it.resting_kcal),
                    has_data: steps.is_some() || total_calories.is_some(),
                    is_partial: day == today,
                }
            })
            .collect();
        let days_with_data = days.iter().filter(|day| day.has_data).count();
        let coverage = Coverage { days_requested: range.length(), days_with_data };
        let data = (days_with_data > 0).then_some(StatsAnswer { days, coverage });
        Ok(account.stretch(range, today, data).await)
    }
}

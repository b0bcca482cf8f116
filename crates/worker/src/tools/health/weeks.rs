//! Weeks of seven days that end on a given one.

use garmin::days::{Day, DayRange};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::day::{credited, level};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{NamedDay, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{share, tenth, whole};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WeeksArgs {
    /// The last day of the last week.
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    end_date: NamedDay,
    /// Default 4
    weeks: Option<Whole<1, 52>>,
}

impl WeeksArgs {
    async fn resolve(&self, account: &Account) -> Result<(Day, u32), ToolError> {
        let today = account.today().await?;
        let end = self.end_date.resolve("end_date", today)?;
        Ok((end, self.weeks.map_or(4, |weeks| weeks.0)))
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WeeksAnswer<T> {
    status: Status,
    end_date: String,
    weeks_requested: u32,
    weeks_returned: usize,
    /// Newest first; weeks without data are left out.
    weekly_data: Vec<T>,
}

impl<T> WeeksAnswer<T> {
    fn of(end: Day, weeks: u32, rows: impl Iterator<Item = (Date, T)>) -> Self {
        let mut rows: Vec<(Date, T)> = rows.collect();
        rows.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
        Self {
            status: if rows.is_empty() { Status::NoData } else { Status::Ok },
            end_date: end.to_string(),
            weeks_requested: weeks,
            weeks_returned: rows.len(),
            weekly_data: rows.into_iter().map(|(_, row)| row).collect(),
        }
    }
}

/// `get_weekly_steps`
pub(super) struct WeeklySteps;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct StepsWeek {
    week_start: String,
    total_steps: Option<i64>,
    average_steps: Option<f64>,
    total_distance_meters: Option<i64>,
    average_distance_meters: Option<f64>,
    days_with_data: Option<i64>,
}

impl Tool for WeeklySteps {
    const NAME: &'static str = "get_weekly_steps";
    const TITLE: &'static str = "Steps week by week";
    const DESCRIPTION: &'static str =
        "Steps and distance on foot of up to 52 weeks of seven days that end on `end_date`.";
    type Args = WeeksArgs;
    type Answer = WeeksAnswer<StepsWeek>;

    async fn call(account: &Account, args: WeeksArgs) -> Result<Self::Answer, ToolError> {
        let (end, weeks) = args.resolve(account).await?;
        let rows = account.garmin()?.steps_weeks(end, weeks).await?.unwrap_or_default();
        let rows = rows.into_iter().filter_map(|row| {
            let (start, values) = (row.start?, row.values?);
            let week = StepsWeek {
                week_start: start.to_string(),
                total_steps: values.total.map(whole),
                average_steps: values.average.map(tenth),
                total_distance_meters: values.total_distance_m.map(whole),
                average_distance_meters: values.average_distance_m.map(tenth),
                days_with_data: values.days_with_data,
            };
            Some((start, week))
        });
        Ok(WeeksAnswer::of(end, weeks, rows))
    }
}

/// `get_weekly_stress`
pub(super) struct WeeklyStress;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct StressWeek {
    week_start: String,
    /// 0 to 100.
    stress_value: i64,
}

impl Tool for WeeklyStress {
    const NAME: &'static str = "get_weekly_stress";
    const TITLE: &'static str = "Stress week by week";
    const DESCRIPTION: &'static str =
        "Average stress of up to 52 weeks of seven days that end on `end_date`.";
    type Args = WeeksArgs;
    type Answer = WeeksAnswer<StressWeek>;

    async fn call(account: &Account, args: WeeksArgs) -> Result<Self::Answer, ToolError> {
        let (end, weeks) = args.resolve(account).await?;
        let rows = account.garmin()?.stress_weeks(end, weeks).await?.unwrap_or_default();
        let rows = rows.into_iter().filter_map(|row| {
            let start = row.start?;
            let stress_value = level(row.level)?;
            Some((start, StressWeek { week_start: start.to_string(), stress_value }))
        });
        Ok(WeeksAnswer::of(end, weeks, rows))
    }
}

/// `get_weekly_intensity_minutes`
pub(super) struct WeeklyIntensity;

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct IntensityWeek {
    week_start: String,
    weekly_goal: Option<i64>,
    moderate_minutes: Option<i64>,
    vigorous_minutes: Option<i64>,
    /// Time spent.
    total_minutes: Option<i64>,
    /// What counts towards the goal: vigorous minutes count twice.
    credited_minutes: Option<i64>,
    goal_reached_pct: Option<f64>,
}

fn intensity_week(row: &garmin::model::IntensityDay) -> Option<(Date, IntensityWeek)> {
    let start = row.date?;
    let (moderate, vigorous) = (row.moderate_min, row.vigorous_min);
    let credited = credited(moderate, vigorous)?;
    let week = IntensityWeek {
        week_start: start.to_string(),
        weekly_goal: row.weekly_goal_min,
        moderate_minutes: moderate,
        vigorous_minutes: vigorous,
        total_minutes: Some(moderate.unwrap_or(0).saturating_add(vigorous.unwrap_or(0))),
        credited_minutes: Some(credited),
        goal_reached_pct: row.weekly_goal_min.and_then(|goal| share(credited, goal)),
    };
    Some((start, week))
}

impl Tool for WeeklyIntensity {
    const NAME: &'static str = "get_weekly_intensity_minutes";
    const TITLE: &'static str = "Intensity minutes week by week";
    const DESCRIPTION: &'static str = "Moderate, vigorous and credited intensity minutes of up \
        to 52 weeks against the weekly goal.";
    type Args = WeeksArgs;
    type Answer = WeeksAnswer<IntensityWeek>;

    async fn call(account: &Account, args: WeeksArgs) -> Result<Self::Answer, ToolError> {
        let (end, weeks) = args.resolve(account).await?;
        let days = weeks * 7;
        // `weeks` is at most 52, so the range is never refused.
        let range =
            DayRange::new(end.back(days - 1), end, days).unwrap_or_else(|_| DayRange::one(end));
        let rows = account.garmin()?.intensity_weeks(range).await?.unwrap_or_default();
        Ok(WeeksAnswer::of(end, weeks, rows.iter().filter_map(intensity_week)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d17_a_weeks_vigorous_minutes_are_credited_twice_as_the_goal_counts_them() {
        let row = garmin::model::IntensityDay {
            date: Some("2026-05-04".parse().unwrap()),
            weekly_goal_min: Some(150),
            moderate_min: Some(30),
            vigorous_min: Some(60),
        };
        let (_, week) = intensity_week(&row).unwrap();
        assert_eq!((week.total_minutes, week.credited_minutes), (Some(90), Some(150)));
        assert_eq!(week.goal_reached_pct, Some(100.0));
        let empty = garmin::model::IntensityDay { date: row.date, ..Default::default() };
        assert_eq!(intensity_week(&empty), None);
    }
}

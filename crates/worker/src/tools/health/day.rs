//! The totals of one day.

use garmin::days::{Day, DayRange};
use garmin::model::DailySummary;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::composition::{Composition, averages};
use crate::account::Account;
use crate::answer::Reading;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{moment, tenth, whole, word};
use crate::tools::series::Resolution;

/// One day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::tools) struct DayArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    pub(in crate::tools) date: NamedDay,
}

/// One day and how finely its course is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CurveArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    pub(super) date: NamedDay,
    #[serde(default)]
    pub(super) resolution: Resolution<15>,
}

/// The summary of a day, unless the watch was not worn.
async fn summary(
    account: &Account,
    date: NamedDay,
) -> Result<(Day, Day, Option<DailySummary>), ToolError> {
    let today = account.today().await?;
    let day = date.resolve("date", today)?;
    let summary = account.garmin()?.daily_summary(day).await?;
    Ok((day, today, summary.filter(DailySummary::has_data)))
}

/// `get_stats`
pub(super) struct Stats;

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct StatsAnswer {
    total_steps: Option<i64>,
    daily_step_goal: Option<i64>,
    /// Rides included.
    distance_meters: Option<i64>,
    floors_ascended: Option<f64>,
    floors_descended: Option<f64>,
    floors_goal: Option<i64>,
    total_calories: Option<i64>,
    active_calories: Option<i64>,
    bmr_calories: Option<i64>,
    consumed_calories: Option<i64>,
    highly_active_seconds: Option<i64>,
    active_seconds: Option<i64>,
    sedentary_seconds: Option<i64>,
    sleeping_seconds: Option<i64>,
    moderate_intensity_minutes: Option<i64>,
    vigorous_intensity_minutes: Option<i64>,
    /// What counts towards the weekly goal: vigorous minutes count twice.
    credited_intensity_minutes: Option<i64>,
    /// The goal of a whole week, not of this day.
    intensity_minutes_goal: Option<i64>,
    min_heart_rate_bpm: Option<i64>,
    max_heart_rate_bpm: Option<i64>,
    resting_heart_rate_bpm: Option<i64>,
    last_7_days_avg_resting_hr: Option<i64>,
    /// 0 to 100.
    avg_stress_level: Option<i64>,
    max_stress_level: Option<i64>,
    stress_qualifier: Option<String>,
    body_battery_charged: Option<i64>,
    body_battery_drained: Option<i64>,
    body_battery_highest: Option<i64>,
    body_battery_lowest: Option<i64>,
    body_battery_current: Option<i64>,
    body_battery_at_wake: Option<i64>,
    avg_spo2_percent: Option<i64>,
    lowest_spo2_percent: Option<i64>,
    /// Breaths per minute.
    avg_waking_respiration: Option<i64>,
    highest_respiration: Option<i64>,
    lowest_respiration: Option<i64>,
    /// When the watch last sent data: what came after is not in here.
    last_sync: Option<String>,
}

/// Garmin's own arithmetic: a vigorous minute counts as two. Nothing where neither is known.
pub(super) fn credited(moderate: Option<i64>, vigorous: Option<i64>) -> Option<i64> {
    match (moderate, vigorous) {
        (None, None) => None,
        (moderate, vigorous) => {
            Some(moderate.unwrap_or(0).saturating_add(vigorous.unwrap_or(0).saturating_mul(2)))
        }
    }
}

/// A stress level or Body Battery, unless it is a code for "not measurable".
pub(super) fn level(value: Option<i64>) -> Option<i64> {
    value.filter(|level| (0..=100).contains(level))
}

impl StatsAnswer {
    fn of(day: &DailySummary, zone: &TimeZone) -> Self {
        Self {
            total_steps: day.steps,
            daily_step_goal: day.step_goal,
            distance_meters: day.distance_m.map(whole),
            floors_ascended: day.floors_ascended.map(tenth),
            floors_descended: day.floors_descended.map(tenth),
            floors_goal: day.floors_goal,
            total_calories: day.total_kilocalories.map(whole),
            active_calories: day.active_kilocalories.map(whole),
            bmr_calories: day.bmr_kilocalories.map(whole),
            consumed_calories: day.consumed_kilocalories.map(whole),
            highly_active_seconds: day.highly_active_s,
            active_seconds: day.active_s,
            sedentary_seconds: day.sedentary_s,
            sleeping_seconds: day.sleeping_s,
            moderate_intensity_minutes: day.moderate_intensity_min,
            vigorous_intensity_minutes: day.vigorous_intensity_min,
            credited_intensity_minutes: credited(
                day.moderate_intensity_min,
                day.vigorous_intensity_min,
            ),
            intensity_minutes_goal: day.intensity_goal_min,
            min_heart_rate_bpm: day.min_heart_rate,
            max_heart_rate_bpm: day.max_heart_rate,
            resting_heart_rate_bpm: day.resting_heart_rate,
            last_7_days_avg_resting_hr: day.seven_day_resting_heart_rate,
            avg_stress_level: level(day.average_stress),
            max_stress_level: level(day.max_stress),
            stress_qualifier: day.stress_qualifier.as_deref().map(word),
            body_battery_charged: day.body_battery_charged,
            body_battery_drained: day.body_battery_drained,
            body_battery_highest: level(day.body_battery_highest),
            body_battery_lowest: level(day.body_battery_lowest),
            body_battery_current: level(day.body_battery_latest),
            body_battery_at_wake: level(day.body_battery_at_wake),
            avg_spo2_percent: day.average_spo2.map(whole),
            lowest_spo2_percent: day.lowest_spo2.map(whole),
            avg_waking_respiration: day.waking_respiration.map(whole),
            highest_respiration: day.highest_respiration.map(whole),
            lowest_respiration: day.lowest_respiration.map(whole),
            last_sync: day.last_sync.map(|at| moment(at, zone)),
        }
    }
}

async fn stats(account: &Account, args: DayArgs) -> Result<Reading<StatsAnswer>, ToolError> {
    let (day, today, summary) = summary(account, args.date).await?;
    let zone = account.garmin()?.zone().await?;
    let answer = summary.map(|summary| StatsAnswer::of(&summary, &zone));
    Ok(account.reading(day, today, answer).await)
}

impl Tool for Stats {
    const NAME: &'static str = "get_stats";
    const TITLE: &'static str = "Everything about one day";
    const DESCRIPTION: &'static str = "The whole day in short: steps, distance, floors, calories, \
        intensity minutes, heart rate, stress, Body Battery, blood oxygen, respiration.";
    type Args = DayArgs;
    type Answer = Reading<StatsAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        stats(account, args).await
    }
}

/// `get_user_summary`
pub(super) struct UserSummary;

impl Tool for UserSummary {
    const NAME: &'static str = "get_user_summary";
    const TITLE: &'static str = "Summary of one day";
    const DESCRIPTION: &'static str =
        "The same as get_stats; with detail `raw`, Garmin's own summary of the day.";
    type Args = DayArgs;
    type Answer = Reading<StatsAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        stats(account, args).await
    }
}

/// `get_stats_and_body`
pub(super) struct StatsAndBody;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StatsAndBodyAnswer {
    stats: Option<StatsAnswer>,
    /// Averages of the day's weighings.
    body: Option<Composition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Tool for StatsAndBody {
    const NAME: &'static str = "get_stats_and_body";
    const TITLE: &'static str = "One day with weight";
    const DESCRIPTION: &'static str =
        "What get_stats says about a day, and weight and body composition of that day.";
    type Args = DayArgs;
    type Answer = Reading<StatsAndBodyAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let (summary, body) = tokio::join!(
            garmin.daily_summary(day),
            extras.read("body", garmin.body_composition(DayRange::one(day))),
        );
        let mut warnings = Vec::new();
        let body = Missing::warned(body, &mut warnings)?.flatten();
        let stats = summary?.filter(DailySummary::has_data).map(|it| StatsAnswer::of(&it, &zone));
        let body = body.and_then(|list| averages(list.average.as_ref(), list.list.as_deref()));
        let found = stats.is_some() || body.is_some();
        let answer = found.then_some(StatsAndBodyAnswer { stats, body, warnings });
        Ok(account.reading(day, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_stays_and_a_code_for_not_measurable_does_not() {
        let day = DailySummary {
            steps: Some(0),
            floors_ascended: Some(0.0),
            average_stress: Some(-1),
            max_stress: Some(-2),
            body_battery_lowest: Some(0),
            ..DailySummary::default()
        };
        let stats = StatsAnswer::of(&day, &TimeZone::UTC);
        assert_eq!((stats.total_steps, stats.floors_ascended), (Some(0), Some(0.0)));
        assert_eq!((stats.avg_stress_level, stats.max_stress_level), (None, None));
        assert_eq!(stats.body_battery_lowest, Some(0));
    }

    #[test]
    fn d17_vigorous_minutes_count_twice_and_unknown_ones_are_not_zero() {
        assert_eq!(credited(Some(10), Some(20)), Some(50));
        assert_eq!(credited(None, Some(20)), Some(40));
        assert_eq!(credited(Some(0), None), Some(0));
        assert_eq!(credited(None, None), None);
    }
}

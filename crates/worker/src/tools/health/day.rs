//! The totals of one day.

use garmin::days::Day;
use garmin::model::DailySummary;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Reading;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, tenth, whole, word};

/// One day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DayArgs {
    /// YYYY-MM-DD, `today` or `yesterday`, in the athlete's own time zone; today when left out.
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    pub(super) date: NamedDay,
}

/// The summary of a day, unless the watch was not worn.
async fn summary(
    account: &Account,
    args: &DayArgs,
) -> Result<(Day, Day, Option<DailySummary>), ToolError> {
    let today = account.today().await?;
    let day = args.date.resolve("date", today)?;
    let summary = account.garmin()?.daily_summary(day).await?;
    Ok((day, today, summary.filter(DailySummary::has_data)))
}

/// `get_daily_stats`
pub(super) struct DailyStats;

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct DailyStatsAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    total_calories_kcal: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_calories_kcal: Option<i64>,
    /// What the body would burn at rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    resting_calories_kcal: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floors_climbed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floors_descended: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floors_goal: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderate_intensity_min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vigorous_intensity_min: Option<i64>,
    /// What counts towards the weekly goal: vigorous minutes count twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    credited_intensity_min: Option<i64>,
    /// The goal of a whole week, not of this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    weekly_intensity_goal_min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    highly_active_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sedentary_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleeping_s: Option<i64>,
}

impl From<DailySummary> for DailyStatsAnswer {
    fn from(day: DailySummary) -> Self {
        Self {
            total_calories_kcal: day.total_kilocalories.map(whole),
            active_calories_kcal: day.active_kilocalories.map(whole),
            resting_calories_kcal: day.bmr_kilocalories.map(whole),
            steps: day.steps,
            distance_m: day.distance_m.map(whole),
            floors_climbed: day.floors_ascended.map(tenth),
            floors_descended: day.floors_descended.map(tenth),
            floors_goal: day.floors_goal,
            moderate_intensity_min: day.moderate_intensity_min,
            vigorous_intensity_min: day.vigorous_intensity_min,
            credited_intensity_min: credited(&day),
            weekly_intensity_goal_min: day.intensity_goal_min,
            highly_active_s: day.highly_active_s,
            active_s: day.active_s,
            sedentary_s: day.sedentary_s,
            sleeping_s: day.sleeping_s,
        }
    }
}

/// Garmin's own arithmetic: a vigorous minute counts as two.
fn credited(day: &DailySummary) -> Option<i64> {
    match (day.moderate_intensity_min, day.vigorous_intensity_min) {
        (None, None) => None,
        (moderate, vigorous) => Some(moderate.unwrap_or(0) + 2 * vigorous.unwrap_or(0)),
    }
}

impl Tool for DailyStats {
    const NAME: &'static str = "get_daily_stats";
    const TITLE: &'static str = "Movement of one day";
    const DESCRIPTION: &'static str = "Calories, floors, intensity minutes and active time of \
        one day. For heart rate, stress, Body Battery and blood oxygen of the same day in one \
        answer use get_stats.";
    type Args = DayArgs;
    type Answer = Reading<DailyStatsAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let (day, today, summary) = summary(account, &args).await?;
        Ok(account.reading(day, today, summary.map(Into::into)).await)
    }
}

/// `get_stats`
pub(super) struct Stats;

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct StatsAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    total_steps: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_step_goal: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_meters: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floors_ascended: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floors_descended: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_calories: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_calories: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bmr_calories: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    highly_active_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sedentary_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleeping_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderate_intensity_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vigorous_intensity_minutes: Option<i64>,
    /// What counts towards the weekly goal: vigorous minutes count twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    credited_intensity_minutes: Option<i64>,
    /// The goal of a whole week, not of this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    intensity_minutes_goal: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resting_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_7_days_avg_resting_hr: Option<i64>,
    /// 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_stress_level: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_stress_level: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stress_qualifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_charged: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_drained: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_highest: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_lowest: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_current: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_at_wake: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_spo2_percent: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_spo2_percent: Option<i64>,
    /// Breaths per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_waking_respiration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    highest_respiration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_respiration: Option<i64>,
    /// When the watch last sent data: what came after is not in here.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync: Option<String>,
}

impl StatsAnswer {
    fn of(day: &DailySummary, zone: &TimeZone) -> Self {
        let stress = |level: i64| (level >= 0).then_some(level);
        Self {
            credited_intensity_minutes: credited(day),
            total_steps: day.steps,
            daily_step_goal: day.step_goal,
            distance_meters: day.distance_m.map(whole),
            floors_ascended: day.floors_ascended.map(tenth),
            floors_descended: day.floors_descended.map(tenth),
            total_calories: day.total_kilocalories.map(whole),
            active_calories: day.active_kilocalories.map(whole),
            bmr_calories: day.bmr_kilocalories.map(whole),
            highly_active_seconds: day.highly_active_s,
            active_seconds: day.active_s,
            sedentary_seconds: day.sedentary_s,
            sleeping_seconds: day.sleeping_s,
            moderate_intensity_minutes: day.moderate_intensity_min,
            vigorous_intensity_minutes: day.vigorous_intensity_min,
            intensity_minutes_goal: day.intensity_goal_min,
            min_heart_rate_bpm: day.min_heart_rate,
            max_heart_rate_bpm: day.max_heart_rate,
            resting_heart_rate_bpm: day.resting_heart_rate,
            last_7_days_avg_resting_hr: day.seven_day_resting_heart_rate,
            avg_stress_level: day.average_stress.and_then(stress),
            max_stress_level: day.max_stress.and_then(stress),
            stress_qualifier: day.stress_qualifier.as_deref().map(word),
            body_battery_charged: day.body_battery_charged,
            body_battery_drained: day.body_battery_drained,
            body_battery_highest: day.body_battery_highest,
            body_battery_lowest: day.body_battery_lowest,
            body_battery_current: day.body_battery_latest,
            body_battery_at_wake: day.body_battery_at_wake,
            avg_spo2_percent: day.average_spo2.map(whole),
            lowest_spo2_percent: day.lowest_spo2.map(whole),
            avg_waking_respiration: day.waking_respiration.map(whole),
            highest_respiration: day.highest_respiration.map(whole),
            lowest_respiration: day.lowest_respiration.map(whole),
            last_sync: day.last_sync.map(|at| moment(at, zone)),
        }
    }
}

impl Tool for Stats {
    const NAME: &'static str = "get_stats";
    const TITLE: &'static str = "Everything about one day";
    const DESCRIPTION: &'static str = "The whole day in one answer: steps, distance, floors, \
        calories, activity times, intensity minutes, heart rate, stress, Body Battery, blood \
        oxygen, respiration. A good first question about any day.";
    type Args = DayArgs;
    type Answer = Reading<StatsAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let (day, today, summary) = summary(account, &args).await?;
        let zone = account.garmin()?.zone().await?;
        let answer = summary.map(|summary| StatsAnswer::of(&summary, &zone));
        Ok(account.reading(day, today, answer).await)
    }
}

//! Steps, floors and intensity minutes of one day.

use garmin::api::ActivityQuery;
use garmin::days::DayRange;
use garmin::model::{DailySummary, FloorBucket, Sample, StepBucket};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::day::{DayArgs, credited};
use crate::account::Account;
use crate::answer::Reading;
use crate::args::{NamedDay, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{float, moment, share, tenth, whole};
use crate::tools::series::{self, Series};

/// `get_steps_data`
pub(super) struct Steps;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepsArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    /// Length of a bucket in minutes; default 60
    bucket_min: Option<Whole<15, 240>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StepsAnswer {
    total: Option<i64>,
    goal: Option<i64>,
    goal_reached_pct: Option<f64>,
    /// On foot; rides do not count.
    distance_m: Option<i64>,
    buckets: Option<Series>,
}

/// Garmin counts in quarters of an hour; longer buckets are sums of those.
fn buckets(quarters: &[StepBucket], bucket_s: i64, zone: &TimeZone) -> Option<Series> {
    let mut samples: Vec<Sample> = quarters
        .iter()
        .filter_map(|quarter| Some(Sample { at: quarter.start?, value: quarter.steps.map(float) }))
        .collect();
    samples.sort_by_key(|sample| sample.at);
    series::sums_every(bucket_s, &samples, zone)
}

impl Tool for Steps {
    const NAME: &'static str = "get_steps_data";
    const TITLE: &'static str = "Steps of one day";
    const DESCRIPTION: &'static str =
        "Steps, step goal and distance on foot of one day, with the steps of each hour.";
    type Args = StepsArgs;
    type Answer = Reading<StepsAnswer>;

    async fn call(account: &Account, args: StepsArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let length_s = i64::from(args.bucket_min.map_or(60, |minutes| minutes.0)) * 60;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let (summary, quarters) = tokio::join!(garmin.daily_summary(day), garmin.steps(day));
        let summary = summary?.filter(DailySummary::has_data);
        let buckets = quarters?.and_then(|quarters| buckets(&quarters, length_s, &zone));
        let counted = || {
            let values = buckets.as_ref()?.values.iter().flatten();
            Some(values.fold(0_i64, |sum, steps| sum.saturating_add(*steps)))
        };
        let total = summary.as_ref().and_then(|it| it.steps).or_else(counted);
        let goal = summary.as_ref().and_then(|it| it.step_goal);
        let data = total.map(|total| StepsAnswer {
            total: Some(total),
            goal,
            goal_reached_pct: goal.and_then(|goal| share(total, goal)),
            distance_m: summary.and_then(|it| it.wellness_distance_m.or(it.distance_m)).map(whole),
            buckets,
        });
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_floors`
pub(super) struct FloorsTool;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FloorsAnswer {
    ascended: Option<f64>,
    descended: Option<f64>,
    goal: Option<i64>,
    /// Climbed in each hour.
    ascended_hourly: Option<Series>,
    descended_hourly: Option<Series>,
}

fn hourly(
    buckets: &[FloorBucket],
    floors: impl Fn(&FloorBucket) -> f64,
    zone: &TimeZone,
) -> Option<Series> {
    let samples: Vec<Sample> = buckets
        .iter()
        .map(|bucket| Sample { at: bucket.start, value: Some(floors(bucket)) })
        .collect();
    series::sums_every(3600, &samples, zone)
}

impl Tool for FloorsTool {
    const NAME: &'static str = "get_floors";
    const TITLE: &'static str = "Floors of one day";
    const DESCRIPTION: &'static str =
        "Floors climbed and descended on one day against the goal, and hour by hour.";
    type Args = DayArgs;
    type Answer = Reading<FloorsAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let (summary, floors) = tokio::join!(garmin.daily_summary(day), garmin.floors(day));
        let summary = summary?.filter(DailySummary::has_data);
        let buckets = floors?.map(|floors| floors.buckets()).unwrap_or_default();
        let sum = |floors: fn(&FloorBucket) -> f64| {
            (!buckets.is_empty()).then(|| buckets.iter().map(floors).sum::<f64>())
        };
        let told = |of: fn(&DailySummary) -> Option<f64>| summary.as_ref().and_then(of);
        let ascended = told(|it| it.floors_ascended).or_else(|| sum(|it| it.ascended));
        let descended = told(|it| it.floors_descended).or_else(|| sum(|it| it.descended));
        let data = (ascended.is_some() || descended.is_some()).then(|| FloorsAnswer {
            ascended: ascended.map(tenth),
            descended: descended.map(tenth),
            goal: summary.as_ref().and_then(|it| it.floors_goal),
            ascended_hourly: hourly(&buckets, |it| it.ascended, &zone),
            descended_hourly: hourly(&buckets, |it| it.descended, &zone),
        });
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_intensity_minutes_data`
pub(super) struct IntensityMinutes;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct IntensityAnswer {
    moderate_minutes: Option<i64>,
    vigorous_minutes: Option<i64>,
    /// What counts towards the goal: vigorous minutes count twice.
    credited_minutes: Option<i64>,
    /// From Monday up to the end of this day, vigorous minutes twice.
    week_credited_minutes: Option<i64>,
    weekly_goal_minutes: Option<i64>,
    /// The weekday on which the goal was met, such as `fri`.
    goal_met_on: Option<String>,
    /// When minutes were credited, and how many.
    credits: Vec<Credit>,
    /// The activities of the day that brought minutes.
    activities: Vec<Contribution>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Credit {
    time: String,
    minutes: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Contribution {
    activity_id: Option<i64>,
    name: Option<String>,
    r#type: Option<String>,
    moderate_minutes: Option<i64>,
    vigorous_minutes: Option<i64>,
}

impl Tool for IntensityMinutes {
    const NAME: &'static str = "get_intensity_minutes_data";
    const TITLE: &'static str = "Intensity minutes of one day";
    const DESCRIPTION: &'static str = "Moderate, vigorous and credited intensity minutes of one \
        day, the weekly goal, and the activities that brought them.";
    type Args = DayArgs;
    type Answer = Reading<IntensityAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let query =
            ActivityQuery { start: 0, limit: 20, range: Some(DayRange::one(day)), kind: None };
        let (intensity, activities) = tokio::join!(
            garmin.intensity(day),
            extras.read("activities", garmin.activities(&query)),
        );
        let mut warnings = Vec::new();
        let activities = Missing::warned(activities, &mut warnings)?.unwrap_or_default();
        let intensity = intensity?.filter(|it| {
            it.moderate_min.is_some() || it.vigorous_min.is_some() || it.week_total_min.is_some()
        });
        let data = intensity.map(|it| IntensityAnswer {
            moderate_minutes: it.moderate_min,
            vigorous_minutes: it.vigorous_min,
            credited_minutes: credited(it.moderate_min, it.vigorous_min),
            week_credited_minutes: it.week_total_min.or(it.after_day_min),
            weekly_goal_minutes: it.week_goal_min,
            goal_met_on: it.goal_met_on.as_deref().map(str::to_ascii_lowercase),
            credits: it
                .samples()
                .iter()
                .filter_map(|sample| {
                    Some(Credit { time: moment(sample.at, &zone), minutes: whole(sample.value?) })
                })
                .collect(),
            activities: activities
                .into_iter()
                .filter(|it| {
                    credited(it.moderate_intensity_min, it.vigorous_intensity_min)
                        .is_some_and(|minutes| minutes > 0)
                })
                .map(|it| Contribution {
                    activity_id: it.id,
                    name: it.name,
                    r#type: it.kind.and_then(|kind| kind.key),
                    moderate_minutes: it.moderate_intensity_min,
                    vigorous_minutes: it.vigorous_intensity_min,
                })
                .collect(),
            warnings,
        });
        Ok(account.reading(day, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_add_up_to_hours_whatever_their_order_and_a_short_day_has_fewer() {
        let bucket = |start: &str, steps| StepBucket {
            start: Some(start.parse().unwrap()),
            steps,
            ..StepBucket::default()
        };
        let quarters = [
            bucket("2026-05-01T01:15:00Z", Some(5)),
            bucket("2026-04-30T22:00:00Z", Some(1)),
            bucket("2026-04-30T22:45:00Z", Some(2)),
            bucket("2026-04-30T23:00:00Z", None),
            bucket("2026-05-01T00:00:00Z", Some(0)),
        ];
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let hours = buckets(&quarters, 3600, &zone).unwrap();
        assert_eq!(hours.start, "2026-05-01T00:00:00+02:00");
        assert_eq!(hours.values, [Some(3), None, Some(0), Some(5)]);
        // The night in which clocks go forward in Berlin: 23 hours from midnight to midnight.
        let first: jiff::Timestamp = "2026-03-28T23:00:00Z".parse().unwrap();
        let short: Vec<StepBucket> = (0..23 * 4)
            .map(|quarter| StepBucket {
                start: Some(first + jiff::SignedDuration::from_mins(15 * quarter)),
                steps: Some(10),
                ..StepBucket::default()
            })
            .collect();
        let hours = buckets(&short, 3600, &zone).unwrap();
        assert_eq!(hours.values.len(), 23);
        assert_eq!(hours.values.iter().flatten().sum::<i64>(), 920);
    }
}

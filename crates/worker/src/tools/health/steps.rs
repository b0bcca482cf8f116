//! Steps of one day.

use garmin::model::{DailySummary, StepBucket};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::day::DayArgs;
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, share, whole};

/// `get_steps`
pub(super) struct Steps;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StepsAnswer {
    steps: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goal_reached_pct: Option<f64>,
    /// On foot; rides do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<i64>,
    /// Steps hour by hour, from the first hour of the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<Hours>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Hours {
    /// When the first hour begins, with the athlete's offset.
    start: String,
    step_s: i64,
    /// Null where nothing was recorded.
    values: Vec<Option<i64>>,
}

const HOUR_S: i64 = 3600;

/// Quarters of an hour added up to hours.
fn hours(buckets: &[StepBucket], zone: &TimeZone) -> Option<Hours> {
    let first = buckets.iter().filter_map(|bucket| bucket.start).min()?;
    let mut values: Vec<Option<i64>> = Vec::new();
    for bucket in buckets {
        let (Some(start), Some(steps)) = (bucket.start, bucket.steps) else { continue };
        let hour = start.duration_since(first).as_secs().div_euclid(HOUR_S);
        let Some(hour) = usize::try_from(hour).ok().filter(|hour| *hour < 26) else { continue };
        if values.len() <= hour {
            values.resize(hour + 1, None);
        }
        values[hour] = Some(values[hour].unwrap_or(0) + steps);
    }
    Some(Hours { start: moment(first, zone), step_s: HOUR_S, values })
}

fn answer(
    summary: Option<DailySummary>,
    buckets: Option<Vec<StepBucket>>,
    zone: &TimeZone,
) -> Option<StepsAnswer> {
    let summary = summary.filter(DailySummary::has_data)?;
    let steps = summary.steps?;
    Some(StepsAnswer {
        steps,
        goal: summary.step_goal,
        goal_reached_pct: summary.step_goal.and_then(|goal| share(steps, goal)),
        distance_m: summary.wellness_distance_m.or(summary.distance_m).map(whole),
        hours: buckets.and_then(|buckets| hours(&buckets, zone)),
    })
}

impl Tool for Steps {
    const NAME: &'static str = "get_steps";
    const TITLE: &'static str = "Steps of one day";
    const DESCRIPTION: &'static str =
        "Steps, step goal and distance of one day, with the steps of each hour.";
    type Args = DayArgs;
    type Answer = Reading<StepsAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let (summary, buckets) = tokio::join!(garmin.daily_summary(day), garmin.steps(day));
        let data = answer(summary?, buckets?, &zone);
        Ok(account.reading(day, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_add_up_to_hours_whatever_their_order() {
        let bucket = |start: &str, steps| StepBucket {
            start: Some(start.parse().unwrap()),
            steps,
            ..StepBucket::default()
        };
        let buckets = [
            bucket("2026-05-01T01:15:00Z", Some(5)),
            bucket("2026-04-30T22:00:00Z", Some(1)),
            bucket("2026-04-30T22:45:00Z", Some(2)),
            bucket("2026-04-30T23:00:00Z", None),
            bucket("2026-05-01T00:00:00Z", Some(0)),
        ];
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let hours = hours(&buckets, &zone).unwrap();
        assert_eq!(hours.start, "2026-05-01T00:00:00+02:00");
        assert_eq!(hours.values, [Some(3), None, Some(0), Some(5)]);
    }
}

//! Stretches of an activity by kind: runs and walks, climbs, intervals.

use garmin::model::{SplitSummary, TypedSplit};
use schemars::JsonSchema;
use serde::Serialize;

use super::find::{ActivityArgs, id, part};
use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, moment_there, tenth, whole, word};

/// `get_activity_typed_splits`
pub(super) struct ByKind;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ByKindAnswer {
    status: Status,
    activity_id: i64,
    count: usize,
    splits: Vec<Split>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Split {
    /// `rwd_run`, `rwd_walk`, `climb_active`, `interval_active`, …
    r#type: Option<String>,
    start: Option<String>,
    duration_s: Option<f64>,
    distance_m: Option<f64>,
    avg_speed_mps: Option<f64>,
    max_speed_mps: Option<f64>,
    avg_hr_bpm: Option<i64>,
    max_hr_bpm: Option<i64>,
    avg_run_cadence_spm: Option<i64>,
    avg_power_w: Option<i64>,
    elevation_gain_m: Option<i64>,
    elevation_loss_m: Option<i64>,
    calories: Option<i64>,
    /// Of a climb: how hard, and whether it was finished.
    grade: Option<String>,
    status: Option<String>,
}

fn split(found: TypedSplit) -> Split {
    let lasted = match (found.start, found.end) {
        (Some(start), Some(end)) => Some(end.duration_since(start).as_secs_f64()),
        (None, _) | (_, None) => None,
    };
    Split {
        r#type: found.kind.as_deref().map(word),
        start: moment_there(found.start, found.start_local),
        duration_s: found.duration_s.or(lasted).map(tenth),
        distance_m: found.distance_m.map(tenth),
        avg_speed_mps: found.average_speed_mps.map(hundredth),
        max_speed_mps: found.max_speed_mps.map(hundredth),
        avg_hr_bpm: found.average_heart_rate.map(whole),
        max_hr_bpm: found.max_heart_rate.map(whole),
        avg_run_cadence_spm: found.run_cadence_spm.map(whole),
        avg_power_w: found.average_power_w.map(whole),
        elevation_gain_m: found.elevation_gain_m.map(whole),
        elevation_loss_m: found.elevation_loss_m.map(whole),
        calories: found.calories.map(whole),
        grade: found.grade,
        status: found.status.as_deref().map(word),
    }
}

impl Tool for ByKind {
    const NAME: &'static str = "get_activity_typed_splits";
    const TITLE: &'static str = "Stretches by kind";
    const DESCRIPTION: &'static str = "The stretches of an activity in order with their kinds: \
        runs and walks, climbs, intervals. For laps use get_activity_splits.";
    type Args = ActivityArgs;
    type Answer = ByKindAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let number = id(args.activity_id)?;
        let found = account.garmin()?.activity_typed_splits(number).await;
        let found = part(account, args.activity_id, found).await?;
        let found = found.and_then(|found| found.splits).unwrap_or_default();
        let splits: Vec<Split> = found.into_iter().map(split).collect();
        Ok(ByKindAnswer {
            status: if splits.is_empty() { Status::NoData } else { Status::Ok },
            activity_id: number.number(),
            count: splits.len(),
            splits,
        })
    }
}

/// `get_activity_split_summaries`
pub(super) struct KindTotals;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KindTotalsAnswer {
    status: Status,
    activity_id: i64,
    summaries: Vec<KindTotal>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct KindTotal {
    r#type: Option<String>,
    count: Option<i64>,
    duration_s: Option<f64>,
    moving_s: Option<f64>,
    distance_m: Option<f64>,
    longest_m: Option<f64>,
    avg_speed_mps: Option<f64>,
    max_speed_mps: Option<f64>,
    avg_hr_bpm: Option<i64>,
    max_hr_bpm: Option<i64>,
    elevation_gain_m: Option<i64>,
    elevation_loss_m: Option<i64>,
    falls: Option<i64>,
    climb_sends: Option<i64>,
}

fn kind_total(found: &SplitSummary) -> KindTotal {
    let counted = |count: Option<i64>| count.filter(|count| *count > 0);
    let (falls, climb_sends) = match found.kind.as_deref() {
        // Everything else has them at zero, because it has none.
        Some(kind) if kind.to_ascii_uppercase().contains("CLIMB") => {
            (found.falls, found.climb_sends)
        }
        Some(_) | None => (counted(found.falls), counted(found.climb_sends)),
    };
    KindTotal {
        r#type: found.kind.as_deref().map(word),
        count: found.count,
        duration_s: found.duration_s.map(tenth),
        moving_s: found.moving_s.map(tenth),
        distance_m: found.distance_m.map(tenth),
        longest_m: found.longest_m.map(tenth),
        avg_speed_mps: found.average_speed_mps.map(hundredth),
        max_speed_mps: found.max_speed_mps.map(hundredth),
        avg_hr_bpm: found.average_heart_rate.map(whole),
        max_hr_bpm: found.max_heart_rate.map(whole),
        elevation_gain_m: found.elevation_gain_m.map(whole),
        elevation_loss_m: found.elevation_loss_m.map(whole),
        falls,
        climb_sends,
    }
}

impl Tool for KindTotals {
    const NAME: &'static str = "get_activity_split_summaries";
    const TITLE: &'static str = "Totals by kind of stretch";
    const DESCRIPTION: &'static str = "Time, distance and climb of an activity added up by kind \
        of stretch: running and walking, intervals and rests, climbs.";
    type Args = ActivityArgs;
    type Answer = KindTotalsAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let number = id(args.activity_id)?;
        let found = account.garmin()?.activity_split_summaries(number).await;
        let found = part(account, args.activity_id, found).await?;
        let found = found.and_then(|found| found.summaries).unwrap_or_default();
        let summaries: Vec<KindTotal> = found.iter().map(kind_total).collect();
        Ok(KindTotalsAnswer {
            status: if summaries.is_empty() { Status::NoData } else { Status::Ok },
            activity_id: number.number(),
            summaries,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_without_a_duration_lasts_from_its_start_to_its_end() {
        let at = |text: &str| Some(text.parse().unwrap());
        let walk = TypedSplit {
            kind: Some("RWD_WALK".into()),
            start: at("2026-05-01T16:00:00Z"),
            end: at("2026-05-01T16:01:30Z"),
            distance_m: Some(0.0),
            ..TypedSplit::default()
        };
        let shown = split(walk);
        assert_eq!((shown.duration_s, shown.distance_m), (Some(90.0), Some(0.0)));
        assert_eq!(shown.r#type.as_deref(), Some("rwd_walk"));
        assert_eq!(split(TypedSplit::default()).duration_s, None);
    }

    #[test]
    fn falls_are_shown_of_climbs_and_where_there_were_any() {
        let total = |kind: &str, falls: i64| {
            kind_total(&SplitSummary {
                kind: Some(kind.into()),
                falls: Some(falls),
                ..SplitSummary::default()
            })
        };
        assert_eq!(total("CLIMB_ACTIVE", 0).falls, Some(0));
        assert_eq!(total("INTERVAL_ACTIVE", 0).falls, None);
        assert_eq!(total("INTERVAL_ACTIVE", 2).falls, Some(2));
    }
}

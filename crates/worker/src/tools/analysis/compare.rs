//! Activities beside each other: `compare_activities`.

use futures_util::StreamExt;
use garmin::api::ActivityId;
use garmin::model::{Activity, ActivityTotals, Lap};
use garmin::{Garmin, GarminError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::source::{activity_id, shown, unknown_activity};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Many};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::find::part;
use crate::tools::numbers::moment_there;

/// `compare_activities`
pub(super) struct Compare;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Align {
    Lap,
    Distance,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompareArgs {
    /// 2 to 5.
    #[serde(alias = "ride_ids")]
    activity_ids: Many<ActivityNumber>,
    /// Of the rows in the answer; default all
    metrics: Option<Many<String>>,
    /// Adds a comparison lap by lap, or kilometre by kilometre.
    align: Option<Align>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CompareAnswer {
    status: Status,
    activities: Vec<Value>,
    /// A value per activity in the order asked, and the greatest against the least.
    rows: Vec<Value>,
    aligned: Option<Vec<Value>>,
    narrative_hint: Option<String>,
    warnings: Vec<String>,
}

/// What is compared: key, digits, where it is read.
type Compared = (&'static str, u32, fn(&ActivityTotals) -> Option<f64>);

const METRICS: [Compared; 17] = [
    ("distance_m", 0, |it| it.distance_m),
    ("duration_s", 0, |it| it.duration_s),
    ("moving_s", 0, |it| it.moving_s),
    ("avg_speed_mps", 2, |it| it.average_speed_mps),
    ("grade_adjusted_speed_mps", 2, |it| it.grade_adjusted_speed_mps),
    ("avg_power_w", 0, |it| it.average_power_w),
    ("normalized_power_w", 0, |it| it.normalized_power_w),
    ("avg_hr_bpm", 0, |it| it.average_heart_rate),
    ("max_hr_bpm", 0, |it| it.max_heart_rate),
    ("efficiency_w_per_bpm", 2, |it| {
        let output = it.normalized_power_w.or(it.average_power_w)?;
        it.average_heart_rate.filter(|heart| *heart > 0.0).map(|heart| output / heart)
    }),
    ("elevation_gain_m", 0, |it| it.elevation_gain_m),
    ("calories", 0, |it| it.calories),
    ("run_cadence_spm", 0, |it| it.run_cadence_spm),
    ("bike_cadence_rpm", 0, |it| it.bike_cadence_rpm),
    ("training_load", 1, |it| it.training_load),
    ("aerobic_training_effect", 1, |it| it.aerobic_training_effect),
    ("avg_temperature_c", 0, |it| it.average_temperature_c),
];

/// The greatest against the least, where both say something.
fn delta_pct(values: &[Option<f64>]) -> Value {
    let known: Option<Vec<f64>> = values.iter().copied().collect();
    let ends = known.and_then(|known| {
        let least = known.iter().copied().reduce(f64::min)?;
        let most = known.iter().copied().reduce(f64::max)?;
        (least > 0.0).then(|| (most - least) / least * 100.0)
    });
    shown(ends, 1)
}

impl Tool for Compare {
    const NAME: &'static str = "compare_activities";
    const TITLE: &'static str = "Comparison of activities";
    const DESCRIPTION: &'static str = "Two to five activities beside each other, optionally lap \
        by lap or kilometre by kilometre.";
    type Args = CompareArgs;
    type Answer = CompareAnswer;

    async fn call(account: &Account, args: CompareArgs) -> Result<Self::Answer, ToolError> {
        let mut ids: Vec<i64> = args.activity_ids.0.iter().map(|it| it.0).collect();
        let asked = ids.len();
        ids.dedup();
        if !(2..=5).contains(&ids.len()) || ids.len() != asked {
            let problem = "allowed are 2 to 5 different ids of activities in `get_activities`";
            return Err(ToolError::argument("activity_ids", problem));
        }
        let wanted = wanted(args.metrics.as_ref())?;
        let garmin = account.garmin()?;
        let mut asked = Vec::new();
        for number in &args.activity_ids.0 {
            asked.push(one(garmin.clone(), activity_id(*number)?));
        }
        let found: Vec<Result<Activity, ToolError>> =
            futures_util::stream::iter(asked).buffered(4).collect().await;
        let found: Vec<Activity> = found.into_iter().collect::<Result<_, _>>()?;
        let mut warnings = Vec::new();
        let types: Vec<Option<&str>> =
            found.iter().map(|it| it.kind.as_ref().and_then(|kind| kind.key.as_deref())).collect();
        if types.windows(2).any(|pair| pair[0] != pair[1]) {
            warnings.push("the activities are of different types".to_owned());
        }
        let empty = ActivityTotals::default();
        let totals: Vec<&ActivityTotals> =
            found.iter().map(|it| it.totals.as_ref().unwrap_or(&empty)).collect();
        let mut rows = Vec::new();
        for (key, digits, read) in &wanted {
            let values: Vec<Option<f64>> = totals.iter().map(|it| read(it)).collect();
            if values.iter().all(Option::is_none) {
                continue;
            }
            let shown_values: Vec<Value> = values.iter().map(|it| shown(*it, *digits)).collect();
            rows.push(json!({"metric": key, (key.to_string()): shown_values,
                             "delta_pct": delta_pct(&values)}));
        }
        let aligned = match args.align {
            None => None,
            Some(align) => Some(aligned(account, &args.activity_ids.0, align).await?),
        };
        let narrative_hint = hint(&found, &totals);
        let activities = found
            .iter()
            .zip(&totals)
            .map(|(activity, totals)| {
                json!({
                    "id": activity.id,
                    "name": activity.name,
                    "type": activity.kind.as_ref().and_then(|kind| kind.key.as_deref()),
                    "start_time": moment_there(totals.start, totals.start_local),
                })
            })
            .collect();
        let status = if rows.is_empty() { Status::NoData } else { Status::Ok };
        Ok(CompareAnswer { status, activities, rows, aligned, narrative_hint, warnings })
    }
}

async fn one(garmin: Garmin, id: ActivityId) -> Result<Activity, ToolError> {
    garmin.activity(id).await.map_err(|error| match error {
        GarminError::NotFound | GarminError::Forbidden => unknown_activity("activity_ids"),
        error => error.into(),
    })
}

fn wanted(given: Option<&Many<String>>) -> Result<Vec<Compared>, ToolError> {
    let Some(given) = given.filter(|given| !given.0.is_empty()) else {
        return Ok(METRICS.to_vec());
    };
    let named = given.0.iter().map(|name| {
        let name = name.trim().to_ascii_lowercase();
        METRICS.iter().find(|(key, ..)| *key == name).copied().ok_or_else(|| {
            let all = METRICS.map(|(key, ..)| key).join(", ");
            ToolError::argument("metrics", format!("`{name}` is not compared; allowed are {all}"))
        })
    });
    named.collect()
}

/// Which activity stood out, in what says most.
fn hint(found: &[Activity], totals: &[&ActivityTotals]) -> Option<String> {
    let (key, read): (&str, fn(&ActivityTotals) -> Option<f64>) =
        if totals.iter().all(|it| it.normalized_power_w.is_some()) {
            ("normalized power", |it| it.normalized_power_w)
        } else if totals.iter().all(|it| it.average_speed_mps.is_some()) {
            ("speed", |it| it.average_speed_mps)
        } else {
            return None;
        };
    let most = totals
        .iter()
        .enumerate()
        .filter_map(|(index, it)| Some((index, read(it)?)))
        .max_by(|one, other| one.1.total_cmp(&other.1))?;
    let id = found.get(most.0)?.id?;
    Some(format!("activity {id} has the highest {key}; compare heart rate before praising it"))
}

/// Laps beside each other: those the watch made, or kilometres.
async fn aligned(
    account: &Account,
    ids: &[ActivityNumber],
    align: Align,
) -> Result<Vec<Value>, ToolError> {
    /// Nobody reads more.
    const MOST: usize = 60;
    let mut all: Vec<Vec<Lap>> = Vec::new();
    for number in ids {
        let splits = account.garmin()?.activity_splits(activity_id(*number)?).await;
        let splits = part(account, *number, splits).await?;
        all.push(splits.and_then(|splits| splits.laps).unwrap_or_default());
    }
    let length = all.iter().map(Vec::len).max().unwrap_or(0).min(MOST);
    let mut marks: Vec<Vec<(f64, f64)>> = Vec::new();
    if align == Align::Distance {
        for laps in &all {
            let (mut metres, mut seconds) = (0.0, 0.0);
            let mut passed = vec![(0.0, 0.0)];
            for lap in laps {
                metres += lap.distance_m.unwrap_or(0.0).max(0.0);
                seconds += lap.duration_s.unwrap_or(0.0).max(0.0);
                passed.push((metres, seconds));
            }
            marks.push(passed);
        }
    }
    Ok(match align {
        Align::Lap => (0..length)
            .map(|index| {
                let lap = |laps: &Vec<Lap>| laps.get(index).cloned().unwrap_or_default();
                let at: Vec<Lap> = all.iter().map(lap).collect();
                let column = |digits, read: fn(&Lap) -> Option<f64>| -> Vec<Value> {
                    at.iter().map(|lap| shown(read(lap), digits)).collect()
                };
                json!({
                    "lap": index + 1,
                    "distance_m": column(0, |it| it.distance_m),
                    "duration_s": column(0, |it| it.duration_s),
                    "avg_speed_mps": column(2, |it| it.average_speed_mps),
                    "avg_hr_bpm": column(0, |it| it.average_heart_rate),
                    "avg_power_w": column(0, |it| it.average_power_w),
                })
            })
            .collect(),
        Align::Distance => {
            let shortest = marks
                .iter()
                .filter_map(|passed| passed.last().map(|last| last.0))
                .fold(f64::MAX, f64::min);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "kilometres"
            )]
            let kilometres = ((shortest / 1_000.0).max(0.0) as usize).min(MOST);
            (1..=kilometres)
                .map(|kilometre| {
                    let mark = 1_000.0 * super::source::number(kilometre);
                    let times = marks.iter().map(|passed| {
                        let split = seconds_at(passed, mark)? - seconds_at(passed, mark - 1_000.0)?;
                        Some(split)
                    });
                    let times: Vec<Value> = times.map(|time| shown(time, 0)).collect();
                    json!({"km": kilometre, "duration_s": times})
                })
                .collect()
        }
    })
}

/// When so many metres were passed, on the straight line between two laps' ends.
fn seconds_at(passed: &[(f64, f64)], metres: f64) -> Option<f64> {
    let after = passed.iter().position(|(reached, _)| *reached >= metres)?;
    let Some(before) = after.checked_sub(1) else { return Some(passed.first()?.1) };
    let ((from, begun), (until, ended)) = (passed[before], passed[after]);
    let share = if until > from { (metres - from) / (until - from) } else { 1.0 };
    Some(begun + (ended - begun) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_the_greatest_against_the_least_or_nothing() {
        assert_eq!(delta_pct(&[Some(200.0), Some(250.0)]), json!(25.0));
        assert_eq!(delta_pct(&[Some(200.0), None]), Value::Null);
        assert_eq!(delta_pct(&[Some(0.0), Some(5.0)]), Value::Null);
    }

    #[test]
    fn kilometres_lie_on_the_line_between_laps() {
        let passed = [(0.0, 0.0), (1_500.0, 450.0), (3_000.0, 900.0)];
        assert_eq!(seconds_at(&passed, 1_000.0), Some(300.0));
        assert_eq!(seconds_at(&passed, 2_000.0), Some(600.0));
        assert_eq!(seconds_at(&passed, 4_000.0), None);
    }
}

//! Activities beside each other: `compare_activities` and `find_similar_activities`.

use futures_util::StreamExt;
use garmin::api::ActivityId;
use garmin::days::DayRange;
use garmin::model::{Activity, ActivitySummary, ActivityTotals, Lap};
use garmin::{Garmin, GarminError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use training::similarity::{By as Likeness, Shape, likeness, overlap};
use training::track::{Point, simplify};

use super::route::points;
use super::source::{activities, activity_id, shown, unknown_activity};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Many, Whole};
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
    /// Of the rows in the answer; all when left out.
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

/// `find_similar_activities`
pub(super) struct Similar;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum By {
    #[default]
    Auto,
    Route,
    Type,
    Distance,
    Duration,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SimilarArgs {
    activity_id: ActivityNumber,
    by: Option<By>,
    /// 5 when left out.
    limit: Option<Whole<1, 20>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SimilarAnswer {
    status: Status,
    activity_id: i64,
    by: &'static str,
    /// The most similar first; `delta` is the match against the activity asked about.
    matches: Vec<Value>,
    candidates: usize,
    warnings: Vec<String>,
}

/// How far back is looked.
const LOOK_BACK_DAYS: u32 = 730;
/// Routes that are compared line by line.
const MOST_ROUTES: usize = 6;
/// How near a route must run to be the same.
const SAME_ROUTE_M: f64 = 60.0;

impl Tool for Similar {
    const NAME: &'static str = "find_similar_activities";
    const TITLE: &'static str = "Similar activities";
    const DESCRIPTION: &'static str = "Earlier activities like this one, by route, distance, \
        duration or all together, with how they differ.";
    type Args = SimilarArgs;
    type Answer = SimilarAnswer;

    async fn call(account: &Account, args: SimilarArgs) -> Result<Self::Answer, ToolError> {
        let id = activity_id(args.activity_id)?;
        let by = args.by.unwrap_or_default();
        let (_, activity) = crate::tools::activities::find::find(account, args.activity_id).await?;
        let garmin = account.garmin()?;
        let totals = activity.totals.clone().unwrap_or_default();
        let today = account.today().await?;
        let range = DayRange::new(today.back(LOOK_BACK_DAYS), today, LOOK_BACK_DAYS + 1)
            .unwrap_or_else(|_| DayRange::one(today));
        let key = activity.kind.as_ref().and_then(|kind| kind.key.as_deref());
        let kind = super::source::kind("activity_id", key).unwrap_or_default();
        let (all, complete) = match activities(account, range, kind).await {
            // A type Garmin tells but does not filter by: all activities are looked through.
            Err(ToolError::InvalidArgument { .. }) => activities(account, range, None).await?,
            found => found?,
        };
        let mut warnings = Vec::new();
        if !complete {
            warnings.push("only the newest 1,600 activities were compared".to_owned());
        }
        let own = all.iter().find(|it| it.id == Some(id.number()));
        let start = own.and_then(place);
        let shape = Shape {
            distance_m: totals.distance_m,
            duration_s: totals.duration_s,
            gain_m: totals.elevation_gain_m,
            start,
        };
        let measure = match by {
            By::Distance => Likeness::Distance,
            By::Duration => Likeness::Duration,
            By::Auto | By::Route | By::Type => Likeness::Everything,
        };
        let mut scored: Vec<(f64, &ActivitySummary, &'static str)> = all
            .iter()
            .filter(|it| it.id != Some(id.number()))
            .filter_map(|it| Some((likeness(&shape, &shape_of(it), measure)?, it, why(by))))
            .collect();
        let candidates = scored.len();
        scored.sort_by(|one, other| other.0.total_cmp(&one.0));
        if by == By::Route {
            match routes(&garmin, id, &scored).await? {
                Some(compared) => scored = compared,
                None => {
                    warnings.push("this activity has no route".to_owned());
                    scored.clear();
                }
            }
        }
        let limit = args.limit.map_or(5, |it| it.0);
        scored.truncate(usize::try_from(limit).unwrap_or(5));
        let matches: Vec<Value> = scored.iter().map(|it| matched(&totals, it)).collect();
        Ok(SimilarAnswer {
            status: if matches.is_empty() { Status::NoData } else { Status::Ok },
            activity_id: id.number(),
            by: match by {
                By::Auto => "auto",
                By::Route => "route",
                By::Type => "type",
                By::Distance => "distance",
                By::Duration => "duration",
            },
            matches,
            candidates,
            warnings,
        })
    }
}

fn why(by: By) -> &'static str {
    match by {
        By::Auto => "same type; distance, duration, climbing and start are alike",
        By::Type => "same type",
        By::Distance => "same type and distance",
        By::Duration => "same type and duration",
        By::Route => "same route",
    }
}

fn place(activity: &ActivitySummary) -> Option<Point> {
    Point::new(activity.start_latitude?, activity.start_longitude?)
}

fn shape_of(activity: &ActivitySummary) -> Shape {
    Shape {
        distance_m: activity.distance_m,
        duration_s: activity.duration_s,
        gain_m: activity.elevation_gain_m,
        start: place(activity),
    }
}

/// Those of the likeliest whose line runs along this one's.
async fn routes<'a>(
    garmin: &Garmin,
    id: ActivityId,
    scored: &[(f64, &'a ActivitySummary, &'static str)],
) -> Result<Option<Vec<(f64, &'a ActivitySummary, &'static str)>>, ToolError> {
    let line = line(garmin, id).await?;
    if line.len() < 2 {
        return Ok(None);
    }
    let mut asked = Vec::new();
    for (at, (_, activity, _)) in scored.iter().enumerate() {
        let other = activity.id.and_then(|id| ActivityId::new(id).ok());
        if let (Some(other), Some(_), true) = (other, place(activity), asked.len() < MOST_ROUTES) {
            let garmin = garmin.clone();
            asked.push(async move { (at, self::line(&garmin, other).await) });
        }
    }
    let mut lines = futures_util::stream::iter(asked).buffered(4);
    let mut found = Vec::new();
    while let Some((at, other)) = lines.next().await {
        let it = scored[at];
        if let Some(share) = overlap(&line, &other?, SAME_ROUTE_M)
            && share >= 0.5
        {
            found.push((share, it.1, it.2));
        }
    }
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    Ok(Some(found))
}

async fn line(garmin: &Garmin, id: ActivityId) -> Result<Vec<Point>, ToolError> {
    let details = garmin.activity_chart(id, 1, 400).await?;
    Ok(simplify(&points(details.and_then(|details| details.route)), 10.0))
}

fn matched(asked: &ActivityTotals, (score, found, why): &(f64, &ActivitySummary, &str)) -> Value {
    let delta =
        |own: Option<f64>, other: Option<f64>| own.zip(other).map(|(own, other)| other - own);
    json!({
        "id": found.id,
        "score": shown(Some(*score), 2),
        "why": why,
        "name": found.name,
        "start_time": moment_there(found.start, found.start_local),
        "distance_m": shown(found.distance_m, 0),
        "duration_s": shown(found.duration_s, 0),
        "delta": {
            "duration_s": shown(delta(asked.duration_s, found.duration_s), 0),
            "distance_m": shown(delta(asked.distance_m, found.distance_m), 0),
            "avg_hr_bpm": shown(delta(asked.average_heart_rate, found.average_heart_rate), 0),
            "avg_speed_mps": shown(delta(asked.average_speed_mps, found.average_speed_mps), 2),
            "avg_power_w": shown(delta(asked.average_power_w, found.average_power_w), 0),
        },
    })
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

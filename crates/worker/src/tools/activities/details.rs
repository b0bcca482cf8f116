//! One activity with its parts: laps, zones, weather, gear, sets, the curve.

use garmin::GarminError;
use garmin::model::{ActivityDetails, ActivitySplits, Gear, Lap, TimeInZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::find::find;
use super::one::FullActivity;
use super::parts::{Bound, Piece, Zone, piece, zones};
use super::sets::{Work, work};
use super::weather::{Conditions, conditions};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Many, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{hundredth, tenth, whole, word};

/// `get_activity_details`
pub(super) struct Details;

/// Laps in one answer: beyond this the rest is asked for.
const LAPS_AT_ONCE: usize = 60;
const POINTS: u32 = 60;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailsArgs {
    activity_id: ActivityNumber,
    /// Default `laps`, `zones`, `weather`, `gear`
    include: Option<Many<Part>>,
    /// `next_lap` of the answer before.
    from_lap: Option<Whole<1, 10_000>>,
    /// Points of the `series`; default 60
    max_points: Option<Whole<10, 300>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Part {
    Laps,
    Zones,
    Weather,
    Gear,
    Sets,
    Series,
}

const USUAL: [Part; 4] = [Part::Laps, Part::Zones, Part::Weather, Part::Gear];

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DetailsAnswer {
    status: Status,
    activity: FullActivity,
    laps: Option<Section<Laps>>,
    hr_zones: Option<Section<Items<Zone>>>,
    power_zones: Option<Section<Items<Zone>>>,
    weather: Option<Section<Conditions>>,
    gear: Option<Section<Items<Piece>>>,
    sets: Option<Section<Work>>,
    series: Option<Section<Curve>>,
    /// Parts that Garmin did not give although they were asked for, and why.
    warnings: Vec<String>,
}

/// A part of the answer, which may be missing without the others.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Section<T> {
    status: SectionStatus,
    #[serde(flatten)]
    found: Option<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum SectionStatus {
    Ok,
    NoData,
    /// Garmin did not answer; a warning says why.
    Unavailable,
}

/// A part that is a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Items<T> {
    items: Vec<T>,
}

impl<T> Items<T> {
    fn of(items: Vec<T>) -> Option<Self> {
        if items.is_empty() { None } else { Some(Self { items }) }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Laps {
    count: usize,
    /// Whether laps are missing at the end; `next_lap` continues.
    truncated: bool,
    next_lap: Option<usize>,
    items: Vec<LapRow>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LapRow {
    lap: usize,
    distance_m: Option<i64>,
    duration_s: Option<f64>,
    avg_speed_mps: Option<f64>,
    avg_hr_bpm: Option<i64>,
    max_hr_bpm: Option<i64>,
    avg_run_cadence_spm: Option<i64>,
    avg_bike_cadence_rpm: Option<i64>,
    avg_power_w: Option<i64>,
    normalized_power_w: Option<i64>,
    elevation_gain_m: Option<i64>,
    elevation_loss_m: Option<i64>,
    active_lengths: Option<i64>,
    strokes: Option<i64>,
    avg_swolf: Option<i64>,
    /// `warmup`, `active`, `interval`, `recovery`, `rest`, `cooldown`.
    intensity: Option<String>,
}

fn lap(number: usize, lap: &Lap) -> LapRow {
    LapRow {
        lap: number,
        distance_m: lap.distance_m.map(whole),
        duration_s: lap.duration_s.map(tenth),
        avg_speed_mps: lap.average_speed_mps.map(hundredth),
        avg_hr_bpm: lap.average_heart_rate.map(whole),
        max_hr_bpm: lap.max_heart_rate.map(whole),
        avg_run_cadence_spm: lap.run_cadence_spm.map(whole),
        avg_bike_cadence_rpm: lap.bike_cadence_rpm.map(whole),
        avg_power_w: lap.average_power_w.map(whole),
        normalized_power_w: lap.normalized_power_w.map(whole),
        elevation_gain_m: lap.elevation_gain_m.map(whole),
        elevation_loss_m: lap.elevation_loss_m.map(whole),
        active_lengths: lap.active_lengths,
        strokes: lap.strokes,
        avg_swolf: lap.average_swolf.map(whole),
        intensity: lap.intensity.as_deref().map(word),
    }
}

fn laps(splits: Option<ActivitySplits>, from: usize) -> Option<Laps> {
    let all = splits.and_then(|splits| splits.laps).unwrap_or_default();
    let items: Vec<LapRow> = all
        .iter()
        .enumerate()
        .skip(from - 1)
        .take(LAPS_AT_ONCE)
        .map(|(at, row)| lap(at + 1, row))
        .collect();
    let next = from - 1 + items.len();
    let truncated = !items.is_empty() && next < all.len();
    let next_lap = truncated.then_some(next + 1);
    let count = all.len();
    (!items.is_empty()).then_some(Laps { count, truncated, next_lap, items })
}

fn zones_of(found: Option<Vec<TimeInZone>>, bound: Bound) -> Option<Items<Zone>> {
    Items::of(zones(&found.unwrap_or_default(), bound))
}

fn gear_of(found: Option<Vec<Gear>>) -> Option<Items<Piece>> {
    Items::of(found.into_iter().flatten().map(piece).collect())
}

/// The course of the activity, thinned out by Garmin; one list per channel, as long as `t_s`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Curve {
    /// Seconds since the start.
    t_s: Vec<i64>,
    hr_bpm: Option<Vec<Option<i64>>>,
    speed_mps: Option<Vec<Option<f64>>>,
    altitude_m: Option<Vec<Option<i64>>>,
    power_w: Option<Vec<Option<i64>>>,
    distance_m: Option<Vec<Option<i64>>>,
}

fn curve(details: Option<ActivityDetails>, most: usize) -> Option<Curve> {
    let details = details.unwrap_or_default();
    let times: Vec<Option<f64>> = details.channel("directTimestamp").unwrap_or_default();
    // Garmin takes the number of points for a suggestion.
    let every = times.len().div_ceil(most).max(1);
    let kept: Vec<usize> =
        (0..times.len()).step_by(every).filter(|at| times[*at].is_some()).collect();
    let start = kept.first().and_then(|at| times[*at]).unwrap_or_default();
    let channel = |key: &str| -> Option<Vec<Option<f64>>> {
        let values = details.channel(key)?;
        let kept: Vec<Option<f64>> =
            kept.iter().map(|at| values.get(*at).copied().flatten()).collect();
        kept.iter().any(Option::is_some).then_some(kept)
    };
    let wholes = |key: &str| -> Option<Vec<Option<i64>>> {
        Some(channel(key)?.into_iter().map(|value| value.map(whole)).collect())
    };
    if kept.is_empty() {
        return None;
    }
    Some(Curve {
        t_s: kept
            .iter()
            .filter_map(|at| times[*at])
            .map(|millis| whole((millis - start) / 1000.0))
            .collect(),
        hr_bpm: wholes("directHeartRate"),
        speed_mps: channel("directSpeed")
            .map(|values| values.into_iter().map(|value| value.map(hundredth)).collect()),
        altitude_m: wholes("directElevation"),
        power_w: wholes("directPower"),
        distance_m: wholes("sumDistance"),
    })
}

/// Reads a part if it is wanted. The activity is there, so "not found" means that it lacks it.
async fn wanted<T>(
    extras: Extras,
    wanted: bool,
    part: &str,
    read: impl Future<Output = Result<Option<T>, GarminError>>,
) -> Option<Result<Option<T>, Missing>> {
    let read = async {
        match read.await {
            Err(GarminError::NotFound) => Ok(None),
            read => read,
        }
    };
    if wanted { Some(extras.read(part, read).await) } else { None }
}

impl Tool for Details {
    const NAME: &'static str = "get_activity_details";
    const TITLE: &'static str = "One activity with laps and zones";
    const DESCRIPTION: &'static str = "One activity with laps, time in zones, weather and gear; on \
        request strength sets and its course (include: [\"sets\", \"series\"]).";
    type Args = DetailsArgs;
    type Answer = DetailsAnswer;

    async fn call(account: &Account, args: DetailsArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let include = args.include.map_or_else(|| USUAL.to_vec(), |include| include.0);
        let wants = |part| include.contains(&part);
        let (id, activity) = find(account, args.activity_id).await?;
        let garmin = account.garmin()?;
        let points = args.max_points.map_or(POINTS, |points| points.0);
        let (zone, lap_rows, heart, power, weather, gear, sets, series) = tokio::join!(
            garmin.zone(),
            wanted(extras, wants(Part::Laps), "laps", garmin.activity_splits(id)),
            wanted(extras, wants(Part::Zones), "hr_zones", garmin.activity_heart_rate_zones(id)),
            wanted(extras, wants(Part::Zones), "power_zones", garmin.activity_power_zones(id)),
            wanted(extras, wants(Part::Weather), "weather", garmin.activity_weather(id)),
            wanted(extras, wants(Part::Gear), "gear", garmin.activity_gear(id)),
            wanted(extras, wants(Part::Sets), "sets", garmin.activity_exercise_sets(id)),
            wanted(extras, wants(Part::Series), "series", garmin.activity_details(id, points)),
        );
        let zone = zone?;
        let mut warnings = Vec::new();
        let said = &mut warnings;
        let first_lap = usize::try_from(args.from_lap.map_or(1, |from| from.0)).unwrap_or(1);
        let most = usize::try_from(points).unwrap_or(1);
        Ok(DetailsAnswer {
            status: Status::Ok,
            activity: FullActivity::of(id, activity),
            laps: show(lap_rows, said, |splits| laps(splits, first_lap))?,
            hr_zones: show(heart, said, |found| zones_of(found, Bound::Beats))?,
            power_zones: show(power, said, |found| zones_of(found, Bound::Watts))?,
            weather: show(weather, said, |found| conditions(found?, &zone))?,
            gear: show(gear, said, gear_of)?,
            sets: show(sets, said, |found| Some(work(found?)).filter(|work| !work.is_empty()))?,
            series: show(series, said, |details| curve(details, most))?,
            warnings,
        })
    }
}

/// The part as the answer shows it; nothing where it was not asked for.
fn show<T, S>(
    part: Option<Result<T, Missing>>,
    warnings: &mut Vec<String>,
    shown: impl FnOnce(T) -> Option<S>,
) -> Result<Option<Section<S>>, ToolError> {
    let Some(part) = part else { return Ok(None) };
    let Some(part) = Missing::warned(part, warnings)? else {
        return Ok(Some(Section { status: SectionStatus::Unavailable, found: None }));
    };
    let found = shown(part);
    let status = if found.is_some() { SectionStatus::Ok } else { SectionStatus::NoData };
    Ok(Some(Section { status, found }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laps_are_cut_at_whole_laps_and_the_rest_is_announced() {
        let row = || Lap { distance_m: Some(1000.0), ..Lap::default() };
        let splits =
            || Some(ActivitySplits { id: None, laps: Some((0..61).map(|_| row()).collect()) });
        let first = laps(splits(), 1).unwrap();
        assert_eq!((first.items.len(), first.truncated, first.next_lap), (60, true, Some(61)));
        let rest = laps(splits(), 61).unwrap();
        assert_eq!((rest.items.len(), rest.items[0].lap), (1, 61));
        assert!(!rest.truncated);
        assert!(laps(splits(), 100).is_none());
    }
}

//! One activity with its parts: laps, zones, gear, the curve.

use garmin::GarminError;
use garmin::model::{ActivityDetails, ActivitySplits, Gear, Lap, TimeInZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::one::{FullActivity, find};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Whole};
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
    /// Which parts besides the activity itself; `laps`, `zones` and `gear` when left out.
    include: Option<Vec<Part>>,
    /// The first lap to show; `next_lap` of the answer before.
    from_lap: Option<Whole<1, 10_000>>,
    /// How many points the curve has at most, when `series` is included; 60 when left out.
    max_points: Option<Whole<10, 300>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Part {
    Laps,
    Zones,
    Gear,
    Series,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DetailsAnswer {
    status: Status,
    activity: FullActivity,
    #[serde(skip_serializing_if = "Option::is_none")]
    laps: Option<Laps>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hr_zones: Option<Section<Zone>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    power_zones: Option<Section<Zone>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gear: Option<Section<UsedGear>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Curve>,
    /// Parts that Garmin did not give although they were asked for, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Section<T> {
    status: Status,
    items: Vec<T>,
}

impl<T> From<Vec<T>> for Section<T> {
    fn from(items: Vec<T>) -> Self {
        Self { status: if items.is_empty() { Status::NoData } else { Status::Ok }, items }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Laps {
    status: Status,
    count: usize,
    /// Whether laps are missing at the end; `next_lap` continues.
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_lap: Option<usize>,
    items: Vec<LapRow>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LapRow {
    lap: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_speed_mps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_hr_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_hr_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_run_cadence_spm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_bike_cadence_rpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_power_w: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalized_power_w: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elevation_gain_m: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elevation_loss_m: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_lengths: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strokes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_swolf: Option<i64>,
    /// `warmup`, `active`, `interval`, `recovery`, `rest`, `cooldown`.
    #[serde(skip_serializing_if = "Option::is_none")]
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

fn laps(splits: Option<ActivitySplits>, from: usize) -> Laps {
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
    Laps {
        status: if items.is_empty() { Status::NoData } else { Status::Ok },
        count: all.len(),
        truncated,
        next_lap: truncated.then_some(next + 1),
        items,
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "names of keys in the result")]
struct Zone {
    zone: i64,
    seconds: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pct: Option<f64>,
    /// Where the zone begins: beats per minute or watts.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
}

fn zones(found: Option<Vec<TimeInZone>>) -> Section<Zone> {
    let found = found.unwrap_or_default();
    let all: i64 = found.iter().filter_map(|zone| zone.seconds).map(whole).sum();
    let mut zones: Vec<Zone> = found
        .iter()
        .filter_map(|zone| {
            let seconds = whole(zone.seconds?);
            Some(Zone {
                zone: zone.zone?,
                seconds,
                pct: crate::tools::numbers::share(seconds, all),
                from: zone.low.map(whole),
            })
        })
        .collect();
    zones.sort_by_key(|zone| zone.zone);
    zones.into()
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct UsedGear {
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<String>,
}

fn used_gear(found: Option<Vec<Gear>>) -> Section<UsedGear> {
    let gear: Vec<UsedGear> = found
        .into_iter()
        .flatten()
        .map(|gear| UsedGear {
            name: gear.name.or(gear.make_and_model),
            uuid: gear.uuid,
            r#type: gear.kind.as_deref().map(word),
        })
        .collect();
    gear.into()
}

/// The course of the activity, thinned out by Garmin; one list per channel, as long as `t_s`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Curve {
    status: Status,
    /// Seconds since the start.
    t_s: Vec<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hr_bpm: Option<Vec<Option<i64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed_mps: Option<Vec<Option<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    altitude_m: Option<Vec<Option<i64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    power_w: Option<Vec<Option<i64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<Vec<Option<i64>>>,
}

fn curve(details: Option<ActivityDetails>, most: usize) -> Curve {
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
    Curve {
        status: if kept.is_empty() { Status::NoData } else { Status::Ok },
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
    }
}

/// Reads a part if it is wanted.
async fn wanted<T>(
    extras: Extras,
    wanted: bool,
    part: &str,
    read: impl Future<Output = Result<T, GarminError>>,
) -> Option<Result<T, Missing>> {
    if wanted { Some(extras.read(part, read).await) } else { None }
}

impl Tool for Details {
    const NAME: &'static str = "get_activity_details";
    const TITLE: &'static str = "One activity with laps and zones";
    const DESCRIPTION: &'static str = "One activity with all its metrics, laps, time in heart \
        rate and power zones, and the gear used; on request its course over time \
        (include: [\"series\"]).";
    type Args = DetailsArgs;
    type Answer = DetailsAnswer;

    async fn call(account: &Account, args: DetailsArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let include = args.include.unwrap_or_else(|| vec![Part::Laps, Part::Zones, Part::Gear]);
        let wants = |part| include.contains(&part);
        let (id, activity) = find(account, args.activity_id).await?;
        let garmin = account.garmin()?;
        let points = args.max_points.map_or(POINTS, |points| points.0);
        let (lap_rows, heart, power, gear, series) = tokio::join!(
            wanted(extras, wants(Part::Laps), "laps", garmin.activity_splits(id)),
            wanted(extras, wants(Part::Zones), "hr_zones", garmin.activity_heart_rate_zones(id)),
            wanted(extras, wants(Part::Zones), "power_zones", garmin.activity_power_zones(id)),
            wanted(extras, wants(Part::Gear), "gear", garmin.activity_gear(id)),
            wanted(extras, wants(Part::Series), "series", garmin.activity_details(id, points)),
        );
        let mut warnings = Vec::new();
        let first_lap = args.from_lap.map_or(1, |from| from.0);
        let first_lap = usize::try_from(first_lap).unwrap_or(1);
        let most = usize::try_from(points).unwrap_or(1);
        Ok(DetailsAnswer {
            status: Status::Ok,
            activity: FullActivity::of(id, activity),
            laps: show(lap_rows, &mut warnings, |splits| laps(splits, first_lap))?,
            hr_zones: show(heart, &mut warnings, zones)?,
            power_zones: show(power, &mut warnings, zones)?,
            gear: show(gear, &mut warnings, used_gear)?,
            series: show(series, &mut warnings, |details| curve(details, most))?,
            warnings,
        })
    }
}

/// The part as the answer shows it.
fn show<T, S>(
    part: Option<Result<T, Missing>>,
    warnings: &mut Vec<String>,
    shown: impl FnOnce(T) -> S,
) -> Result<Option<S>, ToolError> {
    let Some(part) = part else { return Ok(None) };
    Ok(Missing::warned(part, warnings)?.map(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laps_are_cut_at_whole_laps_and_the_rest_is_announced() {
        let row = || Lap { distance_m: Some(1000.0), ..Lap::default() };
        let splits =
            || Some(ActivitySplits { id: None, laps: Some((0..61).map(|_| row()).collect()) });
        let first = laps(splits(), 1);
        assert_eq!((first.items.len(), first.truncated, first.next_lap), (60, true, Some(61)));
        let rest = laps(splits(), 61);
        assert_eq!((rest.items.len(), rest.items[0].lap), (1, 61));
        assert!(!rest.truncated);
        let beyond = laps(splits(), 100);
        assert_eq!((beyond.status, beyond.truncated), (Status::NoData, false));
    }
}

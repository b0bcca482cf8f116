//! Laps as the watch cut them, or the same activity kilometre by kilometre.

use garmin::model::{ActivitySplits, Lap, PoolLength};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distances::{self, Stretch};
use super::find::{id, part};
use super::one::STEPS_PER_MINUTE;
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, moment, tenth, whole, word};

/// `get_activity_splits`
pub(super) struct Splits;

/// Points of the curve that splits by distance are cut from.
const POINTS: u32 = 4_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitsArgs {
    activity_id: ActivityNumber,
    /// `lap` as recorded, or cut anew from the curve.
    #[serde(default)]
    #[schemars(with = "Option<By>")]
    by: By,
    start: Option<Whole<0, 100_000>>,
    limit: Option<Whole<1, 500>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum By {
    #[default]
    Lap,
    Km,
    Mile,
}

impl By {
    fn metres(self) -> Option<f64> {
        match self {
            Self::Lap => None,
            Self::Km => Some(1_000.0),
            Self::Mile => Some(1_609.344),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SplitsAnswer {
    /// `no_data` when the activity has no laps, or no distance to cut by.
    status: Status,
    activity_id: i64,
    by: By,
    lap_count: usize,
    has_more: bool,
    next_start: Option<usize>,
    /// What `avg_cadence` counts.
    cadence_unit: Option<&'static str>,
    laps: Vec<LapRow>,
}

#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct LapRow {
    lap_number: usize,
    start_time: Option<String>,
    distance_meters: Option<f64>,
    duration_seconds: Option<f64>,
    moving_duration_seconds: Option<f64>,
    elapsed_duration_seconds: Option<f64>,
    avg_speed_mps: Option<f64>,
    avg_moving_speed_mps: Option<f64>,
    max_speed_mps: Option<f64>,
    grade_adjusted_speed_mps: Option<f64>,
    avg_hr_bpm: Option<i64>,
    max_hr_bpm: Option<i64>,
    calories: Option<i64>,
    bmr_calories: Option<i64>,
    /// On foot.
    avg_cadence: Option<i64>,
    avg_bike_cadence_rpm: Option<i64>,
    avg_power_watts: Option<i64>,
    max_power_watts: Option<i64>,
    normalized_power_watts: Option<i64>,
    avg_ground_contact_time_ms: Option<i64>,
    avg_stride_length_cm: Option<f64>,
    avg_vertical_oscillation_cm: Option<f64>,
    /// Strokes per minute.
    avg_swim_cadence: Option<i64>,
    active_length_count: Option<i64>,
    total_strokes: Option<i64>,
    avg_strokes: Option<f64>,
    avg_swolf: Option<i64>,
    avg_stroke_distance: Option<f64>,
    intensity_type: Option<String>,
    elevation_gain_meters: Option<i64>,
    elevation_loss_meters: Option<i64>,
    /// Of a stretch cut by distance: its end against its start.
    elevation_change_meters: Option<f64>,
    /// The last stretch, where it is shorter than the others.
    partial: Option<bool>,
    workout_step_index: Option<i64>,
    lengths: Option<Vec<LengthRow>>,
}

/// One length of the pool.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct LengthRow {
    length_number: Option<i64>,
    start_time: Option<String>,
    distance_meters: Option<f64>,
    duration_seconds: Option<f64>,
    avg_speed_mps: Option<f64>,
    max_speed_mps: Option<f64>,
    calories: Option<i64>,
    avg_hr_bpm: Option<i64>,
    max_hr_bpm: Option<i64>,
    total_strokes: Option<i64>,
    avg_swolf: Option<i64>,
    stroke: Option<String>,
}

fn length(length: &PoolLength, zone: &jiff::tz::TimeZone) -> LengthRow {
    LengthRow {
        length_number: length.number,
        start_time: length.start.map(|at| moment(at, zone)),
        distance_meters: length.distance_m.map(hundredth),
        duration_seconds: length.duration_s.map(tenth),
        avg_speed_mps: length.average_speed_mps.map(hundredth),
        max_speed_mps: length.max_speed_mps.map(hundredth),
        calories: length.calories.map(whole),
        avg_hr_bpm: length.average_heart_rate.map(whole),
        max_hr_bpm: length.max_heart_rate.map(whole),
        total_strokes: length.strokes,
        avg_swolf: length.average_swolf.map(whole),
        stroke: length.stroke.as_deref().map(word),
    }
}

/// A lap in full. Numbers count from one in the order Garmin lists laps in: some devices number
/// them from zero.
fn row(number: usize, lap: &Lap, zone: &jiff::tz::TimeZone) -> LapRow {
    let lengths = lap.lengths.as_ref().filter(|lengths| !lengths.is_empty());
    LapRow {
        lap_number: number,
        start_time: lap.start.map(|at| moment(at, zone)),
        distance_meters: lap.distance_m.map(hundredth),
        duration_seconds: lap.duration_s.map(tenth),
        moving_duration_seconds: lap.moving_s.map(tenth),
        elapsed_duration_seconds: lap.elapsed_s.map(tenth),
        avg_speed_mps: lap.average_speed_mps.map(hundredth),
        avg_moving_speed_mps: lap.moving_speed_mps.map(hundredth),
        max_speed_mps: lap.max_speed_mps.map(hundredth),
        grade_adjusted_speed_mps: lap.grade_adjusted_speed_mps.map(hundredth),
        avg_hr_bpm: lap.average_heart_rate.map(whole),
        max_hr_bpm: lap.max_heart_rate.map(whole),
        calories: lap.calories.map(whole),
        bmr_calories: lap.bmr_calories.map(whole),
        avg_cadence: lap.run_cadence_spm.map(whole),
        avg_bike_cadence_rpm: lap.bike_cadence_rpm.map(whole),
        avg_power_watts: lap.average_power_w.map(whole),
        max_power_watts: lap.max_power_w.map(whole),
        normalized_power_watts: lap.normalized_power_w.map(whole),
        avg_ground_contact_time_ms: lap.ground_contact_ms.map(whole),
        avg_stride_length_cm: lap.stride_length_cm.map(tenth),
        avg_vertical_oscillation_cm: lap.vertical_oscillation_cm.map(tenth),
        avg_swim_cadence: lap.swim_cadence_spm.map(whole),
        active_length_count: lap.active_lengths,
        total_strokes: lap.strokes,
        avg_strokes: lap.strokes_per_length.map(tenth),
        avg_swolf: lap.average_swolf.map(whole),
        avg_stroke_distance: lap.stroke_distance_m.map(hundredth),
        intensity_type: lap.intensity.as_deref().map(word),
        elevation_gain_meters: lap.elevation_gain_m.map(whole),
        elevation_loss_meters: lap.elevation_loss_m.map(whole),
        workout_step_index: lap.workout_step,
        lengths: lengths
            .map(|lengths| lengths.iter().map(|it| length(it, zone)).collect::<Vec<_>>()),
        ..LapRow::default()
    }
}

fn cut(number: usize, stretch: &Stretch, zone: &jiff::tz::TimeZone) -> LapRow {
    LapRow {
        lap_number: number,
        start_time: stretch.start.map(|at| moment(at, zone)),
        distance_meters: Some(tenth(stretch.distance_m)),
        duration_seconds: Some(tenth(stretch.duration_s)),
        avg_speed_mps: (stretch.duration_s > 0.0)
            .then(|| hundredth(stretch.distance_m / stretch.duration_s)),
        avg_hr_bpm: stretch.heart_rate.mean.map(whole),
        max_hr_bpm: stretch.heart_rate.highest.map(whole),
        avg_cadence: stretch.run_cadence.mean.map(whole),
        avg_bike_cadence_rpm: stretch.bike_cadence.mean.map(whole),
        avg_power_watts: stretch.power.mean.map(whole),
        elevation_change_meters: stretch.climbed_m.map(tenth),
        partial: stretch.is_partial.then_some(true),
        ..LapRow::default()
    }
}

impl Tool for Splits {
    const NAME: &'static str = "get_activity_splits";
    const TITLE: &'static str = "Laps of an activity";
    const DESCRIPTION: &'static str = "The laps of one activity in full, with pool lengths; or \
        the activity cut into kilometres or miles.";
    type Args = SplitsArgs;
    type Answer = SplitsAnswer;

    async fn call(account: &Account, args: SplitsArgs) -> Result<Self::Answer, ToolError> {
        let number = id(args.activity_id)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let rows: Vec<LapRow> = if let Some(metres) = args.by.metres() {
            let found = garmin.activity_details(number, POINTS).await;
            let found = part(account, args.activity_id, found).await?.unwrap_or_default();
            let stretches = distances::stretches(&found, metres);
            stretches.iter().enumerate().map(|(at, it)| cut(at + 1, it, &zone)).collect()
        } else {
            let found = garmin.activity_splits(number).await;
            let found: Option<ActivitySplits> = part(account, args.activity_id, found).await?;
            let laps = found.and_then(|found| found.laps).unwrap_or_default();
            laps.iter().enumerate().map(|(at, lap)| row(at + 1, lap, &zone)).collect()
        };
        let lap_count = rows.len();
        let start = usize::try_from(args.start.map_or(0, |start| start.0)).unwrap_or(0);
        let limit = args.limit.map_or(lap_count, |limit| usize::try_from(limit.0).unwrap_or(1));
        let laps: Vec<LapRow> = rows.into_iter().skip(start).take(limit).collect();
        let next = start + laps.len();
        let has_more = !laps.is_empty() && next < lap_count;
        Ok(SplitsAnswer {
            status: if laps.is_empty() { Status::NoData } else { Status::Ok },
            activity_id: number.number(),
            by: args.by,
            lap_count,
            has_more,
            next_start: has_more.then_some(next),
            cadence_unit: laps.iter().find_map(|lap| lap.avg_cadence).map(|_| STEPS_PER_MINUTE),
            laps,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_lap_of_the_pool_has_its_lengths_and_a_lap_on_land_has_none() {
        let lap: Lap = serde_json::from_str(
            r#"{"lapIndex":0,"distance":50.0,"duration":61.4,"averageSwimCadence":28,
                "numberOfActiveLengths":2,"totalNumberOfStrokes":0,"averageSWOLF":44.0,
                "lengthDTOs":[{"lengthIndex":1,"distance":25.0,"duration":30.2,
                "swimStroke":"FREESTYLE","totalNumberOfStrokes":14}]}"#,
        )
        .unwrap();
        let shown = row(1, &lap, &TimeZone::UTC);
        assert_eq!((shown.lap_number, shown.total_strokes), (1, Some(0)));
        let lengths = shown.lengths.unwrap();
        assert_eq!(lengths[0].stroke.as_deref(), Some("freestyle"));
        assert_eq!((shown.avg_cadence, shown.avg_swim_cadence), (None, Some(28)));
        let land = Lap { lengths: Some(Vec::new()), ..Lap::default() };
        assert_eq!(row(1, &land, &TimeZone::UTC).lengths, None);
    }

    #[test]
    fn d15_running_cadence_is_what_garmin_counts_in_steps_a_minute() {
        let lap = Lap { run_cadence_spm: Some(168.5), ..Lap::default() };
        assert_eq!(row(1, &lap, &TimeZone::UTC).avg_cadence, Some(169));
        assert_eq!(STEPS_PER_MINUTE, "steps_per_minute");
    }
}

//! One activity in full.

use garmin::api::{ActivityId, ActivityQuery};
use garmin::model::{Activity, ActivityMetadata, ActivityTotals};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::find::{ActivityArgs, find};
use super::kinds;
use super::list::type_key;
use crate::account::Account;
use crate::answer::Status;
use crate::args::ActivityNumber;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, moment, moment_there, tenth, whole, word};

/// What Garmin counts on foot: both feet, not strides.
pub(super) const STEPS_PER_MINUTE: &str = "steps_per_minute";

/// `get_activity`
pub(super) struct OneActivity;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ActivityAnswer {
    /// `no_data` when there is no such activity yet.
    status: Status,
    #[serde(flatten)]
    activity: Option<FullActivity>,
}

/// Everything Garmin measured about an activity; what it did not measure is left out.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FullActivity {
    id: i64,
    name: Option<String>,
    description: Option<String>,
    r#type: Option<String>,
    event_type: Option<String>,
    visibility: Option<String>,
    location: Option<String>,
    /// The type it is a kind of, such as `running` for `trail_running`.
    parent_type: Option<String>,
    /// With the offset of the place where it started.
    start_time_local: Option<String>,
    start_time_gmt: Option<String>,
    duration_seconds: Option<i64>,
    moving_duration_seconds: Option<i64>,
    elapsed_duration_seconds: Option<i64>,
    distance_meters: Option<i64>,
    avg_speed_mps: Option<f64>,
    max_speed_mps: Option<f64>,
    grade_adjusted_speed_mps: Option<f64>,
    avg_hr_bpm: Option<i64>,
    max_hr_bpm: Option<i64>,
    min_hr_bpm: Option<i64>,
    /// How far the heart rate fell in the two minutes after the end.
    recovery_hr_bpm: Option<i64>,
    calories: Option<i64>,
    bmr_calories: Option<i64>,
    steps: Option<i64>,
    /// On foot, in the unit of `cadence_unit`.
    avg_cadence: Option<i64>,
    max_cadence: Option<i64>,
    cadence_unit: Option<&'static str>,
    avg_bike_cadence_rpm: Option<i64>,
    /// Strokes per minute.
    avg_swim_cadence_spm: Option<i64>,
    avg_stride_length_cm: Option<f64>,
    avg_ground_contact_time_ms: Option<i64>,
    avg_vertical_oscillation_cm: Option<f64>,
    avg_vertical_ratio_pct: Option<f64>,
    avg_power_watts: Option<i64>,
    max_power_watts: Option<i64>,
    normalized_power_watts: Option<i64>,
    training_stress_score: Option<f64>,
    intensity_factor: Option<f64>,
    /// Aerobic, 0 to 5.
    training_effect: Option<f64>,
    anaerobic_training_effect: Option<f64>,
    training_effect_label: Option<String>,
    training_load: Option<f64>,
    load: Option<Load>,
    moderate_intensity_minutes: Option<i64>,
    vigorous_intensity_minutes: Option<i64>,
    elevation_gain_meters: Option<i64>,
    elevation_loss_meters: Option<i64>,
    min_elevation_meters: Option<i64>,
    max_elevation_meters: Option<i64>,
    avg_temperature_c: Option<f64>,
    avg_swolf: Option<i64>,
    active_lengths: Option<i64>,
    body_battery_impact: Option<i64>,
    stamina_at_start_pct: Option<i64>,
    stamina_at_end_pct: Option<i64>,
    estimated_sweat_loss_ml: Option<i64>,
    /// How the athlete says it felt: 0, 25, 50, 75 or 100, where 100 is very strong.
    workout_feel: Option<i64>,
    /// How hard the athlete says it was: 0 to 10.
    workout_rpe: Option<f64>,
    lap_count: Option<i64>,
    has_splits: Option<bool>,
    personal_record: Option<bool>,
    workout_id: Option<i64>,
    device_manufacturer: Option<String>,
    device_id: Option<i64>,
    course_id: Option<i64>,
    manual: Option<bool>,
    /// Of a leg: the multisport activity it belongs to.
    parent_id: Option<i64>,
    /// The legs of a multisport activity, in order; each has an id to ask for.
    children: Option<Vec<Leg>>,
}

/// How hard the activity was in one number, and by whose reckoning.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Load {
    value: f64,
    basis: &'static str,
}

impl Load {
    fn of(totals: &ActivityTotals) -> Option<Self> {
        let load =
            |value: Option<f64>, basis| value.map(|value| Self { value: tenth(value), basis });
        load(totals.training_load, "garmin_training_load")
            .or_else(|| load(totals.training_stress_score, "training_stress_score"))
    }
}

/// A part of a multisport activity.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Leg {
    id: i64,
    r#type: Option<String>,
}

/// The legs, each with the type Garmin lists at the same place.
fn legs(metadata: &mut ActivityMetadata) -> Option<Vec<Leg>> {
    let ids = metadata.children.take().filter(|ids| !ids.is_empty())?;
    // A list that is shorter than the other says nothing about which is missing.
    let types = metadata.child_types.take().filter(|types| types.len() == ids.len());
    let mut types = types.into_iter().flatten();
    Some(ids.into_iter().map(|id| Leg { id, r#type: types.next() }).collect())
}

impl FullActivity {
    pub(super) fn of(id: ActivityId, activity: Activity) -> Self {
        let totals: ActivityTotals = activity.totals.unwrap_or_default();
        let mut metadata: ActivityMetadata = activity.metadata.unwrap_or_default();
        let children = legs(&mut metadata);
        let parent = activity.kind.as_ref().and_then(|kind| kind.parent_id);
        let parent_type = parent.and_then(kinds::key).map(str::to_owned);
        Self {
            id: id.number(),
            name: activity.name,
            description: activity.description,
            r#type: type_key(activity.kind),
            event_type: activity.event.and_then(|event| event.key),
            visibility: activity.visibility.and_then(|rule| rule.key),
            location: activity.location,
            parent_type,
            start_time_local: moment_there(totals.start, totals.start_local),
            start_time_gmt: totals.start.map(|at| moment(at, &TimeZone::UTC)),
            duration_seconds: totals.duration_s.map(whole),
            moving_duration_seconds: totals.moving_s.map(whole),
            elapsed_duration_seconds: totals.elapsed_s.map(whole),
            distance_meters: totals.distance_m.map(whole),
            avg_speed_mps: totals.average_speed_mps.map(hundredth),
            max_speed_mps: totals.max_speed_mps.map(hundredth),
            grade_adjusted_speed_mps: totals.grade_adjusted_speed_mps.map(hundredth),
            avg_hr_bpm: totals.average_heart_rate.map(whole),
            max_hr_bpm: totals.max_heart_rate.map(whole),
            min_hr_bpm: totals.min_heart_rate.map(whole),
            recovery_hr_bpm: totals.recovery_heart_rate.map(whole),
            calories: totals.calories.map(whole),
            bmr_calories: totals.bmr_calories.map(whole),
            steps: totals.steps,
            avg_cadence: totals.run_cadence_spm.map(whole),
            max_cadence: totals.max_run_cadence_spm.map(whole),
            cadence_unit: totals.run_cadence_spm.map(|_| STEPS_PER_MINUTE),
            avg_bike_cadence_rpm: totals.bike_cadence_rpm.map(whole),
            avg_swim_cadence_spm: totals.swim_cadence_spm.map(whole),
            avg_stride_length_cm: totals.stride_length_cm.map(tenth),
            avg_ground_contact_time_ms: totals.ground_contact_ms.map(whole),
            avg_vertical_oscillation_cm: totals.vertical_oscillation_cm.map(tenth),
            avg_vertical_ratio_pct: totals.vertical_ratio_pct.map(tenth),
            avg_power_watts: totals.average_power_w.map(whole),
            max_power_watts: totals.max_power_w.map(whole),
            normalized_power_watts: totals.normalized_power_w.map(whole),
            training_stress_score: totals.training_stress_score.map(tenth),
            intensity_factor: totals.intensity_factor.map(hundredth),
            training_effect: totals.aerobic_training_effect.map(tenth),
            anaerobic_training_effect: totals.anaerobic_training_effect.map(tenth),
            training_effect_label: totals.training_effect_label.as_deref().map(word),
            training_load: totals.training_load.map(tenth),
            load: Load::of(&totals),
            moderate_intensity_minutes: totals.moderate_intensity_min,
            vigorous_intensity_minutes: totals.vigorous_intensity_min,
            elevation_gain_meters: totals.elevation_gain_m.map(whole),
            elevation_loss_meters: totals.elevation_loss_m.map(whole),
            min_elevation_meters: totals.min_elevation_m.map(whole),
            max_elevation_meters: totals.max_elevation_m.map(whole),
            avg_temperature_c: totals.average_temperature_c.map(tenth),
            avg_swolf: totals.average_swolf.map(whole),
            active_lengths: totals.active_lengths,
            body_battery_impact: totals.body_battery_difference,
            stamina_at_start_pct: totals.stamina_begin_pct.map(whole),
            stamina_at_end_pct: totals.stamina_end_pct.map(whole),
            estimated_sweat_loss_ml: totals.water_estimated_ml.map(whole),
            workout_feel: totals.feel,
            workout_rpe: totals.perceived_exertion_tenfold.map(exertion),
            lap_count: metadata.laps,
            has_splits: metadata.has_splits,
            personal_record: metadata.personal_record,
            workout_id: metadata.workout_id,
            device_manufacturer: metadata.manufacturer,
            device_id: metadata.device.and_then(|device| device.id),
            course_id: metadata.course_id,
            manual: metadata.is_manual.filter(|is_manual| *is_manual),
            parent_id: metadata.parent,
            children,
        }
    }
}

fn exertion(tenfold: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "0 to 100")]
    tenth(tenfold as f64 / 10.0)
}

impl Tool for OneActivity {
    const NAME: &'static str = "get_activity";
    const TITLE: &'static str = "One activity";
    const DESCRIPTION: &'static str = "One activity: times, distance, speed, heart rate, cadence, \
        running form, power, training effect, elevation. get_activity_details has laps and \
        zones.";
    type Args = ActivityArgs;
    type Answer = ActivityAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let (id, activity) = find(account, args.activity_id).await?;
        Ok(ActivityAnswer { status: Status::Ok, activity: Some(FullActivity::of(id, activity)) })
    }
}

/// `get_last_activity`
pub(super) struct LastActivity;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LastArgs {
    /// `running`, `cycling`, …
    activity_type: Option<String>,
}

impl Tool for LastActivity {
    const NAME: &'static str = "get_last_activity";
    const TITLE: &'static str = "The latest activity";
    const DESCRIPTION: &'static str =
        "The latest activity in full, optionally the latest of one type.";
    type Args = LastArgs;
    type Answer = ActivityAnswer;

    async fn call(account: &Account, args: LastArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let kind = kinds::wanted(&garmin, args.activity_type.as_deref()).await?;
        let query = ActivityQuery { start: 0, limit: 1, range: None, kind };
        let latest = garmin.activities(&query).await?;
        let Some(id) = latest.first().and_then(|activity| activity.id) else {
            return Ok(ActivityAnswer { status: Status::NoData, activity: None });
        };
        let (id, activity) = find(account, ActivityNumber(id)).await?;
        Ok(ActivityAnswer { status: Status::Ok, activity: Some(FullActivity::of(id, activity)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legs_keep_their_order_and_take_a_type_only_where_it_is_certain() {
        let of = |children: &[i64], types: &[&str]| {
            let types = types.iter().map(|kind| (*kind).to_owned()).collect();
            let mut metadata = ActivityMetadata {
                children: Some(children.to_vec()),
                child_types: Some(types),
                ..ActivityMetadata::default()
            };
            legs(&mut metadata)
        };
        let leg = |id, kind: Option<&str>| Leg { id, r#type: kind.map(str::to_owned) };
        let both = of(&[7, 8], &["cycling", "running"]).unwrap();
        assert_eq!(both, [leg(7, Some("cycling")), leg(8, Some("running"))]);
        assert_eq!(of(&[7, 8], &["running"]).unwrap(), [leg(7, None), leg(8, None)]);
        assert_eq!(of(&[], &[]), None);
    }

    #[test]
    fn a_load_says_by_whose_reckoning() {
        let totals = |training_load, training_stress_score| ActivityTotals {
            training_load,
            training_stress_score,
            ..ActivityTotals::default()
        };
        let basis = |load: Option<f64>, tss: Option<f64>| {
            Load::of(&totals(load, tss)).map(|load| (load.value, load.basis))
        };
        assert_eq!(basis(Some(0.0), Some(90.0)), Some((0.0, "garmin_training_load")));
        assert_eq!(basis(None, Some(90.04)), Some((90.0, "training_stress_score")));
        assert_eq!(basis(None, None), None);
    }
}

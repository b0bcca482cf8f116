//! One activity in full.

use garmin::GarminError;
use garmin::api::ActivityId;
use garmin::model::{Activity, ActivityMetadata, ActivityTotals};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list::type_key;
use crate::account::Account;
use crate::answer::Status;
use crate::args::ActivityNumber;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::kinds;
use crate::tools::numbers::{hundredth, moment, moment_there, tenth, whole, word};

/// `get_activity`
pub(super) struct OneActivity;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivityArgs {
    activity_id: ActivityNumber,
}

/// The activity, or an error that names the argument.
pub(super) async fn find(
    account: &Account,
    number: ActivityNumber,
) -> Result<(ActivityId, Activity), ToolError> {
    let unknown = ToolError::NotFound {
        field: "activity_id",
        what: "activity",
        hint: "Allowed is the `id` of an activity in `get_activities`.",
    };
    let Ok(id) = ActivityId::new(number.0) else { return Err(unknown) };
    match account.garmin()?.activity(id).await {
        Ok(activity) => Ok((id, activity)),
        // Garmin does not tell an unknown activity from somebody else's.
        Err(GarminError::NotFound | GarminError::Forbidden) => Err(unknown),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ActivityAnswer {
    status: Status,
    #[serde(flatten)]
    activity: FullActivity,
}

/// Everything Garmin measured about an activity; what it did not measure is left out.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FullActivity {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// The type it is a kind of, such as `running` for `trail_running`.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_type: Option<String>,
    /// With the offset of the place where it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_local: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_gmt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moving_duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_meters: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_speed_mps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_speed_mps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grade_adjusted_speed_mps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_hr_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_hr_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_hr_bpm: Option<i64>,
    /// How far the heart rate fell in the two minutes after the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_hr_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calories: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bmr_calories: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<i64>,
    /// On foot, in steps per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_cadence: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_cadence: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_bike_cadence_rpm: Option<i64>,
    /// Strokes per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_swim_cadence_spm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_stride_length_cm: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_ground_contact_time_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_vertical_oscillation_cm: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_vertical_ratio_pct: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_power_watts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_power_watts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalized_power_watts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training_stress_score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intensity_factor: Option<f64>,
    /// Aerobic, 0 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    training_effect: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anaerobic_training_effect: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training_effect_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training_load: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderate_intensity_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vigorous_intensity_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elevation_gain_meters: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elevation_loss_meters: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_elevation_meters: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_elevation_meters: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_temperature_c: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_swolf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_lengths: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_impact: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamina_at_start_pct: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamina_at_end_pct: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_sweat_loss_ml: Option<i64>,
    /// How the athlete says it felt: 0, 25, 50, 75 or 100, where 100 is very strong.
    #[serde(skip_serializing_if = "Option::is_none")]
    workout_feel: Option<i64>,
    /// How hard the athlete says it was: 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    workout_rpe: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lap_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_splits: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    personal_record: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workout_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_manufacturer: Option<String>,
    /// The legs of a multisport activity, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<i64>,
}

impl FullActivity {
    pub(super) fn of(id: ActivityId, activity: Activity) -> Self {
        let totals: ActivityTotals = activity.totals.unwrap_or_default();
        let metadata: ActivityMetadata = activity.metadata.unwrap_or_default();
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
            children: metadata.children.unwrap_or_default(),
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
    const DESCRIPTION: &'static str = "Everything Garmin measured about one activity: times, \
        distance, speed, heart rate, cadence, running form, power, training effect and load, \
        elevation. For laps and zones use get_activity_details.";
    type Args = ActivityArgs;
    type Answer = ActivityAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let (id, activity) = find(account, args.activity_id).await?;
        Ok(ActivityAnswer { status: Status::Ok, activity: FullActivity::of(id, activity) })
    }
}

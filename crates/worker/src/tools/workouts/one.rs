//! One workout.

use garmin::GarminError;
use garmin::api::WorkoutUuid;
use garmin::workout::{decompile, describe, write};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::steps::{number, segments, text};
use crate::account::Account;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, whole};

/// How a workout is named: by a number, or by a plan's UUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools) enum WorkoutId {
    Number(i64),
    Plan(WorkoutUuid),
}

impl<'de> Deserialize<'de> for WorkoutId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let uuid = value.as_str().and_then(|text| WorkoutUuid::parse(text).ok());
        if let Some(uuid) = uuid {
            return Ok(Self::Plan(uuid));
        }
        let number: Result<crate::args::Number, _> = serde_json::from_value(value);
        number.map(|number| Self::Number(number.0)).map_err(|_| {
            D::Error::custom(
                "not a workout id; allowed is an `id` from `get_workouts`, or a `workout_uuid` \
                 of a training plan",
            )
        })
    }
}

impl JsonSchema for WorkoutId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WorkoutId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"] })
    }
}

/// `get_workout_by_id`
pub(super) struct OneWorkout;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Format {
    #[default]
    Steps,
    Form,
    Raw,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneArgs {
    workout_id: WorkoutId,
    /// `form` is what `update_workout` takes.
    #[serde(default)]
    #[schemars(with = "Option<Format>")]
    format: Format,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneAnswer {
    id: Option<i64>,
    uuid: Option<String>,
    name: Option<String>,
    sport: Option<String>,
    provider: Option<String>,
    created_date: Option<String>,
    updated_date: Option<String>,
    description: Option<String>,
    estimated_duration_seconds: Option<i64>,
    estimated_distance_meters: Option<i64>,
    avg_training_speed_mps: Option<f64>,
    workout_type: Option<String>,
    training_effect_label: Option<String>,
    estimated_training_effect: Option<f64>,
    segment_count: Option<usize>,
    segments: Option<Vec<Value>>,
    /// The steps in words.
    summary: Option<String>,
    form: Option<Value>,
    /// What the form cannot say.
    not_in_form: Option<Vec<String>>,
    raw: Option<Value>,
}

/// A workout as Garmin keeps it.
pub(in crate::tools) async fn stored(
    account: &Account,
    id: &WorkoutId,
) -> Result<Value, ToolError> {
    let garmin = account.garmin()?;
    let found = match id {
        WorkoutId::Number(id) => garmin.workout(*id).await,
        WorkoutId::Plan(uuid) => garmin.plan_workout(uuid).await,
    };
    let missing = || ToolError::NotFound {
        field: "workout_id",
        what: "workout",
        hint: "Use an `id` from `get_workouts`, or a `workout_uuid` from \
               `get_training_plan_workouts`.",
    };
    match found {
        Ok(Some(workout)) => Ok(workout.0),
        Ok(None) | Err(GarminError::NotFound) => Err(missing()),
        Err(error) => Err(error.into()),
    }
}

impl Tool for OneWorkout {
    const NAME: &'static str = "get_workout_by_id";
    const TITLE: &'static str = "One workout with its steps";
    const DESCRIPTION: &'static str = "One workout with all its steps, from the library or from \
        a training plan.";
    type Args = OneArgs;
    type Answer = OneAnswer;

    async fn call(account: &Account, args: OneArgs) -> Result<Self::Answer, ToolError> {
        let workout = stored(account, &args.workout_id).await?;
        let read = decompile(&workout).filter(|read| !read.form.legs.is_empty());
        let segments = match args.format {
            Format::Steps => segments(&workout),
            Format::Form | Format::Raw => None,
        };
        let either =
            |one: &str, other: &str| number(&workout[one]).or_else(|| number(&workout[other]));
        let of_form = (args.format == Format::Form).then_some(read.as_ref()).flatten();
        Ok(OneAnswer {
            id: number(&workout["workoutId"]).map(whole),
            uuid: text(&workout["workoutUuid"]),
            name: text(&workout["workoutName"]),
            sport: text(&workout["sportType"]["sportTypeKey"]),
            provider: text(&workout["workoutProvider"]),
            created_date: text(&workout["createdDate"]),
            updated_date: text(&workout["updatedDate"]),
            description: text(&workout["description"]),
            estimated_duration_seconds: either("estimatedDurationInSecs", "estimatedDuration")
                .map(whole),
            estimated_distance_meters: either("estimatedDistanceInMeters", "estimatedDistance")
                .map(whole),
            avg_training_speed_mps: number(&workout["avgTrainingSpeed"])
                .filter(|speed| *speed > 0.0)
                .map(hundredth),
            workout_type: text(&workout["workoutPhrase"]),
            training_effect_label: text(&workout["trainingEffectLabel"]),
            estimated_training_effect: number(&workout["estimatedTrainingEffect"]),
            segment_count: segments.as_ref().map(Vec::len),
            segments,
            summary: (args.format != Format::Raw)
                .then(|| read.as_ref().map(|read| describe(&read.form)))
                .flatten(),
            form: of_form.map(|read| write(&read.form)),
            not_in_form: of_form.map(|read| read.lost.clone()).filter(|lost| !lost.is_empty()),
            raw: (args.format == Format::Raw).then_some(workout),
        })
    }
}

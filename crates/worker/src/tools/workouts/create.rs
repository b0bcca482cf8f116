//! New workouts: from the typed form, from the builders of `garmin_mcp`, and from Garmin's JSON.

use garmin::api::schedule_at;
use garmin::write::Write;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::making::{
    Document, MOST_READ_BACK, create, from_any, from_form, making, new_id, read_back,
};
use crate::account::Account;
use crate::args::{Many, NamedDay, Reach, Whole};
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{OnError, Plan, Step, WriteTool};

/// The typed form.
#[derive(Debug)]
pub(super) struct FormDocument(Value);

impl<'de> Deserialize<'de> for FormDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Document::deserialize(deserializer).map(|document| Self(document.0))
    }
}

impl JsonSchema for FormDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WorkoutForm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "{title, sport, steps: [{kind: warmup|interval|recovery|rest|cooldown, \
                end: {time_s|distance_m|reps|..} or \"lap_button\", target: {hr_zone, hr_bpm: \
                [lo,hi], power_w, pace_per_km: [\"4:05\",\"4:15\"], ..}, note} or {repeat, steps}]}. \
                Strength: {exercise, sets, reps, weight_kg, rest_s}. A refusal lists what is allowed.",
        })
    }
}

/// `create_workout`
pub(super) struct CreateWorkout;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateArgs {
    #[serde(alias = "workout_ir")]
    workout: FormDocument,
    /// Days to put it on.
    #[serde(alias = "with_calendar")]
    schedule_on: Option<Many<NamedDay>>,
}

impl WriteTool for CreateWorkout {
    const NAME: &'static str = "create_workout";
    const TITLE: &'static str = "Create a workout";
    const DESCRIPTION: &'static str = "Creates a structured workout for any sport from a typed \
        form; checked as a whole, then read back.";
    const CLASS: Class = Class::Add;
    type Args = CreateArgs;

    async fn plan(account: &Account, args: CreateArgs) -> Result<Plan, ToolError> {
        let ready = from_form(account, &args.workout.0, "workout").await?;
        let days = args.schedule_on.map(|days| days.0).unwrap_or_default();
        let mut plan = making(ready);
        if days.is_empty() {
            return Ok(plan);
        }
        let today = account.today().await?;
        for (at, day) in days.into_iter().enumerate() {
            let day = day.within("schedule_on", today, Reach::AnyDay)?;
            let step = Step::after(format!("put it on {day}"), move |answers| {
                let id = answers.first().and_then(new_id);
                let id = id.ok_or(ToolError::UpstreamChanged { what: "workout" })?;
                Ok(Write::post(schedule_at(id)).json(json!({ "date": day.to_string() })))
            });
            let step = step
                .keys_from(move |answer| {
                    let mut keys = Map::new();
                    let key = if at == 0 {
                        "scheduled_workout_id".to_owned()
                    } else {
                        format!("scheduled_workout_id_{}", at + 1)
                    };
                    keys.insert(key, answer["workoutScheduleId"].clone());
                    keys
                })
                .undone_from(|answer| {
                    let id = answer["workoutScheduleId"].as_i64();
                    id.map(|id| Write::delete(schedule_at(id))).into_iter().collect()
                });
            plan = plan.step(step);
        }
        Ok(plan)
    }
}

/// A heart rate zone as `garmin_mcp` takes it: `Z3` or 3.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeartZone(u32);

impl Default for HeartZone {
    fn default() -> Self {
        Self(3)
    }
}

impl<'de> Deserialize<'de> for HeartZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let text = value.as_str().map(str::trim);
        let digits = text.map(|text| text.trim_start_matches(['Z', 'z']).to_owned());
        let value = digits.map_or(value, Value::from);
        let zone: Result<Whole<1, 5>, _> = serde_json::from_value(value);
        zone.map(|zone| Self(zone.0)).map_err(|_| serde::de::Error::custom("allowed are Z1 to Z5"))
    }
}

impl JsonSchema for HeartZone {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HeartZone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["Z3"] })
    }
}

fn minutes(kind: &str, minutes: Whole<0, 600>) -> Option<Value> {
    (minutes.0 > 0).then(|| json!({ "kind": kind, "end": { "time_s": minutes.0 * 60 } }))
}

async fn built(
    account: &Account,
    name: &str,
    sport: &str,
    steps: Vec<Option<Value>>,
) -> Result<Plan, ToolError> {
    let steps: Vec<Value> = steps.into_iter().flatten().collect();
    let form = json!({ "title": name, "sport": sport, "steps": steps });
    Ok(making(from_form(account, &form, "name").await?))
}

/// `create_walk_run_workout`
pub(super) struct WalkRun;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WalkRunArgs {
    name: String,
    run_seconds: Whole<1, 36_000>,
    walk_seconds: Whole<1, 36_000>,
    repeats: Whole<1, 99>,
    warmup_min: Whole<0, 600>,
    cooldown_min: Whole<0, 600>,
    #[serde(default)]
    #[schemars(with = "Option<HeartZone>")]
    hr_zone: HeartZone,
}

impl WriteTool for WalkRun {
    const NAME: &'static str = "create_walk_run_workout";
    const TITLE: &'static str = "Create a walk and run workout";
    const DESCRIPTION: &'static str = "Creates a run with walking breaks in a heart rate zone.";
    const CLASS: Class = Class::Add;
    type Args = WalkRunArgs;

    async fn plan(account: &Account, args: WalkRunArgs) -> Result<Plan, ToolError> {
        let target = json!({ "hr_zone": args.hr_zone.0 });
        let rounds = json!({ "repeat": args.repeats.0, "steps": [
            { "kind": "interval", "end": { "time_s": args.run_seconds.0 }, "target": target,
                "note": "Run" },
            { "kind": "recovery", "end": { "time_s": args.walk_seconds.0 }, "target": target,
                "note": "Walk" },
        ]});
        let steps = vec![
            minutes("warmup", args.warmup_min),
            Some(rounds),
            minutes("cooldown", args.cooldown_min),
        ];
        built(account, &args.name, "running", steps).await
    }
}

/// `create_run_workout`
pub(super) struct Run;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunArgs {
    name: String,
    run_seconds: Whole<1, 86_400>,
    warmup_min: Whole<0, 600>,
    cooldown_min: Whole<0, 600>,
    hr_zone: Option<HeartZone>,
    /// Instead of a zone, with `hr_max`: bpm.
    hr_min: Option<Whole<30, 250>>,
    hr_max: Option<Whole<30, 250>>,
}

impl WriteTool for Run {
    const NAME: &'static str = "create_run_workout";
    const TITLE: &'static str = "Create a steady run";
    const DESCRIPTION: &'static str = "Creates a run at one heart rate zone or range, with \
        warm-up and cool-down.";
    const CLASS: Class = Class::Add;
    type Args = RunArgs;

    async fn plan(account: &Account, args: RunArgs) -> Result<Plan, ToolError> {
        let target = match (args.hr_min, args.hr_max, args.hr_zone) {
            (Some(low), Some(high), None) => json!({ "hr_bpm": [low.0, high.0] }),
            (None, None, zone) => json!({ "hr_zone": zone.unwrap_or_default().0 }),
            (Some(_), Some(_), Some(_)) => {
                let problem =
                    "not together with `hr_min` and `hr_max`; allowed is a zone or a range";
                return Err(ToolError::argument("hr_zone", problem));
            }
            (Some(_), None, _) => {
                return Err(ToolError::argument("hr_max", "required with `hr_min`"));
            }
            (None, Some(_), _) => {
                return Err(ToolError::argument("hr_min", "required with `hr_max`"));
            }
        };
        let run = json!({ "kind": "interval", "end": { "time_s": args.run_seconds.0 },
            "target": target });
        let steps = vec![
            minutes("warmup", args.warmup_min),
            Some(run),
            minutes("cooldown", args.cooldown_min),
        ];
        built(account, &args.name, "running", steps).await
    }
}

/// `create_z2_walk_workout`
pub(super) struct Walk;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WalkArgs {
    name: String,
    duration_min: Whole<1, 1_440>,
    hr_min: Whole<30, 250>,
    hr_max: Whole<30, 250>,
}

impl WriteTool for Walk {
    const NAME: &'static str = "create_z2_walk_workout";
    const TITLE: &'static str = "Create a steady walk";
    const DESCRIPTION: &'static str = "Creates a walk in a range of heart rates, with five \
        minutes of warm-up and cool-down.";
    const CLASS: Class = Class::Add;
    type Args = WalkArgs;

    async fn plan(account: &Account, args: WalkArgs) -> Result<Plan, ToolError> {
        let walk = json!({
            "kind": "interval", "end": { "time_s": args.duration_min.0 * 60 },
            "target": { "hr_bpm": [args.hr_min.0, args.hr_max.0] },
        });
        let steps = vec![minutes("warmup", Whole(5)), Some(walk), minutes("cooldown", Whole(5))];
        built(account, &args.name, "walking", steps).await
    }
}

/// `create_strength_workout`
pub(super) struct Strength;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StrengthArgs {
    name: String,
    /// Each `{name, category?, sets, reps, weight_kg?, rest_seconds}`, or `seconds` for `reps`.
    exercises: Vec<Document>,
}

/// An exercise as a step of the form; what it has beside the known keys is refused there.
fn exercise(given: &Value, is_last: bool) -> Value {
    let mut step = given.as_object().cloned().unwrap_or_default();
    let sets = step.get("sets").and_then(Value::as_i64).unwrap_or(1);
    for (theirs, ours) in [("seconds", "time_s"), ("rest_seconds", "rest_s")] {
        if let Some(value) = step.remove(theirs).filter(|value| !value.is_null()) {
            step.entry(ours).or_insert(value);
        }
    }
    // Between sets and exercises, as garmin_mcp rested.
    if !step.contains_key("rest_s") && (sets > 1 || !is_last) {
        step.insert("rest_s".into(), json!(60));
    }
    Value::Object(step)
}

impl WriteTool for Strength {
    const NAME: &'static str = "create_strength_workout";
    const TITLE: &'static str = "Create a strength workout";
    const DESCRIPTION: &'static str = "Creates a strength workout of exercises with sets and \
        reps; names are matched to Garmin's and the match is told.";
    const CLASS: Class = Class::Add;
    type Args = StrengthArgs;

    async fn plan(account: &Account, args: StrengthArgs) -> Result<Plan, ToolError> {
        if args.exercises.is_empty() {
            return Err(ToolError::argument("exercises", "empty; allowed is one or more"));
        }
        let last = args.exercises.len() - 1;
        let steps: Vec<Value> = args
            .exercises
            .iter()
            .enumerate()
            .map(|(at, given)| exercise(&given.0, at == last))
            .collect();
        let form = json!({ "title": args.name, "sport": "strength", "steps": steps });
        Ok(making(from_form(account, &form, "exercises").await?))
    }
}

/// `upload_workout`
pub(super) struct Upload;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadArgs {
    /// Garmin's workout JSON.
    workout_data: Document,
}

impl WriteTool for Upload {
    const NAME: &'static str = "upload_workout";
    const TITLE: &'static str = "Upload a workout as JSON";
    const DESCRIPTION: &'static str = "Creates a workout from Garmin's own JSON, checked and \
        repaired first; create_workout is easier.";
    const CLASS: Class = Class::Add;
    type Args = UploadArgs;

    async fn plan(account: &Account, args: UploadArgs) -> Result<Plan, ToolError> {
        Ok(making(from_any(account, &args.workout_data.0, "workout_data").await?))
    }
}

/// `upload_workouts`
pub(super) struct UploadMany;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadManyArgs {
    /// At most 50, each as `workout_data`.
    workouts: Vec<Document>,
    #[serde(default)]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
}

impl WriteTool for UploadMany {
    const NAME: &'static str = "upload_workouts";
    const TITLE: &'static str = "Upload several workouts";
    const DESCRIPTION: &'static str = "Creates several workouts; nothing is sent unless all are \
        right.";
    const CLASS: Class = Class::Add;
    type Args = UploadManyArgs;

    async fn plan(account: &Account, args: UploadManyArgs) -> Result<Plan, ToolError> {
        if args.workouts.is_empty() {
            return Err(ToolError::argument("workouts", "empty; allowed are 1 to 50"));
        }
        let mut steps = Vec::with_capacity(args.workouts.len());
        let mut sent = Vec::with_capacity(args.workouts.len());
        for (at, given) in args.workouts.iter().enumerate() {
            let ready = from_any(account, &given.0, &format!("workouts[{at}]")).await?;
            let mut step = create(&ready);
            for key in ["summary", "repairs"] {
                if let Some(value) = ready.told.get(key) {
                    step = step.key(key, value.clone());
                }
            }
            steps.push(step);
            sent.push(ready.workout);
        }
        let plan = Plan::new(format!("{} new workouts", steps.len()));
        let plan = plan.items("results", args.on_error, steps)?;
        if sent.len() > MOST_READ_BACK {
            let warning = format!("more than {MOST_READ_BACK} workouts are not read back");
            return Ok(plan.warning(warning));
        }
        Ok(plan.check_from(move |answers| read_back(answers, &sent)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d08_an_exercise_keeps_its_sets_and_reps() {
        let given = json!({ "name": "Goblet Squat", "sets": 4, "reps": 8, "rest_seconds": 90 });
        assert_eq!(
            exercise(&given, true),
            json!({ "name": "Goblet Squat", "sets": 4, "reps": 8, "rest_s": 90 })
        );
        let plank = exercise(&json!({ "name": "Plank", "seconds": 45 }), true);
        assert_eq!(plank, json!({ "name": "Plank", "time_s": 45 }));
        assert_eq!(exercise(&json!({ "name": "Plank", "seconds": 45 }), false)["rest_s"], 60);
    }

    #[test]
    fn a_zone_is_understood_as_garmin_mcp_took_it() {
        for (text, zone) in [(json!("Z3"), 3), (json!("z5"), 5), (json!(2), 2), (json!("1"), 1)] {
            assert_eq!(serde_json::from_value::<HeartZone>(text).unwrap().0, zone);
        }
        assert!(serde_json::from_value::<HeartZone>(json!("Z6")).is_err());
    }
}

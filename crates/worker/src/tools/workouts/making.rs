//! From what a person means to a workout that can be sent, and the one step that sends it.

use garmin::Garmin;
use garmin::api::workout_at;
use garmin::workout::form::{Athlete, Thresholds};
use garmin::workout::{
    Problem, compile, decompile, describe, estimate, needs_thresholds, parse, repair,
};
use garmin::write::Write;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::steps::number;
use crate::account::Account;
use crate::error::ToolError;
use crate::tools::numbers::whole;
use crate::writes::{Check, Plan, Step};

/// More would not be read.
const MOST_PROBLEMS: usize = 30;
/// Workouts that one call reads back.
pub(in crate::tools) const MOST_READ_BACK: usize = 8;

/// An object, also where a client sends it as text.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tools) struct Document(pub(in crate::tools) Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            other => other,
        };
        if value.is_object() { Ok(Self(value)) } else { Err(D::Error::custom("must be an object")) }
    }
}

impl JsonSchema for Document {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Document".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// A workout as it will be sent, and what is told about it.
#[derive(Debug, Clone)]
pub(in crate::tools) struct Ready {
    pub(in crate::tools) workout: Value,
    pub(in crate::tools) name: String,
    /// Keys of the result: the steps in words, what was resolved, how names were matched.
    pub(in crate::tools) told: Map<String, Value>,
    pub(in crate::tools) warnings: Vec<String>,
}

/// All problems in one refusal.
fn refusal(field: &str, problems: &[Problem]) -> ToolError {
    let one = |problem: &Problem| {
        let path = if problem.path.is_empty() { "the whole" } else { &problem.path };
        format!("{path}: {}", problem.problem)
    };
    let shown: Vec<String> = problems.iter().take(MOST_PROBLEMS).map(one).collect();
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let more = if problems.len() > MOST_PROBLEMS { "; and more" } else { "" };
    ToolError::argument(field, format!("{count}, nothing was sent. {}{more}", shown.join("; ")))
}

/// The thresholds that shares are counted from.
async fn athlete(garmin: &Garmin) -> Result<Athlete, ToolError> {
    let (hearts, powers) = tokio::try_join!(garmin.heart_rate_zones(), garmin.power_zones())?;
    let (hearts, powers) = (hearts.unwrap_or_default(), powers.unwrap_or_default());
    let of = |sport: &str| {
        let named = |known: Option<&str>| known.is_some_and(|it| it.eq_ignore_ascii_case(sport));
        let any = |known: Option<&str>| known.is_none_or(|it| it.eq_ignore_ascii_case("DEFAULT"));
        let heart = hearts
            .iter()
            .find(|zones| named(zones.sport.as_deref()))
            .or_else(|| hearts.iter().find(|zones| any(zones.sport.as_deref())));
        let power = powers.iter().find(|zones| named(zones.sport.as_deref()));
        #[expect(clippy::cast_precision_loss, reason = "beats per minute")]
        let beats = |beats: i64| Some(beats as f64).filter(|beats| *beats > 0.0);
        Thresholds {
            max_hr_bpm: heart.and_then(|zones| zones.max).and_then(beats),
            lthr_bpm: heart.and_then(|zones| zones.lactate_threshold).and_then(beats),
            ftp_w: power.and_then(|zones| zones.threshold_w).filter(|watts| *watts > 0.0),
        }
    };
    let mut athlete =
        Athlete { running: of("RUNNING"), cycling: of("CYCLING"), other: of("DEFAULT") };
    if athlete.cycling.ftp_w.is_none() {
        let ftp = garmin.cycling_ftp().await?.and_then(|ftp| ftp.power_w);
        athlete.cycling.ftp_w = ftp.filter(|watts| *watts > 0.0);
    }
    Ok(athlete)
}

/// A form, as a workout to send.
pub(in crate::tools) async fn from_form(
    account: &Account,
    form: &Value,
    field: &str,
) -> Result<Ready, ToolError> {
    let athlete = if needs_thresholds(form) {
        athlete(&account.garmin()?).await?
    } else {
        Athlete::default()
    };
    let parsed = parse(form, &athlete).map_err(|problems| refusal(field, &problems))?;
    let comes_to = estimate(&parsed.form);
    let mut told = Map::new();
    told.insert("summary".into(), describe(&parsed.form).into());
    told.insert("estimated_duration_seconds".into(), whole(comes_to.seconds).into());
    if let Some(metres) = comes_to.metres {
        told.insert("estimated_distance_meters".into(), whole(metres).into());
    }
    if !parsed.resolved.is_empty() {
        told.insert("resolved".into(), json!(parsed.resolved));
    }
    if !parsed.matched.is_empty() {
        told.insert("exercises".into(), json!(parsed.matched));
    }
    Ok(Ready {
        workout: compile(&parsed.form),
        name: parsed.form.title,
        told,
        warnings: parsed.warnings,
    })
}

/// Garmin's own JSON, repaired; or a form, where that was meant.
pub(in crate::tools) async fn from_any(
    account: &Account,
    given: &Value,
    field: &str,
) -> Result<Ready, ToolError> {
    let is_form = given.get("workoutSegments").is_none()
        && given.get("workoutSteps").is_none()
        && (given.get("steps").is_some() || given.get("segments").is_some());
    if is_form {
        return from_form(account, given, field).await;
    }
    let repaired = repair(given).map_err(|problems| refusal(field, &problems))?;
    let mut told = Map::new();
    if let Some(read) = decompile(&repaired.workout) {
        told.insert("summary".into(), describe(&read.form).into());
        if let Some(metres) = estimate(&read.form).metres {
            told.insert("estimated_distance_meters".into(), whole(metres).into());
        }
    }
    if let Some(seconds) = number(&repaired.workout["estimatedDurationInSecs"]) {
        told.insert("estimated_duration_seconds".into(), whole(seconds).into());
    }
    if !repaired.repairs.is_empty() {
        told.insert("repairs".into(), json!(repaired.repairs));
    }
    let name = repaired.workout["workoutName"].as_str().unwrap_or_default().to_owned();
    Ok(Ready { workout: repaired.workout, name, told, warnings: Vec::new() })
}

/// The number Garmin has given a workout.
pub(in crate::tools) fn new_id(answer: &Value) -> Option<i64> {
    number(&answer["workoutId"]).map(whole).filter(|id| *id > 0)
}

/// The step that makes a workout; undone by deleting it.
pub(in crate::tools) fn create(ready: &Ready) -> Step {
    let write = Write::post(garmin::api::Target::new("/workout-service/workout"))
        .json(ready.workout.clone());
    let name = ready.name.clone();
    Step::new(format!("create the workout \"{name}\""), write)
        .keys_from(move |answer| {
            let mut keys = Map::new();
            if let Some(id) = new_id(answer) {
                keys.insert("workout_id".into(), id.into());
            }
            let stored = answer["workoutName"].as_str().map_or(name, str::to_owned);
            keys.insert("name".into(), stored.into());
            keys
        })
        .undone_from(|answer| {
            new_id(answer).map(|id| Write::delete(workout_at(id))).into_iter().collect()
        })
}

/// Where the new workouts are looked at; each answer belongs to the workout sent.
pub(in crate::tools) fn read_back(answers: &[Value], sent: &[Value]) -> Vec<Check> {
    answers
        .iter()
        .zip(sent)
        .filter_map(|(answer, sent)| {
            Some(Check::workout(workout_at(new_id(answer)?), sent.clone()))
        })
        .collect()
}

/// The plan that makes one workout.
pub(in crate::tools) fn making(ready: Ready) -> Plan {
    let mut plan = Plan::new(format!("new workout \"{}\"", ready.name)).step(create(&ready));
    for (key, value) in &ready.told {
        plan = plan.key(key, value.clone());
    }
    for warning in &ready.warnings {
        plan = plan.warning(warning.clone());
    }
    let sent = vec![ready.workout];
    plan.check_from(move |answers| read_back(answers, &sent))
}

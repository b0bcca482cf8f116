//! Activities that no watch recorded, and what was lifted in them.

use std::borrow::Cow;

use garmin::api::Target;
use garmin::workout::exercises;
use garmin::write::Write;
use jiff::civil::DateTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::edit::{describe, find, place, row};
use crate::account::Account;
use crate::args::{ActivityNumber, NamedDay, clock};
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

const LONGEST_MINUTES: f64 = 7.0 * 24.0 * 60.0;
const FARTHEST_KM: f64 = 5_000.0;

/// A number between zero and `most`, as a number or a text.
fn number<'de, D: Deserializer<'de>>(deserializer: D, most: f64) -> Result<f64, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number
        .filter(|number: &f64| (0.0..=most).contains(number))
        .ok_or_else(|| D::Error::custom(format!("allowed is a number from 0 to {most}")))
}

macro_rules! bounded {
    ($($name:ident: $most:expr),* $(,)?) => {$(
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(super) struct $name(f64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                number(deserializer, $most).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "number" })
            }
        }
    )*};
}

bounded! {
    Minutes: LONGEST_MINUTES,
    Kilometres: FARTHEST_KM,
    Kilograms: 1_000.0,
    Reps: 10_000.0,
    Seconds: 86_400.0,
}

/// A new activity before it has an id.
struct Made {
    kind: Value,
    name: String,
    start: DateTime,
    zone: String,
    seconds: f64,
    metres: f64,
}

impl Made {
    fn write(&self) -> Write {
        // Without milliseconds Garmin fails.
        let start = self.start.strftime("%Y-%m-%dT%H:%M:%S.000").to_string();
        Write::post(Target::new("/activity-service/activity")).json(json!({
            "activityTypeDTO": { "typeKey": self.kind["typeKey"] },
            "accessControlRuleDTO": { "typeId": 2, "typeKey": "private" },
            "timeZoneUnitDTO": { "unitKey": self.zone },
            "activityName": self.name,
            "metadataDTO": { "autoCalcCalories": true },
            "summaryDTO": {
                "startTimeLocal": start, "distance": self.metres, "duration": self.seconds,
            },
        }))
    }

    fn step(&self) -> Step {
        Step::new("create the activity", self.write())
            .keys_from(|answer| {
                let mut keys = Map::new();
                keys.insert("activity_id".into(), answer["activityId"].clone());
                keys
            })
            .undone_from(|answer| {
                answer["activityId"]
                    .as_i64()
                    .map(|id| Write::delete(place(id)))
                    .into_iter()
                    .collect()
            })
    }

    fn target(&self) -> String {
        let start = self.start.strftime("%Y-%m-%d %H:%M");
        format!("new activity \"{}\" of {start} ({})", self.name, self.zone)
    }

    fn check(&self, id: i64) -> Check {
        Check::at(place(id)).field("activity_name", "/activityName", self.name.as_str()).field(
            "duration_s",
            "/summaryDTO/duration",
            self.seconds,
        )
    }
}

/// The zone by its name, or the athlete's own.
async fn zone(account: &Account, name: Option<String>) -> Result<String, ToolError> {
    if let Some(name) = name.filter(|name| !name.trim().is_empty()) {
        let name = name.trim().to_owned();
        let known = jiff::tz::TimeZone::get(&name);
        return known.map(|_| name).map_err(|_| {
            ToolError::argument("time_zone", "allowed is an IANA name such as Europe/Paris")
        });
    }
    let zone = account.garmin()?.zone().await?;
    Ok(zone.iana_name().unwrap_or("UTC").to_owned())
}

/// `create_manual_activity`
pub(super) struct CreateManual;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManualArgs {
    /// A key of `get_activity_types`
    type_key: String,
    #[serde(default)]
    date: NamedDay,
    duration_minutes: Minutes,
    /// Default 09:00
    start_time: Option<String>,
    activity_name: Option<String>,
    distance_km: Option<Kilometres>,
    /// Default: the athlete's own
    time_zone: Option<String>,
}

impl WriteTool for CreateManual {
    const NAME: &'static str = "create_manual_activity";
    const TITLE: &'static str = "Add an activity by hand";
    const DESCRIPTION: &'static str = "Adds an activity that no device recorded.";
    const CLASS: Class = Class::Add;
    type Args = ManualArgs;

    async fn plan(account: &Account, args: ManualArgs) -> Result<Plan, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let time = clock("start_time", args.start_time.as_deref().unwrap_or("09:00"))?;
        if args.duration_minutes.0 <= 0.0 {
            return Err(ToolError::argument("duration_minutes", "must be more than 0"));
        }
        let kind = row(account, super::edit::TYPES, "type_key", &args.type_key).await?;
        let key = kind["typeKey"].as_str().unwrap_or_default().to_owned();
        let name = args.activity_name.filter(|name| !name.trim().is_empty());
        let name = name.map_or_else(|| title(&key), |name| name.trim().chars().take(255).collect());
        let made = Made {
            kind,
            name,
            start: day.date().to_datetime(time),
            zone: zone(account, args.time_zone).await?,
            seconds: (args.duration_minutes.0 * 60.0).round(),
            metres: args.distance_km.map_or(0.0, |km| (km.0 * 1_000.0).round()),
        };
        let plan = Plan::new(made.target())
            .step(made.step())
            .key("activity_name", made.name.as_str())
            .key("type_key", key);
        Ok(plan.check_from(move |answers| {
            let id = answers.first().and_then(|answer| answer["activityId"].as_i64());
            id.map(|id| made.check(id)).into_iter().collect()
        }))
    }
}

/// `trail_running` as a name.
fn title(key: &str) -> String {
    let words = key.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or(words.clone(), |first| first.to_uppercase().chain(letters).collect())
}

// One set as a person tells it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct SetArgs {
    /// `BENCH_PRESS`, `SQUAT`, …
    category: Option<String>,
    /// Garmin's name or a gym's
    exercise: Option<String>,
    reps: Option<Reps>,
    weight_kg: Option<Kilograms>,
    duration_s: Option<Seconds>,
    rest_s: Option<Seconds>,
}

const MOST_SETS: usize = 200;
/// How long a set counts whose length nobody said.
const USUAL_SET_S: f64 = 40.0;

/// The sets as Garmin takes them, each beginning where the one before ends. Weights are grams.
fn sets(given: &[SetArgs], start: DateTime) -> Result<Vec<Value>, ToolError> {
    if given.is_empty() || given.len() > MOST_SETS {
        return Err(ToolError::argument("sets", format!("allowed are 1 to {MOST_SETS} sets")));
    }
    let mut rows = Vec::new();
    let mut at = start;
    let mut add = |kind: &str, seconds: f64, mut row: Value| {
        row["setType"] = kind.into();
        row["startTime"] = at.strftime("%Y-%m-%dT%H:%M:%S.0").to_string().into();
        row["duration"] = seconds.into();
        row["messageIndex"] = rows.len().into();
        #[expect(clippy::cast_possible_truncation, reason = "at most a day")]
        let span = jiff::SignedDuration::from_millis((seconds * 1_000.0) as i64);
        at = at.checked_add(span).unwrap_or(at);
        rows.push(row);
    };
    for (index, set) in given.iter().enumerate() {
        let wrong =
            |problem: String| ToolError::argument("sets", format!("set {}: {problem}", index + 1));
        let name = set.exercise.as_deref().filter(|name| !name.trim().is_empty());
        let (exercise, _) = exercises::find(name, set.category.as_deref()).map_err(wrong)?;
        let row = json!({
            "exercises": [{
                "category": exercise.category, "name": exercise.name, "probability": 100.0,
            }],
            "repetitionCount": set.reps.map(|reps| crate::tools::whole(reps.0)),
            "weight": set.weight_kg.map(|weight| (weight.0 * 1_000.0).round()),
        });
        add("ACTIVE", set.duration_s.map_or(USUAL_SET_S, |it| it.0), row);
        if let Some(rest) = set.rest_s.filter(|rest| rest.0 > 0.0) {
            add(
                "REST",
                rest.0,
                json!({ "exercises": [], "repetitionCount": null, "weight": null }),
            );
        }
    }
    Ok(rows)
}

fn sets_at(id: i64) -> Target {
    place(id).then("/exerciseSets")
}

fn put_sets(id: i64, sets: &Value) -> Write {
    Write::put(sets_at(id)).json(json!({ "activityId": id, "exerciseSets": sets }))
}

/// What of a set is compared when it is read back.
fn essence(rows: &[Value]) -> Value {
    let row = |row: &Value| {
        json!({ "setType": row["setType"], "repetitionCount": row["repetitionCount"],
                "weight": row["weight"], "duration": row["duration"] })
    };
    rows.iter().map(row).collect()
}

/// `create_strength_training_activity`
pub(super) struct CreateStrength;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StrengthArgs {
    name: String,
    /// Local: 2026-05-01T18:00
    start_time: String,
    duration_minutes: Minutes,
    sets: Vec<SetArgs>,
    time_zone: Option<String>,
}

fn local(text: &str) -> Result<DateTime, ToolError> {
    let plain = text.trim().replacen(' ', "T", 1);
    plain.parse().map_err(|_| {
        ToolError::argument("start_time", "allowed is a local date and time: 2026-05-01T18:00")
    })
}

impl WriteTool for CreateStrength {
    const NAME: &'static str = "create_strength_training_activity";
    const TITLE: &'static str = "Add a strength training";
    const DESCRIPTION: &'static str = "Adds a finished strength training with its sets.";
    const CLASS: Class = Class::Add;
    type Args = StrengthArgs;

    async fn plan(account: &Account, args: StrengthArgs) -> Result<Plan, ToolError> {
        let name = args.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 255 {
            return Err(ToolError::argument("name", "allowed are 1 to 255 characters"));
        }
        if args.duration_minutes.0 <= 0.0 {
            return Err(ToolError::argument("duration_minutes", "must be more than 0"));
        }
        let zone = zone(account, args.time_zone).await?;
        let start = local(&args.start_time)?;
        let there = start
            .in_tz(&zone)
            .map_err(|_| ToolError::argument("start_time", "there is no such time in this zone"))?;
        if there.timestamp().as_second() > account.clock.now().0 {
            return Err(ToolError::argument("start_time", "lies in the future"));
        }
        let gmt = there.with_time_zone(jiff::tz::TimeZone::UTC).datetime();
        let rows = sets(&args.sets, gmt)?;
        let made = Made {
            kind: json!({ "typeKey": "strength_training" }),
            name,
            start,
            zone,
            seconds: (args.duration_minutes.0 * 60.0).round(),
            metres: 0.0,
        };
        let count = rows.len();
        let expected = essence(&rows);
        let body = Value::from(rows);
        let plan = Plan::new(made.target())
            .step(made.step())
            .step(Step::after("fill in its sets", move |answers| {
                let id = answers.first().and_then(|answer| answer["activityId"].as_i64());
                let id = id.ok_or(ToolError::UpstreamChanged { what: "new activity" })?;
                Ok(put_sets(id, &body))
            }))
            .key("activity_name", made.name.as_str())
            .key("set_count", count);
        Ok(plan.check_from(move |answers| {
            let id = answers.first().and_then(|answer| answer["activityId"].as_i64());
            id.map(|id| {
                let lifted = Check::at(sets_at(id)).field("sets", "/exerciseSets", expected);
                vec![made.check(id), lifted]
            })
            .unwrap_or_default()
        }))
    }
}

/// `set_activity_strength_exercise_sets`
pub(super) struct SetSets;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetsArgs {
    activity_id: ActivityNumber,
    sets: Vec<SetArgs>,
}

impl WriteTool for SetSets {
    const NAME: &'static str = "set_activity_strength_exercise_sets";
    const TITLE: &'static str = "Replace the sets of a strength training";
    const DESCRIPTION: &'static str = "Replaces all sets of a strength training and compares them \
        set by set afterwards. Needs `confirm`.";
    const CLASS: Class = Class::Destroy;
    type Args = SetsArgs;

    async fn plan(account: &Account, args: SetsArgs) -> Result<Plan, ToolError> {
        let found = find(account, args.activity_id).await?;
        let id = args.activity_id.0;
        let start = found["summaryDTO"]["startTimeGMT"].as_str().and_then(|it| it.parse().ok());
        let start = start.ok_or(ToolError::UpstreamChanged { what: "activity" })?;
        let rows = sets(&args.sets, start)?;
        let before = account.garmin()?.look(&sets_at(id).finish()).await?.unwrap_or_default();
        let before = before["exerciseSets"].clone();
        let count = rows.len();
        let check = Check::at(sets_at(id)).field("sets", "/exerciseSets", essence(&rows));
        let undo = before.is_array().then(|| put_sets(id, &before)).into_iter().collect();
        let step = Step::new("replace the sets", put_sets(id, &rows.into())).undone_by(undo);
        Ok(Plan::new(format!("sets of {}", describe(id, &found)))
            .previous(json!({ "sets": before }))
            .step(step)
            .check(check)
            .key("activity_id", id)
            .key("set_count", count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_follow_each_other_and_weigh_grams() {
        let given: Vec<SetArgs> = serde_json::from_value(json!([
            { "category": "bench press", "exercise": "barbell bench-press", "reps": 10,
              "weight_kg": 60.5, "duration_s": 42, "rest_s": "90" },
            { "category": "PLANK", "duration_s": 60 },
        ]))
        .unwrap();
        let rows = sets(&given, "2026-05-02T17:01:00".parse().unwrap()).unwrap();
        let kinds: Vec<&str> = rows.iter().map(|row| row["setType"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ACTIVE", "REST", "ACTIVE"]);
        assert_eq!(
            (rows[0]["weight"].as_f64(), &rows[0]["repetitionCount"]),
            (Some(60_500.0), &json!(10))
        );
        assert_eq!(rows[0]["exercises"][0]["name"], "BARBELL_BENCH_PRESS");
        assert_eq!(rows[2]["startTime"], "2026-05-02T17:03:12.0");
        assert_eq!(
            (&rows[2]["exercises"][0]["name"], &rows[2]["weight"]),
            (&Value::Null, &Value::Null)
        );
        let strange: Vec<SetArgs> =
            serde_json::from_value(json!([{ "category": "DANCE" }])).unwrap();
        let refused = sets(&strange, "2026-05-02T17:01:00".parse().unwrap()).unwrap_err();
        assert!(refused.to_string().contains("BENCH_PRESS"));
        assert_eq!(title("trail_running"), "Trail running");
    }
}

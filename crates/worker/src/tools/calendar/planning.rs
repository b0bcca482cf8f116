//! Putting workouts on days, and taking them off.

use garmin::api::schedule_at;
use garmin::days::{Day, DayRange};
use garmin::model::ScheduledWorkout;
use garmin::write::Write;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::months::{LONGEST, days};
use super::schedule::no_such_entry;
use crate::account::Account;
use crate::args::{Many, NamedDay, Number, RangeStart, Reach};
use crate::error::ToolError;
use crate::tool::Class;
use crate::tools::workouts::making::{Document, create, from_any, new_id};
use crate::tools::workouts::one::{WorkoutId, stored};
use crate::writes::{Check, OnError, Plan, Step, WriteTool};

/// Whether anybody knows what stands on the days meant.
enum Known {
    Entries(Vec<ScheduledWorkout>),
    /// It could not be read, and the caller wants to go on all the same.
    Forced,
}

impl Known {
    /// What stands between two days. A look that fails must not be taken for an empty calendar:
    /// the same workout would stand there twice.
    async fn look(account: &Account, range: DayRange, force: bool) -> Result<Self, ToolError> {
        match account.garmin()?.scheduled_workouts(range).await {
            Ok(entries) => Ok(Self::Entries(entries)),
            Err(_) if force => Ok(Self::Forced),
            Err(error) => {
                let error = ToolError::from(error);
                let problem = format!(
                    "check: failed. Nobody knows whether this is on the calendar already ({error}), \
                     so nothing was sent. Try again, or pass `force: true` and risk a duplicate"
                );
                Err(ToolError::argument("force", problem))
            }
        }
    }

    fn has(&self, workout: i64, day: Day) -> bool {
        match self {
            Self::Entries(entries) => entries
                .iter()
                .any(|entry| entry.workout_id == Some(workout) && entry.date == Some(day.date())),
            Self::Forced => false,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Entries(_) => "ok",
            Self::Forced => "failed",
        }
    }

    fn told(&self, plan: Plan) -> Plan {
        let plan = plan.key("check", self.word());
        match self {
            Self::Entries(_) => plan,
            Self::Forced => plan.warning("The calendar could not be read: look for duplicates."),
        }
    }
}

fn entry_id(answer: &Value) -> Option<i64> {
    let id = &answer["workoutScheduleId"];
    id.as_i64().or_else(|| id.as_str().and_then(|id| id.parse().ok()))
}

/// Makes a step of the request that puts a workout on a day, whole.
fn placed(step: Step, day: Day) -> Step {
    step.key("scheduled_date", day.to_string())
        .keys_from(|answer| {
            let mut keys = Map::new();
            if let Some(id) = entry_id(answer) {
                keys.insert("scheduled_workout_id".into(), id.into());
            }
            keys
        })
        .undone_from(|answer| {
            entry_id(answer).map(|id| Write::delete(schedule_at(id))).into_iter().collect()
        })
}

fn place(workout: i64, day: Day) -> Step {
    let write = Write::post(schedule_at(workout)).json(json!({ "date": day.to_string() }));
    placed(Step::new(format!("put workout {workout} on {day}"), write), day)
        .key("workout_id", workout)
}

/// `schedule_workout`
pub(super) struct ScheduleWorkout;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleArgs {
    workout_id: Number,
    calendar_date: NamedDay,
    /// Also where the calendar cannot be read first.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    force: bool,
}

impl WriteTool for ScheduleWorkout {
    const NAME: &'static str = "schedule_workout";
    const TITLE: &'static str = "Put a workout on a day";
    const DESCRIPTION: &'static str = "Puts a workout of the library on a day of the calendar, \
        unless it stands there already.";
    const CLASS: Class = Class::Add;
    type Args = ScheduleArgs;

    async fn plan(account: &Account, args: ScheduleArgs) -> Result<Plan, ToolError> {
        let today = account.today().await?;
        let id = args.workout_id.0;
        let day = args.calendar_date.within("calendar_date", today, Reach::AnyDay)?;
        let (workout, known) = tokio::try_join!(
            async { stored(account, &WorkoutId::Number(id)).await },
            Known::look(account, DayRange::one(day), args.force)
        )?;
        let name = workout["workoutName"].as_str().unwrap_or_default();
        let plan = Plan::new(format!("workout {id} (\"{name}\") on {day}"))
            .key("workout_id", id)
            .key("scheduled_date", day.to_string());
        let plan = known.told(plan);
        if known.has(id, day) {
            return Ok(plan.key("already_scheduled", true).nothing_to_do());
        }
        Ok(plan.step(place(id, day)).check_from(move |answers| {
            let id = answers.first().and_then(entry_id);
            let check = |id| {
                Check::at(schedule_at(id)).field("scheduled_date", "/calendarDate", day.to_string())
            };
            id.map(check).into_iter().collect()
        }))
    }
}

/// A workout and its day, as each tool of `garmin_mcp` names them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    #[serde(alias = "date")]
    calendar_date: NamedDay,
    workout_id: Option<Number>,
    workout_data: Option<Document>,
}

/// A list of items that says what each has.
#[derive(Debug)]
pub(super) struct Items(Vec<Item>);

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items: Vec<Value> = Vec::deserialize(deserializer)?;
        let read = |(at, item): (usize, Value)| {
            let plain: Map<String, Value> = match item {
                Value::Object(fields) => {
                    fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
                }
                _ => Map::new(),
            };
            serde_json::from_value(Value::Object(plain)).map_err(|error| {
                serde::de::Error::custom(format!(
                    "item {at}: {error}; each is {{calendar_date, workout_id}}"
                ))
            })
        };
        items.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl JsonSchema for Items {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Items".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "object" } })
    }
}

async fn schedule_all(
    account: &Account,
    field: &'static str,
    results: &'static str,
    items: Vec<Item>,
    on_error: OnError,
    force: bool,
) -> Result<Plan, ToolError> {
    if items.is_empty() || items.len() > 50 {
        return Err(ToolError::argument(field, "allowed are 1 to 50 items"));
    }
    let today = account.today().await?;
    let mut dated = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let day = item.calendar_date.within(field, today, Reach::AnyDay)?;
        match (item.workout_id, item.workout_data) {
            (Some(id), None) => dated.push((day, Ok(id.0))),
            (None, Some(data)) => {
                let ready = from_any(account, &data.0, &format!("{field}[{at}]")).await?;
                dated.push((day, Err(ready)));
            }
            (None, None) | (Some(_), Some(_)) => {
                let problem =
                    format!("item {at}: allowed is either `workout_id` or `workout_data`");
                return Err(ToolError::argument(field, problem));
            }
        }
    }
    let days = || dated.iter().map(|(day, _)| *day);
    let (first, last) = (days().min().unwrap_or(today), days().max().unwrap_or(today));
    let range = DayRange::new(first, last, 2 * LONGEST)
        .map_err(|bad| ToolError::argument(field, bad.to_string()))?;
    let known = Known::look(account, range, force).await?;
    let (mut steps, mut already) = (Vec::new(), Vec::new());
    let mut placing = std::collections::HashSet::new();
    for (day, what) in dated {
        match what {
            Ok(id) if known.has(id, day) || !placing.insert((id, day)) => {
                already.push(json!({ "workout_id": id, "scheduled_date": day.to_string() }));
            }
            Ok(id) => steps.push(place(id, day)),
            Err(ready) => {
                steps.push(create(&ready));
                let name = ready.name.clone();
                let step = Step::after(format!("put \"{name}\" on {day}"), move |answers| {
                    let made = answers.iter().rev().find(|one| one["workoutName"] == name.as_str());
                    let id = made.and_then(new_id);
                    let id = id.ok_or(ToolError::UpstreamChanged { what: "workout" })?;
                    Ok(Write::post(schedule_at(id)).json(json!({ "date": day.to_string() })))
                });
                steps.push(placed(step, day));
            }
        }
    }
    let mut plan = Plan::new(format!("workouts on the days from {first} to {last}"));
    plan = known.told(plan);
    if !already.is_empty() {
        plan = plan.key("already_scheduled", already);
    }
    if steps.is_empty() {
        return Ok(plan.key(results, Vec::<Value>::new()).nothing_to_do());
    }
    plan.items(results, on_error, steps)
}

/// `schedule_workouts`
pub(super) struct ScheduleMany;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleManyArgs {
    /// At most 50, each `{calendar_date, workout_id}` or with `workout_data`.
    schedules: Items,
    #[serde(default)]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    force: bool,
}

impl WriteTool for ScheduleMany {
    const NAME: &'static str = "schedule_workouts";
    const TITLE: &'static str = "Put workouts on days";
    const DESCRIPTION: &'static str = "Puts several workouts on days, with a result for each; \
        what stands there already is left alone.";
    const CLASS: Class = Class::Add;
    type Args = ScheduleManyArgs;

    async fn plan(account: &Account, args: ScheduleManyArgs) -> Result<Plan, ToolError> {
        let ScheduleManyArgs { schedules, on_error, force } = args;
        schedule_all(account, "schedules", "results", schedules.0, on_error, force).await
    }
}

/// `schedule_week`
pub(super) struct ScheduleWeek;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WeekArgs {
    /// Each `{date, workout_id}`.
    week: Items,
    #[serde(default)]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    force: bool,
}

impl WriteTool for ScheduleWeek {
    const NAME: &'static str = "schedule_week";
    const TITLE: &'static str = "Plan a week";
    const DESCRIPTION: &'static str = "Puts workouts of the library on the days of a week, with \
        a result for each.";
    const CLASS: Class = Class::Add;
    type Args = WeekArgs;

    async fn plan(account: &Account, args: WeekArgs) -> Result<Plan, ToolError> {
        let WeekArgs { week, on_error, force } = args;
        schedule_all(account, "week", "scheduled", week.0, on_error, force).await
    }
}

/// The step that takes a workout off its day; undone by putting it there again.
fn take_off(id: i64, workout: Option<i64>, date: Option<jiff::civil::Date>) -> Step {
    let again = workout.zip(date).map(|(workout, date)| {
        Write::post(schedule_at(workout)).json(json!({ "date": date.to_string() }))
    });
    let when = date.map_or_else(String::new, |date| format!(" of {date}"));
    Step::new(format!("take entry {id}{when} off"), Write::delete(schedule_at(id)))
        .key("scheduled_workout_id", id)
        .undone_by(again.into_iter().collect())
}

/// `unschedule_workout`
pub(super) struct Unschedule;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnscheduleArgs {
    scheduled_workout_id: Number,
}

impl WriteTool for Unschedule {
    const NAME: &'static str = "unschedule_workout";
    const TITLE: &'static str = "Take a workout off a day";
    const DESCRIPTION: &'static str = "Takes a workout off its day; it stays in the library.";
    const CLASS: Class = Class::Destroy;
    type Args = UnscheduleArgs;

    async fn plan(account: &Account, args: UnscheduleArgs) -> Result<Plan, ToolError> {
        let id = args.scheduled_workout_id.0;
        let found = match account.garmin()?.schedule_entry(id).await {
            Ok(Some(found)) => found,
            Ok(None) | Err(garmin::GarminError::NotFound) => return Err(no_such_entry()),
            Err(error) => return Err(error.into()),
        };
        let workout = found.workout.unwrap_or_default();
        let workout_id = workout.id.or(found.workout_id);
        let name = workout.name.unwrap_or_else(|| "without a name".to_owned());
        let day = found.date.map_or_else(|| "its day".to_owned(), |date| date.to_string());
        Ok(Plan::new(format!("\"{name}\" on {day}"))
            .previous(json!({ "workout_id": workout_id, "name": name, "date": day }))
            .step(take_off(id, workout_id, found.date))
            .check(Check::gone(schedule_at(id)))
            .key("scheduled_workout_id", id))
    }
}

/// `unschedule_workouts`
pub(super) struct UnscheduleMany;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnscheduleManyArgs {
    /// At most 50; or a range of days.
    scheduled_workout_ids: Option<Many<Number>>,
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    #[serde(default)]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
}

impl WriteTool for UnscheduleMany {
    const NAME: &'static str = "unschedule_workouts";
    const TITLE: &'static str = "Take workouts off their days";
    const DESCRIPTION: &'static str = "Takes several workouts off their days, by ids or all of a \
        range of days.";
    const CLASS: Class = Class::Destroy;
    type Args = UnscheduleManyArgs;

    async fn plan(account: &Account, args: UnscheduleManyArgs) -> Result<Plan, ToolError> {
        let ids = args.scheduled_workout_ids.map(|ids| ids.0).unwrap_or_default();
        let dated = args.start_date.is_some() || args.end_date.is_some();
        if ids.is_empty() != dated {
            let problem = "allowed are either ids, or `start_date` and `end_date`";
            return Err(ToolError::argument("scheduled_workout_ids", problem));
        }
        let today = account.today().await?;
        let range = if dated {
            days(args.start_date, args.end_date, today)?
        } else {
            // Wide enough for what anybody plans; what lies outside is taken off without its day.
            DayRange::new(today.back(LONGEST), today.forward(LONGEST), 2 * LONGEST + 1)
                .map_err(|bad| ToolError::argument("start_date", bad.to_string()))?
        };
        let entries = account.garmin()?.scheduled_workouts(range).await?;
        let wanted: Vec<i64> = if dated {
            entries.iter().filter_map(|entry| entry.id).collect()
        } else {
            ids.iter().map(|id| id.0).collect()
        };
        if wanted.is_empty() {
            let plan = Plan::new(format!("workouts from {} to {}", range.first(), range.last()));
            return Ok(plan.key("results", Vec::<Value>::new()).nothing_to_do());
        }
        if wanted.len() > 50 {
            let problem = format!("{} workouts; allowed are at most 50 in one call", wanted.len());
            return Err(ToolError::argument("start_date", problem));
        }
        let of = |id: i64| entries.iter().find(|entry| entry.id == Some(id));
        let previous: Vec<Value> = wanted
            .iter()
            .filter_map(|id| of(*id))
            .map(|entry| {
                json!({ "scheduled_workout_id": entry.id, "name": entry.name,
                    "date": entry.date.map(|date| date.to_string()) })
            })
            .collect();
        let steps: Vec<Step> = wanted
            .iter()
            .map(|id| {
                let entry = of(*id);
                take_off(
                    *id,
                    entry.and_then(|entry| entry.workout_id),
                    entry.and_then(|entry| entry.date),
                )
            })
            .collect();
        Plan::new(format!("{} scheduled workouts", steps.len())).previous(previous).items(
            "results",
            args.on_error,
            steps,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d19_what_is_on_the_calendar_is_known_or_said_to_be_unknown() {
        let day: Day = "2026-05-05".parse().unwrap();
        let entry = ScheduledWorkout {
            workout_id: Some(7),
            date: Some(day.date()),
            ..ScheduledWorkout::default()
        };
        let known = Known::Entries(vec![entry]);
        assert!(known.has(7, day) && !known.has(7, day.forward(1)) && !known.has(8, day));
        assert_eq!((known.word(), Known::Forced.word()), ("ok", "failed"));
        assert!(!Known::Forced.has(7, day));
    }
}

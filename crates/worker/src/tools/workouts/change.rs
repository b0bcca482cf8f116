//! Changing, deleting and sending workouts that are there.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use garmin::api::{Target, workout_at};
use garmin::workout::{decompile, describe, repair, write};
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::making::{Document, Ready, from_any, from_form};
use super::one::{WorkoutId, stored};
use super::steps::{number, text};
use crate::account::Account;
use crate::args::{Many, Number};
use crate::error::ToolError;
use crate::tool::Class;
use crate::tools::numbers::whole;
use crate::writes::{Check, OnError, Plan, Step, WriteTool};

/// A workout in a person's words: `workout 7 ("4 x 1 km", running)`.
pub(in crate::tools) fn called(id: i64, stored: &Value) -> String {
    let name = text(&stored["workoutName"]).unwrap_or_else(|| "without a name".to_owned());
    let sport = text(&stored["sportType"]["sportTypeKey"]).unwrap_or_else(|| "no sport".to_owned());
    format!("workout {id} (\"{name}\", {sport})")
}

/// What is shown of a workout before it is changed.
fn before(stored: &Value) -> Value {
    let steps = decompile(stored).map(|read| describe(&read.form));
    json!({
        "name": stored["workoutName"],
        "sport": stored["sportType"]["sportTypeKey"],
        "description": stored["description"],
        "summary": steps,
    })
}

/// `update_workout`
pub(super) struct UpdateWorkout;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateArgs {
    workout_id: Number,
    /// The whole new form.
    workout: Option<Document>,
    /// Or only the keys of the form that change.
    patch: Option<Document>,
}

/// What of a stored workout a new one replaces; the rest, ids above all, stays.
const REPLACED: [&str; 8] = [
    "workoutName",
    "description",
    "sportType",
    "workoutSegments",
    "estimatedDurationInSecs",
    "estimatedDistanceInMeters",
    "poolLength",
    "poolLengthUnit",
];

fn replaced(stored: &Value, new: &Value) -> Value {
    let mut whole = stored.clone();
    for key in REPLACED {
        whole[key] = new.get(key).cloned().unwrap_or_default();
    }
    whole
}

/// A change of name and description touches nothing else, also what the form cannot say.
fn only_words(patch: &Map<String, Value>) -> bool {
    patch.keys().all(|key| matches!(key.as_str(), "title" | "name" | "description"))
}

async fn patched(account: &Account, stored: &Value, patch: &Value) -> Result<Ready, ToolError> {
    let fields = patch.as_object().cloned().unwrap_or_default();
    if fields.is_empty() {
        return Err(ToolError::argument("patch", "empty; allowed are keys of the form"));
    }
    let unreadable = || {
        let problem = "this workout has no steps that can be read; pass a whole `workout`";
        ToolError::argument("patch", problem)
    };
    let read = decompile(stored).ok_or_else(unreadable)?;
    if only_words(&fields) {
        let mut new = stored.clone();
        let title = fields.get("title").or_else(|| fields.get("name"));
        if let Some(title) = title {
            let title = text(title)
                .ok_or_else(|| ToolError::argument("patch", "`title` must be text, not empty"))?;
            new["workoutName"] = title.into();
        }
        if let Some(description) = fields.get("description") {
            new["description"] = description.clone();
        }
        let name = text(&new["workoutName"]).unwrap_or_default();
        return Ok(Ready { workout: new, name, told: Map::new(), warnings: Vec::new() });
    }
    if !read.lost.is_empty() {
        let problem = format!(
            "would lose what the form cannot say ({}); pass a whole `workout`",
            read.lost.join(", ")
        );
        return Err(ToolError::argument("patch", problem));
    }
    let mut form = write(&read.form);
    for (key, value) in fields {
        let key = if key == "name" { "title".to_owned() } else { key };
        form[key] = value;
    }
    from_form(account, &form, "patch").await
}

impl WriteTool for UpdateWorkout {
    const NAME: &'static str = "update_workout";
    const TITLE: &'static str = "Change a workout";
    const DESCRIPTION: &'static str = "Replaces a workout, or parts of it, and keeps its days; \
        get_workout_by_id with format `form` gives the form.";
    const CLASS: Class = Class::Destroy;
    type Args = UpdateArgs;

    async fn plan(account: &Account, args: UpdateArgs) -> Result<Plan, ToolError> {
        let id = args.workout_id.0;
        let old = stored(account, &WorkoutId::Number(id)).await?;
        let ready = match (&args.workout, &args.patch) {
            (Some(workout), None) => from_any(account, &workout.0, "workout").await?,
            (None, Some(patch)) => patched(account, &old, &patch.0).await?,
            (None, None) | (Some(_), Some(_)) => {
                let problem = "allowed is either `workout` or `patch`";
                return Err(ToolError::argument("workout", problem));
            }
        };
        let new = replaced(&old, &ready.workout);
        let step = Step::new("replace the workout", Write::put(workout_at(id)).json(new))
            .undone_by(vec![Write::put(workout_at(id)).json(old.clone())]);
        let mut plan = Plan::new(called(id, &old))
            .previous(before(&old))
            .step(step)
            .check(Check::workout(workout_at(id), ready.workout))
            .key("workout_id", id)
            .key("name", ready.name);
        for (key, value) in ready.told {
            plan = plan.key(&key, value);
        }
        for warning in ready.warnings {
            plan = plan.warning(warning);
        }
        Ok(plan)
    }
}

/// The step that deletes a workout. Undone by making it anew, under another number.
fn delete(id: i64, old: &Value) -> Step {
    let again = repair(old)
        .map(|repaired| repaired.workout)
        .ok()
        .map(|workout| Write::post(Target::new("/workout-service/workout")).json(workout));
    Step::new(format!("delete {}", called(id, old)), Write::delete(workout_at(id)))
        .key("workout_id", id)
        .undone_by(again.into_iter().collect())
}

/// `delete_workout`
pub(super) struct DeleteWorkout;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteArgs {
    workout_id: Number,
}

const NEW_NUMBER: &str = "Undo makes the workout anew, under another number and without its days.";

impl WriteTool for DeleteWorkout {
    const NAME: &'static str = "delete_workout";
    const TITLE: &'static str = "Delete a workout";
    const DESCRIPTION: &'static str = "Deletes a workout from the library and the calendar.";
    const CLASS: Class = Class::Destroy;
    type Args = DeleteArgs;

    async fn plan(account: &Account, args: DeleteArgs) -> Result<Plan, ToolError> {
        let id = args.workout_id.0;
        let old = stored(account, &WorkoutId::Number(id)).await?;
        Ok(Plan::new(called(id, &old))
            .previous(before(&old))
            .step(delete(id, &old))
            .check(Check::gone(workout_at(id)))
            .key("workout_id", id)
            .warning(NEW_NUMBER))
    }
}

/// `delete_workouts`
pub(super) struct DeleteMany;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteManyArgs {
    /// At most 50.
    workout_ids: Many<Number>,
    #[serde(default)]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
}

impl WriteTool for DeleteMany {
    const NAME: &'static str = "delete_workouts";
    const TITLE: &'static str = "Delete several workouts";
    const DESCRIPTION: &'static str = "Deletes several workouts, with a result for each.";
    const CLASS: Class = Class::Destroy;
    type Args = DeleteManyArgs;

    async fn plan(account: &Account, args: DeleteManyArgs) -> Result<Plan, ToolError> {
        let mut ids = args.workout_ids.0;
        if ids.is_empty() || ids.len() > 50 {
            return Err(ToolError::argument("workout_ids", "allowed are 1 to 50 ids"));
        }
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(id.0));
        let found: Vec<(i64, Value)> = stream::iter(ids)
            .map(|id| async move {
                let old = stored(account, &WorkoutId::Number(id.0)).await?;
                Ok::<_, ToolError>((id.0, old))
            })
            .buffered(4)
            .try_collect()
            .await?;
        let previous: Vec<Value> = found
            .iter()
            .map(|(id, old)| json!({ "workout_id": id, "name": old["workoutName"] }))
            .collect();
        let steps: Vec<Step> = found.iter().map(|(id, old)| delete(*id, old)).collect();
        let names: Vec<String> = found.iter().map(|(id, old)| called(*id, old)).collect();
        Ok(Plan::new(names.join(", "))
            .previous(previous)
            .items("results", args.on_error, steps)?
            .warning(NEW_NUMBER))
    }
}

/// `push_workout_to_device`
pub(super) struct Push;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PushArgs {
    workout_id: Number,
    /// Default: the one used last
    device_id: Option<Number>,
}

impl WriteTool for Push {
    const NAME: &'static str = "push_workout_to_device";
    const TITLE: &'static str = "Send a workout to a device";
    const DESCRIPTION: &'static str = "Queues a workout for a watch or bike computer, which \
        fetches it at its next sync.";
    const CLASS: Class = Class::Add;
    type Args = PushArgs;

    async fn plan(account: &Account, args: PushArgs) -> Result<Plan, ToolError> {
        let id = args.workout_id.0;
        let old = stored(account, &WorkoutId::Number(id)).await?;
        let device = if let Some(device) = args.device_id {
            device.0
        } else {
            let last = account.garmin()?.last_used_device().await?;
            last.and_then(|last| last.id).ok_or_else(|| {
                ToolError::argument("device_id", "required: no device was used before")
            })?
        };
        let message = json!([{
            "deviceId": device,
            "messageUrl": format!("workout-service/workout/FIT/{id}"),
            "messageType": "workouts",
            "groupName": null,
            "messageName": old["workoutName"],
            "priority": 1,
            "fileType": "FIT",
            "metaDataId": id,
        }]);
        let queue = || Target::new("/device-service/devicemessage/messages");
        let step =
            Step::new(format!("queue it for device {device}"), Write::post(queue()).json(message))
                .keys_from(|answer| {
                    let mut keys = Map::new();
                    let first = answer.as_array().and_then(|list| list.first()).unwrap_or(answer);
                    if let Some(id) = number(&first["messageId"]) {
                        keys.insert("message_id".into(), whole(id).into());
                    }
                    keys
                });
        Ok(Plan::new(called(id, &old))
            .step(step)
            .check(Check::listed(queue(), "/messages", "/metaData/metaDataId", id))
            .key("workout_id", id)
            .key("device_id", device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_keeps_what_garmin_gave() {
        let old = json!({ "workoutId": 7, "ownerId": 1, "workoutName": "old", "description": "d",
            "poolLength": 25.0, "author": { "x": 1 } });
        let new = replaced(&old, &json!({ "workoutName": "new", "workoutSegments": [] }));
        assert_eq!(new["workoutId"], 7);
        assert_eq!((&new["workoutName"], &new["description"]), (&json!("new"), &Value::Null));
        assert_eq!((&new["author"], &new["poolLength"]), (&old["author"], &Value::Null));
    }
}

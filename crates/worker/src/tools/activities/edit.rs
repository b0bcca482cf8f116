//! What a person says about an activity: its name, its kind, how hard it was.

use garmin::GarminError;
use garmin::api::Target;
use garmin::write::Write;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::account::Account;
use crate::args::ActivityNumber;
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

/// Garmin cuts longer ones without a word.
pub(super) const LONGEST_NAME: usize = 255;
const LONGEST_DESCRIPTION: usize = 2_000;

pub(super) fn place(id: i64) -> Target {
    Target::new("/activity-service/activity").segment(id)
}

/// The activity as Garmin has it now.
pub(super) async fn find(account: &Account, id: ActivityNumber) -> Result<Value, ToolError> {
    let unknown = ToolError::NotFound {
        field: "activity_id",
        what: "activity",
        hint: "Allowed is the `id` of an activity in `get_activities`.",
    };
    match account.garmin()?.look(&place(id.0).finish()).await {
        Ok(Some(found)) => Ok(found),
        // Garmin does not tell an unknown activity from somebody else's.
        Ok(None) | Err(GarminError::Forbidden) => Err(unknown),
        Err(error) => Err(error.into()),
    }
}

/// An activity in a person's words: `7 ("Morning Run", 2026-05-01)`.
pub(super) fn describe(id: i64, found: &Value) -> String {
    let name = found["activityName"].as_str().unwrap_or("without a name");
    let start = found["summaryDTO"]["startTimeLocal"].as_str().unwrap_or_default();
    let day = start.split(['T', ' ']).next().unwrap_or_default();
    format!("activity {id} (\"{name}\", {day})")
}

fn set(id: i64, mut fields: Value) -> Write {
    fields["activityId"] = id.into();
    Write::put(place(id)).json(fields)
}

/// One change to one activity: what is sent, and what takes it back.
struct Change {
    id: i64,
    found: Value,
    what: &'static str,
    to: Value,
    /// None where Garmin has no way back.
    back: Option<Value>,
    check: Check,
}

impl Change {
    fn plan(self) -> Plan {
        let Self { id, found, what, to, back, check } = self;
        let back = back.map(|back| set(id, back)).into_iter().collect();
        let step = Step::new(format!("set the {what}"), set(id, to)).undone_by(back);
        Plan::new(format!("{what} of {}", describe(id, &found)))
            .previous(check.seen_in(&found))
            .step(step)
            .check(check)
            .key("activity_id", id)
    }
}

pub(super) fn text(field: &'static str, text: &str, longest: usize) -> Result<String, ToolError> {
    let text = text.trim();
    let length = text.chars().count();
    if length > longest {
        let problem = format!("{length} characters; allowed are at most {longest}");
        return Err(ToolError::argument(field, problem));
    }
    Ok(text.to_owned())
}

/// `set_activity_name`
pub(super) struct Rename;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenameArgs {
    activity_id: ActivityNumber,
    #[serde(alias = "name")]
    activity_name: String,
}

impl WriteTool for Rename {
    const NAME: &'static str = "set_activity_name";
    const TITLE: &'static str = "Rename an activity";
    const DESCRIPTION: &'static str = "Gives an activity another name.";
    const CLASS: Class = Class::Set;
    type Args = RenameArgs;

    async fn plan(account: &Account, args: RenameArgs) -> Result<Plan, ToolError> {
        let name = text("activity_name", &args.activity_name, LONGEST_NAME)?;
        if name.is_empty() {
            return Err(ToolError::argument("activity_name", "empty; an activity keeps a name"));
        }
        let found = find(account, args.activity_id).await?;
        let id = args.activity_id.0;
        let check = Check::at(place(id)).field("activity_name", "/activityName", name.as_str());
        let to = json!({ "activityName": name });
        let back = Some(json!({ "activityName": found["activityName"] }));
        let change = Change { id, found, what: "name", to, back, check };
        Ok(change.plan().key("activity_name", name))
    }
}

/// `set_activity_description`
pub(super) struct Describe;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribeArgs {
    activity_id: ActivityNumber,
    /// Empty clears it.
    description: String,
}

impl WriteTool for Describe {
    const NAME: &'static str = "set_activity_description";
    const TITLE: &'static str = "Describe an activity";
    const DESCRIPTION: &'static str = "Replaces the description of an activity.";
    const CLASS: Class = Class::Set;
    type Args = DescribeArgs;

    async fn plan(account: &Account, args: DescribeArgs) -> Result<Plan, ToolError> {
        let said = text("description", &args.description, LONGEST_DESCRIPTION)?;
        let found = find(account, args.activity_id).await?;
        let id = args.activity_id.0;
        let check = Check::at(place(id)).field("description", "/description", said.as_str());
        let to = json!({ "description": said });
        let before = found["description"].as_str().unwrap_or_default();
        let back = Some(json!({ "description": before }));
        Ok(Change { id, found, what: "description", to, back, check }.plan())
    }
}

/// `set_activity_type`
pub(super) struct Retype;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetypeArgs {
    activity_id: ActivityNumber,
    /// A key of `get_activity_types`, such as `trail_running`
    #[serde(alias = "activity_type")]
    type_key: String,
}

pub(super) const TYPES: &str = "/activity-service/activity/activityTypes";
const EVENTS: &str = "/activity-service/activity/eventTypes";

/// The row of a table of Garmin's whose `typeKey` is `key`.
pub(super) async fn row(
    account: &Account,
    table: &str,
    field: &'static str,
    key: &str,
) -> Result<Value, ToolError> {
    let key = key.trim();
    let rows = account.garmin()?.look(table).await?.unwrap_or_default();
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let known =
        |row: &&Value| row["typeKey"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(key));
    if let Some(row) = rows.iter().find(known) {
        return Ok(row.clone());
    }
    let keys: Vec<&str> = rows.iter().filter_map(|row| row["typeKey"].as_str()).collect();
    let problem = if keys.len() > 20 {
        format!("`{key}` is none of Garmin's keys; `get_activity_types` lists the allowed ones")
    } else {
        format!("`{key}` is none of Garmin's keys; allowed are {}", keys.join(", "))
    };
    Err(ToolError::argument(field, problem))
}

impl WriteTool for Retype {
    const NAME: &'static str = "set_activity_type";
    const TITLE: &'static str = "Change the type of an activity";
    const DESCRIPTION: &'static str = "Changes which sport an activity counts as.";
    const CLASS: Class = Class::Set;
    type Args = RetypeArgs;

    async fn plan(account: &Account, args: RetypeArgs) -> Result<Plan, ToolError> {
        let found = find(account, args.activity_id).await?;
        let kind = row(account, TYPES, "type_key", &args.type_key).await?;
        let id = args.activity_id.0;
        let key = kind["typeKey"].clone();
        let check = Check::at(place(id)).field("type_key", "/activityTypeDTO/typeKey", key.clone());
        let dto = |kind: &Value| {
            json!({ "activityTypeDTO": {
                "typeId": kind["typeId"], "typeKey": kind["typeKey"],
                "parentTypeId": kind["parentTypeId"],
            } })
        };
        let (to, back) = (dto(&kind), Some(dto(&found["activityTypeDTO"])));
        let change = Change { id, found, what: "type", to, back, check };
        Ok(change.plan().key("type_key", key).key("type_id", kind["typeId"].clone()))
    }
}

/// `set_activity_event_type`
pub(super) struct SetEvent;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventArgs {
    activity_id: ActivityNumber,
    /// race, training, recreation, …
    event_type: String,
}

impl WriteTool for SetEvent {
    const NAME: &'static str = "set_activity_event_type";
    const TITLE: &'static str = "Say what an activity was for";
    const DESCRIPTION: &'static str = "Marks an activity as race, recreation, specialEvent, \
        training, transportation, touring, geocaching, fitness or uncategorized.";
    const CLASS: Class = Class::Set;
    type Args = EventArgs;

    async fn plan(account: &Account, args: EventArgs) -> Result<Plan, ToolError> {
        let found = find(account, args.activity_id).await?;
        let event = row(account, EVENTS, "event_type", &args.event_type).await?;
        let id = args.activity_id.0;
        let key = event["typeKey"].clone();
        let check = Check::at(place(id)).field("event_type", "/eventTypeDTO/typeKey", key.clone());
        let dto = |event: &Value| json!({ "eventTypeDTO": { "typeId": event["typeId"], "typeKey": event["typeKey"] } });
        let (to, back) = (dto(&event), Some(dto(&found["eventTypeDTO"])));
        let change = Change { id, found, what: "event type", to, back, check };
        Ok(change.plan().key("event_type", key))
    }
}

/// Effort and feel lie beside each other: one is sent with the other as it is.
fn felt(found: &Value, feel: Option<&Value>, effort: Option<&Value>) -> Value {
    let now = &found["summaryDTO"];
    let mut summary = json!({});
    for (key, new) in [("directWorkoutFeel", feel), ("directWorkoutRpe", effort)] {
        let value = new.unwrap_or(&now[key]);
        if !value.is_null() {
            summary[key] = value.clone();
        }
    }
    json!({ "summaryDTO": summary })
}

/// `set_perceived_effort`
pub(super) struct SetEffort;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EffortArgs {
    activity_id: ActivityNumber,
    /// 0 to 10; 0 clears
    rpe: Effort,
}

/// How hard it was, in tenths as Garmin stores it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort(i64);

impl<'de> Deserialize<'de> for Effort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let number = number.filter(|number: &f64| (0.0..=10.0).contains(number));
        #[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
        number
            .map(|number| Self((number * 10.0).round() as i64))
            .ok_or_else(|| D::Error::custom("allowed is a number from 0 to 10"))
    }
}

impl JsonSchema for Effort {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Effort".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 10 })
    }
}

impl WriteTool for SetEffort {
    const NAME: &'static str = "set_perceived_effort";
    const TITLE: &'static str = "Say how hard an activity was";
    const DESCRIPTION: &'static str = "Sets the perceived effort (RPE) of an activity.";
    const CLASS: Class = Class::Set;
    type Args = EffortArgs;

    async fn plan(account: &Account, args: EffortArgs) -> Result<Plan, ToolError> {
        let found = find(account, args.activity_id).await?;
        let (id, tenths) = (args.activity_id.0, args.rpe.0);
        let check = Check::at(place(id));
        let pointer = "/summaryDTO/directWorkoutRpe";
        let check = if tenths == 0 {
            check.field_or_nothing("rpe_tenths", pointer, 0)
        } else {
            check.field("rpe_tenths", pointer, tenths)
        };
        let to = felt(&found, None, Some(&tenths.into()));
        let before = Value::from(found["summaryDTO"]["directWorkoutRpe"].as_f64().unwrap_or(0.0));
        let back = Some(felt(&found, None, Some(&before)));
        let change = Change { id, found, what: "perceived effort", to, back, check };
        let rpe = if tenths % 10 == 0 {
            json!(tenths / 10)
        } else {
            json!(f64::from(i32::try_from(tenths).unwrap_or(0)) / 10.0)
        };
        Ok(change.plan().key("rpe", rpe))
    }
}

/// `set_activity_feel`
pub(super) struct SetFeel;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeelArgs {
    activity_id: ActivityNumber,
    feel: Feel,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Feel(i64);

const FEELS: [(&str, i64); 5] =
    [("very_weak", 0), ("weak", 25), ("normal", 50), ("strong", 75), ("very_strong", 100)];

impl<'de> Deserialize<'de> for Feel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let word = value.as_str().map(|text| text.trim().to_ascii_lowercase().replace(' ', "_"));
        let number = value.as_f64().or_else(|| word.as_ref()?.parse().ok());
        #[expect(clippy::cast_precision_loss, reason = "0 to 100")]
        let fits = |(name, feel): &&(&str, i64)| {
            word.as_deref() == Some(*name)
                || number.is_some_and(|number| (number - *feel as f64).abs() < 1e-9)
        };
        FEELS.iter().find(fits).map(|(_, feel)| Self(*feel)).ok_or_else(|| {
            D::Error::custom(
                "allowed are 0 or very_weak, 25 or weak, 50 or normal, 75 or strong, 100 or \
                 very_strong",
            )
        })
    }
}

impl JsonSchema for Feel {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Feel".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "description": "0 very_weak, 25 weak, 50 normal, 75 strong, 100 very_strong",
        })
    }
}

impl WriteTool for SetFeel {
    const NAME: &'static str = "set_activity_feel";
    const TITLE: &'static str = "Say how an activity felt";
    const DESCRIPTION: &'static str = "Sets how the athlete felt during an activity.";
    const CLASS: Class = Class::Set;
    type Args = FeelArgs;

    async fn plan(account: &Account, args: FeelArgs) -> Result<Plan, ToolError> {
        let found = find(account, args.activity_id).await?;
        let (id, feel) = (args.activity_id.0, args.feel.0);
        let check = Check::at(place(id)).field("feel", "/summaryDTO/directWorkoutFeel", feel);
        let to = felt(&found, Some(&feel.into()), None);
        let before = &found["summaryDTO"]["directWorkoutFeel"];
        // A feel that was never set cannot be unset.
        let back = (!before.is_null()).then(|| felt(&found, Some(before), None));
        let change = Change { id, found, what: "feel", to, back, check };
        Ok(change.plan().key("feel", feel))
    }
}

/// `delete_activity`
pub(super) struct Delete;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteArgs {
    activity_id: ActivityNumber,
}

impl WriteTool for Delete {
    const NAME: &'static str = "delete_activity";
    const TITLE: &'static str = "Delete an activity";
    const DESCRIPTION: &'static str = "Deletes an activity for good, with its laps, map and \
        records. Shows what would go first and needs `confirm`.";
    const CLASS: Class = Class::Destroy;
    type Args = DeleteArgs;

    async fn plan(account: &Account, args: DeleteArgs) -> Result<Plan, ToolError> {
        let found = find(account, args.activity_id).await?;
        let id = args.activity_id.0;
        let summary = &found["summaryDTO"];
        let goes = json!({
            "activity_name": found["activityName"],
            "type_key": found["activityTypeDTO"]["typeKey"],
            "start_time_local": summary["startTimeLocal"],
            "duration_s": summary["duration"],
            "distance_m": summary["distance"],
            "description": found["description"],
        });
        let plan = Plan::new(describe(id, &found))
            .previous(goes)
            .step(Step::new("delete the activity", Write::delete(place(id))))
            .check(Check::gone(place(id)))
            .key("activity_id", id);
        if found["metadataDTO"]["manualActivity"] == true {
            return Ok(plan.warning(
                "This is for ever: undo cannot bring it back, and there is no file of what was \
                 entered by hand.",
            ));
        }
        Ok(plan.key("original_file_uri", format!("garmin://activity/{id}.fit")).warning(
            "This is for ever: undo cannot bring it back. Offer the user the original file first \
             (original_file_uri, or download_activity_file): upload_activity makes a new activity \
             of it, without the name, notes and gear of this one.",
        ))
    }
}

//! Habits of the athlete's own.

use garmin::api::Target;
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Named, base};
use crate::account::Account;
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

/// `create_custom_lifestyle_behaviour`
pub(super) struct Create;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateArgs {
    name: String,
    /// Whether it concerns the night.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    sleep_related: bool,
    /// At once, unless false.
    track: Option<bool>,
}

const LONGEST_NAME: usize = 50;

fn one(id: i64) -> Target {
    base().then("/behaviours").segment(id)
}

/// The number Garmin gave it, where the answer says so: alone or in a list.
fn new_id(answer: &Value) -> Option<i64> {
    let made = answer.get(0).unwrap_or(answer);
    made["behaviourId"].as_i64().filter(|id| *id > 0)
}

impl WriteTool for Create {
    const NAME: &'static str = "create_custom_lifestyle_behaviour";
    const TITLE: &'static str = "Make up a habit";
    const DESCRIPTION: &'static str = "Adds a habit of the athlete's own, answered with yes or \
        no. Look into get_lifestyle_behaviours first: many exist already.";
    const CLASS: Class = Class::Add;
    type Args = CreateArgs;

    async fn plan(account: &Account, args: CreateArgs) -> Result<Plan, ToolError> {
        let name = args.name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            let problem = format!("allowed are 1 to {LONGEST_NAME} letters");
            return Err(ToolError::argument("name", problem));
        }
        let today = account.today().await?;
        let all = account.garmin()?.behaviours(today).await?.unwrap_or_default();
        let same = |known: &str| known.trim().to_lowercase() == name.to_lowercase();
        if all.iter().any(|it| it.name.as_deref().is_some_and(same)) {
            let problem = format!(
                "a behaviour is called `{name}` already; `track_lifestyle_behaviours` tracks it"
            );
            return Err(ToolError::argument("name", problem));
        }
        let track = args.track.unwrap_or(true);
        let category = if args.sleep_related { "CUSTOM_SLEEP_RELATED" } else { "CUSTOM" };
        let write = Write::post(base().then("/behaviours")).json(json!({
            "name": name,
            "category": category,
            "sleepRelated": args.sleep_related,
            "tracked": track,
        }));
        let keys = |answer: &Value| {
            let id = new_id(answer).map(|id| ("behaviour_id".to_owned(), json!(id)));
            id.into_iter().collect::<Map<_, _>>()
        };
        let undo =
            |answer: &Value| new_id(answer).map(|id| Write::delete(one(id))).into_iter().collect();
        let listed = base().then("/behaviours").segment(today);
        Ok(Plan::new(format!("habit `{name}`"))
            .step(Step::new("make it up", write).keys_from(keys).undone_from(undo))
            .check(Check::listed(listed, "", "/name", name.clone()))
            .key("name", name)
            .key("category", category)
            .key("tracked", track))
    }
}

/// `delete_custom_lifestyle_behaviour`
pub(super) struct Delete;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteArgs {
    /// Id or whole name.
    behaviour: Named,
}

impl WriteTool for Delete {
    const NAME: &'static str = "delete_custom_lifestyle_behaviour";
    const TITLE: &'static str = "Delete a habit";
    const DESCRIPTION: &'static str = "Deletes a habit of the athlete's own, perhaps with what \
        was logged. track_lifestyle_behaviours stops tracking one and keeps its log.";
    const CLASS: Class = Class::Destroy;
    type Args = DeleteArgs;

    async fn plan(account: &Account, args: DeleteArgs) -> Result<Plan, ToolError> {
        let today = account.today().await?;
        let all = account.garmin()?.behaviours(today).await?.unwrap_or_default();
        let found = args.behaviour.find("behaviour", &all, |it| it.id, |it| it.name.as_deref())?;
        let found = found.and_then(|(_, it)| Some((it.id?, it)));
        let Some((id, behaviour)) = found else { return Err(args.behaviour.unknown("behaviour")) };
        let name = behaviour.name.clone().unwrap_or_else(|| id.to_string());
        if !behaviour.is_custom() {
            let problem = format!(
                "{name} is Garmin's own and cannot be deleted; `track_lifestyle_behaviours` with \
                 `remove` stops tracking it"
            );
            return Err(ToolError::argument("behaviour", problem));
        }
        let listed = base().then("/behaviours").segment(today);
        Ok(Plan::new(format!("habit `{name}`"))
            .previous(json!({ "name": name, "tracked": behaviour.tracked }))
            .step(Step::new("delete it", Write::delete(one(id))))
            .check(Check::unlisted(listed, "", "/behaviourId", id))
            .warning(
                "What was logged for it may go as well; `track_lifestyle_behaviours` with \
                 `remove` would keep it.",
            )
            .key("behaviour_id", id)
            .key("name", name))
    }
}

//! Taking weighings back.

use garmin::days::Day;
use garmin::model::WeighIn;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::weigh::{delete, shown_at};
use super::weigh_ins::{described, measurement};
use crate::account::Account;
use crate::args::{NamedDay, Number};
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

async fn of_day(account: &Account, day: Day) -> Result<Vec<WeighIn>, ToolError> {
    let found = account.garmin()?.weigh_ins_of(day).await?.unwrap_or_default();
    Ok(found.list.unwrap_or_default())
}

async fn previous(account: &Account, weigh_ins: &[WeighIn]) -> Result<Value, ToolError> {
    let zone = account.garmin()?.zone().await?;
    let region = account.upstream.region;
    let shown: Vec<_> = weigh_ins.iter().map(|it| measurement(it, region, &zone)).collect();
    Ok(json!(shown))
}

/// One request per weighing, which is gone from its day afterwards.
fn plan(target: String, day: Day, weigh_ins: &[WeighIn]) -> Plan {
    let known: Vec<(i64, &WeighIn)> =
        weigh_ins.iter().filter_map(|it| Some((it.version?, it))).collect();
    let count = known.len();
    let mut plan = Plan::new(target).key("date", day.to_string());
    for (at, (version, weigh_in)) in known.into_iter().enumerate() {
        let mut step = Step::new(format!("delete {}", described(weigh_in)), delete(day, version));
        if at + 1 == count {
            step = step.key("deleted_count", count);
        }
        let gone = Check::unlisted(shown_at(day), "/dateWeightList", "/samplePk", version);
        plan = plan.step(step).check(gone);
    }
    plan
}

/// `delete_weigh_in`
pub(super) struct One;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneArgs {
    date: NamedDay,
    /// From `get_weigh_ins`.
    version: Number,
}

impl WriteTool for One {
    const NAME: &'static str = "delete_weigh_in";
    const TITLE: &'static str = "Delete one weighing";
    const DESCRIPTION: &'static str = "Deletes the weighing of this day that has this `version`.";
    const CLASS: Class = Class::Destroy;
    type Args = OneArgs;

    async fn plan(account: &Account, args: OneArgs) -> Result<Plan, ToolError> {
        let day = args.date.resolve("date", account.today().await?)?;
        let version = args.version.0;
        let mut found = of_day(account, day).await?;
        found.retain(|it| it.version == Some(version));
        let Some(weigh_in) = found.first() else {
            return Err(ToolError::NotFound {
                field: "version",
                what: "weighing of that day",
                hint: "Allowed is the `version` of a weighing in `get_weigh_ins`, with its date.",
            });
        };
        let target = format!("weighing of {day}, {}", described(weigh_in));
        let previous = previous(account, &found).await?;
        Ok(plan(target, day, &found).previous(previous).key("version", version))
    }
}

/// `delete_weigh_ins`
pub(super) struct OfOneDay;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DayArgs {
    date: NamedDay,
    /// Also several; default true
    delete_all: Option<bool>,
}

/// Nobody steps onto a scale more often in a day.
const MOST: usize = 50;

impl WriteTool for OfOneDay {
    const NAME: &'static str = "delete_weigh_ins";
    const TITLE: &'static str = "Delete the weighings of a day";
    const DESCRIPTION: &'static str = "Deletes every weighing of one day. delete_weigh_in \
        deletes one of several.";
    const CLASS: Class = Class::Destroy;
    type Args = DayArgs;

    async fn plan(account: &Account, args: DayArgs) -> Result<Plan, ToolError> {
        let day = args.date.resolve("date", account.today().await?)?;
        let mut found = of_day(account, day).await?;
        found.retain(|it| it.version.is_some());
        let problem = match (found.len(), args.delete_all.unwrap_or(true)) {
            (0, _) => Some(("date", format!("{day} has no weighings"))),
            (count, false) if count > 1 => Some((
                "delete_all",
                format!(
                    "{day} has {count} weighings; allowed is true, or `delete_weigh_in` with \
                     the `version` of one"
                ),
            )),
            (count, _) if count > MOST => {
                Some(("date", format!("{day} has {count} weighings; allowed are {MOST} at once")))
            }
            (_, _) => None,
        };
        if let Some((field, problem)) = problem {
            return Err(ToolError::argument(field, problem));
        }
        let previous = previous(account, &found).await?;
        Ok(plan(format!("{} weighings of {day}", found.len()), day, &found).previous(previous))
    }
}

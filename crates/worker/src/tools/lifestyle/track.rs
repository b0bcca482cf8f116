//! Which habits are asked for every day.

use std::collections::BTreeSet;

use garmin::days::Day;
use garmin::model::Behaviour;
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Named, base};
use crate::account::Account;
use crate::args::Many;
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

/// `track_lifestyle_behaviours`
pub(super) struct Track;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrackArgs {
    /// Ids or whole names.
    add: Option<Many<Named>>,
    remove: Option<Many<Named>>,
}

/// Garmin takes the whole list, every time.
fn put(day: Day, profile: Option<i64>, tracked: &BTreeSet<i64>) -> Write {
    let mut body = json!({
        "calendarDate": day.to_string(),
        "trackedBehaviours": tracked,
    });
    if let Some(profile) = profile {
        body["userProfilePk"] = json!(profile);
    }
    Write::put(base().then("/trackedBehaviours")).json(body)
}

fn chosen<'a>(
    field: &'static str,
    named: &[Named],
    all: &'a [Behaviour],
) -> Result<Vec<(usize, i64, &'a Behaviour)>, ToolError> {
    let found = named.iter().map(|named| {
        let found = named.find(field, all, |it| it.id, |it| it.name.as_deref())?;
        let found = found.and_then(|(at, it)| Some((at, it.id?, it)));
        found.ok_or_else(|| named.unknown(field))
    });
    found.collect()
}

fn names(all: &[Behaviour], ids: &BTreeSet<i64>) -> Value {
    let chosen = all.iter().filter(|it| it.id.is_some_and(|id| ids.contains(&id)));
    chosen.filter_map(|it| it.name.clone()).collect::<Vec<_>>().into()
}

impl WriteTool for Track {
    const NAME: &'static str = "track_lifestyle_behaviours";
    const TITLE: &'static str = "Choose habits to track";
    const DESCRIPTION: &'static str = "Starts or stops tracking habits. What was logged before \
        stays when one is no longer tracked.";
    const CLASS: Class = Class::Set;
    type Args = TrackArgs;

    async fn plan(account: &Account, args: TrackArgs) -> Result<Plan, ToolError> {
        let of = |named: Option<Many<Named>>| named.map_or_else(Vec::new, |named| named.0);
        let (add, remove) = (of(args.add), of(args.remove));
        if add.is_empty() && remove.is_empty() {
            return Err(ToolError::argument("add", "neither `add` nor `remove` names a behaviour"));
        }
        let today = account.today().await?;
        let all = account.garmin()?.behaviours(today).await?.unwrap_or_default();
        let (add, remove) = (chosen("add", &add, &all)?, chosen("remove", &remove, &all)?);
        if add.iter().any(|(at, ..)| remove.iter().any(|(other, ..)| at == other)) {
            return Err(ToolError::argument(
                "remove",
                "names a behaviour that `add` names as well",
            ));
        }
        let before: BTreeSet<i64> =
            all.iter().filter(|it| it.tracked == Some(true)).filter_map(|it| it.id).collect();
        let mut after = before.clone();
        after.extend(add.iter().map(|(_, id, _)| *id));
        for (_, id, _) in &remove {
            after.remove(id);
        }
        let profile = all.iter().find_map(|it| it.profile_id);
        let mut check = Check::at(base().then("/behaviours").segment(today));
        for (list, tracked) in [(&add, true), (&remove, false)] {
            for (at, _, behaviour) in list {
                let name = behaviour.name.as_deref().unwrap_or("tracked");
                check = check.field(name, &format!("/{at}/tracked"), tracked);
            }
        }
        Ok(Plan::new("the habits tracked every day")
            .previous(json!({ "tracked": names(&all, &before) }))
            .step(
                Step::new("send the whole list", put(today, profile, &after))
                    .undone_by(vec![put(today, profile, &before)]),
            )
            .check(check)
            .key("tracked_before", names(&all, &before))
            .key("tracked_after", names(&all, &after)))
    }
}

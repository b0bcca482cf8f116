//! Which gear belongs to which activity, and what is used unless said otherwise.

use garmin::api::Target;
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::name::{GearName, unknown};
use crate::account::Account;
use crate::args::ActivityNumber;
use crate::error::ToolError;
use crate::tool::Class;
use crate::tools::activities::{find, kinds};
use crate::writes::{Check, Plan, Step, WriteTool};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkArgs {
    activity_id: ActivityNumber,
    gear_uuid: GearName,
}

/// How a piece of gear is called in what a person reads.
async fn named(account: &Account, gear: &GearName) -> Result<String, ToolError> {
    let all = account.garmin()?.gear().await?.unwrap_or_default();
    let uuid = gear.0.to_string();
    let piece = all.into_iter().find(|piece| piece.uuid.as_deref() == Some(&uuid));
    let piece = piece.ok_or_else(unknown)?;
    Ok(piece.name.or(piece.make_and_model).unwrap_or(uuid))
}

/// Which way a link goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Link,
    Unlink,
}

impl Way {
    fn write(self, gear: &GearName, activity: ActivityNumber) -> Write {
        let path = match self {
            Self::Link => "/gear-service/gear/link",
            Self::Unlink => "/gear-service/gear/unlink",
        };
        Write::put(Target::new(path).segment(&gear.0).then("/activity").segment(activity.0))
    }

    fn back(self) -> Self {
        match self {
            Self::Link => Self::Unlink,
            Self::Unlink => Self::Link,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Link => "link the gear",
            Self::Unlink => "unlink the gear",
        }
    }
}

async fn plan(account: &Account, args: LinkArgs, way: Way) -> Result<Plan, ToolError> {
    let (id, activity) = find(account, args.activity_id).await?;
    let gear = named(account, &args.gear_uuid).await?;
    let uuid = args.gear_uuid.0.to_string();
    let used = account.garmin()?.activity_gear(id).await?.unwrap_or_default();
    let is_linked = used.iter().any(|piece| piece.uuid.as_deref() == Some(&uuid));
    let list = Target::new("/gear-service/gear/filterGear").query("activityId", id);
    let check = match way {
        Way::Link => Check::listed(list, "", "/uuid", uuid.as_str()),
        Way::Unlink => Check::unlisted(list, "", "/uuid", uuid.as_str()),
    };
    let step = Step::new(way.words(), way.write(&args.gear_uuid, args.activity_id));
    // What was so before is not taken back by an undo.
    let changes = is_linked == (way == Way::Unlink);
    let step = if changes {
        step.undone_by(vec![way.back().write(&args.gear_uuid, args.activity_id)])
    } else {
        step
    };
    let name = activity.name.unwrap_or_else(|| "without a name".to_owned());
    let plan = Plan::new(format!("gear \"{gear}\" of activity {id} (\"{name}\")"))
        .previous(json!({ "listed": is_linked }))
        .step(step)
        .check(check)
        .key("activity_id", id.number())
        .key("gear_uuid", uuid);
    Ok(if changes { plan } else { plan.warning("nothing changes: it is so already") })
}

/// `add_gear_to_activity`
pub(super) struct Link;

impl WriteTool for Link {
    const NAME: &'static str = "add_gear_to_activity";
    const TITLE: &'static str = "Link gear to an activity";
    const DESCRIPTION: &'static str = "Links shoes, a bike or other gear to an activity.";
    const CLASS: Class = Class::Set;
    type Args = LinkArgs;

    async fn plan(account: &Account, args: LinkArgs) -> Result<Plan, ToolError> {
        plan(account, args, Way::Link).await
    }
}

/// `remove_gear_from_activity`
pub(super) struct Unlink;

impl WriteTool for Unlink {
    const NAME: &'static str = "remove_gear_from_activity";
    const TITLE: &'static str = "Unlink gear from an activity";
    const DESCRIPTION: &'static str = "Takes a piece of gear off an activity.";
    const CLASS: Class = Class::Set;
    type Args = LinkArgs;

    async fn plan(account: &Account, args: LinkArgs) -> Result<Plan, ToolError> {
        plan(account, args, Way::Unlink).await
    }
}

/// `set_gear_default`
pub(super) struct SetDefault;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DefaultArgs {
    gear_uuid: GearName,
    activity_type: String,
    /// `false` ends it; default true
    default: Option<bool>,
}

/// The newer service's name of a piece.
fn dashed(gear: &GearName) -> String {
    let plain = gear.0.to_string();
    let parts =
        [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| plain.get(part).unwrap_or_default());
    parts.join("-")
}

/// The whole object of the newer service with one use set or unset.
fn with_purpose(mut whole: Value, kind: &str, is_default: bool) -> Value {
    let mut purposes = whole["associatedActivityTypes"].as_array().cloned().unwrap_or_default();
    let known = purposes.iter_mut().find(|it| it["activityTypeKey"] == kind);
    match known {
        Some(purpose) => purpose["defaultGear"] = is_default.into(),
        None => purposes.push(json!({
            "activityTypeKey": kind, "defaultGear": is_default, "preferredGear": false,
        })),
    }
    whole["associatedActivityTypes"] = purposes.into();
    whole
}

fn is_default_in(whole: &Value, kind: &str) -> bool {
    let purposes = whole["associatedActivityTypes"].as_array().into_iter().flatten();
    purposes.into_iter().any(|it| it["activityTypeKey"] == kind && it["defaultGear"] == true)
}

/// One use in the older service.
fn legacy(gear: &GearName, number: i64, is_default: bool) -> Write {
    let kind = Target::new("/gear-service/gear").segment(&gear.0).then("/activityType");
    let kind = kind.segment(number);
    if is_default { Write::put(kind.then("/default/true")) } else { Write::delete(kind) }
}

impl WriteTool for SetDefault {
    const NAME: &'static str = "set_gear_default";
    const TITLE: &'static str = "Set default gear";
    const DESCRIPTION: &'static str =
        "Makes a piece of gear the default of an activity type, or ends that.";
    const CLASS: Class = Class::Set;
    type Args = DefaultArgs;

    async fn plan(account: &Account, args: DefaultArgs) -> Result<Plan, ToolError> {
        let garmin = account.garmin()?;
        let kind = kinds::wanted(&garmin, Some(&args.activity_type)).await?;
        let kind = kind.map(|kind| kind.to_string());
        let number = kind.as_deref().and_then(kinds::number);
        let (Some(kind), Some(number)) = (kind, number) else {
            return Err(kinds::unknown(&args.activity_type));
        };
        let gear = named(account, &args.gear_uuid).await?;
        let wanted = args.default.unwrap_or(true);
        let v2 = || Target::new("/gear-service/gear/v2").segment(dashed(&args.gear_uuid));
        let whole = garmin.look(&v2().finish()).await.unwrap_or_default();
        // Newer gear says itself what it is for, and is written as a whole.
        let newer = whole.filter(|whole| {
            whole["associatedActivityTypes"].as_array().is_some_and(|uses| !uses.is_empty())
        });
        let plan = Plan::new(format!("gear \"{gear}\" as default for {kind}"))
            .key("gear_uuid", args.gear_uuid.0.to_string())
            .key("activity_type", kind.as_str());
        let what = if wanted { "make it the default" } else { "end that it is the default" };
        if let Some(whole) = newer {
            let before = is_default_in(&whole, &kind);
            let write = Write::put(v2()).json(with_purpose(whole.clone(), &kind, wanted));
            let back = Write::put(v2()).json(whole.clone());
            let uses = with_purpose(whole, &kind, wanted)["associatedActivityTypes"].take();
            let check = Check::at(v2()).field("used_for", "/associatedActivityTypes", uses);
            return Ok(plan
                .previous(json!({ "is_default": before }))
                .step(Step::new(what, write).undone_by(vec![back]))
                .check(check));
        }
        let defaults = garmin.gear_defaults().await?.unwrap_or_default();
        let uuid = args.gear_uuid.0.to_string();
        let holds = |it: &&garmin::model::GearDefault| {
            it.activity_type_id == Some(number) && it.is_default != Some(false)
        };
        let former = defaults.iter().find(holds).and_then(|it| it.uuid.clone());
        let before = former.as_deref() == Some(&uuid);
        let mut back = Vec::new();
        if before != wanted {
            back.push(legacy(&args.gear_uuid, number, before));
        }
        let other = former.filter(|former| *former != uuid);
        let other = other.and_then(|former| garmin::api::GearId::parse(&former).ok());
        if let (Some(other), true) = (other, wanted) {
            back.push(legacy(&GearName(other), number, true));
        }
        Ok(plan
            .previous(json!({ "is_default": before }))
            .step(Step::new(what, legacy(&args.gear_uuid, number, wanted)).undone_by(back)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_use_is_set_and_the_others_stay() {
        let whole = json!({"uuid": "u", "notes": "", "associatedActivityTypes": [
            {"activityTypeKey": "running", "defaultGear": true, "preferredGear": false}]});
        let more = with_purpose(whole.clone(), "hiking", true);
        assert!(is_default_in(&more, "hiking") && is_default_in(&more, "running"));
        assert_eq!(more["notes"], "");
        let less = with_purpose(whole, "running", false);
        assert!(!is_default_in(&less, "running"));
        assert_eq!(less["associatedActivityTypes"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn newer_names_have_dashes() {
        let name: GearName =
            serde_json::from_value(json!("0123456789abcdef0123456789abcdef")).unwrap();
        assert_eq!(dashed(&name), "01234567-89ab-cdef-0123-456789abcdef");
    }
}

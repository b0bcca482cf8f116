//! What a piece of gear was used in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name::{GearName, unknown};
use crate::account::Account;
use crate::answer::Status;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::{Item, item};

/// `get_gear_activities`
pub(super) struct GearActivities;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GearActivitiesArgs {
    gear_uuid: GearName,
    start: Option<Whole<0, 100_000>>,
    /// Default 20
    limit: Option<Whole<1, 100>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GearActivitiesAnswer {
    status: Status,
    gear_uuid: String,
    start: u32,
    limit: u32,
    count: usize,
    has_more: bool,
    next_start: Option<u32>,
    /// Newest first.
    activities: Vec<Item>,
}

impl Tool for GearActivities {
    const NAME: &'static str = "get_gear_activities";
    const TITLE: &'static str = "Activities of a piece of gear";
    const DESCRIPTION: &'static str =
        "The activities a pair of shoes, a bike or other gear was used in, newest first.";
    type Args = GearActivitiesArgs;
    type Answer = GearActivitiesAnswer;

    async fn call(account: &Account, args: GearActivitiesArgs) -> Result<Self::Answer, ToolError> {
        let GearName(id) = &args.gear_uuid;
        let start = args.start.map_or(0, |start| start.0);
        let limit = args.limit.map_or(20, |limit| limit.0);
        let garmin = account.garmin()?;
        let mut found = garmin.gear_activities(id, start, limit + 1).await?;
        if found.is_empty() && start == 0 {
            // Garmin says the same of unused gear and of none; without a list nobody can tell.
            let all = garmin.gear().await.ok().flatten().unwrap_or_default();
            let name = id.to_string();
            if !all.is_empty() && !all.iter().any(|gear| gear.uuid.as_deref() == Some(&name)) {
                return Err(unknown());
            }
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > most;
        found.truncate(most);
        let activities: Vec<Item> = found.into_iter().filter_map(item).collect();
        Ok(GearActivitiesAnswer {
            status: if activities.is_empty() { Status::NoData } else { Status::Ok },
            gear_uuid: id.to_string(),
            start,
            limit,
            count: activities.len(),
            has_more,
            next_start: has_more.then_some(start + limit),
            activities,
        })
    }
}

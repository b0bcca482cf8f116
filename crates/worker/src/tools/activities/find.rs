//! Activities by their ids, and refusals that name the argument.

use garmin::GarminError;
use garmin::api::ActivityId;
use garmin::model::Activity;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::Account;
use crate::args::ActivityNumber;
use crate::error::ToolError;

/// The arguments of a tool about one activity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivityArgs {
    pub(super) activity_id: ActivityNumber,
}

fn unknown() -> ToolError {
    ToolError::NotFound {
        field: "activity_id",
        what: "activity",
        hint: "Allowed is the `id` of an activity in `get_activities`.",
    }
}

/// The number as Garmin's endpoints take it.
pub(crate) fn id(number: ActivityNumber) -> Result<ActivityId, ToolError> {
    ActivityId::new(number.0).map_err(|_| unknown())
}

/// The activity, or an error that names the argument.
pub(crate) async fn find(
    account: &Account,
    number: ActivityNumber,
) -> Result<(ActivityId, Activity), ToolError> {
    let id = id(number)?;
    let activity = account.garmin()?.activity(id).await.map_err(refusal)?;
    Ok((id, activity))
}

/// Garmin does not tell an unknown activity from somebody else's.
pub(super) fn refusal(error: GarminError) -> ToolError {
    match error {
        GarminError::NotFound | GarminError::Forbidden => unknown(),
        error => error.into(),
    }
}

/// A part of an activity. Garmin answers "not found" for what the activity lacks as well as for
/// one that does not exist, so that is asked for: "no data" would be a wrong answer.
pub(crate) async fn part<T>(
    account: &Account,
    number: ActivityNumber,
    found: Result<Option<T>, GarminError>,
) -> Result<Option<T>, ToolError> {
    match found {
        Err(GarminError::NotFound) => find(account, number).await.map(|_| None),
        found => found.map_err(refusal),
    }
}

//! The activities of one day.

use garmin::api::ActivityQuery;
use garmin::days::DayRange;
use garmin::model::ActivitySummary;
use garmin::{Garmin, GarminError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list::{Item, item};
use crate::account::Account;
use crate::answer::{Absence, Status};
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Tool;

/// More than anybody does in a day.
const MOST: u32 = 100;

/// `get_activities_fordate`
pub(super) struct ActivitiesOfDay;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DayArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DayAnswer {
    status: Status,
    date: String,
    reason: Option<Absence>,
    count: usize,
    activities: Vec<Item>,
}

impl Tool for ActivitiesOfDay {
    const NAME: &'static str = "get_activities_fordate";
    const TITLE: &'static str = "Activities of one day";
    const DESCRIPTION: &'static str = "The activities of one day, with laps and intensity minutes.";
    type Args = DayArgs;
    type Answer = DayAnswer;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let found = if let Some(found) = of_day(&garmin, day).await? {
            found
        } else {
            // The list knows the same; the phone's answer is richer where there is one.
            let range = Some(DayRange::one(day));
            garmin.activities(&ActivityQuery { start: 0, limit: MOST, range, kind: None }).await?
        };
        let activities: Vec<Item> = found.into_iter().filter_map(detailed).collect();
        let reason = if activities.is_empty() { account.absence(day, today).await } else { None };
        Ok(DayAnswer {
            status: if activities.is_empty() { Status::NoData } else { Status::Ok },
            date: day.to_string(),
            reason,
            count: activities.len(),
            activities,
        })
    }
}

/// What the phone is told; nothing where the account has no such view.
async fn of_day(
    garmin: &Garmin,
    day: garmin::days::Day,
) -> Result<Option<Vec<ActivitySummary>>, ToolError> {
    match garmin.activities_of_day(day).await {
        Ok(found) => Ok(found.and_then(|day| day.activities).and_then(|day| day.items)),
        Err(GarminError::Forbidden | GarminError::BadRequest | GarminError::Malformed { .. }) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn detailed(activity: ActivitySummary) -> Option<Item> {
    let (laps, moderate, vigorous) =
        (activity.laps, activity.moderate_intensity_min, activity.vigorous_intensity_min);
    let mut item = item(activity)?;
    item.lap_count = laps;
    item.moderate_intensity_minutes = moderate;
    item.vigorous_intensity_minutes = vigorous;
    Some(item)
}

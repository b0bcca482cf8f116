//! Lists of activities.

use garmin::api::ActivityQuery;
use garmin::days::{Day, DayRange};
use garmin::model::{ActivitySummary, ActivityType};
use garmin::{Garmin, GarminError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kinds;
use crate::account::Account;
use crate::answer::Status;
use crate::args::{NamedDay, RangeStart, Whole, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment_there, tenth, whole};

/// The longest range one call looks through.
const LONGEST_RANGE: u32 = 366;

/// One activity in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Item {
    id: i64,
    name: Option<String>,
    r#type: Option<String>,
    event_type: Option<String>,
    /// With the offset of the place where it started.
    start_time: Option<String>,
    distance_meters: Option<i64>,
    duration_seconds: Option<i64>,
    moving_duration_seconds: Option<i64>,
    calories: Option<i64>,
    avg_hr_bpm: Option<i64>,
    max_hr_bpm: Option<i64>,
    avg_power_watts: Option<i64>,
    steps: Option<i64>,
    elevation_gain_meters: Option<i64>,
    elevation_loss_meters: Option<i64>,
    training_load: Option<f64>,
    pub(super) lap_count: Option<i64>,
    pub(super) moderate_intensity_minutes: Option<i64>,
    pub(super) vigorous_intensity_minutes: Option<i64>,
    /// The multisport activity it is a leg of.
    parent_id: Option<i64>,
    /// Whether it has legs of its own; left out when not.
    multisport: Option<bool>,
}

/// What a list shows of an activity; nothing of one without a number.
pub(crate) fn item(activity: ActivitySummary) -> Option<Item> {
    Some(Item {
        id: activity.id?,
        name: activity.name,
        r#type: type_key(activity.kind),
        event_type: activity.event.and_then(|event| event.key),
        start_time: moment_there(activity.start, activity.start_local),
        distance_meters: activity.distance_m.map(whole),
        duration_seconds: activity.duration_s.map(whole),
        moving_duration_seconds: activity.moving_s.map(whole),
        calories: activity.calories.map(whole),
        avg_hr_bpm: activity.average_heart_rate.map(whole),
        max_hr_bpm: activity.max_heart_rate.map(whole),
        avg_power_watts: activity.average_power_w.map(whole),
        steps: activity.steps,
        elevation_gain_meters: activity.elevation_gain_m.map(whole),
        elevation_loss_meters: activity.elevation_loss_m.map(whole),
        training_load: activity.training_load.map(tenth),
        lap_count: None,
        moderate_intensity_minutes: None,
        vigorous_intensity_minutes: None,
        parent_id: activity.parent,
        multisport: activity.has_legs.filter(|has_legs| *has_legs),
    })
}

pub(super) fn type_key(kind: Option<ActivityType>) -> Option<String> {
    kind.and_then(|kind| kind.key)
}

/// A page of a list.
struct Page {
    items: Vec<Item>,
    has_more: bool,
    /// Whose activities these are, where Garmin says so: the same for all.
    owner: Option<String>,
}

async fn page(garmin: &Garmin, query: ActivityQuery) -> Result<Page, ToolError> {
    let limit = query.limit;
    let one_more = ActivityQuery { limit: limit + 1, ..query };
    let found = garmin.activities(&one_more).await.map_err(|error| match (error, &one_more.kind) {
        (GarminError::BadRequest, Some(kind)) => kinds::unknown(&kind.to_string()),
        (error, _) => error.into(),
    });
    let mut found = found?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let owner = found.iter().find_map(|activity| activity.owner.clone());
    Ok(Page { items: found.into_iter().filter_map(item).collect(), has_more, owner })
}

/// `get_activities`
pub(super) struct Activities;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivitiesArgs {
    /// `next_start` of the page before.
    start: Option<Whole<0, 100_000>>,
    /// Default 20
    limit: Option<Whole<1, 100>>,
    /// Day or period: `last_month`, `90d`
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// Instead of dates: the last so many days.
    days: Option<Whole<1, 366>>,
    /// `running`, `cycling`, …
    activity_type: Option<String>,
}

impl ActivitiesArgs {
    fn range(&self, today: Day) -> Result<Option<DayRange>, ToolError> {
        let dates = self.start_date.is_some() || self.end_date.is_some();
        match (self.days, self.start_date) {
            (Some(_), _) if dates => Err(ToolError::argument(
                "days",
                "not together with `start_date` or `end_date`; allowed is one of both",
            )),
            (Some(Whole(days)), _) => {
                range(None, None, today, Window::past(days, LONGEST_RANGE)).map(Some)
            }
            (None, start @ Some(_)) => {
                range(start, self.end_date, today, Window::past(1, LONGEST_RANGE)).map(Some)
            }
            (None, None) if dates => Err(ToolError::argument(
                "end_date",
                "not without `start_date`; allowed is both, or only `start_date`",
            )),
            (None, None) => Ok(None),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ActivitiesAnswer {
    /// `no_data` when no activity fits the question.
    status: Status,
    start: u32,
    limit: u32,
    count: usize,
    has_more: bool,
    /// `start` of the next page.
    next_start: Option<u32>,
    owner_display_name: Option<String>,
    /// Newest first.
    activities: Vec<Item>,
}

impl Tool for Activities {
    const NAME: &'static str = "get_activities";
    const TITLE: &'static str = "List of activities";
    const DESCRIPTION: &'static str = "Activities, newest first, optionally of some days or one \
        type. `id` leads to get_activity and get_activity_details.";
    type Args = ActivitiesArgs;
    type Answer = ActivitiesAnswer;

    async fn call(account: &Account, args: ActivitiesArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let kind = kinds::wanted(&garmin, args.activity_type.as_deref()).await?;
        let dated = args.days.is_some() || args.start_date.is_some() || args.end_date.is_some();
        let range = if dated { args.range(account.today().await?)? } else { None };
        let start = args.start.map_or(0, |start| start.0);
        let limit = args.limit.map_or(20, |limit| limit.0);
        let query = ActivityQuery { start, limit, range, kind };
        let Page { items: activities, has_more, owner } = page(&garmin, query).await?;
        Ok(ActivitiesAnswer {
            status: if activities.is_empty() { Status::NoData } else { Status::Ok },
            start,
            limit,
            count: activities.len(),
            has_more,
            next_start: has_more.then_some(start + limit),
            owner_display_name: owner,
            activities,
        })
    }
}

/// `get_activities_by_date`
pub(super) struct ActivitiesByDate;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByDateArgs {
    /// Day or period; default today
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// `running`, `cycling`, …
    activity_type: Option<String>,
    /// Which page; 0 is the first.
    page: Option<Whole<0, 10_000>>,
    /// Default 30
    page_size: Option<Whole<1, 200>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ByDateAnswer {
    /// `no_data` when there was no activity in these days.
    status: Status,
    count: usize,
    page: u32,
    page_size: u32,
    has_more: bool,
    next_page: Option<u32>,
    date_range: DateRange,
    owner_display_name: Option<String>,
    /// Newest first.
    activities: Vec<Item>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DateRange {
    start: String,
    end: String,
}

impl Tool for ActivitiesByDate {
    const NAME: &'static str = "get_activities_by_date";
    const TITLE: &'static str = "Activities between two days";
    const DESCRIPTION: &'static str = "Activities from one day to another, newest first, \
        optionally of one type, page by page.";
    type Args = ByDateArgs;
    type Answer = ByDateAnswer;

    async fn call(account: &Account, args: ByDateArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let kind = kinds::wanted(&garmin, args.activity_type.as_deref()).await?;
        let today = account.today().await?;
        let range = range(args.start_date, args.end_date, today, Window::past(1, LONGEST_RANGE))?;
        let page_number = args.page.map_or(0, |page| page.0);
        let page_size = args.page_size.map_or(30, |size| size.0);
        let query = ActivityQuery {
            start: page_number * page_size,
            limit: page_size,
            range: Some(range),
            kind,
        };
        let Page { items: activities, has_more, owner } = page(&garmin, query).await?;
        Ok(ByDateAnswer {
            status: if activities.is_empty() { Status::NoData } else { Status::Ok },
            count: activities.len(),
            page: page_number,
            page_size,
            has_more,
            next_page: has_more.then_some(page_number + 1),
            date_range: DateRange {
                start: range.first().to_string(),
                end: range.last().to_string(),
            },
            owner_display_name: owner,
            activities,
        })
    }
}

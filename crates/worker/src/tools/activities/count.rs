//! How many activities there are.

use garmin::Garmin;
use garmin::api::{ActivityKind, ActivityQuery};
use garmin::days::DayRange;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kinds;
use crate::account::Account;
use crate::args::{NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;

/// `count_activities`
pub(super) struct Count;

/// What one page of the list holds at most, and how many are read.
const PAGE: u32 = 1_000;
const PAGES: u32 = 8;
/// Longer than anybody has had a watch.
const LONGEST_RANGE: u32 = 20_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CountArgs {
    activity_type: Option<String>,
    /// A day, or a period such as `this_year`.
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CountAnswer {
    /// Of a whole account this counts the legs of multisport activities as well.
    total_activities: i64,
    /// As many as `get_activities` lists, which leaves legs out.
    listed_activities: Option<i64>,
    multisport_activities: Option<i64>,
    activity_type: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    note: String,
}

impl Tool for Count {
    const NAME: &'static str = "count_activities";
    const TITLE: &'static str = "Number of activities";
    const DESCRIPTION: &'static str =
        "How many activities there are, in all or of one type and stretch of time.";
    type Args = CountArgs;
    type Answer = CountAnswer;

    async fn call(account: &Account, args: CountArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let kind = kinds::wanted(&garmin, args.activity_type.as_deref()).await?;
        let dated = args.start_date.is_some() || args.end_date.is_some();
        let days = if dated {
            let today = account.today().await?;
            let window = Window::past(LONGEST_RANGE / 2, LONGEST_RANGE);
            Some(range(args.start_date, args.end_date, today, window)?)
        } else {
            None
        };
        if kind.is_none() && days.is_none() {
            return whole_account(&garmin).await;
        }
        let (count, is_all) = listed(&garmin, days, kind.as_ref()).await?;
        Ok(CountAnswer {
            total_activities: count.into(),
            listed_activities: None,
            multisport_activities: None,
            activity_type: kind.map(|kind| kind.to_string()),
            start_date: days.map(|days| days.first().to_string()),
            end_date: days.map(|days| days.last().to_string()),
            note: if is_all {
                "Multisport activities count once. get_activities lists them.".to_owned()
            } else {
                format!("There are more than {count}; ask for a shorter stretch of time.")
            },
        })
    }
}

async fn whole_account(garmin: &Garmin) -> Result<CountAnswer, ToolError> {
    let counted = garmin.activity_count().await?.unwrap_or_default();
    let Some(total) = counted.total else {
        return Err(ToolError::UpstreamChanged { what: "activity count" });
    };
    Ok(CountAnswer {
        total_activities: total,
        listed_activities: counted.legs.and_then(|legs| total.checked_sub(legs)),
        multisport_activities: counted.multisport,
        activity_type: None,
        start_date: None,
        end_date: None,
        note: "get_activities lists them page by page.".to_owned(),
    })
}

/// How many the list has, as far as it is read, and whether that is all. A page may hold fewer
/// than were asked for, so only an empty one is the end.
async fn listed(
    garmin: &Garmin,
    range: Option<DayRange>,
    kind: Option<&ActivityKind>,
) -> Result<(u32, bool), ToolError> {
    let mut count = 0;
    for _ in 0..PAGES {
        let query = ActivityQuery { start: count, limit: PAGE, range, kind: kind.cloned() };
        let found = garmin.activities(&query).await?.len();
        if found == 0 {
            return Ok((count, true));
        }
        count += u32::try_from(found).unwrap_or(PAGE);
    }
    Ok((count, false))
}

//! Everything on the calendar.

use std::collections::HashMap;

use garmin::model::CalendarItem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::months::{DateRange, days, read};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{Many, NamedDay, RangeStart};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, whole};

/// `get_calendar`
pub(super) struct Calendar;

// What stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Kind {
    Workout,
    Event,
    Activity,
    Note,
    Plan,
    Rest,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarArgs {
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    kinds: Option<Many<Kind>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CalendarAnswer {
    status: Status,
    date_range: DateRange,
    count: usize,
    items: Vec<Item>,
    /// False where Garmin did not answer for some of the days.
    complete: bool,
    missing_ranges: Option<Vec<DateRange>>,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Progress {
    Done,
    Planned,
    Missed,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Item {
    date: String,
    kind: Kind,
    /// Of a workout: the `scheduled_workout_id`.
    id: Option<i64>,
    title: Option<String>,
    status: Option<Progress>,
    sport: Option<String>,
    workout_id: Option<i64>,
    workout_uuid: Option<String>,
    activity_id: Option<i64>,
    is_race: Option<bool>,
    duration_seconds: Option<i64>,
    distance_km: Option<f64>,
    link: Option<String>,
}

fn kind(item: &CalendarItem) -> Option<Kind> {
    if item.rest_day == Some(true) {
        return Some(Kind::Rest);
    }
    match item.kind.as_deref()? {
        "workout" => Some(Kind::Workout),
        "event" | "race" => Some(Kind::Event),
        "activity" => Some(Kind::Activity),
        "note" => Some(Kind::Note),
        "fbtAdaptiveWorkout" | "trainingPlan" | "plan" => Some(Kind::Plan),
        // Weighings, naps and badges are no plans.
        _ if item.workout_uuid.is_some() => Some(Kind::Plan),
        _ => None,
    }
}

impl Tool for Calendar {
    const NAME: &'static str = "get_calendar";
    const TITLE: &'static str = "Calendar";
    const DESCRIPTION: &'static str = "Workouts, plans, races, notes and activities day by day; \
        the next two weeks when no dates are given.";
    type Args = CalendarArgs;
    type Answer = CalendarAnswer;

    async fn call(account: &Account, args: CalendarArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = days(args.start_date, args.end_date, today)?;
        let garmin = account.garmin()?;
        // What was done of the plan is told elsewhere; without it the calendar is still one.
        let (found, scheduled) =
            tokio::join!(read(&garmin, range), garmin.scheduled_workouts(range));
        let found = found?;
        let warnings = scheduled
            .is_err()
            .then(|| vec!["Garmin did not say which workouts were done".to_owned()]);
        let done: Option<HashMap<i64, i64>> = scheduled.ok().map(|entries| {
            entries.into_iter().filter_map(|entry| Some((entry.id?, entry.activity_id?))).collect()
        });
        let wanted = args.kinds.map(|kinds| kinds.0).filter(|kinds| !kinds.is_empty());
        let site = match account.upstream.region {
            domain::region::Region::Global => "https://connect.garmin.com/modern",
            domain::region::Region::China => "https://connect.garmin.cn/modern",
        };
        let items: Vec<Item> = found
            .items
            .into_iter()
            .filter_map(|item| {
                let kind = kind(&item)?;
                let date = item.date?;
                if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&kind)) {
                    return None;
                }
                let activity_id = match kind {
                    Kind::Activity => item.id,
                    Kind::Workout => item.id.and_then(|id| done.as_ref()?.get(&id).copied()),
                    Kind::Event | Kind::Note | Kind::Plan | Kind::Rest => None,
                };
                let status = match kind {
                    Kind::Activity => Some(Progress::Done),
                    Kind::Workout if activity_id.is_some() => Some(Progress::Done),
                    Kind::Workout if date >= today.date() => Some(Progress::Planned),
                    Kind::Workout => done.as_ref().map(|_| Progress::Missed),
                    Kind::Event | Kind::Note | Kind::Plan | Kind::Rest => None,
                };
                let link = match kind {
                    Kind::Activity => item.id.map(|id| format!("{site}/activity/{id}")),
                    Kind::Workout => item.workout_id.map(|id| format!("{site}/workout/{id}")),
                    Kind::Event => item.url,
                    Kind::Note | Kind::Plan | Kind::Rest => None,
                };
                Some(Item {
                    date: date.to_string(),
                    kind,
                    id: item.id,
                    title: item.title,
                    status,
                    sport: item.sport,
                    workout_id: item.workout_id,
                    workout_uuid: item.workout_uuid,
                    activity_id,
                    is_race: item.race.filter(|race| *race),
                    // The calendar counts in milliseconds and centimetres.
                    duration_seconds: item.duration_ms.map(|ms| whole(ms / 1_000.0)),
                    distance_km: item.distance_cm.map(|cm| hundredth(cm / 100_000.0)),
                    link,
                })
            })
            .collect();
        Ok(CalendarAnswer {
            status: if items.is_empty() { Status::NoData } else { Status::Ok },
            date_range: DateRange::of(range),
            count: items.len(),
            items,
            complete: found.missing.is_empty(),
            missing_ranges: Some(found.missing).filter(|missing| !missing.is_empty()),
            warnings,
        })
    }
}

//! Workouts on days: the athlete's own schedule, and what plans ask for.

use garmin::GarminError;
use garmin::days::Day;
use garmin::model::ScheduledWorkout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::months::{DateRange, Days, days};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{NamedDay, Number, Reach};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::whole;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Entry {
    date: Option<String>,
    scheduled_workout_id: Option<i64>,
    workout_id: Option<i64>,
    workout_uuid: Option<String>,
    name: Option<String>,
    sport: Option<String>,
    completed: bool,
    training_plan: Option<String>,
    workout_type: Option<String>,
    is_rest_day: Option<bool>,
    is_race_day: Option<bool>,
    estimated_duration_seconds: Option<i64>,
    estimated_distance_meters: Option<i64>,
    activity_id: Option<i64>,
}

fn entry(entry: ScheduledWorkout) -> Entry {
    Entry {
        date: entry.date.map(|date| date.to_string()),
        scheduled_workout_id: entry.id,
        workout_id: entry.workout_id,
        workout_uuid: entry.workout_uuid,
        name: entry.name,
        sport: entry.sport,
        completed: entry.activity_id.is_some(),
        training_plan: entry.plan_name,
        workout_type: entry.phrase,
        is_rest_day: entry.rest_day.filter(|rest| *rest),
        is_race_day: entry.race.filter(|race| *race),
        estimated_duration_seconds: entry.duration_s.map(whole),
        estimated_distance_meters: entry.distance_m.map(whole),
        activity_id: entry.activity_id,
    }
}

/// `get_scheduled_workouts`
pub(super) struct ScheduledWorkouts;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ScheduledAnswer {
    status: Status,
    count: usize,
    date_range: DateRange,
    scheduled_workouts: Vec<Entry>,
}

impl Tool for ScheduledWorkouts {
    const NAME: &'static str = "get_scheduled_workouts";
    const TITLE: &'static str = "Scheduled workouts";
    const DESCRIPTION: &'static str = "Workouts on the calendar and whether they were done; the \
        next two weeks when no dates are given.";
    type Args = Days;
    type Answer = ScheduledAnswer;

    async fn call(account: &Account, args: Days) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = days(args.start_date, args.end_date, today)?;
        let found = account.garmin()?.scheduled_workouts(range).await?;
        let scheduled_workouts: Vec<Entry> = found.into_iter().map(entry).collect();
        Ok(ScheduledAnswer {
            status: if scheduled_workouts.is_empty() { Status::NoData } else { Status::Ok },
            count: scheduled_workouts.len(),
            date_range: DateRange::of(range),
            scheduled_workouts,
        })
    }
}

/// `get_scheduled_workout`
pub(super) struct OneScheduled;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneScheduledArgs {
    scheduled_workout_id: Number,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneScheduledAnswer {
    scheduled_workout_id: i64,
    date: Option<String>,
    workout_id: Option<i64>,
    name: Option<String>,
    sport: Option<String>,
    created_date: Option<String>,
    completed: Option<bool>,
    activity_id: Option<i64>,
}

pub(super) fn no_such_entry() -> ToolError {
    ToolError::NotFound {
        field: "scheduled_workout_id",
        what: "scheduled workout",
        hint: "Use a `scheduled_workout_id` from `get_scheduled_workouts`; the id of a workout \
               is another number.",
    }
}

impl Tool for OneScheduled {
    const NAME: &'static str = "get_scheduled_workout";
    const TITLE: &'static str = "One scheduled workout";
    const DESCRIPTION: &'static str = "One entry of the calendar by its scheduled_workout_id.";
    type Args = OneScheduledArgs;
    type Answer = OneScheduledAnswer;

    async fn call(account: &Account, args: OneScheduledArgs) -> Result<Self::Answer, ToolError> {
        let id = args.scheduled_workout_id.0;
        let found = match account.garmin()?.schedule_entry(id).await {
            Ok(Some(found)) => found,
            Ok(None) | Err(GarminError::NotFound) => return Err(no_such_entry()),
            Err(error) => return Err(error.into()),
        };
        let workout = found.workout.unwrap_or_default();
        Ok(OneScheduledAnswer {
            scheduled_workout_id: id,
            date: found.date.map(|date| date.to_string()),
            workout_id: workout.id.or(found.workout_id),
            name: found.new_name.or(workout.name),
            sport: workout.sport.and_then(|sport| sport.key),
            created_date: found.created,
            completed: found.activity_id.map(|_| true),
            activity_id: found.activity_id,
        })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanArgs {
    /// Any day of the week meant; default today
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    calendar_date: NamedDay,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PlanAnswer {
    status: Status,
    date: String,
    training_plans: Option<Vec<String>>,
    count: usize,
    workouts: Vec<Entry>,
}

async fn week(account: &Account, args: PlanArgs) -> Result<PlanAnswer, ToolError> {
    let today = account.today().await?;
    let day: Day = args.calendar_date.within("calendar_date", today, Reach::AnyDay)?;
    let plans = account.garmin()?.plan_weeks(day).await?;
    let mut names: Vec<String> = plans.iter().filter_map(|plan| plan.name.clone()).collect();
    names.dedup();
    let entries = plans.into_iter().flat_map(|plan| plan.entries.unwrap_or_default());
    let workouts: Vec<Entry> = entries.map(entry).collect();
    Ok(PlanAnswer {
        status: if workouts.is_empty() { Status::NoData } else { Status::Ok },
        date: day.to_string(),
        training_plans: Some(names).filter(|names| !names.is_empty()),
        count: workouts.len(),
        workouts,
    })
}

/// `get_garmin_coach_workouts`
pub(super) struct CoachWorkouts;

impl Tool for CoachWorkouts {
    const NAME: &'static str = "get_garmin_coach_workouts";
    const TITLE: &'static str = "Workouts of Garmin Coach";
    const DESCRIPTION: &'static str = "What Garmin Coach or another plan asks for in the week \
        around a day. Use `workout_uuid` with get_workout_by_id.";
    type Args = PlanArgs;
    type Answer = PlanAnswer;

    async fn call(account: &Account, args: PlanArgs) -> Result<Self::Answer, ToolError> {
        week(account, args).await
    }
}

/// `get_training_plan_workouts`
pub(super) struct PlanWorkouts;

impl Tool for PlanWorkouts {
    const NAME: &'static str = "get_training_plan_workouts";
    const TITLE: &'static str = "Workouts of the training plan";
    const DESCRIPTION: &'static str = "The same as get_garmin_coach_workouts, under its older \
        name.";
    type Args = PlanArgs;
    type Answer = PlanAnswer;

    async fn call(account: &Account, args: PlanArgs) -> Result<Self::Answer, ToolError> {
        week(account, args).await
    }
}

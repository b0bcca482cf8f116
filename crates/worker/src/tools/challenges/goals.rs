//! Goals the athlete has set.

use garmin::api::GoalStatus;
use garmin::model::Goal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{tenth, whole};

/// `get_goals`
pub(super) struct Goals;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum GoalType {
    #[default]
    Active,
    Future,
    Past,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GoalArgs {
    #[serde(default)]
    #[schemars(with = "Option<GoalType>")]
    goal_type: GoalType,
    /// Counted from 1.
    start: Option<Whole<1, 10_000>>,
    /// Default 20
    limit: Option<Whole<1, 100>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GoalsAnswer {
    status: Status,
    goal_type: GoalType,
    count: usize,
    has_more: bool,
    next_start: Option<u32>,
    goals: Vec<Item>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Item {
    id: Option<i64>,
    name: Option<String>,
    r#type: Option<String>,
    activity_type: Option<String>,
    period: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    target_distance_meters: Option<i64>,
    target_duration_seconds: Option<i64>,
    target_calories_kcal: Option<i64>,
    target_activities: Option<i64>,
    progress_pct: Option<f64>,
    done_distance_meters: Option<i64>,
    done_duration_seconds: Option<i64>,
    done_calories_kcal: Option<i64>,
    done_activities: Option<i64>,
    remaining_pct: Option<f64>,
    remaining_days: Option<i64>,
    active: Option<bool>,
    completed: Option<bool>,
}

fn item(goal: Goal) -> Item {
    let done = goal.progress.unwrap_or_default();
    let left = goal.remaining.unwrap_or_default();
    Item {
        id: goal.id,
        name: goal.name,
        r#type: goal.kind,
        activity_type: goal.activity_type,
        period: goal.period,
        start_date: goal.start.map(|date| date.to_string()),
        end_date: goal.end.map(|date| date.to_string()),
        target_distance_meters: goal.distance_m.map(whole),
        target_duration_seconds: goal.duration_s.map(whole),
        target_calories_kcal: goal.calories.map(whole),
        target_activities: goal.activities,
        progress_pct: done.percent.map(tenth),
        done_distance_meters: done.distance_m.map(whole),
        done_duration_seconds: done.duration_s.map(whole),
        done_calories_kcal: done.calories.map(whole),
        done_activities: done.activities,
        remaining_pct: left.percent.map(tenth),
        remaining_days: left.days.map(whole),
        active: goal.active,
        completed: goal.completed,
    }
}

impl Tool for Goals {
    const NAME: &'static str = "get_goals";
    const TITLE: &'static str = "Goals and progress";
    const DESCRIPTION: &'static str = "Goals the athlete has set, with progress: active, future \
        or past.";
    type Args = GoalArgs;
    type Answer = GoalsAnswer;

    async fn call(account: &Account, args: GoalArgs) -> Result<Self::Answer, ToolError> {
        let status = match args.goal_type {
            GoalType::Active => GoalStatus::Active,
            GoalType::Future => GoalStatus::Future,
            GoalType::Past => GoalStatus::Past,
        };
        let start = args.start.map_or(1, |start| start.0);
        let limit = args.limit.map_or(20, |limit| limit.0);
        let found = account.garmin()?.goals(status, start, limit + 1).await?.unwrap_or_default();
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > most;
        let goals: Vec<Item> = found.into_iter().take(most).map(item).collect();
        Ok(GoalsAnswer {
            status: if goals.is_empty() { Status::NoData } else { Status::Ok },
            goal_type: args.goal_type,
            count: goals.len(),
            has_more,
            next_start: has_more.then_some(start + limit),
            goals,
        })
    }
}

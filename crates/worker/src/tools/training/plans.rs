//! Garmin's own training plans.

use garmin::days::Day;
use garmin::model::{PlanPhase, PlanTask, TrainingPlan};
use garmin::{Garmin, GarminError};
use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::args::{NoArgs, Number};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{tenth, whole, word};

/// `get_garmin_training_plans`
pub(super) struct Plans;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PlansAnswer {
    status: Status,
    count: usize,
    plans: Vec<PlanItem>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct PlanItem {
    plan_id: Option<i64>,
    name: Option<String>,
    category: Option<String>,
    training_type: Option<String>,
    level: Option<String>,
    version: Option<String>,
    plan_status: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    duration_weeks: Option<i64>,
    avg_weekly_workouts: Option<i64>,
    /// Share of the time from start to end that has passed.
    progress_percent: Option<f64>,
}

fn passed(start: Option<Date>, end: Option<Date>, today: Day) -> Option<f64> {
    let days = |from: Date, to: Date| from.until(to).ok().map(|span| f64::from(span.get_days()));
    let (start, end) = start.zip(end).filter(|(start, end)| start < end)?;
    let share = days(start, today.date())? / days(start, end)?;
    Some(tenth((share * 100.0).clamp(0.0, 100.0)))
}

fn item(plan: &TrainingPlan, today: Day) -> PlanItem {
    let (start, end) = (plan.start.map(DateTime::date), plan.end.map(DateTime::date));
    let lower = |text: Option<&String>| text.map(|text| word(text));
    PlanItem {
        plan_id: plan.id,
        name: plan.name.clone(),
        category: lower(plan.category.as_ref()),
        training_type: lower(plan.kind.as_ref().and_then(|it| it.key.as_ref())),
        level: lower(plan.level.as_ref().and_then(|it| it.key.as_ref())),
        version: lower(plan.version.as_ref().and_then(|it| it.name.as_ref())),
        plan_status: lower(plan.status.as_ref().and_then(|it| it.key.as_ref())),
        start_date: start.map(|date| date.to_string()),
        end_date: end.map(|date| date.to_string()),
        duration_weeks: plan.weeks,
        avg_weekly_workouts: plan.workouts_per_week,
        progress_percent: passed(start, end, today),
    }
}

async fn list(garmin: &Garmin) -> Result<Vec<TrainingPlan>, GarminError> {
    Ok(garmin.training_plans().await?.and_then(|found| found.plans).unwrap_or_default())
}

impl Tool for Plans {
    const NAME: &'static str = "get_garmin_training_plans";
    const TITLE: &'static str = "Garmin training plans";
    const DESCRIPTION: &'static str = "The training plans the athlete follows or followed in \
        Garmin Connect: kind, level, dates and how far they have come.";
    type Args = NoArgs;
    type Answer = PlansAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let plans = list(&account.garmin()?).await?;
        let plans: Vec<PlanItem> = plans.iter().map(|plan| item(plan, today)).collect();
        Ok(PlansAnswer {
            status: if plans.is_empty() { Status::NoData } else { Status::Ok },
            count: plans.len(),
            plans,
        })
    }
}

/// `get_garmin_training_plan`
pub(super) struct Plan;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanArgs {
    plan_id: Number,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PlanAnswer {
    #[serde(flatten)]
    plan: PlanItem,
    description: Option<String>,
    current_phase: Option<Phase>,
    phases: Vec<Phase>,
    /// Rest days included; those of the past as well.
    workouts: Vec<Task>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "a key of the result")]
struct Phase {
    phase: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    is_current: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Task {
    date: Option<String>,
    week: Option<i64>,
    rest_day: Option<bool>,
    name: Option<String>,
    description: Option<String>,
    sport: Option<String>,
    duration_s: Option<i64>,
    distance_m: Option<i64>,
    training_effect: Option<String>,
    workout_id: Option<i64>,
    workout_uuid: Option<String>,
    workout_status: Option<String>,
    note: Option<String>,
}

fn phase(found: &PlanPhase) -> Phase {
    Phase {
        phase: found.name.as_deref().map(word),
        start_date: found.start.map(|date| date.to_string()),
        end_date: found.end.map(|date| date.to_string()),
        is_current: found.current == Some(true),
    }
}

fn task(found: &PlanTask) -> Task {
    let workout = found.workout.clone().unwrap_or_default();
    let rest = workout.rest == Some(true);
    Task {
        date: found.date.map(|date| date.to_string()),
        week: found.week,
        rest_day: rest.then_some(true),
        name: workout.name,
        description: workout.description,
        sport: workout.sport.and_then(|sport| sport.key),
        duration_s: workout.duration_s.filter(|_| !rest).map(whole),
        distance_m: workout.distance_m.filter(|_| !rest).map(whole),
        training_effect: workout.effect.filter(|it| it != "INVALID").as_deref().map(word),
        workout_id: workout.id,
        workout_uuid: workout.uuid,
        workout_status: workout.status.as_deref().map(word),
        note: found.note.clone(),
    }
}

fn whole_plan(found: &TrainingPlan, today: Day) -> PlanAnswer {
    let parts = [&found.adaptive_phases, &found.phases];
    let phases: Vec<Phase> = parts.into_iter().flatten().flatten().map(phase).collect();
    let mut workouts: Vec<Task> = found.tasks.iter().flatten().map(task).collect();
    workouts.sort_by(|a, b| a.date.cmp(&b.date));
    PlanAnswer {
        plan: item(found, today),
        description: found.description.clone(),
        current_phase: phases.iter().find(|phase| phase.is_current).cloned(),
        phases,
        workouts,
    }
}

impl Tool for Plan {
    const NAME: &'static str = "get_garmin_training_plan";
    const TITLE: &'static str = "One Garmin training plan";
    const DESCRIPTION: &'static str = "One training plan of Garmin Connect with its phases and \
        workouts, for `plan_id` of get_garmin_training_plans.";
    type Args = PlanArgs;
    type Answer = PlanAnswer;

    async fn call(account: &Account, args: PlanArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let garmin = account.garmin()?;
        let id = args.plan_id.0;
        let known = list(&garmin).await?.into_iter().find(|plan| plan.id == Some(id));
        let adaptive = known.as_ref().is_none_or(TrainingPlan::is_adaptive);
        let mut found = match garmin.training_plan(id, adaptive).await {
            // Each kind refuses the other's numbers in its own way.
            Err(GarminError::BadRequest | GarminError::Forbidden) => None,
            other => other?,
        };
        if found.is_none() {
            found = match garmin.training_plan(id, !adaptive).await {
                Err(GarminError::BadRequest | GarminError::Forbidden) => None,
                other => other?,
            };
        }
        let found = found.or(known).ok_or(ToolError::NotFound {
            field: "plan_id",
            what: "training plan",
            hint: "Allowed is the `plan_id` of a plan in `get_garmin_training_plans`.",
        })?;
        Ok(whole_plan(&found, today))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_phases_of_either_kind_and_rest_days_without_a_distance() {
        let found: TrainingPlan = serde_json::from_str(
            r#"{"trainingPlanId":"45053764","trainingPlanCategory":"FBT_ADAPTIVE","name":"Half",
                "startDate":"2026-04-13T00:00:00.0","endDate":"2026-05-03T00:00:00.0",
                "planPhases":null,"adaptivePlanPhases":[{"startDate":"2026-04-13",
                "endDate":"2026-04-29","trainingPhase":"BUILD","currentPhase":true}],
                "taskList":[{"calendarDate":"2026-04-25","taskWorkout":{"restDay":true,
                "sportType":null,"estimatedDistanceInMeters":0,"trainingEffectLabel":"INVALID"}},
                {"weekId":2,"calendarDate":"2026-04-24","taskWorkout":{"workoutName":"Sprint",
                "sportType":{"sportTypeKey":"running"},"estimatedDurationInSecs":2640,
                "restDay":false}},null]}"#,
        )
        .unwrap();
        assert!(found.is_adaptive());
        let answer = whole_plan(&found, "2026-04-23".parse().unwrap());
        assert_eq!(
            (answer.plan.plan_id, answer.plan.progress_percent),
            (Some(45_053_764), Some(50.0))
        );
        assert_eq!(answer.current_phase.unwrap().phase.as_deref(), Some("build"));
        assert_eq!(answer.workouts.len(), 2);
        assert_eq!(answer.workouts[0].duration_s, Some(2_640));
        let rest = &answer.workouts[1];
        assert_eq!(
            (rest.rest_day, rest.distance_m, &rest.training_effect),
            (Some(true), None, &None)
        );
    }

    #[test]
    fn a_finished_plan_has_come_all_the_way_and_one_without_dates_nowhere() {
        let today: Day = "2026-06-01".parse().unwrap();
        let date = |text: &str| text.parse::<Date>().ok();
        assert_eq!(passed(date("2026-01-01"), date("2026-03-01"), today), Some(100.0));
        assert_eq!(passed(date("2026-07-01"), date("2026-09-01"), today), Some(0.0));
        assert_eq!(passed(None, date("2026-09-01"), today), None);
        assert_eq!(passed(date("2026-01-01"), date("2026-01-01"), today), None);
    }
}

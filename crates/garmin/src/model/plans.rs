//! Garmin's own training plans.

use jiff::civil::{Date, DateTime};

use super::model;

model! {
    TrainingPlans as "training plans" {
        "trainingPlanList" => plans: Vec<TrainingPlan>,
    }

    /// In a list without its tasks.
    TrainingPlan as "training plan" {
        "trainingPlanId" => id: i64,
        /// `FBT_ADAPTIVE`, `PHASED`, …
        "trainingPlanCategory" => category: String,
        "name" => name: String,
        "description" => description: String,
        "trainingType" => kind: PlanKind,
        "trainingLevel" => level: PlanLevel,
        "trainingVersion" => version: PlanVersion,
        "trainingStatus" => status: PlanStatus,
        "durationInWeeks" => weeks: i64,
        "avgWeeklyWorkouts" => workouts_per_week: i64,
        "startDate" => start: DateTime,
        "endDate" => end: DateTime,
        "supplementalSports" => extra_sports: Vec<String>,
        "adaptivePlanPhases" => adaptive_phases: Vec<PlanPhase>,
        "planPhases" => phases: Vec<PlanPhase>,
        /// Null once the plan is finished.
        "taskList" => tasks: Vec<PlanTask>,
    }

    PlanKind as "kind of plan" { "typeKey" => key: String, }
    PlanLevel as "level of plan" { "levelKey" => key: String, }
    PlanVersion as "version of plan" { "versionName" => name: String, }
    PlanStatus as "status of plan" { "statusKey" => key: String, }

    PlanPhase as "phase of plan" {
        "trainingPhase" | "phaseName" => name: String,
        "startDate" => start: Date,
        "endDate" => end: Date,
        "currentPhase" => current: bool,
    }

    PlanTask as "task of plan" {
        "weekId" => week: i64,
        "dayOfWeekId" => day_of_week: i64,
        "calendarDate" => date: Date,
        "taskNote" => note: String,
        "taskWorkout" => workout: PlanWorkout,
    }

    PlanWorkout as "workout of plan" {
        "workoutId" => id: i64,
        "workoutUuid" => uuid: String,
        "workoutName" => name: String,
        "workoutDescription" => description: String,
        "sportType" => sport: PlanSport,
        "estimatedDurationInSecs" => duration_s: f64,
        "estimatedDistanceInMeters" => distance_m: f64,
        "trainingEffectLabel" => effect: String,
        "restDay" => rest: bool,
        "adaptiveCoachingWorkoutStatus" => status: String,
    }

    PlanSport as "sport of plan" { "sportTypeKey" => key: String, }
}

impl TrainingPlan {
    /// Plans that adapt have an endpoint of their own.
    #[must_use]
    pub fn is_adaptive(&self) -> bool {
        self.category.as_deref().is_some_and(|category| category.contains("ADAPTIVE"))
    }
}

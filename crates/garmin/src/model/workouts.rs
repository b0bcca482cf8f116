//! Workouts, the calendar they stand in, and whole documents that are kept as they came.

use jiff::civil::Date;
use serde::Deserialize as _;
use serde_json::Value;

use super::{Lenient, model};

/// An object of Garmin's as it came: what is edited and sent back must lose nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document(pub Value);

impl Lenient for Document {
    fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        let value = Value::deserialize(from)?;
        Ok(match &value {
            Value::Object(fields) if !fields.is_empty() => Some(Self(value)),
            _ => None,
        })
    }
}

impl crate::body::Shape for Document {
    const WHAT: &'static str = "workout";
    const OPENS_WITH: u8 = b'{';
}

model! {
    SportType as "sport" {
        "sportTypeId" => id: i64,
        "sportTypeKey" => key: String,
    }

    /// A workout in the list, without its steps.
    WorkoutHeader as "workouts" {
        "workoutId" => id: i64,
        "workoutName" => name: String,
        "description" => description: String,
        "sportType" => sport: SportType,
        "workoutProvider" => provider: String,
        "createdDate" => created: String,
        "updateDate" | "updatedDate" => updated: String,
        "estimatedDurationInSecs" | "estimatedDuration" => duration_s: f64,
        "estimatedDistanceInMeters" | "estimatedDistance" => distance_m: f64,
        "shared" => shared: bool,
    }

    /// A workout on a day of the calendar.
    ScheduledWorkout as "scheduled workouts" {
        "scheduleDate" => date: Date,
        "scheduledWorkoutId" => id: i64,
        "workoutId" => workout_id: i64,
        "workoutUuid" => workout_uuid: String,
        "workoutName" => name: String,
        "workoutType" => sport: String,
        "workoutPhrase" => phrase: String,
        "isRestDay" => rest_day: bool,
        "race" => race: bool,
        "tpType" => plan_type: String,
        "tpPlanName" => plan_name: String,
        "trainingPlanId" => plan_id: i64,
        "estimatedDurationInSecs" => duration_s: f64,
        "estimatedDistanceInMeters" => distance_m: f64,
        "associatedActivityId" => activity_id: i64,
    }

    GraphProblem as "a problem" {
        "message" => message: String,
    }

    ScheduleData as "scheduled workouts" {
        "workoutScheduleSummariesScalar" => entries: Vec<ScheduledWorkout>,
    }

    ScheduleSummaries as "scheduled workouts" {
        "data" => data: ScheduleData,
        "errors" => errors: Vec<GraphProblem>,
    }

    /// What one plan asks for in a week.
    PlanWeek as "training plan" {
        "planName" => name: String,
        "trainingPlanId" => id: i64,
        "trainingPlanClassification" => classification: String,
        "workoutScheduleSummaries" => entries: Vec<ScheduledWorkout>,
    }

    PlanWeeks as "training plan" {
        "trainingPlanWorkoutScheduleDTOS" => plans: Vec<PlanWeek>,
    }

    PlanData as "training plan" {
        "trainingPlanScalar" => weeks: PlanWeeks,
    }

    PlanSummaries as "training plan" {
        "data" => data: PlanData,
        "errors" => errors: Vec<GraphProblem>,
    }

    /// One entry of the schedule, by its own number.
    ScheduleEntry as "scheduled workout" {
        "workoutScheduleId" | "scheduledWorkoutId" => id: i64,
        "workout" => workout: WorkoutHeader,
        "workoutId" => workout_id: i64,
        "calendarDate" | "scheduleDate" | "date" => date: Date,
        "createdDate" => created: String,
        "newName" => new_name: String,
        "associatedActivityId" => activity_id: i64,
    }

    EventTime as "the time of an event" {
        "startTimeHhMm" => start: String,
        "timeZoneId" => zone: String,
    }

    /// How far or how long an event is; `unit` says in what.
    EventTarget as "the distance of an event" {
        "value" => value: f64,
        "unit" => unit: String,
        "unitType" => unit_type: String,
    }

    EventGoal as "the goal of an event" {
        "customGoal" => goal: EventTarget,
        "isPrimaryEvent" => primary: bool,
        "projectedRaceTimeDurationSeconds" => projected_s: f64,
        "predictedRaceTimeDurationSeconds" => predicted_s: f64,
    }

    /// Anything that stands on a day of the calendar.
    CalendarItem as "calendar" {
        "id" => id: i64,
        "itemType" => kind: String,
        "title" => title: String,
        "date" => date: Date,
        "sportTypeKey" => sport: String,
        "workoutId" => workout_id: i64,
        "workoutUuid" => workout_uuid: String,
        "trainingPlanId" => plan_id: i64,
        "isRace" => race: bool,
        "isRestDay" => rest_day: bool,
        "primaryEvent" => primary: bool,
        "location" => location: String,
        "url" => url: String,
        "shareableEventUuid" => event_uuid: String,
        "eventTimeLocal" => event_time: EventTime,
        "completionTarget" => completion: EventTarget,
        "eventCustomization" => customization: EventGoal,
        /// Milliseconds.
        "duration" => duration_ms: f64,
        /// Centimetres.
        "distance" => distance_cm: f64,
    }

    CalendarMonth as "calendar" {
        "year" => year: i64,
        "month" => month: i64,
        "calendarItems" => items: Vec<CalendarItem>,
    }
}

//! Workouts and the calendar they stand in.

use std::fmt;

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{
    CalendarMonth, Document, GraphProblem, PlanSummaries, PlanWeek, ScheduleEntry,
    ScheduleSummaries, ScheduledWorkout, WorkoutHeader,
};

/// Which workouts to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkoutQuery {
    pub start: u32,
    pub limit: u32,
    /// Also those that others have shared.
    pub include_shared: bool,
    pub sport: Option<crate::workout::ids::Sport>,
}

/// How a plan of Garmin's own names a workout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkoutUuid(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a workout id: a number, or a UUID with dashes")]
pub struct BadWorkoutId;

impl WorkoutUuid {
    pub fn parse(text: &str) -> Result<Self, BadWorkoutId> {
        let text = text.trim();
        let clean = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let dashed = text.bytes().filter(|byte| *byte == b'-').count() == 4;
        if clean && dashed && text.len() == 36 {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(BadWorkoutId)
        }
    }
}

impl fmt::Display for WorkoutUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Garmin {
    /// The athlete's workouts without their steps.
    pub async fn workouts(
        &self,
        query: &WorkoutQuery,
    ) -> Result<Option<Vec<WorkoutHeader>>, GarminError> {
        let mut target = Target::new("/workout-service/workouts")
            .query("start", query.start)
            .query("limit", query.limit);
        if query.include_shared {
            target = target.query("myWorkoutsOnly", false).query("sharedWorkoutsOnly", false);
        }
        if let Some(sport) = query.sport {
            target = target.query("sportTypeKey", sport.key());
        }
        self.read(target, Freshness::Now).await
    }

    /// One workout, whole.
    pub async fn workout(&self, id: i64) -> Result<Option<Document>, GarminError> {
        self.read(workout_at(id), Freshness::Now).await
    }

    /// A workout that a plan of Garmin's own has made for one day.
    pub async fn plan_workout(&self, uuid: &WorkoutUuid) -> Result<Option<Document>, GarminError> {
        let target = Target::new("/workout-service/fbt-adaptive").segment(uuid);
        self.read(target, Freshness::Now).await
    }

    /// What stands on the calendar to be trained, plans included.
    pub async fn scheduled_workouts(
        &self,
        range: DayRange,
    ) -> Result<Vec<ScheduledWorkout>, GarminError> {
        let question = format!(
            "query{{workoutScheduleSummariesScalar(startDate:\"{}\", endDate:\"{}\")}}",
            range.first(),
            range.last()
        );
        let answer: Option<ScheduleSummaries> = self.question(&question).await?;
        let answer = answer.unwrap_or_default();
        unless_refused(answer.errors.as_deref(), "scheduled workouts")?;
        Ok(answer.data.and_then(|data| data.entries).unwrap_or_default())
    }

    /// What the athlete's plans ask for in the week around a day.
    pub async fn plan_weeks(&self, day: Day) -> Result<Vec<PlanWeek>, GarminError> {
        let question = format!(
            "query{{trainingPlanScalar(calendarDate:\"{day}\", lang:\"en-US\", \
             firstDayOfWeek:\"monday\")}}"
        );
        let answer: Option<PlanSummaries> = self.question(&question).await?;
        let answer = answer.unwrap_or_default();
        unless_refused(answer.errors.as_deref(), "training plan")?;
        let weeks = answer.data.and_then(|data| data.weeks).and_then(|weeks| weeks.plans);
        Ok(weeks.unwrap_or_default())
    }

    /// One entry of the schedule.
    pub async fn schedule_entry(&self, id: i64) -> Result<Option<ScheduleEntry>, GarminError> {
        self.read(schedule_at(id), Freshness::Now).await
    }

    /// All that stands in one month, whose days at both ends may belong to its neighbours.
    pub async fn calendar_month(
        &self,
        year: i16,
        month: i8,
    ) -> Result<Option<CalendarMonth>, GarminError> {
        or_absent(self.read(month_at(year, month), Freshness::Now).await)
    }
}

/// Where one workout is.
#[must_use]
pub fn workout_at(id: i64) -> Target {
    Target::new("/workout-service/workout").segment(id)
}

/// Where the calendar of a month is; months are counted from 1 here and from 0 by Garmin.
#[must_use]
pub fn month_at(year: i16, month: i8) -> Target {
    Target::new("/calendar-service/year").segment(year).then("/month").segment(i16::from(month) - 1)
}

/// Where one entry of the schedule is; a POST to the same path takes the workout's number.
#[must_use]
pub fn schedule_at(id: i64) -> Target {
    Target::new("/workout-service/schedule").segment(id)
}

/// A refusal inside an answer must not be taken for an empty one.
fn unless_refused(
    problems: Option<&[GraphProblem]>,
    what: &'static str,
) -> Result<(), GarminError> {
    match problems {
        Some([_, ..]) => Err(GarminError::Malformed { what }),
        Some([]) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plans_workout_is_named_by_a_uuid() {
        let text = "0A1B2C3D-0000-4000-8000-00000000ABCD";
        assert_eq!(WorkoutUuid::parse(text).unwrap().to_string(), text.to_ascii_lowercase());
        for bad in
            ["", "12", "0a1b2c3d00004000800000000000abcd", "../../../etc/passwd-----------------"]
        {
            assert_eq!(WorkoutUuid::parse(bad), Err(BadWorkoutId), "{bad}");
        }
    }

    #[test]
    fn a_refusal_in_an_answer_is_none_of_an_empty_calendar() {
        let refused = [GraphProblem { message: Some("no".into()) }];
        assert!(unless_refused(Some(&refused), "x").is_err());
        assert!(unless_refused(Some(&[]), "x").is_ok() && unless_refused(None, "x").is_ok());
    }
}

//! The calendar: what is planned, what was done, races, notes.

mod events;
mod months;
mod notes;
mod overview;
mod planning;
mod schedule;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<overview::Calendar>(),
    Entry::of::<events::CalendarEvents>(),
    Entry::of::<schedule::ScheduledWorkouts>(),
    Entry::of::<schedule::OneScheduled>(),
    Entry::of::<schedule::CoachWorkouts>(),
    Entry::of::<schedule::PlanWorkouts>(),
    Entry::writes::<planning::ScheduleWorkout>(),
    Entry::writes::<planning::ScheduleMany>(),
    Entry::writes::<planning::ScheduleWeek>(),
    Entry::writes::<planning::Unschedule>(),
    Entry::writes::<planning::UnscheduleMany>(),
    Entry::writes::<notes::AddNote>(),
    Entry::writes::<notes::DeleteNote>(),
];

//! Workouts: what there is, what is in each, new ones, and which exercises there are.

mod change;
mod create;
mod download;
mod exercises;
mod list;
pub(in crate::tools) mod making;
pub(in crate::tools) mod one;
mod steps;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<list::Workouts>(),
    Entry::of::<one::OneWorkout>(),
    Entry::of::<download::Download>(),
    Entry::writes::<create::CreateWorkout>(),
    Entry::writes::<create::WalkRun>(),
    Entry::writes::<create::Run>(),
    Entry::writes::<create::Walk>(),
    Entry::writes::<create::Strength>(),
    Entry::writes::<create::Upload>(),
    Entry::writes::<create::UploadMany>(),
    Entry::writes::<change::UpdateWorkout>(),
    Entry::writes::<change::DeleteWorkout>(),
    Entry::writes::<change::DeleteMany>(),
    Entry::of::<exercises::ExerciseTypes>(),
    Entry::writes::<change::Push>(),
];

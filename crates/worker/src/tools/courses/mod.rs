//! Routes to follow.

mod change;
mod file;
mod list;
mod one;
mod profile;
mod upload;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<list::Courses>(),
    Entry::of::<one::CourseDetails>(),
    Entry::of::<file::CourseFile>(),
    Entry::writes::<change::Upload>(),
    Entry::writes::<change::Delete>(),
];

//! Routes to follow.

mod file;
mod list;
mod one;
mod profile;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<list::Courses>(),
    Entry::of::<one::CourseDetails>(),
    Entry::of::<file::CourseFile>(),
];

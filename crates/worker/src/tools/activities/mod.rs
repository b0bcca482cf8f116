//! What the athlete did.

mod details;
pub(super) mod kinds;
mod list;
mod one;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<list::Activities>(),
    Entry::of::<list::ActivitiesByDate>(),
    Entry::of::<one::OneActivity>(),
    Entry::of::<details::Details>(),
];

//! Shoes, bikes, and how far they have gone.

mod activities;
mod links;
mod mileage;
mod name;
mod wear;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<wear::GearList>(),
    Entry::of::<activities::GearActivities>(),
    Entry::writes::<links::SetDefault>(),
    Entry::writes::<links::Link>(),
    Entry::writes::<links::Unlink>(),
];

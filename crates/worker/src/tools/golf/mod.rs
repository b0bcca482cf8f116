//! Rounds of golf.

mod bag;
mod card;
mod rounds;
mod shots;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<rounds::Rounds>(),
    Entry::of::<card::Card>(),
    Entry::of::<shots::Shots>(),
    Entry::of::<bag::Clubs>(),
    Entry::of::<bag::Figures>(),
];

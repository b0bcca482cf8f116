//! Weight, what the body is made of, blood pressure and drink.

mod composition;
mod drink;
mod pressure;
mod remove;
mod weigh;
mod weigh_ins;
mod when;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<weigh_ins::WeighIns>(),
    Entry::of::<weigh_ins::OfOneDay>(),
    Entry::writes::<weigh::Add>(),
    Entry::writes::<weigh::AddWithTimestamps>(),
    Entry::writes::<remove::One>(),
    Entry::writes::<remove::OfOneDay>(),
    Entry::writes::<composition::Add>(),
    Entry::writes::<pressure::Add>(),
    Entry::writes::<pressure::Remove>(),
    Entry::writes::<drink::Add>(),
];

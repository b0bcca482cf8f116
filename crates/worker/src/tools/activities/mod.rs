//! What the athlete did.

mod count;
mod day;
mod details;
mod distances;
mod edit;
pub(super) mod export;
pub(super) mod find;
pub(super) mod kinds;
mod list;
mod make;
mod one;
mod parts;
mod sets;
mod splits;
mod typed;
mod types;
mod upload;
mod weather;

use crate::tool::Entry;

pub(super) use find::find;
pub(super) use list::{Item, item};

pub(super) static ALL: &[Entry] = &[
    Entry::of::<list::Activities>(),
    Entry::of::<list::ActivitiesByDate>(),
    Entry::of::<day::ActivitiesOfDay>(),
    Entry::of::<one::LastActivity>(),
    Entry::of::<one::OneActivity>(),
    Entry::of::<details::Details>(),
    Entry::of::<splits::Splits>(),
    Entry::of::<typed::ByKind>(),
    Entry::of::<typed::KindTotals>(),
    Entry::of::<weather::Weather>(),
    Entry::of::<parts::HeartRateZones>(),
    Entry::of::<parts::PowerZones>(),
    Entry::of::<parts::UsedGear>(),
    Entry::of::<sets::Sets>(),
    Entry::of::<count::Count>(),
    Entry::of::<types::Types>(),
    Entry::writes::<edit::Rename>(),
    Entry::writes::<edit::Retype>(),
    Entry::writes::<edit::Describe>(),
    Entry::writes::<edit::SetEvent>(),
    Entry::writes::<edit::SetEffort>(),
    Entry::writes::<edit::SetFeel>(),
    Entry::writes::<make::CreateManual>(),
    Entry::writes::<make::CreateStrength>(),
    Entry::writes::<make::SetSets>(),
    Entry::writes::<upload::Upload>(),
    Entry::writes::<edit::Delete>(),
];

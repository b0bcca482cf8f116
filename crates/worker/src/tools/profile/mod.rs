//! Who the athlete is, and how Garmin knows them.

mod athlete;
mod identity;
mod set_zones;
mod settings;
mod zones;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<athlete::AthleteProfile>(),
    Entry::of::<identity::FullName>(),
    Entry::of::<settings::UnitSystem>(),
    Entry::of::<identity::UserProfile>(),
    Entry::of::<settings::Settings>(),
    Entry::of::<zones::HeartRateZonesOf>(),
    Entry::writes::<set_zones::SetZones>(),
    Entry::of::<zones::PowerZonesOf>(),
];

//! The body, day by day.

mod body_battery;
mod day;
mod heart;
mod night;
mod oxygen;
mod readiness;
mod steps;
mod stress;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<day::DailyStats>(),
    Entry::of::<day::Stats>(),
    Entry::of::<steps::Steps>(),
    Entry::of::<heart::HeartRate>(),
    Entry::of::<heart::HeartRateVariability>(),
    Entry::of::<night::Sleep>(),
    Entry::of::<night::SleepSummary>(),
    Entry::of::<stress::DayStress>(),
    Entry::of::<body_battery::BodyBattery>(),
    Entry::of::<oxygen::BloodOxygen>(),
    Entry::of::<readiness::Readiness>(),
];

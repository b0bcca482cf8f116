//! The tools, by what they are about. One place lists them all: [`ALL`].

mod account;
mod activities;
mod activity;
mod activity_details;
mod body_battery;
mod day;
mod extras;
mod heart;
mod kinds;
mod night;
mod numbers;
mod oxygen;
mod profile;
mod readiness;
mod series;
mod sign_in;
mod steps;
mod stress;
mod watches;
mod wear;

use crate::tool::Entry;

/// Every tool, in the order of the listing: what a conversation starts with comes first.
pub(crate) static ALL: &[Entry] = &[
    Entry::of::<account::AuthStatus>(),
    Entry::of::<profile::FullName>(),
    Entry::of::<profile::UserProfile>(),
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
    Entry::of::<activities::Activities>(),
    Entry::of::<activities::ActivitiesByDate>(),
    Entry::of::<activity::OneActivity>(),
    Entry::of::<activity_details::Details>(),
    Entry::of::<watches::Watches>(),
    Entry::of::<wear::GearList>(),
    Entry::of::<sign_in::Authenticate>(),
    Entry::of::<sign_in::CompleteMfa>(),
];

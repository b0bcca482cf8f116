//! The body, day by day and over time.

mod baselines;
mod body_battery;
mod breathing;
mod briefing;
mod composition;
mod day;
mod energy;
mod entered;
mod happenings;
mod morning;
mod night;
mod nights;
mod pulse;
mod range;
mod readiness;
mod sleep_data;
mod statistics;
mod steps;
mod stress;
mod trend;
mod weeks;

#[cfg(test)]
mod clock_tests;

use crate::tool::Entry;

pub(super) use day::DayArgs;
pub(super) use trend::{Gathered, Metric, gather};

pub(super) static ALL: &[Entry] = &[
    Entry::of::<briefing::Briefing>(),
    Entry::of::<trend::HealthTrend>(),
    Entry::of::<day::Stats>(),
    Entry::of::<range::StatsRange>(),
    Entry::of::<day::UserSummary>(),
    Entry::of::<day::StatsAndBody>(),
    Entry::of::<composition::BodyComposition>(),
    Entry::of::<steps::Steps>(),
    Entry::of::<range::DailySteps>(),
    Entry::of::<weeks::WeeklySteps>(),
    Entry::of::<weeks::WeeklyStress>(),
    Entry::of::<weeks::WeeklyIntensity>(),
    Entry::of::<steps::IntensityMinutes>(),
    Entry::of::<steps::FloorsTool>(),
    Entry::of::<pulse::HeartRatesTool>(),
    Entry::of::<pulse::HeartRatesSummary>(),
    Entry::of::<pulse::RestingHeartRate>(),
    Entry::of::<sleep_data::SleepData>(),
    Entry::of::<night::SleepSummary>(),
    Entry::of::<nights::SleepSummaryRange>(),
    Entry::of::<stress::StressData>(),
    Entry::of::<stress::AllDayStress>(),
    Entry::of::<stress::StressSummary>(),
    Entry::of::<body_battery::BodyBattery>(),
    Entry::of::<happenings::BodyBatteryEvents>(),
    Entry::of::<breathing::RespirationData>(),
    Entry::of::<breathing::RespirationSummary>(),
    Entry::of::<breathing::BloodOxygen>(),
    Entry::of::<entered::BloodPressureTool>(),
    Entry::of::<entered::HydrationTool>(),
    Entry::of::<happenings::AllDayEvents>(),
    Entry::of::<readiness::Readiness>(),
    Entry::of::<morning::MorningReadiness>(),
    Entry::of::<happenings::Snapshot>(),
    Entry::of::<energy::EnergyBalance>(),
    Entry::of::<baselines::HealthBaselines>(),
    Entry::of::<baselines::WellnessAnomalies>(),
    Entry::of::<baselines::CorrelateMetrics>(),
];

//! What an activity's numbers come to: files, curves, intervals, zones, load.

mod compare;
mod curves;
mod downloads;
mod fit_data;
mod fit_messages;
mod intervals;
mod load;
mod period;
mod planned;
mod route;
mod sections;
mod similar;
mod source;
mod streams;
mod thresholds;
mod zones;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<streams::Streams>(),
    Entry::of::<fit_data::FitData>(),
    Entry::of::<fit_messages::FitMessages>(),
    Entry::of::<route::ActivityRoute>(),
    Entry::of::<curves::PowerCurve>(),
    Entry::of::<curves::BestEfforts>(),
    Entry::of::<intervals::DetectIntervals>(),
    Entry::of::<zones::TimeInZones>(),
    Entry::of::<zones::Distribution>(),
    Entry::of::<compare::Compare>(),
    Entry::of::<similar::Similar>(),
    Entry::of::<load::TrainingLoad>(),
    Entry::of::<period::Period>(),
    Entry::of::<period::AthleteStats>(),
    Entry::of::<thresholds::EstimateThresholds>(),
    Entry::of::<downloads::Download>(),
    Entry::of::<downloads::SetDirectory>(),
];

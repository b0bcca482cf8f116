//! Sums over many activities.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::DayRange;
use crate::error::GarminError;
use crate::model::ActivityStats;

/// A figure of activities, by Garmin's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric(String);

impl Metric {
    /// The metric of this key; none for what cannot be one.
    #[must_use]
    pub fn named(key: &str) -> Option<Self> {
        let fits = (1..=40).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Self(key.to_owned()))
    }

    #[must_use]
    pub fn key(&self) -> &str {
        &self.0
    }
}

impl Garmin {
    /// One metric over a range, by parent type of activity. In Garmin's stored units: centimetres,
    /// milliseconds, kilojoules.
    pub async fn activity_stats(
        &self,
        range: DayRange,
        metric: &Metric,
    ) -> Result<Option<Vec<ActivityStats>>, GarminError> {
        let target = Target::new("/fitnessstats-service/activity")
            .query("startDate", range.first())
            .query("endDate", range.last())
            .query("aggregation", "lifetime")
            .query("groupByParentActivityType", "true")
            .query("metric", metric.key());
        or_absent(self.read(target, Freshness::Of(range.last())).await)
    }
}

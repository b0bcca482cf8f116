//! Readiness to train.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::Day;
use crate::error::GarminError;
use crate::model::TrainingReadiness;

impl Garmin {
    /// The assessments of one day, newest first.
    pub async fn training_readiness(
        &self,
        day: Day,
    ) -> Result<Option<Vec<TrainingReadiness>>, GarminError> {
        let target = Target::new("/metrics-service/metrics/trainingreadiness").segment(day);
        let entries: Option<Vec<TrainingReadiness>> =
            or_absent(self.read(target, Freshness::Of(day)).await)?;
        Ok(entries.map(|mut entries| {
            // Garmin's order, made certain; entries without a time keep their place at the end.
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
            entries
        }))
    }
}

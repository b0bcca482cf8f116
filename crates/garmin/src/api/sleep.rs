//! Nights.

use super::{Target, in_windows, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{Hrv, HrvRange, HrvSummary, Night};

/// Garmin answers 400 beyond this.
const LONGEST_HRV_RANGE: u32 = 367;

impl Garmin {
    /// The night that ended on `day`. Ask the answer whether there was one.
    pub async fn sleep(&self, day: Day) -> Result<Option<Night>, GarminError> {
        let target = |name: &str| {
            Target::new("/wellness-service/wellness/dailySleepData")
                .segment(name)
                .query("date", day)
                .query("nonSleepBufferMinutes", 60)
        };
        or_absent(self.read_named(target, Freshness::Of(day)).await)
    }

    /// Heart rate variability of the night that ended on `day`.
    pub async fn hrv(&self, day: Day) -> Result<Option<Hrv>, GarminError> {
        let target = Target::new("/hrv-service/hrv").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Heart rate variability night by night, in order; nights without it are missing.
    pub async fn hrv_range(&self, range: DayRange) -> Result<Vec<HrvSummary>, GarminError> {
        let parts: Vec<HrvRange> =
            in_windows(range, LONGEST_HRV_RANGE, |window: DayRange| async move {
                let target = Target::new("/hrv-service/hrv/daily")
                    .segment(window.first())
                    .segment(window.last());
                or_absent(self.read(target, Freshness::Of(window.last())).await)
            })
            .await?;
        let mut nights: Vec<HrvSummary> =
            parts.into_iter().flat_map(|part| part.days.unwrap_or_default()).collect();
        nights.retain(|night| night.date.is_some());
        nights.sort_by_key(|night| night.date);
        Ok(nights)
    }
}

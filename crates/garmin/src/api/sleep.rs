//! Nights.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::Day;
use crate::error::GarminError;
use crate::model::{Hrv, Night};

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
}

//! The log of habits.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::Day;
use crate::error::GarminError;
use crate::model::{Behaviour, LifestyleDay};

impl Garmin {
    /// What was logged on one day: the habits tracked, answered or not.
    pub async fn lifestyle_log(&self, day: Day) -> Result<Option<LifestyleDay>, GarminError> {
        let target = Target::new("/lifestylelogging-service/dailyLog").segment(day);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Every habit there is to log, tracked on `day` or not.
    pub async fn behaviours(&self, day: Day) -> Result<Option<Vec<Behaviour>>, GarminError> {
        let target = Target::new("/lifestylelogging-service/behaviours").segment(day);
        or_absent(self.read(target, Freshness::Now).await)
    }
}

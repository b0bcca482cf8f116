//! Weight, blood pressure and drink. People correct what they have entered, so nothing here is
//! remembered.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{BloodPressureRange, Hydration, WeighIn, WeightList, WeightRange};

impl Garmin {
    /// Every weighing of a range; Garmin takes ranges of any length.
    pub async fn weigh_ins(&self, range: DayRange) -> Result<Option<WeightRange>, GarminError> {
        let target = Target::new("/weight-service/weight/range")
            .segment(range.first())
            .segment(range.last())
            .query("includeAll", "true");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// The weighings of one day.
    pub async fn weigh_ins_of(&self, day: Day) -> Result<Option<WeightList>, GarminError> {
        let target =
            Target::new("/weight-service/weight/dayview").segment(day).query("includeAll", "true");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// The newest weighing on or before `day`.
    pub async fn latest_weigh_in(&self, day: Day) -> Result<Option<WeighIn>, GarminError> {
        let target = Target::new("/weight-service/weight/latest")
            .query("date", day)
            .query("ignorePriority", "true");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// What a scale measured besides, one entry a day, and the averages of the range.
    pub async fn body_composition(
        &self,
        range: DayRange,
    ) -> Result<Option<WeightList>, GarminError> {
        let target = Target::new("/weight-service/weight/dateRange")
            .query("startDate", range.first())
            .query("endDate", range.last());
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Every blood pressure reading of a range; Garmin takes ranges of any length.
    pub async fn blood_pressure(
        &self,
        range: DayRange,
    ) -> Result<Option<BloodPressureRange>, GarminError> {
        let target = Target::new("/bloodpressure-service/bloodpressure/range")
            .segment(range.first())
            .segment(range.last())
            .query("includeAll", "true");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// What was drunk on one day.
    pub async fn hydration(&self, day: Day) -> Result<Option<Hydration>, GarminError> {
        let target = Target::new("/usersummary-service/usersummary/hydration/daily").segment(day);
        or_absent(self.read(target, Freshness::Now).await)
    }
}

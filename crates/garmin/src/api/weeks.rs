//! Weeks of seven days ending on a given day, each dated by its first.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{IntensityDay, WeekOfSteps, WeekOfStress};

impl Garmin {
    /// At most 52 weeks.
    pub async fn steps_weeks(
        &self,
        end: Day,
        weeks: u32,
    ) -> Result<Option<Vec<WeekOfSteps>>, GarminError> {
        let target =
            Target::new("/usersummary-service/stats/steps/weekly").segment(end).segment(weeks);
        or_absent(self.read(target, Freshness::Of(end)).await)
    }

    /// At most 52 weeks.
    pub async fn stress_weeks(
        &self,
        end: Day,
        weeks: u32,
    ) -> Result<Option<Vec<WeekOfStress>>, GarminError> {
        let target =
            Target::new("/usersummary-service/stats/stress/weekly").segment(end).segment(weeks);
        or_absent(self.read(target, Freshness::Of(end)).await)
    }

    /// Weeks from Monday to Sunday that touch the range; at most 52.
    pub async fn intensity_weeks(
        &self,
        range: DayRange,
    ) -> Result<Option<Vec<IntensityDay>>, GarminError> {
        let target = Target::new("/usersummary-service/stats/im/weekly")
            .segment(range.first())
            .segment(range.last());
        or_absent(self.read(target, Freshness::Of(range.last())).await)
    }
}

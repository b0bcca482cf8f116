//! The menstrual cycle and pregnancy.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{CycleDay, MenstrualCalendar, Pregnancy};

/// Garmin answers 400 beyond this.
const LONGEST_CALENDAR: u32 = 90;

impl Garmin {
    /// The state of the cycle on a day, and what was written down. Nothing where the feature is
    /// not set up.
    pub async fn cycle_day(&self, day: Day, today: Day) -> Result<Option<CycleDay>, GarminError> {
        let target = Target::new("/periodichealth-service/menstrualcycle/dayview")
            .segment(day)
            .query("todayDate", today);
        // Predictions change with what is logged later.
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Cycles and logged days, window by window.
    pub async fn cycle_calendar(
        &self,
        range: DayRange,
    ) -> Result<Vec<MenstrualCalendar>, GarminError> {
        let mut parts = Vec::new();
        for window in range.windows(LONGEST_CALENDAR) {
            let target = Target::new("/periodichealth-service/menstrualcycle/calendar")
                .segment(window.first())
                .segment(window.last());
            let part: Option<MenstrualCalendar> =
                or_absent(self.read(target, Freshness::Now).await)?;
            parts.extend(part);
        }
        Ok(parts)
    }

    pub async fn pregnancy(&self) -> Result<Option<Pregnancy>, GarminError> {
        let target = Target::new("/periodichealth-service/menstrualcycle/pregnancysnapshot");
        or_absent(self.read(target, Freshness::Now).await)
    }
}

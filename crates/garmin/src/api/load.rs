//! Training status and load.

use super::{Target, in_windows, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{ActivityLoad, DeviceStatuses, LoadReport, TrainingStatus};

/// Reports end after so many weeks.
const LONGEST_REPORT: u32 = 52 * 7;

impl Garmin {
    /// What Garmin made of the training as of `day`: status, load, balance, VO2 max.
    pub async fn training_status(&self, day: Day) -> Result<Option<TrainingStatus>, GarminError> {
        let target = Target::new("/metrics-service/metrics/trainingstatus/aggregated").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Only status and load of `day`.
    pub async fn daily_training_status(
        &self,
        day: Day,
    ) -> Result<Option<DeviceStatuses>, GarminError> {
        let target = Target::new("/metrics-service/metrics/trainingstatus/daily").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Status and load over a range; in pieces, when it is long.
    pub async fn load_reports(&self, range: DayRange) -> Result<Vec<LoadReport>, GarminError> {
        in_windows(range, LONGEST_REPORT, |window| async move {
            let target = |name: &str| {
                Target::new("/metrics-service/metrics/trainingstatus/weekly")
                    .segment(name)
                    .query("fromCalendarDate", window.first())
                    .query("toCalendarDate", window.last())
            };
            or_absent(self.read_named(target, Freshness::Of(window.last())).await)
        })
        .await
    }

    /// What each activity of a range added to the load.
    pub async fn activity_loads(
        &self,
        range: DayRange,
    ) -> Result<Option<Vec<ActivityLoad>>, GarminError> {
        let target = Target::new("/fitnessstats-service/activity/all")
            .query("startDate", range.first())
            .query("endDate", range.last())
            .query("metric", "activityTrainingLoad")
            .query("metric", "startLocal");
        or_absent(self.read(target, Freshness::Of(range.last())).await)
    }
}

//! Days of the body.

use super::{Target, or_absent, rows_in_windows};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{
    BodyBatteryDay, BodyBatteryHappening, DailySummary, DayEvent, Floors, HealthSnapshot,
    HeartRates, Intensity, Respiration, RespirationDay, Spo2, StepBucket, Stress,
};

/// Garmin answers 400 beyond this.
const LONGEST_BODY_BATTERY_RANGE: u32 = 28;
const LONGEST_RESPIRATION_RANGE: u32 = 31;

impl Garmin {
    /// Totals of one day. Ask the answer whether the watch was worn.
    pub async fn daily_summary(&self, day: Day) -> Result<Option<DailySummary>, GarminError> {
        let target = |name: &str| {
            Target::new("/usersummary-service/usersummary/daily")
                .segment(name)
                .query("calendarDate", day)
        };
        or_absent(self.read_named(target, Freshness::Of(day)).await)
    }

    /// Two-minute heart rate of one day.
    pub async fn heart_rates(&self, day: Day) -> Result<Option<HeartRates>, GarminError> {
        let target = |name: &str| {
            Target::new("/wellness-service/wellness/dailyHeartRate")
                .segment(name)
                .query("date", day)
        };
        or_absent(self.read_named(target, Freshness::Of(day)).await)
    }

    /// Three-minute stress and the Body Battery curve of one day.
    pub async fn stress(&self, day: Day) -> Result<Option<Stress>, GarminError> {
        let target = Target::new("/wellness-service/wellness/dailyStress").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// What charged and drained the athlete, day by day in order; days without data are
    /// missing.
    pub async fn body_battery(
        &self,
        range: DayRange,
    ) -> Result<Option<Vec<BodyBatteryDay>>, GarminError> {
        let mut days: Vec<BodyBatteryDay> = Vec::new();
        for window in range.windows(LONGEST_BODY_BATTERY_RANGE) {
            let target = Target::new("/wellness-service/wellness/bodyBattery/reports/daily")
                .query("startDate", window.first())
                .query("endDate", window.last());
            let part: Option<Vec<BodyBatteryDay>> =
                or_absent(self.read(target, Freshness::Of(window.last())).await)?;
            days.extend(part.unwrap_or_default());
        }
        days.sort_by_key(|day| day.date);
        Ok(if days.is_empty() { None } else { Some(days) })
    }

    /// Blood oxygen of one day.
    pub async fn spo2(&self, day: Day) -> Result<Option<Spo2>, GarminError> {
        let target = Target::new("/wellness-service/wellness/daily/spo2").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Steps of one day in quarters of an hour.
    pub async fn steps(&self, day: Day) -> Result<Option<Vec<StepBucket>>, GarminError> {
        let target = |name: &str| {
            Target::new("/wellness-service/wellness/dailySummaryChart")
                .segment(name)
                .query("date", day)
        };
        or_absent(self.read_named(target, Freshness::Of(day)).await)
    }

    /// Breaths per minute awake and asleep, day by day in order; days without are missing.
    pub async fn respiration_days(
        &self,
        range: DayRange,
    ) -> Result<Vec<RespirationDay>, GarminError> {
        let days = rows_in_windows(range, LONGEST_RESPIRATION_RANGE, |window| async move {
            let target = Target::new("/usersummary-service/stats/respiration/daily")
                .segment(window.first())
                .segment(window.last());
            or_absent(self.read(target, Freshness::Of(window.last())).await)
        })
        .await?;
        let mut days: Vec<RespirationDay> = days.unwrap_or_default();
        days.retain(|day| day.date.is_some());
        days.sort_by_key(|day| day.date);
        Ok(days)
    }

    /// Two-minute breathing of one day.
    pub async fn respiration(&self, day: Day) -> Result<Option<Respiration>, GarminError> {
        let target = Target::new("/wellness-service/wellness/daily/respiration").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Floors of one day in quarters of an hour.
    pub async fn floors(&self, day: Day) -> Result<Option<Floors>, GarminError> {
        let target = Target::new("/wellness-service/wellness/floorsChartData/daily").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Intensity minutes of one day and of its week.
    pub async fn intensity(&self, day: Day) -> Result<Option<Intensity>, GarminError> {
        let target = Target::new("/wellness-service/wellness/daily/im").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// What charged and drained the athlete on one day.
    pub async fn body_battery_events(
        &self,
        day: Day,
    ) -> Result<Option<Vec<BodyBatteryHappening>>, GarminError> {
        let target = Target::new("/wellness-service/wellness/bodyBattery/events").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// What the watch noticed by itself. Some accounts are refused this.
    pub async fn day_events(&self, day: Day) -> Result<Option<Vec<DayEvent>>, GarminError> {
        let target =
            Target::new("/wellness-service/wellness/dailyEvents").query("calendarDate", day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Snapshots taken on one day.
    pub async fn health_snapshots(
        &self,
        day: Day,
    ) -> Result<Option<Vec<HealthSnapshot>>, GarminError> {
        let target = Target::new("/wellnessactivity-service/activity/summary").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }
}

//! Many days in few questions. Garmin refuses ranges beyond its caps, so longer ones are asked
//! for in windows; days without data are missing, not zero.

use super::{Target, in_windows, or_absent};
use crate::body::{Named, Shape};
use crate::client::{Freshness, Garmin};
use crate::days::DayRange;
use crate::error::GarminError;
use crate::model::{
    CalorieDay, DailyTotals, DayFloors, DayLevels, DayRates, DayStress, HydrationDay, IntakeDay,
    IntakeSummaries, IntensityDay, Lenient, MetricDay, MetricsMap, SleepStats, SleepStatsNight,
    StepsDay, TrainingReadiness, WellnessMetrics,
};

/// The longest range of most daily statistics; beyond it Garmin answers 400.
pub const DAILY_WINDOW: u32 = 28;
/// The longest range of resting heart rate and energy.
pub const YEAR_WINDOW: u32 = 365;

/// Numbers of metrics.
const ACTIVE_KCAL: u32 = 22;
const RESTING_KCAL: u32 = 23;
const RESTING_HEART_RATE: u32 = 60;

impl Garmin {
    /// Steps, distance on foot and goal.
    pub async fn steps_days(&self, range: DayRange) -> Result<Vec<StepsDay>, GarminError> {
        self.statistics("steps", range).await
    }

    pub async fn floors_days(&self, range: DayRange) -> Result<Vec<DayFloors>, GarminError> {
        self.statistics("floors", range).await
    }

    /// Moderate and vigorous minutes.
    pub async fn intensity_days(&self, range: DayRange) -> Result<Vec<IntensityDay>, GarminError> {
        self.statistics("im", range).await
    }

    pub async fn stress_days(&self, range: DayRange) -> Result<Vec<DayStress>, GarminError> {
        self.statistics("stress", range).await
    }

    /// The highest and the lowest Body Battery.
    pub async fn battery_days(&self, range: DayRange) -> Result<Vec<DayLevels>, GarminError> {
        self.statistics("bodybattery", range).await
    }

    pub async fn heart_rate_days(&self, range: DayRange) -> Result<Vec<DayRates>, GarminError> {
        self.statistics("heartRate", range).await
    }

    pub async fn hydration_days(&self, range: DayRange) -> Result<Vec<HydrationDay>, GarminError> {
        self.statistics("hydration", range).await
    }

    /// Kilocalories: all, active, and what the body would burn at rest.
    pub async fn calorie_days(&self, range: DayRange) -> Result<Vec<CalorieDay>, GarminError> {
        self.totals("CALORIES", range).await
    }

    /// Steps alone, from the same service as [`Self::calorie_days`].
    pub async fn step_totals(&self, range: DayRange) -> Result<Vec<CalorieDay>, GarminError> {
        self.totals("STEPS", range).await
    }

    /// Nights, filed under the days of waking up.
    pub async fn sleep_days(&self, range: DayRange) -> Result<Vec<SleepStatsNight>, GarminError> {
        let target = |window: DayRange| between("/sleep-service/stats/sleep/daily", window);
        let parts: Vec<SleepStats> = self.parts(range, DAILY_WINDOW, target).await?;
        Ok(parts.into_iter().flat_map(|part| part.nights.unwrap_or_default()).collect())
    }

    /// Assessments of readiness, several a day. Garmin names no cap; the answers are long.
    pub async fn readiness_days(
        &self,
        range: DayRange,
    ) -> Result<Vec<TrainingReadiness>, GarminError> {
        let base = "/metrics-service/metrics/trainingreadiness";
        self.rows(range, DAILY_WINDOW, |window| between(base, window)).await
    }

    pub async fn resting_heart_rate_days(
        &self,
        range: DayRange,
    ) -> Result<Vec<MetricDay>, GarminError> {
        self.metric(RESTING_HEART_RATE, range, |map| map.resting_heart_rate).await
    }

    /// Kilocalories beyond what the body burns at rest.
    pub async fn active_kcal_days(&self, range: DayRange) -> Result<Vec<MetricDay>, GarminError> {
        self.metric(ACTIVE_KCAL, range, |map| map.active_kcal).await
    }

    pub async fn resting_kcal_days(&self, range: DayRange) -> Result<Vec<MetricDay>, GarminError> {
        self.metric(RESTING_KCAL, range, |map| map.resting_kcal).await
    }

    /// Energy taken in, of the days on which anything was written down.
    pub async fn intake_days(&self, range: DayRange) -> Result<Vec<IntakeDay>, GarminError> {
        let target = |window: DayRange| {
            Target::new("/nutrition-service/calorie/summary/daily")
                .query("startDate", window.first())
                .query("endDate", window.last())
                .query("currentDate", window.last())
                .query("isDataForReport", "true")
        };
        let parts: Vec<IntakeSummaries> = self.parts(range, DAILY_WINDOW, target).await?;
        Ok(parts.into_iter().flat_map(|part| part.days.unwrap_or_default()).collect())
    }

    async fn statistics<T>(&self, kind: &str, range: DayRange) -> Result<Vec<T>, GarminError>
    where
        T: Lenient + PartialEq + Named,
    {
        let base = "/usersummary-service/stats";
        let target = |window: DayRange| {
            Target::new(base)
                .segment(kind)
                .then("/daily")
                .segment(window.first())
                .segment(window.last())
        };
        self.rows(range, DAILY_WINDOW, target).await
    }

    async fn totals(&self, kind: &str, range: DayRange) -> Result<Vec<CalorieDay>, GarminError> {
        let target = |window: DayRange| {
            between("/usersummary-service/stats/daily", window)
                .query("statsType", kind)
                .query("currentDate", window.last())
        };
        let parts: Vec<DailyTotals> = self.parts(range, DAILY_WINDOW, target).await?;
        Ok(parts.into_iter().flat_map(|part| part.days.unwrap_or_default()).collect())
    }

    async fn metric(
        &self,
        number: u32,
        range: DayRange,
        days: impl Fn(MetricsMap) -> Option<Vec<MetricDay>>,
    ) -> Result<Vec<MetricDay>, GarminError> {
        let mut found = Vec::new();
        for window in range.windows(YEAR_WINDOW) {
            let target = |name: &str| {
                Target::new("/userstats-service/wellness/daily")
                    .segment(name)
                    .query("fromDate", window.first())
                    .query("untilDate", window.last())
                    .query("metricId", number)
            };
            let part: Option<WellnessMetrics> =
                or_absent(self.read_named(target, Freshness::Of(window.last())).await)?;
            let map = part.and_then(|part| part.all).and_then(|all| all.map);
            found.extend(map.and_then(&days).unwrap_or_default());
        }
        Ok(found)
    }

    /// The rows of every window, in the order of windows.
    async fn rows<T>(
        &self,
        range: DayRange,
        longest: u32,
        target: impl Fn(DayRange) -> Target,
    ) -> Result<Vec<T>, GarminError>
    where
        T: Lenient + PartialEq + Named,
    {
        let parts: Vec<Vec<T>> = self.parts(range, longest, target).await?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// What Garmin says about every window it says anything about, in order.
    async fn parts<T: Shape>(
        &self,
        range: DayRange,
        longest: u32,
        target: impl Fn(DayRange) -> Target,
    ) -> Result<Vec<T>, GarminError> {
        in_windows(range, longest, |window| {
            let target = target(window);
            async move { or_absent(self.read(target, Freshness::Of(window.last())).await) }
        })
        .await
    }
}

fn between(base: &'static str, window: DayRange) -> Target {
    Target::new(base).segment(window.first()).segment(window.last())
}

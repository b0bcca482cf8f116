//! VO2 max, scores, thresholds, predictions, acclimation.

use super::{Target, or_absent, rows_in_windows};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{
    Acclimation, BiometricPoint, CyclingFtp, EnduranceStats, FitnessAge, HillStats, JetLagTrip,
    MaxMetrics, PowerToWeight, RacePrediction, RunningTolerance, ThresholdRow,
};

/// No endpoint here is known to take more.
const LONGEST: u32 = 366;

/// How far apart the points of a history lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    Daily,
    Weekly,
    Monthly,
}

impl Interval {
    fn key(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

/// A sport that has a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThresholdSport {
    Running,
    Cycling,
}

impl ThresholdSport {
    fn key(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Cycling => "CYCLING",
        }
    }
}

impl Garmin {
    /// VO2 max on the days of a range that have a new one.
    pub async fn max_metrics(
        &self,
        range: DayRange,
    ) -> Result<Option<Vec<MaxMetrics>>, GarminError> {
        rows_in_windows(range, LONGEST, |window| async move {
            let target = Target::new("/metrics-service/metrics/maxmet/daily")
                .segment(window.first())
                .segment(window.last());
            or_absent(self.read(target, Freshness::Of(window.last())).await)
        })
        .await
    }

    /// The newest VO2 max on or before `day`.
    pub async fn latest_max_metrics(&self, day: Day) -> Result<Option<MaxMetrics>, GarminError> {
        let target = Target::new("/metrics-service/metrics/maxmet/latest").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Endurance over a range, week by week.
    pub async fn endurance(&self, range: DayRange) -> Result<Option<EnduranceStats>, GarminError> {
        let target = Target::new("/metrics-service/metrics/endurancescore/stats")
            .query("startDate", range.first())
            .query("endDate", range.last())
            .query("aggregation", "weekly");
        or_absent(self.read(target, Freshness::Of(range.last())).await)
    }

    /// Climbing over a range, day by day.
    pub async fn hill_score(&self, range: DayRange) -> Result<Option<HillStats>, GarminError> {
        let target = Target::new("/metrics-service/metrics/hillscore/stats")
            .query("startDate", range.first())
            .query("endDate", range.last())
            .query("aggregation", "daily");
        or_absent(self.read(target, Freshness::Of(range.last())).await)
    }

    /// How much running the legs are used to.
    pub async fn running_tolerance(
        &self,
        range: DayRange,
        interval: Interval,
    ) -> Result<Option<Vec<RunningTolerance>>, GarminError> {
        let target = Target::new("/metrics-service/metrics/runningtolerance/stats")
            .query("startDate", range.first())
            .query("endDate", range.last())
            .query("aggregation", interval.key());
        or_absent(self.read(target, Freshness::Of(range.last())).await)
    }

    /// How fast Garmin thinks the athlete could race now.
    pub async fn race_prediction(&self) -> Result<Option<RacePrediction>, GarminError> {
        let target = |name: &str| {
            Target::new("/metrics-service/metrics/racepredictions/latest").segment(name)
        };
        or_absent(self.read_named(target, Freshness::Now).await)
    }

    /// What it thought over a range; weekly is not offered and means daily.
    pub async fn race_predictions(
        &self,
        range: DayRange,
        interval: Interval,
    ) -> Result<Option<Vec<RacePrediction>>, GarminError> {
        let path = match interval {
            Interval::Daily | Interval::Weekly => "/metrics-service/metrics/racepredictions/daily",
            Interval::Monthly => "/metrics-service/metrics/racepredictions/monthly",
        };
        rows_in_windows(range, LONGEST, |window| async move {
            let target = |name: &str| {
                Target::new(path)
                    .segment(name)
                    .query("fromCalendarDate", window.first())
                    .query("toCalendarDate", window.last())
            };
            or_absent(self.read_named(target, Freshness::Of(window.last())).await)
        })
        .await
    }

    /// The latest lactate threshold, in partial rows that have to be merged.
    pub async fn lactate_threshold(&self) -> Result<Option<Vec<ThresholdRow>>, GarminError> {
        let target = Target::new("/biometric-service/biometric/latestLactateThreshold");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Power at the threshold and weight, as of `day`; one entry per sport.
    pub async fn power_to_weight(
        &self,
        day: Day,
        sport: ThresholdSport,
    ) -> Result<Option<Vec<PowerToWeight>>, GarminError> {
        let sport = match sport {
            ThresholdSport::Running => "Running",
            ThresholdSport::Cycling => "Cycling",
        };
        let target = Target::new("/biometric-service/biometric/powerToWeight/latest")
            .segment(day)
            .query("sport", sport);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Speed at the threshold over a range; metres per second divided by ten.
    pub async fn threshold_speeds(
        &self,
        range: DayRange,
    ) -> Result<Option<Vec<BiometricPoint>>, GarminError> {
        self.threshold_history(
            "/biometric-service/stats/lactateThresholdSpeed/range",
            range,
            ThresholdSport::Running,
        )
        .await
    }

    /// Heart rate at the threshold over a range.
    pub async fn threshold_heart_rates(
        &self,
        range: DayRange,
    ) -> Result<Option<Vec<BiometricPoint>>, GarminError> {
        self.threshold_history(
            "/biometric-service/stats/lactateThresholdHeartRate/range",
            range,
            ThresholdSport::Running,
        )
        .await
    }

    /// Power at the threshold over a range.
    pub async fn threshold_powers(
        &self,
        range: DayRange,
        sport: ThresholdSport,
    ) -> Result<Option<Vec<BiometricPoint>>, GarminError> {
        self.threshold_history(
            "/biometric-service/stats/functionalThresholdPower/range",
            range,
            sport,
        )
        .await
    }

    async fn threshold_history(
        &self,
        path: &'static str,
        range: DayRange,
        sport: ThresholdSport,
    ) -> Result<Option<Vec<BiometricPoint>>, GarminError> {
        rows_in_windows(range, LONGEST, |window| async move {
            let target = Target::new(path)
                .segment(window.first())
                .segment(window.last())
                .query("sport", sport.key())
                .query("aggregation", "daily")
                .query("aggregationStrategy", "LATEST");
            or_absent(self.read(target, Freshness::Of(window.last())).await)
        })
        .await
    }

    /// The cyclist's threshold power.
    pub async fn cycling_ftp(&self) -> Result<Option<CyclingFtp>, GarminError> {
        let target =
            Target::new("/biometric-service/biometric/latestFunctionalThresholdPower/CYCLING");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// How old the body is, by what it can do.
    pub async fn fitness_age(&self, day: Day) -> Result<Option<FitnessAge>, GarminError> {
        let target = Target::new("/fitnessage-service/fitnessage").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// How far the body is used to heat and altitude, as of `day`.
    pub async fn acclimation(&self, day: Day) -> Result<Option<Acclimation>, GarminError> {
        let target =
            Target::new("/metrics-service/metrics/heataltitudeacclimation/latest").segment(day);
        or_absent(self.read(target, Freshness::Of(day)).await)
    }

    /// Journeys across time zones.
    pub async fn jet_lag_trips(&self) -> Result<Option<Vec<JetLagTrip>>, GarminError> {
        let target = Target::new("/jetlag-service/jetlag/trip/all");
        or_absent(self.read(target, Freshness::Now).await)
    }
}

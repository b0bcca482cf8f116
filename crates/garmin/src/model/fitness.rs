//! What the body has become able to do: VO2 max, scores, thresholds, predictions.

use jiff::civil::{Date, DateTime};

use super::{ByKey, model};

model! {
    /// VO2 max by sport, and how far the body is used to heat and altitude. The day is inside.
    MaxMetrics as "max metrics" {
        "generic" => running: MaxMetric,
        "cycling" => cycling: MaxMetric,
        "heatAltitudeAcclimation" => acclimation: Acclimation,
    }

    MaxMetric as "VO2 max" {
        "calendarDate" => date: Date,
        "vo2MaxPreciseValue" => precise: f64,
        "vo2MaxValue" => value: f64,
        "fitnessAge" => fitness_age: f64,
    }

    Acclimation as "heat and altitude acclimation" {
        "calendarDate" => date: Date,
        "heatAcclimationPercentage" => heat_pct: i64,
        "previousHeatAcclimationPercentage" => previous_heat_pct: i64,
        "heatAcclimationDate" => heat_date: Date,
        /// `ACCLIMATIZING`, `ACCLIMATIZED`, `DEACCLIMATIZING`.
        "heatTrend" => heat_trend: String,
        /// Metres to which the body is used.
        "altitudeAcclimation" => altitude_m: f64,
        "previousAltitudeAcclimation" => previous_altitude_m: f64,
        "altitudeAcclimationDate" => altitude_date: Date,
        "altitudeTrend" => altitude_trend: String,
        "currentAltitude" => current_altitude_m: f64,
        "acclimationPercentage" => altitude_pct: i64,
    }

    EnduranceScore as "endurance score" {
        "calendarDate" => date: Date,
        "overallScore" => score: i64,
        /// 1 recreational to 7 elite.
        "classification" => class: i64,
        "classificationLowerLimitIntermediate" => intermediate_from: i64,
        "classificationLowerLimitTrained" => trained_from: i64,
        "classificationLowerLimitWellTrained" => well_trained_from: i64,
        "classificationLowerLimitExpert" => expert_from: i64,
        "classificationLowerLimitSuperior" => superior_from: i64,
        "classificationLowerLimitElite" => elite_from: i64,
        "contributors" => contributors: Vec<EnduranceContributor>,
    }

    /// Either a type of activity or a group of types, never both.
    EnduranceContributor as "endurance contributor" {
        "activityTypeId" => type_id: i64,
        "group" => group: i64,
        "contribution" => share_pct: f64,
    }

    EnduranceStats as "endurance scores" {
        "avg" => average: f64,
        "max" => highest: f64,
        "groupMap" => by_day: ByKey<EnduranceGroup>,
        "enduranceScoreDTO" => latest: EnduranceScore,
    }

    EnduranceGroup as "endurance score of a week" {
        "groupAverage" => average: f64,
        "groupMax" => highest: f64,
        "enduranceContributorDTOList" => contributors: Vec<EnduranceContributor>,
    }

    HillScore as "hill score" {
        "calendarDate" => date: Date,
        "overallScore" => overall: i64,
        "strengthScore" => strength: i64,
        "enduranceScore" => endurance: i64,
        "hillScoreClassificationId" => class: i64,
    }

    HillStats as "hill scores" {
        "periodAvgScore" => averages: ByKey<f64>,
        "maxScore" => highest: f64,
        "hillScoreDTOList" => days: Vec<HillScore>,
    }

    /// Metres over the past week or of one; the two aggregations name them differently.
    RunningTolerance as "running tolerance" {
        "calendarDate" => date: Date,
        "startOfWeek" => week_start: Date,
        "endOfWeek" => week_end: Date,
        "acuteTolerance" | "tolerance" => tolerance_m: f64,
        "acuteImpactLoad" | "totalImpactLoad" => impact_m: f64,
        "acuteDistance" | "totalDistance" => distance_m: f64,
        "runningToleranceFeedBackPhrase" => phrase: String,
    }

    /// Seconds.
    RacePrediction as "race predictions" {
        "calendarDate" => date: Date,
        "time5K" => five_km_s: f64,
        "time10K" => ten_km_s: f64,
        "timeHalfMarathon" => half_marathon_s: f64,
        "timeMarathon" => marathon_s: f64,
    }

    /// One of several partial rows: one has the speed, another the heart rate.
    ThresholdRow as "lactate threshold" {
        "calendarDate" => at: DateTime,
        /// Metres per second, divided by ten.
        "speed" => speed_tenth_mps: f64,
        "hearRate" | "heartRate" => heart_rate: i64,
        "heartRateCycling" => heart_rate_cycling: i64,
    }

    PowerToWeight as "power to weight" {
        "calendarDate" => at: DateTime,
        "sport" => sport: String,
        "functionalThresholdPower" => power_w: f64,
        /// Kilograms, unlike all other masses.
        "weight" => weight_kg: f64,
        "powerToWeight" => w_per_kg: f64,
        "isStale" => stale: bool,
    }

    /// A value that held from one day to another.
    BiometricPoint as "threshold history" {
        "from" => from: Date,
        "until" => until: Date,
        "series" => series: String,
        "value" => value: f64,
    }

    CyclingFtp as "functional threshold power" {
        "calendarDate" => at: DateTime,
        "sport" => sport: String,
        "functionalThresholdPower" => power_w: f64,
        "isStale" => stale: bool,
        "biometricSourceType" => source: String,
    }

    FitnessAge as "fitness age" {
        "chronologicalAge" => chronological_years: f64,
        "fitnessAge" => fitness_years: f64,
        "achievableFitnessAge" => achievable_years: f64,
        "previousFitnessAge" => previous_years: f64,
        "lastUpdated" => updated_at: DateTime,
        "components" => components: ByKey<FitnessAgePart>,
    }

    FitnessAgePart as "fitness age component" {
        "value" => value: f64,
        "targetValue" => target: f64,
        "improvementValue" => improvement: f64,
        "potentialAge" => potential_years: f64,
        "priority" => priority: i64,
        "stale" => stale: bool,
        "lastMeasurementDate" => measured_on: Date,
    }

    RespirationDay as "respiration by day" {
        "calendarDate" => date: Date,
        "avgWakingRespiration" => waking: f64,
        "avgSleepRespiration" => asleep: f64,
    }

    /// A journey across time zones that the athlete has told Garmin about.
    JetLagTrip as "jet lag trip" {
        "tripId" => id: i64,
        "startDate" => start: Date,
        "endDate" => end: Date,
        "flights" => flights: Vec<Flight>,
    }

    Flight as "flight" {
        "originLocation" => from: String,
        "originTimezone" => from_offset: String,
        "originTimestamp" => leaves_local: DateTime,
        "destinationLocation" => to: String,
        "destinationTimezone" => to_offset: String,
        "destinationTimestamp" => arrives_local: DateTime,
    }
}

impl MaxMetrics {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let says = |metric: &Option<MaxMetric>| {
            metric.as_ref().is_some_and(|it| it.value.is_some() || it.precise.is_some())
        };
        !says(&self.running) && !says(&self.cycling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn both_aggregations_of_running_tolerance_are_metres() {
        let body = br#"[{"calendarDate":"2026-02-01","acuteTolerance":64200,
            "acuteImpactLoad":48150.0,"acuteDistance":"42000",
            "runningToleranceFeedBackPhrase":"PRODUCTIVE"},
            {"calendarDate":"2026-01-19","tolerance":61000,"totalImpactLoad":45000,
             "totalDistance":40000,"startOfWeek":"2026-01-19","endOfWeek":"2026-01-25"}]"#;
        let rows: Vec<RunningTolerance> = decode(body).unwrap().unwrap();
        assert_eq!((rows[0].tolerance_m, rows[0].distance_m), (Some(64_200.0), Some(42_000.0)));
        assert_eq!((rows[1].tolerance_m, rows[1].impact_m), (Some(61_000.0), Some(45_000.0)));
        assert_eq!(rows[1].week_end.unwrap().to_string(), "2026-01-25");
    }

    #[test]
    fn the_heart_rate_at_the_threshold_has_two_spellings() {
        let body = br#"[{"speed":0.3402,"hearRate":null},{"speed":null,"hearRate":168},
            {"heartRate":170.0}]"#;
        let rows: Vec<ThresholdRow> = decode(body).unwrap().unwrap();
        let rates: Vec<_> = rows.iter().map(|row| row.heart_rate).collect();
        assert_eq!(rates, [None, Some(168), Some(170)]);
    }
}

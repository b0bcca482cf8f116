//! Weight, blood pressure and drink.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::model;

model! {
    /// One weighing. Masses in grams whatever the account's units.
    WeighIn as "weighing" {
        "samplePk" | "version" => version: i64,
        "calendarDate" => date: Date,
        /// The clock on the wall.
        "date" => at_local: DateTime,
        "timestampGMT" => at: Timestamp,
        "weight" => weight_g: f64,
        /// Against the weighing before.
        "weightDelta" => change_g: f64,
        "bmi" => bmi: f64,
        "bodyFat" => fat_pct: f64,
        "bodyWater" => water_pct: f64,
        "boneMass" => bone_g: f64,
        "muscleMass" => muscle_g: f64,
        "physiqueRating" => physique_rating: f64,
        "visceralFat" => visceral_fat_rating: f64,
        "metabolicAge" => metabolic_age_years: f64,
        "sourceType" => source: String,
    }

    /// Averages of a range; grams.
    WeightAverage as "average weight" {
        "weight" => weight_g: f64,
        "bmi" => bmi: f64,
        "bodyFat" => fat_pct: f64,
        "bodyWater" => water_pct: f64,
        "boneMass" => bone_g: f64,
        "muscleMass" => muscle_g: f64,
    }

    /// Every weighing of many days, newest first.
    WeightRange as "weighings" {
        "dailyWeightSummaries" => days: Vec<WeightDay>,
        "totalAverage" => average: WeightAverage,
        "previousDateWeight" => before: WeighIn,
        "nextDateWeight" => after: WeighIn,
    }

    WeightDay as "weighings of a day" {
        "summaryDate" => date: Date,
        "latestWeight" => latest: WeighIn,
        "allWeightMetrics" => all: Vec<WeighIn>,
    }

    /// A day's weighings, or one a day over a range.
    WeightList as "weighings by date" {
        "dateWeightList" => list: Vec<WeighIn>,
        "totalAverage" => average: WeightAverage,
    }

    BloodPressureRange as "blood pressure" {
        "measurementSummaries" => days: Vec<BloodPressureDay>,
    }

    BloodPressureDay as "blood pressure of a day" {
        "startDate" => date: Date,
        "measurements" => readings: Vec<BloodPressure>,
    }

    /// Millimetres of mercury, and beats per minute.
    BloodPressure as "blood pressure reading" {
        "version" => version: i64,
        "systolic" => systolic: i64,
        "diastolic" => diastolic: i64,
        "pulse" => pulse: i64,
        "sourceType" => source: String,
        "notes" => notes: String,
        "measurementTimestampLocal" => at_local: DateTime,
        "measurementTimestampGMT" => at: Timestamp,
        "categoryName" => category: String,
    }

    Hydration as "hydration" {
        "calendarDate" => date: Date,
        "valueInML" => drunk_ml: f64,
        "goalInML" => goal_ml: f64,
        "dailyAverageinML" => average_ml: f64,
        "lastEntryTimestampLocal" => last_entry_local: DateTime,
        "sweatLossInML" => sweat_loss_ml: f64,
        "activityIntakeInML" => drunk_in_activities_ml: f64,
    }
}

impl WeighIn {
    /// The day it counts for: Garmin's own, else the one the clock on the wall showed.
    #[must_use]
    pub fn day(&self) -> Option<Date> {
        self.date.or_else(|| self.at_local.map(DateTime::date))
    }
}

impl WeightRange {
    /// Newest first; a day that only tells its latest weighing has that.
    #[must_use]
    pub fn weigh_ins(&self) -> Vec<WeighIn> {
        let mut all: Vec<WeighIn> = self
            .days
            .iter()
            .flatten()
            .flat_map(|day| match (day.all.as_deref(), &day.latest) {
                (Some(all), _) if !all.is_empty() => all.to_vec(),
                (Some(_) | None, latest) => latest.iter().cloned().collect(),
            })
            .filter(|weigh_in| weigh_in.weight_g.is_some())
            .collect();
        all.sort_by_key(|weigh_in| std::cmp::Reverse((weigh_in.day(), weigh_in.at)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn a_weighing_has_its_instant_and_the_clock_on_the_wall_apart() {
        let body = br#"{"dailyWeightSummaries":[{"summaryDate":"2026-05-01",
            "latestWeight":{"samplePk":1777618000000,"date":1777621600000,
            "calendarDate":"2026-05-01","weight":61200.0,"timestampGMT":1777614400000,
            "weightDelta":-300.0,"bodyFat":null,"sourceType":"INDEX_SCALE"},
            "allWeightMetrics":[]}],"nextDateWeight":{"samplePk":null}}"#;
        let range: WeightRange = decode(body).unwrap().unwrap();
        let weigh_ins = range.weigh_ins();
        assert_eq!(weigh_ins.len(), 1);
        assert_eq!(weigh_ins[0].version, Some(1_777_618_000_000));
        assert_eq!(weigh_ins[0].weight_g, Some(61_200.0));
        assert_eq!(weigh_ins[0].at.unwrap().to_string(), "2026-05-01T05:46:40Z");
        assert_eq!(weigh_ins[0].at_local.unwrap().to_string(), "2026-05-01T07:46:40");
    }
}

//! Statistics over many days: one row for every day or week that has data.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::model;

model! {
    /// Steps of one day; metres on foot.
    StepsDay as "steps of days" {
        "calendarDate" => date: Date,
        "totalSteps" => steps: i64,
        "totalDistance" => distance_m: f64,
        "stepGoal" => goal: i64,
    }

    DayFloors as "floors of days" {
        "calendarDate" => date: Date,
        "values" => values: FloorValues,
    }

    FloorValues as "floors" {
        "wellnessFloorsAscended" => ascended: f64,
        "wellnessFloorsDescended" => descended: f64,
    }

    /// Minutes of one day or one week; vigorous ones are not doubled here.
    IntensityDay as "intensity minutes" {
        "calendarDate" => date: Date,
        "weeklyGoal" => weekly_goal_min: i64,
        "moderateValue" => moderate_min: i64,
        "vigorousValue" => vigorous_min: i64,
    }

    DayStress as "stress of days" {
        "calendarDate" => date: Date,
        "values" => values: StressValues,
    }

    /// −1 and −2: not measurable.
    StressValues as "stress levels" {
        "overallStressLevel" => overall: i64,
    }

    DayLevels as "Body Battery of days" {
        "calendarDate" => date: Date,
        "values" => values: LevelValues,
    }

    LevelValues as "Body Battery levels" {
        "lowBodyBattery" => low: i64,
        "highBodyBattery" => high: i64,
    }

    DayRates as "heart rate of days" {
        "calendarDate" => date: Date,
        "values" => values: RateValues,
    }

    RateValues as "heart rates of a day" {
        "restingHR" => resting: i64,
        "wellnessMaxAvgHR" => max: i64,
        "wellnessMinAvgHR" => min: i64,
    }

    HydrationDay as "hydration of days" {
        "calendarDate" => date: Date,
        "values" => values: HydrationValues,
    }

    HydrationValues as "hydration of a day" {
        "valueInML" => intake_ml: f64,
        "goalInML" => goal_ml: f64,
    }

    /// What `stats/daily` answers with: rows under `values`.
    DailyTotals as "daily totals" {
        "values" => days: Vec<CalorieDay>,
    }

    /// Energy or steps of one day, by what was asked for.
    CalorieDay as "totals of a day" {
        "calendarDate" => date: Date,
        "values" => values: TotalValues,
    }

    TotalValues as "totals" {
        "totalCalories" => total_kcal: f64,
        "activeCalories" => active_kcal: f64,
        "restingCalories" => resting_kcal: f64,
        "totalSteps" => steps: i64,
    }

    /// One metric over up to a year.
    WellnessMetrics as "wellness statistics" {
        "allMetrics" => all: AllMetrics,
    }

    AllMetrics as "metrics" {
        "metricsMap" => map: MetricsMap,
    }

    MetricsMap as "metrics by name" {
        "WELLNESS_RESTING_HEART_RATE" => resting_heart_rate: Vec<MetricDay>,
        "WELLNESS_ACTIVE_CALORIES" => active_kcal: Vec<MetricDay>,
        "WELLNESS_BMR_CALORIES" => resting_kcal: Vec<MetricDay>,
    }

    MetricDay as "a metric of a day" {
        "calendarDate" => date: Date,
        "value" => value: f64,
    }

    SleepStats as "sleep statistics" {
        "individualStats" => nights: Vec<SleepStatsNight>,
    }

    /// One night, filed under the day of waking up.
    SleepStatsNight as "a night" {
        "calendarDate" => date: Date,
        "values" => values: SleepStatsValues,
    }

    SleepStatsValues as "figures of a night" {
        "sleepScore" => score: i64,
        "sleepScoreQuality" => qualifier: String,
        "totalSleepTimeInSeconds" => asleep_s: i64,
        "deepTime" => deep_s: i64,
        "lightTime" => light_s: i64,
        "remTime" => rem_s: i64,
        "awakeTime" => awake_s: i64,
        /// Minutes.
        "sleepNeed" => need_min: i64,
        "gmtSleepStartTimeInMillis" => start: Timestamp,
        "gmtSleepEndTimeInMillis" => end: Timestamp,
        /// The wall clock.
        "localSleepStartTimeInMillis" => start_local: DateTime,
        "localSleepEndTimeInMillis" => end_local: DateTime,
        "avgHeartRate" => average_heart_rate: f64,
        "restingHeartRate" => resting_heart_rate: i64,
        "bodyBatteryChange" => body_battery_change: i64,
        "respiration" => respiration: f64,
        "spO2" => spo2: f64,
        "skinTempC" => skin_temperature_deviation_c: f64,
        "avgOvernightHrv" => hrv_ms: f64,
        "hrvStatus" => hrv_status: String,
    }

    IntakeSummaries as "energy taken in" {
        "dailyNutritionSummaries" => days: Vec<IntakeDay>,
    }

    /// What was eaten on one day, as far as it was written down.
    IntakeDay as "energy taken in on a day" {
        "mealDate" | "calendarDate" | "date" => date: Date,
        "dailyNutritionContent" | "nutritionContent" => content: IntakeContent,
        "calories" | "consumedCalories" => calories: f64,
        "mealDetails" => meals: Vec<IntakeMeal>,
    }

    IntakeContent as "nutrients of a day" {
        "calories" => calories: f64,
    }

    IntakeMeal as "a meal" {
        "loggedFoods" => foods: Vec<IntakeFood>,
    }

    /// Only counted.
    IntakeFood as "a food" {
        "logId" => id: String,
    }

    /// Seven days, dated by the first.
    WeekOfSteps as "steps of weeks" {
        "calendarDate" => start: Date,
        "values" => values: WeekOfStepsValues,
    }

    WeekOfStepsValues as "steps of a week" {
        "totalSteps" => total: f64,
        "averageSteps" => average: f64,
        "totalDistance" => total_distance_m: f64,
        "averageDistance" => average_distance_m: f64,
        "wellnessDataDaysCount" => days_with_data: i64,
    }

    /// Seven days, dated by the first; −1 and −2: not measurable.
    WeekOfStress as "stress of weeks" {
        "calendarDate" => start: Date,
        "value" => level: i64,
    }
}

impl IntakeDay {
    /// Kilocalories; none where nothing was written down.
    #[must_use]
    pub fn kcal(&self) -> Option<f64> {
        self.content.as_ref().and_then(|content| content.calories).or(self.calories)
    }

    /// How many things were written down, where Garmin tells.
    #[must_use]
    pub fn items(&self) -> Option<usize> {
        let meals = self.meals.as_ref()?.iter();
        Some(meals.map(|meal| meal.foods.as_ref().map_or(0, Vec::len)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn a_metric_is_found_by_its_name() {
        let body = br#"{"userProfileId":1,"allMetrics":{"metricsMap":{
            "WELLNESS_RESTING_HEART_RATE":[{"value":52.0,"calendarDate":"2026-05-01"},
                {"value":null,"calendarDate":"2026-05-02"}]}},"groupedMetrics":null}"#;
        let stats: WellnessMetrics = decode(body).unwrap().unwrap();
        let days = stats.all.unwrap().map.unwrap().resting_heart_rate.unwrap();
        let values: Vec<_> = days.iter().map(|day| day.value).collect();
        assert_eq!(values, [Some(52.0), None]);
    }

    #[test]
    fn rows_are_flat_or_have_their_values_below() {
        let steps: Vec<StepsDay> = decode(
            br#"[{"calendarDate":"2026-05-01","totalSteps":0,"totalDistance":0,"stepGoal":8000}]"#,
        )
        .unwrap()
        .unwrap();
        assert_eq!((steps[0].steps, steps[0].distance_m), (Some(0), Some(0.0)));
        let night: SleepStats = decode(
            br#"{"overallStats":{"averageSleepScore":81.0},"individualStats":[{"calendarDate":
                "2026-05-01","values":{"sleepScore":84.0,"deepTime":0,"spO2":"96"}}]}"#,
        )
        .unwrap()
        .unwrap();
        let values = night.nights.unwrap().remove(0).values.unwrap();
        assert_eq!((values.score, values.deep_s, values.spo2), (Some(84), Some(0), Some(96.0)));
    }
}

//! One day of the body: totals, heart rate, stress, Body Battery, blood oxygen, steps.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::model;
use super::series::{self, Cell, Descriptor, Sample};

model! {
    /// The totals of one day. Seconds, metres, kilocalories, beats per minute, percent.
    DailySummary as "daily summary" refused by privacy_protected {
        "calendarDate" => date: Date,
        /// `false`: nothing was recorded that day.
        "includesWellnessData" => includes_wellness_data: bool,
        /// `true`: the token is not authorised for wellness data.
        "privacyProtected" => privacy_protected: bool,
        "totalKilocalories" => total_kilocalories: f64,
        "activeKilocalories" => active_kilocalories: f64,
        "bmrKilocalories" => bmr_kilocalories: f64,
        "totalSteps" => steps: i64,
        "dailyStepGoal" => step_goal: i64,
        /// Rides included.
        "totalDistanceMeters" => distance_m: f64,
        /// On foot.
        "wellnessDistanceMeters" => wellness_distance_m: f64,
        "highlyActiveSeconds" => highly_active_s: i64,
        "activeSeconds" => active_s: i64,
        "sedentarySeconds" => sedentary_s: i64,
        "sleepingSeconds" => sleeping_s: i64,
        "moderateIntensityMinutes" => moderate_intensity_min: i64,
        "vigorousIntensityMinutes" => vigorous_intensity_min: i64,
        /// Per week.
        "intensityMinutesGoal" => intensity_goal_min: i64,
        "floorsAscended" => floors_ascended: f64,
        "floorsDescended" => floors_descended: f64,
        "userFloorsAscendedGoal" => floors_goal: i64,
        "minHeartRate" => min_heart_rate: i64,
        "maxHeartRate" => max_heart_rate: i64,
        "restingHeartRate" => resting_heart_rate: i64,
        "lastSevenDaysAvgRestingHeartRate" => seven_day_resting_heart_rate: i64,
        /// −1 and −2: not measurable.
        "averageStressLevel" => average_stress: i64,
        "maxStressLevel" => max_stress: i64,
        "stressQualifier" => stress_qualifier: String,
        "bodyBatteryChargedValue" => body_battery_charged: i64,
        "bodyBatteryDrainedValue" => body_battery_drained: i64,
        "bodyBatteryHighestValue" => body_battery_highest: i64,
        "bodyBatteryLowestValue" => body_battery_lowest: i64,
        "bodyBatteryMostRecentValue" => body_battery_latest: i64,
        "bodyBatteryAtWakeTime" => body_battery_at_wake: i64,
        "averageSpo2" => average_spo2: f64,
        "lowestSpo2" => lowest_spo2: f64,
        "consumedKilocalories" => consumed_kilocalories: f64,
        "avgWakingRespirationValue" => waking_respiration: f64,
        "highestRespirationValue" => highest_respiration: f64,
        "lowestRespirationValue" => lowest_respiration: f64,
        "lastSyncTimestampGMT" => last_sync: Timestamp,
        "wellnessStartTimeLocal" => start_local: DateTime,
        "wellnessEndTimeLocal" => end_local: DateTime,
    }

    /// Two-minute heart rate of one day.
    HeartRates as "heart rates" {
        "calendarDate" => date: Date,
        "maxHeartRate" => max: i64,
        "minHeartRate" => min: i64,
        "restingHeartRate" => resting: i64,
        "lastSevenDaysAvgRestingHeartRate" => seven_day_resting: i64,
        "heartRateValueDescriptors" => descriptors: Vec<Descriptor>,
        "heartRateValues" => rows: Vec<Vec<Cell>>,
    }

    /// Three-minute stress and Body Battery of one day.
    Stress as "stress" {
        "calendarDate" => date: Date,
        "maxStressLevel" => max: i64,
        "avgStressLevel" => average: i64,
        "stressValueDescriptorsDTOList" => stress_descriptors: Vec<Descriptor>,
        "stressValuesArray" => stress_rows: Vec<Vec<Cell>>,
        "bodyBatteryValueDescriptorsDTOList" => body_battery_descriptors: Vec<Descriptor>,
        "bodyBatteryValuesArray" => body_battery_rows: Vec<Vec<Cell>>,
    }

    /// Charge and drain of one day, with the few points Garmin's report shows.
    BodyBatteryDay as "Body Battery" {
        "date" | "calendarDate" => date: Date,
        "charged" => charged: i64,
        "drained" => drained: i64,
        "bodyBatteryValueDescriptorDTOList" => descriptors: Vec<Descriptor>,
        "bodyBatteryValuesArray" => rows: Vec<Vec<Cell>>,
        "bodyBatteryDynamicFeedbackEvent" => feedback: BodyBatteryFeedback,
        "endOfDayBodyBatteryDynamicFeedbackEvent" => end_of_day_feedback: BodyBatteryFeedback,
        "bodyBatteryActivityEvent" => events: Vec<BodyBatteryEvent>,
    }

    BodyBatteryFeedback as "Body Battery feedback" {
        "eventTimestampGmt" => at: Timestamp,
        "bodyBatteryLevel" => level: String,
        "feedbackShortType" => short: String,
    }

    /// What charged or drained.
    BodyBatteryEvent as "Body Battery event" {
        "eventType" => kind: String,
        "eventStartTimeGmt" => start: Timestamp,
        "timezoneOffset" => offset_ms: i64,
        "durationInMilliseconds" => duration_ms: i64,
        "bodyBatteryImpact" => impact: i64,
        "feedbackType" => feedback: String,
        "shortFeedback" => short_feedback: String,
        "activityName" => activity_name: String,
        "activityType" => activity_type: String,
        "activityId" => activity_id: i64,
    }

    /// Blood oxygen of one day, percent.
    Spo2 as "blood oxygen" {
        "calendarDate" => date: Date,
        "averageSpO2" => average: f64,
        "lowestSpO2" => lowest: f64,
        "lastSevenDaysAvgSpO2" => seven_day_average: f64,
        "latestSpO2" => latest: f64,
        "latestSpO2TimestampGMT" => latest_at: Timestamp,
        "avgSleepSpO2" => sleep_average: f64,
        "spO2HourlyAverages" => hourly_rows: Vec<Vec<Cell>>,
    }

    /// Breathing of one day, breaths per minute.
    Respiration as "respiration" {
        "calendarDate" => date: Date,
        "lowestRespirationValue" => lowest: f64,
        "highestRespirationValue" => highest: f64,
        "avgWakingRespirationValue" => waking_average: f64,
        "avgSleepRespirationValue" => sleep_average: f64,
        "respirationValueDescriptorsDTOList" => descriptors: Vec<Descriptor>,
        "respirationValuesArray" => rows: Vec<Vec<Cell>>,
    }

    /// Floors of one day in quarters of an hour.
    Floors as "floors" {
        "floorsValueDescriptorDTOList" => descriptors: Vec<Descriptor>,
        "floorValuesArray" => rows: Vec<Vec<Cell>>,
    }

    /// Intensity minutes of one day and of its week up to then; totals count vigorous ones twice.
    Intensity as "intensity minutes of a day" {
        "calendarDate" => date: Date,
        "moderateMinutes" => moderate_min: i64,
        "vigorousMinutes" => vigorous_min: i64,
        "weeklyModerate" => week_moderate_min: i64,
        "weeklyVigorous" => week_vigorous_min: i64,
        "weeklyTotal" => week_total_min: i64,
        "weekGoal" => week_goal_min: i64,
        "dayOfGoalMet" => goal_met_on: String,
        "startDayMinutes" => before_day_min: i64,
        "endDayMinutes" => after_day_min: i64,
        "imValueDescriptorsDTOList" => descriptors: Vec<Descriptor>,
        "imValuesArray" => rows: Vec<Vec<Cell>>,
    }

    /// What charged or drained, with what was measured meanwhile.
    BodyBatteryHappening as "Body Battery events" {
        "event" => event: BodyBatteryEvent,
        "activityName" => activity_name: String,
        "activityType" => activity_type: String,
        "activityId" => activity_id: i64,
        "averageStress" => average_stress: f64,
    }

    /// Something the watch noticed by itself.
    DayEvent as "events of a day" {
        "calendarDate" => date: Date,
        "activityType" => kind: String,
        "activitySubType" => sub_kind: String,
        "duration" => duration_min: f64,
        "startTimestampGMT" => start: Timestamp,
        "endTimestampGMT" => end: Timestamp,
        "startTimestampLocal" => start_local: DateTime,
        "endTimestampLocal" => end_local: DateTime,
        "moderateIntensityMinutes" => moderate_min: i64,
        "vigorousIntensityMinutes" => vigorous_min: i64,
    }

    /// Two minutes of sitting still with the finger on the watch.
    HealthSnapshot as "health snapshots" {
        "calendarDate" => date: Date,
        "activityName" => name: String,
        "notes" => notes: String,
        "startTimestampGMT" => start: Timestamp,
        "endTimestampGMT" => end: Timestamp,
        "startTimestampLocal" => start_local: DateTime,
        "endTimestampLocal" => end_local: DateTime,
        "summaryTypeDataList" => summaries: Vec<SnapshotSummary>,
    }

    SnapshotSummary as "a figure of a snapshot" {
        /// `HEART_RATE`, `RESPIRATION`, `STRESS`, `SPO2`, `RMSSD_HRV`, `SDRR_HRV`.
        "summaryType" => kind: String,
        "minValue" => lowest: f64,
        "avgValue" => average: f64,
        "maxValue" => highest: f64,
    }

    /// A quarter of an hour on foot.
    StepBucket as "steps of a day" {
        "startGMT" => start: Timestamp,
        "endGMT" => end: Timestamp,
        "steps" => steps: i64,
        "primaryActivityLevel" => level: String,
    }
}

impl DailySummary {
    /// Whether the watch was worn: Garmin answers for every day, worn or not.
    #[must_use]
    pub fn has_data(&self) -> bool {
        self.includes_wellness_data != Some(false)
            && (self.total_kilocalories.is_some() || self.steps.is_some())
    }
}

impl HeartRates {
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let descriptors = self.descriptors.as_ref();
        series::samples(
            self.rows.as_ref(),
            series::column(descriptors, "timestamp", 0),
            series::column(descriptors, "heartrate", 1),
        )
    }
}

impl Stress {
    /// Stress levels; `None` where the watch was off or the wearer moved too much.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let descriptors = self.stress_descriptors.as_ref();
        series::samples(
            self.stress_rows.as_ref(),
            series::column(descriptors, "timestamp", 0),
            series::column(descriptors, "stressLevel", 1),
        )
    }

    /// The full Body Battery curve of the day.
    #[must_use]
    pub fn body_battery(&self) -> Vec<BodyBatteryPoint> {
        let descriptors = self.body_battery_descriptors.as_ref();
        points(
            self.body_battery_rows.as_ref(),
            series::column(descriptors, "timestamp", 0),
            series::column(descriptors, "bodyBatteryLevel", 2),
            series::column(descriptors, "bodyBatteryStatus", 1),
        )
    }
}

impl BodyBatteryDay {
    #[must_use]
    pub fn points(&self) -> Vec<BodyBatteryPoint> {
        let descriptors = self.descriptors.as_ref();
        points(
            self.rows.as_ref(),
            series::column(descriptors, "timestamp", 0),
            series::column(descriptors, "bodyBatteryLevel", 1),
            None,
        )
    }
}

impl Respiration {
    /// Breaths per minute; `None` where the watch could not tell.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let descriptors = self.descriptors.as_ref();
        let mut samples = series::samples(
            self.rows.as_ref(),
            series::column(descriptors, "timestamp", 0),
            series::column(descriptors, "respiration", 1),
        );
        // Nobody breathes not at all.
        for sample in &mut samples {
            sample.value = sample.value.filter(|value| *value > 0.0);
        }
        samples
    }
}

/// A quarter of an hour on stairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FloorBucket {
    pub start: Timestamp,
    pub ascended: f64,
    pub descended: f64,
}

impl Floors {
    #[must_use]
    pub fn buckets(&self) -> Vec<FloorBucket> {
        let column = |key, at| series::column(self.descriptors.as_ref(), key, at);
        let start = column("startTimeGMT", 0);
        let (up, down) = (column("floorsAscended", 2), column("floorsDescended", 3));
        let rows = self.rows.iter().flatten();
        let mut buckets: Vec<FloorBucket> = rows
            .filter_map(|row| {
                let floors = |at: Option<usize>| {
                    let floors = row.get(at?).and_then(Cell::number);
                    floors.filter(|floors| *floors >= 0.0)
                };
                Some(FloorBucket {
                    start: series::moment(row.get(start?))?,
                    ascended: floors(up).unwrap_or_default(),
                    descended: floors(down).unwrap_or_default(),
                })
            })
            .collect();
        buckets.sort_by_key(|bucket| bucket.start);
        buckets
    }
}

impl Intensity {
    /// Minutes by the moment they were credited.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let descriptors = self.descriptors.as_ref();
        series::samples(
            self.rows.as_ref(),
            series::column(descriptors, "timestamp", 0),
            series::column(descriptors, "value", 1),
        )
    }
}

impl Spo2 {
    #[must_use]
    pub fn hourly(&self) -> Vec<Sample> {
        series::samples(self.hourly_rows.as_ref(), Some(0), Some(1))
    }
}

/// One point of the Body Battery curve.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyBatteryPoint {
    pub at: Timestamp,
    /// 0 to 100.
    pub level: i64,
    /// `MEASURED`, `ADJUSTED`, `RESET`, …, where the endpoint says so.
    pub status: Option<String>,
}

fn points(
    rows: Option<&Vec<Vec<Cell>>>,
    time: Option<usize>,
    level: Option<usize>,
    status: Option<usize>,
) -> Vec<BodyBatteryPoint> {
    let (Some(rows), Some(time), Some(level)) = (rows, time, level) else { return Vec::new() };
    let mut points: Vec<BodyBatteryPoint> = rows
        .iter()
        .filter_map(|row| {
            let value = row.get(level)?.number().filter(|value| (0.0..=100.0).contains(value))?;
            #[expect(clippy::cast_possible_truncation, reason = "between 0 and 100")]
            let level = value.round() as i64;
            let status = status.and_then(|at| row.get(at)).and_then(Cell::text).map(String::from);
            Some(BodyBatteryPoint { at: series::moment(row.get(time))?, level, status })
        })
        .collect();
    points.sort_by_key(|point| point.at);
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn heart_rates_are_read_through_their_descriptors() {
        let body = br#"{"calendarDate":"2026-05-01","maxHeartRate":161,
            "heartRateValueDescriptors":[{"index":1,"key":"timestamp"},{"index":0,"key":"heartrate"}],
            "heartRateValues":[[null,1777586520000],[55,1777586400000]]}"#;
        let rates: HeartRates = decode(body).unwrap().unwrap();
        let samples = rates.samples();
        assert_eq!(samples[0].at.to_string(), "2026-04-30T22:00:00Z");
        assert_eq!(samples[0].value, Some(55.0));
        assert_eq!(samples[1].value, None);
    }

    #[test]
    fn stress_codes_are_no_levels_and_the_battery_curve_keeps_its_status() {
        let body = br#"{"stressValueDescriptorsDTOList":null,
            "stressValuesArray":[[1777586400000,18],[1777586580000,-1],[1777586760000,-2]],
            "bodyBatteryValueDescriptorsDTOList":[
              {"bodyBatteryValueDescriptorIndex":0,"bodyBatteryValueDescriptorKey":"timestamp"},
              {"bodyBatteryValueDescriptorIndex":1,"bodyBatteryValueDescriptorKey":"bodyBatteryStatus"},
              {"bodyBatteryValueDescriptorIndex":2,"bodyBatteryValueDescriptorKey":"bodyBatteryLevel"}],
            "bodyBatteryValuesArray":[[1777586400000,"MEASURED",30,3.0],[1,"RESET",null,3.0]]}"#;
        let stress: Stress = decode(body).unwrap().unwrap();
        let values: Vec<_> = stress.samples().iter().map(|sample| sample.value).collect();
        assert_eq!(values, [Some(18.0), None, None]);
        let battery = stress.body_battery();
        assert_eq!(battery.len(), 1);
        assert_eq!((battery[0].level, battery[0].status.as_deref()), (30, Some("MEASURED")));
    }

    #[test]
    fn a_day_of_nulls_is_no_data() {
        let body =
            br#"{"calendarDate":null,"heartRateValues":null,"heartRateValueDescriptors":null}"#;
        assert_eq!(decode::<HeartRates>(body).unwrap(), None);
        let worn: DailySummary =
            decode(br#"{"includesWellnessData":false,"totalSteps":null}"#).unwrap().unwrap();
        assert!(!worn.has_data());
    }

    #[test]
    fn floors_are_rows_of_text_and_breaths_have_codes() {
        let floors: Floors = decode(
            br#"{"floorsValueDescriptorDTOList":[{"index":0,"key":"startTimeGMT"},
                {"index":1,"key":"endTimeGMT"},{"index":3,"key":"floorsAscended"},
                {"index":2,"key":"floorsDescended"}],"floorValuesArray":
                [["2026-05-01T06:15:00.0","2026-05-01T06:30:00.0",2,0],
                 ["2026-05-01T06:00:00.0","2026-05-01T06:15:00.0",0,1]]}"#,
        )
        .unwrap()
        .unwrap();
        let floors: Vec<_> =
            floors.buckets().iter().map(|it| (it.ascended, it.descended)).collect();
        assert_eq!(floors, [(1.0, 0.0), (0.0, 2.0)]);
        let breaths: Respiration = decode(
            br#"{"respirationValuesArray":[[1777586520000,13.0],[1777586640000,-1.0],
                [1777586760000,0]]}"#,
        )
        .unwrap()
        .unwrap();
        let values: Vec<_> = breaths.samples().iter().map(|sample| sample.value).collect();
        assert_eq!(values, [Some(13.0), None, None]);
    }

    #[test]
    fn a_seven_day_average_may_be_a_string() {
        let spo2: Spo2 =
            decode(br#"{"lastSevenDaysAvgSpO2":"95.7","spO2HourlyAverages":[[1777586400000,96]]}"#)
                .unwrap()
                .unwrap();
        assert_eq!(spo2.seven_day_average, Some(95.7));
        assert_eq!(spo2.hourly()[0].value, Some(96.0));
    }
}

//! Nights: sleep and heart rate variability.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::model;

model! {
    /// One night, filed under the day of waking up.
    Night as "sleep" {
        "dailySleepDTO" => sleep: NightDto,
        "sleepLevels" => levels: Vec<SleepLevel>,
        "restlessMomentsCount" => restless_moments: i64,
        "avgOvernightHrv" => overnight_hrv_ms: f64,
        "hrvStatus" => hrv_status: String,
        "bodyBatteryChange" => body_battery_change: i64,
        "restingHeartRate" => resting_heart_rate: i64,
        "avgSkinTempDeviationC" => skin_temperature_deviation_c: f64,
        "wellnessSpO2SleepSummaryDTO" => spo2_summary: NightSpo2,
        /// One value a minute.
        "sleepMovement" => movement: Vec<NightMovement>,
        "sleepHeartRate" => heart_rate: Vec<NightValue>,
        "sleepStress" => stress: Vec<NightValue>,
        "sleepBodyBattery" => body_battery: Vec<NightValue>,
        "hrvData" => hrv: Vec<NightValue>,
        "wellnessEpochSPO2DataDTOList" => spo2: Vec<NightValue>,
        "wellnessEpochRespirationDataDTOList" => respiration: Vec<NightValue>,
    }

    /// Percent.
    NightSpo2 as "blood oxygen of a night" {
        "averageSPO2" | "averageSpo2" | "averageSpO2" => average: f64,
        "lowestSPO2" | "lowestSpo2" | "lowestSpO2" => lowest: f64,
    }

    NightMovement as "movement in sleep" {
        "startGMT" => at: Timestamp,
        "activityLevel" => level: f64,
    }

    /// A value at a moment of the night; negative ones are codes for "not measurable".
    NightValue as "a value of the night" {
        "startGMT" | "startTimeGMT" | "epochTimestamp" => at: Timestamp,
        "value" | "spo2Reading" | "respirationValue" => value: f64,
    }

    /// A sleep beside the night's.
    Nap as "a nap" {
        "napTimeSec" => seconds: i64,
        "napStartTimestampGMT" => start: Timestamp,
        "napEndTimestampGMT" => end: Timestamp,
        "napFeedback" => feedback: String,
    }

    /// The summary of a night. `id` is null when there was none.
    NightDto as "sleep summary" {
        "id" => id: i64,
        "calendarDate" => date: Date,
        "sleepTimeSeconds" => asleep_s: i64,
        "napTimeSeconds" => nap_s: i64,
        "deepSleepSeconds" => deep_s: i64,
        "lightSleepSeconds" => light_s: i64,
        "remSleepSeconds" => rem_s: i64,
        "awakeSleepSeconds" => awake_s: i64,
        "awakeCount" => awake_count: i64,
        "sleepStartTimestampGMT" => start: Timestamp,
        "sleepEndTimestampGMT" => end: Timestamp,
        /// The wall clock; in China it has been seen shifted, so prefer the instant.
        "sleepStartTimestampLocal" => start_local: DateTime,
        "sleepEndTimestampLocal" => end_local: DateTime,
        "averageSpO2Value" => average_spo2: f64,
        "lowestSpO2Value" => lowest_spo2: f64,
        "averageRespirationValue" => average_respiration: f64,
        "lowestRespirationValue" => lowest_respiration: f64,
        "highestRespirationValue" => highest_respiration: f64,
        "avgSleepStress" => average_stress: f64,
        "avgHeartRate" => average_heart_rate: f64,
        "sleepScoreFeedback" => feedback: String,
        "sleepScores" => scores: SleepScores,
        "sleepNeed" => need: SleepNeed,
        "dailyNapDTOS" => naps: Vec<Nap>,
    }

    SleepScores as "sleep scores" {
        "overall" => overall: SleepScore,
        "totalDuration" => duration: SleepScore,
        "stress" => stress: SleepScore,
        "awakeCount" => awake_count: SleepScore,
        "remPercentage" => rem: SleepScore,
        "lightPercentage" => light: SleepScore,
        "deepPercentage" => deep: SleepScore,
        "restlessness" => restlessness: SleepScore,
    }

    SleepScore as "sleep score" {
        "value" => value: i64,
        "qualifierKey" => qualifier: String,
    }

    /// Minutes.
    SleepNeed as "sleep need" {
        "actual" => actual_min: i64,
        "feedback" => feedback: String,
    }

    /// A stretch of one stage: 0 deep, 1 light, 2 REM, 3 awake.
    SleepLevel as "sleep stage" {
        "startGMT" => start: Timestamp,
        "endGMT" => end: Timestamp,
        "activityLevel" => level: f64,
    }

    /// Heart rate variability of one night, milliseconds.
    Hrv as "heart rate variability" {
        "hrvSummary" => summary: HrvSummary,
        "hrvReadings" => readings: Vec<HrvReading>,
        "sleepStartTimestampGMT" => sleep_start: Timestamp,
        "sleepEndTimestampGMT" => sleep_end: Timestamp,
        "sleepStartTimestampLocal" => sleep_start_local: DateTime,
        "sleepEndTimestampLocal" => sleep_end_local: DateTime,
    }

    HrvRange as "heart rate variability by day" {
        "hrvSummaries" => days: Vec<HrvSummary>,
    }

    HrvSummary as "heart rate variability summary" {
        "calendarDate" => date: Date,
        "weeklyAvg" => weekly_average_ms: i64,
        "lastNightAvg" => last_night_average_ms: i64,
        "lastNight5MinHigh" => last_night_five_minute_high_ms: i64,
        "baseline" => baseline: HrvBaseline,
        /// `BALANCED`, `UNBALANCED`, `LOW`, `POOR`, or `NONE` without a baseline.
        "status" => status: String,
        "feedbackPhrase" => feedback: String,
    }

    HrvBaseline as "heart rate variability baseline" {
        "lowUpper" => low_upper_ms: i64,
        "balancedLow" => balanced_low_ms: i64,
        "balancedUpper" => balanced_upper_ms: i64,
    }

    HrvReading as "heart rate variability reading" {
        "hrvValue" => value_ms: i64,
        "readingTimeGMT" => at: Timestamp,
    }
}

impl Night {
    /// Whether there was a night: Garmin answers 200 with a sparse object when there was none.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.sleep.as_ref().is_some_and(|sleep| sleep.id.is_some() && sleep.asleep_s.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn a_night_is_read_with_instants_and_wall_clock_apart() {
        let body = br#"{"dailySleepDTO":{"id":1777600000000,"sleepTimeSeconds":27000,
            "sleepStartTimestampGMT":1777583400000,"sleepStartTimestampLocal":1777590600000,
            "sleepScores":{"overall":{"value":84,"qualifierKey":"GOOD"}}},
            "sleepLevels":[{"startGMT":"2026-04-30T21:10:00.0","endGMT":"2026-04-30T21:27:00.0","activityLevel":1.0}],
            "hrvData":[{"value":52.0,"startGMT":1777583700000}]}"#;
        let night: Night = decode(body).unwrap().unwrap();
        assert!(night.is_recorded());
        let sleep = night.sleep.unwrap();
        assert_eq!(sleep.start.unwrap().to_string(), "2026-04-30T21:10:00Z");
        assert_eq!(sleep.start_local.unwrap().to_string(), "2026-04-30T23:10:00");
        assert_eq!(sleep.scores.unwrap().overall.unwrap().value, Some(84));
        assert_eq!(night.levels.unwrap()[0].level, Some(1.0));
    }

    #[test]
    fn a_sparse_answer_is_no_night() {
        let body = br#"{"dailySleepDTO":{"id":null,"sleepTimeSeconds":null,
            "sleepNeed":{"baseline":470}},"sleepMovement":null,"sleepLevels":[]}"#;
        let night: Night = decode(body).unwrap().unwrap();
        assert!(!night.is_recorded());
    }
}

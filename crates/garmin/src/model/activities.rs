//! Activities: list items, the whole activity, its curve and its laps.

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::series::Cell;
use super::{SplitSummary, model};

model! {
    /// An item of the list. Keys Garmin did not measure are absent.
    ActivitySummary as "activities" {
        "activityId" => id: i64,
        "activityName" => name: String,
        "startTimeLocal" => start_local: DateTime,
        "startTimeGMT" => start: Timestamp,
        "activityType" => kind: ActivityType,
        "eventType" => event: EventType,
        "distance" => distance_m: f64,
        "duration" => duration_s: f64,
        "movingDuration" => moving_s: f64,
        "elapsedDuration" => elapsed_s: f64,
        "elevationGain" => elevation_gain_m: f64,
        "elevationLoss" => elevation_loss_m: f64,
        "averageSpeed" => average_speed_mps: f64,
        "maxSpeed" => max_speed_mps: f64,
        "calories" => calories: f64,
        "averageHR" => average_heart_rate: f64,
        "maxHR" => max_heart_rate: f64,
        "steps" => steps: i64,
        "averageRunningCadenceInStepsPerMinute" => running_cadence_spm: f64,
        "averageBikingCadenceInRevPerMinute" => biking_cadence_rpm: f64,
        "averageSwimCadenceInStrokesPerMinute" => swim_cadence_spm: f64,
        "avgPower" => average_power_w: f64,
        "normPower" => normalized_power_w: f64,
        "aerobicTrainingEffect" => aerobic_training_effect: f64,
        "anaerobicTrainingEffect" => anaerobic_training_effect: f64,
        "trainingEffectLabel" => training_effect_label: String,
        "activityTrainingLoad" => training_load: f64,
        "moderateIntensityMinutes" => moderate_intensity_min: i64,
        "vigorousIntensityMinutes" => vigorous_intensity_min: i64,
        "differenceBodyBattery" => body_battery_difference: i64,
        "locationName" => location: String,
        "lapCount" => laps: i64,
        "pr" => personal_record: bool,
        "ownerDisplayName" => owner: String,
        /// The multisport activity it is a leg of.
        "parentId" => parent: i64,
        "parent" | "isParent" => has_legs: bool,
        "startLatitude" => start_latitude: f64,
        "startLongitude" => start_longitude: f64,
        "avgGradeAdjustedSpeed" => grade_adjusted_speed_mps: f64,
        "max20MinPower" => best_20min_power_w: f64,
        "hrTimeInZone_1" => heart_zone_1_s: f64,
        "hrTimeInZone_2" => heart_zone_2_s: f64,
        "hrTimeInZone_3" => heart_zone_3_s: f64,
        "hrTimeInZone_4" => heart_zone_4_s: f64,
        "hrTimeInZone_5" => heart_zone_5_s: f64,
        "powerTimeInZone_1" => power_zone_1_s: f64,
        "powerTimeInZone_2" => power_zone_2_s: f64,
        "powerTimeInZone_3" => power_zone_3_s: f64,
        "powerTimeInZone_4" => power_zone_4_s: f64,
        "powerTimeInZone_5" => power_zone_5_s: f64,
        "powerTimeInZone_6" => power_zone_6_s: f64,
        "powerTimeInZone_7" => power_zone_7_s: f64,
        "directWorkoutRpe" => perceived_exertion_tenfold: f64,
    }

    ActivityType as "activity type" {
        "typeId" => id: i64,
        "typeKey" => key: String,
        "parentTypeId" => parent_id: i64,
    }

    EventType as "event type" {
        "typeId" => id: i64,
        "typeKey" => key: String,
    }

    /// One activity in full.
    Activity as "activity" {
        "activityId" => id: i64,
        "activityName" => name: String,
        "description" => description: String,
        "activityTypeDTO" => kind: ActivityType,
        "eventTypeDTO" => event: EventType,
        "accessControlRuleDTO" => visibility: EventType,
        "timeZoneUnitDTO" => zone: TimeZoneUnit,
        "metadataDTO" => metadata: ActivityMetadata,
        "summaryDTO" => totals: ActivityTotals,
        "locationName" => location: String,
        "isMultiSportParent" => has_legs: bool,
        "splitSummaries" => split_summaries: Vec<SplitSummary>,
    }

    TimeZoneUnit as "activity zone" {
        "unitKey" => key: String,
        "timeZone" => name: String,
    }

    ActivityMetadata as "activity metadata" {
        "lapCount" => laps: i64,
        "hasSplits" => has_splits: bool,
        "manufacturer" => manufacturer: String,
        "associatedWorkoutId" => workout_id: i64,
        "childIds" => children: Vec<i64>,
        "childActivityTypes" => child_types: Vec<String>,
        /// Of a leg: the whole.
        "parentId" | "parentActivityId" => parent: i64,
        "associatedCourseId" => course_id: i64,
        "manualActivity" => is_manual: bool,
        "favorite" => favorite: bool,
        "deviceMetaDataDTO" => device: ActivityDevice,
        "personalRecord" => personal_record: bool,
        "uploadedDate" => uploaded_at: Timestamp,
    }

    ActivityDevice as "activity device" {
        "deviceId" => id: i64,
    }

    /// Metres, seconds, metres per second, watts; centimetres for the stride and the
    /// oscillation, milliseconds on the ground.
    ActivityTotals as "activity totals" {
        "startTimeLocal" => start_local: DateTime,
        "startTimeGMT" => start: Timestamp,
        "distance" => distance_m: f64,
        "duration" => duration_s: f64,
        "movingDuration" => moving_s: f64,
        "elapsedDuration" => elapsed_s: f64,
        "elevationGain" => elevation_gain_m: f64,
        "elevationLoss" => elevation_loss_m: f64,
        "maxElevation" => max_elevation_m: f64,
        "minElevation" => min_elevation_m: f64,
        "averageSpeed" => average_speed_mps: f64,
        "maxSpeed" => max_speed_mps: f64,
        "avgGradeAdjustedSpeed" => grade_adjusted_speed_mps: f64,
        "calories" => calories: f64,
        "bmrCalories" => bmr_calories: f64,
        "averageHR" => average_heart_rate: f64,
        "maxHR" => max_heart_rate: f64,
        "minHR" => min_heart_rate: f64,
        "recoveryHeartRate" => recovery_heart_rate: f64,
        "averageRunCadence" => run_cadence_spm: f64,
        "maxRunCadence" => max_run_cadence_spm: f64,
        "averageBikeCadence" => bike_cadence_rpm: f64,
        "maxBikeCadence" => max_bike_cadence_rpm: f64,
        "averageSwimCadence" => swim_cadence_spm: f64,
        "averagePower" => average_power_w: f64,
        "maxPower" => max_power_w: f64,
        "normalizedPower" => normalized_power_w: f64,
        "groundContactTime" => ground_contact_ms: f64,
        "strideLength" => stride_length_cm: f64,
        "verticalOscillation" => vertical_oscillation_cm: f64,
        "verticalRatio" => vertical_ratio_pct: f64,
        "trainingEffect" => aerobic_training_effect: f64,
        "anaerobicTrainingEffect" => anaerobic_training_effect: f64,
        "trainingEffectLabel" => training_effect_label: String,
        "activityTrainingLoad" => training_load: f64,
        "recoveryTime" => recovery_time_min: f64,
        "performanceCondition" => performance_condition: i64,
        "trainingStressScore" => training_stress_score: f64,
        "intensityFactor" => intensity_factor: f64,
        /// 0 to 100 in steps of 25.
        "directWorkoutFeel" => feel: i64,
        /// Ten times the perceived exertion.
        "directWorkoutRpe" => perceived_exertion_tenfold: i64,
        "moderateIntensityMinutes" => moderate_intensity_min: i64,
        "vigorousIntensityMinutes" => vigorous_intensity_min: i64,
        "beginPotentialStamina" => stamina_begin_pct: f64,
        "endPotentialStamina" => stamina_end_pct: f64,
        "steps" => steps: i64,
        "differenceBodyBattery" => body_battery_difference: i64,
        "waterEstimated" => water_estimated_ml: f64,
        "averageTemperature" => average_temperature_c: f64,
        "averageSWOLF" => average_swolf: f64,
        "numberOfActiveLengths" => active_lengths: i64,
    }

    /// The curve of an activity, thinned out by Garmin to the points asked for. Values are in
    /// the unit of their channel; Garmin's `factor` is not to be applied.
    ActivityDetails as "activity details" {
        "activityId" => id: i64,
        "metricsCount" => points: i64,
        "metricDescriptors" => descriptors: Vec<MetricDescriptor>,
        /// How many there are; more than `points` where some were left out.
        "totalMetricsCount" => all_points: i64,
        "activityDetailMetrics" => rows: Vec<ActivityDetailsRow>,
        "geoPolylineDTO" => route: Route,
    }

    /// Where an activity went.
    Route as "route" {
        "polyline" => points: Vec<RoutePoint>,
    }

    /// Degrees.
    RoutePoint as "route point" {
        "lat" => latitude: f64,
        "lon" => longitude: f64,
    }

    MetricDescriptor as "activity channel" {
        "metricsIndex" => index: i64,
        "key" => key: String,
    }

    ActivityDetailsRow as "activity point" {
        "metrics" => values: Vec<Cell>,
    }

    /// The laps of an activity.
    ActivitySplits as "laps" {
        "activityId" => id: i64,
        "lapDTOs" => laps: Vec<Lap>,
    }

    /// Units as in [`ActivityTotals`].
    Lap as "lap" {
        "lapIndex" => number: i64,
        "startTimeGMT" => start: Timestamp,
        "distance" => distance_m: f64,
        "duration" => duration_s: f64,
        "movingDuration" => moving_s: f64,
        "elapsedDuration" => elapsed_s: f64,
        "elevationGain" => elevation_gain_m: f64,
        "elevationLoss" => elevation_loss_m: f64,
        "averageSpeed" => average_speed_mps: f64,
        "averageMovingSpeed" => moving_speed_mps: f64,
        "maxSpeed" => max_speed_mps: f64,
        "avgGradeAdjustedSpeed" => grade_adjusted_speed_mps: f64,
        "calories" => calories: f64,
        "bmrCalories" => bmr_calories: f64,
        "averageHR" => average_heart_rate: f64,
        "maxHR" => max_heart_rate: f64,
        "averageRunCadence" => run_cadence_spm: f64,
        "averageBikeCadence" => bike_cadence_rpm: f64,
        "averageSwimCadence" => swim_cadence_spm: f64,
        "averagePower" => average_power_w: f64,
        "maxPower" => max_power_w: f64,
        "normalizedPower" => normalized_power_w: f64,
        "groundContactTime" => ground_contact_ms: f64,
        "strideLength" => stride_length_cm: f64,
        "verticalOscillation" => vertical_oscillation_cm: f64,
        "intensityType" => intensity: String,
        "numberOfActiveLengths" => active_lengths: i64,
        "totalNumberOfStrokes" => strokes: i64,
        "averageStrokes" => strokes_per_length: f64,
        "averageStrokeDistance" => stroke_distance_m: f64,
        "averageSWOLF" => average_swolf: f64,
        "wktStepIndex" => workout_step: i64,
        "lengthDTOs" => lengths: Vec<PoolLength>,
    }

    /// One length of the pool.
    PoolLength as "pool length" {
        "lengthIndex" => number: i64,
        "startTimeGMT" => start: Timestamp,
        "distance" => distance_m: f64,
        "duration" => duration_s: f64,
        "averageSpeed" => average_speed_mps: f64,
        "maxSpeed" => max_speed_mps: f64,
        "calories" => calories: f64,
        "averageHR" => average_heart_rate: f64,
        "maxHR" => max_heart_rate: f64,
        "totalNumberOfStrokes" => strokes: i64,
        "averageSWOLF" => average_swolf: f64,
        "swimStroke" => stroke: String,
    }

    /// Time spent in one heart rate or power zone.
    TimeInZone as "time in zones" {
        "zoneNumber" => zone: i64,
        "secsInZone" => seconds: f64,
        /// Beats per minute or watts.
        "zoneLowBoundary" => low: f64,
    }
}

impl ActivityDetails {
    /// One channel of the curve, a value per point; `None` when the channel was not recorded.
    /// Positions differ between devices, so channels are found by name only.
    #[must_use]
    pub fn channel(&self, key: &str) -> Option<Vec<Option<f64>>> {
        let descriptor =
            self.descriptors.as_ref()?.iter().find(|it| it.key.as_deref() == Some(key))?;
        let index = usize::try_from(descriptor.index?).ok()?;
        let value = |row: &ActivityDetailsRow| row.values.as_ref()?.get(index)?.number();
        Some(self.rows.as_ref()?.iter().map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn a_list_item_has_times_with_a_space_and_absent_keys() {
        let body = br#"[{"activityId":20000000001,"startTimeLocal":"2026-05-01 18:00:00",
            "startTimeGMT":"2026-05-01 16:00:00","activityType":{"typeKey":"running"},
            "calories":520.0,"splitSummaries":[{"noOfSplits":1}]}]"#;
        let list: Vec<ActivitySummary> = decode(body).unwrap().unwrap();
        assert_eq!(list[0].id, Some(20_000_000_001));
        assert_eq!(list[0].start.unwrap().to_string(), "2026-05-01T16:00:00Z");
        assert_eq!(list[0].start_local.unwrap().to_string(), "2026-05-01T18:00:00");
        assert_eq!(list[0].kind.as_ref().unwrap().key.as_deref(), Some("running"));
        assert_eq!(list[0].average_power_w, None);
        assert_eq!(decode::<Vec<ActivitySummary>>(b"[]").unwrap(), None);
        assert_eq!(decode::<Vec<ActivitySummary>>(b"{}").unwrap(), None);
    }

    #[test]
    fn channels_are_found_by_name_and_values_are_not_scaled() {
        let body = br#"{"metricDescriptors":[
              {"metricsIndex":1,"key":"directSpeed","unit":{"key":"mps","factor":0.1}},
              {"metricsIndex":0,"key":"directHeartRate","unit":{"key":"bpm","factor":1.0}}],
            "activityDetailMetrics":[{"metrics":[98.0,2.9]},{"metrics":[null]},{"metrics":null}]}"#;
        let details: ActivityDetails = decode(body).unwrap().unwrap();
        assert_eq!(details.channel("directSpeed").unwrap(), [Some(2.9), None, None]);
        assert_eq!(details.channel("directHeartRate").unwrap(), [Some(98.0), None, None]);
        assert_eq!(details.channel("directPower"), None);
    }
}

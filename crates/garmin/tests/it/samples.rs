//! Every model against a complete answer with Garmin's own field names, so that a misspelt key
//! cannot hide behind "all fields are optional".

use std::fmt::Debug;

use garmin::model::{
    Activity, ActivityDetails, ActivitySplits, ActivityStats, ActivitySummary, BiometricPoint,
    BloodPressureRange, BodyBatteryDay, CyclingFtp, DailySummary, EnduranceScore, FitnessAge, Gear,
    GearStats, GearUse, HeartRateZones, HeartRates, HillScore, Hrv, Hydration, LastUsedWatch,
    LifestyleDay, MaxMetrics, Night, PowerToWeight, ProfileSettings, RacePrediction, SocialProfile,
    Spo2, StepBucket, Stress, ThresholdRow, TimeInZone, TrainingPlans, TrainingReadiness,
    TrainingStatus, UserSettings, Watch, WeighIn, WeightRange,
};
use serde::de::DeserializeOwned;

/// Reads the sample and checks that exactly the fields named are missing from it.
#[track_caller]
fn read<T: DeserializeOwned + Debug>(sample: &str, missing: &[&str]) -> T {
    let model: T = serde_json::from_str(sample).unwrap();
    let printed = format!("{model:#?}");
    let mut absent: Vec<&str> =
        printed.lines().filter_map(|line| line.trim().strip_suffix(": None,")).collect();
    absent.sort_unstable();
    let mut expected = missing.to_vec();
    expected.sort_unstable();
    assert_eq!(absent, expected, "in {}", std::any::type_name::<T>());
    model
}

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("samples/", $name, ".json"))
    };
}

#[test]
fn people() {
    let profile: SocialProfile = read(sample!("social_profile"), &[]);
    assert_eq!(profile.profile_id, Some(11_111_111));
    let settings: UserSettings =
        read(sample!("user_settings"), &["training_status_paused", "vo2_max_cycling"]);
    assert_eq!(settings.data.unwrap().lactate_threshold_speed_tenths, Some(0.3402));
    read::<ProfileSettings>(sample!("profile_settings"), &["heart_rate_format", "power_format"]);
    read::<Vec<HeartRateZones>>(sample!("heart_rate_zones"), &["resting"]);
}

#[test]
fn days() {
    let day: DailySummary = read(sample!("daily_summary"), &["consumed_kilocalories"]);
    assert!(day.has_data());
    assert_eq!(day.floors_ascended, Some(10.3));
    let rates: HeartRates = read(sample!("heart_rates"), &[]);
    let values: Vec<_> = rates.samples().iter().map(|sample| sample.value).collect();
    assert_eq!(values, [Some(55.0), None]);
    let stress: Stress = read(sample!("stress"), &[]);
    let values: Vec<_> = stress.samples().iter().map(|sample| sample.value).collect();
    assert_eq!(values, [Some(18.0), None]);
    assert_eq!(stress.body_battery()[0].level, 30);
    let battery: Vec<BodyBatteryDay> = read(
        sample!("body_battery"),
        &["end_of_day_feedback", "activity_id", "activity_name", "activity_type"],
    );
    assert_eq!(battery[0].points()[1].level, 86);
    let spo2: Spo2 = read(sample!("spo2"), &[]);
    assert_eq!(spo2.hourly()[0].value, Some(96.0));
    read::<Vec<StepBucket>>(sample!("steps"), &[]);
}

#[test]
fn nights_and_readiness() {
    let night: Night = read(sample!("sleep"), &["naps", "value", "value", "value", "value"]);
    assert!(night.is_recorded());
    let hrv: Hrv = read(sample!("hrv"), &[]);
    assert_eq!(hrv.summary.unwrap().last_night_average_ms, Some(55));
    let readiness: Vec<TrainingReadiness> = read(sample!("training_readiness"), &[]);
    assert!(readiness[0].is_morning());
    assert_eq!(readiness[0].recovery_min(), Some(240));
}

#[test]
fn training() {
    let status: TrainingStatus = read(
        sample!("training_status"),
        &["acclimation", "altitude_trend", "cycling", "fitness_age", "weekly_load"],
    );
    assert_eq!(status.status.unwrap().main().unwrap().load.as_ref().unwrap().ratio, Some(1.1));
    let metrics: Vec<MaxMetrics> =
        read(sample!("maxmet_daily"), &["acclimation", "cycling", "fitness_age"]);
    assert!(!metrics[0].is_empty());
    read::<RacePrediction>(sample!("racepredictions_latest"), &[]);
    read::<EnduranceScore>(sample!("endurancescore"), &["group", "type_id"]);
    read::<HillScore>(sample!("hillscore"), &[]);
    read::<Vec<ThresholdRow>>(
        sample!("latestlactatethreshold"),
        &["heart_rate", "heart_rate_cycling", "heart_rate_cycling", "speed_tenth_mps"],
    );
    read::<Vec<PowerToWeight>>(sample!("powertoweight_latest"), &[]);
    read::<Vec<BiometricPoint>>(sample!("stats_range"), &[]);
    read::<CyclingFtp>(sample!("latestftp_cycling"), &[]);
    let age: FitnessAge = serde_json::from_str(sample!("fitnessage")).unwrap();
    assert_eq!(age.components.unwrap().get("bmi").unwrap().target, Some(21.0));
    let sums: Vec<ActivityStats> = read(sample!("fitnessstats_activity"), &[]);
    let running = sums[0].by_group.as_ref().unwrap().get("running").unwrap();
    assert_eq!(running.get("distance").unwrap().sum, Some(1_301_230.0));
    read::<TrainingPlans>(sample!("training_plans"), &["adaptive_phases", "phases", "tasks"]);
}

#[test]
fn body_and_habits() {
    let range: WeightRange = serde_json::from_str(sample!("weight_range")).unwrap();
    assert_eq!(range.weigh_ins()[0].weight_g, Some(61_200.0));
    let latest: WeighIn = read(
        sample!("weight_latest"),
        &["date", "metabolic_age_years", "physique_rating", "visceral_fat_rating"],
    );
    assert_eq!(latest.day(), range.weigh_ins()[0].day());
    let pressure: BloodPressureRange = read(sample!("blood_pressure"), &["notes"]);
    assert_eq!(pressure.days.unwrap()[0].readings.as_ref().unwrap()[0].systolic, Some(121));
    read::<Hydration>(sample!("hydration"), &["average_ml"]);
    let lifestyle: LifestyleDay =
        read(sample!("lifestyle"), &["amount", "amounts", "status", "status"]);
    assert_eq!(lifestyle.log.unwrap().len(), 2);
}

#[test]
fn activities() {
    let list: Vec<ActivitySummary> = read(
        sample!("activities"),
        &[
            "best_20min_power_w",
            "biking_cadence_rpm",
            "parent",
            "perceived_exertion_tenfold",
            "power_zone_3_s",
            "power_zone_4_s",
            "power_zone_5_s",
            "power_zone_6_s",
            "power_zone_7_s",
            "swim_cadence_spm",
        ],
    );
    assert_eq!(list[0].training_load, Some(96.4));
    let activity: Activity = read(
        sample!("activity"),
        &[
            "active_lengths",
            "average_swolf",
            "average_temperature_c",
            "bike_cadence_rpm",
            "course_id",
            "description",
            "intensity_factor",
            "max_bike_cadence_rpm",
            "parent",
            "performance_condition",
            "recovery_time_min",
            "split_summaries",
            "swim_cadence_spm",
            "training_stress_score",
        ],
    );
    assert_eq!(activity.totals.unwrap().normalized_power_w, Some(262.0));
    let details: ActivityDetails = read(sample!("activity_details"), &[]);
    assert_eq!(details.channel("directSpeed").unwrap(), [Some(0.0), Some(2.9)]);
    let splits: ActivitySplits = read(
        sample!("activity_splits"),
        &[
            "active_lengths",
            "average_swolf",
            "bike_cadence_rpm",
            "stroke_distance_m",
            "strokes",
            "strokes_per_length",
            "swim_cadence_spm",
        ],
    );
    assert_eq!(splits.laps.unwrap()[0].number, Some(1));
    read::<Vec<TimeInZone>>(sample!("time_in_zones"), &[]);
}

#[test]
fn a_key_in_both_its_spellings_costs_nothing() {
    let triathlon = r#"[{"activityId":20000000002,"parent":true,"isParent":true,
        "calories":900.0},{"activityId":20000000003,"parentId":20000000002}]"#;
    let list: Vec<ActivitySummary> = serde_json::from_str(triathlon).unwrap();
    assert_eq!(list[0].calories, Some(900.0));
    assert_eq!(list[1].id, Some(20_000_000_003));
    let day = r#"[{"date":"2026-05-01","calendarDate":"2026-05-01","charged":60}]"#;
    let days: Vec<BodyBatteryDay> = serde_json::from_str(day).unwrap();
    assert_eq!(days[0].charged, Some(60));
    assert_eq!(days[0].date.unwrap().to_string(), "2026-05-01");
}

#[test]
fn things() {
    let watches: Vec<Watch> = read(
        sample!("devices"),
        &["battery_status", "has_solar", "manufacturer", "status", "synced_at"],
    );
    assert_eq!(watches[0].firmware.as_deref(), Some("27.09"));
    let last: LastUsedWatch = read(sample!("last_used_device"), &[]);
    assert!(last.uploaded_at.is_some());
    read::<Vec<Gear>>(sample!("gear"), &["notes", "used_until"]);
    let used: GearUse = read(sample!("gear_v2"), &["notes"]);
    assert_eq!((used.distance_m, used.activities), (Some(265_000.0), Some(31)));
    let stats: GearStats = read(sample!("gear_stats"), &[]);
    assert_eq!(stats.distance_m, Some(265_000.0));
}

//! Who the athlete is. Everything here names a person: never log it.

use jiff::civil::Date;

use super::model;

model! {
    SocialProfile as "profile" {
        "profileId" => profile_id: i64,
        "garminGUID" => garmin_guid: String,
        "displayName" => display_name: String,
        "fullName" => full_name: String,
        "userName" => user_name: String,
        "location" => location: String,
        "userLevel" => level: i64,
    }

    /// What the athlete has told Garmin about themselves.
    UserSettings as "user settings" {
        "userData" => data: UserData,
        "userSleep" => sleep: UserSleep,
    }

    UserData as "user data" {
        "gender" => gender: String,
        "birthDate" => birth_date: Date,
        /// Grams.
        "weight" => weight_g: f64,
        "height" => height_cm: f64,
        /// `metric`, `statute_us` or `statute_uk`.
        "measurementSystem" => measurement_system: String,
        "vo2MaxRunning" => vo2_max_running: f64,
        "vo2MaxCycling" => vo2_max_cycling: f64,
        /// A tenth of metres per second.
        "lactateThresholdSpeed" => lactate_threshold_speed_tenths: f64,
        "lactateThresholdHeartRate" => lactate_threshold_heart_rate: i64,
        "activityLevel" => activity_level: i64,
        "handedness" => handedness: String,
        "timeFormat" => time_format: String,
        "firstDayOfWeek" => first_day_of_week: WeekDay,
        "availableTrainingDays" => training_days: Vec<String>,
        "preferredLongTrainingDays" => long_training_days: Vec<String>,
        "hydrationMeasurementUnit" => hydration_unit: String,
        "intensityMinutesCalcMethod" => intensity_minutes_method: String,
        "moderateIntensityMinutesHrZone" => moderate_from_zone: i64,
        "vigorousIntensityMinutesHrZone" => vigorous_from_zone: i64,
        "thresholdHeartRateAutoDetected" => threshold_auto_detected: bool,
        "ftpAutoDetected" => ftp_auto_detected: bool,
        "trainingStatusPausedDate" => training_status_paused: Date,
    }

    WeekDay as "day of the week" {
        "dayName" => name: String,
    }

    /// How numbers are written.
    Format as "format" {
        "formatKey" => key: String,
        "displayFormat" => pattern: String,
    }

    /// Seconds from midnight.
    UserSleep as "usual sleep" {
        "sleepTime" => sleep_s: i64,
        "wakeTime" => wake_s: i64,
    }

    ProfileSettings as "profile settings" {
        "timeZone" => time_zone: String,
        "displayName" => display_name: String,
        "preferredLocale" => locale: String,
        "measurementSystem" => measurement_system: String,
        "firstDayOfWeek" => first_day_of_week: WeekDay,
        "numberFormat" => number_format: String,
        "timeFormat" => time_format: Format,
        "dateFormat" => date_format: Format,
        "powerFormat" => power_format: Format,
        "heartRateFormat" => heart_rate_format: Format,
        "hydrationMeasurementUnit" => hydration_unit: String,
        "golfDistanceUnit" => golf_unit: String,
    }

    PersonalInformation as "personal information" {
        "timeZone" => time_zone: String,
        "userInfo" => user: UserInfo,
        "biometricProfile" => body: BiometricProfile,
    }

    /// Grams, centimetres, watts; millimetres per second for swimming.
    BiometricProfile as "biometric profile" {
        "weight" => weight_g: f64,
        "height" => height_cm: f64,
        "vo2Max" => vo2_max_running: f64,
        "vo2MaxCycling" => vo2_max_cycling: f64,
        "lactateThresholdHeartRate" => lactate_threshold_heart_rate: i64,
        "functionalThresholdPower" => functional_threshold_power_w: f64,
        "criticalSwimSpeed" => critical_swim_speed_mmps: f64,
    }

    UserInfo as "user information" {
        "timeZone" => time_zone: String,
        "locale" => locale: String,
        "countryCode" => country: String,
    }

    /// Where the athlete's heart rate zones begin, beats per minute.
    HeartRateZones as "heart rate zones" {
        "sport" => sport: String,
        "trainingMethod" => method: String,
        "zone1Floor" => zone_1_floor: i64,
        "zone2Floor" => zone_2_floor: i64,
        "zone3Floor" => zone_3_floor: i64,
        "zone4Floor" => zone_4_floor: i64,
        "zone5Floor" => zone_5_floor: i64,
        "maxHeartRateUsed" => max: i64,
        "restingHeartRateUsed" => resting: i64,
        "lactateThresholdHeartRateUsed" => lactate_threshold: i64,
        "restingHrAutoUpdateUsed" => follows_resting: bool,
    }

    /// Where the athlete's power zones begin, watts.
    PowerZones as "power zones" {
        "sport" => sport: String,
        "functionalThresholdPower" => threshold_w: f64,
        "zone1Floor" => zone_1_floor: f64,
        "zone2Floor" => zone_2_floor: f64,
        "zone3Floor" => zone_3_floor: f64,
        "zone4Floor" => zone_4_floor: f64,
        "zone5Floor" => zone_5_floor: f64,
        "zone6Floor" => zone_6_floor: f64,
        "zone7Floor" => zone_7_floor: f64,
    }
}

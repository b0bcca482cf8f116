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
        "activityLevel" => activity_level: i64,
        "handedness" => handedness: String,
        "vo2MaxRunning" => vo2_max_running: f64,
        "vo2MaxCycling" => vo2_max_cycling: f64,
        /// A tenth of metres per second.
        "lactateThresholdSpeed" => lactate_threshold_speed_tenths: f64,
        "lactateThresholdHeartRate" => lactate_threshold_heart_rate: i64,
        "firstDayOfWeek" => first_day_of_week: DayOfWeek,
        "availableTrainingDays" => training_days: Vec<String>,
        "preferredLongTrainingDays" => long_training_days: Vec<String>,
    }

    DayOfWeek as "day of week" {
        "dayName" => name: String,
    }

    /// Seconds from midnight.
    UserSleep as "usual sleep" {
        "sleepTime" => sleep_s: i64,
        "wakeTime" => wake_s: i64,
    }

    ProfileSettings as "profile settings" {
        "displayName" => display_name: String,
        "preferredLocale" => locale: String,
        "measurementSystem" => measurement_system: String,
        "timeZone" => time_zone: String,
    }

    PersonalInformation as "personal information" {
        "timeZone" => time_zone: String,
        "userInfo" => user: UserInfo,
        "biometricProfile" => biometrics: BiometricProfile,
    }

    UserInfo as "user information" {
        "birthDate" => birth_date: Date,
        "genderType" => gender: String,
        "locale" => locale: String,
        "timeZone" => time_zone: String,
        "countryCode" => country: String,
    }

    BiometricProfile as "biometric profile" {
        "height" => height_cm: f64,
        /// Grams.
        "weight" => weight_g: f64,
        "vo2Max" => vo2_max: f64,
        "lactateThresholdHeartRate" => lactate_threshold_heart_rate: i64,
        "functionalThresholdPower" => functional_threshold_power_w: i64,
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
    }
}

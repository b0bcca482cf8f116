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
    }

    /// Seconds from midnight.
    UserSleep as "usual sleep" {
        "sleepTime" => sleep_s: i64,
        "wakeTime" => wake_s: i64,
    }

    ProfileSettings as "profile settings" {
        "timeZone" => time_zone: String,
    }

    PersonalInformation as "personal information" {
        "timeZone" => time_zone: String,
        "userInfo" => user: UserInfo,
    }

    UserInfo as "user information" {
        "timeZone" => time_zone: String,
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
    }
}

//! `userprofile-service`: who the account is and how they like their numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::get;
use serde_json::{Value, json};

use super::{ApiError, Caller, Reply, found, nothing};
use crate::accounts::Units;
use crate::athlete::{Gender, POWER_ZONES};
use crate::state::Inner;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/userprofile-service/socialProfile", get(social_profile))
        .route("/userprofile-service/userprofile/user-settings", get(user_settings))
        .route("/userprofile-service/userprofile/settings", get(settings))
        .route(
            "/userprofile-service/userprofile/personal-information/{dn}",
            get(personal_information),
        )
        .route("/biometric-service/heartRateZones", get(heart_rate_zones))
        .route("/biometric-service/heartRateZones/", get(heart_rate_zones).put(set_zones))
        .route("/biometric-service/powerZones/sports/all", get(power_zones))
}

fn image(size: char) -> String {
    format!("https://s3.amazonaws.com/garmin-connect-prod/profile_images/sim-{size}.png")
}

async fn social_profile(State(inner): State<Arc<Inner>>, caller: Caller) -> Reply {
    let named = {
        let mut garmin = inner.lock();
        let account = garmin.account_mut(caller.index);
        let named = account.nameless_profiles == 0;
        account.nameless_profiles = account.nameless_profiles.saturating_sub(1);
        named
    };
    let person = &caller.athlete.person;
    let display_name = named.then_some(&person.display_name);
    let full_name = named.then_some(&person.full_name);
    found(json!({
        "id": person.profile_id,
        "profileId": person.profile_id,
        "garminGUID": person.guid,
        "displayName": display_name,
        "fullName": full_name,
        "userName": caller.email,
        "profileImageType": "UPLOADED_PHOTO",
        "profileImageUrlLarge": image('l'),
        "profileImageUrlMedium": image('m'),
        "profileImageUrlSmall": image('s'),
        "hasPremiumSocialIcon": false,
        "location": person.city,
        "facebookUrl": null,
        "twitterUrl": null,
        "personalWebsite": null,
        "motivation": null,
        "bio": null,
        "primaryActivity": null,
        "favoriteActivityTypes": ["running", "cycling"],
        "runningTrainingSpeed": 0.0,
        "cyclingTrainingSpeed": 0.0,
        "swimmingTrainingSpeed": 0.0,
        "profileVisibility": "private",
        "activityStartVisibility": "private",
        "badgeVisibility": "following",
        "showAge": true,
        "userRoles": ["SCOPE_ATP_READ", "SCOPE_ATP_WRITE", "SCOPE_CONNECT_READ",
                      "SCOPE_CONNECT_WRITE", "ROLE_CONNECTUSER"],
        "nameApproved": true,
        "userProfileFullName": full_name,
        "makeGolfScorecardsPrivate": true,
        "userLevel": 3,
        "userPoint": 120,
        "levelUpdateDate": "2025-03-01T08:00:00.0",
        "levelIsViewed": false,
        "levelPointThreshold": 140,
        "userPointOffset": 0,
        "userPro": false,
    }))
}

fn monday() -> Value {
    json!({"dayId": 3, "dayName": "monday", "sortOrder": 3, "isPossibleFirstDay": true})
}

async fn user_settings(caller: Caller) -> Reply {
    let person = &caller.athlete.person;
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    let day = caller.season.day(today);
    let vo2_run = day.map(|day| day.form.vo2max_run.round());
    let vo2_bike = day.map(|day| day.form.vo2max_bike.round());
    let weight = day.map_or(person.weight_g, |day| day.form.weight_g);
    let threshold_speed = (person.threshold_speed_mps * 1_000.0).round() / 10_000.0;
    found(json!({
        "id": person.profile_id,
        "userData": {
            "gender": person.gender.wire(),
            "weight": weight,
            "height": person.height_cm,
            "timeFormat": "time_twenty_four_hr",
            "birthDate": person.birth_date.to_string(),
            "measurementSystem": caller.units.wire(),
            "activityLevel": 7,
            "handedness": "RIGHT",
            "powerFormat": {"formatId": 30, "formatKey": "watt", "minFraction": 0,
                            "maxFraction": 0, "groupingUsed": true, "displayFormat": null},
            "heartRateFormat": {"formatId": 21, "formatKey": "bpm", "minFraction": 0,
                                "maxFraction": 0, "groupingUsed": false, "displayFormat": null},
            "firstDayOfWeek": monday(),
            "vo2MaxRunning": vo2_run,
            "vo2MaxCycling": vo2_bike,
            "lactateThresholdSpeed": threshold_speed,
            "lactateThresholdHeartRate": person.threshold_hr,
            "diveNumber": null,
            "intensityMinutesCalcMethod": "AUTO",
            "moderateIntensityMinutesHrZone": 3,
            "vigorousIntensityMinutesHrZone": 4,
            "hydrationMeasurementUnit": "milliliter",
            "hydrationContainers": [{"name": null, "volume": 250, "unit": "milliliter"}],
            "hydrationAutoGoalEnabled": true,
            "thresholdHeartRateAutoDetected": true,
            "ftpAutoDetected": true,
            "trainingStatusPausedDate": null,
            "weatherLocation": {"useFixedLocation": null, "latitude": null, "longitude": null,
                                "locationName": null, "isoCountryCode": null,
                                "postalCode": null},
            "golfDistanceUnit": golf_unit(caller.units),
            "availableTrainingDays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY",
                                      "SATURDAY", "SUNDAY"],
            "preferredLongTrainingDays": ["SUNDAY"],
        },
        "userSleep": {"sleepTime": person.bed_minutes * 60, "defaultSleepTime": false,
                      "wakeTime": person.wake_minutes * 60, "defaultWakeTime": false},
        "connectDate": null,
        "sourceType": null,
        "userSleepWindows": [{"sleepWindowFrequency": "DAILY",
                              "startSleepTimeSecondsFromMidnight": person.bed_minutes * 60,
                              "endSleepTimeSecondsFromMidnight": person.wake_minutes * 60}],
    }))
}

const fn golf_unit(units: Units) -> &'static str {
    match units {
        Units::Metric => "metric",
        Units::StatuteUs => "statute",
    }
}

async fn settings(caller: Caller) -> Reply {
    found(json!({
        "displayName": caller.athlete.person.display_name,
        "preferredLocale": "en",
        "measurementSystem": caller.units.wire(),
        "firstDayOfWeek": monday(),
        "numberFormat": "decimal_period",
        "timeFormat": {"formatId": 33, "formatKey": "time_twenty_four_hr", "minFraction": 0,
                       "maxFraction": 0, "groupingUsed": false, "displayFormat": "H:mm"},
        "dateFormat": {"formatId": 23, "formatKey": "mmddyyyy", "minFraction": 0,
                       "maxFraction": 0, "groupingUsed": false,
                       "displayFormat": "EEE, MMM d, yyyy"},
        "timeZone": caller.athlete.zone_name,
        "hydrationMeasurementUnit": "milliliter",
        "hydrationContainers": [],
        "golfDistanceUnit": golf_unit(caller.units),
        "availableTrainingDays": null,
        "preferredLongTrainingDays": null,
    }))
}

async fn personal_information(Path(dn): Path<String>, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    let athlete = &caller.athlete;
    let person = &athlete.person;
    let today = caller.season.today(&athlete.zone, caller.now_ms());
    let form = caller.season.day(today).map(|day| &day.form);
    found(json!({
        "userInfo": {
            "birthDate": person.birth_date.to_string(),
            "genderType": person.gender.wire(),
            "email": caller.email,
            "locale": "en",
            "timeZone": athlete.zone_name,
            "age": null,
            "countryCode": null,
        },
        "biometricProfile": {
            "userId": person.profile_id,
            "height": person.height_cm,
            "weight": form.map_or(person.weight_g, |form| form.weight_g),
            "vo2Max": form.map(|form| form.vo2max_run.round()),
            "vo2MaxCycling": form.map(|form| form.vo2max_bike.round()),
            "lactateThresholdHeartRate": person.threshold_hr,
            "functionalThresholdPower": person.bike_ftp_w,
            "criticalSwimSpeed": null,
            "activityClass": 7,
        },
        "timeZone": athlete.zone_name,
        "locale": "en",
        "birthDate": person.birth_date.to_string(),
        "gender": match person.gender { Gender::Female => "FEMALE", Gender::Male => "MALE" },
    }))
}

async fn heart_rate_zones(State(inner): State<Arc<Inner>>, caller: Caller) -> Reply {
    let person = &caller.athlete.person;
    let zones = person.hr_zones();
    let row = json!({
        "trainingMethod": "HR_MAX",
        "restingHeartRateUsed": null,
        "lactateThresholdHeartRateUsed": person.threshold_hr,
        "zone1Floor": zones[0],
        "zone2Floor": zones[1],
        "zone3Floor": zones[2],
        "zone4Floor": zones[3],
        "zone5Floor": zones[4],
        "maxHeartRateUsed": person.max_hr,
        "restingHrAutoUpdateUsed": false,
        "sport": "DEFAULT",
        "changeState": "UNCHANGED",
    });
    let mut sports = BTreeMap::from([("DEFAULT".to_owned(), row)]);
    sports.extend(inner.lock().account(caller.index).belongings.zones.clone());
    found(sports.into_values().collect::<Vec<Value>>().into())
}

/// Takes the sports that have changed; floors that do not rise are refused.
async fn set_zones(State(inner): State<Arc<Inner>>, caller: Caller, body: Bytes) -> Reply {
    let rows: Vec<Value> = serde_json::from_slice(&body)
        .map_err(|_| ApiError::BadRequest("Unable to parse the request".to_owned()))?;
    for mut row in rows {
        let floors: Vec<i64> =
            (1..=5).filter_map(|zone| row[format!("zone{zone}Floor")].as_i64()).collect();
        let rising = floors.len() == 5 && floors.is_sorted_by(|a, b| a < b);
        let Some(sport) = row["sport"].as_str().filter(|_| rising).map(str::to_owned) else {
            return Err(ApiError::BadRequest("Invalid heart rate zones".to_owned()));
        };
        row["changeState"] = "UNCHANGED".into();
        inner.lock().account_mut(caller.index).belongings.zones.insert(sport, row);
    }
    nothing()
}

async fn power_zones(caller: Caller) -> Reply {
    let person = &caller.athlete.person;
    let sports = [("CYCLING", person.bike_ftp_w), ("RUNNING", person.run_power_w)];
    let rows: Vec<Value> = sports
        .into_iter()
        .map(|(sport, threshold)| {
            let floors = POWER_ZONES.map(|share| (share * threshold).round());
            json!({
                "sport": sport,
                "functionalThresholdPower": threshold,
                "zone1Floor": floors[0],
                "zone2Floor": floors[1],
                "zone3Floor": floors[2],
                "zone4Floor": floors[3],
                "zone5Floor": floors[4],
                "zone6Floor": floors[5],
                "zone7Floor": floors[6],
                "userLocalTime": null,
            })
        })
        .collect();
    found(Value::from(rows))
}

//! The daily summary: about ninety figures on one day.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::Caller;
use super::wellness::{spo2_stats, with};
use crate::athlete::{
    BatteryEvent, DayView, Digest, FLOORS_GOAL, WEEKLY_INTENSITY_GOAL, number, rounded,
    spo2_readings,
};
use crate::chance::Seed;
use crate::times::{dotted, plain, shift};

pub(super) fn summary(caller: &Caller, date: Date) -> Value {
    match caller.view(date) {
        Some(view) => recorded(caller, &view, date),
        None => with(frame(caller, date), unrecorded()),
    }
}

/// What every day has, recorded or not.
fn frame(caller: &Caller, date: Date) -> Value {
    let person = &caller.athlete.person;
    let zone = &caller.athlete.zone;
    let (start, end) = (zone.midnight(date), zone.midnight(shift(date, 1)));
    let serial = crate::times::days_between(Date::constant(2020, 1, 1), date);
    json!({
        "userProfileId": person.profile_id,
        "userDailySummaryId": person.profile_id,
        "calendarDate": date.to_string(),
        "rule": {"typeId": 2, "typeKey": "private"},
        "uuid": Seed::new(person.seed.bits()).child("summary").at(serial).hex(),
        "dailyStepGoal": person.step_goal,
        "wellnessStartTimeGmt": dotted(start),
        "wellnessStartTimeLocal": dotted(zone.wall(start)),
        "wellnessEndTimeGmt": dotted(end),
        "wellnessEndTimeLocal": dotted(zone.wall(end)),
        "durationInMilliseconds": end - start,
        "wellnessDescription": null,
        "includesCalorieConsumedData": false,
        "privacyProtected": false,
        "intensityMinutesGoal": WEEKLY_INTENSITY_GOAL,
        "userFloorsAscendedGoal": FLOORS_GOAL,
        "source": "GARMIN",
        "burnedKilocalories": null,
        "consumedKilocalories": null,
        "netCalorieGoal": null,
        "abnormalHeartRateAlertsCount": null,
        "restingCaloriesFromActivity": null,
        "endOfDayBodyBatteryDynamicFeedbackEvent": null,
    })
}

/// The keys of a recorded day, all null: the watch stayed in a drawer, or the day is to come.
fn unrecorded() -> Value {
    let mut body = json!({"includesWellnessData": false, "includesActivityData": false});
    let keys = [
        "totalKilocalories",
        "activeKilocalories",
        "bmrKilocalories",
        "wellnessKilocalories",
        "remainingKilocalories",
        "totalSteps",
        "totalDistanceMeters",
        "wellnessDistanceMeters",
        "wellnessActiveKilocalories",
        "netRemainingKilocalories",
        "highlyActiveSeconds",
        "activeSeconds",
        "sedentarySeconds",
        "sleepingSeconds",
        "moderateIntensityMinutes",
        "vigorousIntensityMinutes",
        "floorsAscendedInMeters",
        "floorsDescendedInMeters",
        "floorsAscended",
        "floorsDescended",
        "minHeartRate",
        "maxHeartRate",
        "restingHeartRate",
        "lastSevenDaysAvgRestingHeartRate",
        "averageStressLevel",
        "maxStressLevel",
        "stressDuration",
        "restStressDuration",
        "activityStressDuration",
        "uncategorizedStressDuration",
        "totalStressDuration",
        "lowStressDuration",
        "mediumStressDuration",
        "highStressDuration",
        "stressPercentage",
        "restStressPercentage",
        "activityStressPercentage",
        "uncategorizedStressPercentage",
        "lowStressPercentage",
        "mediumStressPercentage",
        "highStressPercentage",
        "stressQualifier",
        "measurableAwakeDuration",
        "measurableAsleepDuration",
        "lastSyncTimestampGMT",
        "minAvgHeartRate",
        "maxAvgHeartRate",
        "bodyBatteryChargedValue",
        "bodyBatteryDrainedValue",
        "bodyBatteryHighestValue",
        "bodyBatteryLowestValue",
        "bodyBatteryMostRecentValue",
        "bodyBatteryDuringSleep",
        "bodyBatteryAtWakeTime",
        "bodyBatteryVersion",
        "averageSpo2",
        "lowestSpo2",
        "latestSpo2",
        "latestSpo2ReadingTimeGmt",
        "latestSpo2ReadingTimeLocal",
        "averageMonitoringEnvironmentAltitude",
        "bodyBatteryDynamicFeedbackEvent",
        "bodyBatteryActivityEventList",
        "avgWakingRespirationValue",
        "highestRespirationValue",
        "lowestRespirationValue",
        "latestRespirationValue",
        "latestRespirationTimeGMT",
        "respirationAlgorithmVersion",
    ];
    if let Some(body) = body.as_object_mut() {
        body.extend(keys.map(|key| (key.to_owned(), Value::Null)));
    }
    body
}

fn recorded(caller: &Caller, view: &DayView<'_>, date: Date) -> Value {
    let digest = view.digest();
    let body = with(frame(caller, date), movement(view, &digest));
    let body = with(body, heart_and_stress(view, &digest));
    with(body, battery_and_breath(caller, view, &digest))
}

fn movement(view: &DayView<'_>, digest: &Digest) -> Value {
    let (moderate, vigorous) = view.intensity_minutes();
    let total = digest.active_kcal + digest.bmr_kcal;
    json!({
        "includesWellnessData": true,
        "includesActivityData": view.finished().next().is_some(),
        "totalKilocalories": total,
        "activeKilocalories": digest.active_kcal,
        "bmrKilocalories": digest.bmr_kcal,
        "wellnessKilocalories": total,
        "wellnessActiveKilocalories": digest.active_kcal,
        "remainingKilocalories": total,
        "netRemainingKilocalories": digest.active_kcal,
        "totalSteps": digest.steps,
        "totalDistanceMeters": digest.distance_m,
        "wellnessDistanceMeters": digest.on_foot_m,
        "highlyActiveSeconds": digest.highly_active_secs,
        "activeSeconds": digest.active_secs,
        "sedentarySeconds": digest.sedentary_secs,
        "sleepingSeconds": view.woke().map_or(0, crate::athlete::Night::asleep_seconds),
        "moderateIntensityMinutes": moderate,
        "vigorousIntensityMinutes": vigorous,
        "floorsAscended": number(digest.floors_up),
        "floorsDescended": number(digest.floors_down),
        "floorsAscendedInMeters": digest.floors_up_m(),
        "floorsDescendedInMeters": digest.floors_down_m(),
    })
}

fn heart_and_stress(view: &DayView<'_>, digest: &Digest) -> Value {
    let form = &view.day.form;
    let stress = digest.stress;
    let asleep = view.woke().map_or(0, crate::athlete::Night::asleep_seconds);
    let share = |secs: i64| rounded(number(secs) * 100.0 / number(stress.total().max(1)), 2);
    json!({
        "minHeartRate": digest.min_hr,
        "maxHeartRate": digest.max_hr,
        "minAvgHeartRate": digest.min_hr,
        "maxAvgHeartRate": digest.max_hr,
        "restingHeartRate": form.resting_hr,
        "lastSevenDaysAvgRestingHeartRate": form.resting_hr_7d,
        "averageStressLevel": digest.avg_stress,
        "maxStressLevel": digest.max_stress,
        "stressDuration": stress.stressed(),
        "restStressDuration": stress.rest,
        "activityStressDuration": stress.activity,
        "uncategorizedStressDuration": stress.uncategorised,
        "totalStressDuration": stress.total(),
        "lowStressDuration": stress.low,
        "mediumStressDuration": stress.medium,
        "highStressDuration": stress.high,
        "stressPercentage": share(stress.stressed()),
        "restStressPercentage": share(stress.rest),
        "activityStressPercentage": share(stress.activity),
        "uncategorizedStressPercentage": share(stress.uncategorised),
        "lowStressPercentage": share(stress.low),
        "mediumStressPercentage": share(stress.medium),
        "highStressPercentage": share(stress.high),
        "stressQualifier": digest.stress_word(),
        "measurableAwakeDuration": (stress.total() - asleep).max(0),
        "measurableAsleepDuration": asleep,
    })
}

fn battery_and_breath(caller: &Caller, view: &DayView<'_>, digest: &Digest) -> Value {
    let zone = &caller.athlete.zone;
    let night = view.woke();
    let oxygen = night.map(|night| spo2_readings(&caller.athlete.person, view.day, night));
    let stats = oxygen.as_deref().and_then(spo2_stats);
    let latest = oxygen.as_ref().and_then(|readings| readings.last().copied());
    let events: Vec<Value> =
        view.battery_events().iter().map(|event| battery_event(caller, event)).collect();
    let breath = digest.respiration;
    json!({
        "lastSyncTimestampGMT": format!("{}.123", plain(view.recorded_until())),
        "bodyBatteryChargedValue": digest.charged,
        "bodyBatteryDrainedValue": digest.drained,
        "bodyBatteryHighestValue": digest.battery_high,
        "bodyBatteryLowestValue": digest.battery_low,
        "bodyBatteryMostRecentValue": digest.battery_latest,
        "bodyBatteryDuringSleep": night.map(crate::athlete::Night::battery_change),
        "bodyBatteryAtWakeTime": night.map(|night| crate::athlete::whole(night.battery_end.round())),
        "bodyBatteryVersion": 3.0,
        "averageSpo2": stats.map(|(mean, _, _)| mean.round()),
        "lowestSpo2": stats.map(|(_, low, _)| low),
        "latestSpo2": latest.map(|(_, value)| value),
        "latestSpo2ReadingTimeGmt": latest.map(|(at, _)| dotted(at)),
        "latestSpo2ReadingTimeLocal": latest.map(|(at, _)| dotted(zone.wall(at))),
        "averageMonitoringEnvironmentAltitude": 180.0,
        "bodyBatteryDynamicFeedbackEvent": battery_feedback(view, digest),
        "bodyBatteryActivityEventList": events,
        "avgWakingRespirationValue": breath.waking,
        "highestRespirationValue": breath.high,
        "lowestRespirationValue": breath.low,
        "latestRespirationValue": breath.latest.map(|(_, value)| value),
        "latestRespirationTimeGMT": breath.latest.map(|(at, _)| dotted(at)),
        "respirationAlgorithmVersion": 200,
    })
}

/// What the watch says about the charge.
pub(super) fn battery_feedback(view: &DayView<'_>, digest: &Digest) -> Value {
    let level = match digest.battery_latest {
        None => return Value::Null,
        Some(..=25) => "LOW",
        Some(26..=50) => "MODERATE",
        Some(51..=75) => "HIGH",
        Some(76..) => "VERY_HIGH",
    };
    let phrase = if view.day.form.stress_base > 42.0 {
        "SLEEP_PREPARATION_STRESSFUL_AND_INACTIVE"
    } else if view.finished().next().is_some() {
        "SLEEP_PREPARATION_RECOVERING_AND_ACTIVE"
    } else {
        "SLEEP_PREPARATION_BALANCED"
    };
    json!({
        "eventTimestampGmt": plain(view.recorded_until()),
        "bodyBatteryLevel": level,
        "feedbackShortType": phrase,
        "feedbackLongType": phrase,
    })
}

pub(super) fn battery_event(caller: &Caller, event: &BatteryEvent<'_>) -> Value {
    let activity = event.activity;
    json!({
        "eventType": if activity.is_some() { "ACTIVITY" } else { "SLEEP" },
        "eventStartTimeGmt": plain(event.start),
        "timezoneOffset": caller.athlete.zone.offset(event.start),
        "durationInMilliseconds": event.length,
        "bodyBatteryImpact": event.impact,
        "feedbackType": if activity.is_some() { "EXERCISE_TRAINING_EFFECT_3" } else { "NONE" },
        "shortFeedback": if activity.is_some() { "IMPROVING_AEROBIC_BASE" } else { "NONE" },
        "deviceId": caller.athlete.person.watch.id,
        "activityName": activity.map(|activity| &activity.name),
        "activityType": activity.map(|activity| activity.discipline.activity_type().1),
        "activityId": activity.map(|activity| activity.id),
        "eventUpdateTimeGmt": plain(event.start + event.length),
    })
}

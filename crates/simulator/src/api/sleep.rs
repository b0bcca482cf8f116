//! Nights: the sleep payload and its statistics.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::wellness::{spo2_stats, with};
use super::{Caller, Reply, found};
use crate::athlete::{
    Day, HR_STEP, Night, STRESS_STEP, Stage, hrv_readings, night_battery, night_heart_rate,
    night_respiration, night_series, night_stress, number, rounded, spo2_readings,
};
use crate::chance::smooth;
use crate::state::Inner;
use crate::times::{HOUR, MINUTE, Millis, dotted, plain, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/wellness-service/wellness/dailySleepData/{dn}", get(sleep_of))
        .route("/sleep-service/sleep/dailySleepData", get(sleep))
        .route("/sleep-service/stats/sleep/daily/{start}/{end}", get(sleep_stats))
}

async fn sleep_of(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    night_of(&caller, params::query_date(&query, "date")?)
}

async fn sleep(query: Query, caller: Caller) -> Reply {
    night_of(&caller, params::query_date(&query, "date")?)
}

fn night_of(caller: &Caller, date: Date) -> Reply {
    match caller.season.night(date, caller.now_ms()) {
        Some((day, night)) => found(full(caller, day, night)),
        None => found(sparse(caller, date)),
    }
}

/// No sleep that day: still 200, with a night of nulls.
fn sparse(caller: &Caller, date: Date) -> Value {
    let need = caller.season.day(date).map_or(465, |day| day.slept.need_minutes);
    json!({
        "dailySleepDTO": {
            "id": null,
            "userProfilePK": caller.athlete.person.profile_id,
            "calendarDate": date.to_string(),
            "sleepTimeSeconds": null,
            "napTimeSeconds": null,
            "sleepWindowConfirmed": null,
            "sleepWindowConfirmationType": null,
            "sleepStartTimestampGMT": null,
            "sleepEndTimestampGMT": null,
            "sleepStartTimestampLocal": null,
            "sleepEndTimestampLocal": null,
            "unmeasurableSleepSeconds": null,
            "deepSleepSeconds": null,
            "lightSleepSeconds": null,
            "remSleepSeconds": null,
            "awakeSleepSeconds": null,
            "deviceRemCapable": null,
            "retro": null,
            "sleepFromDevice": null,
            "sleepVersion": null,
            "sleepNeed": sleep_need(caller, date, need),
        },
        "sleepMovement": null,
        "remSleepData": false,
        "sleepLevels": null,
    })
}

fn sleep_need(caller: &Caller, date: Date, need: i64) -> Value {
    let zone = &caller.athlete.zone;
    json!({
        "userProfilePk": caller.athlete.person.profile_id,
        "calendarDate": date.to_string(),
        "deviceId": caller.athlete.person.watch.id,
        "timestampGmt": plain(zone.instant(shift(date, -1), 19 * 60)),
        "baseline": 465,
        "actual": need,
        "feedback": if need > 465 { "INCREASED" } else { "NO_CHANGE_BALANCED" },
        "trainingFeedback": if need > 480 { "CHRONIC_HIGH" } else { "NO_CHANGE" },
        "sleepHistoryAdjustment": "NO_CHANGE",
        "hrvAdjustment": "NO_CHANGE",
        "napAdjustment": "NO_CHANGE",
        "displayedForTheDay": true,
        "preferredActivityTracker": true,
    })
}

fn points<T: serde::Serialize>(series: Vec<(Millis, T)>) -> Vec<Value> {
    series.into_iter().map(|(at, value)| json!({"value": value, "startGMT": at})).collect()
}

fn average(values: impl Iterator<Item = i64> + Clone) -> f64 {
    let count = i64::try_from(values.clone().count()).unwrap_or(1).max(1);
    number(values.sum()) / number(count)
}

fn full(caller: &Caller, day: &Day, night: &Night) -> Value {
    let person = &caller.athlete.person;
    let rates = night_series(night, HR_STEP, |at| night_heart_rate(person, day, night, at));
    let stresses = night_series(night, STRESS_STEP, |at| night_stress(person, day, night, at));
    let batteries = night_series(night, STRESS_STEP, |at| night_battery(night, at));
    let breaths = night_series(night, HR_STEP, |at| night_respiration(person, day, at));
    let oxygen = spo2_readings(person, day, night);
    let heart = average(rates.iter().map(|(_, rate)| *rate));
    let levels: Vec<Value> = night
        .spells
        .iter()
        .map(|spell| {
            json!({"startGMT": dotted(spell.start), "endGMT": dotted(spell.end),
                   "activityLevel": spell.stage.code()})
        })
        .collect();
    let restless = restless(caller, night);
    let dto = dto(
        caller,
        day,
        night,
        &Averages {
            heart: heart.round(),
            stress: average(stresses.iter().map(|(_, stress)| *stress)).round(),
            breath: &breaths,
            oxygen: &oxygen,
        },
    );
    json!({
        "dailySleepDTO": dto,
        "sleepMovement": movement(caller, night),
        "remSleepData": true,
        "sleepLevels": levels,
        "sleepRestlessMoments": restless
            .iter()
            .map(|at| json!({"value": 1, "startGMT": at}))
            .collect::<Vec<_>>(),
        "restlessMomentsCount": restless.len(),
        "wellnessSpO2SleepSummaryDTO": oxygen_summary(caller, night, &oxygen, heart.round()),
        "wellnessEpochSPO2DataDTOList": oxygen
            .iter()
            .map(|(at, value)| json!({
                "userProfilePK": person.profile_id,
                "epochTimestamp": dotted(*at),
                "deviceId": person.watch.id,
                "calendarDate": format!("{}T00:00:00.0", day.date),
                "epochDuration": 60,
                "spo2Reading": value,
                "readingConfidence": 6,
            }))
            .collect::<Vec<_>>(),
        "wellnessEpochRespirationDataDTOList": breaths
            .iter()
            .map(|(at, value)| json!({"startTimeGMT": at, "respirationValue": value}))
            .collect::<Vec<_>>(),
        "wellnessEpochRespirationAveragesList": breath_averages(&breaths),
        "respirationVersion": 200,
        "sleepHeartRate": points(rates),
        "sleepStress": points(stresses),
        "sleepBodyBattery": points(batteries),
        "skinTempDataExists": false,
        "hrvData": points(
            hrv_readings(person, day, night)
                .into_iter()
                .map(|(at, value)| (at, number(value)))
                .collect(),
        ),
        "breathingDisruptionData": [{"value": 0, "startGMT": night.start, "endGMT": night.end}],
        "avgSkinTempDeviationC": null,
        "avgSkinTempDeviationF": null,
        "avgOvernightHrv": day.form.hrv_ms.round(),
        "hrvStatus": day.form.hrv_status.wire(),
        "bodyBatteryChange": night.battery_change(),
        "skinTempCalibrationDays": null,
        "restingHeartRate": day.form.resting_hr,
    })
}

fn movement(caller: &Caller, night: &Night) -> Vec<Value> {
    let seed = caller.athlete.person.seed.child("turning");
    night_series(night, MINUTE, |at| {
        let base = match night.stage_at(at) {
            Stage::Deep => 0.3,
            Stage::Light => 1.2,
            Stage::Rem => 0.8,
            Stage::Awake => 5.5,
        };
        rounded((base * (1.0 + 0.8 * smooth(seed, number(at / MINUTE), 4.0))).max(0.0), 3)
    })
    .into_iter()
    .map(|(at, level)| {
        json!({"startGMT": dotted(at), "endGMT": dotted(at + MINUTE), "activityLevel": level})
    })
    .collect()
}

fn restless(caller: &Caller, night: &Night) -> Vec<Millis> {
    let seed = caller.athlete.person.seed.child("restless");
    let chance = 0.04 + 0.10 * (1.0 - night.quality);
    night_series(night, 3 * MINUTE, |at| seed.at(at / MINUTE).happens(chance))
        .into_iter()
        .filter_map(|(at, moved)| moved.then_some(at))
        .collect()
}

fn breath_averages(breaths: &[(Millis, f64)]) -> Vec<Value> {
    breaths
        .chunk_by(|a, b| a.0 / HOUR == b.0 / HOUR)
        .filter_map(|hour| {
            let values = || hour.iter().map(|(_, value)| *value);
            let count = number(i64::try_from(hour.len()).ok()?);
            Some(json!({
                "epochEndTimestampGmt": (hour.first()?.0 / HOUR + 1) * HOUR,
                "respirationAverageValue": rounded(values().sum::<f64>() / count, 2),
                "respirationHighValue": values().reduce(f64::max)?,
                "respirationLowValue": values().reduce(f64::min)?,
            }))
        })
        .collect()
}

fn oxygen_summary(caller: &Caller, night: &Night, oxygen: &[(Millis, i64)], heart: f64) -> Value {
    let stats = spo2_stats(oxygen);
    json!({
        "userProfilePk": caller.athlete.person.profile_id,
        "deviceId": caller.athlete.person.watch.id,
        "sleepMeasurementStartGMT": dotted(night.start),
        "sleepMeasurementEndGMT": dotted(night.end),
        "alertThresholdValue": null,
        "numberOfEventsBelowThreshold": null,
        "durationOfEventsBelowThreshold": null,
        "averageSPO2": stats.map(|(mean, _, _)| mean.round()),
        "averageSpO2HR": heart,
        "lowestSPO2": stats.map(|(_, low, _)| low),
    })
}

struct Averages<'a> {
    heart: f64,
    stress: f64,
    breath: &'a [(Millis, f64)],
    oxygen: &'a [(Millis, i64)],
}

fn dto(caller: &Caller, day: &Day, night: &Night, averages: &Averages<'_>) -> Value {
    let zone = &caller.athlete.zone;
    let person = &caller.athlete.person;
    let window = (person.bed_minutes - 1_440, person.wake_minutes);
    let oxygen = spo2_stats(averages.oxygen);
    let breaths = || averages.breath.iter().map(|(_, value)| *value);
    let count = number(i64::try_from(averages.breath.len()).unwrap_or(1).max(1));
    let body = json!({
        "id": night.start,
        "userProfilePK": caller.athlete.person.profile_id,
        "calendarDate": day.date.to_string(),
        "sleepTimeSeconds": night.asleep_seconds(),
        "napTimeSeconds": 0,
        "sleepWindowConfirmed": true,
        "sleepWindowConfirmationType": "enhanced_confirmed_final",
        "sleepStartTimestampGMT": night.start,
        "sleepEndTimestampGMT": night.end,
        "sleepStartTimestampLocal": zone.wall(night.start),
        "sleepEndTimestampLocal": zone.wall(night.end),
        "autoSleepStartTimestampGMT": null,
        "autoSleepEndTimestampGMT": null,
        "sleepQualityTypePK": null,
        "sleepResultTypePK": null,
        "unmeasurableSleepSeconds": 0,
        "deepSleepSeconds": night.seconds(Stage::Deep),
        "lightSleepSeconds": night.seconds(Stage::Light),
        "remSleepSeconds": night.seconds(Stage::Rem),
        "awakeSleepSeconds": night.seconds(Stage::Awake),
        "deviceRemCapable": true,
        "retro": false,
        "sleepFromDevice": true,
        "averageSpO2Value": oxygen.map(|(mean, _, _)| mean.round()),
        "lowestSpO2Value": oxygen.map(|(_, low, _)| low),
        "highestSpO2Value": oxygen.map(|(_, _, high)| high),
        "averageSpO2HRSleep": averages.heart,
        "averageRespirationValue": (breaths().sum::<f64>() / count).round(),
        "lowestRespirationValue": breaths().reduce(f64::min),
        "highestRespirationValue": breaths().reduce(f64::max),
        "awakeCount": night.awake_count(),
        "avgSleepStress": averages.stress,
        "ageGroup": "ADULT",
        "avgHeartRate": averages.heart,
        "sleepScoreFeedback": feedback(night),
        "sleepScoreInsight": "NONE",
        "sleepScorePersonalizedInsight": "NOT_AVAILABLE",
        "sleepScores": scores(night),
        "sleepVersion": 2,
    });
    with(
        body,
        json!({
            "sleepNeed": sleep_need(caller, day.date, night.need_minutes),
            "nextSleepNeed": sleep_need(caller, shift(day.date, 1), 465),
            "sleepAlignment": {
                "userId": caller.athlete.person.profile_id,
                "deviceId": caller.athlete.person.watch.id,
                "calendarDate": day.date.to_string(),
                "status": "ALIGNED",
                "optimalSleepWindowStartMins": window.0,
                "optimalSleepWindowEndMins": window.1,
                "optimalSleepWindowMidpointMins": i64::midpoint(window.0, window.1),
                "lastSleepMidpointMins":
                    (i64::midpoint(night.start, night.end) - zone.midnight(day.date)) / MINUTE,
                "sleepNeedBaselineMins": 465,
                "isPreferredActivityTracker": true,
            },
            "breathingDisruptionSeverity": "NONE",
        }),
    )
}

fn feedback(night: &Night) -> &'static str {
    let deep = night.share(Stage::Deep);
    match (night.score, deep) {
        (80.., 0.18..) => "POSITIVE_DEEP",
        (80.., _) => "POSITIVE_CONTINUOUS",
        (60..=79, _) => "NEGATIVE_NOT_ENOUGH_REM",
        _ => "NEGATIVE_SHORT_AND_POOR_STRUCTURE",
    }
}

fn scores(night: &Night) -> Value {
    let asleep = number(night.asleep_seconds());
    let graded = |stage: Stage, low: f64, high: f64| {
        let percent = night.percent(stage);
        let share = number(percent);
        let word = if (low..=high).contains(&share) {
            "EXCELLENT"
        } else if share > low * 0.75 && share < high * 1.25 {
            "GOOD"
        } else {
            "FAIR"
        };
        json!({
            "value": percent,
            "qualifierKey": word,
            "optimalStart": low,
            "optimalEnd": high,
            "idealStartInSeconds": (asleep * low / 100.0).round(),
            "idealEndInSeconds": (asleep * high / 100.0).round(),
        })
    };
    let slept = asleep / 60.0 / number(night.need_minutes);
    let long = match slept {
        1.0.. => "EXCELLENT",
        0.9..1.0 => "GOOD",
        0.75..0.9 => "FAIR",
        _ => "POOR",
    };
    let calm = |word: &str| json!({"qualifierKey": word, "optimalStart": 0.0, "optimalEnd": 5.0});
    json!({
        "totalDuration": {"qualifierKey": long, "optimalStart": 28_200.0, "optimalEnd": 28_200.0},
        "stress": calm(if night.quality > 0.6 { "GOOD" } else { "FAIR" }),
        "awakeCount": {
            "qualifierKey": if night.awake_count() <= 1 { "GOOD" } else { "FAIR" },
            "optimalStart": 0.0, "optimalEnd": 1.0,
        },
        "overall": {"value": night.score, "qualifierKey": night.qualifier()},
        "remPercentage": graded(Stage::Rem, 21.0, 31.0),
        "restlessness": calm(if night.quality > 0.7 { "GOOD" } else { "FAIR" }),
        "lightPercentage": graded(Stage::Light, 30.0, 64.0),
        "deepPercentage": graded(Stage::Deep, 16.0, 33.0),
    })
}

async fn sleep_stats(Path((start, end)): Path<(String, String)>, caller: Caller) -> Reply {
    let (start, end) = params::range(&start, &end, 28)?;
    let person = &caller.athlete.person;
    let zone = &caller.athlete.zone;
    let nights: Vec<(&Day, &Night)> = caller
        .season
        .worn(start, end)
        .filter_map(|day| Some((day, day.night().filter(|n| n.end <= caller.now_ms())?)))
        .collect();
    let rows: Vec<Value> = nights
        .iter()
        .map(|(day, night)| {
            let heart = average(
                night_series(night, HR_STEP, |at| night_heart_rate(person, day, night, at))
                    .iter()
                    .map(|(_, rate)| *rate),
            );
            let breaths = night_series(night, HR_STEP, |at| night_respiration(person, day, at));
            let count = number(i64::try_from(breaths.len()).unwrap_or(1).max(1));
            let breath = breaths.iter().map(|(_, value)| *value).sum::<f64>() / count;
            let oxygen = spo2_stats(&spo2_readings(person, day, night));
            json!({
                "calendarDate": day.date.to_string(),
                "values": {
                    "sleepScore": night.score,
                    "sleepScoreQuality": night.qualifier(),
                    "totalSleepTimeInSeconds": night.asleep_seconds(),
                    "deepTime": night.seconds(Stage::Deep),
                    "lightTime": night.seconds(Stage::Light),
                    "remTime": night.seconds(Stage::Rem),
                    "awakeTime": night.seconds(Stage::Awake),
                    "sleepNeed": night.need_minutes,
                    "gmtSleepStartTimeInMillis": night.start,
                    "gmtSleepEndTimeInMillis": night.end,
                    "localSleepStartTimeInMillis": zone.wall(night.start),
                    "localSleepEndTimeInMillis": zone.wall(night.end),
                    "avgHeartRate": heart.round(),
                    "restingHeartRate": day.form.resting_hr,
                    "bodyBatteryChange": night.battery_change(),
                    "respiration": breath.round(),
                    "spO2": oxygen.map(|(mean, _, _)| mean.round()),
                    "skinTempC": null,
                    "skinTempF": null,
                    "avgOvernightHrv": day.form.hrv_ms.round(),
                    "hrv7dAverage": number(day.form.hrv_7d),
                    "hrvStatus": day.form.hrv_status.wire(),
                    "sleepAlignmentStatus": "ALIGNED",
                    "sleepAlignmentOswStart": person.bed_minutes - 1_440,
                    "sleepAlignmentOswEnd": person.wake_minutes,
                },
            })
        })
        .collect();
    let mean = |value: &dyn Fn(&Day, &Night) -> i64| {
        (!nights.is_empty())
            .then(|| rounded(average(nights.iter().map(|(day, night)| value(day, night))), 1))
    };
    found(json!({
        "overallStats": {
            "averageSleepSeconds": mean(&|_, night| night.asleep_seconds()),
            "averageSleepScore": mean(&|_, night| night.score),
            "averageSleepNeed": mean(&|_, night| night.need_minutes),
            "averageLocalSleepStartTime":
                mean(&|day, night| (night.start - zone.midnight(day.date)) / 1_000),
            "averageLocalSleepEndTime":
                mean(&|day, night| (night.end - zone.midnight(day.date)) / 1_000),
            "averageRestingHeartRate": mean(&|day, _| day.form.resting_hr),
            "averageBodyBatteryChange": mean(&|_, night| night.battery_change()),
            "averageSkinTempC": null,
            "averageSkinTempF": null,
        },
        "individualStats": rows,
    }))
}

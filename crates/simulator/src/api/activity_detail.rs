//! `activity-service`: one activity, its laps, zones, weather and recorded streams.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::activities::{aerobic_message, anaerobic_message, event_dto, type_dto};
use super::multisport;
use super::wellness::with;
use super::{ApiError, Caller, Reply, found};
use crate::athlete::{
    Activity, Discipline, Lap, POWER_ZONES, Sample, laps, number, rounded, whole,
};
use crate::state::Inner;
use crate::times::{Millis, dotted};

pub(super) fn router() -> Router<Arc<Inner>> {
    let one = "/activity-service/activity/{id}";
    Router::new()
        .route(one, get(activity))
        .route(&format!("{one}/splits"), get(splits))
        .route(&format!("{one}/hrTimeInZones"), get(hr_zones))
        .route(&format!("{one}/powerTimeInZones"), get(power_zones))
        .route(&format!("{one}/weather"), get(weather))
        .route(&format!("{one}/exerciseSets"), get(exercise_sets))
}

impl Caller {
    pub(super) fn activity(&self, id: &str) -> Result<&Activity, ApiError> {
        let id: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
        self.season.activity(id, self.now_ms()).ok_or(ApiError::NotFound)
    }
}

async fn activity(Path(id): Path<String>, caller: Caller) -> Reply {
    if let Some(whole) = caller.multisport(&id) {
        return found(multisport::detail(&caller, &whole));
    }
    let activity = caller.activity(&id)?;
    let person = &caller.athlete.person;
    let outdoors = activity.discipline != Discipline::Strength;
    found(json!({
        "activityId": activity.id,
        "activityUUID": {"uuid": activity.uuid},
        "activityName": activity.name,
        "userProfileId": person.profile_id,
        "isMultiSportParent": false,
        "activityTypeDTO": type_dto(activity.discipline),
        "eventTypeDTO": event_dto(activity.kind),
        "accessControlRuleDTO": {"typeId": 2, "typeKey": "private"},
        "timeZoneUnitDTO": {"unitId": 124, "unitKey": caller.athlete.zone_name, "factor": 0.0,
                            "timeZone": caller.athlete.zone_name},
        "metadataDTO": metadata(&caller, activity),
        "summaryDTO": summary(&caller, activity),
        "locationName": outdoors.then_some(&person.city),
    }))
}

fn metadata(caller: &Caller, activity: &Activity) -> Value {
    let whole = caller.season.whole_of(activity, caller.now_ms());
    let person = &caller.athlete.person;
    let device = match activity.discipline {
        Discipline::Ride => &person.bike_computer,
        Discipline::Run | Discipline::Strength => &person.watch,
    };
    json!({
        "isOriginal": true,
        "deviceApplicationInstallationId": 1_004_830,
        "agentApplicationInstallationId": null,
        "agentString": null,
        "fileFormat": {"formatId": 7, "formatKey": "fit"},
        "associatedCourseId": null,
        "lastUpdateDate": dotted(activity.end() + 90_000),
        "uploadedDate": dotted(activity.end() + 90_000),
        "videoUrl": null,
        "hasPolyline": activity.distance > 0.0,
        "hasChartData": true,
        "hasHrTimeInZones": true,
        "hasPowerTimeInZones": activity.has_power(),
        "userInfoDto": {"userProfilePk": person.profile_id,
                        "displayname": person.display_name, "fullname": person.full_name,
                        "userPro": false},
        "parentId": whole.map(|whole| whole.id()),
        "childIds": [],
        "childActivityTypes": [],
        "sensors": null,
        "activityImages": [],
        "manufacturer": "GARMIN",
        "diveNumber": null,
        "lapCount": activity.lap_count,
        "associatedWorkoutId": null,
        "isAtpActivity": null,
        "deviceMetaDataDTO": {"deviceId": device.id.to_string(),
                              "deviceTypePk": device.model.type_pk,
                              "deviceVersionPk": 1_004_830},
        "hasIntensityIntervals": false,
        "hasSplits": true,
        "hasHeatMap": false,
        "personalRecord": false,
        "gcj02": false,
        "autoCalcCalories": false,
        "favorite": false,
        "manualActivity": false,
        "elevationCorrected": false,
        "trimmed": false,
    })
}

fn summary(caller: &Caller, activity: &Activity) -> Value {
    let person = &caller.athlete.person;
    let zone = &caller.athlete.zone;
    let means = activity.means;
    let body = json!({
        "startTimeLocal": dotted(zone.wall(activity.start)),
        "startTimeGMT": dotted(activity.start),
        "distance": activity.distance,
        "duration": activity.duration,
        "movingDuration": activity.moving,
        "elapsedDuration": activity.elapsed,
        "averageSpeed": rounded(activity.average_speed(), 3),
        "averageMovingSpeed": rounded(activity.distance / activity.moving.max(1.0), 3),
        "maxSpeed": rounded(means.max_speed, 3),
        "calories": activity.calories,
        "bmrCalories": activity.bmr_calories,
        "averageHR": means.avg_hr.round(),
        "maxHR": means.max_hr,
        "minHR": means.min_hr,
        "trainingEffect": activity.aerobic_effect,
        "anaerobicTrainingEffect": activity.anaerobic_effect,
        "aerobicTrainingEffectMessage": aerobic_message(activity),
        "anaerobicTrainingEffectMessage": anaerobic_message(activity),
        "trainingEffectLabel": activity.effect_label(),
        "activityTrainingLoad": activity.load,
        "waterEstimated": (activity.duration / 60.0 * 11.0).round(),
        "minActivityLapDuration": rounded(shortest_lap(activity), 3),
        "directWorkoutFeel": null,
        "directWorkoutRpe": null,
        "moderateIntensityMinutes": activity.moderate_minutes,
        "vigorousIntensityMinutes": activity.vigorous_minutes,
        "recoveryHeartRate": null,
        "steps": activity.steps,
        "differenceBodyBattery": -whole(activity.battery_drain.round()),
    });
    if activity.discipline == Discipline::Strength {
        return body;
    }
    let body = with(
        body,
        json!({
            "startLatitude": person.latitude,
            "startLongitude": person.longitude,
            "endLatitude": person.latitude,
            "endLongitude": person.longitude,
            "elevationGain": means.gain.round(),
            "elevationLoss": means.loss.round(),
            "maxElevation": rounded(means.max_elevation, 1),
            "minElevation": rounded(means.min_elevation, 1),
            "averagePower": means.avg_power.round(),
            "maxPower": means.max_power,
            "minPower": means.min_power,
            "normalizedPower": means.norm_power.round(),
            "totalWork": rounded(means.avg_power * activity.duration / 4_184.0, 2),
        }),
    );
    match activity.discipline {
        Discipline::Run => {
            let stride = activity.distance / number(activity.steps.max(1)) * 100.0;
            with(
                body,
                json!({
                    "averageRunCadence": rounded(means.avg_cadence, 2),
                    "maxRunCadence": means.max_cadence,
                    "strideLength": rounded(stride, 2),
                    "groundContactTime": rounded(330.0 - 24.0 * activity.average_speed(), 1),
                    "verticalOscillation": rounded(7.2 + 0.35 * activity.average_speed(), 2),
                    "avgGradeAdjustedSpeed": rounded(activity.average_speed() * 1.01, 3),
                }),
            )
        }
        Discipline::Ride => with(
            body,
            json!({
                "averageBikeCadence": means.avg_cadence.round(),
                "maxBikeCadence": means.max_cadence,
            }),
        ),
        Discipline::Strength => body,
    }
}

pub(super) fn cut(activity: &Activity) -> (Vec<Sample>, Vec<Lap>) {
    let samples = activity.effort.trace();
    let laps = laps(&activity.effort, &samples);
    (samples, laps)
}

fn shortest_lap(activity: &Activity) -> f64 {
    cut(activity).1.iter().map(|lap| lap.end_secs - lap.start_secs).fold(f64::MAX, f64::min)
}

/// The instant of a second of the timer.
pub(super) fn at(activity: &Activity, secs: f64) -> Millis {
    activity.start + whole((activity.elapsed_at(secs) * 1_000.0).round())
}

async fn splits(Path(id): Path<String>, caller: Caller) -> Reply {
    if let Some(whole) = caller.multisport(&id) {
        return found(multisport::laps(&whole));
    }
    let activity = caller.activity(&id)?;
    let (_, laps) = cut(activity);
    let rows: Vec<Value> =
        laps.iter().zip(1..).map(|(lap, index)| lap_dto(activity, lap, index)).collect();
    found(json!({
        "activityId": activity.id,
        "lapDTOs": rows,
        "eventDTOs": [{
            "startTimeGMT": dotted(activity.start),
            "startTimeGMTDoubleValue": number(activity.start),
            "sectionTypeDTO": {"id": 1, "key": "timerTrigger",
                               "sectionTypeKey": "TIMER_TRIGGER"},
        }],
    }))
}

fn lap_dto(activity: &Activity, lap: &Lap, index: i64) -> Value {
    let secs = lap.end_secs - lap.start_secs;
    let share = secs / activity.duration;
    let means = lap.means;
    let speed = lap.distance / secs.max(0.001);
    let body = json!({
        "startTimeGMT": dotted(at(activity, lap.start_secs)),
        "distance": rounded(lap.distance, 2),
        "duration": rounded(secs, 3),
        "movingDuration": rounded(secs, 3),
        "elapsedDuration": rounded(secs, 3),
        "averageSpeed": rounded(speed, 3),
        "averageMovingSpeed": rounded(speed, 3),
        "maxSpeed": rounded(means.max_speed.max(speed), 3),
        "calories": (activity.calories * share).round(),
        "bmrCalories": (activity.bmr_calories * share).round(),
        "averageHR": means.avg_hr.round(),
        "maxHR": means.max_hr,
        "lapIndex": index,
        "lengthDTOs": [],
        "connectIQMeasurement": [],
        "intensityType": lap.role.wire(),
        "messageIndex": index - 1,
    });
    if activity.discipline == Discipline::Strength {
        return body;
    }
    let body = with(
        body,
        json!({
            "elevationGain": means.gain.round(),
            "elevationLoss": means.loss.round(),
            "maxElevation": rounded(means.max_elevation, 1),
            "minElevation": rounded(means.min_elevation, 1),
            "averagePower": means.avg_power.round(),
            "maxPower": means.max_power,
            "minPower": means.min_power,
            "normalizedPower": means.norm_power.round(),
            "avgRespirationRate": rounded(means.avg_respiration, 2),
            "maxRespirationRate": rounded(means.max_respiration, 2),
        }),
    );
    match activity.discipline {
        Discipline::Run => with(
            body,
            json!({
                "averageRunCadence": rounded(means.avg_cadence, 2),
                "maxRunCadence": means.max_cadence,
                "strideLength": rounded(lap.distance / means.steps.max(1.0) * 100.0, 2),
            }),
        ),
        Discipline::Ride => with(
            body,
            json!({
                "averageBikeCadence": means.avg_cadence.round(),
                "maxBikeCadence": means.max_cadence,
            }),
        ),
        Discipline::Strength => body,
    }
}

async fn hr_zones(Path(id): Path<String>, caller: Caller) -> Reply {
    if let Some(whole) = caller.multisport(&id) {
        return found(multisport::heart_rate_zones(&caller, &whole));
    }
    let activity = caller.activity(&id)?;
    let floors = caller.athlete.person.hr_zones();
    let rows: Vec<Value> = activity
        .hr_zone_secs
        .iter()
        .zip(floors)
        .zip(1..)
        .map(|((secs, floor), zone)| {
            json!({"zoneNumber": zone, "secsInZone": rounded(*secs, 3), "zoneLowBoundary": floor})
        })
        .collect();
    found(Value::from(rows))
}

async fn power_zones(Path(id): Path<String>, caller: Caller) -> Reply {
    if let Ok(nothing) = multisport::only_of_legs(&caller, &id, json!([])) {
        return found(nothing);
    }
    let activity = caller.activity(&id)?;
    if !activity.has_power() {
        return found(json!([]));
    }
    let threshold = match activity.discipline {
        Discipline::Run => caller.athlete.person.run_power_w,
        Discipline::Ride | Discipline::Strength => activity.effort.threshold_power,
    };
    let rows: Vec<Value> = activity
        .power_zone_secs
        .iter()
        .zip(POWER_ZONES)
        .zip(1..)
        .map(|((secs, share), zone)| {
            json!({"zoneNumber": zone, "secsInZone": rounded(*secs, 3),
                   "zoneLowBoundary": (share * threshold).round()})
        })
        .collect();
    found(Value::from(rows))
}

async fn weather(Path(id): Path<String>, caller: Caller) -> Reply {
    let whole = caller.multisport(&id);
    let activity = match whole.as_ref().and_then(|whole| whole.legs.first()) {
        Some(first) => first,
        None => caller.activity(&id)?,
    };
    let person = &caller.athlete.person;
    let outdoors = activity.discipline != Discipline::Strength;
    let seed = activity.effort.seed.child("weather");
    let sky = ["Fair", "Mostly Cloudy", "Light Rain", "Cloudy"];
    let known = |value: Value| if outdoors { value } else { Value::Null };
    found(json!({
        "issueDate": known(json!(format!("{}+00:00", dotted(activity.start)))),
        "temp": known(json!(activity.temperature_f)),
        "apparentTemp": known(json!(activity.temperature_f - 2.0)),
        "dewPoint": known(json!(activity.temperature_f - 15.0)),
        "relativeHumidity": known(json!(seed.child("humidity").whole(38, 92))),
        "windDirection": known(json!(seed.child("wind").whole(0, 7) * 45)),
        "windDirectionCompassPoint": known(json!(
            seed.child("wind").pick(&["n", "ne", "e", "se", "s", "sw", "w", "nw"])
        )),
        "windSpeed": known(json!(seed.child("speed").whole(1, 18))),
        "windGust": null,
        "latitude": known(json!(person.latitude)),
        "longitude": known(json!(person.longitude)),
        "weatherStationDTO": known(json!({"id": "SIM1", "name": person.city, "timezone": null})),
        "weatherTypeDTO": known(json!({
            "weatherTypePk": null, "desc": seed.child("sky").pick(&sky), "image": null
        })),
    }))
}

async fn exercise_sets(Path(id): Path<String>, caller: Caller) -> Reply {
    let nothing = json!({"activityId": id, "exerciseSets": null});
    if let Ok(nothing) = multisport::only_of_legs(&caller, &id, nothing) {
        return found(nothing);
    }
    let activity = caller.activity(&id)?;
    if activity.discipline != Discipline::Strength {
        return found(json!({"activityId": activity.id, "exerciseSets": null}));
    }
    let moves = [
        ("SQUAT", "BARBELL_BACK_SQUAT", 60_000.0),
        ("DEADLIFT", "ROMANIAN_DEADLIFT", 50_000.0),
        ("BENCH_PRESS", "BARBELL_BENCH_PRESS", 45_000.0),
        ("ROW", "BARBELL_ROW", 40_000.0),
        ("LUNGE", "DUMBBELL_LUNGE", 24_000.0),
    ];
    let (_, laps) = cut(activity);
    let rows: Vec<Value> = laps
        .iter()
        .zip(0_usize..)
        .map(|(lap, index)| {
            let active = index % 2 == 0;
            let (category, name, weight) = moves[index / 6 % moves.len()];
            let exercises = json!([{"category": category, "name": name, "probability": 100.0}]);
            json!({
                "exercises": if active { exercises } else { json!([]) },
                "duration": rounded(lap.end_secs - lap.start_secs, 3),
                "repetitionCount": active.then_some(10),
                "weight": active.then_some(weight),
                "setType": if active { "ACTIVE" } else { "REST" },
                "startTime": dotted(at(activity, lap.start_secs)),
                "wktStepIndex": null,
                "messageIndex": index,
            })
        })
        .collect();
    found(json!({"activityId": activity.id, "exerciseSets": rows}))
}

//! A ride and a run that the watch keeps as one, as the list and the single view tell it.

use serde_json::{Value, json};

use super::{ApiError, Caller};
use crate::athlete::{Activity, Discipline, Multisport, number, rounded, whole};
use crate::times::{dotted, spaced};

impl Caller {
    /// The whole of several legs, if the id names one.
    pub(super) fn multisport(&self, id: &str) -> Option<Multisport<'_>> {
        self.season.multisport(id.parse().ok()?, self.now_ms())
    }
}

fn kind() -> Value {
    json!({"typeId": 89, "typeKey": "multi_sport", "parentTypeId": 17, "isHidden": false,
           "restricted": false, "trimmable": false})
}

fn event() -> Value {
    json!({"typeId": 4, "typeKey": "training", "sortOrder": 4})
}

pub(super) fn name(caller: &Caller) -> String {
    format!("{} Multisport", caller.athlete.person.city)
}

fn climb(leg: &Activity, of: fn(&Activity) -> f64) -> f64 {
    if leg.discipline == Discipline::Strength { 0.0 } else { of(leg).round() }
}

/// An element of the list; its legs are not in it.
pub(super) fn item(caller: &Caller, found: &Multisport<'_>) -> Value {
    let person = &caller.athlete.person;
    let zone = &caller.athlete.zone;
    let duration = found.sum(|leg| leg.duration);
    let distance = found.sum(|leg| leg.distance);
    json!({
        "activityId": found.id(),
        "activityName": name(caller),
        "startTimeLocal": spaced(zone.wall(found.start())),
        "startTimeGMT": spaced(found.start()),
        "endTimeGMT": spaced(found.end()),
        "beginTimestamp": found.start(),
        "activityType": kind(),
        "eventType": event(),
        "distance": rounded(distance, 2),
        "duration": rounded(duration, 3),
        "elapsedDuration": number(found.end() - found.start()) / 1_000.0,
        "movingDuration": rounded(found.sum(|leg| leg.moving), 3),
        "averageSpeed": rounded(distance / duration.max(1.0), 3),
        "maxSpeed": rounded(found.highest(|leg| leg.means.max_speed), 3),
        "elevationGain": found.sum(|leg| climb(leg, |leg| leg.means.gain)),
        "elevationLoss": found.sum(|leg| climb(leg, |leg| leg.means.loss)),
        "hasPolyline": true,
        "hasImages": false,
        "ownerId": person.profile_id,
        "ownerDisplayName": person.display_name,
        "ownerFullName": person.full_name,
        "calories": found.sum(|leg| leg.calories),
        "bmrCalories": found.sum(|leg| leg.bmr_calories),
        "averageHR": found.mean(|leg| leg.means.avg_hr).round(),
        "maxHR": found.highest(|leg| leg.means.max_hr),
        "steps": found.count(|leg| leg.steps),
        "activityTrainingLoad": rounded(found.sum(|leg| leg.load), 1),
        "moderateIntensityMinutes": found.count(|leg| leg.moderate_minutes),
        "vigorousIntensityMinutes": found.count(|leg| leg.vigorous_minutes),
        "differenceBodyBattery": -whole(found.sum(|leg| leg.battery_drain.round())),
        "lapCount": found.legs.len(),
        "deviceId": person.watch.id,
        "manufacturer": "GARMIN",
        "privacy": {"typeId": 2, "typeKey": "private"},
        "timeZoneId": 124,
        "pr": false,
        "favorite": false,
        "parent": true,
        "isParent": true,
        "manualActivity": false,
    })
}

/// The single view.
pub(super) fn detail(caller: &Caller, found: &Multisport<'_>) -> Value {
    let person = &caller.athlete.person;
    let zone = &caller.athlete.zone;
    let duration = found.sum(|leg| leg.duration);
    let distance = found.sum(|leg| leg.distance);
    json!({
        "activityId": found.id(),
        "activityName": name(caller),
        "userProfileId": person.profile_id,
        "isMultiSportParent": true,
        "activityTypeDTO": kind(),
        "eventTypeDTO": event(),
        "accessControlRuleDTO": {"typeId": 2, "typeKey": "private"},
        "timeZoneUnitDTO": {"unitId": 124, "unitKey": caller.athlete.zone_name, "factor": 0.0,
                            "timeZone": caller.athlete.zone_name},
        "metadataDTO": {
            "isOriginal": true,
            "lastUpdateDate": dotted(found.end() + 90_000),
            "uploadedDate": dotted(found.end() + 90_000),
            "hasPolyline": true,
            "hasChartData": false,
            "hasHrTimeInZones": true,
            "hasPowerTimeInZones": false,
            "childIds": found.legs.iter().map(|leg| leg.id).collect::<Vec<i64>>(),
            "childActivityTypes": found
                .legs
                .iter()
                .map(|leg| leg.discipline.activity_type().1)
                .collect::<Vec<&str>>(),
            "manufacturer": "GARMIN",
            "lapCount": found.legs.len(),
            "deviceMetaDataDTO": {"deviceId": person.watch.id.to_string(),
                                  "deviceTypePk": person.watch.model.type_pk},
            "hasSplits": false,
            "personalRecord": false,
            "favorite": false,
            "manualActivity": false,
        },
        "summaryDTO": {
            "startTimeLocal": dotted(zone.wall(found.start())),
            "startTimeGMT": dotted(found.start()),
            "distance": rounded(distance, 2),
            "duration": rounded(duration, 3),
            "movingDuration": rounded(found.sum(|leg| leg.moving), 3),
            "elapsedDuration": number(found.end() - found.start()) / 1_000.0,
            "elevationGain": found.sum(|leg| climb(leg, |leg| leg.means.gain)),
            "elevationLoss": found.sum(|leg| climb(leg, |leg| leg.means.loss)),
            "averageSpeed": rounded(distance / duration.max(1.0), 3),
            "maxSpeed": rounded(found.highest(|leg| leg.means.max_speed), 3),
            "calories": found.sum(|leg| leg.calories),
            "bmrCalories": found.sum(|leg| leg.bmr_calories),
            "averageHR": found.mean(|leg| leg.means.avg_hr).round(),
            "maxHR": found.highest(|leg| leg.means.max_hr),
            "activityTrainingLoad": rounded(found.sum(|leg| leg.load), 1),
            "moderateIntensityMinutes": found.count(|leg| leg.moderate_minutes),
            "vigorousIntensityMinutes": found.count(|leg| leg.vigorous_minutes),
            "steps": found.count(|leg| leg.steps),
            "differenceBodyBattery": -whole(found.sum(|leg| leg.battery_drain.round())),
        },
        "locationName": person.city,
    })
}

/// One lap a leg.
pub(super) fn laps(found: &Multisport<'_>) -> Value {
    let rows: Vec<Value> = found
        .legs
        .iter()
        .zip(1..)
        .map(|(leg, index)| {
            json!({
                "startTimeGMT": dotted(leg.start),
                "distance": leg.distance,
                "duration": leg.duration,
                "movingDuration": leg.moving,
                "elapsedDuration": leg.elapsed,
                "averageSpeed": rounded(leg.average_speed(), 3),
                "averageHR": leg.means.avg_hr.round(),
                "maxHR": leg.means.max_hr,
                "calories": leg.calories,
                "lapIndex": index,
                "lengthDTOs": [],
                "intensityType": "ACTIVE",
            })
        })
        .collect();
    json!({"activityId": found.id(), "lapDTOs": rows, "eventDTOs": []})
}

/// The legs' time in each zone together.
pub(super) fn heart_rate_zones(caller: &Caller, found: &Multisport<'_>) -> Value {
    let floors = caller.athlete.person.hr_zones();
    let rows: Vec<Value> = floors
        .into_iter()
        .enumerate()
        .map(|(zone, floor)| {
            let secs = found.sum(|leg| leg.hr_zone_secs[zone]);
            json!({"zoneNumber": zone + 1, "secsInZone": rounded(secs, 3),
                   "zoneLowBoundary": floor})
        })
        .collect();
    Value::from(rows)
}

/// The part of a whole that only its legs have.
pub(super) fn only_of_legs(caller: &Caller, id: &str, nothing: Value) -> Result<Value, ApiError> {
    caller.multisport(id).map(|_| nothing).ok_or(ApiError::NotFound)
}

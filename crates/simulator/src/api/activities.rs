//! `activitylist-service`: the list, its filters and its pages.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::wellness::with;
use super::{ApiError, Caller, Reply, found};
use super::{activity_types, multisport};
use crate::athlete::{Activity, Discipline, Multisport, SessionKind, number, rounded, whole};
use crate::state::Inner;
use crate::times::spaced;

/// The most one page gives.
const PAGE_CAP: i64 = 1_000;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/activitylist-service/activities/search/activities", get(search))
        .route("/activitylist-service/activities/count", get(count))
        .route("/activitylist-service/activities/{uuid}/gear", get(of_gear))
        .route("/mobile-gateway/heartRate/forDate/{date}", get(for_date))
}

fn optional_date(query: &Query, name: &str) -> Result<Option<Date>, ApiError> {
    query.get(name).map(|text| params::date(text)).transpose()
}

fn optional_number(query: &Query, name: &str) -> Result<Option<f64>, ApiError> {
    query
        .get(name)
        .map(|text| {
            text.parse()
                .map_err(|_| ApiError::BadRequest(format!("Invalid value for {name}: {text}")))
        })
        .transpose()
}

async fn search(query: Query, caller: Caller) -> Reply {
    let start = params::whole(&query, "start", 0)?;
    let limit = params::whole(&query, "limit", 20)?;
    if start < 0 || limit < 1 {
        return Err(ApiError::BadRequest("start and limit must be positive".to_owned()));
    }
    let kind = query.get("activityType").map(String::as_str);
    if let Some(kind) = kind.filter(|kind| !activity_types::is_key(kind)) {
        return Err(ApiError::BadRequest(format!("Invalid activity type: {kind}")));
    }
    let from = optional_date(&query, "startDate")?;
    let to = optional_date(&query, "endDate")?;
    let longer = optional_number(&query, "minDistance")?;
    let shorter = optional_number(&query, "maxDistance")?;
    let slower = optional_number(&query, "minDuration")?;
    let faster = optional_number(&query, "maxDuration")?;
    let text = query.get("search").map(|text| text.to_lowercase());
    let wanted = |entry: &Listed<'_>| {
        from.is_none_or(|from| entry.date() >= from)
            && to.is_none_or(|to| entry.date() <= to)
            && kind.is_none_or(|kind| kind == "all" || entry.is_kind_of(kind))
            && longer.is_none_or(|metres| entry.distance() >= metres)
            && shorter.is_none_or(|metres| entry.distance() <= metres)
            && slower.is_none_or(|secs| entry.duration() >= secs)
            && faster.is_none_or(|secs| entry.duration() <= secs)
            && text.as_ref().is_none_or(|text| entry.name(&caller).to_lowercase().contains(text))
    };
    let mut all: Vec<Listed<'_>> = listed(&caller).into_iter().filter(wanted).collect();
    if query.get("sortOrder").is_none_or(|order| order != "asc") {
        all.reverse();
    }
    let skip = usize::try_from(start).unwrap_or(usize::MAX);
    let take = usize::try_from(limit.min(PAGE_CAP)).unwrap_or(0);
    let page: Vec<Value> =
        all.into_iter().skip(skip).take(take).map(|entry| entry.item(&caller)).collect();
    found(Value::from(page))
}

/// What the list shows: a multisport activity in place of its legs.
enum Listed<'a> {
    One(&'a Activity),
    Whole(Multisport<'a>),
}

impl Listed<'_> {
    fn date(&self) -> Date {
        match self {
            Self::One(activity) => activity.date,
            Self::Whole(whole) => whole.date(),
        }
    }

    fn is_kind_of(&self, key: &str) -> bool {
        match self {
            Self::One(activity) => activity.discipline.is_kind_of(key),
            Self::Whole(_) => key == "multi_sport",
        }
    }

    fn distance(&self) -> f64 {
        match self {
            Self::One(activity) => activity.distance,
            Self::Whole(whole) => whole.sum(|leg| leg.distance),
        }
    }

    fn duration(&self) -> f64 {
        match self {
            Self::One(activity) => activity.duration,
            Self::Whole(whole) => whole.sum(|leg| leg.duration),
        }
    }

    fn name(&self, caller: &Caller) -> String {
        match self {
            Self::One(activity) => activity.name.clone(),
            Self::Whole(_) => multisport::name(caller),
        }
    }

    fn item(&self, caller: &Caller) -> Value {
        match self {
            Self::One(activity) => item(caller, activity),
            Self::Whole(whole) => multisport::item(caller, whole),
        }
    }
}

/// Oldest first.
fn listed(caller: &Caller) -> Vec<Listed<'_>> {
    let now = caller.now_ms();
    let mut wholes: Vec<Multisport<'_>> = caller.season.multisports(now).collect();
    wholes.reverse();
    let mut entries = Vec::new();
    for activity in caller.season.activities(now) {
        let leg_of =
            |whole: &Multisport<'_>| whole.legs.iter().position(|leg| leg.id == activity.id);
        match wholes.last().and_then(leg_of) {
            Some(0) => entries.extend(wholes.last().cloned().map(Listed::Whole)),
            Some(_) => {}
            None => entries.push(Listed::One(activity)),
        }
        if wholes
            .last()
            .is_some_and(|whole| whole.legs.last().is_some_and(|leg| leg.id == activity.id))
        {
            wholes.pop();
        }
    }
    entries
}

async fn count(caller: Caller) -> Reply {
    let now = caller.now_ms();
    let single = caller.season.activities(now).count();
    let wholes: Vec<Multisport<'_>> = caller.season.multisports(now).collect();
    let legs: usize = wholes.iter().map(|whole| whole.legs.len()).sum();
    found(json!({"totalCount": single + wholes.len(), "multisportParentCount": wholes.len(),
                 "multisportChildCount": legs, "nonMultisportCount": single - legs}))
}

async fn of_gear(Path(uuid): Path<String>, query: Query, caller: Caller) -> Reply {
    let gear = crate::athlete::gear_items(&caller.athlete.person, &caller.season);
    let gear = gear.iter().find(|gear| gear.uuid == uuid).ok_or(ApiError::NotFound)?;
    let skip = usize::try_from(params::whole(&query, "start", 0)?).unwrap_or(0);
    let take = usize::try_from(params::whole(&query, "limit", 20)?.min(PAGE_CAP)).unwrap_or(0);
    let page: Vec<Value> = caller
        .season
        .activities(caller.now_ms())
        .rev()
        .filter(|activity| gear.was_used_in(activity))
        .skip(skip)
        .take(take)
        .map(|activity| item(&caller, activity))
        .collect();
    found(Value::from(page))
}

/// The day's activities beside its heart rate, as the phone app asks for them.
async fn for_date(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let activities: Vec<Value> = listed(&caller)
        .iter()
        .filter(|entry| entry.date() == date)
        .map(|entry| entry.item(&caller))
        .collect();
    let rates = caller.view(date).map(|view| view.heart_rates());
    found(json!({
        "ActivitiesForDay": {"requestUrl": null, "statusCode": 200, "payload": activities},
        "AllDayHR": {"requestUrl": null, "statusCode": 200, "payload": {"heartRateValues": rates}},
    }))
}

/// The type, as lists and details spell it.
pub(super) fn type_dto(discipline: Discipline) -> Value {
    let (id, key, parent) = discipline.activity_type();
    json!({"typeId": id, "typeKey": key, "parentTypeId": parent, "isHidden": false,
           "restricted": false, "trimmable": true})
}

pub(super) fn event_dto(kind: SessionKind) -> Value {
    match kind {
        SessionKind::Race => json!({"typeId": 1, "typeKey": "race", "sortOrder": 1}),
        SessionKind::Intervals | SessionKind::Tempo => {
            json!({"typeId": 4, "typeKey": "training", "sortOrder": 4})
        }
        SessionKind::Recovery
        | SessionKind::Easy
        | SessionKind::Long
        | SessionKind::Strength
        | SessionKind::Ride => json!({"typeId": 9, "typeKey": "uncategorized", "sortOrder": 10}),
    }
}

pub(super) fn aerobic_message(activity: &Activity) -> String {
    let what = match activity.aerobic_effect {
        ..2.0 => "MINOR_AEROBIC_BENEFIT",
        2.0..3.0 => "MAINTAINING_AEROBIC_BASE",
        3.0..4.0 => "IMPROVING_AEROBIC_FITNESS",
        _ => "HIGHLY_IMPROVING_AEROBIC_FITNESS",
    };
    format!("{what}_2")
}

pub(super) fn anaerobic_message(activity: &Activity) -> &'static str {
    match activity.anaerobic_effect {
        ..1.0 => "NO_ANAEROBIC_BENEFIT_0",
        1.0..2.0 => "MINOR_ANAEROBIC_BENEFIT_15",
        _ => "MAINTAINING_ANAEROBIC_FITNESS_1",
    }
}

/// An element of the list. What was not measured is absent, not null.
pub(super) fn item(caller: &Caller, activity: &Activity) -> Value {
    let person = &caller.athlete.person;
    let zone = &caller.athlete.zone;
    let means = activity.means;
    let device = match activity.discipline {
        Discipline::Ride => &person.bike_computer,
        Discipline::Run | Discipline::Strength => &person.watch,
    };
    let common = json!({
        "activityId": activity.id,
        "activityName": activity.name,
        "startTimeLocal": spaced(zone.wall(activity.start)),
        "startTimeGMT": spaced(activity.start),
        "endTimeGMT": spaced(activity.end()),
        "beginTimestamp": activity.start,
        "activityType": type_dto(activity.discipline),
        "eventType": event_dto(activity.kind),
        "distance": activity.distance,
        "duration": activity.duration,
        "elapsedDuration": activity.elapsed,
        "movingDuration": activity.moving,
        "averageSpeed": rounded(activity.average_speed(), 3),
        "maxSpeed": rounded(means.max_speed, 3),
        "hasPolyline": activity.distance > 0.0,
        "hasImages": false,
        "ownerId": person.profile_id,
        "ownerDisplayName": person.display_name,
        "ownerFullName": person.full_name,
        "calories": activity.calories,
        "bmrCalories": activity.bmr_calories,
        "averageHR": means.avg_hr.round(),
        "maxHR": means.max_hr,
    });
    let more = json!({
        "userRoles": ["SCOPE_ATP_READ"],
        "privacy": {"typeId": 2, "typeKey": "private"},
        "userPro": false,
        "hasVideo": false,
        "timeZoneId": 124,
        "sportTypeId": match activity.discipline {
            Discipline::Run => 1, Discipline::Ride => 2, Discipline::Strength => 4,
        },
        "aerobicTrainingEffect": activity.aerobic_effect,
        "anaerobicTrainingEffect": activity.anaerobic_effect,
        "trainingEffectLabel": activity.effect_label(),
        "activityTrainingLoad": activity.load,
        "aerobicTrainingEffectMessage": aerobic_message(activity),
        "anaerobicTrainingEffectMessage": anaerobic_message(activity),
        "deviceId": device.id,
        "manufacturer": "GARMIN",
        "summarizedDiveInfo": {"summarizedDiveGases": []},
        "lapCount": activity.lap_count,
        "waterEstimated": (activity.duration / 60.0 * 11.0).round(),
        "hasSplits": true,
        "moderateIntensityMinutes": activity.moderate_minutes,
        "vigorousIntensityMinutes": activity.vigorous_minutes,
        "differenceBodyBattery": -whole(activity.battery_drain.round()),
        "minRespirationRate": rounded(means.min_respiration, 2),
        "maxRespirationRate": rounded(means.max_respiration, 2),
        "avgRespirationRate": rounded(means.avg_respiration, 2),
        "activityUUID": activity.uuid,
        "hasHeatMap": false,
        "qualifyingDive": false,
        "pr": false,
        "favorite": false,
        // Lists spell it either way, and some items have both.
        "parent": false,
        "isParent": false,
        "purposeful": false,
        "manualActivity": false,
        "autoCalcCalories": false,
        "elevationCorrected": false,
        "atpActivity": false,
        "decoDive": false,
    });
    let more = match caller.season.whole_of(activity, caller.now_ms()) {
        Some(whole) => with(more, json!({"parentId": whole.id()})),
        None => more,
    };
    let zones: serde_json::Map<String, Value> = activity
        .hr_zone_secs
        .iter()
        .zip(1..)
        .map(|(secs, zone)| (format!("hrTimeInZone_{zone}"), json!(rounded(*secs, 3))))
        .collect();
    with(with(with(common, more), Value::Object(zones)), particular(caller, activity))
}

fn particular(caller: &Caller, activity: &Activity) -> Value {
    let person = &caller.athlete.person;
    let means = activity.means;
    if activity.discipline == Discipline::Strength {
        return json!({"totalSets": activity.lap_count, "activeSets": activity.lap_count / 2,
                      "totalReps": activity.lap_count / 2 * 10, "steps": activity.steps});
    }
    let mut body = json!({
        "elevationGain": means.gain.round(),
        "elevationLoss": means.loss.round(),
        "minElevation": rounded(means.min_elevation, 1),
        "maxElevation": rounded(means.max_elevation, 1),
        "startLatitude": person.latitude,
        "startLongitude": person.longitude,
        "endLatitude": person.latitude,
        "endLongitude": person.longitude,
        "locationName": person.city,
        "avgPower": means.avg_power.round(),
        "maxPower": means.max_power,
        "normPower": means.norm_power.round(),
        "vO2MaxValue": activity.vo2max.round(),
        "splitSummaries": [{
            "noOfSplits": 1, "totalAscent": means.gain.round(), "duration": activity.duration,
            "splitType": "INTERVAL_ACTIVE", "numClimbSends": 0,
            "maxElevationGain": means.gain.round(), "averageElevationGain": means.gain.round(),
            "maxDistance": whole(activity.distance), "distance": activity.distance,
            "averageSpeed": rounded(activity.average_speed(), 3),
            "maxSpeed": rounded(means.max_speed, 3), "numFalls": 0,
            "elevationLoss": means.loss.round(),
        }],
    });
    let Some(object) = body.as_object_mut() else { return body };
    for (secs, zone) in activity.power_zone_secs.iter().zip(1..) {
        object.insert(format!("powerTimeInZone_{zone}"), json!(rounded(*secs, 3)));
    }
    let sport = match activity.discipline {
        Discipline::Run => run(activity),
        Discipline::Ride => ride(person.bike_ftp_w, activity),
        Discipline::Strength => json!({}),
    };
    with(body, sport)
}

fn run(activity: &Activity) -> Value {
    let means = activity.means;
    let stride = activity.distance / number(activity.steps.max(1)) * 100.0;
    let mut body = json!({
        "steps": activity.steps,
        "averageRunningCadenceInStepsPerMinute": rounded(means.avg_cadence, 2),
        "maxRunningCadenceInStepsPerMinute": means.max_cadence,
        "maxDoubleCadence": means.max_cadence,
        "avgStrideLength": rounded(stride, 2),
        "avgGroundContactTime": rounded(330.0 - 24.0 * activity.average_speed(), 1),
        "avgVerticalOscillation": rounded(7.2 + 0.35 * activity.average_speed(), 2),
        "avgVerticalRatio": rounded((7.2 + 0.35 * activity.average_speed()) * 100.0 / stride, 2),
        "avgGradeAdjustedSpeed": rounded(activity.average_speed() * 1.01, 3),
    });
    let keys =
        ["fastestSplit_1000", "fastestSplit_1609", "fastestSplit_5000", "fastestSplit_10000"];
    if let Some(object) = body.as_object_mut() {
        for (key, secs) in keys.into_iter().zip(activity.fastest) {
            if let Some(secs) = secs {
                object.insert(key.to_owned(), json!(rounded(secs, 3)));
            }
        }
    }
    body
}

fn ride(ftp: f64, activity: &Activity) -> Value {
    let means = activity.means;
    let intensity = means.norm_power / ftp;
    json!({
        "averageBikingCadenceInRevPerMinute": means.avg_cadence.round(),
        "maxBikingCadenceInRevPerMinute": means.max_cadence,
        "intensityFactor": rounded(intensity, 3),
        "trainingStressScore": rounded(activity.duration / 3_600.0 * intensity * intensity * 100.0, 1),
        "excludeFromPowerCurveReports": false,
    })
}

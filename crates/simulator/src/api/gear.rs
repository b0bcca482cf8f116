//! `gear-service`: shoes and bike, by owner and by activity.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::params::Query;
use super::{ApiError, Caller, Reply, found};
use crate::athlete::{GearItem, GearKind, gear_items, rounded};
use crate::state::Inner;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/gear-service/gear/filterGear", get(filter))
        .route("/gear-service/gear/stats/{uuid}", get(stats))
        .route("/gear-service/gear/user/{pk}/activityTypes", get(defaults))
        .route("/gear-service/gear/v2/list", get(list_v2))
}

fn all(caller: &Caller) -> Vec<GearItem> {
    gear_items(&caller.athlete.person, &caller.season)
}

async fn filter(query: Query, caller: Caller) -> Reply {
    let profile = caller.athlete.person.profile_id.to_string();
    let gear = all(&caller);
    let chosen: Vec<&GearItem> = match (query.get("userProfilePk"), query.get("activityId")) {
        (_, Some(id)) if caller.multisport(id).is_some() => Vec::new(),
        (_, Some(id)) => {
            let activity = caller.activity(id)?;
            gear.iter().filter(|gear| gear.was_used_in(activity)).collect()
        }
        (Some(owner), None) if *owner == profile => gear.iter().collect(),
        (Some(_), None) => return Err(ApiError::Forbidden),
        (None, None) => {
            return Err(ApiError::BadRequest("userProfilePk or activityId is needed".to_owned()));
        }
    };
    found(chosen.into_iter().map(|gear| legacy(&caller, gear)).collect())
}

fn type_name(kind: GearKind) -> &'static str {
    match kind {
        GearKind::Shoes => "Shoes",
        GearKind::Bike => "Bike",
    }
}

fn legacy(caller: &Caller, gear: &GearItem) -> Value {
    let maximum = (gear.maximum_m > 0.0).then_some(gear.maximum_m);
    json!({
        "gearPk": gear.pk,
        "uuid": gear.uuid,
        "userProfilePk": caller.athlete.person.profile_id,
        "gearMakeName": "Other",
        "gearModelName": format!("Unknown {}", type_name(gear.kind)),
        "gearTypeName": type_name(gear.kind),
        "gearStatusName": if gear.is_active() { "active" } else { "retired" },
        "displayName": gear.name,
        "customMakeModel": gear.brand_model,
        "imageNameLarge": null,
        "imageNameMedium": null,
        "imageNameSmall": null,
        "dateBegin": format!("{}T09:00:00.0", gear.since),
        "dateEnd": gear.until.map(|until| format!("{until}T09:00:00.0")),
        "maximumMeters": maximum.unwrap_or(0.0),
        "notified": false,
        "createDate": format!("{}T09:00:00.0", gear.since),
        "updateDate": format!("{}T09:00:00.0", gear.until.unwrap_or(gear.since)),
        "notes": Some(gear.notes).filter(|notes| !notes.is_empty()),
    })
}

async fn stats(Path(uuid): Path<String>, caller: Caller) -> Reply {
    let gear = all(&caller);
    let gear = gear.iter().find(|gear| gear.uuid == uuid).ok_or(ApiError::NotFound)?;
    let (metres, _, count) = gear.use_so_far(&caller.season, caller.now_ms());
    let zone = &caller.athlete.zone;
    found(json!({
        "gearPk": gear.pk,
        "uuid": gear.uuid,
        "createDate": zone.midnight(gear.since),
        "updateDate": zone.midnight(gear.until.unwrap_or(gear.since)),
        "totalDistance": rounded(metres, 2),
        "totalActivities": count,
        "isProcessing": false,
        "processing": false,
    }))
}

async fn defaults(Path(pk): Path<String>, caller: Caller) -> Reply {
    if pk != caller.athlete.person.profile_id.to_string() {
        return Err(ApiError::Forbidden);
    }
    let rows: Vec<Value> = all(&caller)
        .iter()
        .filter(|gear| gear.is_active() && gear.name != "Race day")
        .map(|gear| {
            let kind = match gear.kind {
                GearKind::Shoes => 1,
                GearKind::Bike => 2,
            };
            json!({"uuid": gear.uuid, "activityTypePk": kind, "defaultGear": true})
        })
        .collect();
    found(Value::from(rows))
}

async fn list_v2(caller: Caller) -> Reply {
    let rows: Vec<Value> = all(&caller)
        .iter()
        .map(|gear| {
            let (metres, secs, count) = gear.use_so_far(&caller.season, caller.now_ms());
            let (brand, model) = gear.brand_model.split_once(' ').unwrap_or((gear.brand_model, ""));
            let dashed = format!(
                "{}-{}-{}-{}-{}",
                &gear.uuid[..8],
                &gear.uuid[8..12],
                &gear.uuid[12..16],
                &gear.uuid[16..20],
                &gear.uuid[20..]
            );
            json!({
                "uuid": dashed,
                "userProfilePk": caller.athlete.person.profile_id,
                "gearType": type_name(gear.kind).to_uppercase(),
                "status": if gear.is_active() { "ACTIVE" } else { "RETIRED" },
                "name": gear.name,
                "brand": brand,
                "model": model,
                "usageType": "DISTANCE",
                "maxUsageDate": null,
                "maxUsageDistanceMeters": gear.maximum_m,
                "maxUsageDurationSeconds": 0,
                "firstUseDate": gear.since.to_string(),
                "numActivitiesLinked": count,
                "durationUsedSeconds": rounded(secs, 0),
                "distanceUsedMeters": rounded(metres, 0),
                "daysUsed": count,
                "processing": false,
                "createdDate": format!("{}T09:00:00.0", gear.since),
                "notes": gear.notes,
                "associatedActivityTypes": [],
            })
        })
        .collect();
    found(Value::from(rows))
}

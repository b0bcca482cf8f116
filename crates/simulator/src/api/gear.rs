//! `gear-service`: shoes and bike, by owner and by activity.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, put};
use serde_json::{Value, json};

use super::params::Query;
use super::{ApiError, Caller, Reply, found, nothing};
use crate::athlete::{GearItem, GearKind, gear_items, rounded};
use crate::state::Inner;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/gear-service/gear/filterGear", get(filter))
        .route("/gear-service/gear/stats/{uuid}", get(stats))
        .route("/gear-service/gear/user/{pk}/activityTypes", get(defaults))
        .route("/gear-service/gear/v2/list", get(list_v2))
        .route("/gear-service/gear/link/{uuid}/activity/{id}", put(link))
        .route("/gear-service/gear/unlink/{uuid}/activity/{id}", put(unlink))
        .route("/gear-service/gear/{uuid}/activityType/{kind}/default/true", put(set_default))
        .route("/gear-service/gear/{uuid}/activityType/{kind}", delete(end_default))
}

/// Puts gear on an activity, or takes it off.
fn set_link(inner: &Inner, caller: &Caller, (uuid, id): (&str, &str), on: bool) -> Reply {
    let gear = named(caller, uuid)?;
    let activity = match caller.multisport(id) {
        Some(whole) => whole.id(),
        None => caller.activity(id)?.id,
    };
    let mut garmin = inner.lock();
    let belongings = &mut garmin.account_mut(caller.index).belongings;
    belongings.links.insert((activity, gear.uuid.clone()), on);
    drop(garmin);
    found(legacy(caller, &gear))
}

async fn link(
    State(inner): State<Arc<Inner>>,
    Path((uuid, id)): Path<(String, String)>,
    caller: Caller,
) -> Reply {
    set_link(&inner, &caller, (&uuid, &id), true)
}

async fn unlink(
    State(inner): State<Arc<Inner>>,
    Path((uuid, id)): Path<(String, String)>,
    caller: Caller,
) -> Reply {
    set_link(&inner, &caller, (&uuid, &id), false)
}

fn set_use(inner: &Inner, caller: &Caller, (uuid, kind): (&str, &str), on: bool) -> Reply {
    let gear = named(caller, uuid)?;
    let kind: i64 =
        kind.parse().map_err(|_| ApiError::BadRequest(format!("Invalid activity type: {kind}")))?;
    let mut garmin = inner.lock();
    let defaults = &mut garmin.account_mut(caller.index).belongings.defaults;
    if on {
        // One default a type: the former one ends.
        for other in all(caller).into_iter().filter(|other| other.uuid != gear.uuid) {
            defaults.insert((other.uuid, kind), false);
        }
    }
    defaults.insert((gear.uuid, kind), on);
    drop(garmin);
    nothing()
}

async fn set_default(
    State(inner): State<Arc<Inner>>,
    Path((uuid, kind)): Path<(String, String)>,
    caller: Caller,
) -> Reply {
    set_use(&inner, &caller, (&uuid, &kind), true)
}

async fn end_default(
    State(inner): State<Arc<Inner>>,
    Path((uuid, kind)): Path<(String, String)>,
    caller: Caller,
) -> Reply {
    set_use(&inner, &caller, (&uuid, &kind), false)
}

fn named(caller: &Caller, uuid: &str) -> Result<GearItem, ApiError> {
    all(caller).into_iter().find(|gear| gear.uuid == uuid).ok_or(ApiError::NotFound)
}

fn all(caller: &Caller) -> Vec<GearItem> {
    gear_items(&caller.athlete.person, &caller.season)
}

async fn filter(State(inner): State<Arc<Inner>>, query: Query, caller: Caller) -> Reply {
    let profile = caller.athlete.person.profile_id.to_string();
    let gear = all(&caller);
    let chosen: Vec<&GearItem> = match (query.get("userProfilePk"), query.get("activityId")) {
        (_, Some(id)) => {
            let whole = caller.multisport(id);
            let activity = if whole.is_some() { None } else { Some(caller.activity(id)?) };
            let number = whole.map_or_else(|| activity.map_or(0, |it| it.id), |whole| whole.id());
            let garmin = inner.lock();
            let links = &garmin.account(caller.index).belongings.links;
            let worn = |gear: &GearItem| activity.is_some_and(|it| gear.was_used_in(it));
            let linked = |gear: &&GearItem| {
                links.get(&(number, gear.uuid.clone())).copied().unwrap_or_else(|| worn(gear))
            };
            gear.iter().filter(linked).collect()
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

async fn defaults(
    State(inner): State<Arc<Inner>>,
    Path(pk): Path<String>,
    caller: Caller,
) -> Reply {
    if pk != caller.athlete.person.profile_id.to_string() {
        return Err(ApiError::Forbidden);
    }
    let mut uses: BTreeMap<(String, i64), bool> = all(&caller)
        .into_iter()
        .filter(|gear| gear.is_active() && gear.name != "Race day")
        .map(|gear| {
            let kind = match gear.kind {
                GearKind::Shoes => 1,
                GearKind::Bike => 2,
            };
            ((gear.uuid, kind), true)
        })
        .collect();
    uses.extend(inner.lock().account(caller.index).belongings.defaults.clone());
    let rows: Vec<Value> = uses
        .into_iter()
        .filter(|(_, on)| *on)
        .map(|((uuid, kind), _)| json!({"uuid": uuid, "activityTypePk": kind, "defaultGear": true}))
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

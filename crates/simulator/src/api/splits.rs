//! `activity-service`: stretches of an activity by kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::activity_detail::{at, cut};
use super::{Caller, Reply, found, multisport};
use crate::athlete::{Activity, Discipline, Lap, rounded};
use crate::state::Inner;
use crate::times::dotted;

pub(super) fn router() -> Router<Arc<Inner>> {
    let one = "/activity-service/activity/{id}";
    Router::new()
        .route(&format!("{one}/typedsplits"), get(typed_splits))
        .route(&format!("{one}/split_summaries"), get(split_summaries))
}

/// What the watch calls a lap that has this role in a workout.
fn kind(lap: &Lap) -> &'static str {
    match lap.role.wire() {
        "WARMUP" => "INTERVAL_WARMUP",
        "COOLDOWN" => "INTERVAL_COOLDOWN",
        "RECOVERY" => "INTERVAL_RECOVERY",
        _ => "INTERVAL_ACTIVE",
    }
}

/// The stretches: laps of one kind in a row are one, and a run as a whole is one more.
fn stretches(activity: &Activity) -> Vec<(&'static str, f64, f64, f64)> {
    let mut found: Vec<(&'static str, f64, f64, f64)> = Vec::new();
    if activity.discipline == Discipline::Run {
        found.push(("RWD_RUN", 0.0, activity.duration, activity.distance));
    }
    let whole = found.len();
    for lap in &cut(activity).1 {
        let kind = kind(lap);
        match found.get_mut(whole..).and_then(<[_]>::last_mut) {
            Some(last) if last.0 == kind && kind == "INTERVAL_ACTIVE" => {
                last.2 = lap.end_secs;
                last.3 += lap.distance;
            }
            Some(_) | None => found.push((kind, lap.start_secs, lap.end_secs, lap.distance)),
        }
    }
    found
}

async fn typed_splits(Path(id): Path<String>, caller: Caller) -> Reply {
    let nothing = json!({"activityId": id, "splits": []});
    if let Ok(nothing) = multisport::only_of_legs(&caller, &id, nothing) {
        return found(nothing);
    }
    let activity = caller.activity(&id)?;
    let zone = &caller.athlete.zone;
    let rows: Vec<Value> = stretches(activity)
        .into_iter()
        .map(|(kind, from, to, distance)| {
            let start = at(activity, from);
            json!({
                "type": kind,
                "startTimeLocal": dotted(zone.wall(start)),
                "startTimeGMT": dotted(start),
                "endTimeGMT": dotted(at(activity, to)),
                "distance": rounded(distance, 2),
                "duration": rounded(to - from, 3),
                "averageSpeed": rounded(distance / (to - from).max(0.001), 3),
            })
        })
        .collect();
    found(json!({
        "activityId": activity.id,
        "activityUUID": {"uuid": activity.uuid},
        "splits": rows,
    }))
}

async fn split_summaries(Path(id): Path<String>, caller: Caller) -> Reply {
    let nothing = json!({"activityId": id, "splitSummaries": []});
    if let Ok(nothing) = multisport::only_of_legs(&caller, &id, nothing) {
        return found(nothing);
    }
    let activity = caller.activity(&id)?;
    let mut sums: BTreeMap<&str, (i64, f64, f64)> = BTreeMap::new();
    for (kind, from, to, distance) in stretches(activity) {
        let sum = sums.entry(kind).or_default();
        *sum = (sum.0 + 1, sum.1 + to - from, sum.2 + distance);
    }
    let rows: Vec<Value> = sums
        .into_iter()
        .map(|(kind, (count, secs, distance))| {
            json!({
                "splitType": kind,
                "noOfSplits": count,
                "distance": rounded(distance, 2),
                "duration": rounded(secs, 3),
                "averageSpeed": rounded(distance / secs.max(0.001), 3),
                "numFalls": 0,
                "numClimbSends": 0,
            })
        })
        .collect();
    found(json!({
        "activityId": activity.id,
        "activityUUID": {"uuid": activity.uuid},
        "splitSummaries": rows,
    }))
}

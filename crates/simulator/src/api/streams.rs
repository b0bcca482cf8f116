//! The recorded streams of an activity: channels a client must map by index, and the track.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::activity_detail::at;
use super::params::{self, Query};
use super::{ApiError, Caller, Reply, found, multisport};
use crate::athlete::{Activity, Discipline, Sample, number, rounded, thinned};
use crate::state::Inner;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new().route("/activity-service/activity/{id}/details", get(details))
}

/// A channel of the streams: key, unit (id, key, factor) and where to read it.
type Channel = (&'static str, (i64, &'static str, f64), fn(&Activity, &Sample) -> f64);

const TIME: [Channel; 3] = [
    ("directTimestamp", (120, "gmt", 0.0), |activity, sample| number(at(activity, sample.secs))),
    ("sumDuration", (40, "second", 1_000.0), |_, sample| sample.secs),
    ("sumElapsedDuration", (40, "second", 1_000.0), |activity, sample| {
        activity.elapsed_at(sample.secs)
    }),
];
const BODY: [Channel; 2] = [
    ("directHeartRate", (100, "bpm", 1.0), |_, sample| sample.hr),
    ("directRespirationRate", (300, "breathsPerMinute", 1.0), |_, s| rounded(s.respiration, 2)),
];
const GROUND: [Channel; 6] = [
    ("sumDistance", (1, "meter", 100.0), |_, sample| rounded(sample.distance, 2)),
    ("directSpeed", (20, "mps", 0.1), |_, sample| rounded(sample.speed, 3)),
    ("directElevation", (1, "meter", 100.0), |_, sample| rounded(sample.elevation, 2)),
    ("directPower", (150, "watt", 1.0), |_, sample| sample.power),
    ("directLatitude", (60, "dd", 0.0), |_, sample| sample.latitude),
    ("directLongitude", (60, "dd", 0.0), |_, sample| sample.longitude),
];
const RUN: [Channel; 1] =
    [("directDoubleCadence", (92, "stepsPerMinute", 1.0), |_, sample| sample.cadence)];
const RIDE: [Channel; 1] =
    [("directBikeCadence", (91, "revolutionsPerMinute", 1.0), |_, sample| sample.cadence)];

/// Channels in an order of the activity's own: clients must map through `metricsIndex`.
fn channels(activity: &Activity) -> Vec<Channel> {
    let mut channels: Vec<Channel> = Vec::new();
    channels.extend(BODY);
    channels.extend(TIME);
    match activity.discipline {
        Discipline::Run => {
            channels.extend(GROUND);
            channels.extend(RUN);
        }
        Discipline::Ride => {
            channels.extend(RIDE);
            channels.extend(GROUND);
        }
        Discipline::Strength => {}
    }
    let turn = usize::try_from(activity.id).unwrap_or(0) % channels.len();
    channels.rotate_left(turn);
    channels
}

async fn details(Path(id): Path<String>, query: Query, caller: Caller) -> Reply {
    let nothing = json!({
        "activityId": id, "measurementCount": 0, "metricsCount": 0, "totalMetricsCount": 0,
        "metricDescriptors": [], "activityDetailMetrics": [], "geoPolylineDTO": null,
        "heartRateDTOs": null, "pendingData": null, "detailsAvailable": false,
    });
    if let Ok(nothing) = multisport::only_of_legs(&caller, &id, nothing) {
        return found(nothing);
    }
    let activity = caller.activity(&id)?;
    let most = |name: &str, otherwise: i64| {
        let wanted = params::whole(&query, name, otherwise)?;
        usize::try_from(wanted)
            .map_err(|_| ApiError::BadRequest(format!("Invalid value for {name}: {wanted}")))
    };
    let (chart, line) = (most("maxChartSize", 2_000)?, most("maxPolylineSize", 4_000)?);
    let samples = activity.seconds();
    let shown = thinned(&samples, chart);
    let channels = channels(activity);
    let descriptors: Vec<Value> = channels
        .iter()
        .zip(0..)
        .map(|((key, (unit, name, factor), _), index)| {
            json!({"metricsIndex": index, "key": key,
                   "unit": {"id": unit, "key": name, "factor": factor}})
        })
        .collect();
    let rows: Vec<Value> = shown
        .iter()
        .map(|sample| {
            let metrics: Vec<f64> =
                channels.iter().map(|(_, _, read)| read(activity, sample)).collect();
            json!({"metrics": metrics})
        })
        .collect();
    found(json!({
        "activityId": activity.id,
        "measurementCount": channels.len(),
        "metricsCount": rows.len(),
        "totalMetricsCount": samples.len(),
        "metricDescriptors": descriptors,
        "activityDetailMetrics": rows,
        "geoPolylineDTO": polyline(activity, &thinned(&samples, line)),
        "heartRateDTOs": null,
        "pendingData": null,
        "detailsAvailable": true,
    }))
}

fn polyline(activity: &Activity, samples: &[Sample]) -> Value {
    if activity.discipline == Discipline::Strength {
        return Value::Null;
    }
    let point = |sample: &Sample| {
        json!({
            "lat": sample.latitude, "lon": sample.longitude, "altitude": null,
            "time": at(activity, sample.secs), "timerStart": false, "timerStop": false,
            "distanceFromPreviousPoint": null, "distanceInMeters": null, "speed": 0.0,
            "cumulativeAscent": null, "cumulativeDescent": null, "extendedCoordinate": false,
            "valid": true,
        })
    };
    let bound =
        |read: fn(&Sample) -> f64, pick: fn(f64, f64) -> f64| samples.iter().map(read).reduce(pick);
    json!({
        "startPoint": samples.first().map(point),
        "endPoint": samples.last().map(point),
        "minLat": bound(|sample| sample.latitude, f64::min),
        "maxLat": bound(|sample| sample.latitude, f64::max),
        "minLon": bound(|sample| sample.longitude, f64::min),
        "maxLon": bound(|sample| sample.longitude, f64::max),
        "polyline": samples.iter().map(point).collect::<Vec<_>>(),
    })
}

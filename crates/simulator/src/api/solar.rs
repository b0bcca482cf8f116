//! `web-gateway`: the sun that a device with a solar panel saw.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params;
use super::{ApiError, Caller, Reply, found};
use crate::athlete::{Activity, Device, Discipline, number, rounded, whole};
use crate::state::Inner;
use crate::times::{MINUTE, days_between, dotted, shift};

/// Between readings.
const EVERY: i64 = 5 * MINUTE;
const LONGEST_RANGE: i64 = 31;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new().route("/web-gateway/solar/{device}/{start}/{end}", get(solar))
}

async fn solar(
    Path((device, start, end)): Path<(String, String, String)>,
    caller: Caller,
) -> Reply {
    let (start, end) = params::range(&start, &end, LONGEST_RANGE)?;
    let person = &caller.athlete.person;
    let owned = [&person.watch, &person.bike_computer];
    let device =
        owned.into_iter().find(|it| it.id.to_string() == device).ok_or(ApiError::Forbidden)?;
    let days: Vec<Value> = if device.model.has_solar() {
        (0..=days_between(start, end))
            .filter_map(|offset| day(&caller, shift(start, offset)))
            .collect()
    } else {
        Vec::new()
    };
    found(json!({
        "deviceSolarInput": {"deviceId": device_id(device), "solarDailyDataDTOs": days},
        "listOfAllActivities": {"activityList": []},
        "DailySleeps": [],
    }))
}

const fn device_id(device: &Device) -> i64 {
    device.id
}

/// A bike computer sees the sun while it rides.
fn day(caller: &Caller, date: Date) -> Option<Value> {
    let readings: Vec<Value> = caller
        .season
        .activities(caller.now_ms())
        .filter(|ride| ride.date == date && ride.discipline == Discipline::Ride)
        .flat_map(|ride| readings(caller, ride))
        .collect();
    (!readings.is_empty())
        .then(|| json!({"calendarDate": date.to_string(), "solarInputReadings": readings}))
}

fn readings(caller: &Caller, ride: &Activity) -> Vec<Value> {
    let zone = &caller.athlete.zone;
    let seed = ride.effort.seed.child("sun");
    let clear = seed.child("sky").between(0.2, 1.0);
    let count = (ride.end() - ride.start) / EVERY;
    (0..=count)
        .map(|index| (index, ride.start + index * EVERY))
        .map(|(index, at)| {
            let minutes = number(zone.wall(at).rem_euclid(24 * 60 * MINUTE) / MINUTE);
            let height = (std::f64::consts::PI * (minutes - 360.0) / 840.0).sin().max(0.0);
            let clouds = seed.at(index).between(0.8, 1.0);
            let percent = rounded(100.0 * height * clear * clouds, 1);
            json!({
                "readingTimestampGmt": dotted(at),
                "readingTimestampLocal": dotted(zone.wall(at)),
                "solarUtilization": percent,
                "activityTimeGainMs": whole(percent * 900.0),
            })
        })
        .collect()
}

//! `device-service`: the watch and the bike computer.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::wellness::with;
use super::{ApiError, Caller, Reply, found};
use crate::athlete::{Device, Discipline};
use crate::state::Inner;
use crate::times::{Millis, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/device-service/deviceregistration/devices", get(devices))
        .route("/device-service/deviceservice/device-info/settings/{id}", get(settings))
        .route("/device-service/deviceservice/mylastused", get(last_used))
        .route("/web-gateway/device-info/primary-training-device", get(primary))
}

/// No athlete leaves the watch in its drawer for as long.
const LONGEST_UNWORN: i64 = 14;

const UPLOAD_TAKES: Millis = 90_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Watch,
    BikeComputer,
}

fn image(device: &Device) -> String {
    format!(
        "https://static.garmincdn.com/com.garmin.connect/content/images/device-images/{}.png",
        device.model.key
    )
}

fn owned(caller: &Caller) -> [(&Device, Kind); 2] {
    let person = &caller.athlete.person;
    [(&person.watch, Kind::Watch), (&person.bike_computer, Kind::BikeComputer)]
}

async fn devices(caller: Caller) -> Reply {
    let rows: Vec<Value> =
        owned(&caller).into_iter().map(|(device, kind)| element(device, kind)).collect();
    found(Value::from(rows))
}

fn element(device: &Device, kind: Kind) -> Value {
    let watch = kind == Kind::Watch;
    let model = device.model;
    let categories = if watch {
        json!(["FITNESS", "WELLNESS", "RUNNING"])
    } else {
        json!(["FITNESS", "CYCLING"])
    };
    let about = json!({
        "appSupport": true,
        "applicationKey": model.key,
        "deviceTypePk": model.type_pk,
        "bestInClassVideoLink": null,
        "bluetoothClassicDevice": false,
        "bluetoothLowEnergyDevice": true,
        "deviceCategories": categories,
        "deviceEmbedVideoLink": null,
        "deviceSettingsFile": "RealTimeDeviceSettings.json",
        "hasOpticalHeartRate": watch,
        "highlighted": true,
        "imageUrl": image(device),
        "minGCMAndroidVersion": 7_300,
        "partNumber": model.part,
        "primary": watch,
        "productDisplayName": model.name,
        "productSku": model.sku,
        "wasp": false,
        "weightScale": false,
        "wellness": watch,
        "wifi": true,
        "hasPowerButton": true,
        "supportsSecondaryUsers": false,
        "primaryApplication": null,
        "deviceTypeSimpleName": format!("Garmin {}", model.name),
    });
    let capabilities = json!({
        "bodyBatteryCapable": watch,
        "hrvStressCapable": watch,
        "pulseOxAllDayCapable": watch,
        "pulseOxSleepCapable": watch,
        "sleepTrackingCapable": watch,
        "trainingStatusCapable": watch,
        "trainingReadinessCapable": watch,
        "vo2MaxRunCapable": watch,
        "vo2MaxBikeCapable": true,
        "powerCapable": true,
        "gpsCapable": true,
        "liveTrackCapable": true,
        "courseCapable": true,
        "workoutDownloadCapable": true,
        "maxWorkoutCount": 200,
        "dualBluetooth": true,
    });
    let unit = json!({
        "deviceStatus": "active",
        "registeredDate": 1_735_900_000_000_i64,
        "deviceId": device.id,
        "unitId": device.id,
        "serialNumber": device.serial,
        "displayName": model.name,
        "actualProductSku": model.sku,
        "currentFirmwareVersion": model.firmware,
        "currentFirmwareVersionMajor": null,
        "currentFirmwareVersionMinor": null,
        "activeInd": 1,
        "primaryActivityTrackerIndicator": watch,
        "isPrimaryUser": true,
    });
    with(with(about, capabilities), unit)
}

async fn settings(Path(id): Path<String>, caller: Caller) -> Reply {
    let (device, kind) = owned(&caller)
        .into_iter()
        .find(|(device, _)| device.id.to_string() == id)
        .ok_or(ApiError::NotFound)?;
    let alarm = json!({
        "alarmMode": "ON", "alarmTime": caller.athlete.person.wake_minutes,
        "alarmDays": ["M", "T", "W", "Th", "F"], "alarmSound": "TONE_AND_VIBRATION",
        "alarmId": device.id % 2_000_000_000, "changeState": "UNCHANGED", "backlight": "ON",
        "enabled": null, "alarmMessage": null, "alarmImageId": null, "alarmIcon": null,
        "alarmType": null,
    });
    let tracking = json!({
        "activityTrackingEnabled": true, "moveAlertEnabled": true, "moveBarEnabled": true,
        "pulseOxSleepTrackingEnabled": true, "highHrAlertEnabled": false,
        "highHrAlertThreshold": null, "lowHrAlertEnabled": false, "lowHrAlertThreshold": null,
    });
    found(json!({
        "deviceId": device.id,
        "timeFormat": "time_twenty_four_hr",
        "dateFormat": "date_month_day",
        "measurementUnits": caller.units.wire(),
        "allUnits": caller.units.wire(),
        "alarms": if kind == Kind::Watch { json!([alarm]) } else { json!([]) },
        "activityTracking": if kind == Kind::Watch { tracking } else { Value::Null },
        "keyTonesEnabled": false,
        "alertTonesEnabled": true,
        "startOfWeek": "MONDAY",
        "language": 0,
        "supportedLanguages": [{"id": 0, "name": "english"}],
        "connectIQ": {"autoUpdate": true},
    }))
}

/// Which device sent something last, and when: the watch sends as long as it is worn, the bike
/// computer after a ride.
async fn last_used(caller: Caller) -> Reply {
    let person = &caller.athlete.person;
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    let watch = (0..LONGEST_UNWORN)
        .find_map(|back| caller.view(shift(today, -back)))
        .map(|view| view.recorded_until());
    let ride = caller
        .season
        .activities(caller.now_ms())
        .rfind(|activity| activity.discipline == Discipline::Ride)
        .map(|ride| (ride.end() + UPLOAD_TAKES).min(caller.now_ms()));
    // Of two at the same moment the watch: it is the one that always sends.
    let device = if ride > watch { &person.bike_computer } else { &person.watch };
    found(json!({
        "userDeviceId": device.id,
        "userProfileNumber": person.profile_id,
        "applicationNumber": device.model.type_pk,
        "lastUsedDeviceApplicationKey": device.model.key,
        "lastUsedDeviceName": device.model.name,
        "lastUsedDeviceUploadTime": watch.max(ride),
        "imageUrl": image(device),
        "released": true,
    }))
}

async fn primary(caller: Caller) -> Reply {
    let weights: Vec<Value> = owned(&caller)
        .into_iter()
        .map(|(device, kind)| {
            json!({
                "displayName": device.model.name,
                "deviceId": device.id,
                "imageUrl": image(device),
                "weight": if kind == Kind::Watch { 100 } else { 10 },
                "primaryTrainingCapable": true,
                "lhaBackupCapable": kind == Kind::Watch,
                "primaryWearableDevice": kind == Kind::Watch,
            })
        })
        .collect();
    let registered: Vec<Value> =
        owned(&caller).into_iter().map(|(device, kind)| element(device, kind)).collect();
    found(json!({
        "PrimaryTrainingDevice": {"deviceId": caller.athlete.person.watch.id},
        "WearableDevices": {"deviceWeights": weights[..1], "wearableDeviceCount": 1},
        "TrainingStatusOnlyDevices": {"deviceWeights": []},
        "PrimaryTrainingDevices": {"deviceWeights": weights},
        "RegisteredDevices": registered,
    }))
}

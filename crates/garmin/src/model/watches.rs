//! Garmin hardware.

use jiff::Timestamp;

use super::model;

model! {
    /// A registered device. Garmin sends some 190 keys, most of them capabilities.
    Watch as "devices" {
        "deviceId" => id: i64,
        "productDisplayName" => model: String,
        "displayName" => name: String,
        "deviceTypeSimpleName" => type_name: String,
        "partNumber" => part_number: String,
        "serialNumber" => serial_number: String,
        "currentFirmwareVersion" => firmware: String,
        "primary" => primary: bool,
        "deviceStatus" => status: String,
    }

    /// The device that synced last.
    LastUsedWatch as "last used device" {
        "userDeviceId" => id: i64,
        "lastUsedDeviceName" => name: String,
        "lastUsedDeviceUploadTime" => uploaded_at: Timestamp,
    }
}

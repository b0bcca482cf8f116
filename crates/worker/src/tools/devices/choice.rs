//! Which device is meant, and refusals that name the argument.

use garmin::api::WatchId;
use garmin::{Garmin, GarminError};

use crate::args::Number;
use crate::error::ToolError;

fn unknown() -> ToolError {
    ToolError::NotFound {
        field: "device_id",
        what: "device",
        hint: "Allowed is the `device_id` of a device in `get_devices`.",
    }
}

/// The device asked for, or the one used last; nothing where there is none.
pub(super) async fn device(
    garmin: &Garmin,
    asked: Option<Number>,
) -> Result<Option<WatchId>, ToolError> {
    if let Some(Number(number)) = asked {
        return WatchId::new(number).map(Some).map_err(|_| unknown());
    }
    let last = garmin.last_used_device().await?.and_then(|last| last.id);
    if let Some(id) = last.and_then(|id| WatchId::new(id).ok()) {
        return Ok(Some(id));
    }
    let all = garmin.devices().await?.unwrap_or_default();
    Ok(all.iter().find_map(|device| WatchId::new(device.id?).ok()))
}

/// Garmin does not tell an unknown device from somebody else's.
pub(super) fn refusal(error: GarminError, asked: Option<Number>) -> ToolError {
    match error {
        GarminError::NotFound | GarminError::Forbidden if asked.is_some() => unknown(),
        error => error.into(),
    }
}

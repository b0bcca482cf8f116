//! Garmin hardware.

use std::fmt;

use super::{BadId, Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::DayRange;
use crate::error::GarminError;
use crate::model::{LastUsedWatch, SolarInput, TrainingWatches, Watch, WatchSettings};

/// Garmin's number for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(i64);

impl WatchId {
    pub fn new(number: i64) -> Result<Self, BadId> {
        if number > 0 { Ok(Self(number)) } else { Err(BadId) }
    }

    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for WatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Garmin {
    /// Registered devices.
    pub async fn devices(&self) -> Result<Option<Vec<Watch>>, GarminError> {
        let target = Target::new("/device-service/deviceregistration/devices");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// The device that synced last, and when.
    pub async fn last_used_device(&self) -> Result<Option<LastUsedWatch>, GarminError> {
        let target = Target::new("/device-service/deviceservice/mylastused");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// What is set on a device. One that is not the account's is [`GarminError::NotFound`] or
    /// [`GarminError::Forbidden`].
    pub async fn device_settings(&self, id: WatchId) -> Result<Option<WatchSettings>, GarminError> {
        let target = Target::new("/device-service/deviceservice/device-info/settings").segment(id);
        self.read(target, Freshness::Now).await
    }

    /// The device Garmin takes training numbers from, and the others.
    pub async fn training_devices(&self) -> Result<Option<TrainingWatches>, GarminError> {
        let target = Target::new("/web-gateway/device-info/primary-training-device");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// The sun a device saw; nothing for one without a solar panel.
    pub async fn device_solar(
        &self,
        id: WatchId,
        range: DayRange,
    ) -> Result<Option<SolarInput>, GarminError> {
        let target = Target::new("/web-gateway/solar")
            .segment(id)
            .segment(range.first())
            .segment(range.last())
            .query("singleDayView", range.length() == 1);
        or_absent(self.read(target, Freshness::Now).await)
    }
}

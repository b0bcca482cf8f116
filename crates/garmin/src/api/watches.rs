//! Garmin hardware.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::error::GarminError;
use crate::model::{LastUsedWatch, Watch};

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
}

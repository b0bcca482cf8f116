//! Shoes, bikes and their mileage.

use std::fmt;

use super::{ActivityId, Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::error::GarminError;
use crate::model::{ActivitySummary, Gear, GearDefault, GearStats, GearUse};

/// How Garmin names a piece of gear.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GearId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a gear id: 32 hexadecimal digits, with or without dashes")]
pub struct BadGearId;

impl GearId {
    /// The list names gear without dashes, newer services with them; they are two names.
    pub fn parse(text: &str) -> Result<Self, BadGearId> {
        let text = text.trim();
        let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
        let clean = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if clean && digits == 32 && matches!(text.len(), 32 | 36) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(BadGearId)
        }
    }
}

impl fmt::Display for GearId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// More than anybody owns.
const LONGEST_GEAR_LIST: u32 = 100;

impl Garmin {
    /// All gear, in use and retired.
    pub async fn gear(&self) -> Result<Option<Vec<Gear>>, GarminError> {
        let profile_id = self.profile_id().await?;
        let target =
            Target::new("/gear-service/gear/filterGear").query("userProfilePk", profile_id);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Gear used in one activity.
    pub async fn activity_gear(&self, id: ActivityId) -> Result<Option<Vec<Gear>>, GarminError> {
        let target = Target::new("/gear-service/gear/filterGear").query("activityId", id);
        self.read(target, Freshness::Now).await
    }

    /// Mileage of one piece of gear.
    pub async fn gear_stats(&self, id: &GearId) -> Result<Option<GearStats>, GarminError> {
        let target = Target::new("/gear-service/gear/stats").segment(id);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// All gear as the newer service tells it, with mileage, notes and uses, under the names
    /// the list of [`Self::gear`] uses. What it leaves out [`Self::gear_stats`] may know.
    pub async fn gear_use(&self) -> Result<Option<Vec<GearUse>>, GarminError> {
        let target = Target::new("/gear-service/gear/v2/list")
            .query("start", 0)
            .query("limit", LONGEST_GEAR_LIST)
            .query("gearStatuses", "ACTIVE")
            .query("gearStatuses", "RETIRED");
        let list: Option<Vec<GearUse>> = or_absent(self.read(target, Freshness::Now).await)?;
        Ok(list.map(|list| list.into_iter().map(with_plain_name).collect()))
    }

    /// Activities a piece of gear was used in, newest first. Past the end it is empty.
    pub async fn gear_activities(
        &self,
        id: &GearId,
        start: u32,
        limit: u32,
    ) -> Result<Vec<ActivitySummary>, GarminError> {
        let target = Target::new("/activitylist-service/activities")
            .segment(id)
            .then("/gear")
            .query("start", start)
            .query("limit", limit);
        Ok(or_absent(self.read(target, Freshness::Now).await)?.unwrap_or_default())
    }

    /// Which gear is used for what unless said otherwise.
    pub async fn gear_defaults(&self) -> Result<Option<Vec<GearDefault>>, GarminError> {
        let profile_id = self.profile_id().await?;
        let target =
            Target::new("/gear-service/gear/user").segment(profile_id).then("/activityTypes");
        or_absent(self.read(target, Freshness::Now).await)
    }
}

/// The newer service writes the same digits with dashes.
fn with_plain_name(used: GearUse) -> GearUse {
    let uuid = used.uuid.as_deref().map(|uuid| uuid.replace('-', "").to_ascii_lowercase());
    GearUse { uuid, ..used }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gear_has_a_hexadecimal_name_with_or_without_dashes() {
        let plain = "0000000000000000000000000000BEEF";
        assert_eq!(GearId::parse(plain).unwrap().to_string(), plain.to_ascii_lowercase());
        assert!(GearId::parse("00000000-0000-0000-0000-00000000beef").is_ok());
        for bad in ["", "beef", "../../x", "0000000000000000000000000000beeg", "é"] {
            assert_eq!(GearId::parse(bad), Err(BadGearId), "{bad}");
        }
    }
}

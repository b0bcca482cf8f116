//! Activities.

use std::fmt;

use super::Target;
use crate::client::{Freshness, Garmin};
use crate::days::DayRange;
use crate::error::GarminError;
use crate::model::{Activity, ActivityDetails, ActivitySplits, ActivitySummary, TimeInZone};

/// Garmin's number for an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivityId(i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an activity id: a positive whole number")]
pub struct BadId;

impl ActivityId {
    pub fn new(number: i64) -> Result<Self, BadId> {
        if number > 0 { Ok(Self(number)) } else { Err(BadId) }
    }

    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for ActivityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A kind of activity by Garmin's key, such as `running`. Which keys exist only Garmin knows:
/// an unknown one is answered with [`GarminError::BadRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityKind(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an activity type such as `running` or `trail_running`")]
pub struct BadActivityKind;

impl ActivityKind {
    pub fn parse(text: &str) -> Result<Self, BadActivityKind> {
        let key = text.trim().to_ascii_lowercase();
        let clean = key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if clean && (1..=64).contains(&key.len()) { Ok(Self(key)) } else { Err(BadActivityKind) }
    }
}

impl fmt::Display for ActivityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which activities; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityQuery {
    /// How many to leave out from the start.
    pub start: u32,
    pub limit: u32,
    pub range: Option<DayRange>,
    pub kind: Option<ActivityKind>,
}

impl Garmin {
    /// A page of the list. Past its end it is empty.
    pub async fn activities(
        &self,
        query: &ActivityQuery,
    ) -> Result<Vec<ActivitySummary>, GarminError> {
        let mut target = Target::new("/activitylist-service/activities/search/activities")
            .query("start", query.start)
            .query("limit", query.limit);
        if let Some(range) = &query.range {
            target = target.query("startDate", range.first()).query("endDate", range.last());
        }
        if let Some(kind) = &query.kind {
            target = target.query("activityType", kind);
        }
        Ok(self.read(target, Freshness::Now).await?.unwrap_or_default())
    }

    /// One activity. One that does not exist is [`GarminError::NotFound`].
    pub async fn activity(&self, id: ActivityId) -> Result<Activity, GarminError> {
        let target = Target::new("/activity-service/activity").segment(id);
        self.read(target, Freshness::Now).await?.ok_or(GarminError::NotFound)
    }

    /// The curve of an activity, thinned out to about `points`. The route is left out as far
    /// as Garmin lets us: nothing here shows it.
    pub async fn activity_details(
        &self,
        id: ActivityId,
        points: u32,
    ) -> Result<Option<ActivityDetails>, GarminError> {
        let target = Target::new("/activity-service/activity")
            .segment(id)
            .then("/details")
            .query("maxChartSize", points)
            .query("maxPolylineSize", 100);
        self.read(target, Freshness::Now).await
    }

    /// The same with at most so many points of the curve and of the route.
    pub async fn activity_chart(
        &self,
        id: ActivityId,
        points: u32,
        route: u32,
    ) -> Result<Option<ActivityDetails>, GarminError> {
        let target = Target::new("/activity-service/activity")
            .segment(id)
            .then("/details")
            .query("maxChartSize", points)
            .query("maxPolylineSize", route);
        self.read(target, Freshness::Now).await
    }

    /// The laps of an activity.
    pub async fn activity_splits(
        &self,
        id: ActivityId,
    ) -> Result<Option<ActivitySplits>, GarminError> {
        let target = Target::new("/activity-service/activity").segment(id).then("/splits");
        self.read(target, Freshness::Now).await
    }

    /// Time in each heart rate zone.
    pub async fn activity_heart_rate_zones(
        &self,
        id: ActivityId,
    ) -> Result<Option<Vec<TimeInZone>>, GarminError> {
        let target = Target::new("/activity-service/activity").segment(id).then("/hrTimeInZones");
        self.read(target, Freshness::Now).await
    }

    /// Time in each power zone; nothing without a power meter.
    pub async fn activity_power_zones(
        &self,
        id: ActivityId,
    ) -> Result<Option<Vec<TimeInZone>>, GarminError> {
        let target =
            Target::new("/activity-service/activity").segment(id).then("/powerTimeInZones");
        self.read(target, Freshness::Now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_positive_number_and_a_kind_is_a_key() {
        assert_eq!(ActivityId::new(20_000_000_001).unwrap().number(), 20_000_000_001);
        for bad in [0, -1, i64::MIN] {
            assert_eq!(ActivityId::new(bad), Err(BadId), "{bad}");
        }
        assert_eq!(ActivityKind::parse(" Trail_Running ").unwrap().to_string(), "trail_running");
        for bad in ["", "trail running", "a&b", "é"] {
            assert_eq!(ActivityKind::parse(bad), Err(BadActivityKind), "{bad}");
        }
    }
}

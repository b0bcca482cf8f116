//! Golf.

use std::fmt;

use super::{BadId, Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::error::GarminError;
use crate::model::{ClubType, GolfClub, GolfShots, GolfStats, ScorecardDetails, ScorecardPage};

/// Garmin's number for a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScorecardId(i64);

impl ScorecardId {
    pub fn new(number: i64) -> Result<Self, BadId> {
        if number > 0 { Ok(Self(number)) } else { Err(BadId) }
    }

    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for ScorecardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Beyond what the largest bag holds.
const MOST_CLUBS: u32 = 1_000;
/// The highest number among Garmin's types of club.
const LAST_CLUB_TYPE: u32 = 42;

impl Garmin {
    /// Rounds, newest first.
    pub async fn golf_scorecards(
        &self,
        start: u32,
        limit: u32,
    ) -> Result<Option<ScorecardPage>, GarminError> {
        let target = Target::new("/gcs-golfcommunity/api/v2/scorecard/summary")
            .query("per-page", limit)
            .query("start", start);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// One round hole by hole. One that does not exist is [`GarminError::NotFound`].
    pub async fn golf_scorecard(
        &self,
        id: ScorecardId,
    ) -> Result<Option<ScorecardDetails>, GarminError> {
        let target = Target::new("/gcs-golfcommunity/api/v2/scorecard/detail")
            .query("scorecard-ids", id)
            .query("include-longest-shot-distance", true);
        self.read(target, Freshness::Now).await
    }

    /// The shots of all holes. Garmin's own filter loses the holes from the tenth on, so it is
    /// not used.
    pub async fn golf_shots(&self, id: ScorecardId) -> Result<Option<GolfShots>, GarminError> {
        let target = Target::new("/gcs-golfcommunity/api/v2/shot/scorecard").segment(id);
        self.read(target.then("/hole"), Freshness::Now).await
    }

    /// The clubs in the bag and what they do.
    pub async fn golf_clubs(&self) -> Result<Option<Vec<GolfClub>>, GarminError> {
        let target = Target::new("/gcs-golfcommunity/api/v2/club/player")
            .query("per-page", MOST_CLUBS)
            .query("include-stats", true);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// What the numbers of the types of club mean.
    pub async fn golf_club_types(&self) -> Result<Option<Vec<ClubType>>, GarminError> {
        let target = Target::new("/gcs-golfcommunity/api/v2/club/types")
            .query("maxClubTypeId", LAST_CLUB_TYPE);
        or_absent(self.read(target, Freshness::Lasting).await)
    }

    /// What the player's rounds come to.
    pub async fn golf_stats(&self) -> Result<Option<GolfStats>, GarminError> {
        let target = Target::new("/gcs-golfcommunity/api/v2/player/stats");
        or_absent(self.read(target, Freshness::Now).await)
    }
}

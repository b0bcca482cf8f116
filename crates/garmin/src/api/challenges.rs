//! Goals, records, badges and challenges.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::error::GarminError;
use crate::model::{AdhocChallenge, Badge, BadgeChallenge, Goal, PersonalRecord};

/// Which goals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoalStatus {
    Active,
    Future,
    Past,
}

/// Which of Garmin's own challenges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeList {
    Available,
    Completed,
    NonCompleted,
    /// Expeditions on foot along famous ways.
    VirtualInProgress,
}

impl Garmin {
    /// Goals, counted from 1.
    pub async fn goals(
        &self,
        status: GoalStatus,
        start: u32,
        limit: u32,
    ) -> Result<Option<Vec<Goal>>, GarminError> {
        let status = match status {
            GoalStatus::Active => "active",
            GoalStatus::Future => "future",
            GoalStatus::Past => "past",
        };
        let target = Target::new("/goal-service/goal/goals")
            .query("status", status)
            .query("start", start)
            .query("limit", limit)
            .query("sortOrder", "asc");
        or_absent(self.read_as_site(target).await)
    }

    pub async fn personal_records(&self) -> Result<Option<Vec<PersonalRecord>>, GarminError> {
        let base = || Target::new("/personalrecord-service/personalrecord/prs");
        or_absent(self.read_named(|name| base().segment(name), Freshness::Now).await)
    }

    pub async fn earned_badges(&self) -> Result<Option<Vec<Badge>>, GarminError> {
        or_absent(self.read(Target::new("/badge-service/badge/earned"), Freshness::Now).await)
    }

    /// Badges that are still to be had.
    pub async fn available_badges(&self) -> Result<Option<Vec<Badge>>, GarminError> {
        let target =
            Target::new("/badge-service/badge/available").query("showExclusiveBadge", true);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Challenges among friends, counted from 0.
    pub async fn adhoc_challenges(
        &self,
        start: u32,
        limit: u32,
    ) -> Result<Option<Vec<AdhocChallenge>>, GarminError> {
        let target = Target::new("/adhocchallenge-service/adHocChallenge/historical")
            .query("start", start)
            .query("limit", limit);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Garmin's own challenges, counted from 1.
    pub async fn challenges(
        &self,
        list: ChallengeList,
        start: u32,
        limit: u32,
    ) -> Result<Option<Vec<BadgeChallenge>>, GarminError> {
        let path = match list {
            ChallengeList::Available => "/badgechallenge-service/badgeChallenge/available",
            ChallengeList::Completed => "/badgechallenge-service/badgeChallenge/completed",
            ChallengeList::NonCompleted => "/badgechallenge-service/badgeChallenge/non-completed",
            ChallengeList::VirtualInProgress => {
                "/badgechallenge-service/virtualChallenge/inProgress"
            }
        };
        // Zero is refused.
        let target = Target::new(path).query("start", start.max(1)).query("limit", limit);
        or_absent(self.read(target, Freshness::Now).await)
    }
}

//! What hangs on an activity, the table of types, and the activities of one day.
//!
//! A part of an activity that does not exist is [`GarminError::NotFound`], as the activity is.

use super::{ActivityId, Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::Day;
use crate::error::GarminError;
use crate::model::{
    ActivityCount, ActivityTypeRow, ActivityWeather, DayActivities, ExerciseSets, SplitSummaries,
    TypedSplits,
};

fn part(id: ActivityId, name: &'static str) -> Target {
    Target::new("/activity-service/activity").segment(id).then(name)
}

impl Garmin {
    /// Stretches of an activity by kind: climbs, walks, intervals.
    pub async fn activity_typed_splits(
        &self,
        id: ActivityId,
    ) -> Result<Option<TypedSplits>, GarminError> {
        self.read(part(id, "/typedsplits"), Freshness::Now).await
    }

    /// The same, added up by kind.
    pub async fn activity_split_summaries(
        &self,
        id: ActivityId,
    ) -> Result<Option<SplitSummaries>, GarminError> {
        self.read(part(id, "/split_summaries"), Freshness::Now).await
    }

    /// The weather outside; nothing for what was done indoors.
    pub async fn activity_weather(
        &self,
        id: ActivityId,
    ) -> Result<Option<ActivityWeather>, GarminError> {
        self.read(part(id, "/weather"), Freshness::Now).await
    }

    /// The sets of a strength training; nothing for other activities.
    pub async fn activity_exercise_sets(
        &self,
        id: ActivityId,
    ) -> Result<Option<ExerciseSets>, GarminError> {
        self.read(part(id, "/exerciseSets"), Freshness::Now).await
    }

    /// How many activities the account has.
    pub async fn activity_count(&self) -> Result<Option<ActivityCount>, GarminError> {
        let target = Target::new("/activitylist-service/activities/count");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Every type of activity there is.
    pub async fn activity_types(&self) -> Result<Option<Vec<ActivityTypeRow>>, GarminError> {
        let target = Target::new("/activity-service/activity/activityTypes");
        or_absent(self.read(target, Freshness::Lasting).await)
    }

    /// The activities of one day, as the phone app asks for them.
    pub async fn activities_of_day(&self, day: Day) -> Result<Option<DayActivities>, GarminError> {
        let target = Target::new("/mobile-gateway/heartRate/forDate").segment(day);
        or_absent(self.read(target, Freshness::Now).await)
    }
}

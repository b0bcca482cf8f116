//! Goals, records, badges and challenges.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::model;

model! {
    GoalProgress as "progress of a goal" {
        "percent" => percent: f64,
        "distanceInMeters" => distance_m: f64,
        "durationInSeconds" => duration_s: f64,
        "caloriesInKiloCalories" => calories: f64,
        "numberOfActivities" => activities: i64,
        "days" => days: f64,
    }

    Goal as "goals" {
        "id" => id: i64,
        "name" => name: String,
        "type" => kind: String,
        "distanceInMeters" => distance_m: f64,
        "durationInSeconds" => duration_s: f64,
        "caloriesInKiloCalories" => calories: f64,
        "numberOfActivities" => activities: i64,
        "startDate" => start: Date,
        "endDate" => end: Date,
        "activityType" => activity_type: String,
        "period" => period: String,
        "progress" => progress: GoalProgress,
        "remaining" => remaining: GoalProgress,
        "active" => active: bool,
        "completed" => completed: bool,
    }

    /// What the athlete has done best; seconds, metres or steps by the kind.
    PersonalRecord as "personal records" {
        "id" => id: i64,
        "typeId" => kind: i64,
        "activityId" => activity_id: i64,
        "activityName" => activity_name: String,
        "activityType" => activity_type: String,
        "value" => value: f64,
        "prStartTimeGmt" | "prStartTimeGMT" => at: Timestamp,
        "prStartTimeGmtFormatted" => at_text: Timestamp,
        "prStartTimeLocalFormatted" => at_local: DateTime,
        "activityStartDateTimeInGMT" => activity_at: Timestamp,
        "activityStartDateTimeLocalFormatted" => activity_local: DateTime,
    }

    Badge as "badges" {
        "badgeId" => id: i64,
        "badgeKey" => key: String,
        "badgeName" => name: String,
        "badgeCategoryId" => category: i64,
        "badgeDifficultyId" => difficulty: i64,
        "badgePoints" => points: i64,
        "badgeSeriesId" => series: i64,
        "badgeStartDate" => start: Date,
        "badgeEndDate" => end: Date,
        "badgeEarnedDate" => earned: Date,
        "badgeEarnedNumber" => earned_times: i64,
        "badgeLimitCount" => limit: i64,
        "badgeProgressValue" => progress: f64,
        "badgeTargetValue" => target: f64,
        "badgeUnitId" => unit: i64,
        "badgeAssocType" => linked_kind: String,
        "badgeAssocDataId" => linked_id: String,
    }

    BadgeChallenge as "badge challenges" {
        "badgeChallengeName" | "challengeName" | "name" => name: String,
        "uuid" => uuid: String,
        "challengeCategoryId" => category: i64,
        "badgeChallengeStatusId" => status: i64,
        "badgePoints" => points: i64,
        "startDate" => start: Date,
        "endDate" => end: Date,
        "userJoined" => joined: bool,
        "joinable" => joinable: bool,
        "badgeProgressValue" | "progressValue" | "progress" => progress: f64,
        "badgeTargetValue" | "targetValue" | "target" => target: f64,
        "badgeUnitId" => unit: i64,
        "badgeEarnedDate" => earned: Date,
    }

    /// A competition somebody has set up for friends.
    AdhocChallenge as "challenges among friends" {
        "adHocChallengeName" => name: String,
        "adHocChallengeDesc" => description: String,
        "uuid" => uuid: String,
        "socialChallengeActivityTypeId" => activity_type: i64,
        "socialChallengeStatusId" => status: i64,
        "startDate" => start: Date,
        "endDate" => end: Date,
        "userRanking" => ranking: i64,
        "playerCount" => players: i64,
    }
}

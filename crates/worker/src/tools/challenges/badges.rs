//! Badges: earned, still to be had, and begun.

use garmin::model::Badge;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{percent, value};
use crate::account::Account;
use crate::answer::Status;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::Tool;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageArgs {
    start: Option<Whole<0, 10_000>>,
    /// Default 20
    limit: Option<Whole<1, 200>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BadgesAnswer {
    status: Status,
    total_badges: usize,
    count: usize,
    has_more: bool,
    next_start: Option<usize>,
    badges: Vec<Item>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Item {
    name: Option<String>,
    category: Option<String>,
    difficulty: Option<String>,
    points: Option<i64>,
    earned_date: Option<String>,
    earned_times: Option<i64>,
    progress: Option<String>,
    target: Option<String>,
    progress_pct: Option<f64>,
    challenge_period: Option<String>,
    activity_id: Option<String>,
    series_id: Option<i64>,
}

fn category(id: i64) -> String {
    match id {
        1 => "Activity",
        2 => "Running",
        3 => "Cycling",
        4 => "Challenge",
        5 => "Steps",
        9 => "Diving",
        _ => return format!("category_{id}"),
    }
    .to_owned()
}

fn difficulty(id: i64) -> String {
    match id {
        1 => "Easy",
        2 => "Medium",
        3 => "Hard",
        _ => return format!("level_{id}"),
    }
    .to_owned()
}

fn item(badge: Badge) -> Item {
    let counted = badge.target.is_some_and(|target| target > 0.0);
    let words =
        |number: Option<f64>| number.filter(|_| counted).map(|number| value(number, badge.unit));
    let linked = badge.linked_kind.as_deref() == Some("activityId");
    Item {
        name: badge.name,
        category: badge.category.map(category),
        difficulty: badge.difficulty.map(difficulty),
        points: badge.points,
        earned_date: badge.earned.map(|date| date.to_string()),
        earned_times: badge.earned_times.filter(|times| *times > 1),
        progress: words(badge.progress),
        target: words(badge.target),
        progress_pct: percent(badge.progress, badge.target),
        challenge_period: badge
            .start
            .zip(badge.end)
            .map(|(start, end)| format!("{start} to {end}")),
        activity_id: badge.linked_id.filter(|_| linked),
        series_id: badge.series,
    }
}

fn page(badges: Vec<Badge>, args: &PageArgs) -> BadgesAnswer {
    let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let start = at(args.start.map_or(0, |start| start.0));
    let limit = at(args.limit.map_or(20, |limit| limit.0));
    let total_badges = badges.len();
    let badges: Vec<Item> = badges.into_iter().skip(start).take(limit).map(item).collect();
    let has_more = start + badges.len() < total_badges;
    BadgesAnswer {
        status: if total_badges == 0 { Status::NoData } else { Status::Ok },
        total_badges,
        count: badges.len(),
        has_more,
        next_start: has_more.then_some(start + limit),
        badges,
    }
}

/// `get_earned_badges`
pub(super) struct EarnedBadges;

impl Tool for EarnedBadges {
    const NAME: &'static str = "get_earned_badges";
    const TITLE: &'static str = "Earned badges";
    const DESCRIPTION: &'static str = "Badges the athlete has earned, newest first.";
    type Args = PageArgs;
    type Answer = BadgesAnswer;

    async fn call(account: &Account, args: PageArgs) -> Result<Self::Answer, ToolError> {
        let mut badges = account.garmin()?.earned_badges().await?.unwrap_or_default();
        badges.sort_by_key(|badge| std::cmp::Reverse(badge.earned));
        Ok(page(badges, &args))
    }
}

/// `get_available_badges`
pub(super) struct AvailableBadges;

impl Tool for AvailableBadges {
    const NAME: &'static str = "get_available_badges";
    const TITLE: &'static str = "Badges still to be had";
    const DESCRIPTION: &'static str = "Badges the athlete has not earned yet.";
    type Args = PageArgs;
    type Answer = BadgesAnswer;

    async fn call(account: &Account, args: PageArgs) -> Result<Self::Answer, ToolError> {
        Ok(page(account.garmin()?.available_badges().await?.unwrap_or_default(), &args))
    }
}

/// `get_in_progress_badges`
pub(super) struct InProgressBadges;

/// Begun and not finished, or one that can be earned again.
fn is_under_way(badge: &Badge) -> bool {
    let progress = badge.progress.unwrap_or(0.0);
    let finished = badge.target.is_some_and(|target| progress >= target);
    let again = badge.limit.is_none_or(|limit| badge.earned_times.unwrap_or(0) < limit);
    progress > 0.0 && badge.target.is_some_and(|target| target > 0.0) && (!finished || again)
}

impl Tool for InProgressBadges {
    const NAME: &'static str = "get_in_progress_badges";
    const TITLE: &'static str = "Badges under way";
    const DESCRIPTION: &'static str = "Badges the athlete has begun to earn, nearest to the end \
        first.";
    type Args = PageArgs;
    type Answer = BadgesAnswer;

    async fn call(account: &Account, args: PageArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let (earned, available) =
            tokio::try_join!(garmin.earned_badges(), garmin.available_badges())?;
        let mut badges: Vec<Badge> = available
            .unwrap_or_default()
            .into_iter()
            .chain(earned.unwrap_or_default())
            .filter(is_under_way)
            .collect();
        badges.sort_by(|one, other| {
            let done = |badge: &Badge| percent(badge.progress, badge.target).unwrap_or(0.0);
            done(other).total_cmp(&done(one))
        });
        badges.dedup_by_key(|badge| badge.id);
        Ok(page(badges, &args))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_under_way_is_begun_and_not_over() {
        let badge = |progress, target, limit, times| Badge {
            progress: Some(progress),
            target,
            limit,
            earned_times: Some(times),
            ..Badge::default()
        };
        assert!(is_under_way(&badge(3.0, Some(5.0), None, 0)));
        assert!(!is_under_way(&badge(0.0, Some(5.0), None, 0)));
        assert!(!is_under_way(&badge(1.0, None, None, 1)));
        assert!(!is_under_way(&badge(5.0, Some(5.0), Some(1), 1)));
        assert!(is_under_way(&badge(5.0, Some(5.0), Some(250), 3)));
    }
}

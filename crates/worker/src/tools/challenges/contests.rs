//! Challenges: Garmin's own, expeditions, and those among friends.

use garmin::api::ChallengeList;
use garmin::model::{AdhocChallenge, BadgeChallenge};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{percent, value};
use crate::account::Account;
use crate::answer::Status;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::hundredth;

/// A list that Garmin counts from 1; 0 means the same.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageArgs {
    start: Option<Whole<0, 10_000>>,
    /// Default 20
    limit: Option<Whole<1, 100>>,
}

impl PageArgs {
    fn start(&self, first: u32) -> u32 {
        self.start.map_or(first, |start| start.0.max(first))
    }

    fn limit(&self) -> u32 {
        self.limit.map_or(20, |limit| limit.0)
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page<T> {
    status: Status,
    total: usize,
    has_more: bool,
    next_start: Option<u32>,
    challenges: Vec<T>,
}

/// What one request gave: one more was asked for than is shown, to see whether there is one.
struct Rows<R> {
    rows: Vec<R>,
    next_start: Option<u32>,
}

impl<R> Rows<R> {
    fn new(mut rows: Vec<R>, start: u32, limit: u32) -> Self {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let next_start = (rows.len() > most).then_some(start + limit);
        rows.truncate(most);
        Self { rows, next_start }
    }

    fn page<T>(self, show: impl Fn(R) -> T) -> Page<T> {
        let challenges: Vec<T> = self.rows.into_iter().map(show).collect();
        Page {
            status: if challenges.is_empty() { Status::NoData } else { Status::Ok },
            total: challenges.len(),
            has_more: self.next_start.is_some(),
            next_start: self.next_start,
            challenges,
        }
    }
}

fn day(date: Option<Date>) -> Option<String> {
    date.map(|date| date.to_string())
}

fn status(id: i64) -> String {
    match id {
        1 => "Not Started",
        2 => "In Progress",
        3 => "Completed",
        4 => "Ended",
        _ => return format!("status_{id}"),
    }
    .to_owned()
}

fn category(id: i64) -> String {
    match id {
        1 => "Running",
        2 => "Cycling",
        3 => "Fitness",
        4 => "Steps",
        5 => "Walking",
        6 => "Yoga/Mindfulness",
        9 => "Multi-Activity",
        _ => return format!("category_{id}"),
    }
    .to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Challenge {
    name: Option<String>,
    uuid: Option<String>,
    category: Option<String>,
    status: Option<String>,
    points: Option<i64>,
    start_date: Option<String>,
    end_date: Option<String>,
    joined: Option<bool>,
    joinable: Option<bool>,
    progress: Option<String>,
    target: Option<String>,
    progress_percent: Option<f64>,
    earned_date: Option<String>,
}

fn challenge(challenge: BadgeChallenge) -> Challenge {
    let counted = challenge.target.is_some_and(|target| target > 0.0);
    let words = |number: Option<f64>| {
        number.filter(|_| counted).map(|number| value(number, challenge.unit))
    };
    Challenge {
        name: challenge.name,
        uuid: challenge.uuid,
        category: challenge.category.map(category),
        status: challenge.status.map(status),
        points: challenge.points,
        start_date: day(challenge.start),
        end_date: day(challenge.end),
        joined: challenge.joined,
        joinable: challenge.joinable,
        progress: words(challenge.progress),
        target: words(challenge.target),
        progress_percent: percent(challenge.progress, challenge.target),
        earned_date: day(challenge.earned),
    }
}

async fn challenges(
    account: &Account,
    list: ChallengeList,
    args: &PageArgs,
) -> Result<Rows<BadgeChallenge>, ToolError> {
    let (start, limit) = (args.start(1), args.limit());
    let rows = account.garmin()?.challenges(list, start, limit + 1).await?.unwrap_or_default();
    Ok(Rows::new(rows, start, limit))
}

/// `get_available_badge_challenges`
pub(super) struct AvailableChallenges;

impl Tool for AvailableChallenges {
    const NAME: &'static str = "get_available_badge_challenges";
    const TITLE: &'static str = "Challenges to join";
    const DESCRIPTION: &'static str = "Garmin's own challenges that the athlete can join.";
    type Args = PageArgs;
    type Answer = Page<Challenge>;

    async fn call(account: &Account, args: PageArgs) -> Result<Self::Answer, ToolError> {
        let mut found = challenges(account, ChallengeList::Available, &args).await?;
        found.rows.sort_by_key(|row| row.start);
        Ok(found.page(challenge))
    }
}

/// `get_badge_challenges`
pub(super) struct CompletedChallenges;

impl Tool for CompletedChallenges {
    const NAME: &'static str = "get_badge_challenges";
    const TITLE: &'static str = "Completed challenges";
    const DESCRIPTION: &'static str = "Garmin's own challenges that the athlete has completed.";
    type Args = PageArgs;
    type Answer = Page<Challenge>;

    async fn call(account: &Account, args: PageArgs) -> Result<Self::Answer, ToolError> {
        let mut found = challenges(account, ChallengeList::Completed, &args).await?;
        found.rows.sort_by_key(|row| std::cmp::Reverse(row.start));
        Ok(found.page(challenge))
    }
}

/// `get_non_completed_badge_challenges`
pub(super) struct OpenChallenges;

impl Tool for OpenChallenges {
    const NAME: &'static str = "get_non_completed_badge_challenges";
    const TITLE: &'static str = "Challenges under way";
    const DESCRIPTION: &'static str = "Garmin's own challenges that the athlete has joined and \
        not completed, with progress.";
    type Args = PageArgs;
    type Answer = Page<Challenge>;

    async fn call(account: &Account, args: PageArgs) -> Result<Self::Answer, ToolError> {
        let mut found = challenges(account, ChallengeList::NonCompleted, &args).await?;
        found.rows.sort_by_key(|row| row.end);
        Ok(found.page(challenge))
    }
}

/// `get_inprogress_virtual_challenges`
pub(super) struct VirtualChallenges;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Expedition {
    name: Option<String>,
    uuid: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    progress_meters: Option<f64>,
    target_meters: Option<f64>,
    progress_km: Option<f64>,
    target_km: Option<f64>,
    progress_percent: Option<f64>,
}

fn expedition(row: BadgeChallenge) -> Expedition {
    let km = |metres: Option<f64>| metres.map(|metres| hundredth(metres / 1_000.0));
    Expedition {
        name: row.name,
        uuid: row.uuid,
        start_date: day(row.start),
        end_date: day(row.end),
        progress_meters: row.progress,
        target_meters: row.target,
        progress_km: km(row.progress),
        target_km: km(row.target),
        progress_percent: percent(row.progress, row.target),
    }
}

impl Tool for VirtualChallenges {
    const NAME: &'static str = "get_inprogress_virtual_challenges";
    const TITLE: &'static str = "Expeditions under way";
    const DESCRIPTION: &'static str = "Virtual expeditions that the athlete is on, with the way \
        done so far.";
    type Args = PageArgs;
    type Answer = Page<Expedition>;

    async fn call(account: &Account, args: PageArgs) -> Result<Self::Answer, ToolError> {
        let list = ChallengeList::VirtualInProgress;
        Ok(challenges(account, list, &args).await?.page(expedition))
    }
}

/// `get_adhoc_challenges`
pub(super) struct AdhocChallenges;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Contest {
    name: Option<String>,
    description: Option<String>,
    uuid: Option<String>,
    activity_type: Option<String>,
    status: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    your_ranking: Option<i64>,
    player_count: Option<i64>,
}

fn contest(row: AdhocChallenge) -> Contest {
    let activity_type = |id: i64| match id {
        1 => "Running".to_owned(),
        2 => "Cycling".to_owned(),
        3 => "Swimming".to_owned(),
        4 => "Steps".to_owned(),
        5 => "Walking".to_owned(),
        _ => format!("type_{id}"),
    };
    Contest {
        name: row.name,
        description: row.description,
        uuid: row.uuid,
        activity_type: row.activity_type.map(activity_type),
        status: row.status.map(status),
        start_date: day(row.start),
        end_date: day(row.end),
        your_ranking: row.ranking,
        player_count: row.players,
    }
}

impl Tool for AdhocChallenges {
    const NAME: &'static str = "get_adhoc_challenges";
    const TITLE: &'static str = "Challenges among friends";
    const DESCRIPTION: &'static str = "Past challenges among the athlete and friends, newest \
        first.";
    type Args = PageArgs;
    type Answer = Page<Contest>;

    async fn call(account: &Account, args: PageArgs) -> Result<Self::Answer, ToolError> {
        let (start, limit) = (args.start(0), args.limit());
        let rows = account.garmin()?.adhoc_challenges(start, limit + 1).await?;
        let mut found = Rows::new(rows.unwrap_or_default(), start, limit);
        found.rows.sort_by_key(|row| std::cmp::Reverse(row.start));
        Ok(found.page(contest))
    }
}

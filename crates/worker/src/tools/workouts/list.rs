//! The athlete's workouts.

use garmin::api::WorkoutQuery;
use garmin::model::WorkoutHeader;
use garmin::workout::ids::Sport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::whole;

/// What Garmin gives out at once.
const PAGE: u32 = 100;
/// Pages a search looks through.
const MOST_PAGES: u32 = 8;

/// `get_workouts`
pub(super) struct Workouts;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkoutsArgs {
    /// Words of the name.
    search: Option<String>,
    sport: Option<String>,
    /// Also those that others have shared.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    include_shared: bool,
    start: Option<Whole<0, 10_000>>,
    /// Default 20
    limit: Option<Whole<1, 100>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WorkoutsAnswer {
    status: Status,
    count: usize,
    start: u32,
    has_more: bool,
    next_start: Option<u32>,
    workouts: Vec<Item>,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Item {
    id: i64,
    name: Option<String>,
    sport: Option<String>,
    provider: Option<String>,
    created_date: Option<String>,
    updated_date: Option<String>,
    description: Option<String>,
    estimated_duration_seconds: Option<i64>,
    estimated_distance_meters: Option<i64>,
}

fn item(header: WorkoutHeader) -> Option<Item> {
    Some(Item {
        id: header.id?,
        name: header.name,
        sport: header.sport.and_then(|sport| sport.key),
        provider: header.provider,
        created_date: header.created,
        updated_date: header.updated,
        description: header.description,
        estimated_duration_seconds: header.duration_s.map(whole),
        estimated_distance_meters: header.distance_m.map(whole),
    })
}

/// A sport of workouts as the arguments name it.
pub(super) fn sport(text: Option<&str>) -> Result<Option<Sport>, ToolError> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => Sport::by_word(text).map(Some).ok_or_else(|| {
            let words: Vec<&str> = Sport::ALL.iter().map(|sport| sport.word()).collect();
            ToolError::argument("sport", format!("unknown; allowed are {}", words.join(", ")))
        }),
    }
}

impl Tool for Workouts {
    const NAME: &'static str = "get_workouts";
    const TITLE: &'static str = "List of workouts";
    const DESCRIPTION: &'static str = "Workouts in the athlete's library, newest first, without \
        their steps. Use `id` with get_workout_by_id.";
    type Args = WorkoutsArgs;
    type Answer = WorkoutsAnswer;

    async fn call(account: &Account, args: WorkoutsArgs) -> Result<Self::Answer, ToolError> {
        let sport = sport(args.sport.as_deref())?;
        let start = args.start.map_or(0, |start| start.0);
        let limit = args.limit.map_or(20, |limit| limit.0);
        let search = args.search.as_deref().map(str::trim).filter(|words| !words.is_empty());
        let include_shared = args.include_shared;
        let garmin = account.garmin()?;
        let query = |start: u32, limit: u32| WorkoutQuery { start, limit, include_shared, sport };
        let mut warnings = None;
        let found: Vec<WorkoutHeader> = match search {
            None => garmin.workouts(&query(start, limit + 1)).await?.unwrap_or_default(),
            Some(words) => {
                let words = words.to_lowercase();
                let wanted = usize::try_from(start + limit + 1).unwrap_or(usize::MAX);
                let mut found = Vec::new();
                for page in 0..MOST_PAGES {
                    let rows = garmin.workouts(&query(page * PAGE, PAGE)).await?;
                    let rows = rows.unwrap_or_default();
                    let last = rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
                    found.extend(rows.into_iter().filter(|row| {
                        let name = row.name.as_deref().unwrap_or_default().to_lowercase();
                        words.split_whitespace().all(|word| name.contains(word))
                    }));
                    if last || found.len() >= wanted {
                        break;
                    }
                    if page + 1 == MOST_PAGES {
                        warnings = Some(vec![format!(
                            "only the newest {} workouts were searched",
                            MOST_PAGES * PAGE
                        )]);
                    }
                }
                let skip = usize::try_from(start).unwrap_or(usize::MAX);
                found.into_iter().skip(skip).collect()
            }
        };
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > most;
        let workouts: Vec<Item> = found.into_iter().take(most).filter_map(item).collect();
        Ok(WorkoutsAnswer {
            status: if workouts.is_empty() { Status::NoData } else { Status::Ok },
            count: workouts.len(),
            start,
            has_more,
            next_start: has_more.then_some(start + limit),
            workouts,
            warnings,
        })
    }
}

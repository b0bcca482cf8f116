//! Activities like one: `find_similar_activities`.

use futures_util::StreamExt;
use garmin::Garmin;
use garmin::api::ActivityId;
use garmin::days::DayRange;
use garmin::model::{ActivitySummary, ActivityTotals};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use training::similarity::{By as Likeness, Shape, likeness, overlap};
use training::track::{Point, simplify};

use super::route::points;
use super::source::{activities, activity_id, shown};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::moment_there;

/// `find_similar_activities`
pub(super) struct Similar;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum By {
    #[default]
    Auto,
    Route,
    Type,
    Distance,
    Duration,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SimilarArgs {
    activity_id: ActivityNumber,
    by: Option<By>,
    /// Default 5
    limit: Option<Whole<1, 20>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SimilarAnswer {
    status: Status,
    activity_id: i64,
    by: &'static str,
    /// The most similar first; `delta` is the match against the activity asked about.
    matches: Vec<Value>,
    candidates: usize,
    warnings: Vec<String>,
}

/// How far back is looked.
const LOOK_BACK_DAYS: u32 = 730;
/// Routes that are compared line by line.
const MOST_ROUTES: usize = 6;
/// How near a route must run to be the same.
const SAME_ROUTE_M: f64 = 60.0;

impl Tool for Similar {
    const NAME: &'static str = "find_similar_activities";
    const TITLE: &'static str = "Similar activities";
    const DESCRIPTION: &'static str = "Earlier activities like this one, by route, distance, \
        duration or all together, with how they differ.";
    type Args = SimilarArgs;
    type Answer = SimilarAnswer;

    async fn call(account: &Account, args: SimilarArgs) -> Result<Self::Answer, ToolError> {
        let id = activity_id(args.activity_id)?;
        let by = args.by.unwrap_or_default();
        let (_, activity) = crate::tools::activities::find::find(account, args.activity_id).await?;
        let garmin = account.garmin()?;
        let totals = activity.totals.clone().unwrap_or_default();
        let today = account.today().await?;
        let range = DayRange::new(today.back(LOOK_BACK_DAYS), today, LOOK_BACK_DAYS + 1)
            .unwrap_or_else(|_| DayRange::one(today));
        let key = activity.kind.as_ref().and_then(|kind| kind.key.as_deref());
        let kind = super::source::kind("activity_id", key).unwrap_or_default();
        let (all, complete) = match activities(account, range, kind).await {
            // A type Garmin tells but does not filter by: all activities are looked through.
            Err(ToolError::InvalidArgument { .. }) => activities(account, range, None).await?,
            found => found?,
        };
        let mut warnings = Vec::new();
        if !complete {
            warnings.push("only the newest 1,600 activities were compared".to_owned());
        }
        let own = all.iter().find(|it| it.id == Some(id.number()));
        let start = own.and_then(place);
        let shape = Shape {
            distance_m: totals.distance_m,
            duration_s: totals.duration_s,
            gain_m: totals.elevation_gain_m,
            start,
        };
        let measure = match by {
            By::Distance => Likeness::Distance,
            By::Duration => Likeness::Duration,
            By::Auto | By::Route | By::Type => Likeness::Everything,
        };
        let mut scored: Vec<(f64, &ActivitySummary, &'static str)> = all
            .iter()
            .filter(|it| it.id != Some(id.number()))
            .filter_map(|it| Some((likeness(&shape, &shape_of(it), measure)?, it, why(by))))
            .collect();
        let candidates = scored.len();
        scored.sort_by(|one, other| other.0.total_cmp(&one.0));
        if by == By::Route {
            match routes(&garmin, id, &scored).await? {
                Some(compared) => scored = compared,
                None => {
                    warnings.push("this activity has no route".to_owned());
                    scored.clear();
                }
            }
        }
        let limit = args.limit.map_or(5, |it| it.0);
        scored.truncate(usize::try_from(limit).unwrap_or(5));
        let matches: Vec<Value> = scored.iter().map(|it| matched(&totals, it)).collect();
        Ok(SimilarAnswer {
            status: if matches.is_empty() { Status::NoData } else { Status::Ok },
            activity_id: id.number(),
            by: match by {
                By::Auto => "auto",
                By::Route => "route",
                By::Type => "type",
                By::Distance => "distance",
                By::Duration => "duration",
            },
            matches,
            candidates,
            warnings,
        })
    }
}

fn why(by: By) -> &'static str {
    match by {
        By::Auto => "same type; distance, duration, climbing and start are alike",
        By::Type => "same type",
        By::Distance => "same type and distance",
        By::Duration => "same type and duration",
        By::Route => "same route",
    }
}

fn place(activity: &ActivitySummary) -> Option<Point> {
    Point::new(activity.start_latitude?, activity.start_longitude?)
}

fn shape_of(activity: &ActivitySummary) -> Shape {
    Shape {
        distance_m: activity.distance_m,
        duration_s: activity.duration_s,
        gain_m: activity.elevation_gain_m,
        start: place(activity),
    }
}

/// Those of the likeliest whose line runs along this one's.
async fn routes<'a>(
    garmin: &Garmin,
    id: ActivityId,
    scored: &[(f64, &'a ActivitySummary, &'static str)],
) -> Result<Option<Vec<(f64, &'a ActivitySummary, &'static str)>>, ToolError> {
    let line = line(garmin, id).await?;
    if line.len() < 2 {
        return Ok(None);
    }
    let mut asked = Vec::new();
    for (at, (_, activity, _)) in scored.iter().enumerate() {
        let other = activity.id.and_then(|id| ActivityId::new(id).ok());
        if let (Some(other), Some(_), true) = (other, place(activity), asked.len() < MOST_ROUTES) {
            let garmin = garmin.clone();
            asked.push(async move { (at, self::line(&garmin, other).await) });
        }
    }
    let mut lines = futures_util::stream::iter(asked).buffered(4);
    let mut found = Vec::new();
    while let Some((at, other)) = lines.next().await {
        let it = scored[at];
        if let Some(share) = overlap(&line, &other?, SAME_ROUTE_M)
            && share >= 0.5
        {
            found.push((share, it.1, it.2));
        }
    }
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    Ok(Some(found))
}

async fn line(garmin: &Garmin, id: ActivityId) -> Result<Vec<Point>, ToolError> {
    let details = garmin.activity_chart(id, 1, 400).await?;
    Ok(simplify(&points(details.and_then(|details| details.route)), 10.0))
}

fn matched(asked: &ActivityTotals, (score, found, why): &(f64, &ActivitySummary, &str)) -> Value {
    let delta =
        |own: Option<f64>, other: Option<f64>| own.zip(other).map(|(own, other)| other - own);
    json!({
        "id": found.id,
        "score": shown(Some(*score), 2),
        "why": why,
        "name": found.name,
        "start_time": moment_there(found.start, found.start_local),
        "distance_m": shown(found.distance_m, 0),
        "duration_s": shown(found.duration_s, 0),
        "delta": {
            "duration_s": shown(delta(asked.duration_s, found.duration_s), 0),
            "distance_m": shown(delta(asked.distance_m, found.distance_m), 0),
            "avg_hr_bpm": shown(delta(asked.average_heart_rate, found.average_heart_rate), 0),
            "avg_speed_mps": shown(delta(asked.average_speed_mps, found.average_speed_mps), 2),
            "avg_power_w": shown(delta(asked.average_power_w, found.average_power_w), 0),
        },
    })
}

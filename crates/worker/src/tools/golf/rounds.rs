//! The list of rounds.

use garmin::model::{ScorecardSummary, pars};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, word};

/// `get_golf_scorecards`
pub(super) struct Rounds;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundsArgs {
    start: Option<Whole<0, 100_000>>,
    /// Default 20
    limit: Option<Whole<1, 100>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RoundsAnswer {
    /// `no_data` when the athlete has played no round.
    status: Status,
    count: usize,
    total: Option<i64>,
    has_more: bool,
    next_start: Option<u32>,
    /// Newest first.
    scorecards: Vec<Round>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Round {
    scorecard_id: i64,
    date: Option<String>,
    start_time: Option<String>,
    course: Option<String>,
    strokes: Option<i64>,
    /// Strokes over or under par, of the holes played.
    to_par: Option<i64>,
    net_strokes: Option<i64>,
    score: Option<i64>,
    scoring: Option<String>,
    holes_completed: Option<i64>,
    par: Option<i64>,
    in_progress: Option<bool>,
}

fn round(found: ScorecardSummary, zone: &TimeZone) -> Option<Round> {
    let all_pars = found.hole_pars.as_deref().map(pars).unwrap_or_default();
    let par: Option<i64> = all_pars.iter().copied().sum();
    let par = par.filter(|par| *par > 0);
    // The pars of holes that were not played do not count against the player.
    let complete =
        found.holes.and_then(|holes| usize::try_from(holes).ok()) == Some(all_pars.len());
    let by_pars = found.strokes.zip(par).filter(|_| complete).map(|(strokes, par)| strokes - par);
    let start = found.start.map(|at| moment(at, zone));
    Some(Round {
        scorecard_id: found.id?,
        date: start.as_deref().and_then(|start| start.get(..10)).map(str::to_owned),
        start_time: start,
        course: found.course,
        strokes: found.strokes,
        to_par: found.to_par.or(by_pars),
        net_strokes: found.net_strokes,
        score: found.score,
        scoring: found.scoring.as_deref().map(word),
        holes_completed: found.holes,
        par,
        in_progress: found.is_in_progress.filter(|is_in_progress| *is_in_progress),
    })
}

impl Tool for Rounds {
    const NAME: &'static str = "get_golf_scorecards";
    const TITLE: &'static str = "Rounds of golf";
    const DESCRIPTION: &'static str =
        "The athlete's rounds of golf with course, strokes and score to par, newest first.";
    type Args = RoundsArgs;
    type Answer = RoundsAnswer;

    async fn call(account: &Account, args: RoundsArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let start = args.start.map_or(0, |start| start.0);
        let limit = args.limit.map_or(20, |limit| limit.0);
        let page = garmin.golf_scorecards(start, limit).await?.unwrap_or_default();
        let scorecards: Vec<Round> =
            page.rounds.into_iter().flatten().filter_map(|it| round(it, &zone)).collect();
        let shown = i64::from(start) + i64::try_from(scorecards.len()).unwrap_or(0);
        let has_more = !scorecards.is_empty() && page.total.is_some_and(|total| total > shown);
        Ok(RoundsAnswer {
            status: if scorecards.is_empty() { Status::NoData } else { Status::Ok },
            count: scorecards.len(),
            total: page.total,
            has_more,
            next_start: has_more.then(|| u32::try_from(shown).unwrap_or(u32::MAX)),
            scorecards,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_to_par_is_garmins_or_counted_over_a_whole_round() {
        let of = |text: &str| round(serde_json::from_str(text).unwrap(), &TimeZone::UTC).unwrap();
        let told = of(r#"{"id":1,"strokes":40,"holePars":"444","scoreWithoutHandicap":0}"#);
        assert_eq!((told.to_par, told.par), (Some(0), Some(12)));
        let counted = of(r#"{"id":1,"strokes":"14","holePars":"444","holesCompleted":3.0}"#);
        assert_eq!(counted.to_par, Some(2));
        let half = of(r#"{"id":1,"strokes":9,"holePars":"444","holesCompleted":2}"#);
        assert_eq!((half.to_par, half.strokes), (None, Some(9)));
        let bare = of(r#"{"id":1,"startTime":"2026-05-01T22:30:00.000Z","holePars":"4x"}"#);
        assert_eq!((bare.par, bare.date.as_deref()), (None, Some("2026-05-01")));
    }
}

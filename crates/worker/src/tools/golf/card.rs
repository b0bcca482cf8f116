//! One round, hole by hole.

use garmin::GarminError;
use garmin::api::ScorecardId;
use garmin::model::{GolfHole, RoundStats, ScorecardDetails, pars};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::args::Number;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, tenth, whole, word};

/// `get_golf_scorecard`
pub(super) struct Card;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardArgs {
    scorecard_id: Number,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct CardAnswer {
    status: Status,
    scorecard_id: i64,
    course: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    tee_box: Option<String>,
    tee_rating: Option<f64>,
    tee_slope: Option<f64>,
    handicap: Option<f64>,
    scoring: Option<String>,
    strokes: Option<i64>,
    par: Option<i64>,
    to_par: Option<i64>,
    net_strokes: Option<i64>,
    putts: Option<i64>,
    penalties: Option<i64>,
    fairways: Option<Fairways>,
    greens_in_regulation: Option<i64>,
    greens: Option<i64>,
    longest_shot_m: Option<i64>,
    distance_walked_m: Option<i64>,
    steps: Option<i64>,
    holes: Vec<Hole>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Fairways {
    recorded: Option<i64>,
    hit: Option<i64>,
    left: Option<i64>,
    right: Option<i64>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Hole {
    hole: i64,
    par: Option<i64>,
    strokes: Option<i64>,
    to_par: Option<i64>,
    net_strokes: Option<i64>,
    putts: Option<i64>,
    penalties: Option<i64>,
    /// `hit`, `left`, `right`, `short` or `long`.
    fairway: Option<String>,
}

fn unknown() -> ToolError {
    ToolError::NotFound {
        field: "scorecard_id",
        what: "round of golf",
        hint: "Allowed is the `scorecard_id` of a round in `get_golf_scorecards`.",
    }
}

pub(super) fn id(number: Number) -> Result<ScorecardId, ToolError> {
    ScorecardId::new(number.0).map_err(|_| unknown())
}

/// Garmin does not tell an unknown round from somebody else's.
pub(super) fn refusal(error: GarminError) -> ToolError {
    match error {
        GarminError::NotFound | GarminError::Forbidden | GarminError::BadRequest => unknown(),
        error => error.into(),
    }
}

fn hole(found: &GolfHole, pars: &[Option<i64>]) -> Option<Hole> {
    let number = found.number?;
    let at = usize::try_from(number - 1).ok()?;
    let par = pars.get(at).copied().flatten();
    Some(Hole {
        hole: number,
        par,
        strokes: found.strokes,
        to_par: found.strokes.zip(par).map(|(strokes, par)| strokes - par),
        net_strokes: found.net_strokes,
        putts: found.putts,
        penalties: found.penalties,
        fairway: found.fairway.as_deref().map(word),
    })
}

fn fairways(stats: &RoundStats) -> Option<Fairways> {
    let fairways = Fairways {
        recorded: stats.fairways,
        hit: stats.fairways_hit,
        left: stats.fairways_left,
        right: stats.fairways_right,
    };
    (fairways.recorded.is_some() || fairways.hit.is_some()).then_some(fairways)
}

fn sum(holes: &[Hole], of: impl Fn(&Hole) -> Option<i64>) -> Option<i64> {
    holes.iter().filter_map(of).reduce(|sum, more| sum + more)
}

fn shown(id: ScorecardId, found: ScorecardDetails, zone: &TimeZone) -> Option<CardAnswer> {
    let detail = found.rounds?.into_iter().next()?;
    let card = detail.card?;
    let stats = detail.stats.and_then(|stats| stats.round).unwrap_or_default();
    let courses = found.courses.unwrap_or_default();
    let course = courses
        .iter()
        .find(|course| course.id.is_some() && course.id == card.course_id)
        .or_else(|| courses.first());
    let pars = course.and_then(|course| course.hole_pars.as_deref()).map(pars).unwrap_or_default();
    let mut holes: Vec<Hole> =
        card.holes.iter().flatten().filter_map(|found| hole(found, &pars)).collect();
    holes.sort_by_key(|hole| hole.hole);
    let strokes = card.strokes.or_else(|| sum(&holes, |hole| hole.strokes));
    Some(CardAnswer {
        status: Status::Ok,
        scorecard_id: id.number(),
        course: course.and_then(|course| course.name.clone()),
        start_time: card.start.map(|at| moment(at, zone)),
        end_time: card.end.map(|at| moment(at, zone)),
        tee_box: card.tee_box,
        tee_rating: card.tee_rating.map(tenth),
        tee_slope: card.tee_slope.map(tenth),
        handicap: card.handicap.map(tenth),
        scoring: card.scoring.as_deref().map(word),
        strokes,
        par: course
            .and_then(|course| course.par)
            .or_else(|| pars.iter().copied().sum())
            .filter(|par| *par > 0),
        to_par: stats.to_par.or_else(|| sum(&holes, |hole| hole.to_par)),
        net_strokes: card.net_strokes,
        putts: stats.putts.or_else(|| sum(&holes, |hole| hole.putts)),
        penalties: sum(&holes, |hole| hole.penalties),
        fairways: fairways(&stats),
        greens_in_regulation: stats.greens_in_regulation,
        greens: stats.greens,
        longest_shot_m: stats.longest_shot_m.map(whole),
        distance_walked_m: card.walked_m.map(whole),
        steps: card.steps,
        holes,
    })
}

impl Tool for Card {
    const NAME: &'static str = "get_golf_scorecard";
    const TITLE: &'static str = "One round of golf";
    const DESCRIPTION: &'static str = "One round hole by hole: par, strokes, putts, fairway and \
        penalties, with totals.";
    type Args = CardArgs;
    type Answer = CardAnswer;

    async fn call(account: &Account, args: CardArgs) -> Result<Self::Answer, ToolError> {
        let id = id(args.scorecard_id)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let found = garmin.golf_scorecard(id).await.map_err(refusal)?;
        let shown = found.and_then(|found| shown(id, found, &zone));
        Ok(CardAnswer { scorecard_id: id.number(), ..shown.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_held_against_the_pars_of_the_course_that_was_played() {
        let found: ScorecardDetails = serde_json::from_str(
            r#"{"scorecardDetails":[{"scorecard":{"id":5,"courseSnapshotId":2,"holes":[
                {"number":2,"strokes":5,"putts":0,"penalties":1,"fairwayShotOutcome":"LEFT"},
                {"number":1,"strokes":3,"putts":"2"},{"number":null,"strokes":9}]},
                "scorecardStats":null}],
                "courseSnapshots":[{"courseSnapshotId":1,"holePars":"33"},
                {"courseSnapshotId":2,"name":"Links","holePars":"44"}]}"#,
        )
        .unwrap();
        let card = shown(ScorecardId::new(5).unwrap(), found, &TimeZone::UTC).unwrap();
        assert_eq!((card.course.as_deref(), card.par), (Some("Links"), Some(8)));
        assert_eq!((card.strokes, card.to_par, card.putts), (Some(8), Some(0), Some(2)));
        assert_eq!(card.holes.iter().map(|hole| hole.hole).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((card.holes[0].to_par, card.holes[1].to_par), (Some(-1), Some(1)));
        assert_eq!((card.holes[1].putts, card.penalties), (Some(0), Some(1)));
        assert_eq!((card.fairways, card.greens), (None, None));
    }
}

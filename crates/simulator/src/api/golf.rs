//! `gcs-golfcommunity`: rounds, scorecards, shots, clubs and what they come to.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::{ApiError, Caller, Reply, found};
use crate::athlete::{GOLF_CLUBS, GolfHole, GolfRound, golf_rounds, number, rounded};
use crate::state::Inner;
use crate::times::{Millis, dotted};

pub(super) fn router() -> Router<Arc<Inner>> {
    let golf = "/gcs-golfcommunity/api/v2";
    Router::new()
        .route(&format!("{golf}/scorecard/summary"), get(summary))
        .route(&format!("{golf}/scorecard/detail"), get(detail))
        .route(&format!("{golf}/shot/scorecard/{{id}}/hole"), get(shots))
        .route(&format!("{golf}/club/player"), get(clubs))
        .route(&format!("{golf}/club/types"), get(club_types))
        .route(&format!("{golf}/player/stats"), get(stats))
}

fn played(caller: &Caller) -> Vec<GolfRound> {
    let athlete = &caller.athlete;
    golf_rounds(&athlete.person, &athlete.zone, &caller.season, caller.now_ms())
}

fn zulu(at: Millis) -> String {
    format!("{}00Z", dotted(at))
}

fn share(part: usize, all: usize) -> f64 {
    let number = |count: usize| number(i64::try_from(count).unwrap_or(0));
    if all == 0 { 0.0 } else { rounded(100.0 * number(part) / number(all), 2) }
}

fn row(caller: &Caller, round: &GolfRound) -> Value {
    json!({
        "id": round.id,
        "playerProfileId": caller.athlete.person.profile_id,
        "courseName": round.course,
        "courseSnapshotId": round.course_id,
        "startTime": zulu(round.start),
        "formattedStartTime": zulu(round.start),
        "scoreType": "STROKE_PLAY",
        "strokes": round.strokes(),
        "scoreWithoutHandicap": round.strokes() - round.par(),
        "holesCompleted": round.holes.len(),
        "holePars": round.pars,
        "roundInProgress": false,
    })
}

async fn summary(query: Query, caller: Caller) -> Reply {
    let start = params::whole(&query, "start", 0)?;
    let per_page = params::whole(&query, "per-page", 20)?;
    if start < 0 || per_page < 1 {
        return Err(ApiError::BadRequest("start and per-page must be positive".to_owned()));
    }
    let rounds = played(&caller);
    let page: Vec<Value> = rounds
        .iter()
        .rev()
        .skip(usize::try_from(start).unwrap_or(usize::MAX))
        .take(usize::try_from(per_page).unwrap_or(0))
        .map(|round| row(&caller, round))
        .collect();
    let mut body = json!({
        "pageNumber": start / per_page + 1, "rowsPerPage": per_page, "totalRows": rounds.len(),
    });
    // The key is missing where the list would be empty.
    if !page.is_empty() {
        body["scorecardSummaries"] = Value::from(page);
    }
    found(body)
}

fn named(caller: &Caller, id: &str) -> Option<GolfRound> {
    let id: i64 = id.parse().ok()?;
    played(caller).into_iter().find(|round| round.id == id)
}

fn hole(hole: &GolfHole) -> Value {
    json!({
        "number": hole.number,
        "strokes": hole.strokes(),
        "penalties": hole.penalties,
        "handicapScore": hole.strokes(),
        "putts": hole.putts(),
        "fairwayShotOutcome": hole.fairway,
    })
}

async fn detail(query: Query, caller: Caller) -> Reply {
    let id = params::required(&query, "scorecard-ids")?;
    let round = named(&caller, id).ok_or(ApiError::NotFound)?;
    let went =
        |outcome: &str| round.holes.iter().filter(|hole| hole.fairway == Some(outcome)).count();
    let longest = round.shots().map(|shot| shot.metres).fold(0.0, f64::max);
    found(json!({
        "scorecardDetails": [{
            "scorecard": {
                "id": round.id,
                "playerProfileId": caller.athlete.person.profile_id,
                "courseSnapshotId": round.course_id,
                "scoreType": "STROKE_PLAY",
                "startTime": zulu(round.start),
                "formattedStartTime": zulu(round.start),
                "endTime": zulu(round.end),
                "teeBox": "White",
                "teeBoxRating": 71.2,
                "teeBoxSlope": 128,
                "strokes": round.strokes(),
                "distanceWalked": 8_900,
                "stepsTaken": 12_400,
                "holes": round.holes.iter().map(hole).collect::<Vec<Value>>(),
            },
            "scorecardStats": {"round": {
                "holesPlayed": round.holes.len(),
                "fairwaysRecorded": round.holes.iter().filter(|it| it.fairway.is_some()).count(),
                "fairwaysHit": went("HIT"),
                "fairwaysLeft": went("LEFT"),
                "fairwaysRight": went("RIGHT"),
                "greensRecorded": round.holes.len(),
                "greensInRegulation":
                    round.holes.iter().filter(|hole| hole.is_in_regulation()).count(),
                "putts": round.putts(),
                "scoreWithoutHandicap": round.strokes() - round.par(),
                "longestShotDistance": longest,
            }},
        }],
        "courseSnapshots": [{
            "courseSnapshotId": round.course_id,
            "name": round.course,
            "holePars": round.pars,
            "roundPar": round.par(),
        }],
    }))
}

fn club_id(caller: &Caller, club: usize) -> i64 {
    caller.athlete.person.profile_id * 10 + i64::try_from(club).unwrap_or(0)
}

async fn shots(Path(id): Path<String>, query: Query, caller: Caller) -> Reply {
    // Only dashes separate, and holes of two digits get lost.
    let wanted: Option<Vec<i64>> = match query.get("hole-numbers") {
        None => None,
        Some(text) => {
            let numbers = text.split('-').map(str::parse).collect::<Result<Vec<i64>, _>>();
            let numbers = numbers
                .map_err(|_| ApiError::BadRequest(format!("Invalid hole numbers: {text}")))?;
            Some(numbers.into_iter().filter(|number| *number < 10).collect())
        }
    };
    let round = named(&caller, &id).ok_or(ApiError::NotFound)?;
    let holes: Vec<Value> = round
        .holes
        .iter()
        .filter(|hole| wanted.as_ref().is_none_or(|wanted| wanted.contains(&hole.number)))
        .map(|hole| {
            let shots: Vec<Value> = hole
                .shots
                .iter()
                .zip(1..)
                .map(|(shot, order)| {
                    json!({
                        "id": round.id * 1_000 + hole.number * 20 + order,
                        "scorecardId": round.id,
                        "holeNumber": hole.number,
                        "shotOrder": order,
                        "shotTime": zulu(round.start + hole.number * 780_000 + order * 120_000),
                        "clubId": club_id(&caller, shot.club),
                        "shotType": shot.kind,
                        "autoShotType": shot.kind,
                        "meters": shot.metres,
                        "startLoc": {"lie": shot.from},
                        "endLoc": {"lie": shot.to},
                    })
                })
                .collect();
            json!({"holeNumber": hole.number, "shots": shots})
        })
        .collect();
    found(json!({"holeShots": holes}))
}

async fn clubs(caller: Caller) -> Reply {
    let rounds = played(&caller);
    let rows: Vec<Value> = GOLF_CLUBS
        .iter()
        .enumerate()
        .map(|(club, (type_id, _, _))| {
            let hit: Vec<f64> = rounds
                .iter()
                .flat_map(GolfRound::shots)
                .filter(|shot| shot.club == club)
                .map(|shot| shot.metres)
                .collect();
            let count = number(i64::try_from(hit.len()).unwrap_or(0));
            let stats = (!hit.is_empty()).then(|| {
                json!({
                    "shotsCount": hit.len(),
                    "averageDistance": rounded(hit.iter().sum::<f64>() / count, 2),
                    "maxLifetimeDistance": hit.iter().copied().fold(0.0, f64::max),
                })
            });
            json!({"id": club_id(&caller, club), "clubTypeId": type_id, "retired": false,
                   "deleted": false, "clubStats": stats})
        })
        .collect();
    found(Value::from(rows))
}

async fn club_types(_caller: Caller) -> Reply {
    let row = |(value, name, _): &(i64, &str, f64)| json!({"value": value, "name": name});
    found(GOLF_CLUBS.iter().map(row).collect::<Vec<Value>>().into())
}

async fn stats(caller: Caller) -> Reply {
    let rounds = played(&caller);
    if rounds.is_empty() {
        return found(json!({}));
    }
    let count = number(i64::try_from(rounds.len()).unwrap_or(1));
    let holes: Vec<&GolfHole> = rounds.iter().flat_map(|round| &round.holes).collect();
    let total = |of: fn(&GolfRound) -> i64| number(rounds.iter().map(of).sum());
    let driven: Vec<&str> = holes.iter().filter_map(|hole| hole.fairway).collect();
    let went =
        |outcome: &str| share(driven.iter().filter(|it| **it == outcome).count(), driven.len());
    let greens = holes.iter().filter(|hole| hole.is_in_regulation()).count();
    let over = total(GolfRound::strokes) - total(GolfRound::par);
    found(json!({
        "handicap": rounded(over / count * 0.96, 1),
        "numberOfRounds": rounds.len(),
        "averageScore": rounded(total(GolfRound::strokes) / count, 1),
        "percentFairwayHit": went("HIT"),
        "percentFairwayLeft": went("LEFT"),
        "percentFairwayRight": went("RIGHT"),
        "percentGreensInRegulation": share(greens, holes.len()),
        "averagePuttsPerRound": rounded(total(GolfRound::putts) / count, 1),
    }))
}

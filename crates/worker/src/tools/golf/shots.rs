//! The shots of a round.

use std::collections::BTreeMap;

use garmin::model::{GolfShot, GolfShots};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bag::names;
use super::card::{id, refusal};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{Many, Number, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::Extras;
use crate::tools::numbers::{tenth, word};

/// `get_golf_shots`
pub(super) struct Shots;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShotsArgs {
    scorecard_id: Number,
    /// Default all
    holes: Option<Many<Whole<1, 18>>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ShotsAnswer {
    /// `no_data` when no shots were recorded.
    status: Status,
    scorecard_id: i64,
    shot_count: usize,
    columns: [&'static str; 7],
    /// One per shot; null where nothing was recorded.
    rows: Vec<Row>,
    warnings: Vec<String>,
}

const COLUMNS: [&str; 7] = ["hole", "shot", "type", "club", "shot_m", "from_lie", "to_lie"];

/// Hole, shot, kind, club, metres, from and to.
type Row =
    (i64, Option<i64>, Option<String>, Option<String>, Option<f64>, Option<String>, Option<String>);

fn row(hole: i64, shot: &GolfShot, clubs: &BTreeMap<i64, String>) -> Row {
    let kind = shot.kind.as_deref().or(shot.kind_guessed.as_deref()).map(word);
    let club = shot.club_id.and_then(|id| clubs.get(&id).cloned());
    let lie = |spot: Option<&garmin::model::GolfSpot>| spot?.lie.as_deref().map(word);
    (
        hole,
        shot.order,
        kind.filter(|kind| kind != "unknown"),
        club,
        shot.distance_m.map(tenth),
        lie(shot.from.as_ref()),
        lie(shot.to.as_ref()),
    )
}

fn rows(
    found: GolfShots,
    wanted: Option<&[Whole<1, 18>]>,
    clubs: &BTreeMap<i64, String>,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for hole in found.holes.into_iter().flatten() {
        let Some(number) = hole.number else { continue };
        let asked = |holes: &[Whole<1, 18>]| holes.iter().any(|it| i64::from(it.0) == number);
        if wanted.is_none_or(asked) {
            rows.extend(hole.shots.iter().flatten().map(|shot| row(number, shot, clubs)));
        }
    }
    rows.sort_by_key(|row| (row.0, row.1));
    rows
}

impl Tool for Shots {
    const NAME: &'static str = "get_golf_shots";
    const TITLE: &'static str = "Shots of a round";
    const DESCRIPTION: &'static str =
        "Every shot of a round, or of some holes: club, distance and lie.";
    type Args = ShotsArgs;
    type Answer = ShotsAnswer;

    async fn call(account: &Account, args: ShotsArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let id = id(args.scorecard_id)?;
        let garmin = account.garmin()?;
        let (found, clubs) = tokio::join!(garmin.golf_shots(id), names(&garmin, extras));
        let mut warnings = Vec::new();
        let clubs = clubs.said(&mut warnings)?;
        let found = found.map_err(refusal)?.unwrap_or_default();
        let wanted = args.holes.as_ref().map(|holes| holes.0.as_slice());
        let rows = rows(found, wanted, &clubs);
        Ok(ShotsAnswer {
            status: if rows.is_empty() { Status::NoData } else { Status::Ok },
            scorecard_id: id.number(),
            shot_count: rows.len(),
            columns: COLUMNS,
            rows,
            warnings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_holes_asked_for_are_shown_and_unknown_clubs_have_no_name() {
        let found = || -> GolfShots {
            serde_json::from_str(
                r#"{"holeShots":[{"holeNumber":10,"shots":[
                    {"shotOrder":2,"shotType":"PUTT","clubId":99,"meters":0.0},
                    {"shotOrder":1,"shotType":"UNKNOWN","clubId":7,"meters":"181.26",
                     "startLoc":{"lie":"TeeBox"},"endLoc":null}]},
                    {"holeNumber":2,"shots":[{"shotOrder":1}]},{"holeNumber":3,"shots":null}]}"#,
            )
            .unwrap()
        };
        let clubs = BTreeMap::from([(7, "Driver".to_owned())]);
        let tenth = rows(found(), Some(&[Whole(10)]), &clubs);
        let driven = (
            10,
            Some(1),
            None,
            Some("Driver".to_owned()),
            Some(181.3),
            Some("teebox".to_owned()),
            None,
        );
        assert_eq!(tenth[0], driven);
        assert_eq!((tenth.len(), tenth[1].3.clone(), tenth[1].4), (2, None, Some(0.0)));
        assert_eq!(rows(found(), None, &clubs).len(), 3);
    }
}

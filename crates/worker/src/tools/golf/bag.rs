//! The clubs in the bag, and what the rounds come to.

use std::collections::BTreeMap;

use garmin::Garmin;
use garmin::model::{ClubType, GolfClub, GolfStats};
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::Account;
use crate::answer::Status;
use crate::args::NoArgs;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{hundredth, tenth};

/// What the numbers of clubs mean, as far as Garmin said.
pub(super) struct Names {
    clubs: Result<Option<Vec<GolfClub>>, Missing>,
    types: Result<Option<Vec<ClubType>>, Missing>,
}

/// Asks for the bag and for the types of club together.
pub(super) async fn names(garmin: &Garmin, extras: Extras) -> Names {
    let (clubs, types) = tokio::join!(
        extras.read("clubs", garmin.golf_clubs()),
        extras.read("club_types", garmin.golf_club_types()),
    );
    Names { clubs, types }
}

impl Names {
    /// The name of each club by its number; what is missing is a warning.
    pub(super) fn said(
        self,
        warnings: &mut Vec<String>,
    ) -> Result<BTreeMap<i64, String>, ToolError> {
        let clubs = Missing::warned(self.clubs, warnings)?.flatten().unwrap_or_default();
        let types = Missing::warned(self.types, warnings)?.flatten().unwrap_or_default();
        let named = clubs.iter().filter_map(|club| Some((club.id?, name(club, &types)?)));
        Ok(named.collect())
    }
}

/// What the player calls it, or what it is.
fn name(club: &GolfClub, types: &[ClubType]) -> Option<String> {
    club.name.clone().or_else(|| kind(club, types))
}

fn kind(club: &GolfClub, types: &[ClubType]) -> Option<String> {
    let number = club.type_id?;
    types.iter().find(|it| it.id == Some(number)).and_then(|it| it.name.clone())
}

/// `get_golf_clubs`
pub(super) struct Clubs;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ClubsAnswer {
    status: Status,
    count: usize,
    /// In use first, the longest first.
    clubs: Vec<ClubRow>,
    warnings: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct ClubRow {
    club_id: Option<i64>,
    name: Option<String>,
    r#type: Option<String>,
    /// Garmin's number of the type, where it has no name for it.
    type_id: Option<i64>,
    model: Option<String>,
    retired: Option<bool>,
    shots: Option<i64>,
    avg_shot_m: Option<f64>,
    max_shot_m: Option<f64>,
    fairway_hit_pct: Option<f64>,
    fairway_left_pct: Option<f64>,
    fairway_right_pct: Option<f64>,
    green_hit_pct: Option<f64>,
}

fn club(found: GolfClub, types: &[ClubType]) -> ClubRow {
    let kind = kind(&found, types);
    let stats = found.stats.unwrap_or_default();
    ClubRow {
        club_id: found.id,
        name: found.name.or_else(|| kind.clone()),
        type_id: found.type_id.filter(|_| kind.is_none()),
        r#type: kind,
        model: found.model,
        retired: found.is_retired.filter(|is_retired| *is_retired),
        shots: stats.shots,
        avg_shot_m: stats.average_m.or(found.told_distance_m).map(tenth),
        max_shot_m: stats.longest_m.map(tenth),
        fairway_hit_pct: stats.fairway_hit_pct.map(tenth),
        fairway_left_pct: stats.fairway_left_pct.map(tenth),
        fairway_right_pct: stats.fairway_right_pct.map(tenth),
        green_hit_pct: stats.green_hit_pct.map(tenth),
    }
}

fn bag(found: Vec<GolfClub>, types: &[ClubType]) -> Vec<ClubRow> {
    let kept = found.into_iter().filter(|club| club.is_deleted != Some(true));
    let mut clubs: Vec<ClubRow> = kept.map(|it| club(it, types)).collect();
    clubs.sort_by(|a, b| {
        let far = |club: &ClubRow| club.avg_shot_m.unwrap_or(-1.0);
        a.retired.cmp(&b.retired).then(far(b).total_cmp(&far(a)))
    });
    clubs
}

impl Tool for Clubs {
    const NAME: &'static str = "get_golf_clubs";
    const TITLE: &'static str = "Golf clubs";
    const DESCRIPTION: &'static str =
        "The clubs in the bag with average and longest distance and accuracy.";
    type Args = NoArgs;
    type Answer = ClubsAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let garmin = account.garmin()?;
        let (clubs, types) =
            tokio::join!(garmin.golf_clubs(), extras.read("club_types", garmin.golf_club_types()));
        let mut warnings = Vec::new();
        let types = Missing::warned(types, &mut warnings)?.flatten().unwrap_or_default();
        let clubs = bag(clubs?.unwrap_or_default(), &types);
        let status = if clubs.is_empty() { Status::NoData } else { Status::Ok };
        Ok(ClubsAnswer { status, count: clubs.len(), clubs, warnings })
    }
}

/// `get_golf_stats`
pub(super) struct Figures;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FiguresAnswer {
    /// `no_data` when the athlete has played no round.
    status: Status,
    handicap: Option<f64>,
    rounds: Option<i64>,
    average_score: Option<f64>,
    average_to_par: Option<f64>,
    average_drive_m: Option<f64>,
    longest_drive_m: Option<f64>,
    fairway_hit_pct: Option<f64>,
    fairway_left_pct: Option<f64>,
    fairway_right_pct: Option<f64>,
    greens_in_regulation_pct: Option<f64>,
    putts_per_hole: Option<f64>,
    putts_per_round: Option<f64>,
    strokes_gained: Option<StrokesGained>,
}

/// Against a player of the same handicap.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct StrokesGained {
    total: Option<f64>,
    driving: Option<f64>,
    approach: Option<f64>,
    chipping: Option<f64>,
    putting: Option<f64>,
}

fn figures(found: Option<GolfStats>) -> FiguresAnswer {
    let status = if found.is_some() { Status::Ok } else { Status::NoData };
    let found = found.unwrap_or_default();
    let gained = StrokesGained {
        total: found.strokes_gained.map(hundredth),
        driving: found.strokes_gained_driving.map(hundredth),
        approach: found.strokes_gained_approach.map(hundredth),
        chipping: found.strokes_gained_chipping.map(hundredth),
        putting: found.strokes_gained_putting.map(hundredth),
    };
    let nothing =
        StrokesGained { total: None, driving: None, approach: None, chipping: None, putting: None };
    FiguresAnswer {
        status,
        handicap: found.handicap.map(tenth),
        rounds: found.rounds,
        average_score: found.average_score.map(tenth),
        average_to_par: found.average_to_par.map(tenth),
        average_drive_m: found.average_drive_m.map(tenth),
        longest_drive_m: found.longest_drive_m.map(tenth),
        fairway_hit_pct: found.fairway_hit_pct.map(tenth),
        fairway_left_pct: found.fairway_left_pct.map(tenth),
        fairway_right_pct: found.fairway_right_pct.map(tenth),
        greens_in_regulation_pct: found.green_hit_pct.map(tenth),
        putts_per_hole: found.putts_per_hole.map(hundredth),
        putts_per_round: found.putts_per_round.map(tenth),
        strokes_gained: (gained != nothing).then_some(gained),
    }
}

impl Tool for Figures {
    const NAME: &'static str = "get_golf_stats";
    const TITLE: &'static str = "Golf statistics";
    const DESCRIPTION: &'static str =
        "Handicap, driving, fairways, greens and putting over the recent rounds.";
    type Args = NoArgs;
    type Answer = FiguresAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        Ok(figures(account.garmin()?.golf_stats().await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clubs_in_use_come_first_and_a_type_without_a_name_keeps_its_number() {
        let clubs: Vec<GolfClub> = serde_json::from_str(
            r#"[{"id":1,"clubTypeId":23,"clubStats":{"averageDistance":0.0,"shotsCount":0}},
                {"id":2,"clubTypeId":1,"retired":true,"clubStats":{"averageDistance":230}},
                {"id":3,"clubTypeId":2,"clubStats":{"averageDistance":"201.44"}},
                {"id":4,"clubTypeId":41,"clubStats":null},{"id":5,"deleted":true}]"#,
        )
        .unwrap();
        let types = [(1, "Driver"), (2, "3 Wood"), (23, "Putter")]
            .map(|(id, name)| ClubType { id: Some(id), name: Some(name.to_owned()) });
        let bag = bag(clubs, &types);
        let ids: Vec<_> = bag.iter().map(|club| club.club_id).collect();
        assert_eq!(ids, [Some(3), Some(1), Some(4), Some(2)]);
        assert_eq!((bag[0].name.as_deref(), bag[0].avg_shot_m), (Some("3 Wood"), Some(201.4)));
        assert_eq!((bag[1].shots, bag[1].avg_shot_m), (Some(0), Some(0.0)));
        assert_eq!((bag[2].name.as_deref(), bag[2].type_id), (None, Some(41)));
    }

    #[test]
    fn what_garmin_did_not_count_is_left_out() {
        let found: GolfStats = serde_json::from_str(r#"{"handicap":"12.34","rounds":0}"#).unwrap();
        let answer = figures(Some(found));
        assert_eq!((answer.handicap, answer.rounds), (Some(12.3), Some(0)));
        assert_eq!((answer.strokes_gained, answer.average_drive_m), (None, None));
        assert_eq!(figures(None).status, Status::NoData);
    }
}

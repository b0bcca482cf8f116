//! Golf: rounds, holes, shots and clubs.

use jiff::Timestamp;

use super::model;

model! {
    /// A page of rounds. The list is left out when there are none.
    ScorecardPage as "golf rounds" {
        "totalRows" => total: i64,
        "scorecardSummaries" => rounds: Vec<ScorecardSummary>,
    }

    ScorecardSummary as "golf round" {
        "id" => id: i64,
        "courseName" => course: String,
        "startTime" | "formattedStartTime" => start: Timestamp,
        "strokes" => strokes: i64,
        "handicappedStrokes" => net_strokes: i64,
        /// Over or under par.
        "scoreWithoutHandicap" => to_par: i64,
        "scoreWithHandicap" => net_to_par: i64,
        "score" => score: i64,
        "scoreType" => scoring: String,
        "holesCompleted" => holes: i64,
        /// One digit a hole.
        "holePars" => hole_pars: String,
        "roundInProgress" => is_in_progress: bool,
    }

    /// One round; Garmin can answer for several at once.
    ScorecardDetails as "golf scorecard" {
        "scorecardDetails" => rounds: Vec<ScorecardDetail>,
        "courseSnapshots" => courses: Vec<GolfCourse>,
    }

    ScorecardDetail as "golf scorecard" {
        "scorecard" => card: Scorecard,
        "scorecardStats" => stats: ScorecardStats,
    }

    Scorecard as "golf scorecard" {
        "id" => id: i64,
        "courseSnapshotId" => course_id: i64,
        "startTime" | "formattedStartTime" => start: Timestamp,
        "endTime" => end: Timestamp,
        "scoreType" => scoring: String,
        "teeBox" => tee_box: String,
        "teeBoxRating" => tee_rating: f64,
        "teeBoxSlope" => tee_slope: f64,
        "strokes" => strokes: i64,
        "handicappedStrokes" => net_strokes: i64,
        "playerHandicap" => handicap: f64,
        "distanceWalked" => walked_m: f64,
        "stepsTaken" => steps: i64,
        "holes" => holes: Vec<GolfHole>,
    }

    GolfHole as "golf hole" {
        "number" => number: i64,
        "strokes" => strokes: i64,
        "penalties" => penalties: i64,
        "handicapScore" => net_strokes: i64,
        "putts" => putts: i64,
        /// `HIT`, `LEFT`, `RIGHT`, `SHORT`, `LONG`.
        "fairwayShotOutcome" => fairway: String,
    }

    ScorecardStats as "golf round figures" {
        "round" => round: RoundStats,
    }

    RoundStats as "golf round figures" {
        "holesPlayed" | "holesCompleted" => holes: i64,
        "fairwaysRecorded" => fairways: i64,
        "fairwaysHit" => fairways_hit: i64,
        "fairwaysLeft" => fairways_left: i64,
        "fairwaysRight" => fairways_right: i64,
        "greensRecorded" => greens: i64,
        "greensInRegulation" => greens_in_regulation: i64,
        "putts" => putts: i64,
        "meanPuttsPerHole" => putts_per_hole: f64,
        "scoreWithoutHandicap" => to_par: i64,
        "longestShotDistance" | "longestShotInMeters" => longest_shot_m: f64,
    }

    /// The course as it was on the day.
    GolfCourse as "golf course" {
        "courseSnapshotId" => id: i64,
        "name" => name: String,
        "holePars" => hole_pars: String,
        "roundPar" => par: i64,
    }

    GolfShots as "golf shots" {
        "holeShots" | "holes" => holes: Vec<HoleShots>,
    }

    HoleShots as "golf shots" {
        "holeNumber" => number: i64,
        "shots" => shots: Vec<GolfShot>,
    }

    GolfShot as "golf shot" {
        "shotOrder" => order: i64,
        "shotTime" => at: Timestamp,
        "clubId" => club_id: i64,
        /// `TEE`, `APPROACH`, `CHIP`, `PUTT`, `RECOVERY`, `UNKNOWN`.
        "shotType" => kind: String,
        "autoShotType" => kind_guessed: String,
        "meters" => distance_m: f64,
        "startLoc" => from: GolfSpot,
        "endLoc" => to: GolfSpot,
    }

    GolfSpot as "golf shot" {
        /// `TeeBox`, `Fairway`, `Rough`, `Bunker`, `Green`, …
        "lie" => lie: String,
    }

    /// A club in the bag.
    GolfClub as "golf clubs" {
        "id" => id: i64,
        "clubTypeId" => type_id: i64,
        "name" => name: String,
        "model" => model: String,
        "retired" => is_retired: bool,
        "deleted" => is_deleted: bool,
        "averageDistance" => told_distance_m: f64,
        "clubStats" => stats: ClubStats,
    }

    ClubStats as "golf club figures" {
        "shotsCount" => shots: i64,
        "averageDistance" => average_m: f64,
        "maxLifetimeDistance" => longest_m: f64,
        "percentFairwayHit" => fairway_hit_pct: f64,
        "percentFairwayLeft" => fairway_left_pct: f64,
        "percentFairwayRight" => fairway_right_pct: f64,
        "percentGreenHit" => green_hit_pct: f64,
    }

    ClubType as "golf club types" {
        "value" => id: i64,
        "name" => name: String,
    }

    /// What the player's recent rounds come to.
    GolfStats as "golf figures" {
        "handicap" | "playerHandicap" | "handicapIndex" => handicap: f64,
        "numberOfRounds" | "roundsPlayed" | "rounds" => rounds: i64,
        "averageScore" | "averageStrokes" => average_score: f64,
        "scoreToPar" | "averageScoreToPar" | "averageToPar" => average_to_par: f64,
        "averageDriveDistance" | "averageDrivingDistance" => average_drive_m: f64,
        "longestDriveDistance" | "longestDrive" => longest_drive_m: f64,
        "percentFairwayHit" | "fairwayHitPercentage" => fairway_hit_pct: f64,
        "percentFairwayLeft" => fairway_left_pct: f64,
        "percentFairwayRight" => fairway_right_pct: f64,
        "percentGreensInRegulation" | "greensInRegulationPercentage" => green_hit_pct: f64,
        "averagePuttsPerHole" | "meanPuttsPerHole" => putts_per_hole: f64,
        "averagePuttsPerRound" | "averagePutts" => putts_per_round: f64,
        "strokesGainedTotal" | "strokesGained" => strokes_gained: f64,
        "strokesGainedDriving" | "strokesGainedDrive" => strokes_gained_driving: f64,
        "strokesGainedApproach" => strokes_gained_approach: f64,
        "strokesGainedChipping" | "strokesGainedChip" => strokes_gained_chipping: f64,
        "strokesGainedPutting" | "strokesGainedPutt" => strokes_gained_putting: f64,
    }
}

/// The pars of a course: one digit a hole.
#[must_use]
pub fn pars(digits: &str) -> Vec<Option<i64>> {
    digits.trim().chars().map(|digit| digit.to_digit(10).map(i64::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn no_rounds_and_one_round() {
        let none = br#"{"pageNumber":1,"rowsPerPage":100,"totalRows":0}"#;
        let page: ScorecardPage = decode(none).unwrap().unwrap();
        assert_eq!((page.total, page.rounds), (Some(0), None));
        let one = br#"{"scorecardDetails":[{"scorecard":{"id":5,"holes":[{"number":1,"strokes":4,
            "putts":0,"fairwayShotOutcome":null}]}}],"courseSnapshots":[{"holePars":"45x"}]}"#;
        let details: ScorecardDetails = decode(one).unwrap().unwrap();
        let round = &details.rounds.unwrap()[0];
        let hole = &round.card.as_ref().unwrap().holes.as_ref().unwrap()[0];
        assert_eq!((hole.putts, hole.fairway.as_deref()), (Some(0), None));
        let course = &details.courses.unwrap()[0];
        assert_eq!(pars(course.hole_pars.as_deref().unwrap()), [Some(4), Some(5), None]);
    }
}

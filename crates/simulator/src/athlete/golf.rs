//! Rounds of golf, shot by shot: scores, putts and the distances of clubs are read off the shots.

use jiff::civil::Date;

use crate::chance::Seed;
use crate::times::{MINUTE, Millis, Zone, days_between, shift};

use super::person::Person;
use super::season::Season;
use super::{number, rounded, whole};

/// Between two rounds.
const EVERY_DAYS: i64 = 24;
/// A round takes about this long.
const ROUND_MINUTES: i64 = 245;
const FIRST_ID: i64 = 90_000_000;

/// A club: Garmin's number of its type, its name and how far it carries.
pub(crate) const CLUBS: [(i64, &str, f64); 9] = [
    (1, "Driver", 215.0),
    (2, "3 Wood", 190.0),
    (14, "5 Iron", 155.0),
    (16, "7 Iron", 135.0),
    (17, "8 Iron", 122.0),
    (18, "9 Iron", 110.0),
    (19, "Pitching Wedge", 95.0),
    (21, "Sand Wedge", 60.0),
    (23, "Putter", 4.0),
];
const PUTTER: usize = 8;

/// Courses by name, one digit a hole.
const COURSES: [(&str, &str); 2] =
    [("Old Mill Golf Club", "443545344434453544"), ("Lakeside Links", "454344354543443454")];

#[derive(Debug, Clone)]
pub(crate) struct Shot {
    /// Index into [`CLUBS`].
    pub(crate) club: usize,
    pub(crate) metres: f64,
    pub(crate) kind: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Hole {
    pub(crate) number: i64,
    pub(crate) par: i64,
    pub(crate) penalties: i64,
    pub(crate) fairway: Option<&'static str>,
    pub(crate) shots: Vec<Shot>,
}

impl Hole {
    pub(crate) fn strokes(&self) -> i64 {
        i64::try_from(self.shots.len()).unwrap_or(0) + self.penalties
    }

    pub(crate) fn putts(&self) -> i64 {
        let putts = self.shots.iter().filter(|shot| shot.kind == "PUTT").count();
        i64::try_from(putts).unwrap_or(0)
    }

    /// On the green with two strokes to spare for putting.
    pub(crate) fn is_in_regulation(&self) -> bool {
        self.strokes() - self.putts() <= self.par - 2
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) id: i64,
    pub(crate) course: &'static str,
    pub(crate) course_id: i64,
    pub(crate) pars: &'static str,
    pub(crate) start: Millis,
    pub(crate) end: Millis,
    pub(crate) holes: Vec<Hole>,
}

impl Round {
    pub(crate) fn strokes(&self) -> i64 {
        self.holes.iter().map(Hole::strokes).sum()
    }

    pub(crate) fn par(&self) -> i64 {
        self.holes.iter().map(|hole| hole.par).sum()
    }

    pub(crate) fn putts(&self) -> i64 {
        self.holes.iter().map(Hole::putts).sum()
    }

    pub(crate) fn shots(&self) -> impl Iterator<Item = &Shot> {
        self.holes.iter().flat_map(|hole| &hole.shots)
    }
}

/// The rounds played by now, oldest first.
pub(crate) fn rounds(person: &Person, zone: &Zone, season: &Season, now: Millis) -> Vec<Round> {
    let first = shift(season.first(), 9);
    let count = days_between(first, season.last()) / EVERY_DAYS;
    (0..=count)
        .map(|index| shift(first, index * EVERY_DAYS))
        .map(|date| round(person, zone, date))
        .filter(|round| round.end <= now)
        .collect()
}

fn round(person: &Person, zone: &Zone, date: Date) -> Round {
    let day = days_between(Date::constant(2020, 1, 1), date);
    let seed = person.seed.child("golf").at(day);
    let which = usize::try_from(day / EVERY_DAYS % 2).unwrap_or(0);
    let (course, pars) = COURSES[which];
    let start = zone.instant(date, 13 * 60);
    let holes = pars
        .bytes()
        .zip(1..)
        .map(|(par, number)| hole(seed.at(number), number, i64::from(par - b'0')))
        .collect();
    Round {
        id: FIRST_ID + day,
        course,
        course_id: 5_000 + i64::try_from(which).unwrap_or(0),
        pars,
        start,
        end: start + ROUND_MINUTES * MINUTE,
        holes,
    }
}

fn hole(seed: Seed, hole_number: i64, par: i64) -> Hole {
    let fairway = (par > 3).then(|| {
        let outcomes = ["HIT", "HIT", "HIT", "LEFT", "RIGHT"];
        seed.child("fairway").pick(&outcomes)
    });
    let over = whole(seed.child("over").between(-0.35, 2.3)).max(0);
    let putts = seed.child("putts").whole(1, 3);
    let penalties = i64::from(seed.child("water").happens(0.06));
    let longs = (par - 2 + over - penalties).max(1);
    let mut shots = Vec::new();
    for shot in 0..longs {
        let last = shot == longs - 1;
        let club = match shot {
            0 if par > 3 => usize::from(par == 4 && seed.child("lay-up").happens(0.25)),
            0 => 3,
            _ if last => 5 + usize::try_from(seed.child("wedge").at(shot).whole(0, 2)).unwrap_or(0),
            _ => 2,
        };
        let spread = seed.child("carry").at(shot).between(0.82, 1.08);
        shots.push(Shot {
            club,
            metres: rounded(CLUBS[club].2 * spread, 1),
            kind: match shot {
                0 => "TEE",
                _ if last && club == 7 => "CHIP",
                _ => "APPROACH",
            },
            from: match (shot, fairway) {
                (0, _) => "TeeBox",
                (_, Some("HIT")) => "Fairway",
                _ => "Rough",
            },
            to: match (last, fairway) {
                (true, _) => "Green",
                (false, Some("HIT")) => "Fairway",
                (false, _) => "Rough",
            },
        });
    }
    for putt in 0..putts {
        let left = number(putts - putt);
        let metres = rounded(seed.child("roll").at(putt).between(0.4, 3.0) * left, 1);
        shots.push(Shot { club: PUTTER, metres, kind: "PUTT", from: "Green", to: "Green" });
    }
    Hole { number: hole_number, par, penalties, fairway, shots }
}

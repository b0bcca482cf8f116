//! Shoes and a bike, worn down by exactly the activities they were used in.

use jiff::civil::Date;

use crate::times::{Millis, days_between, shift};

use super::activities::{Activity, Discipline};
use super::person::Person;
use super::plan::SessionKind;
use super::season::Season;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GearKind {
    Shoes,
    Bike,
}

#[derive(Debug, Clone)]
pub(crate) struct GearItem {
    pub(crate) pk: i64,
    /// 32 hexadecimal digits, as the legacy service has it.
    pub(crate) uuid: String,
    pub(crate) kind: GearKind,
    pub(crate) brand_model: &'static str,
    pub(crate) name: &'static str,
    pub(crate) since: Date,
    pub(crate) until: Option<Date>,
    pub(crate) maximum_m: f64,
    pub(crate) notes: &'static str,
    role: GearRole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GearRole {
    OldTrainers,
    Trainers,
    Racers,
    Bike,
}

const TRAINERS: [&str; 4] =
    ["Asics Gel-Nimbus 27", "Brooks Ghost 17", "Saucony Ride 18", "Hoka Clifton 10"];
const RACERS: [&str; 3] =
    ["Nike Vaporfly 4", "Saucony Endorphin Pro 4", "Adidas Adizero Adios Pro 4"];
const BIKES: [&str; 3] = ["Canyon Endurace CF 7", "Giant Defy Advanced 2", "Trek Domane SL 6"];

/// How long before the season's end the first pair was retired.
const RETIRED_DAYS: i64 = 175;

pub(crate) fn items(person: &Person, season: &Season) -> Vec<GearItem> {
    let seed = person.seed.child("gear");
    let first = season.first();
    let retired = shift(first, 420 - RETIRED_DAYS);
    let items = [
        (
            GearRole::OldTrainers,
            GearKind::Shoes,
            seed.child("old").pick(&TRAINERS),
            "Old trainers",
            first,
            Some(retired),
            700_000.0,
        ),
        (
            GearRole::Trainers,
            GearKind::Shoes,
            seed.child("new").pick(&TRAINERS),
            "Daily trainers",
            retired,
            None,
            800_000.0,
        ),
        (
            GearRole::Racers,
            GearKind::Shoes,
            seed.child("race").pick(&RACERS),
            "Race day",
            shift(first, 20),
            None,
            400_000.0,
        ),
        (
            GearRole::Bike,
            GearKind::Bike,
            seed.child("bike").pick(&BIKES),
            "Road bike",
            first,
            None,
            0.0,
        ),
    ];
    items
        .into_iter()
        .zip(0_i64..)
        .map(|((role, kind, brand_model, name, since, until, maximum_m), index)| GearItem {
            pk: 30_000_000 + person.profile_id % 1_000_000 * 8 + index,
            uuid: seed.at(index).hex(),
            kind,
            brand_model,
            name,
            notes: match role {
                GearRole::Racers => "Races and fast sessions only",
                GearRole::Bike => "New chain at 4,000 km",
                GearRole::OldTrainers | GearRole::Trainers => "",
            },
            since,
            until,
            maximum_m,
            role,
        })
        .collect()
}

impl GearItem {
    pub(crate) fn was_used_in(&self, activity: &Activity) -> bool {
        let fast = matches!(activity.kind, SessionKind::Race | SessionKind::Intervals);
        let owned = days_between(self.since, activity.date) >= 0
            && self.until.is_none_or(|until| activity.date < until);
        let suits = match (self.role, activity.discipline) {
            (GearRole::Bike, Discipline::Ride) => true,
            (GearRole::Racers, Discipline::Run) => fast,
            (GearRole::OldTrainers | GearRole::Trainers, Discipline::Run) => !fast,
            (GearRole::Bike, Discipline::Run | Discipline::Strength)
            | (
                GearRole::Racers | GearRole::OldTrainers | GearRole::Trainers,
                Discipline::Ride | Discipline::Strength,
            ) => false,
        };
        owned && suits
    }

    /// Metres, seconds and activities so far.
    pub(crate) fn use_so_far(&self, season: &Season, now: Millis) -> (f64, f64, usize) {
        season.activities(now).filter(|activity| self.was_used_in(activity)).fold(
            (0.0, 0.0, 0),
            |(metres, secs, count), activity| {
                (metres + activity.distance, secs + activity.duration, count + 1)
            },
        )
    }

    pub(crate) const fn is_active(&self) -> bool {
        self.until.is_none()
    }
}

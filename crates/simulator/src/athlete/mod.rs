//! An invented person with a body, a watch and a training plan. Everything about them is a pure
//! function of a seed and a date, so endpoints agree because they read the same life, and a day
//! that was told once is never told differently.

mod activities;
mod courses;
mod days;
mod digest;
mod gear;
mod golf;
mod laps;
mod multisport;
mod person;
mod physiology;
mod plan;
mod readiness;
mod scale;
mod season;
mod seconds;
mod sleep;
mod trace;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use domain::clock::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

pub(crate) use activities::{Activity, Discipline, POWER_ZONES, SPLITS};
pub(crate) use courses::{Course, courses};
pub(crate) use days::{
    DayView, HR_STEP, STEPS_STEP, STRESS_STEP, hrv_readings, night_battery, night_heart_rate,
    night_respiration, night_series, night_stress, spo2_readings,
};
pub(crate) use digest::{BatteryEvent, Digest, FLOORS_GOAL, WEEKLY_INTENSITY_GOAL};
pub(crate) use gear::{GearItem, GearKind, items as gear_items};
pub(crate) use golf::{
    CLUBS as GOLF_CLUBS, Hole as GolfHole, Round as GolfRound, rounds as golf_rounds,
};
pub(crate) use laps::{Lap, laps, thinned};
pub(crate) use multisport::Multisport;
pub(crate) use person::{Device, Gender, Person};
pub(crate) use physiology::HrvStatus;
pub(crate) use plan::{Phase, SessionKind, Wear};
pub(crate) use readiness::{Readiness, word as readiness_word};
pub(crate) use season::{Day, Season};
pub(crate) use sleep::{Night, Stage};
pub(crate) use trace::Sample;

use crate::accounts::AccountSpec;
use crate::library::Library;
use crate::times::{Zone, monday, shift};

/// How far beyond today a season is made up before it has to be extended.
const AHEAD_DAYS: i64 = 14;

/// A whole number as a fraction of one.
#[expect(clippy::cast_precision_loss, reason = "ids, seconds and counts far below 2^53")]
pub(crate) const fn number(value: i64) -> f64 {
    value as f64
}

/// A fraction as a whole number, cut.
#[expect(clippy::cast_possible_truncation, reason = "bodies produce small numbers")]
pub(crate) const fn whole(value: f64) -> i64 {
    value as i64
}

/// Rounded to so many decimals.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

pub(crate) struct Athlete {
    pub(crate) person: Person,
    pub(crate) zone: Zone,
    pub(crate) zone_name: String,
    /// The day the simulator started: the year before it is arranged around it.
    born: Date,
    season: Mutex<Option<Arc<Season>>>,
    library: OnceLock<Mutex<Library>>,
}

/// Who an account is and which of its days are special, for tests and for `demo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeasonFacts {
    pub full_name: String,
    pub display_name: String,
    pub garmin_guid: String,
    pub profile_id: i64,
    pub zone: String,
    pub today: String,
    /// The first day with data.
    pub first_day: String,
    /// The last race before today, with the taper in the two weeks before it.
    pub race_day: String,
    pub illness_first_day: String,
    pub illness_last_day: String,
    /// Monday to Sunday without training.
    pub rest_week_first_day: String,
    pub rest_week_last_day: String,
    /// The first and the last day of the week spent in another zone.
    pub week_abroad: Option<(String, String)>,
    /// Days on which the watch stayed in a drawer.
    pub unworn_days: Vec<String>,
    /// Nights it was charged instead of worn.
    pub unworn_nights: Vec<String>,
}

impl Athlete {
    /// # Errors
    /// When one of the account's zones has no such name.
    pub(crate) fn born(spec: &AccountSpec, now: Timestamp) -> Result<Self, jiff::Error> {
        let mut zone = Zone::named(&spec.zone)?;
        let born = zone.date(now.0 * 1_000);
        if let Some(abroad) = &spec.abroad {
            let first = shift(monday(born), -14);
            zone = zone.with_journey(abroad, (first, shift(first, 6)))?;
        }
        Ok(Self {
            person: Person::born(spec, &zone, now),
            born,
            zone,
            zone_name: spec.zone.clone(),
            season: Mutex::new(None),
            library: OnceLock::new(),
        })
    }

    /// The athlete's days up to a little beyond now. Made up on the first call and whenever time
    /// has run past its end; days already told stay the same.
    pub(crate) fn season(&self, now: Timestamp) -> Arc<Season> {
        let today = self.zone.date(now.0 * 1_000);
        let mut kept = self.season.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(season) if season.last() > shift(today, 1) => season.clone(),
            Some(_) | None => {
                let last = shift(today.max(self.born), AHEAD_DAYS);
                let season = Arc::new(Season::generate(&self.person, &self.zone, self.born, last));
                *kept = Some(season.clone());
                season
            }
        }
    }

    /// What is planned, made up on the first call and remembered from then on.
    pub(crate) fn library(&self, today: Date) -> MutexGuard<'_, Library> {
        let library = self.library.get_or_init(|| Mutex::new(Library::seeded(self, today)));
        library.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn facts(&self, now: Timestamp) -> SeasonFacts {
        let season = self.season(now);
        let today = self.zone.date(now.0 * 1_000);
        let calendar = &season.calendar;
        let unworn = |wear: Wear| {
            season
                .days()
                .iter()
                .filter(|day| day.date <= today && day.plan.wear == wear)
                .map(|day| day.date.to_string())
                .collect()
        };
        let race = calendar.race_on_or_before(today);
        SeasonFacts {
            full_name: self.person.full_name.clone(),
            display_name: self.person.display_name.clone(),
            garmin_guid: self.person.guid.clone(),
            profile_id: self.person.profile_id,
            zone: self.zone_name.clone(),
            today: today.to_string(),
            first_day: season.first().to_string(),
            race_day: race.to_string(),
            illness_first_day: calendar.illness.to_string(),
            illness_last_day: shift(calendar.illness, plan::ILLNESS_DAYS - 1).to_string(),
            rest_week_first_day: shift(race, 1).to_string(),
            rest_week_last_day: shift(race, 7).to_string(),
            week_abroad: self
                .zone
                .journey()
                .map(|(first, last)| (first.to_string(), last.to_string())),
            unworn_days: unworn(Wear::Off),
            unworn_nights: unworn(Wear::DayOnly),
        }
    }
}

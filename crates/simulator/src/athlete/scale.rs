//! The bathroom scale, the cuff and the water bottle: what the athlete measured and drank before
//! anybody watched.

use jiff::civil::Date;
use jiff::civil::Weekday;

use super::season::Day;
use super::{Athlete, Gender, number, rounded, whole};
use crate::diary::{Pressure, WeighIn};
use crate::times::{MINUTE, Millis, days_between};

/// Twelve minutes after waking.
const AFTER_WAKING: Millis = 12 * MINUTE;

impl Athlete {
    fn of_day(&self, label: &str, date: Date) -> crate::chance::Seed {
        self.person.seed.child(label).at(days_between(Date::constant(2020, 1, 1), date))
    }

    pub(crate) fn bmi(&self, grams: f64) -> f64 {
        let height = self.person.height_cm / 100.0;
        rounded(grams / 1_000.0 / (height * height), 1)
    }

    /// The scale sees the same weight as everything else about that day.
    pub(crate) fn weigh_in(&self, day: &Day) -> WeighIn {
        let at = day.slept.end + AFTER_WAKING;
        let grams = day.form.weight_g;
        let base = match self.person.gender {
            Gender::Female => 23.5,
            Gender::Male => 14.5,
        };
        let excess = (grams - self.person.weight_g) / self.person.weight_g * 60.0;
        let fat = rounded(base + excess + 0.3 * self.of_day("fat", day.date).normal(), 1);
        WeighIn {
            pk: at,
            date: day.date,
            at,
            wall: self.zone.wall(at),
            grams,
            bmi: Some(self.bmi(grams)),
            fat_pct: Some(fat),
            water_pct: Some(rounded((100.0 - fat) * 0.73, 1)),
            bone_g: Some((grams * 0.0475 / 10.0).round() * 10.0),
            muscle_g: Some((grams * (100.0 - fat) / 100.0 * 0.54 / 10.0).round() * 10.0),
            physique_rating: None,
            visceral_fat_rating: None,
            metabolic_age: None,
            source: "INDEX_SCALE",
        }
    }

    /// On Sundays after breakfast.
    pub(crate) fn pressure(&self, day: &Day) -> Option<Pressure> {
        if day.date.weekday() != Weekday::Sunday {
            return None;
        }
        let at = day.slept.end + 65 * MINUTE;
        let seed = self.of_day("pressure", day.date);
        let stress = (day.form.stress_base - 27.0) * 0.3;
        Some(Pressure {
            version: at + 7,
            date: day.date,
            at,
            wall: self.zone.wall(at),
            systolic: whole((117.0 + stress + 4.0 * seed.child("high").normal()).round()),
            diastolic: whole((75.0 + stress * 0.6 + 3.0 * seed.child("low").normal()).round()),
            pulse: Some(day.form.resting_hr + seed.child("pulse").whole(4, 11)),
            notes: String::new(),
        })
    }

    /// Glasses of a quarter of a litre, from waking to now.
    pub(crate) fn drunk(&self, day: &Day, now: Millis) -> (f64, Option<Millis>) {
        let seed = self.of_day("drink", day.date);
        let glasses = seed.whole(5, 10);
        let awake = 15 * 60 * MINUTE;
        let times = (0..glasses)
            .map(|glass| day.slept.end + (glass + 1) * awake / (glasses + 1))
            .filter(|at| *at <= now);
        let (count, last) = times.fold((0, None), |(count, _), at| (count + 1, Some(at)));
        (number(count) * 250.0, last)
    }

    /// About 0.7 litres an hour.
    pub(crate) fn sweat_ml(day: &Day, now: Millis) -> f64 {
        let over = day.activities.iter().filter(|activity| activity.end() <= now);
        over.map(|activity| (activity.duration / 3_600.0 * 700.0).round()).sum()
    }

    pub(crate) fn hydration_goal(&self) -> f64 {
        (self.person.weight_g / 1_000.0 * 33.0 / 10.0).round() * 10.0
    }
}

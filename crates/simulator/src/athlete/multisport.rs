//! Several activities in a row that the watch keeps as one: a ride with a run right after it.

use jiff::civil::Date;

use crate::times::Millis;

use super::activities::Activity;
use super::season::Season;

/// One whole with its legs, at least two of them.
#[derive(Debug, Clone)]
pub(crate) struct Multisport<'a> {
    pub(crate) legs: Vec<&'a Activity>,
}

/// The last of the ids a day has.
const OF_THE_WHOLE: i64 = 3;

impl Multisport<'_> {
    pub(crate) fn id(&self) -> i64 {
        self.legs.first().map_or(0, |leg| leg.id + OF_THE_WHOLE)
    }

    pub(crate) fn date(&self) -> Date {
        self.legs.first().map_or(Date::ZERO, |leg| leg.date)
    }

    pub(crate) fn start(&self) -> Millis {
        self.legs.first().map_or(0, |leg| leg.start)
    }

    pub(crate) fn end(&self) -> Millis {
        self.legs.last().map_or(0, |leg| leg.end())
    }

    pub(crate) fn sum(&self, of: impl Fn(&Activity) -> f64) -> f64 {
        self.legs.iter().map(|leg| of(leg)).sum()
    }

    pub(crate) fn count(&self, of: impl Fn(&Activity) -> i64) -> i64 {
        self.legs.iter().map(|leg| of(leg)).sum()
    }

    pub(crate) fn highest(&self, of: impl Fn(&Activity) -> f64) -> f64 {
        self.legs.iter().map(|leg| of(leg)).fold(0.0, f64::max)
    }

    /// The mean of something over the time of the legs.
    pub(crate) fn mean(&self, of: impl Fn(&Activity) -> f64) -> f64 {
        self.sum(|leg| of(leg) * leg.duration) / self.sum(|leg| leg.duration).max(1.0)
    }
}

impl Season {
    /// Those that are over, oldest first. The plan has two sessions on no other days.
    pub(crate) fn multisports(&self, now: Millis) -> impl Iterator<Item = Multisport<'_>> {
        self.days()
            .iter()
            .filter(|day| day.activities.len() > 1)
            .map(|day| Multisport { legs: day.activities.iter().collect() })
            .filter(move |whole| whole.end() <= now)
    }

    pub(crate) fn multisport(&self, id: i64, now: Millis) -> Option<Multisport<'_>> {
        self.multisports(now).find(|whole| whole.id() == id)
    }

    /// The whole that an activity is a leg of.
    pub(crate) fn whole_of(&self, leg: &Activity, now: Millis) -> Option<Multisport<'_>> {
        self.multisports(now).find(|whole| whole.legs.iter().any(|it| it.id == leg.id))
    }
}

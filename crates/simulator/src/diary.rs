//! What the athlete has entered since the simulator started: weighings, blood pressure, drink and
//! habits. What they had before is part of their life and made up like the rest of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;

use crate::times::Millis;

/// One weighing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WeighIn {
    pub(crate) pk: i64,
    pub(crate) date: Date,
    pub(crate) at: Millis,
    /// The clock on the wall, read as if it were UTC.
    pub(crate) wall: Millis,
    pub(crate) grams: f64,
    pub(crate) bmi: Option<f64>,
    pub(crate) fat_pct: Option<f64>,
    pub(crate) water_pct: Option<f64>,
    pub(crate) bone_g: Option<f64>,
    pub(crate) muscle_g: Option<f64>,
    pub(crate) physique_rating: Option<i64>,
    pub(crate) visceral_fat_rating: Option<i64>,
    pub(crate) metabolic_age: Option<i64>,
    pub(crate) source: &'static str,
}

/// One blood pressure reading.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pressure {
    pub(crate) version: i64,
    pub(crate) date: Date,
    pub(crate) at: Millis,
    pub(crate) wall: Millis,
    pub(crate) systolic: i64,
    pub(crate) diastolic: i64,
    pub(crate) pulse: Option<i64>,
    pub(crate) notes: String,
}

/// A habit of the athlete's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnBehaviour {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) sleep_related: bool,
}

/// What was answered for a habit on a day; nothing, when the answer was taken back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) yes: bool,
    pub(crate) stamp: String,
    pub(crate) details: Vec<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Diary {
    pub(crate) weigh_ins: Vec<WeighIn>,
    pub(crate) pressures: Vec<Pressure>,
    /// Weighings and readings, old and new, that were taken back.
    pub(crate) removed: BTreeSet<i64>,
    /// Millilitres by day, and when the last were entered.
    pub(crate) drinks: BTreeMap<Date, (f64, String)>,
    pub(crate) answers: BTreeMap<(Date, i64), Option<Answer>>,
    /// `None` until the athlete changes what they track.
    pub(crate) tracked: Option<BTreeSet<i64>>,
    pub(crate) own: Vec<OwnBehaviour>,
    pub(crate) reloads: Vec<Date>,
    last_id: i64,
}

impl Diary {
    /// A number nothing else has.
    pub(crate) fn next_id(&mut self, at_least: i64) -> i64 {
        self.last_id = at_least.max(self.last_id + 1);
        self.last_id
    }
}

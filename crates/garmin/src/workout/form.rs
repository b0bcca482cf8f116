//! The typed form of a workout: what a person means, with one unit for everything.
//!
//! Only absolute targets live here. What was given as a share of a threshold is resolved when
//! the form is read, so that a form says what the watch will say.

use super::ids::{Drill, Effort, Equipment, Sport, StepKind, Stroke};

/// A whole workout. A single sport has one leg; `multisport` has one per sport.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    pub title: String,
    pub description: Option<String>,
    pub sport: Sport,
    pub legs: Vec<Leg>,
}

/// What is done in one sport.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    pub sport: Sport,
    pub pool: Option<Pool>,
    pub steps: Vec<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    pub length: f64,
    pub unit: PoolUnit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolUnit {
    Metre,
    Yard,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Step(Box<Step>),
    Repeat(Repeat),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    pub times: u32,
    /// Leave out the rest after the last round.
    pub skip_last_recovery: bool,
    pub steps: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub kind: StepKind,
    pub end: End,
    pub target: Option<Target>,
    pub secondary: Option<Target>,
    pub note: Option<String>,
    pub exercise: Option<Exercise>,
    pub weight_kg: Option<f64>,
    pub stroke: Option<Stroke>,
    pub drill: Option<Drill>,
    pub equipment: Option<Equipment>,
}

impl Step {
    #[must_use]
    pub fn new(kind: StepKind, end: End) -> Self {
        Self {
            kind,
            end,
            target: None,
            secondary: None,
            note: None,
            exercise: None,
            weight_kg: None,
            stroke: None,
            drill: None,
            equipment: None,
        }
    }
}

/// An exercise in Garmin's words. Without a name the watch shows the category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exercise {
    pub category: String,
    pub name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    LapButton,
    TimeS(f64),
    DistanceM(f64),
    Calories(f64),
    HeartRate(Crossing, Limit),
    Power(Crossing, Limit),
    Reps(f64),
    TrainingStress(f64),
    /// In the pool: rest for so long.
    FixedRestS(f64),
    /// In the pool: leave again so long after the start of the one before.
    SendOffS(f64),
}

/// From which side a limit is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    Above,
    Below,
}

/// Beats or watts, or the number of a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    Value(f64),
    Zone(u8),
}

impl Form {
    /// The steps as a watch numbers them: those of a group first, then the group itself, which
    /// has no step of its own.
    #[must_use]
    pub fn numbered(&self) -> Vec<Option<(Sport, &Step)>> {
        fn walk<'a>(nodes: &'a [Node], sport: Sport, all: &mut Vec<Option<(Sport, &'a Step)>>) {
            for node in nodes {
                match node {
                    Node::Step(step) => all.push(Some((sport, step))),
                    Node::Repeat(repeat) => {
                        walk(&repeat.steps, sport, all);
                        all.push(None);
                    }
                }
            }
        }
        let mut all = Vec::new();
        for leg in &self.legs {
            walk(&leg.steps, leg.sport, &mut all);
        }
        all
    }
}

/// From low to high, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    #[must_use]
    pub fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

/// Over how long the watch averages power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Smoothing {
    /// As the watch is set.
    Usual,
    Seconds3,
    Seconds10,
    Seconds30,
    Lap,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    HrZone(u8),
    HrBpm(Range),
    PowerZone(u8),
    PowerW(Range, Smoothing),
    /// Metres per second; the slow end is the low one.
    Pace(Range),
    /// Metres per second, shown as speed.
    Speed(Range),
    /// Steps per minute on foot, turns per minute else.
    Cadence(Range),
    GradePct(Range),
    Resistance(Range),
    /// Metres per second; mostly one pace, so both ends are the same.
    SwimPace(Range),
    /// Seconds per 100 m slower (or, below zero, faster) than the critical swim speed.
    CssOffsetS(f64),
    Effort(Effort),
}

impl Target {
    /// What it is about: a step cannot steer by one thing twice.
    pub(super) fn about(&self) -> &'static str {
        match self {
            Self::HrZone(_) | Self::HrBpm(_) => "heart rate",
            Self::PowerZone(_) | Self::PowerW(..) => "power",
            Self::Pace(_) | Self::Speed(_) => "pace or speed",
            Self::Cadence(_) => "cadence",
            Self::GradePct(_) => "grade",
            Self::Resistance(_) => "resistance",
            Self::SwimPace(_) | Self::CssOffsetS(_) | Self::Effort(_) => "swim pace or effort",
        }
    }

    pub(super) fn is_of_swims(&self) -> bool {
        match self {
            Self::SwimPace(_) | Self::CssOffsetS(_) | Self::Effort(_) => true,
            Self::HrZone(_)
            | Self::HrBpm(_)
            | Self::PowerZone(_)
            | Self::PowerW(..)
            | Self::Pace(_)
            | Self::Speed(_)
            | Self::Cadence(_)
            | Self::GradePct(_)
            | Self::Resistance(_) => false,
        }
    }
}

/// What shares of thresholds are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Thresholds {
    pub max_hr_bpm: Option<f64>,
    /// Heart rate at the lactate threshold.
    pub lthr_bpm: Option<f64>,
    pub ftp_w: Option<f64>,
}

/// An athlete's thresholds by sport.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Athlete {
    pub running: Thresholds,
    pub cycling: Thresholds,
    pub other: Thresholds,
}

impl Athlete {
    pub(super) fn in_sport(&self, sport: Sport) -> Thresholds {
        match sport {
            Sport::Running | Sport::Walking | Sport::Rucking => self.running,
            Sport::Cycling => self.cycling,
            Sport::Other
            | Sport::Swimming
            | Sport::Strength
            | Sport::Cardio
            | Sport::Yoga
            | Sport::Pilates
            | Sport::Hiit
            | Sport::Multisport
            | Sport::Mobility => self.other,
        }
    }
}

/// Whether cadence counts steps in this sport.
pub(super) fn is_on_foot(sport: Sport) -> bool {
    matches!(sport, Sport::Running | Sport::Walking | Sport::Rucking)
}

/// Garmin keeps four decimals of a speed; more would not come back as they were sent.
pub(super) fn speed(mps: f64) -> f64 {
    (mps * 10_000.0).round() / 10_000.0
}

/// Metres of a mile and of a yard.
pub(super) const MILE_M: f64 = 1_609.344;
pub(super) const YARD_M: f64 = 0.914_4;

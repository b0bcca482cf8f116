//! One activity: the intent of the plan turned into segments, and the figures the watch shows
//! afterwards.

use jiff::civil::Date;

use crate::chance::Seed;
use crate::times::{Millis, days_between};

use super::laps::{Means, fastest, in_zones, laps, means};
use super::person::Person;
use super::plan::{Session, SessionKind};
use super::trace::{Effort, Role, Sample, Segment, whole_steps};
use super::{number, rounded, whole};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discipline {
    Run,
    Ride,
    Strength,
}

impl Discipline {
    /// Garmin's type: id, key, parent.
    pub(crate) const fn activity_type(self) -> (i64, &'static str, i64) {
        match self {
            Self::Run => (1, "running", 17),
            Self::Ride => (10, "road_biking", 2),
            Self::Strength => (13, "strength_training", 29),
        }
    }

    /// Whether the list filter `key` includes this discipline; parents include children.
    pub(crate) fn is_kind_of(self, key: &str) -> bool {
        match self {
            Self::Run => key == "running",
            Self::Ride => matches!(key, "cycling" | "road_biking"),
            Self::Strength => matches!(key, "fitness_equipment" | "strength_training"),
        }
    }
}

/// What the body is capable of on the day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) threshold_speed: f64,
    pub(crate) bike_ftp: f64,
    pub(crate) mass_kg: f64,
    pub(crate) resting_hr: f64,
    pub(crate) strain_bpm: f64,
    pub(crate) vo2max: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct Activity {
    pub(crate) id: i64,
    pub(crate) date: Date,
    pub(crate) start: Millis,
    pub(crate) kind: SessionKind,
    pub(crate) discipline: Discipline,
    pub(crate) effort: Effort,
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) duration: f64,
    pub(crate) elapsed: f64,
    pub(crate) moving: f64,
    pub(crate) distance: f64,
    pub(crate) means: Means,
    pub(crate) steps: i64,
    pub(crate) calories: f64,
    pub(crate) bmr_calories: f64,
    pub(crate) hr_zone_secs: [f64; 5],
    pub(crate) power_zone_secs: [f64; 7],
    pub(crate) moderate_minutes: i64,
    pub(crate) vigorous_minutes: i64,
    pub(crate) load: f64,
    pub(crate) aerobic_effect: f64,
    pub(crate) anaerobic_effect: f64,
    pub(crate) vo2max: f64,
    /// 1 km, 1 mile, 5 km and 10 km, where the run was long enough.
    pub(crate) fastest: [Option<f64>; 4],
    pub(crate) lap_count: usize,
    /// Body Battery it cost.
    pub(crate) battery_drain: f64,
    pub(crate) temperature_f: f64,
}

/// Floors of the seven power zones, as shares of the threshold.
pub(crate) const POWER_ZONES: [f64; 7] = [0.0, 0.55, 0.75, 0.90, 1.05, 1.20, 1.50];
pub(crate) const SPLITS: [f64; 4] = [1_000.0, 1_609.344, 5_000.0, 10_000.0];
/// Ids count days from here.
const EPOCH: Date = Date::constant(2020, 1, 1);
const HALF_MARATHON_M: f64 = 21_097.5;

fn segments(seed: Seed, session: &Session, shape: Shape) -> Vec<Segment> {
    let step = |minutes: f64, intensity: f64, role: Role| Segment {
        secs: whole_steps(minutes * 60.0).max(20.0),
        intensity,
        role,
    };
    let minutes = session.minutes;
    match session.kind {
        SessionKind::Recovery => vec![step(minutes, 0.66, Role::Active)],
        SessionKind::Easy => vec![step(minutes, 0.74, Role::Active)],
        SessionKind::Long => {
            vec![step(minutes * 0.5, 0.71, Role::Active), step(minutes * 0.5, 0.76, Role::Active)]
        }
        SessionKind::Tempo => {
            let block = (minutes - 20.0).max(10.0);
            vec![
                step(12.0, 0.70, Role::WarmUp),
                step(block, 0.96, Role::Interval),
                step(8.0, 0.66, Role::CoolDown),
            ]
        }
        SessionKind::Intervals => {
            let mut steps = vec![step(15.0, 0.70, Role::WarmUp)];
            let repeats = whole(((minutes - 23.0) / 5.0).round()).clamp(3, 8);
            for _ in 0..repeats {
                steps.push(step(3.0, 1.07, Role::Interval));
                steps.push(step(2.0, 0.58, Role::Recovery));
            }
            steps.push(step(8.0, 0.66, Role::CoolDown));
            steps
        }
        SessionKind::Race => {
            let shares = [(0.2, 0.975), (0.5, 0.955), (0.25, 0.95), (0.05, 1.02)];
            let metres = HALF_MARATHON_M * seed.child("gps").between(1.001, 1.006);
            shares
                .iter()
                .map(|(share, intensity)| Segment {
                    secs: rounded(metres * share / (shape.threshold_speed * intensity), 3),
                    intensity: *intensity,
                    role: Role::Active,
                })
                .collect()
        }
        SessionKind::Strength => {
            let sets = whole((minutes.min(55.0) / 2.2).round()).max(8);
            (0..sets)
                .flat_map(|set| {
                    let hard = seed.child("set").at(set).between(0.45, 0.75);
                    [step(0.75, hard, Role::Active), step(1.45, 0.15, Role::Recovery)]
                })
                .collect()
        }
        SessionKind::Ride => {
            let mut steps = vec![step(15.0, 0.55, Role::WarmUp)];
            let body = (minutes - 25.0).max(20.0);
            for _ in 0..3 {
                steps.push(step(body / 3.0 * 0.75, 0.66, Role::Active));
                steps.push(step(body / 3.0 * 0.25, 0.86, Role::Active));
            }
            steps.push(step(10.0, 0.5, Role::CoolDown));
            steps
        }
    }
}

fn title(person: &Person, kind: SessionKind) -> String {
    let what = match kind {
        SessionKind::Race => return format!("{} Half Marathon", person.city),
        SessionKind::Strength => return "Strength".to_owned(),
        SessionKind::Ride => "Road Cycling",
        SessionKind::Intervals => "Intervals",
        SessionKind::Tempo => "Tempo",
        SessionKind::Recovery | SessionKind::Easy | SessionKind::Long => "Running",
    };
    format!("{} {what}", person.city)
}

/// Training impulse after Banister: minutes weighted by how hard the heart worked.
fn load(samples: &[Sample], resting_hr: f64, max_hr: f64) -> f64 {
    samples
        .windows(2)
        .map(|pair| {
            let reserve = ((pair[1].hr - resting_hr) / (max_hr - resting_hr)).clamp(0.0, 1.0);
            (pair[1].secs - pair[0].secs) / 60.0 * reserve * 0.64 * (1.92 * reserve).exp()
        })
        .sum()
}

const fn discipline(kind: SessionKind) -> Discipline {
    match kind {
        SessionKind::Ride => Discipline::Ride,
        SessionKind::Strength => Discipline::Strength,
        SessionKind::Recovery
        | SessionKind::Easy
        | SessionKind::Long
        | SessionKind::Intervals
        | SessionKind::Tempo
        | SessionKind::Race => Discipline::Run,
    }
}

fn effort(person: &Person, seed: Seed, session: &Session, shape: Shape) -> Effort {
    let discipline = discipline(session.kind);
    let nerves = if session.kind == SessionKind::Race { 4.0 } else { 0.0 };
    Effort {
        seed,
        discipline,
        segments: segments(seed, session, shape),
        threshold_speed: shape.threshold_speed,
        threshold_power: shape.bike_ftp,
        mass_kg: shape.mass_kg,
        threshold_hr: number(person.threshold_hr),
        max_hr: number(person.max_hr),
        resting_hr: shape.resting_hr,
        strain_bpm: shape.strain_bpm + nerves,
        hilliness_m: match discipline {
            Discipline::Run => 14.0,
            Discipline::Ride => 55.0,
            Discipline::Strength => 0.0,
        },
        home: (person.latitude, person.longitude),
    }
}

fn burnt_kcal(effort: &Effort, distance: f64, avg_power: f64) -> f64 {
    match effort.discipline {
        Discipline::Run => effort.mass_kg * distance / 1_000.0 * 1.02,
        Discipline::Ride => avg_power * effort.secs() / 1_000.0 * 1.04,
        Discipline::Strength => 5.2 * effort.secs() / 60.0 * effort.mass_kg / 70.0,
    }
}

fn anaerobic_effect(kind: SessionKind, hard_minutes: f64) -> f64 {
    match kind {
        SessionKind::Intervals => rounded((0.8 + hard_minutes * 0.16).min(4.0), 1),
        SessionKind::Race | SessionKind::Tempo => rounded((hard_minutes * 0.05).min(2.0), 1),
        SessionKind::Strength => 0.7,
        SessionKind::Recovery | SessionKind::Easy | SessionKind::Long | SessionKind::Ride => 0.0,
    }
}

/// Warm in July, or in January south of the equator.
fn temperature_f(seed: Seed, latitude: f64, date: Date) -> f64 {
    let season = (number(i64::from(date.day_of_year())) - 200.0) / 365.25;
    let warmth = (season * std::f64::consts::TAU).cos() * latitude.signum();
    rounded(57.0 + 17.0 * warmth + 6.0 * seed.child("warm").normal(), 0)
}

impl Activity {
    pub(crate) fn done(
        person: &Person,
        session: &Session,
        shape: Shape,
        (date, index): (Date, usize),
        start: Millis,
    ) -> Self {
        let day = days_between(EPOCH, date);
        let index = i64::try_from(index).unwrap_or(0);
        let seed = person.seed.child("activity").at(day * 4 + index);
        let discipline = discipline(session.kind);
        let effort = effort(person, seed, session, shape);
        let samples = effort.trace();
        let duration = effort.secs();
        let all = means(&samples, 0.0, duration);
        let distance = rounded(samples.last().map_or(0.0, |sample| sample.distance), 2);
        let zones = person.hr_zones().map(number);
        let hr_zone_secs = in_zones(&samples, zones, |sample| sample.hr);
        let threshold_power = match discipline {
            Discipline::Run => person.run_power_w,
            Discipline::Ride | Discipline::Strength => shape.bike_ftp,
        };
        let power_zone_secs = match discipline {
            Discipline::Strength => [0.0; 7],
            Discipline::Run | Discipline::Ride => {
                in_zones(&samples, POWER_ZONES.map(|zone| zone * threshold_power), |s| s.power)
            }
        };
        let load = load(&samples, shape.resting_hr, number(person.max_hr));
        let hard_minutes = in_zones(&samples, [zones[4] + 3.0], |sample| sample.hr)[0] / 60.0;
        let kcal = burnt_kcal(&effort, distance, all.avg_power);
        let bmr = person.bmr_kcal(shape.mass_kg * 1_000.0, date) / 86_400.0 * duration;
        let splits = match discipline {
            Discipline::Run => SPLITS.map(|metres| fastest(&samples, metres)),
            Discipline::Ride | Discipline::Strength => [None; 4],
        };
        let pause = number(seed.child("pause").whole(0, 40));
        Self {
            id: 20_000_000_000 + person.profile_id % 100_000 * 100_000 + day * 4 + index,
            date,
            start,
            kind: session.kind,
            discipline,
            name: title(person, session.kind),
            uuid: seed.child("uuid").uuid(),
            duration,
            elapsed: duration + pause,
            moving: match discipline {
                Discipline::Strength => 0.0,
                Discipline::Run | Discipline::Ride => rounded(duration * 0.996, 3),
            },
            distance,
            steps: match discipline {
                Discipline::Run => whole(all.steps / 2.0) * 2,
                Discipline::Ride => 0,
                Discipline::Strength => whole(duration / 60.0 * 7.0),
            },
            calories: (kcal + bmr).round(),
            bmr_calories: bmr.round(),
            moderate_minutes: whole((hr_zone_secs[2] / 60.0).round()),
            vigorous_minutes: whole(((hr_zone_secs[3] + hr_zone_secs[4]) / 60.0).round()),
            hr_zone_secs,
            power_zone_secs,
            load: rounded(load, 1),
            aerobic_effect: rounded(1.0 + 4.0 * (1.0 - (-load / 115.0).exp()), 1).min(5.0),
            anaerobic_effect: anaerobic_effect(session.kind, hard_minutes),
            vo2max: shape.vo2max,
            fastest: splits,
            lap_count: laps(&effort, &samples).len(),
            battery_drain: rounded(2.0 + load * 0.105, 0),
            temperature_f: temperature_f(seed, person.latitude, date),
            means: all,
            effort,
        }
    }

    pub(crate) fn end(&self) -> Millis {
        self.start + whole(self.elapsed * 1_000.0)
    }

    pub(crate) fn contains(&self, at: Millis) -> bool {
        (self.start..self.end()).contains(&at)
    }

    pub(crate) fn average_speed(&self) -> f64 {
        self.distance / self.duration
    }

    /// Kilocalories beyond resting.
    pub(crate) fn active_calories(&self) -> f64 {
        self.calories - self.bmr_calories
    }

    pub(crate) const fn effect_label(&self) -> &'static str {
        match self.kind {
            SessionKind::Recovery => "RECOVERY",
            SessionKind::Easy | SessionKind::Long | SessionKind::Ride => "AEROBIC_BASE",
            SessionKind::Tempo => "TEMPO",
            SessionKind::Race => "LACTATE_THRESHOLD",
            SessionKind::Intervals => "VO2MAX",
            SessionKind::Strength => "UNKNOWN",
        }
    }

    /// Hours of recovery it asks for.
    pub(crate) fn recovery_hours(&self) -> f64 {
        (self.load * 0.17).clamp(4.0, 84.0)
    }

    /// Load by focus: low aerobic, high aerobic, anaerobic.
    pub(crate) fn load_focus(&self) -> [f64; 3] {
        let shares = match self.kind {
            SessionKind::Recovery | SessionKind::Easy | SessionKind::Long => [1.0, 0.0, 0.0],
            SessionKind::Ride => [0.75, 0.25, 0.0],
            SessionKind::Tempo => [0.25, 0.75, 0.0],
            SessionKind::Race => [0.05, 0.9, 0.05],
            SessionKind::Intervals => [0.3, 0.35, 0.35],
            SessionKind::Strength => [0.6, 0.0, 0.4],
        };
        shares.map(|share| share * self.load)
    }

    pub(crate) fn has_power(&self) -> bool {
        self.discipline != Discipline::Strength
    }
}

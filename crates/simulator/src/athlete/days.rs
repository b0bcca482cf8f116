//! One civil day as the watch saw it, up to now: the same signals feed the charts, the night, the
//! day's summary and the range statistics.

use jiff::civil::Date;

use crate::chance::{Seed, smooth};
use crate::times::{HOUR, MINUTE, Millis, Zone, days_between, shift};

use super::activities::Activity;
use super::person::Person;
use super::season::{Day, Season};
use super::sleep::{Night, Stage};
use super::trace::Sample;
use super::{number, whole};

pub(crate) const HR_STEP: Millis = 2 * MINUTE;
pub(crate) const STRESS_STEP: Millis = 3 * MINUTE;
pub(crate) const STEPS_STEP: Millis = 15 * MINUTE;

/// What a stress reading was spent on, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StressBands {
    pub(crate) rest: i64,
    pub(crate) low: i64,
    pub(crate) medium: i64,
    pub(crate) high: i64,
    pub(crate) activity: i64,
    pub(crate) uncategorised: i64,
}

impl StressBands {
    pub(crate) const fn stressed(self) -> i64 {
        self.low + self.medium + self.high
    }

    pub(crate) const fn total(self) -> i64 {
        self.stressed() + self.rest + self.activity + self.uncategorised
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActivityLevel {
    Sleeping,
    Sedentary,
    Active,
    HighlyActive,
    None,
}

impl ActivityLevel {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Sleeping => "sleeping",
            Self::Sedentary => "sedentary",
            Self::Active => "active",
            Self::HighlyActive => "highlyActive",
            Self::None => "none",
        }
    }
}

/// A quarter of an hour of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepBucket {
    pub(crate) start: Millis,
    pub(crate) steps: i64,
    pub(crate) level: ActivityLevel,
}

pub(crate) struct DayView<'a> {
    pub(crate) day: &'a Day,
    pub(crate) start: Millis,
    pub(crate) end: Millis,
    now: Millis,
    person: &'a Person,
    seed: Seed,
    next: Option<&'a Day>,
    activities: Vec<(&'a Activity, Vec<Sample>)>,
}

impl<'a> DayView<'a> {
    pub(crate) fn of(
        person: &'a Person,
        zone: &Zone,
        season: &'a Season,
        date: Date,
        now: Millis,
    ) -> Option<Self> {
        let start = zone.midnight(date);
        let day = season.day(date).filter(|day| day.is_worn() && start <= now)?;
        let activities = day
            .activities
            .iter()
            .filter(|activity| activity.start <= now)
            .map(|activity| (activity, activity.effort.trace()))
            .collect();
        Some(Self {
            day,
            start,
            end: zone.midnight(shift(date, 1)),
            now,
            person,
            seed: person.seed.child("day").at(days_between(Date::constant(2020, 1, 1), date)),
            next: season.day(shift(date, 1)),
            activities,
        })
    }

    /// How far the watch has recorded.
    pub(crate) fn recorded_until(&self) -> Millis {
        self.end.min(self.now)
    }

    /// Activities that are over.
    pub(crate) fn finished(&self) -> impl Iterator<Item = &'a Activity> + '_ {
        self.activities.iter().map(|(activity, _)| *activity).filter(|a| a.end() <= self.now)
    }

    /// Activities that have begun.
    pub(crate) fn started(&self) -> impl Iterator<Item = &'a Activity> + '_ {
        self.activities.iter().map(|(activity, _)| *activity)
    }

    pub(crate) const fn person(&self) -> &'a Person {
        self.person
    }

    pub(crate) const fn seed(&self) -> Seed {
        self.seed
    }

    /// The night before, if the watch saw it and it is over.
    pub(crate) fn woke(&self) -> Option<&'a Night> {
        self.day.night().filter(|night| night.end <= self.now)
    }

    pub(crate) fn is_asleep(&self, at: Millis) -> bool {
        self.night_at(at).is_some()
    }

    fn night_at(&self, at: Millis) -> Option<(&'a Day, &'a Night)> {
        [Some(self.day), self.next]
            .into_iter()
            .flatten()
            .map(|day| (day, &day.slept))
            .find(|(_, night)| night.contains(at))
    }

    fn is_recorded(&self, at: Millis) -> bool {
        let in_unworn_night = self.night_at(at).is_some_and(|(day, _)| day.night().is_none());
        at <= self.now && !in_unworn_night
    }

    fn activity_at(&self, at: Millis) -> Option<&(&'a Activity, Vec<Sample>)> {
        self.activities.iter().find(|(activity, _)| activity.contains(at))
    }

    /// Minutes since the last activity ended, within two hours.
    fn since_activity(&self, at: Millis) -> Option<f64> {
        self.activities
            .iter()
            .map(|(activity, _)| at - activity.end())
            .filter(|gap| (0..2 * HOUR).contains(gap))
            .min()
            .map(|gap| number(gap) / number(MINUTE))
    }

    fn minutes(at: Millis) -> f64 {
        number(at / MINUTE)
    }

    /// Calm noise over tens of minutes.
    fn mood(&self, at: Millis) -> f64 {
        let seed = self.person.seed.child("mood");
        0.6 * smooth(seed, Self::minutes(at), 47.0)
            + 0.4 * smooth(seed.child("fast"), Self::minutes(at), 9.0)
    }

    pub(crate) fn heart_rate(&self, at: Millis) -> Option<i64> {
        if !self.is_recorded(at) {
            return None;
        }
        if let Some((activity, samples)) = self.activity_at(at) {
            let secs = number(at - activity.start) / 1_000.0;
            let index = samples.partition_point(|sample| sample.secs < secs);
            return samples.get(index).or(samples.last()).map(|sample| whole(sample.hr));
        }
        if let Some((day, night)) = self.night_at(at) {
            return Some(night_heart_rate(self.person, day, night, at));
        }
        let resting = number(self.day.form.resting_hr);
        let stress = number(self.calm_stress(at));
        let after = self.since_activity(at).map_or(0.0, |minutes| 34.0 * (-minutes / 18.0).exp());
        let moving = if self.steps_in(bucket_start(self.start, at)) > 350 { 16.0 } else { 0.0 };
        Some(
            whole((resting + 13.0 + 0.17 * stress + 6.0 * self.mood(at) + after + moving).round())
                .max(self.day.form.resting_hr),
        )
    }

    /// Awake and at rest or busy, without activities.
    fn calm_stress(&self, at: Millis) -> i64 {
        let hour = number(at - self.start) / number(HOUR);
        let working = if (9.0..17.5).contains(&hour) { 9.0 } else { -5.0 };
        let after = self.since_activity(at).map_or(0.0, |minutes| 26.0 * (-minutes / 50.0).exp());
        let level = self.day.form.stress_base + working + after + 21.0 * self.mood(at);
        whole(level.round()).clamp(3, 98)
    }

    /// 0–100; −1 could not be measured, −2 too much movement.
    pub(crate) fn stress(&self, at: Millis) -> i64 {
        if !self.is_recorded(at) {
            return -1;
        }
        if self.activity_at(at).is_some() {
            return -2;
        }
        if let Some((day, night)) = self.night_at(at) {
            return night_stress(self.person, day, night, at);
        }
        let slot = at / STRESS_STEP;
        if self.steps_in(bucket_start(self.start, at)) > 700 {
            return -2;
        }
        if self.seed.child("lost").at(slot).happens(0.03) { -1 } else { self.calm_stress(at) }
    }

    /// Body Battery: up in the night, down through the day, steeply in activities.
    pub(crate) fn battery(&self, at: Millis) -> Option<i64> {
        if !self.is_recorded(at) {
            return None;
        }
        if let Some((_, night)) = self.night_at(at) {
            return Some(night_battery(night, at));
        }
        let today = &self.day.slept;
        if at < today.start {
            return Some(whole(today.battery_start.round()));
        }
        let bed = self.next.map_or(self.end, |day| day.slept.start);
        let awake = (number(at - today.end) / number((bed - today.end).max(1))).clamp(0.0, 1.0);
        let trained: f64 = self
            .day
            .activities
            .iter()
            .map(|activity| {
                let share = number(at - activity.start) / (activity.elapsed * 1_000.0);
                activity.battery_drain * share.clamp(0.0, 1.0)
            })
            .sum();
        let level = today.battery_end - trained - self.day.waking_drain * awake;
        Some(whole(level.round()).clamp(5, 100))
    }

    /// Breaths a minute; −1 and −2 as for stress.
    pub(crate) fn respiration(&self, at: Millis) -> f64 {
        if !self.is_recorded(at) {
            return -1.0;
        }
        if self.activity_at(at).is_some() {
            return -2.0;
        }
        match self.night_at(at) {
            Some((day, _)) => night_respiration(self.person, day, at),
            None => (15.0 + 2.2 * self.mood(at) + 2.0 * self.day.form.illness).round(),
        }
    }

    // Steps.

    /// Steps of the quarter of an hour that begins at `start`, activities included.
    fn steps_in(&self, start: Millis) -> i64 {
        let middle = start + STEPS_STEP / 2;
        let awake = self.night_at(middle).is_none() && self.is_recorded(middle);
        let hour = number(middle - self.start) / number(HOUR);
        let seed = self.seed.child("steps").at((start - self.start) / STEPS_STEP);
        let busy = match hour {
            7.5..9.0 | 12.0..13.25 | 17.0..18.25 => 2.6,
            _ => 1.0,
        };
        let tired = 1.0 - 0.65 * self.day.form.illness;
        let ambient = if awake && seed.child("moves").happens(0.62) {
            whole(-(1.0 - seed.unit()).ln() * 105.0 * busy * tired)
        } else {
            0
        };
        ambient.min(1_450) + self.activity_steps(start)
    }

    fn activity_steps(&self, start: Millis) -> i64 {
        self.activities
            .iter()
            .map(|(activity, _)| {
                // Differences of a running total, so that buckets add up to the activity.
                let done = |at: Millis| {
                    let share = number(at - activity.start) / (activity.elapsed * 1_000.0);
                    whole((number(activity.steps) * share.clamp(0.0, 1.0)).round())
                };
                done(start + STEPS_STEP) - done(start)
            })
            .sum()
    }

    /// The day's quarters so far; the running one counts in proportion.
    pub(crate) fn step_buckets(&self) -> Vec<StepBucket> {
        let mut buckets = Vec::new();
        let mut start = self.start;
        while start < self.recorded_until() {
            let all = self.steps_in(start);
            let share = number(self.recorded_until() - start) / number(STEPS_STEP);
            let steps = if share < 1.0 { whole(number(all) * share) } else { all };
            buckets.push(StepBucket { start, steps, level: self.level(start, all) });
            start += STEPS_STEP;
        }
        buckets
    }

    fn level(&self, start: Millis, steps: i64) -> ActivityLevel {
        let middle = start + STEPS_STEP / 2;
        let training = self.activity_at(middle).is_some();
        if !self.is_recorded(middle.min(self.now)) {
            ActivityLevel::None
        } else if self.night_at(middle).is_some() {
            ActivityLevel::Sleeping
        } else if training || steps > 1_150 {
            ActivityLevel::HighlyActive
        } else if steps > 190 {
            ActivityLevel::Active
        } else {
            ActivityLevel::Sedentary
        }
    }

    // Series.

    pub(crate) fn heart_rates(&self) -> Vec<(Millis, Option<i64>)> {
        self.slots(HR_STEP).map(|at| (at, self.heart_rate(at))).collect()
    }

    pub(crate) fn stresses(&self) -> Vec<(Millis, i64)> {
        self.slots(STRESS_STEP).map(|at| (at, self.stress(at))).collect()
    }

    pub(crate) fn batteries(&self) -> Vec<(Millis, i64)> {
        self.slots(STRESS_STEP).filter_map(|at| Some((at, self.battery(at)?))).collect()
    }

    pub(crate) fn respirations(&self) -> Vec<(Millis, f64)> {
        self.slots(HR_STEP).map(|at| (at, self.respiration(at))).collect()
    }

    fn slots(&self, step: Millis) -> impl Iterator<Item = Millis> + use<> {
        let (start, until) = (self.start, self.recorded_until());
        (0..).map(move |slot| start + slot * step).take_while(move |at| *at < until)
    }
}

const fn bucket_start(day: Millis, at: Millis) -> Millis {
    day + (at - day) / STEPS_STEP * STEPS_STEP
}

/// A signal of a night at regular steps.
pub(crate) fn night_series<T>(
    night: &Night,
    step: Millis,
    signal: impl Fn(Millis) -> T,
) -> Vec<(Millis, T)> {
    let count = (night.end - night.start) / step;
    (0..count).map(|slot| night.start + slot * step).map(|at| (at, signal(at))).collect()
}

// Signals of a night, the same wherever the night is shown.

pub(crate) fn night_heart_rate(person: &Person, day: &Day, night: &Night, at: Millis) -> i64 {
    let passed = number(at - night.start) / number((night.end - night.start).max(1));
    let settling = 7.0 * (1.0 - passed).powi(2);
    let stage = match night.stage_at(at) {
        Stage::Deep => -0.5,
        Stage::Light => 1.0,
        Stage::Rem => 3.0,
        Stage::Awake => 9.0,
    };
    let noise = 1.6 * smooth(person.seed.child("night-hr"), DayView::minutes(at), 11.0);
    let level = number(day.form.resting_hr) + settling + stage + noise;
    whole(level.round()).max(day.form.resting_hr - 2)
}

pub(crate) fn night_stress(person: &Person, day: &Day, night: &Night, at: Millis) -> i64 {
    let stage = match night.stage_at(at) {
        Stage::Deep => -4.0,
        Stage::Light => 1.0,
        Stage::Rem => 4.0,
        Stage::Awake => 16.0,
    };
    let form = &day.form;
    let level = 13.0
        + 0.35 * (form.stress_base - 31.0)
        + 14.0 * form.illness
        + stage
        + 6.0 * smooth(person.seed.child("night-stress"), DayView::minutes(at), 16.0);
    whole(level.round()).clamp(1, 90)
}

pub(crate) fn night_battery(night: &Night, at: Millis) -> i64 {
    let passed = number(at - night.start) / number((night.end - night.start).max(1));
    let gained = (night.battery_end - night.battery_start) * passed.clamp(0.0, 1.0);
    whole((night.battery_start + gained).round())
}

pub(crate) fn night_respiration(person: &Person, day: &Day, at: Millis) -> f64 {
    let noise = smooth(person.seed.child("breath"), DayView::minutes(at), 21.0);
    (13.4 + 1.8 * noise + 1.6 * day.form.illness).round()
}

/// Overnight heart-rate variability, as a reading every five minutes that averages to the night's.
pub(crate) fn hrv_readings(person: &Person, day: &Day, night: &Night) -> Vec<(Millis, i64)> {
    let step = 5 * MINUTE;
    let count = (night.end - night.start) / step;
    let raw: Vec<f64> = (1..=count)
        .map(|slot| {
            let at = night.start + slot * step;
            let stage = match night.stage_at(at) {
                Stage::Deep => 1.06,
                Stage::Light => 1.0,
                Stage::Rem => 0.96,
                Stage::Awake => 0.85,
            };
            stage
                * (1.0 + 0.17 * smooth(person.seed.child("hrv-noise"), DayView::minutes(at), 13.0))
        })
        .collect();
    let mean = raw.iter().sum::<f64>() / number(count.max(1));
    raw.iter()
        .zip(1_i64..)
        .map(|(value, slot)| {
            let ms = day.form.hrv_ms * value / mean;
            (night.start + slot * step, whole(ms.round()))
        })
        .collect()
}

/// Blood oxygen of the night, one reading a minute.
pub(crate) fn spo2_readings(person: &Person, day: &Day, night: &Night) -> Vec<(Millis, i64)> {
    let count = (night.end - night.start) / MINUTE;
    (0..count)
        .map(|slot| {
            let at = night.start + slot * MINUTE;
            let noise = smooth(person.seed.child("spo2"), DayView::minutes(at), 7.0)
                + 0.8 * smooth(person.seed.child("spo2-slow"), DayView::minutes(at), 70.0);
            (at, whole((95.6 + 1.7 * noise - 2.2 * day.form.illness).round()).clamp(82, 100))
        })
        .collect()
}

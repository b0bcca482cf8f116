//! The body from day to day: training makes tired and then fit, illness and short nights make
//! tired only, and resting heart rate, HRV, stress and Body Battery all tell of the same thing.

use crate::chance::{Seed, smooth};

use super::person::Person;
use super::{number, rounded, whole};

const ACUTE_DAYS: f64 = 7.0;
const CHRONIC_DAYS: f64 = 28.0;
/// The daily load an hour of weekly training comes to, all weeks of a cycle taken together.
const LOAD_PER_WEEKLY_HOUR: f64 = 8.2;
/// Nights until the watch trusts a baseline.
const BASELINE_NIGHTS: usize = 19;
const BASELINE_WINDOW: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HrvStatus {
    /// Too few nights.
    None,
    Balanced,
    Unbalanced,
    Low,
}

impl HrvStatus {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Balanced => "BALANCED",
            Self::Unbalanced => "UNBALANCED",
            Self::Low => "LOW",
        }
    }

    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::None => "ONBOARDING_1",
            Self::Balanced => "HRV_BALANCED_2",
            Self::Unbalanced => "HRV_UNBALANCED_4",
            Self::Low => "HRV_LOW_5",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HrvBaseline {
    pub(crate) low_upper: i64,
    pub(crate) balanced_low: i64,
    pub(crate) balanced_upper: i64,
}

/// The state of the body on one day.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// 0 is healthy.
    pub(crate) illness: f64,
    /// How far recent training exceeds what the body is used to; negative when it is less.
    pub(crate) strain: f64,
    pub(crate) resting_hr: i64,
    pub(crate) resting_hr_7d: i64,
    pub(crate) hrv_ms: f64,
    pub(crate) hrv_7d: i64,
    pub(crate) hrv_baseline: Option<HrvBaseline>,
    pub(crate) hrv_status: HrvStatus,
    pub(crate) stress_base: f64,
    pub(crate) vo2max_run: f64,
    pub(crate) vo2max_bike: f64,
    pub(crate) weight_g: f64,
    /// Exponentially weighted daily loads, as they were on waking.
    pub(crate) acute: f64,
    pub(crate) chronic: f64,
    /// Hours of recovery left on waking.
    pub(crate) recovery_hours: f64,
}

impl Form {
    /// The weekly loads Garmin shows.
    pub(crate) fn acute_load(&self) -> i64 {
        whole((self.acute * 7.0).round())
    }

    pub(crate) fn chronic_load(&self) -> i64 {
        whole((self.chronic * 7.0).round())
    }

    pub(crate) fn load_ratio(&self) -> f64 {
        rounded(self.acute / self.chronic.max(8.0), 2)
    }
}

/// What is carried from one day to the next.
pub(crate) struct Body<'a> {
    person: &'a Person,
    seed: Seed,
    acute: f64,
    chronic: f64,
    recovery_hours: f64,
    resting: Vec<f64>,
    nights: Vec<f64>,
    battery: f64,
}

impl<'a> Body<'a> {
    pub(crate) fn new(person: &'a Person) -> Self {
        let habit = person.weekly_hours * LOAD_PER_WEEKLY_HOUR;
        Self {
            person,
            seed: person.seed.child("body"),
            acute: habit,
            chronic: habit,
            recovery_hours: 0.0,
            resting: Vec::new(),
            nights: Vec::new(),
            battery: 28.0,
        }
    }

    fn strain(&self) -> f64 {
        (self.acute / self.chronic.max(8.0) - 1.0).clamp(-0.7, 0.9)
    }

    /// How good the coming night will be, 0 to 1.
    pub(crate) fn sleep_quality(&self, day: i64, illness: f64) -> f64 {
        let noise = 0.11 * self.seed.child("sleep").at(day).normal();
        (0.76 - 0.16 * self.strain() - 0.45 * illness + noise).clamp(0.08, 0.98)
    }

    /// The body on waking. `night` says whether the watch saw it asleep.
    pub(crate) fn wake(&mut self, day: i64, illness: f64, quality: f64, seen: bool) -> Form {
        let strain = self.strain();
        let habit = self.person.weekly_hours * LOAD_PER_WEEKLY_HOUR;
        let fitness = ((self.chronic - habit) / habit).clamp(-0.6, 0.6);
        let drift = smooth(self.seed.child("drift"), number(day), 24.0);
        let noise = self.seed.child("rhr").at(day).normal();
        let resting = self.person.resting_hr - 3.0 * fitness
            + 3.2 * strain.max(-0.3)
            + 8.0 * illness
            + 1.5 * (0.75 - quality)
            + 0.6 * noise;
        let hrv = self.person.hrv_ms
            * (1.0 + 0.10 * fitness + 0.03 * drift)
            * (1.0 - 0.18 * strain.max(-0.3) - 0.38 * illness)
            * (1.0 + 0.16 * (quality - 0.75))
            * (0.05 * self.seed.child("hrv").at(day).normal()).exp();
        if seen {
            self.nights.push(hrv);
        }
        self.resting.push(resting.round());
        let recent = |values: &[f64], count: usize| {
            let values = &values[values.len().saturating_sub(count)..];
            values.iter().sum::<f64>() / number(i64::try_from(values.len()).unwrap_or(1)).max(1.0)
        };
        let hrv_7d = whole(recent(&self.nights, 7).round());
        let baseline = (self.nights.len() >= BASELINE_NIGHTS).then(|| {
            let usual = recent(&self.nights, BASELINE_WINDOW);
            HrvBaseline {
                low_upper: whole((usual * 0.84).round()),
                balanced_low: whole((usual * 0.91).round()),
                balanced_upper: whole((usual * 1.13).round()),
            }
        });
        let status = match baseline {
            None => HrvStatus::None,
            Some(band) if hrv_7d < band.low_upper => HrvStatus::Low,
            Some(band) if (band.balanced_low..=band.balanced_upper).contains(&hrv_7d) => {
                HrvStatus::Balanced
            }
            Some(_) => HrvStatus::Unbalanced,
        };
        let vo2 = self.person.vo2max * (1.0 + 0.06 * fitness) - 1.0 * illness + 0.3 * drift;
        Form {
            illness,
            strain,
            resting_hr: whole(resting.round()),
            resting_hr_7d: whole(recent(&self.resting, 7).round()),
            hrv_ms: hrv,
            hrv_7d,
            hrv_baseline: baseline,
            hrv_status: status,
            stress_base: 31.0 + 13.0 * strain.max(-0.3) + 26.0 * illness - 12.0 * (quality - 0.75)
                + 3.0 * self.seed.child("stress").at(day).normal(),
            vo2max_run: rounded(vo2, 1),
            vo2max_bike: rounded(vo2 * 0.96, 1),
            weight_g: whole_tens(self.person.weight_g - 900.0 * fitness + 450.0 * drift),
            acute: self.acute,
            chronic: self.chronic,
            recovery_hours: self.recovery_hours,
        }
    }

    /// Body Battery over the night: on falling asleep, and on waking.
    pub(crate) fn recharge(&mut self, illness: f64, quality: f64, hours: f64) -> (f64, f64) {
        let before = self.battery;
        // A share of what is missing, so that an empty battery fills fastest and few are full.
        let refill =
            0.8 * (quality / 0.76).min(1.2) * (hours / 7.2).min(1.15) * (1.0 - 0.4 * illness);
        let after = before + (100.0 - before) * refill.min(1.0);
        // Even a bad night gives something back.
        self.battery = after.max(before + 5.0).min(100.0).round();
        (before, self.battery)
    }

    /// Spends the day: the activities' own cost, and the hours awake. Returns what the hours
    /// cost, and by how much the activities' cost was cut short because nothing was left.
    pub(crate) fn spend(&mut self, form: &Form, activity_drain: f64, hours: f64) -> (f64, f64) {
        let available = self.battery - 5.0;
        let waking = (43.0 + 0.9 * (form.stress_base - 27.0)).max(26.0) * hours / 15.5;
        let wanted = waking + activity_drain;
        let share = if wanted > available { available / wanted } else { 1.0 };
        self.battery = (self.battery - wanted * share).round().max(5.0);
        (waking * share, share)
    }

    /// Ends the day with its load, recovery and rest.
    pub(crate) fn end_day(&mut self, load: f64, recovery_asked: f64) {
        self.acute += (load - self.acute) / ACUTE_DAYS;
        self.chronic += (load - self.chronic) / CHRONIC_DAYS;
        let left = self.recovery_hours.max(0.0) * 0.6 + recovery_asked;
        // Trained in the evening, woken about eleven hours later.
        let since = if recovery_asked > 0.0 { 11.0 } else { 24.0 };
        self.recovery_hours = if recovery_asked > 0.0 { left } else { self.recovery_hours };
        self.recovery_hours = (self.recovery_hours - since).clamp(0.0, 96.0);
    }
}

fn whole_tens(value: f64) -> f64 {
    (value / 100.0).round() * 100.0
}

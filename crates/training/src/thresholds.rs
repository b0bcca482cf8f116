//! Thresholds estimated from what an athlete did lately. An estimate comes with its method, its
//! evidence and how far to trust it, or not at all.

use crate::critical::{self, Method};
use crate::curve::{Best, mean_max};

/// Days an estimate looks back at first, and where too little was done.
pub const WINDOW_DAYS: i64 = 42;
pub const WIDE_WINDOW_DAYS: i64 = 90;

/// Activities a channel needs for full confidence.
const ENOUGH: usize = 3;

/// The durations the evidence is kept at.
pub const EVIDENCE: [u32; 10] = [5, 60, 180, 300, 480, 720, 1_200, 1_800, 2_400, 3_600];

/// What one activity shows: its best means per channel, from [`evidence`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Activity {
    /// A number that grows by one each day.
    pub day: i64,
    pub power: Vec<Best>,
    pub heart: Vec<Best>,
    pub speed: Vec<Best>,
}

/// The best means of a channel, at the durations an estimate asks for.
#[must_use]
pub fn evidence(values: &[Option<f64>]) -> Vec<Best> {
    mean_max(values, &EVIDENCE)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Confidence {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    fn lowered(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// A threshold, and how it was come by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub method: &'static str,
    pub confidence: Confidence,
}

/// Everything that was estimated, and on what.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Thresholds {
    pub ftp_w: Option<Estimate>,
    pub lthr_bpm: Option<Estimate>,
    pub speed_mps: Option<Estimate>,
    pub window_days: i64,
    pub widened: bool,
    pub with_power: usize,
    pub with_heart: usize,
    pub with_speed: usize,
    pub best_5min_w: Option<f64>,
    pub best_20min_w: Option<f64>,
    pub best_60min_w: Option<f64>,
    pub critical_power_w: Option<f64>,
    pub best_20min_bpm: Option<f64>,
    pub best_30min_bpm: Option<f64>,
    /// The highest mean of five seconds: a spike of two is the strap's, not the heart's.
    pub peak_bpm: Option<f64>,
}

/// From activities up to `reference` (the day of the latest one when `None`).
#[must_use]
pub fn estimate(activities: &[Activity], window_days: i64, reference: Option<i64>) -> Thresholds {
    let latest = activities.iter().map(|activity| activity.day).max();
    let Some(reference) = reference.or(latest) else {
        return Thresholds { window_days, ..Thresholds::default() };
    };
    let within = |days: i64| -> Vec<&Activity> {
        let days = reference.saturating_sub(days)..=reference;
        activities.iter().filter(|activity| days.contains(&activity.day)).collect()
    };
    let most = |chosen: &[&Activity]| {
        let count = |of: fn(&Activity) -> &Vec<Best>| {
            chosen.iter().filter(|activity| !of(activity).is_empty()).count()
        };
        [count(|it| &it.power), count(|it| &it.heart), count(|it| &it.speed)]
    };
    let (mut chosen, mut days, mut widened) = (within(window_days), window_days, false);
    if most(&chosen).into_iter().max().unwrap_or(0) < ENOUGH && window_days < WIDE_WINDOW_DAYS {
        let wide = within(WIDE_WINDOW_DAYS);
        if most(&wide).into_iter().max() > most(&chosen).into_iter().max() {
            (chosen, days, widened) = (wide, WIDE_WINDOW_DAYS, true);
        }
    }
    let [with_power, with_heart, with_speed] = most(&chosen);
    let best = |of: fn(&Activity) -> &Vec<Best>, duration_s: u32| {
        let all = chosen.iter().flat_map(|activity| of(activity));
        all.filter(|best| best.duration_s == duration_s).map(|best| best.value).reduce(f64::max)
    };
    let trust = |confidence: Confidence, count: usize| {
        let confidence = if count < ENOUGH { confidence.lowered() } else { confidence };
        if widened { confidence.lowered() } else { confidence }
    };
    let power = |duration| best(|it| &it.power, duration);
    let heart = |duration| best(|it| &it.heart, duration);
    let speed = |duration| best(|it| &it.speed, duration);
    let critical_power_w = anchors(power);
    let with_trust = |estimate: Estimate, count: usize| Estimate {
        confidence: trust(estimate.confidence, count),
        ..estimate
    };
    Thresholds {
        ftp_w: ftp(power, critical_power_w).map(|it| with_trust(it, with_power)),
        lthr_bpm: lthr(heart).map(|it| with_trust(it, with_heart)),
        speed_mps: threshold_speed(speed).map(|it| with_trust(it, with_speed)),
        window_days: days,
        widened,
        with_power,
        with_heart,
        with_speed,
        best_5min_w: power(300),
        best_20min_w: power(1_200),
        best_60min_w: power(3_600),
        critical_power_w,
        best_20min_bpm: heart(1_200),
        best_30min_bpm: heart(1_800),
        peak_bpm: heart(5),
    }
}

/// Critical power through a short and a long effort; `None` where one is missing or where the
/// short one was not harder, for then nobody tried.
fn anchors(power: impl Fn(u32) -> Option<f64>) -> Option<f64> {
    let anchor = |durations: [u32; 2]| {
        durations.iter().find_map(|it| power(*it).map(|power| (f64::from(*it), power)))
    };
    let (short, long) = (anchor([300, 180])?, anchor([1_200, 720])?);
    let fit = critical::fit(&[short, long], Method::TwoPoint)?;
    (fit.power < short.1).then_some(fit.power)
}

fn ftp(power: impl Fn(u32) -> Option<f64>, critical: Option<f64>) -> Option<Estimate> {
    let hour = power(3_600).map(|watts| (watts, "60min_best"));
    let shorter = power(1_200).map(|watts| (0.95 * watts, "20min_best*0.95"));
    let candidate = match (hour, shorter) {
        // An easy ride of an hour must not hide a test of twenty minutes.
        (Some(hour), Some(shorter)) => Some(if shorter.0 > hour.0 { shorter } else { hour }),
        (one, other) => one.or(other),
    };
    let Some((value, method)) = candidate else {
        return critical.map(|critical| Estimate {
            value: 0.95 * critical,
            method: "cp_model*0.95",
            confidence: Confidence::Low,
        });
    };
    let confidence = match critical.map(|critical| (critical - value).abs() / value) {
        None => Confidence::Medium,
        Some(apart) if apart < 0.05 => Confidence::High,
        Some(apart) if apart < 0.10 => Confidence::Medium,
        Some(_) => Confidence::Low,
    };
    (value > 0.0).then_some(Estimate { value, method, confidence })
}

fn lthr(heart: impl Fn(u32) -> Option<f64>) -> Option<Estimate> {
    if let Some(value) = heart(1_200) {
        // Heat, caffeine and drift move it, so never more than this.
        return Some(Estimate { value, method: "best_20min_hr", confidence: Confidence::Medium });
    }
    let value = 0.90 * heart(5)?;
    Some(Estimate { value, method: "maxhr*0.90", confidence: Confidence::Low })
}

/// The speed of an hour, from shorter bests (Riegel 1981).
fn threshold_speed(speed: impl Fn(u32) -> Option<f64>) -> Option<Estimate> {
    const EXPONENT: f64 = 1.0 - 1.0 / 1.06;
    [
        (1_200, "riegel60_from_20min", Confidence::Low),
        (1_800, "riegel60_from_30min", Confidence::Medium),
        (3_600, "riegel60_from_60min", Confidence::Medium),
    ]
    .into_iter()
    .filter_map(|(duration, method, confidence)| {
        let value = speed(duration)? * (f64::from(duration) / 3_600.0).powf(EXPONENT);
        Some(Estimate { value, method, confidence })
    })
    .reduce(|most, next| if next.value > most.value { next } else { most })
}

//! Training readiness on waking: six factors, each read from the same life as everything else.

use super::physiology::{Form, HrvStatus};
use super::sleep::Night;
use super::{number, whole};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Readiness {
    pub(crate) score: i64,
    pub(crate) sleep: i64,
    pub(crate) recovery: i64,
    pub(crate) load: i64,
    pub(crate) hrv: i64,
    pub(crate) sleep_history: i64,
    pub(crate) stress_history: i64,
    pub(crate) recovery_minutes: i64,
}

fn percent(value: f64) -> i64 {
    whole(value.round()).clamp(1, 100)
}

impl Readiness {
    /// `sleep_scores` and `stress` are of the days before, newest last.
    pub(crate) fn on_waking(
        form: &Form,
        night: &Night,
        sleep_scores: &[i64],
        stress: &[f64],
    ) -> Self {
        let sleep = percent(number(night.score) * 1.05 - 4.0);
        let recovery = percent(100.0 - form.recovery_hours * 1.9);
        let ratio = form.load_ratio();
        let load = percent(100.0 - (ratio - 1.0).max(0.0) * 95.0 - (0.75 - ratio).max(0.0) * 25.0);
        let hrv = match form.hrv_baseline {
            None => 60,
            Some(band) => {
                let middle = number(band.balanced_low + band.balanced_upper) / 2.0;
                let below = (1.0 - number(form.hrv_7d) / middle).max(0.0);
                let tonight = (1.0 - form.hrv_ms / middle).max(0.0);
                percent(100.0 - 210.0 * below - 110.0 * tonight)
            }
        };
        let mean =
            |sum: f64, count: usize| sum / number(i64::try_from(count).unwrap_or(1)).max(1.0);
        let history = if sleep_scores.is_empty() {
            number(night.score)
        } else {
            mean(sleep_scores.iter().copied().map(number).sum(), sleep_scores.len())
        };
        let sleep_history = percent(history * 1.05 - 4.0);
        let stress_mean = if stress.is_empty() {
            form.stress_base
        } else {
            mean(stress.iter().sum(), stress.len())
        };
        let stress_history = percent(100.0 - (stress_mean - 24.0).max(0.0) * 2.1);
        let weighted = 0.24 * number(sleep)
            + 0.24 * number(recovery)
            + 0.22 * number(hrv)
            + 0.12 * number(load)
            + 0.10 * number(sleep_history)
            + 0.08 * number(stress_history);
        // One bad factor holds the whole back, as it does on the watch.
        let worst = [sleep, recovery, hrv].into_iter().min().unwrap_or(100);
        let low = if form.hrv_status == HrvStatus::Low { 12.0 } else { 0.0 };
        let score = percent(0.8 * weighted + 0.2 * number(worst) - low - 22.0 * form.illness);
        Self {
            score,
            sleep,
            recovery,
            load,
            hrv,
            sleep_history,
            stress_history,
            recovery_minutes: whole((form.recovery_hours * 60.0).round()),
        }
    }

    pub(crate) const fn level(self) -> &'static str {
        match self.score {
            95.. => "PRIME",
            75..=94 => "HIGH",
            50..=74 => "MODERATE",
            25..=49 => "LOW",
            _ => "POOR",
        }
    }

    pub(crate) const fn feedback(self) -> (&'static str, &'static str) {
        match self.score {
            95.. => ("PRIME_RT_HIGHEST_SS_AVAILABLE", "WELL_RESTED_AND_RECOVERED"),
            75..=94 => ("HIGH_RT_AVAILABLE_SS_HIGHEST", "RESTED_AND_READY"),
            50..=74 => ("MOD_RT_MOD_SS_GOOD", "MODERATE_RECOVERY"),
            25..=49 => ("LOW_RT_HIGH_SS_LOW", "TAKE_IT_EASY"),
            _ => ("POOR_RT_HIGH_SS_POOR", "FOCUS_ON_RECOVERY"),
        }
    }
}

/// The word for a factor.
pub(crate) const fn word(percent: i64) -> &'static str {
    match percent {
        90.. => "VERY_GOOD",
        70..=89 => "GOOD",
        50..=69 => "MODERATE",
        25..=49 => "POOR",
        _ => "VERY_POOR",
    }
}

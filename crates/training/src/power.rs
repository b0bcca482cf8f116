//! What a ride's power comes to.
//!
//! Normalized power, intensity factor and training stress score are known by names that are
//! trademarks of `TrainingPeaks`; they are computed as published (Coggan 2003; Allen & Coggan
//! 2006).

use crate::series::weighted_mean;

/// Power of one activity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerSummary {
    pub average: Option<f64>,
    pub work_kj: Option<f64>,
    /// `None` where no half minute is unbroken.
    pub normalized: Option<f64>,
    /// Normalized power over threshold power.
    pub intensity: Option<f64>,
    /// 100 is an hour at threshold.
    pub stress: Option<f64>,
    /// Normalized over average power.
    pub variability: Option<f64>,
    /// Seconds with a value.
    pub valid_s: usize,
    /// What the stress is counted over.
    pub duration_s: f64,
}

/// Power at second i, with what no meter can mean set to zero.
fn clamped(power: &[Option<f64>]) -> Vec<Option<f64>> {
    power.iter().map(|value| value.map(|watts| watts.max(0.0))).collect()
}

/// Sums a ride up. `timer_s` is the device's own timer, where there is one.
#[must_use]
pub fn summarize(power: &[Option<f64>], ftp: Option<f64>, timer_s: Option<f64>) -> PowerSummary {
    let power = clamped(power);
    let valid_s = power.iter().flatten().count();
    let average = crate::series::mean(&power);
    let normalized = weighted_mean(&power);
    let ftp = ftp.filter(|ftp| *ftp > 0.0);
    let duration_s = timer_s.unwrap_or_else(|| crate::number(valid_s));
    let intensity = normalized.zip(ftp).map(|(normalized, ftp)| normalized / ftp);
    PowerSummary {
        average,
        work_kj: average.map(|average| average * crate::number(valid_s) / 1_000.0),
        normalized,
        intensity,
        stress: intensity.map(|intensity| duration_s * intensity * intensity / 36.0),
        variability: normalized
            .zip(average.filter(|average| *average > 0.0))
            .map(|(normalized, average)| normalized / average),
        valid_s,
        duration_s,
    }
}

/// Load of an activity from what its summary says.
#[must_use]
pub fn stress(duration_s: f64, normalized: f64, ftp: f64) -> Option<f64> {
    (ftp > 0.0).then(|| duration_s * (normalized / ftp).powi(2) / 36.0)
}

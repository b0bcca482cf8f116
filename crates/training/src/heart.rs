//! Load from heart rate alone.

/// The athlete's anchors; each formula says which it needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchors {
    pub threshold: Option<f64>,
    pub rest: Option<f64>,
    pub max: Option<f64>,
}

/// How steeply a minute's weight grows with effort (Banister 1991; Morton, Fitz-Clarke &
/// Banister 1990).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coefficients {
    Male,
    Female,
}

impl Coefficients {
    const fn pair(self) -> (f64, f64) {
        match self {
            Self::Male => (0.64, 1.92),
            Self::Female => (0.86, 1.67),
        }
    }
}

/// Heart-rate load of one activity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeartLoad {
    pub average: Option<f64>,
    pub valid_s: usize,
    pub duration_s: f64,
    /// 100 is an hour at threshold; grows with the square of the average.
    pub stress: Option<f64>,
    /// Banister's impulse.
    pub impulse: Option<f64>,
    /// The impulse on the scale of 100 for an hour at threshold.
    pub impulse_stress: Option<f64>,
    /// Edwards' minutes by zone.
    pub edwards: Option<f64>,
}

/// A heart that does not beat is a strap that does not touch.
fn beating(value: Option<f64>) -> Option<f64> {
    value.filter(|bpm| *bpm > 0.0)
}

#[must_use]
pub fn load(
    heart: &[Option<f64>],
    anchors: Anchors,
    coefficients: Coefficients,
    timer_s: Option<f64>,
) -> HeartLoad {
    let beats: Vec<f64> = heart.iter().filter_map(|value| beating(*value)).collect();
    let valid_s = beats.len();
    let average = (valid_s > 0).then(|| beats.iter().sum::<f64>() / crate::number(valid_s));
    let duration_s = timer_s.unwrap_or_else(|| crate::number(valid_s));
    let range = anchors.rest.zip(anchors.max).filter(|(rest, max)| max > rest);
    let weight = |bpm: f64, (rest, max): (f64, f64)| {
        let (factor, exponent) = coefficients.pair();
        let share = ((bpm - rest) / (max - rest)).clamp(0.0, 1.0);
        share * factor * (exponent * share).exp()
    };
    let impulse = range
        .filter(|_| valid_s > 0)
        .map(|range| beats.iter().map(|bpm| weight(*bpm, range)).sum::<f64>() / 60.0);
    let at_threshold = range.zip(anchors.threshold).and_then(|((rest, max), threshold)| {
        (rest < threshold && threshold <= max).then(|| 60.0 * weight(threshold, (rest, max)))
    });
    HeartLoad {
        average,
        valid_s,
        duration_s,
        stress: average
            .zip(anchors.threshold)
            .and_then(|(average, threshold)| stress(duration_s, average, threshold)),
        impulse,
        impulse_stress: impulse.zip(at_threshold).map(|(impulse, hour)| 100.0 * impulse / hour),
        edwards: anchors
            .max
            .filter(|max| valid_s > 0 && *max > 0.0)
            .map(|max| beats.iter().map(|bpm| edwards_weight(*bpm / max)).sum::<f64>() / 60.0),
    }
}

fn edwards_weight(share: f64) -> f64 {
    [0.5, 0.6, 0.7, 0.8, 0.9].iter().filter(|floor| share >= **floor).map(|_| 1.0).sum()
}

/// Load of an activity from what its summary says.
#[must_use]
pub fn stress(duration_s: f64, average: f64, threshold: f64) -> Option<f64> {
    (threshold > 0.0 && average > 0.0).then(|| duration_s / 36.0 * (average / threshold).powi(2))
}

/// Load from how hard it felt, 0 to 10: an hour at 7 is threshold and counts 100. An estimate
/// for what was recorded without a heart rate.
#[must_use]
pub fn felt(minutes: f64, rpe: f64) -> f64 {
    minutes / 60.0 * (rpe / 7.0).powi(2) * 100.0
}

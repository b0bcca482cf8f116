//! Efficiency, and how it fades: aerobic decoupling (Friel).

use crate::series::weighted_mean;

/// Fewer seconds with both values say nothing.
const LEAST_PAIRS: usize = 1_200;

/// What an effort cost in heartbeats, early and late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Output per beat, hard seconds weighing more.
    pub efficiency: Option<f64>,
    /// Seconds with both output and heart rate.
    pub pairs: usize,
    pub halves: Option<Halves>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Halves {
    /// Mean output over mean heart rate.
    pub first: f64,
    pub second: f64,
    /// How much of the first half's output per beat the second half lost. Positive is drift:
    /// the heart beats faster for the same output. Negative is the opposite.
    pub decoupling_pct: f64,
}

impl Halves {
    #[must_use]
    pub fn band(&self) -> &'static str {
        if self.decoupling_pct < 5.0 {
            "well coupled"
        } else if self.decoupling_pct <= 10.0 {
            "moderate drift"
        } else {
            "high drift"
        }
    }
}

/// Output (watts or metres per second) against heart rate; the first `skip` seconds that have
/// both are warm-up.
#[must_use]
pub fn drift(output: &[Option<f64>], heart: &[Option<f64>], skip: usize) -> Drift {
    let pairs: Vec<(f64, f64)> = output
        .iter()
        .zip(heart)
        .filter_map(|(output, heart)| Some(((*output)?.max(0.0), heart.filter(|it| *it > 0.0)?)))
        .skip(skip)
        .collect();
    let beats: Vec<f64> = heart.iter().flatten().copied().filter(|bpm| *bpm > 0.0).collect();
    let average =
        (!beats.is_empty()).then(|| beats.iter().sum::<f64>() / crate::number(beats.len()));
    let clamped: Vec<Option<f64>> =
        output.iter().map(|value| value.map(|value| value.max(0.0))).collect();
    let efficiency = weighted_mean(&clamped).zip(average).map(|(output, heart)| output / heart);
    let halves = (pairs.len() >= LEAST_PAIRS).then(|| pairs.split_at(pairs.len() / 2));
    let ratio = |half: &[(f64, f64)]| {
        let (output, heart) = half
            .iter()
            .fold((0.0, 0.0), |sums: (f64, f64), pair| (sums.0 + pair.0, sums.1 + pair.1));
        output / heart
    };
    let halves = halves.map(|(first, second)| (ratio(first), ratio(second)));
    Drift {
        efficiency,
        pairs: pairs.len(),
        halves: halves.filter(|(first, _)| *first > 0.0).map(|(first, second)| Halves {
            first,
            second,
            decoupling_pct: (first - second) / first * 100.0,
        }),
    }
}

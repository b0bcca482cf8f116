//! How hard time is spread: three zones and the polarisation index (Seiler 2010; Treff 2019).

/// Shares of time below, between and above the thresholds; together 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    pub low: f64,
    pub mid: f64,
    pub high: f64,
}

impl Shares {
    /// From seconds; `None` without any.
    #[must_use]
    pub fn of(low: f64, mid: f64, high: f64) -> Option<Self> {
        let total = low + mid + high;
        (total > 0.0).then(|| Self { low: low / total, mid: mid / total, high: high / total })
    }

    /// From seconds in zones 1, 2, 3 …: two low, two in between, the rest high.
    #[must_use]
    pub fn of_zones(seconds: &[f64]) -> Option<Self> {
        let sum = |zones: Option<&[f64]>| zones.unwrap_or_default().iter().sum::<f64>();
        let end = |zone: usize| zone.min(seconds.len());
        Self::of(
            sum(seconds.get(..end(2))),
            sum(seconds.get(end(2)..end(4))),
            sum(seconds.get(end(4)..)),
        )
    }

    /// Above 2 is polarised. `None` where it is not defined: little easy time, or more in
    /// between than easy.
    #[must_use]
    pub fn polarization_index(&self) -> Option<f64> {
        /// Stands in for an empty middle, whose quotient would be endless.
        const SLIVER: f64 = 0.01;
        if self.low < self.high || self.mid > self.low {
            return None;
        }
        if self.high <= 0.0 {
            return Some(0.0);
        }
        if self.mid > 0.0 {
            return Some((self.low / self.mid * self.high * 100.0).log10());
        }
        let high = self.high - SLIVER;
        Some(if high > 0.0 { (self.low / SLIVER * high * 100.0).log10() } else { 0.0 })
    }

    #[must_use]
    pub fn label(&self) -> &'static str {
        if self.polarization_index().is_some_and(|index| index > 2.0) {
            "polarized"
        } else if self.low >= self.mid && self.mid >= self.high {
            "pyramidal"
        } else if self.mid > self.low && self.mid > self.high {
            "threshold"
        } else if self.high > self.low {
            "high-intensity"
        } else {
            "mixed"
        }
    }
}

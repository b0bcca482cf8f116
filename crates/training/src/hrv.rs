//! Heart rate variability from the intervals between beats.

/// Intervals outside of 30 to 220 beats a minute are missed or doubled beats.
const PLAUSIBLE_MS: std::ops::RangeInclusive<f64> = 272.0..=2_000.0;
/// A beat that differs from the one before by a larger share is ectopic or an artefact.
const LARGEST_JUMP: f64 = 0.2;
/// Fewer pairs of beats are no measurement.
const LEAST_PAIRS: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variability {
    /// Root mean square of successive differences.
    pub rmssd_ms: f64,
    /// Deviation of all intervals.
    pub sdnn_ms: f64,
    /// Share of successive intervals that differ by more than 50 ms, in percent.
    pub pnn50_pct: f64,
    pub mean_rr_ms: f64,
    /// Intervals that counted.
    pub beats: usize,
    /// Share of intervals left out as artefacts, in percent.
    pub artefacts_pct: f64,
}

/// From intervals in milliseconds, in order.
#[must_use]
pub fn variability(intervals_ms: &[f64]) -> Option<Variability> {
    let mut kept = Vec::with_capacity(intervals_ms.len());
    let mut differences = Vec::new();
    // The last interval in place, if it was believable: differences span no artefact.
    let mut before: Option<f64> = None;
    for interval in intervals_ms {
        if !PLAUSIBLE_MS.contains(interval) {
            before = None;
            continue;
        }
        match before {
            Some(last) if (interval - last).abs() > LARGEST_JUMP * last => before = None,
            Some(last) => {
                differences.push(interval - last);
                kept.push(*interval);
                before = Some(*interval);
            }
            None => {
                kept.push(*interval);
                before = Some(*interval);
            }
        }
    }
    if differences.len() < LEAST_PAIRS {
        return None;
    }
    let pairs = crate::number(differences.len());
    let beats = crate::number(kept.len());
    let mean = kept.iter().sum::<f64>() / beats;
    let squares = differences.iter().map(|it| it * it).sum::<f64>();
    let spread = kept.iter().map(|it| (it - mean).powi(2)).sum::<f64>();
    let wide = differences.iter().filter(|it| it.abs() > 50.0).count();
    Some(Variability {
        rmssd_ms: (squares / pairs).sqrt(),
        sdnn_ms: (spread / (beats - 1.0)).sqrt(),
        pnn50_pct: 100.0 * crate::number(wide) / pairs,
        mean_rr_ms: mean,
        beats: kept.len(),
        artefacts_pct: 100.0 * (1.0 - beats / crate::number(intervals_ms.len())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternating_intervals_have_the_variability_one_can_do_by_hand() {
        let intervals: Vec<f64> =
            (0..101).map(|at| if at % 2 == 0 { 800.0 } else { 860.0 }).collect();
        let found = variability(&intervals).unwrap();
        assert!((found.rmssd_ms - 60.0).abs() < 1e-9);
        assert!((found.pnn50_pct - 100.0).abs() < 1e-9);
        assert_eq!((found.beats, found.artefacts_pct), (101, 0.0));
    }

    #[test]
    fn missed_beats_do_not_count_as_variability() {
        let mut intervals = vec![800.0; 100];
        intervals[50] = 1_600.0;
        intervals[70] = 65_535.0;
        let found = variability(&intervals).unwrap();
        assert!(found.rmssd_ms < 1e-9, "{}", found.rmssd_ms);
        assert!((found.artefacts_pct - 2.0).abs() < 1e-9);
        assert_eq!(variability(&[800.0; 20]), None);
        assert_eq!(variability(&[]), None);
    }
}

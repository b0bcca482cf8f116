//! What electronic gears tell about how a rider shifts.

/// A change of gears.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Seconds from the start.
    pub at_s: f64,
    pub front: bool,
    pub front_teeth: Option<u32>,
    pub rear_teeth: Option<u32>,
    pub cadence: Option<f64>,
    pub grade_pct: Option<f64>,
}

/// When in a change of load the rider shifted, judged by cadence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Between 70 and 100 a minute: in time.
    Proactive,
    /// Below 70: after the legs had slowed.
    Reactive,
    /// Not pedalling.
    Coasting,
    /// Above 100: after the legs had run away.
    SpunOut,
    Unknown,
}

impl Quality {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proactive => "proactive",
            Self::Reactive => "reactive",
            Self::Coasting => "coasting",
            Self::SpunOut => "spun_out",
            Self::Unknown => "unknown",
        }
    }
}

impl Shift {
    #[must_use]
    pub fn quality(&self) -> Quality {
        match self.cadence {
            None => Quality::Unknown,
            Some(cadence) if cadence <= 0.0 => Quality::Coasting,
            Some(cadence) if cadence < 70.0 => Quality::Reactive,
            Some(cadence) if cadence > 100.0 => Quality::SpunOut,
            Some(_) => Quality::Proactive,
        }
    }

    /// Front and rear teeth, where the gears say them.
    #[must_use]
    pub fn gears(&self) -> Option<(u32, u32)> {
        self.front_teeth.zip(self.rear_teeth)
    }
}

#[must_use]
pub fn count(shifts: &[Shift], quality: Quality) -> usize {
    shifts.iter().filter(|shift| shift.quality() == quality).count()
}

/// Times in which three or more shifts came within six seconds, each counted once.
#[must_use]
pub fn bursts(shifts: &[Shift]) -> usize {
    const WITHIN_S: f64 = 6.0;
    const LEAST: usize = 3;
    let (mut found, mut from) = (0, 0);
    while from < shifts.len() {
        let until = shifts[from].at_s + WITHIN_S;
        let together = shifts[from..].iter().take_while(|shift| shift.at_s <= until).count();
        if together >= LEAST {
            found += 1;
            from += together;
        } else {
            from += 1;
        }
    }
    found
}

/// How often each pair of gears was chosen, the most frequent first.
#[must_use]
pub fn usage(shifts: &[Shift]) -> Vec<((u32, u32), usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for gears in shifts.iter().filter_map(Shift::gears) {
        *counts.entry(gears).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(at_s: f64, cadence: Option<f64>) -> Shift {
        let (front_teeth, rear_teeth) = (Some(50), Some(17));
        Shift { at_s, front: false, front_teeth, rear_teeth, cadence, grade_pct: None }
    }

    #[test]
    fn a_burst_is_three_within_six_seconds_and_counts_once() {
        let at = |times: &[f64]| -> Vec<Shift> {
            times.iter().map(|at| shift(*at, Some(90.0))).collect()
        };
        assert_eq!(bursts(&at(&[0.0, 2.0, 4.0, 5.0, 60.0, 120.0, 121.0])), 1);
        assert_eq!(bursts(&at(&[0.0, 2.0, 4.0, 10.0, 11.0, 12.0])), 2);
        assert_eq!(bursts(&at(&[0.0, 30.0, 60.0, 90.0])), 0);
    }

    #[test]
    fn cadence_says_whether_a_shift_came_in_time() {
        let words = [Some(85.0), Some(60.0), Some(0.0), Some(110.0), None]
            .map(|cadence| shift(0.0, cadence).quality().word());
        assert_eq!(words, ["proactive", "reactive", "coasting", "spun_out", "unknown"]);
        assert_eq!(usage(&[shift(0.0, None), shift(1.0, None)]), [((50, 17), 2)]);
    }
}

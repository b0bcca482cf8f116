//! Climbs, and what each gradient asked of the athlete.

/// Half the stretch a gradient is measured over: altitude steps by decimetres, so a gradient
/// from one second to the next would be noise.
const HALF_SPAN_S: usize = 15;
/// Metres within that span below which there is no gradient to speak of.
const LEAST_RUN_M: f64 = 15.0;
const STEEPEST: f64 = 45.0;

/// What counts as a climb.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    pub least_gain_m: f64,
    pub least_grade_pct: f64,
    pub least_seconds: usize,
    /// Flatter for longer ends a climb.
    pub flat_seconds: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { least_gain_m: 50.0, least_grade_pct: 3.0, least_seconds: 120, flat_seconds: 30 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Climb {
    pub start: usize,
    pub seconds: usize,
    pub gain_m: f64,
    pub distance_m: f64,
    pub grade_pct: f64,
    pub steepest_pct: f64,
    /// Metres of ascent per hour.
    pub vam: f64,
}

/// The gradient at each second in percent, from altitude over cumulative distance.
#[must_use]
pub fn grades(altitude: &[Option<f64>], distance: &[Option<f64>]) -> Vec<Option<f64>> {
    let length = altitude.len().min(distance.len());
    (0..length)
        .map(|at| {
            let from = at.saturating_sub(HALF_SPAN_S);
            let until = (at + HALF_SPAN_S).min(length - 1);
            let run = distance[until]? - distance[from]?;
            let rise = altitude[until]? - altitude[from]?;
            (run >= LEAST_RUN_M).then(|| (100.0 * rise / run).clamp(-STEEPEST, STEEPEST))
        })
        .collect()
}

#[must_use]
pub fn climbs(
    altitude: &[Option<f64>],
    distance: &[Option<f64>],
    grades: &[Option<f64>],
    rules: Rules,
) -> Vec<Climb> {
    let mut found = Vec::new();
    let mut begun: Option<usize> = None;
    let mut last_steep = 0;
    for at in 0..=grades.len() {
        let over = at == grades.len();
        let grade = grades.get(at).copied().flatten();
        if grade.is_some_and(|grade| grade >= rules.least_grade_pct) {
            begun.get_or_insert(at);
            last_steep = at;
        } else if let Some(start) = begun
            && (over || at - last_steep > rules.flat_seconds)
        {
            found.extend(measured(altitude, distance, grades, (start, last_steep), rules));
            begun = None;
        }
    }
    found
}

fn measured(
    altitude: &[Option<f64>],
    distance: &[Option<f64>],
    grades: &[Option<f64>],
    (start, end): (usize, usize),
    rules: Rules,
) -> Option<Climb> {
    let seconds = end - start;
    let gain_m = altitude[end]? - altitude[start]?;
    let distance_m = distance[end]? - distance[start]?;
    if gain_m < rules.least_gain_m || seconds < rules.least_seconds || distance_m <= 0.0 {
        return None;
    }
    Some(Climb {
        start,
        seconds,
        gain_m,
        distance_m,
        grade_pct: 100.0 * gain_m / distance_m,
        steepest_pct: grades[start..=end].iter().flatten().copied().fold(0.0, f64::max),
        vam: gain_m / crate::number(seconds) * 3_600.0,
    })
}

/// The kinds of ground a ride is told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    Descending,
    Flat,
    Gentle,
    Moderate,
    Steep,
}

impl Ground {
    pub const ALL: [Self; 5] =
        [Self::Descending, Self::Flat, Self::Gentle, Self::Moderate, Self::Steep];

    #[must_use]
    pub fn of(grade_pct: f64) -> Self {
        if grade_pct < -3.0 {
            Self::Descending
        } else if grade_pct < 3.0 {
            Self::Flat
        } else if grade_pct < 6.0 {
            Self::Gentle
        } else if grade_pct < 9.0 {
            Self::Moderate
        } else {
            Self::Steep
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Descending => "descending",
            Self::Flat => "flat",
            Self::Gentle => "gentle",
            Self::Moderate => "moderate",
            Self::Steep => "steep",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ride at 5 m/s over ground with these gradients.
    fn ride(parts: &[(f64, usize)]) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
        let (mut altitude, mut distance) = (100.0, 0.0);
        let seconds = parts.iter().flat_map(|(grade, seconds)| vec![*grade; *seconds]);
        seconds
            .map(|grade| {
                distance += 5.0;
                altitude += 5.0 * grade / 100.0;
                (Some(altitude), Some(distance))
            })
            .unzip()
    }

    #[test]
    fn a_climb_is_found_whole_and_measured() {
        let parts = [(0.0, 300), (8.0, 300), (0.0, 20), (8.0, 300), (0.0, 300), (-6.0, 300)];
        let (altitude, distance) = ride(&parts);
        let grades = grades(&altitude, &distance);
        let found = climbs(&altitude, &distance, &grades, Rules::default());
        assert_eq!(found.len(), 1, "{found:?}");
        let climb = found[0];
        assert!((climb.gain_m - 240.0).abs() < 5.0, "{climb:?}");
        assert!((climb.vam - 3_600.0 * climb.gain_m / crate::number(climb.seconds)).abs() < 1e-9);
        assert!((climb.steepest_pct - 8.0).abs() < 0.1);
    }

    #[test]
    fn what_climbs_until_the_end_counts_and_a_bump_does_not() {
        let (altitude, distance) = ride(&[(0.0, 100), (6.0, 400)]);
        let steep = grades(&altitude, &distance);
        assert_eq!(climbs(&altitude, &distance, &steep, Rules::default()).len(), 1);
        let (altitude, distance) = ride(&[(0.0, 100), (6.0, 60), (0.0, 100)]);
        let bump = grades(&altitude, &distance);
        assert!(climbs(&altitude, &distance, &bump, Rules::default()).is_empty());
    }

    #[test]
    fn standing_still_has_no_gradient() {
        let altitude = vec![Some(100.0); 60];
        assert_eq!(grades(&altitude, &[Some(0.0); 60]), vec![None; 60]);
        assert!(grades(&[], &[]).is_empty());
    }
}

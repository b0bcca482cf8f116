//! Finds the hard stretches of a session in one channel, without being told how many.
//!
//! The values fall into two crowds, work and rest; the value between them that separates them
//! best (Otsu 1979) is the border. Stretches on either side of it are joined over short
//! interruptions, and what remains is judged by how far the crowds are apart.

/// Seconds a value is averaged over before it is judged: freewheeling for a moment is no rest.
const SMOOTH_S: usize = 11;
/// Shorter interruptions of work, and shorter bursts in a rest, count as noise.
const SHORTEST_REST_S: usize = 12;
const SHORTEST_WORK_S: usize = 15;
/// Fewer are a surge, not a set.
const LEAST_REPS: usize = 2;
const BINS: usize = 128;

/// A stretch above the border, in seconds from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub start: usize,
    pub seconds: usize,
}

impl Stretch {
    #[must_use]
    pub fn end(&self) -> usize {
        self.start + self.seconds
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    pub work: Vec<Stretch>,
    /// Between one stretch of work and the next.
    pub rest: Vec<Stretch>,
    /// The border between work and rest.
    pub border: f64,
    pub work_mean: f64,
    pub rest_mean: f64,
    /// How much of the spread the two crowds explain, 0 to 1.
    pub separation: f64,
    /// How alike the stretches of work are in length: deviation over mean.
    pub unevenness: f64,
}

impl Intervals {
    #[must_use]
    pub fn confidence(&self) -> &'static str {
        if self.separation >= 0.8 && self.unevenness <= 0.25 && self.work.len() >= 3 {
            "high"
        } else if self.separation >= 0.7 && self.unevenness <= 0.6 {
            "medium"
        } else {
            "low"
        }
    }
}

/// Looks for at least two hard stretches. `least_contrast` is how much harder than rest work
/// must be on average: 1.2 for power, less for what varies less. `None` in a steady session.
#[must_use]
pub fn detect(values: &[Option<f64>], least_contrast: f64) -> Option<Intervals> {
    let smooth = smoothed(values);
    let (border, separation) = otsu(&smooth)?;
    let mut hard: Vec<bool> = smooth.iter().map(|it| it.is_some_and(|it| it > border)).collect();
    // Rests first: a set of short hard stretches with shorter rests is one stretch of work.
    flip_short(&mut hard, false, SHORTEST_REST_S);
    flip_short(&mut hard, true, SHORTEST_WORK_S);
    let work: Vec<Stretch> = runs(&hard, true);
    if work.len() < LEAST_REPS {
        return None;
    }
    let rest: Vec<Stretch> = work
        .windows(2)
        .map(|pair| Stretch { start: pair[0].end(), seconds: pair[1].start - pair[0].end() })
        .collect();
    let mean_of = |stretches: &[Stretch]| {
        let all: Vec<Option<f64>> = stretches
            .iter()
            .flat_map(|it| values.get(it.start..it.end()).unwrap_or_default())
            .copied()
            .collect();
        crate::series::mean(&all)
    };
    let (work_mean, rest_mean) = (mean_of(&work)?, mean_of(&rest).unwrap_or(0.0));
    if work_mean < rest_mean * least_contrast {
        return None;
    }
    let unevenness = unevenness(&work);
    Some(Intervals { work, rest, border, work_mean, rest_mean, separation, unevenness })
}

/// The mean of the seconds around each; none where nothing was recorded.
fn smoothed(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let half = SMOOTH_S / 2;
    (0..values.len())
        .map(|index| {
            values[index]?;
            let window = index.saturating_sub(half)..(index + half + 1).min(values.len());
            crate::series::mean(&values[window])
        })
        .collect()
}

/// The border with the greatest variance between what lies on its two sides, and the share of
/// all variance that is.
fn otsu(values: &[Option<f64>]) -> Option<(f64, f64)> {
    let extent = crate::downsample::extent(values)?;
    let width = (extent.max - extent.min) / crate::number(BINS);
    if width <= 0.0 {
        return None;
    }
    let mut bins = [(0.0_f64, 0.0_f64); BINS];
    let (mut count, mut spread) = (0.0, 0.0);
    for value in values.iter().flatten() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bin")]
        let bin = (((value - extent.min) / width) as usize).min(BINS - 1);
        bins[bin].0 += 1.0;
        bins[bin].1 += value;
        count += 1.0;
        spread += (value - extent.mean).powi(2);
    }
    let total = extent.mean * count;
    let (mut below, mut sum_below) = (0.0, 0.0);
    let mut best = (0.0, extent.mean);
    for (bin, (in_bin, sum)) in bins.iter().enumerate() {
        below += in_bin;
        sum_below += sum;
        let above = count - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let apart = sum_below / below - (total - sum_below) / above;
        let between = below * above / count * apart * apart;
        if between > best.0 {
            best = (between, extent.min + width * crate::number(bin + 1));
        }
    }
    Some((best.1, if spread > 0.0 { (best.0 / spread).min(1.0) } else { 0.0 }))
}

fn runs(marks: &[bool], wanted: bool) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut start = None;
    for (index, mark) in marks.iter().chain(std::iter::once(&!wanted)).enumerate() {
        match (start, *mark == wanted) {
            (None, true) => start = Some(index),
            (Some(begun), false) => {
                found.push(Stretch { start: begun, seconds: index - begun });
                start = None;
            }
            (Some(_), true) | (None, false) => {}
        }
    }
    found
}

/// Turns runs of `of` that are too short to mean anything into their surroundings.
fn flip_short(marks: &mut [bool], of: bool, shortest: usize) {
    let length = marks.len();
    for run in runs(marks, of) {
        // What touches an end of the session is no interruption of anything.
        let inside = of || (run.start > 0 && run.end() < length);
        if run.seconds < shortest && inside {
            marks[run.start..run.end()].fill(!of);
        }
    }
}

fn unevenness(stretches: &[Stretch]) -> f64 {
    let count = crate::number(stretches.len());
    let mean = stretches.iter().map(|it| crate::number(it.seconds)).sum::<f64>() / count;
    let spread =
        stretches.iter().map(|it| (crate::number(it.seconds) - mean).powi(2)).sum::<f64>() / count;
    spread.sqrt() / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Watts for so many seconds, with a wobble that no two seconds share.
    fn session(parts: &[(f64, usize)]) -> Vec<Option<f64>> {
        let seconds = parts.iter().flat_map(|(watts, seconds)| vec![*watts; *seconds]);
        seconds
            .enumerate()
            .map(|(at, watts)| Some(watts + crate::number((at * 7_919) % 21) - 10.0))
            .collect()
    }

    #[test]
    fn five_times_four_minutes_are_five_times_four_minutes() {
        let mut parts = vec![(150.0, 600)];
        for _ in 0..5 {
            parts.extend([(300.0, 240), (120.0, 180)]);
        }
        parts.push((130.0, 600));
        let found = detect(&session(&parts), 1.2).unwrap();
        assert_eq!(found.work.len(), 5);
        assert_eq!(found.rest.len(), 4);
        for (index, rep) in found.work.iter().enumerate() {
            assert!(rep.start.abs_diff(600 + index * 420) <= 6, "{rep:?}");
            assert!(rep.seconds.abs_diff(240) <= 8, "{rep:?}");
        }
        assert!((found.work_mean - 300.0).abs() < 5.0);
        assert_eq!(found.confidence(), "high");
    }

    #[test]
    fn a_steady_session_has_no_intervals() {
        assert_eq!(detect(&session(&[(200.0, 3_600)]), 1.2), None);
        assert_eq!(detect(&session(&[(150.0, 900), (170.0, 900), (150.0, 900)]), 1.2), None);
        assert_eq!(detect(&[None; 50], 1.2), None);
        assert_eq!(detect(&[], 1.2), None);
    }

    #[test]
    fn a_moment_without_pedalling_does_not_split_a_repetition() {
        let parts = [
            (120.0, 300),
            (280.0, 100),
            (0.0, 3),
            (280.0, 100),
            (120.0, 200),
            (280.0, 203),
            (120.0, 300),
        ];
        assert_eq!(detect(&session(&parts), 1.2).unwrap().work.len(), 2);
    }

    #[test]
    fn a_pause_is_no_value_and_ends_a_stretch() {
        let mut values = session(&[(120.0, 300), (280.0, 120), (120.0, 120), (280.0, 120)]);
        values.splice(300..300, vec![None; 400]);
        let found = detect(&values, 1.2).unwrap();
        assert_eq!(found.work.len(), 2);
        assert!(found.work[0].start.abs_diff(700) <= 6);
    }
}

//! One sample per second from whatever a watch recorded, and means over it.

/// The longest missing run that is filled on a straight line: "smart" recording writes a
/// sample every few seconds, and a longer silence is a pause.
const LONGEST_FILL: usize = 10;

/// No activity lasts longer; a file whose clock jumps by years must not become a series.
pub const LONGEST_S: i64 = 500_000;

/// The seconds all channels of one activity are laid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    start: i64,
    seconds: usize,
}

impl Grid {
    /// From the first to the last of these times. `None` without any, or when they lie further
    /// apart than an activity can last.
    #[must_use]
    pub fn over(times: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut ends: Option<(i64, i64)> = None;
        for time in times.into_iter().filter_map(second) {
            let (first, last) = ends.unwrap_or((time, time));
            ends = Some((first.min(time), last.max(time)));
        }
        let (first, last) = ends?;
        let length = last.checked_sub(first)?.checked_add(1)?;
        if length > LONGEST_S {
            return None;
        }
        Some(Self { start: first, seconds: usize::try_from(length).ok()? })
    }

    /// The first second.
    #[must_use]
    pub fn start(&self) -> i64 {
        self.start
    }

    #[must_use]
    pub fn seconds(&self) -> usize {
        self.seconds
    }

    /// A channel on this grid: the mean of what falls into a second, short silences between
    /// two values on a straight line, longer ones left empty.
    #[must_use]
    pub fn place(&self, samples: impl IntoIterator<Item = (f64, Option<f64>)>) -> Vec<Option<f64>> {
        let mut placed = self.collect(samples);
        fill(&mut placed);
        placed
    }

    /// As [`Self::place`] without filling: for what must not be drawn between two values.
    #[must_use]
    pub fn collect(
        &self,
        samples: impl IntoIterator<Item = (f64, Option<f64>)>,
    ) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0_f64, 0_u32); self.seconds];
        for (time, value) in samples {
            let (Some(time), Some(value)) = (second(time), value.filter(|it| it.is_finite()))
            else {
                continue;
            };
            let index = time.checked_sub(self.start).and_then(|index| usize::try_from(index).ok());
            if let Some((sum, count)) = index.and_then(|index| sums.get_mut(index)) {
                *sum += value;
                *count += 1;
            }
        }
        let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        sums.into_iter().map(mean).collect()
    }
}

/// The second a time falls into.
fn second(time: f64) -> Option<i64> {
    /// Beyond this a float no longer names one second.
    const LATEST: f64 = 9e15;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    (time.is_finite() && time.abs() < LATEST).then(|| time.floor() as i64)
}

fn fill(values: &mut [Option<f64>]) {
    let mut last: Option<(usize, f64)> = None;
    for index in 0..values.len() {
        let Some(value) = values[index] else { continue };
        if let Some((from, before)) = last {
            let missing = index - from - 1;
            if (1..=LONGEST_FILL).contains(&missing) {
                let step = (value - before) / crate::number(missing + 1);
                for (steps, empty) in values[from + 1..index].iter_mut().enumerate() {
                    *empty = Some(before + step * crate::number(steps + 1));
                }
            }
        }
        last = Some((index, value));
    }
}

/// The mean of what is there.
#[must_use]
pub fn mean(values: &[Option<f64>]) -> Option<f64> {
    let (sum, count) =
        values.iter().flatten().fold((0.0, 0_usize), |(sum, count), it| (sum + it, count + 1));
    (count > 0).then(|| sum / crate::number(count))
}

/// The means of every `window` seconds in a row that all have a value, with the second each
/// begins at.
pub(crate) fn rolling(
    values: &[Option<f64>],
    window: usize,
) -> impl Iterator<Item = (usize, f64)> + '_ {
    let mut sum = 0.0;
    let mut run = 0_usize;
    values.iter().enumerate().filter_map(move |(index, value)| {
        let Some(value) = value else {
            (sum, run) = (0.0, 0);
            return None;
        };
        sum += value;
        run += 1;
        if run > window {
            sum -= values[index - window].unwrap_or(0.0);
            run = window;
        }
        (run == window && window > 0).then(|| (index + 1 - window, sum / crate::number(window)))
    })
}

/// The fourth-power mean of half-minute means: what hard seconds cost more than easy ones
/// give back. `None` where no half minute is unbroken.
pub(crate) fn weighted_mean(values: &[Option<f64>]) -> Option<f64> {
    const WINDOW: usize = 30;
    let (sum, count) = rolling(values, WINDOW)
        .fold((0.0, 0_usize), |(sum, count), (_, mean)| (sum + mean.max(0.0).powi(4), count + 1));
    (count > 0).then(|| (sum / crate::number(count)).powf(0.25))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_clock_that_jumps_by_years_makes_no_series() {
        assert_eq!(Grid::over([0.0, 4_000_000_000.0]), None);
        assert_eq!(Grid::over([f64::NAN, f64::INFINITY, 1e300]), None);
        assert_eq!(Grid::over([]), None);
    }

    #[test]
    fn means_span_no_gap() {
        let values = [Some(1.0), Some(3.0), None, Some(5.0), Some(7.0), Some(9.0)];
        let found: Vec<_> = rolling(&values, 2).collect();
        assert_eq!(found, [(0, 2.0), (3, 6.0), (4, 8.0)]);
        assert_eq!(rolling(&values, 0).count(), 0);
        assert_eq!((mean(&values), mean(&[None])), (Some(5.0), None));
    }

    proptest! {
        #[test]
        fn whatever_the_times_the_series_has_the_seconds_of_its_grid(
            samples in proptest::collection::vec((any::<f64>(), any::<Option<f64>>()), 0..60),
        ) {
            if let Some(grid) = Grid::over(samples.iter().map(|(time, _)| *time)) {
                prop_assert_eq!(grid.place(samples.iter().copied()).len(), grid.seconds());
            }
        }
    }
}

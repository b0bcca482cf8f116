//! Fewer points without telling a different story: means where a mean means something, the
//! last value where values add up, nothing where nothing was recorded.

/// What stands for a window of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Heart rate, power, speed, altitude.
    Mean,
    /// Distance, and whatever else only grows.
    Last,
}

/// One value per `window` seconds; the last window may be short.
#[must_use]
pub fn downsample(values: &[Option<f64>], window: usize, keep: Keep) -> Vec<Option<f64>> {
    let one = |window: &[Option<f64>]| match keep {
        Keep::Mean => crate::series::mean(window),
        Keep::Last => window.iter().rev().find_map(|value| *value),
    };
    values.chunks(window.max(1)).map(one).collect()
}

/// Least, mean and greatest of a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    pub min: f64,
    pub mean: f64,
    pub max: f64,
}

/// Over all that is there, so that what downsampling smooths away is still said.
#[must_use]
pub fn extent(values: &[Option<f64>]) -> Option<Extent> {
    let mean = crate::series::mean(values)?;
    let ends = |(low, high): (f64, f64), value: &f64| (low.min(*value), high.max(*value));
    let (min, max) = values.iter().flatten().fold((f64::MAX, f64::MIN), ends);
    Some(Extent { min, mean, max })
}

/// Runs of seconds without data, longer than `longest`, as (first second, seconds).
#[must_use]
pub fn gaps(present: impl IntoIterator<Item = bool>, longest: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut run: Option<(usize, usize)> = None;
    for (index, present) in present.into_iter().enumerate() {
        if present {
            found.extend(run.take().filter(|(_, length)| *length > longest));
        } else {
            let (start, length) = run.unwrap_or((index, 0));
            run = Some((start, length + 1));
        }
    }
    found.extend(run.filter(|(_, length)| *length > longest));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_keeps_its_last_value_and_zero_is_a_value() {
        let distance = [Some(0.0), Some(3.0), Some(6.0), Some(9.0), None];
        assert_eq!(downsample(&distance, 2, Keep::Last), [Some(3.0), Some(9.0), None]);
        let power = [Some(0.0), Some(0.0), None, Some(8.0)];
        assert_eq!(downsample(&power, 2, Keep::Mean), [Some(0.0), Some(8.0)]);
        let found = extent(&power).unwrap();
        assert!((found.min, found.max) == (0.0, 8.0) && (found.mean - 8.0 / 3.0).abs() < 1e-12);
        assert_eq!(extent(&[None]), None);
    }

    #[test]
    fn only_silences_beyond_the_limit_are_gaps() {
        let present = [false, true, false, false, true, false, false, false];
        assert_eq!(gaps(present, 1), [(2, 2), (5, 3)]);
        assert_eq!(gaps(present, 2), [(5, 3)]);
    }
}

//! The best an activity holds for a time, and the fastest it covers a distance.

use crate::series::rolling;

/// The durations a curve is kept at, in seconds.
pub const DURATIONS: [u32; 15] =
    [1, 5, 15, 30, 60, 120, 180, 300, 480, 720, 1_200, 1_800, 3_600, 5_400, 7_200];

/// The distances a run is looked through for, in metres.
pub const DISTANCES: [f64; 11] = [
    400.0, 800.0, 1_000.0, 1_609.344, 5_000.0, 10_000.0, 15_000.0, 21_097.5, 30_000.0, 42_195.0,
    100_000.0,
];

/// The largest mean over so many seconds in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    pub duration_s: u32,
    pub value: f64,
    /// The second it begins at.
    pub start: usize,
}

/// The best mean for each duration, the earliest of equals. A second without data breaks every
/// window over it; what is longer than the longest unbroken stretch is absent.
#[must_use]
pub fn mean_max(values: &[Option<f64>], durations: &[u32]) -> Vec<Best> {
    /// Two means this close are the same mean.
    const SAME: f64 = 1e-9;
    durations
        .iter()
        .filter_map(|duration_s| {
            let window = usize::try_from(*duration_s).ok()?;
            rolling(values, window)
                .fold(None, |best: Option<(usize, f64)>, (start, value)| match best {
                    Some((_, most)) if value <= most + SAME => best,
                    Some(_) | None => Some((start, value)),
                })
                .map(|(start, value)| Best { duration_s: *duration_s, value, start })
        })
        .collect()
}

/// The least time in which a distance was covered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    pub distance_m: f64,
    pub time_s: f64,
    /// Seconds from the start of the activity.
    pub start_s: f64,
}

/// The fastest of each distance on the cumulative distance of every second. Standing time
/// inside counts. The best window begins or ends on a sample, so both kinds are looked at.
#[must_use]
pub fn fastest(distance: &[f64], targets: &[f64]) -> Vec<Effort> {
    targets.iter().filter_map(|target| fastest_over(distance, *target)).collect()
}

fn fastest_over(distance: &[f64], target: f64) -> Option<Effort> {
    let total = distance.last()? - distance.first()?;
    if target <= 0.0 || total < target {
        return None;
    }
    let mut best: Option<Effort> = None;
    let mut consider = |start_s: f64, end_s: f64| {
        let time_s = end_s - start_s;
        if time_s > 0.0 && best.is_none_or(|best| time_s < best.time_s - 1e-9) {
            best = Some(Effort { distance_m: target, time_s, start_s });
        }
    };
    let mut ahead = 0;
    for (start, from) in distance.iter().enumerate() {
        while distance.get(ahead).is_some_and(|reached| *reached < from + target) {
            ahead += 1;
        }
        if ahead >= distance.len() {
            break;
        }
        consider(crate::number(start), moment(distance, ahead, from + target));
    }
    let mut behind = 0;
    for (end, until) in distance.iter().enumerate() {
        // The last sample from which the target was still to come.
        while distance.get(behind + 1).is_some_and(|passed| *passed <= until - target) {
            behind += 1;
        }
        if distance[behind] <= until - target {
            let start = moment_after(distance, behind, until - target);
            consider(start, crate::number(end));
        }
    }
    best
}

/// When `metres` were reached, on the straight line that ends at `index`.
fn moment(distance: &[f64], index: usize, metres: f64) -> f64 {
    let Some(before) = index.checked_sub(1) else { return 0.0 };
    let step = distance[index] - distance[before];
    let share = if step > 0.0 { (metres - distance[before]) / step } else { 1.0 };
    crate::number(before) + share
}

/// When `metres` were left behind, on the straight line that begins at `index`.
fn moment_after(distance: &[f64], index: usize, metres: f64) -> f64 {
    let Some(next) = distance.get(index + 1) else { return crate::number(index) };
    let step = next - distance[index];
    let share = if step > 0.0 { (metres - distance[index]) / step } else { 0.0 };
    crate::number(index) + share.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_curve_is_what_trying_every_window_finds(
            values in proptest::collection::vec(proptest::option::weighted(0.95, 0.0..900.0_f64), 1..80),
            duration in 1_u32..30,
        ) {
            let window = duration as usize;
            let slow = values
                .windows(window)
                .filter(|it| it.iter().all(Option::is_some))
                .map(|it| it.iter().flatten().sum::<f64>() / f64::from(duration))
                .fold(None, |most: Option<f64>, mean| Some(most.map_or(mean, |most| most.max(mean))));
            let found = mean_max(&values, &[duration]);
            match slow {
                None => prop_assert!(found.is_empty()),
                Some(slow) => prop_assert!((found[0].value - slow).abs() < 1e-6),
            }
        }

        #[test]
        fn no_window_is_faster_than_the_fastest(
            steps in proptest::collection::vec(0.0..8.0_f64, 2..120),
            target in 1.0..200.0_f64,
        ) {
            let mut total = 0.0;
            let distance: Vec<f64> = steps.iter().map(|step| { total += step; total }).collect();
            let found = fastest(&distance, &[target]);
            for start in 0..distance.len() {
                for end in start + 1..distance.len() {
                    if distance[end] - distance[start] >= target {
                        prop_assert!(found[0].time_s <= crate::number(end - start) + 1e-6);
                    }
                }
            }
        }
    }
}

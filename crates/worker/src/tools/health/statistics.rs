//! Simple statistics of a person's own figures. Each says how many values it rests on, and has no
//! result where they are too few.

use crate::tools::numbers::float;

fn count(values: &[f64]) -> f64 {
    float(i64::try_from(values.len()).unwrap_or(i64::MAX))
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values))
}

/// Standard deviation of a sample.
pub(super) fn spread(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (count(values) - 1.0)).sqrt())
}

pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => sorted.get(middle).copied(),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// How many of them lie below `value`, in percent; equal ones count half.
pub(super) fn percentile_of(value: f64, values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let weight: f64 = values
        .iter()
        .map(|other| match other.total_cmp(&value) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 0.0,
        })
        .sum();
    Some(100.0 * weight / count(values))
}

/// Least squares: how much `y` changes for each unit of `x`.
pub(super) fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let (x, y) = (mean(&xs).filter(|_| points.len() > 2)?, mean(&ys)?);
    let run: f64 = xs.iter().map(|it| (it - x).powi(2)).sum();
    let rise: f64 = points.iter().map(|(px, py)| (px - x) * (py - y)).sum();
    (run > 0.0).then(|| rise / run)
}

/// How far a value lies from the middle of others, in robust standard deviations:
/// 0.6745 × (value − median) ÷ median absolute deviation. A few odd values do not hide others.
/// Nothing where more than half of the others are the same.
pub(super) fn robust_z(value: f64, others: &[f64]) -> Option<f64> {
    let middle = median(others)?;
    let deviations: Vec<f64> = others.iter().map(|other| (other - middle).abs()).collect();
    let deviation = median(&deviations).filter(|deviation| *deviation > 0.0)?;
    Some(0.6745 * (value - middle) / deviation)
}

/// Pearson's coefficient.
pub(super) fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (x, y) = (mean(&xs)?, mean(&ys)?);
    let both: f64 = pairs.iter().map(|(px, py)| (px - x) * (py - y)).sum();
    let squares = |values: &[f64], mean: f64| -> f64 {
        values.iter().map(|value| (value - mean).powi(2)).sum()
    };
    let size = (squares(&xs, x) * squares(&ys, y)).sqrt();
    (size > 0.0).then(|| (both / size).clamp(-1.0, 1.0))
}

/// Spearman's coefficient: the same of ranks, so that an odd day counts as one day.
pub(super) fn rank_correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let ranked: Vec<(f64, f64)> = ranks(&xs).into_iter().zip(ranks(&ys)).collect();
    correlation(&ranked)
}

/// Places in the order of size; equal values share the middle of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut next = 0;
    for equal in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        let first = next;
        next += equal.len();
        let middle = float(i64::try_from(first + next).unwrap_or(0) + 1) / 2.0;
        for at in equal {
            ranks[*at] = middle;
        }
    }
    ranks
}

/// Where the true coefficient lies in 95 of 100 cases, were the days independent of each other
/// (Fisher's transformation with the standard error for ranks).
pub(super) fn interval(coefficient: f64, n: usize) -> Option<(f64, f64)> {
    let degrees = float(i64::try_from(n).ok()?) - 3.0;
    if degrees <= 0.0 || coefficient.abs() >= 1.0 {
        return None;
    }
    let (centre, half) = (coefficient.atanh(), 1.96 * (1.06 / degrees).sqrt());
    Some(((centre - half).tanh(), (centre + half).tanh()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-3)
    }

    #[test]
    fn known_examples_come_out() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert!(close(mean(&values), 5.0) && close(median(&values), 4.5));
        assert!(close(spread(&values), 2.138));
        assert!(close(slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]), 2.0));
        assert!(close(percentile_of(5.0, &values), 62.5));
        // Anscombe's first.
        let anscombe = [
            (10.0, 8.04),
            (8.0, 6.95),
            (13.0, 7.58),
            (9.0, 8.81),
            (11.0, 8.33),
            (14.0, 9.96),
            (6.0, 7.24),
            (4.0, 4.26),
            (12.0, 10.84),
            (7.0, 4.82),
            (5.0, 5.68),
        ];
        assert!(close(correlation(&anscombe), 0.8164));
        assert!(close(rank_correlation(&anscombe), 0.8182));
        assert!(close(robust_z(9.0, &[1.0, 2.0, 3.0, 4.0, 5.0]), 4.047));
        let (low, high) = interval(0.5, 28).unwrap();
        assert!((low - 0.145).abs() < 0.01 && (high - 0.741).abs() < 0.01, "{low} {high}");
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!((mean(&[]), median(&[]), spread(&[1.0])), (None, None, None));
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(robust_z(5.0, &[1.0, 1.0, 1.0, 9.0]), None);
        assert_eq!(correlation(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!((interval(0.5, 3), interval(1.0, 30)), (None, None));
    }

    proptest! {
        #[test]
        fn coefficients_stay_within_their_bounds(
            pairs in proptest::collection::vec((-1e6..1e6f64, -1e6..1e6f64), 0..40),
        ) {
            for found in [correlation(&pairs), rank_correlation(&pairs)].into_iter().flatten() {
                prop_assert!((-1.0..=1.0).contains(&found));
            }
        }
    }
}

//! How alike two activities are, from 0 to 1.

use crate::track::{Point, metres_between};

/// What is compared; whatever is missing on either side is left out of the judgement.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    pub distance_m: Option<f64>,
    pub duration_s: Option<f64>,
    pub gain_m: Option<f64>,
    pub start: Option<Point>,
}

/// What the likeness of two activities hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Distance,
    Duration,
    Everything,
}

/// 1 for equals, a half where one is twice the other.
#[must_use]
pub fn closeness(one: f64, other: f64) -> Option<f64> {
    if one <= 0.0 || other <= 0.0 {
        // Two activities without any are alike; one without is not comparable.
        return (one <= 0.0 && other <= 0.0).then_some(1.0);
    }
    Some(one.min(other) / one.max(other))
}

/// `None` where the two have nothing that could be compared.
#[must_use]
pub fn likeness(one: &Shape, other: &Shape, by: By) -> Option<f64> {
    let pair = |one: Option<f64>, other: Option<f64>| closeness(one?, other?);
    let distance = pair(one.distance_m, other.distance_m);
    let duration = pair(one.duration_s, other.duration_s);
    match by {
        By::Distance => distance,
        By::Duration => duration,
        By::Everything => {
            // Climbing counts from a hill on: two flat runs differ in nothing.
            let climb = |gain: Option<f64>| gain.map(|gain| gain + 30.0);
            let start = one.start.zip(other.start).map(|(one, other)| {
                // Half after a kilometre: the same door, the same neighbourhood, elsewhere.
                1.0 / (1.0 + metres_between(one, other) / 1_000.0)
            });
            let parts = [
                (distance, 0.4),
                (duration, 0.25),
                (pair(climb(one.gain_m), climb(other.gain_m)), 0.15),
                (start, 0.2),
            ];
            let (sum, weight) = parts.iter().fold((0.0, 0.0), |(sum, weight), (part, share)| {
                part.map_or((sum, weight), |part| (sum + part * share, weight + share))
            });
            (distance.is_some() || duration.is_some()).then(|| sum / weight)
        }
    }
}

/// How much of one route runs along the other: the share of points within `within_m` of the
/// other line, of both directions the lesser.
#[must_use]
pub fn overlap(one: &[Point], other: &[Point], within_m: f64) -> Option<f64> {
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let along = |these: &[Point], line: &[Point]| {
        let near = these.iter().filter(|point| crate::track::is_near(**point, line, within_m));
        crate::number(near.count()) / crate::number(these.len())
    };
    Some(along(one, other).min(along(other, one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(distance_m: f64, duration_s: f64) -> Shape {
        Shape { distance_m: Some(distance_m), duration_s: Some(duration_s), ..Shape::default() }
    }

    #[test]
    fn equals_are_alike_and_missing_parts_cost_nothing() {
        let one = shape(10_000.0, 3_000.0);
        assert_eq!(likeness(&one, &one, By::Everything), Some(1.0));
        assert_eq!(likeness(&one, &shape(20_000.0, 3_000.0), By::Distance), Some(0.5));
        let half = likeness(&one, &shape(20_000.0, 6_000.0), By::Everything).unwrap();
        assert!((half - 0.5).abs() < 1e-12);
        assert_eq!(likeness(&one, &Shape::default(), By::Everything), None);
        assert_eq!(closeness(0.0, 5.0), None);
    }

    #[test]
    fn a_route_run_backwards_is_the_same_route() {
        let line: Vec<Point> =
            (0..50).map(|step| Point { lat: 45.0 + f64::from(step) * 0.001, lon: 5.0 }).collect();
        let back: Vec<Point> = line.iter().rev().copied().collect();
        assert_eq!(overlap(&line, &back, 30.0), Some(1.0));
        assert_eq!(overlap(&line, &line[..25], 30.0), Some(0.5));
        assert_eq!(overlap(&line, &[], 30.0), None);
    }
}

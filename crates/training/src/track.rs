//! Lines on the ground: how far, how simple, where.

/// Degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub lat: f64,
    pub lon: f64,
}

const EARTH_M: f64 = 6_371_000.0;

impl Point {
    /// A place on Earth. Watches that have no fix yet write 0, 0 or nonsense.
    #[must_use]
    pub fn new(lat: f64, lon: f64) -> Option<Self> {
        let real = lat.abs() <= 90.0 && lon.abs() <= 180.0 && !(lat == 0.0 && lon == 0.0);
        real.then_some(Self { lat, lon })
    }
}

/// Great-circle distance (haversine).
#[must_use]
pub fn metres_between(one: Point, other: Point) -> f64 {
    let (lat, lon) = ((other.lat - one.lat).to_radians(), (other.lon - one.lon).to_radians());
    let half = (lat / 2.0).sin().powi(2)
        + one.lat.to_radians().cos() * other.lat.to_radians().cos() * (lon / 2.0).sin().powi(2);
    2.0 * EARTH_M * half.sqrt().min(1.0).asin()
}

#[must_use]
pub fn length_m(line: &[Point]) -> f64 {
    line.windows(2).map(|pair| metres_between(pair[0], pair[1])).sum()
}

/// Metres east and north of an origin: flat enough over one activity.
fn flat(point: Point, origin: Point) -> (f64, f64) {
    let degree = EARTH_M.to_radians();
    let mut lon = point.lon - origin.lon;
    if lon.abs() > 180.0 {
        lon -= 360.0 * lon.signum();
    }
    (lon * degree * origin.lat.to_radians().cos(), (point.lat - origin.lat) * degree)
}

fn to_segment(point: Point, from: Point, until: Point) -> f64 {
    let (px, py) = flat(point, from);
    let (x, y) = flat(until, from);
    let length = x * x + y * y;
    let share = if length > 0.0 { ((px * x + py * y) / length).clamp(0.0, 1.0) } else { 0.0 };
    (px - share * x).hypot(py - share * y)
}

/// Whether a point lies within so many metres of a line.
#[must_use]
pub fn is_near(point: Point, line: &[Point], within_m: f64) -> bool {
    match line {
        [] => false,
        [only] => metres_between(point, *only) <= within_m,
        line => line.windows(2).any(|pair| to_segment(point, pair[0], pair[1]) <= within_m),
    }
}

/// The fewest points whose line stays within `tolerance_m` of every point left out (Douglas &
/// Peucker 1973), both ends kept. Without recursion, so no line is too long for it.
#[must_use]
pub fn simplify(line: &[Point], tolerance_m: f64) -> Vec<Point> {
    if line.len() < 3 {
        return line.to_vec();
    }
    let mut keep = vec![false; line.len()];
    keep[0] = true;
    keep[line.len() - 1] = true;
    let mut open = vec![(0, line.len() - 1)];
    while let Some((from, until)) = open.pop() {
        let farthest = (from + 1..until)
            .map(|at| (at, to_segment(line[at], line[from], line[until])))
            .max_by(|one, other| one.1.total_cmp(&other.1));
        if let Some((at, metres)) = farthest
            && metres > tolerance_m
        {
            keep[at] = true;
            open.extend([(from, at), (at, until)]);
        }
    }
    line.iter().zip(keep).filter_map(|(point, keep)| keep.then_some(*point)).collect()
}

/// South-west and north-east corners.
#[must_use]
pub fn bounds(line: &[Point]) -> Option<(Point, Point)> {
    let first = *line.first()?;
    Some(line.iter().fold((first, first), |(low, high), point| {
        (
            Point { lat: low.lat.min(point.lat), lon: low.lon.min(point.lon) },
            Point { lat: high.lat.max(point.lat), lon: high.lon.max(point.lon) },
        )
    }))
}

/// Google's encoded polyline, precision 5.
#[must_use]
pub fn encode(line: &[Point]) -> String {
    let mut text = String::with_capacity(line.len() * 6);
    let mut before = (0_i64, 0_i64);
    for point in line {
        #[expect(clippy::cast_possible_truncation, reason = "degrees times 1e5")]
        let here = ((point.lat * 1e5).round() as i64, (point.lon * 1e5).round() as i64);
        push_signed(&mut text, here.0 - before.0);
        push_signed(&mut text, here.1 - before.1);
        before = here;
    }
    text
}

fn push_signed(text: &mut String, value: i64) {
    let mut rest = if value < 0 { !(value << 1) } else { value << 1 };
    loop {
        let chunk = u8::try_from(rest & 0x1f).unwrap_or(0);
        rest >>= 5;
        text.push(char::from(63 + chunk + if rest > 0 { 0x20 } else { 0 }));
        if rest == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(pairs: &[(f64, f64)]) -> Vec<Point> {
        pairs.iter().map(|(lat, lon)| Point { lat: *lat, lon: *lon }).collect()
    }

    #[test]
    fn the_published_example_is_encoded_as_published() {
        let line = points(&[(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]);
        assert_eq!(encode(&line), "_p~iF~ps|U_ulLnnqC_mqNvxq`@");
        assert_eq!(encode(&[]), "");
    }

    #[test]
    fn a_degree_of_latitude_is_111_kilometres() {
        let line = points(&[(45.0, 5.0), (46.0, 5.0)]);
        assert!((length_m(&line) - 111_195.0).abs() < 1.0);
        assert_eq!(Point::new(0.0, 0.0), None);
        assert_eq!(Point::new(91.0, 5.0), None);
        assert!(Point::new(f64::NAN, 5.0).is_none());
    }

    #[test]
    fn corners_stay_and_straight_lines_need_two_points() {
        let straight: Vec<Point> =
            (0..100).map(|at| Point { lat: 45.0 + f64::from(at) * 1e-4, lon: 5.0 }).collect();
        assert_eq!(simplify(&straight, 5.0).len(), 2);
        let corner = points(&[(45.0, 5.0), (45.01, 5.0), (45.01, 5.01)]);
        assert_eq!(simplify(&corner, 20.0), corner);
    }

    proptest! {
        #[test]
        fn what_is_left_out_lies_near_what_is_kept(
            steps in proptest::collection::vec((-1e-3..1e-3_f64, -1e-3..1e-3_f64), 3..60),
        ) {
            let (mut lat, mut lon) = (45.0, 5.0);
            let line: Vec<Point> = steps.iter().map(|step| {
                (lat, lon) = (lat + step.0, lon + step.1);
                Point { lat, lon }
            }).collect();
            let kept = simplify(&line, 20.0);
            for point in line {
                prop_assert!(is_near(point, &kept, 20.5));
            }
        }
    }
}

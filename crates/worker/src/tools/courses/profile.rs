//! What a course's line says: how high it is where, how it climbs, and how it looks on a map.

use garmin::model::GeoPoint;

/// Metres around the earth for one radian.
const RADIUS_M: f64 = 6_371_008.8;
/// A climb gains this much, at this grade, and ends where the way falls this far.
const LEAST_GAIN_M: f64 = 20.0;
const LEAST_GRADE: f64 = 0.02;
const LARGEST_DIP_M: f64 = 10.0;

/// A point of the line with how far it is from the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    pub(super) metres: f64,
    pub(super) height: Option<f64>,
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

/// The line with its distances; those Garmin left out are measured on the globe.
pub(super) fn marks(line: &[&GeoPoint]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::with_capacity(line.len());
    for point in line {
        let (Some(latitude), Some(longitude)) = (point.latitude, point.longitude) else { continue };
        let measured = marks.last().map_or(0.0, |last| {
            last.metres + apart((last.latitude, last.longitude), (latitude, longitude))
        });
        let told = point.distance_m.filter(|told| {
            marks.last().is_none_or(|last| *told >= last.metres) && told.is_finite()
        });
        let metres = told.unwrap_or(measured);
        marks.push(Mark { metres, height: point.elevation_m, latitude, longitude });
    }
    marks
}

/// Along the great circle.
fn apart(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (from_lat, to_lat) = (from.0.to_radians(), to.0.to_radians());
    let (lat, lon) = ((to.0 - from.0).to_radians(), (to.1 - from.1).to_radians());
    let half =
        (lat / 2.0).sin().powi(2) + from_lat.cos() * to_lat.cos() * (lon / 2.0).sin().powi(2);
    2.0 * RADIUS_M * half.sqrt().min(1.0).asin()
}

/// At most so many marks, evenly by distance, first and last included.
pub(super) fn thinned(marks: &[Mark], most: usize) -> Vec<Mark> {
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else { return Vec::new() };
    if marks.len() <= most || most < 2 {
        return marks.to_vec();
    }
    let mut kept = Vec::with_capacity(most);
    let mut at = 0;
    for step in 0..most {
        #[expect(clippy::cast_precision_loss, reason = "hundreds of points")]
        let share = step as f64 / (most - 1) as f64;
        let wanted = first.metres + (last.metres - first.metres) * share;
        while at + 1 < marks.len() && marks[at].metres < wanted {
            at += 1;
        }
        if kept.last() != Some(&marks[at]) {
            kept.push(marks[at]);
        }
    }
    kept
}

/// A stretch that goes up.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_field_names, reason = "all of them metres")]
pub(super) struct Climb {
    pub(super) from_m: f64,
    pub(super) to_m: f64,
    pub(super) gain_m: f64,
}

impl Climb {
    pub(super) fn grade(&self) -> f64 {
        self.gain_m / (self.to_m - self.from_m).max(1.0)
    }
}

/// The climbs of the line in order: from a low to the high after it, over small dips.
pub(super) fn climbs(marks: &[Mark]) -> Vec<Climb> {
    let heights: Vec<(f64, f64)> =
        marks.iter().filter_map(|mark| Some((mark.metres, mark.height?))).collect();
    let mut found = Vec::new();
    let Some(first) = heights.first() else { return found };
    let (mut low, mut high) = (*first, *first);
    let mut close = |low: (f64, f64), high: (f64, f64)| {
        let climb = Climb { from_m: low.0, to_m: high.0, gain_m: high.1 - low.1 };
        if climb.gain_m >= LEAST_GAIN_M && climb.grade() >= LEAST_GRADE {
            found.push(climb);
        }
    };
    for here in heights {
        if here.1 > high.1 {
            high = here;
        } else if high.1 - here.1 > LARGEST_DIP_M {
            close(low, high);
            (low, high) = (here, here);
        }
        if here.1 <= low.1 {
            // A low before any climb: the climb begins here.
            if high.1 - low.1 >= LEAST_GAIN_M {
                close(low, high);
            }
            (low, high) = (here, here);
        }
    }
    close(low, high);
    found
}

/// The line as web maps write it: differences in units of 1e-5 degrees, five bits a letter.
pub(super) fn polyline(marks: &[Mark]) -> String {
    let mut text = String::new();
    let (mut lat, mut lon) = (0, 0);
    for mark in marks {
        let here = (units(mark.latitude), units(mark.longitude));
        letters(here.0 - lat, &mut text);
        letters(here.1 - lon, &mut text);
        (lat, lon) = here;
    }
    text
}

fn units(degrees: f64) -> i64 {
    crate::tools::whole(degrees * 1e5)
}

fn letters(difference: i64, text: &mut String) {
    let mut left = (difference << 1) ^ (difference >> 63);
    loop {
        let more = if left >= 0x20 { 0x20 } else { 0 };
        // Five bits and a flag, moved into the printable letters.
        text.push(char::from(u8::try_from((left & 0x1f | more) + 63).unwrap_or(b'?')));
        left >>= 5;
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(metres: f64, height: f64) -> Mark {
        Mark { metres, height: Some(height), latitude: 45.0, longitude: 4.0 }
    }

    #[test]
    fn distances_that_are_left_out_are_measured() {
        let point = |latitude: f64, distance_m: Option<f64>| GeoPoint {
            latitude: Some(latitude),
            longitude: Some(4.0),
            elevation_m: None,
            distance_m,
        };
        let points = [point(45.0, None), point(45.01, None), point(45.02, Some(0.0))];
        let marks = marks(&points.iter().collect::<Vec<_>>());
        assert!((marks[1].metres - 1_111.95).abs() < 0.1, "{marks:?}");
        assert!((marks[2].metres - 2_223.9).abs() < 0.2, "{marks:?}");
        let told = [point(45.0, Some(0.0)), point(45.01, Some(1_200.0)), GeoPoint::default()];
        let marks = super::marks(&told.iter().collect::<Vec<_>>());
        assert_eq!((marks.len(), marks[1].metres), (2, 1_200.0));
    }

    #[test]
    fn a_climb_runs_over_small_dips_and_ends_at_the_top() {
        let marks = [
            mark(0.0, 100.0),
            mark(500.0, 95.0),
            mark(1_000.0, 120.0),
            mark(1_200.0, 115.0),
            mark(2_000.0, 160.0),
            mark(3_000.0, 100.0),
            mark(3_500.0, 112.0),
            mark(4_000.0, 60.0),
            mark(5_000.0, 90.0),
        ];
        let found = climbs(&marks);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], Climb { from_m: 500.0, to_m: 2_000.0, gain_m: 65.0 });
        assert_eq!(found[1], Climb { from_m: 4_000.0, to_m: 5_000.0, gain_m: 30.0 });
        assert!(climbs(&[]).is_empty());
        assert!(climbs(&[mark(0.0, 5.0), mark(50_000.0, 40.0)]).is_empty(), "hardly a slope");
    }

    #[test]
    fn a_line_is_thinned_by_distance_and_keeps_its_ends() {
        let marks: Vec<Mark> = (0..1_000).map(|at| mark(f64::from(at), 0.0)).collect();
        let kept = thinned(&marks, 10);
        assert_eq!((kept.len(), kept[0].metres, kept[9].metres), (10, 0.0, 999.0));
        assert_eq!(thinned(&marks[..5], 10).len(), 5);
    }

    #[test]
    fn a_line_is_written_as_web_maps_do() {
        let at = |latitude, longitude| Mark { metres: 0.0, height: None, latitude, longitude };
        let line = [at(38.5, -120.2), at(40.7, -120.95), at(43.252, -126.453)];
        assert_eq!(polyline(&line), "_p~iF~ps|U_ulLnnqC_mqNvxq`@");
    }
}

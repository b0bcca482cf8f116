//! Numbers rounded by meaning, and moments as people read them.

use domain::region::Region;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Beats, steps, watts, seconds: nothing behind the point means anything.
pub(crate) fn whole(value: f64) -> i64 {
    // Saturates, and turns what is no number into zero.
    #[expect(clippy::cast_possible_truncation, reason = "measurements are far below 2^63")]
    let whole = value.round() as i64;
    whole
}

/// A count or a measurement as a number to reckon with.
pub(crate) fn float(value: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "measurements are far below 2^53")]
    let float = value as f64;
    float
}

/// Percent, degrees, load.
pub(crate) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Speeds, kilometres, kilograms.
pub(crate) fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A share in percent; none of nothing.
pub(crate) fn share(part: i64, all: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
    let share = (all > 0).then(|| tenth(100.0 * part as f64 / all as f64));
    share
}

/// A word of Garmin's in capitals, as a key in a result.
pub(crate) fn word(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// ISO 8601 with the offset of the place.
pub(crate) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The zone of a place: the athlete's own while they are in it, else the plain offset that
/// the clock on the wall had. The own one is better, for it knows when clocks change.
pub(crate) fn zone_there(at: Timestamp, offset: Option<Offset>, own: &TimeZone) -> TimeZone {
    match offset {
        Some(offset) if own.to_offset(at) != offset => offset.to_time_zone(),
        Some(_) | None => own.clone(),
    }
}

/// The same from the two times Garmin gives. Not in China, where the local one has been seen
/// shifted twice.
pub(crate) fn clock_there(
    at: Timestamp,
    local: Option<DateTime>,
    region: Region,
    own: &TimeZone,
) -> TimeZone {
    let offset = match region {
        Region::Global => local.and_then(|local| offset_there(at, local)),
        Region::China => None,
    };
    zone_there(at, offset, own)
}

/// How far the clock on the wall was ahead. Clocks of the world differ by quarters of an
/// hour; anything else is a fault of one of the two times.
fn offset_there(at: Timestamp, local: DateTime) -> Option<Offset> {
    let wall = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
    offset(wall.duration_since(at).as_secs())
}

/// An offset in seconds, to the quarter of an hour.
pub(crate) fn offset(seconds: i64) -> Option<Offset> {
    let seconds = i32::try_from((seconds + 450).div_euclid(900) * 900).ok()?;
    // Between Baker Island and the Line Islands.
    let real = (-12 * 3600..=14 * 3600).contains(&seconds);
    Offset::from_seconds(seconds).ok().filter(|_| real)
}

/// The same for something that happened where the clock on the wall showed `local`; the
/// offset is the difference. Either alone still says something.
pub(crate) fn moment_there(at: Option<Timestamp>, local: Option<DateTime>) -> Option<String> {
    match (at, local) {
        (Some(at), Some(local)) => {
            let offset = offset_there(at, local).unwrap_or(Offset::UTC);
            Some(moment(at, &offset.to_time_zone()))
        }
        (Some(at), None) => Some(moment(at, &TimeZone::UTC)),
        (None, Some(local)) => Some(local.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_of_a_place_is_the_difference_of_its_two_times() {
        let at: Timestamp = "2026-05-01T16:00:00Z".parse().unwrap();
        let local = |text: &str| Some(text.parse().unwrap());
        for (wall, expected) in [
            ("2026-05-01T18:00:00", "2026-05-01T18:00:00+02:00"),
            ("2026-05-01T12:00:00", "2026-05-01T12:00:00-04:00"),
            ("2026-05-01T21:45:00", "2026-05-01T21:45:00+05:45"),
            ("2026-05-01T18:00:01", "2026-05-01T18:00:00+02:00"),
        ] {
            assert_eq!(moment_there(Some(at), local(wall)).as_deref(), Some(expected));
        }
        assert_eq!(moment_there(Some(at), None).as_deref(), Some("2026-05-01T16:00:00+00:00"));
        let unsure = moment_there(None, local("2026-05-01T18:00:00"));
        assert_eq!(unsure.as_deref(), Some("2026-05-01T18:00:00"));
    }

    #[test]
    fn numbers_lose_what_means_nothing() {
        assert_eq!((whole(147.6), tenth(9.96), hundredth(2.967)), (148, 10.0, 2.97));
        assert_eq!((whole(f64::NAN), share(1, 0), share(1, 3)), (0, None, Some(33.3)));
    }
}

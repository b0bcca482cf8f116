//! The forms in which Garmin writes times.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// `2026-05-01T05:00:00.0`, with a space or a `T`, without a zone: GMT. A zone, where a
/// newer endpoint writes one, is honoured.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    // `+0000` without a colon is what some services write.
    if let Ok(instant) = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text) {
        return Some(instant);
    }
    // Courses spell the zone out.
    let text = text.strip_suffix(" GMT").unwrap_or(text);
    wall(text)?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The same text read as the clock on the wall.
pub(super) fn wall(text: &str) -> Option<DateTime> {
    text.trim().parse().ok()
}

/// Milliseconds that spell out the wall clock as if it were UTC.
pub(super) fn wall_from_millis(millis: i64) -> Option<DateTime> {
    let instant = Timestamp::from_millisecond(millis).ok()?;
    Some(instant.to_zoned(TimeZone::UTC).datetime())
}

/// A calendar day, alone or at the head of a time.
pub(super) fn date(text: &str) -> Option<Date> {
    text.trim().get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_the_reference_is_read() {
        for text in [
            "2026-05-01 16:00:00",
            "2026-05-01T16:00:00",
            "2026-05-01T16:00:00.0",
            "2026-05-01T16:00:00.000Z",
            "2026-05-01T18:00:00.000+02:00",
            "2026-05-01T18:00:00.000+0200",
            "2026-05-01 16:00:00.0 GMT",
        ] {
            assert_eq!(instant(text).unwrap().to_string(), "2026-05-01T16:00:00Z", "{text}");
        }
        assert_eq!(wall("2026-05-01 18:00:00").unwrap().to_string(), "2026-05-01T18:00:00");
        assert_eq!(date("2026-04-24T16:19:45.837").unwrap().to_string(), "2026-04-24");
        assert_eq!(wall_from_millis(1_777_618_800_000).unwrap().to_string(), "2026-05-01T07:00:00");
        for text in ["", "soon", "2026-02-30", "2026-05-01T25:00:00"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = (instant(&text), wall(&text), date(&text));
        }

        #[test]
        fn no_number_panics(millis in any::<i64>()) {
            let _ = wall_from_millis(millis);
        }
    }
}

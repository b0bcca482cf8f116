//! The spellings of time Garmin uses.

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Milliseconds since 1970, a true instant.
pub(crate) type Millis = i64;

pub(crate) const MINUTE: Millis = 60_000;
pub(crate) const HOUR: Millis = 60 * MINUTE;

fn utc(ms: Millis) -> jiff::civil::DateTime {
    let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    TimeZone::UTC.to_datetime(instant)
}

/// `2026-05-01T10:00:00.0`.
pub(crate) fn dotted(ms: Millis) -> String {
    utc(ms).strftime("%Y-%m-%dT%H:%M:%S.0").to_string()
}

/// `2026-05-01T10:00:00`.
pub(crate) fn plain(ms: Millis) -> String {
    utc(ms).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `2026-05-01 10:00:00`.
pub(crate) fn spaced(ms: Millis) -> String {
    utc(ms).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// An account's zone, and the instants of its days.
#[derive(Debug, Clone)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// The zone of this IANA name.
    ///
    /// # Errors
    /// When the bundled database does not know the name.
    pub(crate) fn named(name: &str) -> Result<Self, jiff::Error> {
        TimeZone::get(name).map(Self)
    }

    pub(crate) fn midnight(&self, date: Date) -> Millis {
        self.instant(date, 0)
    }

    /// The instant when the wall clock of `date` shows this many minutes after midnight.
    pub(crate) fn instant(&self, date: Date, minutes: i64) -> Millis {
        let wall = date
            .at(0, 0, 0, 0)
            .checked_add(jiff::SignedDuration::from_mins(minutes))
            .unwrap_or_else(|_| date.at(0, 0, 0, 0));
        self.0.to_timestamp(wall).map_or(0, jiff::Timestamp::as_millisecond)
    }

    pub(crate) fn date(&self, ms: Millis) -> Date {
        let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.0.to_datetime(instant).date()
    }

    /// How far the wall clock is ahead of UTC at this instant.
    pub(crate) fn offset(&self, ms: Millis) -> Millis {
        let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        i64::from(self.0.to_offset(instant).seconds()) * 1_000
    }

    /// The wall clock read as if it were UTC: how Garmin encodes local times.
    pub(crate) fn wall(&self, ms: Millis) -> Millis {
        ms + self.offset(ms)
    }
}

/// `date` moved by a number of days.
pub(crate) fn shift(date: Date, days: i64) -> Date {
    date.checked_add(jiff::Span::new().days(days)).unwrap_or(date)
}

/// Whole days from `from` to `to`.
pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_local_midnight_is_an_instant_and_its_wall_clock_reads_zero() {
        let zone = Zone::named("Europe/Paris").unwrap();
        let midnight = zone.midnight(date(2026, 5, 1));
        assert_eq!(dotted(midnight), "2026-04-30T22:00:00.0");
        assert_eq!(dotted(zone.wall(midnight)), "2026-05-01T00:00:00.0");
        assert_eq!(zone.date(midnight), date(2026, 5, 1));
    }

    #[test]
    fn a_day_with_a_clock_change_is_not_24_hours_long() {
        let zone = Zone::named("Europe/Paris").unwrap();
        let day = date(2026, 3, 29);
        assert_eq!(zone.midnight(shift(day, 1)) - zone.midnight(day), 23 * HOUR);
        assert_eq!(days_between(day, shift(day, 40)), 40);
    }
}

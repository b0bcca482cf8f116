//! The spellings of time Garmin uses.

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Milliseconds since 1970, a true instant.
pub(crate) type Millis = i64;

pub(crate) const MINUTE: Millis = 60_000;
pub(crate) const HOUR: Millis = 60 * MINUTE;

fn utc(ms: Millis) -> jiff::civil::DateTime {
    TimeZone::UTC.to_datetime(moment(ms))
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

/// The zones an athlete lives in, and the instants of their days. Garmin counts days by the clock
/// on the wrist: a journey makes the first and the last day longer or shorter.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    home: TimeZone,
    journey: Option<Journey>,
}

#[derive(Debug, Clone)]
struct Journey {
    zone: TimeZone,
    first: Date,
    last: Date,
    /// When the watch is set, and set back: the evenings before the first day abroad and before
    /// the first at home, so that no night is told in two zones.
    from: Millis,
    until: Millis,
}

/// How long before midnight a traveller's watch is set.
const SET_BEFORE: Millis = 6 * HOUR;

impl Zone {
    /// The zone of this IANA name.
    ///
    /// # Errors
    /// When the bundled database does not know the name.
    pub(crate) fn named(name: &str) -> Result<Self, jiff::Error> {
        Ok(Self { home: TimeZone::get(name)?, journey: None })
    }

    /// The same life with the days from `first` to `last` spent in the zone of this name.
    ///
    /// # Errors
    /// When the bundled database does not know the name.
    pub(crate) fn with_journey(
        self,
        name: &str,
        (first, last): (Date, Date),
    ) -> Result<Self, jiff::Error> {
        let zone = TimeZone::get(name)?;
        let from = instant_in(&zone, first, 0) - SET_BEFORE;
        let until = instant_in(&self.home, shift(last, 1), 0) - SET_BEFORE;
        Ok(Self { journey: Some(Journey { zone, first, last, from, until }), ..self })
    }

    /// The days spent elsewhere.
    pub(crate) fn journey(&self) -> Option<(Date, Date)> {
        self.journey.as_ref().map(|journey| (journey.first, journey.last))
    }

    pub(crate) fn midnight(&self, date: Date) -> Millis {
        self.instant(date, 0)
    }

    /// The instant when the wall clock of `date` shows this many minutes after midnight.
    pub(crate) fn instant(&self, date: Date, minutes: i64) -> Millis {
        let zone = match &self.journey {
            Some(journey) if (journey.first..=journey.last).contains(&date) => &journey.zone,
            Some(_) | None => &self.home,
        };
        instant_in(zone, date, minutes)
    }

    pub(crate) fn date(&self, ms: Millis) -> Date {
        self.at(ms).to_datetime(moment(ms)).date()
    }

    /// How far the wall clock is ahead of UTC at this instant.
    pub(crate) fn offset(&self, ms: Millis) -> Millis {
        i64::from(self.at(ms).to_offset(moment(ms)).seconds()) * 1_000
    }

    /// The wall clock read as if it were UTC: how Garmin encodes local times.
    pub(crate) fn wall(&self, ms: Millis) -> Millis {
        ms + self.offset(ms)
    }

    fn at(&self, ms: Millis) -> &TimeZone {
        match &self.journey {
            Some(journey) if (journey.from..journey.until).contains(&ms) => &journey.zone,
            Some(_) | None => &self.home,
        }
    }
}

fn moment(ms: Millis) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn instant_in(zone: &TimeZone, date: Date, minutes: i64) -> Millis {
    let wall = date
        .at(0, 0, 0, 0)
        .checked_add(jiff::SignedDuration::from_mins(minutes))
        .unwrap_or_else(|_| date.at(0, 0, 0, 0));
    zone.to_timestamp(wall).map_or(0, jiff::Timestamp::as_millisecond)
}

/// The Monday of a date's week.
pub(crate) fn monday(date: Date) -> Date {
    shift(date, -i64::from(date.weekday().to_monday_zero_offset()))
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

    #[test]
    fn a_journey_moves_the_days_between_to_another_clock() {
        let week = (date(2026, 5, 4), date(2026, 5, 10));
        let zone = Zone::named("Europe/Paris").unwrap();
        let zone = zone.with_journey("America/New_York", week).unwrap();
        let length = |day: Date| (zone.midnight(shift(day, 1)) - zone.midnight(day)) / HOUR;
        assert_eq!(length(date(2026, 5, 3)), 30);
        assert_eq!(length(date(2026, 5, 4)), 24);
        assert_eq!(length(date(2026, 5, 10)), 18);
        for back in -3..12 {
            let day = shift(week.0, back);
            assert_eq!(zone.date(zone.midnight(day)), day);
            assert_eq!(zone.date(zone.midnight(shift(day, 1)) - MINUTE), day);
            assert_eq!(dotted(zone.wall(zone.midnight(day))), format!("{day}T00:00:00.0"));
        }
        let noon = zone.instant(date(2026, 5, 6), 12 * 60);
        assert_eq!(dotted(noon), "2026-05-06T16:00:00.0");
        assert_eq!(zone.offset(noon), -4 * HOUR);
    }
}

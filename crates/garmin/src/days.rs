//! Calendar days in the athlete's own zone. Garmin files everything under one.

use std::fmt;
use std::str::FromStr;

use domain::clock::Clock;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// One calendar day of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// The text names no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDay {
    #[error("not a date such as `2026-05-01`")]
    NotADate,
    #[error("the calendar has no such day")]
    Impossible,
}

impl Day {
    /// The day it is now for somebody living in `zone`.
    #[must_use]
    pub fn today(clock: &dyn Clock, zone: &TimeZone) -> Self {
        let now = jiff::Timestamp::from_second(clock.now().0).unwrap_or_default();
        Self(now.to_zoned(zone.clone()).date())
    }

    #[must_use]
    pub fn of(date: Date) -> Self {
        Self(date)
    }

    #[must_use]
    pub fn date(self) -> Date {
        self.0
    }

    /// The day before; the first day of the calendar stays where it is.
    #[must_use]
    pub fn before(self) -> Self {
        self.back(1)
    }

    /// `days` earlier, stopping at the calendar's first day.
    #[must_use]
    pub fn back(self, days: u32) -> Self {
        Self(self.0.saturating_sub(i64::from(days).days()))
    }

    /// `days` later, stopping at the calendar's last day.
    #[must_use]
    pub fn forward(self, days: u32) -> Self {
        Self(self.0.saturating_add(i64::from(days).days()))
    }
}

impl FromStr for Day {
    type Err = BadDay;

    /// `YYYY-MM-DD` and nothing else, so that `2026-1-2` and week dates are not guessed at.
    fn from_str(text: &str) -> Result<Self, BadDay> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(BadDay::NotADate);
        }
        text.parse().map(Self).map_err(|_| BadDay::Impossible)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRange {
    first: Day,
    last: Day,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRange {
    #[error("the range ends before it starts")]
    Backwards,
    #[error("the range is longer than {longest} days")]
    TooLong { longest: u32 },
}

impl DayRange {
    /// `longest` is what the caller will answer for; longer ranges than an endpoint takes are
    /// split by the crate.
    pub fn new(first: Day, last: Day, longest: u32) -> Result<Self, BadRange> {
        if last < first {
            return Err(BadRange::Backwards);
        }
        let range = Self { first, last };
        if range.length() > longest { Err(BadRange::TooLong { longest }) } else { Ok(range) }
    }

    #[must_use]
    pub fn one(day: Day) -> Self {
        Self { first: day, last: day }
    }

    #[must_use]
    pub fn first(&self) -> Day {
        self.first
    }

    #[must_use]
    pub fn last(&self) -> Day {
        self.last
    }

    /// How many days the range has; at least one.
    #[must_use]
    pub fn length(&self) -> u32 {
        let days = self.first.0.until(self.last.0).map_or(0, |span| span.get_days());
        u32::try_from(days).unwrap_or(0).saturating_add(1)
    }

    pub fn days(&self) -> impl Iterator<Item = Day> + use<> {
        let first = self.first;
        (0..self.length()).map(move |days| first.forward(days))
    }

    /// The range in pieces of at most `longest` days, in order.
    pub fn windows(self, longest: u32) -> impl Iterator<Item = Self> + use<> {
        let step = usize::try_from(longest.max(1)).unwrap_or(1);
        self.days().step_by(step).map(move |first| Self {
            first,
            last: first.forward(longest.max(1) - 1).min(self.last),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::clock::{ManualClock, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn today_depends_on_where_the_athlete_lives() {
        // 2026-05-01T23:30:00Z
        let clock = ManualClock::at(Timestamp(1_777_678_200));
        let today = |zone: &str| Day::today(&clock, &TimeZone::get(zone).unwrap()).to_string();
        assert_eq!(today("UTC"), "2026-05-01");
        assert_eq!(today("Europe/Paris"), "2026-05-02");
        assert_eq!(today("America/Los_Angeles"), "2026-05-01");
        assert_eq!(today("Pacific/Kiritimati"), "2026-05-02");
    }

    #[test]
    fn iso_dates_are_days_and_nothing_else_is() {
        assert_eq!("2024-02-29".parse::<Day>().unwrap().to_string(), "2024-02-29");
        for text in ["2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31"] {
            assert_eq!(text.parse::<Day>(), Err(BadDay::Impossible), "{text}");
        }
        for text in [
            "",
            "today",
            " 2026-05-01",
            "2026-5-1",
            "20260501",
            "2026-05-01T00:00",
            "2026/05/01",
            "٢٠٢٦",
        ] {
            assert_eq!(text.parse::<Day>(), Err(BadDay::NotADate), "{text}");
        }
    }

    #[test]
    fn a_range_is_neither_backwards_nor_too_long() {
        let (first, last) = (day("2026-02-27"), day("2026-03-02"));
        let range = DayRange::new(first, last, 4).unwrap();
        assert_eq!(range.length(), 4);
        let days: Vec<_> = range.days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
        assert_eq!(DayRange::new(last, first, 4), Err(BadRange::Backwards));
        assert_eq!(DayRange::new(first, last, 3), Err(BadRange::TooLong { longest: 3 }));
        assert_eq!(DayRange::one(first).length(), 1);
    }

    proptest! {
        #[test]
        fn windows_cover_every_day_once(length in 1u32..400, longest in 1u32..40) {
            let first = day("2025-01-01");
            let range = DayRange::new(first, first.forward(length - 1), length).unwrap();
            let mut expected = first;
            let mut count = 0;
            for window in range.windows(longest) {
                prop_assert_eq!(window.first(), expected);
                prop_assert!(window.length() <= longest);
                count += window.length();
                expected = window.last().forward(1);
            }
            prop_assert_eq!(count, length);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Day>();
        }
    }
}

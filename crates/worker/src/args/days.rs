//! Days and stretches of days as people name them.

use std::borrow::Cow;

use garmin::days::{BadDay, BadRange, Day, DayRange};
use jiff::ToSpan;
use jiff::civil::Weekday;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::ToolError;

const ALLOWED: &str = "allowed are YYYY-MM-DD, `today`, `yesterday`, `-3d` and weekdays";
/// Nobody means a day further away.
const MOST_DAYS: u32 = 20_000;

/// A day as a person names it. Turned into a date where the athlete's zone is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NamedDay {
    #[default]
    Today,
    Back(u32),
    Ahead(u32),
    /// The latest one that is not to come.
    Last(Weekday),
    On(Day),
}

/// Whether days to come may be meant: they have plans, but no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    UpToToday,
    AnyDay,
}

impl NamedDay {
    /// The date, given what today is. Days to come have no data and are refused.
    pub(crate) fn resolve(self, field: &'static str, today: Day) -> Result<Day, ToolError> {
        self.within(field, today, Reach::UpToToday)
    }

    /// The date, as far as `reach` goes.
    pub(crate) fn within(
        self,
        field: &'static str,
        today: Day,
        reach: Reach,
    ) -> Result<Day, ToolError> {
        let day = match self {
            Self::Today => today,
            Self::Back(days) => today.back(days),
            Self::Ahead(days) => today.forward(days),
            Self::Last(weekday) => {
                let back = weekday.until(today.date().weekday());
                today.back(u32::from(back.unsigned_abs()))
            }
            Self::On(day) => day,
        };
        if day < first_day() {
            let problem = format!(
                "{day} is before Garmin kept anything. Allowed is any day from {} up to today",
                first_day()
            );
            return Err(ToolError::argument(field, problem));
        }
        if day > today && reach == Reach::UpToToday {
            let problem = format!(
                "{day} is in the future; today is {today} in the athlete's time zone. Allowed \
                 is any day up to today"
            );
            return Err(ToolError::argument(field, problem));
        }
        Ok(day)
    }

    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        if let Some(named) = Self::word(&text) {
            return Ok(named);
        }
        text.parse().map(Self::On).map_err(|bad| match bad {
            BadDay::NotADate => format!("not a date; {ALLOWED}"),
            BadDay::Impossible => format!("the calendar has no such day; {ALLOWED}"),
        })
    }

    fn word(text: &str) -> Option<Self> {
        match text {
            "today" => return Some(Self::Today),
            "yesterday" => return Some(Self::Back(1)),
            "tomorrow" => return Some(Self::Ahead(1)),
            _ => {}
        }
        if let Some(days) = text.strip_suffix('d') {
            let count = |days: &str| days.parse().ok().filter(|days| *days <= MOST_DAYS);
            if let Some(back) = days.strip_prefix('-') {
                return count(back).map(Self::Back);
            }
            if let Some(ahead) = days.strip_prefix('+') {
                return count(ahead).map(Self::Ahead);
            }
        }
        weekday(text).map(Self::Last)
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let at = names.iter().position(|name| *name == text || name[..3] == *text)?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

/// The year Garmin was founded in holds nobody's data; earlier ones Garmin answers with errors.
fn first_day() -> Day {
    Day::of(jiff::civil::date(1989, 1, 1))
}

/// A stretch of days that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    /// So many days up to the last one.
    Days(u32),
    Months(u32),
    Years(u32),
    ThisWeek,
    LastWeek,
    ThisMonth,
    LastMonth,
    ThisYear,
    LastYear,
}

impl Period {
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "this_week" => return Some(Self::ThisWeek),
            "last_week" => return Some(Self::LastWeek),
            "this_month" => return Some(Self::ThisMonth),
            "last_month" => return Some(Self::LastMonth),
            "this_year" => return Some(Self::ThisYear),
            "last_year" => return Some(Self::LastYear),
            _ => {}
        }
        let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
        let count: u32 = text[..digits].parse().ok().filter(|count| *count > 0)?;
        let period = match &text[digits..] {
            "d" => Self::Days(count),
            "w" => Self::Days(count.checked_mul(7)?),
            "m" | "mo" => Self::Months(count),
            "y" => Self::Years(count),
            _ => return None,
        };
        let long = match period {
            Self::Days(days) => days > MOST_DAYS,
            Self::Months(months) => months > MOST_DAYS / 30,
            Self::Years(years) => years > MOST_DAYS / 365,
            Self::ThisWeek
            | Self::LastWeek
            | Self::ThisMonth
            | Self::LastMonth
            | Self::ThisYear
            | Self::LastYear => false,
        };
        (!long).then_some(period)
    }

    /// First and last day, when the period ends on, or `today` lies in, the day given. Weeks
    /// begin on Mondays.
    pub(crate) fn around(self, today: Day) -> (Day, Day) {
        let date = today.date();
        let before = |first: jiff::civil::Date| Day::of(first.saturating_sub(1.day()));
        let monday = u32::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        match self {
            Self::Days(days) => (today.back(days - 1), today),
            Self::Months(months) => {
                (Day::of(date.saturating_sub(i64::from(months).months())).forward(1), today)
            }
            Self::Years(years) => {
                (Day::of(date.saturating_sub(i64::from(years).years())).forward(1), today)
            }
            Self::ThisWeek => (today.back(monday), today),
            Self::LastWeek => (today.back(monday + 7), today.back(monday + 1)),
            Self::ThisMonth => (Day::of(date.first_of_month()), today),
            Self::LastMonth => {
                let last = before(date.first_of_month());
                (Day::of(last.date().first_of_month()), last)
            }
            Self::ThisYear => (Day::of(date.first_of_year()), today),
            Self::LastYear => {
                let last = before(date.first_of_year());
                (Day::of(last.date().first_of_year()), last)
            }
        }
    }
}

/// Where a range begins: a day, or a period that also says where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeStart {
    Day(NamedDay),
    Period(Period),
}

/// The arguments of a range, for tools that have no others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RangeArgs {
    /// Day or period: `last_month`, `90d`
    pub(crate) start_date: Option<RangeStart>,
    pub(crate) end_date: Option<NamedDay>,
}

/// What a range may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Days up to the last one, where no start is given.
    pub(crate) usual: u32,
    pub(crate) longest: u32,
    pub(crate) reach: Reach,
}

impl Window {
    pub(crate) const fn past(usual: u32, longest: u32) -> Self {
        Self { usual, longest, reach: Reach::UpToToday }
    }
}

impl RangeArgs {
    pub(crate) fn range(&self, today: Day, window: Window) -> Result<DayRange, ToolError> {
        range(self.start_date, self.end_date, today, window)
    }
}

/// The days from `start_date` to `end_date`.
pub(crate) fn range(
    start: Option<RangeStart>,
    end: Option<NamedDay>,
    today: Day,
    window: Window,
) -> Result<DayRange, ToolError> {
    let given_end = end.map(|end| end.within("end_date", today, window.reach)).transpose()?;
    let last = given_end.unwrap_or(today);
    let (first, last) = match start {
        None => (last.back(window.usual - 1), last),
        Some(RangeStart::Day(start)) => {
            let first = start.within("start_date", today, window.reach)?;
            // A start that lies ahead is not meant to end today.
            (first, given_end.unwrap_or(last.max(first)))
        }
        Some(RangeStart::Period(period)) => {
            let (first, end) = period.around(last);
            (first.max(first_day()), end)
        }
    };
    DayRange::new(first, last, window.longest).map_err(|bad| match bad {
        BadRange::Backwards => ToolError::argument(
            "end_date",
            format!("{last} lies before `start_date` {first}; allowed is {first} or later"),
        ),
        BadRange::TooLong { longest } => ToolError::argument(
            "start_date",
            format!(
                "{first} to {last} is too long; allowed are at most {longest} days, so with \
                 this `end_date` {} or later",
                last.back(longest - 1)
            ),
        ),
    })
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(D::Error::custom(format!("not a text; {ALLOWED}")))
        }
    }
}

impl<'de> Deserialize<'de> for NamedDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&text(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for RangeStart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text(deserializer)?;
        match Period::read(text.trim().to_ascii_lowercase().as_str()) {
            Some(period) => Ok(Self::Period(period)),
            None => NamedDay::read(&text).map(Self::Day).map_err(|problem| {
                D::Error::custom(format!(
                    "{problem}, or a period: `this_week`, `last_month`, `90d`"
                ))
            }),
        }
    }
}

impl JsonSchema for NamedDay {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl JsonSchema for RangeStart {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RangeStart".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the arguments are")]
    fn start(text: &str) -> Option<RangeStart> {
        Some(serde_json::from_value(text.into()).unwrap())
    }

    fn named(text: &str) -> NamedDay {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn days_are_named_in_several_ways() {
        // A Sunday.
        let today = day("2026-05-10");
        for (text, expected) in [
            ("today", "2026-05-10"),
            (" Yesterday ", "2026-05-09"),
            ("-3d", "2026-05-07"),
            ("sunday", "2026-05-10"),
            ("Monday", "2026-05-04"),
            ("sat", "2026-05-09"),
            ("2026-05-01", "2026-05-01"),
        ] {
            assert_eq!(named(text).resolve("date", today), Ok(day(expected)), "{text}");
        }
        assert_eq!(named("tomorrow").within("date", today, Reach::AnyDay), Ok(day("2026-05-11")));
        assert!(named("+2d").resolve("date", today).is_err());
        for bad in ["", "-d", "--3d", "3d", "-99999d", "mond", "1.5.2026", "2026-02-30"] {
            assert!(serde_json::from_value::<NamedDay>(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_period_says_where_a_range_begins_and_ends() {
        // A Wednesday.
        let today = day("2026-03-04");
        let range = |text: &str| {
            let range = range(start(text), None, today, Window::past(7, 800)).unwrap();
            format!("{} {}", range.first(), range.last())
        };
        for (text, expected) in [
            ("7d", "2026-02-26 2026-03-04"),
            ("2w", "2026-02-19 2026-03-04"),
            ("3mo", "2025-12-05 2026-03-04"),
            ("1y", "2025-03-05 2026-03-04"),
            ("this_week", "2026-03-02 2026-03-04"),
            ("last_week", "2026-02-23 2026-03-01"),
            ("this_month", "2026-03-01 2026-03-04"),
            ("last_month", "2026-02-01 2026-02-28"),
            ("last_year", "2025-01-01 2025-12-31"),
            ("-6d", "2026-02-26 2026-03-04"),
        ] {
            assert_eq!(range(text), expected, "{text}");
        }
        for bad in ["0d", "99999d", "d", "7x", "last_decade"] {
            assert!(serde_json::from_value::<RangeStart>(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_range_runs_forward_and_has_an_end() {
        let today = day("2026-05-10");
        let window = Window::past(7, 10);
        let week = range(start("2026-05-01"), None, today, window).unwrap();
        assert_eq!(week.length(), 10);
        assert_eq!(range(None, None, today, window).unwrap().length(), 7);
        let backwards = range(start("today"), Some(named("yesterday")), today, window).unwrap_err();
        assert!(backwards.to_string().starts_with("`end_date`"), "{backwards}");
        let long = range(start("2026-04-30"), None, today, window).unwrap_err().to_string();
        assert!(long.starts_with("`start_date`") && long.contains("2026-05-01 or later"), "{long}");
        let plans = Window { usual: 7, longest: 60, reach: Reach::AnyDay };
        let ahead = range(start("2026-05-20"), None, today, plans).unwrap();
        assert_eq!((ahead.first(), ahead.last()), (day("2026-05-20"), day("2026-05-20")));
    }

    #[test]
    fn a_day_to_come_is_refused_with_what_today_is() {
        let today = day("2026-05-01");
        let refused = NamedDay::On(today.forward(1)).resolve("end_date", today).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("`end_date`") && text.contains("2026-05-01"), "{text}");
    }

    #[test]
    fn a_day_before_there_was_garmin_is_refused_with_the_first_one() {
        let today = day("2026-05-01");
        for early in ["0000-01-01", "1800-01-01", "1988-12-31"] {
            let refused = NamedDay::On(day(early)).resolve("date", today).unwrap_err();
            let text = refused.to_string();
            assert!(text.contains("`date`") && text.contains("1989-01-01"), "{text}");
        }
    }
}

//! When something was measured: the clock on the wall, and the instant. Garmin wants both.

use std::borrow::Cow;

use garmin::days::Day;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::account::Account;
use crate::args::NamedDay;
use crate::error::ToolError;

/// How far a clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// A moment as Garmin files it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    pub(super) wall: DateTime,
    pub(super) at: Timestamp,
}

/// A moment in an argument: on the clock on the wall, or with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    Wall(DateTime),
    Instant(Timestamp),
}

/// A time of day in an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock(Time);

impl Stamp {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(at) = text.parse() {
            return Some(Self::Instant(at));
        }
        text.parse().ok().map(Self::Wall)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| {
            D::Error::custom("not a time; allowed is YYYY-MM-DDTHH:MM:SS, with or without offset")
        })
    }
}

impl JsonSchema for Stamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Stamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = text.trim().parse().map(Self);
        time.map_err(|_| D::Error::custom("not a time of day; allowed is HH:MM or HH:MM:SS"))
    }
}

impl JsonSchema for Clock {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Clock".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// `YYYY-MM-DDTHH:MM:SS.mmm`, the only form Garmin takes here.
fn stamp(wall: DateTime) -> String {
    wall.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

impl When {
    pub(super) fn date(self) -> Date {
        self.wall.date()
    }

    pub(super) fn local(self) -> String {
        stamp(self.wall)
    }

    pub(super) fn gmt(self) -> String {
        stamp(self.at.to_zoned(TimeZone::UTC).datetime())
    }

    /// With the offset of the place.
    pub(super) fn shown(self) -> String {
        let utc = self.at.to_zoned(TimeZone::UTC).datetime();
        let ahead = self.wall.duration_since(utc).as_secs();
        let offset =
            i32::try_from(ahead).ok().and_then(|secs| jiff::tz::Offset::from_seconds(secs).ok());
        let zone = offset.unwrap_or(jiff::tz::Offset::UTC).to_time_zone();
        self.at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    fn on_wall(field: &'static str, wall: DateTime, zone: &TimeZone) -> Result<Self, ToolError> {
        let zoned = wall.to_zoned(zone.clone());
        let zoned =
            zoned.map_err(|_| ToolError::argument(field, "the calendar has no such time"))?;
        // In the hour that a clock leaps over, the clock shows another time.
        Ok(Self { wall: zoned.datetime(), at: zoned.timestamp() })
    }

    fn at(at: Timestamp, zone: &TimeZone) -> Self {
        let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
        Self { wall: whole.to_zoned(zone.clone()).datetime(), at: whole }
    }

    /// What has not happened yet cannot have been measured.
    fn not_ahead(self, field: &'static str, now: Timestamp) -> Result<Self, ToolError> {
        if self.at > now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX) {
            let problem = format!("{} is in the future; allowed is up to now", self.shown());
            return Err(ToolError::argument(field, problem));
        }
        Ok(self)
    }
}

/// The athlete's clock.
pub(super) struct Now {
    pub(super) now: Timestamp,
    pub(super) zone: TimeZone,
    pub(super) today: Day,
}

impl Now {
    pub(super) async fn of(account: &Account) -> Result<Self, ToolError> {
        let today = account.today().await?;
        let zone = account.garmin()?.zone().await?;
        let now = Timestamp::from_second(account.clock.now().0).unwrap_or_default();
        Ok(Self { now, zone, today })
    }

    pub(super) fn now(&self) -> When {
        When::at(self.now, &self.zone)
    }

    /// A day and a time of it: now where neither is given, noon of a day without a time.
    pub(super) fn on(&self, day: Option<NamedDay>, time: Option<Clock>) -> Result<When, ToolError> {
        let day = day.unwrap_or_default().resolve("date", self.today)?;
        let field = if time.is_some() { "time" } else { "date" };
        let time = match time {
            Some(Clock(time)) => time,
            None if day == self.today => return Ok(self.now()),
            None => Time::constant(12, 0, 0, 0),
        };
        When::on_wall(field, day.date().to_datetime(time), &self.zone)?.not_ahead(field, self.now)
    }

    /// A moment of an argument, or now.
    pub(super) fn stamped(
        &self,
        field: &'static str,
        stamp: Option<Stamp>,
    ) -> Result<When, ToolError> {
        let when = match stamp {
            None => return Ok(self.now()),
            Some(Stamp::Wall(wall)) => When::on_wall(field, wall, &self.zone)?,
            Some(Stamp::Instant(at)) => When::at(at, &self.zone),
        };
        when.not_ahead(field, self.now)
    }

    /// Both clocks as a caller gave them; where only one is given, the other follows from the
    /// athlete's zone.
    pub(super) fn both(&self, local: Option<Stamp>, gmt: Option<Stamp>) -> Result<When, ToolError> {
        let at = match gmt {
            None => None,
            Some(Stamp::Instant(at)) => Some(at),
            Some(Stamp::Wall(utc)) => utc.to_zoned(TimeZone::UTC).ok().map(|it| it.timestamp()),
        };
        let (Some(Stamp::Wall(wall)), Some(at)) = (local, at) else {
            return self.stamped("date_timestamp", local.or(at.map(Stamp::Instant)));
        };
        let utc = at.to_zoned(TimeZone::UTC).datetime();
        let apart = wall.duration_since(utc).as_secs();
        if !(-12 * 3_600..=14 * 3_600).contains(&apart) || apart % 900 != 0 {
            return Err(ToolError::argument(
                "gmt_timestamp",
                "is not the same moment as `date_timestamp` in any time zone; leave it out and \
                 the athlete's own is used",
            ));
        }
        When { wall, at }.not_ahead("date_timestamp", self.now)
    }

    /// Up to which day something may be dated.
    pub(super) fn day(&self, field: &'static str, day: NamedDay) -> Result<Day, ToolError> {
        day.resolve(field, self.today)
    }

    /// The same moment on another day, for what belongs to a day and not to a moment.
    pub(super) fn moved_to(&self, day: Day) -> Result<When, ToolError> {
        let now = self.now();
        let days = now.date().until(day.date()).map_or(0, |span| span.get_days());
        let wall = now.wall.checked_add(i64::from(days).days()).unwrap_or(now.wall);
        When::on_wall("timestamp", wall, &self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(now: &str) -> Now {
        Now {
            now: now.parse().unwrap(),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            today: "2026-05-10".parse().unwrap(),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the arguments are")]
    fn read(text: &str) -> Option<Stamp> {
        Some(Stamp::read(text).unwrap())
    }

    #[test]
    fn garmin_is_told_the_clock_on_the_wall_and_greenwich() {
        let clock = berlin("2026-05-10T06:30:05.7Z");
        let now = clock.now();
        assert_eq!(now.local(), "2026-05-10T08:30:05.000");
        assert_eq!(now.gmt(), "2026-05-10T06:30:05.000");
        assert_eq!(now.shown(), "2026-05-10T08:30:05+02:00");
        let noon = clock.on(Some(NamedDay::Back(60)), None).unwrap();
        assert_eq!(
            (noon.local().as_str(), noon.gmt().as_str()),
            ("2026-03-11T12:00:00.000", "2026-03-11T11:00:00.000")
        );
        let early = clock.on(None, Some(Clock(Time::constant(7, 5, 0, 0)))).unwrap();
        assert_eq!(early.gmt(), "2026-05-10T05:05:00.000");
        assert!(clock.on(None, Some(Clock(Time::constant(9, 0, 0, 0)))).is_err());
    }

    #[test]
    fn the_hour_that_a_clock_leaps_over_is_told_as_the_clock_shows_it() {
        let clock = berlin("2026-05-10T06:30:00Z");
        let when = clock.stamped("timestamp", read("2026-03-29T02:30:00")).unwrap();
        assert_eq!(
            (when.local().as_str(), when.gmt().as_str()),
            ("2026-03-29T03:30:00.000", "2026-03-29T01:30:00.000")
        );
    }

    #[test]
    fn both_clocks_have_to_be_of_one_moment() {
        let clock = berlin("2026-05-10T06:30:00Z");
        let both = |local: &str, gmt: &str| clock.both(read(local), read(gmt));
        let abroad = both("2026-05-01T08:00:00", "2026-05-01T12:00:00").unwrap();
        assert_eq!(abroad.shown(), "2026-05-01T08:00:00-04:00");
        let spelled = both("2026-05-01T08:00:00", "2026-05-01T12:00:00Z").unwrap();
        assert_eq!(spelled, abroad);
        assert!(both("2026-05-01T08:00:00", "2026-05-03T12:00:00").is_err());
        assert!(both("2026-05-01T08:00:00", "2026-05-01T08:07:00").is_err());
        let alone = clock.both(read("2026-05-01T08:00:00"), None).unwrap();
        assert_eq!(alone.gmt(), "2026-05-01T06:00:00.000");
        assert_eq!(clock.both(None, None).unwrap(), clock.now());
        assert!(clock.stamped("timestamp", read("2026-05-10T09:00:00")).is_err());
        for bad in ["", "yesterday", "2026-02-30T08:00:00", "2026-05-01T25:00"] {
            assert_eq!(Stamp::read(bad), None, "{bad}");
        }
    }
}

//! Races and other events.

use garmin::model::{CalendarItem, EventTarget};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::months::{DateRange, days, read};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{NamedDay, RangeStart};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::whole;

/// Where no day is given: the races of about half a year.
const AHEAD: u32 = 180;

/// `get_calendar_events`
pub(super) struct CalendarEvents;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventArgs {
    /// Default today, with half a year to come
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    races_only: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EventsAnswer {
    status: Status,
    date_range: DateRange,
    count: usize,
    events: Vec<Event>,
    complete: bool,
    missing_ranges: Option<Vec<DateRange>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "names that others rely on")]
struct Event {
    id: Option<i64>,
    title: Option<String>,
    date: String,
    is_race: bool,
    primary_event: Option<bool>,
    distance_meters: Option<i64>,
    duration_seconds: Option<i64>,
    goal_time_seconds: Option<i64>,
    predicted_time_seconds: Option<i64>,
    start_time_local: Option<String>,
    time_zone: Option<String>,
    location: Option<String>,
    url: Option<String>,
    event_uuid: Option<String>,
}

/// Metres, where the target is a distance.
fn metres(target: &EventTarget) -> Option<f64> {
    let value = target.value.filter(|value| *value > 0.0)?;
    match target.unit.as_deref()?.to_ascii_lowercase().as_str() {
        "meter" | "meters" | "metre" | "m" => Some(value),
        "kilometer" | "kilometers" | "kilometre" | "km" => Some(value * 1_000.0),
        "mile" | "miles" | "mi" => Some(value * 1_609.344),
        "yard" | "yards" | "yd" => Some(value * 0.914_4),
        _ => None,
    }
}

/// Seconds, where it is a time.
fn seconds(target: &EventTarget) -> Option<f64> {
    let value = target.value.filter(|value| *value > 0.0)?;
    match target.unit.as_deref()?.to_ascii_lowercase().as_str() {
        "second" | "seconds" | "s" => Some(value),
        "minute" | "minutes" | "min" => Some(value * 60.0),
        "hour" | "hours" | "h" => Some(value * 3_600.0),
        "millisecond" | "milliseconds" | "ms" => Some(value / 1_000.0),
        _ => None,
    }
}

/// With the offset the clock has there on that day.
fn start_time(date: Date, start: &str, zone: Option<&str>) -> Option<String> {
    let (hours, minutes) = start.split_once(':')?;
    let time = Time::new(hours.parse().ok()?, minutes.get(..2)?.parse().ok()?, 0, 0).ok()?;
    let local = date.to_datetime(time);
    let there = zone.and_then(|zone| TimeZone::get(zone).ok());
    Some(match there.and_then(|zone| local.to_zoned(zone).ok()) {
        Some(zoned) => zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        None => local.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
    })
}

fn event(item: CalendarItem) -> Option<Event> {
    let date = item.date?;
    let time = item.event_time.unwrap_or_default();
    let own = item.customization.unwrap_or_default();
    let goal = own.goal.as_ref();
    Some(Event {
        id: item.id,
        title: item.title,
        date: date.to_string(),
        is_race: item.race == Some(true),
        primary_event: item.primary.or(own.primary),
        distance_meters: item.completion.as_ref().and_then(metres).map(whole),
        duration_seconds: item.completion.as_ref().and_then(seconds).map(whole),
        goal_time_seconds: goal.and_then(seconds).map(whole),
        predicted_time_seconds: own.predicted_s.or(own.projected_s).map(whole),
        start_time_local: time
            .start
            .as_deref()
            .and_then(|start| start_time(date, start, time.zone.as_deref())),
        time_zone: time.zone,
        location: item.location,
        url: item.url,
        event_uuid: item.event_uuid,
    })
}

impl Tool for CalendarEvents {
    const NAME: &'static str = "get_calendar_events";
    const TITLE: &'static str = "Races and events";
    const DESCRIPTION: &'static str = "Races and other events on the calendar, with distance, \
        start and place; the coming half year when no dates are given.";
    type Args = EventArgs;
    type Answer = EventsAnswer;

    async fn call(account: &Account, args: EventArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let end = match (args.start_date, args.end_date) {
            (None, None) => Some(NamedDay::On(today.forward(AHEAD))),
            (_, end) => end,
        };
        let start = match (args.start_date, args.end_date) {
            (None, None) => Some(RangeStart::Day(NamedDay::Today)),
            (start, _) => start,
        };
        let range = days(start, end, today)?;
        let found = read(&account.garmin()?, range).await?;
        let events: Vec<Event> = found
            .items
            .into_iter()
            .filter(|item| {
                matches!(item.kind.as_deref(), Some("event" | "race")) || item.race == Some(true)
            })
            .filter(|item| !args.races_only || item.race == Some(true))
            .filter_map(event)
            .collect();
        Ok(EventsAnswer {
            status: if events.is_empty() { Status::NoData } else { Status::Ok },
            date_range: DateRange::of(range),
            count: events.len(),
            events,
            complete: found.missing.is_empty(),
            missing_ranges: Some(found.missing).filter(|missing| !missing.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_times_keep_their_unit() {
        let target = |value: f64, unit: &str| EventTarget {
            value: Some(value),
            unit: Some(unit.to_owned()),
            unit_type: None,
        };
        assert_eq!(metres(&target(21.0975, "kilometer")), Some(21_097.5));
        assert_eq!(metres(&target(26.2, "mile")).map(f64::round), Some(42_165.0));
        assert_eq!(metres(&target(5_400.0, "second")), None);
        assert_eq!(seconds(&target(90.0, "minute")), Some(5_400.0));
    }

    #[test]
    fn a_start_has_the_offset_of_its_place_and_day() {
        let date = jiff::civil::date(2026, 7, 5);
        let start = |zone| start_time(date, "09:30", zone);
        assert_eq!(start(Some("Europe/Paris")).as_deref(), Some("2026-07-05T09:30:00+02:00"));
        assert_eq!(start(None).as_deref(), Some("2026-07-05T09:30:00"));
        assert_eq!(start_time(date, "soon", None), None);
    }
}

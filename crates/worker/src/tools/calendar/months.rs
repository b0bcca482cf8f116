//! The months a range of days touches, read as far as Garmin answers.

use futures_util::{StreamExt as _, stream};
use garmin::days::{Day, DayRange};
use garmin::model::CalendarItem;
use garmin::{Garmin, GarminError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{NamedDay, RangeStart, Reach, Window, range};
use crate::error::ToolError;

/// Seven months at most, one request each.
pub(super) const LONGEST: u32 = 186;
/// Where no day is given: today and so many days to come.
const AHEAD: u32 = 13;

/// The days of a calendar; they may lie ahead.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Days {
    pub(super) start_date: Option<RangeStart>,
    pub(super) end_date: Option<NamedDay>,
}

pub(super) fn days(
    start: Option<RangeStart>,
    end: Option<NamedDay>,
    today: Day,
) -> Result<DayRange, ToolError> {
    match (start, end) {
        (None, None) => {
            let days = DayRange::new(today, today.forward(AHEAD), LONGEST);
            days.map_err(|bad| ToolError::argument("start_date", bad.to_string()))
        }
        (start, end) => {
            range(start, end, today, Window { usual: 7, longest: LONGEST, reach: Reach::AnyDay })
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct DateRange {
    pub(super) start: String,
    pub(super) end: String,
}

impl DateRange {
    pub(super) fn of(range: DayRange) -> Self {
        Self { start: range.first().to_string(), end: range.last().to_string() }
    }
}

/// What stands on the days of a range, and which of them nobody could read.
pub(super) struct Found {
    pub(super) items: Vec<CalendarItem>,
    pub(super) missing: Vec<DateRange>,
}

/// One part of a range that lies in a single month.
fn parts(range: DayRange) -> Vec<DayRange> {
    let mut parts = Vec::new();
    let mut first = range.first();
    while first <= range.last() {
        let end = Day::of(first.date().last_of_month()).min(range.last());
        parts.extend(DayRange::new(first, end, 31));
        first = end.forward(1);
        // The calendar's last day has no day after it.
        if first <= end {
            break;
        }
    }
    parts
}

/// Reads every month once; an item at the end of two pages counts once. Fails only where no
/// month could be read.
pub(super) async fn read(garmin: &Garmin, range: DayRange) -> Result<Found, ToolError> {
    let parts = parts(range);
    let pages: Vec<(DayRange, Result<Vec<CalendarItem>, GarminError>)> = stream::iter(parts)
        .map(|part| async move {
            let date = part.first().date();
            let month = garmin.calendar_month(date.year(), date.month()).await;
            let items = month.map(|month| month.and_then(|month| month.items).unwrap_or_default());
            (part, items)
        })
        .buffered(4)
        .collect()
        .await;
    let (mut items, mut missing, mut trouble) = (Vec::new(), Vec::new(), None);
    let mut known = std::collections::HashSet::new();
    for (part, page) in pages {
        match page {
            Err(error) => {
                missing.push(DateRange::of(part));
                trouble = trouble.or(Some(error));
            }
            Ok(page) => {
                let within = |item: &CalendarItem| {
                    let date = item.date.map(Day::of);
                    date.is_some_and(|date| (part.first()..=part.last()).contains(&date))
                };
                items.extend(page.into_iter().filter(within).filter(|item| {
                    let id = item.id.map(|id| id.to_string());
                    let id = id.or_else(|| item.workout_uuid.clone());
                    id.is_none_or(|id| known.insert((item.kind.clone(), id, item.date)))
                }));
            }
        }
    }
    match trouble {
        Some(error) if items.is_empty() && known.is_empty() => Err(error.into()),
        Some(_) | None => {
            items.sort_by_key(|item| item.date);
            Ok(Found { items, missing })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_is_read_month_by_month() {
        let range = DayRange::new(day("2026-11-20"), day("2027-01-02"), LONGEST).unwrap();
        let parts: Vec<String> =
            parts(range).iter().map(|part| format!("{} {}", part.first(), part.last())).collect();
        assert_eq!(
            parts,
            ["2026-11-20 2026-11-30", "2026-12-01 2026-12-31", "2027-01-01 2027-01-02"]
        );
    }

    #[test]
    fn without_days_the_next_two_weeks_are_meant() {
        let today = day("2026-05-10");
        let range = days(None, None, today).unwrap();
        assert_eq!((range.first(), range.last()), (today, day("2026-05-23")));
    }
}

//! What tools answer with, beyond their own data.

use garmin::days::{Day, DayRange};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

/// Whether there is anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Status {
    Ok,
    #[default]
    NoData,
}

/// Why there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Absence {
    /// The device has sent its data since the day ended, and Garmin has nothing of this kind.
    NotRecorded,
    /// The day is not over, or the device has not sent its data since: it may still come.
    NotSyncedYet,
}

/// Devices keep what they have not sent for about this long.
const KEPT_FOR: u32 = 14;

impl Absence {
    /// Why a day has nothing, as far as the date tells. Otherwise it takes the last sync.
    pub(crate) fn by_date(day: Day, today: Day) -> Option<Self> {
        if day >= today {
            Some(Self::NotSyncedYet)
        } else if day < today.back(KEPT_FOR) {
            Some(Self::NotRecorded)
        } else {
            None
        }
    }

    /// The same, given when a device sent its data last.
    pub(crate) fn by_sync(day: Day, synced: Timestamp, zone: &TimeZone) -> Option<Self> {
        let end = day.forward(1).date().to_zoned(zone.clone()).ok()?.timestamp();
        Some(if synced >= end { Self::NotRecorded } else { Self::NotSyncedYet })
    }
}

/// A reading, or the reason why there is none. Absence is an answer, not an error.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reading<T> {
    /// `no_data` means that Garmin has nothing of this kind; `reason` says why, where that is
    /// known.
    status: Status,
    /// The day in the athlete's own time zone, YYYY-MM-DD.
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Absence>,
    #[serde(flatten)]
    data: Option<T>,
}

impl<T> Reading<T> {
    /// The reading of `day`, when there is one.
    pub(crate) fn found(day: Day, data: T) -> Self {
        Self { status: Status::Ok, date: day.to_string(), reason: None, data: Some(data) }
    }

    /// Nothing. Without a reason nobody knows why.
    pub(crate) fn absent(day: Day, reason: Option<Absence>) -> Self {
        Self { status: Status::NoData, date: day.to_string(), reason, data: None }
    }
}

/// What was found over a stretch of days, or the reason why there is nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Stretch<T> {
    status: Status,
    start_date: String,
    end_date: String,
    reason: Option<Absence>,
    #[serde(flatten)]
    data: Option<T>,
}

impl<T> Stretch<T> {
    pub(crate) fn new(range: DayRange, reason: Option<Absence>, data: Option<T>) -> Self {
        Self {
            status: if data.is_some() { Status::Ok } else { Status::NoData },
            start_date: range.first().to_string(),
            end_date: range.last().to_string(),
            reason,
            data,
        }
    }
}

/// For how many days of a stretch there is something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Coverage {
    pub(crate) days_requested: u32,
    pub(crate) days_with_data: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_counts_as_recorded_nowhere_only_once_the_device_has_sent_its_data() {
        let today: Day = "2026-05-10".parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(Absence::by_date(today, today), Some(Absence::NotSyncedYet));
        assert_eq!(Absence::by_date(today.back(15), today), Some(Absence::NotRecorded));
        let day = today.back(2);
        assert_eq!(Absence::by_date(day, today), None);
        let by_sync = |at: &str| Absence::by_sync(day, at.parse().unwrap(), &zone);
        assert_eq!(by_sync("2026-05-08T21:59:00Z"), Some(Absence::NotSyncedYet));
        assert_eq!(by_sync("2026-05-08T22:00:00Z"), Some(Absence::NotRecorded));
    }
}

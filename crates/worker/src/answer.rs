//! What tools answer with, beyond their own data.

use garmin::days::Day;
use schemars::JsonSchema;
use serde::Serialize;

/// Whether there is anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Status {
    Ok,
    NoData,
}

/// Why there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Absence {
    /// The day is over and Garmin has nothing of this kind for it.
    NotRecorded,
    /// The day is not over: the device may simply not have sent it yet.
    NotSyncedYet,
}

impl Absence {
    /// Why a day has nothing.
    pub(crate) fn of(day: Day, today: Day) -> Self {
        if day < today { Self::NotRecorded } else { Self::NotSyncedYet }
    }
}

/// A reading, or the reason why there is none. Absence is an answer, not an error.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reading<T> {
    /// `no_data` means that Garmin has nothing of this kind; `reason` says why.
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
    pub(crate) fn of(day: Day, today: Day, data: Option<T>) -> Self {
        match data {
            Some(data) => {
                Self { status: Status::Ok, date: day.to_string(), reason: None, data: Some(data) }
            }
            None => Self {
                status: Status::NoData,
                date: day.to_string(),
                reason: Some(Absence::of(day, today)),
                data: None,
            },
        }
    }
}

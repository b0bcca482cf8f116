//! What Garmin knows about the athlete, as small live views.

use garmin::BoxFuture;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Content, Entry, JSON, Read};
use crate::error::ToolError;
use crate::visit::Visit;

pub(super) static ALL: &[Entry] = &[
    Entry {
        uri: "garmin://athlete/profile",
        name: "athlete-profile",
        title: "Athlete",
        about: "Thresholds, zones, weight, units and time zone.",
        kind: JSON,
        tool: Some("get_athlete_profile"),
        read: Read::By(|visit, _| call(visit, "get_athlete_profile", json!({}))),
    },
    Entry {
        uri: "garmin://health/today",
        name: "health-today",
        title: "Today",
        about: "Today's figures so far.",
        kind: JSON,
        tool: Some("get_stats"),
        read: Read::By(|visit, _| call(visit, "get_stats", json!({}))),
    },
    Entry {
        uri: "garmin://training/readiness",
        name: "training-readiness",
        title: "Training readiness",
        about: "The latest readiness and what decides it.",
        kind: JSON,
        tool: Some("get_training_readiness"),
        read: Read::By(|visit, _| call(visit, "get_training_readiness", json!({}))),
    },
    Entry {
        uri: "garmin://activity/{id}",
        name: "activity",
        title: "Activity",
        about: "Summary of one activity.",
        kind: JSON,
        tool: Some("get_activity"),
        read: Read::By(|visit, address| {
            let args = json!({ "activity_id": address.part(0) });
            call(visit, "get_activity", args)
        }),
    },
    Entry {
        uri: "garmin://calendar/{month}",
        name: "calendar-month",
        title: "Month of the calendar",
        about: "What is planned and done in a month, such as 2026-05.",
        kind: JSON,
        tool: Some("get_calendar"),
        read: Read::By(|visit, address| {
            let Some((first, last)) = month(address.part(0)) else {
                let problem = "not a month; allowed is YYYY-MM";
                return Box::pin(std::future::ready(Err(ToolError::argument("month", problem))));
            };
            let range = json!({ "start_date": first.to_string(), "end_date": last.to_string() });
            call(visit, "get_calendar", range)
        }),
    },
];

/// What a tool answers.
pub(super) fn call<'a>(
    visit: Visit<'a>,
    tool: &'static str,
    args: Value,
) -> BoxFuture<'a, Result<Content, ToolError>> {
    Box::pin(async move { Ok(Content::Json(visit.call(tool, args).await?)) })
}

/// The first and the last day of a month.
fn month(text: &str) -> Option<(Date, Date)> {
    let (year, month) = text.split_once('-')?;
    if year.len() != 4 || month.len() != 2 {
        return None;
    }
    let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
    Some((first, first.last_of_month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_its_days() {
        let days = |text| month(text).map(|(first, last)| format!("{first} {last}"));
        assert_eq!(days("2024-02").as_deref(), Some("2024-02-01 2024-02-29"));
        assert_eq!(days("2026-12").as_deref(), Some("2026-12-01 2026-12-31"));
        for bad in ["2026-13", "2026-00", "2026-1", "26-01", "2026", "x", "2026-02-01", "-026-01"] {
            assert_eq!(days(bad), None, "{bad}");
        }
    }
}

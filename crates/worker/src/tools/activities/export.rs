//! All activities of many days, as rows.

use garmin::api::ActivityQuery;
use garmin::days::DayRange;
use serde_json::{Map, Value};

use super::list::item;
use crate::account::Account;
use crate::error::ToolError;

/// What a row tells, in this order: the keys of a list.
pub(crate) const COLUMNS: [&str; 17] = [
    "id",
    "start_time",
    "name",
    "type",
    "event_type",
    "duration_seconds",
    "moving_duration_seconds",
    "distance_meters",
    "elevation_gain_meters",
    "elevation_loss_meters",
    "calories",
    "avg_hr_bpm",
    "max_hr_bpm",
    "avg_power_watts",
    "steps",
    "training_load",
    "parent_id",
];

/// Of one question; Garmin's answer is ten times as large as what is kept of it.
const PAGE: u32 = 200;
/// Nobody does more in a year.
const MOST_PAGES: u32 = 20;

/// The newest first.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Map<String, Value>>,
    pub(crate) questions: usize,
}

/// Everything there is, or a refusal: half of it would look like all of it.
pub(crate) async fn rows(account: &Account, range: DayRange) -> Result<Rows, ToolError> {
    let garmin = account.garmin()?;
    let mut found = Rows { rows: Vec::new(), questions: 0 };
    for page in 0..MOST_PAGES {
        let query =
            ActivityQuery { start: page * PAGE, limit: PAGE, range: Some(range), kind: None };
        let activities = garmin.activities(&query).await?;
        found.questions += 1;
        let is_last = activities.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        let items = activities.into_iter().filter_map(item);
        let rows = items.filter_map(|item| match serde_json::to_value(item) {
            Ok(Value::Object(fields)) => Some(fields),
            Ok(_) | Err(_) => None,
        });
        found.rows.extend(rows);
        if is_last {
            return Ok(found);
        }
    }
    let most = MOST_PAGES * PAGE;
    let problem = format!("more than {most} activities in a year; ask for fewer days");
    Err(ToolError::argument("start_date", problem))
}

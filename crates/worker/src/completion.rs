//! What may be meant by the beginning of an argument of a prompt or a resource.
//!
//! A courtesy to whoever types: it asks Garmin once at most, and where Garmin does not answer
//! there is nothing to offer, never an error.

use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};
use serde_json::{Value, json};

use crate::visit::Visit;
use crate::{prompts, resources, tools};

/// Sports that prompts ask for; Garmin's keys, the usual ones first.
const SPORTS: [&str; 12] = [
    "running",
    "cycling",
    "swimming",
    "walking",
    "hiking",
    "strength_training",
    "trail_running",
    "treadmill_running",
    "indoor_cycling",
    "lap_swimming",
    "yoga",
    "multi_sport",
];
const DAYS: [&str; 9] = [
    "today",
    "yesterday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const PERIODS: [&str; 7] = ["7d", "14d", "28d", "90d", "this_week", "this_month", "last_month"];
const MONTHS_BACK: i32 = 24;

/// Where an argument's values come from.
enum Values {
    Words(Vec<String>),
    /// Ids of a list that a tool gives.
    Ids {
        tool: &'static str,
        list: &'static str,
        id: &'static str,
    },
}

pub(crate) async fn complete(
    visit: Visit<'_>,
    request: &CompleteRequestParams,
) -> Result<CompletionInfo, ErrorData> {
    let argument = &request.argument;
    let known = match &request.r#ref {
        Reference::Prompt(prompt) => prompts::takes(&prompt.name, &argument.name),
        Reference::Resource(template) => resources::is_offered(&template.uri, visit),
        _ => false,
    };
    if !known {
        return Err(ErrorData::invalid_params("nothing has this argument", None));
    }
    let uri = match &request.r#ref {
        Reference::Resource(template) => template.uri.as_str(),
        _ => "",
    };
    let values = match values(uri, &argument.name, visit) {
        Values::Words(words) => words,
        Values::Ids { tool, list, id } => ids(visit, tool, list, id).await,
    };
    let begun = argument.value.trim().to_lowercase();
    let mut fitting: Vec<String> =
        values.into_iter().filter(|value| value.to_lowercase().starts_with(&begun)).collect();
    let more = fitting.len() > CompletionInfo::MAX_VALUES;
    let total = u32::try_from(fitting.len()).ok();
    fitting.truncate(CompletionInfo::MAX_VALUES);
    let mut info = CompletionInfo::default();
    info.values = fitting;
    info.total = total;
    info.has_more = Some(more);
    Ok(info)
}

fn values(uri: &str, argument: &str, visit: Visit<'_>) -> Values {
    let words = |words: &[&str]| Values::Words(words.iter().map(|&word| word.to_owned()).collect());
    match (argument, uri.split_once("://").map_or("", |(_, rest)| rest)) {
        ("activity_id", _) => activities(),
        ("id", path) if path.starts_with("activity/") => activities(),
        ("id", path) if path.starts_with("workout/") => {
            Values::Ids { tool: "get_workouts", list: "workouts", id: "id" }
        }
        ("id", path) if path.starts_with("course/") => {
            Values::Ids { tool: "get_courses", list: "courses", id: "id" }
        }
        ("tool", _) => {
            let reading = tools::all().filter(|tool| tool.class.is_read_only());
            let names = reading.map(|tool| tool.name).filter(|name| visit.may_call(name));
            Values::Words(names.map(str::to_owned).collect())
        }
        ("month", "") => words(&PERIODS[5..]),
        ("month", _) => Values::Words(months(visit)),
        ("date", _) => words(&DAYS),
        ("period", _) => words(&PERIODS),
        ("sport", _) => words(&SPORTS),
        ("weeks" | "count", _) => words(&["1", "2", "3", "4", "5"]),
        ("minutes", _) => words(&["20", "30", "45", "60", "75", "90", "120"]),
        _ => words(&[]),
    }
}

fn activities() -> Values {
    Values::Ids { tool: "get_activities", list: "activities", id: "id" }
}

/// This month and those around it, the latest first. Where the athlete is it may be the next
/// one for some hours, and that one is offered too.
fn months(visit: Visit<'_>) -> Vec<String> {
    let now = jiff::Timestamp::from_second(visit.account.clock.now().0).unwrap_or_default();
    let first = now.to_zoned(jiff::tz::TimeZone::UTC).date().first_of_month();
    let months = (-MONTHS_BACK..=3).rev().filter_map(|ahead| {
        let month = first.checked_add(jiff::Span::new().months(ahead)).ok()?;
        Some(month.strftime("%Y-%m").to_string())
    });
    months.collect()
}

/// The ids in a list; none where it cannot be had.
async fn ids(visit: Visit<'_>, tool: &'static str, list: &str, id: &str) -> Vec<String> {
    let Ok(answer) = visit.call(tool, json!({})).await else { return Vec::new() };
    let items = answer[list].as_array().into_iter().flatten();
    let ids = items.filter_map(|item| match &item[id] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    ids.collect()
}

//! Vocabularies, and the guidance that would be too long for a tool's description.

use domain::tools::{Profile, ToolChoice};
use serde_json::{Value, json};

use super::account::call;
use super::{Content, Entry, JSON, MARKDOWN, Read};
use crate::error::ToolError;
use crate::visit::Visit;

pub(super) static ALL: &[Entry] = &[
    Entry {
        uri: "workout://reference/structure",
        name: "workout-structure",
        title: "Garmin's workout JSON",
        about: "Fields and ids of the JSON that upload_workout takes.",
        kind: MARKDOWN,
        tool: None,
        read: Read::Text(include_str!("text/workout-structure.md")),
    },
    Entry {
        uri: "garmin://reference/activity-types",
        name: "activity-types",
        title: "Activity types",
        about: "Keys for activity_type and type_key.",
        kind: MARKDOWN,
        tool: None,
        read: Read::Text(include_str!("text/activity-types.md")),
    },
    Entry {
        uri: "garmin://reference/event-types",
        name: "event-types",
        title: "Event types",
        about: "Keys for event_type.",
        kind: MARKDOWN,
        tool: None,
        read: Read::Text(include_str!("text/event-types.md")),
    },
    Entry {
        uri: "garmin://reference/metrics",
        name: "metrics",
        title: "Metrics",
        about: "What get_health_trend accepts, with units.",
        kind: MARKDOWN,
        tool: Some("get_health_trend"),
        read: Read::Text(include_str!("text/metrics.md")),
    },
    Entry {
        uri: "server://catalogue",
        name: "catalogue",
        title: "Every tool of this server",
        about: "What tools/list would show in the profile `full`: names, schemas and hints.",
        kind: JSON,
        tool: None,
        read: Read::By(|visit, _| Box::pin(std::future::ready(catalogue(visit)))),
    },
    Entry {
        uri: "garmin://reference/exercises",
        name: "exercises",
        title: "Exercises",
        about: "Categories and exercises for strength workouts.",
        kind: JSON,
        tool: Some("get_exercise_types"),
        read: Read::By(|visit, _| call(visit, "get_exercise_types", json!({}))),
    },
];

/// Everything this connection may call, listed or not.
fn catalogue(visit: Visit<'_>) -> Result<Content, ToolError> {
    let full = ToolChoice::of(Profile::Full);
    let pieces = visit.catalogue.listing(&full, visit.caller.scopes);
    let items: Vec<&[u8]> = pieces.iter().map(|piece| &piece[..]).collect();
    let text = [b"[".as_slice(), &items.join(&b','), b"]"].concat();
    let tools: Value = serde_json::from_slice(&text)
        .map_err(|_| ToolError::UpstreamChanged { what: "catalogue" })?;
    Ok(Content::Json(json!({ "tools": tools })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_metrics_names_those_that_are_accepted() {
        let page = include_str!("text/metrics.md");
        let words: Vec<&str> =
            page.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).collect();
        let health: Vec<Value> =
            serde_json::from_str(include_str!("../catalogue/health.json")).unwrap();
        let trend = health.iter().find(|tool| tool["name"] == "get_health_trend");
        let metrics = trend.map(|tool| &tool["inputSchema"]["properties"]["metrics"]);
        let accepted = metrics.and_then(|metrics| metrics["items"]["enum"].as_array());
        for metric in accepted.into_iter().flatten() {
            assert!(words.contains(&metric.as_str().unwrap()), "{metric}");
        }
    }
}

//! Vocabularies, and the guidance that would be too long for a tool's description.

use serde_json::json;

use super::{Entry, JSON, MARKDOWN, Read};
use crate::resources::account::call;

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
        uri: "garmin://reference/exercises",
        name: "exercises",
        title: "Exercises",
        about: "Categories and exercises for strength workouts.",
        kind: JSON,
        tool: Some("get_exercise_types"),
        read: Read::By(|visit, _| call(visit, "get_exercise_types", json!({}))),
    },
];

//! Habits the athlete keeps a log of.
//!
//! Three answers are kept apart: yes, no, and nothing answered. Every write reads the log first,
//! and matches a habit by its id or its whole name only: a near miss would be written into
//! somebody's health log.

mod custom;
mod log;
mod read;
mod track;

use std::borrow::Cow;

use garmin::api::Target;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::ToolError;
use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<read::Logged>(),
    Entry::of::<read::Behaviours>(),
    Entry::writes::<log::Log>(),
    Entry::writes::<log::Clear>(),
    Entry::writes::<track::Track>(),
    Entry::writes::<custom::Create>(),
    Entry::writes::<custom::Delete>(),
];

fn base() -> Target {
    Target::new("/lifestylelogging-service")
}

/// A habit as a caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named(String);

impl Named {
    /// The one of `items` that has this id or this name, and its place.
    fn find<'a, T>(
        &self,
        field: &'static str,
        items: &'a [T],
        id: impl Fn(&T) -> Option<i64>,
        name: impl Fn(&T) -> Option<&str>,
    ) -> Result<Option<(usize, &'a T)>, ToolError> {
        let number: Option<i64> = self.0.parse().ok();
        let same = |item: &T| match number {
            Some(number) => id(item) == Some(number),
            None => {
                name(item).is_some_and(|name| name.trim().to_lowercase() == self.0.to_lowercase())
            }
        };
        let mut found = items.iter().enumerate().filter(|(_, item)| same(item));
        let first = found.next();
        if let (Some((_, first)), Some((_, second))) = (first, found.next()) {
            let ids: Vec<String> =
                [first, second].into_iter().filter_map(&id).map(|id| id.to_string()).collect();
            let problem = format!("several have this name; allowed is an id: {}", ids.join(", "));
            return Err(ToolError::argument(field, problem));
        }
        Ok(first)
    }

    fn unknown(&self, field: &'static str) -> ToolError {
        let problem = format!(
            "no behaviour has the id or the whole name `{}`; allowed are those of \
             `get_lifestyle_behaviours`",
            self.0
        );
        ToolError::argument(field, problem)
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        if text.is_empty() || text.chars().count() > 100 {
            return Err(D::Error::custom("allowed is the id or the whole name of a behaviour"));
        }
        Ok(Self(text))
    }
}

impl JsonSchema for Named {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Behaviour".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Named {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_behaviour_is_found_by_its_id_or_its_whole_name_and_never_by_a_part() {
        let items = [(1, "Alcohol"), (7, "Late Caffeine"), (8, "Nap"), (9, "nap")];
        let find = |text: &str| {
            let found = named(text).find("behaviour", &items, |it| Some(it.0), |it| Some(it.1));
            found.map(|found| found.map(|(at, _)| at))
        };
        assert_eq!(find("7"), Ok(Some(1)));
        assert_eq!(find("\"7\""), Ok(Some(1)));
        assert_eq!(find("\" late caffeine \""), Ok(Some(1)));
        assert_eq!((find("\"caffeine\""), find("3")), (Ok(None), Ok(None)));
        assert!(find("\"Nap\"").unwrap_err().to_string().contains("8, 9"));
        for bad in ["\"\"", "true", "[]", "null"] {
            assert!(serde_json::from_str::<Named>(bad).is_err(), "{bad}");
        }
    }
}

//! `activity-service`: the table of activity types.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::{Caller, Reply, found};
use crate::state::Inner;

/// One `number key parent` a line, as the website lists them.
static TYPES: &str = include_str!("activity_types.txt");

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new().route("/activity-service/activity/activityTypes", get(types))
}

fn rows() -> impl Iterator<Item = (i64, &'static str, i64)> {
    TYPES.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (number, key) = (words.next()?.parse().ok()?, words.next()?);
        Some((number, key, words.next()?.parse().ok()?))
    })
}

/// Whether the filter of the list knows this key; another is 400.
pub(super) fn is_key(key: &str) -> bool {
    rows().any(|(_, this, _)| this == key)
}

/// Whether a type has this number.
pub(super) fn is_number(number: i64) -> bool {
    rows().any(|(this, _, _)| this == number)
}

/// A type as activities name theirs; `other` where there is no such key.
pub(super) fn dto(key: &str) -> Value {
    let (number, key, parent) =
        rows().find(|(_, this, _)| *this == key).unwrap_or((4, "other", 17));
    json!({"typeId": number, "typeKey": key, "parentTypeId": parent, "isHidden": false,
           "restricted": false, "trimmable": true})
}

async fn types(_caller: Caller) -> Reply {
    found(rows().map(|(_, key, _)| dto(key)).collect::<Vec<Value>>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_type_whose_parent_is_one() {
        assert_eq!(rows().count(), TYPES.lines().count());
        assert!(rows().all(|(_, _, parent)| rows().any(|(number, _, _)| number == parent)));
        assert!(is_key("lap_swimming") && !is_key("jogging"));
    }
}

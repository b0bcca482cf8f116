//! The table of activity types.

use garmin::model::ActivityTypeRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;

/// `get_activity_types`
pub(super) struct Types;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TypesArgs {
    /// Only keys with these letters, and what belongs to them.
    search: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TypesAnswer {
    status: Status,
    count: usize,
    activity_types: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    type_id: Option<i64>,
    type_key: String,
    display_name: Option<String>,
    parent_type_id: Option<i64>,
    is_hidden: Option<bool>,
}

fn row(row: ActivityTypeRow) -> Option<Row> {
    Some(Row {
        type_id: row.id,
        type_key: row.key?,
        display_name: row.name,
        parent_type_id: row.parent_id,
        is_hidden: row.is_hidden,
    })
}

/// The rows whose key or name has the letters, and the kinds of those.
fn matching(rows: Vec<Row>, search: &str) -> Vec<Row> {
    let wanted = search.trim().to_lowercase().replace([' ', '-'], "_");
    if wanted.is_empty() {
        return rows;
    }
    let named = |row: &Row| {
        row.type_key.to_lowercase().contains(&wanted)
            || row
                .display_name
                .as_deref()
                .is_some_and(|name| name.to_lowercase().replace([' ', '-'], "_").contains(&wanted))
    };
    let parents: Vec<i64> =
        rows.iter().filter(|row| named(row)).filter_map(|row| row.type_id).collect();
    let below = |row: &Row| row.parent_type_id.is_some_and(|parent| parents.contains(&parent));
    rows.into_iter().filter(|row| named(row) || below(row)).collect()
}

impl Tool for Types {
    const NAME: &'static str = "get_activity_types";
    const TITLE: &'static str = "Types of activity";
    const DESCRIPTION: &'static str =
        "Garmin's types of activity: the keys for `activity_type`, with numbers and parents.";
    type Args = TypesArgs;
    type Answer = TypesAnswer;

    async fn call(account: &Account, args: TypesArgs) -> Result<Self::Answer, ToolError> {
        let rows = account.garmin()?.activity_types().await?.unwrap_or_default();
        let rows: Vec<Row> = rows.into_iter().filter_map(row).collect();
        let rows = matching(rows, args.search.as_deref().unwrap_or_default());
        let status = if rows.is_empty() { Status::NoData } else { Status::Ok };
        Ok(TypesAnswer { status, count: rows.len(), activity_types: rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_a_type_and_what_belongs_to_it() {
        let rows = || {
            [
                (1, "running", 17),
                (6, "trail_running", 1),
                (153, "virtual_run", 1),
                (2, "cycling", 17),
            ]
            .map(|(id, key, parent)| Row {
                type_id: Some(id),
                type_key: key.to_owned(),
                display_name: None,
                parent_type_id: Some(parent),
                is_hidden: Some(false),
            })
            .into()
        };
        let keys = |search: &str| -> Vec<String> {
            matching(rows(), search).into_iter().map(|row| row.type_key).collect()
        };
        assert_eq!(keys("Running"), ["running", "trail_running", "virtual_run"]);
        assert_eq!(keys("trail run"), ["trail_running"]);
        assert_eq!(keys("").len(), 4);
        assert!(keys("curling").is_empty());
    }
}

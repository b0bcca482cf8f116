//! The journal as a person reads it.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::contract::{JournalPage, JournalQuery, JournalRow, WriteOutcome};
use domain::id::JournalId;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::Account;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::{Class, Tool};
use crate::writes::Noted;

/// How long a write may be taken back.
pub(super) const UNDO_WITHIN: Duration = Duration::from_hours(30 * 24);

/// `get_write_operations`
pub(super) struct Operations;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationsArgs {
    /// One in full
    operation_id: Option<String>,
    status: Option<Asked>,
    limit: Option<Whole<1, 25>>,
    /// The `next_before` of the page before
    before: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Asked {
    Pending,
    Done,
    Failed,
    Unknown,
    Reviewed,
    Undone,
}

impl Asked {
    fn outcome(self) -> WriteOutcome {
        match self {
            Self::Pending => WriteOutcome::Pending,
            Self::Done => WriteOutcome::Done,
            Self::Failed => WriteOutcome::Failed,
            Self::Unknown => WriteOutcome::Unknown,
            Self::Reviewed => WriteOutcome::Reviewed,
            Self::Undone => WriteOutcome::Undone,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OperationsAnswer {
    count: usize,
    /// The newest first.
    operations: Vec<Operation>,
    has_more: bool,
    next_before: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Operation {
    #[serde(rename = "operation_id")]
    id: String,
    tool: String,
    target: String,
    status: &'static str,
    at: String,
    settled_at: Option<String>,
    /// Whether `undo_write_operation` can take it back.
    undo: bool,
    problem: Option<String>,
    previous: Value,
    result: Value,
}

/// A moment with the offset of the athlete's zone.
fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_second(at.0).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Whether the entry can still be taken back.
pub(super) fn can_undo(row: &JournalRow, noted: &Noted, now: Timestamp) -> bool {
    row.outcome == WriteOutcome::Done
        && !noted.undo.is_empty()
        && now.since(row.created_at) < UNDO_WITHIN
}

impl Operation {
    fn of(row: JournalRow, zone: &TimeZone, now: Timestamp, in_full: bool) -> Self {
        let noted = Noted::read(&row.detail);
        let (previous, result) = if in_full {
            (noted.previous.clone(), noted.result.clone())
        } else {
            Default::default()
        };
        Self {
            id: row.journal.to_string(),
            status: row.outcome.as_str(),
            at: moment(row.created_at, zone),
            settled_at: row.settled_at.map(|at| moment(at, zone)),
            undo: can_undo(&row, &noted, now),
            tool: row.tool,
            target: noted.target,
            problem: noted.problem,
            previous,
            result,
        }
    }
}

impl Tool for Operations {
    const NAME: &'static str = "get_write_operations";
    const TITLE: &'static str = "Writes so far";
    const DESCRIPTION: &'static str = "What was written to Garmin through this server in the last \
        30 days and what became of it, newest first.";
    const CLASS: Class = Class::ReadLocal;
    type Args = OperationsArgs;
    type Answer = OperationsAnswer;

    async fn call(account: &Account, args: OperationsArgs) -> Result<Self::Answer, ToolError> {
        let now = account.clock.now();
        // Garmin may be away; when something was written is known all the same.
        let zone = match account.garmin() {
            Ok(garmin) => garmin.zone().await.unwrap_or(TimeZone::UTC),
            Err(_) => TimeZone::UTC,
        };
        if let Some(operation) = args.operation_id {
            let row = super::entry(account, &operation).await?;
            let operations = vec![Operation::of(row, &zone, now, true)];
            return Ok(OperationsAnswer {
                count: 1,
                operations,
                has_more: false,
                next_before: None,
            });
        }
        let before = args.before.map(|text| JournalId::parse(text.trim())).transpose();
        let before = before.map_err(|_| {
            ToolError::argument("before", "allowed is the `next_before` of the page before")
        })?;
        let query = JournalQuery {
            outcome: args.status.map(Asked::outcome),
            before,
            limit: args.limit.map_or(20, |limit| limit.0),
            ..JournalQuery::default()
        };
        let JournalPage::Rows { rows, more } = account.journal.read(query).await else {
            return Err(ToolError::JournalAway);
        };
        let last = rows.last().map(|row| row.journal.to_string());
        let operations: Vec<Operation> =
            rows.into_iter().map(|row| Operation::of(row, &zone, now, false)).collect();
        let next_before = last.filter(|_| more);
        Ok(OperationsAnswer { count: operations.len(), operations, has_more: more, next_before })
    }
}

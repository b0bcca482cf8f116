//! A look at Garmin after a write that nobody knows the end of.

use std::time::Duration;

use domain::contract::{JournalAnswer, JournalEntry, WriteOutcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::Account;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::writes::{Noted, look_at};

/// Before that, whoever sends it may still say what came of it.
const UNDER_WAY: Duration = Duration::from_mins(5);

/// `reconcile_write_operation`
pub(super) struct Reconcile;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReconcileArgs {
    operation_id: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReconcileAnswer {
    operation_id: String,
    tool: String,
    target: String,
    /// What the journal says now. A look never makes a success of it.
    status: &'static str,
    previous: Value,
    current: Value,
    /// Whether what is there now is what the write meant; absent where nothing can tell.
    matches: Option<bool>,
    steps_done: usize,
    next_step: &'static str,
}

impl Tool for Reconcile {
    const NAME: &'static str = "reconcile_write_operation";
    const TITLE: &'static str = "Look what became of a write";
    const DESCRIPTION: &'static str = "Reads what Garmin has now for a write whose end is unknown. \
        Afterwards the same write may be made again.";
    type Args = ReconcileArgs;
    type Answer = ReconcileAnswer;

    async fn call(account: &Account, args: ReconcileArgs) -> Result<Self::Answer, ToolError> {
        let row = super::entry(account, &args.operation_id).await?;
        let noted = Noted::read(&row.detail);
        let age = account.clock.now().since(row.created_at);
        if row.outcome == WriteOutcome::Pending && age < UNDER_WAY {
            return Err(ToolError::Conflict {
                problem: "this write is under way; look again in five minutes".to_owned(),
                operation: row.journal.to_string(),
            });
        }
        let (current, matches) = look_at(&account.garmin()?, &noted.checks).await;
        if matches.is_none() && !noted.checks.is_empty() {
            // Nothing was seen, so nothing is known better than before.
            return Err(ToolError::Unavailable { retry_after: None });
        }
        let status = if row.outcome.is_open() {
            let detail = row.detail.clone();
            let journal = row.journal.clone();
            let reviewed = JournalEntry::Later { journal, outcome: WriteOutcome::Reviewed, detail };
            match account.journal.record(reviewed).await {
                JournalAnswer::Recorded { .. } => WriteOutcome::Reviewed,
                JournalAnswer::AlreadyThere { .. } | JournalAnswer::Refused => row.outcome,
            }
        } else {
            row.outcome
        };
        let next_step = match (status, matches) {
            (WriteOutcome::Done | WriteOutcome::Failed | WriteOutcome::Undone, _) => {
                "The journal knows the end of this write; nothing needs to be done."
            }
            (_, Some(true)) => {
                "Garmin shows what was meant. Tell the user, and do not write it again."
            }
            (_, Some(false)) => {
                "Garmin does not show it. Ask the user whether to make the write again."
            }
            (_, None) => {
                "Nothing here can tell. Read the data concerned and ask the user before writing \
                 again."
            }
        };
        Ok(ReconcileAnswer {
            operation_id: row.journal.to_string(),
            tool: row.tool,
            target: noted.target,
            status: status.as_str(),
            previous: noted.previous,
            current,
            matches,
            steps_done: noted.steps_done,
            next_step,
        })
    }
}

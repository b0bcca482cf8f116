//! Taking a write back.

use domain::contract::WriteOutcome;
use schemars::JsonSchema;
use serde::Deserialize;

use super::operations::{UNDO_WITHIN, can_undo};
use crate::account::Account;
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Noted, Plan, Step, WriteTool, look_at};

/// `undo_write_operation`
pub(super) struct Undo;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UndoArgs {
    operation_id: String,
}

impl WriteTool for Undo {
    const NAME: &'static str = "undo_write_operation";
    const TITLE: &'static str = "Take a write back";
    const DESCRIPTION: &'static str = "Restores what a write of the last 30 days changed, or \
        removes what it added. Needs `confirm`.";
    const CLASS: Class = Class::Destroy;
    type Args = UndoArgs;

    async fn plan(account: &Account, args: UndoArgs) -> Result<Plan, ToolError> {
        let row = super::entry(account, &args.operation_id).await?;
        let noted = Noted::read(&row.detail);
        if !can_undo(&row, &noted, account.clock.now()) {
            let late = account.clock.now().since(row.created_at) >= UNDO_WITHIN;
            let problem = match row.outcome {
                WriteOutcome::Undone => "this write has been taken back already",
                WriteOutcome::Failed => "this write failed, so there is nothing to take back",
                WriteOutcome::Pending | WriteOutcome::Unknown | WriteOutcome::Reviewed => {
                    "nobody knows whether this write happened, so it cannot be taken back"
                }
                WriteOutcome::Done if late => "this write is older than 30 days",
                WriteOutcome::Done => "what this write did cannot be taken back",
            };
            let operation = row.journal.to_string();
            return Err(ToolError::Conflict { problem: problem.to_owned(), operation });
        }
        let (now, still) = look_at(&account.garmin()?, &noted.checks).await;
        let mut plan = Plan::new(format!("undo of {}: {}", row.tool, noted.target)).previous(now);
        if still == Some(false) {
            plan = plan.warning(
                "Garmin no longer shows what this write left: somebody has changed it since, and \
                 that change goes too.",
            );
        }
        for write in &noted.undo {
            plan = plan.step(Step::new(format!("take back: {}", noted.target), write.clone()));
        }
        for check in &noted.checks {
            if let Some(back) = check.reversed(&noted.previous) {
                plan = plan.check(back);
            }
        }
        let undone = row.journal.to_string();
        Ok(plan.undoes(row).key("undone_operation_id", undone))
    }
}

//! What this server has written for the person, how to take it back, and whole kinds of data as
//! files.

mod export;
mod operations;
mod reconcile;
mod undo;

use domain::contract::{JournalPage, JournalQuery, JournalRow};
use domain::id::JournalId;

use crate::account::Account;
use crate::error::ToolError;
use crate::tool::Entry;

pub(crate) use export::{Format as ExportFormat, content as exported};

pub(super) static ALL: &[Entry] = &[
    Entry::of::<operations::Operations>(),
    Entry::of::<reconcile::Reconcile>(),
    Entry::writes::<undo::Undo>(),
    Entry::of_server::<export::Export>(),
];

/// The entry of an operation.
async fn entry(account: &Account, operation: &str) -> Result<JournalRow, ToolError> {
    let unknown = ToolError::NotFound {
        field: "operation_id",
        what: "write",
        hint: "Allowed is an `operation_id` of `get_write_operations`.",
    };
    let Ok(journal) = JournalId::parse(operation.trim()) else { return Err(unknown) };
    match account.journal.read(JournalQuery::one(journal)).await {
        JournalPage::Rows { rows, .. } => rows.into_iter().next().ok_or(unknown),
        JournalPage::Unavailable => Err(ToolError::JournalAway),
    }
}

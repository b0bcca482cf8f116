//! Writes: the one door through which a tool changes something at Garmin.
//!
//! A tool that writes declares what it wants in a [`Plan`] and sends nothing itself. The door
//! does the rest, the same way for all: preview, confirmation, the journal before anything is
//! sent, one try, reading back, undo, and answers that are stored for repeated calls.
//!
//! # How to write one
//!
//! ```ignore
//! pub(super) struct Rename;
//!
//! impl WriteTool for Rename {
//!     const NAME: &'static str = "set_activity_name";
//!     const TITLE: &'static str = "Rename an activity";
//!     const DESCRIPTION: &'static str = "Gives an activity another name.";
//!     const CLASS: Class = Class::Set; // Add, Set or Destroy: hints and scope follow from it
//!     type Args = RenameArgs; // only its own; `dry_run`, `idempotency_key`, `confirm` are ours
//!
//!     async fn plan(account: &Account, args: RenameArgs) -> Result<Plan, ToolError> {
//!         let (garmin, id) = (account.garmin()?, args.activity_id.0);
//!         let place = || Target::new("/activity-service/activity").segment(id);
//!         let rename = |name: &Value| {
//!             Write::put(place()).json(json!({ "activityId": id, "activityName": name }))
//!         };
//!         // Where Garmin shows it, under which key we do, and what it is to be.
//!         let check = Check::at(place()).field("activity_name", "/activityName", &args.name);
//!         let Some(before) = check.look(&garmin).await? else { return Err(no_such_activity()) };
//!         Ok(Plan::new(format!("name of activity {id}"))
//!             .previous(before.clone())
//!             .step(Step::new("give it the new name", rename(&json!(args.name)))
//!                 .undone_by(vec![rename(&before["activity_name"])]))
//!             .check(check)
//!             .key("activity_id", id)) // keys that garmin_mcp answered with; `success` is ours
//!     }
//! }
//! // in the toolset's `ALL`: Entry::writes::<Rename>()
//! ```
//!
//! - `plan` may read, must check every argument, and must not write. It runs for previews too.
//! - What needs the answer comes as closures: [`Step::keys_from`] (ids of what was made),
//!   [`Step::undone_from`] (how to remove it), [`Step::after`] (a request that names the id of
//!   an earlier answer), [`Plan::check_from`] (what to read back).
//! - What Garmin works through after it has answered is waited for by [`Step::finished_by`].
//! - Bulk tools call [`Plan::items`]: one step per item, at most 50, each with its own result.
//! - Undo is requests, because it must outlive the process. None given means `undo: false`.
//! - A tool that destroys what the journal cannot restore is `Class::Destroy`: the door asks for
//!   `confirm` first. `const CONFIRM` forces that for another class.

mod answer;
mod carry;
mod check;
mod confirm;
mod door;
mod entry;
mod plan;
mod shared;

use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::error::ToolError;
use crate::tool::Class;

#[cfg(test)]
pub(crate) use answer::WriteAnswer;
pub(crate) use carry::look_at;
pub(crate) use check::Check;
pub(crate) use door::run;
pub(crate) use entry::{Journal, NoJournal, Noted};
pub(crate) use plan::{OnError, Plan, Step};
#[cfg(test)]
pub(crate) use shared::SHARED;

/// A tool that changes something at Garmin.
pub(crate) trait WriteTool {
    const NAME: &'static str;
    #[cfg_attr(not(test), expect(dead_code, reason = "generated into the catalogue"))]
    const TITLE: &'static str;
    #[cfg_attr(not(test), expect(dead_code, reason = "generated into the catalogue"))]
    const DESCRIPTION: &'static str;
    const CLASS: Class;
    /// Whether somebody must agree first.
    const CONFIRM: bool = matches!(Self::CLASS, Class::Destroy);
    /// What arguments that name a unit are when they are not given by somebody who has chosen
    /// imperial units.
    const IMPERIAL: &'static [(&'static str, &'static str)] = &[];

    type Args: DeserializeOwned + JsonSchema + Send;

    /// What the call comes to. Reads what it needs and sends nothing.
    fn plan(
        account: &Account,
        args: Self::Args,
    ) -> impl Future<Output = Result<Plan, ToolError>> + Send;
}

/// Longer than all that a write waits for, which has an end of its own: an answer that says
/// "nobody knows" must not be cut off by one that says less.
pub(crate) const WRITE_WITHIN: Duration = Duration::from_secs(58);

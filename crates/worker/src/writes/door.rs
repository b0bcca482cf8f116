//! From a call to a result: what is shown before anything is sent, and who has agreed to it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::contract::{JournalPage, JournalQuery, KeyUse, WriteOutcome};
use domain::id::JournalId;
use domain::settings::UnitSystem;
use garmin::BoxFuture;
use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::WriteTool;
use super::answer::{WriteAnswer, WriteStatus};
use super::carry::Writing;
use super::confirm;
use super::entry::Noted;
use super::plan::{Plan, Request, Step};
use super::shared::{Confirm, Shared};
use crate::account::Account;
use crate::args;
use crate::error::ToolError;
use crate::shape::Wanted;
use crate::text;
use crate::visit::Visit;

/// For what a tool reads before it knows what to send.
const PLAN_WITHIN: Duration = Duration::from_secs(20);
/// How long a caller waits for all of it. The write goes on, and the journal knows its end.
const ANSWER_WITHIN: Duration = Duration::from_secs(54);

/// Runs a call of a tool that writes.
pub(crate) fn run<T: WriteTool>(
    visit: Visit<'_>,
    mut args: JsonObject,
) -> BoxFuture<'_, Result<Value, ToolError>> {
    Box::pin(async move {
        let shared = Shared::take(&mut args)?;
        let wanted = Wanted::once(&mut args, visit.units())?;
        if visit.units() == UnitSystem::Imperial {
            for (name, unit) in T::IMPERIAL {
                args.entry(*name).or_insert_with(|| Value::from(*unit));
            }
        }
        wanted.shape(call::<T>(visit.account, args, shared).await?)
    })
}

/// The call with its shared arguments taken out.
async fn call<T: WriteTool>(
    account: &Account,
    args: JsonObject,
    shared: Shared,
) -> Result<Value, ToolError> {
    let began = Instant::now();
    let journal = Arc::clone(&account.journal);
    let key = journal.key();
    let request = confirm::digest(&key, T::NAME, &Value::Object(args.clone()));
    if let Some(name) = shared.idempotency_key.as_ref().filter(|_| !shared.dry_run) {
        let query = JournalQuery::of_key(named(name));
        match journal.read(query).await {
            JournalPage::Rows { rows, .. } => {
                if let Some(row) = rows.into_iter().next() {
                    let noted = Noted::read(&row.detail);
                    return repeated(&request, &row.journal, row.outcome, &noted);
                }
            }
            JournalPage::Unavailable => return Err(ToolError::NotRecorded),
        }
    }
    let args = args::parse::<T::Args>(args)?;
    let planned = tokio::time::timeout(PLAN_WITHIN, T::plan(account, args)).await;
    let plan = planned.unwrap_or(Err(ToolError::Timeout))?;
    if plan.settled {
        let mut answer = WriteAnswer::new(WriteStatus::Done, plan.target);
        answer.success = Some(true);
        answer.previous = plan.previous;
        answer.warnings = plan.warnings;
        answer.next_step = Some("Nothing was sent: this is so already.".to_owned());
        return finished(answer, plan.keys);
    }
    if plan.steps.is_empty() {
        return Err(ToolError::UpstreamChanged { what: T::NAME });
    }
    let now = account.clock.now();
    let fresh_token = || T::CONFIRM.then(|| confirm::token(&key, &request, now));
    if shared.dry_run {
        return finished(preview(&plan, WriteStatus::Preview, fresh_token()), plan.keys);
    }
    if T::CONFIRM {
        match &shared.confirm {
            Confirm::Yes => {}
            Confirm::Token(token) if confirm::accepts(&key, &request, now, token) => {}
            Confirm::Token(_) => {
                let problem = "this token is older than ten minutes, or was given out for \
                                   other arguments. Call without `confirm` for a new one";
                return Err(ToolError::argument("confirm", problem));
            }
            Confirm::No => {
                let status = WriteStatus::RequiresConfirmation;
                return finished(preview(&plan, status, fresh_token()), plan.keys);
            }
        }
    }
    let id = Arc::new(OnceLock::new());
    let target = plan.target.clone();
    let (key, key_use) = match (shared.idempotency_key, &plan.undoes) {
        (Some(name), _) => (named(&name), KeyUse::Once),
        // Whatever else was said in the call: one write is taken back by one undo at a time.
        (None, Some(entry)) => (format!("undo:{}", entry.journal), KeyUse::WhenSettled),
        (None, None) => {
            let business = plan.business_key.as_ref().map(|business| format!("thing:{business}"));
            (business.unwrap_or_else(|| format!("request:{request}")), KeyUse::WhenSettled)
        }
    };
    let writing = Writing {
        garmin: account.garmin()?,
        journal,
        tool: T::NAME,
        request,
        key,
        key_use,
        id: Arc::clone(&id),
    };
    // A task of its own: whoever goes away in the middle must not leave half of it undone
    // and all of it unrecorded.
    let sent = account.writes.spawn(writing.carry_out(plan));
    if let Ok(Ok(result)) = tokio::time::timeout_at(began + ANSWER_WITHIN, sent).await {
        return result;
    }
    let mut answer = WriteAnswer::new(WriteStatus::Unknown, target);
    answer.operation_id = id.get().map(ToString::to_string);
    answer.next_step = Some(RECONCILE.to_owned());
    finished(answer, Map::new())
}

pub(super) const RECONCILE: &str = "Garmin did not answer, so nobody knows whether this happened. Call \
    `reconcile_write_operation` with this `operation_id` and tell the user what it shows; do \
    not repeat the write before.";

/// The journal's name for a key that a caller made up.
fn named(key: &str) -> String {
    format!("key:{key}")
}

/// What is said before anything is sent.
fn preview(plan: &Plan, status: WriteStatus, token: Option<String>) -> WriteAnswer {
    let mut answer = WriteAnswer::new(status, plan.target.clone());
    answer.previous = plan.previous.clone();
    answer.will_send = plan.steps.iter().map(describe).collect();
    answer.warnings.clone_from(&plan.warnings);
    answer.next_step = Some(match (status, token.is_some()) {
        (WriteStatus::RequiresConfirmation, _) => {
            "Nothing was sent. Show the user what would happen; if they agree, repeat the call \
             with `confirm` set to this `confirm_token` within ten minutes."
                .to_owned()
        }
        (_, true) => "Nothing was sent. Repeat the call with `confirm` set to this \
                      `confirm_token` instead of `dry_run` once the user agrees."
            .to_owned(),
        (_, false) => "Nothing was sent. Repeat the call without `dry_run` to do it.".to_owned(),
    });
    answer.confirm_token = token;
    answer
}

fn describe(step: &Step) -> Value {
    match &step.request {
        Request::Ready(write) => {
            let request = format!("{} {}", write.verb().as_str(), write.target());
            json!({ "what": step.what, "request": request, "body": write.body() })
        }
        Request::After(_) => json!({ "what": step.what }),
    }
}

/// The answer as a result, with the keys of the tool beside the common ones.
pub(super) fn finished(answer: WriteAnswer, keys: Map<String, Value>) -> Result<Value, ToolError> {
    // Texts and values always serialise.
    let Ok(Value::Object(mut result)) = serde_json::to_value(answer) else {
        return Err(ToolError::UpstreamChanged { what: "result" });
    };
    for (name, value) in keys {
        result.entry(name).or_insert(value);
    }
    Ok(text::clean(Value::Object(result)))
}

/// What a call is told whose key was used before.
pub(super) fn repeated(
    request: &str,
    journal: &JournalId,
    outcome: WriteOutcome,
    noted: &Noted,
) -> Result<Value, ToolError> {
    let conflict = |problem: &str| {
        Err(ToolError::Conflict { problem: problem.to_owned(), operation: journal.to_string() })
    };
    if noted.request != request {
        return conflict(
            "this `idempotency_key` was used for another request. Use a new key for a new write",
        );
    }
    match outcome {
        WriteOutcome::Pending => conflict(UNDER_WAY),
        WriteOutcome::Done
        | WriteOutcome::Undone
        | WriteOutcome::Unknown
        | WriteOutcome::Reviewed => {
            let mut result = if let Value::Object(result) = &noted.result {
                result.clone()
            } else {
                let status = match outcome {
                    WriteOutcome::Done | WriteOutcome::Undone => WriteStatus::Done,
                    WriteOutcome::Pending
                    | WriteOutcome::Failed
                    | WriteOutcome::Unknown
                    | WriteOutcome::Reviewed => WriteStatus::Unknown,
                };
                let mut answer = WriteAnswer::new(status, noted.target.clone());
                answer.operation_id = Some(journal.to_string());
                let Ok(Value::Object(result)) = finished(answer, Map::new()) else {
                    return Err(ToolError::UpstreamChanged { what: "result" });
                };
                result
            };
            let note = match outcome {
                WriteOutcome::Undone => "This was done before and has been undone since.",
                WriteOutcome::Unknown | WriteOutcome::Reviewed | WriteOutcome::Pending => RECONCILE,
                WriteOutcome::Done | WriteOutcome::Failed => {
                    "This was done by an earlier call with the same key; nothing was sent now."
                }
            };
            result.insert("next_step".to_owned(), note.into());
            Ok(Value::Object(result))
        }
        WriteOutcome::Failed => {
            let why = noted.problem.as_deref().unwrap_or("it was refused");
            conflict(&format!(
                "an earlier call with this `idempotency_key` failed: {why} Use a new key to try \
                 again"
            ))
        }
    }
}

pub(super) const UNDER_WAY: &str = "the same write is under way, or broke off without an end. Ask \
    `get_write_operations` about it; if it stays `pending` for five minutes, call \
    `reconcile_write_operation`";

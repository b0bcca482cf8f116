//! Carrying a plan out: recorded, sent once, looked at, recorded again.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::contract::{JournalAnswer, JournalEntry, JournalRow, KeyUse, WriteOutcome};
use domain::id::JournalId;
use garmin::write::{Outcome, Write};
use garmin::{Garmin, GarminError};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::answer::{WriteAnswer, WriteStatus};
use super::check::Check;
use super::door::{RECONCILE, UNDER_WAY, finished, repeated};
use super::entry::{Journal, Noted};
use super::plan::{Bulk, Finish, OnError, Plan, Request, Step};
use crate::error::ToolError;

/// After this no further step is begun.
const BEGIN_WITHIN: Duration = Duration::from_secs(25);
/// For reading back.
const LOOK_WITHIN: Duration = Duration::from_secs(10);

/// What it takes to carry out a plan, without the caller.
pub(super) struct Writing {
    pub(super) garmin: Garmin,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) tool: &'static str,
    pub(super) request: String,
    pub(super) key: String,
    pub(super) key_use: KeyUse,
    pub(super) id: Arc<OnceLock<JournalId>>,
}

/// What one step came to.
struct Ended {
    what: String,
    how: How,
    keys: Map<String, Value>,
}

enum How {
    Done,
    Refused { status: u16, message: Option<String> },
    NotSent(Option<ToolError>),
    Unknown(GarminError),
}

impl Ended {
    fn is_done(&self) -> bool {
        matches!(self.how, How::Done)
    }

    fn row(&self) -> Value {
        let mut row = self.keys.clone();
        row.insert("what".to_owned(), self.what.clone().into());
        let (status, message) = match &self.how {
            How::Done => ("done", None),
            How::Refused { status, message } => {
                let refused = ToolError::Refused { status: *status, message: message.clone() };
                ("refused", Some(refused.to_string()))
            }
            How::NotSent(error) => ("not_sent", error.as_ref().map(ToString::to_string)),
            How::Unknown(error) => ("unknown", Some(error.to_string())),
        };
        row.insert("status".to_owned(), status.into());
        if let Some(message) = message {
            row.insert("message".to_owned(), message.into());
        }
        Value::Object(row)
    }
}

/// All that came of the steps.
#[derive(Default)]
struct Progress {
    ended: Vec<Ended>,
    answers: Vec<Value>,
    /// The way back of what was done, the last step first.
    undo: Vec<Write>,
}

impl Progress {
    fn all_done(&self) -> bool {
        self.ended.iter().all(Ended::is_done)
    }

    fn any_done(&self) -> bool {
        self.ended.iter().any(Ended::is_done)
    }

    fn unknown(&self) -> Option<GarminError> {
        self.ended.iter().find_map(|ended| match ended.how {
            How::Unknown(error) => Some(error),
            How::Done | How::Refused { .. } | How::NotSent(_) => None,
        })
    }

    /// Why nothing was done.
    fn refusal(&self) -> ToolError {
        let first = self.ended.first().map(|ended| &ended.how);
        match first {
            Some(How::Refused { status, message }) => {
                ToolError::Refused { status: *status, message: message.clone() }
            }
            Some(How::NotSent(Some(error))) => error.clone(),
            Some(How::Done | How::NotSent(None) | How::Unknown(_)) | None => ToolError::Timeout,
        }
    }
}

impl Writing {
    pub(super) async fn carry_out(self, mut plan: Plan) -> Result<Value, ToolError> {
        let mut noted = Noted {
            request: self.request.clone(),
            target: plan.target.clone(),
            previous: plan.previous.clone(),
            checks: plan.checks.clone(),
            ..Noted::default()
        };
        let journal = match self.announce(&noted).await? {
            Announced::Go(journal) => journal,
            Announced::Answered(result) => return result,
        };
        let steps = std::mem::take(&mut plan.steps);
        let progress = self.send_all(steps, plan.bulk.as_ref(), &journal, &mut noted).await;
        if let Some(checks_from) = plan.checks_from.take().filter(|_| progress.all_done()) {
            plan.checks.extend(checks_from(&progress.answers));
            noted.checks.clone_from(&plan.checks);
        }
        noted.undo.clone_from(&progress.undo);
        if progress.unknown().is_none() && !progress.any_done() {
            let error = progress.refusal();
            noted.problem = Some(error.to_string());
            noted.undo.clear();
            self.settle(&journal, WriteOutcome::Failed, &noted).await;
            return Err(error);
        }
        let answer = self.look(&plan, &progress, &journal).await;
        let keys = keys(&mut plan, &progress);
        let result = finished(answer, keys)?;
        noted.result = result.clone();
        let outcome = match progress.unknown() {
            None => WriteOutcome::Done,
            Some(error) => {
                noted.problem = Some(error.to_string());
                WriteOutcome::Unknown
            }
        };
        let settled = self.settle(&journal, outcome, &noted).await;
        if let (WriteOutcome::Done, Some(entry)) = (outcome, &plan.undoes) {
            self.mark_undone(entry).await;
        }
        Ok(if settled { result } else { unsettled(result) })
    }

    /// Has the write recorded; or gives the answer of the one that was recorded before.
    async fn announce(&self, noted: &Noted) -> Result<Announced, ToolError> {
        let intent = JournalEntry::Intent {
            key: self.key.clone(),
            key_use: self.key_use,
            tool: self.tool.to_owned(),
            detail: noted.text(),
        };
        match self.journal.record(intent).await {
            JournalAnswer::Recorded { journal } => {
                let _ = self.id.set(journal.clone());
                Ok(Announced::Go(journal))
            }
            JournalAnswer::Refused => Err(ToolError::NotRecorded),
            JournalAnswer::AlreadyThere { journal, outcome, detail } => match self.key_use {
                KeyUse::Once => {
                    let result = repeated(&self.request, &journal, outcome, &Noted::read(&detail));
                    Ok(Announced::Answered(result))
                }
                KeyUse::WhenSettled => {
                    let problem = match outcome {
                        WriteOutcome::Unknown => {
                            "nobody knows what became of the same write before. Call \
                             `reconcile_write_operation` with its `operation_id` first, and tell \
                             the user what it shows"
                        }
                        WriteOutcome::Pending
                        | WriteOutcome::Done
                        | WriteOutcome::Failed
                        | WriteOutcome::Reviewed
                        | WriteOutcome::Undone => UNDER_WAY,
                    };
                    let operation = journal.to_string();
                    Err(ToolError::Conflict { problem: problem.to_owned(), operation })
                }
            },
        }
    }

    async fn send_all(
        &self,
        steps: Vec<Step>,
        bulk: Option<&Bulk>,
        journal: &JournalId,
        noted: &mut Noted,
    ) -> Progress {
        let began = Instant::now();
        let mut progress = Progress::default();
        let (last, mut stopped) = (steps.len() - 1, false);
        for (at, step) in steps.into_iter().enumerate() {
            if stopped || (at > 0 && began.elapsed() > BEGIN_WITHIN) {
                let how = How::NotSent(None);
                progress.ended.push(Ended { what: step.what, how, keys: step.keys });
                continue;
            }
            let ended = self.send_one(step, &mut progress).await;
            stopped = match (&ended.how, bulk) {
                (How::Done, _)
                | (How::Refused { .. }, Some(Bulk { on_error: OnError::Continue, .. })) => false,
                (How::Refused { .. } | How::NotSent(_) | How::Unknown(_), _) => true,
            };
            progress.ended.push(ended);
            if at < last && !stopped {
                // Whoever looks after a crash learns how far it came.
                noted.steps_done = progress.ended.iter().filter(|ended| ended.is_done()).count();
                noted.undo.clone_from(&progress.undo);
                self.settle(journal, WriteOutcome::Pending, noted).await;
            }
        }
        noted.steps_done = progress.ended.iter().filter(|ended| ended.is_done()).count();
        progress
    }

    async fn send_one(&self, step: Step, progress: &mut Progress) -> Ended {
        let Step { what, request, finish, mut keys, keys_from, mut undo, undo_from } = step;
        let write = match request {
            Request::Ready(write) => Ok(write),
            Request::After(make) => make(&progress.answers),
        };
        let how = match write {
            Err(error) => How::NotSent(Some(error)),
            Ok(write) => match self.send(&write, finish).await {
                Outcome::Done { body, .. } => {
                    if let Some(keys_from) = keys_from {
                        keys.extend(keys_from(&body));
                    }
                    if let Some(undo_from) = undo_from {
                        undo.extend(undo_from(&body));
                    }
                    undo.append(&mut progress.undo);
                    progress.undo = undo;
                    progress.answers.push(body);
                    How::Done
                }
                Outcome::Refused { status, message, .. } => How::Refused { status, message },
                Outcome::NotSent(error) => How::NotSent(Some(error.into())),
                Outcome::Unknown(error) => How::Unknown(error),
            },
        };
        let done = matches!(how, How::Done);
        tracing::info!(event = "write.sent", tool = self.tool, done, "a write was sent");
        Ended { what, how, keys }
    }

    async fn send(&self, write: &Write, finish: Option<Finish>) -> Outcome {
        let outcome = self.garmin.send(write).await;
        match finish {
            Some(finish) => finish(self.garmin.clone(), outcome).await,
            None => outcome,
        }
    }

    /// Reads back what was written. What a look shows of a write that nobody knows the end of
    /// is shown, and proves nothing: another write may have made it so.
    async fn look(&self, plan: &Plan, progress: &Progress, journal: &JournalId) -> WriteAnswer {
        let unknown = progress.unknown().is_some();
        let status = match (unknown, progress.all_done()) {
            (true, _) => WriteStatus::Unknown,
            (false, true) => WriteStatus::Done,
            (false, false) => WriteStatus::Partial,
        };
        let mut answer = WriteAnswer::new(status, plan.target.clone());
        answer.success = (status == WriteStatus::Done).then_some(true);
        answer.operation_id = Some(journal.to_string());
        answer.previous = plan.previous.clone();
        answer.warnings.clone_from(&plan.warnings);
        answer.undo = Some(!unknown && !progress.undo.is_empty());
        let (current, verified) = look_at(&self.garmin, &plan.checks).await;
        answer.current = current;
        answer.verified = verified.map(|verified| verified && status == WriteStatus::Done);
        if unknown {
            answer.next_step = Some(RECONCILE.to_owned());
        } else if answer.verified == Some(false) && status == WriteStatus::Done {
            answer.warnings.push(
                "Garmin accepted this, but does not show it yet. Read it again in a minute before \
                 doing anything about it."
                    .to_owned(),
            );
        }
        answer
    }

    /// Records what came of it; whether that is durable.
    async fn settle(&self, journal: &JournalId, outcome: WriteOutcome, noted: &Noted) -> bool {
        let detail = noted.text();
        let entry = JournalEntry::Outcome { journal: journal.clone(), outcome, detail };
        match self.journal.record(entry).await {
            JournalAnswer::Recorded { .. } => true,
            JournalAnswer::AlreadyThere { .. } | JournalAnswer::Refused => {
                tracing::warn!(
                    event = "write.unsettled",
                    tool = self.tool,
                    "what became of a write was not recorded"
                );
                false
            }
        }
    }

    async fn mark_undone(&self, entry: &JournalRow) {
        let undone = JournalEntry::Later {
            journal: entry.journal.clone(),
            outcome: WriteOutcome::Undone,
            detail: entry.detail.clone(),
        };
        // Should this fail, the entry may be undone again: what it was is set once more, or what
        // it made is no longer there to be removed.
        let _ = self.journal.record(undone).await;
    }
}

enum Announced {
    Go(JournalId),
    Answered(Result<Value, ToolError>),
}

/// What is there now, and whether all of it is what was meant; unknown where a look failed.
pub(crate) async fn look_at(garmin: &Garmin, checks: &[Check]) -> (Value, Option<bool>) {
    let mut current = Map::new();
    let mut verified = None;
    for check in checks {
        match tokio::time::timeout(LOOK_WITHIN, check.compare(garmin)).await {
            Ok(Ok(seen)) => {
                verified = Some(verified.unwrap_or(true) && seen.fits);
                if let Value::Object(fields) = seen.current {
                    current.extend(fields);
                }
            }
            Ok(Err(_)) | Err(_) => return (Value::Null, None),
        }
    }
    if current.is_empty() { (Value::Null, verified) } else { (Value::Object(current), verified) }
}

/// The tool's own keys: what it said itself, and what its steps have found in the answers.
fn keys(plan: &mut Plan, progress: &Progress) -> Map<String, Value> {
    let mut keys = std::mem::take(&mut plan.keys);
    if let Some(bulk) = &plan.bulk {
        let rows: Vec<Value> = progress.ended.iter().map(Ended::row).collect();
        keys.insert(bulk.name.to_owned(), rows.into());
        let done = progress.ended.iter().filter(|ended| ended.is_done()).count();
        keys.insert("done_count".to_owned(), done.into());
        // As the bulk tools of garmin_mcp counted.
        keys.insert("total".to_owned(), progress.ended.len().into());
        keys.insert("succeeded".to_owned(), done.into());
        keys.insert("failed".to_owned(), (progress.ended.len() - done).into());
    } else {
        for ended in progress.ended.iter().filter(|ended| ended.is_done()) {
            keys.extend(ended.keys.clone());
        }
        if progress.ended.len() > 1 && !progress.all_done() {
            let rows: Vec<Value> = progress.ended.iter().map(Ended::row).collect();
            keys.insert("steps".to_owned(), rows.into());
        }
    }
    keys
}

/// The result of a write that is done while the journal does not know it.
fn unsettled(mut result: Value) -> Value {
    let warning = "What became of this could not be recorded: the journal may call it unknown.";
    if let Some(fields) = result.as_object_mut() {
        let warnings = fields.entry("warnings").or_insert_with(|| json!([]));
        if let Some(warnings) = warnings.as_array_mut() {
            warnings.push(warning.into());
        }
        fields.insert("undo".to_owned(), false.into());
    }
    result
}

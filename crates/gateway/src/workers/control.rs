//! The gateway's half of the control channel: what one worker asks, and the answers.
//!
//! The channel is the identity: nothing a worker says names an account, so nothing it says can
//! reach another one. Frames are bounded, questions are bounded in number and rate, and
//! anything outside the contract ends the worker.
//!
//! What a question needs of the store runs as a task of its own: a connection of the pool must
//! never depend on whether a worker reads what it is answered.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::clock::Timestamp;
use domain::contract::{
    self, CredentialsAnswer, FromWorker, JournalAnswer, JournalEntry, JournalPage, LONGEST_DETAIL,
    LinkAnswer, ToWorker, ToolsAnswer, WriteOutcome,
};
use domain::id::{DeviceId, JournalId};
use domain::tools::ToolChoice;
use domain::upstream::Upstream;
use futures_util::{SinkExt, StreamExt};
use store::Store;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::call::Repeatable;
use super::lifecycle::Event;
use super::process::{Tools, Worker};
use super::resolve::{self, Resolver};
use super::supervisor::Supervisor;
use crate::account::Issuer;
use crate::custody::Custody;
use crate::proxy::DeviceCache;

/// Questions answered at once; more wait in the socket.
const MOST_PENDING: usize = 32;
/// Frames at once, and how long it takes until one more may follow.
const BURST: i64 = 256;
const ONE_MORE: Duration = Duration::from_millis(10);
/// A frame counts as one more for each of these: reading it is work as well.
const ONE_FRAME: usize = 4096;
/// What reading a page of the journal counts as: a page is a good deal longer than a question.
const PAGE: usize = 16 * ONE_FRAME;
/// How long an answer may wait for the worker to read what came before it.
const UNREAD: Duration = Duration::from_secs(5);
/// More tools than this no worker has.
const MOST_TOOLS: usize = 2_000;

/// Writes one worker may have announced and not settled, and how much each may say. A row of
/// the journal is the only thing a worker makes others store.
const MOST_OPEN_WRITES: usize = 64;
const LONGEST_NAME: usize = 256;

/// Why the channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The worker closed it: it is leaving or dead.
    Closed,
    /// The worker sent something that is not in the contract.
    Misbehaved(&'static str),
}

/// What questions are answered from.
pub(super) struct Desk {
    pub(super) worker: Arc<Worker>,
    pub(super) supervisor: Supervisor,
    pub(super) upstream: Arc<Upstream>,
    pub(super) custody: Custody,
    pub(super) store: Store,
    pub(super) devices: DeviceCache,
    /// Writes announced and not settled yet, with what the journal says about them.
    pub(super) open_writes: Arc<Mutex<HashMap<JournalId, String>>>,
    pub(super) resolver: Resolver,
    /// Whether the log has said that this worker asks for names that are none of its business.
    pub(super) asked_for_foreign: AtomicBool,
}

/// There is one channel for each worker, silent most of the time: its buffers begin small.
const USUAL_FRAME: usize = 512;

impl Desk {
    fn now(&self) -> Timestamp {
        self.supervisor.parts().clock.now()
    }
}

type Pending = Pin<Box<dyn Future<Output = ToWorker> + Send>>;

/// What a frame leads to.
enum Heard {
    Nothing,
    /// A question; nobody minds if it is dropped.
    Question(Pending),
    /// The same, of which not so many may be asked.
    LongQuestion(Pending),
    /// A step of a write, which is carried through.
    Write(Pending),
}

/// Talks until the channel ends. `outbox` carries what the gateway says unasked; the launch
/// message is the first of it. In boxes, because a channel keeps 32 places for its two or three
/// messages.
pub(super) async fn talk(
    stream: UnixStream,
    desk: &Desk,
    outbox: &mut mpsc::UnboundedReceiver<Box<ToWorker>>,
) -> End {
    let codec = LengthDelimitedCodec::builder().max_frame_length(contract::MAX_FRAME).new_codec();
    let mut channel = Framed::with_capacity(stream, codec, USUAL_FRAME);
    let mut pending: JoinSet<ToWorker> = JoinSet::new();
    let mut writes: JoinSet<ToWorker> = JoinSet::new();
    let mut budget = Budget::new(Instant::now());
    loop {
        let wait = budget.wait(Instant::now());
        let may_read = pending.len() + writes.len() < MOST_PENDING && wait.is_none();
        let answer = tokio::select! {
            biased;
            Some(message) = outbox.recv() => *message,
            // One that has panicked has no answer; the worker stops waiting by itself.
            Some(Ok(answer)) = pending.join_next(), if !pending.is_empty() => answer,
            Some(Ok(answer)) = writes.join_next(), if !writes.is_empty() => answer,
            frame = channel.next(), if may_read => {
                let frame = match frame {
                    Some(Ok(frame)) => frame,
                    Some(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                        return End::Misbehaved("a frame is too long");
                    }
                    None | Some(Err(_)) => {
                        // A write it has settled must not be called unknown because it left at
                        // once.
                        while writes.join_next().await.is_some() {}
                        return End::Closed;
                    }
                };
                budget.spend(frame.len());
                match hear(desk, &frame, writes.len()) {
                    Ok(Heard::Question(question)) => { pending.spawn(question); }
                    Ok(Heard::LongQuestion(question)) => {
                        budget.spend(PAGE);
                        pending.spawn(question);
                    }
                    Ok(Heard::Write(write)) => { writes.spawn(write); }
                    Ok(Heard::Nothing) => {}
                    Err(complaint) => return End::Misbehaved(complaint),
                }
                continue;
            }
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => continue,
        };
        // Why this fails is on the reading side, after what the worker said before.
        if tokio::time::timeout(UNREAD, send(&mut channel, &answer)).await.is_err() {
            return End::Misbehaved("it does not read its answers");
        }
    }
}

async fn send(
    channel: &mut Framed<UnixStream, LengthDelimitedCodec>,
    message: &ToWorker,
) -> std::io::Result<()> {
    let frame = serde_json::to_vec(message).map_err(std::io::Error::other)?;
    channel.send(Bytes::from(frame)).await
}

fn hear(desk: &Desk, frame: &[u8], writing: usize) -> Result<Heard, &'static str> {
    let message = serde_json::from_slice::<FromWorker>(frame)
        .map_err(|_| "a message is not in the contract")?;
    match message {
        FromWorker::Ready { version, repeatable_tools, other_tools } => {
            if version != contract::VERSION {
                return Err("another version of the contract");
            }
            if desk.worker.tools.initialized() {
                return Err("it was ready before");
            }
            if repeatable_tools.len() + other_tools.len() > MOST_TOOLS {
                return Err("more tools than there can be");
            }
            if !repeatable_tools.iter().chain(&other_tools).all(|name| is_plain(name)) {
                return Err("a tool has a name that none has");
            }
            let named = |names: Vec<String>, repeatable| {
                names.into_iter().map(move |name| (name.into_boxed_str(), repeatable))
            };
            // Whoever says both of a tool is believed the careful one.
            let tools: Tools = named(repeatable_tools, Repeatable::Yes)
                .chain(named(other_tools, Repeatable::No))
                .collect();
            desk.worker.announce(desk.supervisor.known_tools(tools));
            desk.supervisor.hear(&desk.worker, Event::Ready);
            tracing::info!(
                event = "worker-started",
                account = %desk.worker.account,
                port = desk.worker.port(),
                ms = desk.supervisor.moment().since(desk.worker.began).as_millis(),
                ""
            );
            Ok(Heard::Nothing)
        }
        FromWorker::CredentialsWanted { id, refused } => {
            let (custody, account) = (desk.custody.clone(), desk.worker.account.clone());
            Ok(Heard::Question(Box::pin(async move {
                let answer: CredentialsAnswer = custody.credentials_for(&account, refused).await;
                ToWorker::Credentials { id, answer }
            })))
        }
        FromWorker::Resolve { id, host } => {
            let Some(base) = resolve::known(&desk.upstream, &host) else {
                if !desk.asked_for_foreign.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        event = "worker-resolve-refused",
                        account = %desk.worker.account,
                        "a worker asks for foreign names"
                    );
                }
                let nowhere = ToWorker::Resolved { id, addresses: Vec::new() };
                return Ok(Heard::Question(Box::pin(std::future::ready(nowhere))));
            };
            let (base, resolver) = (base.clone(), desk.resolver.clone());
            Ok(Heard::Question(Box::pin(async move {
                ToWorker::Resolved { id, addresses: resolver.resolve(&base, &host).await }
            })))
        }
        FromWorker::Journal { id, entry } => {
            bounded(&entry, lock(&desk.open_writes).len() + writing)?;
            if !may_write(desk, &entry) {
                let answer = JournalAnswer::Refused;
                let refused = ToWorker::Journal { id, answer };
                return Ok(Heard::Question(Box::pin(std::future::ready(refused))));
            }
            let answer = journal(desk, entry);
            Ok(Heard::Write(Box::pin(
                async move { ToWorker::Journal { id, answer: answer.await } },
            )))
        }
        FromWorker::ToolsChosen { id, device, choice } => {
            let answer = choose_tools(desk, device, &choice);
            Ok(Heard::Write(Box::pin(async move { ToWorker::Tools { id, answer: answer.await } })))
        }
        FromWorker::JournalRead { id, query } => {
            let (store, account) = (desk.store.clone(), desk.worker.account.clone());
            Ok(Heard::LongQuestion(Box::pin(async move {
                let page = store.read_journal(&account, &query).await;
                let answer = page.unwrap_or_else(|error| {
                    tracing::error!(
                        event = "journal-failed",
                        account = %account,
                        error = error.label(),
                        "the journal was not read"
                    );
                    JournalPage::Unavailable
                });
                ToWorker::JournalPage { id, answer }
            })))
        }
        FromWorker::LinkWanted { id, device } => {
            let answer = page_link(desk, device);
            Ok(Heard::Write(Box::pin(async move { ToWorker::Link { id, answer: answer.await } })))
        }
        FromWorker::Stopping => {
            desk.supervisor.hear(&desk.worker, Event::Leaving);
            Ok(Heard::Nothing)
        }
    }
}

/// Whether a step of a write is one that a worker in its right mind takes.
fn bounded(entry: &JournalEntry, open: usize) -> Result<(), &'static str> {
    let detail = match entry {
        JournalEntry::Intent { key, key_use: _, tool, detail } => {
            if open >= MOST_OPEN_WRITES {
                return Err("more open writes than there can be");
            }
            if key.len() > LONGEST_NAME || tool.len() > LONGEST_NAME {
                return Err("a name in the journal is too long");
            }
            detail
        }
        JournalEntry::Outcome { detail, .. } | JournalEntry::Later { detail, .. } => detail,
    };
    if detail.len() > LONGEST_DETAIL {
        return Err("a journal entry is too long");
    }
    Ok(())
}

/// Whether a step costs others no more than they can spare. An account's share of the disk is
/// its own, however often its worker is started.
fn may_write(desk: &Desk, entry: &JournalEntry) -> bool {
    match entry {
        JournalEntry::Intent { .. } => {
            let journals = &desk.supervisor.parts().journals;
            journals.take(&desk.worker.account).is_ok()
        }
        // Whatever this worker has not begun is not its to settle.
        JournalEntry::Outcome { journal, .. } => lock(&desk.open_writes).contains_key(journal),
        // Any entry of the account's, but each at most once: the store sees to both.
        JournalEntry::Later { .. } => true,
    }
}

/// What names of tools are made of: they go into records, labels and the log.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain)
}

/// Commits one step of a write. What cannot be committed must not be sent.
fn journal(
    desk: &Desk,
    entry: JournalEntry,
) -> Pin<Box<dyn Future<Output = JournalAnswer> + Send>> {
    let (store, account) = (desk.store.clone(), desk.worker.account.clone());
    let (open, now) = (desk.open_writes.clone(), desk.now());
    Box::pin(async move {
        match store.journal(&account, &entry, now).await {
            Ok(answer) => {
                match (entry, &answer) {
                    (JournalEntry::Intent { detail, .. }, JournalAnswer::Recorded { journal }) => {
                        lock(&open).insert(journal.clone(), detail);
                    }
                    (
                        JournalEntry::Outcome { journal, outcome: WriteOutcome::Pending, detail },
                        JournalAnswer::Recorded { .. },
                    ) => {
                        lock(&open).insert(journal, detail);
                    }
                    (JournalEntry::Outcome { journal, .. }, JournalAnswer::Recorded { .. }) => {
                        lock(&open).remove(&journal);
                    }
                    (JournalEntry::Later { .. }, JournalAnswer::Recorded { .. })
                    | (
                        JournalEntry::Intent { .. }
                        | JournalEntry::Outcome { .. }
                        | JournalEntry::Later { .. },
                        JournalAnswer::AlreadyThere { .. } | JournalAnswer::Refused,
                    ) => {}
                }
                answer
            }
            Err(error) => {
                tracing::error!(
                    event = "journal-failed",
                    account = %account,
                    error = error.label(),
                    "a write was not recorded and will not be sent"
                );
                JournalAnswer::Refused
            }
        }
    })
}

/// Hands out a link to the account page. A worker may name any device, so the store looks
/// whether it is one of the account's.
fn page_link(desk: &Desk, device: DeviceId) -> Pin<Box<dyn Future<Output = LinkAnswer> + Send>> {
    let (supervisor, account) = (desk.supervisor.clone(), desk.worker.account.clone());
    Box::pin(async move {
        let parts = supervisor.parts();
        if let Err(full) = parts.links.take(&account) {
            let retry_after_secs = full.retry_after.as_secs().max(1);
            return LinkAnswer::TooMany { retry_after_secs };
        }
        let issuer = Issuer {
            store: &parts.store,
            clock: &*parts.clock,
            entropy: &*parts.entropy,
            origin: &parts.public_url,
        };
        issuer.issue(&account, &device).await
    })
}

/// Writes down what a device is to be shown. A worker may name any device, so the store looks
/// whether it is one of the account's.
fn choose_tools(
    desk: &Desk,
    device: DeviceId,
    choice: &ToolChoice,
) -> Pin<Box<dyn Future<Output = ToolsAnswer> + Send>> {
    let (store, account) = (desk.store.clone(), desk.worker.account.clone());
    let devices = desk.devices.clone();
    let tools = (!choice.is_default()).then(|| choice.to_string());
    let now = desk.now();
    Box::pin(async move {
        match store.choose_tools(&account, &device, tools.as_deref(), now).await {
            Ok(true) => {
                devices.forget_device(&device);
                ToolsAnswer::Saved
            }
            Ok(false) => ToolsAnswer::NotThere,
            Err(error) => {
                tracing::error!(
                    event = "store-failed",
                    account = %account,
                    error = error.label(),
                    "a choice of tools was not saved"
                );
                ToolsAnswer::Refused
            }
        }
    })
}

/// What a dead worker had begun to write may have happened: the journal says so.
pub(super) async fn close_open_writes(desk: &Desk) {
    let open = std::mem::take(&mut *lock(&desk.open_writes));
    for (journal, detail) in open {
        let (account, now) = (&desk.worker.account, desk.now());
        let entry = JournalEntry::Outcome {
            journal: journal.clone(),
            outcome: WriteOutcome::Unknown,
            detail,
        };
        match desk.store.journal(account, &entry, now).await {
            Ok(_) => tracing::warn!(event = "write-unknown", account = %account, %journal, ""),
            // It stays `pending`, which nobody takes for done either.
            Err(error) => tracing::error!(
                event = "journal-failed",
                account = %account,
                error = error.label(),
                ""
            ),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What may be read now; below zero what a long frame has taken in advance.
struct Budget {
    left: i64,
    refilled: Instant,
}

impl Budget {
    fn new(now: Instant) -> Self {
        Self { left: BURST, refilled: now }
    }

    /// How long until the next frame may be read.
    fn wait(&mut self, now: Instant) -> Option<Duration> {
        let elapsed = now.saturating_duration_since(self.refilled);
        let more = i64::try_from(elapsed.as_millis() / ONE_MORE.as_millis()).unwrap_or(BURST);
        if more > 0 {
            self.left = self.left.saturating_add(more).min(BURST);
            self.refilled = now;
        }
        (self.left <= 0).then_some(ONE_MORE)
    }

    fn spend(&mut self, length: usize) {
        let all = i64::try_from(1 + length / ONE_FRAME).unwrap_or(i64::MAX);
        self.left = self.left.saturating_sub(all);
    }
}

#[cfg(test)]
mod tests {
    use domain::contract::KeyUse;

    use super::*;

    #[test]
    fn a_worker_may_not_fill_the_journal() {
        let intent = |key: usize, detail: usize| JournalEntry::Intent {
            key: "k".repeat(key),
            key_use: KeyUse::Once,
            tool: "write".to_owned(),
            detail: "d".repeat(detail),
        };
        let most = intent(LONGEST_NAME, LONGEST_DETAIL);
        assert_eq!(bounded(&most, MOST_OPEN_WRITES - 1), Ok(()));
        assert!(bounded(&most, MOST_OPEN_WRITES).is_err());
        assert!(bounded(&intent(LONGEST_NAME + 1, 0), 0).is_err());
        assert!(bounded(&intent(1, LONGEST_DETAIL + 1), 0).is_err());
    }

    #[test]
    fn a_chatty_worker_is_slowed_down() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        for _ in 0..BURST {
            assert_eq!(budget.wait(start), None);
            budget.spend(100);
        }
        assert_eq!(budget.wait(start), Some(ONE_MORE));
        assert_eq!(budget.wait(start + ONE_MORE), None);
    }

    #[test]
    fn a_long_frame_is_paid_for_before_the_next() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        budget.spend(contract::MAX_FRAME);
        budget.spend(contract::MAX_FRAME);
        assert_eq!(budget.wait(start + ONE_MORE * 256), Some(ONE_MORE));
        assert_eq!(budget.wait(start + ONE_MORE * 600), None);
    }

    #[test]
    fn names_of_tools_are_short_and_plain() {
        assert!(is_plain("get_sleep") && is_plain("a/b.c-d") && is_plain(&"x".repeat(256)));
        for odd in ["", "a b", "é", "a\n", "a\"", &"x".repeat(257)] {
            assert!(!is_plain(odd), "{odd:?}");
        }
    }
}

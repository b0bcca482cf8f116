//! One worker as the rest of the gateway sees it: an address, a secret, a phase, and calls.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::clock::{Clock, Timestamp};
use domain::console;
use domain::id::AccountId;
use http::uri::Uri;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{Notify, SetOnce, mpsc, watch};

use super::lifecycle::{Effect, Event, Outcome, Phase, Policy};
use super::supervisor::Supervisor;

/// What comes back from a worker.
pub type Answer = Response<Incoming>;

/// Which process of an account this is; never reused within one gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct WorkerId(pub(super) u64);

/// What the process's keeper is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Stop,
    Kill,
}

/// Where a worker is reached and what it expects to be shown.
pub(super) struct Address {
    pub(super) port: u16,
    pub(super) uri: Uri,
    pub(super) host: HeaderValue,
    pub(super) secret: HeaderValue,
}

pub(super) struct Worker {
    pub(super) id: WorkerId,
    pub(super) account: AccountId,
    pub(super) address: Address,
    pub(super) started_at: Timestamp,
    /// The same moment on the runtime's clock, to measure with.
    pub(super) started: tokio::time::Instant,
    phase: Mutex<Phase>,
    policy: Policy,
    clock: Arc<dyn Clock>,
    pid: AtomicU32,
    /// Connections belong to this process and die with it: the next process on the same port
    /// can never receive what was meant for this one.
    client: Client<HttpConnector, Full<Bytes>>,
    repeatable: SetOnce<HashSet<Box<str>>>,
    /// Whether it has answered anything.
    served: AtomicBool,
    /// Whether its end has been taken note of.
    counted: AtomicBool,
    ended: watch::Sender<Option<Outcome>>,
    orders: mpsc::UnboundedSender<Order>,
}

/// Whether a call may be sent again after its worker died without answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeatable {
    Yes,
    No,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The process ended before the first byte of an answer. `served` tells whether it had
    /// said `ready`: a worker that had not cannot have acted on anything.
    #[error("the worker ended before it answered: {outcome:?}")]
    Ended { outcome: Outcome, served: bool },
    /// The connection broke, and the process still runs.
    #[error("the worker closed the connection without an answer")]
    Broken,
    /// What it says is no HTTP, or interim answers, which nobody asked for and which have no end.
    #[error("the worker does not speak HTTP")]
    Garbled,
}

/// The head of an answer has to fit, and whoever floods a connection with heads keeps its task
/// no longer from looking up than it takes to read so much.
const READ_AHEAD: usize = 64 * 1024;

/// How long a broken connection may wait to learn that its process has died.
const POST_MORTEM: Duration = Duration::from_secs(2);

impl Worker {
    pub(super) fn new(
        id: WorkerId,
        account: AccountId,
        address: Address,
        policy: Policy,
        clock: Arc<dyn Clock>,
        orders: mpsc::UnboundedSender<Order>,
    ) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_mins(1))
            .pool_max_idle_per_host(8)
            .http1_max_buf_size(READ_AHEAD)
            .build(connector);
        let now = clock.now();
        Self {
            id,
            account,
            address,
            started_at: now,
            started: tokio::time::Instant::now(),
            phase: Mutex::new(Phase::starting(now, &policy)),
            policy,
            clock,
            pid: AtomicU32::new(0),
            client,
            repeatable: SetOnce::new(),
            served: AtomicBool::new(false),
            counted: AtomicBool::new(false),
            ended: watch::Sender::new(None),
            orders,
        }
    }

    /// Applies an event and carries out its effect. Tells the phase before and after.
    pub(super) fn on(&self, event: Event) -> (Phase, Phase) {
        let now = self.clock.now();
        let (before, after, effect) = {
            let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
            let before = *phase;
            let (after, effect) = before.on(event, now, &self.policy);
            *phase = after;
            (before, after, effect)
        };
        let order = match effect {
            Effect::Nothing => None,
            Effect::Stop => Some(Order::Stop),
            Effect::Kill => Some(Order::Kill),
        };
        if let Some(order) = order {
            // Without a keeper the process is gone already.
            let _ = self.orders.send(order);
        }
        if let Phase::Gone(outcome) = after {
            self.ended.send_if_modified(|ended| ended.replace(outcome).is_none());
        }
        (before, after)
    }

    pub(super) fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a new call, unless the worker takes none any more.
    pub(super) fn admits(&self) -> bool {
        let (before, _) = self.on(Event::CallBegan);
        before.takes_calls()
    }

    /// When it was last used, if it could be evicted now.
    pub(super) fn idle_since(&self) -> Option<Timestamp> {
        match self.phase() {
            Phase::Ready { in_flight: 0, last_used } => Some(last_used),
            Phase::Ready { .. }
            | Phase::Starting { .. }
            | Phase::Draining { .. }
            | Phase::Gone(_) => None,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn set_pid(&self, pid: Option<u32>) {
        self.pid.store(pid.unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// What the worker announced; only the first announcement counts.
    pub(super) fn announce(&self, repeatable: HashSet<Box<str>>) {
        let _ = self.repeatable.set(repeatable);
    }

    pub(super) fn has_served(&self) -> bool {
        self.served.load(Ordering::Relaxed)
    }

    /// Whether somebody else has asked this before.
    pub(super) fn was_counted(&self) -> bool {
        self.counted.swap(true, Ordering::Relaxed)
    }

    pub(super) fn ended(&self) -> watch::Receiver<Option<Outcome>> {
        self.ended.subscribe()
    }

    pub(super) fn report(&self) -> Option<console::Worker> {
        let phase = self.phase();
        let (word, last_used) = match phase {
            Phase::Starting { .. } => (console::Phase::Starting, self.started_at),
            Phase::Ready { last_used, .. } => (console::Phase::Ready, last_used),
            Phase::Draining { .. } => (console::Phase::Draining, self.started_at),
            Phase::Gone(_) => return None,
        };
        let idle = match phase.in_flight() {
            0 => self.clock.now().since(last_used).as_secs(),
            _ => 0,
        };
        Some(console::Worker {
            account: self.account.clone(),
            pid: self.pid(),
            port: self.address.port,
            phase: word,
            in_flight: phase.in_flight(),
            idle_secs: idle,
            started_at: self.started_at,
        })
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({}, {}, {:?})", self.account, self.address.port, self.phase())
    }
}

/// A call in flight. It belongs to one process, keeps it from being stopped, and ends when it
/// is dropped: whoever streams the answer holds it.
pub struct Call {
    pub(super) worker: Arc<Worker>,
    pub(super) supervisor: Supervisor,
}

impl Call {
    /// Comes back when the worker has said `ready`, or has ended.
    pub async fn ready(&self) {
        let mut ended = self.worker.ended();
        tokio::select! {
            _ = self.worker.repeatable.wait() => {}
            _ = wait_for_end(&mut ended) => {}
        }
    }

    /// Sends the request and waits for the head of the answer, or for the worker's end.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, SendError> {
        let mut ended = self.worker.ended();
        let interim = Arc::new(Notify::new());
        let heard = interim.clone();
        hyper::ext::on_informational(&mut request, move |_| heard.notify_one());
        let mut request = std::pin::pin!(self.worker.client.request(request));
        let answer = tokio::select! {
            biased;
            () = interim.notified() => return Err(SendError::Garbled),
            answer = &mut request => answer,
            outcome = wait_for_end(&mut ended) => {
                // What it answered before it left may still lie in the socket; and whoever was
                // never accepted is refused as soon as its keeper closes the address.
                let last = tokio::time::timeout(POST_MORTEM, request).await;
                last.map_err(|_| self.ended_with(outcome))?
            }
        };
        match answer {
            Ok(answer) => {
                self.worker.served.store(true, Ordering::Relaxed);
                Ok(answer)
            }
            Err(error) if is_no_http(&error) => Err(SendError::Garbled),
            Err(_) => Err(self.post_mortem().await),
        }
    }

    /// Why the connection broke. A process closes its sockets a moment before it can be reaped,
    /// and whoever is sent to it in that moment is lost with it: so its end is waited for.
    pub async fn post_mortem(&self) -> SendError {
        let mut ended = self.worker.ended();
        let outcome = tokio::time::timeout(POST_MORTEM, wait_for_end(&mut ended)).await;
        outcome.map_or(SendError::Broken, |outcome| self.ended_with(outcome))
    }

    fn ended_with(&self, outcome: Outcome) -> SendError {
        SendError::Ended { outcome, served: self.worker.repeatable.get().is_some() }
    }

    /// Where the request goes.
    #[must_use]
    pub fn uri(&self) -> Uri {
        self.worker.address.uri.clone()
    }

    #[must_use]
    pub fn host(&self) -> HeaderValue {
        self.worker.address.host.clone()
    }

    /// Shown to the worker as proof that the call comes from here.
    #[must_use]
    pub fn secret(&self) -> HeaderValue {
        self.worker.address.secret.clone()
    }

    /// Whether the worker has announced this tool as safe to repeat.
    #[must_use]
    pub fn announced(&self, tool: &str) -> Repeatable {
        match self.worker.repeatable.get() {
            Some(tools) if tools.contains(tool) => Repeatable::Yes,
            Some(_) | None => Repeatable::No,
        }
    }
}

/// Whether bytes came that are no answer, rather than none.
fn is_no_http(error: &hyper_util::client::legacy::Error) -> bool {
    let source = std::error::Error::source(error);
    let source = source.and_then(|source| source.downcast_ref::<hyper::Error>());
    source.is_some_and(|error| error.is_parse() && !error.is_incomplete_message())
}

async fn wait_for_end(ended: &mut watch::Receiver<Option<Outcome>>) -> Outcome {
    match ended.wait_for(Option::is_some).await.map(|outcome| *outcome) {
        Ok(Some(outcome)) => outcome,
        // The worker itself holds the sender, and the call holds the worker.
        Ok(None) | Err(_) => Outcome::Crashed,
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.worker.on(Event::CallEnded);
        self.supervisor.relieve();
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({:?})", self.worker)
    }
}

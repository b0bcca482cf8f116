//! Who runs: one worker per account, at most so many in all.
//!
//! The table is edited here only, under one short lock that is never held across an await.
//! A start belongs to the supervisor: requests for the account wait for it, and go on or give
//! up without touching it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::clock::Clock;
use domain::console;
use domain::contract::{SecretText, ToolPolicy};
use domain::entropy::{self, Entropy};
use domain::id::AccountId;
use domain::region::Region;
use domain::upstream::Upstream;
use http::HeaderValue;
use http::uri::Uri;
use store::Store;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::admission::{Place, Places, Waiting};
use super::backoff::Crashes;
use super::keeper::Keeper;
use super::lifecycle::{Event, Outcome, Phase, Policy};
use super::process::{Address, Call, Worker, WorkerId};
use super::spawn::{Spawner, WorkerProgram};
use crate::config::Config;
use crate::custody::Custody;
use crate::metrics::{Metrics, WorkerEnd, WorkerRefusal};

/// Why there is no worker to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWorker {
    /// No place for another worker within the deadline, or too many are waiting for one.
    #[error("all workers are busy")]
    AtCapacity { retry_after: Duration },
    #[error("the account's workers keep crashing")]
    CrashLoop { retry_after: Duration },
}

/// Come back when somebody else is done.
const FULL: NoWorker = NoWorker::AtCapacity { retry_after: Duration::from_secs(5) };

/// What a supervisor works with.
pub struct SupervisorOptions {
    pub program: WorkerProgram,
    pub custody: Custody,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub tasks: TaskTracker,
    pub metrics: Metrics,
}

/// A handle on the table of workers.
#[derive(Clone)]
pub struct Supervisor(Arc<Inner>);

/// What a keeper needs of the supervisor.
pub(super) struct Parts {
    pub(super) spawner: Spawner,
    pub(super) program: WorkerProgram,
    pub(super) allowed_ports: Vec<u16>,
    pub(super) custody: Custody,
    pub(super) store: Store,
    pub(super) tools: ToolPolicy,
    upstreams: [Arc<Upstream>; 2],
}

struct Inner {
    table: Mutex<Table>,
    parts: Parts,
    places: Arc<Places>,
    max: usize,
    policy: Policy,
    ports: Option<RangeInclusive<u16>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    tasks: TaskTracker,
    metrics: Metrics,
    next_id: AtomicU64,
    next_port: AtomicUsize,
    empty: Notify,
}

#[derive(Default)]
struct Table {
    current: HashMap<AccountId, Slot>,
    /// Draining, or about to be found dead: their places are still taken.
    leaving: HashMap<WorkerId, Arc<Worker>>,
    /// Accounts whose last worker crashed without having served.
    crashes: HashMap<AccountId, Crashes>,
    closed: bool,
}

#[derive(Clone)]
enum Slot {
    /// In the queue for a place.
    Queued(watch::Receiver<Option<Result<(), NoWorker>>>),
    Running(Arc<Worker>),
}

/// How long an account waits for a place before its calls are told to come back.
const PLACE_DEADLINE: Duration = Duration::from_secs(10);
/// Accounts that may wait for a place, for each place there is.
const QUEUE_PER_PLACE: usize = 16;
const GRACE: Duration = Duration::from_secs(5);
/// Longer than a call may take: a stop never cuts one off.
const CALL_GRACE: Duration = Duration::from_secs(250);

impl Parts {
    pub(super) fn upstream(&self, region: Region) -> Arc<Upstream> {
        match region {
            Region::Global => self.upstreams[0].clone(),
            Region::China => self.upstreams[1].clone(),
        }
    }
}

impl Supervisor {
    /// Starts the spawning thread and the clockwork, but no worker. Needs a runtime.
    pub fn new(config: &Config, options: SupervisorOptions) -> io::Result<Self> {
        let SupervisorOptions { program, custody, store, clock, entropy, tasks, metrics } = options;
        let upstreams = Region::ALL.map(|region| Arc::new(config.upstream(region).clone()));
        let mut allowed_ports: Vec<u16> = upstreams
            .iter()
            .flat_map(|upstream| upstream.all())
            .map(domain::upstream::BaseUrl::port)
            .collect();
        allowed_ports.sort_unstable();
        allowed_ports.dedup();
        let max = config.workers.max.get();
        let queue = max.saturating_mul(QUEUE_PER_PLACE);
        let inner = Arc::new(Inner {
            table: Mutex::default(),
            parts: Parts {
                spawner: Spawner::start()?,
                program,
                allowed_ports,
                custody,
                store,
                tools: config.tools.clone(),
                upstreams,
            },
            places: Arc::new(Places::new(max, queue, PLACE_DEADLINE)),
            max,
            policy: Policy {
                idle: config.workers.idle,
                startup: config.workers.startup,
                grace: GRACE,
                call_grace: CALL_GRACE,
            },
            ports: config.workers.ports.clone(),
            clock,
            entropy,
            tasks,
            metrics,
            next_id: AtomicU64::new(1),
            next_port: AtomicUsize::new(0),
            empty: Notify::new(),
        });
        Ok(Self(inner))
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// A call to the account's worker, which is started when there is none. Does not wait for
    /// the worker to be ready: [`Call::ready`] does, and what is sent before waits in its backlog.
    pub async fn call(&self, account: &AccountId) -> Result<Call, NoWorker> {
        let call = self.find_or_begin(account).await;
        if let Err(none) = &call {
            self.0.metrics.worker_refusals.of((*none).into()).increment(1);
        }
        call
    }

    async fn find_or_begin(&self, account: &AccountId) -> Result<Call, NoWorker> {
        loop {
            let mut queued = match self.enter(account)? {
                Entered::Call(call) => return Ok(call),
                Entered::Queued(queued) => queued,
            };
            let outcome = queued.wait_for(Option::is_some).await.map(|outcome| *outcome);
            match outcome {
                Ok(Some(Ok(()))) => {}
                Ok(Some(Err(full))) => return Err(full),
                Ok(None) | Err(_) => return Err(FULL),
            }
        }
    }

    fn enter(&self, account: &AccountId) -> Result<Entered, NoWorker> {
        let mut table = self.table();
        match table.current.get(account) {
            Some(Slot::Running(worker)) if worker.admits() => {
                let worker = worker.clone();
                return Ok(Entered::Call(Call { worker, supervisor: self.clone() }));
            }
            Some(Slot::Queued(queued)) => return Ok(Entered::Queued(queued.clone())),
            Some(Slot::Running(worker)) => {
                let worker = worker.clone();
                // Its keeper may be a moment behind whoever was told of the end.
                if let Phase::Gone(outcome) = worker.phase() {
                    self.learn(&mut table, &worker, outcome);
                }
                table.retire(&worker);
            }
            None => {}
        }
        if table.closed {
            return Err(FULL);
        }
        let wait = table.crashes.get(account).and_then(|crashes| crashes.wait(self.0.clock.now()));
        if let Some(retry_after) = wait {
            return Err(NoWorker::CrashLoop { retry_after });
        }
        if self.0.places.waiting() == 0
            && let Some(place) = self.0.places.try_take()
        {
            let worker = self.begin(&mut table, account, place)?;
            // Counted before anybody else sees it, so it cannot be evicted in between.
            worker.on(Event::CallBegan);
            return Ok(Entered::Call(Call { worker, supervisor: self.clone() }));
        }
        let Some(waiting) = self.0.places.join() else {
            tracing::warn!(event = "worker-cap-all-busy", workers = self.0.max, "");
            return Err(FULL);
        };
        let (told, queued) = watch::channel(None);
        table.current.insert(account.clone(), Slot::Queued(queued.clone()));
        drop(table);
        self.0.tasks.spawn(self.clone().wait_for_place(account.clone(), waiting, told));
        self.relieve();
        Ok(Entered::Queued(queued))
    }

    async fn wait_for_place(
        self,
        account: AccountId,
        waiting: Waiting,
        told: watch::Sender<Option<Result<(), NoWorker>>>,
    ) {
        let joined = tokio::time::Instant::now();
        let place = waiting.place().await;
        self.0.metrics.worker_queue_seconds.record(joined.elapsed().as_secs_f64());
        let mut table = self.table();
        table.current.remove(&account);
        let outcome = match place {
            Some(place) if !table.closed => self.begin(&mut table, &account, place).map(|_| ()),
            Some(_) | None => {
                tracing::warn!(event = "worker-cap-all-busy", workers = self.0.max, "");
                Err(FULL)
            }
        };
        drop(table);
        told.send_replace(Some(outcome));
    }

    /// Binds an address and hands the account to a keeper.
    fn begin(
        &self,
        table: &mut Table,
        account: &AccountId,
        place: Place,
    ) -> Result<Arc<Worker>, NoWorker> {
        let listener = self.bind().map_err(|error| {
            tracing::error!(event = "worker-spawn-failed", account = %account, error = %error, "");
            FULL
        })?;
        let raw: Zeroizing<[u8; 32]> = Zeroizing::new(entropy::bytes(&*self.0.entropy));
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(*raw));
        let address = listener.local_addr().and_then(|at| address(at.port(), &secret));
        let address = address.map_err(|error| {
            tracing::error!(event = "worker-spawn-failed", account = %account, error = %error, "");
            FULL
        })?;
        let id = WorkerId(self.0.next_id.fetch_add(1, Ordering::Relaxed));
        let (orders, received) = mpsc::unbounded_channel();
        let worker = Arc::new(Worker::new(
            id,
            account.clone(),
            address,
            self.0.policy,
            self.0.clock.clone(),
            orders,
        ));
        table.current.insert(account.clone(), Slot::Running(worker.clone()));
        let keeper = Keeper {
            worker: worker.clone(),
            supervisor: self.clone(),
            listener,
            secret: SecretText::from(secret.as_str()),
            orders: received,
            place,
        };
        self.0.tasks.spawn(keeper.keep());
        Ok(worker)
    }

    fn bind(&self) -> io::Result<TcpListener> {
        let Some(range) = &self.0.ports else {
            return TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        };
        // Round robin: a port that was just in use is the last to be tried again.
        let ports = range.len();
        let first = self.0.next_port.fetch_add(1, Ordering::Relaxed) % ports;
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for port in range.clone().chain(range.clone()).skip(first).take(ports) {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                Ok(listener) => return Ok(listener),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Makes room for accounts that wait: the least recently used idle workers leave.
    pub(super) fn relieve(&self) {
        if self.0.places.waiting() == 0 {
            return;
        }
        let mut table = self.table();
        // Whoever still answers a call does not leave soon.
        let on_the_way = |table: &Table| {
            table.leaving.values().filter(|worker| worker.phase().in_flight() == 0).count()
        };
        while on_the_way(&table) < self.0.places.waiting() {
            let idle = table.running().filter_map(|worker| {
                worker.idle_since().map(|since| (since, worker.id.0, worker.clone()))
            });
            let Some((_, _, worker)) = idle.min_by_key(|(since, id, _)| (*since, *id)) else {
                break;
            };
            let (_, after) = worker.on(Event::Evicted);
            if !after.takes_calls() {
                self.0.metrics.worker_evictions.increment(1);
                tracing::info!(event = "worker-evicted", account = %worker.account, "");
                table.retire(&worker);
            }
        }
    }

    /// Called by a keeper once its process is reaped.
    pub(super) fn buried(&self, worker: &Arc<Worker>, outcome: Outcome) {
        let mut table = self.table();
        table.leaving.remove(&worker.id);
        self.0.metrics.worker_ends.of(outcome.into()).increment(1);
        self.learn(&mut table, worker, outcome);
        let current = table.current.get(&worker.account);
        if matches!(current, Some(Slot::Running(running)) if running.id == worker.id) {
            table.current.remove(&worker.account);
        }
        let empty = table.is_empty();
        drop(table);
        tracing::debug!(event = "worker-gone", account = %worker.account, ?outcome, "");
        if empty {
            self.0.empty.notify_waiters();
        }
    }

    /// What the end of a worker says about the account's next one. Each end counts once.
    fn learn(&self, table: &mut Table, worker: &Worker, outcome: Outcome) {
        if worker.was_counted() {
            return;
        }
        let now = self.0.clock.now();
        table.crashes.retain(|_, crashes| !crashes.are_history(now));
        if worker.has_served() {
            table.crashes.remove(&worker.account);
            return;
        }
        match outcome {
            Outcome::Crashed | Outcome::StartTimeout => {
                let crashes = table.crashes.entry(worker.account.clone()).or_default();
                crashes.another(now);
                if let Some(wait) = crashes.wait(now) {
                    tracing::error!(
                        event = "worker-crash-loop",
                        account = %worker.account,
                        wait_secs = wait.as_secs(),
                        ""
                    );
                }
            }
            // Nobody's fault, or the machine's.
            Outcome::Stopped | Outcome::CredentialsRefused | Outcome::SpawnFailed => {}
        }
    }

    /// Lets time pass for every worker; the clockwork calls it each second.
    pub fn tick(&self) {
        let workers: Vec<Arc<Worker>> = {
            let table = self.table();
            table.running().chain(table.leaving.values()).cloned().collect()
        };
        for worker in workers {
            let (before, after) = worker.on(Event::Tick);
            if before.takes_calls() && !after.takes_calls() {
                self.table().retire(&worker);
                if matches!(after, Phase::Draining { verdict: Outcome::Stopped, .. }) {
                    tracing::info!(event = "worker-reaped", account = %worker.account, "");
                }
            }
        }
    }

    /// Stops the account's worker once it has answered what it was asked.
    pub fn drain_account(&self, account: &AccountId) {
        let mut table = self.table();
        if let Some(Slot::Running(worker)) = table.current.get(account).cloned() {
            worker.on(Event::Dismissed);
            table.retire(&worker);
        }
    }

    /// Starts nothing any more, lets every call finish, and returns when the last process is
    /// reaped.
    pub async fn shut_down(&self) {
        {
            let mut table = self.table();
            table.closed = true;
            let running: Vec<_> = table.running().cloned().collect();
            for worker in running {
                worker.on(Event::Dismissed);
                table.retire(&worker);
            }
        }
        loop {
            let empty = self.0.empty.notified();
            if self.table().is_empty() {
                return;
            }
            empty.await;
        }
    }

    #[must_use]
    pub fn running_accounts(&self) -> Vec<AccountId> {
        self.table().running().map(|worker| worker.account.clone()).collect()
    }

    /// Every process, for the console.
    #[must_use]
    pub fn workers(&self) -> Vec<console::Worker> {
        let table = self.table();
        let all = table.running().chain(table.leaving.values());
        all.filter_map(|worker| worker.report()).collect()
    }

    #[must_use]
    pub fn queued_starts(&self) -> usize {
        self.0.places.waiting()
    }

    #[must_use]
    pub fn max_workers(&self) -> usize {
        self.0.max
    }

    /// Process ids of every worker, for whoever reaps strangers.
    pub(crate) fn pids(&self) -> HashSet<u32> {
        let table = self.table();
        table.running().chain(table.leaving.values()).map(|worker| worker.pid()).collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<NoWorker> for WorkerRefusal {
    fn from(none: NoWorker) -> Self {
        match none {
            NoWorker::AtCapacity { .. } => Self::AtCapacity,
            NoWorker::CrashLoop { .. } => Self::CrashLoop,
        }
    }
}

impl From<Outcome> for WorkerEnd {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Stopped => Self::Stopped,
            Outcome::Crashed => Self::Crashed,
            Outcome::StartTimeout => Self::StartTimeout,
            Outcome::SpawnFailed => Self::SpawnFailed,
            Outcome::CredentialsRefused => Self::CredentialsRefused,
        }
    }
}

enum Entered {
    Call(Call),
    Queued(watch::Receiver<Option<Result<(), NoWorker>>>),
}

impl Table {
    fn running(&self) -> impl Iterator<Item = &Arc<Worker>> {
        self.current.values().filter_map(|slot| match slot {
            Slot::Running(worker) => Some(worker),
            Slot::Queued(_) => None,
        })
    }

    /// Takes no new calls: the account may have another worker beside it.
    fn retire(&mut self, worker: &Arc<Worker>) {
        let current = self.current.get(&worker.account);
        if matches!(current, Some(Slot::Running(running)) if running.id == worker.id) {
            self.current.remove(&worker.account);
        }
        match worker.phase() {
            Phase::Gone(_) => {}
            Phase::Starting { .. } | Phase::Ready { .. } | Phase::Draining { .. } => {
                self.leaving.insert(worker.id, worker.clone());
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.leaving.is_empty() && self.running().next().is_none()
    }
}

fn address(port: u16, secret: &str) -> io::Result<Address> {
    let authority = format!("127.0.0.1:{port}");
    let uri = format!("http://{authority}/mcp").parse::<Uri>().map_err(io::Error::other)?;
    let host = HeaderValue::try_from(authority).map_err(io::Error::other)?;
    let mut secret = HeaderValue::from_str(secret).map_err(io::Error::other)?;
    secret.set_sensitive(true);
    Ok(Address { port, uri, host, secret })
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Supervisor({} workers)", self.table().running().count())
    }
}

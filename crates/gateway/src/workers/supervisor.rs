//! The shell around the roster: one lock, and the hands that do what it says.
//!
//! The lock is held for the time of one event and never across an await, a system call or a log
//! line. A start belongs to the supervisor: requests for the account wait for it, and go on or
//! give up without touching it.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::{Clock, Moment};
use domain::console;
use domain::contract::ToolPolicy;
use domain::entropy::Entropy;
use domain::id::AccountId;
use domain::origin::Origin;
use domain::region::Region;
use domain::upstream::Upstream;
use store::Store;
use tokio::sync::{Notify, oneshot};
use tokio_util::task::TaskTracker;

use super::call::Call;
use super::cgroup::Groups;
use super::keeper::Keeper;
use super::lifecycle::{Event, Phase, Policy};
use super::notes::Notes;
use super::ports::Ports;
use super::process::{Tools, Worker};
use super::resolve::Resolver;
use super::roster::{Act, Condition, Counts, NoWorker, Roster, Rules, TicketId, Wanted};
use super::spawn::{Children, Spawner, WorkerProgram};
use crate::config::Config;
use crate::custody::Custody;
use crate::limits::{Keyed, one_each};
use crate::metrics::Metrics;
use crate::proxy::DeviceCache;

/// What a supervisor works with.
pub struct SupervisorOptions {
    pub program: WorkerProgram,
    /// A cgroup for each worker, where the gateway was given a subtree.
    pub groups: Option<Arc<Groups>>,
    pub custody: Custody,
    pub store: Store,
    /// What is remembered of devices, for when a worker changes one.
    pub devices: DeviceCache,
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
    pub(super) groups: Option<Arc<Groups>>,
    pub(super) spawner: Spawner,
    pub(super) program: WorkerProgram,
    pub(super) allowed_ports: Vec<u16>,
    pub(super) ports: Ports,
    pub(super) custody: Custody,
    pub(super) store: Store,
    pub(super) devices: DeviceCache,
    pub(super) tools: ToolPolicy,
    pub(super) resolver: Resolver,
    /// What workers may still make others store, by account.
    pub(super) journals: Keyed<AccountId>,
    /// Links to the account page that may still be handed out, by account.
    pub(super) links: Keyed<AccountId>,
    /// Where they lead.
    pub(super) public_url: Origin,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    upstreams: [Arc<Upstream>; 2],
}

struct Inner {
    table: Mutex<Table>,
    /// What the last worker announced that announced anything new.
    tools: Mutex<Arc<Tools>>,
    parts: Parts,
    max: usize,
    tasks: TaskTracker,
    empty: Notify,
    notes: Notes,
}

struct Table {
    roster: Roster<Arc<Worker>>,
    /// Who is told what becomes of a ticket.
    tickets: HashMap<TicketId, oneshot::Sender<Result<Call, NoWorker>>>,
}

/// How long an account waits for a place before its calls are told to come back.
const PLACE_DEADLINE: Duration = Duration::from_secs(10);
/// Accounts that may wait for a place, for each place there is.
const QUEUE_PER_PLACE: usize = 16;
/// How long the first in the queue waits before workers that are never idle make room.
const PATIENCE: Duration = Duration::from_secs(3);
const GRACE: Duration = Duration::from_secs(5);
/// Longer than a call may take: a stop never cuts one off.
const CALL_GRACE: Duration = Duration::from_secs(250);
/// How long a worker that is never idle may keep its place while others wait.
const TENURE: Duration = Duration::from_secs(20);
/// Writes an account may begin at once, and how long it takes until it may begin one more: each
/// is a row that stays.
const WRITES: u32 = 64;
const WRITE_EACH: Duration = Duration::from_secs(10);
/// The same for links to the account page: each voids the one before.
const LINKS: u32 = 5;
const LINK_EACH: Duration = Duration::from_mins(2);
const MOST_ACCOUNTS: u64 = 100_000;

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
        let SupervisorOptions {
            program,
            groups,
            custody,
            store,
            devices,
            clock,
            entropy,
            tasks,
            metrics,
        } = options;
        let upstreams = Region::ALL.map(|region| Arc::new(config.upstream(region).clone()));
        let mut allowed_ports: Vec<u16> = upstreams
            .iter()
            .flat_map(|upstream| upstream.all())
            .map(domain::upstream::BaseUrl::port)
            .collect();
        allowed_ports.sort_unstable();
        allowed_ports.dedup();
        let max = config.workers.max.get();
        let rules = Rules {
            policy: Policy {
                idle: config.workers.idle,
                startup: config.workers.startup,
                grace: GRACE,
                call_grace: CALL_GRACE,
                tenure: TENURE,
            },
            places: max,
            queue: max.saturating_mul(QUEUE_PER_PLACE),
            deadline: PLACE_DEADLINE,
            patience: PATIENCE,
        };
        let calendar = clock.clone();
        let roster = Roster::new(
            rules,
            Box::new(move |id, account| Arc::new(Worker::new(id, account.clone(), &*calendar))),
        );
        Ok(Self(Arc::new(Inner {
            table: Mutex::new(Table { roster, tickets: HashMap::new() }),
            tools: Mutex::default(),
            parts: Parts {
                groups,
                spawner: Spawner::start()?,
                program,
                allowed_ports,
                ports: Ports::new(config.workers.ports.clone()),
                custody,
                store,
                devices,
                tools: config.tools.clone(),
                resolver: Resolver::default(),
                journals: Keyed::new(one_each(WRITE_EACH, WRITES), MOST_ACCOUNTS),
                links: Keyed::new(one_each(LINK_EACH, LINKS), MOST_ACCOUNTS),
                public_url: config.public_url.clone(),
                clock,
                entropy,
                upstreams,
            },
            max,
            tasks,
            empty: Notify::new(),
            notes: Notes::new(max, metrics),
        })))
    }

    /// A call to the account's worker, which is started when there is none. Does not wait for
    /// the worker to be ready: [`Call::ready`] does.
    pub async fn call(&self, account: &AccountId) -> Result<Call, NoWorker> {
        let waiting = match self.enter(account)? {
            Entered::Call(call) => return Ok(call),
            Entered::Waiting(waiting) => waiting,
        };
        waiting.outcome().await
    }

    fn enter(&self, account: &AccountId) -> Result<Entered, NoWorker> {
        let mut acts = Vec::new();
        let mut table = self.table();
        let wanted = table.roster.want(account, self.moment(), &mut acts);
        let entered = match wanted {
            Wanted::Call(worker) => Ok(Entered::Call(self.call_of(worker))),
            Wanted::Wait(ticket) => {
                let (tell, told) = oneshot::channel();
                table.tickets.insert(ticket, tell);
                Ok(Entered::Waiting(Waiting { ticket, told, supervisor: self.clone() }))
            }
            Wanted::No(why) => Err(why),
        };
        drop(table);
        self.perform(acts);
        entered
    }

    fn call_of(&self, worker: Arc<Worker>) -> Call {
        Call { worker, supervisor: self.clone() }
    }

    /// One event, and what follows from it.
    fn event<T>(
        &self,
        event: impl FnOnce(&mut Roster<Arc<Worker>>, Moment, &mut Vec<Act<Arc<Worker>>>) -> T,
    ) -> T {
        let mut acts = Vec::new();
        let outcome = event(&mut self.table().roster, self.moment(), &mut acts);
        self.perform(acts);
        outcome
    }

    fn perform(&self, acts: Vec<Act<Arc<Worker>>>) {
        for act in acts {
            match act {
                Act::Begin { worker } => {
                    let keeper = Keeper { worker, supervisor: self.clone() };
                    self.0.tasks.spawn(keeper.keep());
                }
                Act::Order { worker, order } => worker.order(order),
                Act::Admit { ticket, worker } => self.tell(ticket, Ok(self.call_of(worker))),
                Act::Refuse { ticket, why } => self.tell(ticket, Err(why)),
                Act::Ended { worker, outcome } => worker.end(outcome),
                Act::Empty => self.0.empty.notify_waiters(),
                Act::Note(note) => self.0.notes.take(&note, self.moment()),
            }
        }
    }

    /// A call nobody waits for any more is dropped here, and so is over.
    fn tell(&self, ticket: TicketId, outcome: Result<Call, NoWorker>) {
        let tell = self.table().tickets.remove(&ticket);
        if let Some(tell) = tell {
            let _ = tell.send(outcome);
        }
    }

    /// What a worker says, or what its keeper sees of it. Tells the phase it is in then.
    pub(super) fn hear(&self, worker: &Worker, event: Event) -> Option<Phase> {
        self.event(|roster, now, acts| roster.hear(worker.id, event, now, acts))
    }

    /// Called by a keeper once its process is reaped and its address closed.
    pub(super) fn buried(&self, worker: &Worker) {
        self.event(|roster, now, acts| roster.buried(worker.id, now, acts));
    }

    pub(super) fn call_ended(&self, worker: &Worker) {
        self.event(|roster, now, acts| roster.call_ended(worker.id, now, acts));
    }

    pub(super) fn answered(&self, worker: &Worker) {
        self.table().roster.answered(worker.id);
    }

    /// Lets time pass; the clockwork calls it each second.
    pub fn tick(&self) {
        self.event(Roster::tick);
        let workers: Vec<Arc<Worker>> =
            self.table().roster.members().map(|(_, worker, _)| worker.clone()).collect();
        for worker in workers {
            worker.tidy();
        }
    }

    /// Stops the account's worker once it has answered what it was asked.
    pub fn drain_account(&self, account: &AccountId) {
        self.event(|roster, now, acts| roster.dismiss(account, now, acts));
    }

    /// Starts nothing any more, lets every call finish, and returns when the last process is
    /// reaped.
    pub async fn shut_down(&self) {
        self.event(Roster::close);
        loop {
            let empty = self.0.empty.notified();
            if self.table().roster.is_empty() {
                return;
            }
            empty.await;
        }
    }

    /// Kills whatever still runs. [`Supervisor::shut_down`] returns soon after.
    pub fn cut(&self) {
        self.event(Roster::cut);
    }

    #[must_use]
    pub fn running_accounts(&self) -> Vec<AccountId> {
        self.table().roster.running().cloned().collect()
    }

    /// Every process, for the console.
    #[must_use]
    pub fn workers(&self) -> Vec<console::Worker> {
        let now = self.moment();
        let table = self.table();
        let all = table.roster.members();
        all.filter_map(|(account, worker, phase)| report(account, worker, phase, now)).collect()
    }

    #[must_use]
    pub fn queued_starts(&self) -> usize {
        self.counts().waiting
    }

    #[must_use]
    pub fn max_workers(&self) -> usize {
        self.0.max
    }

    /// How many workers are in which phase. Costs their number: for probes and metrics.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.table().roster.counts()
    }

    /// Whether another worker could be started.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.table().roster.condition(self.moment())
    }

    /// When a call that found no room should come again.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.table().roster.retry_after(self.moment())
    }

    pub(super) fn metrics(&self) -> &Metrics {
        self.0.notes.metrics()
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// Processes the gateway waits for, for whoever reaps strangers.
    pub(super) fn children(&self) -> &Children {
        self.0.parts.spawner.children()
    }

    pub(super) fn moment(&self) -> Moment {
        self.0.parts.clock.moment()
    }

    /// The tools a worker has announced, kept once for all workers that announce the same.
    pub(super) fn known_tools(&self, tools: Tools) -> Arc<Tools> {
        let mut known = self.0.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if **known != tools {
            *known = Arc::new(tools);
        }
        known.clone()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Entered {
    Call(Call),
    Waiting(Waiting),
}

/// Somebody in the queue; dropping it leaves the queue.
struct Waiting {
    ticket: TicketId,
    told: oneshot::Receiver<Result<Call, NoWorker>>,
    supervisor: Supervisor,
}

impl Waiting {
    async fn outcome(mut self) -> Result<Call, NoWorker> {
        match (&mut self.told).await {
            Ok(outcome) => outcome,
            // The supervisor tells every ticket, and this one holds the supervisor.
            Err(_) => Err(NoWorker::AtCapacity { retry_after: PLACE_DEADLINE }),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut table = self.supervisor.table();
        if table.tickets.remove(&self.ticket).is_some() {
            table.roster.abandon(self.ticket);
        }
    }
}

fn report(
    account: &AccountId,
    worker: &Worker,
    phase: Phase,
    now: Moment,
) -> Option<console::Worker> {
    let (word, idle) = match phase {
        Phase::Starting { .. } => (console::Phase::Starting, Duration::ZERO),
        Phase::Ready { in_flight: 0, since } => (console::Phase::Ready, now.since(since)),
        Phase::Ready { .. } => (console::Phase::Ready, Duration::ZERO),
        Phase::Draining { .. } => (console::Phase::Draining, Duration::ZERO),
        Phase::Gone(_) => return None,
    };
    Some(console::Worker {
        account: account.clone(),
        pid: worker.pid(),
        port: worker.port(),
        phase: word,
        in_flight: phase.in_flight(),
        idle_secs: idle.as_secs(),
        started_at: worker.started_at,
        calls: worker.calls(),
        memory_kib: None,
    })
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Supervisor({} workers)", self.table().roster.running().count())
    }
}

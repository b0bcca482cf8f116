//! Who runs, who waits and who has to leave: the whole supervisor as a state machine.
//!
//! Pure: no process, no task, no lock, no clock. Every operation is one event; it is told how
//! much time has passed, changes the tables, and appends what has to be done about it as
//! [`Act`]s. The shell around it ([`super::supervisor`]) carries those out, and simulations put
//! something else in its place.
//!
//! What holds after every event, and is checked after every event of the simulation:
//! - no more processes than places, counted from before the start until after the reaping;
//! - at most one worker an account is sent to, and none that is leaving;
//! - a worker with a call in flight is stopped only when its account is dismissed, or when it
//!   has kept its place for long while others wait; the call is finished either way;
//! - everybody who waits is told exactly once, in the order of arrival of their accounts.
//!
//! A call to a worker that serves costs two look-ups when it begins and one when it ends, and
//! allocates nothing. Whatever looks at every worker happens once a second or while somebody
//! waits for a place.

mod acts;
mod queue;
mod starts;
mod view;

#[cfg(test)]
mod blame;
#[cfg(test)]
mod day;
#[cfg(test)]
mod enumeration;
#[cfg(test)]
mod props;
#[cfg(test)]
mod simulation;

use std::collections::HashMap;
use std::time::Duration;

use domain::clock::Moment;
use domain::id::AccountId;

use super::backoff::Crashes;
use super::lifecycle::{Effect, Event, Outcome, Phase};
use queue::{Entry, Queue, Turn};
use starts::{Change, Leave, Starts};

pub(super) use acts::{Act, Order, Rules, Wanted, WorkerId};
pub use acts::{NoWorker, Note};
pub(super) use queue::TicketId;
pub use view::{Condition, Counts};

/// What is said while the gateway stops: somebody else serves soon.
const STOPPING: NoWorker = NoWorker::AtCapacity { retry_after: Duration::from_secs(5) };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seat {
    Waiting(Turn),
    Running(WorkerId),
}

#[derive(Debug)]
struct Member<H> {
    account: AccountId,
    phase: Phase,
    handle: H,
    began: Moment,
    /// Whether it has answered anything.
    answered: bool,
    /// Whether it has said that it serves.
    announced: bool,
}

/// Makes what stands for a worker outside.
type Hire<H> = Box<dyn Fn(WorkerId, &AccountId) -> H + Send>;

pub(super) struct Roster<H> {
    rules: Rules,
    hire: Hire<H>,
    /// Where an account's next call goes. Never a worker that takes none.
    seats: HashMap<AccountId, Seat>,
    /// Every process, from before its start until it is buried.
    members: HashMap<WorkerId, Member<H>>,
    queue: Queue,
    /// Accounts whose last worker crashed without having served.
    crashes: HashMap<AccountId, Crashes>,
    starts: Starts,
    closed: bool,
    next_worker: u64,
}

impl<H: Clone> Roster<H> {
    pub(super) fn new(rules: Rules, hire: Hire<H>) -> Self {
        Self {
            rules,
            hire,
            seats: HashMap::new(),
            members: HashMap::new(),
            queue: Queue::new(rules.queue, rules.deadline),
            crashes: HashMap::new(),
            starts: Starts::default(),
            closed: false,
            next_worker: 1,
        }
    }

    /// A call wants the account's worker.
    pub(super) fn want(
        &mut self,
        account: &AccountId,
        now: Moment,
        acts: &mut Vec<Act<H>>,
    ) -> Wanted<H> {
        match self.seats.get(account) {
            Some(Seat::Running(id)) => {
                let id = *id;
                if let Some(worker) = self.count_call(id, now) {
                    return Wanted::Call(worker);
                }
            }
            Some(Seat::Waiting(turn)) => return Wanted::Wait(self.queue.accompany(*turn)),
            None => {}
        }
        match self.seat(account, now, acts) {
            Ok(wanted) => wanted,
            Err(why) => {
                acts.push(Act::Note(Note::Refused { account: account.clone(), why }));
                Wanted::No(why)
            }
        }
    }

    /// Counts a call before anybody else can see the worker idle.
    fn count_call(&mut self, id: WorkerId, now: Moment) -> Option<H> {
        let member = self.members.get_mut(&id)?;
        if !member.phase.takes_calls() {
            return None;
        }
        (member.phase, _) = member.phase.on(Event::CallBegan, now, &self.rules.policy);
        Some(member.handle.clone())
    }

    /// A worker for an account that has none, or a place in the queue for one.
    fn seat(
        &mut self,
        account: &AccountId,
        now: Moment,
        acts: &mut Vec<Act<H>>,
    ) -> Result<Wanted<H>, NoWorker> {
        if self.closed {
            return Err(STOPPING);
        }
        let wait = self.crashes.get(account).and_then(|crashes| crashes.wait(now));
        if let Some(retry_after) = wait {
            return Err(NoWorker::CrashLoop { retry_after });
        }
        match self.starts.leave(now) {
            Leave::Granted if self.queue.is_empty() && self.has_place() => {
                let id = self.begin(account.clone(), now, acts);
                if let Some(worker) = self.count_call(id, now) {
                    return Ok(Wanted::Call(worker));
                }
                Err(STOPPING)
            }
            Leave::Granted | Leave::Later => {
                let Some((turn, ticket)) = self.queue.join(account.clone(), now) else {
                    return Err(self.full(now));
                };
                self.seats.insert(account.clone(), Seat::Waiting(turn));
                self.relieve(now, acts);
                Ok(Wanted::Wait(ticket))
            }
            Leave::Refused { retry_after } => Err(NoWorker::StartsPaused { retry_after }),
        }
    }

    fn full(&self, now: Moment) -> NoWorker {
        NoWorker::AtCapacity { retry_after: self.queue.retry_after(now) }
    }

    fn has_place(&self) -> bool {
        self.members.len() < self.rules.places
    }

    fn begin(&mut self, account: AccountId, now: Moment, acts: &mut Vec<Act<H>>) -> WorkerId {
        let id = WorkerId(self.next_worker);
        self.next_worker += 1;
        let handle = (self.hire)(id, &account);
        self.starts.began(id);
        acts.push(Act::Begin { worker: handle.clone() });
        self.seats.insert(account.clone(), Seat::Running(id));
        let phase = Phase::starting(now, &self.rules.policy);
        let member =
            Member { account, phase, handle, began: now, answered: false, announced: false };
        self.members.insert(id, member);
        id
    }

    /// Whoever waited with this ticket does so no more.
    pub(super) fn abandon(&mut self, ticket: TicketId) {
        if let Some(account) = self.queue.abandon(ticket) {
            self.seats.remove(&account);
        }
    }

    /// A call that was counted is over.
    pub(super) fn call_ended(&mut self, id: WorkerId, now: Moment, acts: &mut Vec<Act<H>>) {
        self.apply(id, Event::CallEnded, now, acts);
        self.relieve(now, acts);
    }

    /// A worker has answered something: what becomes of it later is no failed start.
    pub(super) fn answered(&mut self, id: WorkerId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.answered = true;
        }
    }

    /// What a worker says, or what its keeper sees of it. Tells the phase it is in then.
    pub(super) fn hear(
        &mut self,
        id: WorkerId,
        event: Event,
        now: Moment,
        acts: &mut Vec<Act<H>>,
    ) -> Option<Phase> {
        let phase = self.apply(id, event, now, acts);
        self.fill(now, acts);
        phase
    }

    /// The process is reaped and its address closed: the place is free.
    pub(super) fn buried(&mut self, id: WorkerId, now: Moment, acts: &mut Vec<Act<H>>) {
        // A burial is an end, whatever was reported before.
        self.apply(id, Event::Exited, now, acts);
        self.members.remove(&id);
        self.fill(now, acts);
        if self.members.is_empty() {
            acts.push(Act::Empty);
        }
    }

    /// Lets time pass: once a second.
    pub(super) fn tick(&mut self, now: Moment, acts: &mut Vec<Act<H>>) {
        for id in self.ids() {
            let Some((before, after)) = self.step(id, Event::Tick, now, acts) else { continue };
            if before.takes_calls()
                && let Phase::Draining { verdict: Outcome::Stopped, .. } = after
                && let Some(member) = self.members.get(&id)
            {
                acts.push(Act::Note(Note::Reaped { account: member.account.clone() }));
            }
        }
        while let Some(entry) = self.queue.overdue(now) {
            self.refuse(entry, self.full(now), acts);
        }
        self.crashes.retain(|_, crashes| !crashes.are_history(now));
        self.fill(now, acts);
        self.make_room(now, acts);
    }

    /// The account's worker is to finish what it was asked, and leave.
    pub(super) fn dismiss(&mut self, account: &AccountId, now: Moment, acts: &mut Vec<Act<H>>) {
        if let Some(Seat::Running(id)) = self.seats.get(account) {
            self.apply(*id, Event::Dismissed, now, acts);
        }
    }

    /// Nothing is started any more, and everybody leaves once it has finished.
    pub(super) fn close(&mut self, now: Moment, acts: &mut Vec<Act<H>>) {
        self.closed = true;
        while let Some(entry) = self.queue.dismiss() {
            self.refuse(entry, STOPPING, acts);
        }
        self.all(Event::Dismissed, now, acts);
    }

    /// The same, without waiting for anybody.
    pub(super) fn cut(&mut self, now: Moment, acts: &mut Vec<Act<H>>) {
        self.close(now, acts);
        self.all(Event::Condemned, now, acts);
    }

    fn all(&mut self, event: Event, now: Moment, acts: &mut Vec<Act<H>>) {
        for id in self.ids() {
            self.apply(id, event, now, acts);
        }
    }

    /// In the order of their starts, so that what follows from a state is always the same.
    fn ids(&self) -> Vec<WorkerId> {
        let mut ids: Vec<WorkerId> = self.members.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn apply(
        &mut self,
        id: WorkerId,
        event: Event,
        now: Moment,
        acts: &mut Vec<Act<H>>,
    ) -> Option<Phase> {
        self.step(id, event, now, acts).map(|(_, after)| after)
    }

    /// One event of one worker, and everything that follows from it for its account.
    fn step(
        &mut self,
        id: WorkerId,
        event: Event,
        now: Moment,
        acts: &mut Vec<Act<H>>,
    ) -> Option<(Phase, Phase)> {
        let member = self.members.get_mut(&id)?;
        let before = member.phase;
        let (after, effect) = before.on(event, now, &self.rules.policy);
        member.phase = after;
        let order = match effect {
            Effect::Nothing => None,
            Effect::Stop => Some(Order::Stop),
            Effect::Kill => Some(Order::Kill),
        };
        if let Some(order) = order {
            acts.push(Act::Order { worker: member.handle.clone(), order });
        }
        if before.takes_calls() && !after.takes_calls() {
            self.seats.remove(&member.account);
        }
        match (before, after) {
            (Phase::Gone(_), _) => {}
            (_, Phase::Gone(outcome)) => self.learn(id, event, outcome, now, acts),
            (Phase::Starting { .. }, Phase::Ready { .. }) => {
                member.announced = true;
                let (account, took) = (member.account.clone(), now.since(member.began));
                acts.push(Act::Note(Note::Started { account, took }));
                if self.starts.succeeded() {
                    acts.push(Act::Note(Note::CircuitClosed));
                }
            }
            (
                Phase::Starting { .. } | Phase::Ready { .. } | Phase::Draining { .. },
                Phase::Starting { .. } | Phase::Ready { .. } | Phase::Draining { .. },
            ) => {}
        }
        Some((before, after))
    }

    /// What the end of a worker says about the next ones.
    fn learn(
        &mut self,
        id: WorkerId,
        event: Event,
        outcome: Outcome,
        now: Moment,
        acts: &mut Vec<Act<H>>,
    ) {
        let Some(member) = self.members.get(&id) else { return };
        let account = member.account.clone();
        acts.push(Act::Ended { worker: member.handle.clone(), outcome });
        acts.push(Act::Note(Note::Ended { account: account.clone(), outcome }));
        let announced = member.announced;
        if member.answered {
            self.starts.inconclusive(id, now);
            if (event, outcome) == (Event::Broke, Outcome::Crashed) {
                self.crashed(&account, now, acts, Crashes::another_that_served);
            } else {
                self.crashes.remove(&account);
            }
            return;
        }
        match outcome {
            Outcome::Crashed | Outcome::StartTimeout => {
                self.crashed(&account, now, acts, Crashes::another);
                if !announced {
                    self.start_failed(id, &account, now, acts);
                }
            }
            // Not the account's fault: the program's.
            Outcome::SpawnFailed => self.start_failed(id, &account, now, acts),
            // Or the machine's.
            Outcome::AtCapacity => {
                self.starts.inconclusive(id, now);
                if let Some(pause) = self.starts.exhausted(now) {
                    acts.push(Act::Note(Note::Exhausted { pause }));
                }
            }
            // Or nobody's.
            Outcome::Stopped | Outcome::CredentialsRefused | Outcome::StoreFailed => {
                self.starts.inconclusive(id, now);
            }
        }
    }

    fn crashed(
        &mut self,
        account: &AccountId,
        now: Moment,
        acts: &mut Vec<Act<H>>,
        count: impl FnOnce(&mut Crashes, Moment),
    ) {
        let crashes = self.crashes.entry(account.clone()).or_default();
        count(crashes, now);
        if let Some(wait) = crashes.wait(now) {
            acts.push(Act::Note(Note::CrashLoop { account: account.clone(), wait }));
        }
    }

    fn start_failed(
        &mut self,
        id: WorkerId,
        account: &AccountId,
        now: Moment,
        acts: &mut Vec<Act<H>>,
    ) {
        let (note, pause) = match self.starts.failed(id, account, now) {
            Change::None => return,
            Change::Opened { pause } => (Note::CircuitOpened { pause }, pause),
            Change::StillOpen { pause } => (Note::CircuitStillOpen { pause }, pause),
        };
        acts.push(Act::Note(note));
        // Nobody in the queue would be served before they give up.
        while let Some(entry) = self.queue.dismiss() {
            self.refuse(entry, NoWorker::StartsPaused { retry_after: pause }, acts);
        }
    }

    fn refuse(&mut self, entry: Entry, why: NoWorker, acts: &mut Vec<Act<H>>) {
        self.seats.remove(&entry.account);
        for ticket in entry.tickets {
            let account = entry.account.clone();
            acts.push(Act::Note(Note::Refused { account, why }));
            acts.push(Act::Refuse { ticket, why });
        }
    }

    /// Gives free places to whoever has waited longest, and makes room for the others.
    fn fill(&mut self, now: Moment, acts: &mut Vec<Act<H>>) {
        while self.has_place() && !self.closed && self.starts.leave(now) == Leave::Granted {
            let Some(Entry { account, tickets, since }) = self.queue.serve(now) else { break };
            let took = now.since(since);
            acts.push(Act::Note(Note::Waited { account: account.clone(), took }));
            let id = self.begin(account, now, acts);
            for ticket in tickets {
                if let Some(worker) = self.count_call(id, now) {
                    acts.push(Act::Admit { ticket, worker });
                }
            }
        }
        self.relieve(now, acts);
    }

    /// The least recently used idle workers leave for accounts that wait.
    fn relieve(&mut self, now: Moment, acts: &mut Vec<Act<H>>) {
        let free = match self.starts.leave(now) {
            _ if self.queue.is_empty() => return,
            Leave::Refused { .. } => return,
            Leave::Granted => self.rules.places.saturating_sub(self.members.len()),
            // What an idle worker leaves behind may be just what the machine has not got.
            Leave::Later => 0,
        };
        // Whoever still answers a call does not leave soon.
        let soon = self.members.values().filter(|member| leaves_soon(member.phase)).count();
        for _ in free + soon..self.queue.len() {
            let idle = self.members.iter().filter_map(|(id, member)| match member.phase {
                Phase::Ready { in_flight: 0, since } => Some((since, *id)),
                Phase::Ready { .. }
                | Phase::Starting { .. }
                | Phase::Draining { .. }
                | Phase::Gone(_) => None,
            });
            let Some((_, id)) = idle.min() else { break };
            self.send_off(id, Event::Evicted, now, acts);
        }
    }

    /// Where the first in the queue have lost patience, workers that were never idle for long
    /// finish what they do and leave: an account that is always busy starves nobody.
    fn make_room(&mut self, now: Moment, acts: &mut Vec<Act<H>>) {
        let wanted = self.queue.impatient(self.rules.patience, now);
        if wanted == 0 || self.starts.leave(now) != Leave::Granted {
            return;
        }
        let leaving = self.members.values().filter(|member| !member.phase.takes_calls()).count();
        let mut busy: Vec<(Moment, WorkerId)> = self
            .members
            .iter()
            .filter_map(|(id, member)| match member.phase {
                Phase::Ready { in_flight: 1.., since } => Some((since, *id)),
                Phase::Ready { .. }
                | Phase::Starting { .. }
                | Phase::Draining { .. }
                | Phase::Gone(_) => None,
            })
            .collect();
        busy.sort_unstable();
        for (_, id) in busy.into_iter().take(wanted.saturating_sub(leaving)) {
            self.send_off(id, Event::Yielded, now, acts);
        }
    }

    fn send_off(&mut self, id: WorkerId, event: Event, now: Moment, acts: &mut Vec<Act<H>>) {
        let Some((before, after)) = self.step(id, event, now, acts) else { return };
        if !before.takes_calls() || after.takes_calls() {
            return;
        }
        let Some(member) = self.members.get(&id) else { return };
        let account = member.account.clone();
        acts.push(Act::Note(match before.in_flight() {
            0 => Note::Evicted { account },
            _ => Note::Yielded { account },
        }));
    }
}

/// Whether its place will be free in a moment.
fn leaves_soon(phase: Phase) -> bool {
    match phase {
        Phase::Draining { in_flight: 0, .. } | Phase::Gone(_) => true,
        Phase::Draining { .. } | Phase::Starting { .. } | Phase::Ready { .. } => false,
    }
}

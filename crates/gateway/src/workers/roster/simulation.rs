//! The roster in a world of its own: workers that boot slowly, crash, hang or refuse to leave;
//! clients that come, give up, revoke and sign in; a clock; and the end of it all at any moment.
//! One seed is one schedule, and a schedule that breaks a rule is printed.

mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use domain::entropy::CountingEntropy;

use super::props::{Dice, Hand, Process, Temper, Witnessed};
use super::*;
use crate::workers::lifecycle::Policy;

/// Schedules in an ordinary run of the tests.
const SEEDS: u64 = 5_000;
const STEPS: usize = 160;
const ACCOUNTS: usize = 7;

const POLICY: Policy = Policy {
    idle: Duration::from_secs(90),
    startup: Duration::from_secs(20),
    grace: Duration::from_secs(5),
    call_grace: Duration::from_secs(250),
    tenure: Duration::from_secs(20),
};

#[derive(Debug)]
struct Wait {
    account: AccountId,
    since: Moment,
}

struct World {
    roster: Roster<Hand>,
    dice: Dice,
    now: Moment,
    accounts: Vec<AccountId>,
    processes: BTreeMap<WorkerId, Process>,
    /// Clients in the queue, and the order in which their accounts joined it.
    waiting: BTreeMap<TicketId, Wait>,
    line: Vec<AccountId>,
    serving: Option<AccountId>,
    /// Calls whose worker has ended, until their clients have noticed.
    cut_off: Vec<u64>,
    cut: bool,
    /// Calls under way, and the worker of each.
    calls: BTreeMap<u64, WorkerId>,
    told: BTreeSet<TicketId>,
    abandoned: BTreeSet<TicketId>,
    next_call: u64,
    refuses_sign_in: BTreeSet<AccountId>,
    trouble: Temper,
    trouble_percent: u64,
    places: usize,
    closing: Option<Moment>,
    schedule: String,
    seed: u64,
    empties: usize,
    witnessed: Witnessed,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::of(seed);
        let entropy = CountingEntropy::default();
        let accounts = (0..ACCOUNTS).map(|_| AccountId::generate(&entropy)).collect();
        let places = 1 + dice.below(4);
        let rules = Rules {
            policy: POLICY,
            places,
            queue: 1 + dice.below(6),
            deadline: Duration::from_secs(10),
            patience: Duration::from_secs(3),
        };
        let hire = Box::new(Hand::new);
        let tempers = [
            Temper::Hangs,
            Temper::DiesStarting,
            Temper::NeedsSignIn,
            Temper::Missing,
            Temper::NoRoom,
            Temper::Stubborn,
        ];
        let trouble = dice.pick(&tempers).unwrap();
        let trouble_percent = [0, 5, 30, 95][dice.below(4)];
        Self {
            roster: Roster::new(rules, hire),
            now: Moment::ZERO,
            accounts,
            processes: BTreeMap::new(),
            waiting: BTreeMap::new(),
            line: Vec::new(),
            serving: None,
            cut_off: Vec::new(),
            cut: false,
            calls: BTreeMap::new(),
            told: BTreeSet::new(),
            abandoned: BTreeSet::new(),
            next_call: 0,
            refuses_sign_in: BTreeSet::new(),
            trouble,
            trouble_percent,
            places,
            closing: None,
            schedule: String::new(),
            seed,
            empties: 0,
            witnessed: Witnessed::default(),
            dice,
        }
    }

    #[track_caller]
    fn insist(&self, holds: bool, rule: &str) {
        assert!(
            holds,
            "seed {} breaks a rule: {rule}\n{} places, {:?} at {} %\n{}",
            self.seed, self.places, self.trouble, self.trouble_percent, self.schedule
        );
    }

    fn say(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(
            self.schedule,
            "{:>6.1} s  {line}",
            self.now.since(Moment::ZERO).as_secs_f64()
        );
    }

    fn short(&self, account: &AccountId) -> usize {
        self.accounts.iter().position(|other| other == account).unwrap()
    }

    /// One thing happens.
    fn step(&mut self) {
        match self.dice.below(20) {
            0..=6 => self.want(),
            7..=9 => self.finish_a_call(),
            10..=13 => self.advance_a_process(),
            14 => self.give_up(),
            15 => self.crash(),
            16 => self.dismiss(),
            17 if self.dice.chance(30) => self.sign_in_or_out(),
            17..=19 => self.pass(),
            _ => unreachable!("a die has twenty sides"),
        }
        self.check();
    }

    fn event<T>(
        &mut self,
        event: impl FnOnce(&mut Roster<Hand>, Moment, &mut Vec<Act<Hand>>) -> T,
    ) -> T {
        let mut acts = Vec::new();
        let outcome = event(&mut self.roster, self.now, &mut acts);
        self.perform(acts);
        outcome
    }

    fn want(&mut self) {
        let account = self.accounts[self.dice.below(ACCOUNTS)].clone();
        let already = self.waiting.values().any(|wait| wait.account == account);
        let wanted = {
            let mut acts = Vec::new();
            let wanted = self.roster.want(&account, self.now, &mut acts);
            // The queue is joined before anything that follows from joining it.
            if let Wanted::Wait(ticket) = wanted {
                let known = self.waiting.contains_key(&ticket) || self.told.contains(&ticket);
                self.insist(!known, "no ticket is given twice");
                self.waiting.insert(ticket, Wait { account: account.clone(), since: self.now });
                if !already {
                    self.line.push(account.clone());
                }
            }
            self.perform(acts);
            wanted
        };
        self.say(format_args!("want {} → {wanted:?}", self.short(&account)));
        if let Wanted::Call(hand) = wanted {
            self.insist(hand.account == account, "an account gets its own worker");
            self.call(hand.id);
        }
        if self.closing.is_some() {
            self.insist(
                matches!(self.roster.seats.get(&account), None | Some(Seat::Running(_))),
                "nobody joins the queue of a gateway that stops",
            );
        }
    }

    fn call(&mut self, id: WorkerId) {
        let process = self.processes.get(&id);
        let usable = process.is_some_and(Process::serves);
        self.insist(usable, "no call goes to a worker that is leaving");
        let (call, now) = (self.next_call, self.now);
        self.next_call += 1;
        self.calls.insert(call, id);
        if let Some(process) = self.processes.get_mut(&id) {
            if process.calls.is_empty() {
                process.since = now;
            }
            process.calls.insert(call);
        }
    }

    fn perform(&mut self, acts: Vec<Act<Hand>>) {
        for act in acts {
            match act {
                Act::Begin { worker } => self.begin(&worker),
                Act::Order { worker, order } => self.order(&worker, order),
                Act::Admit { ticket, worker } => {
                    self.say(format_args!("{ticket:?} is admitted to {:?}", worker.id));
                    let wait = self.tell(ticket);
                    self.insist(wait.account == worker.account, "an account gets its own worker");
                    if self.line.first() == Some(&wait.account) {
                        self.serving = Some(self.line.remove(0));
                    }
                    // Others of the same account follow, and are nobody's predecessors.
                    let fair = self.serving.as_ref() == Some(&wait.account);
                    self.insist(fair, "whoever came first is served first");
                    self.call(worker.id);
                }
                Act::Refuse { ticket, why } => {
                    self.say(format_args!("{ticket:?} is refused: {why:?}"));
                    let wait = self.tell(ticket);
                    self.line.retain(|account| *account != wait.account);
                    let (NoWorker::AtCapacity { retry_after }
                    | NoWorker::CrashLoop { retry_after }
                    | NoWorker::StartsPaused { retry_after }) = why;
                    self.insist(!retry_after.is_zero(), "whoever is refused is told when to come");
                }
                Act::Ended { worker, outcome } => {
                    self.say(format_args!("{:?} has ended: {outcome:?}", worker.id));
                    // Its clients are told, and hang up.
                    let theirs = self.calls.iter().filter(|(_, of)| **of == worker.id);
                    self.cut_off.extend(theirs.map(|(call, _)| *call));
                }
                Act::Empty => {
                    self.empties += 1;
                    self.insist(self.processes.is_empty(), "empty is empty");
                }
                Act::Note(note) => self.witness(&note),
            }
        }
        while let Some(call) = self.cut_off.pop() {
            self.hang_up(call);
        }
    }

    fn witness(&mut self, note: &Note) {
        let seen = &mut self.witnessed;
        match note {
            Note::Evicted { .. } => seen.evicted += 1,
            Note::Yielded { .. } => seen.yielded += 1,
            Note::Reaped { .. } => seen.reaped += 1,
            Note::Waited { .. } => seen.waited += 1,
            Note::Refused { .. } => seen.refused += 1,
            Note::CrashLoop { .. } => seen.crash_loops += 1,
            Note::CircuitOpened { .. } => seen.circuits += 1,
            Note::Exhausted { .. } => seen.exhausted += 1,
            Note::CircuitStillOpen { .. }
            | Note::CircuitClosed
            | Note::Started { .. }
            | Note::Ended { .. } => return,
        }
        self.say(format_args!("  {note:?}"));
    }

    fn tell(&mut self, ticket: TicketId) -> Wait {
        let fresh = self.told.insert(ticket) && !self.abandoned.contains(&ticket);
        self.insist(fresh, "nobody is told twice, or after having left");
        let wait = self.waiting.remove(&ticket);
        self.insist(wait.is_some(), "only who waits is told");
        wait.unwrap()
    }

    fn begin(&mut self, worker: &Hand) {
        let temper = if self.refuses_sign_in.contains(&worker.account) {
            Temper::NeedsSignIn
        } else if self.dice.chance(self.trouble_percent) {
            self.trouble
        } else {
            Temper::Well
        };
        self.say(format_args!(
            "{:?} begins for {}: {temper:?}",
            worker.id,
            self.short(&worker.account)
        ));
        let alone = !self
            .processes
            .values()
            .any(|process| process.account == worker.account && process.serves());
        self.insist(alone, "an account has one worker that takes calls");
        self.insist(self.closing.is_none(), "a gateway that stops starts nothing");
        self.processes.insert(
            worker.id,
            Process {
                account: worker.account.clone(),
                temper,
                ready: false,
                exited: false,
                stop: false,
                kill: false,
                dismissed: false,
                misbehaved: false,
                left: false,
                calls: BTreeSet::new(),
                since: self.now,
                leaves: None,
            },
        );
    }

    fn finish_a_call(&mut self) {
        let ready: Vec<u64> = self
            .calls
            .iter()
            .filter(|(_, worker)| self.processes.get(worker).is_some_and(|process| process.ready))
            .map(|(call, _)| *call)
            .collect();
        if let Some(call) = self.dice.pick(&ready) {
            let worker = self.calls[&call];
            if self.dice.chance(80) {
                self.roster.answered(worker);
            }
            self.say(format_args!("call {call} of {worker:?} is over"));
            self.hang_up(call);
        }
    }

    fn hang_up(&mut self, call: u64) {
        if let Some(worker) = self.calls.remove(&call) {
            let now = self.now;
            if let Some(process) = self.processes.get_mut(&worker) {
                process.calls.remove(&call);
                if process.calls.is_empty() {
                    process.since = now;
                }
            }
            self.event(|roster, now, acts| roster.call_ended(worker, now, acts));
        }
    }

    /// A client leaves: from the queue, or from a call before it is answered.
    fn give_up(&mut self) {
        let waiting: Vec<TicketId> = self.waiting.keys().copied().collect();
        if let Some(ticket) = self.dice.pick(&waiting) {
            self.say(format_args!("{ticket:?} gives up"));
            self.witnessed.abandoned += 1;
            self.abandoned.insert(ticket);
            let left = self.waiting.remove(&ticket).unwrap();
            if self.waiting.values().all(|other| other.account != left.account) {
                self.line.retain(|account| *account != left.account);
            }
            self.roster.abandon(ticket);
            return;
        }
        let calls: Vec<u64> = self.calls.keys().copied().collect();
        if let Some(call) = self.dice.pick(&calls) {
            self.say(format_args!("the client of call {call} leaves"));
            self.hang_up(call);
        }
    }

    /// One process gets on with what it is doing.
    fn advance_a_process(&mut self) {
        let ids: Vec<WorkerId> = self.processes.keys().copied().collect();
        let Some(id) = self.dice.pick(&ids) else { return };
        let process = &self.processes[&id];
        if process.exited {
            return self.bury(id);
        }
        if process.kill {
            return self.exit(id);
        }
        let (temper, ready) = (process.temper, process.ready);
        let done = process.stop && process.calls.is_empty();
        let now = self.now;
        let mut change = |change: &dyn Fn(&mut Process)| {
            change(self.processes.get_mut(&id).unwrap());
        };
        match temper {
            Temper::Missing | Temper::NoRoom => {
                change(&|process| process.exited = true);
                let missing = temper == Temper::Missing;
                self.hear(id, if missing { Event::SpawnFailed } else { Event::Exhausted });
            }
            Temper::NeedsSignIn => self.hear(id, Event::CredentialsRefused),
            Temper::DiesStarting => self.exit(id),
            Temper::Well | Temper::Stubborn if !ready => {
                change(&|process| {
                    process.ready = true;
                    process.since = now;
                });
                self.hear(id, Event::Ready);
            }
            // It finishes what it was asked, and leaves.
            Temper::Well if done => self.exit(id),
            Temper::Well if self.dice.chance(3) => {
                self.processes.get_mut(&id).unwrap().left = true;
                self.processes.get_mut(&id).unwrap().leaves.get_or_insert(now);
                self.hear(id, Event::Leaving);
            }
            Temper::Well if self.dice.chance(3) => {
                self.processes.get_mut(&id).unwrap().misbehaved = true;
                self.hear(id, Event::Misbehaved);
            }
            Temper::Hangs | Temper::Well | Temper::Stubborn => {}
        }
    }

    fn hear(&mut self, id: WorkerId, event: Event) {
        self.say(format_args!("{id:?} says {event:?}"));
        self.event(|roster, now, acts| roster.hear(id, event, now, acts));
    }

    fn exit(&mut self, id: WorkerId) {
        self.processes.get_mut(&id).unwrap().exited = true;
        self.hear(id, Event::Exited);
    }

    fn bury(&mut self, id: WorkerId) {
        self.say(format_args!("{id:?} is buried"));
        self.processes.remove(&id);
        self.event(|roster, now, acts| roster.buried(id, now, acts));
    }

    fn crash(&mut self) {
        let alive: Vec<WorkerId> = self
            .processes
            .iter()
            .filter(|(_, process)| !process.exited)
            .map(|(id, _)| *id)
            .collect();
        if self.dice.chance(30)
            && let Some(id) = self.dice.pick(&alive)
        {
            self.say(format_args!("{id:?} crashes"));
            self.exit(id);
        }
    }

    fn dismiss(&mut self) {
        if self.dice.chance(30) {
            let account = self.accounts[self.dice.below(ACCOUNTS)].clone();
            self.say(format_args!("{} is revoked", self.short(&account)));
            self.witnessed.dismissed += 1;
            for process in self.processes.values_mut() {
                process.dismissed |= process.account == account && process.serves();
            }
            self.event(|roster, now, acts| roster.dismiss(&account, now, acts));
        }
    }

    fn sign_in_or_out(&mut self) {
        let account = self.accounts[self.dice.below(ACCOUNTS)].clone();
        if !self.refuses_sign_in.remove(&account) {
            self.refuses_sign_in.insert(account);
        }
    }

    /// Time passes, in ticks of a second as outside.
    fn pass(&mut self) {
        let seconds = [0, 1, 1, 1, 2, 5, 20, 100][self.dice.below(8)];
        for _ in 0..seconds {
            self.second();
        }
    }

    fn second(&mut self) {
        self.now = self.now.plus(Duration::from_secs(1));
        self.event(Roster::tick);
        self.check();
    }

    fn close(&mut self) {
        self.say("the gateway stops");
        self.closing = Some(self.now);
        self.event(Roster::close);
        self.insist(self.waiting.is_empty(), "nobody is left in the queue");
        self.check();
    }

    /// Everybody leaves, in the time they are given.
    fn finish(&mut self) {
        if self.closing.is_none() {
            self.close();
        }
        self.cut = self.dice.chance(30);
        if self.cut {
            self.say("and waits for nobody");
            self.event(Roster::cut);
        } else if self.dice.chance(50) {
            for call in self.calls.keys().copied().collect::<Vec<_>>() {
                self.hang_up(call);
            }
        }
        for _ in 0..300 {
            for id in self.processes.keys().copied().collect::<Vec<_>>() {
                let process = &self.processes[&id];
                if process.exited {
                    self.bury(id);
                } else if process.kill
                    || (process.stop && process.calls.is_empty() && process.temper == Temper::Well)
                {
                    self.exit(id);
                }
            }
            if self.processes.is_empty() {
                break;
            }
            self.second();
        }
        self.insist(self.roster.is_empty(), "everybody is gone in the end");
        self.insist(self.empties > 0 || self.next_call == 0, "and whoever waits for that is told");
        let left = self.roster.seats.len() + self.roster.queue.len() + self.calls.len();
        self.insist(left + self.waiting.len() == 0, "and nothing is left behind");
        self.insist(self.roster.queue.tickets().next().is_none(), "no ticket either");
        self.now = self.now.plus(Duration::from_mins(10));
        self.event(Roster::tick);
        self.insist(self.roster.crashes.is_empty(), "crashes are forgotten");
    }
}

/// One seed from beginning to end.
fn live(seed: u64) -> Witnessed {
    let mut world = World::new(seed);
    let stop_at = world.dice.chance(50).then(|| world.dice.below(STEPS));
    for step in 0..STEPS {
        if stop_at == Some(step) {
            world.close();
        }
        world.step();
    }
    world.finish();
    world.witnessed
}

#[test]
fn rel07_rel09_rel20_load01_inv5_inv6_thousands_of_schedules_break_no_rule() {
    let mut sum = Witnessed::default();
    for seed in 0..SEEDS {
        let seen = live(seed);
        sum.evicted += seen.evicted;
        sum.yielded += seen.yielded;
        sum.reaped += seen.reaped;
        sum.waited += seen.waited;
        sum.refused += seen.refused;
        sum.crash_loops += seen.crash_loops;
        sum.circuits += seen.circuits;
        sum.exhausted += seen.exhausted;
        sum.abandoned += seen.abandoned;
        sum.killed += seen.killed;
        sum.dismissed += seen.dismissed;
    }
    println!("{SEEDS} schedules: {sum:?}");
    let all = [
        sum.evicted,
        sum.yielded,
        sum.reaped,
        sum.waited,
        sum.refused,
        sum.crash_loops,
        sum.circuits,
        sum.exhausted,
        sum.abandoned,
        sum.killed,
        sum.dismissed,
    ];
    assert!(all.iter().all(|seen| *seen > 0), "the schedules miss something: {sum:?}");
}

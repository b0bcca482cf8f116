//! What simulations of the roster share: dice, processes of every temper, and the rules.

use std::collections::BTreeSet;

use super::*;

/// `SplitMix64`: small, seeded, and the same everywhere.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % (bound.max(1) as u64)).unwrap()
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len())])
    }
}

/// What stands for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hand {
    pub(super) id: WorkerId,
    pub(super) account: AccountId,
}

impl Hand {
    pub(super) fn new(id: WorkerId, account: &AccountId) -> Self {
        Self { id, account: account.clone() }
    }
}

/// How a process behaves, decided when it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temper {
    Well,
    /// Never says that it serves.
    Hangs,
    DiesStarting,
    NeedsSignIn,
    /// There is no such program.
    Missing,
    /// The machine has nothing left for it.
    NoRoom,
    /// Hears no request to leave.
    Stubborn,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that come in any order")]
pub(super) struct Process {
    pub(super) account: AccountId,
    pub(super) temper: Temper,
    pub(super) ready: bool,
    pub(super) exited: bool,
    pub(super) stop: bool,
    pub(super) kill: bool,
    pub(super) dismissed: bool,
    pub(super) misbehaved: bool,
    pub(super) left: bool,
    pub(super) calls: BTreeSet<u64>,
    /// When it became busy or idle, whichever it is.
    pub(super) since: Moment,
    /// When it was first told to leave, or said that it would.
    pub(super) leaves: Option<Moment>,
}

impl Process {
    /// Whether it is the one its account's calls go to.
    pub(super) fn serves(&self) -> bool {
        !(self.stop || self.kill || self.exited || self.left)
    }
}

/// What the schedules have gone through: a simulation that never evicts proves nothing about
/// evicting.
#[derive(Debug, Default)]
pub(super) struct Witnessed {
    pub(super) evicted: u64,
    pub(super) yielded: u64,
    pub(super) reaped: u64,
    pub(super) waited: u64,
    pub(super) refused: u64,
    pub(super) crash_loops: u64,
    pub(super) circuits: u64,
    pub(super) exhausted: u64,
    pub(super) abandoned: u64,
    pub(super) killed: u64,
    pub(super) dismissed: u64,
}

/// What no state of a roster may show, whatever led to it.
pub(super) fn broken_rule<H>(roster: &Roster<H>, now: Moment) -> Option<&'static str> {
    let (members, rules) = (&roster.members, &roster.rules);
    if members.len() > rules.places {
        return Some("no more processes than places");
    }
    if roster.queue.len() > rules.queue {
        return Some("no more accounts wait than may");
    }
    for (account, seat) in &roster.seats {
        if let Seat::Running(id) = seat {
            let own = members.get(id).filter(|member| member.account == *account);
            if own.is_none_or(|member| !member.phase.takes_calls()) {
                return Some("an account is sent to its own worker, and to one that takes calls");
            }
        }
    }
    for (id, member) in members {
        let current = roster.seats.get(&member.account) == Some(&Seat::Running(*id));
        if current != member.phase.takes_calls() {
            return Some("whoever takes calls is the account's current worker");
        }
        if let Phase::Starting { give_up_at, .. } = member.phase
            && now > give_up_at.plus(Duration::from_mins(2))
        {
            return Some("a start has an end");
        }
    }
    let waiting = roster.queue.len();
    if roster.closed {
        return (waiting > 0).then_some("a gateway that stops lets nobody wait");
    }
    if waiting == 0 || roster.starts.leave(now) != Leave::Granted {
        return None;
    }
    let free = rules.places - members.len();
    if free > 0 {
        return Some("nobody waits while a place is free");
    }
    let soon = members.values().filter(|member| leaves_soon(member.phase)).count();
    let idle = |member: &Member<H>| matches!(member.phase, Phase::Ready { in_flight: 0, .. });
    if waiting > soon && members.values().any(idle) {
        return Some("nobody is idle while others wait");
    }
    None
}

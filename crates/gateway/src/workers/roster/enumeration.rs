//! Every event in every state that few accounts and few places can reach, breadth first.

use std::collections::{HashSet, VecDeque};

use domain::entropy::CountingEntropy;

use super::props::broken_rule;
use super::*;
use crate::workers::lifecycle::Policy;

const POLICY: Policy = Policy {
    idle: Duration::from_secs(30),
    startup: Duration::from_secs(20),
    grace: Duration::from_secs(5),
    call_grace: Duration::from_secs(40),
    tenure: Duration::from_secs(20),
};
/// States looked at, which is where the search stops.
const STATES: usize = 2_500;
const SECONDS: [u64; 2] = [1, 30];

#[derive(Debug, Clone, Copy)]
enum Input {
    Want(usize),
    AbandonFirst,
    CallEnded(usize),
    Answered(usize),
    Hear(usize, Event),
    Buried(usize),
    Dismiss(usize),
    Pass(u64),
    Close,
    Cut,
}

const WORDS: [Event; 9] = [
    Event::SpawnFailed,
    Event::Exhausted,
    Event::CredentialsRefused,
    Event::StoreFailed,
    Event::Ready,
    Event::Leaving,
    Event::Misbehaved,
    Event::Exited,
    Event::Broke,
];

struct Small {
    roster: Roster<WorkerId>,
    accounts: Vec<AccountId>,
    now: Moment,
    open: HashSet<TicketId>,
}

impl Small {
    fn new(accounts: usize, places: usize) -> Self {
        let entropy = CountingEntropy::default();
        let rules = Rules {
            policy: POLICY,
            places,
            queue: 1,
            deadline: Duration::from_secs(10),
            patience: Duration::from_secs(3),
        };
        Self {
            roster: Roster::new(rules, Box::new(|id, _| id)),
            accounts: (0..accounts).map(|_| AccountId::generate(&entropy)).collect(),
            now: Moment::ZERO,
            open: HashSet::new(),
        }
    }

    /// Everything that can happen next. Workers are named by their rank.
    fn inputs(&self) -> Vec<Input> {
        let mut inputs: Vec<Input> =
            (0..self.accounts.len()).flat_map(|at| [Input::Want(at), Input::Dismiss(at)]).collect();
        inputs.extend(SECONDS.map(Input::Pass));
        inputs.extend([Input::Close, Input::Cut]);
        if !self.open.is_empty() {
            inputs.push(Input::AbandonFirst);
        }
        for (rank, id) in self.roster.ids().into_iter().enumerate() {
            if self.roster.members[&id].phase.in_flight() > 0 {
                inputs.push(Input::CallEnded(rank));
                inputs.push(Input::Answered(rank));
            }
            inputs.extend(WORDS.map(|event| Input::Hear(rank, event)));
            inputs.push(Input::Buried(rank));
        }
        inputs
    }

    fn take(&mut self, input: Input) {
        let mut acts = Vec::new();
        let ids = self.roster.ids();
        let (roster, now) = (&mut self.roster, self.now);
        match input {
            Input::Want(account) => {
                let account = self.accounts[account].clone();
                if let Wanted::Wait(ticket) = roster.want(&account, now, &mut acts) {
                    assert!(self.open.insert(ticket), "a ticket is given once");
                }
            }
            Input::AbandonFirst => {
                let first = *self.open.iter().min().unwrap();
                self.open.remove(&first);
                roster.abandon(first);
            }
            Input::CallEnded(rank) => roster.call_ended(ids[rank], now, &mut acts),
            Input::Answered(rank) => roster.answered(ids[rank]),
            Input::Hear(rank, event) => {
                roster.hear(ids[rank], event, now, &mut acts);
            }
            Input::Buried(rank) => roster.buried(ids[rank], now, &mut acts),
            Input::Dismiss(account) => {
                let account = self.accounts[account].clone();
                roster.dismiss(&account, now, &mut acts);
            }
            Input::Pass(seconds) => {
                self.now = now.plus(Duration::from_secs(seconds));
                roster.tick(self.now, &mut acts);
            }
            Input::Close => roster.close(now, &mut acts),
            Input::Cut => roster.cut(now, &mut acts),
        }
        for act in acts {
            if let Act::Admit { ticket, .. } | Act::Refuse { ticket, .. } = act {
                assert!(self.open.remove(&ticket), "who waits is told once, and nobody else");
            }
        }
    }

    /// States that differ only in names are one.
    fn print(&self) -> String {
        let ids = self.roster.ids();
        let rank = |id: &WorkerId| ids.iter().position(|other| other == id);
        let mut seats: Vec<String> = self
            .roster
            .seats
            .iter()
            .map(|(account, seat)| match seat {
                Seat::Running(id) => format!("{account}:{:?}", rank(id)),
                Seat::Waiting(_) => format!("{account}:waits"),
            })
            .collect();
        seats.sort();
        let members: Vec<String> = ids
            .iter()
            .map(|id| {
                let member = &self.roster.members[id];
                format!("{}:{:?}{}", member.account, member.phase, member.answered)
            })
            .collect();
        let waiting = self.roster.queue.tickets().count();
        let crashes = self.roster.crashes.len();
        format!("{seats:?}{members:?}{waiting}{crashes}{}{:?}", self.roster.closed, self.now)
    }
}

fn explore(accounts: usize, places: usize) -> usize {
    let mut seen = HashSet::new();
    let mut next: VecDeque<Vec<Input>> = VecDeque::from([Vec::new()]);
    while let Some(path) = next.pop_front() {
        let reach = |path: &[Input]| {
            let mut small = Small::new(accounts, places);
            for input in path {
                small.take(*input);
            }
            small
        };
        for input in reach(&path).inputs() {
            let mut small = reach(&path);
            small.take(input);
            let rule = broken_rule(&small.roster, small.now);
            assert_eq!(rule, None, "{path:?}, then {input:?}");
            if seen.len() < STATES && seen.insert(small.print()) {
                let mut longer = path.clone();
                longer.push(input);
                next.push_back(longer);
            }
        }
    }
    seen.len()
}

#[test]
fn inv5_every_event_in_every_state_within_reach_keeps_the_rules() {
    for (accounts, places) in [(2, 1), (3, 2)] {
        let states = explore(accounts, places);
        println!("{accounts} accounts, {places} places: {states} states");
        assert!(states >= STATES, "{states}");
    }
}

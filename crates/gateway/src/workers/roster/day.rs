//! A day of a busy gateway on the roster alone: who comes when, who has to leave for whom.

use std::collections::BTreeMap;

use domain::entropy::CountingEntropy;

use super::props::{Dice, Hand};
use super::*;
use crate::workers::lifecycle::Policy;

const POLICY: Policy = Policy {
    idle: Duration::from_mins(15),
    startup: Duration::from_secs(20),
    grace: Duration::from_secs(5),
    call_grace: Duration::from_secs(250),
    tenure: Duration::from_secs(20),
};
const ACCOUNTS: usize = 330;
const REQUESTS: usize = 15_000;
const DAY_MS: u64 = 86_400_000;
const BOOT_MS: u64 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Ready(WorkerId),
    Over(WorkerId),
    Reaped(WorkerId),
    Request(usize),
    Second,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    served: usize,
    refused: usize,
    cold: usize,
    evicted: usize,
}

/// Sessions of some minutes, more of them in the evening, more of some people than of others.
fn requests(dice: &mut Dice) -> Vec<(u64, usize)> {
    let mut requests = Vec::new();
    while requests.len() < REQUESTS {
        let account = dice.below(ACCOUNTS).min(dice.below(ACCOUNTS));
        let hour = [7, 8, 12, 13, 17, 18, 19, 20, 21, 22, dice.below(24) as u64][dice.below(11)];
        let mut at = hour * 3_600_000 + dice.roll() % 3_600_000;
        for _ in 0..4 + dice.below(9) {
            requests.push((at % DAY_MS, account));
            at += 500 + dice.roll() % 45_000;
        }
    }
    requests.truncate(REQUESTS);
    requests.sort_unstable();
    requests
}

fn replay(places: usize) -> Tally {
    let mut dice = Dice::of(4);
    let entropy = CountingEntropy::default();
    let accounts: Vec<AccountId> = (0..ACCOUNTS).map(|_| AccountId::generate(&entropy)).collect();
    let rules = Rules {
        policy: POLICY,
        places,
        queue: 16 * places,
        deadline: Duration::from_secs(10),
        patience: Duration::from_secs(3),
    };
    let mut roster = Roster::new(rules, Box::new(Hand::new));
    let mut agenda: BTreeMap<(u64, Due), usize> = BTreeMap::new();
    for (at, account) in requests(&mut dice) {
        *agenda.entry((at, Due::Request(account))).or_default() += 1;
    }
    agenda.insert((0, Due::Second), 1);
    let mut tally = Tally::default();
    while let Some(((at, due), times)) = agenda.pop_first() {
        let now = Moment::ZERO.plus(Duration::from_millis(at));
        let mut acts = Vec::new();
        let mut calls = Vec::new();
        match due {
            Due::Request(account) => {
                for _ in 0..times {
                    match roster.want(&accounts[account], now, &mut acts) {
                        Wanted::Call(worker) => calls.push(worker.id),
                        Wanted::Wait(_) => {}
                        Wanted::No(_) => tally.refused += 1,
                    }
                }
            }
            Due::Ready(id) => {
                roster.hear(id, Event::Ready, now, &mut acts);
            }
            Due::Over(id) => {
                for _ in 0..times {
                    roster.answered(id);
                    roster.call_ended(id, now, &mut acts);
                }
            }
            Due::Reaped(id) => roster.buried(id, now, &mut acts),
            Due::Second => {
                roster.tick(now, &mut acts);
                if at < DAY_MS {
                    agenda.insert((at + 1_000, Due::Second), 1);
                }
            }
        }
        for act in acts {
            match act {
                Act::Begin { worker } => {
                    tally.cold += 1;
                    agenda.insert((at + BOOT_MS, Due::Ready(worker.id)), 1);
                }
                Act::Order { worker, .. } => {
                    agenda.insert((at + 2, Due::Reaped(worker.id)), 1);
                }
                Act::Admit { worker, .. } => calls.push(worker.id),
                Act::Refuse { .. } => tally.refused += 1,
                Act::Note(Note::Evicted { .. } | Note::Yielded { .. }) => tally.evicted += 1,
                Act::Ended { .. } | Act::Empty | Act::Note(_) => {}
            }
        }
        for id in calls {
            tally.served += 1;
            let took = BOOT_MS + 50 + dice.roll() % 3_000;
            *agenda.entry((at + took, Due::Over(id))).or_default() += 1;
        }
    }
    tally
}

#[test]
fn load02_a_day_that_evicts_a_thousand_times_with_ten_places_evicts_nobody_with_two_hundred() {
    let (few, usual) = (replay(10), replay(200));
    println!("{REQUESTS} requests of {ACCOUNTS} accounts: 10 places {few:?}, 200 places {usual:?}");
    for tally in [&few, &usual] {
        assert_eq!((tally.served, tally.refused), (REQUESTS, 0));
    }
    assert!(few.evicted > 500, "{few:?}");
    assert_eq!(usual.evicted, 0, "{usual:?}");
}

//! Accounts that wait for a place: first come, first served, one entry each, so many and no
//! longer than that.
//!
//! A pure structure. Joining, leaving and being served cost the logarithm of its length, which
//! is bounded.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use domain::clock::Moment;
use domain::id::AccountId;

/// Somebody who waits for an account's worker. Told exactly once, unless it leaves before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::workers) struct TicketId(u64);

/// A place in the queue; earlier ones are smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Turn(u64);

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) account: AccountId,
    pub(super) tickets: Vec<TicketId>,
    pub(super) since: Moment,
}

#[derive(Debug)]
pub(super) struct Queue {
    entries: BTreeMap<Turn, Entry>,
    tickets: HashMap<TicketId, Turn>,
    most: usize,
    deadline: Duration,
    turnover: Turnover,
    next_turn: u64,
    next_ticket: u64,
}

impl Queue {
    pub(super) fn new(most: usize, deadline: Duration) -> Self {
        Self {
            entries: BTreeMap::new(),
            tickets: HashMap::new(),
            most,
            deadline,
            turnover: Turnover::default(),
            next_turn: 0,
            next_ticket: 0,
        }
    }

    /// At the end of the queue, unless it is full.
    pub(super) fn join(&mut self, account: AccountId, now: Moment) -> Option<(Turn, TicketId)> {
        if self.entries.len() >= self.most {
            return None;
        }
        let turn = Turn(self.next_turn);
        self.next_turn += 1;
        self.entries.insert(turn, Entry { account, tickets: Vec::new(), since: now });
        let ticket = self.accompany(turn);
        Some((turn, ticket))
    }

    /// Another one who waits for the same account.
    pub(super) fn accompany(&mut self, turn: Turn) -> TicketId {
        let ticket = TicketId(self.next_ticket);
        self.next_ticket += 1;
        if let Some(entry) = self.entries.get_mut(&turn) {
            entry.tickets.push(ticket);
            self.tickets.insert(ticket, turn);
        }
        ticket
    }

    /// Somebody waits no more. The account that nobody waits for any longer leaves the queue.
    pub(super) fn abandon(&mut self, ticket: TicketId) -> Option<AccountId> {
        let turn = self.tickets.remove(&ticket)?;
        let entry = self.entries.get_mut(&turn)?;
        entry.tickets.retain(|other| *other != ticket);
        if !entry.tickets.is_empty() {
            return None;
        }
        self.take(turn).map(|entry| entry.account)
    }

    /// Whoever has waited longest, for the place there is.
    pub(super) fn serve(&mut self, now: Moment) -> Option<Entry> {
        let (turn, _) = self.entries.first_key_value()?;
        let entry = self.take(*turn)?;
        self.turnover.note(now);
        Some(entry)
    }

    /// The next whose deadline has passed.
    pub(super) fn overdue(&mut self, now: Moment) -> Option<Entry> {
        let (turn, first) = self.entries.first_key_value()?;
        let late = now >= first.since.plus(self.deadline);
        let turn = *turn;
        late.then(|| self.take(turn)).flatten()
    }

    /// The next, for whom there will be no place.
    pub(super) fn dismiss(&mut self) -> Option<Entry> {
        let (turn, _) = self.entries.first_key_value()?;
        self.take(*turn)
    }

    fn take(&mut self, turn: Turn) -> Option<Entry> {
        let entry = self.entries.remove(&turn)?;
        for ticket in &entry.tickets {
            self.tickets.remove(ticket);
        }
        Some(entry)
    }

    /// How many accounts wait.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many have waited for `patience`. Costs their number.
    pub(super) fn impatient(&self, patience: Duration, now: Moment) -> usize {
        self.entries.values().take_while(|entry| now >= entry.since.plus(patience)).count()
    }

    /// How long it takes, at the pace of the last minute, until everybody who waits now is
    /// served: the earliest time at which coming again is worth it.
    pub(super) fn retry_after(&self, now: Moment) -> Duration {
        self.turnover.estimate(self.entries.len(), now)
    }

    #[cfg(test)]
    pub(super) fn tickets(&self) -> impl Iterator<Item = (TicketId, Turn)> + '_ {
        self.tickets.iter().map(|(ticket, turn)| (*ticket, *turn))
    }
}

/// When places were handed over lately.
#[derive(Debug, Default)]
struct Turnover(VecDeque<Moment>);

const REMEMBERED: usize = 64;
const RECENT: Duration = Duration::from_mins(1);
/// What is said before anything was seen.
const UNKNOWN: Duration = Duration::from_secs(5);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

impl Turnover {
    fn note(&mut self, now: Moment) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    fn estimate(&self, waiting: usize, now: Moment) -> Duration {
        let recent = self.0.iter().filter(|served| now.since(**served) < RECENT);
        let (mut served, mut oldest) = (0_u32, now);
        for moment in recent {
            served += 1;
            oldest = oldest.min(*moment);
        }
        if served == 0 {
            return UNKNOWN;
        }
        let each = now.since(oldest) / served;
        let waiting = u32::try_from(waiting.max(1)).unwrap_or(u32::MAX);
        each.saturating_mul(waiting).clamp(SHORTEST, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::entropy::CountingEntropy;

    const NOW: Moment = Moment::ZERO;
    const DEADLINE: Duration = Duration::from_secs(10);

    fn accounts() -> impl FnMut() -> AccountId {
        let entropy = CountingEntropy::default();
        move || AccountId::generate(&entropy)
    }

    #[test]
    fn a_place_is_given_in_order_and_each_account_waits_once() {
        let mut account = accounts();
        let (first, second) = (account(), account());
        let mut queue = Queue::new(2, DEADLINE);
        let (turn, one) = queue.join(first.clone(), NOW).unwrap();
        let other = queue.accompany(turn);
        queue.join(second.clone(), NOW).unwrap();
        assert!(queue.join(account(), NOW).is_none(), "the queue is full");
        let served = queue.serve(NOW).unwrap();
        assert_eq!((served.account, served.tickets), (first, vec![one, other]));
        assert_eq!(queue.serve(NOW).unwrap().account, second);
        assert!(queue.is_empty() && queue.tickets().next().is_none());
    }

    #[test]
    fn an_account_leaves_with_the_last_who_waited_for_it() {
        let mut account = accounts();
        let mut queue = Queue::new(2, DEADLINE);
        let first = account();
        let (turn, one) = queue.join(first.clone(), NOW).unwrap();
        let other = queue.accompany(turn);
        assert_eq!(queue.abandon(one), None);
        assert_eq!(queue.abandon(one), None, "it has left already");
        assert_eq!(queue.abandon(other), Some(first));
        assert!(queue.is_empty());
    }

    #[test]
    fn nobody_waits_beyond_the_deadline() {
        let mut account = accounts();
        let mut queue = Queue::new(9, DEADLINE);
        queue.join(account(), NOW).unwrap();
        queue.join(account(), NOW.plus(DEADLINE)).unwrap();
        let late = NOW.plus(DEADLINE);
        assert!(queue.overdue(late.plus(DEADLINE / 2)).is_some());
        assert!(queue.overdue(late.plus(DEADLINE / 2)).is_none());
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn load01_the_advice_to_come_back_follows_the_pace_of_the_queue() {
        let mut account = accounts();
        let mut queue = Queue::new(100, DEADLINE);
        assert_eq!(queue.retry_after(NOW), UNKNOWN);
        for _ in 0..40 {
            queue.join(account(), NOW).unwrap();
        }
        let mut now = NOW;
        for _ in 0..10 {
            queue.serve(now).unwrap();
            now = now.plus(Duration::from_millis(500));
        }
        // Thirty wait, two a second are served.
        assert_eq!(queue.retry_after(now), Duration::from_secs(15));
        let later = now.plus(Duration::from_secs(40));
        assert_eq!(queue.retry_after(later), LONGEST, "a pace that ends is no pace");
        assert_eq!(queue.retry_after(later.plus(RECENT)), UNKNOWN);
    }
}

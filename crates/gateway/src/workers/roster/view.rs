//! What the roster shows to consoles, probes and metrics. Costs the number of workers.

use std::time::Duration;

use domain::clock::Moment;
use domain::id::AccountId;

use super::{Roster, Seat};
use crate::workers::lifecycle::Phase;

/// How many workers are in which phase, and how many accounts wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub starting: usize,
    pub idle: usize,
    pub busy: usize,
    pub draining: usize,
    /// Accounts in the queue for a place.
    pub waiting: usize,
    pub places: usize,
}

/// Whether another worker could be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Well,
    /// The machine had nothing left for the last one.
    Exhausted,
    /// Workers of several accounts crashed one after the other.
    CircuitOpen,
    /// The gateway stops.
    Closed,
}

impl<H> Roster<H> {
    /// Every process.
    pub(in crate::workers) fn members(&self) -> impl Iterator<Item = (&AccountId, &H, Phase)> {
        self.members.values().map(|member| (&member.account, &member.handle, member.phase))
    }

    /// Accounts whose next call would go to a worker that runs.
    pub(in crate::workers) fn running(&self) -> impl Iterator<Item = &AccountId> {
        self.seats.iter().filter_map(|(account, seat)| match seat {
            Seat::Running(_) => Some(account),
            Seat::Waiting(_) => None,
        })
    }

    pub(in crate::workers) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(in crate::workers) fn counts(&self) -> Counts {
        let waiting = self.queue.len();
        let mut counts = Counts { waiting, places: self.rules.places, ..Counts::default() };
        for member in self.members.values() {
            *match member.phase {
                Phase::Starting { .. } => &mut counts.starting,
                Phase::Ready { in_flight: 0, .. } => &mut counts.idle,
                Phase::Ready { .. } => &mut counts.busy,
                Phase::Draining { .. } | Phase::Gone(_) => &mut counts.draining,
            } += 1;
        }
        counts
    }

    /// A circuit whose pause is over is not open: the next call decides, and a gateway that
    /// called itself unready would be sent none.
    pub(in crate::workers) fn condition(&self, now: Moment) -> Condition {
        if self.closed {
            Condition::Closed
        } else if self.starts.circuit_is_open(now) {
            Condition::CircuitOpen
        } else if self.starts.are_exhausted() {
            Condition::Exhausted
        } else {
            Condition::Well
        }
    }

    /// When a call that found the machine with nothing left should come again.
    pub(in crate::workers) fn retry_after(&self, now: Moment) -> Duration {
        self.queue.retry_after(now)
    }
}

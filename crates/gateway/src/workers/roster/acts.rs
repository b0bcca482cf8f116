//! What goes into the roster and what comes out of it.

use std::time::Duration;

use domain::id::AccountId;

use super::TicketId;
use crate::workers::lifecycle::{Outcome, Policy};

/// Which process of an account this is; never reused within one gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::workers) struct WorkerId(pub(super) u64);

/// What a process's keeper is told to do. The second overrides the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::workers) enum Order {
    Stop,
    Kill,
}

/// Why there is no worker to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWorker {
    /// No place for another worker within the deadline, or too many are waiting for one.
    #[error("all workers are busy")]
    AtCapacity { retry_after: Duration },
    #[error("the account's workers keep crashing")]
    CrashLoop { retry_after: Duration },
    /// Everybody's do.
    #[error("workers cannot be started at the moment")]
    StartsPaused { retry_after: Duration },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::workers) struct Rules {
    pub(in crate::workers) policy: Policy,
    /// Processes at once.
    pub(in crate::workers) places: usize,
    /// Accounts that may wait for a place.
    pub(in crate::workers) queue: usize,
    /// How long an account waits before its calls are told to come back.
    pub(in crate::workers) deadline: Duration,
    /// How long it waits before workers that are never idle have to make room.
    pub(in crate::workers) patience: Duration,
}

/// The answer to a call that wants a worker.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::workers) enum Wanted<H> {
    /// It may go there, and is counted.
    Call(H),
    /// An [`Act::Admit`] or [`Act::Refuse`] with this ticket follows, unless it is abandoned.
    Wait(TicketId),
    No(NoWorker),
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::workers) enum Act<H> {
    /// Start the process.
    Begin {
        worker: H,
    },
    Order {
        worker: H,
        order: Order,
    },
    /// The call of this ticket may go there, and is counted.
    Admit {
        ticket: TicketId,
        worker: H,
    },
    Refuse {
        ticket: TicketId,
        why: NoWorker,
    },
    /// Whoever waits for an answer of this worker waits in vain.
    Ended {
        worker: H,
        outcome: Outcome,
    },
    /// The last process is reaped.
    Empty,
    Note(Note),
}

/// What is worth telling: to the log, to the metrics, to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A worker said that it serves, this long after it was asked for.
    Started {
        account: AccountId,
        took: Duration,
    },
    Ended {
        account: AccountId,
        outcome: Outcome,
    },
    /// An account was given a place after it had waited.
    Waited {
        account: AccountId,
        took: Duration,
    },
    /// A call got no worker.
    Refused {
        account: AccountId,
        why: NoWorker,
    },
    Evicted {
        account: AccountId,
    },
    /// Had its place for long without ever being idle, while others waited.
    Yielded {
        account: AccountId,
    },
    /// Was idle for long.
    Reaped {
        account: AccountId,
    },
    CrashLoop {
        account: AccountId,
        wait: Duration,
    },
    /// The workers of several accounts crash: nobody's are started for a while.
    CircuitOpened {
        pause: Duration,
    },
    CircuitStillOpen {
        pause: Duration,
    },
    CircuitClosed,
    /// The machine has nothing left for another process.
    Exhausted {
        pause: Duration,
    },
}

//! The life of one worker as a pure function: no process, no socket, no clock.
//!
//! The roster feeds it [`Event`]s and passes on each [`Effect`]. Whether a worker may be used,
//! stopped or blamed is decided here and nowhere else. Time is what has passed, never the date.

use std::time::Duration;

use domain::clock::Moment;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its listener is bound and calls may queue in the backlog; it has not said `ready` yet.
    Starting { in_flight: u32, give_up_at: Moment },
    /// Serving. `since` is when it became busy, or idle, whichever it is.
    Ready { in_flight: u32, since: Moment },
    /// Takes no new call. `verdict` is what its end will mean.
    Draining { in_flight: u32, kill_at: Moment, verdict: Outcome },
    /// The process has been reaped.
    Gone(Outcome),
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// We asked for it, or it left in order.
    Stopped,
    /// The account needs a sign-in: nothing could be launched with. Nobody is to blame.
    CredentialsRefused,
    /// It ended, or spoke nonsense, without having been asked to stop.
    Crashed,
    StartTimeout,
    /// There is nothing that could be started.
    SpawnFailed,
    /// The machine had no process, descriptor, port or memory left for another one.
    AtCapacity,
    /// The store did not tell what to launch it with. Nobody's worker is to blame.
    StoreFailed,
}

impl Outcome {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::CredentialsRefused => "credentials_refused",
            Self::Crashed => "crashed",
            Self::StartTimeout => "start_timeout",
            Self::SpawnFailed => "spawn_failed",
            Self::AtCapacity => "at_capacity",
            Self::StoreFailed => "store_failed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The operating system started no process, and will start none the next time either.
    SpawnFailed,
    /// The operating system started no process, for want of something that others will return.
    Exhausted,
    /// The store says that the account needs a sign-in.
    CredentialsRefused,
    /// The store says nothing.
    StoreFailed,
    /// The worker says that it serves.
    Ready,
    CallBegan,
    CallEnded,
    /// Its place is wanted for another account.
    Evicted,
    /// Others have waited long for its place while it was never idle.
    Yielded,
    /// No device is left, or the gateway stops.
    Dismissed,
    /// The gateway stops, and has waited long enough.
    Condemned,
    /// The worker says that it is about to leave.
    Leaving,
    /// The control channel carried something that is not in the contract.
    Misbehaved,
    Exited,
    /// The same by its own doing: it ran out of its memory, or met a defect of its own. What
    /// made it do so may come again.
    Broke,
    Tick,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Nothing,
    /// Ask the worker to finish and leave.
    Stop,
    Kill,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Unused for this long: not worth its memory.
    pub idle: Duration,
    /// From spawning to `ready`.
    pub startup: Duration,
    /// From "stop" to "kill", with nothing in flight.
    pub grace: Duration,
    /// The same while calls are in flight: longer than any call may take.
    pub call_grace: Duration,
    /// How long a worker that is never idle keeps its place while others wait.
    pub tenure: Duration,
}

impl Phase {
    #[must_use]
    pub fn starting(now: Moment, policy: &Policy) -> Self {
        Self::Starting { in_flight: 0, give_up_at: now.plus(policy.startup) }
    }

    #[must_use]
    pub fn in_flight(self) -> u32 {
        match self {
            Self::Starting { in_flight, .. }
            | Self::Ready { in_flight, .. }
            | Self::Draining { in_flight, .. } => in_flight,
            Self::Gone(_) => 0,
        }
    }

    /// Whether a new call may be sent there.
    #[must_use]
    pub fn takes_calls(self) -> bool {
        match self {
            Self::Starting { .. } | Self::Ready { .. } => true,
            Self::Draining { .. } | Self::Gone(_) => false,
        }
    }

    /// What happens next. There is no catch-all arm: a new event does not compile until every
    /// phase has an answer to it.
    #[expect(clippy::too_many_lines, reason = "one table, read as a whole")]
    #[must_use]
    pub fn on(self, event: Event, now: Moment, policy: &Policy) -> (Self, Effect) {
        use Phase::{Draining, Gone, Ready, Starting};
        let stay = |phase| (phase, Effect::Nothing);
        let drain = |in_flight: u32, verdict| {
            let grace = if in_flight == 0 { policy.grace } else { policy.call_grace };
            Draining { in_flight, kill_at: now.plus(grace), verdict }
        };
        let killed =
            |in_flight, verdict| (Draining { in_flight, kill_at: now, verdict }, Effect::Kill);

        match (self, event) {
            // An exit ends every phase; the phase decides what it meant.
            (Starting { .. } | Ready { .. }, Event::Exited | Event::Broke) => {
                stay(Gone(Outcome::Crashed))
            }
            (Draining { verdict, .. }, Event::Exited | Event::Broke) => stay(Gone(verdict)),

            (Starting { .. }, Event::SpawnFailed) => stay(Gone(Outcome::SpawnFailed)),
            (Starting { .. }, Event::Exhausted) => stay(Gone(Outcome::AtCapacity)),
            (Starting { in_flight, .. }, Event::CredentialsRefused) => {
                killed(in_flight, Outcome::CredentialsRefused)
            }
            (Starting { in_flight, .. }, Event::StoreFailed) => {
                killed(in_flight, Outcome::StoreFailed)
            }
            (Starting { in_flight, .. }, Event::Ready) => stay(Ready { in_flight, since: now }),
            (Starting { in_flight, give_up_at }, Event::Tick) if now >= give_up_at => {
                killed(in_flight, Outcome::StartTimeout)
            }

            // Nonsense on the control channel ends trust at once, calls in flight or not.
            (Starting { in_flight, .. } | Ready { in_flight, .. }, Event::Misbehaved) => {
                killed(in_flight, Outcome::Crashed)
            }
            (Draining { in_flight, verdict, .. }, Event::Misbehaved | Event::Condemned) => {
                killed(in_flight, verdict)
            }

            (Starting { in_flight, give_up_at }, Event::CallBegan) => {
                stay(Starting { in_flight: in_flight.saturating_add(1), give_up_at })
            }
            (Ready { in_flight: 0, .. }, Event::CallBegan) => {
                stay(Ready { in_flight: 1, since: now })
            }
            (Ready { in_flight, since }, Event::CallBegan) => {
                stay(Ready { in_flight: in_flight.saturating_add(1), since })
            }
            (Starting { in_flight, give_up_at }, Event::CallEnded) => {
                stay(Starting { in_flight: in_flight.saturating_sub(1), give_up_at })
            }
            (Ready { in_flight: 0 | 1, .. }, Event::CallEnded) => {
                stay(Ready { in_flight: 0, since: now })
            }
            (Ready { in_flight, since }, Event::CallEnded) => {
                stay(Ready { in_flight: in_flight - 1, since })
            }
            // The last call is over: what is left is leaving, and that takes no time.
            (Draining { in_flight: 0 | 1, kill_at, verdict }, Event::CallEnded) => {
                let kill_at = kill_at.min(now.plus(policy.grace));
                stay(Draining { in_flight: 0, kill_at, verdict })
            }
            (Draining { in_flight, kill_at, verdict }, Event::CallEnded) => {
                stay(Draining { in_flight: in_flight - 1, kill_at, verdict })
            }

            // A long answer is not idleness: only a worker nobody uses may stop.
            (Ready { in_flight: 0, since }, Event::Tick) if now >= since.plus(policy.idle) => {
                (drain(0, Outcome::Stopped), Effect::Stop)
            }
            (Ready { in_flight: 0, .. }, Event::Evicted) => {
                (drain(0, Outcome::Stopped), Effect::Stop)
            }
            // What it answers it finishes; what comes next waits for a place like everybody.
            (Ready { in_flight: 1.., since }, Event::Yielded)
                if now >= since.plus(policy.tenure) =>
            {
                (drain(self.in_flight(), Outcome::Stopped), Effect::Stop)
            }
            (Starting { in_flight, .. } | Ready { in_flight, .. }, Event::Dismissed) => {
                (drain(in_flight, Outcome::Stopped), Effect::Stop)
            }
            (Ready { in_flight, .. } | Starting { in_flight, .. }, Event::Leaving) => {
                stay(drain(in_flight, Outcome::Stopped))
            }
            (Draining { kill_at, .. }, Event::Tick) if now >= kill_at => (self, Effect::Kill),
            (Starting { in_flight, .. } | Ready { in_flight, .. }, Event::Condemned) => {
                killed(in_flight, Outcome::Stopped)
            }

            // Late or meaningless news changes nothing. Spelled out, so that a new event is a
            // build error here and not a silent no-op.
            (Starting { .. }, Event::Evicted | Event::Yielded | Event::Tick)
            | (
                Ready { .. },
                Event::SpawnFailed
                | Event::Exhausted
                | Event::CredentialsRefused
                | Event::StoreFailed
                | Event::Ready
                | Event::Evicted
                | Event::Yielded
                | Event::Tick,
            )
            | (
                Draining { .. },
                Event::SpawnFailed
                | Event::Exhausted
                | Event::CredentialsRefused
                | Event::StoreFailed
                | Event::Ready
                | Event::CallBegan
                | Event::Evicted
                | Event::Yielded
                | Event::Dismissed
                | Event::Leaving
                | Event::Tick,
            )
            | (
                Gone(_),
                Event::SpawnFailed
                | Event::Exhausted
                | Event::CredentialsRefused
                | Event::StoreFailed
                | Event::Ready
                | Event::CallBegan
                | Event::CallEnded
                | Event::Evicted
                | Event::Yielded
                | Event::Dismissed
                | Event::Condemned
                | Event::Leaving
                | Event::Misbehaved
                | Event::Exited
                | Event::Broke
                | Event::Tick,
            ) => stay(self),
        }
    }
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;

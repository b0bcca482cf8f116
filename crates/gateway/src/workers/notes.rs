//! What the supervisor tells: the log and the metrics.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Moment;

use super::lifecycle::Outcome;
use super::roster::{NoWorker, Note};
use crate::metrics::{Metrics, WorkerEnd, WorkerRefusal};

pub(super) struct Notes {
    metrics: Metrics,
    places: usize,
    refusals: Mutex<Refusals>,
}

/// Overload refuses many a second; the log says so once, with their number.
#[derive(Debug, Default)]
struct Refusals {
    last: Option<Moment>,
    since: u64,
}

const ONE_LINE_EACH: Duration = Duration::from_secs(1);

impl Notes {
    pub(super) fn new(places: usize, metrics: Metrics) -> Self {
        Self { metrics, places, refusals: Mutex::default() }
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) fn take(&self, note: &Note, now: Moment) {
        match note {
            Note::Started { took, .. } => {
                self.metrics.worker_start_seconds.record(took.as_secs_f64());
            }
            Note::Waited { took, .. } => {
                self.metrics.worker_queue_seconds.record(took.as_secs_f64());
            }
            Note::Ended { account, outcome } => {
                self.metrics.worker_ends.of((*outcome).into()).increment(1);
                tracing::debug!(event = "worker-gone", account = %account, outcome = outcome.as_str(), "");
            }
            Note::Refused { account, why } => {
                self.metrics.worker_refusals.of((*why).into()).increment(1);
                match why {
                    NoWorker::AtCapacity { .. } => self.refused(now),
                    NoWorker::CrashLoop { .. } | NoWorker::StartsPaused { .. } => {
                        tracing::info!(event = "worker-refused", account = %account, why = %why, "");
                    }
                }
            }
            Note::Evicted { account } => {
                self.metrics.worker_evictions.increment(1);
                tracing::info!(event = "worker-evicted", account = %account, "");
            }
            Note::Yielded { account } => {
                tracing::info!(
                    event = "worker-yielded",
                    account = %account,
                    "others have waited long: it finishes its calls and makes room"
                );
            }
            Note::Reaped { account } => {
                tracing::info!(event = "worker-reaped", account = %account, "");
            }
            Note::CrashLoop { account, wait } => tracing::error!(
                event = "worker-crash-loop",
                account = %account,
                wait_secs = wait.as_secs(),
                ""
            ),
            Note::CircuitOpened { pause } => tracing::error!(
                event = "worker-circuit-open",
                pause_secs = pause.as_secs(),
                "workers of several accounts cannot start: nobody's are started for a while"
            ),
            Note::CircuitStillOpen { pause } => tracing::warn!(
                event = "worker-circuit-still-open",
                pause_secs = pause.as_secs(),
                ""
            ),
            Note::CircuitClosed => {
                tracing::info!(event = "worker-circuit-closed", "workers start again");
            }
            Note::Exhausted { pause } => tracing::error!(
                event = "worker-starts-paused",
                pause_secs = pause.as_secs(),
                "the machine has no process, descriptor, port or memory left for another worker"
            ),
        }
    }

    fn refused(&self, now: Moment) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.since += 1;
        if refusals.last.is_some_and(|last| now.since(last) < ONE_LINE_EACH) {
            return;
        }
        let refused = std::mem::take(&mut refusals.since);
        refusals.last = Some(now);
        drop(refusals);
        tracing::warn!(event = "worker-cap-all-busy", workers = self.places, refused, "");
    }
}

impl From<NoWorker> for WorkerRefusal {
    fn from(none: NoWorker) -> Self {
        match none {
            NoWorker::AtCapacity { .. } => Self::AtCapacity,
            NoWorker::CrashLoop { .. } => Self::CrashLoop,
            NoWorker::StartsPaused { .. } => Self::StartsPaused,
        }
    }
}

impl From<Outcome> for WorkerEnd {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Stopped => Self::Stopped,
            Outcome::Crashed => Self::Crashed,
            Outcome::StartTimeout => Self::StartTimeout,
            Outcome::SpawnFailed => Self::SpawnFailed,
            Outcome::AtCapacity => Self::AtCapacity,
            Outcome::StoreFailed => Self::StoreFailed,
            Outcome::CredentialsRefused => Self::CredentialsRefused,
        }
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notes")
    }
}

//! What the gateway counts and measures, for Prometheus.
//!
//! Every series is entered once, at the start, and its handle is a field here: counting is an
//! atomic addition and looks nothing up. To add one: a field, a line in [`Handles::enter`],
//! `app.metrics.field.increment(1)` where it happens, and `scripts/gen-docs`. Without
//! `METRICS_BIND` the handles do nothing.

mod book;
mod label;
mod listener;
mod sampled;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use domain::console::Phase;
use domain::sandbox::Layer;
use metrics::{Counter, Gauge, Histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

pub use book::Row;
pub(crate) use label::labels;
pub use label::{By, Counters, Gauges, Histograms, Label};
pub use listener::listen;
pub(crate) use listener::serve;
pub use sampled::scrape;

use book::Book;
use sampled::Sampled;

labels! {
    /// What a call asked for.
    CallKind, "kind":
    /// `tools/call`.
    Tool = "tool",
    /// Lists, handshakes, resources, prompts: protocol, not use.
    Protocol = "protocol",
}

labels! {
    /// How a call ended, by who has to act.
    CallOutcome, "outcome":
    /// A tool's own error is an answer, too.
    Answered = "answered",
    /// The request was not one the gateway or the worker could read.
    BadRequest = "bad_request",
    /// Garmin wants a new sign-in: routine.
    SignInNeeded = "sign_in_needed",
    /// The device may not, or may not any more.
    Forbidden = "forbidden",
    /// Too many calls or streams of one account.
    Limited = "limited",
    /// No place for a worker, or no memory for a body.
    AtCapacity = "at_capacity",
    /// The worker crashed, did not start, or answered nonsense.
    WorkerFailed = "worker_failed",
    /// The worker, or its start, took too long.
    TimedOut = "timed_out",
    /// The store does not answer.
    StoreFailed = "store_failed",
    /// The answer was over the limit.
    TooLarge = "too_large",
    /// The client hung up or cancelled.
    ClientLeft = "client_left",
}

labels! {
    /// Why a bearer was refused before anything else.
    BearerRefusal, "cause":
    NoToken = "no_token",
    Rejected = "rejected",
    SignInNeeded = "sign_in_needed",
    Malformed = "malformed",
    Limited = "limited",
    StoreFailed = "store_failed",
}

labels! {
    /// How the life of a worker process ended.
    WorkerEnd, "outcome":
    Stopped = "stopped",
    Crashed = "crashed",
    StartTimeout = "start_timeout",
    SpawnFailed = "spawn_failed",
    /// The machine had nothing left for it.
    AtCapacity = "at_capacity",
    /// Nobody could say what to launch it with.
    StoreFailed = "store_failed",
    CredentialsRefused = "credentials_refused",
}

labels! {
    /// Why an account got no worker.
    WorkerRefusal, "cause":
    AtCapacity = "at_capacity",
    CrashLoop = "crash_loop",
    /// Of several accounts: nobody's are started.
    StartsPaused = "starts_paused",
}

labels! {
    /// What came of a renewal at Garmin.
    Renewal, "outcome":
    Committed = "committed",
    /// A sign-in or another node was first.
    Overtaken = "overtaken",
    /// Garmin no longer accepts the token: the account needs a sign-in.
    Refused = "refused",
    /// Garmin has trouble; the pair is as good as before.
    Unavailable = "unavailable",
    /// Garmin issued a pair that could not be stored in time: it is lost.
    NotStored = "not_stored",
}

labels! {
    /// What came of an attempt to sign in at Garmin.
    SignInOutcome, "outcome":
    Completed = "completed",
    /// A code is asked for.
    CodeWanted = "code_wanted",
    /// Wrong password or code, or an account Garmin has locked: the person's.
    Refused = "refused",
    /// Garmin blocks, limits or fails: ours or time's.
    Unavailable = "unavailable",
    /// Given up, or another attempt came first.
    Abandoned = "abandoned",
    /// Our own store or worker failed it.
    Failed = "failed",
}

labels! {
    /// Where a worker is in its life.
    WorkerPhase, "phase":
    Starting = "starting",
    Ready = "ready",
    Draining = "draining",
}

impl From<Phase> for WorkerPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Starting => Self::Starting,
            Phase::Ready => Self::Ready,
            Phase::Draining => Self::Draining,
        }
    }
}

labels! {
    /// One way in which workers are held back; see `isolation.md`.
    SandboxLayer, "layer":
    Process = "process",
    Limits = "limits",
    Privileges = "privileges",
    User = "user",
    Files = "files",
    Connections = "connections",
    Signals = "signals",
    Calls = "calls",
    Group = "group",
}

impl From<Layer> for SandboxLayer {
    fn from(layer: Layer) -> Self {
        match layer {
            Layer::Process => Self::Process,
            Layer::Limits => Self::Limits,
            Layer::Privileges => Self::Privileges,
            Layer::User => Self::User,
            Layer::Files => Self::Files,
            Layer::Connections => Self::Connections,
            Layer::Signals => Self::Signals,
            Layer::Calls => Self::Calls,
            Layer::Group => Self::Group,
        }
    }
}

/// A cheap handle on everything that is counted.
#[derive(Clone)]
pub struct Metrics(Arc<Handles>);

pub struct Handles {
    pub calls: By<CallKind, Counters<CallOutcome>>,
    pub call_seconds: Histograms<CallKind>,
    pub added_seconds: Histogram,
    pub bearer_refusals: Counters<BearerRefusal>,
    pub worker_starts: Counter,
    pub worker_ends: Counters<WorkerEnd>,
    pub worker_start_seconds: Histogram,
    pub worker_queue_seconds: Histogram,
    pub worker_evictions: Counter,
    pub worker_refusals: Counters<WorkerRefusal>,
    pub sign_ins: Counters<SignInOutcome>,
    pub sign_in_seconds: Histogram,
    pub renewals: Counters<Renewal>,
    pub renewal_commit_seconds: Histogram,
    pub revocation_seconds: Histogram,
    pub database_look_seconds: Histogram,
    pub last_backup: Gauge,
    sampled: Sampled,
    rows: Vec<Row>,
    exporter: Option<PrometheusHandle>,
}

/// From a tenth of a millisecond to the longest call.
const SECONDS: [f64; 18] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 15.0, 60.0, 240.0,
];

impl Metrics {
    /// Handles that count.
    #[must_use]
    pub fn on() -> Self {
        let builder = PrometheusBuilder::new();
        // Refused for an empty list only.
        let recorder = match builder.set_buckets(&SECONDS) {
            Ok(builder) => builder.build_recorder(),
            Err(_) => PrometheusBuilder::new().build_recorder(),
        };
        let exporter = recorder.handle();
        Self(Arc::new(Handles::enter(Book::new(Some(&recorder)), Some(exporter))))
    }

    /// Handles that do nothing.
    #[must_use]
    pub fn off() -> Self {
        Self(Arc::new(Handles::enter(Book::new(None), None)))
    }

    /// Every metric, for the documentation.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.0.rows
    }

    /// One call that has ended. `worker` is how long it waited for the worker's answer.
    pub fn call(
        &self,
        kind: CallKind,
        outcome: CallOutcome,
        total: Duration,
        worker: Option<Duration>,
    ) {
        self.calls.of(kind).of(outcome).increment(1);
        self.call_seconds.of(kind).record(total.as_secs_f64());
        if let Some(worker) = worker {
            self.added_seconds.record(total.saturating_sub(worker).as_secs_f64());
        }
    }

    /// Moves observations into their buckets; until then each takes eight bytes.
    pub(crate) fn upkeep(&self) {
        if let Some(exporter) = &self.exporter {
            exporter.run_upkeep();
        }
    }
}

impl Handles {
    fn enter(mut book: Book<'_>, exporter: Option<PrometheusHandle>) -> Self {
        let b = &mut book;
        let mut handles = Self {
            calls: b.counters_by("calls_total", "Calls for a worker that have ended, with a valid token and a message that could be read."),
            call_seconds: b.histograms("call_seconds", "From the first byte of a call to the last of its answer."),
            added_seconds: b.histogram("call_added_seconds", "The gateway's own part of a call: all of it but the wait for the worker's answer."),
            bearer_refusals: b.counters("bearer_refusals_total", "Requests to `/mcp` refused before their body was read."),
            worker_starts: b.counter("worker_starts_total", "Worker processes started."),
            worker_ends: b.counters("worker_ends_total", "Worker processes that have ended, by how."),
            worker_start_seconds: b.histogram("worker_start_seconds", "From the decision to start a worker until it was ready."),
            worker_queue_seconds: b.histogram("worker_queue_seconds", "How long accounts waited for a place for their worker."),
            worker_evictions: b.counter("worker_evictions_total", "Idle workers stopped to make room for others."),
            worker_refusals: b.counters("worker_refusals_total", "Calls that got no worker."),
            sign_ins: b.counters("sign_ins_total", "Attempts to sign in at Garmin, by their end."),
            sign_in_seconds: b.histogram("sign_in_seconds", "How long Garmin took for an attempt to sign in."),
            renewals: b.counters("renewals_total", "Renewals of Garmin's tokens."),
            renewal_commit_seconds: b.histogram("renewal_commit_seconds", "From Garmin's last byte until the new pair was stored: the only moment a crash costs a sign-in."),
            revocation_seconds: b.histogram("revocation_seconds", "From hearing of a revocation until streams had ended and caches had forgotten."),
            database_look_seconds: b.histogram("database_look_seconds", "How long the gateway's look at the database took, once a second: a connection was waited for, and one row read."),
            last_backup: b.gauge("last_backup_seconds", "When the last backup was complete, in Unix time; 0 when there is none. Looked up once a minute."),
            sampled: Sampled::enter(b),
            rows: Vec::new(),
            exporter,
        };
        handles.rows = book.rows;
        handles
    }
}

impl Deref for Metrics {
    type Target = Handles;

    fn deref(&self) -> &Handles {
        &self.0
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.exporter.is_some() { "Metrics(on)" } else { "Metrics(off)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_there_from_the_start_and_names_are_said_once() {
        let metrics = Metrics::on();
        let text = metrics.exporter.as_ref().unwrap().render();
        for outcome in WorkerEnd::ALL {
            let line =
                format!("garmin_gateway_worker_ends_total{{outcome=\"{}\"}} 0", outcome.word());
            assert!(text.contains(&line), "{line} in\n{text}");
        }
        let mut names: Vec<_> = metrics.rows().iter().map(|row| &row.name).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_call_is_counted_by_kind_and_outcome_and_measured() {
        let metrics = Metrics::on();
        let (total, worker) = (Duration::from_millis(30), Duration::from_millis(29));
        metrics.call(CallKind::Tool, CallOutcome::Answered, total, Some(worker));
        let text = metrics.exporter.as_ref().unwrap().render();
        for line in [
            "garmin_gateway_calls_total{kind=\"tool\",outcome=\"answered\"} 1",
            "garmin_gateway_call_seconds_bucket{kind=\"tool\",le=\"0.025\"} 0",
            "garmin_gateway_call_seconds_bucket{kind=\"tool\",le=\"0.05\"} 1",
            "garmin_gateway_call_added_seconds_bucket{le=\"0.001\"} 1",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }

    #[test]
    fn the_places_of_labels_are_their_own() {
        for (place, outcome) in CallOutcome::ALL.iter().enumerate() {
            assert_eq!(outcome.place(), place);
        }
    }
}

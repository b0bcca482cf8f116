//! What is looked at when somebody asks, and costs nothing until then.

use std::fmt::Write as _;

use metrics::{Counter, Gauge};

use super::book::{Book, full};
use super::{Gauges, Label, SandboxLayer, WorkerPhase};
use crate::config::descriptor_limit;
use crate::state::AppState;
use crate::telemetry;

pub(super) struct Sampled {
    workers: Gauges<WorkerPhase>,
    workers_max: Gauge,
    worker_queue: Gauge,
    calls_in_flight: Gauge,
    streams: Gauge,
    body_bytes: Gauge,
    log_lines_dropped: Counter,
    log_lines_held_back: Counter,
    database_busy: Gauge,
    descriptors: Gauge,
    descriptors_max: Gauge,
    resident_bytes: Gauge,
    started: Gauge,
    draining: Gauge,
    sandbox: Gauges<SandboxLayer>,
}

const EVENTS: (&str, &str) = (
    "events_total",
    "Log events by name and level, written or not; `events.md` says what each means.",
);
const BUILD: (&str, &str) = ("build_info", "Always 1; the version is the label.");

impl Sampled {
    pub(super) fn enter(b: &mut Book<'_>) -> Self {
        b.note("counter", EVENTS.0, "event, level", EVENTS.1);
        b.note("gauge", BUILD.0, "version", BUILD.1);
        Self {
            workers: b.gauges("workers", "Worker processes."),
            workers_max: b.gauge("workers_max", "`MAX_WORKERS`, after the limits of the machine."),
            worker_queue: b
                .gauge("worker_queue", "Accounts that wait for a place for their worker."),
            calls_in_flight: b.gauge("calls_in_flight", "Calls that workers are answering."),
            streams: b.gauge("streams", "Open event streams."),
            body_bytes: b.gauge("body_bytes", "Memory taken by bodies of requests."),
            log_lines_dropped: b.counter(
                "log_lines_dropped_total",
                "Log lines that could not be written: nobody reads stdout, or the disk is full.",
            ),
            log_lines_held_back: b.counter(
                "log_lines_held_back_total",
                "Log lines of floods by strangers that were counted instead.",
            ),
            database_busy: b.gauge(
                "database_connections_busy",
                "Connections to the database that are in use; who needs one more waits.",
            ),
            descriptors: b.gauge("descriptors", "Open file descriptors of the gateway."),
            descriptors_max: b.gauge("descriptors_max", "The limit of open file descriptors."),
            resident_bytes: b.gauge("resident_bytes", "Resident memory of the gateway process."),
            started: b.gauge("start_time_seconds", "When the gateway started, in Unix time."),
            sandbox: b
                .gauges("sandbox_layer", "1 where a layer of the sandbox holds workers back."),
            draining: b.gauge("draining", "1 while the gateway is on its way out."),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
    fn look(&self, app: &AppState) {
        let workers = app.supervisor.workers();
        let mut phases = [0_u32; 3];
        let mut in_flight = 0_u32;
        for worker in &workers {
            phases[WorkerPhase::from(worker.phase).place()] += 1;
            in_flight += worker.in_flight;
        }
        for (phase, count) in WorkerPhase::ALL.iter().zip(phases) {
            self.workers.of(*phase).set(f64::from(count));
        }
        self.calls_in_flight.set(f64::from(in_flight));
        self.workers_max.set(app.supervisor.max_workers() as f64);
        self.worker_queue.set(app.supervisor.queued_starts() as f64);
        self.streams.set(app.streams.open() as f64);
        self.body_bytes.set(app.bodies.bytes() as f64);
        let (dropped, held_back) = telemetry::losses();
        self.log_lines_dropped.absolute(dropped);
        self.log_lines_held_back.absolute(held_back);
        self.database_busy.set(app.store.busy_connections() as f64);
        if let Some(open) = open_descriptors() {
            self.descriptors.set(open as f64);
        }
        self.descriptors_max.set(descriptor_limit() as f64);
        if let Some(bytes) = resident_bytes() {
            self.resident_bytes.set(bytes as f64);
        }
        for known in app.sandbox.layers() {
            let active = app.sandbox.is_active(known.layer);
            self.sandbox.of(known.layer.into()).set(if active { 1.0 } else { 0.0 });
        }
        self.started.set(app.started_at.0 as f64);
        self.draining.set(if app.drain.has_begun() { 1.0 } else { 0.0 });
    }
}

/// Everything in Prometheus' text format; empty without `METRICS_BIND`.
#[must_use]
pub fn scrape(app: &AppState) -> String {
    let Some(exporter) = &app.metrics.exporter else { return String::new() };
    app.metrics.sampled.look(app);
    let mut text = exporter.render();
    let name = full(BUILD.0);
    let version = env!("CARGO_PKG_VERSION");
    _ = write!(text, "# HELP {name} {}\n# TYPE {name} gauge\n", BUILD.1);
    _ = writeln!(text, "{name}{{version=\"{version}\"}} 1");
    let name = full(EVENTS.0);
    _ = write!(text, "# HELP {name} {}\n# TYPE {name} counter\n", EVENTS.1);
    for (event, level, count) in telemetry::counts() {
        _ = writeln!(text, "{name}{{event=\"{event}\",level=\"{level}\"}} {count}");
    }
    text
}

fn open_descriptors() -> Option<usize> {
    // The descriptor that reads the directory is one of them.
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

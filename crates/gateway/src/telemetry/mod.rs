//! One JSON object a line on stdout, and in `GATEWAY_LOG_FILE` where one is set: `ts`,
//! `level`, `event`, then flat fields. People at a terminal get plain text instead.
//!
//! Logging never waits: lines go through a bounded queue to a thread that writes them.

mod counts;
mod feed;
mod flood;
mod line;
mod queue;
#[cfg(feature = "otel")]
mod traces;

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

use crate::config::LogConfig;
use crate::request_id;
use counts::{Counting, Counts};
use feed::{Feed, WhileWatched};
use flood::{Floods, Verdict};
use line::{Fields, level_word};
use queue::Queue;

pub(crate) use feed::{Watch, Watched};

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("GATEWAY_LOG_FILE cannot be opened: {0}")]
    File(#[source] io::Error),
    #[error("the thread that writes the log cannot be started: {0}")]
    Thread(#[source] io::Error),
    #[cfg(feature = "otel")]
    #[error("the OTEL_ variables cannot be used: {0}")]
    Traces(String),
    #[error("logging was set up twice: {0}")]
    Twice(#[from] TryInitError),
}

/// Our own crates as configured, everybody else's only when something is wrong.
const OURS: [&str; 8] =
    ["gateway", "store", "garmin", "domain", "simulator", "worker", "admin", "garmin_gateway"];

/// How long the end of the process may wait for its last lines.
const LAST_LINES: Duration = Duration::from_secs(2);
const A_MOMENT: Duration = Duration::from_millis(100);

/// The log is the process's, as stdout is.
static SINKS: OnceLock<Sinks> = OnceLock::new();
static FLOODS: LazyLock<Floods> = LazyLock::new(Floods::default);
static HELD_BACK: AtomicU64 = AtomicU64::new(0);
static COUNTS: LazyLock<Counts> = LazyLock::new(Counts::default);
static FEED: LazyLock<Feed> = LazyLock::new(Feed::new);

struct Sinks {
    form: Form,
    stdout: Queue,
    file: Option<Queue>,
}

impl Sinks {
    fn put(&self, fields: &Fields, level: Level, target: &str) {
        let line: Arc<str> = written(self.form, fields, level, target).into();
        if let Some(file) = &self.file {
            file.put(match self.form {
                Form::Json => line.clone(),
                Form::Text => written(Form::Json, fields, level, target).into(),
            });
        }
        self.stdout.put(line);
    }
}

/// Keeps the log; dropping it writes what is left.
#[must_use = "the last lines are written when this is dropped"]
#[derive(Debug)]
pub struct Log {
    #[cfg(feature = "otel")]
    _traces: Option<traces::Traces>,
}

impl Drop for Log {
    fn drop(&mut self) {
        flush();
    }
}

/// Sends every event of this process to the log. Once per process.
pub fn init(config: &LogConfig) -> Result<Log, TelemetryError> {
    let file = match &config.file {
        Some(path) => Some(
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(path)
                .map_err(TelemetryError::File)?,
        ),
        None => None,
    };
    let form = if io::stdout().is_terminal() { Form::Text } else { Form::Json };
    let level = LevelFilter::from_level(config.level);
    let targets = |level: LevelFilter| {
        let others = level.min(LevelFilter::WARN);
        Targets::new().with_default(others).with_targets(OURS.map(|name| (name, level)))
    };
    let started = |queue: io::Result<Queue>| queue.map_err(TelemetryError::Thread);
    let sinks = Sinks {
        form,
        stdout: started(Queue::start("log-stdout", io::stdout(), move |lost| dropped(form, lost)))?,
        file: file
            .map(|file| Queue::start("log-file", file, |lost| dropped(Form::Json, lost)))
            .transpose()
            .map_err(TelemetryError::Thread)?,
    };
    let registry = Registry::default();
    #[cfg(feature = "otel")]
    let traces = traces::Traces::start().map_err(TelemetryError::Traces)?;
    #[cfg(feature = "otel")]
    let registry = registry.with(traces.as_ref().map(traces::Traces::layer));
    registry
        .with(Lines.with_filter(targets(level)))
        .with(Watchers.with_filter(WhileWatched(&FEED)))
        .with(Counting(&COUNTS).with_filter(targets(LevelFilter::INFO)))
        .try_init()?;
    let _ = SINKS.set(sinks);
    log_panics();
    tracing::info!(
        event = "logging-initialised",
        path = config.file.as_ref().map(|path| path.display().to_string()),
        level = level_word(config.level),
        ""
    );
    Ok(Log {
        #[cfg(feature = "otel")]
        _traces: traces,
    })
}

/// Writes what waits, for at most a moment.
fn flush() {
    summarise();
    write_waiting(LAST_LINES);
}

fn write_waiting(patience: Duration) {
    if let Some(sinks) = SINKS.get() {
        sinks.stdout.flush(patience);
        if let Some(file) = &sinks.file {
            file.flush(patience);
        }
    }
}

/// Tells of floods that are over; the janitor calls it every minute.
pub(crate) fn summarise() {
    let Some(sinks) = SINKS.get() else { return };
    for (what, count) in FLOODS.over(Instant::now()) {
        held_back(sinks, what, count);
    }
}

/// Lines that could not be written, and lines of floods that were counted instead.
pub(crate) fn losses() -> (u64, u64) {
    let lost = SINKS
        .get()
        .map_or(0, |sinks| sinks.stdout.lost() + sinks.file.as_ref().map_or(0, Queue::lost));
    (lost, HELD_BACK.load(Ordering::Relaxed))
}

/// How often each event has happened: name, level, times.
pub(crate) fn counts() -> Vec<(String, &'static str, u64)> {
    COUNTS.all()
}

/// Every line from now on, down to `debug`.
pub(crate) fn watch() -> Watch {
    FEED.watch()
}

/// The message of a panic may quote input: what is logged is the place.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic.location().map_or(("", 0), |at| (at.file(), at.line()));
        tracing::error!(event = "panicked", file, line, "");
        // It may be the end of the process, and it may be one request's of many.
        write_waiting(A_MOMENT);
    }));
}

/// Not an event of `tracing`: this is said while one is being written.
fn held_back(sinks: &Sinks, what: &str, count: u64) {
    let mut fields = Fields::default();
    fields.set("event", "events-held-back".into());
    fields.set("what", what.into());
    fields.set("count", count.into());
    sinks.put(&fields, Level::WARN, "gateway");
}

fn dropped(form: Form, lines: u64) -> String {
    let mut fields = Fields::default();
    fields.set("event", "log-lines-dropped".into());
    fields.set("lines", lines.into());
    written(form, &fields, Level::WARN, "gateway")
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or(target);
    OURS.contains(&name)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
}

fn written(form: Form, fields: &Fields, level: Level, target: &str) -> String {
    match form {
        Form::Json => fields.json(&jiff::Timestamp::now().to_string(), level, target),
        Form::Text => fields.text(level, target),
    }
}

/// The fields of an event and of the request it belongs to.
fn gather<S: Subscriber + for<'a> LookupSpan<'a>>(
    event: &Event<'_>,
    context: &Context<'_, S>,
) -> Fields {
    let mut fields = Fields::default();
    for span in context.event_scope(event).into_iter().flatten() {
        if let Some(request) = span.extensions().get::<Fields>() {
            fields.extend(request);
        }
    }
    event.record(&mut fields);
    fields
}

/// The log.
struct Lines;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| span.name() == request_id::SPAN) else {
            return;
        };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(sinks) = SINKS.get() else { return };
        let fields = gather(event, &context);
        let meta = event.metadata();
        if let Some(name) = fields.event() {
            match FLOODS.judge(name, Instant::now()) {
                Verdict::Write { held_back: 0 } => {}
                Verdict::Write { held_back: count } => held_back(sinks, name, count),
                Verdict::HoldBack => {
                    HELD_BACK.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        }
        sinks.put(&fields, *meta.level(), meta.target());
    }
}

/// Whoever looks on through the console.
struct Watchers;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Watchers {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let fields = gather(event, &context);
        let meta = event.metadata();
        FEED.put(written(Form::Json, &fields, *meta.level(), meta.target()).into());
    }
}

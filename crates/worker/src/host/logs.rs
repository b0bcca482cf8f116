//! Log lines as JSON on descriptor 2, for the gateway to relay.

use std::io;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Our own crates only: what libraries log may hold parts of messages, and those are a
/// person's data.
const OURS: [&str; 2] = ["worker", "garmin"];

/// Starts logging, and makes a panic end the process: a worker that lost a task would answer
/// some calls and never others.
pub(super) fn start() {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(io::stderr);
    let ours = Targets::new().with_targets(OURS.map(|target| (target, Level::INFO)));
    // A second start in one process (a test that is its own worker) keeps the first.
    let _ = tracing_subscriber::registry().with(lines).with(ours).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic.location().map_or(("?", 0), |place| (place.file(), place.line()));
        // Without the message: it may quote data.
        tracing::error!(event = "worker.panic", file, line, "the worker panicked");
        std::process::abort();
    }));
}

//! Lines for whoever watches through the console, of any level they ask for. Without a watcher
//! nothing is made, and the log's own level decides alone what is looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::broadcast;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// Lines a watcher may be behind; one that is further behind misses some, and is told.
const BEHIND: usize = 1024;

pub(super) struct Feed {
    lines: broadcast::Sender<Arc<str>>,
    watchers: AtomicUsize,
}

/// One watcher's end.
pub(crate) struct Watch {
    feed: &'static Feed,
    lines: broadcast::Receiver<Arc<str>>,
}

/// What a watcher gets next.
pub(crate) enum Watched {
    Line(Arc<str>),
    /// It was too slow for so many lines.
    Missed(u64),
    Over,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self { lines: broadcast::Sender::new(BEHIND), watchers: AtomicUsize::new(0) }
    }

    pub(super) fn put(&self, line: Arc<str>) {
        // Nobody may be watching any more.
        let _ = self.lines.send(line);
    }

    pub(super) fn watch(&'static self) -> Watch {
        let lines = self.lines.subscribe();
        if self.watchers.fetch_add(1, Ordering::SeqCst) == 0 {
            tracing::callsite::rebuild_interest_cache();
        }
        Watch { feed: self, lines }
    }

    fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::SeqCst) > 0
    }
}

impl Watch {
    pub(crate) async fn next(&mut self) -> Watched {
        match self.lines.recv().await {
            Ok(line) => Watched::Line(line),
            Err(broadcast::error::RecvError::Lagged(missed)) => Watched::Missed(missed),
            Err(broadcast::error::RecvError::Closed) => Watched::Over,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.feed.watchers.fetch_sub(1, Ordering::SeqCst) == 1 {
            tracing::callsite::rebuild_interest_cache();
        }
    }
}

/// Everything of ours down to `debug`, while somebody watches.
pub(super) struct WhileWatched(pub(super) &'static Feed);

impl WhileWatched {
    fn wants(metadata: &Metadata<'_>) -> bool {
        let most = if super::is_ours(metadata.target()) { Level::DEBUG } else { Level::WARN };
        *metadata.level() <= most
    }
}

impl<S> Filter<S> for WhileWatched {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.0.is_watched() && Self::wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.0.is_watched() && Self::wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.0.is_watched() { LevelFilter::DEBUG } else { LevelFilter::OFF })
    }
}

//! How often each event has happened, whatever the log's level and however few lines of a
//! flood were written. Names come from the source and not from outside, so they are few.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::line::level_word;

/// More names than the source has: a defect must not fill the memory.
const MOST: usize = 512;

type Key = (Level, Box<str>);

pub(super) struct Counts(RwLock<BTreeMap<Key, AtomicU64>>);

/// What alerts look at is there from the start: nobody sees a series grow that begins with 1.
const FROM_THE_START: [(Level, &str); 18] = [
    (Level::ERROR, "backup-failed"),
    (Level::ERROR, "backup-overdue"),
    (Level::ERROR, "credentials-unreadable"),
    (Level::ERROR, "database-damaged"),
    (Level::ERROR, "garmin-refresh-not-stored"),
    (Level::ERROR, "handler-late"),
    (Level::ERROR, "handler-panicked"),
    (Level::ERROR, "journal-failed"),
    (Level::ERROR, "panicked"),
    (Level::ERROR, "store-failed"),
    (Level::ERROR, "worker-circuit-open"),
    (Level::ERROR, "worker-crash-loop"),
    (Level::ERROR, "worker-misbehaved"),
    (Level::ERROR, "worker-spawn-failed"),
    (Level::ERROR, "worker-starts-paused"),
    (Level::WARN, "accept-failed"),
    (Level::WARN, "login-breaker-open"),
    (Level::WARN, "store-failed"),
];

impl Default for Counts {
    fn default() -> Self {
        let zero = |(level, name): (Level, &str)| ((level, name.into()), AtomicU64::new(0));
        Self(RwLock::new(FROM_THE_START.map(zero).into()))
    }
}

impl Counts {
    fn add(&self, level: Level, name: &str) {
        {
            let counts = self.0.read().unwrap_or_else(PoisonError::into_inner);
            // A handful of names: looking at each is as quick as making a key to look up.
            if let Some((_, count)) =
                counts.iter().find(|((at, known), _)| *at == level && **known == *name)
            {
                count.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        let mut counts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if counts.len() < MOST {
            counts.entry((level, name.into())).or_default().fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn all(&self) -> Vec<(String, &'static str, u64)> {
        let counts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let all = counts.iter().map(|((level, name), count)| {
            (name.to_string(), level_word(*level), count.load(Ordering::Relaxed))
        });
        all.collect()
    }
}

/// Feeds the counts of this process.
pub(super) struct Counting(pub(super) &'static Counts);

impl<S: Subscriber> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Naming { counts: self.0, level: *event.metadata().level() });
    }
}

/// Counts the value of `event` as it comes by.
struct Naming {
    counts: &'static Counts,
    level: Level,
}

impl Visit for Naming {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "event" {
            self.counts.add(self.level, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn events_are_counted_by_name_and_level() {
        static COUNTS: std::sync::LazyLock<Counts> = std::sync::LazyLock::new(Counts::default);
        let subscriber = tracing_subscriber::registry().with(Counting(&COUNTS));
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..3 {
                tracing::warn!(event = "store-failed", "");
            }
            tracing::error!(event = "store-failed", "");
            tracing::info!("without a name");
        });
        let expected = [("store-failed", "error", 1), ("store-failed", "warn", 3)];
        let expected = expected.map(|(name, level, count)| (name.to_owned(), level, count));
        let all = COUNTS.all();
        assert_eq!(
            all.iter().filter(|(.., count)| *count > 0).cloned().collect::<Vec<_>>(),
            expected
        );
        assert!(all.contains(&("worker-crash-loop".to_owned(), "error", 0)));
    }
}

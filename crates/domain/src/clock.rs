//! Time as an argument: what the clock on the wall says, and how much of it has passed.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Seconds since the Unix epoch. The store keeps times in exactly this form.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and `after` more; saturates instead of wrapping.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(after.as_secs()).unwrap_or(i64::MAX)))
    }

    /// This moment less `before`; saturates instead of wrapping.
    #[must_use]
    pub fn minus(self, before: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(before.as_secs()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, for logs and tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(moment) => moment.fmt(f),
            Err(_) => write!(f, "{} s", self.0),
        }
    }
}

/// A point on a clock that nobody can set: it only ever advances, and only differences mean
/// anything. For idling, start-up, grace and back-off, finer than a [`Timestamp`] and never
/// taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// Where an injected clock begins.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// This moment and `after` more; saturates instead of wrapping.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(after))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Where "now" comes from. Time-outs and latency stay the runtime's.
pub trait Clock: Send + Sync + fmt::Debug {
    /// What the clock on the wall says, however often it was set since.
    fn now(&self) -> Timestamp;

    /// What it would say if nobody had set it since this process began: for how long something
    /// has lasted, and for what must not be thrown away because a clock was wrong for a minute.
    fn steady(&self) -> Timestamp;

    /// How much time has passed since the process began.
    fn moment(&self) -> Moment;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

static BEGAN: OnceLock<(Timestamp, Instant)> = OnceLock::new();

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's clock"
        )]
        let elapsed = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
    }

    fn steady(&self) -> Timestamp {
        let (began, moment) = BEGAN.get_or_init(|| (self.now(), Instant::now()));
        began.plus(moment.elapsed())
    }

    fn moment(&self) -> Moment {
        let (_, began) = BEGAN.get_or_init(|| (self.now(), Instant::now()));
        Moment(began.elapsed())
    }
}

/// A clock that moves only when told to.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicI64,
    steady: AtomicI64,
    passed_ms: AtomicU64,
}

impl ManualClock {
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let at = || AtomicI64::new(now.0);
        Self { now: at(), steady: at(), passed_ms: AtomicU64::new(0) }
    }

    /// Time passes.
    pub fn advance(&self, by: Duration) {
        let passed = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.passed_ms.fetch_add(passed, Ordering::SeqCst);
        let by = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.now.fetch_add(by, Ordering::SeqCst);
        self.steady.fetch_add(by, Ordering::SeqCst);
    }

    /// Somebody sets the clock, and no time passes.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Timestamp {
        Timestamp(self.steady.load(Ordering::SeqCst))
    }

    fn moment(&self) -> Moment {
        Moment(Duration::from_millis(self.passed_ms.load(Ordering::SeqCst)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Timestamp(i64::MAX).plus(Duration::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MIN).minus(Duration::MAX), Timestamp(i64::MIN));
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
        assert_eq!(Timestamp(9).since(Timestamp(5)), Duration::from_secs(4));
    }

    #[test]
    fn rel63_setting_a_clock_makes_no_time_pass() {
        let clock = ManualClock::at(Timestamp(100));
        clock.set(Timestamp(1_000_000));
        clock.advance(Duration::from_secs(5));
        assert_eq!((clock.now(), clock.steady()), (Timestamp(1_000_005), Timestamp(105)));
        let before = clock.moment();
        clock.set(Timestamp(0));
        assert_eq!(clock.moment(), before);
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(clock.moment().since(before), Duration::from_millis(1_500));
        assert_eq!(before.since(clock.moment()), Duration::ZERO, "never negative");
        let machine = SystemClock;
        let began = machine.steady();
        assert!(machine.now().since(began) < Duration::from_mins(1));
        assert!(machine.steady() >= began && machine.moment() >= Moment::ZERO);
    }

    #[test]
    fn a_timestamp_prints_as_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
    }
}

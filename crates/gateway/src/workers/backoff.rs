//! How long an account waits for its next worker after several have crashed: a pure rule.
//!
//! A worker that was killed is replaced at once, and so is the one after it. Only workers that
//! keep dying before they have answered anything, or that keep running out of their memory, are
//! worth waiting for, and only their account waits.

use std::time::Duration;

use domain::clock::Moment;

/// Crashes that cost nothing: two calls, each with its two repetitions, may meet bad luck.
const FREE: u32 = 6;
/// The same for workers that had served, and broke over what they were asked.
const FREE_HAVING_SERVED: u32 = 3;
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);
/// Crashes further apart than this have nothing to do with each other.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(5);

/// What an account's workers have died of lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Crashes {
    unserved: Row,
    served: Row,
}

/// Crashes of one kind, one after the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Row {
    count: u32,
    last: Option<Moment>,
}

impl Crashes {
    /// One that had answered nothing.
    pub(super) fn another(&mut self, now: Moment) {
        self.unserved.another(now);
    }

    /// One that had answered, which clears those that had not, and then broke by its own doing.
    pub(super) fn another_that_served(&mut self, now: Moment) {
        self.unserved = Row::default();
        self.served.another(now);
    }

    /// How long from now until another worker may start; `None` for at once.
    #[must_use]
    pub(super) fn wait(self, now: Moment) -> Option<Duration> {
        self.unserved.wait(FREE, now).max(self.served.wait(FREE_HAVING_SERVED, now))
    }

    #[must_use]
    pub(super) fn are_history(self, now: Moment) -> bool {
        self.unserved.is_history(now) && self.served.is_history(now)
    }
}

impl Row {
    fn another(&mut self, now: Moment) {
        let before = if self.is_history(now) { 0 } else { self.count };
        *self = Self { count: before.saturating_add(1), last: Some(now) };
    }

    fn wait(self, free: u32, now: Moment) -> Option<Duration> {
        let doublings = self.count.checked_sub(free)?;
        let pause = FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST);
        let left = pause.saturating_sub(now.since(self.last?));
        (!left.is_zero()).then_some(left)
    }

    fn is_history(self, now: Moment) -> bool {
        self.last.is_none_or(|last| now.since(last) >= FORGOTTEN_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::ZERO;

    fn after(crashes: u32) -> Crashes {
        let mut some = Crashes::default();
        for _ in 0..crashes {
            some.another(NOW);
        }
        some
    }

    #[test]
    fn rel19_the_first_crashes_cost_nothing_and_then_each_doubles_the_wait_up_to_a_minute() {
        let wait = |crashes| after(crashes).wait(NOW).map_or(0, |wait| wait.as_secs());
        let waits: Vec<_> = (0..15).map(wait).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait(200), 60);
    }

    #[test]
    fn a_wait_passes() {
        let crashes = after(8);
        assert_eq!(crashes.wait(NOW.plus(Duration::from_secs(3))), Some(Duration::from_secs(1)));
        assert_eq!(crashes.wait(NOW.plus(Duration::from_secs(4))), None);
    }

    #[test]
    fn old_crashes_are_forgotten() {
        let mut crashes = after(9);
        let later = NOW.plus(FORGOTTEN_AFTER);
        assert!(!crashes.are_history(NOW) && crashes.are_history(later));
        crashes.another(later);
        assert_eq!(crashes.wait(later), None);
    }
}

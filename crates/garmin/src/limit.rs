//! How long an account is left alone after Garmin has limited it.
//!
//! `Retry-After` comes rarely. Without it we rest by ourselves, longer each time Garmin limits
//! the first call after a rest: every call during a limit is said to prolong it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Timestamp;

const FIRST_REST: Duration = Duration::from_secs(30);
const LONGEST_REST: Duration = Duration::from_mins(15);

#[derive(Debug, Default)]
pub(crate) struct Limit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    until: Option<Timestamp>,
    /// Rests of our own since Garmin last answered.
    rests: u32,
}

impl Limit {
    /// What is left of a rest.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        self.lock().left(now)
    }

    /// Garmin has limited a call, and perhaps said for how long. Answers how long to rest.
    pub(crate) fn hit(&self, asked: Option<Duration>, now: Timestamp) -> Duration {
        let mut state = self.lock();
        let left = state.left(now);
        let rest = match (asked, left) {
            (Some(asked), left) => asked.max(left.unwrap_or_default()),
            // An answer to a call that was under way when the rest began.
            (None, Some(left)) => return left,
            (None, None) => {
                let rest = FIRST_REST.saturating_mul(2_u32.saturating_pow(state.rests));
                state.rests = state.rests.saturating_add(1);
                rest.min(LONGEST_REST)
            }
        };
        state.until = Some(now.plus(rest));
        rest
    }

    /// Garmin has answered a call that was sent after the last rest.
    pub(crate) fn answered(&self, now: Timestamp) {
        let mut state = self.lock();
        if state.left(now).is_none() {
            *state = State::default();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing in here can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn left(&self, now: Timestamp) -> Option<Duration> {
        let left = self.until?.since(now);
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn rests_without_a_word_from_garmin_grow_until_an_answer() {
        let limit = Limit::default();
        let mut now = Timestamp(0);
        for rest in [30, 60, 120, 240, 480, 900, 900] {
            assert_eq!(limit.left(now), None);
            assert_eq!(limit.hit(None, now), secs(rest));
            now = now.plus(secs(rest - 1));
            assert_eq!(limit.left(now), Some(secs(1)));
            now = now.plus(secs(1));
        }
        limit.answered(now);
        assert_eq!(limit.hit(None, now), secs(30));
    }

    #[test]
    fn calls_under_way_when_a_rest_begins_do_not_prolong_or_end_it() {
        let limit = Limit::default();
        assert_eq!(limit.hit(None, Timestamp(0)), secs(30));
        assert_eq!(limit.hit(None, Timestamp(10)), secs(20));
        limit.answered(Timestamp(10));
        assert_eq!(limit.left(Timestamp(10)), Some(secs(20)));
        assert_eq!(limit.hit(None, Timestamp(30)), secs(60));
    }

    #[test]
    fn what_garmin_asks_for_is_never_cut_short() {
        let limit = Limit::default();
        assert_eq!(limit.hit(Some(secs(3_600)), Timestamp(0)), secs(3_600));
        assert_eq!(limit.hit(Some(secs(5)), Timestamp(10)), secs(3_590));
        assert_eq!(limit.hit(None, Timestamp(20)), secs(3_580));
    }
}

//! Lines that anybody on the internet can cause, as often as they like. The first of each kind
//! in a while are written, the rest are counted and told in one line.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// What needs no token, no session and no invitation to be caused.
pub(super) const BY_STRANGERS: [&str; 16] = [
    "account-csrf-invalid",
    "authorize-csrf-invalid",
    "authorize-denied",
    "authorize-post",
    "authorize-refused",
    "authorize-shown",
    "client-document-refused",
    "client-registered",
    "login-not-invited",
    "mcp-auth-rejected",
    "mfa-session-missing",
    "oauth-rate-limited",
    "request-refused",
    "token-bad-grant",
    "token-invalid-client",
    "token-invalid-grant",
];

/// Lines of one kind in one window.
const MOST: u32 = 50;
const WINDOW: Duration = Duration::from_secs(10);

/// The counts of every kind.
#[derive(Default)]
pub(super) struct Floods([Mutex<Kind>; BY_STRANGERS.len()]);

#[derive(Default)]
struct Kind {
    window: Option<Instant>,
    written: u32,
    held_back: u64,
}

/// What to do with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Write it, and first say how many of its kind were held back before it.
    Write {
        held_back: u64,
    },
    HoldBack,
}

impl Floods {
    pub(super) fn judge(&self, event: &str, now: Instant) -> Verdict {
        match BY_STRANGERS.binary_search(&event) {
            Ok(kind) => self.0[kind].lock().unwrap_or_else(PoisonError::into_inner).judge(now),
            Err(_) => Verdict::Write { held_back: 0 },
        }
    }

    /// What was held back in windows that are over: a flood that stops is told of, too.
    pub(super) fn over(&self, now: Instant) -> Vec<(&'static str, u64)> {
        let kinds = BY_STRANGERS.iter().zip(&self.0);
        let over = kinds.filter_map(|(event, kind)| {
            let mut kind = kind.lock().unwrap_or_else(PoisonError::into_inner);
            (kind.held_back > 0 && kind.is_over(now))
                .then(|| (*event, std::mem::take(&mut kind.held_back)))
        });
        over.collect()
    }
}

impl Kind {
    fn is_over(&self, now: Instant) -> bool {
        self.window.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW)
    }

    fn judge(&mut self, now: Instant) -> Verdict {
        if self.is_over(now) {
            self.window = Some(now);
            self.written = 0;
        }
        if self.written < MOST {
            self.written += 1;
            return Verdict::Write { held_back: std::mem::take(&mut self.held_back) };
        }
        self.held_back += 1;
        Verdict::HoldBack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_in_order_to_be_found() {
        assert!(BY_STRANGERS.is_sorted());
    }

    #[test]
    fn sec082_a_flood_of_strangers_is_counted_and_told_once() {
        let floods = Floods::default();
        let start = Instant::now();
        let judged: Vec<_> =
            (0..100_000).map(|_| floods.judge("mcp-auth-rejected", start)).collect();
        let written = judged.iter().filter(|verdict| **verdict != Verdict::HoldBack).count();
        assert_eq!(written, 50);
        assert_eq!(floods.over(start), [], "not while it lasts");
        assert_eq!(
            floods.judge("mcp-auth-rejected", start + WINDOW),
            Verdict::Write { held_back: 99_950 }
        );
        let another = floods.judge("request-refused", start);
        assert_eq!(another, Verdict::Write { held_back: 0 }, "another kind is not concerned");
    }

    #[test]
    fn sec082_the_end_of_a_flood_is_told_as_well() {
        let floods = Floods::default();
        let start = Instant::now();
        for _ in 0..60 {
            floods.judge("request-refused", start);
        }
        assert_eq!(floods.over(start + WINDOW), [("request-refused", 10)]);
        assert_eq!(floods.over(start + WINDOW), []);
    }

    #[test]
    fn what_people_with_access_cause_is_never_held_back() {
        let floods = Floods::default();
        let now = Instant::now();
        for _ in 0..1000 {
            assert_eq!(floods.judge("worker-died", now), Verdict::Write { held_back: 0 });
        }
    }
}

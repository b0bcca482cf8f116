//! Whether workers may be started at all: a circuit breaker over accounts, and a pause where
//! the machine has nothing left to start them with. Pure.
//!
//! One account whose workers crash is that account's trouble ([`super::super::backoff`]). When
//! the workers of several accounts crash one after the other and none becomes ready in between,
//! it is the program's, and trying on costs everybody and helps nobody.

use std::time::Duration;

use domain::clock::Moment;
use domain::id::AccountId;

use super::WorkerId;

/// Accounts whose starts have to fail before the program is to blame.
const ACCOUNTS: usize = 5;
/// And within which time.
const WINDOW: Duration = Duration::from_mins(1);
/// How long starts pause then, doubled with each attempt that fails.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// What to say while the one attempt is under way.
const SOON: Duration = Duration::from_secs(1);

/// The first pause after the machine had nothing left, doubled while that goes on.
const FIRST_BREATH: Duration = Duration::from_secs(1);
const LONGEST_BREATH: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Starts {
    circuit: Circuit,
    failures: Vec<(AccountId, Moment)>,
    breath: Option<Breath>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Circuit {
    #[default]
    Closed,
    /// No starts until then; after that one, to see.
    Open { until: Moment, pause: Duration },
    /// That one.
    HalfOpen { probe: WorkerId, pause: Duration },
}

#[derive(Debug, Clone, Copy)]
struct Breath {
    until: Moment,
    pause: Duration,
}

/// Whether a worker may be started now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    Granted,
    /// Whoever wants one waits in the queue.
    Later,
    /// Waiting in the queue would be in vain.
    Refused {
        retry_after: Duration,
    },
}

/// What the end of a start has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    None,
    Opened {
        pause: Duration,
    },
    /// The attempt failed as well.
    StillOpen {
        pause: Duration,
    },
}

impl Starts {
    pub(super) fn leave(&self, now: Moment) -> Leave {
        match self.circuit {
            Circuit::Open { until, .. } if now < until => {
                return Leave::Refused { retry_after: until.since(now) };
            }
            Circuit::HalfOpen { .. } => return Leave::Refused { retry_after: SOON },
            Circuit::Open { .. } | Circuit::Closed => {}
        }
        match self.breath {
            Some(Breath { until, .. }) if now < until => Leave::Later,
            Some(_) | None => Leave::Granted,
        }
    }

    /// A worker was started, with leave.
    pub(super) fn began(&mut self, worker: WorkerId) {
        if let Circuit::Open { pause, .. } = self.circuit {
            self.circuit = Circuit::HalfOpen { probe: worker, pause };
        }
    }

    /// A worker serves: the program works. Tells whether that was in doubt.
    pub(super) fn succeeded(&mut self) -> bool {
        self.failures.clear();
        self.breath = None;
        std::mem::take(&mut self.circuit) != Circuit::Closed
    }

    /// A worker ended without having served, and nobody had asked it to.
    pub(super) fn failed(&mut self, worker: WorkerId, account: &AccountId, now: Moment) -> Change {
        match self.circuit {
            Circuit::HalfOpen { probe, pause } if probe == worker => {
                let pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                self.circuit = Circuit::Open { until: now.plus(pause), pause };
                Change::StillOpen { pause }
            }
            // Started before the circuit opened: no news.
            Circuit::Open { .. } | Circuit::HalfOpen { .. } => Change::None,
            Circuit::Closed => {
                self.failures.retain(|(other, at)| other != account && now.since(*at) < WINDOW);
                self.failures.push((account.clone(), now));
                if self.failures.len() < ACCOUNTS {
                    return Change::None;
                }
                self.failures.clear();
                self.circuit = Circuit::Open { until: now.plus(FIRST_PAUSE), pause: FIRST_PAUSE };
                Change::Opened { pause: FIRST_PAUSE }
            }
        }
    }

    /// A start ended in a way that says nothing about the program.
    pub(super) fn inconclusive(&mut self, worker: WorkerId, now: Moment) {
        if let Circuit::HalfOpen { probe, pause } = self.circuit
            && probe == worker
        {
            self.circuit = Circuit::Open { until: now, pause };
        }
    }

    /// The machine had nothing left for another process. Tells the pause, once for each.
    pub(super) fn exhausted(&mut self, now: Moment) -> Option<Duration> {
        let pause = match self.breath {
            // Begun before the pause, like the one that caused it.
            Some(Breath { until, .. }) if now < until => return None,
            Some(Breath { pause, .. }) => pause.saturating_mul(2).min(LONGEST_BREATH),
            None => FIRST_BREATH,
        };
        self.breath = Some(Breath { until: now.plus(pause), pause });
        Some(pause)
    }

    /// Whether starts pause because the program fails.
    pub(super) fn circuit_is_open(&self, now: Moment) -> bool {
        match self.circuit {
            Circuit::Closed => false,
            Circuit::Open { until, .. } => now < until,
            Circuit::HalfOpen { .. } => true,
        }
    }

    /// Whether the last start found the machine with nothing left.
    pub(super) fn are_exhausted(&self) -> bool {
        self.breath.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::entropy::CountingEntropy;

    const NOW: Moment = Moment::ZERO;

    fn accounts(number: usize) -> Vec<AccountId> {
        let entropy = CountingEntropy::default();
        (0..number).map(|_| AccountId::generate(&entropy)).collect()
    }

    fn worker(number: usize) -> WorkerId {
        WorkerId(number as u64)
    }

    fn opened() -> Starts {
        let mut starts = Starts::default();
        let changes: Vec<_> = accounts(ACCOUNTS)
            .iter()
            .enumerate()
            .map(|(number, account)| starts.failed(worker(number), account, NOW))
            .collect();
        assert_eq!(changes.last(), Some(&Change::Opened { pause: FIRST_PAUSE }));
        assert_eq!(changes.iter().filter(|change| **change != Change::None).count(), 1);
        starts
    }

    #[test]
    fn rel06_several_accounts_open_the_circuit_and_one_account_never_does() {
        let mut starts = Starts::default();
        let everybody = accounts(ACCOUNTS);
        for _ in 0..100 {
            assert_eq!(starts.failed(worker(1), &everybody[0], NOW), Change::None);
        }
        assert_eq!(starts.leave(NOW), Leave::Granted);
        let starts = opened();
        assert_eq!(starts.leave(NOW), Leave::Refused { retry_after: FIRST_PAUSE });
        assert!(starts.circuit_is_open(NOW));
        let over = NOW.plus(FIRST_PAUSE);
        assert!(!starts.circuit_is_open(over), "the next call decides, and has to come");
    }

    #[test]
    fn rel06_a_start_that_succeeds_between_failures_clears_the_program() {
        let mut starts = Starts::default();
        for (number, account) in accounts(3 * ACCOUNTS).iter().enumerate() {
            assert_eq!(starts.failed(worker(number), account, NOW), Change::None);
            if number % (ACCOUNTS - 1) == 0 {
                assert!(!starts.succeeded());
            }
        }
    }

    #[test]
    fn rel06_failures_far_apart_have_nothing_to_do_with_each_other() {
        let mut starts = Starts::default();
        let mut now = NOW;
        for (number, account) in accounts(3 * ACCOUNTS).iter().enumerate() {
            assert_eq!(starts.failed(worker(number), account, now), Change::None);
            now = now.plus(WINDOW / 4);
        }
    }

    #[test]
    fn rel06_one_attempt_at_a_time_decides_and_each_failure_doubles_the_pause() {
        let mut starts = opened();
        let account = &accounts(1)[0];
        let mut now = NOW;
        for (attempt, pause) in [5, 10, 20, 40, 60, 60].into_iter().enumerate() {
            let pause = Duration::from_secs(pause);
            assert_eq!(starts.leave(now), Leave::Refused { retry_after: pause });
            now = now.plus(pause);
            assert_eq!(starts.leave(now), Leave::Granted);
            let probe = worker(100 + attempt);
            starts.began(probe);
            assert_eq!(starts.leave(now), Leave::Refused { retry_after: SOON });
            assert_eq!(starts.failed(worker(99), account, now), Change::None, "an old one");
            let next = (pause * 2).min(LONGEST_PAUSE);
            assert_eq!(starts.failed(probe, account, now), Change::StillOpen { pause: next });
        }
        now = now.plus(LONGEST_PAUSE);
        starts.began(worker(200));
        starts.inconclusive(worker(200), now);
        assert_eq!(starts.leave(now), Leave::Granted, "it said nothing, so another one may");
        starts.began(worker(201));
        assert!(starts.succeeded());
        assert_eq!((starts.leave(now), starts.circuit_is_open(now)), (Leave::Granted, false));
    }

    #[test]
    fn rel71_an_exhausted_machine_is_left_alone_for_longer_each_time() {
        let mut starts = Starts::default();
        let mut now = NOW;
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            let pause = Duration::from_secs(pause);
            assert_eq!(starts.leave(now), Leave::Granted);
            assert_eq!(starts.exhausted(now), Some(pause));
            assert_eq!(starts.exhausted(now), None, "the same trouble");
            assert_eq!(starts.leave(now), Leave::Later);
            now = now.plus(pause);
        }
        assert!(!starts.succeeded());
        assert_eq!(starts.exhausted(now), Some(FIRST_BREATH));
    }
}

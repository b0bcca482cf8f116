//! How many calls of one account go on at once.
//!
//! The queue is bounded, fair (first come, first served) and has a deadline, so that overload
//! becomes a quick, honest answer and never a growing pile.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use domain::id::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls of one account at once, and how many more may wait. Models ask for several things at
/// once, and each of them waits for Garmin: one after another they would take that many times as
/// long. How many questions reach Garmin together is the worker's business.
const CONCURRENT: usize = 8;
const QUEUED: usize = 16;
/// How long one of them waits for its turn before it is told to come back.
const TURN_DEADLINE: Duration = Duration::from_secs(30);

/// One gate for each account with a call in flight.
#[derive(Clone, Default)]
pub struct AccountGates(Arc<Mutex<HashMap<AccountId, Weak<Gate>>>>);

struct Gate {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Permission for one call; given back when dropped.
pub struct Pass {
    _permit: OwnedSemaphorePermit,
    _gate: Arc<Gate>,
}

/// Too many calls of this account are waiting already, or its turn did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls of this account at once")]
pub struct Refused;

impl AccountGates {
    /// Waits for one of the account's turns. Dropping the future leaves the queue.
    pub async fn enter(&self, account: &AccountId) -> Result<Pass, Refused> {
        let gate = self.gate(account);
        if let Ok(permit) = gate.free.clone().try_acquire_owned() {
            return Ok(Pass { _permit: permit, _gate: gate });
        }
        let queued = Queued::join(&gate)?;
        let turn = tokio::time::timeout(TURN_DEADLINE, gate.free.clone().acquire_owned()).await;
        drop(queued);
        match turn {
            Ok(Ok(permit)) => Ok(Pass { _permit: permit, _gate: gate }),
            Ok(Err(_)) | Err(_) => Err(Refused),
        }
    }

    fn gate(&self, account: &AccountId) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(account).and_then(Weak::upgrade) {
            return gate;
        }
        let free = Arc::new(Semaphore::new(CONCURRENT));
        let gate = Arc::new(Gate { free, waiting: AtomicUsize::new(0) });
        gates.insert(account.clone(), Arc::downgrade(&gate));
        gate
    }

    /// Forgets accounts without a call in flight; the janitor calls it every minute.
    pub fn forget_unused(&self) {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.retain(|_, gate| gate.strong_count() > 0);
        gates.shrink_to(1024);
    }
}

struct Queued<'a>(&'a Gate);

impl<'a> Queued<'a> {
    fn join(gate: &'a Gate) -> Result<Self, Refused> {
        let joined = gate.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |waiting| {
            (waiting < QUEUED).then_some(waiting + 1)
        });
        joined.map(|_| Self(gate)).map_err(|_| Refused)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::entropy::CountingEntropy;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn t123_sec079_eight_calls_run_sixteen_wait_and_the_next_is_refused() {
        let gates = AccountGates::default();
        let entropy = CountingEntropy::default();
        let account = AccountId::generate(&entropy);
        let mut running = Vec::new();
        for _ in 0..CONCURRENT {
            running.push(gates.enter(&account).await.unwrap());
        }
        let mut waiting: Vec<_> = (0..QUEUED).map(|_| Box::pin(gates.enter(&account))).collect();
        for call in &mut waiting {
            assert!(call.as_mut().now_or_never().is_none());
        }
        assert_eq!(gates.enter(&account).await.err(), Some(Refused));
        let other = AccountId::generate(&entropy);
        assert!(gates.enter(&other).await.is_ok(), "another account is not affected");

        running.pop();
        assert!(waiting[0].as_mut().now_or_never().is_some(), "the first in line goes on");
        drop(waiting.remove(1));
        assert!(gates.enter(&account).now_or_never().is_none(), "a place in the queue is free");
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_does_not_come_is_not_waited_for_until_the_call_is_over() {
        let gates = AccountGates::default();
        let account = AccountId::generate(&CountingEntropy::default());
        let mut running = Vec::new();
        for _ in 0..CONCURRENT {
            running.push(gates.enter(&account).await.unwrap());
        }
        let began = tokio::time::Instant::now();
        assert_eq!(gates.enter(&account).await.err(), Some(Refused));
        assert_eq!(began.elapsed(), TURN_DEADLINE);
        assert_eq!(gates.gate(&account).waiting.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn t144_sec073_accounts_without_calls_are_forgotten() {
        let gates = AccountGates::default();
        let account = AccountId::generate(&CountingEntropy::default());
        let pass = gates.enter(&account).await.unwrap();
        gates.forget_unused();
        assert_eq!(gates.0.lock().unwrap().len(), 1);
        drop(pass);
        gates.forget_unused();
        assert!(gates.0.lock().unwrap().is_empty());
    }
}

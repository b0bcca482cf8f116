//! How often a worker is believed that Garmin refused a token that should be good.
//!
//! Each time costs a renewal, and Garmin counts those. A token lives for a day, so an honest
//! worker says it a few times a year; one that says it of every token would have the pair
//! renewed without end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::id::AccountId;
use tokio::time::Instant;

use crate::config::RateLimits;

/// Once a minute, and a few times at once: Garmin may have trouble with what it just issued.
const PERIOD: Duration = Duration::from_mins(1);
const AT_ONCE: u32 = 3;

#[derive(Debug)]
pub(super) struct Refusals {
    limits: RateLimits,
    /// When each account's share would be whole again; those whose share is are left out.
    whole_at: Mutex<HashMap<AccountId, Instant>>,
}

impl Refusals {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self { limits, whole_at: Mutex::default() }
    }

    /// Takes one of the account's share, or says how long there is none.
    pub(super) fn believe(&self, account: &AccountId) -> Result<(), Duration> {
        if self.limits == RateLimits::Off {
            return Ok(());
        }
        let now = Instant::now();
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        whole_at.retain(|_, at| *at > now);
        let whole = whole_at.get(account).copied().unwrap_or(now);
        let early = whole.saturating_duration_since(now + PERIOD * (AT_ONCE - 1));
        if early.is_zero() {
            whole_at.insert(account.clone(), whole + PERIOD);
            Ok(())
        } else {
            Err(early)
        }
    }

    /// Returns what was taken: somebody else had renewed the pair, and Garmin was not asked.
    pub(super) fn give_back(&self, account: &AccountId) {
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole) = whole_at.get_mut(account) {
            *whole -= PERIOD;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::entropy::CountingEntropy;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_believed_three_times_and_then_once_a_minute() {
        let entropy = CountingEntropy::default();
        let (liar, other) = (AccountId::generate(&entropy), AccountId::generate(&entropy));
        let refusals = Refusals::new(RateLimits::On);
        for _ in 0..3 {
            assert_eq!(refusals.believe(&liar), Ok(()));
        }
        // Garmin was not asked about the third.
        refusals.give_back(&liar);
        assert_eq!(refusals.believe(&liar), Ok(()));
        let mut believed = 0;
        for _ in 0..100 {
            assert_eq!(refusals.believe(&other), Ok(()));
            while let Err(wait) = refusals.believe(&liar) {
                assert!(wait <= PERIOD, "{wait:?}");
                tokio::time::advance(Duration::from_secs(20)).await;
            }
            believed += 1;
            tokio::time::advance(PERIOD).await;
        }
        assert_eq!(believed, 100);
        tokio::time::advance(PERIOD * AT_ONCE).await;
        assert_eq!(refusals.believe(&other), Ok(()));
        assert_eq!(refusals.whole_at.lock().unwrap().len(), 1, "who behaves is forgotten");
        assert_eq!(Refusals::new(RateLimits::Off).believe(&liar), Ok(()));
    }
}

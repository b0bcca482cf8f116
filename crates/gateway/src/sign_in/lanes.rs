//! One sign-in at a time for each e-mail address: Garmin's codes belong to the latest login
//! only, and two at once look like an attack.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Lane, OwnedMutexGuard};

/// An e-mail address as the scheduler knows it: keyed, so that a memory dump names nobody.
pub(super) type EmailKey = [u8; 32];

/// One who signs in and those behind.
const LONGEST_LINE: usize = 4;

/// Lanes exist while somebody is in them or waits for them.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<HashMap<EmailKey, Arc<Lane<()>>>>>);

/// The turn; the next in line goes when it is dropped.
pub(super) struct Turn {
    lanes: Lanes,
    email: EmailKey,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Lanes {
    /// Waits in line. First come, first served; nothing when the line is long already.
    pub(super) async fn turn(&self, email: EmailKey) -> Option<Turn> {
        let lane = {
            let mut table = self.table();
            let lane = table.entry(email).or_default();
            // The table holds one, and so does everybody in or before the lane.
            if Arc::strong_count(lane) > LONGEST_LINE {
                return None;
            }
            lane.clone()
        };
        // Built before waiting: whoever gives up cleans up as well.
        let mut turn = Turn { lanes: self.clone(), email, guard: None };
        turn.guard = Some(lane.lock_owned().await);
        Some(turn)
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<EmailKey, Arc<Lane<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.table().len()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut table = self.lanes.table();
        drop(self.guard.take());
        // Everybody in or before the lane holds a clone of it.
        if table.get(&self.email).is_some_and(|lane| Arc::strong_count(lane) == 1) {
            table.remove(&self.email);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_with_an_address_waits_and_others_do_not() {
        let lanes = Lanes::default();
        let first = lanes.turn([1; 32]).await;
        let other = lanes.turn([2; 32]).await;
        let wait = Duration::from_secs(1);
        assert!(tokio::time::timeout(wait, lanes.turn([1; 32])).await.is_err());
        drop(first);
        assert!(tokio::time::timeout(wait, lanes.turn([1; 32])).await.is_ok());
        drop(other);
        assert_eq!(lanes.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_joins_a_long_line() {
        let lanes = Lanes::default();
        let first = lanes.turn([1; 32]).await.unwrap();
        let mut line: Vec<_> = (1..LONGEST_LINE).map(|_| Box::pin(lanes.turn([1; 32]))).collect();
        for waiting in &mut line {
            assert!(futures_util::poll!(waiting).is_pending());
        }
        assert!(lanes.turn([1; 32]).await.is_none());
        assert!(lanes.turn([2; 32]).await.is_some(), "another address has its own");
        drop((line, first));
        assert_eq!(lanes.len(), 0);
    }
}

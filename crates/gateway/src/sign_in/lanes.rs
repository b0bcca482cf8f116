//! Who waits for whom. A few at a time for each key, first come, first served, and nobody
//! joins a long line: they would only wait to be told that it took too long.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lanes exist while somebody is in them or waits for them.
pub(super) struct Lanes<K: Hash + Eq + Copy>(Arc<Table<K>>);

struct Table<K> {
    lanes: Mutex<HashMap<K, Arc<Semaphore>>>,
    at_once: usize,
    /// Those who go and those behind.
    longest: usize,
}

/// The turn; the next in line goes when it is dropped.
pub(super) struct Turn<K: Hash + Eq + Copy> {
    table: Arc<Table<K>>,
    key: K,
    permit: Option<OwnedSemaphorePermit>,
}

impl<K: Hash + Eq + Copy> Lanes<K> {
    pub(super) fn new(at_once: usize, longest: usize) -> Self {
        Self(Arc::new(Table { lanes: Mutex::default(), at_once, longest }))
    }

    /// Waits in line; nothing when the line is long already.
    pub(super) async fn turn(&self, key: K) -> Option<Turn<K>> {
        let lane = {
            let mut table = self.0.lock();
            let lane = table.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.0.at_once)));
            // The table holds one, and so does everybody in or before the lane.
            if Arc::strong_count(lane) > self.0.longest {
                return None;
            }
            lane.clone()
        };
        // Built before waiting: whoever gives up cleans up as well.
        let mut turn = Turn { table: self.0.clone(), key, permit: None };
        turn.permit = Some(lane.acquire_owned().await.ok()?);
        Some(turn)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().len()
    }
}

impl<K> Table<K> {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, Arc<Semaphore>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Copy> Drop for Turn<K> {
    fn drop(&mut self) {
        let mut table = self.table.lock();
        drop(self.permit.take());
        // Everybody in or before the lane holds a clone of it.
        if table.get(&self.key).is_some_and(|lane| Arc::strong_count(lane) == 1) {
            table.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_of_a_kind_waits_and_others_do_not() {
        let lanes = Lanes::new(1, 4);
        let first = lanes.turn(1).await;
        let other = lanes.turn(2).await;
        let wait = Duration::from_secs(1);
        assert!(tokio::time::timeout(wait, lanes.turn(1)).await.is_err());
        drop(first);
        assert!(tokio::time::timeout(wait, lanes.turn(1)).await.is_ok());
        drop(other);
        assert_eq!(lanes.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_joins_a_long_line() {
        let lanes = Lanes::new(2, 4);
        let first = (lanes.turn(1).await.unwrap(), lanes.turn(1).await.unwrap());
        let mut line: Vec<_> = (0..2).map(|_| Box::pin(lanes.turn(1))).collect();
        for waiting in &mut line {
            assert!(futures_util::poll!(waiting).is_pending());
        }
        assert!(lanes.turn(1).await.is_none());
        assert!(lanes.turn(2).await.is_some(), "another has a lane of its own");
        drop((line, first));
        assert_eq!(lanes.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_line_is_served_in_order() {
        let lanes = Lanes::new(1, 4);
        let first = lanes.turn(1).await;
        let mut second = Box::pin(lanes.turn(1));
        let mut third = Box::pin(lanes.turn(1));
        assert!(futures_util::poll!(&mut second).is_pending());
        assert!(futures_util::poll!(&mut third).is_pending());
        drop(first);
        assert!(futures_util::poll!(&mut third).is_pending());
        let second = second.await;
        assert!(futures_util::poll!(&mut third).is_pending());
        drop(second);
        assert!(third.await.is_some());
    }
}

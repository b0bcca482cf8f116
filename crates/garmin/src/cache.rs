//! Answers about days that no longer change, kept for minutes and within bounds.
//!
//! A conversation asks for the same week again and again. A day is settled once it lies
//! before yesterday: watches have synced, sleep has been scored. Settled is still not final,
//! so entries are short-lived, and "no data" is never kept: it may arrive with the next sync.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::clock::Timestamp;

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    pub entries: usize,
    pub bytes: usize,
    pub life: Duration,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { entries: 64, bytes: 512 * 1024, life: Duration::from_mins(10) }
    }
}

#[derive(Debug)]
pub(crate) struct Cache {
    limits: CacheLimits,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    entries: HashMap<String, Entry>,
    bytes: usize,
    /// How often everything was forgotten.
    epoch: u64,
    flights: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
}

#[derive(Debug)]
struct Entry {
    body: Bytes,
    kept_at: Timestamp,
}

impl Cache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        Self { limits, held: Mutex::default() }
    }

    pub(crate) fn find(&self, target: &str, now: Timestamp) -> Option<Bytes> {
        let held = self.lock();
        let entry = held.entries.get(target)?;
        self.is_live(entry, now).then(|| entry.body.clone())
    }

    /// Keeps an answer, making room by dropping what is dead and then what is oldest.
    pub(crate) fn keep(&self, target: &str, body: &Bytes, now: Timestamp) {
        let size = target.len() + body.len();
        if body.is_empty() || self.limits.entries == 0 || size > self.limits.bytes {
            return;
        }
        let mut held = self.lock();
        held.forget(target);
        let dead: Vec<String> = held
            .entries
            .iter()
            .filter(|(_, entry)| !self.is_live(entry, now))
            .map(|(target, _)| target.clone())
            .collect();
        for target in &dead {
            held.forget(target);
        }
        while held.entries.len() >= self.limits.entries || held.bytes + size > self.limits.bytes {
            let oldest = held.entries.iter().min_by_key(|(_, entry)| entry.kept_at);
            let Some(oldest) = oldest.map(|(target, _)| target.clone()) else { break };
            held.forget(&oldest);
        }
        held.bytes += size;
        held.entries.insert(target.to_owned(), Entry { body: body.clone(), kept_at: now });
    }

    /// Forgets everything; who is fetching goes on.
    pub(crate) fn clear(&self) {
        let mut held = self.lock();
        held.entries.clear();
        held.bytes = 0;
        held.epoch += 1;
    }

    /// Grows with every [`Self::clear`]: what was asked for before may be out of date.
    pub(crate) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    /// The lock under which one caller fetches while the others wait for the cache.
    pub(crate) fn flight(&self, target: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut held = self.lock();
        // Whoever holds a flight also holds a clone of it, so a lone one has landed.
        held.flights.retain(|_, flight| Arc::strong_count(flight) > 1);
        Arc::clone(held.flights.entry(target.to_owned()).or_default())
    }

    fn is_live(&self, entry: &Entry, now: Timestamp) -> bool {
        now.since(entry.kept_at) < self.limits.life
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        // A panic while holding the lock leaves a cache that is at worst incomplete.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn forget(&mut self, target: &str) {
        if let Some(entry) = self.entries.remove(target) {
            self.bytes -= target.len() + entry.body.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: usize, bytes: usize) -> Cache {
        Cache::new(CacheLimits { entries, bytes, life: Duration::from_mins(1) })
    }

    fn body(length: usize) -> Bytes {
        vec![b'x'; length].into()
    }

    #[test]
    fn an_entry_lives_for_its_life_and_is_replaced_in_place() {
        let cache = cache(4, 100);
        cache.keep("/a", &body(10), Timestamp(0));
        assert_eq!(cache.find("/a", Timestamp(59)), Some(body(10)));
        assert_eq!(cache.find("/a", Timestamp(60)), None);
        cache.keep("/a", &body(20), Timestamp(60));
        assert_eq!(cache.find("/a", Timestamp(61)), Some(body(20)));
        assert_eq!(cache.lock().bytes, 22);
    }

    #[test]
    fn neither_entries_nor_bytes_grow_past_their_limits() {
        let cache = cache(3, 100);
        for (at, target) in ["/a", "/b", "/c", "/d"].into_iter().enumerate() {
            cache.keep(target, &body(10), Timestamp(i64::try_from(at).unwrap()));
        }
        assert_eq!(cache.find("/a", Timestamp(4)), None);
        assert!(cache.find("/b", Timestamp(4)).is_some());
        cache.keep("/e", &body(80), Timestamp(5));
        assert!(cache.find("/e", Timestamp(5)).is_some());
        assert!(cache.find("/c", Timestamp(5)).is_none());
        assert!(cache.lock().bytes <= 100);
        cache.keep("/f", &body(99), Timestamp(6));
        assert!(cache.find("/f", Timestamp(6)).is_none());
        assert!(cache.find("/e", Timestamp(6)).is_some());
    }

    #[test]
    fn no_data_and_no_room_are_not_kept() {
        let cache = cache(3, 100);
        cache.keep("/a", &body(0), Timestamp(0));
        assert_eq!(cache.find("/a", Timestamp(0)), None);
        let none = self::cache(0, 0);
        none.keep("/a", &body(1), Timestamp(0));
        assert_eq!(none.find("/a", Timestamp(0)), None);
    }

    #[test]
    fn a_landed_flight_is_forgotten() {
        let cache = cache(3, 100);
        let first = cache.flight("/a");
        assert!(Arc::ptr_eq(&first, &cache.flight("/a")));
        drop(first);
        drop(cache.flight("/b"));
        drop(cache.flight("/c"));
        assert_eq!(cache.lock().flights.len(), 1);
    }
}

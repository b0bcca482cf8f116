//! A table of things that end by themselves and never grow beyond a bound, whoever fills it.

use std::collections::HashMap;
use std::hash::Hash;

use domain::clock::Timestamp;

/// When it is full, what ends soonest goes first: a flood of new entries displaces itself
/// rather than what was meant to last.
pub(super) struct Expiring<K, V> {
    entries: HashMap<K, (Timestamp, V)>,
    most: usize,
}

impl<K: Hash + Eq, V> Expiring<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: HashMap::new(), most: most.max(1) }
    }

    pub(super) fn get(&self, key: &K, now: Timestamp) -> Option<&V> {
        self.entries.get(key).filter(|(until, _)| *until > now).map(|(_, value)| value)
    }

    pub(super) fn take(&mut self, key: &K, now: Timestamp) -> Option<V> {
        self.entries.remove(key).filter(|(until, _)| *until > now).map(|(_, value)| value)
    }

    pub(super) fn put(&mut self, key: K, until: Timestamp, value: V, now: Timestamp) {
        if until <= now {
            self.entries.remove(&key);
            return;
        }
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        self.entries.insert(key, (until, value));
    }

    /// An eighth at once, so that a flood does not pay for every entry.
    fn make_room(&mut self, now: Timestamp) {
        self.entries.retain(|_, (until, _)| *until > now);
        if self.entries.len() < self.most {
            return;
        }
        let mut surplus = self.most / 8 + 1;
        let mut ends: Vec<Timestamp> = self.entries.values().map(|(until, _)| *until).collect();
        let (_, last, _) = ends.select_nth_unstable(surplus.min(self.most) - 1);
        let last = *last;
        self.entries.retain(|_, (until, _)| {
            let goes = *until <= last && surplus > 0;
            surplus -= usize::from(goes);
            !goes
        });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_entry_ends_at_its_moment() {
        let mut table = Expiring::new(10);
        let now = Timestamp(1000);
        table.put("a", now.plus(Duration::from_secs(5)), 1, now);
        assert_eq!(table.get(&"a", Timestamp(1004)), Some(&1));
        assert_eq!(table.get(&"a", Timestamp(1005)), None);
        table.put("a", now, 2, now);
        assert_eq!(table.get(&"a", now), None);
    }

    #[test]
    fn sec073_load05_inv5_a_flood_of_keys_displaces_itself_and_not_what_was_meant_to_last() {
        let mut table = Expiring::new(800);
        let now = Timestamp(0);
        let month = now.plus(Duration::from_hours(720));
        for key in 0..100 {
            table.put(key, month, (), now);
        }
        for key in 1000..100_000_u32 {
            table.put(key, now.plus(Duration::from_hours(1)), (), now);
            assert!(table.len() <= 800);
        }
        assert!((0..100).all(|key| table.get(&key, now).is_some()));
        assert!(table.get(&99_999, now).is_some(), "the newest is there");
    }
}

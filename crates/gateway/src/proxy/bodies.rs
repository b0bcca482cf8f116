//! Memory for request bodies: bounded for everybody together, before a byte is read.

use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::BODY_LIMIT;

/// What all bodies that are being read, or wait for their worker, may take together.
const IN_ALL: usize = 256 * 1024 * 1024;
/// Counted in pieces of this size.
const PIECE: usize = 4 * 1024;

/// The memory that is left.
#[derive(Debug)]
pub struct Bodies(Arc<Semaphore>);

/// Memory set aside for one body; given back when dropped.
#[derive(Debug)]
pub(super) struct Room(OwnedSemaphorePermit);

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(IN_ALL / PIECE)))
    }
}

impl Bodies {
    /// Room for as much as is announced, or for the most a body may hold; `None` when there is
    /// none.
    #[must_use]
    pub(super) fn room_for(&self, headers: &HeaderMap) -> Option<Room> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|text| text.parse::<usize>().ok());
        let most = announced.unwrap_or(BODY_LIMIT).min(BODY_LIMIT);
        self.0.clone().try_acquire_many_owned(pieces(most)).ok().map(Room)
    }
}

impl Room {
    /// Gives back what the body turned out not to need.
    #[must_use]
    pub(super) fn shrink_to(mut self, length: usize) -> Self {
        let spare = self.0.num_permits().saturating_sub(pieces(length) as usize);
        drop(self.0.split(spare));
        self
    }
}

fn pieces(length: usize) -> u32 {
    u32::try_from(length.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn bodies_share_one_bounded_memory_and_give_it_back() {
        let bodies = Bodies(Arc::new(Semaphore::new(BODY_LIMIT / PIECE)));
        let announced =
            |length: u64| HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(length))]);
        let unknown = bodies.room_for(&HeaderMap::new());
        assert!(unknown.is_some());
        assert!(bodies.room_for(&announced(1)).is_none());
        let small = unknown.map(|room| room.shrink_to(PIECE));
        assert!(bodies.room_for(&HeaderMap::new()).is_none());
        assert!(bodies.room_for(&announced(100)).is_some());
        drop(small);
        // What is longer than allowed is refused later, with its own answer.
        assert!(bodies.room_for(&announced(1 << 40)).is_some());
    }
}

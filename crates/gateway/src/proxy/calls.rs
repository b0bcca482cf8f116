//! Calls of clients with a handshake that are under way, so that `notifications/cancelled`
//! finds the one it names.
//!
//! Request ids are unique to one client only, so they count together with the device. Several
//! clients may share a device's token: where two calls have the same name, neither is
//! cancelled.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::id::DeviceId;
use tokio_util::sync::CancellationToken;

use super::message::Id;

#[derive(Clone, Default)]
pub struct Calls(Arc<Inner>);

#[derive(Default)]
struct Inner {
    under_way: Mutex<HashMap<Name, Vec<Open>>>,
    next: AtomicU64,
}

type Name = (DeviceId, Id);

struct Open {
    key: u64,
    cancelled: CancellationToken,
}

/// One call under way; it is off the list when this is dropped.
pub(super) struct Listed {
    calls: Calls,
    name: Name,
    key: u64,
    cancelled: CancellationToken,
}

impl Calls {
    #[must_use]
    pub(super) fn enter(&self, device: &DeviceId, id: Id) -> Listed {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        let cancelled = CancellationToken::new();
        let name = (device.clone(), id);
        let open = Open { key, cancelled: cancelled.clone() };
        self.list().entry(name.clone()).or_default().push(open);
        Listed { calls: self.clone(), name, key, cancelled }
    }

    /// Cancels the device's one call of that id, if there is exactly one.
    pub(super) fn cancel(&self, device: &DeviceId, id: Id) {
        if let Some([only]) = self.list().get(&(device.clone(), id)).map(Vec::as_slice) {
            only.cancelled.cancel();
        }
    }

    fn list(&self) -> MutexGuard<'_, HashMap<Name, Vec<Open>>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listed {
    #[must_use]
    pub(super) fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut list = self.calls.list();
        if let Some(open) = list.get_mut(&self.name) {
            open.retain(|open| open.key != self.key);
            if open.is_empty() {
                list.remove(&self.name);
            }
        }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calls({} under way)", self.list().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::entropy::CountingEntropy;

    #[test]
    fn t105_only_the_one_call_that_is_meant_is_cancelled() {
        let (calls, entropy) = (Calls::default(), CountingEntropy::default());
        let (ours, theirs) = (DeviceId::generate(&entropy), DeviceId::generate(&entropy));
        let (one, text) = (Id::Number(1), Id::Text("1".into()));
        let listed = calls.enter(&ours, one.clone());
        calls.cancel(&theirs, one.clone());
        calls.cancel(&ours, text);
        assert!(!listed.cancelled().is_cancelled());
        let twin = calls.enter(&ours, one.clone());
        calls.cancel(&ours, one.clone());
        assert!(!listed.cancelled().is_cancelled() && !twin.cancelled().is_cancelled());
        drop(twin);
        calls.cancel(&ours, one);
        assert!(listed.cancelled().is_cancelled());
        drop(listed);
        assert!(calls.list().is_empty());
    }
}

//! Event streams that are open right now, so that revoking a device ends them.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::console::Revoked;
use domain::id::{AccountId, DeviceId};
use tokio_util::sync::CancellationToken;

#[derive(Clone, Default)]
pub struct Streams(Arc<Inner>);

#[derive(Default)]
struct Inner {
    open: Mutex<HashMap<u64, Open>>,
    next: AtomicU64,
}

struct Open {
    account: AccountId,
    device: DeviceId,
    end: CancellationToken,
}

/// One open stream; it is off the list when this is dropped.
pub struct Stream {
    streams: Streams,
    key: u64,
    end: CancellationToken,
}

impl Streams {
    #[must_use]
    pub fn open(&self, account: &AccountId, device: &DeviceId) -> Stream {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        let end = CancellationToken::new();
        let open = Open { account: account.clone(), device: device.clone(), end: end.clone() };
        self.list().insert(key, open);
        Stream { streams: self.clone(), key, end }
    }

    /// How many streams an account holds.
    #[must_use]
    pub fn count(&self, account: &AccountId) -> usize {
        self.list().values().filter(|open| open.account == *account).count()
    }

    /// Ends the streams of whoever lost access.
    pub fn end(&self, revoked: &Revoked) {
        let concerned = |open: &&Open| match revoked {
            Revoked::Everything => true,
            Revoked::Account(account) => open.account == *account,
            Revoked::Device(device) => open.device == *device,
        };
        for open in self.list().values().filter(concerned) {
            open.end.cancel();
        }
    }

    fn list(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    /// Cancelled when the stream has to end.
    #[must_use]
    pub fn end(&self) -> CancellationToken {
        self.end.clone()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.list().remove(&self.key);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({})", self.key)
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Streams({} open)", self.list().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::entropy::CountingEntropy;

    #[test]
    fn only_streams_of_the_revoked_end() {
        let (streams, entropy) = (Streams::default(), CountingEntropy::default());
        let accounts = [AccountId::generate(&entropy), AccountId::generate(&entropy)];
        let devices = [DeviceId::generate(&entropy), DeviceId::generate(&entropy)];
        let first = streams.open(&accounts[0], &devices[0]);
        let second = streams.open(&accounts[0], &devices[1]);
        let other = streams.open(&accounts[1], &DeviceId::generate(&entropy));
        let ended = |stream: &Stream| stream.end().is_cancelled();

        streams.end(&Revoked::Device(devices[1].clone()));
        assert_eq!((ended(&first), ended(&second), ended(&other)), (false, true, false));
        streams.end(&Revoked::Account(accounts[0].clone()));
        assert_eq!((ended(&first), ended(&other)), (true, false));
        assert_eq!(streams.count(&accounts[0]), 2);
        drop((first, second));
        assert_eq!(streams.count(&accounts[0]), 0);
        streams.end(&Revoked::Everything);
        assert!(ended(&other));
    }
}

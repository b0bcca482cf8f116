//! Event streams that are open right now, so that revoking a device ends them.

use std::collections::{HashMap, HashSet};
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

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The answer to one call, which ends by itself.
    Answer,
    /// Held for as long as the client likes, so an account gets few of them.
    Listen,
}

struct Open {
    purpose: Purpose,
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
    /// Lists the answer to a call; `end` is cancelled when it has to end.
    #[must_use]
    pub fn answer(&self, account: &AccountId, device: &DeviceId, end: CancellationToken) -> Stream {
        self.enter(&mut self.list(), Purpose::Answer, account, device, end)
    }

    /// Lists a stream that is held, unless the account holds `most` already.
    #[must_use]
    pub fn listen(&self, account: &AccountId, device: &DeviceId, most: usize) -> Option<Stream> {
        let mut list = self.list();
        let held = list
            .values()
            .filter(|open| open.purpose == Purpose::Listen && open.account == *account)
            .count();
        let end = CancellationToken::new();
        (held < most).then(|| self.enter(&mut list, Purpose::Listen, account, device, end))
    }

    fn enter(
        &self,
        list: &mut HashMap<u64, Open>,
        purpose: Purpose,
        account: &AccountId,
        device: &DeviceId,
        end: CancellationToken,
    ) -> Stream {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (account, device) = (account.clone(), device.clone());
        list.insert(key, Open { purpose, account, device, end: end.clone() });
        Stream { streams: self.clone(), key, end }
    }

    /// Whose streams are open.
    #[must_use]
    pub fn holders(&self) -> HashMap<AccountId, HashSet<DeviceId>> {
        let mut holders: HashMap<AccountId, HashSet<DeviceId>> = HashMap::new();
        for open in self.list().values() {
            holders.entry(open.account.clone()).or_default().insert(open.device.clone());
        }
        holders
    }

    /// How many streams are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.list().len()
    }

    /// Ends the streams of whoever lost access.
    pub fn end(&self, revoked: &Revoked) {
        let concerned = |open: &&Open| match revoked {
            Revoked::Everything => true,
            Revoked::Account(account) => open.account == *account,
            Revoked::Device { device, account: _ } => open.device == *device,
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
        let first = streams.listen(&accounts[0], &devices[0], 2).unwrap();
        let second = streams.answer(&accounts[0], &devices[1], CancellationToken::new());
        let other =
            streams.answer(&accounts[1], &DeviceId::generate(&entropy), CancellationToken::new());
        let ended = |stream: &Stream| stream.end().is_cancelled();

        let (device, account) = (devices[1].clone(), accounts[0].clone());
        streams.end(&Revoked::Device { device, account });
        assert_eq!((ended(&first), ended(&second), ended(&other)), (false, true, false));
        streams.end(&Revoked::Account(accounts[0].clone()));
        assert_eq!((ended(&first), ended(&other)), (true, false));
        assert_eq!(streams.holders()[&accounts[0]].len(), 2);
        drop((first, second));
        assert!(!streams.holders().contains_key(&accounts[0]));
        streams.end(&Revoked::Everything);
        assert!(ended(&other));
    }

    #[test]
    fn answers_to_calls_are_no_streams_that_are_held() {
        let (streams, entropy) = (Streams::default(), CountingEntropy::default());
        let account = AccountId::generate(&entropy);
        let device = DeviceId::generate(&entropy);
        let answer = || streams.answer(&account, &device, CancellationToken::new());
        let answers = [answer(), answer()];
        let held = streams.listen(&account, &device, 1);
        assert!(held.is_some());
        assert!(streams.listen(&account, &device, 1).is_none());
        drop((answers, held));
        assert!(streams.listen(&account, &device, 1).is_some());
    }
}

//! From a presented token to the device it belongs to, through a short-lived cache.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{AccountId, DeviceId};
use domain::token::{Access, TokenHash};
use moka::sync::Cache;
use store::{AccountState, LiveDevice, Store, StoreError};

use crate::limits::TooMany;

const MOST: u64 = 100_000;
/// How long a token that was good once is not taken for a guess.
const REMEMBERED: Duration = Duration::from_hours(24);

#[derive(Clone)]
pub struct DeviceCache(Arc<Inner>);

struct Inner {
    store: Store,
    devices: Cache<TokenHash<Access>, Arc<LiveDevice>>,
    /// Tokens that were good lately. Says nothing about whether they still are.
    familiar: Cache<TokenHash<Access>, ()>,
    /// Grows with every revocation: a look-up that began before one must not be kept.
    epoch: AtomicU64,
}

/// Why nobody knows whose token it is.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DeviceCache {
    /// No answer gets older than `oldest`: a revocation on another node takes effect within this
    /// time. On this node it does at once, because it empties the cache.
    #[must_use]
    pub fn new(store: Store, oldest: Duration) -> Self {
        let devices = Cache::builder().max_capacity(MOST).time_to_live(oldest).build();
        let familiar = Cache::builder().max_capacity(MOST).time_to_live(REMEMBERED).build();
        Self(Arc::new(Inner { store, devices, familiar, epoch: AtomicU64::new(0) }))
    }

    /// The live device behind a token; `None` for everything else a client may present. The
    /// store is asked about a token nobody has seen only if `may_ask` lets it.
    pub async fn find(
        &self,
        presented: &str,
        now: Timestamp,
        may_ask: impl FnOnce() -> Result<(), TooMany>,
    ) -> Result<Option<Arc<LiveDevice>>, Unanswered> {
        let Ok(hash) = TokenHash::<Access>::of_presented(presented) else { return Ok(None) };
        if let Some(device) = self.0.devices.get(&hash) {
            let alive = device.expires_at.is_none_or(|end| end > now);
            return Ok(alive.then_some(device));
        }
        if !self.0.familiar.contains_key(&hash) {
            may_ask()?;
        }
        let epoch = self.0.epoch.load(Ordering::SeqCst);
        let digest = self.0.store.digest_of(&hash);
        let Some(device) = self.0.store.find_device_by_access(&digest, now).await? else {
            return Ok(None);
        };
        let device = Arc::new(device);
        self.0.familiar.insert(hash, ());
        // A sign-in must help at once, on whichever node it happened.
        let keep = device.account_state == AccountState::Live;
        if keep {
            self.0.devices.insert(hash, device.clone());
            // Inserted first and looked at second: whoever empties the cache in between has
            // raised the epoch before.
            if self.0.epoch.load(Ordering::SeqCst) != epoch {
                self.0.devices.invalidate(&hash);
            }
        }
        Ok(Some(device))
    }

    /// Nothing cached of this account is believed any more; every other keeps what it has.
    pub fn forget_account(&self, account: &AccountId) {
        self.forget(|cached| cached.account == *account);
    }

    /// Nothing cached of this device is believed any more. A client may revoke as often as it
    /// likes: the others must not have to be looked up again for it.
    pub fn forget_device(&self, device: &DeviceId) {
        self.forget(|cached| cached.device == *device);
    }

    /// Whatever is cached of devices that are not among these is not believed any more.
    pub fn keep_only(&self, live: &HashSet<DeviceId>) {
        self.forget(|cached| !live.contains(&cached.device));
    }

    /// Found by looking at all: this happens once when access ends.
    fn forget(&self, concerned: impl Fn(&LiveDevice) -> bool) {
        self.0.epoch.fetch_add(1, Ordering::SeqCst);
        for (hash, device) in &self.0.devices {
            if concerned(&device) {
                self.0.devices.invalidate(&*hash);
            }
        }
    }

    /// Nothing cached so far is believed any more.
    pub fn forget_all(&self) {
        self.0.epoch.fetch_add(1, Ordering::SeqCst);
        self.0.devices.invalidate_all();
    }
}

impl fmt::Debug for DeviceCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCache(…)")
    }
}

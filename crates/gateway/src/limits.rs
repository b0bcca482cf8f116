//! How often somebody may ask: one bucket per address or device, in memory, on this node.
//!
//! A caller with a valid token is never limited by address: hosted clients reach us from a
//! handful of addresses on behalf of everybody.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::Arc;
use std::time::Duration;

use domain::id::DeviceId;
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What is counted by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByAddress {
    /// A password or a code on its way to Garmin.
    SignIn,
    /// Every other OAuth request.
    OAuth,
    /// `/mcp` without a token we know.
    Unauthenticated,
}

/// The bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("asked too often")]
pub struct TooMany {
    pub retry_after: Duration,
}

/// All buckets; cloning shares them.
#[derive(Clone)]
pub struct Limits(Option<Arc<Buckets>>);

struct Buckets {
    sign_in: Bucket<IpNet>,
    oauth: Bucket<IpNet>,
    unauthenticated: Bucket<IpNet>,
    shared_egress: Bucket<ByAddressKey>,
    calls: Bucket<DeviceId>,
    emails: Bucket<[u8; 32]>,
}

/// The hosts behind a shared egress are told apart by what they ask for only.
type ByAddressKey = u8;

pub(crate) type Bucket<K> =
    RateLimiter<K, DefaultKeyedStateStore<K>, Monotonic, NoOpMiddleware<Moment>>;

/// Beyond this many keys at once neighbours share a bucket: memory stays bounded while
/// somebody rotates addresses, and it is theirs that run dry.
const MOST_KEYS: usize = 100_000;

/// Anthropic's published egress: one network for all people who use hosted Claude.
const SHARED_EGRESS: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(160, 79, 104, 0), 21);

const SIGN_IN_PER_MINUTE: u32 = 5;
const OAUTH_PER_MINUTE: u32 = 20;
const UNAUTHENTICATED_PER_MINUTE: u32 = 30;
const SHARED_EGRESS_PER_MINUTE: u32 = 1200;
const CALLS_PER_MINUTE: u32 = 60;
/// Passwords and codes of one e-mail address. Garmin locks accounts, not networks.
const TRIES_PER_HOUR: u32 = 10;

impl Limits {
    /// Buckets, all full.
    #[must_use]
    pub fn on() -> Self {
        Self(Some(Arc::new(Buckets {
            sign_in: bucket(SIGN_IN_PER_MINUTE),
            oauth: bucket(OAUTH_PER_MINUTE),
            unauthenticated: bucket(UNAUTHENTICATED_PER_MINUTE),
            shared_egress: bucket(SHARED_EGRESS_PER_MINUTE),
            calls: bucket(CALLS_PER_MINUTE),
            emails: limiter(Quota::per_hour(
                NonZeroU32::new(TRIES_PER_HOUR).unwrap_or(NonZeroU32::MIN),
            )),
        })))
    }

    /// Nothing is ever limited: `RATE_LIMITS=off`.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    #[must_use]
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    pub fn check_address(&self, what: ByAddress, address: IpAddr) -> Result<(), TooMany> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let shared = matches!(address, IpAddr::V4(v4) if SHARED_EGRESS.contains(&v4));
        if shared {
            return take(&buckets.shared_egress, &(what as u8));
        }
        let network = network_of(address);
        match what {
            ByAddress::SignIn => take_bounded(&buckets.sign_in, network),
            ByAddress::OAuth => take_bounded(&buckets.oauth, network),
            ByAddress::Unauthenticated => take_bounded(&buckets.unauthenticated, network),
        }
    }

    /// One call of a device whose token is valid. Devices exist in the store, so their number
    /// needs no bound here.
    pub fn check_call(&self, device: &DeviceId) -> Result<(), TooMany> {
        self.0.as_ref().map_or(Ok(()), |buckets| take(&buckets.calls, device))
    }

    /// One password or code for an e-mail address, known by a keyed digest. Every one of them
    /// was counted by address before, which bounds their number.
    pub fn check_email(&self, email: &[u8; 32]) -> Result<(), TooMany> {
        self.0.as_ref().map_or(Ok(()), |buckets| take(&buckets.emails, email))
    }

    /// Forgets buckets that are full again; the janitor calls it every minute.
    pub fn retain_recent(&self) {
        if let Some(buckets) = &self.0 {
            buckets.sign_in.retain_recent();
            buckets.oauth.retain_recent();
            buckets.unauthenticated.retain_recent();
            buckets.shared_egress.retain_recent();
            buckets.calls.retain_recent();
            buckets.emails.retain_recent();
        }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.are_on() { "Limits(on)" } else { "Limits(off)" })
    }
}

fn bucket<K: std::hash::Hash + Eq + Clone>(per_minute: u32) -> Bucket<K> {
    let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
    limiter(quota)
}

pub(crate) fn limiter<K: std::hash::Hash + Eq + Clone>(quota: Quota) -> Bucket<K> {
    RateLimiter::new(quota, DefaultKeyedStateStore::default(), Monotonic)
}

fn take<K: std::hash::Hash + Eq + Clone>(bucket: &Bucket<K>, key: &K) -> Result<(), TooMany> {
    bucket
        .check_key(key)
        .map_err(|early| TooMany { retry_after: early.wait_time_from(Monotonic.now()) })
}

fn take_bounded(bucket: &Bucket<IpNet>, network: IpNet) -> Result<(), TooMany> {
    let key = if bucket.len() < MOST_KEYS { network } else { neighbourhood_of(network) };
    take(bucket, &key)
}

/// One IPv4 address, or the /64 a single household has of IPv6.
fn network_of(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpNet::V4(Ipv4Net::from(v4)),
        IpAddr::V6(v6) => {
            IpNet::V6(Ipv6Net::new(v6, 64).unwrap_or_else(|_| Ipv6Net::from(v6)).trunc())
        }
    }
}

/// The network that network is part of, as registries hand them out to whole providers.
fn neighbourhood_of(network: IpNet) -> IpNet {
    match network {
        IpNet::V4(v4) => IpNet::V4(Ipv4Net::new(v4.addr(), 16).unwrap_or(v4).trunc()),
        IpNet::V6(v6) => IpNet::V6(Ipv6Net::new(v6.addr(), 32).unwrap_or(v6).trunc()),
    }
}

/// The runtime's monotonic clock, so that tests can move it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Monotonic;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(tokio::time::Instant);

impl Clock for Monotonic {
    type Instant = Moment;

    fn now(&self) -> Moment {
        Moment(tokio::time::Instant::now())
    }
}

impl Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, more: Nanos) -> Self {
        Self(self.0 + Duration::from(more))
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, less: Nanos) -> Self {
        Self(self.0.checked_sub(less.into()).unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn the_sixth_password_in_a_minute_waits_and_others_do_not() {
        let limits = Limits::on();
        let one = address("192.0.2.1");
        for _ in 0..5 {
            assert_eq!(limits.check_address(ByAddress::SignIn, one), Ok(()));
        }
        let refused = limits.check_address(ByAddress::SignIn, one).unwrap_err();
        assert!(refused.retry_after <= Duration::from_secs(12), "{refused:?}");
        assert_eq!(limits.check_address(ByAddress::OAuth, one), Ok(()));
        assert_eq!(limits.check_address(ByAddress::SignIn, address("192.0.2.2")), Ok(()));
        tokio::time::advance(refused.retry_after).await;
        assert_eq!(limits.check_address(ByAddress::SignIn, one), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_household_of_ipv6_is_one_address() {
        let limits = Limits::on();
        for last in 1..=5 {
            let inside = address(&format!("2001:db8::{last}"));
            assert_eq!(limits.check_address(ByAddress::SignIn, inside), Ok(()));
        }
        assert!(limits.check_address(ByAddress::SignIn, address("2001:db8::ffff")).is_err());
        assert!(limits.check_address(ByAddress::SignIn, address("2001:db8:0:1::1")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_egress_of_hosted_clients_is_not_one_person() {
        let limits = Limits::on();
        let hosted = address("160.79.104.10");
        for turn in 0..200 {
            assert_eq!(limits.check_address(ByAddress::OAuth, hosted), Ok(()), "{turn}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn full_buckets_are_forgotten() {
        let limits = Limits::on();
        for last in 0..200 {
            let _ = limits.check_address(ByAddress::OAuth, address(&format!("192.0.2.{last}")));
        }
        let held = || limits.0.as_ref().unwrap().oauth.len();
        assert_eq!(held(), 200);
        tokio::time::advance(Duration::from_mins(1)).await;
        limits.retain_recent();
        assert_eq!(held(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_e_mail_address_has_ten_tries_an_hour() {
        let limits = Limits::on();
        for _ in 0..10 {
            assert_eq!(limits.check_email(&[1; 32]), Ok(()));
        }
        let refused = limits.check_email(&[1; 32]).unwrap_err();
        assert!(refused.retry_after <= Duration::from_mins(6), "{refused:?}");
        assert_eq!(limits.check_email(&[2; 32]), Ok(()));
    }

    #[test]
    fn neighbours_of_a_flood_share_its_bucket_and_nobody_else_does() {
        let of = |text| neighbourhood_of(network_of(address(text)));
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:ffff::1"));
        assert_ne!(of("2001:db8:1:2::3"), of("2001:db9::1"));
        assert_eq!(of("192.0.2.1"), of("192.0.255.1"));
        assert_ne!(of("192.0.2.1"), of("198.51.100.1"));
    }

    #[test]
    fn switched_off_means_off() {
        let limits = Limits::off();
        assert!(!limits.are_on());
    }
}

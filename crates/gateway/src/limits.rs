//! How often somebody may ask: buckets in memory, on this node, of bounded number.
//!
//! Each kind of request is counted by address, by the block the address is in, and for
//! everybody together. A caller with a valid token, code or refresh token is never limited by
//! address: hosted clients reach us from a handful of addresses on behalf of everybody. What
//! is counted there are misses: requests that turned out to hold nothing valid.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::Arc;
use std::time::Duration;

use domain::id::{AccountId, DeviceId};
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use moka::sync::Cache;

/// What is counted by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByAddress {
    /// A password or a code on its way to Garmin.
    SignIn,
    /// The beginning of a sign-in.
    OAuth,
    /// A client nobody has registered before: a row more.
    Registration,
    /// A registration that is known already, and costs a look.
    Repeat,
    /// A code, token or client that is none, at an endpoint of machines.
    Miss,
    /// A metadata document that is read again for somebody who has proved nothing.
    Renewal,
    /// A page or a form of an account.
    AccountPage,
    /// A link to one, which somebody may have made up.
    AccountLink,
    /// `/mcp` with a token nobody has seen lately: a guess, as far as anybody knows. After a
    /// restart that is everybody's, and hosted clients have few addresses.
    UnknownToken,
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
    sign_in: Gate,
    oauth: Gate,
    registration: Gate,
    repeat: Gate,
    miss: Gate,
    renewal: Gate,
    account_page: Gate,
    account_link: Gate,
    unknown_token: Gate,
    calls: Keyed<DeviceId>,
    exports: Keyed<AccountId>,
}

/// How much a minute holds.
struct PerMinute {
    /// From one IPv4 address, or the /64 a single household has of IPv6.
    address: u32,
    /// From its /24 or /48.
    block: u32,
    /// `None` where nothing is saved by it: then a few networks could change what all are told.
    everybody: Option<u32>,
}

/// The buckets of one kind of request.
struct Gate {
    addresses: Keyed<IpNet>,
    blocks: Keyed<IpNet>,
    everybody: Option<One>,
    hosted: One,
}

/// What a bucket can belong to.
pub(crate) trait Key: Hash + Eq + Clone + Send + Sync + 'static {}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Key for K {}

/// One bucket to a key.
pub(crate) struct Keyed<K: Key> {
    limiter: RateLimiter<K, Shelf<K>, Monotonic, NoOpMiddleware<Moment>>,
    shelf: Shelf<K>,
}

type One = RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Moment>>;

/// Buckets by key, at most a number of them. Keys may be chosen by strangers: one that came
/// once makes no room for itself at the cost of one that keeps coming (`TinyLFU`), and whoever
/// never comes twice from one address meets the limit for everybody.
#[derive(Clone)]
struct Shelf<K>(Cache<K, Arc<InMemoryState>>);

const MOST_NETWORKS: u64 = 32_768;
const MOST_DEVICES: u64 = 100_000;
/// Longer than any bucket takes to fill up again: a forgotten bucket is a full one.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(65);

/// Anthropic's published egress: one network for all people who use hosted Claude.
const HOSTED: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(160, 79, 104, 0), 21);
/// Of each kind, and counted apart: a flood from elsewhere does not reach them.
const HOSTED_PER_MINUTE: u32 = 12_000;

const SIGN_IN: PerMinute = PerMinute { address: 5, block: 60, everybody: Some(6_000) };
const OAUTH: PerMinute = PerMinute { address: 20, block: 240, everybody: Some(6_000) };
const REGISTRATION: PerMinute = PerMinute { address: 20, block: 60, everybody: Some(300) };
const REPEAT: PerMinute = PerMinute { address: 600, block: 2_400, everybody: Some(12_000) };
/// The work is done and the true error known: 429 instead would only keep everybody's clients from
/// signing in anew.
const MISS: PerMinute = PerMinute { address: 20, block: 120, everybody: None };
// Half of what is fetched in all: the rest is for people who have signed in.
const RENEWAL: PerMinute = PerMinute { address: 10, block: 20, everybody: Some(30) };
const UNKNOWN_TOKEN: PerMinute = PerMinute { address: 600, block: 2_400, everybody: Some(12_000) };
const ACCOUNT_PAGE: PerMinute = PerMinute { address: 120, block: 600, everybody: Some(12_000) };
const ACCOUNT_LINK: PerMinute = PerMinute { address: 20, block: 120, everybody: Some(600) };
const CALLS_PER_MINUTE: u32 = 60;
/// Exports of one account at once, and how long it takes until there may be one more.
const EXPORTS: u32 = 5;
const EXPORT_EACH: Duration = Duration::from_mins(5);

impl Limits {
    /// Buckets, all full.
    #[must_use]
    pub fn on() -> Self {
        Self(Some(Arc::new(Buckets {
            sign_in: Gate::of(&SIGN_IN),
            oauth: Gate::of(&OAUTH),
            registration: Gate::of(&REGISTRATION),
            repeat: Gate::of(&REPEAT),
            miss: Gate::of(&MISS),
            renewal: Gate::of(&RENEWAL),
            account_page: Gate::of(&ACCOUNT_PAGE),
            account_link: Gate::of(&ACCOUNT_LINK),
            unknown_token: Gate::of(&UNKNOWN_TOKEN),
            exports: Keyed::new(one_each(EXPORT_EACH, EXPORTS), MOST_DEVICES),
            calls: Keyed::new(per_minute(CALLS_PER_MINUTE), MOST_DEVICES),
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
        buckets.gate(what).pass(address.to_canonical())
    }

    /// One call of a device whose token is valid.
    pub fn check_call(&self, device: &DeviceId) -> Result<(), TooMany> {
        self.0.as_ref().map_or(Ok(()), |buckets| buckets.calls.take(device))
    }

    /// Everything about one account in one document.
    pub fn check_export(&self, account: &AccountId) -> Result<(), TooMany> {
        self.0.as_ref().map_or(Ok(()), |buckets| buckets.exports.take(account))
    }

    /// Lets go of the memory of buckets that are full again; the janitor calls it.
    pub fn retain_recent(&self) {
        let Some(buckets) = &self.0 else { return };
        for gate in buckets.gates() {
            gate.addresses.tidy();
            gate.blocks.tidy();
        }
        buckets.calls.tidy();
        buckets.exports.tidy();
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.are_on() { "Limits(on)" } else { "Limits(off)" })
    }
}

impl Buckets {
    fn gate(&self, what: ByAddress) -> &Gate {
        match what {
            ByAddress::SignIn => &self.sign_in,
            ByAddress::OAuth => &self.oauth,
            ByAddress::Registration => &self.registration,
            ByAddress::Repeat => &self.repeat,
            ByAddress::Miss => &self.miss,
            ByAddress::Renewal => &self.renewal,
            ByAddress::AccountPage => &self.account_page,
            ByAddress::AccountLink => &self.account_link,
            ByAddress::UnknownToken => &self.unknown_token,
        }
    }

    fn gates(&self) -> [&Gate; 9] {
        [
            &self.sign_in,
            &self.oauth,
            &self.registration,
            &self.repeat,
            &self.miss,
            &self.renewal,
            &self.account_page,
            &self.account_link,
            &self.unknown_token,
        ]
    }
}

impl Gate {
    fn of(quota: &PerMinute) -> Self {
        let one =
            |number| RateLimiter::new(per_minute(number), InMemoryState::default(), Monotonic);
        Self {
            addresses: Keyed::new(per_minute(quota.address), MOST_NETWORKS),
            blocks: Keyed::new(per_minute(quota.block), MOST_NETWORKS),
            everybody: quota.everybody.map(one),
            hosted: one(HOSTED_PER_MINUTE),
        }
    }

    /// The narrowest first: whoever is refused there takes nothing from others.
    fn pass(&self, address: IpAddr) -> Result<(), TooMany> {
        let all = |bucket: &One| bucket.check().map_err(|early| too_many(&early));
        if matches!(address, IpAddr::V4(v4) if HOSTED.contains(&v4)) {
            return all(&self.hosted);
        }
        let (own, block) = networks_of(address);
        self.addresses.take(&own)?;
        self.blocks.take(&block)?;
        self.everybody.as_ref().map_or(Ok(()), all)
    }
}

impl<K: Key> StateStore for Shelf<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.get_with_by_ref(key, Arc::default).measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

impl<K: Key> Keyed<K> {
    pub(crate) fn new(quota: Quota, most: u64) -> Self {
        let shelf =
            Shelf(Cache::builder().max_capacity(most).time_to_idle(FORGOTTEN_AFTER).build());
        Self { limiter: RateLimiter::new(quota, shelf.clone(), Monotonic), shelf }
    }

    pub(crate) fn take(&self, key: &K) -> Result<(), TooMany> {
        self.limiter.check_key(key).map_err(|early| too_many(&early))
    }

    fn tidy(&self) {
        self.shelf.0.run_pending_tasks();
    }
}

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

fn per_minute(number: u32) -> Quota {
    Quota::per_minute(count(number))
}

/// A full bucket, and one more each `period`.
pub(crate) fn one_each(period: Duration, burst: u32) -> Quota {
    let burst = count(burst);
    Quota::with_period(period).unwrap_or(Quota::per_minute(burst)).allow_burst(burst)
}

fn too_many(early: &governor::NotUntil<Moment>) -> TooMany {
    TooMany { retry_after: early.wait_time_from(Monotonic.now()) }
}

/// What belongs to one household, and to one network of them.
fn networks_of(address: IpAddr) -> (IpNet, IpNet) {
    match address {
        IpAddr::V4(v4) => {
            let of = |bits| IpNet::V4(Ipv4Net::new(v4, bits).unwrap_or_else(|_| v4.into()).trunc());
            (of(32), of(24))
        }
        IpAddr::V6(v6) => {
            let of = |bits| IpNet::V6(Ipv6Net::new(v6, bits).unwrap_or_else(|_| v6.into()).trunc());
            (of(64), of(48))
        }
    }
}

/// The runtime's monotonic clock, so that tests can move it.
#[derive(Debug, Clone, Copy, Default)]
struct Monotonic;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(tokio::time::Instant);

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

    fn passed(limits: &Limits, what: ByAddress, from: impl Iterator<Item = IpAddr>) -> usize {
        from.filter(|address| limits.check_address(what, *address).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn misses_of_many_networks_change_nothing_for_another() {
        let limits = Limits::on();
        let networks = |network: u32| {
            (0..120).map(move |host| IpAddr::from(((network << 8) + host).to_be_bytes()))
        };
        let misses = passed(&limits, ByAddress::Miss, (0x0b_00_00..0x0b_00_40).flat_map(networks));
        assert_eq!(misses, 64 * 120);
        assert_eq!(limits.check_address(ByAddress::Miss, address("192.0.2.1")), Ok(()));
        let one = address("11.0.0.0");
        assert!(limits.check_address(ByAddress::Miss, one).is_err(), "a network is still bounded");
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
        let mapped = address("::ffff:192.0.2.7");
        assert_eq!(passed(&limits, ByAddress::SignIn, std::iter::repeat_n(mapped, 9)), 5);
        assert!(limits.check_address(ByAddress::SignIn, address("192.0.2.7")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn t79_load06_a_block_is_limited_where_no_single_address_is_and_the_hosted_range_goes_on()
    {
        let limits = Limits::on();
        let block = (0..1000).map(|turn: u32| IpAddr::from([192, 0, 2, turn.to_le_bytes()[0]]));
        assert_eq!(passed(&limits, ByAddress::Registration, block), 60);
        let blocks = |second: u8| (0..=255).map(move |third| IpAddr::from([198, second, third, 1]));
        let everybody = blocks(18).chain(blocks(19));
        assert_eq!(passed(&limits, ByAddress::Registration, everybody), 240, "with the 60: 300");
        let refused = limits.check_address(ByAddress::Registration, address("203.0.113.1"));
        assert!(refused.unwrap_err().retry_after > Duration::ZERO);
        let hosted = (0..4000).map(|turn: u32| IpAddr::from([160, 79, 104, turn.to_le_bytes()[0]]));
        assert_eq!(passed(&limits, ByAddress::Registration, hosted), 4000);
    }

    #[tokio::test(start_paused = true)]
    async fn sec070_sec071_users_of_one_platform_pass_and_guesses_from_everywhere_end() {
        let limits = Limits::on();
        // Two thousand people, none of them seen since a restart, from twelve addresses.
        let users = (0..2_000).zip((0..12_u8).cycle());
        let few = users.map(|(_, last)| IpAddr::from([198, 51, 100, last]));
        assert_eq!(passed(&limits, ByAddress::UnknownToken, few), 2_000);
        let everywhere = (0..40_000_u32).map(|at| IpAddr::from((at << 8).to_be_bytes()));
        let most = usize::try_from(UNKNOWN_TOKEN.everybody.unwrap()).unwrap();
        assert!(passed(&limits, ByAddress::UnknownToken, everywhere) <= most);
    }

    #[tokio::test(start_paused = true)]
    async fn t144_sec073_load05_inv5_a_flood_of_addresses_stays_within_bounds_and_forgets_no_regular()
     {
        let limits = Limits::on();
        let regular = address("192.0.2.1");
        while limits.check_address(ByAddress::UnknownToken, regular).is_ok() {}
        for number in 0..80_000_u32 {
            // The whole of IPv4, spread.
            let stranger = IpAddr::from(number.wrapping_mul(2_654_435_761).to_be_bytes());
            let _ = limits.check_address(ByAddress::UnknownToken, stranger);
            if number % 100 == 0 {
                let _ = limits.check_address(ByAddress::UnknownToken, regular);
            }
        }
        limits.retain_recent();
        let gate = &limits.0.as_ref().unwrap().unknown_token;
        for shelf in [&gate.addresses.shelf, &gate.blocks.shelf] {
            assert!(shelf.0.entry_count() <= MOST_NETWORKS, "{}", shelf.0.entry_count());
        }
        let own = networks_of(regular).0;
        assert!(gate.addresses.shelf.0.contains_key(&own), "the regular was forgotten");
    }

    #[test]
    fn switched_off_means_off() {
        let limits = Limits::off();
        assert!(!limits.are_on());
        let one = std::iter::repeat_n(address("192.0.2.1"), 1000);
        assert_eq!(passed(&limits, ByAddress::SignIn, one), 1000);
    }
}

//! Who may hold Garmin's tokens, and how they stay alive.
//!
//! Refresh tokens never leave this module. Each use kills the one before, so one actor at a
//! time renews an account's pair, on one node or on many: it takes a lease on the row, asks
//! Garmin with no transaction open, and hands the new pair out only once it is committed. All
//! of that runs in an owned task: a caller that goes away cannot lose a rotated token.

mod refusals;
mod renewal;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use domain::contract::{AccessGrant, Athlete, CredentialsAnswer, SecretText};
use domain::entropy::Entropy;
use domain::id::{AccountId, Generation, NodeId};
use domain::region::Region;
use garmin::{TokenPair, Tokens, Transport, TransportError, TransportOptions};
use store::{AccountState, Store, StoreError, StoredCredentials};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use self::refusals::Refusals;
use crate::config::Config;
use crate::metrics::{Metrics, Renewal};
use crate::outlook::GarminSeen;

use renewal::Pause;

/// An access token with less life than this is renewed before it is handed out.
const MARGIN: Duration = Duration::from_mins(2);
/// How long the start of a worker waits for a store that has no answer just now.
const LAUNCH_PATIENCE: Duration = Duration::from_secs(6);
/// How soon to ask again when the store has no answer.
const STORE_RETRY_SECS: u64 = 2;
/// How long somebody waits for a renewal, which goes on without them: a client gives a whole
/// call up after a minute.
const ANSWER_WITHIN: Duration = Duration::from_secs(25);
/// How soon to ask again whether it has ended.
const UNDER_WAY_RETRY_SECS: u64 = 5;

#[derive(Clone)]
pub struct Custody(Arc<Inner>);

pub struct CustodyOptions {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub node: NodeId,
    pub tasks: TaskTracker,
    pub metrics: Metrics,
    /// Where it is noted how Garmin answers.
    pub garmin: GarminSeen,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    node: NodeId,
    tasks: TaskTracker,
    metrics: Metrics,
    garmin: GarminSeen,
    tokens: [Tokens; 2],
    flights: Mutex<HashMap<AccountId, Flight>>,
    refusals: Refusals,
    /// Accounts whose renewal Garmin has just put off, and until when not to ask again.
    resting: Mutex<HashMap<AccountId, Instant>>,
}

/// A renewal under way.
#[derive(Clone)]
struct Flight(watch::Receiver<Option<CredentialsAnswer>>);

/// What a worker can be launched with.
#[derive(Debug)]
pub enum LaunchState {
    Known {
        region: Region,
        athlete: Athlete,
        /// Absent when there is none with enough life: the worker asks before its first call.
        credentials: Option<AccessGrant>,
    },
    SignInNeeded,
    /// The store does not answer.
    Unknown,
}

impl Custody {
    pub fn new(config: &Config, options: CustodyOptions) -> Result<Self, TransportError> {
        let CustodyOptions { store, clock, entropy, node, tasks, metrics, garmin } = options;
        let tokens = |region| {
            let upstream = config.upstream(region).clone();
            let transport = Transport::new(upstream, TransportOptions::default())?;
            Ok::<_, TransportError>(Tokens::new(transport, clock.clone()))
        };
        let tokens = [tokens(Region::Global)?, tokens(Region::China)?];
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            entropy,
            node,
            tasks,
            metrics,
            garmin,
            tokens,
            flights: Mutex::default(),
            refusals: Refusals::new(config.rate_limits),
            resting: Mutex::default(),
        })))
    }

    fn count(&self, outcome: Renewal) {
        self.0.metrics.renewals.of(outcome).increment(1);
        self.0.garmin.renewal(outcome, self.0.clock.now());
    }

    /// An access token newer than the one `refused` names, or the current one. Renews the pair
    /// when there is no other way, and does not wait for that longer than a call can.
    pub async fn credentials_for(
        &self,
        account: &AccountId,
        refused: Option<Generation>,
    ) -> CredentialsAnswer {
        let asked = self.newer_than(account, refused);
        let answer = tokio::time::timeout(ANSWER_WITHIN, asked).await;
        answer.unwrap_or_else(|_| unavailable(UNDER_WAY_RETRY_SECS))
    }

    async fn newer_than(
        &self,
        account: &AccountId,
        refused: Option<Generation>,
    ) -> CredentialsAnswer {
        // A renewal that was under way for an older question may not answer this one.
        for _ in 0..3 {
            let (seen, cause) = match self.at_hand(account, refused).await {
                AtHand::Answer(answer) => return answer,
                AtHand::Renew(seen, cause) => (seen, cause),
            };
            let answer = self.renew(account, seen, cause).await;
            // Compared with what is stored: a worker that claims to have been refused a
            // generation that does not exist yet would have every pair renewed three times.
            let stale = matches!(&answer, CredentialsAnswer::Granted(grant)
                if refused.is_some() && grant.generation <= seen);
            if !stale {
                return answer;
            }
        }
        unavailable(STORE_RETRY_SECS)
    }

    /// Renews a pair that is merely old: unused for 30 days it would die.
    pub async fn keep_alive(&self, account: &AccountId) -> CredentialsAnswer {
        match self.0.store.credentials(account).await {
            Ok(Some(stored)) => self.renew(account, stored.generation, Cause::Age).await,
            Ok(None) => CredentialsAnswer::SignInNeeded,
            Err(error) => store_failed(account, &error),
        }
    }

    /// What to launch the account's worker with. Never asks Garmin: a start is quick.
    pub async fn launch_state(&self, account: &AccountId) -> LaunchState {
        let store = &self.0.store;
        let give_up = Instant::now() + LAUNCH_PATIENCE;
        let mut pause = Pause::first();
        let (found, stored) = loop {
            let asked = tokio::join!(store.find_account(account), store.credentials(account));
            match asked {
                (Ok(Some(found)), Ok(Some(stored))) => break (found, stored),
                // Deleted between two requests: its devices are gone as well.
                (Ok(_), Ok(_)) => return LaunchState::SignInNeeded,
                // A database that is away for a moment is no worker that does not start.
                (Err(error), _) | (_, Err(error))
                    if error.is_retryable() && Instant::now() < give_up =>
                {
                    pause.sleep().await;
                }
                (Err(error), _) | (_, Err(error)) => {
                    return match store_failed(account, &error) {
                        CredentialsAnswer::SignInNeeded => LaunchState::SignInNeeded,
                        CredentialsAnswer::Granted(_) | CredentialsAnswer::Unavailable { .. } => {
                            LaunchState::Unknown
                        }
                    };
                }
            }
        };
        if stored.state == AccountState::SignInNeeded {
            return LaunchState::SignInNeeded;
        }
        LaunchState::Known {
            region: found.region,
            athlete: Self::athlete(account, &found.profile),
            credentials: Self::open(account, &stored).filter(|grant| self.has_life(grant)),
        }
    }

    /// A person has signed in: whatever kept us from asking Garmin is over.
    pub fn signed_in(&self, account: &AccountId) {
        self.resting().remove(account);
    }

    async fn at_hand(&self, account: &AccountId, refused: Option<Generation>) -> AtHand {
        let stored = match self.0.store.credentials(account).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return AtHand::Answer(CredentialsAnswer::SignInNeeded),
            Err(error) => return AtHand::Answer(store_failed(account, &error)),
        };
        if stored.state == AccountState::SignInNeeded {
            return AtHand::Answer(CredentialsAnswer::SignInNeeded);
        }
        let newer = refused.is_none_or(|refused| stored.generation > refused);
        match Self::open(account, &stored) {
            Some(grant) if newer && self.has_life(&grant) => {
                AtHand::Answer(CredentialsAnswer::Granted(grant))
            }
            Some(grant) if self.has_life(&grant) => {
                AtHand::Renew(stored.generation, Cause::Refusal)
            }
            Some(_) => AtHand::Renew(stored.generation, Cause::Age),
            None => AtHand::Answer(CredentialsAnswer::SignInNeeded),
        }
    }

    /// Joins the renewal under way or begins one.
    async fn renew(
        &self,
        account: &AccountId,
        seen: Generation,
        cause: Cause,
    ) -> CredentialsAnswer {
        if let Some(left) = self.rest_left(account) {
            return unavailable(left);
        }
        let Flight(mut told) = match self.flight(account, seen, cause) {
            Ok(flight) => flight,
            // What was seen may have been replaced since: then nobody has to be believed.
            Err(wait) => {
                return match self.at_hand(account, Some(seen)).await {
                    AtHand::Answer(answer) => answer,
                    AtHand::Renew(..) => unavailable(wait.as_secs().max(1)),
                };
            }
        };
        let answer = told.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
        // Without an answer the task panicked; the pair in the store is as it was.
        answer.unwrap_or_else(|| unavailable(STORE_RETRY_SECS))
    }

    fn flight(
        &self,
        account: &AccountId,
        seen: Generation,
        cause: Cause,
    ) -> Result<Flight, Duration> {
        let mut flights = lock(&self.0.flights);
        if let Some(flight) = flights.get(account) {
            return Ok(flight.clone());
        }
        match cause {
            Cause::Age => {}
            Cause::Refusal => self.0.refusals.believe(account).inspect_err(|_| {
                tracing::warn!(event = "garmin-refresh-not-believed", account = %account, "");
            })?,
        }
        let (tell, told) = watch::channel(None);
        let flight = Flight(told);
        flights.insert(account.clone(), flight.clone());
        let landing = Landing { custody: self.clone(), account: account.clone() };
        let custody = self.clone();
        self.0.tasks.spawn(async move {
            let answer = custody.rotate(&landing.account, seen, cause).await;
            // Off the table before anybody hears: a later question starts afresh.
            drop(landing);
            tell.send_replace(Some(answer));
        });
        Ok(flight)
    }

    fn open(account: &AccountId, stored: &StoredCredentials) -> Option<AccessGrant> {
        match TokenPair::from_bytes(&stored.bytes) {
            Ok(pair) => Some(grant(&pair, stored.generation)),
            Err(error) => {
                unreadable(account, &error);
                None
            }
        }
    }

    /// What the sign-in left about the person: the members of Garmin's profile that a worker's
    /// hints have too. Without them it asks Garmin, which is a request more and no harm.
    fn athlete(account: &AccountId, profile: &[u8]) -> Athlete {
        serde_json::from_slice(profile).unwrap_or_else(|error| {
            tracing::warn!(
                event = "profile-unreadable",
                account = %account,
                // The kind of error only: its text may quote what it could not read.
                error = ?error.classify(),
                ""
            );
            Athlete::default()
        })
    }

    fn has_life(&self, grant: &AccessGrant) -> bool {
        grant.expires_at > self.0.clock.now().plus(MARGIN)
    }

    fn rest(&self, account: &AccountId, wait: Duration) {
        let mut resting = self.resting();
        let now = Instant::now();
        resting.retain(|_, until| *until > now);
        resting.insert(account.clone(), now + wait);
    }

    fn rest_left(&self, account: &AccountId) -> Option<u64> {
        let left = self.resting().get(account)?.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then(|| left.as_secs().max(1))
    }

    fn resting(&self) -> MutexGuard<'_, HashMap<AccountId, Instant>> {
        lock(&self.0.resting)
    }

    fn tokens(&self, region: Region) -> &Tokens {
        match region {
            Region::Global => &self.0.tokens[0],
            Region::China => &self.0.tokens[1],
        }
    }
}

enum AtHand {
    Answer(CredentialsAnswer),
    /// Only a renewal helps; this generation is the stored one.
    Renew(Generation, Cause),
}

/// Why a pair is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Age,
    /// By the word of a worker alone: Garmin has refused a token that should be good.
    Refusal,
}

/// Takes a finished renewal off the table, whether it returned or panicked.
struct Landing {
    custody: Custody,
    account: AccountId,
}

impl Drop for Landing {
    fn drop(&mut self) {
        lock(&self.custody.0.flights).remove(&self.account);
    }
}

fn grant(pair: &TokenPair, generation: Generation) -> AccessGrant {
    AccessGrant {
        token: SecretText::new(pair.access().clone()),
        generation,
        expires_at: pair.access_expires_at(),
    }
}

fn unavailable(retry_after_secs: u64) -> CredentialsAnswer {
    CredentialsAnswer::Unavailable { retry_after_secs }
}

fn store_failed(account: &AccountId, error: &StoreError) -> CredentialsAnswer {
    match error {
        // Of this row alone, and nothing mends it but what a sign-in writes over it.
        StoreError::Sealed { .. } | StoreError::Corrupt { .. } => {
            unreadable(account, error);
            CredentialsAnswer::SignInNeeded
        }
        StoreError::Busy(_)
        | StoreError::Unavailable(_)
        | StoreError::Full(_)
        | StoreError::Dangling(_)
        | StoreError::Duplicate(_)
        | StoreError::Refused(_) => {
            tracing::error!(event = "store-failed", account = %account, error = error.label(), "");
            unavailable(STORE_RETRY_SECS)
        }
    }
}

/// For the operator: a value in the database is not what was written.
fn unreadable(account: &AccountId, error: &dyn fmt::Display) {
    tracing::error!(event = "credentials-unreadable", account = %account, error = %error, "");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Custody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custody(…)")
    }
}

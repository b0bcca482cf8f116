//! A Garmin, a clock, and a holder of tokens.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::clock::{ManualClock, Timestamp};
use domain::email::LoginEmail;
use domain::entropy::CountingEntropy;
use domain::id::Generation;
use domain::region::Region;
use domain::upstream::Upstream;
use garmin::{
    Access, AccessError, AccessSource, BoxFuture, Garmin, GarminOptions, Pauses, RefreshError,
    Retries, Session, SignIn, SignInError, SignInOptions, Step, TokenPair, Tokens, Transport,
    TransportOptions,
};
use simulator::{AccountSpec, Control, Simulator, SimulatorOptions};
use tokio::net::TcpListener;

pub(crate) const EMAIL: &str = "jo@example.org";
pub(crate) const PASSWORD: &str = "correct horse \"battery\" & stäple";

/// 2026-05-10T12:00:00Z
pub(crate) const NOON: Timestamp = Timestamp(1_778_414_400);

pub(crate) fn account() -> AccountSpec {
    AccountSpec::new(EMAIL, PASSWORD)
}

/// A simulator and the clock it lives by.
pub(crate) struct Rig {
    pub(crate) simulator: Simulator,
    pub(crate) clock: Arc<ManualClock>,
}

impl Rig {
    pub(crate) async fn with(account: AccountSpec) -> Self {
        Self::built(account, |_| {}).await
    }

    pub(crate) async fn built(
        account: AccountSpec,
        adjust: impl FnOnce(&mut SimulatorOptions),
    ) -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let mut options = SimulatorOptions::new(clock.clone(), vec![account]);
        adjust(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { simulator: Simulator::start(listener, options).await.unwrap(), clock }
    }

    pub(crate) fn control(&self) -> &Control {
        self.simulator.control()
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        self.simulator.urls_of(Region::Global)
    }

    pub(crate) fn sign_in(&self) -> SignIn {
        sign_in_at(self.upstream(), &self.clock)
    }

    /// Signs the usual account in with the right password.
    pub(crate) async fn start(&self) -> Result<Step, SignInError> {
        start(&self.sign_in(), PASSWORD).await
    }

    /// A session of the usual account, which has no second factor.
    pub(crate) async fn session(&self) -> Session {
        match self.start().await.unwrap() {
            Step::SignedIn(session) => session,
            Step::NeedsMfa(pending) => panic!("a code is asked for: {pending:?}"),
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::new(self.upstream().clone(), TransportOptions::default()).unwrap()
    }

    /// Where sign-ins knocked, in order.
    pub(crate) fn passwords_posted_to(&self) -> Vec<String> {
        let posts =
            |path: &str| ["/mobile/api/login", "/sso/signin", "/portal/api/login"].contains(&path);
        self.control()
            .requests()
            .into_iter()
            .filter(|request| request.method == "POST" && posts(&request.path))
            .map(|request| request.path)
            .collect()
    }

    /// A reader of the usual account's data, and the holder of its tokens.
    pub(crate) async fn reader(&self) -> (Garmin, Arc<Holder>) {
        self.reader_with(quick()).await
    }

    pub(crate) async fn reader_with(&self, options: GarminOptions) -> (Garmin, Arc<Holder>) {
        let holder = Arc::new(Holder::new(
            Tokens::new(self.transport(), self.clock.clone()),
            self.session().await.tokens,
        ));
        self.control().clear_requests();
        let garmin = Garmin::new(self.transport(), holder.clone(), self.clock.clone(), options);
        (garmin, holder)
    }

    /// How often an API path was asked for.
    pub(crate) fn asked(&self, path_prefix: &str) -> usize {
        let requests = self.control().requests();
        requests.iter().filter(|request| request.path.starts_with(path_prefix)).count()
    }
}

pub(crate) fn sign_in_at(upstream: &Upstream, clock: &Arc<ManualClock>) -> SignIn {
    let options = SignInOptions {
        pauses: Pauses::none(),
        egress: None,
        entropy: Arc::new(CountingEntropy::default()),
        clock: clock.clone(),
    };
    SignIn::new(upstream.clone(), options).unwrap()
}

pub(crate) async fn start(sign_in: &SignIn, password: &str) -> Result<Step, SignInError> {
    sign_in.start(&LoginEmail::parse(EMAIL).unwrap(), &password.into()).await
}

/// Options that do not make a test wait.
pub(crate) fn quick() -> GarminOptions {
    GarminOptions {
        retries: Retries {
            times: 3,
            first_wait: Duration::from_millis(2),
            longest_wait: Duration::from_millis(8),
            profile_wait: Duration::ZERO,
            within: Duration::from_secs(40),
        },
        entropy: Arc::new(CountingEntropy::default()),
        ..GarminOptions::default()
    }
}

/// Plays the gateway: holds the pair, refreshes it when a generation is refused.
pub(crate) struct Holder {
    tokens: Tokens,
    held: tokio::sync::Mutex<(TokenPair, Generation)>,
    /// Generations named as refused, in order.
    pub(crate) refused: Mutex<Vec<Option<Generation>>>,
    /// Answers "not now" this many times before answering again.
    pub(crate) unavailable: AtomicU32,
}

impl Holder {
    fn new(tokens: Tokens, pair: TokenPair) -> Self {
        Self {
            tokens,
            held: tokio::sync::Mutex::new((pair, Generation(1))),
            refused: Mutex::default(),
            unavailable: AtomicU32::new(0),
        }
    }

    pub(crate) fn refusals(&self) -> Vec<Option<Generation>> {
        self.refused.lock().unwrap().clone()
    }
}

impl AccessSource for Holder {
    fn access(&self, refused: Option<Generation>) -> BoxFuture<'_, Result<Access, AccessError>> {
        Box::pin(async move {
            self.refused.lock().unwrap().push(refused);
            let spent = |left: u32| left.checked_sub(1);
            if self.unavailable.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spent).is_ok() {
                return Err(AccessError::Unavailable { retry_after: Some(Duration::from_secs(7)) });
            }
            let mut held = self.held.lock().await;
            if refused == Some(held.1) {
                let pair = self.tokens.refresh(&held.0).await.map_err(|error| match error {
                    RefreshError::Refused => AccessError::SignInNeeded,
                    RefreshError::Unavailable { retry_after, .. } => {
                        AccessError::Unavailable { retry_after }
                    }
                })?;
                *held = (pair, held.1.next());
            }
            Ok(Access {
                token: held.0.access().clone(),
                generation: held.1,
                expires_at: held.0.access_expires_at(),
            })
        })
    }
}

//! What handlers share. Built once; `run` and the tests build it the same way.

use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::{Clock, Timestamp};
use domain::console::Revoked;
use domain::entropy::Entropy;
use domain::id::{AccountId, DeviceId, Generation, NodeId};
use domain::sandbox;
use store::{Backend, Store};
use tokio_util::task::TaskTracker;

use crate::config::{Config, RateLimits};
use crate::custody::{Custody, CustodyOptions};
use crate::extract::proxy_trust::Told;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::oauth::cimd::{Documents, Web};
use crate::oauth::succession::Succession;
use crate::outlook::GarminSeen;
use crate::proxy::{Bodies, Calls, DeviceCache, Streams};
use crate::ready::LastLook;
use crate::serve::Drain;
use crate::sign_in::Scheduler;
use crate::workers::{AccountGates, Groups, Supervisor, SupervisorOptions, WorkerProgram};

/// A cheap handle on everything the gateway is made of.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

pub struct Parts {
    pub config: Arc<Config>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub store: Store,
    pub limits: Limits,
    pub metrics: Metrics,
    /// How Garmin has answered lately.
    pub garmin: GarminSeen,
    /// What the operator has heard about the proxies in front.
    pub proxy_doubts: Told,
    /// Clients whose id is the address of their description.
    pub documents: Documents,
    pub sign_ins: Scheduler,
    pub custody: Custody,
    pub supervisor: Supervisor,
    pub devices: DeviceCache,
    /// How many calls of one account run and wait.
    pub gates: AccountGates,
    /// Memory for the bodies of requests.
    pub bodies: Bodies,
    /// Whether clients of the gateway before this one come with its addresses.
    pub succession: Succession,
    /// Calls that their clients may cancel by name.
    pub calls: Calls,
    /// Open event streams, so that revoking ends them.
    pub streams: Streams,
    /// Owned work that outlives the request that began it; stopping waits for it.
    pub tasks: TaskTracker,
    /// What `/readyz` last heard of the database.
    pub last_look: LastLook,
    /// What holds workers back on this machine.
    pub sandbox: sandbox::Report,
    pub node: NodeId,
    pub started_at: Timestamp,
    pub drain: Drain,
}

/// What the parts are built from.
pub struct Foundation {
    pub config: Arc<Config>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub store: Store,
    pub program: WorkerProgram,
    pub sandbox: sandbox::Report,
    pub groups: Option<Arc<Groups>>,
    /// The way to the metadata documents of clients.
    pub web: Web,
}

impl AppState {
    /// Puts the parts together. Starts no process and binds no address.
    pub fn build(foundation: Foundation) -> anyhow::Result<Self> {
        let Foundation { config, clock, entropy, store, program, sandbox, groups, web } =
            foundation;
        let tasks = TaskTracker::new();
        let node = NodeId::generate(&*entropy);
        let limits = match config.rate_limits {
            RateLimits::On => Limits::on(),
            RateLimits::Off => Limits::off(),
        };
        let metrics = if config.metrics.is_some() { Metrics::on() } else { Metrics::off() };
        let garmin = GarminSeen::default();
        let custody = Custody::new(
            &config,
            CustodyOptions {
                store: store.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
                node: node.clone(),
                tasks: tasks.clone(),
                metrics: metrics.clone(),
                garmin: garmin.clone(),
            },
        )?;
        let devices = DeviceCache::new(store.clone(), oldest_answer(&config));
        let supervisor = Supervisor::new(
            &config,
            SupervisorOptions {
                program,
                groups,
                custody: custody.clone(),
                store: store.clone(),
                devices: devices.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
                tasks: tasks.clone(),
                metrics: metrics.clone(),
            },
        )?;
        let sign_ins =
            Scheduler::new(&config, store.clone(), clock.clone(), entropy.clone(), tasks.clone())?;
        let policy = config.client_documents.clone();
        let documents =
            Documents::new(web, policy, &config.public_url, store.clone(), clock.clone())?;
        Ok(Self(Arc::new(Parts {
            devices,
            gates: AccountGates::default(),
            bodies: Bodies::default(),
            calls: Calls::default(),
            succession: Succession::default(),
            streams: Streams::default(),
            drain: Drain::default(),
            last_look: LastLook::default(),
            started_at: clock.now(),
            config,
            clock,
            entropy,
            store,
            limits,
            metrics,
            garmin,
            proxy_doubts: Told::default(),
            documents,
            sign_ins,
            custody,
            supervisor,
            tasks,
            sandbox,
            node,
        })))
    }

    /// Access ended somewhere: what was cached is forgotten, open streams end, and workers
    /// that no device is left for are drained. Effective when this returns.
    pub async fn revoked(&self, revoked: &Revoked) {
        let heard = Instant::now();
        match revoked {
            Revoked::Everything => self.devices.forget_all(),
            Revoked::Account(account) => self.devices.forget_account(account),
            Revoked::Device { device, account: _ } => self.devices.forget_device(device),
        }
        self.streams.end(revoked);
        for account in self.supervisor.running_accounts() {
            let unused = match revoked {
                Revoked::Everything => true,
                Revoked::Account(named) => *named == account,
                Revoked::Device { device: _, account: named } => {
                    *named == account && !self.has_device(&account).await
                }
            };
            if unused {
                self.supervisor.drain_account(&account);
            }
        }
        self.metrics.revocation_seconds.record(heard.elapsed().as_secs_f64());
    }

    /// A person has signed in: every device of the account works again at once.
    pub fn signed_in(&self, account: &AccountId, generation: Generation) {
        tracing::debug!(event = "signed-in", account = %account, %generation, "");
        self.custody.signed_in(account);
        self.devices.forget_account(account);
    }

    /// Somebody's account is not what it was, elsewhere: a sign-in helps here at once too.
    pub(crate) fn changed(&self, account: &AccountId) {
        self.custody.signed_in(account);
        self.devices.forget_account(account);
    }

    /// What other nodes did went unheard for a while: nothing remembered is believed.
    pub(crate) async fn missed_news(&self) {
        self.devices.forget_all();
        self.look_again().await;
    }

    /// Ends streams and workers of access that ended where nobody could tell this gateway: on
    /// another node, or on a console that did not find the socket. One query, however many
    /// accounts there are.
    pub(crate) async fn look_again(&self) {
        let live = match self.store.live_devices(self.clock.now()).await {
            Ok(live) => live,
            // Nothing is ended on a guess: the store will answer the next time.
            Err(error) => {
                tracing::warn!(event = "store-failed", error = error.label(), "no look");
                return;
            }
        };
        let (accounts, devices): (HashSet<AccountId>, HashSet<DeviceId>) = live.into_iter().unzip();
        self.devices.keep_only(&devices);
        for (account, holders) in self.streams.holders() {
            for device in holders.difference(&devices).cloned() {
                let account = account.clone();
                self.streams.end(&Revoked::Device { device, account });
            }
        }
        for account in self.supervisor.running_accounts() {
            // A worker of somebody who connected since the query is worth a second look.
            if !accounts.contains(&account) && !self.has_device(&account).await {
                self.supervisor.drain_account(&account);
            }
        }
    }

    async fn has_device(&self, account: &AccountId) -> bool {
        match self.store.has_live_device(account, self.clock.now()).await {
            Ok(live) => live,
            // A worker more is cheaper than a call cut off because the store was busy.
            Err(error) => {
                tracing::warn!(event = "store-failed", error = %error, "devices not counted");
                true
            }
        }
    }
}

/// How old an answer about a device may be. Gateways on one file are not told of each other's
/// revocations; nodes of one server are, unless the line to it breaks.
fn oldest_answer(config: &Config) -> Duration {
    match config.database_url.backend() {
        Backend::Sqlite => Duration::from_secs(1),
        Backend::Postgres => Duration::from_secs(5),
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppState(…)")
    }
}

//! Who may talk to Garmin about a sign-in, and when: one attempt at a time for each sign-in
//! and for each e-mail address, a bounded number in all, and none for an address Garmin has
//! just turned away.
//!
//! Attempts are owned tasks. They end whether or not the browser is still there, and write
//! what came of them into the sealed row, where every later request finds it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::email::LoginEmail;
use domain::entropy::{self, Entropy};
use domain::id::SignInId;
use domain::region::Region;
use domain::scope::Scopes;
use domain::token::Pepper;
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use store::{SignIn, Store};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::Record;
use super::attempt::Attempt;
use super::egress::Egresses;
use super::lanes::{EmailKey, Lanes};
use super::record::{CodeWait, Held};
use crate::config::{Config, RateLimits};
use crate::state::AppState;

/// Attempts that talk to Garmin at the same time.
const MOST_AT_ONCE: usize = 32;
/// Attempts that wait for their turn at the same time.
const MOST_WAITING: usize = 64;
/// After Garmin has turned an address away, trying again sooner only makes it worse.
const COOLDOWN: Duration = Duration::from_mins(5);
/// Garmin may ask for more, within reason.
const LONGEST_COOLDOWN: Duration = Duration::from_hours(24);
/// How long a finished attempt is remembered, for those who click twice.
const MEMORY: Duration = Duration::from_mins(1);

/// What a person has submitted.
pub enum Answer {
    Credentials {
        email: LoginEmail,
        password: SecretString,
        region: Region,
    },
    Code {
        wait: CodeWait,
        email: LoginEmail,
        code: Zeroizing<String>,
    },
    /// Agreement, after Garmin has accepted the sign-in.
    Approval {
        held: Held,
        email: LoginEmail,
    },
}

/// A keyed digest of everything a person submitted. The key lives and dies with the process.
pub(super) type Fingerprint = [u8; 32];

/// What became of a submission.
pub enum Submitted {
    /// An attempt is under way, begun now or a moment ago by the same click.
    UnderWay(Ticket),
    /// Another attempt of this sign-in is under way, with other details.
    Other,
}

/// Waits for an attempt to end; its outcome is in the row.
#[derive(Clone)]
pub struct Ticket(CancellationToken);

impl Ticket {
    /// Whether the attempt ended within `patience`.
    pub async fn ended_within(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.0.cancelled()).await.is_ok()
    }
}

/// A cheap handle; see the module.
#[derive(Clone)]
pub struct Scheduler(Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) egresses: Egresses,
    pub(super) lanes: Lanes,
    pub(super) places: Arc<Semaphore>,
    /// Room to wait for a place.
    pub(super) waiting: Semaphore,
    cools_down: bool,
    tasks: TaskTracker,
    key: Pepper,
    under_way: Mutex<HashMap<SignInId, UnderWay>>,
    /// The last details that led a sign-in to the code page.
    accepted: Cache<SignInId, Fingerprint>,
    cooling: Cache<EmailKey, Timestamp>,
}

struct UnderWay {
    fingerprint: Fingerprint,
    /// The narrowest consent among those who submitted these details.
    scopes: Scopes,
    ended: CancellationToken,
}

impl Scheduler {
    pub fn new(
        config: &Config,
        store: Store,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        tasks: TaskTracker,
    ) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Inner {
            egresses: Egresses::new(config, &clock, &entropy)?,
            lanes: Lanes::default(),
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            waiting: Semaphore::new(MOST_WAITING),
            cools_down: config.rate_limits == RateLimits::On,
            key: Pepper::new(Zeroizing::new(entropy::bytes(&*entropy))),
            under_way: Mutex::default(),
            accepted: Cache::builder().max_capacity(10_000).time_to_live(MEMORY).build(),
            cooling: Cache::builder().max_capacity(100_000).time_to_live(LONGEST_COOLDOWN).build(),
            store,
            clock,
            entropy,
            tasks,
        })))
    }

    /// Begins an attempt for the sign-in in `row`, or joins the one this very click began.
    /// The caller has checked that the browser is the one that began the sign-in.
    #[must_use]
    pub fn submit(&self, app: &AppState, row: SignIn, record: Record, answer: Answer) -> Submitted {
        let fingerprint = self.fingerprint(&row.id, &answer);
        let ended = CancellationToken::new();
        match self.0.table().entry(row.id.clone()) {
            Entry::Occupied(mut running) if running.get().fingerprint == fingerprint => {
                let agreed = &mut running.get_mut().scopes;
                *agreed = record.scopes.min(*agreed);
                return Submitted::UnderWay(Ticket(running.get().ended.clone()));
            }
            Entry::Occupied(_) => return Submitted::Other,
            Entry::Vacant(place) => {
                let scopes = record.scopes;
                place.insert(UnderWay { fingerprint, scopes, ended: ended.clone() });
            }
        }
        let presence = Presence {
            scheduler: self.clone(),
            id: row.id.clone(),
            _ended: ended.clone().drop_guard(),
        };
        let attempt =
            Attempt { scheduler: self.0.clone(), app: app.clone(), row, record, fingerprint };
        self.0.tasks.spawn(async move {
            attempt.run(answer).await;
            drop(presence);
        });
        Submitted::UnderWay(Ticket(ended))
    }

    /// The attempt of this sign-in in this process, for whoever only looks.
    #[must_use]
    pub fn watch(&self, id: &SignInId) -> Option<Ticket> {
        self.0.table().get(id).map(|running| Ticket(running.ended.clone()))
    }

    /// Whether exactly these details have just led to the code page: the second half of a
    /// double click must not begin another login, which would make the code worthless.
    #[must_use]
    pub fn was_accepted(&self, id: &SignInId, answer: &Answer) -> bool {
        self.0.accepted.get(id) == Some(self.fingerprint(id, answer))
    }

    fn fingerprint(&self, id: &SignInId, answer: &Answer) -> Fingerprint {
        let mut text = Zeroizing::new(String::with_capacity(2048));
        let parts = match answer {
            Answer::Credentials { email, password, region } => {
                ["password", email.reveal(), region.as_str(), password.expose_secret()]
            }
            Answer::Code { email, code, .. } => ["code", email.reveal(), "", code.as_str()],
            Answer::Approval { email, .. } => ["approval", email.reveal(), "", ""],
        };
        for part in [id.as_str()].into_iter().chain(parts) {
            text.push_str(&part.len().to_string());
            text.push(':');
            text.push_str(part);
        }
        self.0.key.mac(text.as_bytes())
    }
}

impl Inner {
    pub(super) fn email_key(&self, email: &LoginEmail) -> EmailKey {
        self.key.mac(email.reveal().as_bytes())
    }

    /// Until when this address must not be tried.
    pub(super) fn cooling_until(&self, email: &EmailKey, now: Timestamp) -> Option<Timestamp> {
        self.cooling.get(email).filter(|until| *until > now)
    }

    /// Garmin has turned the address away. The moment to try again is the person's to know.
    pub(super) fn cool_down(
        &self,
        email: EmailKey,
        asked: Option<Duration>,
        now: Timestamp,
    ) -> Timestamp {
        let until = now.plus(asked.unwrap_or_default().clamp(COOLDOWN, LONGEST_COOLDOWN));
        if self.cools_down {
            self.cooling.insert(email, until);
        }
        until
    }

    /// What the person last agreed to, if they agreed to less in the meantime.
    pub(super) fn agreed(&self, id: &SignInId, scopes: Scopes) -> Scopes {
        self.table().get(id).map_or(scopes, |running| running.scopes.min(scopes))
    }

    pub(super) fn remember_accepted(&self, id: &SignInId, fingerprint: Fingerprint) {
        self.accepted.insert(id.clone(), fingerprint);
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<SignInId, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scheduler({} under way)", self.0.table().len())
    }
}

/// Takes the attempt off the table when it ends, however it ends; then those who wait hear of
/// it, so whoever submits again finds the place free.
struct Presence {
    scheduler: Scheduler,
    id: SignInId,
    _ended: DropGuard,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.scheduler.0.table().remove(&self.id);
    }
}

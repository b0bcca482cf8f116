//! Who may talk to Garmin about a sign-in, and when: one attempt at a time for each sign-in
//! and for each e-mail address, some for each site, a bounded number in all, and none for a
//! browser that Garmin has just turned away.
//!
//! A submission joins a running attempt only with the same sign-in and the same details; that
//! it comes from the browser that began the sign-in its caller has checked. Whoever else has
//! the same e-mail address waits for a turn of their own.
//!
//! Attempts are owned tasks. They end whether or not the browser is still there, and write
//! what came of them into the sealed row, where every later request finds it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use sha2::{Digest, Sha256};
use store::{SignIn, Store};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use zeroize::Zeroizing;

use super::asking::{Outcome, kind_of};
use super::attempt::Attempt;
use super::breaker::Witness;
use super::egress::Egresses;
use super::expiring::Expiring;
use super::lanes::Lanes;
use super::record::{CodeWait, Held};
use super::site::Site;
use super::tries::{Asker, Key, Standing, Tries};
use super::visitor::Visitor;
use super::{Problem, Record, Stage};
use crate::clock::Step;
use crate::config::{Config, RateLimits, SignInAllow};
use crate::state::AppState;

/// Attempts that talk to Garmin at the same time.
const MOST_AT_ONCE: usize = 32;
/// Attempts that wait for their turn at the same time.
const MOST_WAITING: usize = 256;
/// With one e-mail address: Garmin's codes belong to the latest login only, and two at once
/// look like an attack. Some may wait, from one site fewer.
const EMAIL_AT_ONCE: usize = 1;
const EMAIL_LINE: usize = 8;
const SHARE: usize = 3;
/// From one site, so that nobody fills all places from there.
const SITE_AT_ONCE: usize = 6;
const SITE_LINE: usize = 16;
/// Browsers that are told to wait before they try again.
const MOST_HOLDS: usize = 50_000;
/// How long a browser that has connected an account waits before it connects it once more to
/// the same app.
const JUST: Duration = Duration::from_mins(2);
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
    /// To go on, after Garmin has accepted the sign-in: agreement, or another look at the
    /// document of the client.
    Approval {
        held: Held,
        email: LoginEmail,
    },
}

impl Answer {
    pub(super) fn email(&self) -> &LoginEmail {
        match self {
            Self::Credentials { email, .. }
            | Self::Code { email, .. }
            | Self::Approval { email, .. } => email,
        }
    }
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
    pub(super) emails: Lanes<Key>,
    /// How many from one site may be in or before the lane of an e-mail address.
    pub(super) shares: Lanes<(Key, Site)>,
    pub(super) sites: Lanes<Site>,
    pub(super) places: Arc<Semaphore>,
    /// Room to wait for a place.
    pub(super) waiting: Semaphore,
    pub(super) is_invite_only: bool,
    limits: RateLimits,
    tries: Mutex<Tries>,
    holds: Mutex<Expiring<Key, Problem>>,
    tasks: TaskTracker,
    key: Pepper,
    under_way: Mutex<HashMap<SignInId, UnderWay>>,
    /// The last details that led a sign-in to the code page.
    accepted: Cache<SignInId, Fingerprint>,
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
            emails: Lanes::new(EMAIL_AT_ONCE, EMAIL_LINE),
            shares: Lanes::new(SHARE, SHARE),
            sites: Lanes::new(SITE_AT_ONCE, SITE_LINE),
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            waiting: Semaphore::new(MOST_WAITING),
            is_invite_only: matches!(config.sign_in_allow, SignInAllow::Only(_)),
            limits: config.rate_limits,
            tries: Mutex::default(),
            holds: Mutex::new(Expiring::new(MOST_HOLDS)),
            key: Pepper::new(Zeroizing::new(entropy::bytes(&*entropy))),
            under_way: Mutex::default(),
            accepted: Cache::builder().max_capacity(10_000).time_to_live(MEMORY).build(),
            store,
            clock,
            entropy,
            tasks,
        })))
    }

    /// The clock was set. What was to end at some time today would last until that time comes
    /// again: who waits is let go, and who deserves to wait will earn it anew.
    pub(crate) fn clock_stepped(&self, step: Step) {
        match step {
            // It has ended early, that is all.
            Step::Forward(_) => {}
            Step::Back(_) => {
                *lock(&self.0.tries) = Tries::default();
                *lock(&self.0.holds) = Expiring::new(MOST_HOLDS);
                self.0.egresses.forget();
            }
        }
    }

    /// The ways out, and which of them Garmin turns people away from.
    #[must_use]
    pub fn egresses(&self, now: Timestamp) -> Vec<domain::console::Egress> {
        self.0.egresses.list(now)
    }

    /// Begins an attempt for the sign-in in `row`, or joins the one this very click began.
    /// The caller has checked that the browser is the one that began the sign-in.
    #[must_use]
    pub fn submit(
        &self,
        app: &AppState,
        row: SignIn,
        record: Record,
        answer: Answer,
        address: IpAddr,
    ) -> Submitted {
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
        let attempt = Attempt {
            scheduler: self.0.clone(),
            app: app.clone(),
            details: details_tag(&row.id, &record, &answer),
            row,
            record,
            fingerprint,
            address,
        };
        let run = async move {
            attempt.run(answer).await;
            drop(presence);
        };
        self.0.tasks.spawn(run.in_current_span());
        Submitted::UnderWay(Ticket(ended))
    }

    /// The attempt of this sign-in in this process, for whoever only looks.
    #[must_use]
    pub fn watch(&self, id: &SignInId) -> Option<Ticket> {
        self.0.table().get(id).map(|running| Ticket(running.ended.clone()))
    }

    /// The person has taken back what this sign-in had connected, and may connect it anew.
    pub fn taken_back(&self, row: &SignIn, record: &Record, address: IpAddr) {
        let Ok(email) = LoginEmail::parse(&record.email) else { return };
        let visitor = Visitor::new(&self.0.key, row, record, &email, address);
        lock(&self.0.holds).take(&visitor.connection, self.0.clock.now());
    }

    /// Whether exactly these details have just led to the code page: the second half of a
    /// double click must not begin another login, which would make the code worthless.
    #[must_use]
    pub fn was_accepted(&self, id: &SignInId, answer: &Answer) -> bool {
        self.0.accepted.get(id) == Some(self.fingerprint(id, answer))
    }

    /// Whether the attempt another node makes was begun with these details.
    #[must_use]
    pub fn is_the_same(record: &Record, id: &SignInId, answer: &Answer) -> bool {
        match &record.stage {
            Stage::Working { worker, .. } => worker.details == details_tag(id, record, answer),
            Stage::Form { .. }
            | Stage::Code { .. }
            | Stage::Consent { .. }
            | Stage::Unverified { .. }
            | Stage::Refused { .. }
            | Stage::Done { .. } => false,
        }
    }

    fn fingerprint(&self, id: &SignInId, answer: &Answer) -> Fingerprint {
        self.0.key.mac(details(id, answer).as_bytes())
    }
}

/// Everything a person submitted, without ambiguity.
fn details(id: &SignInId, answer: &Answer) -> Zeroizing<String> {
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
    text
}

/// Sixteen bits of a digest that every node can make: the key is the sign-in's own.
fn details_tag(id: &SignInId, record: &Record, answer: &Answer) -> u16 {
    let key = Pepper::new(Zeroizing::new(Sha256::digest(record.csrf()).into()));
    let [one, two, ..] = key.mac(details(id, answer).as_bytes());
    u16::from_le_bytes([one, two])
}

impl Inner {
    /// Who stands there. Whether an account goes by the address decides whether they share the
    /// tries of strangers; when in doubt, they do.
    pub(super) async fn visitor(
        &self,
        row: &SignIn,
        record: &Record,
        answer: &Answer,
        address: IpAddr,
    ) -> Visitor {
        let email = answer.email();
        let mut visitor = Visitor::new(&self.key, row, record, email, address);
        if self.store.find_accounts_by_email(email).await.is_ok_and(|found| !found.is_empty()) {
            visitor.asker.standing = Standing::Known;
        }
        visitor
    }

    /// How much a block of theirs says about the egress. Everybody can type the address of a
    /// member; only at home it means anything.
    pub(super) fn witness(&self, visitor: &Visitor) -> Witness {
        let Asker { email, site, .. } = visitor.asker;
        if lock(&self.tries).is_home(&visitor.asker, self.clock.now()) {
            Witness::AtHome { email, site }
        } else {
            Witness::Stranger(site)
        }
    }

    /// Counts a try, unless there is a reason not to let it through.
    pub(super) fn admit(&self, answer: &Answer, visitor: &Visitor) -> Result<(), Problem> {
        if let Some(problem) = self.turned_away(answer, visitor) {
            return Err(problem);
        }
        let (RateLimits::On, Some(kind)) = (self.limits, kind_of(answer)) else { return Ok(()) };
        let now = self.clock.now();
        lock(&self.tries)
            .take(&visitor.asker, kind, now)
            .map_err(|retry_at| Problem::TooManyTries { retry_at })
    }

    /// Why Garmin would not have to be asked: what this very browser has been told before, or
    /// that no way out is open.
    pub(super) fn turned_away(&self, answer: &Answer, visitor: &Visitor) -> Option<Problem> {
        let now = self.clock.now();
        let holds = lock(&self.holds);
        let mut held = holds.get(&visitor.browser, now);
        let resting = match answer {
            Answer::Credentials { region, .. } => {
                held = held.or_else(|| holds.get(&visitor.connection, now));
                self.egresses.resting(*region, now)
            }
            // A code goes through the egress of its login, whatever became of that since.
            Answer::Code { .. } | Answer::Approval { .. } => None,
        };
        held.copied().or(resting.map(|retry_at| Problem::Blocked { retry_at }))
    }

    /// Draws the conclusions from a try that was counted at `taken_at`, and that Garmin heard of.
    pub(super) fn conclude(
        &self,
        answer: &Answer,
        visitor: &Visitor,
        outcome: &Outcome,
        taken_at: Timestamp,
    ) {
        if self.limits == RateLimits::Off {
            return;
        }
        let now = self.clock.now();
        match outcome {
            Outcome::SignedIn(_) => lock(&self.tries).proved(&visitor.asker, now),
            Outcome::Code(_, None) | Outcome::Approved(_) => {}
            Outcome::Code(_, Some(problem)) | Outcome::Form(problem) => {
                if !problem.was_a_try() {
                    self.never_mind(answer, visitor, taken_at);
                }
                if let Some(until) = problem.holds_until() {
                    lock(&self.holds).put(visitor.browser, until, *problem, now);
                }
            }
        }
    }

    /// The try that was counted at `taken_at` was none: Garmin never judged it.
    pub(super) fn never_mind(&self, answer: &Answer, visitor: &Visitor, taken_at: Timestamp) {
        if let (RateLimits::On, Some(kind)) = (self.limits, kind_of(answer)) {
            lock(&self.tries).give_back(&visitor.asker, kind, taken_at, self.clock.now());
        }
    }

    /// An account was connected, and its code is on its way.
    pub(super) fn connected(&self, visitor: &Visitor) {
        if self.limits == RateLimits::On {
            let now = self.clock.now();
            let retry_at = now.plus(JUST);
            let problem = Problem::JustConnected { retry_at };
            lock(&self.holds).put(visitor.connection, retry_at, problem, now);
        }
    }

    /// What the person last agreed to, if they agreed to less in the meantime.
    pub(super) fn agreed(&self, id: &SignInId, scopes: Scopes) -> Scopes {
        self.table().get(id).map_or(scopes, |running| running.scopes.min(scopes))
    }

    pub(super) fn remember_accepted(&self, id: &SignInId, fingerprint: Fingerprint) {
        self.accepted.insert(id.clone(), fingerprint);
    }

    fn table(&self) -> MutexGuard<'_, HashMap<SignInId, UnderWay>> {
        lock(&self.under_way)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

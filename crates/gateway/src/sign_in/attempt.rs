//! One attempt to sign in: has Garmin asked, and writes what came of it into the row.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::email::LoginEmail;
use domain::entropy::duration_within;
use domain::id::{AccountId, Generation};
use domain::pkce::Challenge;
use domain::scope::Scopes;
use domain::token::{Code, TokenDigest};
use garmin::{Pauses, TokenPair};
use store::{Connect, NewGrant, PresentedCode, SignIn, StoreError};
use tokio::time::{MissedTickBehavior, interval};

use super::asking::{Outcome, ask_in_turn, back};
use super::made::{Made, Person};
use super::record::{CodeWait, Finishing, Held, Unproven, Worker};
use super::scheduler::{Answer, Fingerprint, Inner};
use super::visitor::Visitor;
use super::{Problem, Record, Stage};
use crate::metrics::SignInOutcome;
use crate::oauth::cimd::{DocumentError, DocumentUrl};
use crate::oauth::{Standing, clients, redirect};
use crate::state::AppState;

/// How often an attempt says that it is alive.
const BEAT: Duration = Duration::from_secs(3);
/// Silence after which an attempt counts as dead: three beats, and clocks that differ a little.
const SILENCE: Duration = Duration::from_secs(10);
/// Saves that may lose against a second click elsewhere.
const SAVES: usize = 4;
/// How long the store may take to accept the outcome, and the pause between tries.
const LAST_PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);
/// How long a code may be redeemed.
const CODE_LIFE: Duration = Duration::from_mins(10);

pub(super) struct Attempt {
    pub(super) scheduler: Arc<Inner>,
    pub(super) app: AppState,
    pub(super) row: SignIn,
    pub(super) record: Record,
    pub(super) fingerprint: Fingerprint,
    /// The same for other nodes; see [`Worker`].
    pub(super) details: u16,
    pub(super) address: IpAddr,
}

/// The row is no longer ours: the person cancelled, it expired, or another node was faster.
struct Superseded;

/// Why the row is not as we want it.
enum Unsaved {
    Superseded,
    /// The store failed; the row may be either way.
    Failed,
}

impl From<StoreError> for Unsaved {
    fn from(error: StoreError) -> Self {
        tracing::error!(event = "store-failed", error = %error, "a sign-in was not saved");
        Self::Failed
    }
}

impl Attempt {
    pub(super) async fn run(mut self, answer: Answer) {
        let began = tokio::time::Instant::now();
        let (email, waiting) = match &answer {
            Answer::Credentials { email, region, .. } => {
                self.record.region = *region;
                tracing::info!(event = "login-start", "a sign-in at Garmin begins");
                (email.clone(), None)
            }
            Answer::Code { email, wait, code } => {
                let code_length = code.len();
                tracing::info!(event = "mfa-resume-start", code_length, "a code is verified");
                (email.clone(), Some(wait.clone()))
            }
            Answer::Approval { email, .. } => (email.clone(), None),
        };
        email.reveal().clone_into(&mut self.record.email);
        let visitor = self.scheduler.visitor(&self.row, &self.record, &answer, self.address).await;
        let asks_garmin = !matches!(answer, Answer::Approval { .. });
        let Ok(outcome) = self.outcome(&answer, &visitor, waiting).await else {
            self.app.metrics.sign_ins.of(SignInOutcome::Abandoned).increment(1);
            return given_up();
        };
        if asks_garmin {
            self.app.metrics.sign_ins.of(outcome.class()).increment(1);
            self.app.garmin.sign_in(outcome.class(), self.app.clock.now());
            self.app.metrics.sign_in_seconds.record(began.elapsed().as_secs_f64());
        }
        // The password ends here; from now on only Garmin's answer counts.
        let with_code = matches!(answer, Answer::Code { .. });
        log_outcome(&outcome, with_code, began.elapsed());
        self.note_failure(&outcome, &email).await;
        self.record.scopes = self.scheduler.agreed(&self.row.id, self.record.scopes);
        // Whoever cancelled in the meantime must leave nothing behind, and what another node has
        // made of it must stay.
        let finishing = outcome.held().map(|held| Finishing::new(held, &*self.scheduler.entropy));
        if let Some(finishing) = &finishing
            && self.beat(None, Some(finishing)).await.is_err()
        {
            return given_up();
        }
        self.record.stage = match (outcome, finishing) {
            (_, Some(finishing)) => match self.go_on(finishing, &email).await {
                Ok(stage) => stage,
                Err(Superseded) => return given_up(),
            },
            (Outcome::Form(problem), None) => Stage::Form { problem: Some(problem) },
            (Outcome::Code(wait, problem), None) => Stage::Code { wait, problem },
            (Outcome::SignedIn(_) | Outcome::Approved(_), None) => {
                Stage::Form { problem: Some(Problem::Ours) }
            }
        };
        if matches!(self.record.stage, Stage::Code { .. }) {
            self.scheduler.remember_accepted(&self.row.id, self.fingerprint);
        }
        let saved = self.save_at_last().await;
        if saved.is_err() {
            tracing::info!(event = "login-start-result", status = "superseded", "not recorded");
        }
        let Stage::Done { made, .. } = &self.record.stage else { return };
        if saved.is_ok() {
            match self.record.request.standing {
                Standing::Proven | Standing::Deferred => self.scheduler.connected(&visitor),
                // Nothing was connected, and some steps on the page ask for another sign-in.
                Standing::OwnPage => {}
            }
        } else if let Err(error) = made.undo(&self.app).await {
            tracing::error!(event = "store-failed", error = %error, "a sign-in was not undone");
        }
    }

    /// For the operator, whom people ask why. Not worth the sign-in where it cannot be written.
    async fn note_failure(&self, outcome: &Outcome, email: &LoginEmail) {
        let (Outcome::Form(problem) | Outcome::Code(_, Some(problem))) = outcome else { return };
        let (store, now) = (&self.scheduler.store, self.scheduler.clock.now());
        let client = &self.record.request.client;
        let noted = store.note_sign_in_failure(email, client, problem.label(), now).await;
        if let Err(error) = noted {
            tracing::warn!(
                event = "store-failed",
                error = error.label(),
                "a failure was not noted"
            );
        }
    }

    /// Garmin's part, if there is reason to ask.
    async fn outcome(
        &mut self,
        answer: &Answer,
        visitor: &Visitor,
        waiting: Option<CodeWait>,
    ) -> Result<Outcome, Superseded> {
        if let Answer::Approval { held, .. } = answer {
            return Ok(Outcome::Approved(held.clone()));
        }
        let scheduler = self.scheduler.clone();
        let taken_at = scheduler.clock.now();
        if let Err(problem) = scheduler.admit(answer, visitor) {
            return Ok(back(answer, problem));
        }
        let asked = AtomicBool::new(false);
        let outcome = self.talk(answer, visitor, waiting, &asked).await;
        match &outcome {
            Ok(outcome) if asked.load(Ordering::Relaxed) => {
                scheduler.conclude(answer, visitor, outcome, taken_at);
            }
            Err(Superseded) if asked.load(Ordering::Relaxed) => {}
            Ok(_) | Err(Superseded) => scheduler.never_mind(answer, visitor, taken_at),
        }
        outcome
    }

    async fn talk(
        &mut self,
        answer: &Answer,
        visitor: &Visitor,
        waiting: Option<CodeWait>,
        asked: &AtomicBool,
    ) -> Result<Outcome, Superseded> {
        self.beat(waiting.clone(), None).await?;
        if self.app.config.sign_in_allow.allows(answer.email()) {
            let scheduler = self.scheduler.clone();
            let garmin = ask_in_turn(&scheduler, answer, visitor, asked);
            return self.with_heartbeat(garmin, waiting).await;
        }
        tracing::info!(event = "login-not-invited", "an address that is not on the list");
        let pause = self.as_long_as_garmin();
        // Counted as if Garmin had answered: a difference would say who is invited.
        asked.store(true, Ordering::Relaxed);
        self.with_heartbeat(tokio::time::sleep(pause), waiting).await?;
        Ok(Outcome::Form(Problem::NotAccepted))
    }

    /// An answer at once would say that Garmin was not asked, and so who is invited.
    fn as_long_as_garmin(&self) -> Duration {
        let pauses = Pauses::suited_to(self.app.config.upstream(self.record.region));
        duration_within(&*self.scheduler.entropy, &pauses.mobile)
    }

    /// Waiting and talking, with a sign of life every few seconds: a process that dies cannot
    /// say so, and the person must not wait for it.
    async fn with_heartbeat<T>(
        &mut self,
        work: impl Future<Output = T>,
        waiting: Option<CodeWait>,
    ) -> Result<T, Superseded> {
        tokio::pin!(work);
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.tick().await;
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                _ = beats.tick() => self.beat(waiting.clone(), None).await?,
            }
        }
    }

    async fn beat(
        &mut self,
        code: Option<CodeWait>,
        finishing: Option<&Finishing>,
    ) -> Result<(), Superseded> {
        let worker = Worker {
            node: self.app.node.clone(),
            epoch: self.app.store.epoch(),
            seen_at: self.scheduler.clock.now(),
            details: self.details,
        };
        let finishing = finishing.cloned().map(Box::new);
        self.record.stage = Stage::Working { worker, code, finishing };
        match self.save().await {
            Err(Unsaved::Superseded) => Err(Superseded),
            // A missed beat is harmless, a sign-in at Garmin cut off is not.
            Ok(()) | Err(Unsaved::Failed) => Ok(()),
        }
    }

    /// Writes the outcome. It is worth some patience, for it cannot be had again.
    async fn save_at_last(&mut self) -> Result<(), Superseded> {
        let began = tokio::time::Instant::now();
        loop {
            match self.save().await {
                Err(Unsaved::Superseded) => return Err(Superseded),
                Err(Unsaved::Failed) if began.elapsed() < LAST_PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                }
                // The row still says that somebody is at work; when that has become stale the
                // person is told to try again. What was connected waits for them.
                Ok(()) | Err(Unsaved::Failed) => return Ok(()),
            }
        }
    }

    async fn save(&mut self) -> Result<(), Unsaved> {
        for _ in 0..SAVES {
            let bytes = self.record.to_bytes();
            if self.write(&bytes).await? {
                return Ok(());
            }
            if !self.is_still_ours(&bytes).await? {
                break;
            }
        }
        Err(Unsaved::Superseded)
    }

    /// Whether the row was the one we know, and now is as we want it.
    async fn write(&mut self, bytes: &[u8]) -> Result<bool, StoreError> {
        let now = self.scheduler.clock.now();
        let (store, id, version) = (&self.scheduler.store, &self.row.id, self.row.version);
        let saved = match self.record.stage {
            Stage::Done { .. } => store.complete_sign_in(id, version, bytes, now).await?,
            Stage::Form { .. }
            | Stage::Working { .. }
            | Stage::Code { .. }
            | Stage::Consent { .. }
            | Stage::Unverified { .. }
            | Stage::Refused { .. } => store.update_sign_in(id, version, bytes, now).await?,
        };
        if let Some(version) = saved {
            self.row.version = version;
        }
        Ok(saved.is_some())
    }

    /// A write whose answer was lost has moved the row on all the same, and so has a second
    /// click on another node, which may agree to less. Whoever else moved it left another name
    /// in it, or none.
    async fn is_still_ours(&mut self, bytes: &[u8]) -> Result<bool, StoreError> {
        let now = self.scheduler.clock.now();
        let Some(row) = self.scheduler.store.find_sign_in(&self.row.id, now).await? else {
            return Ok(false);
        };
        if row.state.as_slice() == bytes {
            self.row.version = row.version;
            return Ok(true);
        }
        let Ok(stored) = Record::from_bytes(&row.state) else { return Ok(false) };
        match stored.stage {
            Stage::Working { worker, .. } if worker.node == self.app.node => {
                self.row.version = row.version;
                self.record.scopes = self.record.scopes.min(stored.scopes);
                Ok(true)
            }
            Stage::Working { .. }
            | Stage::Form { .. }
            | Stage::Code { .. }
            | Stage::Consent { .. }
            | Stage::Unverified { .. }
            | Stage::Refused { .. }
            | Stage::Done { .. } => Ok(false),
        }
    }

    async fn go_on(
        &mut self,
        finishing: Finishing,
        email: &LoginEmail,
    ) -> Result<Stage, Superseded> {
        match self.record.request.standing {
            Standing::Proven => self.connect_at_last(finishing, email).await,
            Standing::Deferred => Ok(self.examine(finishing.held).await),
            Standing::OwnPage => Ok(self.recognise(&finishing.held, email).await),
        }
    }

    /// The account page of whoever Garmin has let in, if they have an account here. What Garmin
    /// handed out replaces what the account had. Should the store fail, a sign-in is lost, and
    /// nothing else.
    async fn recognise(&self, held: &Held, email: &LoginEmail) -> Stage {
        let (store, now) = (&self.scheduler.store, self.scheduler.clock.now());
        let renewed = async {
            let tokens = TokenPair::from_bytes(&held.credentials).map_err(unreadable)?;
            store.renew_account(&self.describe(held, &tokens, email), now).await
        };
        match renewed.await {
            Ok(Some(connected)) => {
                self.app.signed_in(&connected.account, connected.generation);
                tracing::info!(event = "account-opened", account = %connected.account, "");
                let person = Some(Person { account: connected.account, proved_at: now });
                let location = self.record.request.goal();
                Stage::Done { location, made: Made { grant: None, new_account: None, person } }
            }
            Ok(None) => Stage::Form { problem: Some(Problem::NoAccount) },
            Err(error) => {
                tracing::error!(event = "store-failed", error = %error, "no account was renewed");
                Stage::Form { problem: Some(Problem::Ours) }
            }
        }
    }

    fn describe<'a>(
        &self,
        held: &'a Held,
        tokens: &'a TokenPair,
        email: &'a LoginEmail,
    ) -> Connect<'a> {
        Connect {
            region: self.record.region,
            guid: tokens.guid().as_str(),
            email,
            profile: &held.profile,
            credentials: &held.credentials,
            refresh_expires_at: tokens.refresh_expires_at(),
        }
    }

    /// Garmin has let the person in, and that is scarce: the store is asked for as long as its
    /// outage may last, and after that the person only has to click once more.
    async fn connect_at_last(
        &mut self,
        finishing: Finishing,
        email: &LoginEmail,
    ) -> Result<Stage, Superseded> {
        let began = tokio::time::Instant::now();
        loop {
            let failed = match self.connect(&finishing, email).await {
                Ok(stage) => return Ok(stage),
                Err(error) => error,
            };
            tracing::error!(
                event = "login-verify-failed",
                error = %failed,
                "a sign-in could not be stored"
            );
            if began.elapsed() >= LAST_PATIENCE {
                let problem = Some(Problem::Ours);
                return Ok(Stage::Consent { held: finishing.held, problem });
            }
            tokio::time::sleep(PAUSE).await;
            // A commit whose answer was lost has happened all the same.
            if let Ok(Some(account)) = finishing.stored(&self.app).await {
                return Ok(finishing.done(&self.app, &self.record, account, None));
            }
            // Whoever took this for dead meanwhile may have stored the pair and renewed it:
            // stored once more it would be a spent one.
            self.beat(None, Some(&finishing)).await?;
        }
    }

    /// Somebody has signed in, so the client's document may be read at last. Whatever it says,
    /// nothing is granted: if it bears out the request, the person is asked. A publisher that is
    /// down costs nobody the sign-in.
    async fn examine(&mut self, held: Held) -> Stage {
        let request = &mut self.record.request;
        let verified = match DocumentUrl::parse(request.client.as_str()) {
            Ok(url) => clients::verify(&self.app, &url).await,
            Err(_) => Err(DocumentError::Invalid),
        };
        match verified {
            Ok(client) if client.allows_redirect(&request.redirect_uri) => {
                request.scopes = request.scopes.min(client.scopes.unwrap_or(Scopes::ReadWrite));
                request.client_name = client.name;
                request.standing = Standing::Proven;
                self.record.scopes = self.record.scopes.min(request.scopes);
                Stage::Consent { held, problem: None }
            }
            Ok(_) => Stage::Refused { reason: Unproven::ForeignRedirect },
            Err(DocumentError::Unavailable) => Stage::Unverified { held, problem: None },
            Err(DocumentError::NotAccepted | DocumentError::Invalid) => {
                Stage::Refused { reason: Unproven::Invalid }
            }
            Err(DocumentError::KeyRequired) => Stage::Refused { reason: Unproven::KeyRequired },
        }
    }

    /// The account with its code, then its devices' second life.
    async fn connect(
        &self,
        finishing: &Finishing,
        email: &LoginEmail,
    ) -> Result<Stage, StoreError> {
        let held = &finishing.held;
        let (store, now) = (&self.scheduler.store, self.scheduler.clock.now());
        let tokens = TokenPair::from_bytes(&held.credentials).map_err(unreadable)?;
        let connect = self.describe(held, &tokens, email);
        let request = &self.record.request;
        let challenge = Challenge::parse(&request.challenge).map_err(unreadable)?;
        let grant = NewGrant {
            id: &finishing.grant,
            code: &finishing.digest(&self.app)?,
            client: &request.client,
            redirect_uri: &request.redirect_uri,
            challenge: &challenge,
            scopes: self.record.scopes,
            tools: self.record.tools.map(domain::tools::Profile::as_str),
            expires_at: now.plus(CODE_LIFE),
        };
        let connected = store.connect_by_code(&connect, &grant, now).await?;
        self.app.signed_in(&connected.account, connected.generation);
        tracing::info!(
            event = "authorize-finish",
            account = %connected.account,
            client_id = %request.client,
            new = connected.new,
            "an account is connected"
        );
        let account = connected.account;
        let new_account = connected.new.then(|| (account.clone(), connected.generation));
        Ok(finishing.done(&self.app, &self.record, account, new_account))
    }
}

impl Finishing {
    fn digest(&self, app: &AppState) -> Result<TokenDigest<Code>, StoreError> {
        app.store.digest_presented(&self.code).map_err(unreadable)
    }

    /// The account that was connected, by whoever wrote this.
    async fn stored(&self, app: &AppState) -> Result<Option<AccountId>, StoreError> {
        Ok(match app.store.find_code(&self.digest(app)?, app.clock.now()).await? {
            PresentedCode::Unspent(grant) | PresentedCode::Spent { grant, .. } => {
                Some(grant.account)
            }
            PresentedCode::Unknown => None,
        })
    }

    fn done(
        &self,
        app: &AppState,
        record: &Record,
        account: AccountId,
        new_account: Option<(AccountId, Generation)>,
    ) -> Stage {
        let request = &record.request;
        let location = redirect::with_code(
            &request.realm.issuer(&app.config.public_url),
            &request.redirect_uri,
            &self.code,
            request.state.as_deref(),
        );
        let person = Some(Person { account, proved_at: app.clock.now() });
        let made = Made { grant: Some(self.grant.clone()), new_account, person };
        Stage::Done { location, made }
    }
}

/// Of a row that this program cannot have written so.
fn unreadable<E>(_: E) -> StoreError {
    StoreError::Corrupt { table: "sign_ins", column: "state" }
}

fn given_up() {
    tracing::info!(event = "login-start-result", status = "superseded", "given up");
}

fn log_outcome(outcome: &Outcome, with_code: bool, took: Duration) {
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (status, error) = match outcome {
        Outcome::SignedIn(_) => ("ok", None),
        // Garmin was not asked.
        Outcome::Approved(_) => return,
        Outcome::Code(_, None) => ("needs_mfa", None),
        Outcome::Code(_, Some(problem)) | Outcome::Form(problem) => {
            ("failed", Some(problem.label()))
        }
    };
    match (with_code, error) {
        (false, None) => {
            tracing::info!(event = "login-start-result", status, ms, "Garmin has answered");
        }
        (false, Some(reason)) => {
            tracing::warn!(event = "login-start-failed", reason, ms, "a sign-in failed");
        }
        (true, None) => tracing::info!(event = "mfa-resume-ok", ms, "the code was right"),
        (true, Some(reason)) => {
            tracing::warn!(event = "mfa-resume-failed", reason, ms, "the code did not help");
        }
    }
}

/// Whether an attempt of another process is still alive, by its own word. Whoever is of another
/// epoch is known to be gone.
pub(crate) fn is_alive(app: &AppState, worker: &Worker, now: Timestamp) -> bool {
    worker.epoch == app.store.epoch() && now.since(worker.seen_at) < SILENCE
}

/// The stage of a sign-in whose attempt has died: where the person was, or further, where Garmin
/// had accepted them already.
///
/// What the attempt was about to store may have been stored, and renewed since. As long as its
/// code lives that can be told; after that the session is not used again.
pub(crate) async fn after_death(app: &AppState, record: &Record) -> Result<Stage, StoreError> {
    let problem = Some(Problem::Interrupted);
    let Stage::Working { worker, code, finishing } = &record.stage else {
        return Ok(record.stage.clone());
    };
    if let Some(finishing) = finishing
        && app.clock.now().since(worker.seen_at) < CODE_LIFE
    {
        if let Some(account) = finishing.stored(app).await? {
            return Ok(finishing.done(app, record, account, None));
        }
        let held = finishing.held.clone();
        return Ok(match record.request.standing {
            Standing::Proven => Stage::Consent { held, problem },
            Standing::Deferred => Stage::Unverified { held, problem },
            Standing::OwnPage => Stage::Form { problem },
        });
    }
    Ok(match code {
        Some(wait) => Stage::Code { wait: wait.clone(), problem },
        None => Stage::Form { problem },
    })
}

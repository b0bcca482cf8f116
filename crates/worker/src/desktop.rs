//! Signing in on the person's own machine, with what they configured there.

use std::fmt;
use std::sync::Arc;

use domain::clock::Clock;
use domain::email::LoginEmail;
use domain::entropy::Entropy;
use domain::upstream::Upstream;
use garmin::{
    AccessError, AccessSource, MfaError, MfaMethod, Pauses, PendingMfa, Session, SignIn,
    SignInError, SignInOptions, Step,
};
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::error::SignInProblem;
use crate::keeper::Directory;

/// An e-mail address and its password.
#[derive(Clone)]
pub struct Login {
    pub email: LoginEmail,
    pub password: SecretString,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// The sign-in of this machine.
#[derive(Debug)]
pub(crate) struct Desktop {
    keeper: Directory,
    upstream: Upstream,
    login: Option<Login>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Held through a sign-in, so that two calls make one.
    pending: Mutex<Option<PendingMfa>>,
}

/// What came of signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignedIn {
    Already,
    Now,
    /// `how` goes into the sentence "Garmin wants a code…".
    NeedsCode {
        how: String,
    },
}

impl Desktop {
    pub(crate) fn new(
        keeper: Directory,
        upstream: Upstream,
        login: Option<Login>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { keeper, upstream, login, clock, entropy, pending: Mutex::default() }
    }

    pub(crate) fn has_sign_in(&self) -> bool {
        self.keeper.has_sign_in()
    }

    /// Whether a code is awaited.
    pub(crate) async fn is_pending(&self) -> bool {
        self.pending.lock().await.is_some()
    }

    /// Signs in with the configured e-mail and password, unless that is done already.
    pub(crate) async fn authenticate(&self) -> Result<SignedIn, SignInProblem> {
        let mut pending = self.pending.lock().await;
        match self.keeper.access(None).await {
            Ok(_) => return Ok(SignedIn::Already),
            Err(AccessError::SignInNeeded) => {}
            // A sign-in is scarce: it is not spent on a hiccup of the token endpoint.
            Err(AccessError::Unavailable { .. }) => return Err(SignInProblem::Unreachable),
        }
        let login = self.login.as_ref().ok_or(SignInProblem::NotConfigured)?;
        self.start(&mut pending, login).await
    }

    /// Signs in with what the person just typed.
    pub(crate) async fn sign_in(&self, login: &Login) -> Result<SignedIn, SignInProblem> {
        let mut pending = self.pending.lock().await;
        self.start(&mut pending, login).await
    }

    async fn start(
        &self,
        pending: &mut Option<PendingMfa>,
        login: &Login,
    ) -> Result<SignedIn, SignInProblem> {
        *pending = None;
        let started = self.garmin()?.start(&login.email, &login.password).await;
        match started.map_err(|error| problem(&error))? {
            Step::SignedIn(session) => self.keep(session).await,
            Step::NeedsMfa(waiting) => {
                let how = how(&waiting);
                *pending = Some(waiting);
                Ok(SignedIn::NeedsCode { how })
            }
        }
    }

    /// Finishes a sign-in with the code the person got.
    pub(crate) async fn complete(&self, code: &str) -> Result<SignedIn, SignInProblem> {
        let mut pending = self.pending.lock().await;
        let Some(waiting) = pending.take() else { return Err(SignInProblem::NothingPending) };
        match self.garmin()?.verify(&waiting, code).await {
            Ok(session) => self.keep(session).await,
            Err(MfaError::WrongCode { pending: again }) => {
                *pending = Some(*again);
                Err(SignInProblem::WrongCode)
            }
            Err(MfaError::Expired) => Err(SignInProblem::CodeExpired),
            Err(MfaError::AfterCode(error)) => Err(problem(&error)),
            Err(MfaError::SignIn(error)) => {
                let problem = problem(&error);
                if problem == SignInProblem::Unreachable {
                    *pending = Some(waiting);
                }
                Err(problem)
            }
        }
    }

    async fn keep(&self, session: Session) -> Result<SignedIn, SignInProblem> {
        self.keeper.keep(session.tokens).await.map_err(|error| {
            tracing::error!(event = "desktop.keep", error = %error, "the sign-in was not saved");
            SignInProblem::NotSaved
        })?;
        Ok(SignedIn::Now)
    }

    fn garmin(&self) -> Result<SignIn, SignInProblem> {
        let options = SignInOptions {
            pauses: Pauses::suited_to(&self.upstream),
            egress: None,
            entropy: Arc::clone(&self.entropy),
            clock: Arc::clone(&self.clock),
        };
        SignIn::new(self.upstream.clone(), options).map_err(|_| SignInProblem::Unreachable)
    }
}

fn how(pending: &PendingMfa) -> String {
    let to = pending.sent_to().map(|to| format!(" to {to}")).unwrap_or_default();
    match pending.method() {
        MfaMethod::Email => format!(" that it sent by e-mail{to}"),
        MfaMethod::Sms => format!(" that it sent by text message{to}"),
        MfaMethod::Totp => " from the authenticator app".to_owned(),
        MfaMethod::Other => String::new(),
    }
}

fn problem(error: &SignInError) -> SignInProblem {
    match error {
        SignInError::BadCredentials => SignInProblem::Rejected,
        SignInError::AccountLocked => SignInProblem::Locked,
        SignInError::CaptchaRequired | SignInError::WebLoginNotAllowed => {
            SignInProblem::AttentionNeeded
        }
        SignInError::RateLimited { .. } | SignInError::Blocked => SignInProblem::Blocked,
        SignInError::Unreachable
        | SignInError::TicketRefused
        | SignInError::TokenRefused
        | SignInError::Unexpected { .. } => SignInProblem::Unreachable,
    }
}

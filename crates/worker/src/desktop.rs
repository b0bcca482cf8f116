//! Signing in on the person's own machine, with what they configured there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use domain::clock::Clock;
use domain::email::LoginEmail;
use domain::entropy::Entropy;
use domain::tools::ToolChoice;
use domain::upstream::Upstream;
use garmin::{
    AccessError, AccessSource, GarminGuid, MfaError, MfaMethod, Pauses, PendingMfa, Session,
    SignIn, SignInError, SignInOptions, Step,
};
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::error::SignInProblem;
use crate::keeper::{Directory, DirectoryError};

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
    /// Where files are saved unless the person has chosen another place.
    downloads: OnceLock<PathBuf>,
    /// Where files may be read from; nowhere unless the person has said so.
    uploads: OnceLock<Vec<PathBuf>>,
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
        Self {
            keeper,
            upstream,
            login,
            clock,
            entropy,
            pending: Mutex::default(),
            downloads: OnceLock::new(),
            uploads: OnceLock::new(),
        }
    }

    pub(crate) fn has_sign_in(&self) -> bool {
        self.keeper.has_sign_in()
    }

    /// Whether a code is awaited. While a sign-in is on its way nobody knows yet, and nobody
    /// waits for it here.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.try_lock().is_ok_and(|pending| pending.is_some())
    }

    /// Whose sign-in is in use.
    pub(crate) fn person(&self) -> Option<GarminGuid> {
        self.keeper.person()
    }

    /// What to call this sign-in: the directory it lies in.
    pub(crate) fn alias(&self) -> String {
        let name = self.keeper.path().file_name();
        name.map_or_else(|| "default".into(), |name| name.to_string_lossy().into_owned())
    }

    pub(crate) async fn sign_out(&self) -> Result<(), SignInProblem> {
        *self.pending.lock().await = None;
        self.keeper.sign_out().await.map_err(|error| not_saved(&error))
    }

    pub(crate) fn tools(&self) -> ToolChoice {
        self.keeper.tools()
    }

    pub(crate) async fn choose_tools(&self, choice: &ToolChoice) -> Result<(), SignInProblem> {
        self.keeper.choose_tools(choice).await.map_err(|error| not_saved(&error))
    }

    /// Names the place for files that holds until the person chooses one.
    pub(crate) fn save_downloads_in(&self, directory: PathBuf) {
        // Said once, at the start.
        let _ = self.downloads.set(directory);
    }

    /// Where files are saved; nowhere until somebody says where.
    pub(crate) fn downloads(&self) -> Option<PathBuf> {
        self.keeper.downloads().or_else(|| self.downloads.get().cloned())
    }

    /// Names the directories that files may be read from.
    pub(crate) fn allow_uploads_from(&self, directories: Vec<PathBuf>) {
        // Said once, at the start.
        let _ = self.uploads.set(directories);
    }

    pub(crate) fn uploads(&self) -> &[PathBuf] {
        self.uploads.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) async fn choose_downloads(
        &self,
        directory: &Path,
    ) -> Result<PathBuf, SignInProblem> {
        self.keeper.choose_downloads(directory).await.map_err(|error| not_saved(&error))
    }

    /// A place that would do: beside the sign-in, where nobody else looks.
    pub(crate) fn suggested_downloads(&self) -> String {
        self.keeper.path().join("files").display().to_string()
    }

    /// Signs in with the configured e-mail and password, unless that is done already.
    pub(crate) async fn authenticate(&self) -> Result<SignedIn, SignInProblem> {
        let mut pending = self.pending.lock().await;
        match self.keeper.access(None).await {
            Ok(_) => {
                // Signed in elsewhere meanwhile: the code is not needed any more.
                *pending = None;
                return Ok(SignedIn::Already);
            }
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
        // It stays until Garmin has spoken: a caller that gives up loses nothing.
        let Some(waiting) = &*pending else { return Err(SignInProblem::NothingPending) };
        let verified = self.garmin()?.verify(waiting, code).await;
        match verified {
            Ok(session) => {
                *pending = None;
                self.keep(session).await
            }
            Err(MfaError::WrongCode { pending: again }) => {
                *pending = Some(*again);
                Err(SignInProblem::WrongCode)
            }
            Err(MfaError::Expired) => {
                *pending = None;
                Err(SignInProblem::CodeExpired)
            }
            // The code is spent.
            Err(MfaError::AfterCode(error)) => {
                *pending = None;
                Err(problem(&error))
            }
            Err(MfaError::SignIn(error)) => {
                let problem = problem(&error);
                if !spares_the_code(problem) {
                    *pending = None;
                }
                Err(problem)
            }
        }
    }

    async fn keep(&self, session: Session) -> Result<SignedIn, SignInProblem> {
        self.keeper.keep(session.tokens).await.map_err(|error| not_saved(&error))?;
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

fn not_saved(error: &DirectoryError) -> SignInProblem {
    tracing::error!(event = "desktop.keep", error = %error, "nothing was saved");
    SignInProblem::NotSaved
}

/// Whether the same code may still do after this.
fn spares_the_code(problem: SignInProblem) -> bool {
    match problem {
        SignInProblem::Blocked | SignInProblem::Unreachable => true,
        SignInProblem::NotConfigured
        | SignInProblem::Rejected
        | SignInProblem::Locked
        | SignInProblem::AttentionNeeded
        | SignInProblem::WrongCode
        | SignInProblem::NothingPending
        | SignInProblem::CodeExpired
        | SignInProblem::NotSaved => false,
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
        SignInError::RateLimited { .. } | SignInError::Blocked { .. } => SignInProblem::Blocked,
        SignInError::Unreachable
        | SignInError::TicketRefused
        | SignInError::TokenRefused
        | SignInError::Unexpected { .. } => SignInProblem::Unreachable,
    }
}

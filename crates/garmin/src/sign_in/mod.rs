//! Signing in at Garmin with an e-mail address and a password, and a code where asked.
//!
//! Three strategies lead to a service ticket: mobile, widget, portal, in that order. What is
//! wrong with the person's input ends the chain at once; whatever is wrong with the way moves
//! on to the next. The ticket becomes tokens, and tokens count only after the API took them.
//!
//! The password is borrowed. Request bodies that hold it are wiped when the HTTP client drops
//! them; the copies that the client and TLS make in their write buffers are not ours to wipe.

mod answer;
mod browser;
mod error;
mod exchange;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod json_login;
mod pauses;
mod pending;
mod widget;

use std::fmt;
use std::sync::Arc;

use domain::clock::Clock;
use domain::email::LoginEmail;
use domain::entropy::{self, Entropy};
use domain::region::Region;
use domain::upstream::Upstream;
use secrecy::SecretString;
use url::Url;

pub use error::{Block, BlockKind, MfaError, SignInError};
pub(crate) use exchange::api_headers;
pub use pauses::Pauses;
pub use pending::{MfaMethod, PendingMfa};

use browser::Browser;
use error::Setbacks;

use crate::jar::Jar;
use crate::protocol::{Disguise, Flow};
use crate::session::Session;
use crate::transport::{Transport, TransportError, TransportOptions};

/// A code longer than this was not meant as one.
const LONGEST_CODE: usize = 64;

/// How sign-ins are made.
#[derive(Clone)]
pub struct SignInOptions {
    pub pauses: Pauses,
    /// The HTTP proxy that sign-ins leave through. A pending login belongs to the egress it
    /// was begun on.
    pub egress: Option<Url>,
    pub entropy: Arc<dyn Entropy>,
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for SignInOptions {
    /// An egress may carry a password in its user info, so only its presence is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInOptions")
            .field("pauses", &self.pauses)
            .field("egress", &self.egress.is_some())
            .finish_non_exhaustive()
    }
}

/// Signs accounts in, on one egress.
#[derive(Debug, Clone)]
pub struct SignIn {
    transport: Transport,
    pauses: Pauses,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
}

/// What came of an e-mail and a password.
#[derive(Debug)]
pub enum Step {
    SignedIn(Session),
    /// A code is needed; it belongs to this login and to no other.
    NeedsMfa(PendingMfa),
}

/// What one strategy yields.
enum Attempt {
    Ticket(String),
    NeedsMfa(PendingMfa),
}

impl SignIn {
    pub fn new(upstream: Upstream, options: SignInOptions) -> Result<Self, TransportError> {
        let transport_options =
            TransportOptions { egress: options.egress, ..TransportOptions::default() };
        Ok(Self {
            transport: Transport::new(upstream, transport_options)?,
            pauses: options.pauses,
            entropy: options.entropy,
            clock: options.clock,
        })
    }

    /// Tries the strategies in turn. Takes seconds up to a minute: the pauses are Garmin's
    /// own. Dropping the future abandons the sign-in.
    #[tracing::instrument(name = "garmin.sign_in", skip_all)]
    pub async fn start(
        &self,
        email: &LoginEmail,
        password: &SecretString,
    ) -> Result<Step, SignInError> {
        let mut setbacks = Setbacks::default();
        for flow in Flow::ORDER {
            // Each strategy begins with an empty jar: cookies of a blocked one would give
            // the next away.
            match Box::pin(self.attempt(flow, email, password)).await {
                Ok(step) => return Ok(step),
                Err(error) if error.ends_the_chain() => return Err(error),
                Err(error) => {
                    tracing::info!(
                        event = "garmin.sign_in.setback",
                        strategy = flow.label(),
                        reason = error.label(),
                        "a sign-in strategy did not work"
                    );
                    setbacks.add(error);
                }
            }
        }
        Err(setbacks.conclusion())
    }

    /// Finishes a pending login with the code the person typed. May run in another process
    /// than [`Self::start`] did, but must leave through the same egress.
    #[tracing::instrument(name = "garmin.verify_code", skip_all)]
    pub async fn verify(&self, pending: &PendingMfa, code: &str) -> Result<Session, MfaError> {
        let code = code.trim();
        // Garmin counts tries; one that cannot be right is not worth any.
        let plausible =
            !code.is_empty() && code.len() <= LONGEST_CODE && !code.chars().any(char::is_control);
        if !plausible {
            return Err(MfaError::WrongCode { pending: Box::new(pending.clone()) });
        }
        let ticket = match &pending.widget {
            Some(page) => Box::pin(self.widget_verify(pending, page, code)).await?,
            None => Box::pin(self.json_verify(pending, code)).await?,
        };
        self.session(pending.flow, &ticket).await.map_err(MfaError::AfterCode)
    }

    /// Where sign-ins go, for opening stored logins.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        self.transport.upstream()
    }

    async fn attempt(
        &self,
        flow: Flow,
        email: &LoginEmail,
        password: &SecretString,
    ) -> Result<Step, SignInError> {
        let attempt = match flow {
            Flow::Mobile | Flow::Portal => self.json_login(flow, email, password).await?,
            Flow::Widget => self.widget_login(email, password).await?,
        };
        match attempt {
            Attempt::Ticket(ticket) => Ok(Step::SignedIn(self.session(flow, &ticket).await?)),
            Attempt::NeedsMfa(pending) => Ok(Step::NeedsMfa(pending)),
        }
    }

    fn transport(&self) -> &Transport {
        &self.transport
    }

    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn pauses(&self) -> &Pauses {
        &self.pauses
    }

    fn region(&self) -> Region {
        self.transport.upstream().region
    }

    fn browser(&self) -> Browser<'_> {
        Browser::new(&self.transport, &*self.clock, Jar::default())
    }

    fn disguise(&self) -> Disguise {
        let [number] = entropy::bytes(&*self.entropy);
        Disguise::pick(number)
    }

    async fn pause(&self, flow: Flow) {
        let pause = entropy::duration_within(&*self.entropy, self.pauses.before(flow));
        tokio::time::sleep(pause).await;
    }
}

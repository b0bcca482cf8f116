//! Where the access token comes from. Refresh tokens are not our business here: whoever runs
//! the worker holds them and hands out access tokens one generation at a time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::id::Generation;
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::error::GarminError;

/// A token is replaced this long before it expires.
const RENEW_AHEAD: Duration = Duration::from_mins(15);

/// How long no further token is asked for after a new one was refused.
const HOPELESS_FOR: Duration = Duration::from_mins(1);

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An access token and what is known about it.
#[derive(Clone)]
pub struct Access {
    pub token: SecretString,
    pub generation: Generation,
    pub expires_at: Timestamp,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("generation", &self.generation)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why there is no access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Garmin has refused the account's credentials: a person must sign in again.
    #[error("a new sign-in at Garmin is needed")]
    SignInNeeded,
    /// For now; the credentials may be fine.
    #[error("no access token at the moment")]
    Unavailable { retry_after: Option<Duration> },
}

/// Hands out access tokens.
pub trait AccessSource: Send + Sync {
    /// The current token. `refused` names the generation Garmin has refused or that is about
    /// to expire: a source that holds nothing newer gets something newer first.
    fn access(&self, refused: Option<Generation>) -> BoxFuture<'_, Result<Access, AccessError>>;
}

/// The token in use, and when to ask for another.
pub(crate) struct CurrentToken {
    source: Arc<dyn AccessSource>,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
}

struct Held {
    access: Access,
    renew_at: Timestamp,
    /// Set when Garmin refused the token although it was new: until then another one would
    /// fare no better, and each costs a rotation.
    hopeless_until: Option<Timestamp>,
}

impl CurrentToken {
    pub(crate) fn new(source: Arc<dyn AccessSource>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, held: Mutex::new(None) }
    }

    /// A token worth sending. `refused` is the generation a 401 has just named.
    pub(crate) async fn access(&self, refused: Option<Generation>) -> Result<Access, GarminError> {
        // Held across the question, so that callers share one answer.
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        let stale = match &*held {
            None => refused,
            Some(held) if refused == Some(held.access.generation) => {
                if held.hopeless_until.is_some_and(|until| now < until) {
                    return Err(GarminError::TokenRefused);
                }
                refused
            }
            // Fresh enough, or someone has already replaced the refused one.
            Some(held) if now < held.renew_at => return Ok(held.access.clone()),
            Some(held) => Some(held.access.generation),
        };
        match self.source.access(stale).await {
            Ok(access) => {
                let renew_at = renew_at(&access, now);
                *held = Some(Held { renew_at, access: access.clone(), hopeless_until: None });
                Ok(access)
            }
            Err(AccessError::SignInNeeded) => {
                *held = None;
                Err(GarminError::SignInNeeded)
            }
            Err(AccessError::Unavailable { retry_after }) => match &*held {
                // Early renewal failed, but the token at hand still has some life.
                Some(held)
                    if refused != Some(held.access.generation) && now < held.access.expires_at =>
                {
                    Ok(held.access.clone())
                }
                Some(_) | None => Err(GarminError::Unavailable { retry_after }),
            },
        }
    }

    /// Remembers that Garmin refused this generation as soon as it was handed out.
    pub(crate) async fn refused_at_once(&self, generation: Generation) {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_mut().filter(|held| held.access.generation == generation) {
            held.hopeless_until = Some(self.clock.now().plus(HOPELESS_FOR));
        }
    }
}

/// When to ask for the next token: fifteen minutes ahead, or, for a token that had less than
/// an hour left when it came, in the last quarter of that. Otherwise a short-lived token
/// would be renewed at every call.
fn renew_at(access: &Access, now: Timestamp) -> Timestamp {
    let life = access.expires_at.since(now);
    access.expires_at.minus(RENEW_AHEAD.min(life / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_ahead_but_a_short_lived_one_not_at_every_call() {
        let at = |expires: i64| {
            let access = Access {
                token: "t".into(),
                generation: Generation(1),
                expires_at: Timestamp(expires),
            };
            renew_at(&access, Timestamp(0)).0
        };
        assert_eq!(at(86_400), 85_500);
        assert_eq!(at(400), 300);
        assert_eq!(at(-5), -5);
    }
}

//! Where the access token comes from. Refresh tokens are not our business here: whoever runs
//! the worker holds them and hands out access tokens one generation at a time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::Generation;
use secrecy::SecretString;

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

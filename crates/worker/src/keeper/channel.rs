//! The gateway as keeper, over the control channel.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use domain::contract::{AccessGrant, CredentialsAnswer};
use domain::id::Generation;
use garmin::{Access, AccessError, AccessSource, BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::host::Line;

/// Asks the gateway, and remembers the last token it gave.
#[derive(Debug)]
pub(crate) struct Channel {
    line: Line,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<AccessGrant>>,
}

impl Channel {
    /// `first` came with the launch.
    pub(crate) fn new(line: Line, clock: Arc<dyn Clock>, first: Option<AccessGrant>) -> Self {
        Self { line, clock, last: Mutex::new(first) }
    }

    /// The token at hand, unless it is the refused one, older, or past its end.
    fn at_hand(&self, refused: Option<Generation>) -> Option<AccessGrant> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let newer = refused.is_none_or(|refused| last.generation > refused);
        (newer && self.clock.now() < last.expires_at).then_some(last)
    }
}

impl AccessSource for Channel {
    fn access(&self, refused: Option<Generation>) -> BoxFuture<'_, Result<Access, AccessError>> {
        Box::pin(async move {
            if let Some(grant) = self.at_hand(refused) {
                return Ok(access(grant));
            }
            match self.line.credentials(refused).await {
                Ok(CredentialsAnswer::Granted(grant)) => {
                    *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(grant.clone());
                    Ok(access(grant))
                }
                Ok(CredentialsAnswer::SignInNeeded) => {
                    // After the next sign-in the question must reach the gateway.
                    *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    Err(AccessError::SignInNeeded)
                }
                Ok(CredentialsAnswer::Unavailable { retry_after_secs }) => {
                    let retry_after = Some(Duration::from_secs(retry_after_secs));
                    Err(AccessError::Unavailable { retry_after })
                }
                Err(_) => Err(AccessError::Unavailable { retry_after: None }),
            }
        })
    }
}

fn access(grant: AccessGrant) -> Access {
    Access {
        token: grant.token.into_secret(),
        generation: grant.generation,
        expires_at: grant.expires_at,
    }
}

/// Names resolved by the gateway: a worker cannot reach a name server.
#[derive(Debug)]
pub(crate) struct GatewayNames(pub(crate) Line);

impl Resolve for GatewayNames {
    fn resolve(&self, name: Name) -> Resolving {
        let line = self.0.clone();
        Box::pin(async move {
            let addresses = line.resolve(name.as_str()).await?;
            if addresses.is_empty() {
                return Err("the name has no address".into());
            }
            // The port of the request replaces this one.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

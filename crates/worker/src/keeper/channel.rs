//! The gateway as keeper, over the control channel.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use domain::contract::{
    AccessGrant, CredentialsAnswer, JournalAnswer, JournalEntry, JournalPage, JournalQuery,
    SecretText,
};
use domain::id::Generation;
use domain::token::Pepper;
use garmin::{Access, AccessError, AccessSource, BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use zeroize::Zeroizing;

use crate::host::Line;
use crate::writes::Journal;

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

/// The gateway as keeper of the journal.
pub(crate) struct GatewayJournal {
    line: Line,
    key: Pepper,
}

impl GatewayJournal {
    /// `key` came with the launch.
    pub(crate) fn new(line: Line, key: &SecretText) -> Self {
        // A code over it has the right length, whatever its own.
        let raw = Pepper::new(Zeroizing::new([0; 32])).mac(key.reveal().as_bytes());
        Self { line, key: Pepper::new(Zeroizing::new(raw)) }
    }
}

impl Journal for GatewayJournal {
    fn record(&self, entry: JournalEntry) -> BoxFuture<'_, JournalAnswer> {
        Box::pin(async move {
            // Nobody answered: what was not recorded is not sent.
            self.line.journal(entry).await.unwrap_or(JournalAnswer::Refused)
        })
    }

    fn read(&self, query: JournalQuery) -> BoxFuture<'_, JournalPage> {
        Box::pin(
            async move { self.line.read_journal(query).await.unwrap_or(JournalPage::Unavailable) },
        )
    }

    fn key(&self) -> Pepper {
        self.key.clone()
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

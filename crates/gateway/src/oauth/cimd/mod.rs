//! Client ID Metadata Documents: clients whose id is the address of their own description
//! (draft-ietf-oauth-client-id-metadata-document).
//!
//! The addresses come from strangers, so three rules hold everywhere: nothing is fetched for
//! somebody who has not signed in, unless the document was accepted before; only public
//! addresses are connected to, and only the very ones that were checked; and nothing of an
//! answer, its errors or its timing is shown to anybody.

mod document;
mod document_url;
mod fetch;
mod flights;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod lifetime;
mod public_address;
mod web;

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::id::ClientId;
use domain::origin::Origin;
use http::StatusCode;
use store::{AuditEntry, AuditEvent, Client, Freshness, Store, StoreError};

pub use document_url::{BadDocumentUrl, DocumentUrl};
pub use public_address::is_public;
pub use web::{Network, Patience, Web};

use super::clients::Found;
use crate::config::ClientDocuments;
use document::BadDocument;
use fetch::{FetchError, Fetcher};
use flights::{Flights, Lane};

/// How long a copy outlives its time when the publisher's server is down.
const STALE: Duration = Duration::from_hours(24);

/// Hosts whose documents describe what their names say.
const WELL_KNOWN: [&str; 8] = [
    "chatgpt.com",
    "claude.ai",
    "claude.com",
    "github.com",
    "insiders.vscode.dev",
    "vscode.dev",
    "www.cursor.com",
    "zed.dev",
];

/// Why a document's client is not to be had. Says as much as anybody outside may learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not an address this gateway would ever ask: its form, or the operator's rule.
    #[error("documents from this address are not accepted")]
    NotAccepted,
    /// No answer to judge, and no copy to go by: worth another try.
    #[error("the client metadata cannot be had at the moment")]
    Unavailable,
    #[error("the client metadata could not be verified")]
    Invalid,
    /// The client insists on proving itself with a key.
    #[error("the client offers private_key_jwt only")]
    KeyRequired,
}

/// Why there is no new copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Fetch(#[from] FetchError),
    #[error("{0}")]
    Document(#[from] BadDocument),
    #[error("too many fetches")]
    Busy,
    #[error("the store failed")]
    Store,
}

impl Failure {
    /// Whether the publisher has answered, and the answer is that the old copy is wrong.
    fn ends_the_copy(self) -> bool {
        match self {
            Self::Document(_) => true,
            Self::Fetch(error) => match error {
                FetchError::Status(status) => {
                    status.is_success()
                        || matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
                }
                FetchError::Encoded | FetchError::WrongType | FetchError::TooLarge => true,
                FetchError::NoAddress
                | FetchError::PrivateAddress
                | FetchError::NoConnection
                | FetchError::Tls
                | FetchError::Http
                | FetchError::TooSlow => false,
            },
            Self::Busy | Self::Store => false,
        }
    }

    fn public(self) -> DocumentError {
        match self {
            Self::Document(BadDocument::KeyRequired) => DocumentError::KeyRequired,
            Self::Document(_) => DocumentError::Invalid,
            Self::Fetch(error) => match error {
                FetchError::Status(status)
                    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS =>
                {
                    DocumentError::Unavailable
                }
                FetchError::Status(_)
                | FetchError::PrivateAddress
                | FetchError::Encoded
                | FetchError::WrongType
                | FetchError::TooLarge => DocumentError::Invalid,
                FetchError::NoAddress
                | FetchError::NoConnection
                | FetchError::Tls
                | FetchError::Http
                | FetchError::TooSlow => DocumentError::Unavailable,
            },
            Self::Busy | Self::Store => DocumentError::Unavailable,
        }
    }
}

/// Every client that is a document. The store keeps the copies, so that a restart and other
/// gateways know them too.
pub struct Documents {
    store: Store,
    clock: Arc<dyn Clock>,
    policy: ClientDocuments,
    own_host: String,
    fetcher: Fetcher,
    flights: Flights,
}

impl Documents {
    pub fn new(
        web: Web,
        policy: ClientDocuments,
        origin: &Origin,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let own_host =
            origin.authority().rsplit_once(':').map_or(origin.authority(), |(host, _)| host);
        Ok(Self {
            store,
            policy,
            own_host: own_host.to_owned(),
            fetcher: Fetcher::new(web)?,
            flights: Flights::new(clock.clone()),
            clock,
        })
    }

    /// Whether a client's id alone says who is behind it, as far as anything can.
    pub(super) fn is_well_known(&self, id: &ClientId) -> bool {
        DocumentUrl::parse(id.as_str()).is_ok_and(|url| self.is_well_known_host(url.host()))
    }

    pub(super) fn is_well_known_host(&self, host: &str) -> bool {
        WELL_KNOWN.contains(&host) || self.policy.names(host)
    }

    fn accepted(&self, id: &ClientId) -> Option<DocumentUrl> {
        let url = DocumentUrl::parse(id.as_str()).ok()?;
        (self.policy.accepts(url.host()) && url.host() != self.own_host).then_some(url)
    }

    /// The client of an id that is a URL, for anybody. A copy that is past its time is renewed
    /// if they `may_ask`; a document that was never accepted is left alone.
    pub(super) async fn find(
        &self,
        id: &ClientId,
        may_ask: impl FnOnce() -> bool,
    ) -> Result<Found, StoreError> {
        self.look_up(id, Lane::Anybody, may_ask).await
    }

    async fn look_up(
        &self,
        id: &ClientId,
        lane: Lane,
        may_ask: impl FnOnce() -> bool,
    ) -> Result<Found, StoreError> {
        let Some(url) = self.accepted(id) else {
            return Ok(Found::Refused(DocumentError::NotAccepted));
        };
        let client = self.store.find_client(id).await?;
        let Some((client, copy)) =
            client.and_then(|client| client.document.map(|copy| (client, copy)))
        else {
            return Ok(Found::Document(url));
        };
        let now = self.clock.now();
        if now < copy.fresh_until {
            return Ok(Found::Known(Box::new(client)));
        }
        // Nobody fills the lane with documents of hosts that are known for what they publish.
        let lane = if self.is_well_known_host(url.host()) { Lane::SignedIn } else { lane };
        let renewed = match lane {
            Lane::Anybody if !may_ask() => Err(Failure::Busy),
            Lane::Anybody | Lane::SignedIn => self.renew(&url, lane).await,
        };
        Ok(match renewed {
            Ok(client) => Found::Known(Box::new(client)),
            Err(failure) if failure.ends_the_copy() => Found::Refused(failure.public()),
            // The publisher's trouble must not lock its users out at once.
            Err(_) if now < copy.fresh_until.plus(STALE) => Found::Known(Box::new(client)),
            Err(failure) => Found::Refused(failure.public()),
        })
    }

    /// The client of a document, fetched when it is not known. For somebody who has signed in.
    pub(super) async fn verify(&self, url: &DocumentUrl) -> Result<Client, DocumentError> {
        match self.look_up(url.client_id(), Lane::SignedIn, || true).await {
            Ok(Found::Known(client)) => Ok(*client),
            Ok(Found::Refused(error)) => Err(error),
            Ok(Found::Document(_) | Found::Unknown) => {
                self.renew(url, Lane::SignedIn).await.map_err(Failure::public)
            }
            Err(error) => Err(store_failed(&error).public()),
        }
    }

    /// A new copy; whoever wants the same one at the same time waits for it.
    async fn renew(&self, url: &DocumentUrl, lane: Lane) -> Result<Client, Failure> {
        self.flights.join(url, lane, || self.fetch(url)).await
    }

    async fn fetch(&self, url: &DocumentUrl) -> Result<Client, Failure> {
        let id = url.client_id();
        let known = self.store.find_client(id).await.map_err(|error| store_failed(&error))?;
        let now = self.clock.now();
        let is_fresh = |client: &Client| client.document.is_some_and(|copy| now < copy.fresh_until);
        match known {
            // The flight before this one has just landed.
            Some(client) if is_fresh(&client) => return Ok(client),
            Some(_) | None => {}
        }
        let outcome = self.take(url, known.is_none()).await;
        if let Err(failure) = outcome {
            tracing::info!(
                event = "client-document-refused",
                client_id = %id,
                reason = %failure,
                "a metadata document was not accepted"
            );
            if failure.ends_the_copy()
                && let Err(error) = self.store.expire_document(id).await
            {
                return Err(store_failed(&error));
            }
        }
        outcome?;
        let client = self.store.find_client(id).await.map_err(|error| store_failed(&error))?;
        client.ok_or(Failure::Store)
    }

    async fn take(&self, url: &DocumentUrl, first: bool) -> Result<(), Failure> {
        let fetched = self.fetcher.fetch(url).await?;
        let client = document::read(url, &fetched.body)?;
        let now = self.clock.now();
        let freshness = Freshness { fetched_at: now, fresh_until: now.plus(fetched.life) };
        let stored = self.store.put_client(&client, freshness, now).await;
        stored.map_err(|error| store_failed(&error))?;
        tracing::info!(
            event = "client-document-accepted",
            client_id = %client.id,
            seconds = fetched.life.as_secs(),
            "a metadata document was read"
        );
        if first {
            self.audit(&client.id, now).await;
        }
        Ok(())
    }

    async fn audit(&self, client: &ClientId, now: Timestamp) {
        let event = AuditEvent::ClientRegistered;
        let entry = AuditEntry { event, account: None, device: None, client: Some(client) };
        if let Err(error) = self.store.record_audit(&entry, now).await {
            tracing::error!(event = "store-failed", error = %error, "an audit entry was not written");
        }
    }
}

fn store_failed(error: &StoreError) -> Failure {
    tracing::error!(event = "store-failed", error = %error, "the store failed a metadata document");
    Failure::Store
}

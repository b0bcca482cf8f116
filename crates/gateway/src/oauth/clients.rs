//! Who asks for a connection: where a client id becomes a client.

use std::net::IpAddr;

use domain::id::ClientId;
use store::{Client, StoreError};

use super::cimd::{DocumentError, DocumentUrl};
use crate::limits::ByAddress;
use crate::state::AppState;

/// What is known about a client id.
pub enum Found {
    /// Registered, or described by a document that was accepted before.
    Known(Box<Client>),
    /// The address of a document nobody has come with before. Nothing has been sent to it.
    Document(DocumentUrl),
    /// The address of a document that is not accepted, or not any more.
    Refused(DocumentError),
    Unknown,
}

/// The client of this id. Never asks anything of a server this gateway has not accepted a
/// document from: that takes somebody who has signed in, and [`verify`]. How often it asks a
/// server again is limited by the address the request is `from`.
pub async fn find(app: &AppState, id: &ClientId, from: IpAddr) -> Result<Found, StoreError> {
    if id.is_metadata_url() {
        let may_ask = || app.limits.check_address(ByAddress::Renewal, from).is_ok();
        return app.documents.find(id, may_ask).await;
    }
    let client = app.store.find_client(id).await?;
    Ok(client.map_or(Found::Unknown, |client| Found::Known(Box::new(client))))
}

/// The client a document describes: fetched, checked and stored. Only for a person who has
/// signed in, whose consent it is about.
pub async fn verify(app: &AppState, url: &DocumentUrl) -> Result<Client, DocumentError> {
    app.documents.verify(url).await
}

/// Whether the id itself says who is asking: it is a document of a host that is known for what
/// it publishes, or that the operator has named.
#[must_use]
pub fn is_well_known(app: &AppState, id: &ClientId) -> bool {
    app.documents.is_well_known(id)
}

/// Whether a host is one of those.
#[must_use]
pub fn is_well_known_host(app: &AppState, host: &str) -> bool {
    app.documents.is_well_known_host(host)
}

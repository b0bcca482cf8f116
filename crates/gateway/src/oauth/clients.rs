//! Who is asking: the one place where a client id becomes a client.

use domain::id::ClientId;
use store::{Client, StoreError};

use crate::state::AppState;

/// The client of this id, if there is one. An id that is a URL names a metadata document;
/// as long as documents are not fetched, and not advertised, nobody has such an id.
pub(super) async fn resolve(app: &AppState, id: &ClientId) -> Result<Option<Client>, StoreError> {
    app.store.find_client(id).await
}

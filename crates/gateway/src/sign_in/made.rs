//! What a sign-in has put into the store, and how all of it is taken back; and whom it has
//! shown to be sitting there.

use domain::clock::Timestamp;
use domain::console::Revoked;
use domain::id::{AccountId, Generation, GrantId};
use serde::{Deserialize, Serialize};
use store::StoreError;

use crate::state::AppState;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// None for a sign-in to the account page: nothing is granted there.
    pub(super) grant: Option<GrantId>,
    /// The account, where this sign-in was its first.
    pub(super) new_account: Option<(AccountId, Generation)>,
    /// Absent from the records of a version that knew no account page.
    #[serde(default)]
    pub(super) person: Option<Person>,
}

/// Whose account it is, and when Garmin said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) proved_at: Timestamp,
}

impl Made {
    /// Whether the client has already fetched what the code stands for.
    pub(crate) async fn is_taken_up(&self, app: &AppState) -> Result<bool, StoreError> {
        match &self.grant {
            Some(grant) => app.store.is_redeemed(grant).await,
            None => Ok(false),
        }
    }

    pub(crate) fn person(&self) -> Option<&Person> {
        self.person.as_ref()
    }

    /// The person has cancelled at the very last moment, or after it: the code must not be good
    /// for anything, a device that came of it ends, and an account that came of nothing else
    /// does not stay.
    pub(crate) async fn undo(&self, app: &AppState) -> Result<(), StoreError> {
        let Some(grant) = &self.grant else { return Ok(()) };
        for gone in app.store.revoke_grant(grant, app.clock.now()).await? {
            let (device, account) = (gone.device, gone.account);
            tracing::info!(event = "device-revoked", device = %device, by = "person", "cancelled");
            app.revoked(&Revoked::Device { device, account }).await;
        }
        if let Some((account, generation)) = &self.new_account {
            app.store.forget_untouched_account(account, *generation).await?;
        }
        Ok(())
    }
}

//! What a sign-in has put into the store, and how all of it is taken back.

use domain::console::Revoked;
use domain::id::{AccountId, Generation, GrantId};
use serde::{Deserialize, Serialize};
use store::StoreError;

use crate::state::AppState;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub(super) grant: GrantId,
    /// The account, where this sign-in was its first.
    pub(super) new_account: Option<(AccountId, Generation)>,
}

impl Made {
    /// Whether the client has already fetched what the code stands for.
    pub(crate) async fn is_taken_up(&self, app: &AppState) -> Result<bool, StoreError> {
        app.store.is_redeemed(&self.grant).await
    }

    /// The person has cancelled at the very last moment, or after it: the code must not be good
    /// for anything, a device that came of it ends, and an account that came of nothing else
    /// does not stay.
    pub(crate) async fn undo(&self, app: &AppState) -> Result<(), StoreError> {
        for gone in app.store.revoke_grant(&self.grant, app.clock.now()).await? {
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

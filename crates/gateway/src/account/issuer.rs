//! Hands out links to the account page, for a tool that is asked for one in a conversation.

use std::time::Duration;

use domain::clock::Clock;
use domain::contract::{LinkAnswer, SecretText};
use domain::entropy::Entropy;
use domain::id::{AccountId, DeviceId};
use domain::origin::Origin;
use domain::token::{PageLink, Token};
use store::Store;
use zeroize::Zeroizing;

/// How long a link is good.
const LIFE: Duration = Duration::from_mins(10);

/// What links are made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Issuer<'a> {
    pub(crate) store: &'a Store,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) origin: &'a Origin,
}

impl Issuer<'_> {
    /// A new link for whoever talks through this device; every older one of the account is void.
    pub(crate) async fn issue(self, account: &AccountId, device: &DeviceId) -> LinkAnswer {
        let now = self.clock.now();
        let link = Token::<PageLink>::generate(self.entropy);
        let (digest, expires_at) = (self.store.digest(&link), now.plus(LIFE));
        match self.store.add_link(account, device, &digest, expires_at, now).await {
            Ok(true) => {
                tracing::info!(event = "account-link-issued", account = %account, device = %device, "");
                let url = Zeroizing::new(format!("{}{}", self.origin.as_str(), address(&link)));
                LinkAnswer::Link { url: SecretText::from(url.as_str()), expires_at }
            }
            Ok(false) => LinkAnswer::NotThere,
            Err(error) => {
                tracing::error!(
                    event = "store-failed",
                    account = %account,
                    error = error.label(),
                    "no link was handed out"
                );
                LinkAnswer::Unavailable
            }
        }
    }
}

/// Where a link leads.
pub(super) fn address(link: &Token<PageLink>) -> String {
    format!("/account/link?token={}", link.reveal())
}

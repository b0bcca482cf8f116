//! The hand on the simulator: faults, expiry, revocation, codes, and what happened.

use std::fmt;
use std::sync::Arc;

use domain::clock::Timestamp;
use serde::Serialize;

use crate::accounts::{AccountIndex, AccountState, Counters};
use crate::athlete::SeasonFacts;
use crate::faults::{ArmedFault, Fault, FaultId};
use crate::options::{CLIENT_IDS, TokenLife};
use crate::record::RecordedRequest;
use crate::sso::{Gate, Strategy};
use crate::state::Inner;

/// In-process fault injection and inspection. Clones share one simulator. Accounts are named by
/// e-mail; naming one that does not exist changes nothing and is answered with `None` or `false`.
#[derive(Clone)]
pub struct Control {
    inner: Arc<Inner>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

/// Tokens of a sign-in that happened behind the scenes.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct IssuedTokens {
    pub access_token: String,
    pub refresh_token: String,
    pub client_id: String,
    pub access_expires: Timestamp,
    pub refresh_expires: Timestamp,
}

impl fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedTokens")
            .field("client_id", &self.client_id)
            .field("access_expires", &self.access_expires)
            .finish_non_exhaustive()
    }
}

impl Control {
    pub(crate) const fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    fn index(&self, email: &str) -> Option<AccountIndex> {
        self.inner.lock().find_anywhere(email)
    }

    /// Arms a fault; faults are tried in the order they were added.
    #[expect(clippy::must_use_candidate, reason = "few tests remove one fault alone")]
    pub fn add_fault(&self, fault: Fault) -> FaultId {
        let mut garmin = self.inner.lock();
        let id = FaultId(garmin.next_fault);
        garmin.next_fault += 1;
        let account = fault.when.account.as_deref().and_then(|email| garmin.find_anywhere(email));
        garmin.faults.push(ArmedFault { id, fault, account, seen: 0 });
        id
    }

    pub fn remove_fault(&self, id: FaultId) {
        self.inner.lock().faults.retain(|armed| armed.id != id);
    }

    pub fn clear_faults(&self) {
        self.inner.lock().faults.clear();
    }

    /// Faults still armed.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.inner.lock().faults.iter().map(|armed| armed.fault.clone()).collect()
    }

    /// Lets a strategy through, or not.
    pub fn set_gate(&self, strategy: Strategy, gate: Gate) {
        self.inner.lock().gates.set(strategy, gate);
    }

    /// Treats all three strategies alike.
    pub fn set_gates(&self, gate: Gate) {
        for strategy in [Strategy::Mobile, Strategy::Widget, Strategy::Portal] {
            self.set_gate(strategy, gate);
        }
    }

    /// Changes what Garmin thinks of an account; `Normal` also forgets wrong passwords.
    #[expect(clippy::must_use_candidate, reason = "the answer only says whether it exists")]
    pub fn set_account_state(&self, email: &str, state: AccountState) -> bool {
        let Some(index) = self.index(email) else { return false };
        let mut garmin = self.inner.lock();
        let account = garmin.account_mut(index);
        account.state = state;
        account.wrong_passwords = 0;
        true
    }

    /// The next `count` profiles of this account come without a display name.
    pub fn hide_display_name(&self, email: &str, count: u32) {
        if let Some(index) = self.index(email) {
            self.inner.lock().account_mut(index).nameless_profiles = count;
        }
    }

    /// The life of tokens issued from now on.
    pub fn set_token_life(&self, life: TokenLife) {
        self.inner.lock().token_life = life;
    }

    /// The client ids the token host accepts from now on; the rest are retired.
    pub fn set_client_ids(&self, ids: &[&str]) {
        self.inner.lock().client_ids = ids.iter().map(|id| (*id).to_owned()).collect();
    }

    /// Ends the access tokens of one account, or of all; refresh tokens stay good.
    pub fn expire_access_tokens(&self, email: Option<&str>) {
        let now = self.inner.now();
        match email {
            None => self.inner.lock().expire_access(None, now),
            Some(email) => {
                if let Some(index) = self.index(email) {
                    self.inner.lock().expire_access(Some(index), now);
                }
            }
        }
    }

    /// Ends an account's Garmin session: access tokens 401, refresh tokens 400 `invalid_grant`.
    #[expect(clippy::must_use_candidate, reason = "the answer only says whether it exists")]
    pub fn revoke_session(&self, email: &str) -> bool {
        let Some(index) = self.index(email) else { return false };
        let now = self.inner.now();
        self.inner.lock().revoke_session(index, now);
        true
    }

    /// Signs an account in without asking for anything: for tests that begin after it.
    #[must_use]
    pub fn sign_in(&self, email: &str) -> Option<IssuedTokens> {
        let index = self.index(email)?;
        let now = self.inner.now();
        let mut garmin = self.inner.lock();
        let client_id = CLIENT_IDS[0].to_owned();
        let pair = garmin.issue_pair(index, &client_id, now);
        Some(IssuedTokens {
            access_token: pair.access_token,
            refresh_token: pair.refresh_token,
            client_id,
            access_expires: Timestamp(now.0 + pair.expires_in),
            refresh_expires: Timestamp(now.0 + pair.refresh_expires_in),
        })
    }

    /// The second-factor code that would be accepted now: the one sent last, or the one an
    /// authenticator app shows.
    #[must_use]
    pub fn mfa_code(&self, email: &str) -> Option<String> {
        let index = self.index(email)?;
        self.inner.lock().current_code(index, self.inner.now())
    }

    #[must_use]
    pub fn counters(&self, email: &str) -> Option<Counters> {
        let index = self.index(email)?;
        Some(self.inner.lock().account(index).counters)
    }

    /// Every request since the start or [`Self::clear_requests`], oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.inner.lock().requests.iter().cloned().collect()
    }

    pub fn clear_requests(&self) {
        self.inner.lock().requests.clear();
    }

    /// Who the account is, and the days worth asking about.
    #[must_use]
    pub fn season(&self, email: &str) -> Option<SeasonFacts> {
        let index = self.index(email)?;
        let athlete = self.inner.lock().account(index).athlete.clone();
        Some(athlete.facts(self.inner.now()))
    }
}

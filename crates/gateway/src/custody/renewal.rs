//! One renewal of one pair: lease, Garmin, commit.

use std::time::Duration;

use domain::contract::CredentialsAnswer;
use domain::id::{AccountId, Generation};
use domain::region::Region;
use garmin::{RefreshError, RenewedPair, TokenPair};
use store::{
    AuditEntry, AuditEvent, LeaseOutcome, LeaseOwner, Rotation, RotationOutcome, StoredCredentials,
};
use tokio::time::Instant;

use crate::metrics::Renewal;

use super::{Cause, Custody, grant, store_failed, unavailable, unreadable};

/// How long the row is ours. A crash in between blocks the account for this long at most.
const LEASE: Duration = Duration::from_mins(1);
/// Garmin's time within it; the rest is for the commit.
const GARMIN: Duration = Duration::from_secs(40);
/// How long to wait for another owner: it is done, or its lease has passed, by then.
const PATIENCE: Duration = Duration::from_secs(75);
/// When a new pair that the store does not take is worth waking somebody.
const COMMIT_ALARM: Duration = Duration::from_mins(5);

/// Garmin may ask for more; people who wait for an answer may not have to.
const LONGEST_REST: Duration = Duration::from_mins(5);

/// What came of a lease that was taken.
enum Renewed {
    Answer(CredentialsAnswer),
    /// A sign-in or another node came in between: look again.
    Overtaken,
}

impl Custody {
    pub(super) async fn rotate(
        &self,
        account: &AccountId,
        seen: Generation,
        cause: Cause,
    ) -> CredentialsAnswer {
        let region = match self.0.store.find_account(account).await {
            Ok(Some(found)) => found.region,
            Ok(None) => return CredentialsAnswer::SignInNeeded,
            Err(error) => return store_failed(account, &error),
        };
        let owner = LeaseOwner::generate(&self.0.node, &*self.0.entropy);
        let give_up = Instant::now() + PATIENCE;
        let mut pause = Pause::first();
        loop {
            let now = self.0.clock.now();
            let lease = self.0.store.take_lease(account, seen, &owner, now.plus(LEASE), now).await;
            match lease {
                Ok(LeaseOutcome::Taken(stored)) => {
                    match self.renew_leased(account, region, &owner, &stored).await {
                        Renewed::Answer(answer) => return answer,
                        Renewed::Overtaken => {}
                    }
                }
                Ok(LeaseOutcome::Newer(stored)) => {
                    match cause {
                        Cause::Refusal => self.0.refusals.give_back(account),
                        Cause::Age => {}
                    }
                    return match Self::open(account, &stored) {
                        Some(grant) => CredentialsAnswer::Granted(grant),
                        None => CredentialsAnswer::SignInNeeded,
                    };
                }
                Ok(LeaseOutcome::Held { .. }) => {}
                Ok(LeaseOutcome::SignInNeeded | LeaseOutcome::Gone) => {
                    return CredentialsAnswer::SignInNeeded;
                }
                Err(error) => return store_failed(account, &error),
            }
            if Instant::now() >= give_up {
                return unavailable(5);
            }
            pause.sleep().await;
        }
    }

    async fn renew_leased(
        &self,
        account: &AccountId,
        region: Region,
        owner: &LeaseOwner,
        stored: &StoredCredentials,
    ) -> Renewed {
        let pair = match TokenPair::from_bytes(&stored.bytes) {
            Ok(pair) => pair,
            Err(error) => {
                unreadable(account, &error);
                self.give_back(account, owner).await;
                return Renewed::Answer(CredentialsAnswer::SignInNeeded);
            }
        };
        let refreshed = tokio::time::timeout(GARMIN, self.tokens(region).renew(&pair)).await;
        match refreshed {
            Ok(Ok(fresh)) => self.commit(account, stored.generation, &fresh).await,
            Ok(Err(RefreshError::Refused)) => self.refused(account, owner, stored.generation).await,
            Ok(Err(RefreshError::Unavailable { reason, retry_after })) => {
                let wait = retry_after.unwrap_or(Duration::from_secs(10)).min(LONGEST_REST);
                self.put_off(account, owner, reason.label(), wait).await
            }
            Err(_) => self.put_off(account, owner, "timeout", Duration::from_secs(10)).await,
        }
    }

    /// From the last byte of Garmin's answer to the end of this a crash costs the session, so
    /// nothing is done in between but this: to seal, and one statement in one round trip.
    ///
    /// The new pair is the only one that Garmin still accepts: the store is asked until it takes
    /// it, or has a newer one, or the process ends. One waits for each account at most.
    async fn commit(&self, account: &AccountId, from: Generation, fresh: &RenewedPair) -> Renewed {
        let RenewedPair { pair: fresh, answered } = fresh;
        let bytes = fresh.to_bytes();
        let rotation =
            Rotation { from, credentials: &bytes, refresh_expires_at: fresh.refresh_expires_at() };
        let began = Instant::now();
        let mut has_rung = false;
        let mut pause = Pause::first();
        loop {
            let now = self.0.clock.now();
            match self.0.store.commit_rotation(account, &rotation, now).await {
                Ok(RotationOutcome::Committed(generation)) => {
                    let (took, metrics) = (answered.elapsed(), &self.0.metrics);
                    metrics.renewal_commit_seconds.record(took.as_secs_f64());
                    self.count(Renewal::Committed);
                    tracing::info!(
                        event = "garmin-refresh-ok",
                        account = %account,
                        generation = generation.0,
                        commit_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                        ""
                    );
                    let grant = grant(fresh, generation);
                    return Renewed::Answer(CredentialsAnswer::Granted(grant));
                }
                Ok(RotationOutcome::Lost) => {
                    self.count(Renewal::Overtaken);
                    tracing::info!(event = "garmin-refresh-overtaken", account = %account, "");
                    return Renewed::Overtaken;
                }
                Err(error) => {
                    if !has_rung && began.elapsed() >= COMMIT_ALARM {
                        has_rung = true;
                        self.count(Renewal::NotStored);
                    }
                    tracing::error!(
                        event = "garmin-refresh-not-stored",
                        account = %account,
                        error = error.label(),
                        "trying again: Garmin accepts no other token now"
                    );
                    pause.sleep().await;
                }
            }
        }
    }

    /// Garmin refused the token. That counts only if it is still the stored one.
    async fn refused(
        &self,
        account: &AccountId,
        owner: &LeaseOwner,
        generation: Generation,
    ) -> Renewed {
        match self.0.store.mark_sign_in_needed(account, owner, generation).await {
            Ok(true) => {
                self.count(Renewal::Refused);
                tracing::warn!(
                    event = "garmin-refresh-refused",
                    account = %account,
                    generation = generation.0,
                    "a new sign-in is needed"
                );
                self.audit_sign_in_needed(account).await;
                Renewed::Answer(CredentialsAnswer::SignInNeeded)
            }
            Ok(false) => Renewed::Overtaken,
            Err(error) => Renewed::Answer(store_failed(account, &error)),
        }
    }

    async fn audit_sign_in_needed(&self, account: &AccountId) {
        let event = AuditEvent::SignInNeeded;
        let entry = AuditEntry { event, account: Some(account), device: None, client: None };
        if let Err(error) = self.0.store.record_audit(&entry, self.0.clock.now()).await {
            tracing::error!(event = "store-failed", error = error.label(), "not in the audit");
        }
    }

    /// Garmin has trouble: the pair is as good as before.
    async fn put_off(
        &self,
        account: &AccountId,
        owner: &LeaseOwner,
        reason: &'static str,
        wait: Duration,
    ) -> Renewed {
        self.count(Renewal::Unavailable);
        tracing::warn!(event = "garmin-refresh-failed", account = %account, reason, "");
        self.give_back(account, owner).await;
        self.rest(account, wait);
        Renewed::Answer(unavailable(wait.as_secs().max(1)))
    }

    async fn give_back(&self, account: &AccountId, owner: &LeaseOwner) {
        if let Err(error) = self.0.store.release_lease(account, owner).await {
            // It ends by itself.
            tracing::warn!(event = "store-failed", account = %account, error = error.label(), "");
        }
    }
}

/// Growing pauses between two looks at the store.
pub(super) struct Pause(Duration);

impl Pause {
    const LONGEST: Duration = Duration::from_secs(1);

    pub(super) fn first() -> Self {
        Self(Duration::from_millis(20))
    }

    pub(super) async fn sleep(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Self::LONGEST);
    }
}

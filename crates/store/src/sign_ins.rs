//! Sign-ins in progress: sealed, so that a restart, a double click or another replica finds
//! them as they were; versioned, so that every step of one happens once.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::SignInId;
use domain::token::{Browser, TokenDigest};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Store;
use crate::error::StoreError;
use crate::pool::{on_pool, written};
use crate::seal::Place;

const STATE: Place = Place { table: "sign_ins", column: "state" };

/// How long a completed sign-in stays, for those who click twice. A row with less than this
/// to live no longer counts as in progress.
pub(crate) const AFTERGLOW: Duration = Duration::from_mins(1);

pub struct NewSignIn<'a> {
    pub id: &'a SignInId,
    /// The browser that may go on with it.
    pub browser: &'a TokenDigest<Browser>,
    pub state: &'a [u8],
    pub expires_at: Timestamp,
}

/// How many sign-ins may be in progress: anybody may begin one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInLimits {
    /// Beyond this the oldest that nobody has answered make room, so that whoever begins many
    /// and answers none keeps nobody out.
    pub in_all: u32,
    /// Beyond this the oldest of the same browser make room: nobody comes back to the pages
    /// they began so long ago.
    pub per_browser: u32,
}

/// Names what a caller has read. Every change makes it stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInVersion(i64);

#[derive(Clone)]
pub struct SignIn {
    pub id: SignInId,
    pub version: SignInVersion,
    pub state: Zeroizing<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    browser: Vec<u8>,
}

impl SignIn {
    /// Whether this is the browser that began it.
    #[must_use]
    pub fn belongs_to(&self, browser: &TokenDigest<Browser>) -> bool {
        self.browser.ct_eq(browser.as_bytes()).into()
    }

    /// The digest of the browser that began it.
    #[must_use]
    pub fn browser(&self) -> &[u8] {
        &self.browser
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn")
            .field("id", &self.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct SignInRow {
    browser_digest: Vec<u8>,
    state: Vec<u8>,
    version: i64,
    created_at: i64,
    expires_at: i64,
}

impl Store {
    /// Begins a sign-in, unless as many as may be are in progress and all were answered.
    #[tracing::instrument(name = "store.sign_ins.add", skip_all)]
    pub async fn add_sign_in(
        &self,
        sign_in: &NewSignIn<'_>,
        most: SignInLimits,
        now: Timestamp,
    ) -> Result<Option<SignInVersion>, StoreError> {
        const MAKE_ROOM_IN_BROWSER: &str = "
            DELETE FROM sign_ins
             WHERE browser_digest = $1
               AND sign_in_id NOT IN (SELECT sign_in_id FROM sign_ins
                                       WHERE browser_digest = $1
                                       ORDER BY created_at DESC, sign_in_id DESC LIMIT $2)";
        // The first version is the page as it was shown. Named twice, because an answer may
        // come between the look and the deletion.
        const MAKE_ROOM: &str = "
            DELETE FROM sign_ins
             WHERE version = 1
               AND sign_in_id IN (SELECT sign_in_id FROM sign_ins
                                   WHERE version = 1 AND expires_at > $1
                                   ORDER BY created_at, sign_in_id
                                   LIMIT CASE WHEN (SELECT COUNT(*) FROM sign_ins
                                                     WHERE expires_at > $1) < $2
                                              THEN 0 ELSE $3 END)";
        const ADD: &str = "
            INSERT INTO sign_ins
                   (sign_in_id, browser_digest, state, version, created_at, expires_at)
            SELECT $1, $2, $3, 1, $4, $5
             WHERE (SELECT COUNT(*) FROM sign_ins WHERE expires_at > $4) < $6";
        let sealed = self.seal(STATE, sign_in.id.as_str(), sign_in.state);
        let others = i64::from(most.per_browser.saturating_sub(1));
        // Several at a time: of those who come at once nobody is left without a place.
        let places = i64::from((most.in_all / 100).max(1));
        let added = on_pool!(self.writer(), |pool| {
            sqlx::query(MAKE_ROOM_IN_BROWSER)
                .bind(sign_in.browser.as_bytes())
                .bind(others)
                .execute(pool)
                .await?;
            sqlx::query(MAKE_ROOM)
                .bind(now.0)
                .bind(i64::from(most.in_all))
                .bind(places)
                .execute(pool)
                .await?;
            sqlx::query(ADD)
                .bind(sign_in.id.as_str())
                .bind(sign_in.browser.as_bytes())
                .bind(sealed)
                .bind(now.0)
                .bind(sign_in.expires_at.0)
                .bind(i64::from(most.in_all))
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok((added == 1).then_some(SignInVersion(1)))
    }

    /// A sign-in that has not expired.
    #[tracing::instrument(name = "store.sign_ins.find", skip_all)]
    pub async fn find_sign_in(
        &self,
        id: &SignInId,
        now: Timestamp,
    ) -> Result<Option<SignIn>, StoreError> {
        const FIND: &str = "
            SELECT browser_digest, state, version, created_at, expires_at
              FROM sign_ins WHERE sign_in_id = $1 AND expires_at > $2";
        let row: Option<SignInRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(id.as_str()).bind(now.0).fetch_optional(pool).await?
        });
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SignIn {
            id: id.clone(),
            version: SignInVersion(row.version),
            state: self.open_sealed(STATE, id.as_str(), &row.state)?,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            browser: row.browser_digest,
        }))
    }

    /// Replaces the state that was read as `version`. Nothing when somebody else was first, or
    /// when it has expired or been finished: read it again and see.
    #[tracing::instrument(name = "store.sign_ins.update", skip_all)]
    pub async fn update_sign_in(
        &self,
        id: &SignInId,
        version: SignInVersion,
        state: &[u8],
        now: Timestamp,
    ) -> Result<Option<SignInVersion>, StoreError> {
        const UPDATE: &str = "
            UPDATE sign_ins SET state = $3, version = version + 1
             WHERE sign_in_id = $1 AND version = $2 AND expires_at > $4
            RETURNING version";
        let sealed = self.seal(STATE, id.as_str(), state);
        let version: Vec<i64> = on_pool!(self.writer(), |pool| {
            sqlx::query_scalar(UPDATE)
                .bind(id.as_str())
                .bind(version.0)
                .bind(sealed)
                .bind(now.0)
                .fetch_all(pool)
                .await?
        });
        Ok(written(version).map(SignInVersion))
    }

    /// The last update of a sign-in that has reached its end: as
    /// [`Store::update_sign_in`], and the row goes a minute later.
    #[tracing::instrument(name = "store.sign_ins.complete", skip_all)]
    pub async fn complete_sign_in(
        &self,
        id: &SignInId,
        version: SignInVersion,
        state: &[u8],
        now: Timestamp,
    ) -> Result<Option<SignInVersion>, StoreError> {
        const COMPLETE: &str = "
            UPDATE sign_ins SET state = $3, version = version + 1, expires_at = $5
             WHERE sign_in_id = $1 AND version = $2 AND expires_at > $4
            RETURNING version";
        let sealed = self.seal(STATE, id.as_str(), state);
        let version: Vec<i64> = on_pool!(self.writer(), |pool| {
            sqlx::query_scalar(COMPLETE)
                .bind(id.as_str())
                .bind(version.0)
                .bind(sealed)
                .bind(now.0)
                .bind(now.plus(AFTERGLOW).0)
                .fetch_all(pool)
                .await?
        });
        Ok(written(version).map(SignInVersion))
    }

    /// Ends a sign-in that was read as `version`. Of many callers one gets true.
    #[tracing::instrument(name = "store.sign_ins.finish", skip_all)]
    pub async fn finish_sign_in(
        &self,
        id: &SignInId,
        version: SignInVersion,
    ) -> Result<bool, StoreError> {
        const FINISH: &str = "DELETE FROM sign_ins WHERE sign_in_id = $1 AND version = $2";
        let finished = on_pool!(self.writer(), |pool| {
            sqlx::query(FINISH)
                .bind(id.as_str())
                .bind(version.0)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(finished == 1)
    }
}

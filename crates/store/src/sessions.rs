//! Browsers that have shown whose account page they may see.
//!
//! A session is never changed but for its end: whoever proves more, or something else, gets
//! another one, under another cookie.

use domain::clock::Timestamp;
use domain::id::{AccountId, SessionId};
use domain::token::{PageSession, TokenDigest};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::seal::Place;
use crate::{Store, corrupt};

const STATE: Place = Place { table: "sessions", column: "state" };

/// Sessions of one account. The oldest makes room for the next.
const MOST_SESSIONS: i64 = 20;

pub struct NewSession<'a> {
    pub id: &'a SessionId,
    pub account: &'a AccountId,
    pub cookie: &'a TokenDigest<PageSession>,
    pub state: &'a [u8],
    pub expires_at: Timestamp,
}

/// A browser we know again.
#[derive(Clone)]
pub struct Session {
    pub id: SessionId,
    pub account: AccountId,
    pub state: Zeroizing<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

pub(crate) const END_ALL: &str = "DELETE FROM sessions WHERE account_id = $1";

impl Store {
    /// Begins a session under the cookie's digest. The account may be gone by now:
    /// [`StoreError::Dangling`].
    #[tracing::instrument(name = "store.sessions.begin", skip_all)]
    pub async fn begin_session(
        &self,
        new: &NewSession<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const MAKE_ROOM: &str = "
            DELETE FROM sessions
             WHERE account_id = $1
               AND session_id NOT IN (SELECT session_id FROM sessions
                                       WHERE account_id = $1
                                       ORDER BY created_at DESC, session_id LIMIT $2)";
        const BEGIN: &str = "
            INSERT INTO sessions
                   (session_id, account_id, browser_digest, state, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)";
        let sealed = self.seal(STATE, new.id.as_str(), new.state);
        in_transaction!(self.writer(), |transaction| {
            sqlx::query(MAKE_ROOM)
                .bind(new.account.as_str())
                .bind(MOST_SESSIONS - 1)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(BEGIN)
                .bind(new.id.as_str())
                .bind(new.account.as_str())
                .bind(new.cookie.as_bytes())
                .bind(sealed)
                .bind(now.0)
                .bind(new.expires_at.0)
                .execute(&mut *transaction)
                .await?;
        });
        Ok(())
    }

    #[tracing::instrument(name = "store.sessions.find", skip_all)]
    pub async fn find_session(
        &self,
        cookie: &TokenDigest<PageSession>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        const FIND: &str = "
            SELECT session_id, account_id, state, created_at, expires_at
              FROM sessions
             WHERE browser_digest = $1 AND expires_at > $2 AND account_id IS NOT NULL";
        let row: Option<(String, String, Vec<u8>, i64, i64)> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(cookie.as_bytes()).bind(now.0).fetch_optional(pool).await?
        });
        let Some((id, account, state, created_at, expires_at)) = row else { return Ok(None) };
        Ok(Some(Session {
            state: self.open_sealed(STATE, &id, &state)?,
            id: SessionId::parse(&id).map_err(corrupt("sessions", "session_id"))?,
            account: AccountId::parse(&account).map_err(corrupt("sessions", "account_id"))?,
            created_at: Timestamp(created_at),
            expires_at: Timestamp(expires_at),
        }))
    }

    /// Moves the end of a session, which is in use.
    #[tracing::instrument(name = "store.sessions.prolong", skip_all)]
    pub async fn prolong_session(
        &self,
        id: &SessionId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        const PROLONG: &str =
            "UPDATE sessions SET expires_at = $2 WHERE session_id = $1 AND expires_at < $2";
        on_pool!(self.writer(), |pool| {
            sqlx::query(PROLONG).bind(id.as_str()).bind(expires_at.0).execute(pool).await?;
        });
        Ok(())
    }

    #[tracing::instrument(name = "store.sessions.end", skip_all)]
    pub async fn end_session(&self, id: &SessionId) -> Result<bool, StoreError> {
        const END: &str = "DELETE FROM sessions WHERE session_id = $1";
        let ended = on_pool!(self.writer(), |pool| {
            sqlx::query(END).bind(id.as_str()).execute(pool).await?.rows_affected()
        });
        Ok(ended == 1)
    }

    /// Ends every session of an account, in whichever browser.
    #[tracing::instrument(name = "store.sessions.end_all", skip_all)]
    pub async fn end_sessions(&self, account: &AccountId) -> Result<u64, StoreError> {
        Ok(on_pool!(self.writer(), |pool| {
            sqlx::query(END_ALL).bind(account.as_str()).execute(pool).await?.rows_affected()
        }))
    }
}

//! Browser sessions on our own pages.

use domain::clock::Timestamp;
use domain::id::SessionId;
use domain::token::{Browser, TokenDigest};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::pool::on_pool;
use crate::seal::Place;
use crate::{Store, corrupt};

const STATE: Place = Place { table: "sessions", column: "state" };

/// A browser we know again.
#[derive(Clone)]
pub struct Session {
    pub id: SessionId,
    pub state: Zeroizing<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Store {
    /// Stores a session, new or changed, under the cookie's digest.
    #[tracing::instrument(name = "store.sessions.put", skip_all)]
    pub async fn put_session(
        &self,
        id: &SessionId,
        browser: &TokenDigest<Browser>,
        state: &[u8],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const PUT: &str = "
            INSERT INTO sessions (session_id, browser_digest, state, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (session_id) DO UPDATE
               SET browser_digest = excluded.browser_digest, state = excluded.state,
                   expires_at = excluded.expires_at";
        let sealed = self.seal(STATE, id.as_str(), state);
        on_pool!(self.writer(), |pool| {
            sqlx::query(PUT)
                .bind(id.as_str())
                .bind(browser.as_bytes())
                .bind(sealed)
                .bind(now.0)
                .bind(expires_at.0)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    #[tracing::instrument(name = "store.sessions.find", skip_all)]
    pub async fn find_session(
        &self,
        browser: &TokenDigest<Browser>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        const FIND: &str = "
            SELECT session_id, state, created_at, expires_at
              FROM sessions WHERE browser_digest = $1 AND expires_at > $2";
        let row: Option<(String, Vec<u8>, i64, i64)> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(browser.as_bytes()).bind(now.0).fetch_optional(pool).await?
        });
        let Some((id, state, created_at, expires_at)) = row else { return Ok(None) };
        Ok(Some(Session {
            state: self.open_sealed(STATE, &id, &state)?,
            id: SessionId::parse(&id).map_err(corrupt("sessions", "session_id"))?,
            created_at: Timestamp(created_at),
            expires_at: Timestamp(expires_at),
        }))
    }

    #[tracing::instrument(name = "store.sessions.end", skip_all)]
    pub async fn end_session(&self, id: &SessionId) -> Result<bool, StoreError> {
        const END: &str = "DELETE FROM sessions WHERE session_id = $1";
        let ended = on_pool!(self.writer(), |pool| {
            sqlx::query(END).bind(id.as_str()).execute(pool).await?.rows_affected()
        });
        Ok(ended == 1)
    }
}

//! Whether the database does its work: asked by `/readyz` and by `doctor`.

use domain::clock::Timestamp;
use domain::entropy;
use sqlx::SqlitePool;

use crate::Store;
use crate::error::{Complaint, StoreError, complaint};
use crate::open::CHECKED_AT_START;
use crate::pool::{Pool, on_pool};
use crate::seal::Place;

/// A row of its own among the browser sessions, whose ids never look like this.
const ROW: &str = "check";
const STATE: Place = Place { table: "sessions", column: "state" };
const WORD: &[u8] = b"sealed";

impl Store {
    /// Writes one small sealed row and commits it: proves that there is room, a writer, and
    /// that the file may be written.
    #[tracing::instrument(name = "store.health.write", skip_all)]
    pub async fn check_write(&self, now: Timestamp) -> Result<(), StoreError> {
        const PUT: &str = "
            INSERT INTO sessions (session_id, browser_digest, state, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT (session_id) DO UPDATE
               SET browser_digest = excluded.browser_digest, state = excluded.state,
                   created_at = excluded.created_at, expires_at = excluded.expires_at";
        let sealed = self.seal(STATE, ROW, WORD);
        let digest: [u8; 32] = entropy::bytes(&*self.0.entropy);
        on_pool!(self.writer(), |pool| {
            sqlx::query(PUT)
                .bind(ROW)
                .bind(&digest[..])
                .bind(sealed)
                .bind(now.0)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Leaves a number in the database that only the keys in memory give. They are those of the
    /// database when this is called; wrapping them under another secret does not change it.
    pub(crate) async fn witness_keys(&self) -> Result<(), StoreError> {
        const PUT: &str = "
            INSERT INTO marks (name, value) VALUES ('keys', $1)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        let witness = self.witness();
        // A start writes nothing that is there: it has to succeed on a full disk, too.
        if self.witnessed().await? != Some(witness) {
            on_pool!(self.writer(), |pool| {
                sqlx::query(PUT).bind(witness).execute(pool).await?;
            });
        }
        Ok(())
    }

    /// Whether the database still has the keys that are in memory: one that was exchanged or
    /// restored under us shows here, before anybody's tokens are sealed under keys that are gone.
    #[tracing::instrument(name = "store.health.keys", skip_all)]
    pub async fn check_keys(&self) -> Result<(), StoreError> {
        if self.witnessed().await? == Some(self.witness()) {
            Ok(())
        } else {
            Err(StoreError::Corrupt { table: "marks", column: "value" })
        }
    }

    async fn witnessed(&self) -> Result<Option<i64>, StoreError> {
        const GET: &str = "SELECT value FROM marks WHERE name = 'keys'";
        Ok(on_pool!(self.reader(), |pool| sqlx::query_scalar(GET).fetch_optional(pool).await?))
    }

    fn witness(&self) -> i64 {
        let mac = self.0.keys.index.mac(b"ggw/v1/witness");
        mac[..8].iter().fold(0, |number, byte| number << 8 | i64::from(*byte))
    }

    /// What SQLite finds wrong with its file; nothing when it is sound. PostgreSQL looks after
    /// its own.
    #[tracing::instrument(name = "store.health.integrity", skip_all)]
    pub async fn check_integrity(&self) -> Result<Vec<String>, StoreError> {
        let Pool::Sqlite(pool) = self.reader() else { return Ok(Vec::new()) };
        Ok(quick_check(pool).await?)
    }

    /// Whether the file was too large to be read to its end before this store was opened.
    pub async fn is_unchecked(&self) -> Result<bool, StoreError> {
        match self.reader() {
            Pool::Sqlite(_) => Ok(self.size_bytes().await? > CHECKED_AT_START),
            Pool::Postgres(_) => Ok(false),
        }
    }
}

/// The first five complaints are enough.
pub(crate) async fn quick_check(pool: &SqlitePool) -> Result<Vec<String>, sqlx::Error> {
    let asked = sqlx::query_scalar("PRAGMA quick_check(5)").fetch_all(pool).await;
    let mut said: Vec<String> = match asked {
        // Damage may be where the question itself has to read.
        Err(sqlx::Error::Database(error)) if complaint(&*error) == Complaint::Damaged => {
            vec![error.to_string()]
        }
        other => other?,
    };
    said.retain(|line| line != "ok");
    Ok(said)
}

/// How many bytes the pages of the database are, those that wait in its log among them.
pub(crate) async fn pages(pool: &SqlitePool) -> Result<u64, sqlx::Error> {
    const PAGES: &str = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: i64 = sqlx::query_scalar(PAGES).fetch_one(pool).await?;
    Ok(bytes.unsigned_abs())
}

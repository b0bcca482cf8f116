//! News for every gateway on the database: whose access has ended, and whose account changed.
//!
//! PostgreSQL carries it from node to node at once (LISTEN/NOTIFY). What a broken connection
//! swallows is found by the revision, a number that grows in every transaction that ends
//! access: it is on both databases, and looking at it costs one row.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::console::Revoked;
use domain::entropy::{Entropy, duration_within};
use domain::id::{AccountId, DeviceId};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{PgConnection, SqliteConnection};

use crate::error::StoreError;
use crate::pool::{PATIENCE, Pool, on_pool};
use crate::{Store, corrupt};

/// Something that another gateway, or a console, did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Ended(Revoked),
    /// Somebody signed in to this account, Garmin refused its credentials, or one of its devices
    /// chose other tools.
    Account(AccountId),
    /// Nobody knows what happened lately: nothing that was remembered can be believed.
    Missed,
}

/// How often access has ended so far. Two that are equal: nothing ended in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessRevision(i64);

/// One channel for all schemas of a database; each message begins with its schema.
const CHANNEL: &str = "garmin_gateway";

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Tells the other gateways, inside the transaction that makes the change.
pub(crate) trait Announce {
    /// Access has ended.
    async fn access_ended(&mut self, revoked: Revoked) -> Result<(), sqlx::Error>;
    /// An account is not what it was.
    async fn account_changed(&mut self, account: &AccountId) -> Result<(), sqlx::Error>;
}

const NEXT_REVISION: &str = "UPDATE marks SET value = value + 1 WHERE name = 'access_revision'";

impl Announce for SqliteConnection {
    async fn access_ended(&mut self, _: Revoked) -> Result<(), sqlx::Error> {
        sqlx::query(NEXT_REVISION).execute(self).await.map(drop)
    }

    /// What gateways on one file remember of an account is a second old at most.
    async fn account_changed(&mut self, _: &AccountId) -> Result<(), sqlx::Error> {
        Ok(())
    }
}

impl Announce for PgConnection {
    async fn access_ended(&mut self, revoked: Revoked) -> Result<(), sqlx::Error> {
        // Last in every transaction, so that those that wait for this row hold nothing that
        // its holder waits for.
        sqlx::query(NEXT_REVISION).execute(&mut *self).await?;
        notify(self, &Change::Ended(revoked)).await
    }

    async fn account_changed(&mut self, account: &AccountId) -> Result<(), sqlx::Error> {
        notify(self, &Change::Account(account.clone())).await
    }
}

/// Delivered when the transaction commits, and not at all when it does not.
async fn notify(connection: &mut PgConnection, change: &Change) -> Result<(), sqlx::Error> {
    const NOTIFY: &str = "SELECT pg_notify($1, current_schema() || ' ' || $2)";
    let text = serde_json::to_string(change).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query(NOTIFY).bind(CHANNEL).bind(text).execute(connection).await.map(drop)
}

/// The news as it comes.
#[derive(Debug)]
pub struct Changes(Source);

#[derive(Debug)]
enum Source {
    /// A file tells nobody: its gateways look at the revision.
    File,
    Server(Box<Server>),
}

#[derive(Debug)]
struct Server {
    options: Arc<PgConnectOptions>,
    entropy: Arc<dyn Entropy>,
    line: Option<Line>,
    pause: Duration,
}

#[derive(Debug)]
struct Line {
    listener: PgListener,
    schema: String,
}

impl Changes {
    /// Waits for the next piece of news. [`Change::Missed`] comes whenever the line is there
    /// again, the first time included: what happened before, nobody was told.
    pub async fn next(&mut self) -> Change {
        let Source::Server(server) = &mut self.0 else { return std::future::pending().await };
        loop {
            let Some(line) = &mut server.line else {
                if server.connect().await {
                    return Change::Missed;
                }
                continue;
            };
            // Nothing, or an error: the connection is gone.
            if let Ok(Some(told)) = line.listener.try_recv().await {
                if let Some(change) = read(told.payload(), &line.schema) {
                    return change;
                }
            } else {
                tracing::warn!(event = "news-lost", "the line to the database is down");
                server.line = None;
            }
        }
    }
}

impl Server {
    /// One attempt; after one that fails a pause, different on every node.
    async fn connect(&mut self) -> bool {
        match self.line().await {
            Ok(line) => {
                self.line = Some(line);
                self.pause = FIRST_PAUSE;
                true
            }
            Err(error) => {
                let label = StoreError::from(error).label();
                tracing::warn!(event = "news-lost", error = label, "still no line");
                let range = self.pause / 2..=self.pause;
                tokio::time::sleep(duration_within(&*self.entropy, &range)).await;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                false
            }
        }
    }

    /// A connection beside the pool: it is never given back, and none of the pool's work may
    /// have to wait for want of it.
    async fn line(&self) -> Result<Line, sqlx::Error> {
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with((*self.options).clone());
        let schema = sqlx::query_scalar("SELECT current_schema()::text").fetch_one(&own).await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.eager_reconnect(false);
        listener.ignore_pool_close_event(true);
        listener.listen(CHANNEL).await?;
        Ok(Line { listener, schema })
    }
}

/// `None` for news of another schema. What cannot be read is of a later version of this
/// program: something happened, and nobody here knows what.
fn read(payload: &str, schema: &str) -> Option<Change> {
    let text = payload.strip_prefix(schema)?.strip_prefix(' ')?;
    Some(serde_json::from_str(text).unwrap_or(Change::Missed))
}

impl Store {
    /// News from this database, beginning now.
    #[must_use]
    pub fn changes(&self) -> Changes {
        match self.writer() {
            Pool::Sqlite(_) => Changes(Source::File),
            Pool::Postgres(pool) => Changes(Source::Server(Box::new(Server {
                options: pool.connect_options(),
                entropy: self.0.entropy.clone(),
                line: None,
                pause: FIRST_PAUSE,
            }))),
        }
    }

    /// How often access has ended on this database.
    #[tracing::instrument(name = "store.changes.revision", skip_all)]
    pub async fn access_revision(&self) -> Result<AccessRevision, StoreError> {
        const LOOK: &str = "SELECT value FROM marks WHERE name = 'access_revision'";
        let value =
            on_pool!(self.reader(), |pool| { sqlx::query_scalar(LOOK).fetch_one(pool).await? });
        Ok(AccessRevision(value))
    }

    /// Every device that can still come back with a token, and whose it is.
    #[tracing::instrument(name = "store.changes.live_devices", skip_all)]
    pub async fn live_devices(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(AccountId, DeviceId)>, StoreError> {
        const LIST: &str = "
            SELECT d.account_id, d.device_id FROM devices AS d
             WHERE EXISTS (SELECT 1 FROM access_tokens AS t
                            WHERE t.device_id = d.device_id
                              AND (t.expires_at IS NULL OR t.expires_at > $1))
                OR EXISTS (SELECT 1 FROM refresh_tokens AS r
                            WHERE r.device_id = d.device_id AND r.expires_at > $1
                              AND r.rotated_at IS NULL AND r.refused_at IS NULL)";
        let rows: Vec<(String, String)> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(LIST).bind(now.0).fetch_all(pool).await?
        });
        rows.into_iter()
            .map(|(account, device)| {
                Ok((
                    AccountId::parse(&account).map_err(corrupt("devices", "account_id"))?,
                    DeviceId::parse(&device).map_err(corrupt("devices", "device_id"))?,
                ))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_of_another_schema_is_not_ours_and_news_of_a_later_version_is_a_warning() {
        let told = r#"public {"ended":"everything"}"#;
        assert_eq!(read(told, "public"), Some(Change::Ended(Revoked::Everything)));
        assert_eq!(read(told, "publi"), None);
        assert_eq!(read(told, "other"), None);
        assert_eq!(read(r#"public {"later":1}"#, "public"), Some(Change::Missed));
    }
}

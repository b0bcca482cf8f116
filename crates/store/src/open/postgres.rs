//! PostgreSQL: a server that gateways share.

use std::io;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use super::{OpenError, OpenMode, migration_problem, same_schema};
use crate::address::DatabaseUrl;
use crate::error::StoreError;
use crate::pool::{PATIENCE, Pools};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

const CONNECTIONS: u32 = 16;

pub(super) async fn open(
    url: &DatabaseUrl,
    address: &str,
    mode: OpenMode,
) -> Result<(Pools, Option<PgConnection>), OpenError> {
    let options = options(address)?;
    // One connection outside the pool: a pool tries again until its patience ends, and then
    // only knows that time has passed.
    let mut first = connect(url, &options).await?;
    match mode {
        OpenMode::Serve => {
            be_present(&mut first).await.map_err(StoreError::from)?;
            // Without the limits of the pool: a migration takes as long as it takes.
            MIGRATIONS.run_direct(None, &mut first, false).await.map_err(migration_problem)?;
        }
        OpenMode::Admin => {
            let applied = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
                .fetch_one(&mut first)
                .await;
            same_schema(applied, &MIGRATIONS)?;
        }
    }
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
    let pool = match mode {
        OpenMode::Serve => pool.after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::query(LIMITS).execute(&mut *connection).await?;
                be_present(connection).await
            })
        }),
        OpenMode::Admin => pool,
    };
    let pool = pool.connect_with(options).await.map_err(StoreError::from)?;
    let presence = match mode {
        // Those of the pool come and go: between two of them nobody would be here.
        OpenMode::Serve => Some(first),
        OpenMode::Admin => {
            let closed = first.close().await;
            closed.map_err(|source| OpenError::Unreachable { url: url.to_string(), source })?;
            None
        }
    };
    Ok((Pools::Postgres(pool), presence))
}

/// Nobody waits longer for a lock than for a connection, and nothing that this side has given
/// up goes on over there. Set by a statement, because poolers refuse settings at the start.
const LIMITS: &str = "
    SELECT set_config('lock_timeout', '5s', false), set_config('statement_timeout', '30s', false),
           set_config('idle_in_transaction_session_timeout', '60s', false)";

/// As long as one connection of a gateway lives, nobody replaces the database under it.
async fn be_present(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(BE_PRESENT).bind(LOCK).execute(connection).await.map(drop)
}

/// Any number; beside it stands the schema, which is to a server what a file is to SQLite.
const LOCK: i32 = 0x6761_726d;
const BE_PRESENT: &str = "SELECT pg_advisory_lock_shared($1, hashtext(current_schema()))";
const TRY_ALONE: &str = "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))";

/// How long the connections of a gateway that has ended may linger.
pub(super) const LEAVING: Duration = Duration::from_secs(2);

pub(super) async fn is_alone(connection: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(TRY_ALONE).bind(LOCK).fetch_one(connection).await?)
}

pub(super) fn options(address: &str) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(address).map_err(OpenError::Address)?;
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("garmin-gateway"),
    })
}

pub(super) async fn connect(
    url: &DatabaseUrl,
    options: &PgConnectOptions,
) -> Result<PgConnection, OpenError> {
    tokio::time::timeout(PATIENCE, PgConnection::connect_with(options))
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
        .map_err(|source| OpenError::Unreachable { url: url.to_string(), source })
}

//! Everything the gateway remembers: one SQL text on SQLite and on PostgreSQL, and everything
//! that names a person sealed under keys that only `GATEWAY_SECRET` opens.
//!
//! What must happen once happens in one statement or in one transaction inside one method: of
//! any number of concurrent callers, on one machine or on many, exactly one wins. Nothing here
//! reads a clock or calls anybody: `now` is an argument, and no transaction leaves a method.

mod accounts;
mod address;
mod alone;
mod audit;
mod backup;
mod changes;
mod clients;
mod devices;
mod error;
mod failures;
mod grants;
mod health;
mod journal;
mod keys;
mod lease;
mod legacy;
mod links;
mod open;
mod pool;
mod refresh;
mod retire;
mod revoke;
mod seal;
mod secret;
mod sessions;
mod settings;
mod sign_ins;
mod stats;
mod usage;
mod usage_daily;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::entropy::Entropy;
use domain::token::{Kind, MalformedToken, Token, TokenDigest, TokenHash};
use sqlx::Connection as _;
use zeroize::Zeroizing;

pub use crate::accounts::{Account, AccountState, Connect, Connected, StoredCredentials};
pub use crate::address::{Backend, BadDatabaseUrl, DatabaseUrl};
pub use crate::alone::Epoch;
pub use crate::audit::{AuditEntry, AuditEvent, AuditRow};
pub use crate::backup::{
    BackupError, BackupPlace, BackupSchedule, BadBackupPlace, Checked, Manifest, Progress, Restore,
    RestoreError, RestoreMode, Restored, S3Access, check as check_backup,
    columns as backup_columns, fetch_backup, restore as restore_backup, retire_backups,
};
pub use crate::changes::{AccessRevision, Change, Changes};
pub use crate::clients::{Client, ClientDetails, ClientSummary, Freshness, NewClient};
pub use crate::devices::{
    DeviceAdded, DeviceSummary, LiveDevice, NewDevice, NewRefresh, NewTokens,
};
pub use crate::error::StoreError;
pub use crate::failures::SignInFailure;
pub use crate::grants::{Grant, NewGrant, PresentedCode};
pub use crate::journal::MOST_WRITES;
pub use crate::keys::Wrapping;
pub use crate::lease::{LeaseOutcome, LeaseOwner, Rotation, RotationOutcome};
pub use crate::legacy::{
    ImportError, ImportMode, ImportOrder, Imported, LeftBehind, NotTaken, OldDatabase,
    OldDatabaseError, OldGateway, OldSecret, OldSession, ReadSession, Reason, Tally,
};
pub use crate::links::Redeemed;
pub use crate::open::{OpenError, OpenMode, OpenOptions};
pub use crate::refresh::{GRACE, LOST_RESPONSE, RefreshOutcome, RefreshRequest, Renewed};
pub use crate::revoke::RevokedDevice;
pub use crate::seal::SealError;
pub use crate::secret::{BadSecret, GatewaySecret};
pub use crate::sessions::{NewSession, Session};
pub use crate::settings::AccountRules;
pub use crate::sign_ins::{NewSignIn, SignIn, SignInLimits, SignInVersion};
pub use crate::stats::{AccountSummary, Stats, Swept};
pub use crate::usage::{Flushed, UsageRow, UsedTool};
pub use crate::usage_daily::{DailyUsage, day_of};

use crate::keys::KeyRing;
use crate::open::Here;
use crate::pool::{Pool, Pools};
use crate::seal::Place;
use crate::stats::LastLongSweep;
use crate::usage::Pending;

/// A handle on the open database; cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    backend: Backend,
    pools: Pools,
    keys: KeyRing,
    wrapping: Wrapping,
    entropy: Arc<dyn Entropy>,
    pending: Mutex<Pending>,
    last_long_sweep: LastLongSweep,
    epoch: Epoch,
    /// Held as long as the store is open.
    presence: Mutex<Option<Here>>,
}

impl Store {
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.0.backend
    }

    /// What every gateway that is alive with this one has in common.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// What the database keeps of a token we issued.
    #[must_use]
    pub fn digest<K: Kind>(&self, token: &Token<K>) -> TokenDigest<K> {
        token.hash().digest(&self.0.keys.pepper)
    }

    /// What the database keeps of a token whose hash is known, such as an imported one.
    #[must_use]
    pub fn digest_of<K>(&self, hash: &TokenHash<K>) -> TokenDigest<K> {
        hash.digest(&self.0.keys.pepper)
    }

    /// What the database would keep of whatever a client presented as a token.
    pub fn digest_presented<K>(&self, presented: &str) -> Result<TokenDigest<K>, MalformedToken> {
        Ok(TokenHash::of_presented(presented)?.digest(&self.0.keys.pepper))
    }

    /// Asks the database whether it answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        crate::pool::on_pool!(self.reader(), |pool| {
            sqlx::query("SELECT 1").execute(pool).await?;
        });
        Ok(())
    }

    /// How much the database takes on its disk, without the changes that wait in its log.
    pub async fn size_bytes(&self) -> Result<u64, StoreError> {
        match self.reader() {
            Pool::Sqlite(pool) => Ok(health::pages(pool).await?),
            Pool::Postgres(pool) => {
                const SIZE: &str = "SELECT pg_database_size(current_database())";
                let bytes: i64 = sqlx::query_scalar(SIZE).fetch_one(pool).await?;
                Ok(bytes.unsigned_abs())
            }
        }
    }

    /// Waits for what is running, then closes every connection. Later calls fail.
    pub async fn close(&self) {
        self.0.pools.close().await;
        let here = self.0.presence.lock().unwrap_or_else(PoisonError::into_inner).take();
        match here {
            // Whoever waits for us to be gone need not wait until the server notices.
            Some(Here::Line(line)) => {
                // One that had ended already needs no farewell.
                let _ = line.close().await;
            }
            Some(Here::File(_)) | None => {}
        }
    }

    fn reader(&self) -> Pool<'_> {
        self.0.pools.reader()
    }

    fn writer(&self) -> Pool<'_> {
        self.0.pools.writer()
    }

    fn seal(&self, place: Place, row: &str, plain: &[u8]) -> Vec<u8> {
        self.0.keys.sealer.seal(&*self.0.entropy, place, row, plain)
    }

    fn open_sealed(
        &self,
        place: Place,
        row: &str,
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.0.keys.sealer.open(place, row, blob).map_err(|error| error.at(place))
    }

    /// A keyed hash for equality lookups of `parts` within `domain`.
    fn blind_index(&self, domain: &str, parts: &[&str]) -> Vec<u8> {
        let mut message = Vec::from(domain);
        for part in parts {
            // A length in front of each part, so that no two lists read alike.
            message.push(0);
            message.extend_from_slice(part.len().to_string().as_bytes());
            message.push(b':');
            message.extend_from_slice(part.as_bytes());
        }
        self.0.keys.index.mac(&message).to_vec()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("backend", &self.0.backend).finish_non_exhaustive()
    }
}

/// For rows that this program cannot have written.
fn corrupt<E>(table: &'static str, column: &'static str) -> impl FnOnce(E) -> StoreError {
    move |_| StoreError::Corrupt { table, column }
}

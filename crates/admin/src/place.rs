//! Where a gateway keeps its things.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::clock::SystemClock;
use domain::entropy::OsEntropy;
use store::{DatabaseUrl, GatewaySecret, OpenMode, OpenOptions, S3Access, Store};

use crate::AdminError;
use crate::socket::Gateway;

/// The part of a gateway's configuration that leads to its data.
pub struct Place {
    pub data_dir: PathBuf,
    pub database_url: DatabaseUrl,
    pub secret: GatewaySecret,
    pub old_secret: Option<GatewaySecret>,
    /// How buckets are reached.
    pub s3: S3Access,
}

impl Place {
    /// Opens the store beside whoever else has it open: nothing is created or migrated.
    pub(crate) async fn store(&self) -> Result<Store, AdminError> {
        let options = OpenOptions {
            mode: OpenMode::Admin,
            old_secret: self.old_secret.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        };
        Ok(Store::open(&self.database_url, &self.secret, options).await?)
    }

    /// Where something large may lie for a while: on the gateway's own disk, where there is one.
    /// The system's place for such things may be memory.
    pub(crate) fn spool(&self) -> PathBuf {
        if self.data_dir.is_dir() { self.data_dir.clone() } else { std::env::temp_dir() }
    }

    pub(crate) fn gateway(&self) -> Gateway {
        Self::gateway_in(&self.data_dir)
    }

    pub(crate) fn gateway_in(data_dir: &Path) -> Gateway {
        Gateway::in_dir(data_dir)
    }
}

//! Where a gateway keeps its things.

use std::path::PathBuf;
use std::sync::Arc;

use domain::clock::SystemClock;
use domain::entropy::OsEntropy;
use secrecy::{ExposeSecret as _, SecretString};
use store::{DatabaseUrl, GatewaySecret, OpenMode, OpenOptions, Store};

use crate::AdminError;
use crate::socket::Gateway;

/// The part of a gateway's configuration that leads to its data.
pub struct Place {
    pub data_dir: PathBuf,
    pub database_url: SecretString,
    pub secret: SecretString,
    pub old_secret: Option<SecretString>,
}

impl Place {
    /// Opens the store beside whoever else has it open: nothing is created or migrated.
    pub(crate) async fn store(&self) -> Result<Store, AdminError> {
        let url = DatabaseUrl::parse(self.database_url.expose_secret())?;
        let secret = GatewaySecret::parse(self.secret.expose_secret())?;
        let old_secret = self.old_secret.as_ref();
        let old_secret =
            old_secret.map(|old| GatewaySecret::parse(old.expose_secret())).transpose()?;
        let options = OpenOptions {
            mode: OpenMode::Admin,
            old_secret,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        };
        Ok(Store::open(&url, &secret, options).await?)
    }

    pub(crate) fn gateway(&self) -> Gateway {
        Gateway::in_dir(&self.data_dir)
    }
}

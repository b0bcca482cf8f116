//! `BACKUP_*`: whether, where and how often the gateway backs itself up.

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use store::{BackupPlace, S3Access};

use super::{ConfigError, Vars};

/// Backups the gateway makes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backups {
    /// A directory, or a prefix in a bucket.
    pub to: BackupPlace,
    pub every: Duration,
    /// How many stay in a directory. A bucket has rules of its own for that.
    pub keep: usize,
}

impl Backups {
    /// Where they lie on this machine.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match &self.to {
            BackupPlace::File(directory) => Some(directory),
            BackupPlace::Object { .. } => None,
        }
    }
}

const ACCEPTS: &str = if cfg!(feature = "s3") {
    "a directory or s3://BUCKET/PREFIX"
} else {
    "a directory (s3://BUCKET/PREFIX needs a program built with the feature s3)"
};

pub(super) fn backups(vars: &Vars) -> Result<Option<Backups>, ConfigError> {
    let to = vars.parsed("BACKUP_TO", ACCEPTS, |text| {
        BackupPlace::parse(text).ok().filter(|place| match place {
            BackupPlace::File(_) => true,
            BackupPlace::Object { .. } => cfg!(feature = "s3"),
        })
    })?;
    let hours = vars.number::<u64>("BACKUP_EVERY", 1..=8_760)?.unwrap_or(24);
    let keep = vars.number::<usize>("BACKUP_KEEP", 1..=10_000)?.unwrap_or(14);
    Ok(to.map(|to| Backups { to, every: Duration::from_hours(hours), keep }))
}

pub(super) fn s3(vars: &Vars) -> S3Access {
    let text = |name| vars.get(name).map(str::to_owned);
    let secret = |name| vars.get(name).map(SecretString::from);
    S3Access {
        endpoint: text("AWS_ENDPOINT_URL"),
        region: text("AWS_REGION"),
        key_id: text("AWS_ACCESS_KEY_ID"),
        secret_key: secret("AWS_SECRET_ACCESS_KEY"),
        session_token: secret("AWS_SESSION_TOKEN"),
    }
}

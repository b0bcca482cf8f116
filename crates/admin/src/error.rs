//! What an operator is told when a command cannot do its work.

use std::io;
use std::path::PathBuf;

use store::{BackupError, OldDatabaseError, OpenError, RestoreError, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error("cannot open the database")]
    Open(#[from] OpenError),
    #[error("cannot read or write the database")]
    Store(#[from] StoreError),
    #[error("cannot write the answer")]
    Output(#[from] io::Error),
    #[error("there is no account {0}")]
    NoSuchAccount(String),
    #[error("there is no device {0}")]
    NoSuchDevice(String),
    #[error("there is no client {0}")]
    NoSuchClient(String),
    #[error("{0} is the beginning of more than one id")]
    Ambiguous(String),
    #[error("nothing was brought over")]
    Import(#[source] OldDatabaseError),
    #[error("cannot read {}", path.display())]
    OldSecret { path: PathBuf, source: io::Error },
    #[error("the backup at {place} was not made")]
    Backup { place: String, source: BackupError },
    #[error("the backup at {place} cannot be used")]
    Check { place: String, source: BackupError },
    #[error("the backup at {place} was not restored; the database is as it was")]
    Restore { place: String, source: RestoreError },
    #[error("{0} is neither a path nor s3://BUCKET/KEY")]
    NoPlace(String),
    #[error("GATEWAY_SECRET_OLD is not set: there is no secret to change from")]
    NoOldSecret,
    #[error("not confirmed; nothing was changed")]
    NotConfirmed,
    #[error("no gateway is running on {}", data_dir.display())]
    NoGateway { data_dir: PathBuf },
    #[error("cannot read {}", path.display())]
    LogFile { path: PathBuf, source: io::Error },
    #[error("cannot talk to the gateway at {}", path.display())]
    Socket { path: PathBuf, source: io::Error },
    #[error("the gateway at {} answered: {message}", path.display())]
    Refused { path: PathBuf, message: String },
}

/// What kind of trouble it is, for who calls this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The configuration has to change first.
    Configuration,
    /// The same command may work later.
    Passing,
    Other,
}

impl AdminError {
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Open(error) | Self::Restore { source: RestoreError::Open(error), .. } => {
                error.into()
            }
            Self::Store(error) => storing(error),
            Self::Backup { source, .. }
            | Self::Check { source, .. }
            | Self::Restore { source: RestoreError::Backup(source), .. } => backing_up(source),
            Self::NoOldSecret | Self::Import(OldDatabaseError::WrongSecret { .. }) => {
                Trouble::Configuration
            }
            Self::Import(OldDatabaseError::Busy { .. }) => Trouble::Passing,
            Self::Restore {
                source: RestoreError::NotEmpty { .. } | RestoreError::Inconsistent(_),
                ..
            }
            | Self::Import(
                OldDatabaseError::Unreadable { .. }
                | OldDatabaseError::NotADatabase { .. }
                | OldDatabaseError::Damaged { .. }
                | OldDatabaseError::OurOwn { .. }
                | OldDatabaseError::Foreign { .. }
                | OldDatabaseError::Incomplete { .. },
            )
            | Self::Output(_)
            | Self::NoSuchAccount(_)
            | Self::NoSuchDevice(_)
            | Self::NoSuchClient(_)
            | Self::Ambiguous(_)
            | Self::OldSecret { .. }
            | Self::NoPlace(_)
            | Self::NotConfirmed
            | Self::LogFile { .. }
            | Self::NoGateway { .. }
            | Self::Socket { .. }
            | Self::Refused { .. } => Trouble::Other,
        }
    }

    /// The next step, where it is not part of the message.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoSuchAccount(_) => {
                Some("`garmin-gateway accounts` lists them; --reveal shows e-mail addresses")
            }
            Self::NoSuchDevice(_) => Some("`garmin-gateway devices` lists them"),
            Self::NoSuchClient(_) => Some("`garmin-gateway clients` lists them"),
            Self::Ambiguous(_) => Some("give more of it; `--json` shows ids in full"),
            Self::OldSecret { .. } => Some("name a file that holds the other gateway's secret"),
            Self::Socket { .. } => Some("run the command as the user the gateway runs as"),
            Self::NoGateway { .. } => Some("start it, check DATA_DIR, or read its log with --file"),
            Self::Restore { source: RestoreError::NotEmpty { .. }, .. } => {
                Some("--replace deletes what is there; `backup` first if it may be needed")
            }
            Self::Restore { source: RestoreError::Open(OpenError::InUse { .. }), .. } => {
                Some("stop every gateway on this database, then restore")
            }
            Self::Backup { source: BackupError::Io(error), .. }
                if error.kind() == io::ErrorKind::AlreadyExists =>
            {
                Some("a backup replaces nothing: choose a name that is free")
            }
            Self::NoOldSecret => Some(
                "set GATEWAY_SECRET to the new secret and GATEWAY_SECRET_OLD to the present one",
            ),
            Self::NoPlace(_) => {
                Some("for example backup-today.ggb, - for stdout, or s3://bucket/key")
            }
            Self::NotConfirmed => Some("answer y, or give --yes"),
            Self::LogFile { .. } => Some("GATEWAY_LOG_FILE says where the gateway writes one"),
            Self::Import(OldDatabaseError::WrongSecret { .. }) => Some(
                "the other gateway's secret is in its .env or its platform's settings; nothing \
                 was changed here",
            ),
            Self::Import(_) => {
                Some("README.md, `Moving from the Python gateway`, says what is read")
            }
            Self::Open(_)
            | Self::Store(_)
            | Self::Backup { .. }
            | Self::Check { .. }
            | Self::Restore { .. }
            | Self::Refused { .. } => Some("`garmin-gateway doctor` says what is wrong"),
            Self::Output(_) => Some("is the disk full that stdout goes to?"),
        }
    }
}

impl From<&OpenError> for Trouble {
    fn from(error: &OpenError) -> Self {
        match error {
            OpenError::WrongSecret | OpenError::WrongSecrets | OpenError::Address(_) => {
                Trouble::Configuration
            }
            OpenError::InUse { .. } | OpenError::Unreachable { .. } => Trouble::Passing,
            OpenError::Store(error) => storing(error),
            OpenError::KeysMissing
            | OpenError::NewerSchema { .. }
            | OpenError::OlderSchema
            | OpenError::NotThere { .. }
            | OpenError::Unreadable { .. }
            | OpenError::NotADatabase { .. }
            | OpenError::Damaged { .. }
            | OpenError::Lost { .. }
            | OpenError::Foreign { .. }
            | OpenError::Migrate(_) => Trouble::Other,
        }
    }
}

fn storing(error: &StoreError) -> Trouble {
    if error.is_retryable() { Trouble::Passing } else { Trouble::Other }
}

fn backing_up(error: &BackupError) -> Trouble {
    match error {
        BackupError::WrongSecret => Trouble::Configuration,
        BackupError::Store(error) => storing(error),
        BackupError::Io(_)
        | BackupError::NotABackup
        | BackupError::NewerFormat
        | BackupError::NewerSchema { .. }
        | BackupError::Truncated
        | BackupError::Damaged
        | BackupError::NoBuckets
        | BackupError::Bucket(_)
        | BackupError::TooLarge => Trouble::Other,
    }
}

//! What an operator is told when a command cannot do its work.

use std::io;
use std::path::PathBuf;

use store::{OpenError, StoreError};

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
    #[error("not confirmed; nothing was revoked")]
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

impl AdminError {
    /// The next step, where it is not part of the message.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoSuchAccount(_) | Self::NoSuchDevice(_) => {
                Some("`garmin-gateway revoke --list` shows what there is")
            }
            Self::Socket { .. } => Some("run the command as the user the gateway runs as"),
            Self::NoGateway { .. } => Some("start it, check DATA_DIR, or read its log with --file"),
            Self::Open(_)
            | Self::LogFile { .. }
            | Self::Store(_)
            | Self::Output(_)
            | Self::NotConfirmed
            | Self::Refused { .. } => None,
        }
    }
}

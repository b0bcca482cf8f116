//! Talking to a running gateway through the socket in its data directory.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::console::{Answer, MAX_LINE, Request, SOCKET};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::AdminError;

/// A gateway answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(2);

/// The gateway that may be running on this data directory.
pub(crate) struct Gateway {
    path: PathBuf,
}

impl Gateway {
    pub(crate) fn in_dir(data_dir: &Path) -> Self {
        Self { path: data_dir.join(SOCKET) }
    }

    /// Asks one question. `None` when no gateway listens there: that is a state of the world,
    /// not a failure. A socket that is there and does not answer is one.
    pub(crate) async fn ask(&self, request: &Request) -> Result<Option<Answer>, AdminError> {
        let asked = timeout(PATIENCE, self.exchange(request)).await;
        match asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(Some(Answer::Failed { message })) => {
                Err(AdminError::Refused { path: self.path.clone(), message })
            }
            Ok(answer) => Ok(answer),
            Err(source) => Err(AdminError::Socket { path: self.path.clone(), source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A connection, unless nobody listens.
    pub(crate) async fn connect(&self) -> io::Result<Option<UnixStream>> {
        match UnixStream::connect(&self.path).await {
            Ok(stream) => Ok(Some(stream)),
            // Never started here, or ended without tidying up.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn exchange(&self, request: &Request) -> io::Result<Option<Answer>> {
        let Some(mut stream) = self.connect().await? else { return Ok(None) };
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut answer = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        BufReader::new(stream).take(limit).read_until(b'\n', &mut answer).await?;
        if answer.last() != Some(&b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(serde_json::from_slice(&answer)?))
    }
}

//! A directory on the person's own machine as keeper. Here, and only here, this process holds
//! a refresh token.

use std::sync::Arc;

use domain::clock::Clock;
use domain::id::Generation;
use garmin::{
    Access, AccessError, AccessSource, BoxFuture, RefreshError, TokenPair, Tokens, Transport,
};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::files::{DirectoryError, Files, Locked, Saved};

/// The sign-in of one person on their own machine. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    inner: Arc<Inner>,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Inner {
    files: Files,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    /// One refresh at a time in this process; the file lock does the same between processes.
    turn: Mutex<()>,
}

impl Directory {
    pub(crate) fn open(
        path: std::path::PathBuf,
        transport: Transport,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DirectoryError> {
        let files = Files::open(path, transport.upstream().region)?;
        let tokens = Tokens::new(transport, Arc::clone(&clock));
        let inner = Inner { files, tokens, clock, turn: Mutex::default() };
        Ok(Self { inner: Arc::new(inner), tasks: TaskTracker::new() })
    }

    /// Whether somebody has signed in here, whatever Garmin thinks of it by now.
    pub(crate) fn has_sign_in(&self) -> bool {
        self.inner.files.has_pair()
    }

    /// Where the sign-in lies.
    pub(crate) fn path(&self) -> &std::path::Path {
        self.inner.files.directory()
    }

    /// What is wrong with the saved sign-in, for people; `None` when it can be read or is not
    /// there.
    pub(crate) fn trouble(&self) -> Option<DirectoryError> {
        self.inner.files.load().err()
    }

    /// Saves a fresh sign-in. It replaces whatever lay there.
    pub(crate) async fn keep(&self, pair: TokenPair) -> Result<(), DirectoryError> {
        let _turn = self.inner.turn.lock().await;
        let lock = self.inner.lock().await?;
        // A file that cannot be read has nothing worth keeping, nor a generation to exceed.
        let before = self.inner.files.load().ok().flatten();
        let generation = before.map_or(Generation(1), |saved| saved.generation.next());
        self.inner.files.save(&lock, &Saved { generation, pair, refused: false })
    }

    /// Waits for what must not be broken off, such as a refresh that Garmin has seen.
    pub(crate) async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Inner {
    async fn access(&self, refused: Option<Generation>) -> Result<Access, AccessError> {
        let _turn = self.turn.lock().await;
        if let Some(access) = self.usable(self.load()?, refused)? {
            return Ok(access);
        }
        let lock = self.lock().await.map_err(|error| unavailable(&error))?;
        // Another process may have refreshed while this one waited.
        let Some(saved) = self.load()? else { return Err(AccessError::SignInNeeded) };
        if let Some(access) = self.usable(Some(saved.clone()), refused)? {
            return Ok(access);
        }
        match self.tokens.refresh(&saved.pair).await {
            Ok(pair) => {
                let fresh = Saved { generation: saved.generation.next(), pair, refused: false };
                // Before it is used: Garmin no longer takes the old one.
                self.files.save(&lock, &fresh).map_err(|error| unavailable(&error))?;
                Ok(access(&fresh))
            }
            Err(RefreshError::Refused) => {
                let refused = Saved { refused: true, ..saved };
                self.files.save(&lock, &refused).map_err(|error| unavailable(&error))?;
                Err(AccessError::SignInNeeded)
            }
            Err(RefreshError::Unavailable { retry_after, .. }) => {
                Err(AccessError::Unavailable { retry_after })
            }
        }
    }

    /// The saved token, unless it is the refused one, older, or past its end.
    fn usable(
        &self,
        saved: Option<Saved>,
        refused: Option<Generation>,
    ) -> Result<Option<Access>, AccessError> {
        let Some(saved) = saved else { return Err(AccessError::SignInNeeded) };
        if saved.refused {
            return Err(AccessError::SignInNeeded);
        }
        let newer = refused.is_none_or(|refused| saved.generation > refused);
        let alive = self.clock.now() < saved.pair.access_expires_at();
        Ok((newer && alive).then(|| access(&saved)))
    }

    fn load(&self) -> Result<Option<Saved>, AccessError> {
        match self.files.load() {
            Ok(saved) => Ok(saved),
            // A sign-in replaces the file, so that is what helps.
            Err(DirectoryError::NotOurs { .. } | DirectoryError::OtherRegion { .. }) => {
                Err(AccessError::SignInNeeded)
            }
            Err(error @ (DirectoryError::Unusable { .. } | DirectoryError::Foreign { .. })) => {
                Err(unavailable(&error))
            }
        }
    }

    /// The file lock, waited for on a thread that may block.
    async fn lock(&self) -> Result<Locked, DirectoryError> {
        let files = self.files.clone();
        let path = files.directory().to_owned();
        let locked = tokio::task::spawn_blocking(move || files.lock()).await;
        locked.unwrap_or_else(|error| {
            Err(DirectoryError::Unusable { path, source: std::io::Error::other(error) })
        })
    }
}

fn unavailable(error: &DirectoryError) -> AccessError {
    tracing::error!(event = "keeper.directory", error = %error, "the saved sign-in is out of reach");
    AccessError::Unavailable { retry_after: None }
}

fn access(saved: &Saved) -> Access {
    Access {
        token: saved.pair.access().clone(),
        generation: saved.generation,
        expires_at: saved.pair.access_expires_at(),
    }
}

impl AccessSource for Directory {
    fn access(&self, refused: Option<Generation>) -> BoxFuture<'_, Result<Access, AccessError>> {
        // A task of its own: a caller that goes away must not break off between Garmin's
        // answer and the disk.
        let inner = Arc::clone(&self.inner);
        let asked = self.tasks.spawn(async move { inner.access(refused).await });
        Box::pin(async move {
            asked.await.unwrap_or(Err(AccessError::Unavailable { retry_after: None }))
        })
    }
}

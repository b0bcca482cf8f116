//! A directory on the person's own machine as keeper. Here, and only here, this process holds
//! a refresh token.

use std::sync::{Arc, PoisonError};

use domain::clock::Clock;
use domain::id::Generation;
use domain::tools::ToolChoice;
use garmin::{
    Access, AccessError, AccessSource, BoxFuture, GarminGuid, RefreshError, TokenPair, Tokens,
    Transport,
};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::book::Book;
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
    /// A pair that Garmin has given and the disk has refused. Garmin no longer takes the one
    /// in the file, so this must not be lost while the process lives.
    unsaved: std::sync::Mutex<Option<Saved>>,
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
        let unsaved = std::sync::Mutex::default();
        let inner = Inner { files, tokens, clock, unsaved, turn: Mutex::default() };
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

    /// The journal beside the sign-in.
    pub(crate) fn book(&self) -> Book {
        Book::new(self.clone(), Arc::clone(&self.inner.clock))
    }

    /// Whose sign-in lies here.
    pub(crate) fn person(&self) -> Option<GarminGuid> {
        Some(self.inner.files.load().ok()??.pair.guid().clone())
    }

    /// Removes the sign-in. Somebody who signs in at this moment comes before or after.
    pub(crate) async fn sign_out(&self) -> Result<(), DirectoryError> {
        let _turn = self.inner.turn.lock().await;
        let lock = self.inner.lock().await?;
        self.inner.hold(None);
        self.inner.files.remove(&lock)
    }

    /// Which tools are shown here; the default when nothing was chosen.
    pub(crate) fn tools(&self) -> ToolChoice {
        self.inner.files.tools()
    }

    pub(crate) async fn choose_tools(&self, choice: &ToolChoice) -> Result<(), DirectoryError> {
        let lock = self.inner.lock().await?;
        self.inner.files.choose_tools(&lock, choice)
    }

    /// Where files are saved for the person.
    pub(crate) fn downloads(&self) -> Option<std::path::PathBuf> {
        self.inner.files.downloads()
    }

    pub(crate) async fn choose_downloads(
        &self,
        directory: &std::path::Path,
    ) -> Result<std::path::PathBuf, DirectoryError> {
        let lock = self.inner.lock().await?;
        self.inner.files.choose_downloads(&lock, directory)
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
        self.inner.files.save(&lock, &Saved { generation, pair, refused: false })?;
        self.inner.hold(None);
        Ok(())
    }

    /// Waits for what must not be broken off, such as a refresh that Garmin has seen.
    pub(crate) async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        if self.inner.held().is_some() {
            // The last chance.
            let _ = self.inner.save_held().await;
        }
    }
}

impl Inner {
    async fn access(&self, refused: Option<Generation>) -> Result<Access, AccessError> {
        let _turn = self.turn.lock().await;
        if self.held().is_some() {
            // What cannot be saved can be used all the same.
            let _ = self.save_held().await;
        }
        if let Some(access) = self.usable(self.load()?, refused)? {
            return Ok(access);
        }
        let lock = self.lock().await.map_err(|error| unavailable(&error))?;
        // Another process may have refreshed while this one waited.
        let Some(saved) = self.load()? else { return Err(AccessError::SignInNeeded) };
        if let Some(access) = self.usable(Some(saved.clone()), refused)? {
            return Ok(access);
        }
        // A disk that takes nothing must show before Garmin takes the old pair back.
        self.files.save(&lock, &saved).map_err(|error| unavailable(&error))?;
        match self.tokens.refresh(&saved.pair).await {
            Ok(pair) => {
                let fresh = Saved { generation: saved.generation.next(), pair, refused: false };
                // Before it is used: Garmin no longer takes the old one.
                if let Err(error) = self.files.save(&lock, &fresh) {
                    tracing::error!(
                        event = "keeper.unsaved", error = %error,
                        "the renewed sign-in is kept in memory until it can be saved"
                    );
                    self.hold(Some(fresh.clone()));
                }
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

    fn held(&self) -> Option<Saved> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, unsaved: Option<Saved>) {
        *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner) = unsaved;
    }

    /// Saves what the disk refused before, unless somebody has signed in meanwhile.
    async fn save_held(&self) -> Result<(), DirectoryError> {
        let lock = self.lock().await?;
        let Some(held) = self.held() else { return Ok(()) };
        let replaced = match self.files.load() {
            Ok(Some(saved)) => saved.generation >= held.generation,
            Ok(None) | Err(_) => false,
        };
        if !replaced {
            self.files.save(&lock, &held)?;
        }
        self.hold(None);
        Ok(())
    }

    fn load(&self) -> Result<Option<Saved>, AccessError> {
        if let Some(held) = self.held() {
            return Ok(Some(held));
        }
        match self.files.load() {
            Ok(saved) => Ok(saved),
            // A sign-in replaces the file, so that is what helps.
            Err(DirectoryError::NotOurs { .. } | DirectoryError::OtherRegion { .. }) => {
                Err(AccessError::SignInNeeded)
            }
            Err(
                error @ (DirectoryError::Unusable { .. }
                | DirectoryError::Foreign { .. }
                | DirectoryError::Shared { .. }),
            ) => Err(unavailable(&error)),
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

#[cfg(test)]
mod tests {
    use domain::clock::SystemClock;
    use simulator::{AccountSpec, Simulator, SimulatorOptions};

    use super::*;
    use crate::desktop::Login;
    use crate::stdio::{Parts, parts};

    #[tokio::test]
    async fn a_renewed_sign_in_survives_a_disk_that_refuses_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let accounts = vec![AccountSpec::new("jo@example.org", "correct horse")];
        let options = SimulatorOptions::new(Arc::new(SystemClock), accounts);
        let garmin = Simulator::start(listener, options).await.unwrap();
        let place = tempfile::tempdir().unwrap();
        let Parts { keeper, desktop, .. } =
            parts(place.path().to_owned(), garmin.urls().clone(), None).unwrap();
        let email = domain::email::LoginEmail::parse("jo@example.org").unwrap();
        desktop.sign_in(&Login { email, password: "correct horse".into() }).await.unwrap();
        let saved = keeper.inner.files.load().unwrap().unwrap();
        let refreshes = || garmin.control().counters("jo@example.org").unwrap();

        // A name that is taken by a directory stands for a full disk.
        let taken = place.path().join("tokens.json.new");
        std::fs::create_dir(&taken).unwrap();
        let before = refreshes();
        let refused = Some(saved.generation);
        let asked = keeper.access(refused).await;
        assert!(matches!(asked, Err(AccessError::Unavailable { .. })), "{asked:?}");
        assert_eq!(refreshes(), before, "Garmin must not hear of it");

        // The disk fills up between the two writes.
        let pair = keeper.inner.tokens.refresh(&saved.pair).await.unwrap();
        let fresh = Saved { generation: saved.generation.next(), pair, refused: false };
        keeper.inner.hold(Some(fresh.clone()));
        let access = keeper.access(refused).await.unwrap();
        assert_eq!(access.generation, fresh.generation);
        let on_disk = || keeper.inner.files.load().unwrap().unwrap().generation;
        assert_eq!(on_disk(), saved.generation);
        std::fs::remove_dir(&taken).unwrap();
        keeper.access(None).await.unwrap();
        assert_eq!(on_disk(), fresh.generation);
        assert!(keeper.inner.held().is_none());
    }
}

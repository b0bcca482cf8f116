//! The directory that holds a desktop sign-in: private, locked, and never half-written.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use domain::id::Generation;
use domain::region::Region;
use domain::tools::ToolChoice;
use garmin::TokenPair;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

const PAIR: &str = "tokens.json";
const LOCK: &str = "lock";
const TOOLS: &str = "tools";
const DOWNLOADS: &str = "downloads";
const LARGEST_CHOICE: u64 = 4 * 1024;
/// Nothing of ours is larger; anything else in this place is not ours.
const LARGEST_PAIR: u64 = 256 * 1024;

/// Why the directory cannot be used. Names paths, never contents.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("`{path}` cannot be used: {source}")]
    Unusable { path: PathBuf, source: io::Error },
    #[error("`{path}` belongs to another user of this machine")]
    Foreign { path: PathBuf },
    #[error("`{path}` holds no sign-in of this program; remove it and sign in again")]
    NotOurs { path: PathBuf },
    #[error("`{path}` holds files of others and is open to them; name a directory of its own")]
    Shared { path: PathBuf },
    #[error("`{path}` holds a sign-in for the other Garmin region; GARMIN_DOMAIN must match")]
    OtherRegion { path: PathBuf },
}

/// A pair as it lies in the directory.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) generation: Generation,
    pub(super) pair: TokenPair,
    /// Garmin has refused this pair's refresh token: only a sign-in helps.
    pub(super) refused: bool,
}

#[derive(Serialize)]
struct Out<'a> {
    version: u32,
    region: Region,
    generation: Generation,
    refused: bool,
    tokens: &'a RawValue,
}

#[derive(Deserialize)]
struct In<'a> {
    region: Region,
    generation: Generation,
    #[serde(default)]
    refused: bool,
    #[serde(borrow)]
    tokens: &'a RawValue,
}

const VERSION: u32 = 1;

#[derive(Debug, Clone)]
pub(super) struct Files {
    directory: PathBuf,
    region: Region,
}

/// Held while one process changes the directory; released when dropped, or by death.
#[derive(Debug)]
pub(super) struct Locked(#[expect(dead_code, reason = "the descriptor holds the lock")] File);

impl Files {
    /// Opens the directory, making it (0700) if need be. One that is open to others is closed
    /// to them, unless it holds something else than a sign-in: then it is not ours to close.
    pub(super) fn open(directory: PathBuf, region: Region) -> Result<Self, DirectoryError> {
        let unusable = |source| DirectoryError::Unusable { path: directory.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(unusable)?;
        let found = std::fs::metadata(&directory).map_err(unusable)?;
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(DirectoryError::Foreign { path: directory });
        }
        if found.mode() & 0o077 != 0 {
            let ours = [PAIR, LOCK].iter().any(|name| directory.join(name).exists());
            let empty = std::fs::read_dir(&directory).map_err(unusable)?.next().is_none();
            if !ours && !empty {
                return Err(DirectoryError::Shared { path: directory });
            }
            std::fs::set_permissions(&directory, Permissions::from_mode(0o700))
                .map_err(unusable)?;
        }
        Ok(Self { directory, region })
    }

    pub(super) fn has_pair(&self) -> bool {
        self.path(PAIR).exists()
    }

    /// Waits until no other process holds the lock.
    pub(super) fn lock(&self) -> Result<Locked, DirectoryError> {
        let path = self.path(LOCK);
        let lock = || {
            let file =
                private(OpenOptions::new().create(true).truncate(false).write(true)).open(&path)?;
            rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
            Ok(Locked(file))
        };
        lock().map_err(|source| DirectoryError::Unusable { path: path.clone(), source })
    }

    pub(super) fn load(&self) -> Result<Option<Saved>, DirectoryError> {
        let path = self.path(PAIR);
        let mut bytes = Zeroizing::new(Vec::new());
        match File::open(&path).and_then(|file| file.take(LARGEST_PAIR).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(DirectoryError::Unusable { path, source }),
        }
        let Ok(saved) = serde_json::from_slice::<In<'_>>(&bytes) else {
            return Err(DirectoryError::NotOurs { path });
        };
        if saved.region != self.region {
            return Err(DirectoryError::OtherRegion { path });
        }
        let Ok(pair) = TokenPair::from_bytes(saved.tokens.get().as_bytes()) else {
            return Err(DirectoryError::NotOurs { path });
        };
        Ok(Some(Saved { generation: saved.generation, pair, refused: saved.refused }))
    }

    /// Replaces the pair in one step: whoever reads sees the old one or the new one, also
    /// after a power cut.
    pub(super) fn save(&self, _: &Locked, saved: &Saved) -> Result<(), DirectoryError> {
        let write = || -> io::Result<_> {
            let tokens = saved.pair.to_bytes();
            let tokens: &RawValue = serde_json::from_slice(&tokens)?;
            let mut bytes = Zeroizing::new(Vec::with_capacity(tokens.get().len() + 1024));
            let out = Out {
                version: VERSION,
                region: self.region,
                generation: saved.generation,
                refused: saved.refused,
                tokens,
            };
            serde_json::to_writer(&mut *bytes, &out)?;
            Ok(bytes)
        };
        let bytes =
            write().map_err(|source| DirectoryError::Unusable { path: self.path(PAIR), source })?;
        self.replace(PAIR, &bytes)
    }

    /// Replaces a file in one step; the caller holds the lock.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), DirectoryError> {
        let path = self.path(name);
        let write = || {
            // A leftover of a crash is replaced; the lock keeps out everybody alive.
            let fresh = self.path(&format!("{name}.new"));
            match std::fs::remove_file(&fresh) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&fresh)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&fresh, &path)?;
            File::open(&self.directory)?.sync_all()
        };
        write().map_err(|source: io::Error| DirectoryError::Unusable { path: path.clone(), source })
    }

    pub(super) fn remove(&self, _: &Locked) -> Result<(), DirectoryError> {
        let path = self.path(PAIR);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(DirectoryError::Unusable { path, source }),
        }
        let synced = File::open(&self.directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| DirectoryError::Unusable { path, source })
    }

    /// What was chosen here; whatever cannot be read is no choice.
    pub(super) fn tools(&self) -> ToolChoice {
        let mut text = String::new();
        let read = File::open(self.path(TOOLS))
            .and_then(|file| file.take(LARGEST_CHOICE).read_to_string(&mut text));
        read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or_default()
    }

    pub(super) fn choose_tools(
        &self,
        _: &Locked,
        choice: &ToolChoice,
    ) -> Result<(), DirectoryError> {
        self.replace(TOOLS, format!("{choice}\n").as_bytes())
    }

    /// Where files are saved for the person, once they have said so.
    pub(super) fn downloads(&self) -> Option<PathBuf> {
        let mut text = String::new();
        let file = File::open(self.path(DOWNLOADS)).ok()?;
        file.take(LARGEST_CHOICE).read_to_string(&mut text).ok()?;
        Some(PathBuf::from(text.trim_end_matches('\n'))).filter(|path| path.is_absolute())
    }

    /// Keeps it, and says in which file.
    pub(super) fn choose_downloads(
        &self,
        _: &Locked,
        directory: &Path,
    ) -> Result<PathBuf, DirectoryError> {
        self.replace(DOWNLOADS, format!("{}\n", directory.display()).as_bytes())?;
        Ok(self.path(DOWNLOADS))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_directory_of_others_is_left_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let shared = place.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        std::fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
        std::fs::write(shared.join("photo.jpg"), "x").unwrap();
        let open = || Files::open(shared.clone(), Region::Global);
        assert!(matches!(open(), Err(DirectoryError::Shared { .. })));
        assert_eq!(mode(&shared), 0o755);
        // With a sign-in in it, it is ours and must not stay open.
        std::fs::write(shared.join(PAIR), "{}").unwrap();
        assert!(open().is_ok());
        assert_eq!(mode(&shared), 0o700);
    }
}

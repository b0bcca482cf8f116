//! Where a backup lies: a file, or an object in a bucket.

use std::fmt;
use std::fs::File;
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

use domain::clock::Timestamp;
use secrecy::SecretString;
use tokio::io::AsyncWriteExt as _;

use super::partial::Partial;
use super::{BackupError, Manifest, Progress};
use crate::Store;

/// A file, or `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupPlace {
    File(PathBuf),
    Object { bucket: String, key: String },
}

/// How buckets are reached: the variables that every S3 program knows.
#[derive(Clone, Default)]
pub struct S3Access {
    /// `None`: Amazon's own, by region.
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub key_id: Option<String>,
    pub secret_key: Option<SecretString>,
    pub session_token: Option<SecretString>,
}

impl fmt::Debug for S3Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Access")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is neither a path nor s3://BUCKET/KEY")]
pub struct BadBackupPlace;

impl BackupPlace {
    pub fn parse(text: &str) -> Result<Self, BadBackupPlace> {
        match text.split_once("://") {
            None if text.is_empty() => Err(BadBackupPlace),
            None => Ok(Self::File(text.into())),
            Some(("s3", rest)) => match rest.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                    Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned() })
                }
                Some(_) | None => Err(BadBackupPlace),
            },
            Some(_) => Err(BadBackupPlace),
        }
    }

    /// The place for a backup of this moment, in a directory or under a prefix.
    #[must_use]
    pub fn inside(&self, now: Timestamp) -> Self {
        let moment = now.to_string().replace([':', '-'], "");
        let name = format!("{PREFIX}{moment}{SUFFIX}");
        match self {
            Self::File(directory) => Self::File(directory.join(name)),
            Self::Object { bucket, key } => {
                let key = format!("{}/{name}", key.trim_end_matches('/'));
                Self::Object { bucket: bucket.clone(), key }
            }
        }
    }
}

const PREFIX: &str = "garmin-gateway-";
const SUFFIX: &str = ".backup";

impl fmt::Display for BackupPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}

impl Store {
    /// Writes a backup where it is to lie: whole, or not at all. Nothing there is replaced. What
    /// is for a bucket lies in the directory `spool` meanwhile. Returns its size too.
    pub async fn backup_to(
        &self,
        place: &BackupPlace,
        access: &S3Access,
        spool: &Path,
        now: Timestamp,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<(Manifest, u64), BackupError> {
        match place {
            BackupPlace::File(path) => {
                let wanted = path.clone();
                let partial = aside(move || Partial::begin(&wanted)).await?;
                let manifest = self.backup_into(partial.file()?, now, progress).await?;
                let length = aside(move || partial.finish()).await?;
                Ok((manifest, length))
            }
            BackupPlace::Object { bucket, key } => {
                // A bucket wants to know the length before the first byte.
                let (file, manifest) = self.spool_backup(spool, now, progress).await?;
                let length = file.metadata()?.len();
                super::s3::put(access, bucket, key, file, length).await?;
                Ok((manifest, length))
            }
        }
    }

    /// A whole backup in a file that has no name in `spool` and goes with its handle, to be read
    /// from its beginning. For whoever may take it slowly: while a backup is written the database
    /// keeps what is overwritten meanwhile.
    pub async fn spool_backup(
        &self,
        spool: &Path,
        now: Timestamp,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<(File, Manifest), BackupError> {
        let mut file = nameless(spool).await?;
        let manifest = self.backup_into(file.try_clone()?, now, progress).await?;
        file.rewind()?;
        Ok((file, manifest))
    }

    async fn backup_into(
        &self,
        file: File,
        now: Timestamp,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Manifest, BackupError> {
        let mut out = tokio::io::BufWriter::new(tokio::fs::File::from_std(file));
        let manifest = self.backup(&mut out, now, progress).await?;
        out.flush().await?;
        Ok(manifest)
    }
}

/// The bytes of a backup as a file that can be read more than once. What comes out of a bucket
/// lies in the directory `spool`.
pub async fn fetch_backup(
    place: &BackupPlace,
    access: &S3Access,
    spool: &Path,
) -> Result<File, BackupError> {
    match place {
        BackupPlace::File(path) => Ok(File::open(path)?),
        BackupPlace::Object { bucket, key } => {
            let mut file = nameless(spool).await?;
            super::s3::get(access, bucket, key, file.try_clone()?).await?;
            file.rewind()?;
            Ok(file)
        }
    }
}

async fn nameless(directory: &Path) -> io::Result<File> {
    let directory = directory.to_owned();
    aside(move || tempfile::tempfile_in(directory)).await
}

/// Runs what waits for a disk, perhaps one behind a network, beside the runtime.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|ended| Err(io::Error::other(ended)))
}

/// Removes all but the newest `keep` backups that [`BackupPlace::inside`] has named in a
/// directory. Names begin with the moment, so they sort by age; the one that was just `made` stays
/// whatever a clock that was ahead has named before.
pub fn retire_backups(directory: &Path, keep: usize, made: &BackupPlace) -> io::Result<usize> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let ours =
            name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if ours && *made != BackupPlace::File(directory.join(&name)) {
            found.push(name);
        }
    }
    found.sort();
    let old = (found.len() + 1).saturating_sub(keep).min(found.len());
    for name in &found[..old] {
        std::fs::remove_file(directory.join(name))?;
    }
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_or_an_object() {
        let object = |bucket: &str, key: &str| {
            Ok(BackupPlace::Object { bucket: bucket.to_owned(), key: key.to_owned() })
        };
        assert_eq!(BackupPlace::parse("s3://b/k/l"), object("b", "k/l"));
        assert_eq!(BackupPlace::parse("a/b"), Ok(BackupPlace::File("a/b".into())));
        for bad in ["", "s3://b", "s3://b/", "s3:///k", "https://x/y"] {
            assert_eq!(BackupPlace::parse(bad), Err(BadBackupPlace), "{bad}");
        }
        let inside = BackupPlace::parse("s3://b/p/").unwrap().inside(Timestamp(1_790_000_000));
        assert_eq!(inside.to_string(), "s3://b/p/garmin-gateway-20260921T141320Z.backup");
    }

    #[test]
    fn the_oldest_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = BackupPlace::File(folder.path().to_owned());
        for day in 0..5 {
            let at = place.inside(Timestamp(1_790_000_000 + day * 86_400));
            std::fs::write(at.to_string(), "").unwrap();
        }
        std::fs::write(folder.path().join("garmin-gateway.db"), "").unwrap();
        let newest = place.inside(Timestamp(1_790_000_000 + 4 * 86_400));
        assert_eq!(retire_backups(folder.path(), 2, &newest).unwrap(), 3);
        assert!(folder.path().join("garmin-gateway.db").exists());
        for (day, kept) in [(2, false), (3, true), (4, true)] {
            let at = place.inside(Timestamp(1_790_000_000 + day * 86_400));
            assert_eq!(Path::new(&at.to_string()).exists(), kept);
        }
        // The one just made bears an older name than one of a clock that was ahead.
        let made = place.inside(Timestamp(1_790_000_000 + 3 * 86_400));
        assert_eq!(retire_backups(folder.path(), 1, &made).unwrap(), 1);
        assert!(Path::new(&made.to_string()).exists());
    }
}

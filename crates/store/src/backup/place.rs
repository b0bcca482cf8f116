//! Where a backup lies: a file, or an object in a bucket.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use domain::clock::Timestamp;
use secrecy::SecretString;
use tokio::io::AsyncWriteExt as _;

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
    /// Writes a backup where it is to lie: whole, or not at all. Nothing there is replaced.
    /// Returns its size too.
    pub async fn backup_to(
        &self,
        place: &BackupPlace,
        access: &S3Access,
        now: Timestamp,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<(Manifest, u64), BackupError> {
        match place {
            BackupPlace::File(path) => {
                let directory = match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    Some(_) | None => Path::new("."),
                };
                if path.try_exists()? {
                    return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
                }
                let (file, manifest) = self.backup_beside(directory, now, progress).await?;
                let length = file.as_file().metadata()?.len();
                file.persist_noclobber(path).map_err(|error| error.error)?;
                // The name has to survive a power cut as the contents do.
                File::open(directory)?.sync_all()?;
                Ok((manifest, length))
            }
            BackupPlace::Object { bucket, key } => {
                // A bucket wants to know the length before the first byte.
                let spool = std::env::temp_dir();
                let (file, manifest) = self.backup_beside(&spool, now, progress).await?;
                let length = file.as_file().metadata()?.len();
                super::s3::put(access, bucket, key, file.reopen()?, length).await?;
                Ok((manifest, length))
            }
        }
    }

    /// A whole backup under a temporary name, for its owner only (mode 0600).
    async fn backup_beside(
        &self,
        directory: &Path,
        now: Timestamp,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<(tempfile::NamedTempFile, Manifest), BackupError> {
        let file = tempfile::Builder::new()
            .prefix(".garmin-gateway-")
            .suffix(".partial")
            .tempfile_in(directory)?;
        let mut out =
            tokio::io::BufWriter::new(tokio::fs::File::from_std(file.as_file().try_clone()?));
        let manifest = self.backup(&mut out, now, progress).await?;
        out.flush().await?;
        out.into_inner().sync_all().await?;
        Ok((file, manifest))
    }
}

/// The bytes of a backup as a file that can be read more than once.
pub async fn fetch_backup(place: &BackupPlace, access: &S3Access) -> Result<File, BackupError> {
    match place {
        BackupPlace::File(path) => Ok(File::open(path)?),
        BackupPlace::Object { bucket, key } => {
            let file = tempfile::tempfile()?;
            super::s3::get(access, bucket, key, file.try_clone()?).await?;
            let mut file = file;
            io::Seek::rewind(&mut file)?;
            Ok(file)
        }
    }
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

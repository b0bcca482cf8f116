//! A backup that is being written: under a name of its own until it is whole.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

const PREFIX: &str = ".garmin-gateway-";
const SUFFIX: &str = ".partial";

/// Locked for as long as somebody writes it, so that what a killed process has left is known.
pub(super) struct Partial {
    file: NamedTempFile,
    path: PathBuf,
}

impl Partial {
    /// For its owner only (mode 0600), beside `path`, where nothing may be. Removes what others
    /// have begun there and did not live to finish.
    pub(super) fn begin(path: &Path) -> io::Result<Self> {
        let directory = directory(path);
        if path.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        remove_abandoned(directory)?;
        loop {
            let file =
                tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(directory)?;
            match file.as_file().try_lock() {
                // Where nothing can be locked nobody takes it for abandoned either.
                Ok(()) | Err(TryLockError::Error(_)) => {}
                Err(TryLockError::WouldBlock) => continue,
            }
            // Somebody may have looked between the two steps.
            if file.path().try_exists()? {
                return Ok(Self { file, path: path.to_owned() });
            }
        }
    }

    pub(super) fn file(&self) -> io::Result<File> {
        self.file.as_file().try_clone()
    }

    /// Gives it its name, on disk. Returns its size.
    pub(super) fn finish(self) -> io::Result<u64> {
        let Self { file, path } = self;
        file.as_file().sync_all()?;
        let length = file.as_file().metadata()?.len();
        file.persist_noclobber(&path).map_err(|error| error.error)?;
        // The name has to survive a power cut as the contents do.
        File::open(directory(&path))?.sync_all()?;
        Ok(length)
    }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn remove_abandoned(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_partial =
            name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_partial
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_goes_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".garmin-gateway-abcdef.partial");
        fs::write(&left, "half of it").unwrap();
        let first = Partial::begin(&folder.path().join("first")).unwrap();
        assert!(!left.exists());
        let second = Partial::begin(&folder.path().join("second")).unwrap();
        assert_eq!(first.finish().unwrap(), 0);
        assert_eq!(second.finish().unwrap(), 0);
        let there = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(there, 2);
    }

    #[test]
    fn nothing_is_replaced_not_even_what_came_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup");
        let partial = Partial::begin(&path).unwrap();
        fs::write(&path, "somebody else's").unwrap();
        for refused in [partial.finish().map(drop), Partial::begin(&path).map(drop)] {
            assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

//! A log file that grows, is cut short, or is moved away and begun anew.

use std::fs::{File, Metadata};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::AdminError;

/// How often a file that has ended is looked at again.
const AGAIN: Duration = Duration::from_millis(200);
/// Where to look for the last lines at most.
const TAIL: u64 = 1024 * 1024;
/// Longer lines are no events of ours.
const LONGEST: usize = 1024 * 1024;

pub(super) struct Follower {
    path: PathBuf,
    file: BufReader<File>,
    /// Where the next byte is read from.
    at: u64,
    /// The beginning of a line that is still being written.
    begun: Vec<u8>,
    /// Lines from before, to begin with.
    earlier: std::vec::IntoIter<String>,
}

impl Follower {
    pub(super) fn open(path: &Path, lines: usize) -> Result<Self, AdminError> {
        let unreadable = |source| AdminError::LogFile { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let mut follower = Self {
            path: path.to_owned(),
            file: BufReader::new(file),
            at: 0,
            begun: Vec::new(),
            earlier: Vec::new().into_iter(),
        };
        follower.begin_at(length.saturating_sub(TAIL)).map_err(unreadable)?;
        let mut earlier = Vec::new();
        while let Some(line) = follower.read().map_err(unreadable)? {
            earlier.push(line);
        }
        let skipped = earlier.len().saturating_sub(lines);
        follower.earlier = earlier.split_off(skipped).into_iter();
        Ok(follower)
    }

    /// The next whole line; `None` at the end of a file that is not followed.
    pub(super) async fn next(&mut self, stop_at_end: bool) -> Result<Option<String>, AdminError> {
        loop {
            if let Some(line) = self.earlier.next() {
                return Ok(Some(line));
            }
            let path = self.path.clone();
            let failed = |source| AdminError::LogFile { path: path.clone(), source };
            let read = self.read();
            if let Some(line) = read.map_err(failed)? {
                return Ok(Some(line));
            }
            if stop_at_end {
                return Ok(None);
            }
            if !self.turn_page().map_err(failed)? {
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    fn read(&mut self) -> io::Result<Option<String>> {
        let read = self.file.read_until(b'\n', &mut self.begun)?;
        self.at += read as u64;
        if self.begun.last() != Some(&b'\n') && self.begun.len() < LONGEST {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&self.begun).trim_end().to_owned();
        self.begun.clear();
        Ok(Some(line))
    }

    fn begin_at(&mut self, at: u64) -> io::Result<()> {
        self.at = self.file.seek(SeekFrom::Start(at))?;
        self.begun.clear();
        Ok(())
    }

    /// Goes on at the beginning where the file was cut short or replaced; tells whether it was.
    fn turn_page(&mut self) -> io::Result<bool> {
        if self.file.get_ref().metadata()?.len() < self.at {
            self.begin_at(0)?;
            return Ok(true);
        }
        let which = |meta: &Metadata| (meta.dev(), meta.ino());
        match std::fs::metadata(&self.path) {
            Ok(now) if which(&now) != which(&self.file.get_ref().metadata()?) => {
                self.file = BufReader::new(File::open(&self.path)?);
                self.begin_at(0)?;
                Ok(true)
            }
            // Moved away, and not begun anew yet.
            Ok(_) | Err(_) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn append(path: &Path, text: &str) {
        let mut file = File::options().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    async fn next(follower: &mut Follower) -> String {
        let next = tokio::time::timeout(Duration::from_secs(30), follower.next(false));
        next.await.unwrap().unwrap().unwrap()
    }

    #[tokio::test]
    async fn the_last_lines_come_first_and_then_whatever_is_added() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append(&path, "1\n2\n3\nhal");
        let mut follower = Follower::open(&path, 2).unwrap();
        assert_eq!(
            (next(&mut follower).await, next(&mut follower).await),
            ("2".into(), "3".into())
        );
        append(&path, "f\n");
        assert_eq!(next(&mut follower).await, "half");
        assert_eq!(follower.next(true).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_file_that_is_rotated_or_cut_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append(&path, "before\n");
        let mut follower = Follower::open(&path, 0).unwrap();
        std::fs::rename(&path, dir.path().join("log.1")).unwrap();
        append(&path, "after\n");
        assert_eq!(next(&mut follower).await, "after");
        std::fs::write(&path, "x\n").unwrap();
        assert_eq!(next(&mut follower).await, "x");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let Err(error) = Follower::open(Path::new("/nowhere/log"), 1) else { panic!("opened") };
        assert!(error.to_string().contains("/nowhere/log"));
    }
}

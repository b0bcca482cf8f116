//! Files of the person's own machine that a tool may read: those in directories the person has
//! named when they set this server up, and no others, whatever a conversation asks for.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::account::{Account, Door};
use crate::error::ToolError;

/// Names the directories; there is none unless it is set.
const SETTING: &str = "GARMIN_UPLOAD_DIRS";

/// The content of the file at `path`, which the argument `field` has named. `instead` says what
/// to do where this server has no files.
pub(crate) async fn read(
    account: &Account,
    field: &'static str,
    path: &str,
    largest: usize,
    instead: &'static str,
) -> Result<Vec<u8>, ToolError> {
    let Door::Desktop(desktop) = &account.door else {
        let problem = format!("this server has no files; allowed is {instead}");
        return Err(ToolError::argument(field, problem));
    };
    let (allowed, path) = (desktop.uploads().to_vec(), PathBuf::from(path.trim()));
    let read = tokio::task::spawn_blocking(move || read_within(&allowed, &path, largest)).await;
    let read = read.unwrap_or(Err(Refused::Unreadable));
    read.map_err(|refused| ToolError::argument(field, refused.words(largest)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    NothingAllowed,
    Elsewhere,
    Unreadable,
    TooLarge,
}

impl Refused {
    fn words(self, largest: usize) -> String {
        match self {
            Self::NothingAllowed => format!(
                "no directory is allowed for uploads; the user can name some in {SETTING} and \
                 start this server anew"
            ),
            // Whether there is such a file is nobody's business.
            Self::Elsewhere => {
                format!("not a file in one of the directories that {SETTING} names")
            }
            Self::Unreadable => "not a file that can be read".to_owned(),
            Self::TooLarge => format!("larger than {largest} bytes"),
        }
    }
}

/// Links are followed before anything is compared.
fn read_within(allowed: &[PathBuf], path: &Path, largest: usize) -> Result<Vec<u8>, Refused> {
    if allowed.is_empty() {
        return Err(Refused::NothingAllowed);
    }
    if !path.is_absolute() {
        return Err(Refused::Elsewhere);
    }
    let real = path.canonicalize().map_err(|_| Refused::Elsewhere)?;
    let within = |directory: &PathBuf| {
        directory.canonicalize().is_ok_and(|directory| real.starts_with(directory))
    };
    if !allowed.iter().any(within) {
        return Err(Refused::Elsewhere);
    }
    // Whatever else can be opened may never end.
    if !real.metadata().is_ok_and(|found| found.is_file()) {
        return Err(Refused::Unreadable);
    }
    let file = std::fs::File::open(&real).map_err(|_| Refused::Unreadable)?;
    let most = u64::try_from(largest).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut content).map_err(|_| Refused::Unreadable)?;
    if content.len() > largest { Err(Refused::TooLarge) } else { Ok(content) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_in_allowed_directories_are_read() {
        let root = tempfile::tempdir().unwrap();
        let (open, closed) = (root.path().join("open"), root.path().join("closed"));
        for directory in [&open, &closed] {
            std::fs::create_dir(directory).unwrap();
            std::fs::write(directory.join("a.gpx"), b"12345").unwrap();
        }
        std::os::unix::fs::symlink(closed.join("a.gpx"), open.join("link.gpx")).unwrap();
        let allowed = [open.clone()];
        let read = |path: PathBuf| read_within(&allowed, &path, 5);
        assert_eq!(read(open.join("a.gpx")).unwrap(), b"12345");
        assert_eq!(read(open.join("../open/a.gpx")).unwrap(), b"12345");
        for elsewhere in [
            closed.join("a.gpx"),
            open.join("../closed/a.gpx"),
            open.join("link.gpx"),
            open.join("none.gpx"),
            PathBuf::from("a.gpx"),
            PathBuf::from("/etc/passwd"),
        ] {
            assert_eq!(read(elsewhere.clone()), Err(Refused::Elsewhere), "{elsewhere:?}");
        }
        assert_eq!(read(open.clone()), Err(Refused::Unreadable));
        assert_eq!(read_within(&allowed, &open.join("a.gpx"), 4), Err(Refused::TooLarge));
        assert_eq!(read_within(&[], &open.join("a.gpx"), 5), Err(Refused::NothingAllowed));
        let beside = [root.path().join("ope")];
        assert_eq!(read_within(&beside, &open.join("a.gpx"), 5), Err(Refused::Elsewhere));
    }
}

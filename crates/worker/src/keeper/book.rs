//! The journal of writes on the person's own machine: one file of lines in the private
//! directory, the last line about a write being what is known of it.
//!
//! A line is on the disk before a write is sent. A line that broke off with the process or the
//! power is no line: the write it would have announced was not sent, or is still called
//! pending by the line before.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::contract::{
    JournalAnswer, JournalEntry, JournalPage, JournalQuery, JournalRow, KeyUse, WriteOutcome,
};
use domain::entropy::{self, OsEntropy};
use domain::id::JournalId;
use domain::token::Pepper;
use garmin::BoxFuture;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::directory::Directory;
use super::files::private;
use crate::writes::Journal;

const BOOK: &str = "journal.jsonl";
const LOCK: &str = "journal.lock";
const KEY: &str = "journal.key";
/// More than the entries kept can come to; anything longer is not ours.
const LARGEST: u64 = 64 * 1024 * 1024;
const MOST_WRITES: usize = 1_000;
/// Lines about writes that have newer ones, before the file is written anew.
const MOST_STALE: usize = 1_000;
const KEPT: Duration = Duration::from_hours(31 * 24);
const KEPT_OPEN: Duration = Duration::from_hours(90 * 24);
/// A pending write this old has nobody left who could settle it.
const ABANDONED: Duration = Duration::from_mins(5);

/// The file. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    keeper: Directory,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    /// Whose write it was: several people may sign in on one machine.
    person: String,
    key: String,
    #[serde(flatten)]
    row: JournalRow,
}

impl Book {
    pub(super) fn new(keeper: Directory, clock: Arc<dyn Clock>) -> Self {
        Self { keeper, clock }
    }

    fn person(&self) -> String {
        self.keeper.person().map(|guid| guid.as_str().to_owned()).unwrap_or_default()
    }

    fn open(&self) -> io::Result<Open> {
        Open::at(self.keeper.path())
    }

    fn take_down(&self, entry: JournalEntry) -> io::Result<JournalAnswer> {
        let (person, now) = (self.person(), self.clock.now());
        if person.is_empty() {
            return Ok(JournalAnswer::Refused);
        }
        let mut book = self.open()?;
        book.tidy(now)?;
        match entry {
            JournalEntry::Intent { key, key_use, tool, detail } => {
                let held = book.lines.iter().rposition(|line| {
                    line.person == person && line.key == key && !line.is_free(key_use)
                });
                if let Some(held) = held {
                    let row = book.lines[held].row.clone();
                    return Ok(JournalAnswer::AlreadyThere {
                        journal: row.journal,
                        outcome: row.outcome,
                        detail: row.detail,
                    });
                }
                if book.lines.len() >= MOST_WRITES && !book.make_room()? {
                    return Ok(JournalAnswer::Refused);
                }
                let journal = JournalId::generate(&OsEntropy);
                let row = JournalRow {
                    journal: journal.clone(),
                    tool,
                    outcome: WriteOutcome::Pending,
                    detail,
                    created_at: now,
                    settled_at: None,
                };
                book.append(Line { person, key, row })?;
                Ok(JournalAnswer::Recorded { journal })
            }
            JournalEntry::Outcome { journal, outcome, detail } => {
                book.change(&person, &journal, now, (outcome, detail), |row| row.outcome.is_open())
            }
            JournalEntry::Later { journal, outcome, detail } => {
                let abandoned = now.minus(ABANDONED);
                book.change(&person, &journal, now, (outcome, detail), |row| match outcome {
                    WriteOutcome::Reviewed => {
                        row.outcome == WriteOutcome::Unknown
                            || (row.outcome == WriteOutcome::Pending && row.created_at <= abandoned)
                    }
                    WriteOutcome::Undone => row.outcome == WriteOutcome::Done,
                    WriteOutcome::Pending
                    | WriteOutcome::Done
                    | WriteOutcome::Failed
                    | WriteOutcome::Unknown => false,
                })
            }
        }
    }

    fn look_up(&self, query: &JournalQuery) -> io::Result<JournalPage> {
        let person = self.person();
        let book = self.open()?;
        let of_person = book.lines.iter().rev().filter(|line| line.person == person);
        let mut rows: Vec<&Line> = of_person.collect();
        if let Some(before) = &query.before {
            match rows.iter().position(|line| line.row.journal == *before) {
                Some(at) => drop(rows.drain(..=at)),
                None => rows.clear(),
            }
        }
        rows.retain(|line| {
            query.journal.as_ref().is_none_or(|journal| line.row.journal == *journal)
                && query.key.as_ref().is_none_or(|key| line.key == *key)
                && query.outcome.is_none_or(|outcome| line.row.outcome == outcome)
        });
        let kept = usize::try_from(query.limit.clamp(1, JournalQuery::MOST)).unwrap_or(1);
        let more = rows.len() > kept;
        let rows = rows.into_iter().take(kept).map(|line| line.row.clone()).collect();
        Ok(JournalPage::Rows { rows, more })
    }

    /// Runs `what` on a thread that may block.
    async fn aside<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Option<T> {
        let book = self.clone();
        let done = tokio::task::spawn_blocking(move || what(&book)).await;
        let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.inspect_err(|error| {
            tracing::error!(event = "keeper.journal", error = %error, "the journal is out of reach");
        })
        .ok()
    }
}

impl Line {
    /// Whether its key may be used again.
    fn is_free(&self, key_use: KeyUse) -> bool {
        match key_use {
            KeyUse::Once => false,
            KeyUse::WhenSettled => !self.row.outcome.is_open(),
        }
    }
}

/// The book while nobody else may write in it.
struct Open {
    directory: PathBuf,
    _lock: File,
    /// One for each write, the oldest first.
    lines: Vec<Line>,
    /// Lines in the file that say something outdated, or nothing.
    stale: usize,
    ends_torn: bool,
}

impl Open {
    fn at(directory: &Path) -> io::Result<Self> {
        let lock = private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(directory.join(LOCK))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
        let mut text = Vec::new();
        match File::open(directory.join(BOOK)) {
            Ok(file) => {
                file.take(LARGEST).read_to_end(&mut text)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let ends_torn = text.last().is_some_and(|byte| *byte != b'\n');
        let mut lines: Vec<Line> = Vec::new();
        let mut places: HashMap<JournalId, usize> = HashMap::new();
        let mut stale = 0;
        for text in text.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
            let Ok(line) = serde_json::from_slice::<Line>(text) else {
                stale += 1;
                continue;
            };
            if let Some(at) = places.get(&line.row.journal) {
                lines[*at] = line;
                stale += 1;
            } else {
                places.insert(line.row.journal.clone(), lines.len());
                lines.push(line);
            }
        }
        Ok(Self { directory: directory.to_owned(), _lock: lock, lines, stale, ends_torn })
    }

    /// Adds a line, and returns when it is on the disk.
    fn append(&mut self, line: Line) -> io::Result<()> {
        let path = self.directory.join(BOOK);
        let is_new = !path.exists();
        let mut file = private(OpenOptions::new().create(true).append(true)).open(path)?;
        let mut text = if self.ends_torn { vec![b'\n'] } else { Vec::new() };
        serde_json::to_writer(&mut text, &line)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.sync_all()?;
        if is_new {
            File::open(&self.directory)?.sync_all()?;
        }
        self.ends_torn = false;
        self.lines.push(line);
        Ok(())
    }

    fn change(
        &mut self,
        person: &str,
        journal: &JournalId,
        now: Timestamp,
        (outcome, detail): (WriteOutcome, String),
        may: impl Fn(&JournalRow) -> bool,
    ) -> io::Result<JournalAnswer> {
        let found = self
            .lines
            .iter()
            .find(|line| line.person == person && line.row.journal == *journal && may(&line.row));
        let Some(found) = found else { return Ok(JournalAnswer::Refused) };
        let settled_at = (outcome != WriteOutcome::Pending).then_some(now);
        let row = JournalRow { outcome, detail, settled_at, ..found.row.clone() };
        self.append(Line { row, ..found.clone() })?;
        Ok(JournalAnswer::Recorded { journal: journal.clone() })
    }

    /// Writes the file anew when much of it says nothing any more.
    fn tidy(&mut self, now: Timestamp) -> io::Result<()> {
        let before = self.lines.len();
        self.lines.retain(|line| {
            let kept = if line.row.outcome.is_open() { KEPT_OPEN } else { KEPT };
            now.since(line.row.created_at) < kept
        });
        self.stale += before - self.lines.len();
        if self.stale > MOST_STALE { self.rewrite() } else { Ok(()) }
    }

    /// Forgets the oldest write that is settled; whether there was one.
    fn make_room(&mut self) -> io::Result<bool> {
        let Some(oldest) = self.lines.iter().position(|line| !line.row.outcome.is_open()) else {
            return Ok(false);
        };
        self.lines.remove(oldest);
        self.rewrite()?;
        Ok(true)
    }

    /// In one step: whoever reads sees the old file or the new one, also after a power cut.
    fn rewrite(&mut self) -> io::Result<()> {
        let fresh = self.directory.join("journal.jsonl.new");
        let mut text = Vec::new();
        for line in &self.lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        let mut file =
            private(OpenOptions::new().create(true).truncate(true).write(true)).open(&fresh)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&fresh, self.directory.join(BOOK))?;
        File::open(&self.directory)?.sync_all()?;
        self.stale = 0;
        self.ends_torn = false;
        Ok(())
    }
}

impl Journal for Book {
    fn record(&self, entry: JournalEntry) -> BoxFuture<'_, JournalAnswer> {
        Box::pin(async move {
            let taken = self.aside(move |book| book.take_down(entry)).await;
            taken.unwrap_or(JournalAnswer::Refused)
        })
    }

    fn read(&self, query: JournalQuery) -> BoxFuture<'_, JournalPage> {
        Box::pin(async move {
            let page = self.aside(move |book| book.look_up(&query)).await;
            page.unwrap_or(JournalPage::Unavailable)
        })
    }

    /// Made at the first question and kept beside the journal: what was shown before a restart
    /// may be confirmed after it. Bound to the person, like the journal.
    fn key(&self) -> Pepper {
        let raw = key_of_machine(self.keeper.path()).unwrap_or_else(|error| {
            tracing::error!(event = "keeper.journal", error = %error, "the key is out of reach");
            // Good for this call only.
            Zeroizing::new(entropy::bytes(&OsEntropy))
        });
        let person = self.person();
        Pepper::new(Zeroizing::new(Pepper::new(raw).mac(person.as_bytes())))
    }
}

fn key_of_machine(directory: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    let path = directory.join(KEY);
    let read = || -> io::Result<Option<Zeroizing<[u8; 32]>>> {
        match std::fs::read(&path) {
            Ok(found) => Ok(<[u8; 32]>::try_from(found).ok().map(Zeroizing::new)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    };
    if let Some(key) = read()? {
        return Ok(key);
    }
    let lock = private(OpenOptions::new().create(true).truncate(false).write(true))
        .open(directory.join(LOCK))?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
    // Another process may have made it meanwhile.
    if let Some(key) = read()? {
        return Ok(key);
    }
    let key = Zeroizing::new(entropy::bytes::<32>(&OsEntropy));
    let mut file =
        private(OpenOptions::new().create(true).truncate(true).write(true)).open(&path)?;
    file.write_all(&*key)?;
    file.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str, outcome: WriteOutcome) -> Line {
        Line {
            person: "guid".into(),
            key: key.into(),
            row: JournalRow {
                journal: JournalId::generate(&OsEntropy),
                tool: "set_activity_name".into(),
                outcome,
                detail: "{}".into(),
                created_at: Timestamp(1_790_000_000),
                settled_at: None,
            },
        }
    }

    #[test]
    fn a_line_that_broke_off_costs_no_other_line() {
        let place = tempfile::tempdir().unwrap();
        let [first, second, third] = ["a", "b", "c"].map(|key| line(key, WriteOutcome::Pending));
        let mut book = Open::at(place.path()).unwrap();
        book.append(first.clone()).unwrap();
        book.append(second.clone()).unwrap();
        drop(book);
        let path = place.path().join(BOOK);
        let whole = std::fs::read(&path).unwrap();
        let second_begins = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        // Wherever the power is cut.
        for cut in second_begins..whole.len() - 1 {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut book = Open::at(place.path()).unwrap();
            assert_eq!(book.lines, std::slice::from_ref(&first), "{cut}");
            book.append(third.clone()).unwrap();
            drop(book);
            assert_eq!(Open::at(place.path()).unwrap().lines, [first.clone(), third.clone()]);
        }
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(&path).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_last_word_counts_and_a_full_book_forgets_what_is_over() {
        let place = tempfile::tempdir().unwrap();
        let mut book = Open::at(place.path()).unwrap();
        let begun = line("a", WriteOutcome::Pending);
        book.append(begun.clone()).unwrap();
        let now = Timestamp(1_790_000_100);
        let done = (WriteOutcome::Done, "how".to_owned());
        let refused = book.change("somebody", &begun.row.journal, now, done.clone(), |_| true);
        assert_eq!(refused.unwrap(), JournalAnswer::Refused);
        let is_open = |row: &JournalRow| row.outcome.is_open();
        book.change("guid", &begun.row.journal, now, done, is_open).unwrap();
        drop(book);
        let mut book = Open::at(place.path()).unwrap();
        assert_eq!((book.lines.len(), book.lines[0].row.outcome), (1, WriteOutcome::Done));
        book.append(line("b", WriteOutcome::Unknown)).unwrap();
        assert!(book.make_room().unwrap());
        assert!(!book.make_room().unwrap(), "what nobody knows the end of stays");
        let keys = |book: &Open| book.lines.iter().map(|line| line.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&book), ["b"]);
        drop(book);
        let mut book = Open::at(place.path()).unwrap();
        assert_eq!(keys(&book), ["b"]);
        book.tidy(now.plus(KEPT_OPEN)).unwrap();
        assert!(book.lines.is_empty());
    }

    #[test]
    fn a_machine_keeps_its_key() {
        let place = tempfile::tempdir().unwrap();
        let key = key_of_machine(place.path()).unwrap();
        assert_eq!(*key_of_machine(place.path()).unwrap(), *key);
        assert_ne!(*key, [0; 32]);
    }
}

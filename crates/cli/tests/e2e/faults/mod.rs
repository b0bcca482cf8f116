//! Faults at the border between a gateway process and the kernel: the handle on `shim.c`, which
//! the gateway has in its address space when a test asks for it.
//!
//! `kill_at` counts system calls from now on and kills the process at one of them; `fail` makes
//! chosen calls on chosen files fail or fall short; `shift_clock` moves its wall clock;
//! `journal` writes down what it writes and syncs, and `as_after_a_power_cut` makes files of
//! what a disk would have kept. A control page outlives the processes that map it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A family of system calls; the numbers are those of the shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Read,
    Write,
    Send,
    Recv,
    Sync,
    Truncate,
    Rename,
    Unlink,
    Open,
    Socket,
    Accept,
    Connect,
    Wait,
}

const CALLS: [Call; 13] = [
    Call::Read,
    Call::Write,
    Call::Send,
    Call::Recv,
    Call::Sync,
    Call::Truncate,
    Call::Rename,
    Call::Unlink,
    Call::Open,
    Call::Socket,
    Call::Accept,
    Call::Connect,
    Call::Wait,
];

/// When the blow falls: the call has not been made, or it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// What becomes of the calls of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Nothing is done, and this is the answer.
    Error(rustix::io::Errno),
    /// So many bytes are moved at most. For files: who polls a socket takes a short read to
    /// mean that there is no more, and waits for ever.
    Short(u32),
}

/// Calls that fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule<'a> {
    pub(crate) calls: &'a [Call],
    /// Part of the path; of a descriptor, part of where `/proc/self/fd` says it leads, such as
    /// `socket:`. Empty: any.
    pub(crate) path: &'a str,
    pub(crate) harm: Harm,
    /// So many pass first.
    pub(crate) skip: u64,
    /// Then so many fail; none: all.
    pub(crate) times: Option<u64>,
}

/// The page that a process with the shim obeys.
pub(crate) struct Faults {
    page: File,
    path: PathBuf,
}

// The fields of `struct control`.
const ARMED: u64 = 0;
const AFTER: u64 = 4;
const SEEN: u64 = 8;
const KILL_AT: u64 = 16;
const KILLED_BY: u64 = 24;
const CLOCK_OFFSET: u64 = 32;
const JOURNAL: u64 = 40;
const RULES: u64 = 64;
const JOURNALLED: u64 = RULES + MOST_RULES * RULE;
const PAGE: u64 = JOURNALLED + 256;
// Those of `struct rule`.
const MOST_RULES: u64 = 8;
const RULE: u64 = 256;
const RULE_MET: u64 = 32;
const RULE_PATH: u64 = 40;
const LONGEST_PATH: usize = 215;

/// Builds the shim once for all tests of this process.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/faults/shim.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libfaults.so");
        let mine = library.with_extension(format!("{}.so", std::process::id()));
        let options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
        let mut compiler = Command::new("cc");
        compiler.args(options).arg(&mine).arg(source);
        // Building ring and SQLite took the same compiler.
        let built = compiler.status().unwrap();
        assert!(built.success(), "the shim does not compile");
        fs::rename(&mine, &library).unwrap();
        library
    })
}

impl Faults {
    /// A page without faults, in `directory`.
    pub(crate) fn new(directory: &Path) -> Self {
        let path = directory.join("faults");
        let page =
            OpenOptions::new().create(true).read(true).write(true).truncate(true).open(&path);
        let page = page.unwrap();
        page.set_len(PAGE).unwrap();
        Self { page, path }
    }

    /// What a process needs in its environment to obey.
    pub(crate) fn environment(&self) -> [(&'static str, &OsStr); 2] {
        [("LD_PRELOAD", library().as_os_str()), ("FAULTS", self.path.as_os_str())]
    }

    /// Kills the process at the `n`-th call from now on. With none, calls are only counted.
    pub(crate) fn kill_at(&self, n: Option<u64>, moment: Moment) {
        self.disarm();
        self.put(AFTER, &u32::from(moment == Moment::After).to_ne_bytes());
        self.put(SEEN, &0_u64.to_ne_bytes());
        self.put(KILL_AT, &n.unwrap_or(0).to_ne_bytes());
        self.put(KILLED_BY, &0_u32.to_ne_bytes());
        self.put(ARMED, &1_u32.to_ne_bytes());
    }

    pub(crate) fn disarm(&self) {
        self.put(ARMED, &0_u32.to_ne_bytes());
    }

    /// Calls since [`Faults::kill_at`].
    pub(crate) fn seen(&self) -> u64 {
        u64::from_ne_bytes(self.get(SEEN))
    }

    /// The call at which the process was killed, if it was.
    pub(crate) fn killed_by(&self) -> Option<Call> {
        let number = u32::from_ne_bytes(self.get(KILLED_BY));
        CALLS.into_iter().find(|call| *call as u32 + 1 == number)
    }

    /// Has calls fail from now on. `slot` is one of eight.
    pub(crate) fn fail(&self, slot: u64, rule: &Rule<'_>) {
        assert!(slot < MOST_RULES && rule.path.len() <= LONGEST_PATH, "{rule:?}");
        self.mend(slot);
        let (error, at_most) = match rule.harm {
            Harm::Error(error) => (error.raw_os_error(), 0),
            Harm::Short(at_most) => (0, at_most),
        };
        let mut bytes = vec![0; usize::try_from(RULE).unwrap()];
        bytes[4..8].copy_from_slice(&mask(rule.calls).to_ne_bytes());
        bytes[8..12].copy_from_slice(&error.to_ne_bytes());
        bytes[12..16].copy_from_slice(&at_most.to_ne_bytes());
        bytes[16..24].copy_from_slice(&rule.skip.to_ne_bytes());
        bytes[24..32].copy_from_slice(&rule.times.unwrap_or(0).to_ne_bytes());
        let path = usize::try_from(RULE_PATH).unwrap();
        bytes[path..path + rule.path.len()].copy_from_slice(rule.path.as_bytes());
        self.put(RULES + slot * RULE, &bytes);
        self.put(RULES + slot * RULE, &1_u32.to_ne_bytes());
    }

    /// Ends the rule in `slot`.
    pub(crate) fn mend(&self, slot: u64) {
        self.put(RULES + slot * RULE, &0_u32.to_ne_bytes());
    }

    /// How many calls the rule in `slot` has met, failed ones and others.
    pub(crate) fn met(&self, slot: u64) -> u64 {
        u64::from_ne_bytes(self.get(RULES + slot * RULE + RULE_MET))
    }

    /// Moves the wall clock of the process; timers are not moved.
    pub(crate) fn shift_clock(&self, seconds: i64) {
        self.put(CLOCK_OFFSET, &seconds.to_ne_bytes());
    }

    /// From now on keeps a journal of the files whose path has `part` in it. They must be as
    /// the disk has them at this moment: nobody may have them open for writing.
    pub(crate) fn journal(&self, part: &str) {
        let mut text = part.as_bytes().to_vec();
        assert!(text.len() < 256, "{part}");
        text.push(0);
        self.put(JOURNALLED, &text);
        self.put(JOURNAL, &1_u32.to_ne_bytes());
    }

    /// The contents a disk may have after its power was cut: every journalled file that existed
    /// in `before`, or came later, with what was written to it up to its last sync, and with
    /// nothing that was not synced.
    pub(crate) fn as_after_a_power_cut(
        &self,
        before: BTreeMap<PathBuf, Vec<u8>>,
    ) -> BTreeMap<PathBuf, Vec<u8>> {
        let journal = fs::read(self.path.with_extension("journal")).unwrap_or_default();
        let (mut cached, mut kept) = (before.clone(), before);
        let mut rest = &journal[..];
        while let Some(entry) = Entry::read(&mut rest) {
            match entry.kind {
                1 => {
                    let file = cached.entry(entry.path).or_default();
                    let start = usize::try_from(entry.offset).unwrap();
                    let end = start + entry.data.len();
                    if file.len() < end {
                        file.resize(end, 0);
                    }
                    file[start..end].copy_from_slice(entry.data);
                }
                2 => {
                    if let Some(file) = cached.get(&entry.path) {
                        kept.insert(entry.path, file.clone());
                    }
                }
                3 => {
                    let length = usize::try_from(entry.offset).unwrap();
                    cached.entry(entry.path).or_default().resize(length, 0);
                }
                // Directories are taken to be synced: what is gone stays gone.
                4 => {
                    cached.remove(&entry.path);
                    kept.remove(&entry.path);
                }
                5 => {
                    let to = PathBuf::from(str::from_utf8(entry.data).unwrap());
                    for files in [&mut cached, &mut kept] {
                        if let Some(file) = files.remove(&entry.path) {
                            files.insert(to.clone(), file);
                        }
                    }
                }
                kind => panic!("an entry of kind {kind}"),
            }
        }
        kept
    }

    fn put(&self, at: u64, bytes: &[u8]) {
        self.page.write_all_at(bytes, at).unwrap();
    }

    fn get<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.page.read_exact_at(&mut bytes, at).unwrap();
        bytes
    }
}

/// One entry of the journal.
struct Entry<'a> {
    kind: u32,
    path: PathBuf,
    offset: i64,
    data: &'a [u8],
}

impl<'a> Entry<'a> {
    /// None at the end, or where the process was killed while it wrote.
    fn read(rest: &mut &'a [u8]) -> Option<Self> {
        let (kind, after) = rest.split_first_chunk()?;
        let (path, after) = after.split_first_chunk()?;
        let (offset, after) = after.split_first_chunk()?;
        let (length, after) = after.split_first_chunk()?;
        let kind = u32::from_ne_bytes(*kind);
        let path_length = usize::try_from(u32::from_ne_bytes(*path)).unwrap();
        let length = usize::try_from(u64::from_ne_bytes(*length)).unwrap();
        let (path, after) = after.split_at_checked(path_length)?;
        let (data, after) = after.split_at_checked(length)?;
        *rest = after;
        let path = PathBuf::from(str::from_utf8(path).unwrap());
        Some(Self { kind, path, offset: i64::from_ne_bytes(*offset), data })
    }
}

fn mask(calls: &[Call]) -> u32 {
    calls.iter().fold(0, |mask, call| mask | 1 << *call as u32)
}

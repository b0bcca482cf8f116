//! cgroup v2: a group for each worker, below a subtree that was given to this gateway.
//!
//! Nothing is taken that was not given: a container's own root, or a group that its manager
//! marked as delegated. Elsewhere the layer is missing, which is said and is no failure: each
//! worker's own limits stand without it.
//!
//! A group bounds what limits of a process cannot: kernel memory, CPU, and everything a worker
//! could have started. Moving a process takes a lock that the kernel holds for milliseconds,
//! so a worker begins in the gateway's group and is moved while it starts.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::id::AccountId;
use domain::sandbox::State;
/// Of one worker. Here what is used counts, the kernel's share included; its own limit, which is
/// higher, counts what is reserved.
const MEMORY: &str = "268435456";
/// One, and what a defect of the filter might let through: threads count.
const PROCESSES: &str = "16";
/// Of all workers together, where the gateway has 100: busy workers do not slow it.
const SHARE: &str = "50";

/// How often and how long the kernel is asked whether a killed group is empty.
const LOOKS: u32 = 100;
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What the gateway may do with groups.
#[derive(Debug)]
pub struct Groups {
    workers: PathBuf,
    controllers: Controllers,
}

/// Those of [`WANTED`] that are to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Controllers(BTreeSet<&'static str>);

const WANTED: [&str; 3] = ["cpu", "memory", "pids"];

#[derive(Debug, thiserror::Error)]
enum NotDelegated {
    #[error("there is no cgroup v2 hierarchy")]
    NoHierarchy,
    #[error("the gateway's cgroup was not delegated to it")]
    NotOurs,
    #[error("the gateway's cgroup has no memory controller")]
    NoMemory,
    #[error("the gateway's cgroup cannot be divided: {0}")]
    Io(#[from] io::Error),
}

impl Groups {
    /// Looks for the gateway's own group and divides it. For good: the gateway itself moves.
    pub(crate) fn take_over() -> Result<Self, State> {
        own_group()
            .and_then(|own| Self::divide(&own))
            .map_err(|error| State::Missing { reason: error.to_string() })
    }

    /// Whether groups could be had, without touching anything.
    pub(super) fn look() -> State {
        let usable = own_group().and_then(|own| {
            let controllers = Controllers::of(&own)?;
            // Making a directory is the first thing that a read-only hierarchy refuses.
            rustix::fs::access(&own, rustix::fs::Access::WRITE_OK).map_err(io::Error::from)?;
            Ok(controllers)
        });
        match usable {
            Ok(_) => State::Active,
            Err(error) => State::Missing { reason: error.to_string() },
        }
    }

    /// Moves this process into a leaf of `own`, so that `own` may have groups with limits.
    fn divide(own: &Path) -> Result<Self, NotDelegated> {
        let controllers = Controllers::of(own)?;
        let (leaf, workers) = (own.join("gateway"), own.join("workers"));
        make(&leaf)?;
        make(&workers)?;
        write(&leaf.join("cgroup.procs"), &std::process::id().to_string())?;
        let enabled = write(&own.join("cgroup.subtree_control"), &controllers.enable());
        if let Err(error) = enabled {
            // Somebody else's process is in there as well: back to where everything was.
            let _ = write(&own.join("cgroup.procs"), &std::process::id().to_string());
            let _ = fs::remove_dir(&leaf);
            let _ = fs::remove_dir(&workers);
            return Err(error.into());
        }
        write(&workers.join("cgroup.subtree_control"), &controllers.enable())?;
        if controllers.0.contains("cpu") {
            write(&workers.join("cpu.weight"), SHARE)?;
        }
        let groups = Self { workers, controllers };
        groups.sweep();
        Ok(groups)
    }

    /// What a gateway that was killed has left behind.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.workers) else { return };
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            let _ = write(&entry.path().join("cgroup.kill"), "1");
            let _ = fs::remove_dir(entry.path());
        }
    }

    /// An empty group with its limits set. Blocks, as everything here.
    fn make(&self, pid: u32) -> io::Result<Group> {
        let path = self.workers.join(pid.to_string());
        make(&path)?;
        let group = Group { path };
        for (file, value) in self.controllers.limits() {
            match write(&group.path.join(file), value) {
                Ok(()) => {}
                // A kernel without swap accounting has nothing to forbid.
                Err(error)
                    if file == "memory.swap.max" && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(group)
    }
}

impl Controllers {
    fn of(own: &Path) -> Result<Self, NotDelegated> {
        let listed = fs::read_to_string(own.join("cgroup.controllers"))?;
        let listed: Vec<&str> = listed.split_ascii_whitespace().collect();
        let there: BTreeSet<_> = WANTED.into_iter().filter(|name| listed.contains(name)).collect();
        if there.contains("memory") { Ok(Self(there)) } else { Err(NotDelegated::NoMemory) }
    }

    fn enable(&self) -> String {
        self.0.iter().map(|name| format!("+{name}")).collect::<Vec<_>>().join(" ")
    }

    fn limits(&self) -> Vec<(&'static str, &'static str)> {
        self.0
            .iter()
            .flat_map(|controller| match *controller {
                "memory" => &[
                    ("memory.max", MEMORY),
                    ("memory.swap.max", "0"),
                    // A worker is one process; if it were more, half of it would be useless.
                    ("memory.oom.group", "1"),
                ][..],
                "pids" => &[("pids.max", PROCESSES)],
                _ => &[],
            })
            .copied()
            .collect()
    }
}

/// The group of one worker; gone when [`Group::end`] has returned.
#[derive(Debug)]
struct Group {
    path: PathBuf,
}

/// A worker on its way into a group of its own, or in it.
pub(super) struct Membership(tokio::task::JoinHandle<io::Result<Group>>);

impl Membership {
    pub(super) fn begin(groups: &Arc<Groups>, pid: u32) -> Self {
        let groups = groups.clone();
        Self(tokio::task::spawn_blocking(move || {
            let group = groups.make(pid)?;
            group.admit(pid).inspect_err(|_| drop(fs::remove_dir(&group.path)))?;
            Ok(group)
        }))
    }

    /// The process is reaped: whatever it left goes too.
    pub(super) async fn end(self, account: &AccountId) -> Memory {
        let ended = match self.0.await {
            Ok(Ok(group)) => match tokio::task::spawn_blocking(|| group.end()).await {
                Ok(ended) => ended,
                Err(_) => return Memory::Sufficed,
            },
            Ok(Err(error)) => Err(error),
            Err(_) => return Memory::Sufficed,
        };
        match ended {
            Ok(Memory::Sufficed) => Memory::Sufficed,
            Ok(Memory::RanOut) => {
                tracing::error!(
                    event = "worker-oom",
                    account = %account,
                    "the worker reached its group's memory limit and was killed"
                );
                Memory::RanOut
            }
            Err(error) => {
                tracing::warn!(
                    event = "worker-group-failed",
                    account = %account,
                    error = %error,
                    "its own limits held it"
                );
                Memory::Sufficed
            }
        }
    }
}

/// How a group ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    Sufficed,
    /// The kernel killed the worker at its limit.
    RanOut,
}

impl Group {
    /// Moves a process here, with all it has started.
    fn admit(&self, pid: u32) -> io::Result<()> {
        write(&self.path.join("cgroup.procs"), &pid.to_string())
    }

    /// Kills whoever is left, and removes the group.
    fn end(self) -> io::Result<Memory> {
        let memory = match fs::read_to_string(self.path.join("memory.events")) {
            Ok(events) if oom_kills(&events) > 0 => Memory::RanOut,
            Ok(_) | Err(_) => Memory::Sufficed,
        };
        match write(&self.path.join("cgroup.kill"), "1") {
            Ok(()) => {}
            // Before Linux 5.14; the process itself is reaped already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        for _ in 0..LOOKS {
            match fs::remove_dir(&self.path) {
                Ok(()) => return Ok(memory),
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }
}

fn oom_kills(events: &str) -> u64 {
    let count = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

/// The directory of this process's group, if it was given to us.
fn own_group() -> Result<PathBuf, NotDelegated> {
    let groups = fs::read_to_string("/proc/self/cgroup")?;
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let own = locate(&groups, &mounts).ok_or(NotDelegated::NoHierarchy)?;
    if is_given(&own) { Ok(own) } else { Err(NotDelegated::NotOurs) }
}

/// Where the group that `/proc/self/cgroup` names is, by `/proc/self/mountinfo`.
fn locate(groups: &str, mounts: &str) -> Option<PathBuf> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        if kind.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut fields = mount.split(' ').skip(3);
        let (root, place) = (fields.next()?, fields.next()?);
        let below = Path::new(own).strip_prefix(root).ok()?;
        Some(Path::new(place).join(below))
    })
}

/// A container sees its own group as the root; a manager marks what it delegates. The root of
/// the machine itself is neither.
fn is_given(own: &Path) -> bool {
    // The machine's root is the only group without a type.
    if !own.join("cgroup.type").exists() {
        return false;
    }
    let is_root_here = fs::read_to_string("/proc/self/cgroup")
        .is_ok_and(|groups| groups.lines().any(|line| line == "0::/"));
    let marked = ["user.delegate", "trusted.delegate"].into_iter().any(|name| {
        let mut value = [0_u8; 1];
        matches!(rustix::fs::getxattr(own, name, &mut value), Ok(1)) && &value == b"1"
    });
    is_root_here || marked
}

fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Files of a group are the kernel's: one that is not there is never made.
fn write(file: &Path, value: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(file)?.write_all(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    const MOUNTS: &str = "\
30 24 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
31 24 0:27 /a /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
";

    #[test]
    fn the_own_group_is_found_where_it_is_mounted() {
        let place = |groups| locate(groups, MOUNTS);
        let own = place("9:memory:/x\n0::/a/b.service\n");
        assert_eq!(own.as_deref(), Some(Path::new("/sys/fs/cgroup/unified/b.service")));
        assert_eq!(place("9:memory:/x\n"), None);
        assert_eq!(place("0::/elsewhere\n"), None);
        assert_eq!(locate("0::/\n", "30 24 0:26 / /x rw - tmpfs x rw\n"), None);
    }

    /// The files that a kernel would show in a group.
    fn show(path: &Path, files: &[&str]) {
        fs::create_dir_all(path).unwrap();
        for file in files {
            fs::write(path.join(file), "").unwrap();
        }
    }

    fn read(path: &Path, file: &str) -> String {
        fs::read_to_string(path.join(file)).unwrap()
    }

    #[test]
    fn a_delegated_group_is_divided_and_a_worker_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path();
        show(own, &["cgroup.subtree_control", "cgroup.procs"]);
        fs::write(own.join("cgroup.controllers"), "cpuset cpu io memory pids\n").unwrap();
        show(&own.join("gateway"), &["cgroup.procs"]);
        show(&own.join("workers"), &["cgroup.subtree_control", "cpu.weight"]);
        let groups = Groups::divide(own).unwrap();
        assert_eq!(read(&own.join("gateway"), "cgroup.procs"), std::process::id().to_string());
        assert_eq!(read(own, "cgroup.subtree_control"), "+cpu +memory +pids");
        assert_eq!(read(&own.join("workers"), "cgroup.subtree_control"), "+cpu +memory +pids");

        assert_eq!(read(&own.join("workers"), "cpu.weight"), SHARE);
        let place = own.join("workers/4711");
        show(&place, &["memory.max", "memory.oom.group", "pids.max", "cgroup.procs"]);
        let group = groups.make(4711).unwrap();
        group.admit(4711).unwrap();
        assert_eq!(read(&place, "memory.max"), MEMORY);
        assert_eq!(read(&place, "pids.max"), PROCESSES);
        assert_eq!(read(&place, "cgroup.procs"), "4711");
    }

    #[test]
    fn what_was_not_given_is_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path();
        assert!(!is_given(own), "neither marked nor a container's own");
        fs::write(own.join("cgroup.controllers"), "hugetlb\n").unwrap();
        assert!(matches!(Groups::divide(own), Err(NotDelegated::NoMemory)));
        assert!(!own.join("workers").exists());
        // Others are in it too: the kernel refuses to give it controllers.
        fs::write(own.join("cgroup.controllers"), "memory\n").unwrap();
        show(own, &["cgroup.procs"]);
        fs::create_dir(own.join("gateway")).unwrap();
        fs::write(own.join("gateway/cgroup.procs"), "").unwrap();
        assert!(matches!(Groups::divide(own), Err(NotDelegated::Io(_))));
        assert_eq!(read(own, "cgroup.procs"), std::process::id().to_string());
        assert!(!own.join("workers").exists());
    }

    #[test]
    fn rel17_the_kernels_count_of_kills_tells_that_memory_ran_out() {
        assert_eq!(oom_kills("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 1\n"), 1);
        assert_eq!(oom_kills("oom 3\noom_kill 0\n"), 0);
        assert_eq!(oom_kills(""), 0);
    }

    fn skip(why: &str) {
        eprintln!("skipped: {why}");
    }

    /// On this machine's own hierarchy, where that can be written.
    #[test]
    fn rel18_the_end_of_a_group_is_the_end_of_grandchildren_that_ignore_signals() {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let root = locate("0::/\n", &mounts);
        let name = format!("garmin-gateway-test-{}", std::process::id());
        let Some(place) = root.map(|root| root.join(name)) else {
            return skip("no cgroup v2 hierarchy is mounted");
        };
        if let Err(error) = fs::create_dir(&place) {
            return skip(&format!("{} cannot be made: {error}", place.display()));
        }
        let group = Group { path: place.clone() };
        // It starts others once it is in the group.
        let script = "read go; trap '' TERM; sh -c 'trap \"\" TERM; sleep 600; :' & sleep 600; :";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        group.admit(child.id()).unwrap();
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
        let members = || fs::read_to_string(place.join("cgroup.procs")).unwrap();
        while members().lines().count() < 3 {
            assert!(child.try_wait().unwrap().is_none());
            std::thread::yield_now();
        }
        let pids: Vec<u32> = members().lines().map(|pid| pid.parse().unwrap()).collect();
        assert_eq!(group.end().unwrap(), Memory::Sufficed);
        assert!(!place.exists());
        child.wait().unwrap();
        for pid in pids {
            let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let gone = state.rsplit(") ").next().is_none_or(|rest| !rest.starts_with(['S', 'R']));
            assert!(gone, "{state}");
        }
    }
}

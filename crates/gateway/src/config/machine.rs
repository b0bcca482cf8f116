//! What the machine allows: memory for workers, descriptors for connections.

use std::num::NonZeroUsize;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// An idle worker takes about 2 MiB, a busy one about twice that; half of the memory is left
/// to everything else.
const PER_WORKER: u64 = 8 * 1024 * 1024;

/// Fewer are refused only by an explicit `MAX_WORKERS`.
const AT_LEAST: usize = 200;
const AT_MOST: usize = 4_000;

pub(super) fn default_max_workers() -> NonZeroUsize {
    let memory = memory().unwrap_or(0);
    let fits = usize::try_from(memory / PER_WORKER).unwrap_or(usize::MAX);
    NonZeroUsize::new(fits.clamp(AT_LEAST, AT_MOST)).unwrap_or(NonZeroUsize::MIN)
}

/// The smaller of what the machine has and what the control group allows.
fn memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let total = line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024;
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = group.and_then(|text| text.trim().parse::<u64>().ok());
    Some(limit.map_or(total, |limit| limit.min(total)))
}

/// Raises the soft descriptor limit to the hard one and tells how many that is.
#[must_use]
pub fn raise_descriptor_limit() -> usize {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: now.maximum, maximum: now.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => now.maximum,
        Err(_) => now.current,
    };
    number(current)
}

/// How many descriptors this process may have open.
#[must_use]
pub fn descriptor_limit() -> usize {
    number(getrlimit(Resource::Nofile).current)
}

fn number(limit: Option<u64>) -> usize {
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(1_048_576)
}

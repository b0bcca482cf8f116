//! Reaping what is nobody's child any more, when the gateway is the first process of its
//! container.

use rustix::process::{Pid, WaitOptions, getpid, waitpid};

use super::supervisor::Supervisor;

/// Whether children of others are handed to this process when their parents end.
#[must_use]
pub(crate) fn inherits_orphans() -> bool {
    getpid().is_init()
}

/// Reaps dead children that this gateway did not start. Costs a look at every process, so it is
/// done where orphans can come from and a child has ended.
pub(crate) fn reap_orphans(supervisor: &Supervisor) {
    for pid in dead_children_of_init() {
        // While the list is held no worker is started: one that is not on it is none of ours.
        let ours = supervisor.children().lock();
        if ours.contains(&pid) {
            continue;
        }
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && let Ok(Some(_)) = waitpid(Some(pid), WaitOptions::NOHANG)
        {
            tracing::debug!(event = "orphan-reaped", pid = pid.as_raw_nonzero().get(), "");
        }
    }
}

fn dead_children_of_init() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pid = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    entries.flatten().filter_map(pid).filter(|pid| is_dead_child(*pid)).collect()
}

fn is_dead_child(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    is_zombie_of_init(&stat)
}

/// `pid (name) state parent …`; the name may hold anything, parentheses included.
fn is_zombie_of_init(stat: &str) -> bool {
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let mut words = rest.split_ascii_whitespace();
    words.next() == Some("Z") && words.next() == Some("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dead_child_of_the_first_process_is_an_orphan() {
        assert!(is_zombie_of_init("42 (a) b) Z 1 42 42 0 -1"));
        assert!(!is_zombie_of_init("42 (a) Z 7 42 42 0 -1"));
        assert!(!is_zombie_of_init("42 (a Z 1) S 7 42 42 0 -1"));
        assert!(!is_zombie_of_init(""));
    }
}

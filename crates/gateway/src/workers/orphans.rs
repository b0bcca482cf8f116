//! Reaping what is nobody's child any more, when the gateway is the first process of its
//! container.

use std::collections::HashSet;

use super::supervisor::Supervisor;
use rustix::process::{Pid, WaitOptions, getpid, waitpid};

/// Reaps dead children that this gateway did not start. Does nothing unless it is process 1:
/// only then does it inherit the children of others.
pub(crate) fn reap_orphans(supervisor: &Supervisor) {
    if !getpid().is_init() {
        return;
    }
    let ours: HashSet<u32> = supervisor.pids();
    for pid in dead_children_of_init() {
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

//! What the kernel tells about processes.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Looks until there is something, and gives up when it takes absurdly long.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    // One that is gone already needs no signal.
    let _ = kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal);
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether the process runs; one that only waits to be reaped does not.
pub(crate) fn is_running(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

fn numbers() -> impl Iterator<Item = u32> {
    let processes = fs::read_dir("/proc").unwrap();
    processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Children that have ended and that nobody has reaped.
pub(crate) fn dead_children(parent: u32) -> Vec<u32> {
    numbers()
        .filter(|pid| stat(*pid).is_some_and(|(state, of)| of == parent && state == 'Z'))
        .collect()
}

pub(crate) fn children(parent: u32) -> Vec<u32> {
    numbers()
        .filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent) && is_running(*pid))
        .collect()
}

/// The running processes whose command line is `wanted`.
pub(crate) fn all(wanted: impl Fn(&[String]) -> bool) -> Vec<u32> {
    numbers()
        .filter(|pid| words(*pid, "cmdline").is_ok_and(|words| wanted(&words)) && is_running(*pid))
        .collect()
}

/// The words of a file that separates them with zeros.
pub(crate) fn words(pid: u32, file: &str) -> io::Result<Vec<String>> {
    let bytes = fs::read(format!("/proc/{pid}/{file}"))?;
    let text = String::from_utf8(bytes).unwrap();
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}

/// What the open descriptors lead to.
pub(crate) fn descriptors(pid: u32) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(format!("/proc/{pid}/fd"))?.map(|entry| fs::read_link(entry?.path())).collect()
}

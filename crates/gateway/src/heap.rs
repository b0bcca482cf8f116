//! Memory that a burst has left behind goes back to the system.
//!
//! The allocator keeps freed pages that lie below pages in use: after ten thousand connections
//! have come and gone, a hundred MiB would stay with a gateway that needs twenty.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

const LOOK: Duration = Duration::from_secs(10);
/// What may lie idle: less is not worth the pause, and not all of it is the allocator's.
const SLACK: usize = 4 * 1024 * 1024;

/// Looks now and then, and trims when much is resident that nobody uses.
pub(crate) async fn tidy(stop: CancellationToken) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = look.tick() => {
                // An eighth more than is used are the gaps of an ordinary heap, which stay.
                let used = allocator::used();
                if resident().is_some_and(|resident| resident > used + SLACK.max(used / 8)) {
                    allocator::trim();
                }
            }
        }
    }
}

/// Memory of our own that is in use or was, files that are mapped left out.
fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "no crate offers these two calls of glibc")]
mod allocator {
    /// Bytes that are allocated.
    pub(super) fn used() -> usize {
        // SAFETY: no arguments; it only reads the allocator's own counters, under its locks.
        let info = unsafe { libc::mallinfo2() };
        info.uordblks + info.hblkhd
    }

    /// Gives free pages back.
    pub(super) fn trim() {
        // SAFETY: takes any number; it touches free memory only, under the allocator's locks.
        unsafe { libc::malloc_trim(0) };
    }
}

/// Other allocators look after themselves.
#[cfg(not(target_env = "gnu"))]
mod allocator {
    pub(super) fn used() -> usize {
        usize::MAX / 2
    }

    pub(super) fn trim() {}
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn load05_pages_between_pages_in_use_go_back_when_trimmed() {
        const PIECE: usize = 64 * 1024;
        let mut pieces: Vec<Vec<u8>> = (0..1_600).map(|_| vec![1; PIECE]).collect();
        let full = resident().unwrap();
        assert!(allocator::used() > 1_600 * PIECE);
        // Every hundredth stays, so the heap cannot simply end earlier.
        let mut number = 0;
        pieces.retain(|_| {
            number += 1;
            number % 100 == 0
        });
        allocator::trim();
        let left = resident().unwrap();
        assert!(full - left > 1_000 * PIECE, "{full} → {left}, {} pieces", pieces.len());
    }
}

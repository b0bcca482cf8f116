//! What a worker writes to its log descriptor, line by line into our log.
//!
//! A worker is not trusted: lines are bounded in length and number, and carry the account's
//! pseudonymous id from here, whatever they say themselves.

use std::time::Duration;

use domain::id::AccountId;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

/// Longer lines are cut.
const LONGEST: usize = 8 * 1024;
/// Lines at once, and how long it takes until one more may follow.
const BURST: u32 = 200;
const ONE_MORE: Duration = Duration::from_millis(50);
/// What is read before a worker whose lines are dropped has to wait: reading is work of the
/// gateway's, and a pipe that is full holds up nobody but its writer.
const AT_ONCE: usize = 16 * 1024;

/// Reads until the worker closes its end.
pub(super) async fn relay(account: &AccountId, mut pipe: impl AsyncRead + Unpin) {
    // Held for as long as the worker lives, and most write a line an hour.
    let mut chunk = [0_u8; 512];
    let mut lines = Lines::new(Instant::now());
    let mut dropping = 0;
    loop {
        if lines.budget > 0 {
            dropping = 0;
        } else if dropping >= AT_ONCE {
            dropping = 0;
            tokio::time::sleep(ONE_MORE).await;
        }
        match pipe.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(read) => {
                dropping += read;
                for &byte in &chunk[..read] {
                    if let Some(line) = lines.push(byte) {
                        emit(account, &mut lines, &line);
                    }
                }
            }
        }
    }
    if let Some(line) = lines.rest() {
        emit(account, &mut lines, &line);
    }
}

fn emit(account: &AccountId, lines: &mut Lines, line: &str) {
    let Some(skipped) = lines.spend(Instant::now()) else { return };
    if skipped > 0 {
        tracing::warn!(event = "worker-log-dropped", account = %account, lines = skipped, "");
    }
    if is_error(line) {
        tracing::error!(event = "worker-log", account = %account, line, "");
    } else {
        tracing::info!(event = "worker-log", account = %account, line, "");
    }
}

fn is_error(line: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Level<'a> {
        level: &'a str,
    }
    match serde_json::from_str::<Level<'_>>(line) {
        Ok(said) => said.level.eq_ignore_ascii_case("error"),
        // Not one of our lines: the panic message of a runtime, the loader's complaint.
        Err(_) => true,
    }
}

struct Lines {
    current: Vec<u8>,
    cut: bool,
    budget: u32,
    refilled: Instant,
    skipped: u64,
}

impl Lines {
    fn new(now: Instant) -> Self {
        Self { current: Vec::new(), cut: false, budget: BURST, refilled: now, skipped: 0 }
    }

    fn push(&mut self, byte: u8) -> Option<String> {
        if byte == b'\n' {
            return self.rest();
        }
        if self.current.len() < LONGEST {
            self.current.push(byte);
        } else {
            self.cut = true;
        }
        None
    }

    fn rest(&mut self) -> Option<String> {
        if self.current.is_empty() {
            return None;
        }
        let mut line = String::from_utf8_lossy(&self.current).into_owned();
        if std::mem::take(&mut self.cut) {
            line.push('…');
        }
        self.current.clear();
        Some(line)
    }

    /// Takes one line from the budget; tells how many were dropped before it.
    fn spend(&mut self, now: Instant) -> Option<u64> {
        let elapsed = now.saturating_duration_since(self.refilled);
        let more = u32::try_from(elapsed.as_millis() / ONE_MORE.as_millis()).unwrap_or(BURST);
        if more > 0 {
            self.budget = self.budget.saturating_add(more).min(BURST);
            self.refilled = now;
        }
        if self.budget == 0 {
            self.skipped += 1;
            return None;
        }
        self.budget -= 1;
        Some(std::mem::take(&mut self.skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_is_cut_and_not_kept() {
        let mut lines = Lines::new(Instant::now());
        for _ in 0..3 * LONGEST {
            assert_eq!(lines.push(b'x'), None);
        }
        let line = lines.push(b'\n').unwrap();
        assert!(line.len() < LONGEST + 8 && line.ends_with('…'));
        assert_eq!(lines.push(b'\n'), None, "an empty line says nothing");
    }

    #[test]
    fn a_flood_is_dropped_and_counted() {
        let start = Instant::now();
        let mut lines = Lines::new(start);
        let passed = (0..BURST + 50).filter(|_| lines.spend(start).is_some()).count();
        assert_eq!(passed, BURST as usize);
        assert_eq!(lines.spend(start + ONE_MORE), Some(50));
    }

    #[test]
    fn what_is_not_our_format_counts_as_an_error() {
        assert!(is_error("thread 'main' panicked at x.rs:1"));
        assert!(is_error(r#"{"level":"ERROR","event":"x"}"#));
        assert!(!is_error(r#"{"level":"info","event":"x"}"#));
    }
}

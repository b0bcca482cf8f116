//! How far long work is, for whoever watches it: on stderr, and only where that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use store::Progress;

const BETWEEN: Duration = Duration::from_millis(200);

pub(crate) struct Watched {
    doing: &'static str,
    terminal: bool,
    last: Option<Instant>,
}

impl Watched {
    pub(crate) fn new(doing: &'static str) -> Self {
        Self { doing, terminal: io::stderr().is_terminal(), last: None }
    }

    pub(crate) fn tell(&mut self, Progress { rows, of }: Progress) {
        let due = self.last.is_none_or(|last| last.elapsed() >= BETWEEN);
        if !self.terminal || !(due || rows == of) {
            return;
        }
        self.last = Some(Instant::now());
        let end = if rows == of { "\n" } else { "" };
        // Who cannot be shown it does not need it.
        _ = write!(io::stderr(), "\r{} {rows} of {of} rows{end}", self.doing);
    }
}

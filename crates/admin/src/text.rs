//! Tables and times for people.

use std::io::{self, Write};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use domain::clock::Timestamp;
use domain::text::is_harmless;
use serde::Serialize;

use crate::AdminError;

pub(crate) fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(head.to_vec()).add_rows(rows);
    let lines = table.to_string();
    let lines: Vec<_> = lines.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// What a client calls itself is the client's own text: nothing in it may steer a terminal.
pub(crate) fn harmless(text: &str) -> String {
    const LONGEST: usize = 40;
    let shown = |letter: char| if is_harmless(letter) { letter } else { '\u{fffd}' };
    let mut safe: String = text.chars().take(LONGEST).map(shown).collect();
    if text.chars().nth(LONGEST).is_some() {
        safe.push('…');
    }
    safe
}

/// "3 h": how long, in one unit.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// "3 h ago": precise enough to tell a device in use from a forgotten one.
pub(crate) fn ago(moment: Timestamp, now: Timestamp) -> String {
    format!("{} ago", span(now.since(moment).as_secs()))
}

pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// One JSON value and a line break.
pub(crate) fn print_json(value: &impl Serialize, out: &mut impl Write) -> Result<(), AdminError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec102_a_client_cannot_steer_the_terminal() {
        assert_eq!(harmless("Claude\u{1b}[2J\u{202e}x\n"), "Claude\u{fffd}[2J\u{fffd}x\u{fffd}");
        assert_eq!(harmless(&"x".repeat(50)).chars().count(), 41);
    }

    #[test]
    fn time_is_told_in_the_unit_a_person_would_use() {
        let now = Timestamp(1_000_000);
        let told = |seconds| ago(Timestamp(now.0 - seconds), now);
        assert_eq!(told(5), "5 s ago");
        assert_eq!(told(61), "1 min ago");
        assert_eq!(told(7_300), "2 h ago");
        assert_eq!(told(200_000), "2 d ago");
    }
}

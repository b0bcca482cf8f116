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
    clipped(text, 40)
}

/// The same where there is room for so many letters only.
pub(crate) fn clipped(text: &str, longest: usize) -> String {
    let shown = |letter: char| if is_harmless(letter) { letter } else { '\u{fffd}' };
    let mut safe: String = text.chars().take(longest).map(shown).collect();
    if text.chars().nth(longest).is_some() {
        safe.pop();
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

/// A day, counted from the first of 1970, as a date.
pub(crate) fn day(number: i64) -> String {
    let midnight = Timestamp(number.saturating_mul(86_400)).to_string();
    midnight.split('T').next().unwrap_or_default().to_owned()
}

pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// "1.5 MiB"
pub(crate) fn mebibytes(kib: u32) -> String {
    format!("{:.1} MiB", f64::from(kib) / 1024.0)
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
        assert_eq!(harmless(&"x".repeat(50)).chars().count(), 40);
    }

    #[test]
    fn time_is_told_in_the_unit_a_person_would_use() {
        let now = Timestamp(1_000_000);
        let told = |seconds| ago(Timestamp(now.0 - seconds), now);
        assert_eq!(told(5), "5 s ago");
        assert_eq!(told(61), "1 min ago");
        assert_eq!(told(7_300), "2 h ago");
        assert_eq!(told(200_000), "2 d ago");
        assert_eq!((day(0), day(20_777)), ("1970-01-01".to_owned(), "2026-11-20".to_owned()));
    }
}

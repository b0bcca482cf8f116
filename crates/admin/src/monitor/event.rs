//! One line of the log: whether it is shown, and what it looks like.

use std::fmt::Write as _;

use domain::text::is_harmless;
use serde_json::{Map, Value};

use super::{MonitorArgs, Screen};

/// Of no interest while everything goes well.
const CHATTER: [&str; 9] = [
    "authorize-shown",
    "login-start",
    "mcp-request",
    "mfa-resume-start",
    "token-exchange",
    "worker-exited",
    "worker-log",
    "worker-spawn",
    "worker-reaped",
];

pub(super) struct Event(Map<String, Value>);

/// Which events somebody wants to see.
pub(super) struct Selection {
    all: bool,
    account: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Error,
    Warn,
    Info,
    Debug,
}

impl Selection {
    pub(super) fn of(args: &MonitorArgs) -> Self {
        Self { all: args.all, account: args.account.clone() }
    }

    /// `None` is a line that is no event.
    pub(super) fn shows(&self, event: Option<&Event>) -> bool {
        let Some(event) = event else { return self.all && self.account.is_none() };
        if self.account.as_deref().is_some_and(|wanted| event.text_of("account") != wanted) {
            return false;
        }
        self.all || event.matters()
    }
}

impl Event {
    pub(super) fn parse(line: &str) -> Option<Self> {
        match serde_json::from_str(line) {
            Ok(Value::Object(fields)) if fields.contains_key("event") => Some(Self(fields)),
            Ok(_) | Err(_) => None,
        }
    }

    fn text_of(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn severity(&self) -> Severity {
        match self.text_of("level") {
            "error" => Severity::Error,
            "warn" => Severity::Warn,
            "debug" | "trace" => Severity::Debug,
            _ => Severity::Info,
        }
    }

    fn matters(&self) -> bool {
        match self.severity() {
            Severity::Error | Severity::Warn => true,
            Severity::Debug => false,
            Severity::Info => {
                !CHATTER.contains(&self.text_of("event")) && !self.is_protocol_chatter()
            }
        }
    }

    /// A handshake, a list, a ping that went well: six calls of seven, and nobody's use of
    /// anything.
    fn is_protocol_chatter(&self) -> bool {
        let tool = self.text_of("tool");
        let went_well =
            self.0.get("status").and_then(Value::as_u64).is_none_or(|status| status < 400);
        self.text_of("event") == "mcp-response"
            && went_well
            && (tool == "other"
                || tool == "initialize"
                || (tool.contains('/') && tool != "tools/call"))
    }

    /// `16:04:05 info  mcp-response           account=acc_… tool=get_sleep — …`
    pub(super) fn text(&self, screen: Screen) -> String {
        let (level, colour) = match self.severity() {
            Severity::Error => ("error", "31"),
            Severity::Warn => ("warn", "33"),
            Severity::Info => ("info", "32"),
            Severity::Debug => ("debug", "2"),
        };
        let paint = |code: &str, text: String| match screen {
            Screen::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Screen::Plain | Screen::Pipe => text,
        };
        let ts = self.text_of("ts");
        let time = ts.split_once('T').map_or(ts, |(_, time)| time);
        let time: String = harmless(time).chars().take(8).collect();
        let mut line = format!(
            "{} {} {}",
            paint("2", format!("{time:<8}")),
            paint(colour, format!("{level:<5}")),
            paint("1", format!("{:<22}", harmless(self.text_of("event")))),
        );
        let plain = |key: &str| matches!(key, "ts" | "level" | "event" | "message");
        for (key, value) in self.0.iter().filter(|(key, _)| !plain(key)) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let key = paint("36", harmless(key));
            _ = write!(line, " {key}={}", harmless(&value));
        }
        let message = self.text_of("message");
        if !message.is_empty() {
            _ = write!(line, " — {}", harmless(message));
        }
        line.push('\n');
        line
    }
}

/// Workers and clients write into the log what they like; nothing of it may steer a terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|letter| if is_harmless(letter) { letter } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Event {
        Event::parse(json).unwrap()
    }

    fn shown(line: &str, all: bool, account: Option<&str>) -> bool {
        let selection = Selection { all, account: account.map(str::to_owned) };
        selection.shows(Event::parse(line).as_ref())
    }

    #[test]
    fn what_matters_is_shown_and_chatter_only_on_request() {
        let list = r#"{"level":"info","event":"mcp-response","tool":"tools/list","status":200}"#;
        let failed = r#"{"level":"info","event":"mcp-response","tool":"tools/list","status":502}"#;
        let tool = r#"{"level":"info","event":"mcp-response","tool":"get_sleep","status":200}"#;
        let debug = r#"{"level":"debug","event":"worker-gone"}"#;
        let warning = r#"{"level":"warn","event":"worker-log"}"#;
        for (line, matters) in
            [(list, false), (failed, true), (tool, true), (debug, false), (warning, true)]
        {
            assert_eq!(shown(line, false, None), matters, "{line}");
            assert!(shown(line, true, None), "{line}");
        }
        assert!(!shown("not an event", false, None) && shown("not an event", true, None));
    }

    #[test]
    fn one_account_can_be_picked_out() {
        let line = r#"{"level":"warn","event":"worker-died","account":"acc_1"}"#;
        assert!(shown(line, false, Some("acc_1")) && !shown(line, true, Some("acc_2")));
        assert!(!shown("text", true, Some("acc_1")));
    }

    #[test]
    fn sec102_a_line_of_a_worker_cannot_steer_the_terminal() {
        let text = event(r#"{"ts":"2026-11-20T16:04:05.1Z","level":"error","event":"worker-log","line":"a\u001b[2Jb\u202e"}"#)
            .text(Screen::Pipe);
        assert_eq!(text, "16:04:05 error worker-log             line=a\u{fffd}[2Jb\u{fffd}\n");
    }

    #[test]
    fn colour_is_for_terminals_only() {
        let event = event(
            r#"{"ts":"2026-11-20T16:04:05Z","level":"warn","event":"x","ms":3,"message":"m"}"#,
        );
        assert!(event.text(Screen::Colour).contains("\u{1b}[33mwarn \u{1b}[0m"));
        assert!(event.text(Screen::Plain).ends_with(" ms=3 — m\n"));
        assert!(!event.text(Screen::Plain).contains('\u{1b}'));
    }
}

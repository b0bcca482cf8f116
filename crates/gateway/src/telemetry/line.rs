//! What a line looks like: one flat JSON object, or plain text for people at a terminal.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::Value;
use tracing::Level;
use tracing::field::{Field, Visit};

/// The fields of one event, flat.
/// In the order they were recorded.
#[derive(Default, Clone)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(super) fn event(&self) -> Option<&str> {
        self.get("event").and_then(Value::as_str)
    }

    /// Of two values of one name the later stays.
    pub(super) fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, earlier)) => *earlier = value,
            None => self.0.push((name, value)),
        }
    }

    pub(super) fn extend(&mut self, others: &Self) {
        for (name, value) in &others.0 {
            self.set(name, value.clone());
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn json(&self, ts: &str, level: Level, target: &str) -> String {
        let mut line = Vec::with_capacity(512);
        member(&mut line, "ts", ts);
        member(&mut line, "level", level_word(level));
        if let Some(event) = self.get("event") {
            member(&mut line, "event", event);
        } else {
            member(&mut line, "event", "log");
            member(&mut line, "target", target);
        }
        for (name, value) in self.0.iter().filter(|(name, _)| *name != "event") {
            match *name {
                "ts" => member(&mut line, "field_ts", value),
                "target" => member(&mut line, "field_target", value),
                // What the worker's line says is its own level, not the line's.
                "level" => member(&mut line, "log_level", value),
                _ => member(&mut line, name, value),
            }
        }
        line.extend_from_slice(b"}\n");
        String::from_utf8(line).unwrap_or_default()
    }

    pub(super) fn text(&self, level: Level, target: &str) -> String {
        let event = self.event().unwrap_or(target);
        let mut line = format!("{:<7} {event}", level_word(level));
        for (key, value) in self.0.iter().filter(|(key, _)| !["event", "message"].contains(key)) {
            let _ = write!(line, " {key}={value}");
        }
        if let Some(message) = self.get("message").and_then(Value::as_str) {
            let _ = write!(line, " — {message}");
        }
        line.push('\n');
        line
    }

    fn put(&mut self, field: &Field, value: Value) {
        if field.name() == "message" && value.as_str().is_some_and(str::is_empty) {
            return;
        }
        self.set(field.name(), value);
    }
}

fn member<V: Serialize + ?Sized>(line: &mut Vec<u8>, name: &str, value: &V) {
    line.push(if line.is_empty() { b'{' } else { b',' });
    // Memory takes every byte, and a value always has a JSON form.
    let _ = serde_json::to_writer(&mut *line, name);
    line.push(b':');
    let _ = serde_json::to_writer(line, value);
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.put(field, u64::try_from(value).unwrap_or(u64::MAX).into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

/// The words of the original log.
pub(super) fn level_word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&'static str, Value)]) -> Fields {
        Fields(pairs.to_vec())
    }

    #[test]
    fn sec102_a_line_is_one_flat_json_object_whatever_it_says() {
        let fields = fields(&[
            ("event", "worker-log".into()),
            ("line", "two\nlines \"quoted\" \u{1b}[31m".into()),
            ("level", "ERROR".into()),
            ("ts", 1.into()),
        ]);
        let line = fields.json("2026-05-01T00:00:00Z", Level::INFO, "gateway");
        assert_eq!(line.matches('\n').count(), 1);
        let parsed: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["ts"], "2026-05-01T00:00:00Z");
        assert_eq!(parsed["level"], "info");
        assert_eq!(parsed["log_level"], "ERROR");
        assert_eq!(parsed["event"], "worker-log");
        assert!(line.starts_with(r#"{"ts":"2026"#), "{line}");
    }

    #[test]
    fn a_foreign_line_names_its_module() {
        let line = fields(&[("message", "hello".into())]).json("t", Level::WARN, "hyper::proto");
        assert_eq!(
            line,
            "{\"ts\":\"t\",\"level\":\"warn\",\"event\":\"log\",\"target\":\"hyper::proto\",\
             \"message\":\"hello\"}\n"
        );
    }
}

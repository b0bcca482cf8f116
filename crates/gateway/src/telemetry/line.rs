//! What a line looks like: one flat JSON object, or plain text for people at a terminal.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use tracing::Level;
use tracing::field::{Field, Visit};

/// The fields of one event, flat.
#[derive(Default)]
pub(super) struct Fields(pub(super) Map<String, Value>);

impl Fields {
    pub(super) fn event(&self) -> Option<&str> {
        self.0.get("event").and_then(Value::as_str)
    }

    pub(super) fn json(&self, ts: &str, level: Level, target: &str) -> String {
        let mut line = String::with_capacity(256);
        let mut member = |key: &str, value: &Value| {
            line.push(if line.is_empty() { '{' } else { ',' });
            // Writing to a string does not fail, and a value always has a JSON form.
            let _ = write!(line, "{}:{value}", Value::from(key));
        };
        member("ts", &ts.into());
        member("level", &level_word(level).into());
        if let Some(event) = self.0.get("event") {
            member("event", event);
        } else {
            member("event", &"log".into());
            member("target", &target.into());
        }
        for (key, value) in self.0.iter().filter(|(key, _)| *key != "event") {
            match key.as_str() {
                "ts" | "target" => member(&format!("field_{key}"), value),
                // What the worker's line says is its own level, not the line's.
                "level" => member("log_level", value),
                _ => member(key, value),
            }
        }
        line.push_str("}\n");
        line
    }

    pub(super) fn text(&self, level: Level, target: &str) -> String {
        let event = self.0.get("event").and_then(Value::as_str).unwrap_or(target);
        let mut line = format!("{:<7} {event}", level_word(level));
        for (key, value) in self.0.iter().filter(|(key, _)| *key != "event" && *key != "message") {
            let _ = write!(line, " {key}={value}");
        }
        if let Some(message) = self.0.get("message").and_then(Value::as_str) {
            let _ = write!(line, " — {message}");
        }
        line.push('\n');
        line
    }

    fn put(&mut self, field: &Field, value: Value) {
        if field.name() == "message" && value.as_str().is_some_and(str::is_empty) {
            return;
        }
        self.0.insert(field.name().to_owned(), value);
    }
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

    fn fields(pairs: &[(&str, Value)]) -> Fields {
        Fields(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
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

//! One JSON object a line on stdout, and in `GATEWAY_LOG_FILE` where one is set: `ts`,
//! `level`, `event`, then flat fields. People at a terminal get plain text instead.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

use crate::config::LogConfig;
use crate::request_id;

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("GATEWAY_LOG_FILE cannot be opened: {0}")]
    File(#[source] io::Error),
    #[error("logging was set up twice: {0}")]
    Twice(#[from] TryInitError),
}

/// Our own crates as configured, everybody else's only when something is wrong.
const OURS: [&str; 8] =
    ["gateway", "store", "garmin", "domain", "simulator", "worker", "admin", "garmin_gateway"];

/// Sends every event of this process to the log. Once per process.
pub fn init(config: &LogConfig) -> Result<(), TelemetryError> {
    let file = match &config.file {
        Some(path) => Some(
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(path)
                .map_err(TelemetryError::File)?,
        ),
        None => None,
    };
    let form = if io::stdout().is_terminal() { Form::Text } else { Form::Json };
    let level = LevelFilter::from_level(config.level);
    let others = level.min(LevelFilter::WARN);
    let targets = Targets::new().with_default(others).with_targets(OURS.map(|name| (name, level)));
    let lines = Lines { form, file: file.map(Mutex::new) };
    Registry::default().with(lines.with_filter(targets)).try_init()?;
    tracing::info!(
        event = "logging-initialised",
        path = config.file.as_ref().map(|path| path.display().to_string()),
        level = level_word(config.level),
        ""
    );
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
}

struct Lines {
    form: Form,
    file: Option<Mutex<File>>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| span.name() == request_id::SPAN) else {
            return;
        };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(request) = span.extensions().get::<Fields>() {
                fields.0.extend(request.0.clone());
            }
        }
        event.record(&mut fields);
        let ts = jiff::Timestamp::now();
        let meta = event.metadata();
        let json = || fields.json(&ts.to_string(), *meta.level(), meta.target());
        let line = match self.form {
            Form::Json => json(),
            Form::Text => fields.text(*meta.level(), meta.target()),
        };
        // A log that cannot be written has nowhere to say so.
        let _ = io::stdout().lock().write_all(line.as_bytes());
        if let Some(file) = &self.file {
            let line = if self.form == Form::Json { line } else { json() };
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = file.write_all(line.as_bytes());
        }
    }
}

/// The fields of one event, flat.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn json(&self, ts: &str, level: Level, target: &str) -> String {
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

    fn text(&self, level: Level, target: &str) -> String {
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
fn level_word(level: Level) -> &'static str {
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

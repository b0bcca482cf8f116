//! Where metrics are entered: name, help and labels once, for the exporter and for the page of
//! documentation.

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::label::{By, Counters, Gauges, Histograms, Label};

/// Before every name.
const PREFIX: &str = "garmin_gateway_";

const METADATA: Metadata<'static> = Metadata::new("gateway", Level::INFO, None);

/// One metric, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub kind: &'static str,
    /// `key: value, value`, one for each label.
    pub labels: Vec<String>,
    pub help: &'static str,
}

pub(super) struct Book<'a> {
    /// `None`: nobody scrapes, and handles do nothing.
    recorder: Option<&'a PrometheusRecorder>,
    pub(super) rows: Vec<Row>,
}

type Labels = Vec<metrics::Label>;

impl<'a> Book<'a> {
    pub(super) fn new(recorder: Option<&'a PrometheusRecorder>) -> Self {
        Self { recorder, rows: Vec::new() }
    }

    pub(super) fn counter(&mut self, name: &str, help: &'static str) -> Counter {
        self.enter("counter", name, help, Vec::new());
        self.one_counter(name, Vec::new())
    }

    pub(super) fn counters<L: Label>(&mut self, name: &str, help: &'static str) -> Counters<L> {
        self.enter("counter", name, help, vec![values::<L>()]);
        By::new(|label| self.one_counter(name, vec![pair(*label)]))
    }

    /// By two labels.
    pub(super) fn counters_by<A: Label, B: Label>(
        &mut self,
        name: &str,
        help: &'static str,
    ) -> By<A, Counters<B>> {
        self.enter("counter", name, help, vec![values::<A>(), values::<B>()]);
        By::new(|a| By::new(|b| self.one_counter(name, vec![pair(*a), pair(*b)])))
    }

    pub(super) fn gauge(&mut self, name: &str, help: &'static str) -> Gauge {
        self.enter("gauge", name, help, Vec::new());
        self.one_gauge(name, Vec::new())
    }

    pub(super) fn gauges<L: Label>(&mut self, name: &str, help: &'static str) -> Gauges<L> {
        self.enter("gauge", name, help, vec![values::<L>()]);
        By::new(|label| self.one_gauge(name, vec![pair(*label)]))
    }

    pub(super) fn histogram(&mut self, name: &str, help: &'static str) -> Histogram {
        self.enter("histogram", name, help, Vec::new());
        self.one_histogram(name, Vec::new())
    }

    pub(super) fn histograms<L: Label>(&mut self, name: &str, help: &'static str) -> Histograms<L> {
        self.enter("histogram", name, help, vec![values::<L>()]);
        By::new(|label| self.one_histogram(name, vec![pair(*label)]))
    }

    /// One that is written at the scrape and not kept by the recorder.
    pub(super) fn note(
        &mut self,
        kind: &'static str,
        name: &str,
        labels: &str,
        help: &'static str,
    ) {
        let labels = if labels.is_empty() { Vec::new() } else { vec![labels.to_owned()] };
        self.rows.push(Row { name: full(name), kind, labels, help });
    }

    fn enter(&mut self, kind: &'static str, name: &str, help: &'static str, labels: Vec<String>) {
        let name = full(name);
        if let Some(recorder) = self.recorder {
            let key = KeyName::from(name.clone());
            match kind {
                "counter" => recorder.describe_counter(key, None, help.into()),
                "gauge" => recorder.describe_gauge(key, None, help.into()),
                _ => recorder.describe_histogram(key, None, help.into()),
            }
        }
        self.rows.push(Row { name, kind, labels, help });
    }

    fn one_counter(&self, name: &str, labels: Labels) -> Counter {
        let key = Key::from_parts(full(name), labels);
        self.recorder.map_or_else(Counter::noop, |to| to.register_counter(&key, &METADATA))
    }

    fn one_gauge(&self, name: &str, labels: Labels) -> Gauge {
        let key = Key::from_parts(full(name), labels);
        self.recorder.map_or_else(Gauge::noop, |to| to.register_gauge(&key, &METADATA))
    }

    fn one_histogram(&self, name: &str, labels: Labels) -> Histogram {
        let key = Key::from_parts(full(name), labels);
        self.recorder.map_or_else(Histogram::noop, |to| to.register_histogram(&key, &METADATA))
    }
}

pub(super) fn full(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn pair<L: Label>(label: L) -> metrics::Label {
    metrics::Label::from_static_parts(L::KEY, label.word())
}

fn values<L: Label>() -> String {
    let words: Vec<_> = L::ALL.iter().map(|label| label.word()).collect();
    format!("{}: {}", L::KEY, words.join(", "))
}

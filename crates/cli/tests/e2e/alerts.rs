//! The example rules of `alerts.yml`, over two scrapes. Reads what those rules are written in
//! and no more: counts of selected series, sums, comparisons, `and`, `or`.

use std::collections::BTreeMap;
use std::path::Path;

type Labels = BTreeMap<String, String>;

/// One scrape.
#[derive(Debug, Clone)]
pub(crate) struct Samples(Vec<(String, Labels, f64)>);

pub(crate) struct Rules(Vec<(String, String)>);

impl Samples {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let samples = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels.trim_end_matches('}').split("\",");
            let labels = labels.filter_map(|pair| {
                let (key, value) = pair.split_once("=\"")?;
                Some((key.to_owned(), value.trim_end_matches('"').to_owned()))
            });
            (name.to_owned(), labels.collect(), value.parse().unwrap())
        });
        Self(samples.collect())
    }

    /// The sum of the series of this name that have these labels.
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |known: &Labels| {
            labels.iter().all(|(key, value)| known.get(*key).is_some_and(|known| known == value))
        };
        self.0.iter().filter(|(n, l, _)| n == name && fits(l)).map(|(.., value)| value).sum()
    }

    /// The same by a selector: `name{a="x",b=~"y|z"}`.
    fn select(&self, selector: &str) -> f64 {
        let (name, labels) = selector.split_once('{').unwrap_or((selector, ""));
        let pairs: Vec<_> = labels.trim_end_matches('}').split("\",").collect();
        let fits = |known: &Labels| {
            pairs.iter().filter(|pair| !pair.is_empty()).all(|pair| {
                let (key, value) = pair.split_once('=').unwrap();
                let wanted = value.trim_start_matches('~').trim_matches('"');
                let known = known.get(key).map(String::as_str).unwrap_or_default();
                wanted.split('|').any(|wanted| wanted == known)
            })
        };
        self.0.iter().filter(|(n, l, _)| n == name && fits(l)).map(|(.., value)| value).sum()
    }
}

impl Rules {
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/docs/alerts.yml");
        let text = std::fs::read_to_string(path).unwrap();
        let rules = text.split("- alert: ").skip(1).map(|rule| {
            let (name, rest) = rule.split_once('\n').unwrap();
            let expr = rest.split("expr:").nth(1).unwrap();
            let end = ["\n        for:", "\n        labels:"];
            let end = end.iter().filter_map(|end| expr.find(end)).min().unwrap();
            let expr = expr[..end].trim().trim_start_matches(">-");
            (name.trim().to_owned(), expr.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        Self(rules.collect())
    }

    /// The names of the alerts whose condition holds, as if the time between the scrapes were
    /// the window of every rule.
    pub(crate) fn raised(&self, before: &Samples, after: &Samples) -> Vec<String> {
        let holds = |expr: &str| {
            let mut reader = Reader { rest: expr, before, after };
            let value = reader.either();
            assert!(reader.rest.trim().is_empty(), "not read: {} of {expr}", reader.rest);
            value
        };
        self.0.iter().filter(|(_, expr)| holds(expr)).map(|(name, _)| name.clone()).collect()
    }
}

struct Reader<'a> {
    rest: &'a str,
    before: &'a Samples,
    after: &'a Samples,
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let taken = rest.strip_prefix(word);
        self.rest = taken.unwrap_or(rest);
        taken.is_some()
    }

    fn either(&mut self) -> bool {
        let mut holds = self.both();
        while self.take("or ") {
            holds |= self.both();
        }
        holds
    }

    fn both(&mut self) -> bool {
        let mut holds = self.comparison();
        while self.take("and ") {
            self.take("on() ");
            holds &= self.comparison();
        }
        holds
    }

    fn comparison(&mut self) -> bool {
        let left = self.product();
        if self.take("==") {
            return (left - self.product()).abs() < f64::EPSILON;
        }
        assert!(self.take(">"), "no comparison in {}", self.rest);
        left > self.product()
    }

    fn product(&mut self) -> f64 {
        let mut value = self.term();
        loop {
            if self.take("*") {
                value *= self.term();
            } else if self.take("/") {
                value /= self.term();
            } else {
                return value;
            }
        }
    }

    fn term(&mut self) -> f64 {
        if self.take("sum(") {
            let value = self.product();
            assert!(self.take(")"));
            return value;
        }
        if self.take("increase(") || self.take("rate(") {
            let (selector, rest) = self.rest.split_once('[').unwrap();
            self.rest = rest.split_once("])").unwrap().1;
            return self.after.select(selector) - self.before.select(selector);
        }
        let end = self.rest.trim_start();
        let length = end.find([' ', ')']).unwrap_or(end.len());
        let (word, rest) = end.split_at(length);
        self.rest = rest;
        word.parse().unwrap_or_else(|_| match word {
            // Asked by Prometheus, of Prometheus.
            "up{job=\"garmin-gateway\"}" => 1.0,
            series => self.after.select(series),
        })
    }
}

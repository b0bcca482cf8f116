//! Reading JSON while collecting every problem, each with the way to it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::form::{Athlete, Range};

/// One thing that is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Such as `steps[2].target.hr_zone`; empty for the whole.
    pub path: String,
    pub problem: String,
}

/// A share of a threshold and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolved {
    pub path: String,
    pub given: String,
    pub resolved: String,
}

/// How the name of an exercise was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matched {
    pub path: String,
    pub given: String,
    pub category: String,
    /// Absent when only the category is certain.
    pub exercise: Option<String>,
    pub how: &'static str,
}

/// What is noticed on the way.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) athlete: &'a Athlete,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
    pub(super) resolved: Vec<Resolved>,
    pub(super) matched: Vec<Matched>,
    pub(super) steps: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(athlete: &'a Athlete) -> Self {
        Self {
            athlete,
            problems: Vec::new(),
            warnings: Vec::new(),
            resolved: Vec::new(),
            matched: Vec::new(),
            steps: 0,
        }
    }

    pub(super) fn problem(&mut self, path: &str, problem: impl Into<String>) {
        self.problems.push(Problem { path: path.to_owned(), problem: problem.into() });
    }

    pub(super) fn object<'v>(
        &mut self,
        value: &'v Value,
        path: &str,
    ) -> Option<&'v Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.problem(path, format!("must be an object, not {}", kind(value)));
        }
        object
    }

    pub(super) fn list<'v>(&mut self, value: &'v Value, path: &str) -> Option<&'v Vec<Value>> {
        let list = value.as_array();
        if list.is_none() {
            self.problem(path, format!("must be a list, not {}", kind(value)));
        }
        list
    }

    /// Every key must be one of `known`.
    pub(super) fn only(&mut self, object: &Map<String, Value>, known: &[&str], path: &str) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.problem(
                &at(path, &shown(key)),
                format!("unknown; allowed are {}", known.join(", ")),
            );
        }
    }

    pub(super) fn text(&mut self, value: &Value, path: &str, longest: usize) -> Option<String> {
        let Some(text) = value.as_str() else {
            self.problem(path, format!("must be text, not {}", kind(value)));
            return None;
        };
        let text = text.trim();
        let length = text.chars().count();
        if length > longest {
            self.problem(path, format!("has {length} characters; allowed are at most {longest}"));
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A number from `least` to `most`, also where it is written as text.
    pub(super) fn number(
        &mut self,
        value: &Value,
        path: &str,
        least: f64,
        most: f64,
        unit: &str,
    ) -> Option<f64> {
        let number = number_in(value);
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            self.problem(path, format!("allowed is a number from {least} to {most}{unit}"));
        }
        number
    }

    pub(super) fn whole(
        &mut self,
        value: &Value,
        path: &str,
        least: u32,
        most: u32,
    ) -> Option<u32> {
        let number = number_in(value)
            .filter(|number| number.fract() == 0.0)
            .filter(|number| (f64::from(least)..=f64::from(most)).contains(number));
        if number.is_none() {
            self.problem(path, format!("allowed is a whole number from {least} to {most}"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and between two numbers of the type"
        )]
        number.map(|number| number as u32)
    }

    pub(super) fn flag(&mut self, value: &Value, path: &str) -> Option<bool> {
        let flag = value.as_bool();
        if flag.is_none() {
            self.problem(path, format!("must be true or false, not {}", kind(value)));
        }
        flag
    }

    /// `[low, high]`, each from `least` to `most`.
    pub(super) fn range(
        &mut self,
        value: &Value,
        path: &str,
        least: f64,
        most: f64,
        unit: &str,
    ) -> Option<Range> {
        let Some([low, high]) = value.as_array().map(Vec::as_slice) else {
            self.problem(path, format!("allowed is a range [low, high] in {unit}"));
            return None;
        };
        let low = self.number(low, &format!("{path}[0]"), least, most, unit);
        let high = self.number(high, &format!("{path}[1]"), least, most, unit);
        let (low, high) = (low?, high?);
        if low > high {
            self.problem(path, format!("{low} is above {high}; allowed is the lower number first"));
            return None;
        }
        Some(Range { low, high })
    }
}

/// The path of a key of the object at `path`.
pub(super) fn at(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What is there and not null.
pub(super) fn given<'v>(object: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    object.get(key).filter(|value| !value.is_null())
}

pub(super) fn number_in(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// A caller's words, as far as a refusal repeats them.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|letter| domain::text::is_harmless(*letter)).take(60).collect()
}

/// Seconds, as a number or as a clock shows them: `90`, `"1:30"`, `"4:05.5"`, `"1:02:03"`.
pub(super) fn clock_in(value: &Value) -> Option<f64> {
    let Value::String(text) = value else { return number_in(value) };
    let text = text.trim();
    if !text.contains(':') {
        return number_in(value);
    }
    let parts: Vec<&str> = text.split(':').collect();
    let (last, earlier) = parts.split_last()?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = |part: &&str| if digits(part) { part.parse::<u32>().ok() } else { None };
    let shaped = last.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = last.parse().ok().filter(|seconds| shaped && *seconds < 60.0)?;
    let earlier: Vec<u32> = earlier.iter().map(whole).collect::<Option<_>>()?;
    match earlier.as_slice() {
        [minutes] => Some(f64::from(*minutes) * 60.0 + seconds),
        [hours, minutes] if *minutes < 60 => {
            Some(f64::from(*hours) * 3_600.0 + f64::from(*minutes) * 60.0 + seconds)
        }
        _ => None,
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

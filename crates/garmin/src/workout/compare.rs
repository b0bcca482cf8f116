//! What was sent against what was stored, step by step: Garmin normalises, and sometimes drops.

use serde::Serialize;
use serde_json::{Value, json};

use super::decompile::{named, number, text, whole};
use super::ids::{Condition, Dictionary, Drill, Equipment, Sport, StepKind, Stroke, TargetType};

/// One thing that was stored otherwise than it was sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Such as `segments[0].steps[1].steps[0]`.
    pub path: String,
    pub field: &'static str,
    pub sent: Value,
    /// Null where it was dropped.
    pub stored: Value,
}

/// The differences between a workout as it was sent and as it was read back. What Garmin adds
/// by itself is none.
#[must_use]
pub fn differences(sent: &Value, stored: &Value) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    found.word::<Sport>("", "sport", sent.get("sportType"), stored.get("sportType"));
    found.text("", "name", sent.get("workoutName"), stored.get("workoutName"));
    found.text("", "description", sent.get("description"), stored.get("description"));
    found.number("", "pool_length", sent.get("poolLength"), stored.get("poolLength"));
    let (ours, theirs) = (list(sent, "workoutSegments"), list(stored, "workoutSegments"));
    found.count("", "segments", ours.len(), theirs.len());
    for (index, (one, other)) in ours.iter().zip(theirs).enumerate() {
        let path = format!("segments[{index}]");
        found.word::<Sport>(&path, "sport", one.get("sportType"), other.get("sportType"));
        found.steps(&path, one, other);
    }
    found.0
}

fn list<'v>(of: &'v Value, key: &str) -> &'v [Value] {
    of.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

struct Found(Vec<Difference>);

impl Found {
    fn push(&mut self, path: &str, field: &'static str, sent: Value, stored: Value) {
        self.0.push(Difference { path: path.to_owned(), field, sent, stored });
    }

    fn count(&mut self, path: &str, field: &'static str, sent: usize, stored: usize) {
        if sent != stored {
            self.push(path, field, json!(sent), json!(stored));
        }
    }

    fn word<T: Dictionary>(
        &mut self,
        path: &str,
        field: &'static str,
        sent: Option<&Value>,
        stored: Option<&Value>,
    ) {
        let (sent, stored): (Option<T>, Option<T>) = (named(sent), named(stored));
        if let Some(sent) = sent
            && stored != Some(sent)
        {
            self.push(path, field, json!(sent.word()), json!(stored.map(T::word)));
        }
    }

    fn text(
        &mut self,
        path: &str,
        field: &'static str,
        sent: Option<&Value>,
        stored: Option<&Value>,
    ) {
        let (sent, stored) = (text(sent), text(stored));
        if sent.is_some() && sent != stored {
            self.push(path, field, json!(sent), json!(stored));
        }
    }

    fn number(
        &mut self,
        path: &str,
        field: &'static str,
        sent: Option<&Value>,
        stored: Option<&Value>,
    ) {
        let (sent, stored) = (number(sent), number(stored));
        let Some(value) = sent else { return };
        // Garmin keeps fewer decimals of a speed than were sent.
        let close = |stored: f64| (stored - value).abs() <= 0.001 * value.abs().max(0.01);
        if !stored.is_some_and(close) {
            self.push(path, field, json!(value), json!(stored));
        }
    }

    fn steps(&mut self, path: &str, sent: &Value, stored: &Value) {
        let (ours, theirs) = (list(sent, "workoutSteps"), list(stored, "workoutSteps"));
        self.count(path, "steps", ours.len(), theirs.len());
        for (index, (one, other)) in ours.iter().zip(theirs).enumerate() {
            self.step(&format!("{path}.steps[{index}]"), one, other);
        }
    }

    fn step(&mut self, path: &str, sent: &Value, stored: &Value) {
        let pair = |key: &str| (sent.get(key), stored.get(key));
        if sent.get("workoutSteps").is_some() {
            let times = |of: &Value| {
                whole(of.get("numberOfIterations")).or_else(|| whole(of.get("endConditionValue")))
            };
            if times(sent) != times(stored) {
                self.push(path, "repeat", json!(times(sent)), json!(times(stored)));
            }
            let skips = |of: &Value| of.get("skipLastRestStep") == Some(&Value::Bool(true));
            if skips(sent) != skips(stored) {
                self.push(path, "skip_last_recovery", json!(skips(sent)), json!(skips(stored)));
            }
            self.steps(path, sent, stored);
            return;
        }
        let (one, other) = pair("stepType");
        self.word::<StepKind>(path, "kind", one, other);
        let (one, other) = pair("description");
        self.text(path, "note", one, other);
        let (one, other) = pair("endCondition");
        self.word::<Condition>(path, "end", one, other);
        for (key, field) in [
            ("endConditionValue", "end_value"),
            ("endConditionZone", "end_zone"),
            ("weightValue", "weight"),
        ] {
            let (one, other) = pair(key);
            self.number(path, field, one, other);
        }
        for (key, field) in [
            ("endConditionCompare", "end_compare"),
            ("category", "category"),
            ("exerciseName", "exercise"),
        ] {
            let (one, other) = pair(key);
            self.text(path, field, one, other);
        }
        self.target(
            path,
            sent,
            stored,
            "target",
            ["targetType", "targetValueOne", "targetValueTwo", "zoneNumber"],
        );
        self.target(
            path,
            sent,
            stored,
            "secondary",
            [
                "secondaryTargetType",
                "secondaryTargetValueOne",
                "secondaryTargetValueTwo",
                "secondaryZoneNumber",
            ],
        );
        let (one, other) = pair("strokeType");
        self.word::<Stroke>(path, "stroke", one, other);
        let (one, other) = pair("drillType");
        self.word::<Drill>(path, "drill", one, other);
        let (one, other) = pair("equipmentType");
        self.word::<Equipment>(path, "equipment", one, other);
    }

    fn target(
        &mut self,
        path: &str,
        sent: &Value,
        stored: &Value,
        field: &'static str,
        [kind, one, two, zone]: [&str; 4],
    ) {
        let of = |step: &Value| {
            let kind: Option<TargetType> = named(step.get(kind));
            let kind = kind.filter(|kind| *kind != TargetType::None);
            // Either order, and zero for a second value that is not there.
            let mut values: Vec<f64> = [one, two]
                .into_iter()
                .filter_map(|key| number(step.get(key)))
                .filter(|value| *value != 0.0)
                .collect();
            values.sort_by(f64::total_cmp);
            let zone = whole(step.get(zone)).filter(|zone| *zone > 0);
            (kind, values, zone)
        };
        let (ours, theirs) = (of(sent), of(stored));
        let close = ours.1.len() == theirs.1.len()
            && ours
                .1
                .iter()
                .zip(&theirs.1)
                .all(|(one, other)| (one - other).abs() <= 0.001 * one.abs().max(0.01));
        if ours.0 == theirs.0 && ours.2 == theirs.2 && close {
            return;
        }
        let shown = |(kind, values, zone): (Option<TargetType>, Vec<f64>, Option<i64>)| {
            kind.map_or(
                Value::Null,
                |kind| json!({ "type": kind.key(), "values": values, "zone": zone }),
            )
        };
        self.push(path, field, shown(ours), shown(theirs));
    }
}

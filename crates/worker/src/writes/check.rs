//! Reading back: where Garmin shows what was written, and whether it is what was meant.
//!
//! A check is data, so that one can be made again long after the process that wrote has died.

use garmin::api::Target;
use garmin::workout::differences;
use garmin::{Garmin, GarminError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One look at one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Check {
    at: String,
    wants: Wants,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wants {
    /// These values, each at its JSON pointer.
    Fields(Vec<Field>),
    /// Nothing: it was deleted.
    Gone,
    /// This workout, step by step as it was sent; what Garmin adds does not count.
    Workout(Value),
    /// A list with, or without, an item whose field has this value.
    Listed { list: String, by: String, is: Value, there: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Field {
    key: String,
    pointer: String,
    is: Value,
    /// Nothing at all does as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    or_nothing: bool,
}

/// What a look has shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) current: Value,
    /// Whether it is what was meant.
    pub(crate) fits: bool,
}

impl Check {
    /// Looks at an address; add what is to be found there with [`Self::field`].
    pub(crate) fn at(target: Target) -> Self {
        Self { at: target.finish(), wants: Wants::Fields(Vec::new()) }
    }

    /// `pointer` into Garmin's answer (RFC 6901), to be equal to `is`; shown under `key`.
    pub(crate) fn field(self, key: &str, pointer: &str, is: impl Into<Value>) -> Self {
        self.with(key, pointer, is.into(), false)
    }

    /// The same, satisfied where Garmin shows nothing: for what is cleared by a zero.
    pub(crate) fn field_or_nothing(self, key: &str, pointer: &str, is: impl Into<Value>) -> Self {
        self.with(key, pointer, is.into(), true)
    }

    fn with(mut self, key: &str, pointer: &str, is: Value, or_nothing: bool) -> Self {
        let (key, pointer) = (key.to_owned(), pointer.to_owned());
        let field = Field { key, pointer, is, or_nothing };
        match &mut self.wants {
            Wants::Fields(fields) => fields.push(field),
            Wants::Gone | Wants::Workout(_) | Wants::Listed { .. } => {
                self.wants = Wants::Fields(vec![field]);
            }
        }
        self
    }

    /// The workout that was sent is there, and nothing of it was dropped or changed.
    pub(crate) fn workout(target: Target, sent: Value) -> Self {
        Self { at: target.finish(), wants: Wants::Workout(sent) }
    }

    /// Nothing is to be found there any more.
    pub(crate) fn gone(target: Target) -> Self {
        Self { at: target.finish(), wants: Wants::Gone }
    }

    /// The list at `list` (a pointer, in which `*` stands for everything in a list or an
    /// object; empty for the whole answer) has an item whose field `by`
    /// (a pointer into the item) is `is`.
    pub(crate) fn listed(target: Target, list: &str, by: &str, is: impl Into<Value>) -> Self {
        let (list, by, is) = (list.to_owned(), by.to_owned(), is.into());
        Self { at: target.finish(), wants: Wants::Listed { list, by, is, there: true } }
    }

    /// The list has no such item any more.
    pub(crate) fn unlisted(target: Target, list: &str, by: &str, is: impl Into<Value>) -> Self {
        let (list, by, is) = (list.to_owned(), by.to_owned(), is.into());
        Self { at: target.finish(), wants: Wants::Listed { list, by, is, there: false } }
    }

    /// What an answer that is at hand shows, under our keys.
    pub(crate) fn seen_in(&self, found: &Value) -> Value {
        self.judge(Some(found)).current
    }

    /// Looks and compares.
    pub(super) async fn compare(&self, garmin: &Garmin) -> Result<Seen, GarminError> {
        let found = garmin.look(&self.at).await?;
        Ok(self.judge(found.as_ref()))
    }

    fn judge(&self, found: Option<&Value>) -> Seen {
        match &self.wants {
            Wants::Gone => {
                let fits = found.is_none_or(Value::is_null);
                let current =
                    if fits { json!({ "exists": false }) } else { json!({ "exists": true }) };
                Seen { current, fits }
            }
            Wants::Workout(sent) => {
                let Some(found) = found else {
                    return Seen { current: json!({ "exists": false }), fits: false };
                };
                let differences = differences(sent, found);
                let key = match found["workoutId"].as_i64() {
                    Some(id) => format!("workout_{id}"),
                    None => "workout".to_owned(),
                };
                let fits = differences.is_empty();
                let current = json!({ "name": found["workoutName"], "differences": differences });
                Seen { current: json!({ key: current }), fits }
            }
            Wants::Fields(fields) => {
                let mut current = Map::new();
                let mut fits = found.is_some();
                for field in fields {
                    let value = found.and_then(|found| found.pointer(&field.pointer));
                    let value = value.cloned().unwrap_or_default();
                    fits &= same(&value, &field.is) || (field.or_nothing && is_nothing(&value));
                    current.insert(field.key.clone(), value);
                }
                Seen { current: Value::Object(current), fits }
            }
            Wants::Listed { list, by, is, there } => {
                let mut items = Vec::new();
                if let Some(found) = found {
                    collect(found, list, &mut items);
                }
                let fits = |item: &&Value| item.pointer(by).is_some_and(|value| same(value, is));
                let has = items.iter().any(fits);
                Seen { current: json!({ "listed": has }), fits: has == *there }
            }
        }
    }

    /// The check of the way back: what was there before is there again.
    pub(crate) fn reversed(&self, previous: &Value) -> Option<Self> {
        let wants = match &self.wants {
            // What was made goes; what stood there before is not known step by step.
            Wants::Workout(_) if previous.is_null() => Wants::Gone,
            Wants::Gone | Wants::Workout(_) => return None,
            Wants::Fields(fields) => {
                let back = |field: &Field| {
                    let is = previous.get(&field.key).cloned().unwrap_or_default();
                    Field { or_nothing: is.is_null(), is, ..field.clone() }
                };
                // What was made has no value to go back to: it goes.
                if previous.is_null() {
                    Wants::Gone
                } else {
                    Wants::Fields(fields.iter().map(back).collect())
                }
            }
            Wants::Listed { list, by, is, there } => {
                Wants::Listed { list: list.clone(), by: by.clone(), is: is.clone(), there: !there }
            }
        };
        Some(Self { at: self.at.clone(), wants })
    }
}

/// The items at a pointer in which `*` stands for all items of a list, or all fields of an
/// object. Lists at its end are opened.
fn collect<'a>(found: &'a Value, list: &str, items: &mut Vec<&'a Value>) {
    let inner: Vec<&Value> = match list.split_once("/*") {
        Some((before, after)) => {
            let Some(at) = found.pointer(before) else { return };
            let each: Vec<&Value> = match at {
                Value::Array(all) => all.iter().collect(),
                Value::Object(all) => all.values().collect(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
            };
            for one in each {
                collect(one, after, items);
            }
            return;
        }
        None => found.pointer(list).into_iter().collect(),
    };
    for one in inner {
        match one {
            Value::Array(all) => items.extend(all),
            other => items.push(other),
        }
    }
}

/// Efforts and feelings are cleared by a zero, which Garmin may show or not.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_f64() == Some(0.0)
}

/// Whether Garmin means what we meant: numbers may be text or lose digits behind the point, an
/// empty text is no text, and an object may have more fields than were sent. Whole numbers are
/// ids as well, of which neighbours are others.
fn same(found: &Value, meant: &Value) -> bool {
    let whole = |value: &Value| match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse::<i64>().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match (found, meant) {
        (Value::Null, Value::String(text)) | (Value::String(text), Value::Null) => {
            text.trim().is_empty()
        }
        (Value::String(found), Value::String(meant)) => found.trim() == meant.trim(),
        (Value::Array(found), Value::Array(meant)) => {
            found.len() == meant.len() && found.iter().zip(meant).all(|(a, b)| same(a, b))
        }
        (Value::Object(found), Value::Object(meant)) => {
            meant.iter().all(|(key, meant)| same(found.get(key).unwrap_or(&Value::Null), meant))
        }
        (found, meant) if whole(found).is_some() && whole(meant).is_some() => {
            whole(found) == whole(meant)
        }
        (found, meant) => match (number(found), number(meant)) {
            (Some(found), Some(meant)) => {
                (found - meant).abs() <= 1e-4 * found.abs().max(meant.abs()).max(1.0)
            }
            _ => found == meant,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_ids_are_different_things() {
        assert!(!same(&json!(1_795_209_105_000_i64), &json!(1_795_209_106_000_i64)));
        assert!(same(&json!("1795209105000"), &json!(1_795_209_105_000_i64)));
        assert!(same(&json!(68_039), &json!(68_038.86)) && !same(&json!(68), &json!(69.5)));
    }

    #[test]
    fn what_garmin_gives_back_is_compared_by_meaning() {
        for (found, meant) in [
            (json!("Run "), json!("Run")),
            (json!(null), json!("")),
            (json!(60.0), json!(60)),
            (json!("190"), json!(190)),
            (json!(61.700_001), json!(61.7)),
            (
                json!({ "typeId": 1, "typeKey": "race", "sortOrder": 3 }),
                json!({ "typeKey": "race" }),
            ),
            (json!([{ "a": 1, "b": 2 }]), json!([{ "a": 1.0 }])),
        ] {
            assert!(same(&found, &meant), "{found} {meant}");
        }
        for (found, meant) in [
            (json!("Run"), json!("run")),
            (json!(0), json!(null)),
            (json!(null), json!(0)),
            (json!(61.8), json!(61.7)),
            (json!([1, 2]), json!([1])),
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
        ] {
            assert!(!same(&found, &meant), "{found} {meant}");
        }
    }

    #[test]
    fn a_workout_is_compared_step_by_step() {
        let sent = json!({ "workoutName": "W", "workoutSegments": [{ "workoutSteps": [
            { "targetType": { "workoutTargetTypeId": 4 }, "zoneNumber": 2 }] }] });
        let check = Check::workout(Target::new("/a"), sent.clone());
        let mut stored = sent;
        stored["workoutId"] = json!(7);
        let seen = check.judge(Some(&stored));
        assert!(seen.fits && seen.current["workout_7"]["name"] == "W", "{seen:?}");
        stored["workoutSegments"][0]["workoutSteps"][0]["zoneNumber"] = json!(3);
        let seen = check.judge(Some(&stored));
        let differences = &seen.current["workout_7"]["differences"];
        assert!(!seen.fits && differences[0]["field"] == "target", "{differences}");
        assert!(check.reversed(&Value::Null).unwrap().judge(None).fits);
        assert_eq!(check.reversed(&json!({ "name": "W" })), None);
    }

    #[test]
    fn a_check_shows_its_fields_and_can_be_turned_round() {
        let check = Check::at(Target::new("/a")).field("name", "/dto/name", "new");
        let seen = check.judge(Some(&json!({ "dto": { "name": "new" } })));
        assert_eq!(seen, Seen { current: json!({ "name": "new" }), fits: true });
        assert!(!check.judge(None).fits);
        let back = check.reversed(&json!({ "name": "old" })).unwrap();
        assert!(back.judge(Some(&json!({ "dto": { "name": "old" } }))).fits);
        let made = Check::listed(Target::new("/a"), "/items", "/id", 7);
        let list = json!({ "items": [{ "id": "7" }] });
        assert!(made.judge(Some(&list)).fits);
        assert!(!made.reversed(&Value::Null).unwrap().judge(Some(&list)).fits);
        let place = || Target::new("/a");
        let nested = json!({ "meals": [{ "foods": [] }, { "foods": [{ "id": "x" }] }] });
        assert!(Check::listed(place(), "/meals/*/foods/*", "/id", "x").judge(Some(&nested)).fits);
        assert!(Check::listed(place(), "/*", "/foods/0/id", "x").judge(Some(&nested)).fits);
        assert!(!Check::listed(place(), "/*", "/id", "x").judge(Some(&nested)).fits);
        let deleted = Check::gone(Target::new("/a"));
        assert!(deleted.judge(None).fits && !deleted.judge(Some(&json!({}))).fits);
        let text = serde_json::to_string(&made).unwrap();
        assert_eq!(serde_json::from_str::<Check>(&text).unwrap(), made);
    }
}

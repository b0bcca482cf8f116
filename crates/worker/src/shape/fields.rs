//! `fields`: the parts of a result that are wanted.

use serde_json::{Map, Value};

use crate::error::ToolError;

const MOST: usize = 50;
const LONGEST: usize = 200;
/// Said about the result as a whole; kept whatever is selected.
const ALWAYS: [&str; 4] = ["status", "reason", "warnings", "coverage"];

/// Dot paths. A list is looked through: `activities.name` is the name of each.
#[derive(Debug)]
pub(super) struct Fields(Vec<Vec<String>>);

impl Fields {
    /// A list of texts, or one text with commas. An empty one selects everything.
    pub(super) fn read(value: &Value) -> Result<Option<Self>, ToolError> {
        let refused = || {
            let allowed =
                format!("allowed is a list of up to {MOST} dot paths such as `laps.avg_hr`");
            ToolError::argument("fields", allowed)
        };
        let texts: Vec<&str> = match value {
            Value::String(text) => text.split(',').collect(),
            Value::Array(items) => {
                items.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(refused)?
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err(refused());
            }
        };
        let texts: Vec<&str> =
            texts.into_iter().map(str::trim).filter(|text| !text.is_empty()).collect();
        if texts.len() > MOST || texts.iter().any(|text| text.len() > LONGEST) {
            return Err(refused());
        }
        let paths = texts.iter().map(|text| text.split('.').map(str::to_owned).collect());
        let paths: Vec<Vec<String>> = paths.collect();
        Ok(if paths.is_empty() { None } else { Some(Self(paths)) })
    }

    /// Keeps what was asked for. A warning for each path that leads nowhere.
    pub(super) fn select(&self, answer: &mut Value) -> Vec<String> {
        let mut kept = Value::Object(Map::new());
        let mut warnings = Vec::new();
        for path in &self.0 {
            match pick(answer, path) {
                Some(part) => merge(&mut kept, part),
                None => warnings.push(format!(
                    "fields: there is no `{}` here; there is {}",
                    path.join("."),
                    names(answer)
                )),
            }
        }
        if let (Value::Object(kept), Value::Object(all)) = (&mut kept, &mut *answer) {
            for key in ALWAYS {
                if let Some(value) = all.remove(key) {
                    kept.entry(key).or_insert(value);
                }
            }
        }
        *answer = kept;
        warnings
    }
}

/// The value with nothing but this path in it.
fn pick(value: &Value, path: &[String]) -> Option<Value> {
    let [key, rest @ ..] = path else { return Some(value.clone()) };
    match value {
        Value::Object(found) => {
            let part = pick(found.get(key)?, rest)?;
            Some(Value::Object(Map::from_iter([(key.clone(), part)])))
        }
        Value::Array(items) => {
            // Items that lack the field stay, or the lists of two fields would not match.
            let parts: Vec<Option<Value>> = items.iter().map(|item| pick(item, path)).collect();
            let empty = || Value::Object(Map::new());
            let any = items.is_empty() || parts.iter().any(Option::is_some);
            any.then(|| parts.into_iter().map(|part| part.unwrap_or_else(empty)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, part) in from {
                match into.get_mut(&key) {
                    Some(known) => merge(known, part),
                    None => {
                        into.insert(key, part);
                    }
                }
            }
        }
        (Value::Array(into), Value::Array(from)) if into.len() == from.len() => {
            into.iter_mut().zip(from).for_each(|(into, from)| merge(into, from));
        }
        // Somebody asked for a part and then for the whole.
        (into, from) => *into = from,
    }
}

/// What could have been asked for, one level deep, lists looked through.
fn names(answer: &Value) -> String {
    const SHOWN: usize = 40;
    let Value::Object(found) = answer else { return "nothing".into() };
    let mut names: Vec<String> = Vec::new();
    for (key, value) in found {
        let inner = match value {
            Value::Array(items) => items.first().and_then(Value::as_object),
            Value::Object(inner) => Some(inner),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        names.push(key.clone());
        names
            .extend(inner.into_iter().flat_map(|inner| inner.keys()).map(|k| format!("{key}.{k}")));
    }
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let names = names.join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selected(fields: &Value, mut answer: Value) -> (Value, Vec<String>) {
        let warnings = Fields::read(fields).unwrap().unwrap().select(&mut answer);
        (answer, warnings)
    }

    #[test]
    fn paths_look_through_lists_and_keep_what_is_said_about_the_whole() {
        let answer = json!({
            "status": "ok",
            "laps": [{"n": 1, "hr": 150, "w": 0}, {"n": 2, "w": 210}],
            "zones": {"low": 1, "high": 2},
        });
        let (kept, warnings) = selected(&json!(["laps.hr", "laps.w", "zones.low"]), answer.clone());
        let expected = json!({
            "status": "ok",
            "laps": [{"hr": 150, "w": 0}, {"w": 210}],
            "zones": {"low": 1},
        });
        assert_eq!((kept, warnings.len()), (expected, 0));
        let (kept, _) = selected(&json!("zones.low, zones"), answer.clone());
        assert_eq!(kept["zones"], answer["zones"]);
        let (kept, warnings) = selected(&json!(["pace"]), answer);
        assert_eq!(kept, json!({"status": "ok"}));
        assert!(warnings[0].contains("`pace`") && warnings[0].contains("laps.hr"), "{warnings:?}");
    }

    #[test]
    fn nothing_selected_is_everything_and_nonsense_is_refused() {
        assert!(Fields::read(&json!([])).unwrap().is_none());
        assert!(Fields::read(&json!(" , ")).unwrap().is_none());
        for bad in [json!([1]), json!({"a": 1}), json!(true), json!("x".repeat(201))] {
            assert!(Fields::read(&bad).is_err(), "{bad}");
        }
    }
}

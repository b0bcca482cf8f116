//! What happens to every result between a tool and the client.
//!
//! A tool answers with everything it found. Here nulls go, the caller's choice of fields and
//! units is applied, and what is too large is cut between two items, with a cursor that continues
//! there. The arguments for that are the same for all tools that read, so no tool declares them:
//!
//! | argument | does |
//! | --- | --- |
//! | `detail: "raw"` | Garmin's own JSON, untouched |
//! | `fields` | keeps these dot paths only |
//! | `units` | `imperial` converts, and renames the keys |
//! | `cursor` | continues a result that was cut |

mod budget;
mod cursor;
mod fields;
mod raw;
mod units;

use domain::settings::UnitSystem;
use rmcp::model::JsonObject;
use serde_json::{Value, json};

pub(crate) use budget::{CEILING, RESULT};
pub(crate) use raw::{answer as raw_answer, whole as raw_whole};

use crate::error::ToolError;
use cursor::Cursor;
use fields::Fields;

/// How much a tool is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    AsUsual,
    Raw,
}

/// The arguments that belong to no tool, taken out of a call.
#[derive(Debug)]
pub(crate) struct Wanted {
    detail: Detail,
    units: UnitSystem,
    fields: Option<Fields>,
    from: Option<cursor::Place>,
    /// What the call asked for, for a cursor to repeat; nothing of a call that must not be.
    args: Option<JsonObject>,
}

impl Wanted {
    /// Takes the shared arguments out of `args`, and puts those of a cursor back in.
    /// `levels`: the tool knows degrees of detail itself. `usual`: the units of a call that asks
    /// for none.
    pub(crate) fn take(
        args: &mut JsonObject,
        levels: bool,
        usual: UnitSystem,
    ) -> Result<Self, ToolError> {
        let from = match present(args, "cursor") {
            None => None,
            Some(Value::String(text)) => Cursor::read(&text)?.resume(args)?,
            Some(_) => return Err(ToolError::argument("cursor", "not a text; pass it unchanged")),
        };
        let all = args.clone();
        let detail = match present(args, "detail") {
            None => Detail::AsUsual,
            Some(Value::String(text)) if text == "raw" => Detail::Raw,
            Some(Value::String(text))
                if ["summary", "standard", "full"].contains(&text.as_str()) =>
            {
                if levels {
                    args.insert("detail".to_owned(), text.into());
                }
                Detail::AsUsual
            }
            Some(_) => {
                let allowed = "allowed are `summary`, `standard`, `full` and `raw`";
                return Err(ToolError::argument("detail", allowed));
            }
        };
        let units = match present(args, "units") {
            None => usual,
            Some(value) => value.as_str().and_then(UnitSystem::parse).ok_or_else(|| {
                ToolError::argument("units", "allowed are `metric` and `imperial`")
            })?,
        };
        let fields = present(args, "fields").map(|value| Fields::read(&value)).transpose()?;
        Ok(Self { detail, units, fields: fields.flatten(), from, args: Some(all) })
    }

    /// The same for a call that must not be made twice: what is cut stays cut.
    pub(crate) fn once(args: &mut JsonObject, usual: UnitSystem) -> Result<Self, ToolError> {
        if present(args, "cursor").is_some() {
            return Err(ToolError::argument("cursor", "the result of a write has no pages"));
        }
        Ok(Self { args: None, ..Self::take(args, false, usual)? })
    }

    pub(crate) fn is_raw(&self) -> bool {
        self.detail == Detail::Raw
    }

    /// The result as the caller wants it, within the budget. Costs a pass over the result and
    /// two more where something has to be cut.
    pub(crate) fn shape(self, mut answer: Value) -> Result<Value, ToolError> {
        drop_nulls(&mut answer);
        let mut warnings = Vec::new();
        if self.units == UnitSystem::Imperial {
            units::to_imperial(&mut answer);
        }
        if let Some(fields) = &self.fields {
            let unknown = fields.select(&mut answer);
            warnings.extend(unknown);
        }
        let skipped = match &self.from {
            Some(place) => place.skip(&mut answer)?,
            None => 0,
        };
        let cuts = budget::fit(&mut answer, RESULT);
        if let (Some(first), Value::Object(found)) = (cuts.first(), &mut answer) {
            // A part that was begun is finished before the next one is.
            let whole = self.from.as_ref().filter(|place| place.path == first.path);
            let offset = if whole.is_some() { skipped } else { 0 } + first.shown;
            found.insert("truncated".into(), true.into());
            let continues = self.args.is_some();
            if let Some(args) = self.args {
                let cursor = Cursor::new(args, first.path.clone(), offset);
                found.insert("next_cursor".into(), cursor.write().into());
            }
            for cut in &cuts {
                let (path, shown, left) = (&cut.path, cut.shown, cut.left);
                let goes_on = continues && cut.path == first.path;
                let next = if goes_on { "; `next_cursor` continues" } else { "" };
                warnings.push(format!("{path}: {shown} shown, {left} left out{next}"));
            }
        }
        if let (false, Value::Object(found)) = (warnings.is_empty(), &mut answer) {
            match found.get_mut("warnings") {
                Some(Value::Array(known)) => known.extend(warnings.into_iter().map(Value::from)),
                _ => {
                    found.insert("warnings".into(), json!(warnings));
                }
            }
        }
        if budget::size(&answer) > CEILING {
            return Err(ToolError::TooLarge);
        }
        Ok(answer)
    }
}

/// An argument, unless it is null: that counts as left out.
fn present(args: &mut JsonObject, name: &str) -> Option<Value> {
    args.remove(name).filter(|value| !value.is_null())
}

/// Takes out what is not there. Rows keep their gaps, or their columns would shift.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(found) => {
            found.retain(|_, value| !value.is_null());
            found.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> JsonObject {
        let Value::Object(object) = value else { panic!("an object") };
        object
    }

    fn shaped(args: Value, answer: Value) -> Value {
        Wanted::take(&mut object(args), false, UnitSystem::Metric).unwrap().shape(answer).unwrap()
    }

    #[test]
    fn nulls_go_and_zeros_stay_but_rows_keep_their_gaps() {
        let answer = json!({"a": null, "b": 0, "c": {"d": null}, "rows": [[1, null], [null, 0]]});
        let expected = json!({"b": 0, "c": {}, "rows": [[1, null], [null, 0]]});
        assert_eq!(shaped(json!({}), answer), expected);
    }

    #[test]
    fn a_list_that_is_cut_goes_on_at_its_cursor_until_nothing_is_left_out() {
        let items: Vec<Value> =
            (0..900).map(|id| json!({"id": id, "name": "a run in the morning"})).collect();
        let answer = json!({"count": 900, "items": items});
        let mut args = json!({"date": "today"});
        let mut seen = Vec::new();
        loop {
            let page = shaped(args.clone(), answer.clone());
            assert!(page.to_string().len() <= RESULT);
            let ids = page["items"].as_array().unwrap().iter();
            seen.extend(ids.map(|item| item["id"].as_i64().unwrap()));
            let Some(next) = page.get("next_cursor") else {
                assert!(page.get("truncated").is_none());
                break;
            };
            assert_eq!(page["truncated"], true);
            args = json!({ "cursor": next });
            let mut again = object(args.clone());
            Wanted::take(&mut again, false, UnitSystem::Metric).unwrap();
            assert_eq!(again, object(json!({"date": "today"})));
        }
        assert_eq!(seen, (0..900).collect::<Vec<i64>>());
    }

    #[test]
    fn shared_arguments_never_reach_a_tool_and_are_refused_by_name() {
        let mut args =
            object(json!({"units": "imperial", "fields": ["a"], "detail": "full", "x": 1}));
        let wanted = Wanted::take(&mut args, false, UnitSystem::Metric).unwrap();
        assert_eq!(args, object(json!({"x": 1})));
        assert!(!wanted.is_raw());
        let mut args = object(json!({"detail": "full"}));
        Wanted::take(&mut args, true, UnitSystem::Metric).unwrap();
        assert_eq!(args, object(json!({"detail": "full"})));
        for (args, name) in [
            (json!({"units": "furlongs"}), "`units`"),
            (json!({"detail": 7}), "`detail`"),
            (json!({"fields": 7}), "`fields`"),
            (json!({"cursor": "!"}), "`cursor`"),
            (json!({"cursor": 7}), "`cursor`"),
        ] {
            let refused =
                Wanted::take(&mut object(args), false, UnitSystem::Metric).unwrap_err().to_string();
            assert!(refused.starts_with(name), "{refused}");
        }
    }
}

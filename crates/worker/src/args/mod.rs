//! Arguments of tools: parsed once, refused with the name of the argument and what is allowed.

mod clock;
mod days;

use std::borrow::Cow;
use std::cell::RefCell;

use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(crate) use clock::clock;
pub(crate) use days::{NamedDay, Period, RangeArgs, RangeStart, Reach, Window, range};

use crate::error::ToolError;

/// Reads a tool's arguments. An argument that is null counts as left out: some clients send
/// every argument they know of.
pub(crate) fn parse<T: DeserializeOwned>(args: JsonObject) -> Result<T, ToolError> {
    let at = RefCell::new(String::new());
    let given = args.into_iter().filter(|(_, value)| !value.is_null()).inspect(|(name, _)| {
        at.borrow_mut().clone_from(name);
    });
    let read = T::deserialize(MapDeserializer::<_, serde_json::Error>::new(given));
    read.map_err(|error| {
        let problem = plain(&error);
        // What is missing shows after the last argument given, which is not to blame.
        match problem.strip_prefix("missing field `").and_then(|name| name.strip_suffix('`')) {
            Some(missing) => ToolError::argument(missing, "required, and was left out"),
            None => ToolError::argument(at.into_inner(), problem),
        }
    })
}

/// serde's words without the noise around them.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.strip_suffix(" at line 0 column 0").unwrap_or(&text).to_owned()
}

/// A tool without arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoArgs {}

/// A whole number, however a client writes it: JSON Schema counts `20.0` as an integer, and
/// some clients know no other numbers; others write every argument as text.
fn whole_number(value: &Value) -> Option<i64> {
    /// Up to here every whole number has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            (float.fract() == 0.0 && float.abs() < EXACT).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Garmin's number of an activity. Clients that cannot hold 64-bit numbers send it as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActivityNumber(pub(crate) i64);

impl<'de> Deserialize<'de> for ActivityNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole_number(&Value::deserialize(deserializer)?);
        number.filter(|number| *number > 0).map(Self).ok_or_else(|| {
            D::Error::custom(
                "not an activity id; allowed is a positive whole number, the `id` of an \
                 activity in `get_activities`",
            )
        })
    }
}

impl JsonSchema for ActivityNumber {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ActivityId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // A text is understood as well; saying so costs more than it helps.
        json_schema!({ "type": "integer", "description": "`id` of get_activities" })
    }
}

/// Garmin's number of anything else: a workout, a course, a device. As text where a client cannot
/// hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Number(pub(crate) i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole_number(&Value::deserialize(deserializer)?);
        let number = number.filter(|number| *number > 0).map(Self);
        number.ok_or_else(|| D::Error::custom("not an id; allowed is a positive whole number"))
    }
}

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer" })
    }
}

/// Several of something: a list, a text with commas, or one alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Many<T>(pub(crate) Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items: Vec<Value> = match Value::deserialize(deserializer)? {
            Value::Array(items) => items,
            Value::String(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.map(Value::from).collect()
            }
            one @ (Value::Number(_) | Value::Bool(_) | Value::Object(_)) => vec![one],
            Value::Null => Vec::new(),
        };
        let items = items.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
        items.map(Self).map_err(|error| D::Error::custom(plain(&error)))
    }
}

impl<T: JsonSchema> JsonSchema for Many<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Many{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<T>() })
    }
}

/// A whole number between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<const LEAST: u32, const MOST: u32>(pub(crate) u32);

impl<'de, const LEAST: u32, const MOST: u32> Deserialize<'de> for Whole<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole_number(&Value::deserialize(deserializer)?);
        let number = number.and_then(|number| u32::try_from(number).ok());
        number.filter(|number| (LEAST..=MOST).contains(number)).map(Self).ok_or_else(|| {
            D::Error::custom(format!("allowed is a whole number from {LEAST} to {MOST}"))
        })
    }
}

impl<const LEAST: u32, const MOST: u32> JsonSchema for Whole<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Whole{LEAST}To{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Args {
        #[serde(default)]
        date: NamedDay,
        limit: Option<Whole<1, 100>>,
        id: Option<ActivityNumber>,
    }

    fn read(args: Value) -> Result<Args, ToolError> {
        let Value::Object(args) = args else { panic!("an object") };
        parse(args)
    }

    fn problem(args: Value) -> String {
        read(args).unwrap_err().to_string()
    }

    #[test]
    fn what_is_left_out_or_null_takes_its_default() {
        for args in [json!({}), json!({"date": null, "limit": null})] {
            let args = read(args).unwrap();
            assert_eq!((args.date, args.limit), (NamedDay::Today, None));
        }
        let args = read(json!({"date": " Yesterday ", "limit": 100, "id": "42"})).unwrap();
        assert_eq!(args.date, NamedDay::Back(1));
        assert_eq!((args.limit, args.id), (Some(Whole(100)), Some(ActivityNumber(42))));
    }

    #[test]
    fn a_refusal_names_the_argument_and_what_is_allowed() {
        for (args, parts) in [
            (json!({"date": "2026-02-30"}), ["`date`", "no such day", "YYYY-MM-DD"]),
            (json!({"date": "1.5.2026"}), ["`date`", "not a date", "yesterday"]),
            (json!({"date": 20_260_501}), ["`date`", "not a text", "YYYY-MM-DD"]),
            (json!({"limit": 0}), ["`limit`", "from 1 to 100", "whole"]),
            (json!({"date": "today", "limit": 101}), ["`limit`", "from 1 to 100", "whole"]),
            (json!({"limit": "ten"}), ["`limit`", "from 1 to 100", "whole"]),
            (json!({"id": -3}), ["`id`", "positive", "get_activities"]),
            (json!({"id": "one"}), ["`id`", "positive", "get_activities"]),
            (json!({"day": "today"}), ["`day`", "unknown field", "`date`"]),
        ] {
            let problem = problem(args);
            for part in parts {
                assert!(problem.contains(part), "{part}: {problem}");
            }
            assert!(!problem.contains("column"), "{problem}");
        }
    }

    #[test]
    fn what_is_missing_is_named_whatever_else_was_given() {
        #[derive(Debug, Deserialize)]
        struct Needs {
            #[expect(dead_code, reason = "only its absence matters")]
            id: ActivityNumber,
            #[expect(dead_code, reason = "only its presence matters")]
            include: Option<String>,
        }
        for args in [json!({}), json!({"include": "laps"}), json!({"id": null})] {
            let Value::Object(args) = args else { panic!("an object") };
            let refused = parse::<Needs>(args).unwrap_err();
            assert_eq!(refused, ToolError::argument("id", "required, and was left out"));
        }
    }

    #[test]
    fn whole_numbers_are_understood_however_a_client_writes_them() {
        for limit in [json!(20), json!(20.0), json!("20"), json!(" 20 ")] {
            assert_eq!(read(json!({ "limit": limit })).unwrap().limit, Some(Whole(20)));
        }
        let id = read(json!({ "id": 18_000_000_000.0 })).unwrap().id;
        assert_eq!(id, Some(ActivityNumber(18_000_000_000)));
        for bad in [json!(20.5), json!(1e300), json!(-1.0), json!("20.5"), json!(true)] {
            assert!(read(json!({ "limit": bad })).is_err(), "{bad}");
        }
    }
}

//! As much of JSON Schema as our own schemas use; any other keyword fails the test.

use serde_json::Value;

/// Keys that any result may carry.
const SHARED: [&str; 4] = ["truncated", "next_cursor", "warnings", "raw"];

/// What of `value` contradicts `schema`.
pub(crate) fn contradictions(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "$", &mut found);
    found
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Value::Object(schema) = schema else { return };
    for (keyword, rule) in schema {
        let holds = match keyword.as_str() {
            "description" | "title" | "examples" | "minimum" | "maximum" => true,
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| is(value, name)),
                name => is(value, name),
            },
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "oneOf" | "anyOf" => {
                rule.as_array().unwrap().iter().any(|one| contradictions(one, value).is_empty())
            }
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, item, &format!("{at}[{index}]"), found);
                }
                true
            }
            "additionalProperties" if rule.is_object() => {
                for (name, item) in value.as_object().into_iter().flatten() {
                    check(rule, item, &format!("{at}.{name}"), found);
                }
                true
            }
            "properties" => {
                let known = rule.as_object().unwrap();
                for (name, item) in value.as_object().into_iter().flatten() {
                    match known.get(name) {
                        Some(schema) => check(schema, item, &format!("{at}.{name}"), found),
                        None if at == "$" && SHARED.contains(&name.as_str()) => {}
                        None => found.push(format!("{at}.{name} is not described")),
                    }
                }
                true
            }
            other => panic!("the test does not know the keyword {other}"),
        };
        if !holds {
            found.push(format!("{at}: {keyword} {rule} does not hold for {value}"));
        }
    }
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the test does not know the type {other}"),
    }
}

#[test]
fn the_check_finds_contradictions() {
    let schema = serde_json::json!({
        "type": "object",
        "required": ["a"],
        "properties": { "a": { "type": "integer" }, "b": { "enum": ["x"] } },
    });
    let ok =
        |value: &str| contradictions(&schema, &serde_json::from_str(value).unwrap()).is_empty();
    assert!(ok(r#"{"a":1,"b":"x"}"#));
    for bad in ["{}", r#"{"a":"1"}"#, r#"{"a":1,"b":"y"}"#, r#"{"a":1,"c":1}"#, "[]"] {
        assert!(!ok(bad), "{bad}");
    }
}

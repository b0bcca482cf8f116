//! The arguments every write has, taken out before the tool sees its own.

use rmcp::model::JsonObject;
use serde_json::Value;

use crate::error::ToolError;

/// As the catalogue shows them. `confirm` is only of those that ask for it.
#[cfg(test)]
pub(crate) const SHARED: [&str; 3] = ["dry_run", "idempotency_key", "confirm"];

/// Longer ones nobody needs to be unique.
const LONGEST_KEY: usize = 128;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shared {
    pub(super) dry_run: bool,
    pub(super) idempotency_key: Option<String>,
    pub(super) confirm: Confirm,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Confirm {
    #[default]
    No,
    /// Said by a client that asks its person before it calls.
    Yes,
    /// Given out with a preview of the very same call.
    Token(String),
}

impl Shared {
    /// Takes the shared arguments out of `args`; what is left is the tool's own, without those
    /// that were null.
    pub(super) fn take(args: &mut JsonObject) -> Result<Self, ToolError> {
        args.retain(|_, value| !value.is_null());
        let dry_run = match args.remove("dry_run") {
            None => false,
            Some(value) => flag(&value)
                .ok_or_else(|| ToolError::argument("dry_run", "allowed are true and false"))?,
        };
        let idempotency_key =
            args.remove("idempotency_key").map(|value| key(&value)).transpose()?;
        let confirm = match args.remove("confirm") {
            None => Confirm::No,
            Some(value) => match (flag(&value), value) {
                (Some(true), _) => Confirm::Yes,
                (Some(false), _) => Confirm::No,
                (None, Value::String(token)) => Confirm::Token(token.trim().to_owned()),
                (None, _) => {
                    let problem = "allowed are true and the `confirm_token` of a preview";
                    return Err(ToolError::argument("confirm", problem));
                }
            },
        };
        Ok(Self { dry_run, idempotency_key, confirm })
    }
}

/// True or false, however a client writes it.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" => Some(true),
            "false" | "no" | "" => Some(false),
            _ => None,
        },
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn key(value: &Value) -> Result<String, ToolError> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let fits = |text: &String| {
        (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    text.filter(fits).ok_or_else(|| {
        let problem = "allowed are 1 to 128 visible ASCII characters without blanks";
        ToolError::argument("idempotency_key", problem)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn take(args: Value) -> Result<(Shared, Value), ToolError> {
        let Value::Object(mut args) = args else { panic!("an object") };
        Shared::take(&mut args).map(|shared| (shared, Value::Object(args)))
    }

    #[test]
    fn the_shared_arguments_leave_the_tools_own_behind() {
        let (shared, rest) = take(json!({
            "dry_run": "true", "idempotency_key": "k-1", "confirm": "65f0-ab", "name": "x", "b": null
        }))
        .unwrap();
        assert_eq!(rest, json!({ "name": "x" }));
        assert!(shared.dry_run);
        assert_eq!(shared.idempotency_key.as_deref(), Some("k-1"));
        assert_eq!(shared.confirm, Confirm::Token("65f0-ab".into()));
        for (value, expected) in
            [(json!(true), Confirm::Yes), (json!("false"), Confirm::No), (json!(null), Confirm::No)]
        {
            assert_eq!(take(json!({ "confirm": value })).unwrap().0.confirm, expected);
        }
    }

    #[test]
    fn a_shared_argument_of_a_wrong_kind_is_named() {
        for (args, field) in [
            (json!({ "dry_run": 3 }), "`dry_run`"),
            (json!({ "confirm": 1 }), "`confirm`"),
            (json!({ "idempotency_key": "" }), "`idempotency_key`"),
            (json!({ "idempotency_key": "a b" }), "`idempotency_key`"),
            (json!({ "idempotency_key": "x".repeat(129) }), "`idempotency_key`"),
        ] {
            let refused = take(args).unwrap_err().to_string();
            assert!(refused.starts_with(field), "{refused}");
        }
    }
}

//! Garmin's own JSON in full, for what is too large for a result.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rmcp::model::JsonObject;
use serde_json::Value;

use super::{Content, Entry, JSON, Read};

pub(super) static ALL: &[Entry] = &[Entry {
    uri: "garmin://raw/{tool}{?arguments*}",
    name: "raw",
    title: "Garmin's own answer",
    about: "Everything Garmin says in a call of a tool that reads, with the tool's arguments as \
        the query. Large; tools answer with the same for detail: raw where it fits.",
    kind: JSON,
    tool: None,
    read: Read::By(|visit, address| {
        Box::pin(async move {
            let arguments = address.query().map(|(name, value)| (name, argument(value)));
            let answer = visit.hear(address.part(0), arguments.collect()).await?;
            Ok(Content::Json(answer))
        })
    }),
}];

/// An argument as JSON has it: numbers, lists and truths are written as JSON, all else is text.
fn argument(text: String) -> Value {
    match serde_json::from_str(&text) {
        // A text that is a number stays one where no number could be meant.
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Array(_))) => value,
        Ok(Value::Null | Value::String(_) | Value::Object(_)) | Err(_) => Value::String(text),
    }
}

/// The address of what a call with these arguments hears.
pub(crate) fn address(tool: &str, args: &JsonObject) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = args.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{}={}", encode(name), encode(&value))
    });
    let query: Vec<String> = pairs.collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("garmin://raw/{tool}{mark}{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Address;
    use super::*;

    #[test]
    fn an_address_leads_to_the_arguments_it_was_made_of() {
        for args in [
            json!({}),
            json!({ "date": "2026-05-01" }),
            json!({ "activity_id": 20_000_000_001_i64, "include": ["laps", "a b&c=d"] }),
            json!({ "search": "été ? & = #/", "verify": true }),
        ] {
            let args: JsonObject = serde_json::from_value(args).unwrap();
            let uri = address("get_stats", &args);
            let read = Address::read(ALL[0].uri, &uri).unwrap();
            assert_eq!(read.part(0), "get_stats");
            let again: JsonObject =
                read.query().map(|(name, value)| (name, argument(value))).collect();
            assert_eq!(again, args, "{uri}");
        }
    }
}

//! The strict reader of messages, compared with a model that knows how each text was made.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::message::{Kind, Malformed, Message};
use crate::strict_json;

#[derive(Debug, Clone)]
enum Json {
    Scalar(&'static str),
    List(Vec<Json>),
    /// Keys with whether they are written with an escape, which changes nothing.
    Object(Vec<(&'static str, bool, Json)>),
}

impl Json {
    fn text(&self) -> String {
        match self {
            Self::Scalar(text) => (*text).to_owned(),
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::text).collect::<Vec<_>>().join(" ,"))
            }
            Self::Object(members) => {
                let member = |(key, escaped, value): &(&str, bool, Self)| {
                    let key = if *escaped { escape(key) } else { (*key).to_owned() };
                    format!("\"{key}\":{}", value.text())
                };
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Scalar(_) => 0,
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => {
                1 + members.iter().map(|(_, _, value)| value.depth()).max().unwrap_or(0)
            }
        }
    }

    fn repeats(&self) -> bool {
        match self {
            Self::Scalar(_) => false,
            Self::List(items) => items.iter().any(Self::repeats),
            Self::Object(members) => members.iter().enumerate().any(|(at, (key, _, value))| {
                members[..at].iter().any(|(earlier, _, _)| earlier == key) || value.repeats()
            }),
        }
    }
}

fn escape(key: &str) -> String {
    key.chars().fold(String::new(), |text, c| format!("{text}\\u{:04x}", u32::from(c)))
}

const KEYS: [&str; 16] =
    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "é", ""];

fn json() -> impl Strategy<Value = Json> {
    let scalar = prop::sample::select(vec!["null", "true", "0", "-1.5e3", "\"x\"", "\"\\u00e9\""]);
    scalar.prop_map(Json::Scalar).prop_recursive(6, 48, 16, |inner| {
        let member = (prop::sample::select(KEYS.to_vec()), any::<bool>(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Json::List),
            // Half of the objects differ in their keys, so that deep ones occur.
            prop::collection::vec(member.clone(), 0..16).prop_map(Json::Object),
            prop::collection::vec(member, 0..4).prop_map(|mut members| {
                members.sort_by_key(|(key, _, _)| *key);
                members.dedup_by_key(|(key, _, _)| *key);
                Json::Object(members)
            }),
        ]
    })
}

/// A member of an envelope: its text if it is there, and whether it may be so.
type Member = Option<(&'static str, bool)>;

fn member(choices: &[(&'static str, bool)]) -> impl Strategy<Value = Member> + use<> {
    prop::option::of(prop::sample::select(choices.to_vec()))
}

proptest! {
    #[test]
    fn t113_t118_sec076_text_is_strict_json_unless_a_key_repeats_or_it_is_too_deep(
        json in json(),
        deepest in 1_u8..6,
    ) {
        let (text, good) = (json.text(), !json.repeats() && json.depth() <= usize::from(deepest));
        prop_assert_eq!(strict_json::check(&text, deepest).is_ok(), good, "{}", text);
        let two = format!("{text} {text}");
        prop_assert!(strict_json::check(&two, 64).is_err(), "{}", two);
    }

    #[test]
    fn t113_t117_a_message_is_what_its_members_make_it(
        version in member(&[("\"2.0\"", true), ("\"2.0\"", true), ("\"1.0\"", false), ("2.0", false)]),
        id in member(&[
            ("1", true), ("-9", true), ("\"a\"", true), ("\"\"", true), ("null", false),
            ("1.5", false), ("1e3", false), ("true", false), ("[]", false), ("{}", false),
        ]),
        method in member(&[("\"ping\"", true), ("\"tools/list\"", true), ("7", false), ("[]", false)]),
        params in member(&[("{}", true), ("{\"x\":[1]}", true), ("[]", false), ("7", false)]),
        result in member(&[("{}", true)]),
        error in member(&[("{}", true)]),
        twice in prop::option::of(0_usize..6),
        batch in any::<bool>(),
    ) {
        let named = [
            ("jsonrpc", version), ("id", id), ("method", method), ("params", params),
            ("result", result), ("error", error),
        ];
        let mut members: Vec<String> = Vec::new();
        let mut repeated = false;
        for (at, (name, member)) in named.iter().enumerate() {
            let Some((text, _)) = member else { continue };
            members.push(format!("\"{name}\":{text}"));
            if twice == Some(at) {
                repeated = true;
                members.push(format!("\"{}\":{text}", escape(name)));
            }
        }
        let object = format!("{{{}}}", members.join(","));
        let text = if batch { format!("[{object}]") } else { object };
        let sound = named.iter().all(|(_, member)| member.is_none_or(|(_, good)| good));
        let answers = result.is_some() || error.is_some();
        let kind = match (method.is_some(), id.is_some(), answers) {
            (true, true, false) => Some(Kind::Request),
            (true, false, false) => Some(Kind::Notification),
            (false, true, true) => Some(Kind::Response),
            (true | false, true | false, true | false) => None,
        };
        match Message::read(text.as_bytes()) {
            Ok(message) => {
                prop_assert!(sound && version.is_some() && !repeated && !batch, "{}", text);
                prop_assert_eq!(Some(message.kind), kind, "{}", text);
                prop_assert_eq!(message.id.map(RawValue::get), id.map(|(text, _)| text));
            }
            Err(Malformed::NotJson) => prop_assert!(repeated, "{}", text),
            Err(Malformed::NotAMessage(_)) => {
                prop_assert!(!repeated, "{}", text);
                let good = sound && version.is_some() && kind.is_some() && !batch;
                prop_assert!(!good, "{}", text);
            }
        }
    }
}

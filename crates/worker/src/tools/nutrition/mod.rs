//! What the athlete eats: foods, meals and goals.

mod foods;
mod goals;
mod log;
mod make;
mod meals;
mod place;
mod read;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<read::DayLog>(),
    Entry::of::<read::DayMeals>(),
    Entry::of::<read::DayGoals>(),
    Entry::of::<read::Summary>(),
    Entry::of::<foods::Search>(),
    Entry::of::<foods::CustomFoods>(),
    Entry::of::<foods::Units>(),
    Entry::writes::<goals::SetGoals>(),
    Entry::writes::<make::Create>(),
    Entry::writes::<make::Update>(),
    Entry::writes::<make::Delete>(),
    Entry::writes::<log::LogFood>(),
    Entry::writes::<log::QuickAdd>(),
    Entry::writes::<log::Forget>(),
    Entry::writes::<log::MakeAndLog>(),
];

/// An amount of something: zero or more, as a number or a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount(f64);

const MOST: f64 = 100_000.0;

impl Amount {
    /// As Garmin wants it: numbers of this service are texts.
    fn text(self) -> String {
        let rounded = (self.0 * 1_000.0).round() / 1_000.0;
        rounded.to_string()
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse::<f64>().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        number
            .filter(|number| (0.0..=MOST).contains(number))
            .map(Self)
            .ok_or_else(|| D::Error::custom("allowed is a number from 0 to 100000"))
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// An id of this service: letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoodKey(String);

impl<'de> Deserialize<'de> for FoodKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits {
            Ok(Self(text))
        } else {
            Err(D::Error::custom("not an id of a food, a serving or a log entry"))
        }
    }
}

impl JsonSchema for FoodKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FoodKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

//! The argument `gear_uuid`.

use std::borrow::Cow;

use garmin::api::GearId;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::error::ToolError;

/// A piece of gear by the name `get_gear` gives it. One service of Garmin's writes it with
/// dashes, the other without; both mean the same piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GearName(pub(super) GearId);

impl<'de> Deserialize<'de> for GearName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        GearId::parse(&text.replace('-', "")).map(Self).map_err(|_| {
            D::Error::custom(
                "not a gear id; allowed is the `uuid` of a piece in `get_gear`, 32 hexadecimal \
                 digits",
            )
        })
    }
}

impl JsonSchema for GearName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "GearId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "The `uuid` from `get_gear`" })
    }
}

pub(super) fn unknown() -> ToolError {
    ToolError::NotFound {
        field: "gear_uuid",
        what: "gear",
        hint: "Allowed is the `uuid` of a piece in `get_gear`.",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_name_the_same_piece() {
        let name = |text: &str| serde_json::from_value::<GearName>(json!(text));
        let plain = name("0000000000000000000000000000beef").unwrap();
        assert_eq!(name("00000000-0000-0000-0000-00000000BEEF").unwrap(), plain);
        for bad in ["", "my shoes", "0000000000000000000000000000bee"] {
            assert!(name(bad).unwrap_err().to_string().contains("get_gear"), "{bad}");
        }
    }
}

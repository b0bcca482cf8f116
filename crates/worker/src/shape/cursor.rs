//! Cursors: the call that continues where a result was cut.
//!
//! A cursor holds the arguments of the first call and the place where it stopped, so nothing is
//! kept between two calls and any worker can answer the second. It is read as arguments are:
//! whoever writes one by hand gets no further than by writing the arguments.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::model::JsonObject;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ToolError;

/// Arguments of tools that read are short.
const LONGEST: usize = 4096;

/// Where in a result to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// Dot path of the array.
    #[serde(rename = "p")]
    pub(super) path: String,
    /// Items that were shown already.
    #[serde(rename = "o")]
    offset: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    #[serde(rename = "a")]
    args: JsonObject,
    #[serde(flatten)]
    place: Place,
}

impl Cursor {
    pub(super) fn new(args: JsonObject, path: String, offset: usize) -> Self {
        Self { args, place: Place { path, offset } }
    }

    pub(super) fn write(&self) -> String {
        // Texts and numbers always serialise.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn read(text: &str) -> Result<Self, ToolError> {
        let refused = || {
            ToolError::argument(
                "cursor",
                "not a cursor of this server; pass `next_cursor` unchanged, or leave it out",
            )
        };
        if text.len() > LONGEST {
            return Err(refused());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| refused())?;
        serde_json::from_slice(&bytes).map_err(|_| refused())
    }

    /// Puts the arguments of the first call into `args`. Given again they must be the same.
    pub(super) fn resume(self, args: &mut JsonObject) -> Result<Option<Place>, ToolError> {
        for (name, value) in &*args {
            if !value.is_null() && self.args.get(name) != Some(value) {
                let problem = "differs from the call that the cursor continues; repeat it, or \
                    leave out everything but `cursor`";
                return Err(ToolError::argument(name.clone(), problem));
            }
        }
        *args = self.args;
        Ok(Some(self.place))
    }
}

impl Place {
    /// Takes the items that were shown out of the result. How many there were.
    pub(super) fn skip(&self, answer: &mut Value) -> Result<usize, ToolError> {
        let gone =
            || ToolError::argument("cursor", "what it continues is no longer there; call anew");
        let mut part = answer;
        for key in self.path.split('.') {
            part = match part {
                Value::Object(found) => found.get_mut(key).ok_or_else(gone)?,
                Value::Array(items) => {
                    let at: usize = key.parse().map_err(|_| gone())?;
                    items.get_mut(at).ok_or_else(gone)?
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    return Err(gone());
                }
            };
        }
        let Value::Array(items) = part else { return Err(gone()) };
        items.drain(..self.offset.min(items.len()));
        Ok(self.offset)
    }
}

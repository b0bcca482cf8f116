//! What a write answers with. The keys of `garmin_mcp` stand beside these.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum WriteStatus {
    Done,
    /// Some of it; `items` or `steps` say what.
    Partial,
    /// Nothing was sent.
    Preview,
    RequiresConfirmation,
    /// It was sent, and may have happened.
    Unknown,
}

/// The common part of every write's result.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct WriteAnswer {
    pub(crate) status: WriteStatus,
    /// Only once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation_id: Option<String>,
    pub(crate) target: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) previous: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) current: Value,
    /// Whether reading back showed what was meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verified: Option<bool>,
    /// Whether `undo_write_operation` can take it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) undo: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) will_send: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) confirm_token: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    /// What to do now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_step: Option<String>,
}

impl WriteAnswer {
    pub(super) fn new(status: WriteStatus, target: String) -> Self {
        Self {
            status,
            success: None,
            operation_id: None,
            target,
            previous: Value::Null,
            current: Value::Null,
            verified: None,
            undo: None,
            will_send: Vec::new(),
            confirm_token: None,
            warnings: Vec::new(),
            next_step: None,
        }
    }
}

//! Tools that answer at once.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolResult, JsonObject, LoggingLevel, LoggingMessageNotificationParam,
    ProgressNotificationParam, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use crate::content::{audio, embedded, image, text};
use crate::questions;

/// Long enough for two notifications to travel apart.
const BREATH: Duration = Duration::from_millis(50);

/// Questions of a server to its client in the revisions with sessions.
const NEED_A_SESSION: [&str; 4] = [
    "test_sampling",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
];

pub(crate) fn all() -> Vec<Tool> {
    let plain = [
        ("test_simple_text", "Answers with a sentence."),
        ("test_image_content", "Answers with a picture."),
        ("test_audio_content", "Answers with a sound."),
        ("test_embedded_resource", "Answers with a resource."),
        ("test_multiple_content_types", "Answers with a sentence, a picture and a resource."),
        ("test_error_handling", "Answers with an error."),
        ("test_tool_with_progress", "Says how far it is."),
        ("test_tool_with_logging", "Says what it does."),
        ("test_logging_tool", "Says what it does, when asked to."),
    ];
    let closed = || json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let open = || json!({ "type": "object", "properties": {} });
    let mut tools: Vec<Tool> =
        plain.iter().map(|(name, about)| tool(name, about, closed())).collect();
    tools.extend(
        NEED_A_SESSION.iter().map(|name| tool(name, "Needs a client with a session.", open())),
    );
    tools.push(tool("json_schema_2020_12_tool", "Has an intricate schema.", intricate()));
    tools.push(tool("test_custom_header", "Repeats an argument that is also a header.", region()));
    tools.extend(questions::TOOLS.iter().map(|asks| tool(asks.name, asks.description, closed())));
    tools
}

/// Nothing here changes anything, so every call may be repeated.
pub(crate) fn names() -> Vec<String> {
    all().iter().map(|tool| tool.name.to_string()).collect()
}

fn tool(name: &'static str, description: &'static str, schema: Value) -> Tool {
    let schema = match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    Tool::new(name, description, Arc::new(schema))
}

fn intricate() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": {
            "properties": { "contactMethod": { "const": "phone" } },
            "required": ["contactMethod"],
        },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

fn region() -> Value {
    json!({
        "type": "object",
        "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
        "required": ["region"],
        "additionalProperties": false,
    })
}

pub(crate) async fn call(
    name: &str,
    arguments: &JsonObject,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let answer = match name {
        "test_simple_text" => vec![text("This is a simple text response for testing.")],
        "test_image_content" => vec![image()],
        "test_audio_content" => vec![audio()],
        "test_embedded_resource" => vec![embedded(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content.",
        )],
        "test_multiple_content_types" => vec![
            text("Multiple content types test:"),
            image(),
            embedded(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#,
            ),
        ],
        "test_error_handling" => {
            return Ok(failure("This tool intentionally returns an error for testing"));
        }
        "test_tool_with_progress" => {
            progress(context).await;
            vec![text("The progress has been told.")]
        }
        "test_tool_with_logging" | "test_logging_tool" => {
            log(context).await;
            vec![text("The messages have been sent.")]
        }
        "json_schema_2020_12_tool" => vec![text(json!(arguments).to_string())],
        "test_custom_header" => match arguments.get("region").and_then(Value::as_str) {
            Some(region) => vec![text(region)],
            None => return Ok(failure("region is missing")),
        },
        name if NEED_A_SESSION.contains(&name) => {
            return Ok(failure("There is no session in which the client could be asked."));
        }
        _ => return Err(ErrorData::invalid_params("unknown tool", None)),
    };
    Ok(CallToolResult::success(answer))
}

fn failure(why: &str) -> CallToolResult {
    CallToolResult::error(vec![text(why)])
}

async fn progress(context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else { return };
    for done in [0.0, 50.0, 100.0] {
        let said = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
        // A client that has hung up misses nothing.
        let _ = context.peer.notify_progress(said).await;
        tokio::time::sleep(BREATH).await;
    }
}

/// Without sessions a level set before is not remembered, so clients with handshakes get every
/// message; those without say with each call whether they want any.
async fn log(context: &RequestContext<RoleServer>) {
    let modern = context.meta.protocol_version().is_some_and(|version| !version.has_initialize());
    if modern && context.meta.log_level().is_none() {
        return;
    }
    for message in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        let said = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(message))
            .with_logger("conformance_worker");
        let _ = context.peer.notify_logging_message(said).await;
        tokio::time::sleep(BREATH).await;
    }
}

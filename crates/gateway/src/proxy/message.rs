//! The one JSON-RPC message of a request, checked strictly and read without a copy.
//!
//! The worker parses the same bytes again, so gateway and worker must not be able to read them
//! differently: duplicate keys, deep nesting and anything that is not exactly one object are
//! refused here. Only what routing needs is taken out; arguments are never looked at.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

use crate::strict_json;

/// The deepest nesting any honest client sends, several times over.
const DEEPEST: u8 = 64;

/// The longest id of a request, as it is written.
const LONGEST_ID: usize = 1024;

/// What the message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Notification,
    /// A client's answer to a question; we ask none.
    Response,
}

/// The id of a request, by its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Id {
    Number(i64),
    Text(Box<str>),
}

/// The parts of a message that routing depends on.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: Kind,
    /// As it was written: a number keeps its form.
    pub(super) id: Option<&'a RawValue>,
    pub(super) method: Cow<'a, str>,
    /// `params.name`, `params.uri` or `params.taskId`, whichever goes with the method.
    pub(super) target: Option<Cow<'a, str>>,
    /// The revision named in `_meta`.
    pub(super) meta_version: Option<Cow<'a, str>>,
    /// Whether `_meta` says what the client can do.
    pub(super) meta_capabilities: bool,
    /// Whether this is an `initialize` with everything the handshake needs.
    pub(super) handshake: bool,
    /// The request a `notifications/cancelled` is about.
    pub(super) cancels: Option<Id>,
    /// What is wrong with `params`, where their form is wrong whatever they mean.
    pub(super) flaw: Option<&'static str>,
}

/// Why a body is not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// JSON-RPC −32700.
    #[error("the body is not valid JSON")]
    NotJson,
    /// JSON-RPC −32600.
    #[error("{0}")]
    NotAMessage(&'static str),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Strings of an envelope, borrowed where they need no unescaping.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// `"id": null` is an id that is not allowed, and no id at all is a notification.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(input: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&'a RawValue>::deserialize(input).map(Some)
}

#[derive(Deserialize, Default)]
struct Params<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    uri: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "taskId")]
    task: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "protocolVersion")]
    version: Option<&'a RawValue>,
    #[serde(borrow, default)]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "clientInfo")]
    client: Option<&'a RawValue>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "requestId")]
    request: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Client<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    version: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Meta<'a> {
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(body).map_err(|_| Malformed::NotJson)?;
        strict_json::check(text, DEEPEST).map_err(|_| Malformed::NotJson)?;
        let is_object = text.trim_start().starts_with('{');
        if !is_object {
            return Err(Malformed::NotAMessage("send exactly one JSON-RPC message, not a batch"));
        }
        let envelope: Envelope<'a> = serde_json::from_str(text)
            .map_err(|_| Malformed::NotAMessage("a member has the wrong type"))?;
        if envelope.jsonrpc.as_deref() != Some("2.0") {
            return Err(Malformed::NotAMessage("jsonrpc must be \"2.0\""));
        }
        if envelope.id.is_some_and(|raw| Id::of(raw).is_none()) {
            return Err(Malformed::NotAMessage("an id is a short string or an integer of 64 bits"));
        }
        let answers = envelope.result.is_some() || envelope.error.is_some();
        let (kind, method) = match (envelope.method, envelope.id, answers) {
            (Some(Text(method)), Some(_), false) => (Kind::Request, method),
            (Some(Text(method)), None, false) => (Kind::Notification, method),
            (None, Some(_), true) => (Kind::Response, Cow::Borrowed("")),
            (Some(_) | None, Some(_) | None, true | false) => {
                return Err(Malformed::NotAMessage("neither a request nor a notification"));
            }
        };
        let params = match envelope.params {
            None => Params::default(),
            // A struct would be read from an array as well.
            Some(raw) if !raw.get().starts_with('{') => {
                return Err(Malformed::NotAMessage("params must be an object"));
            }
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|_| Malformed::NotAMessage("params must be an object"))?,
        };
        let meta: Meta<'a> = object_of(params.meta);
        let client: Client<'a> = object_of(params.client);
        let handshake = method == "initialize"
            && text_of(params.version).is_some()
            && starts(params.capabilities, '{')
            && text_of(client.name).is_some()
            && text_of(client.version).is_some();
        let target = match &*method {
            "tools/call" | "prompts/get" => text_of(params.name),
            "resources/read" => text_of(params.uri),
            other if other.starts_with("tasks/") => text_of(params.task),
            _ => None,
        };
        let flaw = flaw_of(&method, &params, target.is_some());
        let cancels = params.request.filter(|_| method == "notifications/cancelled");
        Ok(Self {
            kind,
            id: envelope.id,
            target,
            cancels: cancels.and_then(Id::of),
            flaw,
            meta_version: text_of(meta.version),
            meta_capabilities: starts(meta.capabilities, '{'),
            handshake,
            method,
        })
    }
}

fn text_of(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    raw.and_then(|raw| serde_json::from_str::<Text<'_>>(raw.get()).ok()).map(|text| text.0)
}

fn starts(raw: Option<&RawValue>, with: char) -> bool {
    raw.is_some_and(|raw| raw.get().starts_with(with))
}

/// A struct would be read from an array as well.
fn object_of<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    let object = raw.filter(|raw| raw.get().starts_with('{'));
    object.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// What a worker would take for another, unknown, method.
fn flaw_of(method: &str, params: &Params<'_>, aimed: bool) -> Option<&'static str> {
    if params.meta.is_some() && !starts(params.meta, '{') {
        return Some("params._meta must be an object");
    }
    match method {
        "tools/call" | "prompts/get" if !aimed => Some("params.name must be a string"),
        "resources/read" if !aimed => Some("params.uri must be a string"),
        "tools/call" | "prompts/get"
            if params.arguments.is_some() && !starts(params.arguments, '{') =>
        {
            Some("params.arguments must be an object")
        }
        _ => None,
    }
}

impl Id {
    /// A string of reasonable length, or an integer.
    #[must_use]
    pub(super) fn of(raw: &RawValue) -> Option<Self> {
        Self::parse(raw.get())
    }

    /// The same for text that has the form of one.
    #[must_use]
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_ID {
            return None;
        }
        if text.starts_with('"') {
            return serde_json::from_str(text).ok().map(Self::Text);
        }
        text.parse().ok().map(Self::Number)
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;

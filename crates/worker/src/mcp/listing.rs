//! `tools/list`, answered with bytes that were there before the question.
//!
//! It is the first thing every client asks, the largest answer there is, and always the same. So
//! a plain question is recognised here, and its answer is made of pieces of the catalogue's text
//! around the id; nothing is built or copied for it. Whatever is not plain goes to rmcp, which
//! gives the same answer to it, or says what is wrong with it.
//!
//! Budget: 10 allocations and 10 µs on top of what HTTP costs.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use domain::scope::Scopes;
use domain::tools::ToolChoice;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::server;
use crate::catalogue::Catalogue;
use crate::host::{Answer, Caller, MODERN};

/// No plain question is longer, `_meta` included.
const LONGEST: usize = 4096;
const LONGEST_ID: usize = 1024;
/// Revisions with a handshake that a client may name.
const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Era {
    Legacy,
    Modern,
}

/// A plain `tools/list`.
struct Asked<'a> {
    id: &'a RawValue,
    era: Era,
}

#[derive(Deserialize)]
struct Message<'a> {
    jsonrpc: &'a str,
    #[serde(borrow)]
    id: &'a RawValue,
    method: &'a str,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Params<'a> {
    #[serde(borrow)]
    cursor: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Meta<'a> {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<&'a str>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Option<&'a RawValue>,
}

/// The text before and after the items, for each era, without and with a choice of the device.
struct Around([[(Bytes, Bytes); 2]; 2]);

static AROUND: LazyLock<Option<Around>> = LazyLock::new(|| {
    let of = |modern, chosen| {
        let text = serde_json::to_string(&server::empty_list(modern, chosen)).ok()?;
        let (before, after) = text.split_once(r#""tools":[]"#)?;
        let before = format!(r#","result":{before}"tools":["#);
        Some((Bytes::from(before), Bytes::from(format!("]{after}}}"))))
    };
    let both = |modern| Some([of(modern, false)?, of(modern, true)?]);
    Some(Around([both(false)?, both(true)?]))
});

/// The answer, if this is a plain question for the list.
pub(super) fn answer(parts: &Parts, body: &[u8], catalogue: &Catalogue) -> Option<Answer> {
    let asked = Asked::read(parts, body)?;
    let Around([legacy, modern]) = AROUND.as_ref()?;
    let caller = parts.extensions.get::<Caller>();
    let scopes = caller.map_or(Scopes::ReadOnly, |caller| caller.scopes);
    let choice = caller.and_then(|caller| caller.tools.as_deref()?.parse().ok());
    let choice: ToolChoice = choice.unwrap_or_default();
    let [usual, chosen] = match asked.era {
        Era::Legacy => legacy,
        Era::Modern => modern,
    };
    let (before, after) = if choice.is_default() { usual } else { chosen };
    let id = asked.id.get();
    let mut head = BytesMut::with_capacity(32 + id.len());
    head.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    head.extend_from_slice(id.as_bytes());
    let mut pieces = VecDeque::from([head.freeze(), before.clone()]);
    for (at, piece) in catalogue.listing(&choice, scopes).iter().enumerate() {
        if at > 0 {
            pieces.push_back(Bytes::from_static(b","));
        }
        pieces.push_back(piece.clone());
    }
    pieces.push_back(after.clone());
    let mut answer = Response::new(Pieces(pieces).boxed());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(answer)
}

impl<'a> Asked<'a> {
    fn read(parts: &Parts, body: &'a [u8]) -> Option<Self> {
        if parts.method != Method::POST || body.len() > LONGEST || !speaks_json(&parts.headers) {
            return None;
        }
        let message: Message<'a> = serde_json::from_slice(body).ok()?;
        if message.jsonrpc != "2.0" || message.method != "tools/list" {
            return None;
        }
        let id = message.id.get();
        if id.len() > LONGEST_ID || !(id.starts_with('"') || id.parse::<i64>().is_ok()) {
            return None;
        }
        let params: Params<'a> = object(message.params)?;
        let meta: Meta<'a> = object(params.meta)?;
        if params.cursor.is_some() {
            return None;
        }
        let era = era(&parts.headers, &meta)?;
        Some(Self { id: message.id, era })
    }
}

/// An object, or nothing where there is nothing. A struct would be read from an array as well.
fn object<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> Option<T> {
    match raw.map(RawValue::get) {
        None => Some(T::default()),
        Some(text) if text.starts_with('{') => serde_json::from_str(text).ok(),
        Some(_) => None,
    }
}

/// Which revision both the headers and the message speak; `None` where that has to be argued.
fn era(headers: &HeaderMap, meta: &Meta<'_>) -> Option<Era> {
    let names = ["mcp-protocol-version", "mcp-method", "mcp-name"];
    if names.iter().any(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        return None;
    }
    // What is no text equals nothing that is expected.
    let said = names.map(|name| headers.get(name).map(|value| value.to_str().unwrap_or("?")));
    match (said, meta.version) {
        ([None, None, None], None) => Some(Era::Legacy),
        ([Some(version), None, None], None) if LEGACY.contains(&version) => Some(Era::Legacy),
        ([Some(MODERN), Some("tools/list"), None], Some(MODERN))
            if meta.capabilities.is_some_and(|raw| raw.get().starts_with('{')) =>
        {
            Some(Era::Modern)
        }
        ([Some(_) | None, Some(_) | None, Some(_) | None], Some(_) | None) => None,
    }
}

fn speaks_json(headers: &HeaderMap) -> bool {
    let is = |name, expected: &str| headers.get(name).is_some_and(|value| value == expected);
    is(CONTENT_TYPE, "application/json") && is(ACCEPT, "application/json, text/event-stream")
}

/// A body of known length in several pieces.
struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

//! Scopes at the HTTP edge, with a tool of the kind that changes something.

use std::sync::Arc;

use bytes::Bytes;
use domain::clock::SystemClock;
use domain::contract::{ToolPolicy, header};
use domain::region::Region;
use domain::scope::Scopes;
use domain::upstream::Upstream;
use garmin::{Access, AccessError, AccessSource, BoxFuture};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Endpoint, Server};
use crate::account::{Account, Door};
use crate::args::NoArgs;
use crate::catalogue::Catalogue;
use crate::error::ToolError;
use crate::host::Caller;
use crate::tool::{Class, Entry, Place, Tool};

struct Nobody;

impl AccessSource for Nobody {
    fn access(
        &self,
        _: Option<domain::id::Generation>,
    ) -> BoxFuture<'_, Result<Access, AccessError>> {
        Box::pin(std::future::ready(Err(AccessError::SignInNeeded)))
    }
}

struct Change;

impl Tool for Change {
    const NAME: &'static str = "set_something";
    const TITLE: &'static str = "Set something";
    const DESCRIPTION: &'static str = "Changes something.";
    const CLASS: Class = Class::Set;
    type Args = NoArgs;
    type Answer = Value;

    async fn call(_: &Account, _: NoArgs) -> Result<Value, ToolError> {
        Ok(json!({ "changed": true }))
    }
}

static TOOLS: &[Entry] = &[Entry::of::<Change>()];

async fn call(scopes: Option<Scopes>) -> Response<Bytes> {
    let upstream = Upstream::garmin(Region::Global);
    let account = Account::new(Arc::new(Nobody), Arc::new(SystemClock), upstream, Door::Gateway);
    let catalogue = Catalogue::of(TOOLS, "{}", Place::Everywhere, &ToolPolicy::default());
    let endpoint = Endpoint::new(Server::new(account, catalogue));
    let message = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": { "name": "set_something", "arguments": {} },
    });
    let mut request = Request::post("/mcp")
        .header("host", "127.0.0.1")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .body(Full::new(Bytes::from(message.to_string())))
        .unwrap();
    if let Some(scopes) = scopes {
        let caller = Caller { device: None, scopes, tools: None, request_id: None };
        request.extensions_mut().insert(caller);
    }
    let (parts, body) = endpoint.oneshot(request).await.unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn a_connection_that_may_only_read_is_told_what_it_lacks() {
    for scopes in [Some(Scopes::ReadOnly), None] {
        let answer = call(scopes).await;
        assert_eq!(answer.status(), 403);
        assert_eq!(answer.headers()[header::NEEDED_SCOPES], "garmin:read garmin:write");
        assert!(answer.body().is_empty());
    }
}

#[tokio::test]
async fn a_connection_that_may_write_writes() {
    let answer = call(Some(Scopes::ReadWrite)).await;
    assert_eq!(answer.status(), 200);
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(body["result"]["structuredContent"]["changed"], true, "{body}");
}

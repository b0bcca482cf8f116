//! MCP over streamable HTTP, in both eras.

use serde_json::{Value, json};
use url::Url;

use crate::http::{self, Broken, Reply};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2025-11-25, with a handshake.
    Handshake,
    /// 2026-07-28, every request complete in itself.
    Stateless,
}

impl Era {
    pub(crate) const fn revision(self) -> &'static str {
        match self {
            Self::Handshake => "2025-11-25",
            Self::Stateless => "2026-07-28",
        }
    }
}

#[derive(Clone)]
pub(crate) struct Mcp {
    connector: Url,
    token: String,
    era: Era,
}

impl Mcp {
    pub(crate) fn new(connector: Url, token: &str, era: Era) -> Self {
        Self { connector, token: token.to_owned(), era }
    }

    async fn post(&self, message: &Value) -> Result<Reply, Broken> {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", self.era.revision()),
        ];
        if !self.token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        if self.era == Era::Stateless {
            headers.push(("mcp-method", message["method"].as_str().unwrap()));
            if let Some(name) = message["params"]["name"].as_str() {
                headers.push(("mcp-name", name));
            }
        }
        http::send("POST", &self.connector, &headers, message.to_string()).await
    }

    /// One request, whatever comes back.
    pub(crate) async fn request(&self, method: &str, mut params: Value) -> Result<Reply, Broken> {
        if self.era == Era::Stateless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.era.revision(),
                "io.modelcontextprotocol/clientInfo": { "name": "e2e", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.post(&json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })).await
    }

    /// The result of a request that must succeed.
    pub(crate) async fn result(&self, method: &str, params: Value) -> Value {
        result_of(&self.request(method, params).await.unwrap())
    }

    pub(crate) async fn initialize(&self) -> Value {
        let params = json!({
            "protocolVersion": self.era.revision(),
            "capabilities": {},
            "clientInfo": { "name": "e2e", "version": "1" },
        });
        let hello = self.result("initialize", params).await;
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.post(&ready).await.unwrap().status, 202);
        hello
    }

    /// A tool call, whatever comes back.
    pub(crate) async fn call(&self, tool: &str, arguments: &Value) -> Result<Reply, Broken> {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// The structured answer of a tool call that must succeed.
    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> Value {
        answer_of(&self.call(tool, &arguments).await.unwrap())
    }

    pub(crate) async fn full_name(&self) -> String {
        let answer = self.ask("get_full_name", json!({})).await;
        answer["full_name"].as_str().unwrap().to_owned()
    }
}

fn result_of(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut body = reply.message();
    assert_eq!(body["id"], 7, "{body}");
    assert!(body["error"].is_null(), "{body}");
    body["result"].take()
}

/// The structured answer in the reply to a tool call.
pub(crate) fn answer_of(reply: &Reply) -> Value {
    let mut result = result_of(reply);
    assert_ne!(result["isError"], true, "{result}");
    result["structuredContent"].take()
}

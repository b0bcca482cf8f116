//! One request, one connection: what is killed leaves no pool behind.

use ::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use url::Url;

/// An answer with its body read.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// No whole answer: nobody listened, or the line was cut.
#[derive(Debug)]
pub(crate) struct Broken;

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        self.read(&self.body)
    }

    /// The answer of an MCP endpoint: the body, or the last event where the call took so long
    /// that the gateway gave signs of life before it.
    pub(crate) fn message(&self) -> Value {
        if self.header("content-type") != "text/event-stream" {
            return self.json();
        }
        let mut events = self.body.lines().filter_map(|line| line.strip_prefix("data:"));
        self.read(events.next_back().unwrap_or_default())
    }

    fn read(&self, json: &str) -> Value {
        serde_json::from_str(json).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

/// Sends `body` with `headers` to `url`; a GET without a body.
pub(crate) async fn send(
    method: &str,
    url: &Url,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Reply, Broken> {
    let authority = url.authority();
    let stream = TcpStream::connect(authority).await.map_err(|_| Broken)?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| Broken)?;
    let target =
        url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut request = Request::builder().method(method).uri(target).header("host", authority);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let exchange = async move {
        let (parts, body) = sender.send_request(request).await.map_err(|_| Broken)?.into_parts();
        let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    };
    // A connection that fails shows in the exchange.
    let (reply, _) = tokio::join!(exchange, connection);
    reply
}

pub(crate) async fn get(url: &Url) -> Result<Reply, Broken> {
    send("GET", url, &[("accept", "application/json")], String::new()).await
}

pub(crate) async fn post_json(url: &Url, body: &Value) -> Result<Reply, Broken> {
    send("POST", url, &[("content-type", "application/json")], body.to_string()).await
}

pub(crate) async fn post_form(url: &Url, fields: &[(&str, &str)]) -> Result<Reply, Broken> {
    let body = encode(fields);
    send("POST", url, &[("content-type", "application/x-www-form-urlencoded")], body).await
}

pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

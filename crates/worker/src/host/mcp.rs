//! MCP over HTTP, as the gateway expects it of every worker.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tower::Service;

/// What the gateway lets through (design §10).
const LARGEST_BODY: usize = 4 << 20;

/// First revision whose errors have a status of their own.
pub(crate) const MODERN: &str = "2026-07-28";

/// The service behind `POST /mcp`.
pub struct Mcp<S>(StreamableHttpService<S, NeverSessionManager>);

/// An answer of [`Mcp`].
pub type Answer = Response<BoxBody<Bytes, Infallible>>;

/// `server` over HTTP. Nothing is kept between two requests, so recycling a worker strands
/// nobody; answers are JSON, or a stream for a call that says something before it ends.
pub fn mcp<S: ServerHandler + Clone>(server: S) -> Mcp<S> {
    // Hosts stay loopback: the gateway has checked the public one.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_retry(None)
        .with_max_request_body_bytes(LARGEST_BODY);
    let make = move || Ok(server.clone());
    Mcp(StreamableHttpService::new(make, Arc::new(NeverSessionManager::default()), config))
}

impl<S> Clone for Mcp<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S, B> Service<Request<B>> for Mcp<S>
where
    S: ServerHandler,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = match read(body).await {
                Ok(body) => body,
                Err(refusal) => return Ok(refusal),
            };
            let posted = parts.method == Method::POST;
            let modern = is_modern(&parts.headers);
            let request = Request::from_parts(parts, Full::new(body.clone()));
            let answer = service.handle(request).await;
            Ok(if posted && is_prose(&answer) {
                translated(&answer, &body, modern)
            } else {
                answer
            })
        })
    }
}

/// The whole body of a request, or the refusal to read it.
pub(crate) async fn read<B>(body: B) -> Result<Bytes, Answer>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => {
            let status = if error.is::<LengthLimitError>() {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            };
            Err(refusal(status, INVALID_REQUEST, None))
        }
    }
}

fn is_modern(headers: &HeaderMap) -> bool {
    // Revisions are dates, so their order is that of their text.
    let version = headers.get("mcp-protocol-version").and_then(|value| value.to_str().ok());
    version.is_some_and(|version| version >= MODERN)
}

/// Whether this is a refusal in a sentence, as rmcp gives one to what it cannot read.
fn is_prose(answer: &Answer) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    answer.status().is_client_error()
        && !kind.is_some_and(|kind| kind.starts_with(b"application/json"))
}

const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;

/// The refusal as the protocol puts it. The gateway has made sure of the rest of the message,
/// so what rmcp cannot read is in the params.
fn translated(answer: &Answer, body: &[u8], modern: bool) -> Answer {
    let id = serde_json::from_slice(body).ok().and_then(|Head { id }| id);
    match (answer.status(), id) {
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, Some(id)) => {
            let status = if modern { StatusCode::BAD_REQUEST } else { StatusCode::OK };
            refusal(status, INVALID_PARAMS, Some(id))
        }
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, None) => {
            refusal(StatusCode::BAD_REQUEST, INVALID_REQUEST, None)
        }
        (status, id) => refusal(status, INVALID_REQUEST, id),
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Refusal<'a> {
    jsonrpc: &'static str,
    id: Option<&'a RawValue>,
    error: Reason,
}

#[derive(Serialize)]
struct Reason {
    code: i32,
    message: &'static str,
}

fn refusal(status: StatusCode, code: i32, id: Option<&RawValue>) -> Answer {
    let message = match code {
        INVALID_PARAMS => "params do not fit the method",
        _ => "this request cannot be read",
    };
    let refusal = Refusal { jsonrpc: "2.0", id, error: Reason { code, message } };
    // Numbers and texts always serialise.
    let body = serde_json::to_vec(&refusal).unwrap_or_default();
    let mut answer = Response::new(Full::new(Bytes::from(body)).boxed());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

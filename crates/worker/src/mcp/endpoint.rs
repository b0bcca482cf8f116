//! MCP over HTTP: rmcp without sessions, and the answers that only the gateway understands.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::contract::{self, header};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use tower::Service;

use super::outcome::{Outcome, OutcomeSlot};
use super::server::Server;
use crate::host::{self, Answer, Mcp};

/// Where the list of tools goes. Text of others is escaped, so this stands in an answer only
/// where rmcp wrote the list.
const EMPTY_LIST: &str = r#""tools":[]"#;

/// The service behind `POST /mcp`.
#[derive(Clone)]
pub(crate) struct Endpoint {
    mcp: Mcp<Server>,
    server: Server,
}

impl Endpoint {
    pub(crate) fn new(server: Server) -> Self {
        let mcp = host::mcp(server.clone());
        Self { mcp, server }
    }
}

/// Puts the catalogue's bytes where rmcp wrote an empty list.
async fn with_tools(answer: Answer, listing: &str) -> Answer {
    let (mut parts, body) = answer.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes);
    let text = std::str::from_utf8(&body).ok();
    let Some((before, after)) = text.and_then(|text| text.split_once(EMPTY_LIST)) else {
        return Response::from_parts(parts, Full::new(body).boxed());
    };
    let listed = format!(r#"{before}"tools":[{listing}]{after}"#);
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Full::new(Bytes::from(listed)).boxed())
}

impl<B> Service<Request<B>> for Endpoint
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut mcp = self.mcp.clone();
        let server = self.server.clone();
        Box::pin(async move {
            let slot = OutcomeSlot::default();
            request.extensions_mut().insert(slot.clone());
            let Ok(answer) = mcp.call(request).await;
            // An event stream has begun: what comes later is part of it.
            if !is_json(&answer) {
                return Ok(answer);
            }
            Ok(match slot.take() {
                None => answer,
                Some(Outcome::Tools(scopes)) => with_tools(answer, &server.listing(scopes)).await,
                Some(Outcome::SignInNeeded) => private(contract::STATUS_SIGN_IN_NEEDED),
                Some(Outcome::ScopeMissing(needed)) => {
                    let mut answer = private(contract::STATUS_SCOPE_MISSING);
                    let needed = HeaderValue::from_static(needed.as_str());
                    answer.headers_mut().insert(header::NEEDED_SCOPES, needed);
                    answer
                }
            })
        })
    }
}

fn is_json(answer: &Answer) -> bool {
    answer
        .headers()
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// An answer for the gateway alone.
fn private(status: u16) -> Answer {
    let mut answer = Response::new(Empty::new().boxed());
    *answer.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}

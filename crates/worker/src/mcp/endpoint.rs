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

use super::listing;
use super::outcome::{Outcome, OutcomeSlot};
use super::server::Server;
use crate::host::{self, Answer, Mcp};

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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { mut mcp, server } = self.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let body = match host::read(body).await {
                Ok(body) => body,
                Err(refusal) => return Ok(refusal),
            };
            if let Some(answer) = listing::answer(&parts, &body, server.catalogue()) {
                return Ok(answer);
            }
            let slot = OutcomeSlot::default();
            parts.extensions.insert(slot.clone());
            let Ok(answer) = mcp.call(Request::from_parts(parts, Full::new(body))).await;
            // An event stream has begun: what comes later is part of it.
            if !is_json(&answer) {
                return Ok(answer);
            }
            Ok(match slot.take() {
                None => answer,
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

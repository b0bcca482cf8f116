//! A name for each request: on its answer, and on every line the log has about it.
//!
//! Chosen here and at random. A name the client sends would let it write into our log under
//! somebody else's.

use std::fmt;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::contract;
use domain::entropy::{self, Entropy};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument;

/// The name of the span every line about a request is inside of.
pub(crate) const SPAN: &str = "request";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(Box<str>);

impl RequestId {
    pub(crate) fn generate(entropy: &dyn Entropy) -> Self {
        let raw: [u8; 12] = entropy::bytes(entropy);
        Self(URL_SAFE_NO_PAD.encode(raw).into())
    }

    /// Tells it to whoever asked.
    pub(crate) fn show(&self, answer: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            answer.insert(HeaderName::from_static(contract::header::REQUEST_ID), value);
        }
    }

    #[must_use]
    pub(crate) fn into_text(self) -> Box<str> {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names the request for everything further in.
pub(crate) async fn name(
    State(app): State<crate::state::AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::generate(&*app.entropy);
    request.extensions_mut().insert(id.clone());
    // Of the highest level, or a quiet log would lose the name of the request that failed.
    let span = tracing::error_span!(SPAN, request = %id);
    let mut response = next.run(request).instrument(span).await;
    id.show(response.headers_mut());
    response
}

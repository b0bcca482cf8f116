//! A name for each request: on its answer, and on every line the log has about it.
//!
//! Chosen here and at random. A name the client sends would let it write into our log under
//! somebody else's.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::contract;
use domain::entropy::{self, Entropy};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;

/// The name of the span every line about a request is inside of.
pub(crate) const SPAN: &str = "request";

/// Copied into each place that needs it, and never allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId([u8; LENGTH]);

const RAW: usize = 12;
/// In base64.
const LENGTH: usize = RAW / 3 * 4;

impl RequestId {
    pub(crate) fn generate(entropy: &dyn Entropy) -> Self {
        let raw: [u8; RAW] = entropy::bytes(entropy);
        let mut text = [b'-'; LENGTH];
        // It fits: three bytes are four letters.
        let _ = URL_SAFE_NO_PAD.encode_slice(raw, &mut text);
        Self(text)
    }

    /// Tells it to whoever asked.
    pub(crate) fn show(&self, answer: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_bytes(&self.0) {
            answer.insert(HeaderName::from_static(contract::header::REQUEST_ID), value);
        }
    }

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        // Letters of base64.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The span of a request, which puts its name on every line.
pub(crate) fn span(id: RequestId) -> Span {
    // Of the highest level, or a quiet log would lose the name of the request that failed.
    tracing::error_span!(SPAN, request = id.as_str())
}

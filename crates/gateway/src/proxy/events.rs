//! Event streams as clients get them: one event for each message, and a comment now and then.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};

/// Below the silence after which proxies cut a connection.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A sign of life that no client takes for a message.
pub(super) const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// One message. JSON has line breaks between its tokens only, where a blank says the same, and
/// in an event stream a line break would end the field.
#[must_use]
pub(super) fn event(json: &str) -> Bytes {
    let line = if json.contains(['\r', '\n']) {
        Cow::Owned(json.replace(['\r', '\n'], " "))
    } else {
        Cow::Borrowed(json)
    };
    Bytes::from(format!("event: message\ndata: {line}\n\n"))
}

/// A stream whose every event has to reach the client when it is sent.
#[must_use]
pub(super) fn response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, no-transform"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t127_an_event_is_one_line_whatever_its_message_looks_like() {
        let text = event("{\"a\":\r\n1,\n\"b\":\"\\n\"}");
        assert_eq!(text, "event: message\ndata: {\"a\":  1, \"b\":\"\\n\"}\n\n");
    }
}

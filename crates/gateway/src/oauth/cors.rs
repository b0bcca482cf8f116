//! Scripts of any site may read our documents and use the machine endpoints: no cookie counts
//! there, so an origin proves nothing.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
};
use http::{HeaderValue, StatusCode};

/// Opens an answer to scripts. `*` without credentials, never a reflected origin.
pub(super) async fn open_to_scripts(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("WWW-Authenticate, Retry-After"),
    );
    response
}

/// Answers the question a browser asks before it reads a document. SDKs attach the protocol
/// version to metadata fetches, which is enough for browsers to ask.
pub(super) async fn preflight_document() -> Response {
    preflight("GET, HEAD, OPTIONS", "MCP-Protocol-Version, Accept, Content-Type")
}

/// The same before a request of a machine.
pub(super) async fn preflight_machine() -> Response {
    preflight("POST, OPTIONS", "Content-Type, Authorization, Accept, MCP-Protocol-Version, DPoP")
}

fn preflight(methods: &'static str, fields: &'static str) -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, fields),
        (ACCESS_CONTROL_MAX_AGE, "600"),
        (CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

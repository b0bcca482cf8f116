//! MCP over HTTP, as the gateway expects it of every worker.

use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

/// What the gateway lets through (design §10).
const LARGEST_BODY: usize = 4 << 20;

/// `server` as the service behind `POST /mcp`. Nothing is kept between two requests, so
/// recycling a worker strands nobody; answers are JSON, or a stream for a call that says
/// something before it ends.
pub fn mcp<S: ServerHandler + Clone>(server: S) -> StreamableHttpService<S, NeverSessionManager> {
    // Hosts stay loopback: the gateway has checked the public one.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_retry(None)
        .with_max_request_body_bytes(LARGEST_BODY);
    let make = move || Ok(server.clone());
    StreamableHttpService::new(make, Arc::new(NeverSessionManager::default()), config)
}

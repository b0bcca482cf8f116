//! The routing table: every address of the gateway in one place.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tower_http::catch_panic::CatchPanicLayer;

use crate::extract::proxy_trust;
use crate::state::AppState;
use crate::{error, failures, headers, oauth, pages, proxy, ready, request_id};

/// Everything the gateway answers. Layers added last run first: a panic is caught inside the
/// layers that dress every response, so even its answer carries the security headers.
pub fn router(app: AppState) -> Router {
    let prompt = Router::new()
        .merge(oauth::routes())
        .merge(pages::routes())
        .route("/healthz", get(healthz))
        .route("/readyz", get(ready::readyz))
        .layer(axum::middleware::from_fn(within));
    Router::new()
        .merge(prompt)
        .route("/mcp", any(proxy::mcp))
        .route("/mcp/", any(proxy::mcp))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(axum::middleware::from_fn_with_state(app.clone(), headers::secure))
        .layer(axum::middleware::from_fn_with_state(app.clone(), proxy::host::check))
        .layer(axum::middleware::from_fn_with_state(app.clone(), proxy_trust::watch))
        .layer(axum::middleware::from_fn(failures::record))
        .layer(axum::middleware::from_fn_with_state(app.clone(), request_id::name))
        .with_state(app)
}

/// What no answer but that of a call may take, the time for the body included.
const PATIENCE: Duration = Duration::from_secs(30);

async fn within(request: Request, next: Next) -> Response {
    tokio::time::timeout(PATIENCE, next.run(request)).await.unwrap_or_else(|_| error::late())
}

/// Alive. Asks nothing of store or workers: restarting this process would not mend those.
async fn healthz() -> Response {
    small(StatusCode::OK, r#"{"status":"ok"}"#)
}

fn small(status: StatusCode, body: &'static str) -> Response {
    (status, [(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")], body)
        .into_response()
}

//! The routing table: every address of the gateway in one place.

use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::extract::proxy_trust;
use crate::oauth::succession;
use crate::request_id::RequestId;
use crate::state::AppState;
use crate::{account, error, failures, headers, oauth, pages, proxy, ready, request_id};

/// Everything the gateway answers. Layers added last run first: a panic is caught inside the
/// one that dresses every response, so even its answer carries the security headers.
pub fn router(app: AppState) -> Router {
    let succeeds = axum::middleware::from_fn_with_state(app.clone(), succession::answer);
    let successor = Router::new()
        .route("/garmin/mcp", any(proxy::mcp))
        .route("/garmin/mcp/", any(proxy::mcp))
        .layer(succeeds.clone());
    let prompt = Router::new()
        .merge(oauth::routes())
        .merge(oauth::successor_routes().layer(succeeds.clone()))
        .merge(pages::routes())
        .merge(account::routes())
        .route("/healthz", get(healthz))
        .route("/readyz", get(ready::readyz))
        .layer(axum::middleware::from_fn(within));
    Router::new()
        .merge(prompt)
        .merge(successor)
        .route("/mcp", any(proxy::mcp))
        .route("/mcp/", any(proxy::mcp))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(axum::middleware::from_fn_with_state(app.clone(), dress))
        .with_state(app)
}

/// What every request and every answer goes through, in one layer: each costs a request copies
/// of all those inside it.
async fn dress(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = RequestId::generate(&*app.entropy);
    request.extensions_mut().insert(id);
    let mut response = checked(app, id, request, next).instrument(request_id::span(id)).await;
    id.show(response.headers_mut());
    response
}

async fn checked(app: AppState, id: RequestId, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    proxy_trust::watch(&app, &request);
    let response = if let Some(refusal) = proxy::host::refusal(&app.config.public_url, &request) {
        refusal
    } else {
        let mut response = next.run(request).await;
        headers::secure(&app.config.public_url, response.headers_mut());
        response
    };
    failures::record(response, path.as_ref(), id).await
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

//! Where Prometheus asks: a listener of its own, so that no proxy in front of the gateway can
//! forward strangers to it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// The version of Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a scrape under way at the end may take. Whoever has sent half a request has no right to
/// the rest of the process's life.
const LAST_SCRAPE: Duration = Duration::from_secs(1);

pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers `/metrics` until `stop`.
pub(crate) async fn serve(listener: TcpListener, app: AppState, stop: CancellationToken) {
    let router = Router::new().route("/metrics", get(metrics)).with_state(app);
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let too_long = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_SCRAPE).await;
    };
    tokio::select! {
        served = serving => if let Err(error) = served {
            tracing::warn!(event = "metrics-failed", error = %error, "");
        },
        () = too_long => {}
    }
}

async fn metrics(State(app): State<AppState>) -> Response {
    ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], super::scrape(&app)).into_response()
}

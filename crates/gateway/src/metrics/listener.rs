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

use crate::serve::{Drain, Server};
use crate::state::AppState;

/// The version of Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whoever scrapes takes one; more connections wait, and take no descriptor from people.
const MOST_SCRAPERS: usize = 16;
/// For an answer under way when the gateway ends.
const LAST_ANSWER: Duration = Duration::from_secs(1);

pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers `/metrics` until `stop`.
pub(crate) async fn serve(listener: TcpListener, app: AppState, stop: CancellationToken) {
    let entropy = app.entropy.clone();
    let router = Router::new().route("/metrics", get(metrics)).with_state(app);
    // It has a way out of its own: what happens while calls end is worth a look.
    let scrapers = Server::new(router, Drain::default(), entropy, MOST_SCRAPERS);
    scrapers.accept(listener, stop.cancelled_owned()).await;
    // Whoever reads slowly keeps nobody.
    let _ = tokio::time::timeout(LAST_ANSWER, scrapers.finish()).await;
}

async fn metrics(State(app): State<AppState>) -> Response {
    ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], super::scrape(&app)).into_response()
}

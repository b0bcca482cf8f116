//! `/readyz`: whether new calls should come here. Each check says what it found, and nothing
//! about anybody.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::config::descriptor_limit;
use crate::state::AppState;
use crate::workers::Condition;

/// How old an answer of the database may be: whoever asks often must not make it write often.
const FRESH: Duration = Duration::from_secs(2);
/// The database's time for both checks.
const PATIENCE: Duration = Duration::from_secs(5);
/// Descriptors one more worker takes.
const FOR_ONE_MORE: usize = 8;

/// What the database said last, and when.
#[derive(Debug, Default)]
pub struct LastLook(Mutex<Option<(Instant, Database)>>);

#[derive(Debug, Clone, Copy)]
struct Database {
    database: Check,
    keys: Check,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Check {
    Ok,
    /// Not asked, because what it depends on failed.
    Skipped,
    /// It goes on, and something keeps it from being at its best.
    Strained(&'static str),
    /// By a closed word of the store.
    Failed(&'static str),
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    /// One row written and committed.
    database: Check,
    /// It opens with the keys in memory.
    keys: Check,
    /// There is an address and there are descriptors for one more worker.
    spawn: Check,
    /// Not on the way out.
    drain: Check,
}

pub(crate) async fn readyz(State(app): State<AppState>) -> Response {
    let Database { database, keys } = look(&app).await;
    let drain = if app.drain.has_begun() { Check::Failed("stopping") } else { Check::Ok };
    let checks = Checks { database, keys, spawn: spawn(&app), drain };
    let failed = |check: Check| matches!(check, Check::Failed(_));
    let status = match &checks {
        Checks { drain, .. } if failed(*drain) => "stopping",
        Checks { database, .. } if failed(*database) => "no store",
        Checks { keys, .. } if failed(*keys) => "wrong keys",
        Checks { spawn, .. } if failed(*spawn) => "no workers",
        Checks { .. } => "ready",
    };
    let code = match status {
        "ready" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = Json(Report { status, checks });
    let mut response = (code, [(CACHE_CONTROL, "no-store")], body).into_response();
    if code != StatusCode::OK {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// Asks the database, once for all who ask at the same time.
async fn look(app: &AppState) -> Database {
    let mut last = app.last_look.0.lock().await;
    if let Some((_, found)) = last.filter(|(at, _)| at.elapsed() < FRESH) {
        return found;
    }
    let found = ask(app).await;
    *last = Some((Instant::now(), found));
    found
}

async fn ask(app: &AppState) -> Database {
    let asked = timeout(PATIENCE, async {
        let store = &app.store;
        if let Err(error) = store.check_write(app.clock.now()).await {
            return (Check::Failed(error.label()), Check::Skipped);
        }
        match store.check_keys().await {
            Ok(()) => (Check::Ok, Check::Ok),
            Err(error) => (Check::Ok, Check::Failed(error.label())),
        }
    });
    let (database, keys) = asked.await.unwrap_or((Check::Failed("timeout"), Check::Skipped));
    for (what, check) in [("database", database), ("keys", keys)] {
        if let Check::Failed(error) = check {
            tracing::warn!(event = "not-ready", what, error, "this node takes no new calls");
        }
    }
    Database { database, keys }
}

fn spawn(app: &AppState) -> Check {
    match app.supervisor.condition() {
        Condition::Well | Condition::Closed => {}
        Condition::Exhausted => return Check::Strained("exhausted"),
        Condition::CircuitOpen => return Check::Failed("circuit_open"),
    }
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    if open + FOR_ONE_MORE > descriptor_limit() {
        return Check::Failed("descriptors");
    }
    match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)) {
        Ok(_) => Check::Ok,
        Err(_) => Check::Failed("address"),
    }
}

//! The same hand over HTTP, for tests and benches in another process. Off unless asked for.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::accounts::AccountState;
use crate::control::Control;
use crate::faults::{Fault, FaultId};
use crate::sso::{Gate, Strategy};
use crate::state::Inner;

#[derive(Deserialize)]
struct GateChange {
    strategy: Strategy,
    gate: Gate,
}

#[derive(Deserialize)]
struct Whose {
    account: String,
}

#[derive(Deserialize)]
struct MaybeWhose {
    #[serde(default)]
    account: Option<String>,
}

#[derive(Deserialize)]
struct StateChange {
    account: String,
    state: AccountState,
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn unknown_account() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": "unknown account"}))).into_response()
}

pub(crate) fn router(control: Control) -> Router<Arc<Inner>> {
    Router::new()
        .route("/faults", post(add_fault).get(list_faults).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault))
        .route("/gates", post(set_gate))
        .route("/state", post(set_state))
        .route("/expire", post(expire))
        .route("/revoke", post(revoke))
        .route("/sign-in", post(sign_in))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/code/{account}", get(code))
        .route("/counters/{account}", get(counters))
        .route("/season/{account}", get(season))
        .with_state(control)
}

async fn add_fault(State(control): State<Control>, Json(fault): Json<Fault>) -> Response {
    let id = control.add_fault(fault);
    (StatusCode::CREATED, Json(json!({"id": id}))).into_response()
}

async fn list_faults(State(control): State<Control>) -> Response {
    Json(control.faults()).into_response()
}

async fn clear_faults(State(control): State<Control>) -> Response {
    control.clear_faults();
    done()
}

async fn remove_fault(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    control.remove_fault(FaultId(id));
    done()
}

async fn set_gate(State(control): State<Control>, Json(change): Json<GateChange>) -> Response {
    control.set_gate(change.strategy, change.gate);
    done()
}

async fn set_state(State(control): State<Control>, Json(change): Json<StateChange>) -> Response {
    if control.set_account_state(&change.account, change.state) {
        done()
    } else {
        unknown_account()
    }
}

async fn expire(State(control): State<Control>, Json(whose): Json<MaybeWhose>) -> Response {
    control.expire_access_tokens(whose.account.as_deref());
    done()
}

async fn revoke(State(control): State<Control>, Json(whose): Json<Whose>) -> Response {
    if control.revoke_session(&whose.account) { done() } else { unknown_account() }
}

async fn sign_in(State(control): State<Control>, Json(whose): Json<Whose>) -> Response {
    control
        .sign_in(&whose.account)
        .map_or_else(unknown_account, |tokens| Json(tokens).into_response())
}

async fn requests(State(control): State<Control>) -> Response {
    Json(control.requests()).into_response()
}

async fn clear_requests(State(control): State<Control>) -> Response {
    control.clear_requests();
    done()
}

async fn code(State(control): State<Control>, Path(account): Path<String>) -> Response {
    Json(json!({"code": control.mfa_code(&account)})).into_response()
}

async fn counters(State(control): State<Control>, Path(account): Path<String>) -> Response {
    control
        .counters(&account)
        .map_or_else(unknown_account, |counters| Json(counters).into_response())
}

async fn season(State(control): State<Control>, Path(account): Path<String>) -> Response {
    control.season(&account).map_or_else(unknown_account, |facts| Json(facts).into_response())
}

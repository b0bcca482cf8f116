use std::time::Duration;

use axum::body::Body;
use domain::scope::Scopes;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::rig::{Reply, Rig, appears, call, modern, post};

/// A call that waits until it may go on, and leaves a file however it ends.
fn held(rig: &Rig, name: &str) -> Value {
    json!({
        "started": rig.path(&format!("{name}-started")),
        "hold_until": rig.path(&format!("{name}-go")),
        "finished": rig.path(&format!("{name}-finished")),
        "cancelled": rig.path(&format!("{name}-cancelled")),
    })
}

/// Sends a call and hangs up as soon as the worker has it.
async fn hang_up(rig: &Rig, name: &str, request: Request<Body>) {
    tokio::select! {
        _ = rig.send(request) => panic!("{name} was answered"),
        () = async { appears(&rig.path(&format!("{name}-started"))).await } => {}
    }
}

fn exists(rig: &Rig, name: &str) -> bool {
    std::path::Path::new(&rig.path(name)).exists()
}

fn cancelled(token: &str, id: &Value) -> Request<Body> {
    let params = json!({"requestId": id, "reason": "no longer wanted"});
    let method = "notifications/cancelled";
    post(token, json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t122_a_modern_client_that_hangs_up_cancels_its_call_at_once() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let params = json!({"name": "read", "arguments": held(&rig, "a")});
    hang_up(&rig, "a", modern(&token, "tools/call", params)).await;
    let began = std::time::Instant::now();
    appears(&rig.path("a-cancelled")).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(!exists(&rig, "a-finished"));
    crate::rig::until("nothing is in flight", || rig.in_flight(&account) == Some(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_legacy_client_that_hangs_up_has_its_call_finished_and_thrown_away() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    hang_up(&rig, "a", post(&token, call("read", &held(&rig, "a")))).await;
    crate::rig::until("the call goes on", || rig.in_flight(&account) == Some(1)).await;
    rig.touch("a-go");
    appears(&rig.path("a-finished")).await;
    crate::rig::until("nothing is in flight", || rig.in_flight(&account) == Some(0)).await;
    assert!(!exists(&rig, "a-cancelled"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t105_a_cancellation_reaches_the_one_call_it_is_for_and_no_other() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (_, stranger) = rig.person(1).await;
    let (_, other_device) = rig.device(&account, Scopes::ReadWrite).await;
    let running = rig.send(post(&token, call("read", &held(&rig, "a"))));
    let cancelling = async {
        appears(&rig.path("a-started")).await;
        let say = async |token: &str, id: Value| {
            let Reply { status, body, .. } = rig.send(cancelled(token, &id)).await;
            assert_eq!((status.as_u16(), body.as_str()), (202, ""));
        };
        say(&stranger, json!(7)).await;
        say(&other_device, json!(7)).await;
        say(&token, json!("7")).await;
        say(&token, json!(8)).await;
        say(&token, json!({"a": 1})).await;
        assert!(!exists(&rig, "a-cancelled"));
        say(&token, json!(7)).await;
        appears(&rig.path("a-cancelled")).await;
    };
    let (reply, ()) = tokio::join!(running, cancelling);
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (200, "cancelled"));
    assert_eq!(reply.json()["id"], 7);
    assert!(!exists(&rig, "a-finished"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t105_of_two_calls_with_one_name_neither_is_cancelled() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let first = rig.send(post(&token, call("read", &held(&rig, "a"))));
    let second = rig.send(post(&token, call("read", &held(&rig, "b"))));
    let cancelling = async {
        appears(&rig.path("a-started")).await;
        appears(&rig.path("b-started")).await;
        assert_eq!(rig.send(cancelled(&token, &json!(7))).await.status.as_u16(), 202);
        rig.touch("a-go");
        rig.touch("b-go");
    };
    let (first, second, ()) = tokio::join!(first, second, cancelling);
    assert!(first.result()["pid"].is_u64() && second.result()["pid"].is_u64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modern_notification_is_taken_and_changes_nothing() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let mut request = cancelled(&token, &json!(7));
    request.headers_mut().insert("mcp-protocol-version", "2026-07-28".parse().unwrap());
    assert_eq!(rig.send(request).await.status.as_u16(), 202);
    for method in ["notifications/initialized", "notifications/roots/list_changed", "tools/list"] {
        let body = json!({"jsonrpc": "2.0", "method": method}).to_string();
        let reply = rig.post(&token, body).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (202, ""), "{method}");
    }
    assert!(rig.app.supervisor.workers().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t121_rel14_a_reader_that_stops_reading_stops_its_worker_and_fills_no_memory() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let arguments = json!({"flood": true, "cancelled": rig.path("a-cancelled")});
    let params = json!({"name": "read", "arguments": arguments});
    let mut body = rig.open(modern(&token, "tools/call", params)).await.into_body();
    assert!(body.frame().await.is_some());
    // Other accounts notice nothing.
    let (_, other) = rig.person(1).await;
    for _ in 0..20 {
        rig.list(&other).await.result();
    }
    assert_eq!(rig.in_flight(&account), Some(1));
    drop(body);
    appears(&rig.path("a-cancelled")).await;
    crate::rig::until("nothing is in flight", || rig.in_flight(&account) == Some(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t123_an_account_has_eight_calls_running_and_sixteen_waiting() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (_, other) = rig.person(1).await;
    rig.list(&token).await.result();
    let go = rig.path("go");
    let body = call("read", &json!({"hold_until": go}));
    let calls = (0..100).map(|_| rig.post(&token, body.clone()));
    let others = async {
        crate::rig::until("eight run", || rig.in_flight(&account) == Some(8)).await;
        rig.list(&other).await.result();
        rig.touch("go");
    };
    let (replies, ()) = tokio::join!(futures_util::future::join_all(calls), others);
    let (served, refused): (Vec<_>, Vec<_>) =
        replies.iter().partition(|reply| reply.status.as_u16() == 200);
    assert_eq!((served.len(), refused.len()), (24, 76));
    for reply in refused {
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (429, "too_many_calls"));
        assert_eq!(reply.header("retry-after"), "2");
        assert_eq!(reply.json()["id"], 7);
    }
}

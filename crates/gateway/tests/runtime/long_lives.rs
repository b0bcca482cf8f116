//! Clients that stay for ever, and strangers that come in thousands.

use std::time::Duration;

use domain::clock::Clock;
use domain::scope::Scopes;
use http::Request;
use serde_json::json;

use crate::rig::{LIST, Rig, call, post};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel25_rel27_a_client_that_never_begins_anew_goes_on_for_years() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (_, other) = rig.person(1).await;
    let foreign = rig.call(&other, "read", json!({})).await.result()["pid"].clone();
    // No handshake, no renewal; a session id from long ago, of nobody or of somebody else.
    for session in ["", "of-a-worker-long-gone", "of-somebody-else"] {
        let mut request = post(&token, call("read", &json!({})));
        if !session.is_empty() {
            request.headers_mut().insert("mcp-session-id", session.parse().unwrap());
        }
        let reply = rig.send(request).await;
        assert_eq!(reply.header("mcp-session-id"), "", "no session is ever minted");
        assert_ne!(reply.result()["pid"], foreign);
        rig.later(180 * 24 * 3600);
        crate::rig::until("the idle worker is gone", || rig.pid_of(&account).is_none()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel27_a_token_that_is_over_is_challenged_each_time() {
    let rig = Rig::start().await;
    let (account, _) = rig.person(0).await;
    let end = rig.clock.now().plus(Duration::from_hours(24));
    let (_, token) = rig.device_until(&account, Scopes::ReadWrite, Some(end)).await;
    rig.list(&token).await.result();
    rig.later(2 * 24 * 3600);
    for _ in 0..5 {
        let reply = rig.list(&token).await;
        assert_eq!(reply.status.as_u16(), 401);
        assert!(reply.header("www-authenticate").contains("error=\"invalid_token\""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load05_inv5_thousands_of_handshakes_and_guesses_leave_nothing_behind() {
    let rig = Rig::with("normal", &[("RATE_LIMITS", "on"), ("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let (account, token) = rig.person(0).await;
    let hello = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "churn", "version": "1"},
        },
    });
    let from = |number: u32, token: &str, body: String| -> Request<axum::body::Body> {
        let mut request = post(token, body);
        let [_, a, b, c] = number.to_be_bytes();
        let address = format!("198.{a}.{b}.{c}");
        let headers = request.headers_mut();
        headers.insert("x-forwarded-for", address.parse().unwrap());
        headers.insert("mcp-session-id", format!("session-{number}").parse().unwrap());
        request
    };
    let (mut served, mut limited) = (0, 0);
    for number in 0..5_000 {
        let reply = rig.send(from(number, &token, hello.to_string())).await;
        match reply.status.as_u16() {
            200 => served += 1,
            429 => limited += 1,
            other => panic!("{other}: {}", reply.body),
        }
        let guess = format!("gwa_{number:043}");
        let reply = rig.send(from(number, &guess, LIST.to_owned())).await;
        assert!(matches!(reply.status.as_u16(), 401 | 429), "{}", reply.body);
    }
    assert!(served >= 60 && limited > 0, "{served} served, {limited} limited");
    assert_eq!(rig.app.supervisor.workers().len(), 1, "one account, one worker");
    assert!(rig.app.streams.holders().is_empty());
    assert_eq!(format!("{:?}", rig.app.bodies), "Bodies(0 bytes)");
    crate::rig::until("nothing is in flight", || rig.in_flight(&account) == Some(0)).await;
    let stats = rig.app.store.stats(rig.clock.now()).await.unwrap();
    assert_eq!((stats.accounts, stats.devices), (1, 1));
}

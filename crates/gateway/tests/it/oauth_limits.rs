//! Who is slowed down at the endpoints of machines, and who never is.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use gateway::extract::client_ip::Peer;
use http::{Request, StatusCode};
use serde_json::json;

use crate::harness::{RUNNER, Reply, TestApp, encode, request};

const LIMITED: &[(&str, &str)] = &[("RATE_LIMITS", "on")];

async fn post(app: &TestApp, from: IpAddr, path: &str, kind: &str, body: String) -> Reply {
    let mut request: Request<Body> =
        request("POST", path).header("content-type", kind).body(Body::from(body)).unwrap();
    request.extensions_mut().insert(Peer(SocketAddr::new(from, 1)));
    app.send(request).await
}

async fn form(app: &TestApp, from: [u8; 4], path: &str, pairs: &[(&str, &str)]) -> Reply {
    post(app, from.into(), path, "application/x-www-form-urlencoded", encode(pairs)).await
}

async fn register(app: &TestApp, from: [u8; 4], name: &str) -> Reply {
    let body = json!({ "redirect_uris": ["https://client.example/cb"], "client_name": name });
    post(app, from.into(), "/oauth/register", "application/json", body.to_string()).await
}

fn assert_slowed(reply: &Reply) {
    assert_eq!((reply.status.as_u16(), reply.error().as_str()), (429, "slow_down"));
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[tokio::test]
async fn t52_sec071_guesses_are_slowed_down_and_whoever_knows_is_not() {
    let app = TestApp::with(LIMITED).await;
    let (client, tokens) = app.device(RUNNER).await;
    let rows = app.app.store.list_audit(1000).await.unwrap().len();
    let guess = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "ggw_rt_a-guess-that-is-none-of-ours"),
        ("client_id", client.id.as_str()),
    ];
    let unknown = [("grant_type", "refresh_token"), ("client_id", "cli_nobody")];
    let mut answers = Vec::new();
    for turn in 0..40 {
        let pairs: &[(&str, &str)] = if turn % 2 == 0 { &guess } else { &unknown };
        answers.push(form(&app, [192, 0, 2, 1], "/oauth/token", pairs).await);
    }
    assert!(answers[..20].iter().all(|reply| reply.status != StatusCode::TOO_MANY_REQUESTS));
    answers[20..].iter().for_each(assert_slowed);
    assert_eq!(app.app.store.list_audit(1000).await.unwrap().len(), rows, "a guess is no event");
    // From the very same address.
    let known = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("client_id", client.id.as_str()),
    ];
    for _ in 0..5 {
        let reply = form(&app, [192, 0, 2, 1], "/oauth/token", &known).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    }
    let elsewhere = form(&app, [198, 51, 100, 1], "/oauth/token", &guess).await;
    assert_eq!(elsewhere.error(), "invalid_grant");
}

#[tokio::test]
async fn sec071_tokens_tried_out_at_revocation_are_slowed_down() {
    let app = TestApp::with(LIMITED).await;
    let id = register(&app, [192, 0, 2, 1], "A").await.json()["client_id"].clone();
    let pairs =
        [("token", "ggw_at_a-guess-that-is-none-of-ours"), ("client_id", id.as_str().unwrap())];
    for _ in 0..20 {
        assert_eq!(
            form(&app, [192, 0, 2, 1], "/oauth/revoke", &pairs).await.status,
            StatusCode::OK
        );
    }
    assert_slowed(&form(&app, [192, 0, 2, 1], "/oauth/revoke", &pairs).await);
}

#[tokio::test]
async fn sec070_load06_a_platform_of_two_thousand_people_behind_twelve_addresses_is_not_slowed_down()
 {
    let app = TestApp::with(LIMITED).await;
    let first = register(&app, [198, 51, 100, 0], "Platform").await.json();
    for person in 0..2000_u32 {
        let from = [198, 51, 100, u8::try_from(person % 12).unwrap()];
        let reply = register(&app, from, "Platform").await;
        assert_eq!(reply.status, StatusCode::CREATED, "{person}");
        assert_eq!(reply.json()["client_id"], first["client_id"]);
    }
    let (client, mut tokens) = app.device(RUNNER).await;
    for turn in 0..60 {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh.as_str()),
            ("client_id", client.id.as_str()),
        ];
        let reply = form(&app, [198, 51, 100, turn % 12], "/oauth/token", &pairs).await;
        tokens = client.tokens_of(&reply);
        // No device of a platform renews without end.
        app.advance(60);
    }
}

#[tokio::test]
async fn t79_load06_new_registrations_are_limited_by_address_and_not_for_hosted_claude() {
    let app = TestApp::with(LIMITED).await;
    for turn in 0..20 {
        let reply = register(&app, [192, 0, 2, 1], &format!("A{turn}")).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{turn}");
    }
    assert_slowed(&register(&app, [192, 0, 2, 1], "one more").await);
    assert_eq!(register(&app, [192, 0, 2, 1], "A7").await.status, StatusCode::CREATED, "known");
    for turn in 0..100 {
        let reply = register(&app, [160, 79, 105, 7], &format!("B{turn}")).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{turn}");
    }
}

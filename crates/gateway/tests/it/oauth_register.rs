//! Dynamic client registration.

use axum::body::Body;
use http::StatusCode;
use serde_json::json;

use crate::harness::{TestApp, request};

const REDIRECT: &str = "https://client.example/cb";

#[tokio::test]
async fn a_public_client_is_answered_with_what_was_stored() {
    let app = TestApp::start().await;
    let body = json!({
        "redirect_uris": [REDIRECT],
        "client_name": "Cl\u{202e}aude",
        "scope": "garmin:read openid",
        "odd": 1,
    });
    let reply = app.post_json("/oauth/register", &body.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(reply.header("cache-control"), "no-store");
    let answer = reply.json();
    assert_eq!(answer["client_id_issued_at"], 1_790_000_000);
    assert_eq!(answer["client_name"], "Claude");
    assert_eq!(answer["scope"], "garmin:read");
    assert_eq!(answer["token_endpoint_auth_method"], "none");
    for absent in ["client_secret", "client_secret_expires_at", "odd", "logo_uri"] {
        assert!(answer.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn a_confidential_client_gets_a_secret_that_does_not_expire() {
    let app = TestApp::start().await;
    for method in ["client_secret_post", "client_secret_basic"] {
        let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": method });
        let one = app.post_json("/register", &body.to_string()).await.json();
        let two = app.post_json("/register", &body.to_string()).await.json();
        assert_eq!(one["client_secret_expires_at"], 0);
        assert_ne!(one["client_secret"], two["client_secret"]);
        assert_ne!(one["client_id"], two["client_id"], "secrets are never shared");
    }
}

#[tokio::test]
async fn the_same_public_client_registers_once() {
    let app = TestApp::start().await;
    let body = json!({ "redirect_uris": [REDIRECT], "client_name": "A" }).to_string();
    let one = app.post_json("/oauth/register", &body).await.json();
    app.advance(3600);
    let two = app.post_json("/oauth/register", &body).await;
    assert_eq!((two.status, two.json()), (StatusCode::CREATED, one.clone()));
    let other = json!({ "redirect_uris": [REDIRECT], "client_name": "B" }).to_string();
    let other = app.post_json("/oauth/register", &other).await.json();
    assert_ne!(other["client_id"], one["client_id"]);
}

#[tokio::test]
async fn what_is_no_registration_is_refused_with_a_registered_code() {
    let app = TestApp::start().await;
    for (body, status, code) in [
        ("[]".to_owned(), 400, "invalid_client_metadata"),
        ("{}".to_owned(), 400, "invalid_redirect_uri"),
        (
            json!({ "redirect_uris": ["http://evil.example/cb"] }).to_string(),
            400,
            "invalid_redirect_uri",
        ),
        (json!({ "redirect_uris": vec![REDIRECT; 11] }).to_string(), 400, "invalid_redirect_uri"),
        ("[".repeat(20_000), 413, "invalid_client_metadata"),
    ] {
        let reply = app.post_json("/oauth/register", &body).await;
        assert_eq!((reply.status.as_u16(), reply.error().as_str()), (status, code));
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let form = app.post_form("/oauth/register", "redirect_uris=x").await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn too_many_registrations_from_one_address_are_told_when_to_come_back() {
    let app = TestApp::with(&[("RATE_LIMITS", "on")]).await;
    let mut refused = None;
    for _ in 0..21 {
        let request = request("POST", "/oauth/register")
            .header("content-type", "application/json")
            .body(Body::from("{}"))
            .unwrap();
        let reply = app.send(request).await;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(reply);
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.error(), "slow_down");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
}

//! Dynamic client registration.

use http::StatusCode;
use serde_json::json;

use crate::harness::TestApp;

const REDIRECT: &str = "https://client.example/cb";

#[tokio::test]
async fn t78_sec028_a_public_client_is_answered_with_what_was_stored() {
    let app = TestApp::start().await;
    let body = json!({
        "redirect_uris": [REDIRECT],
        "client_name": "Cl\u{202e}aude",
        "scope": "garmin:read openid",
        "odd": 1,
        "client_id": "https://client.example/mine",
        "client_secret": "mine",
        "registration_access_token": "mine",
        "software_statement": "e30.e30.",
        "application_type": "native",
        "tos_uri": "https://client.example/terms",
        "software_version": "1.2",
    });
    let reply = app.post_json("/oauth/register", &body.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(reply.header("cache-control"), "no-store");
    let answer = reply.json();
    assert_eq!(answer["client_id_issued_at"], 1_790_000_000);
    assert_eq!(answer["client_name"], "Claude");
    assert_eq!(answer["scope"], "garmin:read");
    assert_eq!(answer["token_endpoint_auth_method"], "none");
    assert_eq!(answer["application_type"], "native");
    assert_eq!(answer["tos_uri"], "https://client.example/terms");
    assert_eq!(answer["software_version"], "1.2");
    assert!(answer["client_id"].as_str().unwrap().starts_with("cli_"));
    for absent in [
        "client_secret",
        "client_secret_expires_at",
        "odd",
        "logo_uri",
        "policy_uri",
        "registration_access_token",
        "registration_client_uri",
        "software_statement",
    ] {
        assert!(answer.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn t75_sec028_sec030_a_confidential_client_gets_a_secret_that_does_not_expire() {
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
async fn t76_sec030_load06_the_same_public_client_registers_once() {
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
async fn t76_a_hundred_equal_registrations_at_once_are_one_row() {
    let app = TestApp::start().await;
    let orders = [[REDIRECT, "https://b.example/cb"], ["https://b.example/cb", REDIRECT]];
    let bodies = orders.map(|uris| json!({ "redirect_uris": uris }).to_string());
    let all = (0..100).map(|turn| app.post_json("/oauth/register", &bodies[turn % 2]));
    let replies = futures_util::future::join_all(all).await;
    let first = replies[0].json();
    for reply in &replies {
        assert_eq!((reply.status, reply.json()), (StatusCode::CREATED, first.clone()));
    }
    assert_eq!(app.app.store.list_clients().await.unwrap().len(), 1);
}

#[tokio::test]
async fn t73_t77_sec036_what_is_no_registration_is_refused_with_a_registered_code() {
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
        ("[".repeat(1000), 400, "invalid_client_metadata"),
        (
            format!(r#"{{"redirect_uris":["{REDIRECT}"],"redirect_uris":["https://b.example"]}}"#),
            400,
            "invalid_client_metadata",
        ),
        (json!({ "redirect_uris": REDIRECT }).to_string(), 400, "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }).to_string(), 400, "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:x"] }).to_string(), 400, "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["data:x,y"] }).to_string(), 400, "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://*.tld/"] }).to_string(), 400, "invalid_redirect_uri"),
        (
            json!({ "redirect_uris": ["https://a.example/#f"] }).to_string(),
            400,
            "invalid_redirect_uri",
        ),
        (
            json!({ "redirect_uris": ["https://u@a.example/"] }).to_string(),
            400,
            "invalid_redirect_uri",
        ),
        (
            json!({ "redirect_uris": [format!("https://a.example/{}", "x".repeat(3000))] })
                .to_string(),
            400,
            "invalid_redirect_uri",
        ),
    ] {
        let reply = app.post_json("/oauth/register", &body).await;
        assert_eq!((reply.status.as_u16(), reply.error().as_str()), (status, code));
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let form = app.post_form("/oauth/register", "redirect_uris=x").await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

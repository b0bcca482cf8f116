//! Codes become tokens, once, for the client that asked.

use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use serde_json::json;

use crate::harness::{ORIGIN, RUNNER, TestApp, encode, request};

#[tokio::test]
async fn t54_sec027_an_answer_names_type_life_and_scope_and_is_not_kept() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let reply = client.redeem(&code).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("pragma"), "no-cache");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let json = reply.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 90 * 86_400);
    assert_eq!(json["scope"], "garmin:read garmin:write");
    assert!(json["access_token"].as_str().unwrap().starts_with("ggw_at_"));
    assert!(json["refresh_token"].as_str().unwrap().starts_with("ggw_rt_"));
}

#[tokio::test]
async fn tokens_without_an_end_name_none() {
    let app = TestApp::with(&[("ACCESS_TOKEN_TTL_DAYS", "0")]).await;
    let (client, code) = app.connect(RUNNER).await;
    assert!(client.redeem(&code).await.json().get("expires_in").is_none());
}

#[tokio::test]
async fn t39_sec014_inv4_a_replayed_code_revokes_the_device_it_produced() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let tokens = client.tokens_of(&client.redeem(&code).await);
    assert!(app.accepts(&tokens.access).await);
    app.advance(10);
    let replay = client.redeem(&code).await;
    assert_eq!(
        (replay.status, replay.error().as_str()),
        (StatusCode::BAD_REQUEST, "invalid_grant")
    );
    assert!(!app.accepts(&tokens.access).await);
    assert_eq!(client.refresh(&tokens.refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn t40_inv4_of_many_redemptions_at_once_one_succeeds_and_keeps_its_tokens() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let replies = futures_util::future::join_all((0..20).map(|_| client.redeem(&code))).await;
    let (good, bad): (Vec<_>, Vec<_>) =
        replies.iter().partition(|reply| reply.status == StatusCode::OK);
    assert_eq!(good.len(), 1);
    assert!(bad.iter().all(|reply| reply.error() == "invalid_grant"));
    app.advance(9);
    assert_eq!(client.redeem(&code).await.error(), "invalid_grant");
    let tokens = client.tokens_of(good[0]);
    assert!(app.accepts(&tokens.access).await);
    assert_eq!(client.refresh(&tokens.refresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sec014_a_redemption_that_failed_on_our_side_leaves_the_code_good() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let file = app.data_dir().join("gateway.db");
    let raw = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON access_tokens
                  BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    sqlx::query(broken).execute(&raw).await.unwrap();
    let failed = client.redeem(&code).await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE, "{failed:?}");
    assert!(failed.header("retry-after").parse::<u64>().unwrap() >= 1);
    sqlx::query("DROP TRIGGER broken").execute(&raw).await.unwrap();
    // Later than a second use would be forgiven.
    app.advance(60);
    let tokens = client.tokens_of(&client.redeem(&code).await);
    assert!(app.accepts(&tokens.access).await);
}

#[tokio::test]
async fn t41_sec023_a_code_dies_after_ten_minutes() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    app.advance(Duration::from_mins(10).as_secs());
    let late = client.redeem(&code).await;
    assert_eq!((late.status, late.error().as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));
}

#[tokio::test]
async fn t42_t43_t44_sec011_sec022_a_flawed_or_foreign_request_does_not_cost_the_client_its_code() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let mut thief = app.client();
    let body = json!({ "redirect_uris": ["https://client.example/cb"], "client_name": "Thief" });
    thief.register_as("https://client.example/cb", &body).await;
    assert_ne!(thief.id, client.id);
    assert_eq!(thief.redeem(&code).await.error(), "invalid_grant");
    for changes in [
        ("redirect_uri", "https://client.example/other"),
        ("code_verifier", "another-verifier-that-is-also-long-enough-for-it"),
        ("code_verifier", "short"),
    ] {
        let reply = client.redeem_with(&code, &[changes]).await;
        assert_eq!(reply.error(), "invalid_grant", "{changes:?}");
    }
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t46_t133_the_redirect_uri_may_be_left_out_and_the_verifier_may_not() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let reply = client.redeem_with(&code, &[("code_verifier", "")]).await;
    assert_eq!(reply.error(), "invalid_request");
    let reply = client.redeem_with(&code, &[("redirect_uri", "")]).await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn t45_a_loopback_port_must_be_the_one_of_the_request() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("http://localhost/callback").await;
    "http://localhost:51234/callback".clone_into(&mut client.redirect);
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let answer = browser.sign_in(&page, RUNNER).await;
    let code = client.code_of(&answer);
    let other = [("redirect_uri", "http://localhost:51235/callback")];
    assert_eq!(client.redeem_with(&code, &other).await.error(), "invalid_grant");
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t47_t48_t49_t55_sec017_requests_that_are_none_get_the_registered_code() {
    let app = TestApp::start().await;
    let (client, _) = app.connect(RUNNER).await;
    let id = client.id.as_str();
    for (pairs, status, code) in [
        (vec![("grant_type", "password"), ("client_id", id)], 400, "unsupported_grant_type"),
        (
            vec![("grant_type", "client_credentials"), ("client_id", id)],
            400,
            "unsupported_grant_type",
        ),
        (vec![("client_id", id)], 400, "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("client_id", id)], 400, "invalid_request"),
        (vec![("grant_type", "refresh_token"), ("client_id", id)], 400, "invalid_request"),
        (
            vec![("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", "x")],
            400,
            "invalid_grant",
        ),
        (vec![("grant_type", "a"), ("grant_type", "a"), ("client_id", id)], 400, "invalid_request"),
        (vec![("grant_type", "authorization_code")], 400, "invalid_request"),
        (
            vec![("grant_type", "authorization_code"), ("client_id", "cli_gone")],
            401,
            "invalid_client",
        ),
    ] {
        let reply = client.post("/oauth/token", &encode(&pairs), None).await;
        assert_eq!((reply.status.as_u16(), reply.error().as_str()), (status, code), "{pairs:?}");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let json = app.post_json("/oauth/token", "{}").await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let query = client.post("/oauth/token?grant_type=refresh_token", "", None).await;
    assert_eq!((query.status.as_u16(), query.error().as_str()), (400, "invalid_request"));
    let long = format!("grant_type={}", "x".repeat(17_000));
    assert_eq!(client.post("/oauth/token", &long, None).await.status.as_u16(), 413);
}

#[tokio::test]
async fn t53_the_resource_is_ours_or_the_request_is_refused() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let other = [("resource", "https://other.example/mcp")];
    assert_eq!(client.redeem_with(&code, &other).await.error(), "invalid_target");
    let ours = [("resource", ORIGIN)];
    assert_eq!(client.redeem_with(&code, &ours).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t50_t51_sec029_a_client_with_a_secret_must_use_it_either_way_and_others_must_not() {
    let app = TestApp::start().await;
    let redirect = "https://client.example/cb";
    let body = json!({
        "redirect_uris": [redirect],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let mut client = app.client();
    client.register_as(redirect, &body).await;
    let form = |secret: Option<&str>| {
        let mut pairs =
            vec![("grant_type", "refresh_token"), ("refresh_token", "ggw_rt_unknown-token")];
        if let Some(secret) = secret {
            pairs.push(("client_id", client.id.as_str()));
            pairs.push(("client_secret", secret));
        }
        encode(&pairs)
    };
    let basic = client.basic();
    let good = client.post("/oauth/token", &form(None), Some(&basic)).await;
    assert_eq!(good.error(), "invalid_grant", "the client passed");
    let good = client.post("/oauth/token", &form(client.secret.as_deref()), None).await;
    assert_eq!(good.error(), "invalid_grant", "the client passed");
    let wrong = client.post("/oauth/token", &form(Some("ggw_cs_wrong-wrong")), None).await;
    assert_eq!((wrong.status.as_u16(), wrong.error().as_str()), (401, "invalid_client"));
    let wrong = client.post("/oauth/token", &form(None), Some("Basic !!")).await;
    assert_eq!(wrong.header("www-authenticate"), "Basic realm=\"oauth\"");
    let none = client.post("/oauth/token", &encode(&[("client_id", &client.id)]), None).await;
    assert_eq!((none.status.as_u16(), none.error().as_str()), (401, "invalid_client"));
    let both = client.post("/oauth/token", &form(client.secret.as_deref()), Some(&basic)).await;
    assert_eq!((both.status.as_u16(), both.error().as_str()), (400, "invalid_request"));

    let (public, code) = app.connect(RUNNER).await;
    let reply = public.redeem_with(&code, &[("client_secret", "ggw_cs_something-else")]).await;
    assert_eq!(reply.error(), "invalid_client");
}

#[tokio::test]
async fn t57_an_assertion_is_refused_and_the_code_stays_good() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let assertion = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "eyJhbGciOiJub25lIn0.e30."),
    ];
    let reply = client.redeem_with(&code, &assertion).await;
    assert_eq!((reply.status.as_u16(), reply.error().as_str()), (401, "invalid_client"));
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sec027_a_header_that_may_appear_once_does() {
    let app = TestApp::start().await;
    for (name, values) in [
        ("content-type", ["application/x-www-form-urlencoded"; 2]),
        ("authorization", ["Basic YTpi", "Basic YTpi"]),
        ("mcp-protocol-version", ["2025-11-25", "2025-06-18"]),
    ] {
        let mut request = request("POST", "/oauth/token");
        if name != "content-type" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let request = request.header(name, values[0]).header(name, values[1]);
        let reply = app.send(request.body(Body::from("grant_type=x")).unwrap()).await;
        assert_eq!((reply.status.as_u16(), reply.error().as_str()), (400, "invalid_request"));
    }
}

#[tokio::test]
async fn t56_t137_sec026_a_store_in_trouble_costs_nobody_a_token() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    app.app.store.close().await;
    let refused = [
        client.refresh(&tokens.refresh).await,
        client.redeem("ggw_ac_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await,
        client.revoke(&tokens.access).await,
        app.post_json("/oauth/register", r#"{"redirect_uris":["https://a.example/cb"]}"#).await,
    ];
    for reply in refused {
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{reply:?}");
        assert_eq!(reply.error(), "temporarily_unavailable");
        assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
        assert!(!reply.body.to_lowercase().contains("sql"), "{reply:?}");
    }
}

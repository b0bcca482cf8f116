//! The authorization request: what is refused, where the refusal goes, and what a person sees.

use http::StatusCode;

use crate::harness::{McpClient, ORIGIN, TestApp, parameter};

async fn registered(app: &TestApp, redirect: &str) -> McpClient {
    let mut client = app.client();
    client.register(redirect).await;
    client
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_the_client_did_not_register() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://claude.ai/cb").await;
    for redirect in [
        "https://claude.ai/cb/../evil",
        "https://claude.ai/cb?x=1",
        "https://claude.ai/cb#f",
        "https://CLAUDE.ai/cb",
        "https://claude.ai/cb/",
        "https://claude.ai/%63b",
        "https://claude.ai@evil.example/cb",
        "https://claude.ai.evil.example/cb",
        "https://claude.ai:8443/cb",
        "javascript:alert(1)",
    ] {
        let url = client.authorize_url_with(&[("redirect_uri", redirect)]);
        let page = app.browser().open(&url).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{redirect}");
        assert_eq!(page.location(), "", "{redirect}");
        assert!(page.alert().is_some() && !page.reply.body.contains(redirect), "{redirect}");
    }
}

#[tokio::test]
async fn an_unknown_client_gets_a_page_and_never_sees_its_own_words_again() {
    let app = TestApp::start().await;
    let mut client = registered(&app, "https://client.example/cb").await;
    for id in [
        "runner@example.org",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "cli_0123456789abcdefghijkl",
    ] {
        id.clone_into(&mut client.id);
        let page = app.browser().open(&client.authorize_url()).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{id}");
        assert!(!page.reply.body.contains(id), "{id}");
    }
    let double = format!("{}&client_id=x", client.authorize_url());
    assert_eq!(app.browser().open(&double).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_other_flaw_is_told_to_the_client_with_state_and_issuer() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    for (name, value, code) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "admin root", "invalid_scope"),
        ("resource", "https://other.example/mcp", "invalid_target"),
        ("request_uri", "https://evil.example/", "request_uri_not_supported"),
        ("prompt", "none", "login_required"),
    ] {
        let page = app.browser().open(&client.authorize_url_with(&[(name, value)])).await;
        assert_eq!(page.status(), StatusCode::SEE_OTHER, "{name}={value}");
        let location = page.location();
        assert!(location.starts_with("https://client.example/cb?"), "{location}");
        assert_eq!(parameter(location, "error").as_deref(), Some(code), "{name}={value}");
        assert_eq!(parameter(location, "state").as_deref(), Some("state of the client"));
        assert_eq!(parameter(location, "iss").as_deref(), Some(ORIGIN));
        assert_eq!(page.reply.header("cache-control"), "no-store");
    }
    let twice = format!("{}&scope=a&scope=b", client.authorize_url());
    let page = app.browser().open(&twice).await;
    assert_eq!(parameter(page.location(), "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn the_page_says_who_asks_and_where_it_leads() {
    let app = TestApp::start().await;
    let mut client = app.client();
    let redirect = "https://claude.ai/cb";
    let body = serde_json::json!({ "redirect_uris": [redirect], "client_name": "<b>Claude</b>" });
    client.register_as(redirect, &body).await;
    let state = "\"><script>alert(1)</script>";
    let page = app.browser().open(&client.authorize_url_with(&[("state", state)])).await;
    assert_eq!(page.status(), StatusCode::OK);
    let html = &page.reply.body;
    assert!(!html.contains("<b>Claude") && !html.contains("<script") && !html.contains(state));
    assert!(html.contains("claude.ai") && html.contains("nobody has checked"));
    let policy = page.reply.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://claude.ai"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
    assert_eq!(page.reply.header("x-frame-options"), "DENY");
    assert_eq!(page.reply.header("cache-control"), "no-store");
    assert_eq!(page.reply.header("referrer-policy"), "no-referrer");
    assert_eq!(page.reply.header("cross-origin-opener-policy"), "");
    let cookie = page.reply.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let form = page.form_with("password");
    assert_eq!(
        form.inputs,
        [("email".to_owned(), "email".to_owned()), ("password".to_owned(), "password".to_owned()),]
    );
}

#[tokio::test]
async fn a_program_on_the_own_computer_earns_a_warning_and_any_port() {
    let app = TestApp::start().await;
    let client = registered(&app, "http://localhost/callback").await;
    let url = client.authorize_url_with(&[("redirect_uri", "http://localhost:51234/callback")]);
    let page = app.browser().open(&url).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.reply.body.contains("your own computer"));
    let policy = page.reply.header("content-security-policy");
    assert!(policy.contains("http://localhost:*"), "{policy}");
    for other in ["http://127.0.0.1:51234/callback", "http://localhost:51234/other"] {
        let page = app.browser().open(&client.authorize_url_with(&[("redirect_uri", other)])).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{other}");
    }
}

#[tokio::test]
async fn a_loopback_address_of_ipv6_is_named_as_browsers_understand_it() {
    let app = TestApp::start().await;
    let client = registered(&app, "http://[::1]/callback").await;
    let url = client.authorize_url_with(&[("redirect_uri", "http://[::1]:51234/callback")]);
    let page = app.browser().open(&url).await;
    let policy = page.reply.header("content-security-policy");
    assert!(policy.ends_with("form-action 'self' http:"), "{policy}");
}

#[tokio::test]
async fn looking_with_head_begins_nothing_and_looking_with_get_counts_as_use() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    app.advance(3600);
    let head = crate::harness::request("HEAD", &client.authorize_url());
    let reply = app.send(head.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(reply.header("set-cookie"), "");
    let now = app.app.clock.now();
    assert_eq!(app.app.store.stats(now).await.unwrap().sign_ins_in_progress, 0);
    app.browser().open(&client.authorize_url()).await;
    assert_eq!(app.app.store.stats(now).await.unwrap().sign_ins_in_progress, 1);
    app.app.store.flush().await.unwrap();
    assert_eq!(app.app.store.list_clients().await.unwrap()[0].last_used_at, now);
}

#[tokio::test]
async fn a_name_as_long_as_names_may_be_stays_text() {
    let app = TestApp::start().await;
    let mut client = app.client();
    let redirect = format!("https://{}.example/cb", vec!["a".repeat(60); 3].join("."));
    let name = format!("\u{202e}evil\u{0}{}<i>", "W".repeat(5000));
    let body = serde_json::json!({ "redirect_uris": [redirect], "client_name": name });
    assert_eq!(client.register_as(&redirect, &body).await.status, StatusCode::CREATED);
    let page = app.browser().open(&client.authorize_url()).await;
    assert_eq!(page.status(), StatusCode::OK);
    let html = &page.reply.body;
    assert!(!html.contains('\u{202e}') && !html.contains("<i>"), "{html}");
    assert!(html.contains("evil") && !html.contains(&"W".repeat(300)), "{html}");
}

#[tokio::test]
async fn the_short_addresses_work_too() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let url = client.authorize_url().replace("/oauth/authorize", "/authorize");
    assert_eq!(app.browser().open(&url).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_asks_to_read_gets_no_choice_of_more() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let page = app.browser().open(&client.authorize_url_with(&[("scope", "garmin:read")])).await;
    assert!(page.forms[0].fields.iter().all(|(name, _)| name != "access"));
    assert!(page.reply.body.contains("cannot change anything"));
}

//! Pages around the sign-in.

use axum::body::Body;
use http::StatusCode;

use crate::harness::{ORIGIN, TestApp, request};

#[tokio::test]
async fn the_start_page_says_how_to_connect_and_who_runs_it() {
    let app = TestApp::with(&[
        ("OPERATOR_NAME", "<b>The Club</b>"),
        ("OPERATOR_EMAIL", "help@club.example"),
    ])
    .await;
    let page = app.browser().open("/").await;
    assert_eq!(page.status(), StatusCode::OK);
    let html = &page.reply.body;
    assert!(html.contains(&format!("{ORIGIN}/mcp")) && html.contains("mailto:help@club.example"));
    assert!(!html.contains("<b>The Club") && !html.contains("<script"));
    assert!(page.reply.header("content-security-policy").contains("form-action 'none'"));
    let style = html.split("href=\"/static/").nth(1).unwrap().split('"').next().unwrap();
    let style = app.get(&format!("/static/{style}")).await;
    assert_eq!(style.status, StatusCode::OK);
    assert!(style.header("content-type").starts_with("text/css"));
    assert!(style.header("cache-control").contains("immutable"));
    let icon = app.get("/favicon.svg").await;
    assert_eq!(icon.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn an_unknown_address_is_a_page_for_people_and_json_for_programs() {
    let app = TestApp::start().await;
    let page = app.browser().open("/nowhere").await;
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert!(page.reply.body.contains("There is nothing here"));
    let reply = app.get("/nowhere").await;
    assert_eq!((reply.status, reply.error().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn the_address_of_no_sign_in_says_that_it_is_over() {
    let app = TestApp::start().await;
    for query in ["?sign_in=", "?sign_in=x", "?sign_in=sgn_AAAAAAAAAAAAAAAAAAAAAA"] {
        let page = app.browser().open(&format!("/oauth/authorize{query}")).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{query}");
        assert!(page.reply.body.contains("page is over") && page.alert().is_some());
    }
}

#[tokio::test]
async fn a_gateway_whose_operator_left_no_name_says_it_in_plain_words() {
    let app = TestApp::start().await;
    let page = app.browser().open("/").await;
    assert!(page.reply.body.contains("run by the operator who gave you its address"));
    let app = TestApp::with(&[("OPERATOR_EMAIL", "help@club.example")]).await;
    let page = app.browser().open("/").await;
    assert!(page.reply.body.contains("mailto:help@club.example"));
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::start().await;
    let reply = app.send(request("HEAD", "/").body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, ""));
}

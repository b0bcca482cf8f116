//! How long what was read of a client's document lasts, and what becomes of its devices after.

use futures_util::future::join_all;
use gateway::oauth::cimd::DocumentError;
use http::StatusCode;

use crate::harness::{Answer, TestApp};
use crate::oauth_documents::{CALLBACK, URL, client_of, device, find, verify};

#[tokio::test]
async fn t92_a_publisher_that_is_down_locks_nobody_out_for_a_day() {
    let app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    let client = client_of(&app, URL, CALLBACK);
    let mut tokens = device(&app, &client).await;
    app.publisher.set_down(true);
    for hours in [2, 12, 10] {
        app.advance(hours * 3600);
        assert_eq!(find(&app, URL).await, Ok("known"));
        tokens = client.tokens_of(&client.refresh(&tokens.refresh).await);
        let page = app.browser().open(&client.authorize_url()).await;
        assert_eq!(page.status(), StatusCode::OK);
    }
    app.advance(2 * 3600);
    assert_eq!(find(&app, URL).await, Err(DocumentError::Unavailable));
    // Nobody new. Who is connected stays so: a document proves nothing about who renews.
    tokens = client.tokens_of(&client.refresh(&tokens.refresh).await);
    assert_ne!(app.browser().open(&client.authorize_url()).await.status(), StatusCode::OK);
    // Back again: nothing was lost.
    app.publisher.set_down(false);
    app.advance(31);
    client.tokens_of(&client.refresh(&tokens.refresh).await);
}

#[tokio::test]
async fn t92_an_answer_of_five_hundred_and_three_leaves_the_copy_alone() {
    let app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    verify(&app, URL).await.unwrap();
    app.publisher.answer(URL, Answer::of("503 Service Unavailable", &[], ""));
    app.advance(2 * 3600);
    assert_eq!(find(&app, URL).await, Ok("known"));
    assert!(verify(&app, URL).await.is_ok());
}

#[tokio::test]
async fn t93_a_document_that_is_gone_or_spoilt_connects_nobody_and_disconnects_nobody() {
    for answer in [
        Answer::of("404 Not Found", &[], ""),
        Answer::of("410 Gone", &[], ""),
        Answer::json("{}"),
        Answer::of("200 OK", &["Content-Type: text/html"], "<html>"),
    ] {
        let app = TestApp::start().await;
        app.publisher.serve_client(URL, &[CALLBACK]);
        let client = client_of(&app, URL, CALLBACK);
        let tokens = device(&app, &client).await;
        app.publisher.answer(URL, answer);
        app.advance(2 * 3600);
        let requests = app.publisher.requests().len();
        let tokens = client.tokens_of(&client.refresh(&tokens.refresh).await);
        assert_eq!(app.publisher.requests().len(), requests, "nobody was asked");
        assert!(find(&app, URL).await.is_err());
        assert_ne!(app.browser().open(&client.authorize_url()).await.status(), StatusCode::OK);
        // The day of grace is for publishers in trouble, not for documents that are gone.
        app.publisher.set_down(true);
        app.advance(60);
        assert_eq!(find(&app, URL).await, Err(DocumentError::Unavailable));
        // What was granted is for the person to take back, and works on.
        assert!(app.accepts(&tokens.access).await);
        app.publisher.set_down(false);
        app.publisher.serve_client(URL, &[CALLBACK]);
        app.advance(60);
        client.tokens_of(&client.refresh(&tokens.refresh).await);
    }
}

#[tokio::test]
async fn t93_a_document_that_changes_its_mind_is_followed_after_its_time() {
    let app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    let client = client_of(&app, URL, CALLBACK);
    let tokens = device(&app, &client).await;
    app.publisher.serve_client(URL, &["https://client.example/other"]);
    let page = app.browser().open(&client.authorize_url()).await;
    assert_eq!(page.status(), StatusCode::OK, "within its time");
    app.advance(3601);
    let page = app.browser().open(&client.authorize_url()).await;
    assert_eq!((page.status(), page.location()), (StatusCode::BAD_REQUEST, ""));
    client.tokens_of(&client.refresh(&tokens.refresh).await);
    assert!(app.accepts(&tokens.access).await);
}

#[tokio::test]
async fn sec033_a_new_authorization_of_one_installation_leaves_the_others_alone() {
    let app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    let client = client_of(&app, URL, CALLBACK);
    let first = device(&app, &client).await;
    let second = device(&app, &client).await;
    assert!(app.accepts(&first.access).await && app.accepts(&second.access).await);
    client.revoke(&second.refresh).await;
    assert!(app.accepts(&first.access).await && !app.accepts(&second.access).await);
}

#[tokio::test]
async fn the_publisher_says_how_long_and_five_minutes_is_the_least() {
    let app = TestApp::start().await;
    let document = app.publisher.serve_client(URL, &[CALLBACK]).to_string();
    for (caching, seconds) in
        [("no-store", 300), ("max-age=7200", 7200), ("max-age=9999999", 86_400)]
    {
        let lines = ["Content-Type: application/json", &format!("Cache-Control: {caching}")];
        app.publisher.answer(URL, Answer::of("200 OK", &lines, &document));
        // Past whatever was said before.
        app.advance(2 * 86_400);
        verify(&app, URL).await.unwrap();
        let requests = app.publisher.requests().len();
        app.advance(seconds - 1);
        verify(&app, URL).await.unwrap();
        assert_eq!(app.publisher.requests().len(), requests, "{caching}");
        app.advance(1);
        verify(&app, URL).await.unwrap();
        assert_eq!(app.publisher.requests().len(), requests + 1, "{caching}");
    }
}

#[tokio::test]
async fn a_failure_answers_for_half_a_minute() {
    let app = TestApp::start().await;
    app.publisher.answer(URL, Answer::of("500 x", &[], ""));
    for _ in 0..3 {
        assert_eq!(verify(&app, URL).await.err(), Some(DocumentError::Unavailable));
    }
    assert_eq!(app.publisher.requests().len(), 1);
    app.publisher.serve_client(URL, &[CALLBACK]);
    app.advance(29);
    assert!(verify(&app, URL).await.is_err());
    app.advance(1);
    assert!(verify(&app, URL).await.is_ok());
}

async fn known_for_two_hours(app: &TestApp, hosts: std::ops::Range<usize>) -> Vec<String> {
    let urls: Vec<_> = hosts.map(|host| format!("https://host-{host}.example/c")).collect();
    for url in &urls {
        app.publisher.serve_client(url, &[CALLBACK]);
        verify(app, url).await.unwrap();
    }
    app.advance(2 * 3600);
    urls
}

#[tokio::test]
async fn one_address_has_only_so_many_documents_read_again() {
    let app = TestApp::with(&[("RATE_LIMITS", "on")]).await;
    let urls = known_for_two_hours(&app, 0..20).await;
    let before = app.publisher.requests().len();
    for url in &urls {
        assert_eq!(find(&app, url).await, Ok("known"), "the old copy does");
    }
    let asked = app.publisher.requests().len() - before;
    // A little comes back while the test runs.
    assert!((10..15).contains(&asked), "{asked}");
}

#[tokio::test]
async fn slow_documents_of_strangers_leave_room_for_whoever_has_signed_in() {
    let app = TestApp::start().await;
    let slow = known_for_two_hours(&app, 0..6).await;
    for url in &slow {
        app.publisher.answer(url, Answer::Silence(Vec::new()));
    }
    let before = app.publisher.connections().len();
    let mut strangers = Box::pin(join_all(slow.iter().map(|url| find(&app, url))));
    while app.publisher.connections().len() < before + 2 {
        assert!(futures_util::poll!(strangers.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    app.publisher.serve_client(URL, &[CALLBACK]);
    assert!(verify(&app, URL).await.is_ok());
    assert_eq!(app.publisher.connections().len(), before + 3, "two for strangers");
    assert!(futures_util::poll!(strangers.as_mut()).is_pending());
}

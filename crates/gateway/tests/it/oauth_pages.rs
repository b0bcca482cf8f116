//! Pages around the sign-in.

use axum::body::Body;
use http::StatusCode;

use crate::harness::{ORIGIN, RUNNER, Reply, TestApp, request};

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

async fn page(app: &TestApp, path: &str, language: &str) -> Reply {
    let asked = request("GET", path).header("accept", "text/html");
    app.send(asked.header("accept-language", language).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_page_comes_in_the_language_the_browser_asks_for() {
    let app = TestApp::start().await;
    for (path, german, english) in [
        ("/", "Drei Schritte", "Three steps"),
        ("/help", "Was gespeichert wird", "What is stored"),
        ("/help/tools", "Wo in der letzten Spalte", "What your assistant can do"),
        ("/nowhere", "gibt es nicht", "There is nothing here"),
        ("/oauth/authorize?sign_in=x", "Eine Anmeldeseite gilt", "page is over"),
        ("/oauth/authorize", "Die App hat nicht gesagt", "This link is incomplete"),
    ] {
        for (asked, tag, says) in [
            ("de-AT,de;q=0.9,en;q=0.5", "de", german),
            ("en-GB", "en", english),
            ("fr;q=1, de;q=0", "en", english),
        ] {
            let reply = page(&app, path, asked).await;
            assert_eq!(reply.header("content-language"), tag, "{path} for {asked}");
            assert!(reply.header("vary").contains("accept-language"), "{path}");
            assert!(reply.body.contains(&format!("<html lang=\"{tag}\"")), "{path}");
            assert!(reply.body.contains(says), "{path} for {asked}: {}", reply.body);
        }
    }
}

#[tokio::test]
async fn a_language_that_was_picked_stays_on_the_way() {
    let app = TestApp::start().await;
    let english = page(&app, "/help", "en").await;
    assert!(english.body.contains("href=\"?lang=de\"") && english.body.contains(">Deutsch<"));
    let german = page(&app, "/help?lang=de", "en").await;
    assert_eq!(german.header("content-language"), "de");
    assert!(german.body.contains("href=\"/help/tools?lang=de\""), "{}", german.body);
    let unknown = page(&app, "/help?lang=tlh", "de").await;
    assert_eq!(unknown.header("content-language"), "de");
}

#[tokio::test]
async fn a_page_that_says_no_quotes_its_number_in_the_same_language() {
    let app = TestApp::start().await;
    let reply = page(&app, "/nowhere", "de").await;
    let number = reply.header("x-request-id").to_owned();
    let quoted = format!("nenne diese Nummer: <code>{number}</code>");
    assert!(!number.is_empty() && reply.body.contains(&quoted), "{}", reply.body);
}

#[tokio::test]
async fn the_tools_can_be_searched_without_a_script() {
    let app = TestApp::start().await;
    let all = page(&app, "/help/tools", "en").await;
    assert!(all.body.contains("get_sleep_data") && all.body.contains("create_workout"));
    let form = all.header("content-security-policy");
    assert!(form.contains("form-action 'self'"), "{form}");
    let found = page(&app, "/help/tools?q=Sleep", "en").await;
    assert!(found.body.contains("get_sleep_data") && !found.body.contains("create_workout"));
    assert!(found.body.contains("value=\"Sleep\""));
    let nothing = page(&app, "/help/tools?q=%3Cb%3E", "en").await;
    assert!(nothing.body.contains("No tool for") && !nothing.body.contains("<b>"));
}

#[tokio::test]
async fn the_start_page_has_a_picture_for_messengers_and_says_who_can_reach_it() {
    let app = TestApp::start().await;
    let reply = page(&app, "/", "en").await;
    let picture = reply.body.split("og:image\" content=\"").nth(1).unwrap().split('"').next();
    let path = picture.unwrap().strip_prefix(ORIGIN).expect("an address of our own");
    let picture = app.send(request("HEAD", path).body(Body::empty()).unwrap()).await;
    assert_eq!((picture.status, picture.header("content-type")), (StatusCode::OK, "image/png"));
}

#[tokio::test]
async fn the_start_page_tells_how_garmin_has_answered() {
    let app = TestApp::start().await;
    let quiet = page(&app, "/", "en").await;
    assert_eq!(quiet.body.matches("nobody needed it in the last hour").count(), 2);
    app.device(RUNNER).await;
    let after = page(&app, "/", "en").await;
    assert!(after.body.contains("<dd>works</dd>"), "{}", after.body);
    let german = page(&app, "/", "de").await;
    assert!(german.body.contains("<dd>klappt</dd>"), "{}", german.body);
}

//! Forms of the account page that did not come from it.

use axum::body::Body;
use http::StatusCode;

use crate::account_page::form;
use crate::account_sessions::{is_whole, sign_in};
use crate::harness::{OTHER, RUNNER, TestApp, encode, request};

const FORMS: [&str; 8] = [
    "/account/sign-out",
    "/account/devices/revoke",
    "/account/devices/revoke-all",
    "/account/devices/tools",
    "/account/settings",
    "/account/read-only",
    "/account/export",
    "/account/erase",
];

#[tokio::test]
async fn sec053_a_form_of_another_session_or_without_a_token_does_nothing() {
    let app = TestApp::start().await;
    app.device(OTHER).await;
    app.device(RUNNER).await;
    let mut other = app.browser();
    let theirs = form(&sign_in(&mut other, OTHER).await, "/account/sign-out").fields[0].1.clone();
    let mut browser = app.browser();
    sign_in(&mut browser, RUNNER).await;
    let device = app.app.store.list_devices(None).await.unwrap();
    for path in FORMS {
        for csrf in ["", "ggw_cf_x", theirs.as_str()] {
            let body = encode(&[
                ("csrf", csrf),
                ("sure", "yes"),
                ("read_only", "on"),
                ("device", device[0].id.as_str()),
                ("tools", "core"),
            ]);
            let page = browser.post(path, &body).await;
            assert_eq!(page.status(), StatusCode::FORBIDDEN, "{path} {csrf}");
        }
    }
    assert!(is_whole(&browser.open("/account").await));
    assert_eq!(app.app.store.list_devices(None).await.unwrap(), device);
    assert_eq!(app.app.store.list_accounts().await.unwrap().len(), 2);
}

#[tokio::test]
async fn sec053_a_form_from_another_site_does_nothing_even_with_the_token() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let mut browser = app.browser();
    let page = sign_in(&mut browser, RUNNER).await;
    let csrf = form(&page, "/account/sign-out").fields[0].1.clone();
    let cookie = format!("garmin-account={}", browser.cookies["garmin-account"]);
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let request = request("POST", "/account/erase")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", &cookie)
            .header(name, value)
            .body(Body::from(encode(&[("csrf", &csrf), ("sure", "yes")])))
            .unwrap();
        assert_eq!(app.send(request).await.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(app.app.store.list_accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_form_without_a_session_leads_to_the_way_in() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    for path in FORMS {
        let page = app.browser().post(path, "csrf=x&sure=yes").await;
        assert_eq!(page.address, "/account?done=over", "{path}");
        assert!(page.reply.body.contains("/account/sign-in"), "{path}");
    }
    for path in FORMS.iter().filter(|path| **path != "/account/erase") {
        let page = app.browser().open(path).await;
        assert_eq!(page.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn what_is_no_form_is_refused_with_its_status() {
    let app = TestApp::start().await;
    let send = async |kind: &str, body: String| {
        let request = request("POST", "/account/settings")
            .header("content-type", kind)
            .header("accept", "text/html")
            .body(Body::from(body))
            .unwrap();
        app.send(request).await.status
    };
    assert_eq!(send("application/json", "{}".to_owned()).await, 415);
    let large = "x".repeat(40 * 1024);
    assert_eq!(send("application/x-www-form-urlencoded", large).await, 413);
}

#[tokio::test]
async fn one_network_asks_so_often_and_no_more() {
    let app = TestApp::with(&[("RATE_LIMITS", "on")]).await;
    let mut browser = app.browser().at([192, 0, 2, 1]);
    let mut refused = 0;
    for _ in 0..130 {
        refused += u32::from(browser.open("/account").await.status() == 429);
    }
    assert_eq!(refused, 10);
    let page = browser.open("/account").await;
    assert!(!page.reply.header("retry-after").is_empty());
    assert_eq!(app.browser().at([192, 0, 3, 1]).open("/account").await.status(), 200);
}

//! Who may see an account page, and for how long.

use http::StatusCode;

use crate::harness::{Browser, CODED, OTHER, Page, RUNNER, TestApp};

const COOKIE: &str = "garmin-account";

/// Signs in for the page itself, without any app.
pub(crate) async fn sign_in(browser: &mut Browser, person: (&str, &str)) -> Page {
    let page = browser.open("/account/sign-in").await;
    browser.sign_in(&page, person).await
}

/// Whether the whole page is shown.
pub(crate) fn is_whole(page: &Page) -> bool {
    page.status() == StatusCode::OK && page.asks_for("time_zone")
}

#[tokio::test]
async fn whoever_connected_an_app_a_moment_ago_sees_their_account() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let answer = browser.sign_in(&page, RUNNER).await;
    client.redeem(&client.code_of(&answer)).await;
    let page = browser.open("/account").await;
    assert!(is_whole(&page), "{:?}", page.reply);
    assert!(page.reply.body.contains(RUNNER.0) && page.reply.body.contains("A client"));
    let other = app.browser().open("/account").await;
    assert!(!is_whole(&other) && !other.reply.body.contains(RUNNER.0));
}

#[tokio::test]
async fn a_sign_in_without_an_app_opens_the_page_and_connects_nothing() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let before = app.app.store.stats(app.app.clock.now()).await.unwrap();
    let mut browser = app.browser();
    let entry = browser.open("/account").await;
    assert!(entry.reply.body.contains("/account/sign-in"));
    let form = browser.open("/account/sign-in").await;
    assert!(!form.asks_for("access") && !form.asks_for("tools"), "nothing is asked for");
    let page = browser.sign_in(&form, RUNNER).await;
    assert!(is_whole(&page), "{:?}", page.reply);
    assert!(page.address.starts_with("/account"), "{}", page.address);
    assert_eq!(app.app.store.stats(app.app.clock.now()).await.unwrap(), before);
}

#[tokio::test]
async fn a_sign_in_with_a_code_opens_the_page_as_well() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut first = app.browser();
    let page = first.open(&client.authorize_url()).await;
    let page = first.sign_in(&page, CODED).await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    client.code_of(&first.enter_code(&page, &code).await);
    let mut browser = app.browser();
    let page = sign_in(&mut browser, CODED).await;
    assert!(page.asks_for("code"), "{:?}", page.reply);
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    assert!(is_whole(&browser.enter_code(&page, &code).await));
}

#[tokio::test]
async fn whoever_has_no_account_here_is_told_and_gets_none() {
    let app = TestApp::start().await;
    let page = sign_in(&mut app.browser(), OTHER).await;
    assert!(page.alert().unwrap().contains("not connected here"), "{:?}", page.reply);
    assert!(page.asks_for("password"));
    assert!(app.app.store.list_accounts().await.unwrap().is_empty());
}

#[tokio::test]
async fn sec055_a_cookie_from_before_the_sign_in_is_worth_nothing_after_it() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    app.device(OTHER).await;
    let mut browser = app.browser();
    sign_in(&mut browser, OTHER).await;
    let planted = browser.cookies[COOKIE].clone();
    let mut attacker = app.browser();
    attacker.cookies.insert(COOKIE.to_owned(), planted.clone());
    assert!(is_whole(&attacker.open("/account").await));
    // The victim signs in with the cookie somebody gave them: it opens nothing any more.
    let page = sign_in(&mut browser, RUNNER).await;
    assert!(page.reply.body.contains(RUNNER.0));
    assert_ne!(browser.cookies[COOKIE], planted);
    let page = attacker.open("/account").await;
    assert!(!is_whole(&page) && !page.reply.body.contains(RUNNER.0));
    // And signing in once more changes it again.
    let before = browser.cookies[COOKIE].clone();
    sign_in(&mut browser, RUNNER).await;
    assert_ne!(browser.cookies[COOKIE], before);
    attacker.cookies.insert(COOKIE.to_owned(), before);
    assert!(!is_whole(&attacker.open("/account").await));
}

#[tokio::test]
async fn sec056_signing_out_ends_the_session_on_the_server() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let mut browser = app.browser();
    let page = sign_in(&mut browser, RUNNER).await;
    let kept = browser.clone();
    let form = page.forms.iter().find(|form| form.action == "/account/sign-out").unwrap().clone();
    let (name, csrf) = form.fields[0].clone();
    let request = browser.send("/account/sign-out", &format!("{name}={csrf}")).await;
    assert_eq!(request.status, StatusCode::SEE_OTHER);
    assert!(request.header("clear-site-data").contains("cookies"));
    assert!(request.header("set-cookie").contains("Max-Age=0"));
    let mut thief = kept;
    assert!(!is_whole(&thief.open("/account").await), "the old cookie is worth nothing");
}

#[tokio::test]
async fn sec054_a_session_ends_after_half_an_hour_unused_and_after_twelve_in_any_case() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let mut browser = app.browser();
    sign_in(&mut browser, RUNNER).await;
    for _ in 0..35 {
        app.advance(20 * 60);
        assert!(is_whole(&browser.open("/account").await));
    }
    app.advance(20 * 60);
    assert!(!is_whole(&browser.open("/account").await), "twelve hours are over");
    sign_in(&mut browser, RUNNER).await;
    app.advance(29 * 60);
    assert!(is_whole(&browser.open("/account").await));
    app.advance(31 * 60);
    assert!(!is_whole(&browser.open("/account").await));
}

#[tokio::test]
async fn sec058_a_cookie_that_is_not_ours_counts_as_none() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let mut browser = app.browser();
    sign_in(&mut browser, RUNNER).await;
    let good = browser.cookies[COOKIE].clone();
    for bad in ["", "x", &good[..good.len() - 1], &good.replace("ggw_ps_", "ggw_bs_")] {
        browser.cookies.insert(COOKIE.to_owned(), bad.to_owned());
        let page = browser.open("/account").await;
        assert_eq!(page.status(), StatusCode::OK, "{bad}");
        assert!(!is_whole(&page), "{bad}");
    }
}

#[tokio::test]
async fn sec068_no_page_of_an_account_is_kept_by_a_browser_or_shown_in_a_frame() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let mut browser = app.browser();
    sign_in(&mut browser, RUNNER).await;
    for path in ["/account", "/account/erase", "/account/sign-in", "/account/link"] {
        let page = browser.open(path).await;
        assert_eq!(page.reply.header("cache-control"), "no-store", "{path}");
        let policy = page.reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!page.reply.body.contains("<script") && !page.reply.body.contains(" style="));
        assert!(page.reply.body.len() <= 30 * 1024, "{path}: {}", page.reply.body.len());
    }
}

//! Links from a conversation: one click, for devices only.

use std::time::Duration;

use domain::entropy::OsEntropy;
use domain::token::{PageLink, Token};
use http::StatusCode;

use crate::account_page::{form, notice};
use crate::account_sessions::{is_whole, sign_in};
use crate::harness::{RUNNER, TestApp};

/// A link as the tool hands it out.
async fn link(app: &TestApp) -> String {
    let (store, now) = (&app.app.store, app.app.clock.now());
    let account = store.list_accounts().await.unwrap().remove(0).id;
    let device = store.list_devices(Some(&account)).await.unwrap().remove(0).id;
    let link = Token::<PageLink>::generate(&OsEntropy);
    let until = now.plus(Duration::from_mins(10));
    assert!(store.add_link(&account, &device, &store.digest(&link), until, now).await.unwrap());
    format!("/account/link?token={}", link.reveal())
}

#[tokio::test]
async fn sec057_looking_at_a_link_spends_nothing_and_a_click_opens_it_once() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let link = link(&app).await;
    // Scanners, previews and a person who reloads.
    for _ in 0..3 {
        let page = app.browser().open(&link).await;
        assert_eq!(page.status(), StatusCode::OK);
        assert!(!page.reply.body.contains(RUNNER.0) && !page.reply.body.contains("A client"));
    }
    let mut browser = app.browser();
    let page = browser.open(&link).await;
    let button = form(&page, "/account/link");
    let page = browser.submit(&button, &[]).await;
    assert_eq!(page.address, "/account");
    assert!(page.reply.body.contains("A client") && !is_whole(&page));
    // A second click, and another browser with the same link, come too late.
    let again = browser.submit(&button, &[]).await;
    assert_eq!(again.status(), StatusCode::GONE);
    assert_eq!(app.browser().open(&link).await.status(), StatusCode::GONE);
    let page = browser.open("/account").await;
    let page = browser.submit(&form(&page, "/account/devices/revoke"), &[]).await;
    assert_eq!(notice(&page), "The app is disconnected.");
    assert_eq!(client.ping(&tokens.access).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sec057_a_link_shows_no_address_and_widens_nothing() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let link = link(&app).await;
    let mut browser = app.browser();
    let page = browser.open(&link).await;
    let page = browser.submit(&form(&page, "/account/link"), &[]).await;
    assert!(!page.reply.body.contains(RUNNER.0));
    let csrf = form(&page, "/account/sign-out").fields[0].1.clone();
    for (path, more) in [
        ("/account/devices/tools", "&tools=core"),
        ("/account/settings", "&units=imperial"),
        ("/account/read-only", "&read_only=off"),
        ("/account/read-only", "&read_only=on"),
        ("/account/export", ""),
        ("/account/erase", "&sure=yes"),
    ] {
        let page = browser.post(path, &format!("csrf={csrf}{more}")).await;
        assert!(page.address.starts_with("/account/sign-in"), "{path}: {}", page.address);
    }
    let page = browser.open("/account/erase").await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    let account = app.app.store.list_accounts().await.unwrap().remove(0).id;
    assert_eq!(
        app.app.store.account_rules(&account).await.unwrap(),
        store::AccountRules::default()
    );
    // An hour is the longest, however much it is used.
    for _ in 0..5 {
        app.advance(12 * 60);
        browser.open("/account").await;
    }
    assert!(!browser.open("/account").await.reply.body.contains("A client"));
}

#[tokio::test]
async fn sec057_a_link_is_over_after_ten_minutes_and_by_a_newer_one() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let old = link(&app).await;
    let new = link(&app).await;
    assert_eq!(app.browser().open(&old).await.status(), StatusCode::GONE);
    let mut browser = app.browser();
    let page = browser.open(&new).await;
    app.advance(601);
    let late = browser.submit(&form(&page, "/account/link"), &[]).await;
    assert_eq!(late.status(), StatusCode::GONE);
    assert!(late.reply.body.contains("Ask your app for a new one"), "{:?}", late.reply);
    for nonsense in ["", "?token=", "?token=x", "?token=ggw_pl_AAAA"] {
        let page = app.browser().open(&format!("/account/link{nonsense}")).await;
        assert_eq!(page.status(), StatusCode::GONE, "{nonsense}");
    }
}

#[tokio::test]
async fn sec057_only_the_browser_that_was_shown_the_button_can_press_it() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let link = link(&app).await;
    let mut shown = app.browser();
    let button = form(&shown.open(&link).await, "/account/link");
    // Somebody else's browser is sent a form with the link in it.
    let mut victim = app.browser();
    let page = victim.submit(&button, &[]).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(!victim.cookies.contains_key("garmin-account"), "{:?}", page.reply);
    let mut other = app.browser();
    other.open(&link).await;
    other.submit(&button, &[]).await;
    assert!(!other.cookies.contains_key("garmin-account"), "a button of another browser");
    let page = shown.submit(&button, &[]).await;
    assert!(page.reply.body.contains("A client"));
}

#[tokio::test]
async fn a_link_takes_nothing_from_whoever_has_signed_in() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let mut browser = app.browser();
    sign_in(&mut browser, RUNNER).await;
    let before = browser.cookies["garmin-account"].clone();
    let page = browser.open(&link(&app).await).await;
    let page = browser.submit(&form(&page, "/account/link"), &[]).await;
    assert!(is_whole(&page));
    assert_eq!(browser.cookies["garmin-account"], before);
}

#[tokio::test]
async fn sec057_links_cannot_be_tried_out_in_numbers() {
    let app = TestApp::with(&[("RATE_LIMITS", "on")]).await;
    let mut browser = app.browser().at([192, 0, 2, 1]);
    let mut limited = 0;
    for _ in 0..30 {
        let token = Token::<PageLink>::generate(&OsEntropy);
        let page = browser.open(&format!("/account/link?token={}", token.reveal())).await;
        limited += u32::from(page.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(limited, 10);
}

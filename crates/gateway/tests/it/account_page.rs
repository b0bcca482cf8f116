//! What an athlete does on their page, and what comes of it at once.

use domain::settings::UnitSystem;
use http::StatusCode;
use store::UsedTool;

use crate::account_sessions::{is_whole, sign_in};
use crate::harness::{Browser, Form, OTHER, Page, RUNNER, TestApp};

/// The form that leads there; the first of several.
pub(crate) fn form(page: &Page, action: &str) -> Form {
    let found = page.forms.iter().find(|form| form.action == action);
    found.unwrap_or_else(|| panic!("no {action} on {:?}", page.reply)).clone()
}

pub(crate) fn notice(page: &Page) -> &str {
    let (_, rest) = page.reply.body.split_once("role=\"status\">").unwrap();
    rest.split("</p>").next().unwrap()
}

async fn signed_in(app: &TestApp) -> (Browser, Page) {
    let mut browser = app.browser();
    let page = sign_in(&mut browser, RUNNER).await;
    assert!(is_whole(&page), "{:?}", page.reply);
    (browser, page)
}

#[tokio::test]
async fn sec123_a_device_that_is_disconnected_is_refused_at_the_very_next_call() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    assert_eq!(client.ping(&tokens.access).await.status, StatusCode::OK);
    let (mut browser, page) = signed_in(&app).await;
    assert!(page.reply.body.contains("A client"), "{:?}", page.reply);
    let page = browser.submit(&form(&page, "/account/devices/revoke"), &[]).await;
    assert_eq!(notice(&page), "The app is disconnected.");
    let refused = client.ping(&tokens.access).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(client.refresh(&tokens.refresh).await.error() == "invalid_grant");
    // Once more does nothing, and says so.
    let again = browser.open("/account").await;
    assert!(!again.forms.iter().any(|form| form.action == "/account/devices/revoke"));
}

#[tokio::test]
async fn sec123_nobody_disconnects_a_device_of_somebody_else() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(OTHER).await;
    app.device(RUNNER).await;
    let theirs = app.app.store.list_accounts().await.unwrap();
    let devices = app.app.store.list_devices(Some(&theirs[0].id)).await.unwrap();
    let (mut browser, page) = signed_in(&app).await;
    let form = form(&page, "/account/devices/revoke");
    for device in [devices[0].id.as_str(), "dev_AAAAAAAAAAAAAAAAAAAAAA", "nonsense", ""] {
        let page = browser.submit(&form, &[("device", device)]).await;
        assert_eq!(notice(&page), "Nothing was changed.", "{device}");
    }
    assert_eq!(client.ping(&tokens.access).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sec056_disconnecting_all_ends_every_device_and_every_other_browser() {
    let app = TestApp::start().await;
    let (client, one) = app.device(RUNNER).await;
    let (second, two) = app.device(RUNNER).await;
    let mut elsewhere = app.browser();
    app.advance(300);
    assert!(is_whole(&sign_in(&mut elsewhere, RUNNER).await));
    let (mut browser, page) = signed_in(&app).await;
    let all = form(&page, "/account/devices/revoke-all");
    let csrf = all.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let unsure = browser.post(&all.action, &format!("csrf={csrf}")).await;
    assert!(notice(&unsure).contains("not ticked"), "{}", notice(&unsure));
    assert_eq!(client.ping(&one.access).await.status, StatusCode::OK);
    let before = browser.cookies["garmin-account"].clone();
    let page = browser.submit(&all, &[("sure", "yes")]).await;
    assert_eq!(notice(&page), "All apps are disconnected.");
    for (client, tokens) in [(&client, &one), (&second, &two)] {
        assert_eq!(client.ping(&tokens.access).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_ne!(browser.cookies["garmin-account"], before);
    assert!(!is_whole(&elsewhere.open("/account").await));
    assert!(is_whole(&browser.open("/account").await));
}

#[tokio::test]
async fn read_only_is_turned_on_at_once_and_off_only_by_a_fresh_sign_in() {
    let app = TestApp::start().await;
    let (_, tokens) = app.device(RUNNER).await;
    let allowed = async || {
        let digest = app.app.store.digest_presented(&tokens.access).unwrap();
        let now = app.app.clock.now();
        let device = app.app.store.find_device_by_access(&digest, now).await.unwrap().unwrap();
        device.allowed().as_str()
    };
    assert_eq!(allowed().await, "garmin:read garmin:write");
    let (mut browser, page) = signed_in(&app).await;
    app.advance(11 * 60);
    let page = browser.submit(&form(&page, "/account/read-only"), &[]).await;
    assert!(notice(&page).contains("Read only is on"));
    assert_eq!(allowed().await, "garmin:read");
    // Eleven minutes after the sign-in nobody gets more rights by a click.
    let csrf = form(&page, "/account/sign-out").fields[0].1.clone();
    let page = browser.post("/account/read-only", &format!("csrf={csrf}&read_only=off")).await;
    assert!(page.address.starts_with("/account/sign-in"), "{}", page.address);
    assert_eq!(allowed().await, "garmin:read");
    let page = browser.sign_in(&page, RUNNER).await;
    assert!(is_whole(&page));
    let page = browser.submit(&form(&page, "/account/read-only"), &[]).await;
    assert!(notice(&page).contains("Read only is off"), "{}", notice(&page));
    assert_eq!(allowed().await, "garmin:read garmin:write");
}

#[tokio::test]
async fn settings_are_kept_for_all_apps_and_the_language_counts_at_once() {
    let app = TestApp::start().await;
    let (_, tokens) = app.device(RUNNER).await;
    let (mut browser, page) = signed_in(&app).await;
    let settings = form(&page, "/account/settings");
    let answers = [("units", "imperial"), ("time_zone", "europe/vienna"), ("language", "de")];
    let page = browser.submit(&settings, &answers).await;
    assert_eq!(notice(&page), "Gespeichert.");
    assert!(page.reply.body.contains("<html lang=\"de\">") && is_whole(&page));
    assert_eq!(page.reply.header("content-language"), "de");
    let digest = app.app.store.digest_presented(&tokens.access).unwrap();
    let now = app.app.clock.now();
    let device = app.app.store.find_device_by_access(&digest, now).await.unwrap().unwrap();
    let kept = device.rules.settings;
    assert_eq!(kept.units, Some(UnitSystem::Imperial));
    assert_eq!(kept.time_zone.as_deref(), Some("Europe/Vienna"));
    assert_eq!(kept.language.as_deref(), Some("de"));
    // A zone that is none changes nothing else either.
    let page = browser.submit(&settings, &[("time_zone", "Middle/Earth"), ("units", "")]).await;
    assert!(notice(&page).contains("Europe/Berlin"), "{}", notice(&page));
    let account = app.app.store.list_accounts().await.unwrap().remove(0).id;
    assert_eq!(app.app.store.account_rules(&account).await.unwrap().settings, kept);
    // Everything can be left to Garmin and the browser again.
    let nothing = [("units", ""), ("time_zone", ""), ("language", "")];
    let page = browser.submit(&settings, &nothing).await;
    assert_eq!(notice(&page), "Saved.");
}

#[tokio::test]
async fn each_app_is_shown_the_tools_that_were_chosen_for_it() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let (mut browser, page) = signed_in(&app).await;
    let tools = form(&page, "/account/devices/tools");
    let page = browser.submit(&tools, &[("tools", "core")]).await;
    assert!(notice(&page).contains("Saved"), "{}", notice(&page));
    let account = app.app.store.list_accounts().await.unwrap().remove(0).id;
    let chosen = async || app.app.store.list_devices(Some(&account)).await.unwrap().remove(0).tools;
    assert_eq!(chosen().await.as_deref(), Some("core"));
    for nonsense in ["everything", "core,+golf", ""] {
        browser.submit(&tools, &[("tools", nonsense)]).await;
        assert_eq!(chosen().await.as_deref(), Some("core"), "{nonsense}");
    }
    browser.submit(&tools, &[("tools", "default")]).await;
    assert_eq!(chosen().await, None);
}

#[tokio::test]
async fn sec142_a_person_reads_what_happened_to_their_account() {
    let app = TestApp::start().await;
    app.device(OTHER).await;
    app.device(RUNNER).await;
    let (mut browser, page) = signed_in(&app).await;
    browser.submit(&form(&page, "/account/read-only"), &[]).await;
    let page = browser.open("/account").await;
    for told in ["An app was connected", "Signed in to this page", "Read only was turned on"] {
        assert_eq!(page.reply.body.matches(told).count(), 1, "{told}");
    }
    assert!(!page.reply.body.contains(OTHER.0));
}

#[tokio::test]
async fn a_month_of_calls_is_a_picture_and_a_table() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let account = app.app.store.list_accounts().await.unwrap().remove(0).id;
    let device = app.app.store.list_devices(Some(&account)).await.unwrap().remove(0);
    let (_, page) = signed_in(&app).await;
    assert!(page.reply.body.contains("No app has asked for anything"));
    let used = UsedTool { account: &account, client: &device.client, tool: "get_sleep" };
    for _ in 0..7 {
        app.app.store.count_call(&used, app.app.clock.now());
    }
    app.app.store.flush().await.unwrap();
    let mut browser = app.browser();
    app.advance(300);
    let page = sign_in(&mut browser, RUNNER).await;
    let body = &page.reply.body;
    assert!(body.contains("<svg") && body.contains("role=\"img\""), "{body}");
    assert!(body.contains("7 in all, at most 7 on one day"), "{body}");
    assert!(body.contains("<th scope=\"row\">2026-09-21</th><td>7</td><td>0</td>"), "{body}");
    assert!(body.contains("<code>get_sleep</code>"));
}

#[tokio::test]
async fn an_account_that_needs_a_sign_in_says_so_and_is_mended_by_it() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let (mut browser, page) = signed_in(&app).await;
    assert!(page.reply.body.contains("The connection to Garmin works."));
    let account = app.app.store.list_accounts().await.unwrap().remove(0);
    let owner = store::LeaseOwner::generate(&app.app.node, &*app.app.entropy);
    let (now, until) =
        (app.app.clock.now(), app.app.clock.now().plus(std::time::Duration::from_mins(1)));
    let generation = account.generation;
    app.app.store.take_lease(&account.id, generation, &owner, until, now).await.unwrap();
    assert!(app.app.store.mark_sign_in_needed(&account.id, &owner, generation).await.unwrap());
    app.app.devices.forget_account(&account.id);
    assert_eq!(client.ping(&tokens.access).await.status, StatusCode::UNAUTHORIZED);
    let page = browser.open("/account").await;
    assert!(page.reply.body.contains("Garmin asks for a new sign-in"), "{:?}", page.reply);
    app.advance(300);
    let page = sign_in(&mut browser, RUNNER).await;
    assert!(page.reply.body.contains("The connection to Garmin works."));
    assert_eq!(client.ping(&tokens.access).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_change_on_one_node_counts_on_the_other() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let other = app.another_process().await;
    let elsewhere = TestApp::client_on(other.clone()).with(&client);
    assert_eq!(elsewhere.ping(&tokens.access).await.status, StatusCode::OK);
    let (mut browser, page) = signed_in(&app).await;
    // The page is the same there: a session is in the store.
    let mut there = TestApp::browser_on(other);
    there.cookies = browser.cookies.clone();
    assert!(is_whole(&there.open("/account").await));
    browser.submit(&form(&page, "/account/devices/revoke"), &[]).await;
    let give_up = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while elsewhere.ping(&tokens.access).await.status != StatusCode::UNAUTHORIZED {
        assert!(std::time::Instant::now() < give_up, "not within five seconds");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

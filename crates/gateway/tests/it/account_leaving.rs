//! Taking everything along, and taking everything away.

use domain::contract::{JournalEntry, KeyUse};
use http::StatusCode;
use serde_json::Value;
use store::{AuditEvent, UsedTool};

use crate::account_page::{form, notice};
use crate::account_sessions::{is_whole, sign_in};
use crate::harness::{OTHER, RUNNER, TestApp};

async fn used(app: &TestApp) -> domain::id::AccountId {
    let (store, now) = (&app.app.store, app.app.clock.now());
    let account = store.list_accounts().await.unwrap().remove(0).id;
    let device = store.list_devices(Some(&account)).await.unwrap().remove(0);
    let used = UsedTool { account: &account, client: &device.client, tool: "get_sleep" };
    store.count_call(&used, now);
    store.flush().await.unwrap();
    let entry = JournalEntry::Intent {
        key: "key".to_owned(),
        key_use: KeyUse::Once,
        tool: "create_workout".to_owned(),
        detail: r#"{"name":"Intervals"}"#.to_owned(),
    };
    store.journal(&account, &entry, now).await.unwrap();
    account
}

#[tokio::test]
async fn sec107_an_export_holds_everything_and_no_key_to_anything() {
    let app = TestApp::start().await;
    let (_, tokens) = app.device(RUNNER).await;
    let account = used(&app).await;
    app.device(OTHER).await;
    let mut browser = app.browser();
    let page = sign_in(&mut browser, RUNNER).await;
    let reply = browser.submit(&form(&page, "/account/export"), &[]).await.reply;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(reply.header("content-disposition").starts_with("attachment"));
    assert_eq!(reply.header("cache-control"), "no-store");
    let export: Value = reply.json();
    assert_eq!(export["account"]["id"], account.as_str());
    assert_eq!(export["account"]["email"], RUNNER.0);
    assert_eq!(export["devices"].as_array().unwrap().len(), 1);
    assert_eq!(export["usage_daily"][0]["tool"], "get_sleep");
    assert_eq!(export["usage_totals"][0]["calls"], 1);
    assert_eq!(export["changes"][0]["detail"]["name"], "Intervals");
    assert_eq!(export["settings"]["read_only"], false);
    let history = export["history"].as_array().unwrap();
    let exported = |line: &Value| line["event"] == AuditEvent::Exported.as_str();
    assert!(history.iter().any(exported), "{history:?}");
    assert!(!reply.body.contains(OTHER.0));
    for secret in ["ggw_at_", "ggw_rt_", "ggw_ps_", "di_token", "refresh_token", &tokens.access] {
        assert!(!reply.body.contains(secret), "{secret}");
    }
    let garmins = app.app.store.credentials(&account).await.unwrap().unwrap();
    let pair: Value = serde_json::from_slice(&garmins.bytes).unwrap();
    for value in pair.as_object().unwrap().values().filter_map(Value::as_str) {
        assert!(value.len() < 20 || !reply.body.contains(value), "a token of Garmin’s");
    }
}

#[tokio::test]
async fn export_and_erasure_need_a_sign_in_of_this_moment() {
    let app = TestApp::start().await;
    app.device(RUNNER).await;
    let mut browser = app.browser();
    let page = sign_in(&mut browser, RUNNER).await;
    let csrf = form(&page, "/account/sign-out").fields[0].1.clone();
    app.advance(10 * 60);
    let page = browser.open("/account").await;
    assert!(!page.forms.iter().any(|form| form.action == "/account/export"));
    for path in ["/account/export", "/account/erase"] {
        let page = browser.post(path, &format!("csrf={csrf}&sure=yes")).await;
        assert!(page.address.starts_with("/account/sign-in?for="), "{path}: {}", page.address);
        assert!(page.asks_for("password"));
    }
    let page = browser.open("/account/erase").await;
    assert!(page.forms.is_empty() && page.reply.body.contains("/account/sign-in?for=erase"));
    let page = browser.open("/account/sign-in?for=erase").await;
    let page = browser.sign_in(&page, RUNNER).await;
    assert_eq!(page.address, "/account/erase", "on to where it was asked for");
    assert!(page.asks_for("sure"));
    assert_eq!(app.app.store.list_accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn sec107_sec123_erasing_leaves_nothing_and_ends_everything_at_once() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let account = used(&app).await;
    let (other, others) = app.device(OTHER).await;
    let mut browser = app.browser();
    sign_in(&mut browser, RUNNER).await;
    let page = browser.open("/account/erase").await;
    assert!(page.reply.body.contains("The access of one connected app"), "{:?}", page.reply);
    let erase = form(&page, "/account/erase");
    let csrf = erase.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let unsure = browser.post("/account/erase", &format!("csrf={csrf}")).await;
    assert!(unsure.asks_for("sure"));
    let kept = browser.clone();
    let page = browser.submit(&erase, &[("sure", "yes")]).await;
    assert!(page.reply.body.contains("Everything is erased"), "{:?}", page.reply);
    assert!(page.reply.header("set-cookie").contains("Max-Age=0"));
    assert!(page.reply.header("clear-site-data").contains("cookies"));
    assert_eq!(client.ping(&tokens.access).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.refresh(&tokens.refresh).await.error(), "invalid_grant");
    let mut thief = kept;
    assert!(!is_whole(&thief.open("/account").await));
    let store = &app.app.store;
    assert!(store.find_account(&account).await.unwrap().is_none());
    assert!(store.account_audit(&account, 10).await.unwrap().is_empty());
    assert!(store.daily_usage(Some(&account), 0).await.unwrap().is_empty());
    assert!(store.account_usage(&account).await.unwrap().is_empty());
    let audit = store.list_audit(100).await.unwrap();
    assert!(audit.iter().any(|row| row.event == AuditEvent::AccountForgotten), "{audit:?}");
    // Nobody else noticed.
    assert_eq!(other.ping(&others.access).await.status, StatusCode::OK);
    // Whoever comes back is somebody new.
    let page = sign_in(&mut app.browser(), RUNNER).await;
    assert!(page.alert().unwrap().contains("not connected here"), "{:?}", page.reply);
}

#[tokio::test]
async fn somebody_exports_a_few_times_and_is_then_asked_to_wait() {
    let app = TestApp::with(&[("RATE_LIMITS", "on")]).await;
    app.device(RUNNER).await;
    let mut browser = app.browser();
    app.advance(300);
    let page = sign_in(&mut browser, RUNNER).await;
    let export = form(&page, "/account/export");
    for _ in 0..5 {
        assert_eq!(
            browser.submit(&export, &[]).await.reply.header("content-type"),
            "application/json"
        );
    }
    let page = browser.submit(&export, &[]).await;
    assert!(notice(&page).contains("many exports"), "{}", notice(&page));
}

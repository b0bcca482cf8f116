//! Sign-ins that meet more than one gateway, or a gateway that is no more.

use std::time::Duration;

use gateway::state::AppState;
use http::StatusCode;
use simulator::{Effect, Fault, Host, Matcher};

use crate::harness::{Browser, CODED, McpClient, Page, RUNNER, TestApp, on_both_databases};

async fn at_the_form(app: &TestApp) -> (McpClient, Browser, Page) {
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    (client, browser, page)
}

fn slow(app: &TestApp, millis: u64) {
    let logins = Matcher::host(Host::Sso).method("POST");
    app.garmin.control().add_fault(Fault::always(logins, Effect::Delay { millis }));
}

fn is_progress(page: &Page) -> bool {
    page.reply.body.contains("http-equiv=\"refresh\"")
}

/// Opens a page until it is what one waits for.
async fn wait_until(browser: &mut Browser, address: &str, done: impl Fn(&Page) -> bool) -> Page {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let page = browser.open(address).await;
        if done(&page) {
            return page;
        }
        assert!(tokio::time::Instant::now() < deadline, "{:?}", page.reply);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The address a form of this sign-in leads to.
fn address_of(page: &Page) -> String {
    page.forms[0].action.clone()
}

/// Begins a sign-in in a process of its own, as far as one can be had within a test, and kills
/// that while Garmin is being asked.
async fn die_while_asking(app: &TestApp, process: AppState, browser: &Browser, page: &Page) {
    let doomed =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut there = browser.moved_to(&TestApp::browser_on(process));
    let form = page.clone();
    doomed.spawn(async move { there.sign_in(&form, RUNNER).await });
    wait_until(&mut browser.clone(), &address_of(page), is_progress).await;
    // To its end: as long as anything of it is left, its successor is not alone.
    let end = move || doomed.shutdown_timeout(Duration::from_secs(10));
    tokio::task::spawn_blocking(end).await.unwrap();
    app.garmin.control().clear_faults();
}

#[tokio::test]
async fn t37_sec051_the_second_half_of_a_double_click_may_arrive_elsewhere() {
    on_both_databases(async |app| {
        slow(&app, 1500);
        let (client, mut here, page) = at_the_form(&app).await;
        let mut there = here.moved_to(&TestApp::browser_on(app.another_process().await));
        let elsewhere = async {
            wait_until(&mut there, &address_of(&page), is_progress).await;
            let joined = there.sign_in(&page, RUNNER).await;
            assert!(is_progress(&joined), "{:?}", joined.reply);
            let other = there.sign_in(&page, (RUNNER.0, "another password")).await;
            assert_eq!(other.status(), StatusCode::CONFLICT);
            assert!(other.alert().unwrap().contains("still under way"));
            wait_until(&mut there, &address_of(&page), |page| !is_progress(page)).await
        };
        let (answer, seen) = tokio::join!(here.sign_in(&page, RUNNER), elsewhere);
        client.code_of(&answer);
        assert_eq!(answer.location(), seen.location());
        assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 1);
        app
    })
    .await;
}

#[tokio::test]
async fn who_agrees_to_less_on_another_node_gave_no_more() {
    on_both_databases(async |app| {
        slow(&app, 1500);
        let (client, mut here, page) = at_the_form(&app).await;
        let mut there = here.moved_to(&TestApp::browser_on(app.another_process().await));
        let form = page.form_with("password").clone();
        let elsewhere = async {
            wait_until(&mut there, &address_of(&page), is_progress).await;
            let less = [("email", RUNNER.0), ("password", RUNNER.1), ("access", "read")];
            there.submit(&form, &less).await
        };
        let (answer, joined) = tokio::join!(here.sign_in(&page, RUNNER), elsewhere);
        assert!(is_progress(&joined), "{:?}", joined.reply);
        let tokens = client.tokens_of(&client.redeem(&client.code_of(&answer)).await);
        assert_eq!(tokens.scope, "garmin:read");
        app
    })
    .await;
}

#[tokio::test]
async fn another_browser_gets_nothing_of_it_on_any_node() {
    on_both_databases(async |app| {
        slow(&app, 1000);
        let (client, mut owner, page) = at_the_form(&app).await;
        let stranger = TestApp::browser_on(app.another_process().await);
        let looking = async {
            wait_until(&mut owner.clone(), &address_of(&page), is_progress).await;
            let mut thief = stranger.clone();
            let looked = thief.open(&address_of(&page)).await;
            let posted = thief.sign_in(&page, RUNNER).await;
            (looked.status(), posted.status(), posted.location().to_owned())
        };
        let mut first = owner.clone();
        let (answer, (looked, posted, location)) =
            tokio::join!(first.sign_in(&page, RUNNER), looking);
        client.code_of(&answer);
        assert_eq!((looked, posted), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
        assert_eq!(location, "");
        // Nor does the code page, which the pending login is behind.
        let page = owner.open(&client.authorize_url()).await;
        let code_page = owner.sign_in(&page, CODED).await;
        let code = app.garmin.control().mfa_code(CODED.0).unwrap();
        let mut thief = stranger;
        let refused = thief.enter_code(&code_page, &code).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        client.code_of(&owner.enter_code(&code_page, &code).await);
        app
    })
    .await;
}

#[tokio::test]
async fn rel35_a_code_is_checked_on_another_node_through_the_same_egress_or_not_at_all() {
    on_both_databases(async |app| {
        let (client, mut browser, form) = at_the_form(&app).await;
        let page = browser.sign_in(&form, CODED).await;
        let code = app.garmin.control().mfa_code(CODED.0).unwrap();
        app.garmin.control().clear_requests();
        let proxied = [("GARMIN_SSO_PROXY", "http://127.0.0.1:9/")];
        let other_way = TestApp::browser_on(app.another_process_with(&proxied).await);
        let refused = browser.clone().moved_to(&other_way).enter_code(&page, &code).await;
        assert!(refused.alert().unwrap().contains("cannot be checked from here"));
        assert!(refused.asks_for("password"), "begun anew");
        assert!(app.garmin.control().requests().is_empty(), "and the code is not spent");

        let form = browser.open(&refused.address).await;
        let page = browser.sign_in(&form, CODED).await;
        let code = app.garmin.control().mfa_code(CODED.0).unwrap();
        let same_way = TestApp::browser_on(app.another_process().await);
        let answer = browser.moved_to(&same_way).enter_code(&page, &code).await;
        client.code_of(&answer);
        app
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_died_is_noticed_within_ten_seconds_beside_others() {
    on_both_databases(async |app| {
        slow(&app, 60_000);
        let (client, mut browser, page) = at_the_form(&app).await;
        die_while_asking(&app, app.another_process().await, &browser, &page).await;
        app.advance(9);
        assert!(is_progress(&browser.open(&address_of(&page)).await), "its silence is young");
        app.advance(1);
        let page = browser.open(&address_of(&page)).await;
        assert!(page.alert().unwrap().contains("interrupted"), "{:?}", page.alert());
        client.code_of(&browser.sign_in(&page, RUNNER).await);
        app
    })
    .await;
}

#[tokio::test]
async fn rel23_an_attempt_that_died_with_the_only_gateway_is_noticed_at_once() {
    let app = TestApp::start().await;
    slow(&app, 60_000);
    let (client, browser, page) = at_the_form(&app).await;
    die_while_asking(&app, app.another_process().await, &browser, &page).await;
    let cookies = browser.cookies.clone();
    // Handles on the old gateway.
    drop((browser, client));
    // Within the same second.
    let app = app.reborn().await;
    let mut browser = app.browser();
    browser.cookies = cookies;
    let page = browser.open(&address_of(&page)).await;
    assert!(page.alert().unwrap().contains("interrupted"), "{:?}", page.alert());
    let answer = browser.sign_in(&page, RUNNER).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{:?}", answer.alert());
}

#[tokio::test]
async fn inv12_each_step_of_a_connection_may_go_to_another_node() {
    on_both_databases(async |app| {
        let other = app.another_process().await;
        let mut here = app.client();
        here.register("https://client.example/cb").await;
        let there = TestApp::client_on(other.clone()).with(&here);
        // Authorized here, signed in there, redeemed here, called there, renewed here.
        let mut browser = app.browser();
        let page = browser.open(&there.authorize_url()).await;
        let mut browser = browser.moved_to(&TestApp::browser_on(other.clone()));
        let code = there.code_of(&browser.sign_in(&page, RUNNER).await);
        let tokens = here.tokens_of(&here.redeem(&code).await);
        let renewed = there.tokens_of(&there.refresh(&tokens.refresh).await);
        for access in [&tokens.access, &renewed.access] {
            assert_eq!(there.ping(access).await.status, StatusCode::OK);
            assert_eq!(here.ping(access).await.status, StatusCode::OK);
        }
        // What was spent on one node is spent on all, and what was revoked is revoked.
        assert_eq!(there.redeem(&code).await.error(), "invalid_grant");
        assert_eq!(there.revoke(&renewed.refresh).await.status, StatusCode::OK);
        assert_eq!(there.ping(&renewed.access).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(here.refresh(&renewed.refresh).await.error(), "invalid_grant");
        app
    })
    .await;
}

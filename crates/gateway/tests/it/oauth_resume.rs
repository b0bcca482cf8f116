//! A sign-in is one row: restarts, double clicks, reloads and other browsers change nothing.

use std::time::Duration;

use http::StatusCode;
use simulator::{Effect, Fault, Host, Matcher};

use crate::harness::{Browser, CODED, McpClient, OTHER, Page, RUNNER, TestApp};

async fn at_the_form(app: &TestApp) -> (McpClient, Browser, Page) {
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    (client, browser, page)
}

/// Garmin takes so long over every password.
fn slow(app: &TestApp, millis: u64) {
    let logins = Matcher::host(Host::Sso).method("POST");
    app.garmin.control().add_fault(Fault::always(logins, Effect::Delay { millis }));
}

/// Looks at the progress page until it leads somewhere else.
async fn wait_for_the_end(browser: &mut Browser, address: &str) -> Page {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let page = browser.open(address).await;
        if !page.reply.body.contains("http-equiv=\"refresh\"") {
            return page;
        }
        assert!(tokio::time::Instant::now() < deadline, "{:?}", page.reply);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn progress_of(page: &Page) -> String {
    let (_, id) = page.forms[0].fields.iter().find(|(name, _)| name == "sign_in").unwrap();
    format!("/oauth/authorize?sign_in={id}")
}

/// Looks at the progress page until somebody is talking to Garmin.
async fn wait_for_the_beginning(browser: &mut Browser, address: &str) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !browser.open(address).await.reply.body.contains("http-equiv=\"refresh\"") {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn sec052_rel23_inv12_a_restart_before_the_password_loses_nothing() {
    let mut app = TestApp::start().await;
    let (client, browser, page) = at_the_form(&app).await;
    app.restart().await;
    let mut browser = browser.moved_to(&app.browser());
    let answer = browser.sign_in(&page, RUNNER).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn rel33_of_two_tabs_opened_at_once_each_leads_to_a_connection() {
    let app = TestApp::start().await;
    let (client, first, page) = at_the_form(&app).await;
    // Neither request had a cookie yet, so the second answer replaces the cookie of the first.
    let mut browser = app.browser();
    let second = browser.open(&client.authorize_url()).await;
    assert_ne!(first.cookies, browser.cookies);
    for page in [&page, &second] {
        let mut page = browser.sign_in(page, CODED).await;
        if !page.asks_for("code") {
            assert!(page.alert().unwrap().contains("another tab"));
            assert!(!page.reply.body.contains(CODED.0), "nothing typed is kept");
            page = browser.sign_in(&page, CODED).await;
        }
        let code = app.garmin.control().mfa_code(CODED.0).unwrap();
        client.code_of(&browser.enter_code(&page, &code).await);
        // Garmin is not asked twice in a row for one person.
        app.advance(180);
    }
    // Another browser sees nothing of a sign-in that has got further.
    let (_, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, (OTHER.0, "wrong")).await;
    assert!(page.reply.body.contains(OTHER.0));
    for mut stranger in [app.browser(), at_the_form(&app).await.1] {
        let seen = stranger.open(&page.address).await;
        assert_eq!(seen.status(), StatusCode::FORBIDDEN);
        assert!(seen.asks_for("password") && !seen.reply.body.contains(OTHER.0));
    }
}

#[tokio::test]
async fn a_request_too_long_for_an_address_is_not_carried_in_one() {
    let app = TestApp::start().await;
    let (mut client, mut browser, _) = at_the_form(&app).await;
    let short = browser.open(&client.authorize_url()).await;
    assert!(short.form_with("password").action.contains("&client_id="));
    client.state = ":".repeat(4096);
    let page = browser.open(&client.authorize_url()).await;
    let form = page.form_with("password").clone();
    assert_eq!(form.action, progress_of(&page));
    let page = browser.sign_in(&page, CODED).await;
    assert_eq!(page.address, form.action);
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    client.code_of(&browser.enter_code(&page, &code).await);
    app.advance(31 * 60);
    assert!(browser.open(&form.action).await.reply.body.contains("page is over"));
}

#[tokio::test]
async fn sec052_rel23_a_restart_before_the_code_loses_nothing() {
    let mut app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, CODED).await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    app.restart().await;
    let mut browser = browser.moved_to(&app.browser());
    let answer = browser.enter_code(&page, &code).await;
    let code = client.code_of(&answer);
    let client = app.client().with(&client);
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn rel24_a_restart_before_the_token_loses_nothing() {
    let mut app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    app.restart().await;
    let client = app.client().with(&client);
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn rel31_a_slow_garmin_gets_a_page_that_looks_again_by_itself() {
    let app = TestApp::start().await;
    slow(&app, 6000);
    let (client, mut browser, page) = at_the_form(&app).await;
    let progress = browser.sign_in(&page, RUNNER).await;
    let address = progress.address.clone();
    assert!(address.starts_with("/oauth/authorize?sign_in=sgn_"), "{address}");
    assert!(progress.reply.body.contains("http-equiv=\"refresh\""));
    assert!(!progress.reply.body.contains("<script"));
    // Nobody else may look on, and other details get no answer to these.
    assert_eq!(app.browser().open(&address).await.status(), StatusCode::FORBIDDEN);
    let other = browser.sign_in(&page, (RUNNER.0, "another password")).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    assert!(other.alert().unwrap().contains("still under way"));
    let end = wait_for_the_end(&mut browser, &address).await;
    client.code_of(&end);
    assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 1);
    let again = browser.open(&address).await;
    assert_eq!(again.location(), end.location(), "reloading the end is safe");
}

#[tokio::test]
async fn t37_sec051_rel33_a_double_click_is_one_sign_in_with_one_redirect() {
    let app = TestApp::start().await;
    slow(&app, 200);
    let (_, browser, page) = at_the_form(&app).await;
    let (mut first, mut second) = (browser.clone(), browser);
    let (one, two) = tokio::join!(first.sign_in(&page, RUNNER), second.sign_in(&page, RUNNER));
    assert_eq!(one.status(), StatusCode::SEE_OTHER);
    assert_eq!(one.location(), two.location());
    assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 1);
    let later = first.sign_in(&page, RUNNER).await;
    assert_eq!(later.location(), one.location(), "within a minute");
    app.advance(61);
    let late = first.sign_in(&page, RUNNER).await;
    assert_eq!((late.status(), late.location()), (StatusCode::OK, ""));
    assert!(late.alert().unwrap().contains("If your app shows the connection"));
    assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 1);
}

#[tokio::test]
async fn a_click_after_the_app_has_connected_does_not_send_the_code_again() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let answer = browser.sign_in(&page, RUNNER).await;
    let code = client.code_of(&answer);
    let tokens = client.redeem(&code).await;
    assert_eq!(tokens.status, StatusCode::OK);
    app.advance(20);
    let here = page.form_with("password").action.clone();
    for late in [browser.sign_in(&page, RUNNER).await, browser.open(&here).await] {
        assert_eq!((late.status(), late.location()), (StatusCode::OK, ""));
        assert!(late.reply.body.contains("You can close this page"), "{}", late.reply.body);
    }
}

#[tokio::test]
async fn a_finished_sign_in_is_no_longer_in_progress() {
    let app = TestApp::start().await;
    let in_progress =
        async || app.app.store.stats(app.app.clock.now()).await.unwrap().sign_ins_in_progress;
    let (client, mut browser, page) = at_the_form(&app).await;
    assert_eq!(in_progress().await, 1);
    let answer = browser.sign_in(&page, RUNNER).await;
    client.code_of(&answer);
    assert_eq!(in_progress().await, 0);
}

#[tokio::test]
async fn every_page_of_a_sign_in_can_be_opened_again_without_sending_anything() {
    let app = TestApp::start().await;
    let (client, mut browser, form) = at_the_form(&app).await;
    let wrong = browser.sign_in(&form, (RUNNER.0, "wrong")).await;
    app.garmin.control().clear_requests();
    let reloaded = browser.open(&wrong.address).await;
    assert_eq!(reloaded.alert(), wrong.alert());
    assert!(reloaded.reply.body.contains(RUNNER.0) && reloaded.asks_for("password"));
    let code_page = browser.sign_in(&reloaded, CODED).await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    app.garmin.control().clear_requests();
    // The address in the bar, and the one forms lead to: a restored tab may ask for either.
    for address in [code_page.address.clone(), code_page.form_with("code").action.clone()] {
        let again = browser.open(&address).await;
        assert_eq!(again.status(), StatusCode::OK, "{address}");
        assert!(again.asks_for("code") && again.reply.body.contains("by e-mail"));
    }
    let mistyped = browser.enter_code(&code_page, "000000").await;
    let again = browser.open(&mistyped.address).await;
    assert_eq!(again.alert(), mistyped.alert());
    let answer = browser.enter_code(&again, &code).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn a_closed_browser_leaves_no_account_behind() {
    let app = TestApp::start().await;
    let (_, _code_nobody_redeems) = app.connect(RUNNER).await;
    let kept = app.device(OTHER).await;
    app.advance(Duration::from_mins(11).as_secs());
    app.app.store.sweep_expired(app.app.clock.now()).await.unwrap();
    let stats = app.app.store.stats(app.app.clock.now()).await.unwrap();
    assert_eq!((stats.accounts, stats.devices), (1, 1));
    assert!(app.accepts(&kept.1.access).await);
}

#[tokio::test]
async fn the_second_half_of_a_double_click_keeps_the_code_worth_something() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let first = browser.sign_in(&page, CODED).await;
    let second = browser.sign_in(&page, CODED).await;
    assert!(first.asks_for("code") && second.asks_for("code"));
    assert_eq!(app.garmin.control().counters(CODED.0).unwrap().login_attempts, 1);
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    let answer = browser.enter_code(&second, &code).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn sec048_another_browser_with_the_same_e_mail_waits_and_gets_its_own_answer() {
    let app = TestApp::start().await;
    slow(&app, 300);
    let (client, mut right, form) = at_the_form(&app).await;
    let (_, mut wrong, other_form) = at_the_form(&app).await;
    let (right_answer, wrong_answer) = tokio::join!(
        right.sign_in(&form, RUNNER),
        wrong.sign_in(&other_form, (RUNNER.0, "a guess")),
    );
    client.code_of(&right_answer);
    assert!(wrong_answer.alert().unwrap().contains("did not accept"));
}

#[tokio::test]
async fn rel31_a_slow_sign_in_does_not_slow_anybody_else() {
    let app = TestApp::start().await;
    let slow_one = Matcher::host(Host::Sso).method("POST").account(RUNNER.0);
    let delay = Effect::Delay { millis: 3000 };
    app.garmin.control().add_fault(Fault::always(slow_one, delay));
    let (_, mut slow, form) = at_the_form(&app).await;
    let (client, mut quick, other_form) = at_the_form(&app).await;
    let quick_one = async {
        let began = tokio::time::Instant::now();
        let answer = quick.sign_in(&other_form, OTHER).await;
        (answer, began.elapsed())
    };
    let (slow_answer, (answer, took)) = tokio::join!(slow.sign_in(&form, RUNNER), quick_one);
    client.code_of(&answer);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(!slow_answer.location().is_empty(), "{:?}", slow_answer.reply);
}

#[tokio::test]
async fn an_attempt_that_died_with_its_process_can_be_made_again() {
    let mut app = TestApp::start().await;
    slow(&app, 60_000);
    let (client, browser, page) = at_the_form(&app).await;
    // A process of its own, as far as one can be had within a test: its tasks end with it.
    let doomed =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let process = app.another_process().await;
    let mut there = browser.moved_to(&TestApp::browser_on(process));
    let form = page.clone();
    doomed.spawn(async move { there.sign_in(&form, RUNNER).await });
    let address = progress_of(&page);
    wait_for_the_beginning(&mut browser.clone(), &address).await;
    doomed.shutdown_background();
    app.garmin.control().clear_faults();
    app.restart().await;

    let mut browser = browser.moved_to(&app.browser());
    let waiting = browser.open(&address).await;
    assert!(waiting.reply.body.contains("http-equiv=\"refresh\""), "its silence is young");
    app.advance(16);
    let page = browser.open(&address).await;
    assert!(page.alert().unwrap().contains("interrupted"));
    let answer = browser.sign_in(&page, RUNNER).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn cancelling_while_garmin_is_asked_leaves_no_account() {
    let app = TestApp::start().await;
    slow(&app, 2500);
    let (_, browser, page) = at_the_form(&app).await;
    let (mut one, mut other) = (browser.clone(), browser);
    let cancelled = async {
        wait_for_the_beginning(&mut other, &progress_of(&page)).await;
        other.decide(&page, "deny").await
    };
    let (submitted, denied) = tokio::join!(one.sign_in(&page, RUNNER), cancelled);
    assert!(denied.location().contains("error=access_denied"));
    assert_eq!(submitted.status(), StatusCode::BAD_REQUEST, "{:?}", submitted.reply);
    let stats = app.app.store.stats(app.app.clock.now()).await.unwrap();
    assert_eq!((stats.accounts, stats.pending_codes), (0, 0));
}

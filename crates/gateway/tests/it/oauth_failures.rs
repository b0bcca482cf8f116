//! Everything that goes wrong at sign-in has a sentence of its own, and leaves nothing behind.

use domain::clock::Clock;
use http::StatusCode;
use simulator::{AccountState, Effect, Fault, Gate, Host, Matcher};

use crate::harness::{Browser, CODED, McpClient, Page, RUNNER, TestApp, encode, parameter};

async fn at_the_form(app: &TestApp) -> (McpClient, Browser, Page) {
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    (client, browser, page)
}

async fn accounts(app: &TestApp) -> (u64, u64) {
    let stats = app.app.store.stats(app.app.clock.now()).await.unwrap();
    (stats.accounts, stats.pending_codes)
}

#[tokio::test]
async fn sec060_a_wrong_password_says_so_keeps_the_e_mail_and_echoes_no_password() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, (RUNNER.0, "wrong pass word")).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.alert().unwrap().contains("did not accept this e-mail and password"));
    assert!(page.reply.body.contains(&format!("value=\"{}\"", RUNNER.0)));
    assert!(!page.reply.body.contains("wrong pass word"));
    assert_eq!(accounts(&app).await, (0, 0));
    let answer = browser.sign_in(&page, RUNNER).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn what_garmin_thinks_of_an_account_is_told_in_its_own_words() {
    for (state, words) in
        [(AccountState::Locked, "has locked this account"), (AccountState::Captcha, "CAPTCHA")]
    {
        let app = TestApp::start().await;
        app.garmin.control().set_account_state(RUNNER.0, state);
        let (_, mut browser, page) = at_the_form(&app).await;
        let page = browser.sign_in(&page, RUNNER).await;
        let alert = page.alert().unwrap();
        assert!(alert.contains(words), "{state:?}: {alert}");
        assert_eq!(accounts(&app).await, (0, 0));
    }
}

#[tokio::test]
async fn rel30_a_garmin_that_limits_or_blocks_names_the_time_to_try_again() {
    for (gate, words) in [(Gate::Limited, "limiting sign-ins"), (Gate::Forbidden, "turning away")] {
        let app = TestApp::start().await;
        app.garmin.control().set_gates(gate);
        let (client, mut browser, page) = at_the_form(&app).await;
        let page = browser.sign_in(&page, RUNNER).await;
        let alert = page.alert().unwrap();
        assert!(alert.contains(words) && alert.contains("minutes (after "), "{alert}");
        assert!(page.reply.header("retry-after").parse::<u64>().unwrap() > 1);
        assert_eq!(accounts(&app).await, (0, 0));
        app.garmin.control().set_gates(Gate::Open);
        let answer = browser.sign_in(&page, RUNNER).await;
        client.code_of(&answer);
    }
}

#[tokio::test]
async fn after_a_block_a_browser_rests_and_other_people_do_not() {
    let app = TestApp::with(&[("RATE_LIMITS", "on")]).await;
    app.garmin.control().set_gates(Gate::Forbidden);
    let (_, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, RUNNER).await;
    assert!(page.alert().unwrap().contains("turning away"));
    app.garmin.control().set_gates(Gate::Open);
    app.garmin.control().clear_requests();
    let page = browser.sign_in(&page, RUNNER).await;
    assert!(page.alert().unwrap().contains("turning away"));
    assert!(app.garmin.control().requests().is_empty(), "Garmin was left alone");
    let (client, mut other, form) = at_the_form(&app).await;
    let answer = other.sign_in(&form, crate::harness::OTHER).await;
    client.code_of(&answer);
    app.advance(301);
    let answer = browser.sign_in(&page, RUNNER).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{:?}", answer.alert());
}

#[tokio::test]
async fn a_garmin_that_is_down_is_not_the_persons_fault() {
    let app = TestApp::start().await;
    let fault = Fault::always(Matcher::host(Host::Sso), Effect::Reset);
    app.garmin.control().add_fault(fault);
    let (client, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, RUNNER).await;
    assert!(page.alert().unwrap().contains("is not answering"), "{:?}", page.alert());
    assert_eq!(accounts(&app).await, (0, 0));
    app.garmin.control().clear_faults();
    let answer = browser.sign_in(&page, RUNNER).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn a_limit_after_the_password_does_not_claim_it_was_not_checked() {
    // At the exchange the code is spent, so the way on is a new login.
    for (host, field) in [(Host::Sso, "code"), (Host::Diauth, "password")] {
        let app = TestApp::start().await;
        let (_, mut browser, page) = at_the_form(&app).await;
        let page = browser.sign_in(&page, CODED).await;
        let code = app.garmin.control().mfa_code(CODED.0).unwrap();
        let limited = Effect::Status { status: 429, retry_after_secs: None };
        app.garmin.control().add_fault(Fault::always(Matcher::host(host).method("POST"), limited));
        let page = browser.enter_code(&page, &code).await;
        let alert = page.alert().unwrap();
        assert!(alert.contains("limiting sign-ins") && !alert.contains("not checked"), "{alert}");
        assert!(page.asks_for(field), "{host:?}");
        app.garmin.control().clear_faults();
        let answer = if field == "code" {
            browser.enter_code(&page, &code).await
        } else {
            browser.sign_in(&page, RUNNER).await
        };
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{host:?}: {:?}", answer.alert());
    }
}

#[tokio::test]
async fn a_code_that_cannot_be_one_keeps_the_page_the_tries_and_the_login() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, CODED).await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    app.garmin.control().clear_requests();
    for (typed, words) in [
        ("", "Enter the code"),
        (" ", "Enter the code"),
        ("12", "does not look like a code"),
        ("abcdef", "does not look like a code"),
        ("123456789012", "does not look like a code"),
        ("<b>12345", "does not look like a code"),
    ] {
        let page = browser.enter_code(&page, typed).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{typed:?}");
        assert!(page.alert().unwrap().contains(words), "{typed:?}: {:?}", page.alert());
        assert!(page.asks_for("code") && !page.asks_for("password"), "{typed:?}");
    }
    // A form that lost its field on the way is still about the code.
    let form = page.form_with("code").clone();
    let bare: Vec<(&str, &str)> = form
        .fields
        .iter()
        .filter(|(name, _)| name != "code")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let bare = browser.post(&form.action, &encode(&bare)).await;
    assert!(bare.asks_for("code") && bare.alert().unwrap().contains("Enter the code"));
    assert!(app.garmin.control().requests().is_empty());
    let answer = browser.enter_code(&page, &format!("{}-{}", &code[..3], &code[3..])).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn a_code_without_a_login_leads_to_the_form_and_an_empty_form_stays_there() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    let handle: Vec<(&str, &str)> = page
        .form_with("password")
        .fields
        .iter()
        .filter(|(name, _)| name == "sign_in" || name == "csrf")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let with_code = [handle.as_slice(), &[("code", "123456")]].concat();
    let late = browser.post("/oauth/authorize", &encode(&with_code)).await;
    assert!(late.alert().unwrap().contains("expired") && late.asks_for("password"));
    let empty = browser.sign_in(&page, ("", "")).await;
    assert!(empty.alert().unwrap().contains("e-mail address") && empty.asks_for("password"));
    assert!(app.garmin.control().requests().is_empty());
}

#[tokio::test]
async fn a_browser_without_cookies_is_told_so() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    browser.cookies.clear();
    let refused = browser.sign_in(&page, RUNNER).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.alert().unwrap().contains("cookie"), "{:?}", refused.alert());
    let looked = browser.open(&page.form_with("password").action).await;
    assert_eq!(looked.status(), StatusCode::FORBIDDEN);
    assert!(app.garmin.control().requests().is_empty());
}

#[tokio::test]
async fn an_expired_code_leads_back_to_the_form() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, CODED).await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    app.advance(700);
    let page = browser.enter_code(&page, &code).await;
    assert!(page.alert().unwrap().contains("That code has expired"), "{:?}", page.alert());
    assert!(page.asks_for("password") && !page.asks_for("code"));
    assert_eq!(accounts(&app).await, (0, 0));
}

#[tokio::test]
async fn t26_sec050_a_page_older_than_half_an_hour_asks_garmin_nothing_and_begins_anew() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    app.advance(1800);
    app.garmin.control().clear_requests();
    let late = browser.sign_in(&page, RUNNER).await;
    assert_eq!(late.status(), StatusCode::OK);
    assert!(late.alert().unwrap().contains("nothing was sent to Garmin"));
    assert!(!late.reply.body.contains(RUNNER.1) && accounts(&app).await == (0, 0));
    assert!(app.garmin.control().requests().is_empty());
    let answer = browser.sign_in(&late, RUNNER).await;
    let code = client.code_of(&answer);
    assert_eq!(parameter(answer.location(), "state").as_ref(), Some(&client.state));
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sec050_back_after_three_quarters_of_an_hour_every_page_leads_on() {
    let app = TestApp::start().await;
    let (client, mut browser, form) = at_the_form(&app).await;
    let wrong = browser.sign_in(&form, (RUNNER.0, "wrong")).await;
    let code_page = browser.sign_in(&wrong, CODED).await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    app.advance(45 * 60);
    app.garmin.control().clear_requests();
    let typed = browser.enter_code(&code_page, &code).await;
    let looked = browser.open(&code_page.address).await;
    for page in [typed, looked] {
        assert_eq!(page.status(), StatusCode::OK);
        assert!(page.alert().is_some() && page.asks_for("password") && !page.asks_for("code"));
        assert!(app.garmin.control().requests().is_empty());
        let answer = browser.clone().sign_in(&page, RUNNER).await;
        assert_eq!(client.redeem(&client.code_of(&answer)).await.status, StatusCode::OK);
        app.garmin.control().clear_requests();
    }
}

#[tokio::test]
async fn what_begins_anew_is_checked_like_any_request() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    app.advance(1800);
    let action = page.form_with("password").action.replace("client.example", "evil.example");
    let refused = browser.post(&action, "sign_in=x").await;
    assert_eq!((refused.status(), refused.location()), (StatusCode::BAD_REQUEST, ""));
    assert!(!refused.asks_for("password") && refused.alert().is_some());
}

#[tokio::test]
async fn sec050_a_form_with_a_stale_token_comes_back_and_works_the_second_time() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let form = page.form_with("password").clone();
    for csrf in ["", "ggw_cf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let answers = [("csrf", csrf), ("email", RUNNER.0), ("password", RUNNER.1)];
        let again = browser.submit(&form, &answers).await;
        assert_eq!(again.status(), StatusCode::FORBIDDEN);
        assert!(again.alert().unwrap().contains("out of date"));
        assert!(app.garmin.control().requests().is_empty());
        let form = again.form_with("password");
        assert!(form.fields.iter().any(|(name, value)| name == "csrf" && value.len() > 20));
    }
    let answer = browser.sign_in(&page, RUNNER).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn sec048_sec050_sec053_another_browser_or_another_site_cannot_answer_the_form() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    let (_, mut stranger, _) = at_the_form(&app).await;
    let refused = stranger.sign_in(&page, RUNNER).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.alert().unwrap().contains("another browser"));

    let form = page.form_with("password").clone();
    let fields: Vec<(&str, &str)> =
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let cookies: Vec<_> =
            browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = crate::harness::request("POST", "/oauth/authorize")
            .header("cookie", cookies.join("; "))
            .header("content-type", "application/x-www-form-urlencoded")
            .header(name, value)
            .body(encode(&fields).into())
            .unwrap();
        assert_eq!(app.send(request).await.status, StatusCode::FORBIDDEN, "{name}");
    }
    assert!(app.garmin.control().requests().is_empty());
    let answer = browser.sign_in(&page, RUNNER).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_was_typed_is_checked_before_garmin_is_asked() {
    let app = TestApp::with(&[("SIGN_IN_ALLOW", "@club.example")]).await;
    let (_, mut browser, page) = at_the_form(&app).await;
    for (person, status, words) in [
        (("runner", "x"), 400, "does not look like an e-mail"),
        (("runner@club.example", ""), 400, "password as well"),
        (RUNNER, 200, "not invited here"),
    ] {
        let page = browser.sign_in(&page, person).await;
        assert_eq!(page.status(), status);
        assert!(page.alert().unwrap().contains(words), "{:?}", page.alert());
    }
    assert!(app.garmin.control().requests().is_empty());
}

#[tokio::test]
async fn sec083_the_sixth_attempt_in_a_minute_is_told_when_to_come_back() {
    let app = TestApp::with(&[("RATE_LIMITS", "on")]).await;
    let (_, mut browser, page) = at_the_form(&app).await;
    for turn in 0..5 {
        let page = browser.sign_in(&page, (&format!("nobody{turn}@example.org"), "x")).await;
        assert_eq!(page.status(), StatusCode::OK);
    }
    let page = browser.sign_in(&page, RUNNER).await;
    assert_eq!(page.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(page.alert().unwrap().contains("Too many attempts"));
    assert!(page.reply.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn starting_over_from_the_code_page_leads_to_the_form() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, CODED).await;
    let page = browser.decide(&page, "restart").await;
    assert!(page.asks_for("password") && page.alert().is_none());
    let answer = browser.sign_in(&page, RUNNER).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn starting_over_from_the_form_is_no_answer_to_it() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let form = page.form_with("password").clone();
    let id = form.fields.iter().find(|(name, _)| name == "sign_in").unwrap().1.clone();
    let id = domain::id::SignInId::parse(&id).unwrap();
    let version =
        async || app.app.store.find_sign_in(&id, app.clock.now()).await.unwrap().unwrap().version;
    let before = version().await;
    let page = browser.submit(&form, &[("decision", "restart")]).await;
    // Only pages that nobody has answered make room for others.
    assert_eq!(version().await, before);
    let answer = browser.sign_in(&page, RUNNER).await;
    client.code_of(&answer);
}

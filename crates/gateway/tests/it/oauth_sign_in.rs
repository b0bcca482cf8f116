//! Signing in: to the code, with and without a second factor, and changing one's mind.

use http::StatusCode;
use simulator::{Effect, Fault, Host, Matcher};

use crate::harness::{CODED, ORIGIN, RUNNER, TestApp, parameter};

#[tokio::test]
async fn a_person_connects_with_e_mail_and_password() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    assert_eq!(tokens.scope, "garmin:read garmin:write");
    assert!(app.accepts(&tokens.access).await);
    assert!(client.id.starts_with("cli_"));
    let stats = app.app.store.stats(app.app.clock.now()).await.unwrap();
    assert_eq!((stats.accounts, stats.devices), (1, 1));
}

#[tokio::test]
async fn the_redirect_carries_code_state_and_issuer_and_is_not_kept() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb?keep=1").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let answer = browser.sign_in(&page, RUNNER).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let location = answer.location();
    assert!(location.starts_with("https://client.example/cb?keep=1&code="), "{location}");
    assert_eq!(parameter(location, "state").as_deref(), Some("state of the client"));
    assert_eq!(parameter(location, "iss").as_deref(), Some(ORIGIN));
    assert_eq!(answer.reply.header("cache-control"), "no-store");
    assert_eq!(answer.reply.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn a_state_that_was_not_sent_is_not_invented() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url_with(&[("state", "")])).await;
    let answer = browser.sign_in(&page, RUNNER).await;
    assert!(!answer.location().contains("state="), "{}", answer.location());
}

#[tokio::test]
async fn a_second_factor_is_asked_for_on_its_own_page() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let page = browser.sign_in(&page, CODED).await;
    assert!(page.asks_for("code") && page.alert().is_none());
    assert!(page.reply.body.contains("autocomplete=\"one-time-code\""));
    assert!(page.reply.body.contains("by e-mail"), "{}", page.reply.body);
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    let answer = browser.enter_code(&page, &format!(" {code} ")).await;
    let code = client.code_of(&answer);
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sec059_a_wrong_code_keeps_the_pending_login_until_the_tries_are_used_up() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let mut page = browser.sign_in(&page, CODED).await;
    for left in [4, 3, 2] {
        page = browser.enter_code(&page, "000000").await;
        let alert = page.alert().unwrap();
        assert!(alert.contains("not right") && alert.contains(&left.to_string()), "{alert}");
    }
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    let answer = browser.enter_code(&page, &code).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{:?}", answer.reply);

    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let mut page = browser.sign_in(&page, CODED).await;
    for _ in 0..5 {
        page = browser.enter_code(&page, "000000").await;
    }
    assert!(page.alert().unwrap().contains("too many times"));
    assert!(page.asks_for("password") && !page.asks_for("code"));
}

#[tokio::test]
async fn t38_sec046_who_cancels_is_sent_back_and_leaves_nothing() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    for person in [None, Some(CODED)] {
        let mut browser = app.browser();
        let mut page = browser.open(&client.authorize_url()).await;
        if let Some(person) = person {
            page = browser.sign_in(&page, person).await;
        }
        let answer = browser.decide(&page, "deny").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let location = answer.location();
        assert_eq!(parameter(location, "error").as_deref(), Some("access_denied"));
        assert_eq!(parameter(location, "state").as_deref(), Some("state of the client"));
        assert_eq!(parameter(location, "iss").as_deref(), Some(ORIGIN));
        let back = browser.submit(&page.forms[0].clone(), &[]).await;
        assert!(back.alert().is_some() && back.asks_for("password"), "the page is over");
    }
    let stats = app.app.store.stats(app.app.clock.now()).await.unwrap();
    assert_eq!((stats.accounts, stats.pending_codes), (0, 0));
    let told = app.app.store.list_audit(10).await.unwrap();
    let denied: Vec<_> = told.iter().filter(|row| row.event.as_str() == "consent_denied").collect();
    assert_eq!(denied.len(), 2);
    assert!(denied.iter().all(|row| row.client.as_ref().unwrap().as_str() == client.id));
}

#[tokio::test]
async fn t38_sec046_who_cancels_a_moment_too_late_takes_everything_back() {
    for was_redeemed in [false, true] {
        let app = TestApp::with(&[("RATE_LIMITS", "on")]).await;
        let mut client = app.client();
        client.register("https://client.example/cb").await;
        let mut browser = app.browser();
        let form = browser.open(&client.authorize_url()).await;
        let code = client.code_of(&browser.sign_in(&form, RUNNER).await);
        let access = if was_redeemed {
            Some(client.tokens_of(&client.redeem(&code).await).access)
        } else {
            None
        };
        // Back in the browser's history there is the form, and its way out.
        let answer = browser.decide(&form, "deny").await;
        let location = answer.location();
        assert_eq!(parameter(location, "error").as_deref(), Some("access_denied"));
        assert_eq!(parameter(location, "state").as_deref(), Some("state of the client"));
        assert_eq!(parameter(location, "code"), None);
        match access {
            Some(access) => assert!(!app.accepts(&access).await),
            None => assert_eq!(client.redeem(&code).await.status, StatusCode::BAD_REQUEST),
        }
        let stats = app.app.store.stats(app.app.clock.now()).await.unwrap();
        let kept = u64::from(was_redeemed);
        assert_eq!((stats.accounts, stats.devices, stats.pending_codes), (kept, 0, 0));
        // Whoever changes their mind again need not wait.
        let form = browser.open(&client.authorize_url()).await;
        client.code_of(&browser.sign_in(&form, RUNNER).await);
    }
}

#[tokio::test]
async fn reading_only_can_be_chosen_and_what_the_form_adds_is_ignored() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let form = page.form_with("password").clone();
    let answer = browser
        .submit(
            &form,
            &[
                ("email", RUNNER.0),
                ("password", RUNNER.1),
                ("access", "read"),
                ("redirect_uri", "https://evil.example/"),
                ("scope", "garmin:write"),
                ("client_id", "x"),
            ],
        )
        .await;
    let code = client.code_of(&answer);
    let tokens = client.tokens_of(&client.redeem(&code).await);
    assert_eq!(tokens.scope, "garmin:read");
}

#[tokio::test]
async fn a_second_sign_in_is_the_same_account_with_a_new_generation() {
    let app = TestApp::start().await;
    let (_, one) = app.device(RUNNER).await;
    let (_, two) = app.device(RUNNER).await;
    let of = async |access: &str| {
        let digest = app.app.store.digest_presented(access).unwrap();
        let now = app.app.clock.now();
        app.app.store.find_device_by_access(&digest, now).await.unwrap().unwrap()
    };
    let (one, two) = (of(&one.access).await, of(&two.access).await);
    assert_eq!(one.account, two.account);
    assert_ne!(one.device, two.device);
    let account = app.app.store.find_account(&one.account).await.unwrap().unwrap();
    assert_eq!(account.generation.0, 2);
}

#[tokio::test]
async fn the_files_show_neither_the_person_nor_the_password() {
    let app = TestApp::start().await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let page = browser.sign_in(&page, CODED).await;
    assert!(page.asks_for("code"));
    app.device(RUNNER).await;
    for entry in std::fs::read_dir(app.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in [RUNNER.0, RUNNER.1, CODED.0, CODED.1, "client.example", "ggw_"] {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} in {}", path.display());
        }
    }
}

#[tokio::test]
async fn who_agrees_to_less_on_second_thought_gave_no_more() {
    for person in [RUNNER, CODED] {
        let app = TestApp::start().await;
        let mut client = app.client();
        client.register("https://client.example/cb").await;
        let mut browser = app.browser();
        let page = browser.open(&client.authorize_url()).await;
        let form = page.form_with("password").clone();
        let logins = Matcher::host(Host::Sso).method("POST");
        app.garmin.control().add_fault(Fault::always(logins, Effect::Delay { millis: 300 }));
        let mut again = browser.clone();
        let details = [("email", person.0), ("password", person.1)];
        let narrower = [details[0], details[1], ("access", "read")];
        let first = [details[0], details[1], ("access", "write")];
        // For the one with a code the second form comes after the code page, as from "back".
        let (one, two) = if person == RUNNER {
            tokio::join!(browser.submit(&form, &first), again.submit(&form, &narrower))
        } else {
            (browser.submit(&form, &first).await, again.submit(&form, &narrower).await)
        };
        let answer = if person == RUNNER {
            assert_eq!(one.location(), two.location());
            two
        } else {
            let code = app.garmin.control().mfa_code(CODED.0).unwrap();
            browser.enter_code(&two, &code).await
        };
        let code = client.code_of(&answer);
        let tokens = client.tokens_of(&client.redeem(&code).await);
        assert_eq!(tokens.scope, "garmin:read", "{}", person.0);
        assert_eq!(app.garmin.control().counters(person.0).unwrap().login_attempts, 1);
    }
}

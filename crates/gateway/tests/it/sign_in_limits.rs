//! Sign-ins are scarce: who is told to wait, for how long, and above all who is not.

use std::io::Write;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use simulator::{AccountState, Effect, Fault, Gate, Host, Matcher};

use crate::harness::{Browser, CODED, McpClient, OTHER, Page, RUNNER, TestApp};

const LIMITED: &[(&str, &str)] = &[("RATE_LIMITS", "on")];

/// A gateway and the one app everybody connects.
struct Scene {
    app: TestApp,
    client: McpClient,
}

impl std::ops::Deref for Scene {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

async fn scene(settings: &[(&str, &str)]) -> Scene {
    let app = TestApp::with(settings).await;
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    Scene { app, client }
}

async fn at_the_form(scene: &Scene, address: [u8; 4]) -> (McpClient, Browser, Page) {
    let mut browser = scene.browser().at(address);
    let page = browser.open(&scene.client.authorize_url()).await;
    (scene.client.clone(), browser, page)
}

/// Connects an account, so that its e-mail address is one we know.
async fn connect(app: &Scene, person: (&str, &str), address: [u8; 4]) {
    let (client, mut browser, page) = at_the_form(app, address).await;
    let answer = browser.sign_in(&page, person).await;
    client.code_of(&answer);
}

/// Signs in from a browser and an address of its own.
async fn sign_in(app: &Scene, person: (&str, &str), address: [u8; 4]) -> Page {
    let (_, mut browser, page) = at_the_form(app, address).await;
    browser.sign_in(&page, person).await
}

fn wait_of(page: &Page) -> u64 {
    page.reply.header("retry-after").parse().unwrap_or_else(|_| panic!("{:?}", page.reply))
}

/// Waits until somebody talks to Garmin.
async fn until_garmin_is_asked(app: &Scene) {
    while app.garmin.control().requests().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn t34_sec074_twenty_wrong_passwords_are_slowed_down_and_tell_nothing() {
    let app = scene(LIMITED).await;
    let (_, mut browser, page) = at_the_form(&app, [192, 0, 2, 1]).await;
    let mut told = Vec::new();
    let mut refused = 0;
    for turn in 0..20 {
        let email = if turn % 2 == 0 { RUNNER.0 } else { "nobody@example.org" };
        let page = browser.sign_in(&page, (email, "a guess")).await;
        if page.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(wait_of(&page) >= 1);
            refused += 1;
        } else {
            assert_eq!(page.status(), StatusCode::OK);
            told.push(page.alert().unwrap());
        }
    }
    assert!(refused >= 15, "{refused}");
    assert!(told.iter().all(|sentence| *sentence == told[0]), "{told:?}");
}

#[tokio::test]
async fn sec074_who_guesses_a_password_does_not_lock_its_owner_out() {
    let app = scene(LIMITED).await;
    for turn in 0..12_u8 {
        // However many of them this Garmin would stand.
        app.garmin.control().set_account_state(RUNNER.0, AccountState::Normal);
        let page = sign_in(&app, (RUNNER.0, "a guess"), [192, 0, 2, turn]).await;
        let status = if turn < 10 { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(page.status(), status, "{turn}: {:?}", page.alert());
    }
    assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 10);
    app.garmin.control().set_account_state(RUNNER.0, AccountState::Normal);
    let owner = sign_in(&app, RUNNER, [203, 0, 113, 5]).await;
    assert_eq!(owner.status(), StatusCode::SEE_OTHER, "{:?}", owner.alert());
    // From there they may always try again; the guesser has to wait.
    for _ in 0..3 {
        let page = sign_in(&app, (RUNNER.0, "mistyped"), [203, 0, 113, 6]).await;
        assert!(page.alert().unwrap().contains("did not accept"));
    }
    let guesser = sign_in(&app, (RUNNER.0, "a guess"), [192, 0, 2, 99]).await;
    assert_eq!(guesser.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!((3590..=3600).contains(&wait_of(&guesser)), "{}", wait_of(&guesser));
    app.advance(3601);
    let guesser = sign_in(&app, (RUNNER.0, "a guess"), [192, 0, 2, 98]).await;
    assert_eq!(guesser.status(), StatusCode::OK);
}

#[tokio::test]
async fn sec059_an_account_has_ten_codes_an_hour_and_a_guesser_does_not_use_up_the_owners() {
    let app = scene(LIMITED).await;
    let mut wrong = 0;
    let mut refused = None;
    for round in 0..3_u8 {
        let (_, mut browser, page) = at_the_form(&app, [192, 0, 2, round]).await;
        let mut page = browser.sign_in(&page, CODED).await;
        for turn in 0..5_u8 {
            browser = browser.at([192, 0, 2, 10 * (round + 1) + turn]);
            page = browser.enter_code(&page, "000000").await;
            if page.status() == StatusCode::TOO_MANY_REQUESTS {
                refused = Some(page);
                break;
            }
            wrong += 1;
        }
    }
    assert_eq!(wrong, 10);
    let refused = refused.unwrap();
    assert!(refused.alert().unwrap().contains("Too many passwords and codes"));
    assert!(refused.asks_for("code") && wait_of(&refused) > 3000, "the login is still there");
    let (client, mut owner, page) = at_the_form(&app, [203, 0, 113, 5]).await;
    let page = owner.sign_in(&page, CODED).await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    let answer = owner.enter_code(&page, &code).await;
    client.code_of(&answer);
}

#[tokio::test]
async fn sec074_nobody_is_held_for_what_another_browser_was_told() {
    let app = scene(LIMITED).await;
    app.garmin.control().set_gates(Gate::Forbidden);
    let (_, mut attacker, form) = at_the_form(&app, [192, 0, 2, 1]).await;
    let page = attacker.sign_in(&form, (RUNNER.0, "a guess")).await;
    assert!(page.alert().unwrap().contains("turning away"));
    app.garmin.control().set_gates(Gate::Open);
    app.garmin.control().clear_requests();
    let held = attacker.sign_in(&form, (RUNNER.0, "another guess")).await;
    assert_eq!(held.alert(), page.alert());
    assert!((290..=300).contains(&wait_of(&held)));
    assert!(app.garmin.control().requests().is_empty(), "Garmin was left alone");
    // The same address, the same e-mail address, another browser.
    let owner = sign_in(&app, RUNNER, [192, 0, 2, 1]).await;
    assert_eq!(owner.status(), StatusCode::SEE_OTHER, "{:?}", owner.alert());
}

#[tokio::test]
async fn rel30_the_wait_garmin_asks_for_is_the_one_the_page_names() {
    let app = scene(LIMITED).await;
    let limited = Effect::Status { status: 429, retry_after_secs: Some(1200) };
    let logins = Matcher::host(Host::Sso).method("POST");
    app.garmin.control().add_fault(Fault::always(logins, limited));
    let (_, mut browser, form) = at_the_form(&app, [192, 0, 2, 1]).await;
    let page = browser.sign_in(&form, RUNNER).await;
    assert!(page.alert().unwrap().contains("in about 20 minutes"), "{:?}", page.alert());
    assert_eq!((page.status(), wait_of(&page)), (StatusCode::OK, 1200));
    app.garmin.control().clear_faults();
    app.garmin.control().clear_requests();
    app.advance(1190);
    let early = browser.sign_in(&form, RUNNER).await;
    assert!(early.alert().unwrap().contains("in a minute"));
    assert!(app.garmin.control().requests().is_empty());
    app.advance(11);
    let reloaded = browser.open(&early.address).await;
    assert!(reloaded.alert().unwrap().contains("Try again now"), "{:?}", reloaded.alert());
    assert_eq!(reloaded.reply.header("retry-after"), "");
    let answer = browser.sign_in(&form, RUNNER).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn rel32_blocks_of_two_members_let_the_egress_rest_and_one_sign_in_probes_it() {
    let app = scene(LIMITED).await;
    connect(&app, RUNNER, [192, 0, 2, 1]).await;
    connect(&app, OTHER, [198, 51, 100, 1]).await;
    app.garmin.control().set_gates(Gate::Forbidden);
    for (person, address) in [(RUNNER, [192, 0, 2, 1]), (OTHER, [198, 51, 100, 1])] {
        let page = sign_in(&app, person, address).await;
        assert!(page.alert().unwrap().contains("turning away"));
    }
    app.garmin.control().clear_requests();
    let (client, mut third, form) = at_the_form(&app, [203, 0, 113, 1]).await;
    let page = third.sign_in(&form, CODED).await;
    assert!(page.alert().unwrap().contains("in about 30 minutes"), "{:?}", page.alert());
    assert_eq!(wait_of(&page), 1800);
    assert!(app.garmin.control().requests().is_empty());

    // Nobody asked for it, so nobody is held for it: the probe may be anybody's.
    app.garmin.control().set_gates(Gate::Open);
    app.advance(1800);
    let (_, mut fresh, fresh_form) = at_the_form(&app, [203, 0, 113, 2]).await;
    let slow = Matcher::host(Host::Sso).method("POST").path("/mobile/api/login");
    app.garmin.control().add_fault(Fault::once(slow, Effect::Delay { millis: 1500 }));
    let probe = fresh.sign_in(&fresh_form, OTHER);
    let beside = async {
        until_garmin_is_asked(&app).await;
        sign_in(&app, RUNNER, [192, 0, 2, 7]).await
    };
    let (probe, beside) = tokio::join!(probe, beside);
    assert_eq!(probe.status(), StatusCode::SEE_OTHER, "{:?}", probe.alert());
    assert!(beside.alert().unwrap().contains("turning away"), "one at a time");
    assert!(wait_of(&beside) <= 90);
    let form = third.open(&client.authorize_url()).await;
    let page = third.sign_in(&form, CODED).await;
    assert!(page.asks_for("code"), "{:?}", page.alert());
}

#[tokio::test]
async fn sec074_one_network_cannot_close_the_egress_for_everybody() {
    let app = scene(LIMITED).await;
    app.garmin.control().set_gates(Gate::Forbidden);
    for turn in 0..15_u8 {
        let email = format!("nobody{turn}@example.org");
        let page = sign_in(&app, (&email, "x"), [192, 0, 2, turn]).await;
        assert!(page.alert().unwrap().contains("turning away"));
        assert!(wait_of(&page) <= 300, "a browser's own hold and nothing more");
    }
    app.garmin.control().set_gates(Gate::Open);
    let page = sign_in(&app, RUNNER, [203, 0, 113, 1]).await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER, "{:?}", page.alert());
    // Several networks are another matter.
    app.garmin.control().set_gates(Gate::Forbidden);
    for network in 1..=4_u8 {
        sign_in(&app, (&format!("n{network}@example.org"), "x"), [198, 51, network, 1]).await;
    }
    app.garmin.control().clear_requests();
    let page = sign_in(&app, OTHER, [203, 0, 113, 2]).await;
    assert_eq!(wait_of(&page), 1800);
    assert!(app.garmin.control().requests().is_empty());
}

#[tokio::test]
async fn sec074_the_names_of_members_prove_nothing_where_they_are_not_at_home() {
    let app = scene(LIMITED).await;
    connect(&app, RUNNER, [192, 0, 2, 1]).await;
    connect(&app, OTHER, [198, 51, 100, 1]).await;
    app.garmin.control().set_gates(Gate::Forbidden);
    for turn in 0..4_u8 {
        let email = [RUNNER.0, OTHER.0][usize::from(turn % 2)];
        let page = sign_in(&app, (email, "a guess"), [203, 0, 113, turn]).await;
        assert!(wait_of(&page) <= 300, "{turn}: {:?}", page.alert());
    }
    app.garmin.control().set_gates(Gate::Open);
    let page = sign_in(&app, CODED, [203, 0, 113, 9]).await;
    assert!(page.asks_for("code"), "{:?}", page.alert());

    // Even when it is closed they do not keep it so.
    app.garmin.control().set_gates(Gate::Forbidden);
    sign_in(&app, RUNNER, [192, 0, 2, 1]).await;
    sign_in(&app, OTHER, [198, 51, 100, 1]).await;
    let resting = sign_in(&app, CODED, [203, 0, 113, 10]).await;
    assert_eq!(wait_of(&resting), 1800);
    app.advance(1800);
    for turn in 11..14_u8 {
        let probe = sign_in(&app, (RUNNER.0, "a guess"), [203, 0, 113, turn]).await;
        assert!(wait_of(&probe) <= 300, "{turn}: {:?}", probe.alert());
    }
    app.garmin.control().set_gates(Gate::Open);
    let page = sign_in(&app, CODED, [203, 0, 113, 15]).await;
    assert!(page.asks_for("code"), "{:?}", page.alert());
}

#[tokio::test]
async fn rel34_rel35_a_code_goes_through_while_its_egress_rests() {
    let app = scene(LIMITED).await;
    connect(&app, RUNNER, [192, 0, 2, 1]).await;
    connect(&app, OTHER, [198, 51, 100, 1]).await;
    let (client, mut browser, form) = at_the_form(&app, [203, 0, 113, 1]).await;
    let page = browser.sign_in(&form, CODED).await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    app.garmin.control().set_gates(Gate::Forbidden);
    sign_in(&app, RUNNER, [192, 0, 2, 1]).await;
    sign_in(&app, OTHER, [198, 51, 100, 1]).await;
    app.garmin.control().set_gates(Gate::Open);
    let resting = sign_in(&app, RUNNER, [192, 0, 2, 2]).await;
    assert_eq!(wait_of(&resting), 1800);
    let answer = browser.enter_code(&page, &code).await;
    client.code_of(&answer);
    let resting = sign_in(&app, RUNNER, [192, 0, 2, 3]).await;
    assert_eq!(wait_of(&resting), 1800, "that a code is accepted says nothing of passwords");
}

#[tokio::test]
async fn rel36_an_egress_that_is_dead_is_left_for_another_one() {
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead_proxy = format!("http://{}/,direct", dead.local_addr().unwrap());
    drop(dead);
    let app = scene(&[("RATE_LIMITS", "on"), ("GARMIN_SSO_PROXY", &dead_proxy)]).await;
    let mut through_the_dead = 0;
    for person in 0..16_u8 {
        let email = format!("nobody{person}@example.org");
        let page = sign_in(&app, (&email, "x"), [192, 0, 2, person]).await;
        let alert = page.alert().unwrap();
        if alert.contains("is not answering") {
            assert_eq!(wait_of(&page), 60);
            through_the_dead += 1;
        } else {
            assert!(alert.contains("did not accept"), "{alert}");
        }
    }
    assert_eq!(through_the_dead, 3, "then it rests, and everybody takes the other way");
}

#[tokio::test]
async fn who_has_just_connected_an_app_waits_before_connecting_it_again() {
    let app = scene(LIMITED).await;
    let (client, mut browser, form) = at_the_form(&app, [192, 0, 2, 1]).await;
    client.code_of(&browser.sign_in(&form, RUNNER).await);
    app.garmin.control().clear_requests();
    let form = browser.open(&client.authorize_url()).await;
    let page = browser.sign_in(&form, RUNNER).await;
    assert!(page.alert().unwrap().contains("a moment ago"), "{:?}", page.alert());
    assert_eq!((page.status(), wait_of(&page)), (StatusCode::OK, 120));
    assert!(app.garmin.control().requests().is_empty());
    // Another app, another person and another browser are not concerned.
    let mut other_app = app.client();
    other_app.register("http://localhost:4711/callback").await;
    let other_form = browser.open(&other_app.authorize_url()).await;
    other_app.code_of(&browser.sign_in(&other_form, RUNNER).await);
    let other_person = browser.sign_in(&form, OTHER).await;
    client.code_of(&other_person);
    let other_browser = sign_in(&app, RUNNER, [192, 0, 2, 2]).await;
    assert_eq!(other_browser.status(), StatusCode::SEE_OTHER, "{:?}", other_browser.alert());
    app.advance(120);
    let form = browser.open(&client.authorize_url()).await;
    client.code_of(&browser.at([192, 0, 2, 3]).sign_in(&form, RUNNER).await);
}

#[tokio::test]
async fn sec074_one_network_never_fills_the_line_of_an_address() {
    let app = scene(&[]).await;
    let logins = Matcher::host(Host::Sso).method("POST");
    app.garmin.control().add_fault(Fault::always(logins, Effect::Delay { millis: 400 }));
    let mut crowd = Vec::new();
    for turn in 0..9_u8 {
        let (_, browser, page) = at_the_form(&app, [192, 0, 2, turn]).await;
        crowd.push((browser, page));
    }
    let guesses = futures_util::future::join_all(crowd.iter_mut().map(|(browser, page)| async {
        browser.sign_in(page, (RUNNER.0, "a guess")).await.alert().unwrap()
    }));
    let owner = async {
        until_garmin_is_asked(&app).await;
        sign_in(&app, RUNNER, [203, 0, 113, 1]).await
    };
    let (guesses, owner) = tokio::join!(guesses, owner);
    let busy = guesses.iter().filter(|alert| alert.contains("Many people")).count();
    assert_eq!(busy, 6, "{guesses:?}");
    assert_eq!(owner.status(), StatusCode::SEE_OTHER, "{:?}", owner.alert());
}

#[tokio::test]
async fn sec083_who_is_invited_cannot_be_read_off_our_answers() {
    let settings = [("RATE_LIMITS", "on"), ("SIGN_IN_ALLOW", "@example.org")];
    let app = scene(&settings).await;
    let (_, mut browser, form) = at_the_form(&app, [192, 0, 2, 1]).await;
    let invited = browser.sign_in(&form, (RUNNER.0, "a guess")).await;
    app.garmin.control().clear_requests();
    let stranger = browser.sign_in(&form, ("runner@elsewhere.example", "a guess")).await;
    assert!(app.garmin.control().requests().is_empty(), "nothing goes to Garmin");
    assert_eq!(invited.status(), stranger.status());
    assert_eq!(invited.alert(), stranger.alert());
    assert!(stranger.alert().unwrap().contains("is not invited here"));
    let stats = app.app.app.store.stats(app.app.app.clock.now()).await.unwrap();
    assert_eq!((stats.accounts, stats.pending_codes), (0, 0));
    // Nor off our limits: both have as many tries.
    for email in ["runner@elsewhere.example", RUNNER.0] {
        let mut answered = 1;
        for turn in 2..20_u8 {
            app.garmin.control().set_account_state(RUNNER.0, AccountState::Normal);
            let page = sign_in(&app, (email, "a guess"), [192, 0, 2, turn]).await;
            answered += u8::from(page.status() == StatusCode::OK);
        }
        assert_eq!(answered, 10, "{email}");
    }
}

#[tokio::test]
async fn a_connection_outlives_the_invitation_it_was_made_with() {
    let mut app = scene(&[]).await;
    let (client, tokens) = app.device(RUNNER).await;
    let (_, browser, form) = at_the_form(&app, [192, 0, 2, 1]).await;
    app.app.restart_with(&[("SIGN_IN_ALLOW", "@club.example")]).await;
    assert!(app.accepts(&tokens.access).await);
    let client = app.client().with(&client);
    let renewed = client.refresh(&tokens.refresh).await;
    assert_eq!(renewed.status, StatusCode::OK, "{renewed:?}");
    let mut browser = browser.moved_to(&app.browser());
    let page = browser.sign_in(&form, RUNNER).await;
    assert!(page.alert().unwrap().contains("is not invited here"), "a new one is not made");
}

#[tokio::test]
async fn sec119_a_second_person_with_the_same_app_changes_nothing_for_the_first() {
    let app = scene(&[]).await;
    let (client, mut browser, form) = at_the_form(&app, [192, 0, 2, 1]).await;
    let code = client.code_of(&browser.sign_in(&form, RUNNER).await);
    let first = client.tokens_of(&client.redeem(&code).await);
    let form = browser.open(&client.authorize_url()).await;
    let code = client.code_of(&browser.sign_in(&form, OTHER).await);
    let second = client.tokens_of(&client.redeem(&code).await);
    let account = async |access: &str| {
        let digest = app.app.app.store.digest_presented(access).unwrap();
        let found = app.app.app.store.find_device_by_access(&digest, app.app.app.clock.now()).await;
        found.unwrap().unwrap().account
    };
    assert_ne!(account(&first.access).await, account(&second.access).await);
    assert!(app.accepts(&first.access).await && app.accepts(&second.access).await);
}

/// Everything that was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn sec100_sec103_sec104_the_log_of_a_sign_in_names_nobody_and_holds_no_secret() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || sink.clone())
        .finish();
    // With one subscriber alone, events first seen on threads of other tests are off for all.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let guard = tracing::subscriber::set_default(subscriber);
    let app = scene(&[("SIGN_IN_ALLOW", "@example.org")]).await;
    let (client, mut browser, form) = at_the_form(&app, [192, 0, 2, 1]).await;
    browser.sign_in(&form, ("canary@elsewhere.example", "canary-password-0")).await;
    browser.sign_in(&form, (RUNNER.0, "canary-password-1")).await;
    app.garmin.control().set_gates(Gate::Forbidden);
    browser.sign_in(&form, (RUNNER.0, "canary-password-2")).await;
    app.garmin.control().set_gates(Gate::Open);
    let page = browser.sign_in(&form, CODED).await;
    let page = browser.enter_code(&page, "987654").await;
    let code = app.garmin.control().mfa_code(CODED.0).unwrap();
    let answer = browser.enter_code(&page, &code).await;
    let granted = client.code_of(&answer);
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for event in ["login-not-invited", "login-start-failed", "mfa-resume-failed", "mfa-resume-ok"] {
        let ours: Vec<_> = log.lines().filter(|line| line.contains("gateway::")).collect();
        assert!(log.contains(event), "{event}: {ours:#?}");
    }
    let failed = log.lines().find(|line| line.contains("login-start-failed")).unwrap();
    assert!(failed.contains("request{request="), "of which request: {failed}");
    for secret in [RUNNER.0, CODED.0, CODED.1, "canary", "987654", &code, &granted] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret}: {line:?}");
    }
    for cookie in browser.cookies.values() {
        assert!(!log.contains(cookie.as_str()));
    }
}

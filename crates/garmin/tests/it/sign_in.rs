//! From a password to a session: the three strategies, and the chain between them.

use std::sync::Arc;
use std::time::Duration;

use domain::entropy::CountingEntropy;
use domain::region::Region;
use garmin::{Pauses, SignIn, SignInError, SignInOptions, Step};
use simulator::{AccountState, Effect, Fault, Gate, Host, Matcher, Strategy};

use crate::harness::{self, EMAIL, PASSWORD, Rig, account};

const PROBE: &str = "/userprofile-service/socialProfile";
const TOKEN: &str = "/di-oauth2-service/oauth/token";

fn limited() -> SignInError {
    SignInError::RateLimited { retry_after: None }
}

#[tokio::test]
async fn the_mobile_strategy_comes_first_and_yields_a_session() {
    let rig = Rig::with(account()).await;
    let session = rig.session().await;
    assert_eq!(rig.passwords_posted_to(), ["/mobile/api/login"]);
    let facts = rig.control().season(EMAIL).unwrap();
    assert_eq!(session.profile.full_name.as_deref(), Some(facts.full_name.as_str()));
    assert_eq!(session.profile.display_name.as_deref(), Some(facts.display_name.as_str()));
    assert!(session.profile.profile_id.is_some());
    assert_eq!(session.tokens.client_id(), "GARMIN_CONNECT_MOBILE_ANDROID_DI_2025Q2");
    assert!(session.tokens.access_expires_at() > harness::NOON);
    assert!(session.tokens.refresh_expires_at().is_some());
    assert!(!session.tokens.guid().as_str().starts_with("profile:"));
}

#[tokio::test]
async fn the_protocol_names_garmins_own_hosts_wherever_it_is_sent() {
    let rig = Rig::with(account()).await;
    rig.session().await;
    let requests = rig.control().requests();
    let login = requests.iter().find(|request| request.path == "/mobile/api/login").unwrap();
    assert_eq!(login.header("origin"), Some("https://sso.garmin.com"));
    assert!(login.header("referer").unwrap().starts_with("https://sso.garmin.com/mobile/sso/"));
    assert!(
        login.query.contains("service=https%3A%2F%2Fmobile.integration.garmin.com%2Fgcm%2Fios")
    );
    assert!(login.header("user-agent").unwrap().contains("iPhone"));
    assert!(login.cookies.contains(&"SESSION".to_owned()));
    let exchange = requests.iter().find(|request| request.path == TOKEN).unwrap();
    assert_eq!(exchange.header("authorization"), Some("Basic"));
    assert_eq!(exchange.header("user-agent"), Some("GCM-Android-5.23"));
    assert_eq!(exchange.header("cache-control"), Some("no-cache"));
    let probe = requests.iter().find(|request| request.path == PROBE).unwrap();
    assert_eq!(probe.header("authorization"), Some("Bearer"));
    assert!(probe.cookies.is_empty(), "{:?}", probe.cookies);
}

#[tokio::test]
async fn a_closed_strategy_hands_over_to_the_next() {
    for gate in [Gate::Limited, Gate::Forbidden, Gate::Captcha] {
        let rig = Rig::with(account()).await;
        rig.control().set_gate(Strategy::Mobile, gate);
        rig.session().await;
        assert_eq!(rig.passwords_posted_to().last().unwrap(), "/sso/signin", "{gate:?}");
        rig.control().clear_requests();
        rig.control().set_gate(Strategy::Widget, gate);
        rig.session().await;
        assert_eq!(rig.passwords_posted_to().last().unwrap(), "/portal/api/login", "{gate:?}");
    }
}

#[tokio::test]
async fn each_strategy_begins_with_an_empty_jar() {
    let rig = Rig::with(account()).await;
    rig.control().set_gate(Strategy::Mobile, Gate::Captcha);
    rig.session().await;
    let requests = rig.control().requests();
    let first = requests.iter().find(|request| request.path == "/sso/embed").unwrap();
    assert!(first.cookies.is_empty(), "{:?}", first.cookies);
}

#[tokio::test]
async fn a_wrong_password_ends_the_chain_on_every_strategy() {
    for open in [Strategy::Mobile, Strategy::Widget, Strategy::Portal] {
        let rig = Rig::with(account()).await;
        rig.control().set_gates(Gate::Limited);
        rig.control().set_gate(open, Gate::Open);
        let error = harness::start(&rig.sign_in(), "wrong").await.unwrap_err();
        assert_eq!(error, SignInError::BadCredentials, "{open:?}");
        assert_eq!(rig.control().counters(EMAIL).unwrap().login_attempts, 1, "{open:?}");
    }
}

#[tokio::test]
async fn t34_an_unknown_person_is_told_the_same_as_one_with_a_wrong_password() {
    let rig = Rig::with(simulator::AccountSpec::new("else@example.org", PASSWORD)).await;
    assert_eq!(rig.start().await.unwrap_err(), SignInError::BadCredentials);
}

#[tokio::test]
async fn a_locked_account_ends_the_chain_on_every_strategy() {
    for open in [Strategy::Mobile, Strategy::Widget, Strategy::Portal] {
        let rig = Rig::with(account()).await;
        rig.control().set_account_state(EMAIL, AccountState::Locked);
        rig.control().set_gates(Gate::Forbidden);
        rig.control().set_gate(open, Gate::Open);
        assert_eq!(rig.start().await.unwrap_err(), SignInError::AccountLocked, "{open:?}");
        assert_eq!(rig.control().counters(EMAIL).unwrap().login_attempts, 1, "{open:?}");
    }
}

#[tokio::test]
async fn a_captcha_everywhere_and_a_childs_account_are_named() {
    let rig = Rig::with(account()).await;
    rig.control().set_account_state(EMAIL, AccountState::Captcha);
    assert_eq!(rig.start().await.unwrap_err(), SignInError::CaptchaRequired);
    rig.control().set_account_state(EMAIL, AccountState::Child);
    assert_eq!(rig.start().await.unwrap_err(), SignInError::WebLoginNotAllowed);
}

#[tokio::test]
async fn limits_and_blocks_everywhere_are_told_apart() {
    let rig = Rig::with(account()).await;
    rig.control().set_gates(Gate::Limited);
    assert_eq!(rig.start().await.unwrap_err(), limited());
    rig.control().set_gates(Gate::Forbidden);
    assert_eq!(rig.start().await.unwrap_err(), SignInError::Blocked { retry_after: None });
    assert_eq!(rig.control().counters(EMAIL).unwrap().login_attempts, 0);
    rig.control().set_gates(Gate::Open);
    let blocked = Effect::Status { status: 427, retry_after_secs: Some(1_200) };
    rig.control().add_fault(Fault::always(Matcher::host(Host::Sso), blocked));
    assert_eq!(
        rig.start().await.unwrap_err(),
        SignInError::RateLimited { retry_after: Some(Duration::from_mins(20)) }
    );
}

#[tokio::test]
async fn a_garmin_that_is_down_is_unreachable_and_not_a_refusal() {
    let rig = Rig::with(account()).await;
    for effect in [Effect::Reset, Effect::Status { status: 503, retry_after_secs: None }] {
        rig.control().clear_faults();
        rig.control().add_fault(Fault::always(Matcher::host(Host::Sso), effect.clone()));
        assert_eq!(rig.start().await.unwrap_err(), SignInError::Unreachable, "{effect:?}");
    }
    let upstream = rig.upstream().clone();
    drop(rig);
    let clock = Arc::new(domain::clock::ManualClock::at(harness::NOON));
    let sign_in = harness::sign_in_at(&upstream, &clock);
    assert_eq!(harness::start(&sign_in, PASSWORD).await.unwrap_err(), SignInError::Unreachable);
}

#[tokio::test]
async fn a_page_where_json_belongs_moves_on() {
    let rig = Rig::with(account()).await;
    let matcher = Matcher::host(Host::Sso).path("/mobile/api/login");
    rig.control().add_fault(Fault::always(matcher, Effect::HtmlPage));
    rig.session().await;
    assert_eq!(rig.passwords_posted_to(), ["/mobile/api/login", "/sso/signin"]);
}

#[tokio::test]
async fn retired_client_ids_are_passed_over() {
    let rig = Rig::with(account()).await;
    rig.control().set_client_ids(&["GARMIN_CONNECT_MOBILE_IOS_DI"]);
    let session = rig.session().await;
    assert_eq!(session.tokens.client_id(), "GARMIN_CONNECT_MOBILE_IOS_DI");
    assert_eq!(rig.asked(TOKEN), 4);
    rig.control().set_client_ids(&[]);
    assert_eq!(rig.start().await.unwrap_err(), SignInError::TicketRefused);
}

#[tokio::test]
async fn a_limit_at_the_token_endpoint_spends_no_further_client_id() {
    let rig = Rig::with(account()).await;
    let limit = Effect::Status { status: 429, retry_after_secs: Some(30) };
    rig.control().add_fault(Fault::once(Matcher::host(Host::Diauth), limit));
    rig.control().set_gate(Strategy::Widget, Gate::Limited);
    rig.control().set_gate(Strategy::Portal, Gate::Limited);
    assert_eq!(
        rig.start().await.unwrap_err(),
        SignInError::RateLimited { retry_after: Some(Duration::from_secs(30)) }
    );
    assert_eq!(rig.asked(TOKEN), 1);
}

#[tokio::test]
async fn rel45_a_token_the_api_refuses_is_thrown_away_and_the_next_strategy_is_tried() {
    for status in [401, 403] {
        let rig = Rig::with(account()).await;
        let refuse = || Effect::Status { status, retry_after_secs: None };
        let probe = || Matcher::host(Host::Api).path(PROBE);
        rig.control().add_fault(Fault::once(probe(), refuse()));
        rig.session().await;
        assert_eq!(rig.passwords_posted_to(), ["/mobile/api/login", "/sso/signin"], "{status}");
        rig.control().add_fault(Fault::always(probe(), refuse()));
        assert_eq!(rig.start().await.unwrap_err(), SignInError::TokenRefused, "{status}");
    }
}

#[tokio::test]
async fn rel45_a_probe_that_fails_for_other_reasons_costs_nothing_but_the_profile() {
    let rig = Rig::with(account()).await;
    for effect in [
        Effect::Status { status: 503, retry_after_secs: None },
        Effect::Status { status: 429, retry_after_secs: None },
        Effect::Reset,
        Effect::Torn { after_bytes: 20 },
    ] {
        rig.control().clear_faults();
        rig.control()
            .add_fault(Fault::always(Matcher::host(Host::Api).path(PROBE), effect.clone()));
        let session = rig.session().await;
        assert_eq!(session.profile, garmin::Profile::default(), "{effect:?}");
        assert!(!session.tokens.guid().as_str().is_empty());
    }
}

#[tokio::test]
async fn a_name_that_appears_late_is_waited_for_three_times() {
    let rig = Rig::with(account()).await;
    rig.control().hide_display_name(EMAIL, 2);
    assert!(rig.session().await.profile.display_name.is_some());
    rig.control().hide_display_name(EMAIL, 3);
    rig.control().clear_requests();
    let nameless = rig.session().await;
    assert_eq!(nameless.profile.display_name, None);
    assert!(nameless.profile.profile_id.is_some());
    assert_eq!(rig.asked(PROBE), 3);
}

#[tokio::test]
async fn china_is_another_database_with_its_own_names() {
    let rig = Rig::with(account().region(Region::China)).await;
    let china = harness::sign_in_at(rig.simulator.urls_of(Region::China), &rig.clock);
    let Step::SignedIn(session) = harness::start(&china, PASSWORD).await.unwrap() else {
        panic!("a code is asked for")
    };
    assert!(session.profile.display_name.is_some());
    let requests = rig.control().requests();
    let login = requests.iter().find(|request| request.path == "/mobile/api/login").unwrap();
    assert_eq!(login.header("origin"), Some("https://sso.garmin.cn"));
    assert!(login.query.contains("mobile.integration.garmin.cn"));
    for strategy in [Strategy::Mobile, Strategy::Widget] {
        rig.control().set_gate(strategy, Gate::Limited);
        assert!(matches!(harness::start(&china, PASSWORD).await, Ok(Step::SignedIn(_))));
    }
    rig.control().set_gates(Gate::Open);
    assert_eq!(rig.start().await.unwrap_err(), SignInError::BadCredentials);
}

#[tokio::test]
async fn the_password_waits_for_the_pause_and_a_dropped_sign_in_never_sends_it() {
    let rig = Rig::with(account()).await;
    let hours = Duration::from_hours(10)..=Duration::from_hours(20);
    let options = SignInOptions {
        pauses: Pauses { mobile: hours, ..Pauses::none() },
        egress: None,
        entropy: Arc::new(CountingEntropy::default()),
        clock: rig.clock.clone(),
    };
    let sign_in = SignIn::new(rig.upstream().clone(), options).unwrap();
    let mut signing_in = Box::pin(harness::start(&sign_in, PASSWORD));
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while rig.asked("/mobile/sso/") == 0 {
        assert!(std::time::Instant::now() < deadline, "the page is never asked for");
        tokio::select! {
            outcome = &mut signing_in => panic!("no pause: {outcome:?}"),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    }
    drop(signing_in);
    assert!(rig.passwords_posted_to().is_empty());
}

#[tokio::test]
async fn sec103_nothing_printed_names_the_person_or_a_secret() {
    let rig = Rig::with(account()).await;
    let session = rig.session().await;
    let error = harness::start(&rig.sign_in(), "wrong").await.unwrap_err();
    let printed = format!("{session:?} {error:?} {error} {:?}", rig.sign_in());
    let facts = rig.control().season(EMAIL).unwrap();
    for secret in
        [EMAIL, PASSWORD, &facts.full_name, &facts.display_name, session.tokens.guid().as_str()]
    {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

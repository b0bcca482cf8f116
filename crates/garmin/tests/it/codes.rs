//! The second factor, in one process and across two.

use garmin::{MfaError, MfaMethod, PendingMfa, Session, SignInError, Step};
use simulator::{
    AccountState, CodeDelivery, Effect, Fault, Gate, Host, Matcher, Mfa, Strategy, WidgetMfaPage,
};

use crate::harness::{EMAIL, Rig, account};

const STRATEGIES: [Strategy; 3] = [Strategy::Mobile, Strategy::Widget, Strategy::Portal];

const METHODS: [(simulator::MfaMethod, MfaMethod); 3] = [
    (simulator::MfaMethod::Email, MfaMethod::Email),
    (simulator::MfaMethod::Sms, MfaMethod::Sms),
    (simulator::MfaMethod::Totp, MfaMethod::Totp),
];

async fn rig(method: simulator::MfaMethod, open: Strategy) -> Rig {
    let rig = Rig::with(account().mfa(Mfa::generated(method))).await;
    only(&rig, open);
    rig
}

fn only(rig: &Rig, open: Strategy) {
    rig.control().set_gates(Gate::Limited);
    rig.control().set_gate(open, Gate::Open);
}

async fn pending(rig: &Rig) -> PendingMfa {
    match rig.start().await.unwrap() {
        Step::NeedsMfa(pending) => pending,
        Step::SignedIn(_) => panic!("no code was asked for"),
    }
}

fn code(rig: &Rig) -> String {
    rig.control().mfa_code(EMAIL).unwrap()
}

/// A code that is not the right one.
fn other_than(code: &str) -> String {
    if code == "000000" { "000001".into() } else { "000000".into() }
}

async fn verify(rig: &Rig, pending: &PendingMfa, code: &str) -> Result<Session, MfaError> {
    rig.sign_in().verify(pending, code).await
}

/// The pending login as another process would find it.
fn resumed(rig: &Rig, pending: &PendingMfa) -> PendingMfa {
    PendingMfa::from_bytes(&pending.to_bytes(), rig.upstream()).unwrap()
}

#[tokio::test]
async fn every_method_works_on_every_strategy_across_processes() {
    for open in STRATEGIES {
        for (method, expected) in METHODS {
            let rig = rig(method, open).await;
            let pending = resumed(&rig, &pending(&rig).await);
            assert_eq!(pending.method(), expected, "{open:?}");
            let typed = format!(" {}\n", code(&rig));
            let session = verify(&rig, &pending, &typed).await.unwrap();
            assert!(session.profile.display_name.is_some(), "{open:?} {method:?}");
            assert_eq!(rig.control().counters(EMAIL).unwrap().logins, 1);
        }
    }
}

#[tokio::test]
async fn a_wrong_code_keeps_the_login_pending_and_the_right_one_then_works() {
    for open in STRATEGIES {
        for (method, _) in METHODS {
            let rig = rig(method, open).await;
            let mut pending = pending(&rig).await;
            for _ in 0..2 {
                let wrong = other_than(&code(&rig));
                let error = verify(&rig, &pending, &wrong).await.unwrap_err();
                let MfaError::WrongCode { pending: kept } = error else {
                    panic!("{open:?} {method:?}: {error:?}")
                };
                pending = resumed(&rig, &kept);
            }
            assert!(verify(&rig, &pending, &code(&rig)).await.is_ok(), "{open:?} {method:?}");
            assert_eq!(rig.control().counters(EMAIL).unwrap().login_attempts, 1);
        }
    }
}

#[tokio::test]
async fn a_wrong_code_is_sent_once_only() {
    for open in [Strategy::Mobile, Strategy::Portal] {
        let rig = rig(simulator::MfaMethod::Email, open).await;
        rig.control().set_gates(Gate::Open);
        only(&rig, open);
        let pending = pending(&rig).await;
        rig.control().set_gates(Gate::Open);
        let wrong = other_than(&code(&rig));
        verify(&rig, &pending, &wrong).await.unwrap_err();
        let sent = rig.asked("/mobile/api/mfa") + rig.asked("/portal/api/mfa");
        assert_eq!(sent, 1, "{open:?}");
    }
}

#[tokio::test]
async fn a_code_that_cannot_be_right_is_not_sent() {
    let rig = rig(simulator::MfaMethod::Email, Strategy::Mobile).await;
    let pending = pending(&rig).await;
    for typed in ["", "  ", "12\u{0}34", &"1".repeat(100)] {
        let error = verify(&rig, &pending, typed).await.unwrap_err();
        assert!(matches!(error, MfaError::WrongCode { .. }), "{typed:?}");
    }
    assert_eq!(rig.asked("/mobile/api/mfa"), 0);
    assert!(verify(&rig, &pending, &code(&rig)).await.is_ok());
}

#[tokio::test]
async fn the_other_endpoint_verifies_when_the_logins_own_is_closed() {
    for (open, other) in
        [(Strategy::Mobile, Strategy::Portal), (Strategy::Portal, Strategy::Mobile)]
    {
        for gate in [Gate::Limited, Gate::Forbidden] {
            let rig = rig(simulator::MfaMethod::Sms, open).await;
            let pending = pending(&rig).await;
            rig.control().set_gates(gate);
            let error = verify(&rig, &pending, &code(&rig)).await.unwrap_err();
            let expected = match gate {
                Gate::Limited => "rate_limited",
                Gate::Forbidden | Gate::Open | Gate::Captcha => "blocked",
            };
            assert_eq!(error.label(), expected);
            rig.control().set_gate(other, Gate::Open);
            assert!(verify(&rig, &pending, &code(&rig)).await.is_ok(), "{open:?} {gate:?}");
        }
    }
}

#[tokio::test]
async fn the_widget_asks_for_a_code_only_where_none_is_on_its_way() {
    for (delivery, asked) in [(CodeDelivery::OnRequest, 1), (CodeDelivery::Automatic, 0)] {
        for method in [simulator::MfaMethod::Email, simulator::MfaMethod::Sms] {
            let mfa = Mfa { widget_delivery: delivery, ..Mfa::generated(method) };
            let rig = Rig::with(account().mfa(mfa)).await;
            only(&rig, Strategy::Widget);
            let pending = pending(&rig).await;
            assert_eq!(rig.asked("/sso/verifyMFA/mfaCode"), asked, "{method:?}");
            assert_eq!(pending.sent_to().is_some(), asked == 0);
            assert!(verify(&rig, &pending, &code(&rig)).await.is_ok());
        }
    }
    let rig = rig(simulator::MfaMethod::Totp, Strategy::Widget).await;
    pending(&rig).await;
    assert_eq!(rig.asked("/sso/verifyMFA/mfaCode"), 0);
}

#[tokio::test]
async fn a_code_that_cannot_be_delivered_moves_on_to_the_next_strategy() {
    let rig = Rig::with(account().mfa(Mfa::generated(simulator::MfaMethod::Email))).await;
    rig.control().set_gate(Strategy::Mobile, Gate::Limited);
    let deliver = Matcher::host(Host::Sso).path("/sso/verifyMFA/mfaCode");
    let fail = Effect::Status { status: 500, retry_after_secs: None };
    rig.control().add_fault(Fault::always(deliver, fail));
    let pending = pending(&rig).await;
    assert_eq!(rig.passwords_posted_to(), ["/sso/signin", "/portal/api/login"]);
    assert!(verify(&rig, &pending, &code(&rig)).await.is_ok());
}

#[tokio::test]
async fn a_code_page_behind_a_redirect_is_followed() {
    let account = account().mfa(Mfa::generated(simulator::MfaMethod::Email));
    let rig =
        Rig::built(account, |options| options.widget_mfa_page = WidgetMfaPage::Redirect).await;
    only(&rig, Strategy::Widget);
    let pending = resumed(&rig, &pending(&rig).await);
    let wrong = other_than(&code(&rig));
    let error = verify(&rig, &pending, &wrong).await.unwrap_err();
    assert!(matches!(error, MfaError::WrongCode { .. }), "{error:?}");
    assert!(verify(&rig, &pending, &code(&rig)).await.is_ok());
}

#[tokio::test]
async fn only_the_newest_logins_code_counts() {
    let rig = rig(simulator::MfaMethod::Email, Strategy::Mobile).await;
    let first = pending(&rig).await;
    let early = code(&rig);
    let second = pending(&rig).await;
    assert!(matches!(verify(&rig, &first, &early).await.unwrap_err(), MfaError::WrongCode { .. }));
    assert!(verify(&rig, &second, &code(&rig)).await.is_ok());
}

#[tokio::test]
async fn a_login_garmin_no_longer_knows_has_expired() {
    for open in STRATEGIES {
        let rig = rig(simulator::MfaMethod::Email, open).await;
        let pending = pending(&rig).await;
        let right = code(&rig);
        verify(&rig, &pending, &right).await.unwrap();
        let error = verify(&rig, &pending, &right).await.unwrap_err();
        assert!(matches!(error, MfaError::Expired), "{open:?}: {error:?}");
    }
}

#[tokio::test]
async fn garmin_being_down_keeps_the_callers_pending_login_good() {
    for open in STRATEGIES {
        let rig = rig(simulator::MfaMethod::Email, open).await;
        let pending = pending(&rig).await;
        rig.control().add_fault(Fault::always(Matcher::host(Host::Sso), Effect::Reset));
        let error = verify(&rig, &pending, &code(&rig)).await.unwrap_err();
        assert!(matches!(error, MfaError::SignIn(SignInError::Unreachable)), "{error:?}");
        rig.control().clear_faults();
        assert!(verify(&rig, &pending, &code(&rig)).await.is_ok(), "{open:?}");
    }
}

#[tokio::test]
async fn a_token_refused_after_the_code_is_said_so() {
    let rig = rig(simulator::MfaMethod::Totp, Strategy::Mobile).await;
    let pending = pending(&rig).await;
    let refuse = Effect::Status { status: 401, retry_after_secs: None };
    rig.control().add_fault(Fault::always(Matcher::host(Host::Api), refuse));
    let error = verify(&rig, &pending, &code(&rig)).await.unwrap_err();
    assert!(matches!(error, MfaError::AfterCode(SignInError::TokenRefused)), "{error:?}");
}

#[tokio::test]
async fn a_question_for_a_code_ends_the_chain() {
    let rig = Rig::with(account().mfa(Mfa::generated(simulator::MfaMethod::Email))).await;
    pending(&rig).await;
    assert_eq!(rig.passwords_posted_to(), ["/mobile/api/login"]);
    rig.control().set_account_state(EMAIL, AccountState::Locked);
    assert_eq!(rig.start().await.unwrap_err(), SignInError::AccountLocked);
}

#[tokio::test]
async fn a_pending_login_is_bound_to_its_region_and_never_printed() {
    let rig = rig(simulator::MfaMethod::Email, Strategy::Widget).await;
    let pending = pending(&rig).await;
    let china = rig.simulator.urls_of(domain::region::Region::China);
    assert!(PendingMfa::from_bytes(&pending.to_bytes(), china).is_err());
    let stored = String::from_utf8(pending.to_bytes().to_vec()).unwrap();
    assert!(stored.contains("SESSION"));
    let printed = format!("{pending:?}");
    assert!(!printed.contains("SESSION") && !printed.contains("csrf"), "{printed}");
}

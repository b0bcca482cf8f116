//! Every way to sign in, by raw HTTP as the protocol describes it.

use crate::support::{
    CLIENT, Garmin, IOS, PASSWORD, Widget, claims, service, ticket as ticket_in, title, variable,
};
use domain::region::Region;
use serde_json::{Value, json};
use simulator::{
    AccountSpec, AccountState, CodeDelivery, Gate, Mfa, MfaMethod, SimulatorOptions, Strategy,
    WidgetMfaPage,
};

const EMAIL: &str = "jo@example.org";

fn plain() -> AccountSpec {
    AccountSpec::new(EMAIL, PASSWORD)
}

fn kind(body: &Value) -> &str {
    body["responseStatus"]["type"].as_str().unwrap_or("")
}

#[tokio::test]
async fn the_mobile_login_gives_a_ticket_that_buys_a_pair_that_opens_the_profile() {
    let garmin = Garmin::with(plain()).await;
    let client = garmin.browser();
    garmin.load_mobile_page(&client).await;
    let (status, body) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    assert_eq!((status, kind(&body)), (200, "SUCCESSFUL"));
    let ticket = body["serviceTicketId"].as_str().unwrap();
    assert!(ticket.starts_with("ST-") && ticket.ends_with("-sso"), "{ticket}");
    let (status, pair) = garmin.exchange(ticket, IOS, CLIENT).await;
    assert_eq!(status, 200);
    assert_eq!(pair["expires_in"], 97_344);
    assert_eq!(pair["refresh_token_expires_in"], 2_591_999);
    let claims = claims(pair["access_token"].as_str().unwrap());
    assert_eq!(claims["iss"], "https://diauth.garmin.com");
    assert_eq!(claims["client_id"], CLIENT);
    let (status, profile) = garmin
        .get("/userprofile-service/socialProfile", pair["access_token"].as_str().unwrap())
        .await;
    assert_eq!(status, 200);
    assert_eq!(profile["garminGUID"], claims["garmin_guid"]);
    assert_eq!(profile["userName"], EMAIL);
}

#[tokio::test]
async fn a_login_without_the_pages_cookies_or_referer_is_limited() {
    let garmin = Garmin::with(plain()).await;
    let (status, _) = garmin.mobile_login(&garmin.browser(), EMAIL, PASSWORD).await;
    assert_eq!(status, 429);
    let client = garmin.browser();
    garmin.load_mobile_page(&client).await;
    let answer = client
        .post(garmin.mobile_login_url())
        .json(&json!({"username": EMAIL, "password": PASSWORD, "rememberMe": true, "captchaToken": ""}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 429);
    let (status, body) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    assert_eq!((status, kind(&body)), (200, "SUCCESSFUL"));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_enough_of_them_lock_the_account() {
    let garmin = Garmin::with(plain()).await;
    let client = garmin.browser();
    garmin.load_mobile_page(&client).await;
    for _ in 0..5 {
        let (status, body) = garmin.mobile_login(&client, EMAIL, "wrong").await;
        assert_eq!((status, kind(&body)), (401, "INVALID_USERNAME_PASSWORD"));
    }
    let (status, body) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    assert_eq!((status, kind(&body)), (401, "ACCOUNT_LOCKED"));
    assert!(garmin.simulator.control().set_account_state(EMAIL, AccountState::Normal));
    let (status, _) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    assert_eq!(status, 200);
    let (status, body) = garmin.mobile_login(&client, "nobody@example.org", "x").await;
    assert_eq!((status, kind(&body)), (401, "INVALID_USERNAME_PASSWORD"));
}

#[tokio::test]
async fn gates_and_the_reachability_check_tell_how_the_edge_feels() {
    let garmin = Garmin::with(plain()).await;
    let client = garmin.browser();
    let check = || async { client.get(garmin.mobile_login_url()).send().await.unwrap() };
    let answer = check().await;
    assert_eq!(answer.status(), 405);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["instance"], "/mobile/api/login");
    garmin.simulator.control().set_gate(Strategy::Mobile, Gate::Forbidden);
    let answer = check().await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("Just a moment"));
    garmin.simulator.control().set_gate(Strategy::Mobile, Gate::Captcha);
    garmin.load_mobile_page(&client).await;
    let (status, body) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    assert_eq!((status, kind(&body)), (200, "CAPTCHA_REQUIRED"));
    let portal = garmin.browser();
    garmin.load_portal_page(&portal).await;
    let (status, body) = garmin.portal_login(&portal, EMAIL, PASSWORD).await;
    assert_eq!((status, kind(&body)), (200, "SUCCESSFUL"));
}

#[tokio::test]
async fn the_portal_ticket_is_for_the_web_app_only() {
    let garmin = Garmin::with(plain()).await;
    let client = garmin.browser();
    garmin.load_portal_page(&client).await;
    let (_, body) = garmin.portal_login(&client, EMAIL, PASSWORD).await;
    let ticket = body["serviceTicketId"].as_str().unwrap();
    let (status, refusal) = garmin.exchange(ticket, IOS, CLIENT).await;
    assert_eq!((status, refusal["error"].as_str()), (400, Some("invalid_grant")));
    let web = service(Region::Global, "connect", "/app");
    let (status, _) = garmin.exchange(ticket, &web, CLIENT).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_ticket_is_spent_once_and_goes_stale_after_a_minute() {
    let garmin = Garmin::with(plain()).await;
    let client = garmin.browser();
    garmin.load_mobile_page(&client).await;
    let (_, body) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    let ticket = body["serviceTicketId"].as_str().unwrap();
    assert_eq!(garmin.exchange(ticket, IOS, CLIENT).await.0, 200);
    assert_eq!(garmin.exchange(ticket, IOS, CLIENT).await.0, 400);
    let (_, body) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    garmin.advance(61);
    let ticket = body["serviceTicketId"].as_str().unwrap();
    assert_eq!(garmin.exchange(ticket, IOS, CLIENT).await.0, 400);
}

#[tokio::test]
async fn a_wrong_code_keeps_the_login_and_a_later_login_spoils_its_code() {
    let garmin = Garmin::with(plain().mfa(Mfa::generated(MfaMethod::Email))).await;
    let first = garmin.browser();
    garmin.load_mobile_page(&first).await;
    let (status, body) = garmin.mobile_login(&first, EMAIL, PASSWORD).await;
    assert_eq!((status, kind(&body)), (200, "MFA_REQUIRED"));
    assert_eq!(body["customerMfaInfo"]["mfaLastMethodUsed"], "email");
    assert_eq!(body["customerMfaInfo"]["email"], "j***@example.org");
    let early = garmin.simulator.control().mfa_code(EMAIL).unwrap();
    let (_, refused) = garmin.verify_mobile(&first, "email", "not it").await;
    assert_eq!(kind(&refused), "INVALID_MFA_CODE");

    let second = garmin.browser();
    garmin.load_mobile_page(&second).await;
    garmin.mobile_login(&second, EMAIL, PASSWORD).await;
    let late = garmin.simulator.control().mfa_code(EMAIL).unwrap();
    assert_ne!(early, late);
    assert_eq!(kind(&garmin.verify_mobile(&first, "email", &early).await.1), "INVALID_MFA_CODE");
    assert_eq!(kind(&garmin.verify_mobile(&first, "email", &late).await.1), "INVALID_MFA_CODE");
    let (_, done) = garmin.verify_mobile(&second, "email", &late).await;
    assert_eq!(kind(&done), "SUCCESSFUL");
    assert_eq!(done["serviceURL"], IOS);
}

#[tokio::test]
async fn a_code_expires_and_the_other_path_completes_a_login_too() {
    let garmin = Garmin::with(plain().mfa(Mfa::generated(MfaMethod::Sms))).await;
    let client = garmin.browser();
    garmin.load_mobile_page(&client).await;
    garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    let code = garmin.simulator.control().mfa_code(EMAIL).unwrap();
    let (_, done) = garmin.verify_portal(&client, "sms", &code).await;
    assert_eq!(kind(&done), "SUCCESSFUL");
    let ticket = done["serviceTicketId"].as_str().unwrap();
    assert_eq!(garmin.exchange(ticket, IOS, CLIENT).await.0, 200);

    garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    let code = garmin.simulator.control().mfa_code(EMAIL).unwrap();
    garmin.advance(601);
    assert_eq!(kind(&garmin.verify_mobile(&client, "sms", &code).await.1), "INVALID_MFA_CODE");
    assert_eq!(garmin.simulator.control().mfa_code(EMAIL), None);
}

#[tokio::test]
async fn an_authenticator_code_follows_the_clock() {
    let garmin = Garmin::with(plain().mfa(Mfa::generated(MfaMethod::Totp))).await;
    let client = garmin.browser();
    garmin.load_mobile_page(&client).await;
    let (_, body) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    assert_eq!(body["customerMfaInfo"]["mfaLastMethodUsed"], "totp");
    let old = garmin.simulator.control().mfa_code(EMAIL).unwrap();
    garmin.advance(120);
    assert_eq!(kind(&garmin.verify_mobile(&client, "totp", &old).await.1), "INVALID_MFA_CODE");
    let code = garmin.simulator.control().mfa_code(EMAIL).unwrap();
    assert_eq!(kind(&garmin.verify_mobile(&client, "totp", &code).await.1), "SUCCESSFUL");
}

#[tokio::test]
async fn the_widget_signs_in_with_its_form_token_and_says_so_in_the_title() {
    let garmin = Garmin::with(plain()).await;
    let mut widget = Widget::open(&garmin).await;
    let page = widget.submit(EMAIL, "wrong").await;
    assert_eq!(title(&page), "GARMIN Authentication Application");
    assert!(page.contains("Invalid sign in. (Passwords are case sensitive.)"));
    let page = widget.submit(EMAIL, PASSWORD).await;
    assert_eq!(title(&page), "Success");
    let ticket = ticket_in(&page);
    let embed = service(Region::Global, "sso", "/sso/embed");
    assert_eq!(garmin.exchange(&ticket, &embed, CLIENT).await.0, 200);
}

#[tokio::test]
async fn the_widget_refuses_a_stranger_token_and_shows_a_locked_account() {
    let garmin = Garmin::with(plain()).await;
    let mut widget = Widget::open(&garmin).await;
    let csrf = std::mem::replace(&mut widget.csrf, "stolen".to_owned());
    let page = widget.submit(EMAIL, PASSWORD).await;
    assert!(page.contains("An unexpected error has occurred."));
    widget.csrf = csrf;
    garmin.simulator.control().set_account_state(EMAIL, AccountState::Locked);
    let page = widget.submit(EMAIL, PASSWORD).await;
    assert!(title(&page).to_lowercase().contains("locked"));
    garmin.simulator.control().set_account_state(EMAIL, AccountState::Child);
    let page = widget.submit(EMAIL, PASSWORD).await;
    assert!(title(&page).to_lowercase().contains("unable to sign in"));
}

#[tokio::test]
async fn the_widget_sends_a_code_when_asked_and_keeps_the_page_after_a_wrong_one() {
    let garmin = Garmin::with(plain().mfa(Mfa::generated(MfaMethod::Email))).await;
    let mut widget = Widget::open(&garmin).await;
    let page = widget.submit(EMAIL, PASSWORD).await;
    assert!(title(&page).to_lowercase().contains("mfa"));
    assert_eq!(variable(&page, "mfaMethod"), "email");
    assert_eq!(variable(&page, "codeSentTo"), "");
    assert_eq!(garmin.simulator.control().mfa_code(EMAIL), None);
    assert_eq!(widget.ask_for_code(&page).await, 200);
    let code = garmin.simulator.control().mfa_code(EMAIL).unwrap();
    let again = widget.enter(&page, "000000x").await;
    assert_eq!(title(&again), title(&page));
    assert_eq!(variable(&again, "codeSentTo"), "j***@example.org");
    let done = widget.enter(&again, &code).await;
    assert_eq!(title(&done), "Success");
}

#[tokio::test]
async fn the_widgets_code_page_may_live_at_its_own_address() {
    let mfa =
        Mfa { widget_delivery: CodeDelivery::Automatic, ..Mfa::fixed(MfaMethod::Email, "123456") };
    let garmin = Garmin::of(vec![plain().mfa(mfa)], |options: &mut SimulatorOptions| {
        options.widget_mfa_page = WidgetMfaPage::Redirect;
    })
    .await;
    let mut widget = Widget::open(&garmin).await;
    let page = widget.submit(EMAIL, PASSWORD).await;
    assert_eq!(variable(&page, "codeSentTo"), "j***@example.org");
    let done = widget.enter(&page, "123456").await;
    assert_eq!(title(&done), "Success");
}

#[tokio::test]
async fn china_has_its_own_people_and_its_own_token_host() {
    let garmin = Garmin::with(plain().region(Region::China)).await;
    let ios = service(Region::China, "mobile.integration", "/gcm/ios");
    let client = garmin.browser();
    let urls = garmin.simulator.urls_of(Region::China).clone();
    let ticket = garmin.sign_in_at(&client, &urls, &ios, EMAIL).await;
    let global = garmin.simulator.urls_of(Region::Global).clone();
    let (status, refusal) = garmin.exchange_at(&global, &ticket, &ios, CLIENT).await;
    assert_eq!((status, refusal["error"].as_str()), (400, Some("invalid_grant")));
    let (status, pair) = garmin.exchange_at(&urls, &ticket, &ios, CLIENT).await;
    assert_eq!(status, 200);
    let claims = claims(pair["access_token"].as_str().unwrap());
    assert_eq!(claims["iss"], "https://diauth.garmin.cn");
    garmin.load_mobile_page(&client).await;
    let (_, body) = garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    assert_eq!(kind(&body), "INVALID_USERNAME_PASSWORD");
}

#[tokio::test]
async fn what_was_recorded_holds_no_secret() {
    let garmin = Garmin::with(plain()).await;
    let client = garmin.browser();
    garmin.load_mobile_page(&client).await;
    garmin.mobile_login(&client, EMAIL, PASSWORD).await;
    let requests = garmin.simulator.control().requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].account.as_deref(), Some(EMAIL));
    assert_eq!((requests[1].method.as_str(), requests[1].status), ("POST", 200));
    assert!(requests[1].header("referer").unwrap().contains("clientId=GCM_IOS_DARK"));
    assert!(requests[1].cookies.contains(&"SESSION".to_owned()));
    let told = format!("{requests:?}");
    assert!(!told.contains(PASSWORD));
}

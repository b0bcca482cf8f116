//! Answers no simulator gives on request: another spelling, another place, another mistake.

use std::sync::{Arc, Mutex};

use domain::clock::ManualClock;
use domain::entropy::CountingEntropy;
use domain::upstream::BaseUrl;
use garmin::{
    MfaError, Pauses, SignIn, SignInError, SignInOptions, Step, TokenPair, Tokens, Transport,
    TransportOptions,
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::harness::{NOON, PASSWORD, start};
use crate::script::{
    GUID, Line, Script, always, http, json, jwt, once, page, profile, token, widget_pages,
};

#[tokio::test]
async fn cookies_for_garmins_domain_over_https_reach_a_loopback_stand_in() {
    let cookies = "200 OK\r\nSet-Cookie: SESSION=s1; Path=/; Secure; HttpOnly\r\n\
                   Set-Cookie: __cf_bm=c=2; Domain=.garmin.com; Path=/; Secure\r\n\
                   Set-Cookie: pages=3; Path=/mobile/sso\r\n\
                   Set-Cookie: evil=4; Domain=evil.example";
    let script = Script::of([
        always("GET /mobile/sso/", http(cookies, "")),
        always(
            "POST /mobile/api/login",
            json(r#"{"serviceTicketId":"ST-1-x","responseStatus":{"type":"SUCCESSFUL"}}"#),
        ),
        token(GUID),
        profile(),
    ])
    .await;
    assert!(matches!(script.start().await, Ok(Step::SignedIn(_))));
    let page = script.requests("GET /mobile/sso/").remove(0);
    assert!(!page.contains("content-length") && page.contains("accept-encoding: gzip"), "{page}");
    let login = script.requests("POST /mobile/api/login").remove(0);
    assert!(login.contains("cookie: SESSION=s1; __cf_bm=c=2\r\n"), "{login}");
    let body: serde_json::Value =
        serde_json::from_str(login.rsplit("\r\n").next().unwrap()).unwrap();
    assert_eq!(body["password"], PASSWORD);
    let exchange = script.requests("POST /di-oauth2-service").remove(0);
    assert!(!exchange.to_lowercase().contains("cookie:"));
    assert!(
        exchange.contains("service_ticket=ST-1-x&grant_type=https%3A%2F%2Fconnectapi.garmin.com")
    );
    assert!(
        exchange.ends_with("&service_url=https%3A%2F%2Fmobile.integration.garmin.com%2Fgcm%2Fios")
    );
}

#[tokio::test]
async fn an_account_without_a_guid_is_known_by_its_profile() {
    let ticket = r#"{"serviceTicketId":"ST-1","responseStatus":{"type":"SUCCESSFUL"}}"#;
    let guid = |line: Line| async {
        let script = Script::of([
            always("GET /mobile/sso/", http("200 OK", "")),
            always("POST /mobile/api/login", json(ticket)),
            token(r#"{"exp":"1790000000"}"#),
            line,
        ])
        .await;
        script.start().await.map(|step| match step {
            Step::SignedIn(session) => session.tokens.guid().as_str().to_owned(),
            Step::NeedsMfa(_) => panic!("a code is asked for"),
        })
    };
    let named =
        always("GET /userprofile-service", json(r#"{"garminGUID":"G-7","displayName":"x"}"#));
    assert_eq!(guid(named).await.unwrap(), "g-7");
    assert_eq!(guid(profile()).await.unwrap(), "profile:7");
    let nobody = always("GET /userprofile-service", json("{}"));
    assert_eq!(guid(nobody).await.unwrap_err(), SignInError::TokenRefused);
}

#[tokio::test]
async fn a_ticket_may_come_in_a_redirect_which_is_not_followed() {
    let leads = "302 Found\r\nLocation: https://sso.garmin.com/sso/embed?ticket=ST-9-z&x=1";
    let [embed, form] = widget_pages();
    let script = Script::of([
        embed,
        form,
        always("POST /sso/signin", http(leads, "")),
        token(GUID),
        profile(),
    ])
    .await;
    assert!(matches!(script.start().await, Ok(Step::SignedIn(_))));
    assert_eq!(script.requests("GET /sso/embed").len(), 1);
    let posted = script.requests("POST /sso/signin").remove(0);
    assert!(posted.ends_with("&embed=true&_csrf=t%2F1%3D%3D"), "{posted}");
    let exchange = script.requests("POST /di-oauth2-service").remove(0);
    assert!(exchange.contains("service_ticket=ST-9-z&"), "{exchange}");
    assert!(exchange.ends_with("&service_url=https%3A%2F%2Fsso.garmin.com%2Fsso%2Fembed"));
}

#[tokio::test]
async fn sec098_a_redirect_away_from_the_sign_in_host_is_not_followed() {
    let [_, form] = widget_pages();
    let away = "302 Found\r\nLocation: http://192.0.2.1/steal";
    let script = Script::of([always("GET /sso/embed", http(away, "")), form]).await;
    let error = script.start().await.unwrap_err();
    assert_eq!(error.label(), "rate_limited", "the other strategies are limited");
    assert!(script.requests("GET /sso/signin").is_empty());
}

#[tokio::test]
async fn the_widgets_pages_are_understood_by_title_and_banner() {
    for (title, rest, expected) in [
        (
            "GARMIN Authentication Application",
            "<p>Invalid sign in. (Passwords are case sensitive.)",
            SignInError::BadCredentials,
        ),
        ("Account locked", "", SignInError::AccountLocked),
        ("Incorrect password", "", SignInError::BadCredentials),
        ("Unable to Login", "", SignInError::WebLoginNotAllowed),
        ("Just a moment...", "", SignInError::Blocked { retry_after: None }),
        (
            "GARMIN Authentication Application",
            "<p>An unexpected error has occurred.",
            SignInError::RateLimited { retry_after: None },
        ),
    ] {
        let [embed, form] = widget_pages();
        let script = Script::of([embed, form, always("POST /sso/signin", page(title, rest))]).await;
        assert_eq!(script.start().await.unwrap_err(), expected, "{title}: {rest}");
    }
}

#[tokio::test]
async fn a_code_form_that_names_an_expired_or_lost_login_says_so() {
    let challenge = page(
        "GARMIN Authentication Application",
        r#"<script>var mfaMethod = 'totp';</script><input name="_csrf" value="c1">"#,
    );
    for (answer, expired) in [
        (page("MFA code expired", ""), true),
        (page("GARMIN Authentication Application", "<input name=password>"), true),
        (page("GARMIN Authentication Application", "<input name=_csrf value=c2>"), false),
    ] {
        let [embed, form] = widget_pages();
        let script = Script::of([
            embed,
            form,
            always("POST /sso/signin", challenge.clone()),
            once("POST /sso/verifyMFA/loginEnterMfaCode", answer),
            always(
                "POST /sso/verifyMFA/loginEnterMfaCode",
                page("Success", "<script>var u = \"https:\\/\\/x?ticket=ST-5\";</script>"),
            ),
            token(GUID),
            profile(),
        ])
        .await;
        let pending = script.pending().await;
        let error = script.sign_in().verify(&pending, "123456").await.unwrap_err();
        match error {
            MfaError::Expired => assert!(expired),
            MfaError::WrongCode { pending } => {
                assert!(!expired);
                script.sign_in().verify(&pending, "654321").await.unwrap();
                let again = script.requests("POST /sso/verifyMFA").pop().unwrap();
                let form = "mfa-code=654321&embed=true&_csrf=c2&fromPage=setupEnterMfaCode";
                assert!(again.ends_with(form), "{again}");
            }
            MfaError::AfterCode(error) | MfaError::SignIn(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_limit_inside_json_on_both_code_endpoints_is_a_limit() {
    let limited = json(r#"{"error":{"status-code":"429","request-id":"0"}}"#);
    let needs = json(
        r#"{"responseStatus":{"type":"MFA_REQUIRED"},"customerMfaInfo":{"mfaLastMethodUsed":"sms","phoneNumber":"***89"}}"#,
    );
    let script = Script::of([
        always("GET /mobile/sso/", http("200 OK", "")),
        always("POST /mobile/api/login", needs),
        once("POST /mobile/api/mfa", limited.clone()),
        once("POST /portal/api/mfa", limited),
        always("POST /mobile/api/mfa", json(r#"{"responseStatus":{"type":"NOT_THIS_TIME"}}"#)),
        always("POST /portal/api/mfa", http("403 Forbidden", "<html>")),
    ])
    .await;
    let pending = script.pending().await;
    assert_eq!(pending.sent_to(), Some("***89"));
    let error = script.sign_in().verify(&pending, "1").await.unwrap_err();
    assert_eq!(error.label(), "rate_limited");
    let error = script.sign_in().verify(&pending, "1").await.unwrap_err();
    assert_eq!(error.label(), "wrong_code");
    let body = script.requests("POST /mobile/api/mfa").remove(0);
    let body: serde_json::Value =
        serde_json::from_str(body.rsplit("\r\n").next().unwrap()).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"mfaMethod": "sms", "mfaVerificationCode": "1",
            "rememberMyBrowser": true, "reconsentList": [], "mfaSetup": false})
    );
}

#[tokio::test]
async fn a_sign_in_leaves_through_its_egress() {
    let egress = Script::of([
        always("GET http://127.0.0.1:1/p/mobile/sso/", http("200 OK", "")),
        always(
            "POST http://127.0.0.1:1/p/mobile/api/login",
            json(r#"{"responseStatus":{"type":"INVALID_USERNAME_PASSWORD"}}"#),
        ),
    ])
    .await;
    let mut upstream = egress.upstream.clone();
    upstream.sso = BaseUrl::parse("http://127.0.0.1:1/p/").unwrap();
    let options = SignInOptions {
        pauses: Pauses::none(),
        egress: Some(egress.upstream.sso.as_url().clone()),
        entropy: Arc::new(CountingEntropy::default()),
        clock: Arc::new(ManualClock::at(NOON)),
    };
    assert!(!format!("{options:?}").contains("127.0.0.1"));
    let sign_in = SignIn::new(upstream, options).unwrap();
    assert_eq!(start(&sign_in, PASSWORD).await.unwrap_err(), SignInError::BadCredentials);
}

/// Sends every name to one port of this machine, and remembers the names.
struct Names(Mutex<Vec<String>>);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        self.0.lock().unwrap().push(name.as_str().to_owned());
        let addresses: Addrs = Box::new(std::iter::once(([127, 0, 0, 1], 0).into()));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

#[tokio::test]
async fn names_are_resolved_by_whom_the_caller_says() {
    let script = Script::of([token(GUID)]).await;
    let mut upstream = script.upstream.clone();
    let port = upstream.diauth.port();
    upstream.diauth = BaseUrl::parse(&format!("http://localhost:{port}")).unwrap();
    let names = Arc::new(Names(Mutex::default()));
    let options = TransportOptions { resolver: Some(names.clone()), ..TransportOptions::default() };
    let transport = Transport::new(upstream, options).unwrap();
    let tokens = Tokens::new(transport, Arc::new(ManualClock::at(NOON)));
    let file =
        format!(r#"{{"di_token":"{}","di_refresh_token":"r","di_client_id":"ID"}}"#, jwt(GUID));
    let pair = TokenPair::from_bytes(file.as_bytes()).unwrap();
    tokens.refresh(&pair).await.unwrap();
    assert_eq!(*names.0.lock().unwrap(), ["localhost"]);
    let request = script.requests("POST /di-oauth2-service").remove(0);
    assert!(request.contains("authorization: Basic SUQ6\r\n"), "{request}");
    assert!(request.ends_with("grant_type=refresh_token&client_id=ID&refresh_token=r"));
}

#[tokio::test]
async fn a_renewal_for_somebody_else_is_never_handed_out() {
    let script = Script::of([token(r#"{"garmin_guid":"another"}"#)]).await;
    let transport = Transport::new(script.upstream.clone(), TransportOptions::default()).unwrap();
    let tokens = Tokens::new(transport, Arc::new(ManualClock::at(NOON)));
    let file =
        format!(r#"{{"di_token":"{}","di_refresh_token":"r","di_client_id":"ID"}}"#, jwt(GUID));
    let pair = TokenPair::from_bytes(file.as_bytes()).unwrap();
    assert_eq!(tokens.refresh(&pair).await.unwrap_err().label(), "other_account");
}

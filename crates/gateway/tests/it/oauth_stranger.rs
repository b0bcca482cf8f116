//! A client whose document nobody has come with before: sign in first, then it is read, then
//! the person is asked.

use std::net::IpAddr;
use std::time::Duration;

use domain::email::LoginEmail;
use domain::id::SignInId;
use domain::region::Region;
use gateway::sign_in::{Answer, Record, Stage, Submitted};
use http::StatusCode;
use serde_json::json;

use crate::harness::{
    Browser, CODED, Form, McpClient, ORIGIN, Page, RUNNER, TestApp, encode, on_both_databases,
    parameter,
};

const URL: &str = "https://client.example/oauth/client.json";
const CALLBACK: &str = "https://callback.example/cb";

fn stranger(app: &TestApp, url: &str) -> McpClient {
    let mut client = app.client();
    url.clone_into(&mut client.id);
    CALLBACK.clone_into(&mut client.redirect);
    client
}

async fn at_the_form(app: &TestApp) -> (McpClient, Browser, Page) {
    app.publisher.serve(
        URL,
        &json!({ "client_id": URL, "client_name": "A <b>client</b>", "redirect_uris": [CALLBACK] }),
    );
    let client = stranger(app, URL);
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    (client, browser, page)
}

/// Accounts, codes, and what was asked of the publisher.
async fn traces(app: &TestApp) -> (u64, u64, usize) {
    let stats = app.app.store.stats(app.app.clock.now()).await.unwrap();
    (stats.accounts, stats.pending_codes, app.publisher.requests().len())
}

fn is_the_question(page: &Page) -> bool {
    page.forms.iter().any(|form| form.fields.iter().any(|(_, value)| value == "approve"))
}

#[tokio::test]
async fn sec033_sec040_a_stranger_is_read_about_only_after_the_sign_in_and_asked_about_then() {
    for person in [RUNNER, CODED] {
        let app = TestApp::start().await;
        let (client, mut browser, page) = at_the_form(&app).await;
        assert_eq!(page.status(), StatusCode::OK);
        assert!(app.publisher.lookups().is_empty(), "not even a name was looked up");
        let html = &page.reply.body;
        assert!(html.contains("<bdi>client.example</bdi>") && html.contains("Not checked yet"));
        assert!(!html.contains("<bdi>callback.example"), "a stranger's word");
        let policy = page.reply.header("content-security-policy").to_owned();
        assert!(policy.ends_with("form-action 'self'"), "{policy}");
        assert!(page.form_with("password").fields.iter().all(|(name, _)| name != "access"));

        let mut page = browser.sign_in(&page, person).await;
        if person == CODED {
            assert!(page.reply.header("content-security-policy").ends_with("form-action 'self'"));
            assert_eq!(traces(&app).await, (0, 0, 0));
            let code = app.garmin.control().mfa_code(CODED.0).unwrap();
            page = browser.enter_code(&page, &code).await;
        }
        assert_eq!((page.status(), page.location()), (StatusCode::OK, ""));
        assert!(is_the_question(&page) && !page.asks_for("password"));
        assert_eq!(traces(&app).await, (0, 0, 1), "read, and nothing granted");
        let html = &page.reply.body;
        for shown in ["client.example", "callback.example", person.0, "Not verified"] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
        assert!(html.contains("A &#60;b&#62;client") && !html.contains("<b>client"), "{html}");
        let policy = page.reply.header("content-security-policy");
        assert!(policy.contains("form-action 'self' https://callback.example "), "{policy}");

        let answer = browser.decide(&page, "approve").await;
        let code = client.code_of(&answer);
        assert_eq!(parameter(answer.location(), "iss").as_deref(), Some(ORIGIN));
        assert_eq!(parameter(answer.location(), "state").as_ref(), Some(&client.state));
        let tokens = client.tokens_of(&client.redeem(&code).await);
        assert_eq!(tokens.scope, "garmin:read garmin:write");
        assert!(app.accepts(&tokens.access).await);
        assert_eq!(app.garmin.control().counters(person.0).unwrap().login_attempts, 1);
        // The next person meets a client that is known, and is asked on the first page.
        let next = app.browser().open(&client.authorize_url()).await;
        assert!(next.reply.body.contains("<bdi>callback.example</bdi>"));
        assert_eq!(app.publisher.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_password_reads_nobodys_document() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, (RUNNER.0, "wrong")).await;
    assert!(page.alert().unwrap().contains("did not accept") && page.asks_for("password"));
    assert!(app.publisher.lookups().is_empty());
}

#[tokio::test]
async fn a_document_that_does_not_bear_out_the_request_ends_here_with_nothing_granted() {
    for (document, words) in [
        (
            json!({ "client_id": URL, "client_name": "x", "redirect_uris": ["https://other.example/cb"] }),
            "an address it has not registered",
        ),
        (
            json!({ "client_id": "https://client.example/other", "client_name": "x",
                 "redirect_uris": [CALLBACK] }),
            "could not be verified",
        ),
        (
            json!({ "client_id": URL, "client_name": "x", "redirect_uris": [CALLBACK],
                 "client_secret": "s" }),
            "could not be verified",
        ),
        (
            json!({ "client_id": URL, "client_name": "x", "redirect_uris": [CALLBACK],
                 "token_endpoint_auth_method": "private_key_jwt" }),
            "private_key_jwt",
        ),
        (json!([]), "could not be verified"),
    ] {
        let app = TestApp::start().await;
        let (_, mut browser, page) = at_the_form(&app).await;
        app.publisher.serve(URL, &document);
        let end = browser.sign_in(&page, RUNNER).await;
        let again = browser.open(&end.address).await;
        let resent = browser.sign_in(&page, RUNNER).await;
        for end in [end, again, resent] {
            assert_eq!((end.status(), end.location()), (StatusCode::BAD_REQUEST, ""), "{document}");
            let html = &end.reply.body;
            assert!(html.contains(words) && html.contains("nothing was kept"), "{html}");
            assert!(end.forms.is_empty() && end.alert().is_some(), "{html}");
        }
        assert_eq!(traces(&app).await, (0, 0, 1));
        assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 1);
    }
}

#[tokio::test]
async fn a_publisher_that_is_down_costs_nobody_a_second_sign_in() {
    let mut app = TestApp::start().await;
    let (client, mut browser, form) = at_the_form(&app).await;
    app.publisher.set_down(true);
    let page = browser.sign_in(&form, RUNNER).await;
    assert_eq!((page.status(), page.location()), (StatusCode::OK, ""));
    for words in ["Wait half a minute", "client.example", RUNNER.0] {
        assert!(page.reply.body.contains(words), "{words} in {}", page.reply.body);
    }
    let policy = page.reply.header("content-security-policy");
    assert!(policy.ends_with("form-action 'self'"), "{policy}");
    let still_down = browser.decide(&page, "retry").await;
    assert_eq!(still_down.reply.body, page.reply.body);
    let (accounts, codes, _) = traces(&app).await;
    assert_eq!((accounts, codes), (0, 0));

    app.publisher.set_down(false);
    app.advance(31);
    app.restart().await;
    let mut browser = browser.moved_to(&app.browser());
    // Neither the first form nor agreement to what was not shown leads past it.
    assert_eq!(browser.sign_in(&form, RUNNER).await.reply.body, page.reply.body);
    let mut agreed = page.forms[0].clone();
    agreed.fields.retain(|(name, _)| name != "decision");
    assert_eq!(
        browser.submit(&agreed, &[("decision", "approve")]).await.reply.body,
        page.reply.body
    );
    let question = browser.decide(&page, "retry").await;
    assert!(is_the_question(&question), "{:?}", question.reply);
    // The second half of a double click agrees to nothing.
    let twice = browser.decide(&page, "retry").await;
    assert!(is_the_question(&twice) && twice.location().is_empty());
    client.code_of(&browser.decide(&question, "approve").await);
    assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 1);
}

#[tokio::test]
async fn who_does_not_wait_for_the_publisher_leaves_nothing_and_goes_nowhere() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    app.publisher.set_down(true);
    let page = browser.sign_in(&page, RUNNER).await;
    let home = browser.decide(&page, "deny").await;
    assert_eq!((home.status(), home.location()), (StatusCode::OK, ""));
    assert!(home.reply.body.contains("nothing was kept"));
    let (accounts, codes, _) = traces(&app).await;
    assert_eq!((accounts, codes), (0, 0));
    assert!(browser.decide(&page, "retry").await.asks_for("password"), "it is over");
}

#[tokio::test]
async fn t38_sec046_who_cancels_goes_nowhere_before_the_document_and_back_to_the_app_after_it() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    let home = browser.decide(&page, "deny").await;
    assert_eq!((home.status(), home.location()), (StatusCode::OK, ""));
    assert!(home.reply.body.contains("Nothing was connected"));
    assert!(app.publisher.lookups().is_empty());

    let (client, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, RUNNER).await;
    let answer = browser.decide(&page, "deny").await;
    assert!(answer.location().starts_with(&client.redirect), "{}", answer.location());
    assert_eq!(parameter(answer.location(), "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(answer.location(), "iss").as_deref(), Some(ORIGIN));
    assert_eq!(parameter(answer.location(), "state").as_ref(), Some(&client.state));
    let late = browser.decide(&page, "approve").await;
    assert!(late.asks_for("password") && late.location().is_empty(), "it is over");
    let (accounts, codes, _) = traces(&app).await;
    assert_eq!((accounts, codes), (0, 0));
}

#[tokio::test]
async fn t37_sec051_sec052_the_question_survives_reload_restart_and_a_double_click() {
    let mut app = TestApp::start().await;
    let (client, mut browser, form) = at_the_form(&app).await;
    let page = browser.sign_in(&form, RUNNER).await;
    let reloaded = browser.open(&page.address).await;
    assert!(is_the_question(&reloaded));
    // The first form once more, from the back button: no second login.
    let back = browser.sign_in(&form, RUNNER).await;
    assert!(is_the_question(&back));
    assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 1);
    // Nobody else may look on or answer.
    let looked = app.browser().open(&page.address).await;
    assert_eq!(looked.status(), StatusCode::FORBIDDEN);
    assert_eq!(app.browser().decide(&page, "approve").await.status(), StatusCode::FORBIDDEN);

    app.restart().await;
    let mut one = browser.moved_to(&app.browser());
    let mut two = one.clone();
    let (first, second) = tokio::join!(one.decide(&page, "approve"), two.decide(&page, "approve"));
    let (again, seen) = (one.decide(&page, "approve").await, two.open(&page.address).await);
    let code = client.code_of(&first);
    for answer in [second, again, seen] {
        assert_eq!(answer.location(), first.location());
    }
    let (_, codes, fetches) = traces(&app).await;
    assert_eq!((codes, fetches), (1, 1));
    let client = app.client().with(&client);
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t37_sec051_agreeing_on_two_nodes_leads_to_one_code_however_late_the_second_is() {
    on_both_databases(async |app| {
        let (client, mut here, page) = at_the_form(&app).await;
        let page = here.sign_in(&page, RUNNER).await;
        // The other node has read the question, and then takes its time.
        let other = app.another_process().await;
        let id = SignInId::parse(&parameter(&page.address, "sign_in").unwrap()).unwrap();
        let row = other.store.find_sign_in(&id, app.app.clock.now()).await.unwrap().unwrap();
        let record = Record::from_bytes(&row.state).unwrap();
        let Stage::Consent { held, .. } = record.stage.clone() else { panic!("another stage") };
        let first = here.decide(&page, "approve").await;
        let answer = Answer::Approval { held, email: LoginEmail::parse(RUNNER.0).unwrap() };
        let from = IpAddr::from([192, 0, 2, 1]);
        let Submitted::UnderWay(late) = other.sign_ins.submit(&other, row, record, answer, from)
        else {
            panic!("nobody else is at it there")
        };
        assert!(late.ended_within(Duration::from_secs(20)).await);
        let seen = here.open(&page.address).await;
        assert_eq!(seen.location(), first.location());
        let code = client.code_of(&first);
        assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
        app
    })
    .await;
}

#[tokio::test]
async fn t37_sec051_a_double_click_on_allow_may_arrive_at_two_nodes_at_once() {
    on_both_databases(async |app| {
        let (client, mut here, page) = at_the_form(&app).await;
        let page = here.sign_in(&page, RUNNER).await;
        let mut there = here.moved_to(&TestApp::browser_on(app.another_process().await));
        let (first, second) =
            tokio::join!(here.decide(&page, "approve"), there.decide(&page, "approve"));
        // Whoever came second may have been sent to wait for the first.
        let ends: Vec<_> = [first, second].iter().map(|end| end.location().to_owned()).collect();
        let end = ends.iter().find(|end| !end.is_empty()).unwrap();
        for browser in [&mut here, &mut there] {
            assert_eq!(browser.open(&page.address).await.location(), end, "{ends:?}");
        }
        let code = parameter(end, "code").unwrap();
        assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
        assert_eq!(traces(&app).await, (1, 0, 1));
        app
    })
    .await;
}

#[tokio::test]
async fn reading_only_can_be_chosen_after_the_sign_in() {
    let app = TestApp::start().await;
    let (client, mut browser, page) = at_the_form(&app).await;
    let page = browser.sign_in(&page, RUNNER).await;
    let question = |form: &&Form| form.fields.iter().any(|(_, value)| value == "approve");
    let form = page.forms.iter().find(question).unwrap().clone();
    // The region is where the person has signed in, whatever is sent now.
    let answer = browser.submit(&form, &[("access", "read"), ("region", "china")]).await;
    let tokens = client.tokens_of(&client.redeem(&client.code_of(&answer)).await);
    assert_eq!(tokens.scope, "garmin:read");
    let accounts = app.app.store.list_accounts().await.unwrap();
    assert_eq!(accounts[0].region, Region::Global);
}

#[tokio::test]
async fn agreement_before_the_question_is_none() {
    let app = TestApp::start().await;
    let (_, mut browser, page) = at_the_form(&app).await;
    let form = page.form_with("password").clone();
    let handle: Vec<_> = form
        .fields
        .iter()
        .filter(|(name, _)| name == "sign_in" || name == "csrf")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain([("decision", "approve"), ("access", "full")])
        .collect();
    let answer = browser.post(&form.action, &encode(&handle)).await;
    assert!(answer.asks_for("password") && answer.location().is_empty());
    assert_eq!(traces(&app).await, (0, 0, 0));
    // A token of another sign-in is none for the question either.
    let question = browser.sign_in(&page, RUNNER).await;
    let forged: Vec<_> = handle
        .iter()
        .map(|&(name, value)| (name, if name == "csrf" { "ggw_cf_x" } else { value }))
        .collect();
    let refused = browser.post(&form.action, &encode(&forged)).await;
    assert_eq!((refused.status(), refused.location()), (StatusCode::FORBIDDEN, ""));
    assert!(is_the_question(&refused) && is_the_question(&question));
    assert_eq!(traces(&app).await, (0, 0, 1));
}

#[tokio::test]
async fn sec044_a_strangers_flawed_request_is_not_redirected() {
    let app = TestApp::start().await;
    let client = stranger(&app, URL);
    for (name, value) in [
        ("response_type", "token"),
        ("code_challenge", "x"),
        ("scope", "admin"),
        ("prompt", "none"),
        ("resource", "https://other.example/"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "http://evil.example/"),
    ] {
        let page = app.browser().open(&client.authorize_url_with(&[(name, value)])).await;
        assert_eq!((page.status(), page.location()), (StatusCode::BAD_REQUEST, ""), "{name}");
        assert!(page.alert().is_some() && page.forms.is_empty(), "{name}");
    }
    assert!(app.publisher.lookups().is_empty());
}

#[tokio::test]
async fn documents_can_be_switched_off_or_limited_to_hosts() {
    for (setting, id, accepted) in [
        ("off", URL, false),
        ("trusted.example", URL, false),
        ("trusted.example", "https://trusted.example/client.json", true),
        ("open", URL, true),
    ] {
        let app = TestApp::with(&[("CLIENT_DOCUMENTS", setting)]).await;
        let page = app.browser().open(&stranger(&app, id).authorize_url()).await;
        assert_eq!(page.asks_for("password"), accepted, "{setting} {id}");
        if !accepted {
            assert_eq!(page.status(), StatusCode::BAD_REQUEST);
            assert!(page.reply.body.contains("not accepted here"), "{setting}");
        }
        let server = app.get("/.well-known/oauth-authorization-server").await.json();
        let advertised = server["client_id_metadata_document_supported"] == true;
        assert_eq!(advertised, setting != "off");
    }
}

//! What Garmin has accepted when the gateway dies: it is scarce, and it is not lost.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::clock::Clock as _;
use domain::email::LoginEmail;
use domain::entropy::OsEntropy;
use domain::id::{ClientId, GrantId, NodeId, SignInId};
use domain::pkce::Challenge;
use domain::redirect::RedirectUri;
use domain::region::Region;
use domain::scope::Scopes;
use domain::token::AuthorizationCode;
use gateway::sign_in::{Record, Stage};
use http::StatusCode;
use serde_json::json;
use store::{Connect, NewGrant};

use crate::harness::{Browser, McpClient, Page, RUNNER, TestApp, on_both_databases};

/// A sign-in that a process has left the moment before it stored what Garmin gave.
struct Wreck {
    client: McpClient,
    browser: Browser,
    page: Page,
    grant: GrantId,
    code: AuthorizationCode,
    credentials: String,
}

async fn wreck(app: &TestApp) -> Wreck {
    let mut client = app.client();
    client.register("https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let tokens = app.garmin.control().sign_in(RUNNER.0).unwrap();
    let credentials = json!({
        "di_token": tokens.access_token,
        "di_refresh_token": tokens.refresh_token,
        "di_client_id": tokens.client_id,
        "access_expires_at": tokens.access_expires,
        "refresh_expires_at": tokens.refresh_expires,
    })
    .to_string();
    let (grant, code) = (GrantId::generate(&OsEntropy), AuthorizationCode::generate(&OsEntropy));
    let stage = json!({ "working": {
        "worker": {
            "node": NodeId::generate(&OsEntropy),
            "epoch": app.app.store.epoch(),
            "seen_at": app.clock.now(),
            "details": 7,
        },
        "code": null,
        "finishing": {
            "held": {
                "credentials": STANDARD.encode(&credentials),
                "profile": STANDARD.encode("{}"),
            },
            "grant": grant,
            "code": code.reveal(),
        },
    }});
    let store = &app.app.store;
    let id = page.forms[0].action.split_once("sign_in=").unwrap().1;
    let id = SignInId::parse(id.split('&').next().unwrap()).unwrap();
    let row = store.find_sign_in(&id, app.clock.now()).await.unwrap().unwrap();
    let mut record = Record::from_bytes(&row.state).unwrap();
    RUNNER.0.clone_into(&mut record.email);
    record.stage = serde_json::from_value::<Stage>(stage).unwrap();
    let (bytes, now) = (record.to_bytes(), app.clock.now());
    let saved = store.update_sign_in(&id, row.version, &bytes, now);
    assert!(saved.await.unwrap().is_some());
    Wreck { client, browser, page, grant, code, credentials }
}

impl Wreck {
    async fn look(&mut self) -> Page {
        let address = self.page.forms[0].action.clone();
        self.browser.open(&address).await
    }
}

#[tokio::test]
async fn rel23_inv12_what_garmin_accepted_waits_for_one_more_click_after_a_crash() {
    on_both_databases(async |app| {
        let mut wreck = wreck(&app).await;
        let page = wreck.look().await;
        assert!(page.reply.body.contains("http-equiv=\"refresh\""), "perhaps it lives");
        app.advance(11);
        let page = wreck.look().await;
        assert!(page.alert().unwrap().contains("interrupted"), "{:?}", page.alert());
        assert!(!page.asks_for("password"), "{:?}", page.reply);
        let answer = wreck.browser.decide(&page, "approve").await;
        let tokens = wreck.client.redeem(&wreck.client.code_of(&answer)).await;
        assert_eq!(tokens.status, StatusCode::OK);
        assert_eq!(app.garmin.control().counters(RUNNER.0).unwrap().login_attempts, 0);
        app
    })
    .await;
}

#[tokio::test]
async fn rel24_inv4_what_was_stored_before_the_crash_leads_on_by_itself() {
    on_both_databases(async |app| {
        let mut wreck = wreck(&app).await;
        let (now, store) = (app.clock.now(), &app.app.store);
        let connect = Connect {
            region: Region::Global,
            guid: "guid-of-the-runner",
            email: &LoginEmail::parse(RUNNER.0).unwrap(),
            profile: b"{}",
            credentials: wreck.credentials.as_bytes(),
            refresh_expires_at: None,
        };
        let row_client = ClientId::parse(&wreck.client.id).unwrap();
        let grant = NewGrant {
            id: &wreck.grant,
            code: &store.digest(&wreck.code),
            client: &row_client,
            redirect_uri: &RedirectUri::parse("https://client.example/cb").unwrap(),
            challenge: &Challenge::parse(&wreck.client.challenge()).unwrap(),
            scopes: Scopes::ReadWrite,
            tools: None,
            expires_at: now.plus(std::time::Duration::from_mins(10)),
        };
        let connected = store.connect_by_code(&connect, &grant, now).await.unwrap();
        app.advance(11);
        let page = wreck.look().await;
        assert_eq!(wreck.client.code_of(&page), wreck.code.reveal());
        assert_eq!(wreck.client.redeem(wreck.code.reveal()).await.status, StatusCode::OK);
        let stored = store.credentials(&connected.account).await.unwrap().unwrap();
        assert_eq!(stored.generation, connected.generation, "stored once");
        app
    })
    .await;
}

/// The session may have been stored and renewed since, by whoever holds the account by now:
/// stored once more it would sign everybody out.
#[tokio::test]
async fn inv2_a_session_that_was_left_long_ago_is_not_used_again() {
    on_both_databases(async |app| {
        let mut wreck = wreck(&app).await;
        app.advance(10 * 60);
        let page = wreck.look().await;
        assert!(page.asks_for("password"), "{:?}", page.reply);
        assert!(page.alert().unwrap().contains("interrupted"), "{:?}", page.alert());
        app
    })
    .await;
}

//! The token host: who may ask, rotation, and what ends a session.

use domain::region::Region;
use serde_json::Value;
use simulator::{AccountSpec, Effect, Fault, Host, Matcher, TokenLife};

use crate::support::{CLIENT, Garmin, PASSWORD};

const EMAIL: &str = "jo@example.org";
const PROFILE: &str = "/userprofile-service/socialProfile";

async fn garmin() -> Garmin {
    Garmin::with(AccountSpec::new(EMAIL, PASSWORD)).await
}

fn text(body: &Value, key: &str) -> String {
    body[key].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_refresh_kills_the_token_it_used() {
    let garmin = garmin().await;
    let first = garmin.simulator.control().sign_in(EMAIL).unwrap().refresh_token;
    let (status, pair) = garmin.refresh(&first).await;
    assert_eq!(status, 200);
    let second = text(&pair, "refresh_token");
    assert_ne!(first, second);
    let (status, refusal) = garmin.refresh(&first).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_grant".to_owned()));
    assert_eq!(text(&refusal, "error_description"), format!("Invalid refresh token: {first}"));
    assert_eq!(garmin.refresh(&second).await.0, 200, "the newer one lives on");
    let counters = garmin.simulator.control().counters(EMAIL).unwrap();
    assert_eq!((counters.refreshes, counters.rotated), (3, 2));
    assert_eq!((counters.rejected, counters.reused, counters.overlapping), (1, 1, 0));
}

#[tokio::test]
async fn access_tokens_end_by_time_on_request_and_with_the_session() {
    let garmin = garmin().await;
    let control = garmin.simulator.control();
    control.set_token_life(TokenLife { access_secs: 100, refresh_secs: 1_000 });
    let pair = control.sign_in(EMAIL).unwrap();
    assert_eq!(garmin.get(PROFILE, &pair.access_token).await.0, 200);
    garmin.advance(100);
    let (status, body) = garmin.get(PROFILE, &pair.access_token).await;
    assert_eq!((status, text(&body, "message")), (401, "Token is not active".to_owned()));
    let (_, fresh) = garmin.refresh(&pair.refresh_token).await;
    let token = text(&fresh, "access_token");
    assert_eq!(garmin.get(PROFILE, &token).await.0, 200);
    control.expire_access_tokens(Some(EMAIL));
    assert_eq!(garmin.get(PROFILE, &token).await.0, 401);
    let refresh_token = text(&fresh, "refresh_token");
    assert!(control.revoke_session(EMAIL));
    assert_eq!(garmin.refresh(&refresh_token).await.0, 400);
    assert_eq!(garmin.get(PROFILE, "made up").await.0, 401);
}

#[tokio::test]
async fn a_refresh_token_unused_for_its_life_is_dead() {
    let garmin = garmin().await;
    let pair = garmin.simulator.control().sign_in(EMAIL).unwrap();
    garmin.advance(2_592_000);
    assert_eq!(garmin.refresh(&pair.refresh_token).await.0, 400);
}

#[tokio::test]
async fn a_retired_client_id_is_refused_and_leaves_the_ticket_alone() {
    let garmin = garmin().await;
    garmin.simulator.control().set_client_ids(&["GARMIN_CONNECT_MOBILE_ANDROID_DI"]);
    let client = garmin.browser();
    let urls = garmin.simulator.urls().clone();
    let ios = crate::support::IOS;
    let ticket = garmin.sign_in_at(&client, &urls, ios, EMAIL).await;
    let (status, refusal) = garmin.exchange(&ticket, ios, CLIENT).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_client".to_owned()));
    let (status, _) = garmin.exchange(&ticket, ios, "GARMIN_CONNECT_MOBILE_ANDROID_DI").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_lost_answer_still_spent_the_token() {
    let garmin = garmin().await;
    let control = garmin.simulator.control();
    let pair = control.sign_in(EMAIL).unwrap();
    let when = Matcher::host(Host::Diauth).account(EMAIL);
    control.add_fault(Fault::once(when, Effect::DropAnswer));
    assert!(garmin.try_refresh(&pair.refresh_token).await.is_err());
    assert_eq!(garmin.refresh(&pair.refresh_token).await.0, 400);
    let counters = control.counters(EMAIL).unwrap();
    assert_eq!((counters.rotated, counters.reused), (1, 1));
}

#[tokio::test]
async fn refreshes_at_the_same_time_are_counted_as_overlapping() {
    let garmin = garmin().await;
    let control = garmin.simulator.control();
    let pair = control.sign_in(EMAIL).unwrap();
    let slow = Effect::Delay { millis: 150 };
    control.add_fault(Fault::always(Matcher::host(Host::Diauth), slow));
    let (one, other) =
        tokio::join!(garmin.refresh(&pair.refresh_token), garmin.refresh(&pair.refresh_token));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(control.counters(EMAIL).unwrap().overlapping, 1);
}

#[tokio::test]
async fn a_token_of_one_region_means_nothing_to_the_other() {
    let account = AccountSpec::new(EMAIL, PASSWORD).region(Region::China);
    let garmin = Garmin::with(account).await;
    let token = garmin.token_of(EMAIL);
    let status = |region: Region| {
        let url = garmin.simulator.urls_of(region).api.join(PROFILE);
        let client = garmin.browser();
        let token = token.clone();
        async move { client.get(url).bearer_auth(token).send().await.unwrap().status() }
    };
    assert_eq!(status(Region::China).await, 200);
    assert_eq!(status(Region::Global).await, 401);
}

//! What can be made to go wrong, seen from the other end of the wire.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{AccountSpec, ControlSurface, Effect, Fault, Host, Matcher, SimulatorOptions};

use crate::support::{Garmin, PASSWORD};

const EMAIL: &str = "jo@example.org";
const OTHER: &str = "sam@example.org";
const PROFILE: &str = "/userprofile-service/socialProfile";

async fn garmin() -> Garmin {
    let accounts =
        vec![AccountSpec::new(EMAIL, PASSWORD), AccountSpec::new(OTHER, PASSWORD).athlete(2)];
    Garmin::of(accounts, |options: &mut SimulatorOptions| options.control = ControlSurface::Http)
        .await
}

fn profile() -> Matcher {
    Matcher::host(Host::Api).path(PROFILE).method("GET")
}

#[tokio::test]
async fn statuses_and_pages_replace_the_answer() {
    let garmin = garmin().await;
    let token = garmin.token_of(EMAIL);
    let control = garmin.simulator.control();
    let limited = Effect::Status { status: 429, retry_after_secs: Some(17) };
    control.add_fault(Fault::once(profile(), limited));
    let answer = garmin.send(PROFILE, &token).await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "17");
    let quiet = Effect::Status { status: 427, retry_after_secs: None };
    control.add_fault(Fault::once(profile(), quiet));
    let answer = garmin.send(PROFILE, &token).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().get("retry-after")), (427, None));
    control.add_fault(Fault::once(profile(), Effect::Challenge));
    let answer = garmin.send(PROFILE, &token).await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("Just a moment"));
    control.add_fault(Fault::once(profile(), Effect::NoContent));
    assert_eq!(garmin.send(PROFILE, &token).await.unwrap().status(), 204);
    control.add_fault(Fault::once(profile(), Effect::HtmlPage));
    let answer = garmin.send(PROFILE, &token).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(garmin.get(PROFILE, &token).await.0, 200, "each struck once");
}

#[tokio::test]
async fn bodies_break_off_drip_and_come_out_as_half_json() {
    let garmin = garmin().await;
    let token = garmin.token_of(EMAIL);
    let control = garmin.simulator.control();
    control.add_fault(Fault::once(profile(), Effect::Torn { after_bytes: 40 }));
    let torn = garmin.send(PROFILE, &token).await.unwrap();
    assert_eq!(torn.status(), 200);
    assert!(torn.bytes().await.is_err(), "the promised length never came");
    control.add_fault(Fault::once(profile(), Effect::Malformed));
    let half = garmin.send(PROFILE, &token).await.unwrap().bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&half).is_err());
    control.add_fault(Fault::once(profile(), Effect::Trickle { bytes: 300, millis: 20 }));
    let begun = Instant::now();
    let (status, body) = garmin.get(PROFILE, &token).await;
    assert_eq!((status, body["userName"].as_str()), (200, Some(EMAIL)));
    assert!(begun.elapsed() > Duration::from_millis(60), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_reset_is_no_answer_and_does_nothing() {
    let garmin = garmin().await;
    let control = garmin.simulator.control();
    let pair = control.sign_in(EMAIL).unwrap();
    control.add_fault(Fault::once(Matcher::host(Host::Diauth), Effect::Reset));
    assert!(garmin.try_refresh(&pair.refresh_token).await.is_err());
    assert_eq!(control.requests().last().unwrap().status, 0);
    assert_eq!(garmin.refresh(&pair.refresh_token).await.0, 200, "the token was not spent");
}

#[tokio::test]
async fn a_fault_of_one_account_leaves_the_others_alone() {
    let garmin = garmin().await;
    let (token, other) = (garmin.token_of(EMAIL), garmin.token_of(OTHER));
    let down = Effect::Status { status: 503, retry_after_secs: None };
    garmin.simulator.control().add_fault(Fault::always(profile().account(EMAIL), down));
    assert_eq!(garmin.get(PROFILE, &token).await.0, 503);
    assert_eq!(garmin.get(PROFILE, &other).await.0, 200);
    garmin.simulator.control().clear_faults();
    assert_eq!(garmin.get(PROFILE, &token).await.0, 200);
}

#[tokio::test]
async fn another_process_has_the_same_hand_over_http() {
    let garmin = garmin().await;
    let http = garmin.browser();
    let control = format!("http://{}/_control", garmin.simulator.address());
    let pair: Value = http
        .post(format!("{control}/sign-in"))
        .json(&json!({"account": EMAIL}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = pair["access_token"].as_str().unwrap();
    let fault = json!({"when": {"host": "api", "account": EMAIL},
                       "effect": {"status": {"status": 500}}, "firing": {"times": 1}});
    let armed = http.post(format!("{control}/faults")).json(&fault).send().await.unwrap();
    assert_eq!(armed.status(), 201);
    assert_eq!(garmin.get(PROFILE, token).await.0, 500);
    assert_eq!(garmin.get(PROFILE, token).await.0, 200);
    let revoked = http
        .post(format!("{control}/revoke"))
        .json(&json!({"account": EMAIL}))
        .send()
        .await
        .unwrap();
    assert_eq!(revoked.status(), 204);
    assert_eq!(garmin.get(PROFILE, token).await.0, 401);
    let counters: Value =
        http.get(format!("{control}/counters/{EMAIL}")).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (counters["api_calls"].as_u64(), counters["api_refused"].as_u64()),
        (Some(1), Some(1))
    );
    let stranger = http
        .post(format!("{control}/revoke"))
        .json(&json!({"account": "nobody@example.org"}))
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), 404);
}

#[tokio::test]
async fn without_being_asked_for_there_is_no_hand_over_http() {
    let garmin = Garmin::with(AccountSpec::new(EMAIL, PASSWORD)).await;
    let url = format!("http://{}/_control/requests", garmin.simulator.address());
    assert_eq!(garmin.browser().get(url).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_simulator_that_was_shut_down_answers_nobody() {
    let garmin = garmin().await;
    let url = garmin.simulator.urls().api.join(PROFILE);
    let client = garmin.browser();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    garmin.simulator.shutdown().await;
    assert!(client.get(&url).send().await.is_err());
}

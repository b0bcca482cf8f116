//! What an athlete chooses on their page, as calls that are under way and workers feel it.

use domain::scope::Scopes;
use domain::settings::{Settings, UnitSystem};
use domain::token::{PageLink, Token};
use serde_json::{Value, json};
use store::{AuditEvent, day_of};

use crate::rig::Rig;

async fn said(rig: &Rig, token: &str, arguments: Value) -> Value {
    rig.call(token, "read", arguments).await.result()["said"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec057_a_link_is_for_a_device_of_the_account_and_the_store_knows_its_digest_only() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (other, _) = rig.person(1).await;
    let answer = said(&rig, &token, json!({"link": true})).await;
    assert_eq!(answer["answer"], "link", "{answer}");
    let (address, link) = answer["url"].as_str().unwrap().split_once("?token=").unwrap();
    assert!(address.ends_with("/account/link"), "{address}");
    let link = Token::<PageLink>::parse(link).unwrap();
    let now = rig.app.clock.now();
    assert_eq!(answer["expires_at"], now.0 + 600);
    let digest = rig.app.store.digest(&link);
    assert!(rig.app.store.is_link_good(&digest, now).await.unwrap());
    // A worker that names somebody else's device gets nothing.
    let theirs = rig.app.store.list_devices(Some(&other)).await.unwrap().remove(0).id;
    let foreign = said(&rig, &token, json!({"link": true, "of_device": theirs})).await;
    assert_eq!(foreign["answer"], "not_there");
    // A newer one voids it; and nobody fills a log with them.
    for _ in 0..3 {
        assert_eq!(said(&rig, &token, json!({"link": true})).await["answer"], "link");
    }
    assert!(!rig.app.store.is_link_good(&digest, now).await.unwrap());
    let refused = said(&rig, &token, json!({"link": true})).await;
    assert_eq!(refused["answer"], "too_many");
    assert!(refused["retry_after_secs"].as_u64().unwrap() > 0);
    let audit = rig.app.store.account_audit(&account, 100).await.unwrap();
    let issued = audit.iter().filter(|row| row.event == AuditEvent::LinkIssued).count();
    assert_eq!(issued, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_athlete_chooses_counts_from_the_next_call_on() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (store, now) = (&rig.app.store, rig.app.clock.now());
    let usual = said(&rig, &token, json!({"chosen": true})).await;
    let (both, read) = (Scopes::ReadWrite.as_str(), Scopes::ReadOnly.as_str());
    assert_eq!(usual, json!({"zone": null, "units": null, "scopes": both}));
    let settings = Settings {
        units: Some(UnitSystem::Imperial),
        time_zone: Some("Europe/Vienna".to_owned()),
        language: None,
    };
    store.put_settings(&account, &settings, now).await.unwrap();
    store.set_read_only(&account, true, now).await.unwrap();
    rig.app.devices.forget_account(&account);
    let chosen = said(&rig, &token, json!({"chosen": true})).await;
    assert_eq!(chosen, json!({"zone": "Europe/Vienna", "units": "imperial", "scopes": read}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_the_athlete_has_barred_is_said_to_the_model_and_is_no_challenge() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let now = rig.app.clock.now();
    rig.app.store.set_read_only(&account, true, now).await.unwrap();
    rig.app.devices.forget_account(&account);
    let refusal = json!({"status": 403, "scopes": "garmin:read garmin:write"});
    let reply = rig.call(&token, "write", refusal.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("www-authenticate"), "");
    let result = reply.json()["result"].clone();
    assert_eq!(result["isError"], true);
    let error = &result["_meta"]["garmin-gateway/error"];
    assert_eq!(error["code"], "account_read_only");
    assert!(error["message"].as_str().unwrap().contains("/account"), "{error}");
    rig.app.store.set_read_only(&account, false, now).await.unwrap();
    rig.app.devices.forget_account(&account);
    let said = rig.call(&token, "write", json!({"chosen": true})).await.result()["said"].clone();
    assert_eq!(said["scopes"], Scopes::ReadWrite.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load04_calls_are_counted_by_day_and_app_and_failures_with_them() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    for _ in 0..3 {
        rig.call(&token, "read", json!({})).await.result();
    }
    rig.app.store.flush().await.unwrap();
    let today = day_of(rig.app.clock.now());
    let usage = rig.app.store.daily_usage(Some(&account), today).await.unwrap();
    assert_eq!(usage.len(), 1);
    assert_eq!((usage[0].tool.as_str(), usage[0].calls, usage[0].errors), ("read", 3, 0));
    let device = rig.app.store.list_devices(Some(&account)).await.unwrap().remove(0);
    assert_eq!(usage[0].client, device.client);
}

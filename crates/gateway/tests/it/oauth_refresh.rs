//! Renewing and ending what a device holds.

use std::time::Duration;

use domain::clock::Clock;
use gateway::proxy::DeviceCache;
use http::StatusCode;
use store::LeaseOwner;

use crate::harness::{OTHER, RUNNER, TestApp, Tokens, encode};

#[tokio::test]
async fn t58_sec016_a_refresh_gives_a_new_pair_and_both_access_tokens_work() {
    let app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    let second = client.tokens_of(&client.refresh(&first.refresh).await);
    assert_ne!(first.access, second.access);
    assert_ne!(first.refresh, second.refresh);
    assert!(app.accepts(&first.access).await && app.accepts(&second.access).await);
    assert_eq!(second.scope, first.scope);
}

#[tokio::test]
async fn t59_sec018_rel26_a_token_used_again_within_two_minutes_yields_a_sibling() {
    let app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    let one = client.tokens_of(&client.refresh(&first.refresh).await);
    app.advance(119);
    let two = client.tokens_of(&client.refresh(&first.refresh).await);
    assert_ne!(one.refresh, two.refresh);
    assert!(app.accepts(&one.access).await && app.accepts(&two.access).await);
}

#[tokio::test]
async fn t60_sec018_rel26_a_superseded_token_revokes_the_device() {
    let app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    let second = client.tokens_of(&client.refresh(&first.refresh).await);
    let third = client.tokens_of(&client.refresh(&second.refresh).await);
    app.advance(121);
    let reuse = client.refresh(&first.refresh).await;
    assert_eq!((reuse.status, reuse.error().as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert!(!app.accepts(&third.access).await);
    assert_eq!(client.refresh(&third.refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn t64_sec017_another_client_gets_nothing_and_changes_nothing() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let mut other = app.client();
    other.register("https://other.example/cb").await;
    assert_eq!(other.refresh(&tokens.refresh).await.error(), "invalid_grant");
    assert!(app.accepts(&tokens.access).await);
    assert_eq!(client.refresh(&tokens.refresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t65_t66_a_scope_can_be_narrowed_for_a_time_and_never_widened() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let narrow = client.refresh_with(&tokens.refresh, &[("scope", "garmin:read")]).await;
    let narrow = client.tokens_of(&narrow);
    assert_eq!(narrow.scope, "garmin:read");
    let full = client.tokens_of(&client.refresh(&narrow.refresh).await);
    assert_eq!(full.scope, "garmin:read garmin:write");
    let unknown = client.refresh_with(&full.refresh, &[("scope", "admin")]).await;
    assert_eq!(unknown.error(), "invalid_scope");
}

#[tokio::test]
async fn t70_an_access_token_is_no_refresh_token_and_the_reverse() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    assert_eq!(client.refresh(&tokens.access).await.error(), "invalid_grant");
    assert!(app.accepts(&tokens.access).await && !app.accepts(&tokens.refresh).await);
}

#[tokio::test]
async fn an_account_that_must_sign_in_gets_no_new_tokens_until_it_has() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let digest = app.app.store.digest_presented(&tokens.access).unwrap();
    let now = app.app.clock.now();
    let device = app.app.store.find_device_by_access(&digest, now).await.unwrap().unwrap();
    let account = app.app.store.find_account(&device.account).await.unwrap().unwrap();
    let owner = LeaseOwner::generate(&app.app.node, &*app.app.entropy);
    let until = now.plus(std::time::Duration::from_mins(1));
    let (store, generation) = (&app.app.store, account.generation);
    store.take_lease(&account.id, generation, &owner, until, now).await.unwrap();
    assert!(store.mark_sign_in_needed(&account.id, &owner, generation).await.unwrap());
    let refused = client.refresh(&tokens.refresh).await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (StatusCode::BAD_REQUEST, "invalid_grant")
    );
    app.device(RUNNER).await;
    assert_eq!(client.refresh(&tokens.refresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t71_sec024_a_refresh_token_that_is_given_back_ends_everything() {
    let app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    let second = client.tokens_of(&client.refresh(&first.refresh).await);
    for turn in 0..2 {
        let reply = client.revoke(&second.refresh).await;
        assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, ""), "{turn}");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    for tokens in [&first, &second] {
        assert!(!app.accepts(&tokens.access).await);
        assert_eq!(client.refresh(&tokens.refresh).await.error(), "invalid_grant");
    }
}

#[tokio::test]
async fn sec024_an_access_token_that_is_given_back_ends_alone() {
    let app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    let second = client.tokens_of(&client.refresh(&first.refresh).await);
    let body = encode(&[
        ("token", second.access.as_str()),
        ("token_type_hint", "refresh_token"),
        ("client_id", client.id.as_str()),
    ]);
    for turn in 0..2 {
        let reply = client.post("/oauth/revoke", &body, None).await;
        assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, ""), "{turn}");
    }
    assert!(!app.accepts(&second.access).await && app.accepts(&first.access).await);
    // Nobody gives back what has not arrived: the response was not lost.
    app.advance(121);
    assert_eq!(client.refresh(&first.refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn t72_sec024_what_is_not_the_clients_to_give_back_changes_nothing() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let mut other = app.client();
    other.register("https://other.example/cb").await;
    for token in [tokens.access.as_str(), &tokens.refresh, "ggw_at_unknown-unknown", "x", "ü"] {
        let reply = other.revoke(token).await;
        assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, ""), "{token}");
    }
    assert!(app.accepts(&tokens.access).await);
    assert_eq!(client.refresh(&tokens.refresh).await.status, StatusCode::OK);

    let redirect = "https://client.example/cb";
    let mut confidential = app.client();
    let body = serde_json::json!({
        "redirect_uris": [redirect], "token_endpoint_auth_method": "client_secret_post",
    });
    confidential.register_as(redirect, &body).await;
    let reply = confidential.revoke(&tokens.access).await;
    assert_eq!((reply.status.as_u16(), reply.error().as_str()), (401, "invalid_client"));
    let missing = client.post("/oauth/revoke", &encode(&[("client_id", &client.id)]), None).await;
    assert_eq!((missing.status.as_u16(), missing.error().as_str()), (400, "invalid_request"));
    let query = client.post("/oauth/revoke?token=x", "", None).await;
    assert_eq!((query.status.as_u16(), query.error().as_str()), (400, "invalid_request"));
}

#[tokio::test]
async fn t61_a_response_that_was_lost_can_be_asked_for_again_and_its_child_is_dead() {
    let app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    let lost = client.tokens_of(&client.refresh(&first.refresh).await);
    app.advance(600);
    let again = client.tokens_of(&client.refresh(&first.refresh).await);
    assert!(!app.accepts(&lost.access).await && app.accepts(&again.access).await);
    assert_eq!(client.refresh(&lost.refresh).await.error(), "invalid_grant");
    assert!(!app.accepts(&again.access).await, "somebody else had the lost response");
}

#[tokio::test]
async fn t69_a_gateway_that_dies_before_its_answer_left_costs_nobody_a_sign_in() {
    let mut app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    // Committed, and never seen by the client.
    client.refresh(&first.refresh).await;
    app.restart().await;
    app.advance(300);
    let client = app.client().with(&client);
    let pair = client.tokens_of(&client.refresh(&first.refresh).await);
    assert!(app.accepts(&pair.access).await);
}

#[tokio::test]
async fn t62_rel26_of_twenty_at_once_ten_get_a_pair_and_nobody_is_thrown_out() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    let all = (0..20).map(|_| client.refresh(&tokens.refresh));
    let replies = futures_util::future::join_all(all).await;
    let (good, bad): (Vec<_>, Vec<_>) =
        replies.iter().partition(|reply| reply.status == StatusCode::OK);
    assert_eq!(good.len(), 10);
    assert!(bad.iter().all(|reply| reply.error() == "invalid_grant"));
    let pair = client.tokens_of(good[0]);
    assert!(app.accepts(&pair.access).await && app.accepts(&tokens.access).await);
    assert_eq!(client.refresh(&pair.refresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t63_a_grandparent_within_its_grace_ends_the_device() {
    let app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    let second = client.tokens_of(&client.refresh(&first.refresh).await);
    let third = client.tokens_of(&client.refresh(&second.refresh).await);
    assert_eq!(client.refresh(&first.refresh).await.error(), "invalid_grant");
    assert!(!app.accepts(&third.access).await);
}

#[tokio::test]
async fn a_device_that_never_stops_renewing_is_told_when_to_come_back() {
    let app = TestApp::start().await;
    let (client, first) = app.device(RUNNER).await;
    let mut tokens = first;
    let limited = loop {
        let reply = client.refresh(&tokens.refresh).await;
        if reply.status != StatusCode::OK {
            break reply;
        }
        tokens = client.tokens_of(&reply);
    };
    assert_eq!((limited.status.as_u16(), limited.error().as_str()), (429, "slow_down"));
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=600).contains(&wait), "{wait}");
    assert!(app.accepts(&tokens.access).await);
    app.advance(wait);
    assert_eq!(client.refresh(&tokens.refresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t67_t145_a_device_ends_after_a_year_unused_and_after_two_however_used() {
    const DAY: u64 = 86_400;
    let app = TestApp::start().await;
    let (client, idle) = app.device(RUNNER).await;
    app.advance(365 * DAY);
    let late = client.refresh(&idle.refresh).await;
    assert_eq!((late.status.as_u16(), late.error().as_str()), (400, "invalid_grant"));

    let (client, mut tokens) = app.device(RUNNER).await;
    for _ in 0..2 {
        app.advance(364 * DAY);
        tokens = client.tokens_of(&client.refresh(&tokens.refresh).await);
    }
    app.advance(2 * DAY);
    assert_eq!(client.refresh(&tokens.refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn t68_removed_access_stays_removed() {
    let app = TestApp::start().await;
    let (client, tokens) = app.device(RUNNER).await;
    app.app.store.revoke_all(app.clock.now()).await.unwrap();
    assert!(!app.accepts(&tokens.access).await);
    let reply = client.refresh(&tokens.refresh).await;
    assert_eq!((reply.status.as_u16(), reply.error().as_str()), (400, "invalid_grant"));
}

#[tokio::test]
async fn sec140_what_happens_to_access_is_written_down_without_secrets() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    let first = client.tokens_of(&client.redeem(&code).await);
    let second = client.tokens_of(&client.refresh(&first.refresh).await);
    client.tokens_of(&client.refresh(&first.refresh).await);
    client.revoke(&second.access).await;
    client.refresh(&second.refresh).await;
    assert_eq!(client.refresh(&first.refresh).await.error(), "invalid_grant");
    let rows = app.app.store.list_audit(100).await.unwrap();
    let mut told: Vec<_> = rows.iter().map(|row| row.event.as_str()).collect();
    told.sort_unstable();
    let mut expected = [
        "client_registered",
        "account_connected",
        "device_added",
        "refresh_rotated",
        "refresh_grace",
        "token_revoked",
        "refresh_rotated",
        "refresh_reuse",
    ];
    expected.sort_unstable();
    assert_eq!(told, expected);
    let known =
        |row: &&store::AuditRow| row.client.as_ref().is_some_and(|id| id.as_str() == client.id);
    assert_eq!(rows.iter().filter(known).count(), rows.len());
    let text = serde_json::to_string(&rows).unwrap();
    assert!(!text.contains("ggw_") && !text.contains('@'), "{text}");
}

#[tokio::test]
async fn what_is_cached_of_one_device_or_account_is_forgotten_alone() {
    let app = TestApp::start().await;
    let (_, first) = app.device(RUNNER).await;
    let (_, second) = app.device(OTHER).await;
    let cache = DeviceCache::new(app.app.store.clone(), Duration::from_hours(1));
    let find = async |tokens: &Tokens| {
        cache.find(&tokens.access, app.app.clock.now(), || Ok(())).await.unwrap()
    };
    let (ours, theirs) = (find(&first).await.unwrap(), find(&second).await.unwrap());
    for device in [&ours, &theirs] {
        app.app.store.revoke_device(&device.device).await.unwrap();
    }
    assert!(find(&first).await.is_some(), "only the cache knows it");
    cache.forget_device(&ours.device);
    assert!(find(&first).await.is_none() && find(&second).await.is_some());
    cache.forget_account(&theirs.account);
    assert!(find(&second).await.is_none());
}

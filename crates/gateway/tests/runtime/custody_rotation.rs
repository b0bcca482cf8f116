use domain::clock::Clock as _;
use domain::contract::CredentialsAnswer;
use domain::id::Generation;
use serde_json::json;
use simulator::{Effect, Fault, Host, Matcher};
use store::AccountState;

use crate::rig::{Rig, email};

fn granted(answer: CredentialsAnswer) -> (String, Generation) {
    match answer {
        CredentialsAnswer::Granted(grant) => (grant.token.reveal().to_owned(), grant.generation),
        CredentialsAnswer::SignInNeeded | CredentialsAnswer::Unavailable { .. } => {
            panic!("{answer:?}")
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_current_token_is_handed_out_and_a_refused_one_is_renewed() {
    let rig = Rig::start().await;
    let (account, generation) = rig.sign_in(0).await;
    let custody = &rig.app.custody;
    let (first, current) = granted(custody.credentials_for(&account, None).await);
    assert_eq!(current, generation);
    let (second, newer) = granted(custody.credentials_for(&account, Some(current)).await);
    assert_eq!(newer, current.next());
    assert_ne!(first, second);
    // The refusal of a generation that is history changes nothing.
    let (third, same) = granted(custody.credentials_for(&account, Some(current)).await);
    assert_eq!((third, same), (second, newer));
    assert_eq!(rig.garmin.control().counters(&email(0)).unwrap().rotated, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusing_a_generation_that_does_not_exist_renews_once_and_no_more() {
    let rig = Rig::start().await;
    let (account, generation) = rig.sign_in(0).await;
    let answer = rig.app.custody.credentials_for(&account, Some(Generation(i64::MAX))).await;
    assert_eq!(granted(answer).1, generation.next());
    assert_eq!(rig.garmin.control().counters(&email(0)).unwrap().rotated, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv3_fifty_questions_at_once_renew_once() {
    let rig = Rig::start().await;
    let (account, generation) = rig.sign_in(0).await;
    let asked = (0..50).map(|_| rig.app.custody.credentials_for(&account, Some(generation)));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(granted(answer).1, generation.next());
    }
    assert_eq!(rig.garmin.control().counters(&email(0)).unwrap().refreshes, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel48_inv3_two_nodes_on_one_store_renew_once() {
    let rig = Rig::start().await;
    let other = rig.another_node().await;
    let (account, mut generation) = rig.sign_in(0).await;
    for _ in 0..10 {
        let (one, two) = tokio::join!(
            rig.app.custody.credentials_for(&account, Some(generation)),
            other.custody.credentials_for(&account, Some(generation)),
        );
        assert_eq!(granted(one), granted(two));
        generation = generation.next();
    }
    let counters = rig.garmin.control().counters(&email(0)).unwrap();
    assert_eq!((counters.rotated, counters.reused, counters.overlapping), (10, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_leaves_does_not_lose_the_new_token() {
    let rig = Rig::start().await;
    let (account, generation) = rig.sign_in(0).await;
    let slow = Matcher::host(Host::Diauth);
    rig.garmin.control().add_fault(Fault::once(slow, Effect::Delay { millis: 50 }));
    let asked = rig.app.custody.credentials_for(&account, Some(generation));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(10), asked).await.is_err());
    rig.app.tasks.close();
    rig.app.tasks.wait().await;
    let stored = rig.app.store.credentials(&account).await.unwrap().unwrap();
    assert_eq!(stored.generation, generation.next());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel37_trouble_at_garmin_never_asks_for_a_sign_in() {
    for effect in [
        Effect::Status { status: 500, retry_after_secs: None },
        Effect::Status { status: 429, retry_after_secs: Some(7) },
        Effect::Challenge,
        Effect::HtmlPage,
        Effect::Reset,
        Effect::Malformed,
    ] {
        let rig = Rig::start().await;
        let (account, generation) = rig.sign_in(0).await;
        let fault = Fault::once(Matcher::host(Host::Diauth), effect.clone());
        rig.garmin.control().add_fault(fault);
        let answer = rig.app.custody.credentials_for(&account, Some(generation)).await;
        assert!(matches!(answer, CredentialsAnswer::Unavailable { .. }), "{effect:?}: {answer:?}");
        let stored = rig.app.store.credentials(&account).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.generation), (AccountState::Live, generation));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel46_a_refused_refresh_token_asks_for_a_sign_in_and_a_sign_in_ends_that() {
    let rig = Rig::start().await;
    let (account, generation) = rig.sign_in(0).await;
    rig.garmin.control().revoke_session(&email(0));
    let answer = rig.app.custody.credentials_for(&account, Some(generation)).await;
    assert_eq!(answer, CredentialsAnswer::SignInNeeded);
    let asked = rig.garmin.control().counters(&email(0)).unwrap().refreshes;
    let again = rig.app.custody.credentials_for(&account, None).await;
    assert_eq!(again, CredentialsAnswer::SignInNeeded);
    assert_eq!(rig.garmin.control().counters(&email(0)).unwrap().refreshes, asked);
    let (account, newer) = rig.sign_in(0).await;
    rig.app.signed_in(&account, newer);
    assert_eq!(granted(rig.app.custody.credentials_for(&account, Some(generation)).await).1, newer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel44_a_sign_in_during_a_renewal_wins() {
    let rig = Rig::start().await;
    let (account, generation) = rig.sign_in(0).await;
    let slow = Matcher::host(Host::Diauth);
    rig.garmin.control().add_fault(Fault::once(slow, Effect::Delay { millis: 400 }));
    let renewal = rig.app.custody.credentials_for(&account, Some(generation));
    let sign_in = async {
        let struck = || rig.garmin.control().faults().is_empty();
        crate::rig::until("the renewal is under way", struck).await;
        rig.sign_in(0).await.1
    };
    let (answer, newest) = tokio::join!(renewal, sign_in);
    assert_eq!(granted(answer).1, newest);
    let stored = rig.app.store.credentials(&account).await.unwrap().unwrap();
    assert_eq!((stored.generation, stored.state), (newest, AccountState::Live));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_gets_a_newer_token_over_its_channel() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let first = rig.call(&token, "read", json!({})).await.result();
    let reply = rig.call(&token, "read", json!({"refuse": first["generation"]})).await.result();
    assert_ne!(reply["said"]["token"], first["token"]);
    assert_eq!(
        reply["said"]["generation"].as_i64().unwrap(),
        first["generation"].as_i64().unwrap() + 1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_renewal_longer_than_a_call_can() {
    let rig = Rig::start().await;
    let (account, generation) = rig.sign_in(0).await;
    let held = Matcher::host(Host::Diauth);
    rig.garmin.control().add_fault(Fault::once(held, Effect::Delay { millis: 27_000 }));
    let began = tokio::time::Instant::now();
    let answer = rig.app.custody.credentials_for(&account, Some(generation)).await;
    assert_eq!(answer, CredentialsAnswer::Unavailable { retry_after_secs: 5 });
    assert!(began.elapsed() < std::time::Duration::from_secs(27), "{:?}", began.elapsed());
    // It went on without whoever asked first, and whoever asks next has its result.
    let next = rig.app.custody.credentials_for(&account, Some(generation)).await;
    assert_eq!(granted(next).1, generation.next());
    assert_eq!(rig.garmin.control().counters(&email(0)).unwrap().rotated, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_has_every_token_refused_costs_three_renewals_and_no_more() {
    let rig = Rig::with("normal", &[("RATE_LIMITS", "on")]).await;
    let (account, mut generation) = rig.sign_in(0).await;
    for _ in 0..3 {
        let asked = (0..20).map(|_| rig.app.custody.credentials_for(&account, Some(generation)));
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(granted(answer).1, generation.next(), "many that ask at once count as one");
        }
        generation = generation.next();
    }
    for _ in 0..20 {
        let answer = rig.app.custody.credentials_for(&account, Some(generation)).await;
        let CredentialsAnswer::Unavailable { retry_after_secs } = answer else {
            panic!("{answer:?}")
        };
        assert!((1..=60).contains(&retry_after_secs), "{retry_after_secs}");
    }
    assert_eq!(rig.garmin.control().counters(&email(0)).unwrap().refreshes, 3);
    // A token that has ended is another matter: nobody has to take anybody's word for it.
    rig.clock.advance(std::time::Duration::from_hours(48));
    let answer = rig.app.custody.credentials_for(&account, None).await;
    assert_eq!(granted(answer).1, generation.next());
}

/// Garmin ends the session while it is asked to renew it, and the person signs in again before
/// the refusal arrives: it is about a generation that nobody uses any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel44_inv2_a_late_refusal_of_an_old_generation_signs_nobody_out() {
    let rig = Rig::start().await;
    let (account, generation) = rig.sign_in(0).await;
    let slow = Fault::once(Matcher::host(Host::Diauth), Effect::Delay { millis: 400 });
    rig.garmin.control().add_fault(slow);
    let renewal = rig.app.custody.credentials_for(&account, Some(generation));
    let sign_in = async {
        let struck = || rig.garmin.control().faults().is_empty();
        crate::rig::until("the renewal is under way", struck).await;
        assert!(rig.garmin.control().revoke_session(&email(0)));
        rig.sign_in(0).await.1
    };
    let (answer, newest) = tokio::join!(renewal, sign_in);
    assert_eq!(granted(answer).1, newest);
    assert_eq!(rig.garmin.control().counters(&email(0)).unwrap().rejected, 1);
    let stored = rig.app.store.credentials(&account).await.unwrap().unwrap();
    assert_eq!((stored.generation, stored.state), (newest, AccountState::Live));
}

/// Just before a token ends, when it does, and after: a newer one each time, or the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel47_a_token_about_to_end_is_renewed_before_anybody_is_refused() {
    let rig = Rig::start().await;
    let (account, _) = rig.sign_in(0).await;
    for left in [121_i64, 119, 59, 1, 0, -1] {
        let answer = rig.app.custody.credentials_for(&account, None).await;
        let CredentialsAnswer::Granted(grant) = answer else { panic!("{left}: {answer:?}") };
        let now = rig.clock.now();
        let ends = u64::try_from(grant.expires_at.0 - now.0 - left).unwrap();
        rig.clock.advance(std::time::Duration::from_secs(ends));
        let next = rig.app.custody.credentials_for(&account, None).await;
        let CredentialsAnswer::Granted(next) = next else { panic!("{left}: {next:?}") };
        let renewed = next.generation != grant.generation;
        assert_eq!(renewed, left <= 120, "{left} s before its end");
        assert!(next.expires_at > rig.clock.now(), "{left}");
    }
    let counters = rig.garmin.control().counters(&email(0)).unwrap();
    assert_eq!((counters.reused, counters.rejected), (0, 0));
}

/// A pair nobody has used for ten days is renewed while it can be, time after time: a pause in
/// training costs no sign-in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_of_a_year_costs_no_sign_in() {
    let rig = Rig::start().await;
    let (account, _) = rig.person(0).await;
    let first = rig.app.store.credentials(&account).await.unwrap().unwrap().generation;
    for turn in 1..=36 {
        rig.clock.advance(std::time::Duration::from_hours(10 * 24 + 1));
        let now = rig.clock.now();
        let before = now.minus(std::time::Duration::from_hours(10 * 24));
        assert_eq!(rig.app.store.accounts_to_refresh(before, now, 10).await.unwrap().len(), 1);
        assert_eq!(granted(rig.app.custody.keep_alive(&account).await).1.0, first.0 + turn);
    }
    let counters = rig.garmin.control().counters(&email(0)).unwrap();
    assert_eq!((counters.rotated, counters.rejected), (36, 0));
}

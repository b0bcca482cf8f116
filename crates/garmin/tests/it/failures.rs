//! What a reader does when Garmin, the line or the token is not well.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::id::Generation;
use garmin::days::Day;
use garmin::{Garmin, GarminError, GarminOptions};
use simulator::{Effect, Fault, Host, Matcher, TokenLife};

use crate::harness::{EMAIL, Rig, account, quick};

const STRESS: &str = "/wellness-service/wellness/dailyStress";

fn api() -> Matcher {
    Matcher::host(Host::Api)
}

fn status(status: u16) -> Effect {
    Effect::Status { status, retry_after_secs: None }
}

fn today() -> Day {
    "2026-05-10".parse().unwrap()
}

fn settled() -> Day {
    "2026-05-01".parse().unwrap()
}

async fn read(garmin: &Garmin) -> Result<(), GarminError> {
    garmin.stress(today()).await.map(|stress| assert!(stress.is_some()))
}

#[tokio::test]
async fn rel38_an_expired_token_is_replaced_once_naming_its_generation() {
    let rig = Rig::with(account()).await;
    let (garmin, holder) = rig.reader().await;
    read(&garmin).await.unwrap();
    rig.control().expire_access_tokens(Some(EMAIL));
    read(&garmin).await.unwrap();
    read(&garmin).await.unwrap();
    assert_eq!(holder.refusals(), [None, Some(Generation(1))]);
    assert_eq!(rig.control().counters(EMAIL).unwrap().rotated, 1);
}

#[tokio::test]
async fn many_calls_with_one_dead_token_ask_for_one_new_one() {
    let rig = Rig::with(account()).await;
    let (garmin, holder) = rig.reader().await;
    read(&garmin).await.unwrap();
    rig.control().expire_access_tokens(Some(EMAIL));
    let calls: Vec<_> = (0..8).map(|_| read(&garmin)).collect();
    for call in futures(calls).await {
        call.unwrap();
    }
    assert_eq!(holder.refusals(), [None, Some(Generation(1))]);
}

/// Runs the futures together without another dependency.
async fn futures<T>(calls: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut calls: Vec<_> = calls.into_iter().map(|call| (Box::pin(call), None)).collect();
    std::future::poll_fn(|context| {
        for (call, done) in &mut calls {
            if done.is_none()
                && let std::task::Poll::Ready(value) = call.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if calls.iter().all(|(_, done)| done.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    calls.into_iter().map(|(_, done)| done.unwrap()).collect()
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_too_is_not_called_a_sign_in() {
    let rig = Rig::with(account()).await;
    let (garmin, holder) = rig.reader().await;
    rig.control().add_fault(Fault::always(api(), status(401)));
    assert_eq!(read(&garmin).await, Err(GarminError::TokenRefused));
    assert_eq!(holder.refusals(), [None, Some(Generation(1)), Some(Generation(2))]);
    assert_eq!(rig.asked(STRESS), 3);
    // Every further token would cost a rotation and be refused as well.
    assert_eq!(read(&garmin).await, Err(GarminError::TokenRefused));
    assert_eq!(holder.refusals().len(), 3);
    rig.clock.advance(Duration::from_mins(1));
    assert_eq!(read(&garmin).await, Err(GarminError::TokenRefused));
    assert_eq!(holder.refusals().last(), Some(&Some(Generation(4))));
    rig.control().clear_faults();
    read(&garmin).await.unwrap();
}

#[tokio::test]
async fn a_replacement_that_was_issued_long_ago_may_be_dead_as_well() {
    let rig = Rig::with(account()).await;
    let (garmin, holder) = rig.reader().await;
    rig.control().add_fault(Fault::times(2, api(), status(401)));
    read(&garmin).await.unwrap();
    assert_eq!(holder.refusals(), [None, Some(Generation(1)), Some(Generation(2))]);
}

#[tokio::test]
async fn rel38_a_sign_in_is_needed_only_when_the_source_says_so() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    rig.control().revoke_session(EMAIL);
    assert_eq!(read(&garmin).await, Err(GarminError::SignInNeeded));
}

#[tokio::test]
async fn a_source_without_tokens_is_unavailable_and_the_next_call_asks_again() {
    let rig = Rig::with(account()).await;
    let (garmin, holder) = rig.reader().await;
    holder.unavailable.store(1, Ordering::SeqCst);
    let seven = Some(Duration::from_secs(7));
    assert_eq!(read(&garmin).await, Err(GarminError::Unavailable { retry_after: seven }));
    assert_eq!(rig.asked("/"), 0);
    read(&garmin).await.unwrap();
}

#[tokio::test]
async fn a_token_is_replaced_before_it_expires_and_used_on_while_it_lives() {
    let rig = Rig::with(account()).await;
    rig.control().set_token_life(TokenLife { access_secs: 86_400, refresh_secs: 2_591_999 });
    let (garmin, holder) = rig.reader().await;
    read(&garmin).await.unwrap();
    rig.clock.advance(Duration::from_secs(86_400 - 901));
    read(&garmin).await.unwrap();
    assert_eq!(holder.refusals(), [None]);
    rig.clock.advance(Duration::from_secs(2));
    holder.unavailable.store(1, Ordering::SeqCst);
    read(&garmin).await.unwrap();
    assert_eq!(rig.control().counters(EMAIL).unwrap().rotated, 0);
    rig.clock.advance(Duration::from_mins(1));
    read(&garmin).await.unwrap();
    let named = Some(Generation(1));
    assert_eq!(holder.refusals(), [None, named, named]);
    assert_eq!(rig.control().counters(EMAIL).unwrap().rotated, 1);
    assert_eq!(rig.control().counters(EMAIL).unwrap().api_refused, 0);
}

#[tokio::test]
async fn rel37_reads_are_tried_again_after_failures_that_pass() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    for effect in [status(500), status(503), Effect::Reset, Effect::Torn { after_bytes: 40 }] {
        rig.control().clear_requests();
        rig.control().add_fault(Fault::times(3, api(), effect.clone()));
        read(&garmin).await.unwrap();
        assert_eq!(rig.asked(STRESS), 4, "{effect:?}");
    }
}

#[tokio::test]
async fn rel37_failures_that_last_are_reported_after_four_tries() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    for (effect, error) in [
        (status(502), GarminError::Upstream5xx { status: 502, retry_after: None }),
        (Effect::Reset, GarminError::Unreachable),
        (Effect::Torn { after_bytes: 40 }, GarminError::Torn),
    ] {
        rig.control().clear_faults();
        rig.control().clear_requests();
        rig.control().add_fault(Fault::always(api(), effect.clone()));
        assert_eq!(read(&garmin).await, Err(error));
        assert_eq!(rig.asked(STRESS), 4, "{effect:?}");
    }
}

#[tokio::test]
async fn other_refusals_are_never_tried_again() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    for (code, error) in [
        (400, GarminError::BadRequest),
        (403, GarminError::Forbidden),
        (409, GarminError::UnexpectedStatus { status: 409 }),
        (302, GarminError::UnexpectedStatus { status: 302 }),
        (427, GarminError::RateLimited { retry_after: Some(Duration::from_secs(30)) }),
        (429, GarminError::RateLimited { retry_after: Some(Duration::from_mins(1)) }),
    ] {
        rig.control().clear_faults();
        rig.control().clear_requests();
        rig.control().add_fault(Fault::always(api(), status(code)));
        assert_eq!(read(&garmin).await, Err(error));
        assert_eq!(rig.asked("/"), 1, "{code}");
        rig.clock.advance(error.retry_after().unwrap_or_default());
    }
    rig.control().clear_faults();
    rig.control().add_fault(Fault::always(api(), status(404)));
    assert_eq!(garmin.stress(today()).await, Ok(None));
}

#[tokio::test]
async fn a_wait_garmin_asks_for_is_obeyed_by_every_call() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    let limit = Effect::Status { status: 429, retry_after_secs: Some(60) };
    rig.control().add_fault(Fault::once(api(), limit));
    let limited =
        |secs| Err(GarminError::RateLimited { retry_after: Some(Duration::from_secs(secs)) });
    assert_eq!(read(&garmin).await, limited(60));
    rig.clock.advance(Duration::from_secs(20));
    assert_eq!(read(&garmin).await, limited(40));
    assert_eq!(rig.asked(STRESS), 1);
    rig.clock.advance(Duration::from_secs(40));
    read(&garmin).await.unwrap();
}

#[tokio::test]
async fn a_limit_without_a_time_is_obeyed_by_every_call_too() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    rig.control().add_fault(Fault::times(2, api(), status(429)));
    let limited =
        |secs| Err(GarminError::RateLimited { retry_after: Some(Duration::from_secs(secs)) });
    assert_eq!(read(&garmin).await, limited(30));
    rig.clock.advance(Duration::from_secs(29));
    assert_eq!(read(&garmin).await, limited(1));
    assert_eq!(garmin.devices().await.map(|_| ()), limited(1));
    assert_eq!(rig.asked("/"), 1);
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!(read(&garmin).await, limited(60));
    rig.clock.advance(Duration::from_mins(1));
    read(&garmin).await.unwrap();
    assert_eq!(rig.asked("/"), 3);
}

#[tokio::test]
async fn data_withheld_for_privacy_is_a_refusal_and_is_not_kept() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    let summary = api().path("/usersummary-service/usersummary/daily");
    rig.control().add_fault(Fault::once(summary, Effect::PrivacyProtected));
    let refused = garmin.daily_summary(settled()).await;
    assert_eq!(refused, Err(GarminError::PrivacyProtected));
    assert!(garmin.daily_summary(settled()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_wait_longer_than_our_patience_ends_the_call() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    let down = Effect::Status { status: 503, retry_after_secs: Some(120) };
    rig.control().add_fault(Fault::once(api(), down));
    let two_minutes = Some(Duration::from_mins(2));
    assert_eq!(
        read(&garmin).await,
        Err(GarminError::Upstream5xx { status: 503, retry_after: two_minutes })
    );
    assert_eq!(rig.asked(STRESS), 1);
}

#[tokio::test]
async fn rel39_a_slow_answer_ends_with_the_time_allowed() {
    let rig = Rig::with(account()).await;
    let (_, holder) = rig.reader().await;
    let hasty = garmin::TransportOptions {
        call_timeout: Duration::from_millis(150),
        ..garmin::TransportOptions::default()
    };
    let transport = garmin::Transport::new(rig.upstream().clone(), hasty).unwrap();
    let mut options = quick();
    options.retries.times = 0;
    let garmin = Garmin::new(transport, holder, rig.clock.clone(), options);
    let drip = Effect::Trickle { bytes: 1, millis: 40 };
    rig.control().add_fault(Fault::always(api(), drip));
    assert_eq!(read(&garmin).await, Err(GarminError::TimedOut));
}

#[tokio::test]
async fn answers_that_are_not_data_are_told_apart() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    rig.control().add_fault(Fault::once(api(), Effect::HtmlPage));
    assert_eq!(read(&garmin).await, Err(GarminError::NotJson));
    rig.control().add_fault(Fault::once(api(), Effect::Malformed));
    assert_eq!(read(&garmin).await, Err(GarminError::Torn));
    rig.control().add_fault(Fault::once(api(), Effect::Challenge));
    assert_eq!(read(&garmin).await, Err(GarminError::Forbidden));
    rig.control().add_fault(Fault::once(api(), Effect::NoContent));
    assert_eq!(garmin.stress(today()).await, Ok(None));
}

#[tokio::test]
async fn settled_days_are_asked_for_once_and_the_last_two_every_time() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    let first = garmin.stress(settled()).await.unwrap();
    assert_eq!(garmin.stress(settled()).await.unwrap(), first);
    let calls: Vec<_> = (0..5).map(|_| garmin.stress("2026-05-02".parse().unwrap())).collect();
    for call in futures(calls).await {
        assert!(call.unwrap().is_some());
    }
    assert_eq!(rig.asked(STRESS), 2);
    rig.control().clear_requests();
    for day in ["2026-05-10", "2026-05-09"] {
        for _ in 0..2 {
            garmin.stress(day.parse().unwrap()).await.unwrap();
        }
    }
    assert_eq!(rig.asked(STRESS), 4);
    rig.control().clear_requests();
    rig.clock.advance(Duration::from_mins(10));
    garmin.stress(settled()).await.unwrap();
    assert_eq!(rig.asked(STRESS), 1);
}

#[tokio::test]
async fn an_error_page_about_a_settled_day_is_not_kept() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    rig.control().add_fault(Fault::once(api(), Effect::HtmlPage));
    assert_eq!(garmin.stress(settled()).await, Err(GarminError::NotJson));
    assert!(garmin.stress(settled()).await.unwrap().is_some());
}

#[tokio::test]
async fn no_data_about_a_settled_day_is_asked_for_again() {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    rig.control().add_fault(Fault::once(api(), Effect::NoContent));
    assert_eq!(garmin.stress(settled()).await, Ok(None));
    assert!(garmin.stress(settled()).await.unwrap().is_some());
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let rig = Rig::with(account()).await;
    let options = GarminOptions { concurrency: 2, ..quick() };
    let (garmin, _) = rig.reader_with(options).await;
    read(&garmin).await.unwrap();
    rig.control().add_fault(Fault::always(api(), Effect::Delay { millis: 60 }));
    let begun = std::time::Instant::now();
    let calls: Vec<_> = (0..6).map(|_| read(&garmin)).collect();
    for call in futures(calls).await {
        call.unwrap();
    }
    // Six calls of 60 ms, two at a time; with more at once it would take less.
    assert!(begun.elapsed() >= Duration::from_millis(180), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn nothing_is_asked_before_the_first_call() {
    let rig = Rig::with(account()).await;
    let (garmin, holder) = rig.reader().await;
    assert!(holder.refusals().is_empty());
    assert_eq!(rig.asked("/"), 0);
    assert!(!format!("{garmin:?}").contains("eyJ"));
}

//! Keeping a pair alive: rotation, death, and everything that is neither.

use std::time::Duration;

use garmin::{RefreshError, TokenPair, Tokens, Unavailable};
use secrecy::ExposeSecret;
use simulator::{Effect, Fault, Host, Matcher, TokenLife};

use crate::harness::{EMAIL, Rig, account};

async fn rig() -> (Rig, Tokens, TokenPair) {
    let rig = Rig::with(account()).await;
    let pair = rig.session().await.tokens;
    let tokens = Tokens::new(rig.transport(), rig.clock.clone());
    (rig, tokens, pair)
}

#[tokio::test]
async fn each_refresh_yields_a_new_pair_and_the_old_one_is_dead() {
    let (rig, tokens, first) = rig().await;
    let second = tokens.refresh(&first).await.unwrap();
    let third = tokens.refresh(&second).await.unwrap();
    assert_ne!(second.refresh().expose_secret(), first.refresh().expose_secret());
    assert_ne!(third.access().expose_secret(), second.access().expose_secret());
    assert_eq!(third.guid(), first.guid());
    assert_eq!(third.client_id(), first.client_id());
    assert_eq!(tokens.refresh(&first).await.unwrap_err(), RefreshError::Refused);
    let counters = rig.control().counters(EMAIL).unwrap();
    assert_eq!((counters.rotated, counters.reused), (2, 1));
}

#[tokio::test]
async fn a_pair_that_was_stored_refreshes_like_the_original() {
    let (_rig, tokens, pair) = rig().await;
    let stored = pair.to_bytes();
    let opened = TokenPair::from_bytes(&stored).unwrap();
    assert!(tokens.refresh(&opened).await.is_ok());
}

#[tokio::test]
async fn a_revoked_or_outlived_session_is_refused() {
    let (rig, tokens, pair) = rig().await;
    rig.control().revoke_session(EMAIL);
    assert_eq!(tokens.refresh(&pair).await.unwrap_err(), RefreshError::Refused);
    rig.control().set_token_life(TokenLife { access_secs: 60, refresh_secs: 120 });
    let short = rig.session().await.tokens;
    rig.clock.advance(Duration::from_secs(121));
    assert_eq!(tokens.refresh(&short).await.unwrap_err(), RefreshError::Refused);
}

#[tokio::test]
async fn what_is_not_a_refusal_keeps_the_pair() {
    let (rig, tokens, pair) = rig().await;
    let status = |status, retry_after_secs| Effect::Status { status, retry_after_secs };
    let wait = |secs| Some(Duration::from_secs(secs));
    for (effect, reason, retry_after) in [
        (status(429, Some(40)), Unavailable::RateLimited, wait(40)),
        (status(403, None), Unavailable::Blocked, None),
        (Effect::Challenge, Unavailable::Blocked, None),
        (status(503, Some(9)), Unavailable::Upstream(503), wait(9)),
        (status(404, None), Unavailable::Upstream(404), None),
        (Effect::Reset, Unavailable::Unreachable, None),
        (Effect::HtmlPage, Unavailable::Malformed, None),
        (Effect::NoContent, Unavailable::Malformed, None),
    ] {
        rig.control().clear_faults();
        rig.control().add_fault(Fault::once(Matcher::host(Host::Diauth), effect.clone()));
        assert_eq!(
            tokens.refresh(&pair).await.unwrap_err(),
            RefreshError::Unavailable { reason, retry_after },
            "{effect:?}"
        );
    }
    assert!(tokens.refresh(&pair).await.is_ok());
}

#[tokio::test]
async fn one_refresh_is_one_request_whatever_comes_of_it() {
    let (rig, tokens, pair) = rig().await;
    rig.control().clear_requests();
    rig.control().add_fault(Fault::once(Matcher::host(Host::Diauth), Effect::DropAnswer));
    let error = tokens.refresh(&pair).await.unwrap_err();
    assert_eq!(error.label(), "unreachable");
    assert_eq!(rig.control().counters(EMAIL).unwrap().rotated, 1);
    assert_eq!(rig.asked("/di-oauth2-service"), 1);
    assert_eq!(tokens.refresh(&pair).await.unwrap_err(), RefreshError::Refused);
}

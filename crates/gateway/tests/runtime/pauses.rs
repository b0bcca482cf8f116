//! Pairs nobody uses for a while: who is renewed without anybody asking.

use std::sync::Arc;
use std::time::Duration;

use domain::contract::CredentialsAnswer;
use domain::entropy::CountingEntropy;
use domain::scope::Scopes;
use gateway::Gateway;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::rig::{Rig, email, until};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv12_only_who_is_connected_is_renewed_unasked_and_only_after_ten_days() {
    let rig = Rig::start().await;
    let asked = |number| rig.garmin.control().counters(&email(number)).unwrap().refreshes;
    // Staler than the one that is due, so that a gateway that renewed them would begin here.
    rig.sign_in(1).await;
    let (refused, generation) = rig.sign_in(2).await;
    rig.device(&refused, Scopes::ReadWrite).await;
    rig.garmin.control().revoke_session(&email(2));
    let answer = rig.app.custody.credentials_for(&refused, Some(generation)).await;
    assert_eq!(answer, CredentialsAnswer::SignInNeeded);
    let before = asked(2);
    rig.clock.advance(DAY);
    let (due, _) = rig.person(0).await;
    rig.clock.advance(2 * DAY);
    rig.person(3).await;
    rig.clock.advance(9 * DAY);
    let first = rig.app.store.credentials(&due).await.unwrap().unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Its numbers are small, so nobody waits to be spread over the minute.
    let entropy = Arc::new(CountingEntropy::default());
    let gateway =
        Gateway::open(rig.config(), rig.program(), rig.clock.clone(), entropy).await.unwrap();
    let stop = CancellationToken::new();
    let serving = gateway.serve(listener, stop.clone().cancelled_owned(), Duration::ZERO);
    let test = async {
        until("the pair is renewed", || asked(0) == 1).await;
        stop.cancel();
    };
    // Renewals that have begun are finished before it ends.
    let (served, ()) = tokio::join!(serving, test);
    served.unwrap();

    let now = rig.app.store.credentials(&due).await.unwrap().unwrap();
    assert_eq!(now.generation.0, first.generation.0 + 1);
    assert_ne!(now.bytes, first.bytes);
    assert_eq!((asked(0), asked(1), asked(2), asked(3)), (1, 0, before, 0));
}

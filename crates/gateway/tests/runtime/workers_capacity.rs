use std::time::Duration;

use serde_json::json;

use crate::rig::{LIST, Rig, post, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel07_an_idle_worker_makes_room_and_a_busy_one_never_does() {
    let rig = Rig::with("normal", &[("MAX_WORKERS", "2")]).await;
    let (busy, busy_token) = rig.person(0).await;
    let (idle, idle_token) = rig.person(1).await;
    let (third, third_token) = rig.person(2).await;
    rig.list(&idle_token).await.result();
    let (started, go) = (rig.path("started"), rig.path("go"));
    let held = rig.call(&busy_token, "write", json!({"started": started, "hold_until": go}));
    let other = async {
        until("the call has begun", || std::path::Path::new(&started).exists()).await;
        rig.list(&third_token).await.result();
        let running = rig.app.supervisor.running_accounts();
        assert!(running.contains(&busy) && running.contains(&third) && !running.contains(&idle));
        rig.touch("go");
    };
    let (reply, ()) = tokio::join!(held, other);
    reply.result();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel01_load01_many_accounts_share_few_places_and_all_are_served() {
    let rig = Rig::with("normal", &[("MAX_WORKERS", "3")]).await;
    let mut tokens = Vec::new();
    for number in 0..12 {
        tokens.push(rig.person(number).await.1);
    }
    let calls = tokens.iter().map(|token| rig.list(token));
    let watch = async {
        loop {
            let processes = rig.app.supervisor.workers().len();
            assert!(processes <= 3, "{processes} processes");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let replies = tokio::select! {
        replies = futures_util::future::join_all(calls) => replies,
        () = watch => unreachable!("the watch has no end"),
    };
    for reply in replies {
        reply.result();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load01_without_a_place_in_time_the_answer_is_come_back_later() {
    let rig = Rig::with("normal", &[("MAX_WORKERS", "1")]).await;
    let (_, busy_token) = rig.person(0).await;
    let (_, other_token) = rig.person(1).await;
    let (_, third_token) = rig.person(2).await;
    let (started, go) = (rig.path("started"), rig.path("go"));
    let held = rig.call(&busy_token, "write", json!({"started": started, "hold_until": go}));
    let other = async {
        until("the call has begun", || std::path::Path::new(&started).exists()).await;
        // Whoever reads events as well is told by a status all the same.
        let mut both = post(&third_token, LIST.to_owned());
        let accept = "application/json, text/event-stream";
        both.headers_mut().insert("accept", accept.parse().unwrap());
        let deadline = async {
            until("both wait", || rig.app.supervisor.queued_starts() == 2).await;
            rig.later(10);
        };
        let (silent, both, ()) = tokio::join!(rig.list(&other_token), rig.send(both), deadline);
        for reply in [silent, both] {
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (503, "worker_capacity"));
            assert_eq!(reply.header("retry-after"), "5");
        }
        rig.touch("go");
    };
    let (reply, ()) = tokio::join!(held, other);
    reply.result();
    rig.list(&other_token).await.result();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t123_sec079_one_account_has_eight_calls_and_sixteen_in_line() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let (_, other_token) = rig.person(1).await;
    let go = rig.path("go");
    let calls = (0..30).map(|_| rig.call(&token, "write", json!({"hold_until": go})));
    let release = async {
        rig.list(&other_token).await.result();
        rig.touch("go");
    };
    let (replies, ()) = tokio::join!(futures_util::future::join_all(calls), release);
    let served = replies.iter().filter(|reply| reply.status == 200).count();
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert_eq!((served, refused.len()), (24, 6));
    for reply in refused {
        assert_eq!(reply.code(), "too_many_calls");
        assert!(!reply.header("retry-after").is_empty());
    }
}

//! Workers that start late, all at once, not at all, or do not leave.

use std::collections::HashSet;
use std::time::Duration;

use domain::clock::Clock;
use domain::email::LoginEmail;
use domain::id::AccountId;
use domain::region::Region;
use domain::scope::Scopes;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use store::Connect;

use crate::rig::{Rig, is_alive, until};

/// An account Garmin has never heard of: enough for a worker to start.
async fn stranger(rig: &Rig, number: usize) -> (AccountId, String) {
    let (guid, email) = (format!("stranger-{number}"), format!("stranger{number}@example.org"));
    let connect = Connect {
        region: Region::Global,
        guid: &guid,
        email: &LoginEmail::parse(&email).unwrap(),
        profile: b"{}",
        credentials: b"{}",
        refresh_expires_at: None,
    };
    let account = rig.app.store.connect_account(&connect, rig.clock.now()).await.unwrap().account;
    let token = rig.device(&account, Scopes::ReadWrite).await.1;
    (account, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel01_inv1_inv5_two_hundred_accounts_start_at_once_and_share_nothing() {
    let rig = Rig::with("normal", &[("MAX_WORKERS", "200")]).await;
    let mut tokens = Vec::new();
    for number in 0..200 {
        tokens.push(stranger(&rig, number).await.1);
    }
    let calls = tokens.iter().map(|token| rig.call(token, "read", json!({})));
    let mut pids = HashSet::new();
    for reply in futures_util::future::join_all(calls).await {
        pids.insert(reply.result()["pid"].as_u64().unwrap());
    }
    assert_eq!(pids.len(), 200);
    let workers = rig.app.supervisor.workers();
    let ports: HashSet<u16> = workers.iter().map(|worker| worker.port).collect();
    assert_eq!((workers.len(), ports.len()), (200, 200));
    rig.app.supervisor.shut_down().await;
    assert!(pids.iter().all(|pid| !is_alive(u32::try_from(*pid).unwrap())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel02_inv8_a_worker_that_does_not_leave_is_killed_and_gets_no_call_meanwhile() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    rig.list(&token).await.result();
    let old = rig.pid_of(&account).unwrap();
    let process = Pid::from_raw(i32::try_from(old).unwrap()).unwrap();
    kill_process(process, Signal::STOP).unwrap();
    rig.app.supervisor.drain_account(&account);
    for _ in 0..3 {
        let new = rig.call(&token, "write", json!({})).await.result()["pid"].as_u64().unwrap();
        assert_ne!(new, u64::from(old));
    }
    rig.later(4);
    assert!(is_alive(old), "it has five seconds");
    rig.later(1);
    until("it is killed", || !is_alive(old)).await;
    until("and reaped", || rig.app.supervisor.workers().len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel03_rel09_inv9_a_slow_start_is_waited_for_and_hanging_up_at_any_point_changes_nothing() {
    let rig = Rig::with("slow", &[]).await;
    for number in 0..3 {
        let (account, token) = rig.person(number).await;
        for _ in 0..12 {
            let call = rig.list(&token);
            let _ = tokio::time::timeout(Duration::from_millis(10), call).await;
        }
        let pid = rig.call(&token, "read", json!({})).await.result()["pid"].as_u64().unwrap();
        assert_eq!(rig.pid_of(&account).map(u64::from), Some(pid));
        assert_eq!(rig.app.supervisor.workers().len(), number + 1, "one start each");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel04_an_account_that_needs_a_sign_in_is_told_during_the_start_and_not_after_it() {
    let rig = Rig::with("hang", &[]).await;
    let (account, token) = rig.person(0).await;
    rig.garmin.control().revoke_session(&crate::rig::email(0));
    rig.app.custody.keep_alive(&account).await;
    // No time passes on the clock of starts: whoever waits for the budget waits for ever.
    let reply = rig.list(&token).await;
    assert_eq!(reply.status.as_u16(), 401);
    assert!(reply.header("www-authenticate").contains("new sign-in"), "{:?}", reply.headers);
    rig.no_workers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel06_inv6_when_every_start_fails_starts_pause_and_nobody_is_signed_out() {
    let rig = Rig::with("exit", &[]).await;
    let mut tokens = Vec::new();
    for number in 0..8 {
        tokens.push(stranger(&rig, number).await.1);
    }
    for token in &tokens[..5] {
        let reply = rig.call(token, "write", json!({})).await;
        // A start that fails is tried rig; the fifth account's second try comes too late.
        let code = reply.code();
        let known = ["worker_crashed", "worker_starts_paused"].contains(&&*code);
        assert!(known, "{}", reply.body);
    }
    for token in &tokens {
        let reply = rig.list(token).await;
        let told = (reply.status.as_u16(), reply.code(), reply.header("retry-after").to_owned());
        assert_eq!(told, (503, "worker_starts_paused".to_owned(), "5".to_owned()));
    }
    assert_eq!(rig.app.supervisor.condition(), gateway::workers::Condition::CircuitOpen);
    rig.no_workers().await;
    rig.later(5);
    // Whoever is not ready is sent no call, and it takes one to find out.
    assert_eq!(rig.app.supervisor.condition(), gateway::workers::Condition::Well);
    // One attempt decides, and it fails as well.
    rig.list(&tokens[6]).await;
    let reply = rig.list(&tokens[7]).await;
    assert_eq!(
        (reply.code().as_str(), reply.header("retry-after")),
        ("worker_starts_paused", "10")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel06_inv6_a_store_that_does_not_answer_is_said_to_be_away_and_counts_against_nobody() {
    let rig = Rig::start().await;
    let mut people = Vec::new();
    for number in 0..6 {
        let person = stranger(&rig, number).await;
        rig.list(&person.1).await.result();
        people.push(person);
    }
    for (account, _) in &people {
        rig.app.supervisor.drain_account(account);
    }
    rig.no_workers().await;
    rig.app.store.close().await;
    // Known from a moment ago; what their workers would be launched with is not.
    for _ in 0..2 {
        for (_, token) in &people {
            for reply in [rig.list(token).await, rig.call(token, "write", json!({})).await] {
                let told = (reply.status.as_u16(), reply.code());
                assert_eq!(told, (503, "store_unavailable".to_owned()));
                assert_eq!(reply.header("retry-after"), "2");
            }
        }
    }
    assert_eq!(rig.app.supervisor.condition(), gateway::workers::Condition::Well);
    rig.no_workers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel18_inv9_what_a_worker_has_started_ends_with_it() {
    let rig = Rig::with("family", &[]).await;
    let (account, token) = rig.person(0).await;
    let children = async || {
        rig.list(&token).await.result();
        let worker = rig.pid_of(&account).unwrap();
        let text = std::fs::read_to_string(format!("/proc/{worker}/task/{worker}/children"));
        let child: u32 = text.unwrap().split_whitespace().next().unwrap().parse().unwrap();
        assert!(is_alive(child));
        (worker, child)
    };
    let (_, child) = children().await;
    rig.app.supervisor.drain_account(&account);
    until("the child went with a worker that left", || !is_alive(child)).await;
    let (worker, child) = children().await;
    crate::rig::kill(worker);
    until("the child went with a worker that was killed", || !is_alive(child)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel72_inv6_without_a_free_port_accounts_wait_and_are_told_when_to_come_back() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = port.to_string();
    let range = [("WORKER_PORT_START", &*port), ("WORKER_PORT_END", &*port), ("MAX_WORKERS", "4")];
    let rig = Rig::with("normal", &range).await;
    let (busy, busy_token) = rig.person(0).await;
    let (_, other_token) = rig.person(1).await;
    let (started, go) = (rig.path("started"), rig.path("go"));
    let held = rig.call(&busy_token, "write", json!({"started": started, "hold_until": go}));
    let other = async {
        until("the call has begun", || std::path::Path::new(&started).exists()).await;
        let waiting = rig.list(&other_token);
        let time = async {
            until("the account waits", || rig.app.supervisor.queued_starts() == 1).await;
            rig.later(10);
        };
        let (reply, ()) = tokio::join!(waiting, time);
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (503, "worker_capacity"));
        assert!(!reply.header("retry-after").is_empty());
        assert_eq!(rig.app.supervisor.condition(), gateway::workers::Condition::Exhausted);
        rig.touch("go");
    };
    let (reply, ()) = tokio::join!(held, other);
    reply.result();
    until("nobody is busy", || rig.in_flight(&busy) != Some(1)).await;
    // Whoever is idle makes room: it holds what the machine has not got.
    let waiting = rig.list(&other_token);
    let mut waiting = std::pin::pin!(waiting);
    let reply = loop {
        tokio::select! {
            reply = &mut waiting => break reply,
            () = tokio::time::sleep(Duration::from_millis(20)) => rig.later(1),
        }
    };
    reply.result();
}

use std::collections::HashSet;

use domain::console::{Phase, Revoked};
use serde_json::json;

use crate::rig::{Rig, is_alive, kill, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_first_calls_at_once_start_one_process() {
    let rig = Rig::start().await;
    let (account, _) = rig.sign_in(0).await;
    let mut tokens = Vec::new();
    for _ in 0..50 {
        tokens.push(rig.device(&account, domain::scope::Scopes::ReadWrite).await.1);
    }
    // Four run and sixteen wait for each account: twenty at a time is what one may ask for.
    let mut pids = HashSet::new();
    for some in tokens.chunks(20) {
        let calls = some.iter().map(|token| rig.call(token, "read", json!({})));
        for reply in futures_util::future::join_all(calls).await {
            pids.insert(reply.result()["pid"].as_u64().unwrap());
        }
    }
    assert_eq!(pids.len(), 1);
    assert_eq!(rig.app.supervisor.workers().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec097_a_worker_gets_an_empty_environment_and_is_confined_to_its_descriptors() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let result = rig.call(&token, "read", json!({})).await.result();
    let mut names: Vec<_> = result["environment"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair[0].as_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"]);
    let pid = rig.pid_of(&account).unwrap();
    let argv = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
    let argv = argv.unwrap_or_default();
    assert!(!argv.contains(&token) && !argv.contains(account.as_str()), "{argv}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_chooses_the_tools_of_its_own_devices_and_of_no_others() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (other, other_token) = rig.person(1).await;
    let devices = rig.app.store.list_devices(Some(&other)).await.unwrap();
    let theirs = devices[0].id.as_str();
    let choose = async |token: &str, arguments| {
        rig.call(token, "read", arguments).await.result()["said"].clone()
    };
    let said = choose(&token, json!({"choose_tools": "core,+golf"})).await;
    assert_eq!(said, json!({"answer": "saved", "before": null}));
    // The next request carries it, although the device was remembered with the choice before.
    let said = choose(&token, json!({"choose_tools": ""})).await;
    assert_eq!(said, json!({"answer": "saved", "before": "core,+golf"}));
    let said = choose(&token, json!({"choose_tools": "full", "of_device": theirs})).await;
    assert_eq!(said, json!({"answer": "not_there", "before": null}));
    assert_eq!(rig.app.store.list_devices(Some(&other)).await.unwrap(), devices);
    assert_eq!(rig.app.store.list_devices(Some(&account)).await.unwrap()[0].tools, None);
    let said = choose(&other_token, json!({"choose_tools": "full"})).await;
    assert_eq!(said["before"], json!(null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_between_calls_is_replaced_unseen() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    rig.call(&token, "write", json!({})).await.result();
    let first = rig.pid_of(&account).unwrap();
    kill(first);
    until("the gateway has reaped it", || rig.pid_of(&account) != Some(first)).await;
    let second = rig.call(&token, "write", json!({})).await.result()["pid"].as_u64().unwrap();
    assert_ne!(u64::from(first), second);
    assert!(!is_alive(first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel07_an_unused_worker_is_reaped_and_a_used_one_is_not() {
    let rig = Rig::start().await;
    let (idle, idle_token) = rig.person(0).await;
    let (busy, busy_token) = rig.person(1).await;
    rig.call(&idle_token, "read", json!({})).await.result();
    let (started, go) = (rig.path("started"), rig.path("go"));
    let held = rig.call(&busy_token, "write", json!({"started": started, "hold_until": go}));
    let watch = async {
        until("the call has begun", || std::path::Path::new(&started).exists()).await;
        // A worker serves as soon as it can, perhaps before the gateway has read its `ready`;
        // and one whose start takes 901 seconds is killed.
        until("both are known to be ready", || {
            rig.in_flight(&idle) == Some(0) && rig.in_flight(&busy) == Some(1)
        })
        .await;
        rig.later(901);
        until("the idle worker is gone", || rig.pid_of(&idle).is_none()).await;
        assert!(rig.pid_of(&busy).is_some());
        rig.touch("go");
    };
    let (reply, ()) = tokio::join!(held, watch);
    reply.result();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel05_every_way_to_fail_a_start_has_one_answer() {
    for (mode, status, code) in [
        ("exit", 502, "worker_crashed"),
        ("garbage", 502, "worker_crashed"),
        ("flood", 502, "worker_crashed"),
    ] {
        let rig = Rig::with(mode, &[]).await;
        let (_, token) = rig.person(0).await;
        let reply = rig.list(&token).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{mode}");
        rig.no_workers().await;
    }
    let rig = Rig::with("hang", &[]).await;
    let (account, token) = rig.person(0).await;
    let late = async {
        until("the worker runs", || rig.pid_of(&account).is_some_and(|pid| pid != 0)).await;
        rig.later(21);
    };
    let (reply, ()) = tokio::join!(rig.list(&token), late);
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (504, "worker_start_timeout"));
    rig.no_workers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel09_inv8_a_caller_that_leaves_during_a_start_leaves_a_usable_worker() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    for _ in 0..20 {
        let call = rig.list(&token);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(300), call).await;
    }
    rig.list(&token).await.result();
    assert_eq!(rig.app.supervisor.workers().len(), 1);
    let workers = rig.app.supervisor.workers();
    assert_eq!((workers[0].phase, &workers[0].account), (Phase::Ready, &account));
    until("no call is counted", || rig.app.supervisor.workers()[0].in_flight == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel20_draining_lets_calls_finish_and_leaves_no_process() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (started, go) = (rig.path("started"), rig.path("go"));
    let held = rig.call(&token, "write", json!({"started": started, "hold_until": go}));
    let stop = async {
        until("the call has begun", || std::path::Path::new(&started).exists()).await;
        let pid = rig.pid_of(&account).unwrap();
        let stopping = rig.app.supervisor.shut_down();
        tokio::pin!(stopping);
        assert!(futures_util::poll!(&mut stopping).is_pending());
        rig.touch("go");
        stopping.await;
        pid
    };
    let (reply, pid) = tokio::join!(held, stop);
    reply.result();
    assert!(!is_alive(pid));
    let refused = rig.list(&token).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (503, "worker_capacity"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_the_last_device_stops_the_worker_and_no_other() {
    let rig = Rig::start().await;
    let (account, _) = rig.sign_in(0).await;
    let scopes = domain::scope::Scopes::ReadWrite;
    let (first, first_token) = rig.device(&account, scopes).await;
    let (second, second_token) = rig.device(&account, scopes).await;
    let (_, other_token) = rig.person(1).await;
    for token in [&first_token, &second_token, &other_token] {
        rig.list(token).await.result();
    }
    rig.app.store.revoke_device(&first).await.unwrap();
    rig.app.revoked(&Revoked::Device { device: first, account: account.clone() }).await;
    assert_eq!(rig.list(&first_token).await.status.as_u16(), 401);
    rig.list(&second_token).await.result();

    rig.app.store.revoke_device(&second).await.unwrap();
    rig.app.revoked(&Revoked::Device { device: second, account: account.clone() }).await;
    assert_eq!(rig.list(&second_token).await.status.as_u16(), 401);
    until("its worker is gone", || rig.pid_of(&account).is_none()).await;
    rig.list(&other_token).await.result();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_resolves_its_upstream_and_nothing_else() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let said = |reply: crate::rig::Reply| reply.result()["said"].clone();
    let ours = rig.call(&token, "read", json!({"resolve": "127.0.0.1"})).await;
    assert_eq!(said(ours), json!(["127.0.0.1"]));
    let foreign = rig.call(&token, "read", json!({"resolve": "localhost"})).await;
    assert_eq!(said(foreign), json!([]));
}

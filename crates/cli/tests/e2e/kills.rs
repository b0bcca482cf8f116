//! Processes that end in the middle of things, and what a worker looks like while it lives.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use simulator::{Effect, Fault, Host, Matcher};
use tokio::task::JoinSet;

use crate::http;
use crate::mcp::{Era, answer_of};
use crate::process::{self, eventually};
use crate::world::World;

/// Holds the next request for data at Garmin.
fn hold(world: &World, millis: u64) {
    world.control().add_fault(Fault::once(Matcher::host(Host::Api), Effect::Delay { millis }));
}

/// Until Garmin has the request that is held.
async fn held(world: &World) {
    eventually("at Garmin", async || world.control().faults().is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t124_rel10_reads_do_not_notice_that_their_worker_is_killed() {
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.initialize().await;
    let expected = mcp.ask("get_stats", json!({ "date": "yesterday" })).await;
    let mut killed = Vec::new();
    for round in 0..20 {
        let [worker] = world.workers()[..] else { panic!("not one worker in round {round}") };
        killed.push(worker);
        process::signal(worker, Signal::KILL);
        let answer = mcp.ask("get_stats", json!({ "date": "yesterday" })).await;
        assert_eq!(answer, expected, "between calls, round {round}");
    }
    for round in 0..10 {
        let [worker] = world.workers()[..] else { panic!("not one worker in round {round}") };
        killed.push(worker);
        hold(&world, 60_000);
        let today = json!({ "date": "today" });
        let call = mcp.call("get_stats", &today);
        let kill = async {
            held(&world).await;
            process::signal(worker, Signal::KILL);
        };
        let (reply, ()) = tokio::join!(call, kill);
        assert_eq!(answer_of(&reply.unwrap())["status"], "ok", "during a call, round {round}");
    }
    killed.sort_unstable();
    killed.dedup();
    assert_eq!(killed.len(), 30, "every kill met another worker");
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn rel11_inv9_workers_die_with_a_gateway_that_is_killed() {
    let mut world = World::start().await;
    let client = world.client().await;
    let (one, other) = (world.runner().clone(), world.coded().clone());
    for person in [&one, &other] {
        let tokens = world.connect(&client, person).await;
        client.mcp(&tokens, Era::Stateless).full_name().await;
    }
    let workers = world.workers();
    assert_eq!(workers.len(), 2);
    world.kill().await;
    for worker in workers {
        eventually("gone", async || (!process::is_running(worker)).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rel20_inv9_a_gateway_told_to_stop_finishes_the_call_and_leaves_nobody_behind() {
    let mut world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.full_name().await;
    hold(&world, 9_000);
    let mut calls = JoinSet::new();
    let caller = mcp.clone();
    calls.spawn(async move { caller.call("get_stats", &json!({})).await });
    held(&world).await;
    let (gateway, workers) = (world.pid(), world.workers());
    assert_eq!(workers.len(), 1);

    process::signal(gateway, Signal::TERM);
    eventually("not ready", async || {
        let reply = http::get(&world.url("/readyz")).await.ok()?;
        (reply.status == 503).then_some(())
    })
    .await;
    assert_eq!(mcp.full_name().await, world.facts(world.runner()).full_name, "still served");
    eventually("refused", async || http::get(&world.url("/healthz")).await.err()).await;
    assert!(calls.try_join_next().is_none(), "the call was over before the door closed");
    assert!(process::is_running(gateway) && process::is_running(workers[0]));
    let reply = calls.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(answer_of(&reply)["status"], "ok");

    assert_eq!(world.terminate().await.code(), Some(0));
    assert!(!process::is_running(workers[0]));
    assert_eq!(world.logged("gateway-stopped"), 1);
    assert_eq!(world.logged("gateway-stopped-late"), 0);
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn rel20_inv9_a_gateway_told_twice_to_stop_waits_for_no_call() {
    let mut world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.full_name().await;
    hold(&world, 60_000);
    let mut calls = JoinSet::new();
    calls.spawn(async move { mcp.call("get_stats", &json!({})).await });
    held(&world).await;
    let (gateway, workers) = (world.pid(), world.workers());

    process::signal(gateway, Signal::TERM);
    eventually("it has heard", async || (world.logged("gateway-stopping") == 1).then_some(()))
        .await;
    let second = Instant::now();
    assert_eq!(world.terminate().await.code(), Some(0));
    assert!(second.elapsed() < Duration::from_secs(10), "{:?}", second.elapsed());
    assert_eq!((world.logged("gateway-cut"), world.logged("gateway-stopped")), (1, 1));
    // The client hears that it was the gateway, and not that its call failed.
    let reply = calls.join_next().await.unwrap().unwrap().unwrap();
    assert!(reply.body.contains("gateway_stopping"), "{reply:?}");
    assert!(workers.into_iter().all(|worker| !process::is_running(worker)));
    world.assert_private();
}

/// Reading another process's environment takes root, because workers are not dumpable.
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "tests have no configuration")]
fn skipped(what: &str) {
    let forbidden = std::env::var("FORBID_SKIPS").is_ok_and(|value| value == "1");
    assert!(!forbidden, "{what} needs root, and skipping is forbidden here");
    eprintln!("skipped: {what} needs root");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec097_inv7_a_worker_shows_nothing_and_holds_nothing_it_does_not_need() {
    // What a careless parent of the gateway leaves open for its children.
    let leaked = std::fs::File::open("/proc/version").unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.ask("get_stats", json!({})).await;
    let [worker] = world.workers()[..] else { panic!("not one worker") };

    let words = process::words(worker, "cmdline").unwrap();
    let [name, mode, option, ports] = &words[..] else { panic!("{words:?}") };
    assert_eq!([&**name, mode, option], ["garmin-gateway", "worker", "--allowed-ports"]);
    assert!(ports.split(',').all(|port| port.parse::<u16>().is_ok()), "{ports}");
    assert_eq!(process::words(world.pid(), "cmdline").unwrap()[1..], ["serve"]);

    let Ok(mut environment) = process::words(worker, "environ") else {
        skipped("the environment of a worker");
        return;
    };
    let gateway = process::descriptors(world.pid()).unwrap();
    assert!(gateway.iter().any(|target| target == "/proc/version"), "{gateway:?}");
    environment.sort_unstable();
    assert_eq!(environment, ["MALLOC_MMAP_THRESHOLD_=131072", "MALLOC_TRIM_THRESHOLD_=131072"]);
    let descriptors = process::descriptors(worker).unwrap();
    assert!(descriptors.len() <= 16, "{descriptors:?}");
    for target in &descriptors {
        let target = target.to_str().unwrap();
        let known = target == "/dev/null"
            || ["socket:[", "pipe:[", "anon_inode:[event"]
                .iter()
                .any(|kind| target.starts_with(kind));
        assert!(known, "{target} in {descriptors:?}");
    }
    let files = descriptors.iter().filter(|target| target.starts_with("/")).count();
    assert_eq!(files, 2, "only what stands in for 0 and 1: {descriptors:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let mut world = World::start().await;
    let address = world.url("/").socket_addrs(|| None).unwrap()[0];
    let _idle = tokio::net::TcpStream::connect(address).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), world.terminate()).await.unwrap();
    assert!(ended.success());
}

//! The gateway as the first process of a container: it is handed the orphans of all others, and
//! gets no signal that it does not ask for.

use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;

use crate::mcp::{Era, answer_of};
use crate::process::{self, eventually};
use crate::world::World;

/// Whether this user may make namespaces of processes.
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "tests have no configuration")]
fn namespaces() -> bool {
    let made = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "true"])
        .stderr(Stdio::null())
        .status();
    let made = made.is_ok_and(|status| status.success());
    let forbidden = std::env::var("FORBID_SKIPS").is_ok_and(|value| value == "1");
    assert!(made || !forbidden, "no namespace of processes, and skipping is forbidden here");
    if !made {
        eprintln!("skipped: making a namespace of processes is not permitted");
    }
    made
}

/// Starts a process inside the gateway's container and deserts it.
fn desert(gateway: u32) {
    let status = Command::new("nsenter")
        .args(["--target", &gateway.to_string(), "--pid", "--mount", "sh", "-c"])
        .arg("(sh -c 'sleep 0.2; exit 3' &)")
        .status();
    assert!(status.unwrap().success());
}

/// The processes that are handed to the gateway, workers left out.
fn orphans(gateway: u32) -> Vec<u32> {
    let worker = |pid: &u32| {
        process::words(*pid, "cmdline").is_ok_and(|words| words.iter().any(|word| word == "worker"))
    };
    process::children(gateway).into_iter().filter(|pid| !worker(pid)).collect()
}

async fn reaped(gateway: u32) {
    eventually("every orphan has ended", async || orphans(gateway).is_empty().then_some(())).await;
    eventually("and is reaped", async || process::dead_children(gateway).is_empty().then_some(()))
        .await;
}

async fn as_the_first_process(end: Signal) {
    if !namespaces() {
        return;
    }
    let mut world = World::start_first().await;
    let gateway = world.pid();
    let inside = std::fs::read_to_string(format!("/proc/{gateway}/status")).unwrap();
    let numbers = inside.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap();
    assert_eq!(numbers.split_whitespace().last(), Some("1"), "{numbers}");

    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    let name = mcp.full_name().await;
    reaped(gateway).await;
    for _ in 0..5 {
        desert(gateway);
    }
    // Its own children it does not take for orphans: whoever waits for them learns how they end.
    let [worker] = process::all(|words| words.get(1).is_some_and(|word| word == "worker"))
        .into_iter()
        .filter(|pid| process::children(gateway).contains(pid))
        .collect::<Vec<_>>()[..]
    else {
        panic!("not one worker")
    };
    process::signal(worker, Signal::KILL);
    assert_eq!(mcp.full_name().await, name);
    reaped(gateway).await;
    // The shell may have been quicker with the first one.
    eventually("reaped", async || (world.logged("orphan-reaped") > 5).then_some(())).await;
    world.hears_of("worker-died").await;
    assert_eq!(world.logged("worker-died"), 1);
    let answer = mcp.call("get_stats", &json!({ "date": "yesterday" })).await.unwrap();
    assert_eq!(answer_of(&answer)["status"], "ok");

    let everybody = process::children(gateway);
    assert_eq!(everybody.len(), 1, "the worker");
    process::signal(gateway, end);
    assert_eq!(world.ended().await.code(), Some(0));
    for pid in everybody.into_iter().chain([gateway]) {
        eventually("gone", async || (!process::is_running(pid)).then_some(())).await;
    }
    assert_eq!(world.logged("gateway-stopped"), 1);
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn rel20_inv9_as_the_first_process_it_reaps_orphans_and_ends_in_order() {
    as_the_first_process(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rel20_inv9_as_the_first_process_it_obeys_an_interrupt() {
    as_the_first_process(Signal::INT).await;
}

//! A gateway that is left without descriptors, and gets them back.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;
use tokio::task::JoinSet;

use crate::mcp::{Era, answer_of};
use crate::process::{descriptors, eventually};
use crate::world::World;

/// Sets the soft limit of another process; the hard one stays.
fn limit(pid: u32, open_files: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit { current: Some(open_files), maximum };
    prlimit(Pid::from_raw(pid.cast_signed()), Resource::Nofile, limit).unwrap();
}

/// Processor time in ticks of a hundredth of a second.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rel70_inv5_inv6_without_descriptors_nobody_is_lost_and_the_console_answers() {
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.full_name().await;
    let before = world.logged("accept-failed");

    let open = descriptors(world.pid()).unwrap().len();
    limit(world.pid(), u64::try_from(open).unwrap());
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let mcp = client.mcp(&tokens, Era::Handshake);
        calls.spawn(async move { mcp.call("get_full_name", &json!({})).await });
    }
    eventually("accepting has paused", async || {
        (world.logged("accept-failed") > before).then_some(())
    })
    .await;
    // What it does meanwhile is wait: a second of it takes next to nothing.
    let began = ticks(world.pid());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let spent = ticks(world.pid()) - began;
    assert!(spent < 50, "busy for {spent} of 100 ticks");
    assert_eq!(world.logged("accept-failed"), before + 1, "said once, not each time");
    let status = world.console(&["status"]).await;
    assert!(status["gateway"]["node"].is_string(), "the console answers: {status}");

    limit(world.pid(), 4096);
    let name = &world.facts(world.runner()).full_name;
    while let Some(reply) = calls.join_next().await {
        let reply = reply.unwrap().unwrap();
        // Whoever was let in with the last descriptor finds none for the way to the worker.
        if reply.status == 503 {
            assert_eq!(reply.message()["error"]["data"]["code"], "worker_capacity", "{reply:?}");
            assert!(reply.header("retry-after").parse::<u64>().is_ok(), "{reply:?}");
        } else {
            assert_eq!(answer_of(&reply)["full_name"], *name);
        }
    }
    assert_eq!(mcp.full_name().await, *name, "as before");
}

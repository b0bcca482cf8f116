//! What the faults at the border to the kernel do to a whole gateway: power that goes, a disk
//! that is full, and one that takes little.

use std::collections::BTreeMap;
use std::fs;

use rustix::io::Errno;
use serde_json::json;
use simulator::{Effect, Fault, Host, Matcher};

use crate::faults::{Call, Harm, Rule};
use crate::mcp::{Era, answer_of};
use crate::process::eventually;
use crate::world::World;

/// Whatever has been synced is there after a power cut, and nothing else: a device, its tokens
/// and the pair Garmin gave for the one it was asked with.
#[tokio::test(flavor = "multi_thread")]
async fn rel54_inv2_power_that_goes_takes_nothing_that_was_acknowledged() {
    let mut world = World::with_faults().await;
    world.faults().journal("/data/");
    world.start_gateway().await;
    let client = world.client().await;
    let person = world.runner().clone();
    let tokens = world.connect(&client, &person).await;
    for _ in 0..3 {
        world.control().expire_access_tokens(Some(&person.email));
        client.mcp(&tokens, Era::Handshake).full_name().await;
        client.mcp(&tokens, Era::Handshake).ask("get_stats", json!({})).await;
    }
    let before = world.control().counters(&person.email).unwrap();
    assert!(before.rotated >= 3, "{before:?}");
    world.kill().await;

    let kept = world.faults().as_after_a_power_cut(BTreeMap::new());
    let wal = kept.keys().filter(|path| path.to_str().unwrap().ends_with("-wal")).count();
    assert_eq!(wal, 1, "the database is in the journal: {:?}", kept.keys());
    for entry in fs::read_dir(world.data()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap();
        if name.ends_with("-shm") || name.ends_with("-wal") {
            fs::remove_file(&path).unwrap();
        }
    }
    for (path, content) in &kept {
        fs::write(path, content).unwrap();
    }

    world.start_gateway().await;
    world.control().expire_access_tokens(Some(&person.email));
    let answer = client.mcp(&tokens, Era::Handshake).ask("get_stats", json!({})).await;
    assert_eq!(answer["status"], "ok");
    let after = world.control().counters(&person.email).unwrap();
    assert_eq!((after.reused, after.rejected), (0, 0), "the newest pair was on the disk");
    world.assert_private();
}

/// Garmin has rotated, and the disk takes nothing: the new pair waits in memory and is stored
/// as soon as there is room again.
#[tokio::test(flavor = "multi_thread")]
async fn rel51_inv2_a_new_pair_outwaits_a_full_disk() {
    let world = World::start_with_faults().await;
    let client = world.client().await;
    let person = world.runner().clone();
    let tokens = world.connect(&client, &person).await;
    client.mcp(&tokens, Era::Handshake).full_name().await;
    world.control().expire_access_tokens(Some(&person.email));
    let thinks = Effect::Delay { millis: 500 };
    world.control().add_fault(Fault::once(Matcher::host(Host::Diauth), thinks));
    let mcp = client.mcp(&tokens, Era::Handshake);
    let arguments = json!({});
    let disk = async {
        eventually("at Garmin", async || world.control().faults().is_empty().then_some(())).await;
        let harm = Harm::Error(Errno::NOSPC);
        let full = Rule { calls: &[Call::Write], path: "-wal", harm, skip: 0, times: None };
        world.faults().fail(0, &full);
        let told = async || (world.logged("garmin-refresh-not-stored") > 1).then_some(());
        eventually("not stored", told).await;
        world.faults().mend(0);
    };
    let (reply, ()) = tokio::join!(mcp.call("get_stats", &arguments), disk);
    assert_eq!(answer_of(&reply.unwrap())["status"], "ok");
    assert!(world.faults().met(0) > 1);
    let counters = world.control().counters(&person.email).unwrap();
    assert_eq!((counters.rotated, counters.reused, counters.rejected), (1, 0, 0));
    assert_eq!(world.logged("garmin-refresh-ok"), 1);
}

/// A disk may take less than it is given, at every write.
#[tokio::test(flavor = "multi_thread")]
async fn rel51_a_disk_that_takes_a_few_bytes_at_a_time_changes_no_answer() {
    let world = World::start_with_faults().await;
    let few = Rule {
        calls: &[Call::Write, Call::Read],
        path: "/data/",
        harm: Harm::Short(61),
        skip: 0,
        times: None,
    };
    world.faults().fail(0, &few);
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Stateless);
    assert_eq!(mcp.full_name().await, world.facts(world.runner()).full_name);
    assert!(world.faults().met(0) > 500, "{}", world.faults().met(0));
}

//! What a call may cost, counted in allocations and writes. Never in time.

use std::time::SystemTime;

use http_body_util::BodyExt;
use serde_json::json;
use tokio::runtime::Builder;

use crate::rig::{LIST, Rig, post};

/// Of the gateway, for one warm `tools/list` from the routing table on; 148 were counted, with
/// what the test itself allocates to ask.
const ALLOCATIONS: u64 = 200;
/// All of them together; 43,476 were counted, most of it the state of the call.
const BYTES: u64 = 64 * 1024;

#[test]
fn a_warm_call_stays_within_its_budget_of_allocations() {
    // On one thread, because allocations are counted by thread.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let ask = async |rig: &Rig, token: &str| {
        let answer = rig.open(post(token, LIST.to_owned())).await;
        assert_eq!(answer.status(), 200);
        answer.into_body().collect().await.unwrap();
    };
    let (rig, token) = runtime.block_on(async {
        let rig = Rig::start().await;
        let (_, token) = rig.person(0).await;
        for _ in 0..20 {
            ask(&rig, &token).await;
        }
        (rig, token)
    });
    let calls = 100;
    let spent = allocation_counter::measure(|| {
        runtime.block_on(async {
            for _ in 0..calls {
                ask(&rig, &token).await;
            }
        });
    });
    let (number, bytes) = (spent.count_total / calls, spent.bytes_total / calls);
    assert!(number <= ALLOCATIONS, "{number} allocations for a call");
    assert!(bytes <= BYTES, "{bytes} bytes allocated for a call");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load04_calls_write_nothing_until_their_counters_are_flushed_together() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    rig.call(&token, "read", json!({})).await.result();
    rig.app.store.flush().await.unwrap();
    let files = || {
        let entries = std::fs::read_dir(rig.dir.path()).unwrap().map(Result::unwrap);
        let databases = entries.filter(|entry| entry.path().to_string_lossy().contains(".db"));
        let mut files: Vec<(_, u64, SystemTime)> = databases
            // Readers keep their marks in shared memory.
            .filter(|entry| !entry.path().to_string_lossy().ends_with("-shm"))
            .map(|entry| {
                let about = entry.metadata().unwrap();
                (entry.file_name(), about.len(), about.modified().unwrap())
            })
            .collect();
        files.sort();
        files
    };
    let before = files();
    assert!(!before.is_empty());
    for _ in 0..100 {
        rig.call(&token, "read", json!({})).await.result();
        rig.call(&token, "write", json!({})).await.result();
    }
    assert_eq!(files(), before, "a call wrote to the database");
    let flushed = rig.app.store.flush().await.unwrap();
    assert_eq!((flushed.devices, flushed.counters), (1, 2));
    assert_ne!(files(), before, "the flush is what would have been seen");
    let usage = rig.app.store.list_usage().await.unwrap();
    let calls = |tool: &str| {
        let row = usage.iter().find(|row| row.account == account && row.tool == tool);
        row.map(|row| row.calls)
    };
    assert_eq!((calls("read"), calls("write")), (Some(101), Some(100)));
}

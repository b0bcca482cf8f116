//! Workers that are killed while accounts use them.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use domain::id::AccountId;
use serde_json::{Value, json};

use crate::rig::{Rig, kill, until};

const CALLS: u32 = 60;

/// A small generator: every run kills at the same places, as far as the machine allows.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

async fn garmin_token(rig: &Rig, account: &AccountId) -> String {
    let stored = rig.app.store.credentials(account).await.unwrap().unwrap();
    let pair: Value = serde_json::from_slice(&stored.bytes).unwrap();
    pair["di_token"].as_str().unwrap().to_owned()
}

/// Kills the account's worker again and again, at most once while one call is under way, so
/// that a call loses its first worker or the second, never both.
async fn assassin(
    rig: &Rig,
    account: &AccountId,
    answered: &AtomicU32,
    over: &AtomicBool,
    mut seed: u64,
) -> u32 {
    let mut kills = 0;
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_micros(next(&mut seed) % 9_000)).await;
        let Some(pid) = rig.pid_of(account).filter(|pid| *pid != 0) else { continue };
        let before = answered.load(Ordering::Relaxed);
        kill(pid);
        kills += 1;
        let safe =
            || answered.load(Ordering::Relaxed) >= before + 2 || over.load(Ordering::Relaxed);
        until("the account is served again", safe).await;
    }
    kills
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t124_sec091_rel10_inv1_kills_between_and_during_calls_are_invisible_to_reads_and_keep_accounts_apart()
 {
    let rig = Rig::start().await;
    let play = async |number: usize| {
        let (account, token) = rig.person(number).await;
        let own = garmin_token(&rig, &account).await;
        let (answered, over) = (AtomicU32::new(0), AtomicBool::new(false));
        let calls = async {
            for round in 0..CALLS {
                let result = rig.call(&token, "read", json!({"round": round})).await.result();
                assert_eq!(result["token"], own, "account {number}, call {round}");
                answered.fetch_add(1, Ordering::Relaxed);
            }
            over.store(true, Ordering::Relaxed);
        };
        let seed = 11 + number as u64;
        let ((), kills) = tokio::join!(calls, assassin(&rig, &account, &answered, &over, seed));
        assert!(kills > 2, "account {number}: {kills} kills");
    };
    tokio::join!(play(0), play(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel10_a_write_is_done_once_or_said_to_be_unsure_however_often_workers_are_killed() {
    let rig = Rig::start().await;
    let play = async |number: usize| {
        let (account, token) = rig.person(number).await;
        rig.list(&token).await.result();
        for round in 0..8 {
            let started = rig.path(&format!("started-{number}-{round}"));
            // Held until the kill, which therefore always falls into the call.
            let never = rig.path("never");
            let write = rig.call(&token, "write", json!({"started": started, "hold_until": never}));
            let strike = async {
                until("the write has begun", || std::path::Path::new(&started).exists()).await;
                // A second worker that were given the same write would begin it again.
                std::fs::remove_file(&started).unwrap();
                kill(rig.pid_of(&account).unwrap());
            };
            let (reply, ()) = tokio::join!(write, strike);
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (502, "worker_crashed"));
            assert!(reply.body.contains("may or may not"), "{}", reply.body);
            assert!(!std::path::Path::new(&started).exists(), "the write was repeated");
            rig.call(&token, "read", json!({})).await.result();
        }
    };
    tokio::join!(play(0), play(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel19_an_account_whose_workers_keep_crashing_waits_and_no_other_does() {
    let rig = Rig::start().await;
    let (_, broken) = rig.person(0).await;
    let (_, other) = rig.person(1).await;
    for _ in 0..2 {
        let reply = rig.call(&broken, "read", json!({"die": true})).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (502, "worker_crashed"));
    }
    let refused = rig.list(&broken).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (503, "worker_crash_loop"));
    assert_eq!(refused.header("retry-after"), "1");
    rig.list(&other).await.result();

    rig.later(1);
    let again = rig.call(&broken, "write", json!({"die": true})).await;
    assert_eq!(again.status.as_u16(), 502);
    assert_eq!(rig.list(&broken).await.header("retry-after"), "2");

    // A worker that serves ends the matter.
    rig.later(2);
    rig.list(&broken).await.result();
    let reply = rig.call(&broken, "write", json!({"die": true})).await;
    assert_eq!(reply.status.as_u16(), 502);
    rig.list(&broken).await.result();
}

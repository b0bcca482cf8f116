//! The clock on the wall is set while the gateway runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::{Clock, Timestamp};
use domain::entropy::OsEntropy;
use domain::scope::Scopes;
use gateway::Gateway;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::rig::{Rig, appears, is_alive, until};

const HOUR: i64 = 3600;
const YEARS: i64 = 5 * 365 * 24 * HOUR;
const STEPS: [i64; 4] = [YEARS, -YEARS, HOUR, -HOUR];

fn step(rig: &Rig, by: i64) {
    rig.clock.set(Timestamp(rig.clock.now().0 + by));
    rig.app.supervisor.tick();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel63_inv12_no_step_of_the_clock_ends_a_worker_a_start_or_a_call() {
    let rig = Rig::start().await;
    for (number, by) in STEPS.into_iter().enumerate() {
        let (account, token) = rig.person(number).await;
        rig.list(&token).await.result();
        let pid = rig.pid_of(&account).unwrap();
        let (started, go) = (rig.path(&format!("started{by}")), rig.path(&format!("go{by}")));
        let held = rig.call(&token, "write", json!({"started": started, "hold_until": go}));
        let stepping = async {
            appears(&started).await;
            step(&rig, by);
            step(&rig, -by);
            step(&rig, by);
            std::fs::write(&go, "").unwrap();
        };
        let (reply, ()) = tokio::join!(held, stepping);
        assert_eq!(reply.result()["pid"], pid, "{by}");
        rig.app.supervisor.tick();
        assert_eq!(rig.pid_of(&account), Some(pid), "{by}: replaced");
        assert!(is_alive(pid), "{by}");
        // What ends a worker is that time passes.
        rig.later(901);
        until("the idle worker is gone", || rig.pid_of(&account).is_none()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel63_a_drain_lasts_as_long_as_it_should_whatever_the_clock_says() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (started, go) = (rig.path("started"), rig.path("go"));
    let held = rig.call(&token, "read", json!({"started": started, "hold_until": go}));
    let draining = async {
        appears(&started).await;
        rig.app.supervisor.drain_account(&account);
        for by in STEPS {
            step(&rig, by);
        }
        std::fs::write(&go, "").unwrap();
    };
    let (reply, ()) = tokio::join!(held, draining);
    assert!(reply.result()["pid"].is_u64());
    rig.no_workers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel63_nothing_is_deleted_because_the_clock_was_ahead_for_a_while() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let start = rig.clock.now();
    let day = Duration::from_hours(24);
    let device = async |end| rig.device_until(&account, Scopes::ReadWrite, Some(end)).await;
    let (_, expiring) = device(start.plus(90 * day)).await;
    rig.list(&expiring).await.result();
    let before = rig.app.store.stats(start).await.unwrap();
    // What was over before the clock was touched shows that a sweep has been there.
    let (over, _) = device(start.minus(3 * day)).await;

    step(&rig, YEARS);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway =
        Gateway::open(rig.config(), rig.program(), rig.clock.clone(), Arc::new(OsEntropy))
            .await
            .unwrap();
    let stop = CancellationToken::new();
    let shutdown = stop.clone().cancelled_owned();
    let test = async {
        rig.list(&token).await.result();
        assert_eq!(rig.list(&expiring).await.status.as_u16(), 401, "expiry goes by the clock");
        let is_there = async || {
            let devices = rig.app.store.list_devices(Some(&account)).await.unwrap();
            devices.iter().any(|device| device.id == over)
        };
        let give_up = Instant::now() + Duration::from_secs(30);
        while is_there().await {
            assert!(Instant::now() < give_up, "nothing was swept");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        stop.cancel();
    };
    let (served, ()) = tokio::join!(gateway.serve(listener, shutdown, Duration::ZERO), test);
    served.unwrap();

    step(&rig, -YEARS);
    rig.app.devices.forget_all();
    assert_eq!(rig.app.store.stats(rig.clock.now()).await.unwrap(), before);
    rig.list(&token).await.result();
    let reply = rig.call(&expiring, "read", json!({"refuse": 1})).await;
    assert_eq!(reply.result()["said"]["generation"], 2, "{}", reply.body);
}

//! A machine with a tenth of a processor for the gateway and its workers.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::mcp::Era;
use crate::process::{is_running, signal};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn rel74_with_a_tenth_of_a_processor_calls_are_slow_and_nobody_is_killed_for_it() {
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    let name = mcp.full_name().await;
    let workers = world.workers();
    assert_eq!(workers.len(), 1);
    let all = [vec![world.pid()], workers.clone()].concat();
    let starving = async {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(8) {
            for pid in &all {
                signal(*pid, Signal::STOP);
            }
            tokio::time::sleep(Duration::from_millis(180)).await;
            for pid in &all {
                signal(*pid, Signal::CONT);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let asking = async {
        let (began, mut answers) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs(8) {
            assert_eq!(mcp.full_name().await, name);
            answers += 1;
        }
        answers
    };
    let ((), answers) = tokio::join!(starving, asking);
    assert!(answers > 0);
    assert_eq!(world.workers(), workers, "the worker was replaced");
    assert!(is_running(world.pid()));
    for event in ["worker-died", "worker-start-failed", "mcp-timeout", "mcp-forward-error"] {
        assert_eq!(world.logged(event), 0, "{event}");
    }
}

//! Garmin's tokens change under fire: gateway or worker is killed at a point of the renewal that
//! a seed picks, and nobody is signed out but in the one window that cannot be closed.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use simulator::{Counters, Effect, Fault, Host, Matcher};
use tokio::task::JoinSet;

use crate::client::{Client, Tokens, challenged};
use crate::crash_points::{Dice, number};
use crate::http::{Broken, Reply};
use crate::mcp::{Era, answer_of};
use crate::process;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Gateway,
    Worker,
    Nobody,
}

/// How far the call is when the blow falls, as Garmin sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    Sent,
    /// Garmin has refused the old access token.
    Refused,
    /// Garmin has the refresh token and thinks.
    Asked,
    /// Garmin accepts only the new pair from now on.
    Rotated,
}

#[derive(Debug)]
struct Blow {
    victim: Victim,
    point: Point,
    /// After that point.
    delay: Duration,
    /// How long Garmin thinks about the refresh.
    thinks_millis: u64,
}

impl Dice {
    fn blow(&mut self) -> Blow {
        let victim = match self.below(8) {
            0..=3 => Victim::Gateway,
            4..=6 => Victim::Worker,
            _ => Victim::Nobody,
        };
        let point = match self.below(6) {
            0 => Point::Sent,
            1 => Point::Refused,
            2 | 3 => Point::Asked,
            _ => Point::Rotated,
        };
        // A commit takes about a millisecond, and that is where it matters.
        let longest = if point == Point::Rotated { 2_000 } else { 8_000 };
        let delay = Duration::from_micros(self.below(longest));
        Blow { victim, point, delay, thinks_millis: self.below(8) }
    }
}

impl Point {
    fn is_reached(self, before: &Counters, now: &Counters) -> bool {
        match self {
            Self::Sent => true,
            Self::Refused => now.api_refused > before.api_refused,
            Self::Asked => now.refreshes > before.refreshes,
            Self::Rotated => now.rotated > before.rotated,
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    gateways_killed: u64,
    workers_killed: u64,
    calls_cut: u64,
    lost_in_the_window: u64,
}

struct Siege {
    world: World,
    client: Client,
    tokens: Tokens,
    counts: Counts,
}

impl Siege {
    fn counters(&self) -> Counters {
        self.world.control().counters(&self.world.runner().email).unwrap()
    }

    /// A call that needs Garmin, with the old access token expired, and a blow in the middle.
    async fn strike(&mut self, blow: &Blow) -> Result<Reply, Broken> {
        let email = self.world.runner().email.clone();
        let control = self.world.control().clone();
        control.expire_access_tokens(Some(&email));
        let thinks = Effect::Delay { millis: blow.thinks_millis };
        control.add_fault(Fault::once(Matcher::host(Host::Diauth).account(&*email), thinks));
        let before = self.counters();
        let mcp = self.client.mcp(&self.tokens, Era::Handshake);
        let mut calls = JoinSet::new();
        calls.spawn(async move { mcp.call("get_stats", &json!({})).await });
        let began = Instant::now();
        while !blow.point.is_reached(&before, &self.counters()) {
            assert!(began.elapsed() < process::PATIENCE, "{blow:?}: never got there");
            tokio::task::yield_now().await;
        }
        let reached = Instant::now();
        // Shorter than what a timer can measure.
        while reached.elapsed() < blow.delay {
            tokio::task::yield_now().await;
        }
        match blow.victim {
            Victim::Gateway => {
                self.world.kill().await;
                self.counts.gateways_killed += 1;
            }
            Victim::Worker => {
                for worker in self.world.workers() {
                    process::signal(worker, Signal::KILL);
                    self.counts.workers_killed += 1;
                }
            }
            Victim::Nobody => {}
        }
        let reply = calls.join_next().await.unwrap().unwrap();
        control.clear_faults();
        if blow.victim == Victim::Gateway {
            self.world.start_gateway().await;
        }
        reply
    }

    async fn round(&mut self, number: u64, blow: &Blow) {
        let (before, stored) = (self.counters(), self.world.logged("garmin-refresh-ok"));
        let reply = self.strike(blow).await;
        match (blow.victim, reply) {
            (Victim::Gateway, Err(Broken)) => self.counts.calls_cut += 1,
            (Victim::Gateway | Victim::Worker | Victim::Nobody, Ok(reply)) => {
                assert_eq!(answer_of(&reply)["status"], "ok", "round {number}, {blow:?}");
            }
            (Victim::Worker | Victim::Nobody, Err(Broken)) => {
                panic!("round {number}, {blow:?}: the gateway lives and does not answer")
            }
        }
        let mcp = self.client.mcp(&self.tokens, Era::Handshake);
        let reply = mcp.call("get_stats", &json!({})).await.unwrap();
        if reply.status == 401 {
            challenged(&reply);
            let now = self.counters();
            let rotated = now.rotated - before.rotated;
            let stored = self.world.logged("garmin-refresh-ok") - stored;
            assert_eq!(blow.victim, Victim::Gateway, "round {number}, {blow:?}: signed out");
            assert!(
                u64::try_from(stored).unwrap() < rotated,
                "round {number}, {blow:?}: signed out"
            );
            assert_eq!(now.reused, before.reused + 1, "round {number}, {blow:?}: signed out");
            self.counts.lost_in_the_window += 1;
            self.world.connect(&self.client, self.world.runner()).await;
            let reply = mcp.call("get_stats", &json!({})).await.unwrap();
            assert_eq!(answer_of(&reply)["status"], "ok", "round {number}: a sign-in mends it");
        } else {
            assert_eq!(answer_of(&reply)["status"], "ok", "round {number}, {blow:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rel40_rel49_inv2_rotations_under_fire_sign_nobody_out_but_in_the_unavoidable_window() {
    let (rounds, seed) = (number("E2E_ROTATIONS", 60), number("E2E_SEED", 7));
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mut siege = Siege { world, client, tokens, counts: Counts::default() };
    let mut dice = Dice(seed);
    for round in 0..rounds {
        let blow = dice.blow();
        siege.round(round, &blow).await;
    }
    let (counters, counts) = (siege.counters(), &siege.counts);
    println!("seed {seed}, {rounds} rounds: {} rotations at Garmin; {counts:?}", counters.rotated);
    assert_eq!(counters.reused, counts.lost_in_the_window, "a spent token was sent without cause");
    assert_eq!(counters.rejected, counts.lost_in_the_window, "a refresh was refused without cause");
    assert_eq!(counters.overlapping, 0, "two refreshes at once");
    assert!(counters.rotated >= rounds, "every round renews: {counters:?}");
    assert!(siege.world.logged("garmin-refresh-ok") > 0, "what is stored is told by the log");
    assert!(counts.gateways_killed > 0 && counts.workers_killed > 0, "{counts:?}");
    siege.world.assert_private();
}

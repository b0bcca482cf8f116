//! The gateway is killed at every system call by which it changes the world or waits for it,
//! from the first byte of a sign-in, a renewal or a revocation to the last, and started again
//! on what is left.
//!
//! The shim of [`faults`](crate::faults) counts the calls: reads, writes, sends, receives,
//! syncs, truncations, renames, deletions, opened files and sockets, and every wait for events.
//! That covers each write and each await: an await that yields has either tried one of these
//! calls in vain (sockets, pipes, timers end in a wait for events) or left the work to a thread
//! that makes them (SQLite). Between two calls nothing happens that anybody could see.
//!
//! A clean run says how many points a deed has. Then they are struck in an order that a seed
//! shuffles, before the call and after it: some in the tests, all in `scripts/endurance`.
//!
//! What holds after each blow: nobody is signed out, unless Garmin had committed a new pair and
//! we had not (counted); no spent refresh token is sent otherwise; a code is redeemed once; who
//! got tokens keeps them; what was revoked stays so; a sign-in goes on where it was; no worker
//! outlives its gateway; no lease of a dead gateway holds anybody up.

mod deeds;
mod siege;

use std::time::{Duration, Instant};

use deeds::Deed;
use siege::Siege;

use crate::faults::Moment;

/// A pseudo-random sequence that a seed begins.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    deed: Deed,
    call: u64,
    moment: Moment,
}

/// The points of one deed in the order of a seed, over and over.
struct Course {
    deed: Deed,
    calls: u64,
    left: Vec<(u64, Moment)>,
    struck: u32,
    took: Duration,
    dice: Dice,
}

impl Course {
    fn new(deed: Deed, calls: u64, seed: u64) -> Self {
        let dice = Dice(seed ^ (deed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { deed, calls, left: Vec::new(), struck: 0, took: Duration::ZERO, dice }
    }

    fn next(&mut self) -> Point {
        if self.left.is_empty() {
            for call in 1..=self.calls {
                self.left.extend([(call, Moment::Before), (call, Moment::After)]);
            }
        }
        let pick = self.dice.below(self.left.len() as u64);
        let (call, moment) = self.left.swap_remove(usize::try_from(pick).unwrap());
        self.struck += 1;
        Point { deed: self.deed, call, moment }
    }
}

/// A number of the environment's, for `scripts/endurance`.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration of their own")]
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn rel40_rel11_rel23_rel24_inv2_inv3_inv4_inv9_inv12_a_kill_at_any_call_costs_nobody_their_session()
 {
    let (points, seed) = (number("E2E_CRASH_POINTS", 200), number("E2E_SEED", 7));
    let first = number("E2E_FIRST", 0);
    let mut siege = Siege::begin().await;
    let mut courses = Vec::new();
    for deed in Deed::ALL {
        let calls = siege.calls_of(deed).await;
        println!("{deed:?}: {calls} calls");
        assert!(calls > 5, "{deed:?}: the shim does not bite");
        courses.push(Course::new(deed, calls, seed));
    }
    let began = Instant::now();
    for index in 0..points {
        let deed = Deed::TURNS[usize::try_from(index).unwrap() % Deed::TURNS.len()];
        let course = courses.iter_mut().find(|course| course.deed == deed).unwrap();
        let point = course.next();
        if index < first {
            continue;
        }
        let blow = Instant::now();
        siege.strike(index, point).await;
        course.took += blow.elapsed();
        if (index + 1) % 100 == 0 {
            siege.take_stock().await;
            println!("{} points in {:?}: {:?}", index + 1, began.elapsed(), siege.counts);
        }
    }
    siege.take_stock().await;
    for course in &courses {
        let all = course.calls * 2;
        let each = course.took / course.struck.max(1);
        println!("{:?}: {} blows at {all} points, {each:?} each", course.deed, course.struck);
    }
    println!("seed {seed}, {points} points: {:?}", siege.counts);
    println!("from Garmin's answer to the commit: {}", siege.window());
    assert!(siege.counts.killed * 2 > points - first, "most blows fall: {:?}", siege.counts);
}

//! Renewals that may be killed at any moment, day after day.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::{Clock, ManualClock};
use domain::contract::CredentialsAnswer;
use gateway::config::Vars;
use simulator::{AccountSpec, Simulator, SimulatorOptions};
use tokio::runtime::{Builder, Runtime};

use crate::rig::{START, email, open, sign_in};

/// Eight days take 2,300 rounds: that many are for `scripts/endurance`.
const ROUNDS: u64 = 200;
const BETWEEN: Duration = Duration::from_mins(5);
const GRACE: Duration = Duration::from_secs(30);

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A small generator: every run kills at the same places, as far as the machine allows.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration of their own")]
fn rounds() -> u64 {
    std::env::var("E2E_ROTATIONS").map_or(ROUNDS, |text| text.parse().unwrap())
}

/// Drops every task of the node wherever it stands, as `kill -9` does, and waits until it is
/// over: what the node still did meanwhile, the next one would have to answer for.
fn kill(node: Runtime, data: &Path) {
    node.shutdown_timeout(GRACE);
    // SQLite has threads of its own, which end a statement they have begun.
    let has_it_open = || {
        let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
        descriptors
            .filter_map(|descriptor| std::fs::read_link(descriptor.ok()?.path()).ok())
            .any(|target| target.starts_with(data))
    };
    let give_up = Instant::now() + GRACE;
    while has_it_open() {
        assert!(Instant::now() < give_up, "a killed node holds its files");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn rel40_rel49_inv2_renewals_over_days_with_kills_sign_nobody_out_but_for_the_unavoidable_window() {
    let outside = runtime();
    let clock = Arc::new(ManualClock::at(START));
    let dir = tempfile::tempdir().unwrap();
    let garmin = outside.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let people = vec![AccountSpec::new(email(0), "password")];
        let options = SimulatorOptions::new(clock.clone() as Arc<dyn Clock>, people);
        Simulator::start(listener, options).await.unwrap()
    });
    let urls = garmin.urls();
    let vars = Vars::default()
        .with("GATEWAY_SECRET", "a secret for tests that is long enough to be one")
        .with("DATA_DIR", dir.path().to_str().unwrap())
        .with("GARMIN_SSO_URL", &urls.sso.join(""))
        .with("GARMIN_API_URL", &urls.api.join(""))
        .with("GARMIN_DIAUTH_URL", &urls.diauth.join(""))
        .with("GARMIN_CONNECT_URL", &urls.connect.join(""));
    let rotated = || garmin.control().counters(&email(0)).unwrap().rotated;

    let mut seed = 7;
    let (mut lost_in_the_window, mut killed, mut stored_rotations) = (0_u64, 0, 0);
    let rounds = rounds();
    for round in 0..rounds {
        let node = runtime();
        let app = node.block_on(open(&vars, &clock, "normal"));
        let store = &app.store;
        let now = clock.now();
        if round == 0 {
            node.block_on(sign_in(store, &garmin, 0, now));
        }
        let account = node.block_on(store.list_accounts()).unwrap()[0].id.clone();
        let before = node.block_on(store.credentials(&account)).unwrap().unwrap();
        let rotated_before = rotated();
        let kill_after = Duration::from_micros(next(&mut seed) % 12_000);
        let custody = app.custody.clone();
        let (asked, refused) = (account.clone(), before.generation);
        let answer = node.block_on(async move {
            let asking = custody.credentials_for(&asked, Some(refused));
            tokio::time::timeout(kill_after, asking).await.ok()
        });
        if answer.is_none() {
            killed += 1;
        }
        drop(app);
        kill(node, dir.path());
        outside.block_on(garmin.settled()).unwrap();

        // Whoever comes next finds the lease expired. They renew again, which only works with
        // a token that Garmin has not replaced.
        clock.advance(BETWEEN);
        let after_node = runtime();
        after_node.block_on(async {
            let app = open(&vars, &clock, "normal").await;
            let rotations = |generation: i64| u64::try_from(generation - before.generation.0);
            match app.custody.keep_alive(&account).await {
                CredentialsAnswer::Granted(grant) => {
                    // One more is the renewal that was just asked for.
                    stored_rotations += rotations(grant.generation.0 - 1).unwrap();
                }
                CredentialsAnswer::SignInNeeded => {
                    let stored = app.store.credentials(&account).await.unwrap().unwrap();
                    let committed_here = rotations(stored.generation.0).unwrap();
                    let garmins_count = rotated() - rotated_before;
                    assert!(garmins_count > committed_here, "round {round}: signed out");
                    stored_rotations += committed_here;
                    lost_in_the_window += 1;
                    sign_in(&app.store, &garmin, 0, clock.now()).await;
                }
                answer @ CredentialsAnswer::Unavailable { .. } => panic!("{round}: {answer:?}"),
            }
            app.store.close().await;
        });
        if let Some(answer) = answer {
            assert!(matches!(answer, CredentialsAnswer::Granted(_)), "round {round}: {answer:?}");
        }
        kill(after_node, dir.path());
    }
    let counters = garmin.control().counters(&email(0)).unwrap();
    assert_eq!(counters.reused, lost_in_the_window, "a spent token was sent without cause");
    assert!(killed > 0 && stored_rotations > 0, "{killed} kills, {stored_rotations} rotations");
    println!(
        "{rounds} rounds, {killed} kills, {stored_rotations} rotations stored, \
         {lost_in_the_window} lost between Garmin's commit and ours"
    );
}

//! A disk that fails under a gateway: it takes nothing, it keeps what was not written, or power
//! and patience end while the database is made or rekeyed.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use serde_json::json;

use crate::faults::{Call, Faults, Harm, Moment, Rule};
use crate::http::{self, Reply};
use crate::mcp::Era;
use crate::process::eventually;
use crate::world::World;

/// A registration that has to be written: the same words again would be the same client.
async fn register(world: &World) -> Reply {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("client {}", COUNT.fetch_add(1, Ordering::Relaxed));
    let body = json!({"redirect_uris": ["http://127.0.0.1/cb"], "client_name": name});
    http::post_json(&world.url("/oauth/register"), &body).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rel52_a_disk_that_takes_nothing_stops_sign_ins_and_no_call() {
    let world = World::start_with_faults().await;
    let client = world.client().await;
    let person = world.runner().clone();
    let tokens = world.connect(&client, &person).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.full_name().await;
    let ready = async || http::get(&world.url("/readyz")).await.unwrap().status;
    for harm in [Errno::IO, Errno::ROFS, Errno::NOSPC] {
        let rule = Rule {
            calls: &[Call::Write, Call::Sync, Call::Truncate],
            path: "gateway.db",
            harm: Harm::Error(harm),
            skip: 0,
            times: None,
        };
        world.faults().fail(0, &rule);
        let refused = register(&world).await;
        assert_eq!(refused.status, 503, "{harm}");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
        eventually("not ready", async || (ready().await == 503).then_some(())).await;
        mcp.full_name().await;
        assert!(world.faults().met(0) > 0);
        world.faults().mend(0);
        assert_eq!(register(&world).await.status, 201, "by itself, after {harm}");
        eventually("ready", async || (ready().await == 200).then_some(())).await;
    }
    world.hears_of("store-failed").await;
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn rel51_rel59_no_room_for_the_log_or_a_backup_is_nothing_to_those_who_call() {
    let world = World::start_with_faults().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let log = world.log_file();
    let harm = Harm::Error(Errno::NOSPC);
    let rule = |path| Rule { calls: &[Call::Write], path, harm, skip: 0, times: None };
    world.faults().fail(0, &rule(log.to_str().unwrap()));
    for _ in 0..20 {
        client.mcp(&tokens, Era::Handshake).full_name().await;
    }
    assert_eq!(register(&world).await.status, 201);
    assert!(world.faults().met(0) > 0);
    world.faults().mend(0);
    // A backup that finds no room leaves nothing that could be taken for one.
    let directory = tempfile::tempdir().unwrap();
    let faults = Faults::new(directory.path());
    let room = tempfile::tempdir().unwrap();
    faults.fail(0, &rule(room.path().to_str().unwrap()));
    let place = room.path().join("full.backup").to_str().unwrap().to_owned();
    assert!(world.console_under(&faults, &["backup", &place]).await.is_none());
    assert!(faults.met(0) > 0);
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 0);
    faults.mend(0);
    client.mcp(&tokens, Era::Handshake).full_name().await;
    world.console(&["backup", &place]).await;
}

/// The kill falls anywhere between the first byte of the first start and its first answer: while
/// the file is made, in every migration, while the keys are made, after that.
#[tokio::test(flavor = "multi_thread")]
async fn rel53_a_first_start_that_is_killed_anywhere_is_made_up_for_by_the_next() {
    const BLOWS: u64 = 24;
    let mut world = World::with_faults().await;
    world.faults().kill_at(None, Moment::Before);
    world.start_gateway().await;
    let calls = world.faults().seen();
    world.kill().await;
    let mut killed = 0;
    for blow in 0..BLOWS {
        fs::remove_dir_all(world.data()).unwrap();
        let moment = if blow % 2 == 0 { Moment::Before } else { Moment::After };
        world.faults().kill_at(Some(1 + calls * blow / BLOWS), moment);
        if world.try_start_gateway().await.is_err() {
            killed += 1;
        } else {
            world.kill().await;
        }
        world.faults().disarm();
        world.start_gateway().await;
        assert_eq!(register(&world).await.status, 201, "after blow {blow}");
        assert!(world.terminate().await.success());
    }
    assert!(killed > BLOWS / 2, "{killed} of {BLOWS} were killed");
}

/// Under requests all the time, and killed anywhere: each key is under the one secret or the
/// other, and running it again ends it.
#[tokio::test(flavor = "multi_thread")]
async fn rel61_a_rekey_that_is_killed_under_load_is_run_again() {
    const BLOWS: u64 = 10;
    let secrets = [
        "one value of the operator, long enough to be believed",
        "another value of the operator, as long as the first one",
    ];
    let mut world = World::start().await;
    let client = world.client().await;
    let person = world.runner().clone();
    let tokens = world.connect(&client, &person).await;
    let directory = tempfile::tempdir().unwrap();
    let faults = Faults::new(directory.path());
    world.change_secret(secrets[0]);
    faults.kill_at(None, Moment::Before);
    let first = world.console_under(&faults, &["rekey"]).await.unwrap();
    assert_eq!(first["rewrapped"], 3);
    let calls = faults.seen();
    let mut killed = 0;
    for (blow, secret) in (0..BLOWS).zip(secrets.iter().rev().cycle()) {
        world.change_secret(secret);
        faults.kill_at(Some(1 + calls * blow / BLOWS), Moment::After);
        let mcp = client.mcp(&tokens, Era::Handshake);
        let rekey = ["rekey"];
        let (done, name) = tokio::join!(world.console_under(&faults, &rekey), mcp.full_name());
        assert_eq!(name, world.facts(&person).full_name);
        killed += u32::from(done.is_none());
        faults.disarm();
        // Both secrets open it now, whatever came of the command.
        world.console(&["status"]).await;
        world.console(&["rekey"]).await;
        assert_eq!(world.console(&["rekey", "--status"]).await["done"], true);
    }
    assert!(killed > 5, "{killed} of {BLOWS} were killed");
    world.forget_old_secret();
    assert!(world.terminate().await.success());
    world.start_gateway().await;
    world.control().expire_access_tokens(Some(&person.email));
    client.mcp(&tokens, Era::Handshake).full_name().await;
    world.assert_private();
}

/// What the operator hears of a value that does not open, and what mends it.
#[tokio::test(flavor = "multi_thread")]
async fn rel62_a_pair_that_does_not_open_is_an_alarm_and_a_sign_in() {
    let mut world = World::start().await;
    let client = world.client().await;
    let [person, other] = [world.runner().clone(), world.coded().clone()];
    let tokens = world.connect(&client, &person).await;
    let others = world.connect(&client, &other).await;
    world.kill().await;
    let file = world.data().join("gateway.db");
    let raw = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let damage = "
        UPDATE accounts SET credentials = CAST(substr(credentials, 1, 40) AS BLOB)
         WHERE account_id = (SELECT account_id FROM accounts ORDER BY created_at, rowid LIMIT 1)";
    assert_eq!(sqlx::query(damage).execute(&raw).await.unwrap().rows_affected(), 1);
    raw.close().await;
    world.start_gateway().await;
    let asked = client.mcp(&tokens, Era::Stateless).request("tools/list", json!({})).await;
    assert_eq!(asked.unwrap().status, 401);
    world.hears_of("credentials-unreadable").await;
    let name = client.mcp(&others, Era::Handshake).full_name().await;
    assert_eq!(name, world.facts(&other).full_name);
    let tokens = world.connect(&client, &person).await;
    client.mcp(&tokens, Era::Handshake).full_name().await;
    world.assert_private();
}

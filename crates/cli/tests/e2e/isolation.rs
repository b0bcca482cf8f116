//! Workers that somebody has taken over, under the real gateway: what they try, which layer
//! denies it, and that the gateway and other accounts go on.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::mcp::{Era, Mcp, answer_of};
use crate::process::{eventually, is_running};
use crate::world::World;

/// Two accounts whose workers are hostile.
struct Scene {
    world: World,
    attacker: Mcp,
    other: Mcp,
    target: Value,
    /// What services of the machine listen on.
    _socket: UnixListener,
}

async fn pid_of(mcp: &Mcp) -> u64 {
    mcp.ask("ping", json!({})).await["pid"].as_u64().unwrap()
}

impl Scene {
    async fn start(without: &str) -> Self {
        let world = World::start_hostile(without).await;
        let client = world.client().await;
        let tokens = world.connect(&client, world.runner()).await;
        let others = world.connect(&client, world.coded()).await;
        let attacker = client.mcp(&tokens, Era::Stateless);
        let other = client.mcp(&others, Era::Stateless);
        let pid = pid_of(&other).await;
        let status = world.console(&["status"]).await;
        let workers = status["gateway"]["workers"].as_array().unwrap();
        let running = workers.iter().find(|worker| worker["pid"] == pid).unwrap();
        let name = format!("isolation-{}", world.pid());
        let place = SocketAddr::from_abstract_name(&name).unwrap();
        let target = json!({
            "directory": world.place(), "data": world.data(),
            "gateway": world.pid(), "gateway_port": world.url("").port(),
            "other": pid, "other_port": running["port"], "abstract_socket": name,
        });
        let socket = UnixListener::bind_addr(&place).unwrap();
        Self { world, attacker, other, target, _socket: socket }
    }

    async fn attempt(&self, name: &str) -> Value {
        let arguments = json!({ "name": name, "target": self.target });
        let reply = self.attacker.call("attempt", &arguments).await.unwrap();
        let log = self.world.log();
        let ends: Vec<_> = log.lines().filter(|line| line.contains("worker-")).collect();
        assert_eq!(reply.status, 200, "{name}: {reply:?}, {ends:#?}");
        answer_of(&reply)
    }

    /// The gateway answers, and the other account's worker is the one it was.
    async fn assert_unharmed(&self) {
        assert_eq!(json!(pid_of(&self.other).await), self.target["other"]);
    }
}

fn listed(world: &World) -> Vec<Value> {
    let output = std::process::Command::new(world.hostile()).arg("list").output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Tries everything with some layers left out, and compares with what should hold.
async fn try_everything(without: &str) {
    let scene = Scene::start(without).await;
    let status = scene.world.console(&["status"]).await;
    let layers = status["gateway"]["sandbox"].as_array().unwrap().clone();
    let is_active = |name: &Value| {
        layers.iter().any(|layer| layer["layer"] == *name && layer["state"] == "active")
    };
    let root = rustix::process::geteuid().is_root() && !is_active(&json!("user"));
    let mut wrong = Vec::new();
    let mut tried = 0;
    for attempt in listed(&scene.world) {
        let name = attempt["name"].as_str().unwrap();
        let not_root = attempt["not_root"].as_array().unwrap();
        let holds = |layer: &&Value| is_active(layer) && !(root && not_root.contains(layer));
        let held_by: Vec<_> = attempt["held_by"].as_array().unwrap().iter().filter(holds).collect();
        if held_by.is_empty() && attempt["unheld"] == "not_tried" {
            continue;
        }
        let outcome = scene.attempt(name).await;
        tried += 1;
        let denied = outcome["errno"].is_number();
        if denied == held_by.is_empty() {
            wrong.push(format!("{name}: {outcome}, held by {held_by:?}"));
        }
        // The filter answers first, whatever else would have denied it.
        let filtered = held_by.first().is_some_and(|layer| **layer == "calls");
        if filtered && outcome["errno"] != 1 {
            wrong.push(format!("{name}: {outcome} is not the filter's answer"));
        }
    }
    assert!(wrong.is_empty(), "without {without:?}: {wrong:#?}");
    assert!(tried > 40, "{tried} attempts");
    scene.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_sec099_rel18_a_hostile_worker_is_denied_everything_it_tries() {
    try_everything("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_sec099_without_the_filter_landlock_limits_and_the_user_hold() {
    try_everything("calls").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_sec099_without_landlock_the_filter_holds() {
    try_everything("files,connections,signals").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_sec099_without_either_limits_and_the_user_hold_what_they_can() {
    try_everything("calls,files,connections,signals").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_sec099_without_all_of_them_every_attempt_is_a_real_one() {
    try_everything("calls,files,connections,signals,user").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec078_sec094_rel17_what_a_hostile_worker_says_and_breaks_stays_its_own() {
    let scene = Scene::start("").await;
    // A name that is not Garmin's, and a write that is not this account's.
    let misdeed = async |name: &str, more: Value| {
        let mut arguments = json!({ "name": name });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        scene.attacker.call("misdeed", &arguments).await
    };
    let resolved = misdeed("resolve", json!({ "host": "metadata.google.internal" })).await;
    assert_eq!(answer_of(&resolved.unwrap())["addresses"], json!([]));
    let journal = misdeed("foreign_journal", json!({ "account": "acc_x" })).await.unwrap();
    assert_ne!(answer_of(&journal)["answer"]["answer"], "recorded", "{journal:?}");
    scene.assert_unharmed().await;

    let headers = misdeed("headers", json!({})).await.unwrap();
    assert_eq!(headers.status, 200, "{headers:?}");
    for name in [
        "set-cookie",
        "www-authenticate",
        "location",
        "access-control-allow-origin",
        "content-encoding",
        "x-hop",
        "keep-alive",
        "proxy-authenticate",
        "upgrade",
        "server",
        "x-worker-secret",
        "mcp-session-id",
    ] {
        assert_eq!(headers.header(name), "", "{name} came through");
    }
    for broken in [
        "not_http",
        "two_lengths",
        "huge_head",
        "interim",
        "switching",
        "oversized_frame",
        "no_message",
        "cut_frame",
        "flood_of_questions",
        "ready_again",
        "exhaust_memory",
        "endless_body",
    ] {
        let reply = misdeed(broken, json!({})).await.unwrap();
        let too_large = broken == "endless_body" && reply.body.contains("answer_too_large");
        assert!(too_large || reply.status.is_server_error(), "{broken}: {reply:?}");
        scene.assert_unharmed().await;
        // Its account is served again, by this worker or the next.
        eventually(broken, async || {
            let reply = scene.attacker.call("ping", &json!({})).await.ok()?;
            (reply.status == 200).then_some(())
        })
        .await;
    }
    misdeed("log", json!({})).await.unwrap();
    scene.assert_unharmed().await;
    let log = scene.world.log();
    assert!(!log.contains('\u{1b}') && !log.contains('\u{7}'), "control characters in the log");
    assert_eq!(scene.world.logged("gateway-stopped"), 0);
    let longest = log.lines().map(str::len).max().unwrap();
    assert!(longest < 64 * 1024, "a line of {longest} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_rel17_an_answer_that_never_ends_keeps_nobody_but_its_own_client() {
    let scene = Scene::start("").await;
    let slow = scene.attacker.clone();
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { slow.call("misdeed", &json!({ "name": "slow_body" })).await });
    for _ in 0..40 {
        scene.assert_unharmed().await;
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(waiting.try_join_next().is_none(), "it did not wait for the last byte");
    // The client has had enough; the worker is told by the end of its line.
    waiting.shutdown().await;
    eventually("served again", async || {
        let reply = scene.attacker.call("ping", &json!({})).await.ok()?;
        (reply.status == 200).then_some(())
    })
    .await;
    scene.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_a_layer_that_is_required_and_missing_is_refused_and_otherwise_told_of() {
    let mut strict = World::hostile_with("calls,files", &[("WORKER_SANDBOX", "require")]).await;
    let ended = strict.try_start_gateway().await.unwrap_err();
    let log = strict.log();
    assert!(!ended.success() && log.contains("WORKER_SANDBOX=require"), "{ended}: {log}");
    assert!(log.contains("`calls` is missing") && log.contains("`files` is missing"), "{log}");
    assert_eq!(strict.logged("gateway-started"), 0);

    let mut lenient = World::hostile_with("calls,files", &[("WORKER_SANDBOX", "auto")]).await;
    lenient.start_gateway().await;
    let told = async || (lenient.logged("sandbox-incomplete") >= 2).then_some(());
    eventually("both layers named", told).await;
    let status = lenient.console(&["status"]).await;
    let layers = status["gateway"]["sandbox"].as_array().unwrap();
    let missing: Vec<_> = layers.iter().filter(|layer| layer["state"] == "missing").collect();
    assert!(missing.iter().any(|layer| layer["layer"] == "calls"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec097_a_filter_that_is_older_than_a_call_of_ours_ends_no_worker() {
    // What a careless parent of the gateway leaves open for its children.
    let leaked = std::fs::File::open("/proc/version").unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let world = World::start_forbidding(libc::SYS_close_range).await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let name = client.mcp(&tokens, Era::Stateless).full_name().await;
    assert_eq!(name, world.facts(world.runner()).full_name);
    let [worker] = world.workers()[..] else { panic!("not one worker") };
    // Only root may look at a process that is not dumpable.
    if let Ok(open) = std::fs::read_dir(format!("/proc/{worker}/fd")) {
        for one in open.flatten() {
            let path = std::fs::read_link(one.path()).unwrap_or_default();
            assert_ne!(path, std::path::Path::new("/proc/version"), "it holds what was left open");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_rel17_a_worker_that_reads_no_answers_holds_up_nobody_elses_store() {
    let scene = Scene::start("").await;
    let client = scene.world.client().await;
    for name in ["unread_journal", "unread_credentials"] {
        let arguments = json!({ "name": name });
        let mut flood = std::pin::pin!(scene.attacker.call("misdeed", &arguments));
        let reply = loop {
            // A sign-in reads and writes the store, and the call is one of the new tokens.
            let signed_in = async {
                let tokens = scene.world.connect(&client, scene.world.coded()).await;
                client.mcp(&tokens, Era::Stateless).ask("ping", json!({})).await;
            };
            tokio::select! {
                reply = &mut flood => break reply.unwrap(),
                () = signed_in => {}
            }
        };
        // It takes a while until it is killed, and the answer may have begun by then.
        let crashed = reply.body.contains("worker_crashed");
        assert!(crashed || reply.status.is_server_error(), "{name}: {reply:?}");
        eventually(name, async || {
            let reply = scene.attacker.call("ping", &json!({})).await.ok()?;
            (reply.status == 200).then_some(())
        })
        .await;
    }
    assert!(scene.world.log().contains("it does not read its answers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rel11_rel18_inv9_a_worker_that_ignores_everything_dies_with_its_gateway() {
    let mut scene = Scene::start("").await;
    let pid = u32::try_from(pid_of(&scene.attacker).await).unwrap();
    // It neither reads its channel nor minds signals.
    let busy = scene.attacker.clone();
    let spinning = JoinSet::from_iter([async move {
        let _ = busy.call("misdeed", &json!({ "name": "spin" })).await;
    }]);
    eventually("it spins", async || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('R').then_some(())
    })
    .await;
    scene.assert_unharmed().await;
    scene.world.kill().await;
    eventually("it is gone", async || (!is_running(pid)).then_some(())).await;
    drop(spinning);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec094_the_published_table_is_that_of_the_attempts() {
    let deps = std::env::current_exe().unwrap();
    let exe = deps.ancestors().nth(2).unwrap().join("examples/hostile_worker");
    let output = std::process::Command::new(exe).arg("table").output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let page = include_str!("../../../gateway/docs/isolation.md");
    assert!(page.contains(&table), "put what `hostile_worker table` prints into isolation.md");
}

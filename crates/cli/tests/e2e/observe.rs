//! What an operator sees of a running gateway: records, metrics, alerts, `monitor`, `doctor`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Signal;
use serde_json::{Value, json};
use simulator::{Effect, Fault, Host, Matcher};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;

use crate::alerts::{Rules, Samples};
use crate::faults::{Call, Harm, Rule};
use crate::http::{self, Reply};
use crate::mcp::{Era, Mcp};
use crate::process::{eventually, signal};
use crate::world::World;

async fn scrape(world: &World) -> Samples {
    let reply = http::get(&world.metrics()).await.unwrap();
    assert_eq!(reply.status, 200);
    Samples::parse(&reply.body)
}

/// The records that say how a request ended.
const ENDS: [&str; 4] = ["mcp-response", "mcp-auth-rejected", "request-refused", "request-failed"];

fn ends_of(log: &str, request: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ends = lines.filter(|line| ENDS.contains(&line["event"].as_str().unwrap_or_default()));
    ends.filter(|line| line["request"] == request).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn inv10_every_failure_somebody_sees_has_one_record_with_a_cause() {
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.full_name().await;
    let bearer = format!("Bearer {}", tokens.access);
    let post = async |bearer: &str, body: &str| {
        let headers = [("authorization", bearer), ("content-type", "application/json")];
        http::send("POST", &world.url("/mcp"), &headers, body.to_owned()).await.unwrap()
    };
    let page = [("accept", "text/html")];
    let form = async |fields: &[(&str, &str)]| {
        http::post_form(&world.url("/oauth/token"), fields).await.unwrap()
    };
    let shown = http::send("GET", &world.url("/nothing"), &page, String::new()).await.unwrap();
    assert!(shown.body.contains(shown.header("x-request-id")), "{}", shown.body);
    let mut failures: Vec<(u16, Reply)> = vec![
        (401, post("Bearer nobody", "{}").await),
        (400, post(&bearer, "{").await),
        (400, post(&bearer, "[]").await),
        (404, http::get(&world.url("/nothing/here")).await.unwrap()),
        (404, shown),
        (405, http::get(&world.url("/oauth/token")).await.unwrap()),
        (400, form(&[("grant_type", "none")]).await),
        (400, http::get(&world.url("/oauth/authorize?client_id=x")).await.unwrap()),
    ];
    let answered = mcp.request("tools/list", json!({})).await.unwrap();
    assert!(world.control().revoke_session(&world.runner().email));
    failures.push((401, mcp.call("get_stats", &json!({})).await.unwrap()));
    for (status, reply) in failures {
        assert_eq!(reply.status, status, "{}", reply.body);
        let request = reply.header("x-request-id");
        let ends = eventually("the record is written", async || {
            Some(ends_of(&world.log(), request)).filter(|ends| !ends.is_empty())
        })
        .await;
        let [end] = &ends[..] else { panic!("{ends:?}") };
        assert_eq!(end["status"], status, "{end}");
        assert!(end["code"].as_str().is_some_and(|code| !code.is_empty()), "{end}");
    }
    let ends = ends_of(&world.log(), answered.header("x-request-id"));
    assert_eq!((ends.len(), &ends[0]["status"]), (1, &json!(200)), "{ends:?}");
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn ops01_each_failure_raises_its_own_alert_and_routine_raises_none() {
    let mut world = World::start_with_faults().await;
    let rules = Rules::read();
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let other = world.connect(&client, world.coded()).await;
    let (mcp, steady) = (client.mcp(&tokens, Era::Handshake), client.mcp(&other, Era::Handshake));
    mcp.full_name().await;
    steady.full_name().await;

    // Routine: a session that ended at Garmin, a token nobody has, a worker that died once.
    let before = scrape(&world).await;
    assert!(world.control().revoke_session(&world.runner().email));
    mcp.call("get_stats", &json!({})).await.unwrap();
    let bearer = [("authorization", "Bearer nobody")];
    http::send("POST", &world.url("/mcp"), &bearer, String::new()).await.unwrap();
    for pid in world.workers() {
        signal(pid, Signal::KILL);
    }
    steady.full_name().await;
    let mut after = scrape(&world).await;
    assert_eq!(rules.raised(&before, &after), [""; 0], "routine wakes nobody");
    let refused = [("outcome", "refused")];
    assert!(after.get("garmin_gateway_renewals_total", &refused) > 0.0, "and was counted");

    // Workers die one after the other.
    let before = after;
    for round in 1..=6 {
        let workers = world.workers();
        steady.full_name().await;
        for pid in workers.into_iter().chain(world.workers()) {
            signal(pid, Signal::KILL);
        }
        let crashed = [("outcome", "crashed")];
        eventually("the crash is counted", async || {
            let now = scrape(&world).await.get("garmin_gateway_worker_ends_total", &crashed);
            let then = before.get("garmin_gateway_worker_ends_total", &crashed);
            (now - then >= f64::from(round)).then_some(())
        })
        .await;
    }
    after = scrape(&world).await;
    assert_eq!(rules.raised(&before, &after), ["WorkersCrash"]);

    // Garmin lets nobody sign in.
    let before = after;
    let blocked = Effect::Status { status: 503, retry_after_secs: None };
    let fault = world.control().add_fault(Fault::always(Matcher::host(Host::Sso), blocked));
    for _ in 0..3 {
        let (mut browser, page) = world.at_the_form(&client).await;
        browser.sign_in(page, world.runner(), world.control()).await.unwrap();
    }
    world.control().remove_fault(fault);
    after = scrape(&world).await;
    assert_eq!(rules.raised(&before, &after), ["SignInsBlocked"]);

    // The disk of the database is full.
    let before = after;
    let full = Harm::Error(Errno::NOSPC);
    let writes =
        Rule { calls: &[Call::Write], path: "gateway.db", harm: full, skip: 0, times: None };
    world.faults().fail(0, &writes);
    for _ in 0..6 {
        let new = json!({ "redirect_uris": ["https://client.example/cb"], "client_name": "x" });
        let reply = http::post_json(&world.url("/oauth/register"), &new).await.unwrap();
        assert_eq!(reply.status, 503, "{reply:?}");
    }
    let ready = http::get(&world.url("/readyz")).await.unwrap();
    assert_eq!(
        (ready.status.as_u16(), &ready.json()["checks"]["database"]["failed"]),
        (503, &json!("full"))
    );
    assert_eq!(http::get(&world.url("/healthz")).await.unwrap().status, 200);
    world.faults().mend(0);
    after = scrape(&world).await;
    assert_eq!(rules.raised(&before, &after), ["StoreFailing"]);

    // Nobody takes the log any more.
    let before = after;
    let writes = Rule { calls: &[Call::Write], path: "/log", harm: full, skip: 0, times: None };
    world.faults().fail(1, &writes);
    for _ in 0..20 {
        assert_eq!(http::get(&world.url("/nothing")).await.unwrap().status, 404);
    }
    after = eventually("the loss is counted", async || {
        let now = scrape(&world).await;
        (now.get("garmin_gateway_log_lines_dropped_total", &[]) > 0.0).then_some(now)
    })
    .await;
    assert_eq!(rules.raised(&before, &after), ["LogLosesLines"]);
    world.faults().mend(1);
    assert!(world.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn ops01_calls_that_find_every_worker_busy_raise_the_alert_about_capacity() {
    let mut world = World::start_with(&[("MAX_WORKERS", "1")]).await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let other = world.connect(&client, world.coded()).await;
    let (held, waiting) = (client.mcp(&tokens, Era::Handshake), client.mcp(&other, Era::Handshake));
    held.full_name().await;
    let before = scrape(&world).await;
    let slow = Effect::Delay { millis: 20_000 };
    world.control().add_fault(Fault::always(Matcher::host(Host::Api), slow));
    let arguments = json!({ "date": "yesterday" });
    let busy = held.call("get_stats", &arguments);
    let refused = async {
        eventually("the worker is busy", async || {
            (scrape(&world).await.get("garmin_gateway_calls_in_flight", &[]) > 0.0).then_some(())
        })
        .await;
        for reply in six_calls(&waiting).await {
            assert_eq!(reply.status, 503, "{}", reply.body);
        }
        scrape(&world).await
    };
    let (_, after) = tokio::join!(busy, refused);
    assert_eq!(Rules::read().raised(&before, &after), ["AtCapacity"]);
    assert!(world.terminate().await.success());
}

/// Six calls at once.
async fn six_calls(mcp: &Mcp) -> Vec<Reply> {
    let call = async || mcp.request("tools/list", json!({})).await.unwrap();
    let (first, second) = tokio::join!(async { tokio::join!(call(), call(), call()) }, async {
        tokio::join!(call(), call(), call())
    },);
    vec![first.0, first.1, first.2, second.0, second.1, second.2]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_sign_in_keeps_no_liveness_probe_waiting() {
    let world = World::start().await;
    let client = world.client().await;
    let hang = Effect::Delay { millis: 8_000 };
    world.control().add_fault(Fault::always(Matcher::host(Host::Sso), hang));
    let (mut browser, page) = world.at_the_form(&client).await;
    let person = world.runner().clone();
    let signing_in = browser.sign_in(page, &person, world.control());
    let probes = async {
        eventually("the sign-in is under way", async || {
            (world.logged("login-start") > 0).then_some(())
        })
        .await;
        let mut quickest = Duration::MAX;
        for _ in 0..20 {
            let began = Instant::now();
            assert_eq!(http::get(&world.url("/healthz")).await.unwrap().status, 200);
            quickest = quickest.min(began.elapsed());
        }
        // The slowest of them measures this machine.
        assert!(quickest < Duration::from_millis(50), "{quickest:?}");
    };
    tokio::select! {
        () = probes => {}
        _ = signing_in => panic!("the sign-in did not hang"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn monitor_shows_what_happens_and_ends_with_its_reader() {
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    let mut watching = world.command(&["monitor", "--all", "--json"]);
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    // Events of before the watcher came are not shown: something happens until it sees it.
    let seen = async {
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == "mcp-response" && event["tool"] == "tools/list" {
                return event;
            }
        }
    };
    let calls = async {
        loop {
            mcp.request("tools/list", json!({})).await.unwrap();
        }
    };
    let event = tokio::select! {
        event = seen => event,
        () = calls => unreachable!(),
    };
    let account = event["account"].as_str().unwrap().to_owned();
    assert!(account.starts_with("acc_"), "{event}");
    signal(watching.id().unwrap(), Signal::INT);
    assert!(watching.wait().await.unwrap().success());

    let table = world.output(&["monitor", "--watch", "--no-follow"]).await;
    assert!(table.contains(&account) && table.contains("MiB"), "{table}");
    assert!(!table.contains('\u{1b}'), "no colour in a pipe: {table}");
    let of_nobody =
        world.output(&["monitor", "--watch", "--no-follow", "--account", "acc_x"]).await;
    assert!(!of_nobody.contains(&account), "{of_nobody}");
    let log = world.log_file();
    let words = ["monitor", "--file", log.to_str().unwrap(), "--no-follow", "--lines", "100000"];
    let text = world.output(&words).await;
    assert!(text.contains("info  gateway-started"), "{text}");
    assert!(!text.contains("mcp-request"), "chatter is for --all");
}

#[tokio::test(flavor = "multi_thread")]
async fn monitor_in_a_terminal_is_coloured_and_redrawn_until_somebody_presses_ctrl_c() {
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    for (words, drawn) in
        [(&["monitor", "--watch"][..], "\u{1b}[H\u{1b}[2J"), (&["monitor", "--all"], "\u{1b}[3")]
    {
        let mut terminal = world.in_a_terminal(words);
        let mut screen = terminal.stdout.take().unwrap();
        let mut shown = String::new();
        // Something happens until it is on the screen, and that is drawn twice.
        while shown.matches(drawn).count() < 2 || !shown.contains("acc_") {
            mcp.request("tools/list", json!({})).await.unwrap();
            let mut piece = [0; 4096];
            let read = screen.read(&mut piece);
            if let Ok(read) = timeout(Duration::from_millis(100), read).await {
                let read = read.unwrap();
                assert!(read > 0, "{words:?} ended by itself: {shown}");
                shown.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
        }
        terminal.stdin.as_mut().unwrap().write_all(b"\x03").await.unwrap();
        let ended = timeout(Duration::from_secs(10), terminal.wait()).await;
        assert!(ended.unwrap().unwrap().success(), "{words:?}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_nothing_that_fails_in_a_gateway_that_works_and_says_what_to_mend() {
    let mut world = World::start().await;
    let examined = |code: i32, report: &Value| {
        let checks: BTreeMap<String, String> = report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|check| {
                let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
                (text("check"), text("state"))
            })
            .collect();
        (code, checks)
    };
    let (code, report) = world.doctor().await;
    let (code, checks) = examined(code, &report);
    assert!(code < 2, "{report}");
    for check in [
        "settings",
        "secret",
        "schema",
        "database",
        "integrity",
        "gateway",
        "ready",
        "garmin",
        "clock",
    ] {
        assert_eq!(checks.get(check).map(String::as_str), Some("ok"), "{check} in {report}");
    }
    assert_eq!(checks["backup"], "warn", "nobody has made one: {report}");
    assert_eq!(code, 1);

    world.terminate().await;
    let (code, report) =
        world.doctor_with(&[("GATEWAY_SECRET", "another value that is quite long enough")]).await;
    assert_eq!(code, 2, "{report}");
    let wrong = report["checks"].as_array().unwrap().iter().find(|check| check["state"] == "fail");
    assert_eq!(wrong.unwrap()["check"], "secret", "{report}");
    assert!(wrong.unwrap()["mend"].as_str().unwrap().contains("GATEWAY_SECRET"), "{report}");
    // A worker is asked what holds it back, whatever else is wrong.
    let (code, report) = world.doctor_with(&[("GATEWAY_SECRET", "short")]).await;
    let (code, checks) = examined(code, &report);
    assert_eq!((code, &*checks["settings"]), (2, "fail"), "{report}");
    assert!(checks.contains_key("sandbox"), "{report}");
}

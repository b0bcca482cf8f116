//! Writes whose worker dies in the middle, and one write that two gateways are told of.

use rustix::process::Signal;
use serde_json::{Value, json};
use simulator::{Effect, Fault, Matcher};

use crate::http::Reply;
use crate::mcp::{Era, Mcp, answer_of};
use crate::postgres::Schema;
use crate::process::{self, eventually};
use crate::world::World;

const ACTIVITY: &str = "/activity-service/activity";

/// What may have changed something at Garmin, as the statuses it was answered with.
fn sent(world: &World, method: &str) -> Vec<u16> {
    let requests = world.control().requests();
    let writes = requests.iter().filter(|it| it.method == method && it.path.starts_with(ACTIVITY));
    writes.map(|it| it.status).collect()
}

/// The code of a tool's refusal, and what it says.
fn refusal(reply: &Reply) -> (String, Value) {
    let mut message = reply.message();
    let result = message["result"].take();
    assert_eq!(result["isError"], true, "{result}");
    let data = result["_meta"]["garmin-gateway/error"].clone();
    (data["code"].as_str().unwrap().to_owned(), data)
}

/// Calls a tool and kills its worker once Garmin has come as far as `far` says.
async fn struck(
    world: &World,
    mcp: &Mcp,
    (tool, arguments): (&str, &Value),
    far: impl Fn() -> bool,
) -> Reply {
    let [worker] = world.workers()[..] else { panic!("not one worker") };
    let strike = async {
        eventually("at Garmin", async || far().then_some(())).await;
        process::signal(worker, Signal::KILL);
    };
    let (reply, ()) = tokio::join!(mcp.call(tool, arguments), strike);
    let reply = reply.unwrap();
    assert_eq!(reply.status, 502, "{reply:?}");
    assert!(reply.body.contains("may or may not"), "{reply:?}");
    reply
}

/// Looks after a write that nobody knows the end of, the way a model is told to: the same call is
/// refused, the journal calls it unknown, and a look at Garmin frees it.
async fn looked_after(mcp: &Mcp, tool: &str, arguments: &Value) -> Value {
    let unknown = eventually("unknown", async || {
        let list = mcp.ask("get_write_operations", json!({ "status": "unknown" })).await;
        list["operations"][0]["operation_id"].as_str().map(str::to_owned)
    })
    .await;
    let (code, data) = refusal(&mcp.call(tool, arguments).await.unwrap());
    assert_eq!((&*code, &data["operation_id"]), ("conflict", &json!(unknown)), "{data}");
    assert!(data["message"].as_str().unwrap().contains("reconcile_write_operation"), "{data}");
    let look = json!({ "operation_id": unknown });
    let seen = mcp.ask("reconcile_write_operation", look).await;
    assert_eq!(seen["status"], "reviewed", "{seen}");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn rel10_a_write_whose_worker_is_killed_waits_for_a_look_and_is_never_sent_twice() {
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.initialize().await;
    let list = mcp.ask("get_activities", json!({ "limit": 1 })).await;
    let id = &list["activities"][0]["id"];

    // Killed before Garmin has done anything: it never will.
    let when = Matcher::default().method("PUT").path(ACTIVITY);
    world.control().add_fault(Fault::once(when, Effect::Delay { millis: 60_000 }));
    let rename = json!({ "activity_id": id, "activity_name": "Struck" });
    let held = || world.control().faults().is_empty();
    struck(&world, &mcp, ("set_activity_name", &rename), held).await;
    let seen = looked_after(&mcp, "set_activity_name", &rename).await;
    assert_eq!(seen["matches"], false, "{seen}");
    let done = mcp.ask("set_activity_name", rename).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    let answered = sent(&world, "PUT").into_iter().filter(|status| *status != 0).count();
    assert_eq!(answered, 1, "the first was never done, the second once");

    // Killed after Garmin has done it, before its answer was heard.
    let when = Matcher::default().method("POST").path(ACTIVITY);
    world.control().add_fault(Fault::once(when, Effect::Trickle { bytes: 1, millis: 1_000 }));
    let made = json!({ "type_key": "running", "date": "yesterday", "duration_minutes": 31 });
    let answering = || sent(&world, "POST").contains(&200);
    struck(&world, &mcp, ("create_manual_activity", &made), answering).await;
    looked_after(&mcp, "create_manual_activity", &made).await;
    assert_eq!(sent(&world, "POST"), [200], "sent once, and not again by anybody");
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_one_write_whichever_gateway_is_told() {
    let Some(schema) = Schema::create().await else { return };
    let mut world = World::with_faults().await;
    world.use_database(Some(&schema.url));
    world.start_gateway().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let one = client.mcp(&tokens, Era::Stateless);
    let node = world.another_node().await;
    let two = Mcp::new(node.connector(), &tokens.access, Era::Stateless);
    let made = json!({ "type_key": "running", "date": "yesterday", "duration_minutes": 31,
                       "idempotency_key": "the-run-of-yesterday" });

    // Both at once: one sends, the other hears of it or is told to wait.
    let (first, second) = tokio::join!(
        one.call("create_manual_activity", &made),
        two.call("create_manual_activity", &made),
    );
    let replies = [first.unwrap(), second.unwrap()];
    let (mut done, mut waited) = (0, 0);
    for reply in &replies {
        if reply.message()["result"]["isError"] == true {
            assert_eq!(refusal(reply).0, "conflict", "{reply:?}");
            waited += 1;
        } else {
            assert_eq!(answer_of(reply)["status"], "done", "{reply:?}");
            done += 1;
        }
    }
    assert!(done >= 1 && done + waited == 2);
    assert_eq!(sent(&world, "POST"), [200]);

    // Later both know the same end of it.
    let [here, there] = [
        one.ask("create_manual_activity", made.clone()).await,
        two.ask("create_manual_activity", made.clone()).await,
    ];
    assert_eq!(here["operation_id"], there["operation_id"]);
    assert_eq!(here["activity_id"], there["activity_id"]);
    let mut other = made;
    other["duration_minutes"] = json!(32);
    let (code, _) = refusal(&two.call("create_manual_activity", &other).await.unwrap());
    assert_eq!(code, "conflict");
    assert_eq!(sent(&world, "POST"), [200]);
    node.stop().await;
    assert!(world.terminate().await.success());
    schema.drop().await;
}

use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::rig::{Reply, Rig, call, modern, post};

const EVENTS: &str = "text/event-stream";

/// A call whose worker answers with exactly this.
async fn said(rig: &Rig, token: &str, arguments: Value) -> Reply {
    rig.call(token, "read", arguments).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t127_a_confused_worker_confuses_nobody() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let stream = [
        ": a comment of the worker\n\n",
        "id: 1\nevent: odd\ndata: {\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{\"secret\":1}}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"sampling/createMessage\"}\n\n",
        "data: nonsense\n\n",
        "data: {\"jsonrpc\":\"2.0\",\ndata: \"method\":\"notifications/progress\"}\r\n\r\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":\"\\n\"}}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/late\"}\n\n",
    ]
    .concat();
    let reply = said(&rig, &token, json!({"kind": EVENTS, "say": stream})).await;
    assert_eq!(reply.header("content-type"), EVENTS);
    assert_eq!(reply.header("x-accel-buffering"), "no");
    assert_eq!(reply.header("cache-control"), "no-cache, no-store, no-transform");
    assert_eq!(
        reply.body,
        "event: message\ndata: {\"jsonrpc\":\"2.0\", \"method\":\"notifications/progress\"}\n\n\
         event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":\"\\n\"}}\n\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t127_rel16_what_is_no_answer_is_a_bad_gateway_and_never_shown() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let json = "application/json";
    for (kind, say) in [
        (json, r#"{"jsonrpc":"2.0","id":8,"result":{"secret":1}}"#),
        (json, r#"{"jsonrpc":"2.0","id":"7","result":{"secret":1}}"#),
        (json, r#"{"jsonrpc":"2.0","result":{"secret":1}}"#),
        (json, r#"[{"jsonrpc":"2.0","id":7,"result":{"secret":1}}]"#),
        (json, "secret"),
        (json, ""),
        ("text/html", "<html>secret</html>"),
    ] {
        let reply = said(&rig, &token, json!({"kind": kind, "say": say})).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (502, "worker_bad_answer"));
        assert!(!reply.body.contains("secret"), "{}", reply.body);
    }
    // rmcp's own words for a message it cannot read.
    let words = json!({"kind": "text/plain", "with_status": 415, "say": "fail to deserialize"});
    let reply = said(&rig, &token, words.clone()).await;
    assert_eq!(
        (reply.status.as_u16(), reply.json()["error"]["code"].as_i64()),
        (200, Some(-32602))
    );
    let params = json!({"name": "read", "arguments": words});
    let reply = rig.send(modern(&token, "tools/call", params)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.json()["error"]["code"].as_i64()),
        (400, Some(-32602))
    );
    assert!(!reply.body.contains("deserialize"), "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t127_a_stream_without_an_answer_ends_with_one() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let progress = "data: {\"method\":\"notifications/progress\"}\n\n";
    let broken = said(&rig, &token, json!({"kind": EVENTS, "say": progress})).await;
    let last = broken.body.split("\n\n").nth(1).unwrap();
    assert!(last.contains("worker_crashed") && last.contains("\"id\":7"), "{}", broken.body);
    let garbage = format!("{progress}not an event stream\n\n");
    let garbage = said(&rig, &token, json!({"kind": EVENTS, "say": garbage})).await;
    assert!(garbage.body.contains("worker_bad_answer"), "{}", garbage.body);
    let chatter = format!("{progress}{}", "data: nonsense\n\n".repeat(101));
    let answered = format!("{chatter}data: {{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{{}}}}\n\n");
    let chatter = said(&rig, &token, json!({"kind": EVENTS, "say": answered})).await;
    assert!(chatter.body.contains("worker_bad_answer"), "{}", chatter.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t126_rel15_an_answer_without_measure_is_cut_off_in_band() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let reply = said(&rig, &token, json!({"announced": 20 * 1024 * 1024})).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (200, "answer_too_large"));
    assert_eq!(reply.json()["id"], 7);

    let cancelled = rig.path("cancelled");
    let flood = said(&rig, &token, json!({"flood": true, "cancelled": cancelled})).await;
    let last = flood.body.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.contains("answer_too_large") && last.contains("\"id\":7"), "{last}");
    assert!(flood.body.len() < 9 * 1024 * 1024, "{}", flood.body.len());
    crate::rig::appears(&cancelled).await;
    crate::rig::until("nothing is in flight", || rig.in_flight(&account) == Some(0)).await;
    said(&rig, &token, json!({})).await.result();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_arrives_while_the_call_runs() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let body = call("read", &json!({"stream_until": rig.path("go")}));
    let mut body = rig.open(post(&token, body)).await.into_body();
    let mut next = async || {
        let frame = body.frame().await?.unwrap().into_data().unwrap();
        Some(String::from_utf8(frame.to_vec()).unwrap())
    };
    assert!(next().await.unwrap().contains("notifications/progress"));
    rig.touch("go");
    assert!(next().await.unwrap().contains("\"done\":true"));
    assert_eq!(next().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_gets_the_kind_of_answer_it_reads() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    rig.touch("go");
    let ask = async |accept: &str, arguments: Value| {
        let mut request = post(&token, call("read", &arguments));
        request.headers_mut().insert("accept", accept.parse().unwrap());
        rig.send(request).await
    };
    let streamed = json!({"stream_until": rig.path("go")});
    let reply = ask("application/json", streamed.clone()).await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.result()["done"], true);
    let reply = ask("application/json, text/event-stream", streamed).await;
    assert_eq!(reply.header("content-type"), EVENTS);

    let reply = ask(EVENTS, json!({})).await;
    assert_eq!(reply.header("content-type"), EVENTS);
    let data = reply.body.strip_prefix("event: message\ndata: ").unwrap().trim_end();
    assert!(serde_json::from_str::<Value>(data).unwrap()["result"]["pid"].is_u64());
    let reply = ask("application/json, text/event-stream", json!({})).await;
    assert_eq!(reply.header("content-type"), "application/json");
    // A proxy that speaks HTTP/1.0 keeps its connection, and sees where an answer was cut off.
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
}

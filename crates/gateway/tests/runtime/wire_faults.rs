//! What a worker's HTTP can do wrong, byte by byte, and what the client hears of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rig::{Reply, Rig, until};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"whole":true}}"#;

async fn rig() -> Rig {
    Rig::with_program("raw_worker", "normal", &[]).await
}

fn outcome(reply: &Reply) -> (u16, String) {
    (reply.status.as_u16(), reply.code())
}

/// How often the worker was asked.
fn asked(rig: &Rig, name: &str) -> u64 {
    std::fs::metadata(rig.path(name)).map_or(0, |file| file.len())
}

/// Every place of an answer where a worker can die.
fn deaths() -> Vec<(&'static str, Value)> {
    let whole = format!("{HEAD}Content-Length: {}\r\n\r\n", ANSWER.len());
    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("{:x}\r\n{ANSWER}\r\n", ANSWER.len());
    let die = json!({"die": true});
    vec![
        ("before-head", json!([die])),
        ("in-status-line", json!([{"send": "HTTP/1.1 2"}, die])),
        ("in-head", json!([{"send": HEAD}, die])),
        ("after-head", json!([{"send": whole}, die])),
        ("in-body", json!([{"send": whole}, {"send": &ANSWER[..9]}, die])),
        ("before-chunk", json!([{"send": chunked}, die])),
        ("in-chunk", json!([{"send": chunked}, {"send": &chunk[..12]}, die])),
        ("before-last-chunk", json!([{"send": chunked}, {"send": chunk}, die])),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel10_inv6_a_read_is_asked_again_once_wherever_its_worker_died() {
    let rig = rig().await;
    for (number, (place, wire)) in deaths().into_iter().enumerate() {
        // A person each: crashes of one account are held against it.
        let (_, token) = rig.person(number).await;
        let (once, count) = (rig.path(&format!("{place}-once")), format!("{place}-count"));
        let arguments = json!({"wire": wire, "only_once": once, "count": rig.path(&count)});
        let reply = rig.call(&token, "read", arguments).await;
        assert!(reply.result()["pid"].is_u64(), "{place}: {}", reply.body);
        assert_eq!(asked(&rig, &count), 2, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel10_inv6_a_write_is_sent_once_wherever_its_worker_died() {
    let rig = rig().await;
    for (number, (place, wire)) in deaths().into_iter().enumerate() {
        let (_, token) = rig.person(number).await;
        let count = format!("{place}-count");
        let arguments = json!({"wire": wire, "count": rig.path(&count)});
        let reply = rig.call(&token, "write", arguments).await;
        assert_eq!(outcome(&reply), (502, "worker_crashed".to_owned()), "{place}");
        assert_eq!(reply.json()["id"], 7, "{place}");
        assert_eq!(asked(&rig, &count), 1, "{place}: the write was repeated");
        rig.call(&token, "write", json!({})).await.result();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel10_a_death_after_the_last_byte_costs_nobody_an_answer() {
    let rig = rig().await;
    let (account, token) = rig.person(0).await;
    let whole = format!("{HEAD}Content-Length: {}\r\n\r\n{ANSWER}", ANSWER.len());
    for round in 0..3 {
        let count = format!("count-{round}");
        let arguments =
            json!({"wire": [{"send": whole}, {"die": true}], "count": rig.path(&count)});
        let reply = rig.call(&token, "write", arguments).await;
        assert_eq!(reply.result()["whole"], true, "round {round}");
        assert_eq!(asked(&rig, &count), 1, "round {round}");
        // A write that met the dying process would be told that it may have taken effect.
        until("its end is known", || rig.pid_of(&account).is_none()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel10_inv6_events_whose_worker_dies_end_with_one_typed_reason() {
    let rig = rig().await;
    let event = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n";
    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
    let head = format!("{EVENTS}Transfer-Encoding: chunked\r\n\r\n");
    let die = json!({"die": true});
    // Nothing has been said to the client yet: a status can still tell.
    let (_, token) = rig.person(0).await;
    let arguments = json!({"wire": [{"send": head}, die], "count": rig.path("count")});
    let reply = rig.call(&token, "write", arguments).await;
    assert_eq!(outcome(&reply), (502, "worker_crashed".to_owned()));
    assert_eq!(asked(&rig, "count"), 1);

    for (number, (place, rest)) in
        [("between-events", ""), ("in-event", &chunk[..20]), ("in-size", "5")]
            .into_iter()
            .enumerate()
    {
        let (_, token) = rig.person(number + 1).await;
        let wire = json!([{"send": head}, {"send": chunk}, {"send": rest}, die]);
        let count = format!("{place}-count");
        let arguments = json!({"wire": wire, "count": rig.path(&count)});
        let reply = rig.call(&token, "read", arguments).await;
        assert_eq!(reply.status.as_u16(), 200, "{place}");
        let events: Vec<&str> = reply.body.split_terminator("\n\n").collect();
        let [progress, last] = events.as_slice() else { panic!("{place}: {events:?}") };
        assert!(progress.contains("notifications/progress"), "{place}");
        assert!(last.contains("worker_crashed") && last.contains("\"id\":7"), "{place}: {last}");
        assert_eq!(asked(&rig, &count), 1, "{place}: repeated after something was said");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel16_what_is_no_http_is_a_bad_answer_at_once_and_ends_nothing_else() {
    let rig = rig().await;
    let (account, token) = rig.person(0).await;
    let gzip = "\u{1f}\u{8b}\u{8}\u{0}compressed";
    let length = gzip.len();
    let broken = [
        ("garbage", "\u{0}\u{1}no http at all\r\n\r\n".to_owned()),
        ("another protocol", "SSH-2.0-OpenSSH_9.9\r\n".to_owned()),
        ("another version", "HTTP/3.0 200 OK\r\n\r\n".to_owned()),
        ("status of letters", "HTTP/1.1 abc OK\r\n\r\n".to_owned()),
        ("no length", format!("{HEAD}Content-Length: many\r\n\r\n{ANSWER}")),
        ("two lengths", format!("{HEAD}Content-Length: 5\r\nContent-Length: 48\r\n\r\n{ANSWER}")),
        ("no chunks", format!("{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{ANSWER}\r\n")),
        ("a head without end", format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1_000_000))),
        ("a thousand headers", format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(1000))),
        (
            "compressed",
            format!("{HEAD}Content-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n{gzip}"),
        ),
        ("a change of protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n".to_owned()),
    ];
    for (what, text) in broken {
        let began = Instant::now();
        let count = what.replace(' ', "-");
        let arguments = json!({"wire": [{"send": text}], "count": rig.path(&count)});
        let reply = rig.call(&token, "read", arguments).await;
        assert_eq!(outcome(&reply), (502, "worker_bad_answer".to_owned()), "{what}");
        assert_eq!(reply.json()["id"], 7, "{what}");
        assert_eq!(asked(&rig, &count), 1, "{what}: whoever speaks no HTTP is not asked twice");
        assert!(began.elapsed() < Duration::from_secs(20), "{what}: {:?}", began.elapsed());
        let pid = rig.pid_of(&account);
        assert_eq!(rig.call(&token, "read", json!({})).await.result()["pid"], json!(pid), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel16_interim_answers_without_end_are_a_bad_answer() {
    let rig = rig().await;
    let (_, token) = rig.person(0).await;
    let (_, other) = rig.person(1).await;
    for interim in
        ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"]
    {
        let flood = json!([{"send": interim, "times": 1_000_000_000_u64}]);
        let began = Instant::now();
        let (reply, served) = tokio::join!(
            rig.call(&token, "read", json!({"wire": flood})),
            rig.call(&other, "read", json!({})),
        );
        assert_eq!(outcome(&reply), (502, "worker_bad_answer".to_owned()), "{interim}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        served.result();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel15_inv5_of_two_hundred_megabytes_no_more_is_taken_than_an_answer_may_have() {
    let rig = rig().await;
    let (_, token) = rig.person(0).await;
    let mebibyte = "x".repeat(1 << 20);
    let chunk = format!("{:x}\r\n{mebibyte}\r\n", mebibyte.len());
    let head = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
    let wire = json!([{"send": head}, {"send": chunk, "times": 200}]);
    let arguments = json!({"wire": wire, "written": rig.path("written")});
    let reply = rig.call(&token, "read", arguments).await;
    assert_eq!(outcome(&reply), (200, "answer_too_large".to_owned()));
    let written = rig.path("written");
    until("the worker's sending has ended", || {
        std::fs::read_to_string(&written).is_ok_and(|text| !text.is_empty())
    })
    .await;
    // What was taken, and what lay in the buffers of the kernel.
    let written: usize = std::fs::read_to_string(&written).unwrap().parse().unwrap();
    assert!(written < 24 << 20, "{written} bytes were taken");
    rig.call(&token, "read", json!({})).await.result();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel13_a_worker_that_accepts_and_says_nothing_holds_up_nobody_else() {
    let rig = rig().await;
    let (account, token) = rig.person(0).await;
    let (_, other) = rig.person(1).await;
    let silent = json!({"wire": [{"wait_for": rig.path("never")}]});
    let held = rig.call(&token, "read", silent);
    let others = async {
        until("the call is there", || rig.in_flight(&account) == Some(1)).await;
        for _ in 0..20 {
            rig.list(&other).await.result();
        }
        // Its own account is served beside it, and can call it off.
        rig.list(&token).await.result();
        let params = json!({"requestId": 7, "reason": "too slow"});
        let message =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        rig.post(&token, message.to_string()).await;
    };
    let (reply, ()) = tokio::join!(held, others);
    assert_eq!(outcome(&reply), (200, "cancelled".to_owned()));
    until("nothing is in flight", || rig.in_flight(&account) == Some(0)).await;
}

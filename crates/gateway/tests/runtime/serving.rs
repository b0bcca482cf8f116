use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use domain::console::{Answer, Request, Revoked, SOCKET};
use domain::entropy::OsEntropy;
use gateway::Gateway;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::rig::{LIST, Rig, call, is_alive, until};

async fn exchange(at: SocketAddr, method: &str, path: &str, token: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n\
         {body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn ask(stream: &mut UnixStream, request: &Request) -> Answer {
    let mut line = serde_json::to_vec(request).unwrap();
    line.push(b'\n');
    stream.write_all(&line).await.unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec122_sec130_a_gateway_serves_answers_its_console_and_stops_without_losing_a_call() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let gateway =
        Gateway::open(rig.config(), rig.program(), rig.clock.clone(), Arc::new(OsEntropy))
            .await
            .unwrap();
    let app = gateway.app().clone();
    let stop = CancellationToken::new();
    let shutdown = stop.clone().cancelled_owned();
    let announce = Duration::from_millis(300);
    let test = async {
        assert!(exchange(at, "GET", "/healthz", "", "").await.contains("200 OK"));
        assert!(exchange(at, "GET", "/readyz", "", "").await.contains("200 OK"));
        assert!(exchange(at, "POST", "/mcp", &token, LIST).await.contains("\"pid\""));

        let socket = rig.dir.path().join(SOCKET);
        let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut console = UnixStream::connect(&socket).await.unwrap();
        let Answer::Status(status) = ask(&mut console, &Request::Status).await else {
            panic!("not a status")
        };
        assert_eq!(status.workers.len(), 1);
        assert_eq!(status.workers[0].account, account);
        let pid = status.workers[0].pid;

        let (started, go) = (rig.path("started"), rig.path("go"));
        let body = call("write", &json!({"started": started, "hold_until": go}));
        let held = exchange(at, "POST", "/mcp", &token, &body);
        let stopping = async {
            until("the call has begun", || std::path::Path::new(&started).exists()).await;
            stop.cancel();
            until("draining has begun", || app.drain.has_begun()).await;
            let ready = exchange(at, "GET", "/readyz", "", "").await;
            assert!(ready.contains("503") && ready.contains("connection: close"), "{ready}");
            while TcpStream::connect(at).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            rig.touch("go");
        };
        let (answer, ()) = tokio::join!(held, stopping);
        assert!(answer.contains("\"pid\""), "{answer}");
        pid
    };
    let (served, pid) = tokio::join!(gateway.serve(listener, shutdown, announce), test);
    served.unwrap();
    assert!(!is_alive(pid));
    assert!(!rig.dir.path().join(SOCKET).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_revokes_at_once_and_replaces_a_dead_gateways_socket() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    // What a killed gateway leaves behind: a socket file that nobody listens on.
    drop(std::os::unix::net::UnixListener::bind(rig.dir.path().join(SOCKET)).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let gateway =
        Gateway::open(rig.config(), rig.program(), rig.clock.clone(), Arc::new(OsEntropy))
            .await
            .unwrap();
    let stop = CancellationToken::new();
    let shutdown = stop.clone().cancelled_owned();
    let test = async {
        assert!(exchange(at, "POST", "/mcp", &token, LIST).await.contains("200 OK"));
        rig.app.store.revoke_account_devices(&account, rig.app.clock.now()).await.unwrap();
        let mut console = UnixStream::connect(rig.dir.path().join(SOCKET)).await.unwrap();
        console.write_all(b"nonsense\n").await.unwrap();
        let mut line = String::new();
        BufReader::new(&mut console).read_line(&mut line).await.unwrap();
        assert!(line.contains("failed"), "{line}");
        let revoked = Request::Revoked { revoked: Revoked::Account(account.clone()) };
        assert_eq!(ask(&mut console, &revoked).await, Answer::Done);
        assert!(exchange(at, "POST", "/mcp", &token, LIST).await.contains("401"));
        stop.cancel();
    };
    let (served, ()) = tokio::join!(gateway.serve(listener, shutdown, Duration::ZERO), test);
    served.unwrap();
}

/// Reads until the end of a head, and past a body of the length it names.
async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await;
        read.push(byte.unwrap_or_else(|error| panic!("{error} in mid-answer")));
    }
    let head = String::from_utf8(read).unwrap();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    head
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_outlives_an_answer_that_came_before_its_body() {
    const DISCOVER: &[u8] =
        b"GET /.well-known/oauth-protected-resource/mcp HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let post = |length: usize, more: &str| {
        format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n{more}\r\n"
        )
    };
    let rig = Rig::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let gateway =
        Gateway::open(rig.config(), rig.program(), rig.clock.clone(), Arc::new(OsEntropy))
            .await
            .unwrap();
    let stop = CancellationToken::new();
    let shutdown = stop.clone().cancelled_owned();
    let connect = async || {
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    };
    let test = async {
        let mut stream = connect().await;
        for _ in 0..30 {
            stream.write_all(post(LIST.len(), "").as_bytes()).await.unwrap();
            // The body has a segment of its own, and the answer does not overtake it.
            let early = tokio::time::timeout(Duration::from_millis(5), stream.peek(&mut [0])).await;
            assert!(early.is_err(), "answered before the body had come");
            stream.write_all(LIST.as_bytes()).await.unwrap();
            let refused = answer(&mut stream).await;
            assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
            assert!(!refused.contains("connection: close"), "{refused}");
            stream.write_all(DISCOVER).await.unwrap();
            assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
        }

        let mut stream = connect().await;
        let long = 3 * 1024 * 1024;
        stream.write_all(post(long, "").as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; long]).await.unwrap();
        let refused = answer(&mut stream).await;
        assert!(refused.contains("401") && refused.contains("connection: close"), "{refused}");

        let mut stream = connect().await;
        let waiting = post(LIST.len(), "Expect: 100-continue\r\n");
        stream.write_all(waiting.as_bytes()).await.unwrap();
        let refused = answer(&mut stream).await;
        assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
        assert!(refused.contains("connection: close"), "{refused}");
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        stop.cancel();
    };
    let (served, ()) = tokio::join!(gateway.serve(listener, shutdown, Duration::ZERO), test);
    served.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel21_inv6_a_gateway_that_is_told_twice_ends_every_call_with_a_reason() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let (_, streaming) = rig.person(1).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let gateway =
        Gateway::open(rig.config(), rig.program(), rig.clock.clone(), Arc::new(OsEntropy))
            .await
            .unwrap();
    let app = gateway.app().clone();
    let stop = CancellationToken::new();
    let shutdown = stop.clone().cancelled_owned();
    let test = async {
        let (started, never) = (rig.path("started"), rig.path("never"));
        let held = call("write", &json!({"started": started, "hold_until": never}));
        let held = exchange(at, "POST", "/mcp", &token, &held);
        let events = async {
            let body = call("write", &json!({"stream_until": never}));
            let mut stream = TcpStream::connect(at).await.unwrap();
            let opening = format!(
                "POST /mcp HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {streaming}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\
                 Accept: application/json, text/event-stream\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(opening.as_bytes()).await.unwrap();
            let mut read = String::new();
            stream.read_to_string(&mut read).await.unwrap();
            read
        };
        let stopping = async {
            until("both calls have begun", || {
                let workers = app.supervisor.workers();
                std::path::Path::new(&started).exists()
                    && workers.iter().filter(|worker| worker.in_flight == 1).count() == 2
            })
            .await;
            stop.cancel();
            until("draining has begun", || app.drain.has_begun()).await;
            app.drain.cut();
        };
        let (held, events, ()) = tokio::join!(held, events, stopping);
        assert!(held.starts_with("HTTP/1.1 503"), "{held}");
        assert!(held.contains("retry-after: ") && held.contains("gateway_stopping"), "{held}");
        assert!(events.contains("gateway_stopping"), "{events}");
    };
    let (served, ()) = tokio::join!(gateway.serve(listener, shutdown, Duration::ZERO), test);
    served.unwrap();
    assert!(app.supervisor.workers().is_empty(), "{account}");
}

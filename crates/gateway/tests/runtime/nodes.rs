//! Two gateways on one database, as they run: each with its own processes and data directory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::Clock;
use domain::entropy::OsEntropy;
use domain::scope::Scopes;
use gateway::Gateway;
use gateway::state::AppState;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::postgres::Schema;
use crate::rig::{LIST, Rig, call, until};

/// A gateway that listens, with everything that runs beside.
struct Node {
    app: AppState,
    at: SocketAddr,
    stop: CancellationToken,
    served: JoinSet<anyhow::Result<()>>,
    _dir: tempfile::TempDir,
}

impl Node {
    async fn start(rig: &Rig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = rig.config();
        config.data_dir = dir.path().to_owned();
        let gateway = Gateway::open(config, rig.program(), rig.clock.clone(), Arc::new(OsEntropy))
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (app, stop) = (gateway.app().clone(), CancellationToken::new());
        let mut served = JoinSet::new();
        served.spawn(gateway.serve(listener, stop.clone().cancelled_owned(), Duration::ZERO));
        Self { app, at, stop, served, _dir: dir }
    }

    async fn stop(mut self) {
        self.stop.cancel();
        self.served.join_next().await.unwrap().unwrap().unwrap();
    }

    /// The status line and the body of an answer, as far as it comes.
    async fn post(&self, token: &str, body: &str) -> String {
        let mut stream = self.send(token, body).await;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn send(&self, token: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.at,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn lists(&self, token: &str) -> bool {
        let answer = self.post(token, LIST).await;
        assert!(answer.contains("200 OK") || answer.contains("401 "), "{answer}");
        answer.contains("200 OK")
    }
}

/// Two nodes, on SQLite always and on PostgreSQL where there is one.
async fn on_both_databases(test: impl AsyncFn(&Rig, &Node, &Node)) {
    let nodes = async |rig: Rig| {
        let [one, two] = [Node::start(&rig).await, Node::start(&rig).await];
        test(&rig, &one, &two).await;
        tokio::join!(one.stop(), two.stop());
        rig.app.store.close().await;
    };
    nodes(Rig::start().await).await;
    let Some(schema) = Schema::create().await else { return };
    nodes(Rig::with("normal", &[("DATABASE_URL", &schema.url)]).await).await;
    schema.drop().await;
}

/// INV-11: what a revocation on another node may take.
const LATEST: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv11_what_one_node_revokes_the_other_ends_within_five_seconds() {
    on_both_databases(async |rig, one, two| {
        let (account, token) = rig.person(0).await;
        let (device, other) = rig.device(&account, Scopes::ReadWrite).await;
        for node in [one, two] {
            assert!(node.lists(&token).await && node.lists(&other).await);
        }
        // A stream on the second node, for each device.
        let streamed = call("read", &json!({"stream_until": rig.path("never")}));
        let mut streams = Vec::new();
        for token in [&token, &other] {
            let mut stream = two.send(token, &streamed).await;
            let mut head = [0; 1024];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            streams.push(stream);
        }
        let begun = Instant::now();
        one.app.store.revoke_device(&device).await.unwrap();
        let mut rest = Vec::new();
        tokio::time::timeout(LATEST, streams[1].read_to_end(&mut rest)).await.unwrap().unwrap();
        while two.lists(&other).await {
            assert!(begun.elapsed() < LATEST);
        }
        assert!(!one.lists(&other).await);
        // The other device goes on: its calls, its stream, its worker.
        assert!(two.lists(&token).await);
        assert!(!two.app.supervisor.workers().is_empty());

        let begun = Instant::now();
        let now = rig.clock.now();
        one.app.store.revoke_account_devices(&account, now).await.unwrap();
        tokio::time::timeout(LATEST, streams[0].read_to_end(&mut rest)).await.unwrap().unwrap();
        until("no worker is left", || two.app.supervisor.workers().is_empty()).await;
        until("nor here", || one.app.supervisor.workers().is_empty()).await;
        assert!(begun.elapsed() < LATEST, "{:?}", begun.elapsed());
        assert!(!two.lists(&token).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv3_rel48_two_nodes_that_are_refused_at_once_ask_garmin_once() {
    on_both_databases(async |rig, one, two| {
        let (account, generation) = rig.sign_in(0).await;
        let mut seen = generation;
        for _ in 0..5 {
            let [first, second] = [one, two].map(|node| {
                let account = account.clone();
                async move { node.app.custody.credentials_for(&account, Some(seen)).await }
            });
            let (first, second) = tokio::join!(first, second);
            assert_eq!(first, second);
            seen = seen.next();
        }
        let counters = rig.garmin.control().counters(&crate::rig::email(0)).unwrap();
        assert_eq!((counters.rotated, counters.refreshes), (5, 5));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel57_inv11_a_revocation_that_nobody_was_told_of_is_found() {
    let Some(schema) = Schema::create().await else { return };
    let rig = Rig::with("normal", &[("DATABASE_URL", &schema.url)]).await;
    let [one, two] = [Node::start(&rig).await, Node::start(&rig).await];
    let (account, token) = rig.person(0).await;
    assert!(two.lists(&token).await);
    // The news and every connection are gone at the moment of the revocation.
    schema.cut_connections().await;
    let begun = Instant::now();
    let now = rig.clock.now();
    rig.app.store.revoke_account_devices(&account, now).await.unwrap();
    schema.cut_connections().await;
    while two.lists(&token).await {
        assert!(begun.elapsed() < LATEST);
    }
    until("its worker has gone", || two.app.supervisor.workers().is_empty()).await;
    tokio::join!(one.stop(), two.stop());
    rig.app.store.close().await;
    schema.drop().await;
}

//! The database under a gateway: rows that are damaged, a lock that somebody else holds, a
//! server that ends connections, is full of them, or is gone for a while.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::contract::CredentialsAnswer;
use domain::id::{AccountId, Generation};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, SqlitePool};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::postgres::Schema;
use crate::rig::{Reply, Rig, email, until};

/// What a person waits at most: for a connection, for a lock, and for a machine that is busy.
const BOUND: Duration = Duration::from_secs(20);

fn file(rig: &Rig) -> PathBuf {
    rig.config().data_dir.join("gateway.db")
}

async fn register(rig: &Rig, name: &str) -> Reply {
    let body = json!({"redirect_uris": ["http://127.0.0.1/cb"], "client_name": name});
    let request = Request::post("/oauth/register")
        .header("host", "localhost:8080")
        .header("content-type", "application/json");
    rig.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// An answer, or the word that there will be one later.
fn is_later(reply: &Reply) -> bool {
    if reply.status != StatusCode::SERVICE_UNAVAILABLE {
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        return false;
    }
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel62_whose_row_is_damaged_signs_in_again_and_nobody_else_notices() {
    let rig = Rig::start().await;
    let (_, other) = rig.person(9).await;
    let raw = SqlitePool::connect(&format!("sqlite://{}", file(&rig).display())).await.unwrap();
    let damages = [
        "credentials = CAST(substr(credentials, 1, length(credentials) - 1)
             || CASE substr(credentials, -1) WHEN X'00' THEN X'01' ELSE X'00' END AS BLOB)",
        "credentials = CAST(substr(credentials, 1, 12) AS BLOB)",
        "credentials = X''",
        "credentials = (SELECT credentials FROM accounts AS others
             WHERE others.account_id <> accounts.account_id LIMIT 1)",
        "email = X'00'",
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let (account, token) = rig.person(number).await;
        let damage = format!("UPDATE accounts SET {damage} WHERE account_id = $1");
        sqlx::query(AssertSqlSafe(damage)).bind(account.as_str()).execute(&raw).await.unwrap();
        let reply = rig.list(&token).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{number}: {}", reply.body);
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(rig.list(&other).await.status, StatusCode::OK);
        // What a sign-in writes mends it.
        let (account, newer) = rig.sign_in(number).await;
        rig.app.signed_in(&account, newer);
        assert_eq!(rig.list(&token).await.status, StatusCode::OK);
    }
    // A worker that is at work hears it with its next renewal.
    let damage = "UPDATE accounts SET credentials = X'00'";
    assert_eq!(sqlx::query(damage).execute(&raw).await.unwrap().rows_affected(), 6);
    let (account, generation) = rig.sign_in(0).await;
    for (number, needed) in [(0, false), (1, true)] {
        let account = if number == 0 { account.clone() } else { id_of(&rig, number).await };
        let answer = rig.app.custody.credentials_for(&account, Some(generation)).await;
        assert_eq!(answer == CredentialsAnswer::SignInNeeded, needed, "{number}: {answer:?}");
    }
    raw.close().await;
}

async fn id_of(rig: &Rig, number: usize) -> AccountId {
    let address = domain::email::LoginEmail::parse(&email(number)).unwrap();
    rig.app.store.find_accounts_by_email(&address).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel50_a_lock_of_another_process_is_waited_for_and_then_said() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    assert_eq!(rig.list(&token).await.status, StatusCode::OK);
    let mut other =
        SqliteConnection::connect(&format!("sqlite://{}", file(&rig).display())).await.unwrap();
    // For a second: nobody notices.
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    };
    let (waited, ()) = tokio::join!(register(&rig, "waits"), release);
    assert_eq!(waited.status, StatusCode::CREATED, "{}", waited.body);
    // For as long as it takes: calls go on, and whoever has to write is told to come back.
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let begun = Instant::now();
    let (told, called) = tokio::join!(register(&rig, "is told"), rig.list(&token));
    assert!(is_later(&told) && begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    assert_eq!(called.status, StatusCode::OK);
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(register(&rig, "is told").await.status, StatusCode::CREATED);
    other.close().await.unwrap();
}

/// Renews and calls for everybody until it is told to stop; how many answers were good, and how
/// many were put off.
async fn under_load(
    rig: &Rig,
    account: &AccountId,
    token: &str,
    answers: &AtomicU32,
    stop: &AtomicBool,
) -> (u32, u32) {
    let (mut seen, mut good, mut later) = (Generation(0), 0, 0);
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let reply = rig.list(token).await;
        assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
        *(if is_later(&reply) { &mut later } else { &mut good }) += 1;
        let begun = Instant::now();
        match rig.app.custody.credentials_for(account, Some(seen)).await {
            CredentialsAnswer::Granted(grant) => (seen, good) = (grant.generation, good + 1),
            CredentialsAnswer::Unavailable { .. } => later += 1,
            CredentialsAnswer::SignInNeeded => panic!("a pair was lost"),
        }
        assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
        answers.fetch_add(1, Ordering::Relaxed);
    }
    (good, later)
}

/// Everybody can call and renew, and Garmin was never shown a pair that it had replaced.
async fn nothing_was_lost(rig: &Rig, people: &[(AccountId, String)]) {
    // A lease whose owner never heard that it had one has run out.
    rig.later(61);
    for (number, (account, token)) in people.iter().enumerate() {
        assert_eq!(rig.list(token).await.status, StatusCode::OK);
        let stored = rig.app.store.credentials(account).await.unwrap().unwrap().generation;
        let answer = rig.app.custody.credentials_for(account, Some(stored)).await;
        let CredentialsAnswer::Granted(grant) = answer else { panic!("{number}: {answer:?}") };
        assert!(grant.generation > stored);
        let counters = rig.garmin.control().counters(&email(number)).unwrap();
        assert_eq!((counters.reused, counters.rejected), (0, 0), "{number}: {counters:?}");
    }
}

async fn people(rig: &Rig) -> Vec<(AccountId, String)> {
    let mut people = Vec::new();
    for number in 0..4 {
        people.push(rig.person(number).await);
    }
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel57_rel58_inv2_connections_that_end_under_load_cost_no_pair() {
    let Some(schema) = Schema::create().await else { return };
    let rig = Rig::with("normal", &[("DATABASE_URL", &schema.url)]).await;
    let people = people(&rig).await;
    let (answers, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    let load =
        people.iter().map(|(account, token)| under_load(&rig, account, token, &answers, &stop));
    let cutting = async {
        let mut cut = 0;
        for _ in 0..25 {
            let before = answers.load(Ordering::Relaxed);
            cut += schema.cut_connections().await;
            until("some more are answered", || answers.load(Ordering::Relaxed) > before + 2).await;
            // A lease whose owner never heard of it runs out.
            rig.clock.advance(Duration::from_secs(61));
        }
        stop.store(true, Ordering::Relaxed);
        cut
    };
    let (counted, cut) = tokio::join!(join_all(load), cutting);
    assert!(cut >= 25, "{cut}");
    assert!(counted.iter().all(|(good, _)| *good > 0), "{counted:?}");
    nothing_was_lost(&rig, &people).await;
    rig.app.store.close().await;
    schema.drop().await;
}

/// Stands where the socket of the server would be, for as long as it lives.
struct Door {
    directory: tempfile::TempDir,
    server: PathBuf,
    open: JoinSet<()>,
}

impl Door {
    const NAME: &str = ".s.PGSQL.5432";

    /// Behind it is the server of this address; also the address with the door in it.
    fn before(url: &str) -> Option<(Self, String)> {
        let host = url.split_once("host=")?.1.split('&').next()?;
        let directory = tempfile::tempdir().unwrap();
        let server = Path::new(host).join(Self::NAME);
        let through = url.replace(host, directory.path().to_str().unwrap());
        Some((Self { directory, server, open: JoinSet::new() }, through))
    }

    fn open(&mut self) {
        let listener = UnixListener::bind(self.directory.path().join(Self::NAME)).unwrap();
        let server = self.server.clone();
        self.open.spawn(async move {
            let mut lines = JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut server = UnixStream::connect(&server).await.unwrap();
                lines.spawn(async move {
                    // Ends when either side ends it.
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
    }

    /// As a server that stops: every line is cut, and no new one comes about.
    async fn shut(&mut self) {
        self.open.shutdown().await;
        std::fs::remove_file(self.directory.path().join(Self::NAME)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel57_inv2_a_server_that_stops_and_starts_is_a_pause() {
    let Some(schema) = Schema::create().await else { return };
    let Some((mut door, url)) = Door::before(&schema.url) else {
        panic!("{} names no directory of a socket: use scripts/with-postgres", schema.url)
    };
    door.open();
    let rig = Rig::with("normal", &[("DATABASE_URL", &url)]).await;
    let people = people(&rig).await;
    for round in 0..3 {
        let (answers, stop) = (AtomicU32::new(0), AtomicBool::new(false));
        let load =
            people.iter().map(|(account, token)| under_load(&rig, account, token, &answers, &stop));
        let outage = async {
            until("at work", || answers.load(Ordering::Relaxed) > 8).await;
            door.shut().await;
            let begun = Instant::now();
            let name = format!("round {round}");
            assert!(is_later(&register(&rig, &name).await));
            assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
            door.open();
            loop {
                let reply = register(&rig, &name).await;
                if reply.status == StatusCode::CREATED {
                    break;
                }
                assert!(is_later(&reply) && begun.elapsed() < 3 * BOUND);
            }
            stop.store(true, Ordering::Relaxed);
        };
        tokio::join!(join_all(load), outage);
    }
    nothing_was_lost(&rig, &people).await;
    rig.app.store.close().await;
    door.shut().await;
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel58_a_pool_that_is_exhausted_is_waited_for_and_then_said() {
    let Some(schema) = Schema::create().await else { return };
    let rig = Rig::with("normal", &[("DATABASE_URL", &schema.url)]).await;
    let (_, token) = rig.person(0).await;
    assert_eq!(rig.list(&token).await.status, StatusCode::OK);
    let mut other = PgConnection::connect(&schema.url).await.unwrap();
    sqlx::query("BEGIN").execute(&mut other).await.unwrap();
    let lock = "LOCK TABLE clients, devices, accounts IN ACCESS EXCLUSIVE MODE";
    sqlx::query(lock).execute(&mut other).await.unwrap();
    let begun = Instant::now();
    let names: Vec<String> = (0..60).map(|number| format!("client {number}")).collect();
    let told = join_all(names.iter().map(|name| register(&rig, name))).await;
    assert!(told.iter().all(is_later));
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    // Who left without waiting leaves nothing behind.
    for name in &names {
        let left = tokio::time::timeout(Duration::from_millis(1), register(&rig, name)).await;
        assert!(left.is_err(), "nobody gets an answer now");
    }
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    for name in &names {
        assert_eq!(register(&rig, name).await.status, StatusCode::CREATED);
    }
    assert_eq!(rig.list(&token).await.status, StatusCode::OK);
    other.close().await.unwrap();
    rig.app.store.close().await;
    schema.drop().await;
}

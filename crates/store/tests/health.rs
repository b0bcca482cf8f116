//! What `/readyz` and `doctor` ask of the database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use domain::clock::{SystemClock, Timestamp};
use domain::entropy::OsEntropy;
use store::{DatabaseUrl, GatewaySecret, OpenMode, OpenOptions, Store};

async fn open(dir: &std::path::Path) -> Store {
    let secret = GatewaySecret::parse("a secret for tests that is long enough to be one").unwrap();
    let options = OpenOptions {
        mode: OpenMode::Serve,
        old_secret: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    Store::open(&DatabaseUrl::sqlite(dir.join("gateway.db")), &secret, options).await.unwrap()
}

async fn connect(dir: &std::path::Path) -> sqlx::SqlitePool {
    let url = format!("sqlite:{}", dir.join("gateway.db").display());
    sqlx::SqlitePool::connect(&url).await.unwrap()
}

#[tokio::test]
async fn a_sound_database_passes_every_check_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.check_keys().await.unwrap();
    for second in 0..3 {
        store.check_write(Timestamp(1_790_000_000 + second)).await.unwrap();
        store.check_keys().await.unwrap();
    }
    assert_eq!(store.check_integrity().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_database_of_other_keys_is_noticed() {
    const LOOK: &str = "SELECT value FROM marks WHERE name = 'keys'";
    const PUT: &str = "UPDATE marks SET value = $1 WHERE name = 'keys'";
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, stranger) = (open(dir.path()).await, open(other.path()).await);
    let ours = connect(dir.path()).await;
    let theirs = connect(other.path()).await;
    let foreign: i64 = sqlx::query_scalar(LOOK).fetch_one(&theirs).await.unwrap();
    sqlx::query(PUT).bind(foreign).execute(&ours).await.unwrap();
    // As `/readyz` asks: what it writes itself first proves nothing.
    store.check_write(Timestamp(1_790_000_000)).await.unwrap();
    assert_eq!(store.check_keys().await.unwrap_err().label(), "corrupt");
    stranger.check_keys().await.unwrap();
    // A restore leaves none, until a gateway opens it.
    sqlx::query("DELETE FROM marks WHERE name = 'keys'").execute(&ours).await.unwrap();
    assert!(store.check_keys().await.is_err());
    open(dir.path()).await.check_keys().await.unwrap();
}

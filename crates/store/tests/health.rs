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
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, stranger) = (open(dir.path()).await, open(other.path()).await);
    stranger.check_write(Timestamp(1_790_000_000)).await.unwrap();
    store.check_write(Timestamp(1_790_000_000)).await.unwrap();
    let row = |path: &std::path::Path| {
        let url = format!("sqlite:{}", path.join("gateway.db").display());
        async move { sqlx::SqlitePool::connect(&url).await.unwrap() }
    };
    let foreign: Vec<u8> = sqlx::query_scalar("SELECT state FROM sessions")
        .fetch_one(&row(other.path()).await)
        .await
        .unwrap();
    sqlx::query("UPDATE sessions SET state = $1")
        .bind(foreign)
        .execute(&row(dir.path()).await)
        .await
        .unwrap();
    let error = store.check_keys().await.unwrap_err();
    assert_eq!(error.label(), "sealed");
}

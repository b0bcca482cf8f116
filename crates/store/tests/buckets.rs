//! Backups in a bucket, on the S3 server that `scripts/backup-drill` starts.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::{SystemClock, Timestamp};
use domain::email::LoginEmail;
use domain::entropy::OsEntropy;
use domain::region::Region;
use store::{
    BackupError, BackupPlace, Connect, DatabaseUrl, GatewaySecret, OpenMode, OpenOptions, Restore,
    RestoreMode, S3Access, Store, fetch_backup, restore_backup,
};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

const NOW: Timestamp = Timestamp(1_790_000_000);

fn secret() -> GatewaySecret {
    GatewaySecret::parse("tVq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR").unwrap()
}

async fn open(url: &DatabaseUrl) -> Store {
    let options = OpenOptions {
        mode: OpenMode::Serve,
        old_secret: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    Store::open(url, &secret(), options).await.unwrap()
}

fn access(endpoint: &str) -> S3Access {
    S3Access {
        endpoint: Some(endpoint.to_owned()),
        region: None,
        key_id: Some("AKIAEXAMPLE".to_owned()),
        secret_key: Some("not a secret of anybody".into()),
        session_token: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration of their own")]
fn server() -> String {
    std::env::var("TEST_S3_URL").expect("scripts/backup-drill sets TEST_S3_URL")
}

fn place(key: &str) -> BackupPlace {
    BackupPlace::parse(&format!("s3://backups/{key}")).unwrap()
}

async fn connect(store: &Store, number: usize) {
    let connect = Connect {
        region: Region::Global,
        guid: &format!("guid-{number}"),
        email: &LoginEmail::parse("ada@example.org").unwrap(),
        profile: &[7; 4096],
        credentials: b"the pair",
        refresh_expires_at: None,
    };
    store.connect_account(&connect, NOW).await.unwrap();
}

#[tokio::test]
async fn rel56_what_was_put_into_a_bucket_restores_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&DatabaseUrl::sqlite(dir.path().join("gateway.db"))).await;
    for number in 0..200 {
        connect(&store, number).await;
    }
    let access = access(&server());
    let at = place(&format!("daily {}", std::process::id())).inside(NOW);
    let (manifest, bytes) =
        store.backup_to(&at, &access, dir.path(), NOW, &mut |_| {}).await.unwrap();
    assert!(bytes > 1_000_000, "{bytes}");
    // Nothing there is ever replaced by mistake, where the server knows how.
    let file = fetch_backup(&at, &access, dir.path()).await.unwrap();
    assert_eq!(file.metadata().unwrap().len(), bytes);
    let url = DatabaseUrl::sqlite(dir.path().join("restored.db"));
    let restore = Restore {
        url: &url,
        secret: &secret(),
        old_secret: None,
        mode: RestoreMode::IntoEmpty,
        entropy: &OsEntropy,
        now: NOW,
    };
    let restored = restore_backup(file, &restore, &mut |_| {}).await.unwrap();
    assert_eq!((restored.checked.manifest, restored.accounts), (manifest, 200));
    store.close().await;
}

#[tokio::test]
async fn rel59_a_bucket_that_is_not_there_says_so_and_shows_no_signature() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&DatabaseUrl::sqlite(dir.path().join("gateway.db"))).await;
    let nowhere = BackupPlace::parse("s3://no-such-bucket/x").unwrap();
    let refused = store.backup_to(&nowhere, &access(&server()), dir.path(), NOW, &mut |_| {}).await;
    let BackupError::Bucket(said) = refused.unwrap_err() else { panic!("another error") };
    assert!(said.contains("no such bucket"), "{said}");
    let down = store
        .backup_to(&place("x"), &access("http://127.0.0.1:9"), dir.path(), NOW, &mut |_| {})
        .await;
    let BackupError::Bucket(said) = down.unwrap_err() else { panic!("another error") };
    assert!(said.contains("cannot reach") && !said.contains("Signature"), "{said}");
    let missing = S3Access { key_id: None, ..access(&server()) };
    let refused =
        store.backup_to(&place("x"), &missing, dir.path(), NOW, &mut |_| {}).await.unwrap_err();
    assert!(refused.to_string().contains("AWS_ACCESS_KEY_ID"), "{refused}");

    // One that takes the request and never answers holds nobody up: the store works on.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let swallow = async {
        let (mut stream, _) = silent.accept().await.unwrap();
        let mut sink = vec![0; 64 * 1024];
        while stream.read(&mut sink).await.unwrap() > 0 {}
    };
    let begun = Instant::now();
    let (access, at) = (access(&endpoint), place("x"));
    let mut told = |_| {};
    let trying = store.backup_to(&at, &access, dir.path(), NOW, &mut told);
    tokio::select! {
        _ = trying => panic!("answered"),
        () = swallow => panic!("given up"),
        () = async {
            for number in 0..20 {
                connect(&store, number).await;
            }
        } => {}
    }
    assert!(begun.elapsed() < Duration::from_secs(30));
    store.close().await;
}

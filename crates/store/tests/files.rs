//! The SQLite file: who may read it, and what is refused in its place.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{SystemClock, Timestamp};
use domain::email::LoginEmail;
use domain::entropy::OsEntropy;
use domain::id::{AccountId, Generation, NodeId};
use domain::region::Region;
use sqlx::{Connection, SqliteConnection};
use store::{
    Connect, DatabaseUrl, GatewaySecret, LeaseOutcome, LeaseOwner, OpenError, OpenMode,
    OpenOptions, Store, StoreError,
};

async fn open(path: &Path, mode: OpenMode) -> Result<Store, OpenError> {
    let secret = GatewaySecret::parse("tVq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR").unwrap();
    let options = OpenOptions {
        mode,
        old_secret: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    Store::open(&DatabaseUrl::sqlite(path), &secret, options).await
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", path.display())).await.unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn sec130_a_new_database_is_private_with_everything_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/gateway.db");
    let store = open(&path, OpenMode::Serve).await.unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(path.with_extension("db-wal").exists());
    store.close().await;
}

#[tokio::test]
async fn sec130_a_database_that_was_open_to_all_is_closed_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    open(&path, OpenMode::Serve).await.unwrap().close().await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&path, OpenMode::Admin).await.unwrap();
    assert_eq!(mode(&path), 0o600);
    store.close().await;
}

#[tokio::test]
async fn an_admin_command_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("typo.db");
    let error = open(&path, OpenMode::Admin).await.unwrap_err();
    assert!(matches!(error, OpenError::NotThere { .. }), "{error:?}");
    assert!(error.to_string().contains("typo.db"), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn rel55_what_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    let text = "this is a shopping list and not a database, however long it may be".repeat(100);
    fs::write(&path, &text).unwrap();
    let error = open(&path, OpenMode::Serve).await.unwrap_err();
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

/// The files as a killed process leaves them, nothing folded, nothing closed.
async fn left_behind(folder: &Path, accounts: u32) {
    let live = folder.join("live/gateway.db");
    let store = open(&live, OpenMode::Serve).await.unwrap();
    for number in 0..accounts {
        connect(&store, number).await;
    }
    for name in ["gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.db.lock"] {
        fs::copy(live.with_file_name(name), folder.join(name)).unwrap();
    }
    store.close().await;
}

async fn connect(store: &Store, number: u32) {
    let connect = Connect {
        region: Region::Global,
        guid: &format!("guid-{number}"),
        email: &LoginEmail::parse("runner@example.com").unwrap(),
        profile: b"{}",
        credentials: &[7; 1_500],
        refresh_expires_at: None,
    };
    store.connect_account(&connect, Timestamp(1_790_000_000)).await.unwrap();
}

async fn accounts(store: &Store) -> u64 {
    store.stats(Timestamp(1_790_000_000)).await.unwrap().accounts
}

#[tokio::test]
async fn rel55_a_file_that_is_gone_is_not_made_anew() {
    type Loss = fn(&Path);
    let gone: [(&str, Loss); 3] = [
        ("-wal", |path| fs::remove_file(path).unwrap()),
        ("-wal", |path| fs::write(path, b"").unwrap()),
        (".lock", |path| {
            fs::remove_file(path).unwrap();
            fs::remove_file(path.with_file_name("gateway.db-wal")).unwrap();
        }),
    ];
    for (witness, lose) in gone {
        let folder = tempfile::tempdir().unwrap();
        left_behind(folder.path(), 1).await;
        let path = folder.path().join("gateway.db");
        lose(&path);
        for mode in [OpenMode::Serve, OpenMode::Admin] {
            let before = fs::read(&path).ok();
            let error = open(&path, mode).await.unwrap_err();
            let OpenError::Lost { left, .. } = &error else { panic!("{error:?}") };
            assert!(left.to_str().unwrap().ends_with(witness), "{error}");
            assert!(error.to_string().contains("restore a backup"), "{error}");
            assert_eq!(fs::read(&path).ok(), before);
        }
    }
}

#[tokio::test]
async fn rel55_a_damaged_page_anywhere_is_found_before_anything_is_written() {
    const PAGE: usize = 4_096;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    let store = open(&path, OpenMode::Serve).await.unwrap();
    for number in 0..30 {
        connect(&store, number).await;
    }
    store.close().await;
    let sound = fs::read(&path).unwrap();
    assert!(sound.len() > 60 * PAGE);
    for page in 0..sound.len() / PAGE {
        let mut damaged = sound.clone();
        damaged[page * PAGE..][..PAGE].fill(0xa5);
        fs::write(&path, &damaged).unwrap();
        let error = open(&path, OpenMode::Serve).await.unwrap_err();
        let known = matches!(error, OpenError::Damaged { .. } | OpenError::NotADatabase { .. });
        assert!(known && error.to_string().contains("restore a backup"), "{page}: {error:?}");
        assert!(fs::read(&path).unwrap() == damaged, "page {page}: left alone");
    }
    // Cut short, at a page or within one.
    for length in [sound.len() / 2, sound.len() / 2 / PAGE * PAGE, sound.len() - 1, PAGE, 100] {
        fs::write(&path, &sound[..length]).unwrap();
        let error = open(&path, OpenMode::Serve).await.unwrap_err();
        let known = matches!(error, OpenError::Damaged { .. } | OpenError::NotADatabase { .. });
        assert!(known, "{length}: {error:?}");
    }
    fs::write(&path, &sound).unwrap();
    let store = open(&path, OpenMode::Serve).await.unwrap();
    assert_eq!(accounts(&store).await, 30);
    store.close().await;
}

#[tokio::test]
async fn rel55_without_the_index_of_its_log_nothing_is_missing() {
    for index in [None, Some(vec![0xff; 32_768])] {
        let folder = tempfile::tempdir().unwrap();
        left_behind(folder.path(), 5).await;
        let path = folder.path().join("gateway.db-shm");
        fs::remove_file(&path).unwrap();
        if let Some(garbage) = index {
            fs::write(&path, garbage).unwrap();
        }
        let store = open(&folder.path().join("gateway.db"), OpenMode::Serve).await.unwrap();
        assert_eq!(accounts(&store).await, 5);
        store.close().await;
    }
}

/// What a log has lost nobody can know; what is left is a moment that was.
#[tokio::test]
async fn rel55_a_log_cut_anywhere_leaves_an_earlier_moment_and_never_a_new_database() {
    let folder = tempfile::tempdir().unwrap();
    left_behind(folder.path(), 12).await;
    let [file, log] =
        ["gateway.db", "gateway.db-wal"].map(|name| fs::read(folder.path().join(name)).unwrap());
    let mut known = 0;
    for part in 0..=40 {
        let length = log.len() * part / 40;
        let beside = folder.path().join(format!("cut-{part}"));
        fs::create_dir(&beside).unwrap();
        fs::write(beside.join("gateway.db"), &file).unwrap();
        fs::write(beside.join("gateway.db-wal"), &log[..length]).unwrap();
        fs::write(beside.join("gateway.db.lock"), "").unwrap();
        let store = open(&beside.join("gateway.db"), OpenMode::Serve).await.unwrap();
        let now = accounts(&store).await;
        assert!(now >= known, "cut at {length}: {now} after {known}");
        known = now;
        assert_eq!(store.check_integrity().await.unwrap(), Vec::<String>::new());
        store.close().await;
    }
    assert_eq!(known, 12);
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    let mut other = raw(&path).await;
    sqlx::query("CREATE TABLE oauth_clients (client_id TEXT PRIMARY KEY)")
        .execute(&mut other)
        .await
        .unwrap();
    other.close().await.unwrap();
    let before = fs::read(&path).unwrap();
    let error = open(&path, OpenMode::Serve).await.unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    assert!(error.to_string().contains("another DB_PATH"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path(), OpenMode::Serve).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error:?}");
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = open(&file.join("gateway.db"), OpenMode::Serve).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_that_start_together_on_no_file_at_all_share_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let path = path.clone();
        opening.spawn(async move { open(&path, OpenMode::Serve).await.unwrap() });
    }
    for store in opening.join_all().await {
        store.ping().await.unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn rel50_while_another_process_writes_reads_go_on_and_writes_wait_then_say_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    let store = open(&path, OpenMode::Serve).await.unwrap();
    let mut other = raw(&path).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let now = Timestamp(1_790_000_000);
    store.stats(now).await.unwrap();
    let error = store.sweep_expired(now).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
    assert!(error.is_retryable());
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    store.sweep_expired(now).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn rel51_a_full_disk_has_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    let store = open(&path, OpenMode::Serve).await.unwrap();
    store.close().await;
    // A page limit stands in for the end of the disk: SQLite answers both in the same way.
    let mut raw = raw(&path).await;
    sqlx::query("PRAGMA max_page_count = 1").execute(&mut raw).await.unwrap();
    let error = sqlx::query("CREATE TABLE more (x BLOB)").execute(&mut raw).await.unwrap_err();
    let error = StoreError::from(error);
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn rel54_what_was_committed_survives_the_end_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    let store = open(&path, OpenMode::Serve).await.unwrap();
    let email = LoginEmail::parse("runner@example.com").unwrap();
    let connect = Connect {
        region: Region::Global,
        guid: "guid-1",
        email: &email,
        profile: b"",
        credentials: b"committed",
        refresh_expires_at: None,
    };
    let connected = store.connect_account(&connect, Timestamp(1_790_000_000)).await.unwrap();
    // The files as a killed process leaves them: nothing folded, nothing closed.
    let after = folder.path().join("after");
    fs::create_dir(&after).unwrap();
    for name in ["gateway.db", "gateway.db-wal"] {
        fs::copy(folder.path().join(name), after.join(name)).unwrap();
    }
    let restarted = open(&after.join("gateway.db"), OpenMode::Serve).await.unwrap();
    let stored = restarted.credentials(&connected.account).await.unwrap().unwrap();
    assert_eq!(stored.bytes.as_slice(), b"committed");
    restarted.close().await;
    store.close().await;
}

#[tokio::test]
async fn rel23_leases_and_the_epoch_end_with_the_last_gateway_on_the_file_and_not_before() {
    let now = Timestamp(1_800_000_000);
    let until = now.plus(Duration::from_mins(1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.db");
    let owner = || LeaseOwner::generate(&NodeId::generate(&OsEntropy), &OsEntropy);
    let take = |store: Store, account: AccountId| async move {
        store.take_lease(&account, Generation(1), &owner(), until, now).await.unwrap()
    };

    let draining = open(&path, OpenMode::Serve).await.unwrap();
    let connect = Connect {
        region: Region::Global,
        guid: "guid-1",
        email: &LoginEmail::parse("runner@example.com").unwrap(),
        profile: b"{}",
        credentials: b"pair",
        refresh_expires_at: None,
    };
    let account = draining.connect_account(&connect, now).await.unwrap().account;
    let taken = take(draining.clone(), account.clone()).await;
    assert!(matches!(taken, LeaseOutcome::Taken(_)), "{taken:?}");

    // A second gateway, as in a restart that overlaps: the first may still commit.
    let second = open(&path, OpenMode::Serve).await.unwrap();
    assert_eq!(take(second.clone(), account.clone()).await, LeaseOutcome::Held { until });
    drop(draining);
    // The second is still there when the third comes, so the lease may be its own.
    let third = open(&path, OpenMode::Serve).await.unwrap();
    assert_eq!(take(third.clone(), account.clone()).await, LeaseOutcome::Held { until });
    let epoch = second.epoch();
    assert_eq!(third.epoch(), epoch, "alive at one time");
    drop((second, third));

    // Nobody gave the lease back, and everybody is gone.
    let fourth = open(&path, OpenMode::Serve).await.unwrap();
    assert_ne!(fourth.epoch(), epoch);
    let taken = take(fourth, account).await;
    assert!(matches!(taken, LeaseOutcome::Taken(_)), "{taken:?}");
}

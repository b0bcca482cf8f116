//! Backups: what is in them, what they are good for, and what is refused in their place.

use std::io::Cursor;

use domain::entropy::OsEntropy;
use domain::id::Generation;
use store::{
    BackupError, Checked, DatabaseUrl, GatewaySecret, LeaseOutcome, Manifest, OpenError, OpenMode,
    PresentedCode, Restore, RestoreError, RestoreMode, Restored, Store, Wrapping, check_backup,
    restore_backup,
};

use crate::postgres::Schema;
use crate::support::{DAY, Db, Device, NOW, SECRET, lease_owner, on_both, options, secret};

async fn backup(store: &Store) -> (Vec<u8>, Manifest) {
    let mut bytes = Vec::new();
    let manifest = store.backup(&mut bytes, NOW, &mut |_| {}).await.unwrap();
    (bytes, manifest)
}

fn check(bytes: &[u8], secret: &GatewaySecret) -> Result<Checked, BackupError> {
    check_backup(bytes, secret, None, &mut |_| {})
}

async fn restore(
    bytes: &[u8],
    url: &DatabaseUrl,
    secret: &GatewaySecret,
    mode: RestoreMode,
) -> Result<Restored, RestoreError> {
    let restore =
        Restore { url, secret, old_secret: None, mode, entropy: &OsEntropy, now: NOW.plus(DAY) };
    restore_backup(Cursor::new(bytes), &restore, &mut |_| {}).await
}

/// An empty place on each database there is.
struct Places {
    file: DatabaseUrl,
    schema: Option<Schema>,
    _dir: tempfile::TempDir,
}

impl Places {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = DatabaseUrl::sqlite(dir.path().join("restored/gateway.db"));
        Self { file, schema: Schema::create().await, _dir: dir }
    }

    fn urls(&self) -> Vec<DatabaseUrl> {
        let server = self.schema.iter().map(|schema| DatabaseUrl::parse(&schema.url).unwrap());
        [self.file.clone()].into_iter().chain(server).collect()
    }

    async fn finish(self) {
        if let Some(schema) = self.schema {
            schema.drop().await;
        }
    }
}

async fn open(url: &DatabaseUrl) -> Store {
    Store::open(url, &secret(), options(OpenMode::Serve)).await.unwrap()
}

/// Two people, one with a device, one with a code that nobody has redeemed.
async fn populate(db: &Db) -> Device {
    let client = db.client().await;
    let account = db.connect_with("guid-1", b"the pair of one").await.account;
    let device = db.device(&account, &client).await;
    let (grant, _) = db.grant(&account, &client).await;
    db.redeem(&grant).await;
    let other = db.connect_with("guid-2", b"the pair of two").await.account;
    db.grant(&other, &client).await;
    db.call(&account, "get_sleep", NOW);
    db.store.flush().await.unwrap();
    db.store.set_read_only(&account, true, NOW).await.unwrap();
    device
}

on_both! {
    async fn rel56_what_is_restored_is_what_was_backed_up_on_either_database(db: &Db) {
        let device = populate(db).await;
        let account = db.connect("guid-1").await;
        // Rotating at this moment, by a process that is not there after the restore.
        let until = NOW.plus(DAY);
        let seen = account.generation;
        db.store.take_lease(&account.account, seen, &lease_owner(), until, NOW).await.unwrap();
        let (bytes, manifest) = backup(&db.store).await;
        assert_eq!(manifest.rows(), manifest.tables.iter().map(|(_, rows)| rows).sum::<u64>());
        assert!(manifest.tables.contains(&("accounts".to_owned(), 2)), "{manifest:?}");
        assert!(manifest.tables.contains(&("devices".to_owned(), 2)), "{manifest:?}");
        let checked = check(&bytes, &secret()).unwrap();
        assert_eq!((checked.unreadable, checked.wrapping), (0, Wrapping::Current));
        assert_eq!(checked.sealed, 2 * 4 + 1 + 1 + 2, "accounts, settings, the client, the grants");
        assert_eq!(checked.manifest, manifest);

        let places = Places::new().await;
        for url in places.urls() {
            let restored = restore(&bytes, &url, &secret(), RestoreMode::IntoEmpty).await.unwrap();
            assert_eq!((restored.accounts, restored.void_codes), (2, 1));
            assert_eq!(restored.checked, checked);
            let there = open(&url).await;
            // The token a client holds works, and leads to the same credentials.
            let found = there.find_device_by_access(&device.pair.access, NOW).await.unwrap();
            let found = found.unwrap();
            assert_eq!((&found.device, &found.account), (&device.id, &account.account));
            let stored = there.credentials(&found.account).await.unwrap().unwrap();
            assert_eq!(stored.bytes.as_slice(), b"first credentials");
            assert_eq!(stored.generation, seen);
            let mut accounts = there.list_accounts().await.unwrap();
            let mut before = db.store.list_accounts().await.unwrap();
            accounts.sort_by(|one, two| one.id.cmp(&two.id));
            before.sort_by(|one, two| one.id.cmp(&two.id));
            assert_eq!(accounts, before);
            assert_eq!(there.list_usage().await.unwrap(), db.store.list_usage().await.unwrap());
            let daily = there.daily_usage(None, 0).await.unwrap();
            assert_eq!(daily, db.store.daily_usage(None, 0).await.unwrap());
            assert_eq!((daily.len(), found.rules.read_only), (1, true));
            // Nobody waits for the lease of a process that is gone; and the same person is
            // found again by the same keyed hashes.
            let taken =
                there.take_lease(&found.account, seen, &lease_owner(), until, NOW).await.unwrap();
            assert!(matches!(taken, LeaseOutcome::Taken(_)), "{taken:?}");
            let again = crate::support::connect(&there, "guid-1", b"new").await;
            assert_eq!((again.account, again.new), (found.account, false));
            // A backup of the restored one restores as well.
            let (second, _) = backup(&there).await;
            check(&second, &secret()).unwrap();
            there.close().await;
        }
        places.finish().await;
    }
}

on_both! {
    async fn inv4_a_code_from_before_the_backup_is_void_after_it(db: &Db) {
        let client = db.client().await;
        let account = db.connect("guid-1").await.account;
        let (_, code) = db.grant(&account, &client).await;
        let (bytes, _) = backup(&db.store).await;
        let places = Places::new().await;
        restore(&bytes, &places.file, &secret(), RestoreMode::IntoEmpty).await.unwrap();
        let there = open(&places.file).await;
        let presented = there.find_code(&code, NOW).await.unwrap();
        assert!(matches!(presented, PresentedCode::Unknown), "{presented:?}");
        there.close().await;
        places.finish().await;
    }
}

on_both! {
    async fn rel56_a_backup_beside_writers_is_one_moment(db: &Db) {
        let client = db.client().await;
        let writing = db.store.clone();
        let stop = std::sync::atomic::AtomicBool::new(false);
        let write = async {
            let mut number = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let guid = format!("guid-{number}");
                let account = crate::support::connect(&writing, &guid, b"pair").await.account;
                db.device(&account, &client).await;
                number += 1;
            }
            number
        };
        let read = async {
            let mut last = 0;
            for _ in 0..10 {
                let (bytes, manifest) = backup(&db.store).await;
                let rows = |table: &str| {
                    manifest.tables.iter().find(|(name, _)| name == table).unwrap().1
                };
                // A device is added after its account and with its tokens.
                assert!((0..=1).contains(&(rows("accounts") - rows("devices"))), "{manifest:?}");
                assert_eq!(rows("devices"), rows("access_tokens"));
                assert_eq!(check(&bytes, &secret()).unwrap().manifest, manifest);
                assert!(rows("accounts") >= last);
                last = rows("accounts");
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        };
        let (written, ()) = tokio::join!(write, read);
        assert!(written > 0);
    }
}

on_both! {
    async fn a_restore_replaces_only_what_it_was_told_to_replace(db: &Db) {
        populate(db).await;
        let (bytes, _) = backup(&db.store).await;
        let places = Places::new().await;
        for url in places.urls() {
            let other = open(&url).await;
            let kept = crate::support::connect(&other, "guid-9", b"kept").await.account;
            // A gateway has it open.
            let error =
                restore(&bytes, &url, &secret(), RestoreMode::Replace).await.unwrap_err();
            assert!(matches!(error, RestoreError::Open(OpenError::InUse { .. })), "{error:?}");
            other.close().await;
            drop(other);
            let error =
                restore(&bytes, &url, &secret(), RestoreMode::IntoEmpty).await.unwrap_err();
            assert!(matches!(error, RestoreError::NotEmpty { rows: 1 }), "{error:?}");
            let other = open(&url).await;
            assert!(other.credentials(&kept).await.unwrap().is_some());
            other.close().await;
            drop(other);
            restore(&bytes, &url, &secret(), RestoreMode::Replace).await.unwrap();
            let other = open(&url).await;
            assert_eq!(other.credentials(&kept).await.unwrap(), None);
            assert_eq!(other.stats(NOW).await.unwrap().people_with_device, 1);
            other.close().await;
        }
        places.finish().await;
    }
}

on_both! {
    async fn rel56_a_restore_that_fails_half_way_leaves_everything_as_it_was(db: &Db) {
        let device = populate(db).await;
        let (good, _) = backup(&db.store).await;
        let places = Places::new().await;
        // A row of its own without what it refers to: the source was damaged.
        if db.is_sqlite() {
            db.execute("PRAGMA foreign_keys = OFF; DELETE FROM clients").await;
        } else {
            db.execute("ALTER TABLE devices DROP CONSTRAINT devices_client_id_fkey").await;
            db.execute("ALTER TABLE grants DROP CONSTRAINT grants_client_id_fkey").await;
            db.execute("DELETE FROM clients").await;
        }
        let (bad, _) = backup(&db.store).await;
        for url in places.urls() {
            restore(&good, &url, &secret(), RestoreMode::IntoEmpty).await.unwrap();
            let error = restore(&bad, &url, &secret(), RestoreMode::Replace).await.unwrap_err();
            assert!(matches!(error, RestoreError::Inconsistent(_)), "{error:?}");
            let there = open(&url).await;
            let found = there.find_device_by_access(&device.pair.access, NOW).await.unwrap();
            assert!(found.is_some());
            there.close().await;
        }
        places.finish().await;
    }
}

on_both! {
    async fn sec129_rel60_a_backup_opens_with_the_secret_of_its_time_and_no_other(db: &Db) {
        populate(db).await;
        let (before, _) = backup(&db.store).await;
        let new = GatewaySecret::parse("another secret, long enough to be one").unwrap();
        let error = check(&before, &new).unwrap_err();
        assert!(matches!(error, BackupError::WrongSecret), "{error:?}");
        assert!(error.to_string().contains("GATEWAY_SECRET_OLD"));
        db.store.rekey(&secret(), &new).await.unwrap();
        // Made by a process that was started before the change: as good as any other.
        let (after, _) = backup(&db.store).await;
        check(&after, &new).unwrap();
        assert!(matches!(check(&after, &secret()), Err(BackupError::WrongSecret)));
        let by_old = check_backup(&before[..], &new, Some(&secret()), &mut |_| {}).unwrap();
        assert_eq!(by_old.wrapping, Wrapping::Old);
    }
}

#[tokio::test]
async fn sec129_a_backup_shows_no_name_no_token_and_no_id() {
    let db = Db::sqlite().await;
    let device = populate(&db).await;
    let account = db.store.list_accounts().await.unwrap().remove(0).id;
    let (bytes, _) = backup(&db.store).await;
    let needles = [
        "guid-1",
        "example.com",
        "the pair of one",
        SECRET,
        "Test client",
        "get_sleep",
        "garmin.com",
        account.as_str(),
        device.id.as_str(),
    ];
    for needle in needles {
        let found = bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        assert!(!found, "{needle}");
    }
    // Two backups of one database have nothing in common beyond the header.
    let (other, _) = backup(&db.store).await;
    let common = bytes.iter().rev().zip(other.iter().rev()).filter(|(one, two)| one == two);
    assert!(common.count() < bytes.len() / 2);
    db.finish().await;
}

#[tokio::test]
async fn rel56_a_backup_that_was_cut_or_changed_anywhere_is_refused() {
    let db = Db::sqlite().await;
    populate(&db).await;
    for number in 0..300 {
        db.connect(&format!("more-{number}")).await;
    }
    let (bytes, _) = backup(&db.store).await;
    assert!(bytes.len() > 2 * 65_536, "several pieces: {}", bytes.len());
    let header = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 1;
    let mut ends = vec![0, 5, 24, header - 2, header, header + 3, bytes.len() - 1];
    // Every end of a piece: what comes before is whole and genuine.
    let mut at = header;
    while at < bytes.len() {
        at += 4 + u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        ends.push(at);
    }
    assert_eq!(ends.pop(), Some(bytes.len()));
    for end in ends {
        let error = check(&bytes[..end], &secret()).unwrap_err();
        let cut = matches!(error, BackupError::Truncated | BackupError::NotABackup);
        assert!(cut, "at {end}: {error:?}");
    }
    for at in (0..bytes.len()).step_by(997).chain([header, bytes.len() - 1]) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(check(&changed, &secret()).is_err(), "a bit at {at}");
    }
    // The header is nobody's to change either, although it can be read.
    let text = String::from_utf8(bytes[..header].to_vec()).unwrap();
    let moved = text.replace("\"created_at\":1790000000", "\"created_at\":1790000001");
    assert_ne!(moved, text);
    let changed = [moved.as_bytes(), &bytes[header..]].concat();
    assert!(matches!(check(&changed, &secret()), Err(BackupError::Damaged)));
    let newer = text.replace("\"schema\":", "\"schema\":9");
    let changed = [newer.as_bytes(), &bytes[header..]].concat();
    assert!(matches!(check(&changed, &secret()), Err(BackupError::NewerSchema { .. })));
    let newer = text.replace("backup 1", "backup 2");
    let changed = [newer.as_bytes(), &bytes[header..]].concat();
    assert!(matches!(check(&changed, &secret()), Err(BackupError::NewerFormat)));
    let foreign = std::fs::read(db.file()).unwrap();
    assert!(matches!(check(&foreign, &secret()), Err(BackupError::NotABackup)));
    // And refused before the database is touched.
    let places = Places::new().await;
    let cut = &bytes[..bytes.len() - 1];
    restore(cut, &places.file, &secret(), RestoreMode::IntoEmpty).await.unwrap_err();
    let error = Store::open(&places.file, &secret(), options(OpenMode::Admin)).await.unwrap_err();
    assert!(matches!(error, OpenError::NotThere { .. }), "{error:?}");
    places.finish().await;
    db.finish().await;
}

#[tokio::test]
async fn rel62_values_that_were_damaged_before_the_backup_are_counted() {
    let db = Db::sqlite().await;
    populate(&db).await;
    db.execute("UPDATE accounts SET credentials = X'0102' WHERE rowid = 1").await;
    let (bytes, _) = backup(&db.store).await;
    assert_eq!(check(&bytes, &secret()).unwrap().unreadable, 1);
    db.finish().await;
}

/// A column that nobody put into the list would be lost with every restore.
#[tokio::test]
async fn everything_that_lasts_is_in_a_backup() {
    const PASSING: [&str; 7] = [
        "keys.",
        "marks.",
        "sign_ins.",
        "sign_in_failures.",
        "sessions.",
        "account_links.",
        "accounts.lease_",
    ];
    let db = Db::sqlite().await;
    let mut lasting = db.columns().await;
    lasting.retain(|column| !PASSING.iter().any(|passing| column.starts_with(passing)));
    let mut listed = store::backup_columns();
    lasting.sort();
    listed.sort();
    assert_eq!(lasting, listed);
    db.finish().await;
}

on_both! {
    async fn of_all_nodes_one_makes_the_backup_that_is_due(db: &Db) {
        assert_eq!(db.store.backup_schedule().await.unwrap().last_done, None);
        let other = db.reopen(OpenMode::Serve, &secret()).await.unwrap();
        let turns = crate::support::all_at_once(8, |turn| {
            let store = if turn % 2 == 0 { db.store.clone() } else { other.clone() };
            async move { store.take_backup_turn(DAY, NOW).await.unwrap() }
        })
        .await;
        assert_eq!(turns.iter().filter(|taken| **taken).count(), 1);
        // The one that took it is gone: somebody else tries half an hour later.
        assert!(!other.take_backup_turn(DAY, NOW.plus(DAY / 96)).await.unwrap());
        assert!(other.take_backup_turn(DAY, NOW.plus(DAY / 48)).await.unwrap());
        other.backup_done(NOW.plus(DAY), NOW).await.unwrap();
        assert_eq!(db.store.backup_schedule().await.unwrap().age(NOW.plus(DAY)), Some(DAY));
        assert!(!db.store.take_backup_turn(DAY, NOW.plus(DAY / 2)).await.unwrap());
        assert!(db.store.take_backup_turn(DAY, NOW.plus(DAY)).await.unwrap());
        other.close().await;
    }
}

on_both! {
    async fn rel63_a_clock_that_was_ahead_stops_no_backup(db: &Db) {
        let ahead = NOW.plus(365 * DAY);
        assert!(db.store.take_backup_turn(DAY, ahead).await.unwrap());
        db.store.backup_done(ahead.plus(DAY), ahead).await.unwrap();
        assert_eq!(db.store.backup_schedule().await.unwrap().age(NOW), None);
        assert!(db.store.take_backup_turn(DAY, NOW).await.unwrap());
        assert!(!db.store.take_backup_turn(DAY, NOW).await.unwrap());
    }
}

#[tokio::test]
async fn rel56_an_old_pair_that_was_restored_does_not_lock_an_account_for_ever() {
    let db = Db::sqlite().await;
    populate(&db).await;
    let account = db.connect("guid-1").await;
    let (bytes, _) = backup(&db.store).await;
    // Garmin replaces the pair after the backup, and the database is lost.
    let newer = db.connect("guid-1").await;
    assert!(newer.generation > account.generation);
    let places = Places::new().await;
    restore(&bytes, &places.file, &secret(), RestoreMode::IntoEmpty).await.unwrap();
    let there = open(&places.file).await;
    // Garmin refuses the old pair. That counts, and the next sign-in mends it.
    let owner = lease_owner();
    let (account, seen) = (account.account, account.generation);
    let taken = there.take_lease(&account, seen, &owner, NOW.plus(DAY), NOW).await.unwrap();
    assert!(matches!(taken, LeaseOutcome::Taken(_)), "{taken:?}");
    assert!(there.mark_sign_in_needed(&account, &owner, seen).await.unwrap());
    let mended = crate::support::connect(&there, "guid-1", b"new").await;
    assert_eq!((mended.account, mended.generation), (account, Generation(seen.0 + 1)));
    there.close().await;
    db.finish().await;
    places.finish().await;
}

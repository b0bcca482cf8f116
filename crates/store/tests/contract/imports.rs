//! What the databases of earlier gateways hold comes over once, and what cannot come harms nothing.

use std::fs;
use std::path::Path;

use domain::clock::Timestamp;
use domain::region::Region;
use domain::scope::Scopes;
use domain::token::ClientSecret;
use serde_json::Value;
use store::{
    ImportError, ImportMode, ImportOrder, Imported, OldDatabase, OldDatabaseError, OldGateway,
    OldSecret, OldSession, Reason, Store, Tally,
};
use zeroize::Zeroizing;

use crate::old_gateways::{Kind, OldDb};
use crate::support::{DAY, Db, NOW, on_both};

const OLD_SECRET: &str = "the secret of the gateway before, long enough";
const ADA: &str = "ada@example.org";
const BO: &str = "bo@example.org";
const BEARER: &str = "Zk8vQ2xhdWRlLWlzLWEtdG9rZW4tb2YtNDMtY2hhcnM";
const CLIENT: &str = "q1w2e3r4t5y6u7i8o9p0aa";
const SECRET: &str = "s1-of-the-client-that-was-given-43-letters-x";
const REDIRECT: &str = "https://claude.ai/api/mcp/auth_callback";
const LATER: Option<i64> = Some(NOW.0 + 86_400);

fn session(guid: &str, version: u32) -> String {
    format!(r#"{{"guid":"{guid}","version":{version}}}"#)
}

/// What stands for Garmin's tokens here; the gateway's own reader has tests of its own.
fn read(plain: &[u8]) -> Option<OldSession> {
    let said: Value = serde_json::from_slice(plain).ok()?;
    Some(OldSession {
        guid: said["guid"].as_str()?.to_owned(),
        region: said["china"].is_string().then_some(Region::China),
        credentials: Zeroizing::new(plain.to_vec()),
        refresh_expires_at: None,
    })
}

async fn import(store: &Store, path: &Path, mode: ImportMode) -> Result<Imported, ImportError> {
    import_with(store, path, mode, OLD_SECRET).await
}

async fn import_with(
    store: &Store,
    path: &Path,
    mode: ImportMode,
    secret: &str,
) -> Result<Imported, ImportError> {
    let old = OldDatabase::read(path).await?;
    let secret = &OldSecret::of(secret);
    let order = ImportOrder { path, secret, read, region: Region::Global, mode };
    store.import(&old, &order, NOW).await
}

async fn take(store: &Store, path: &Path) -> Imported {
    import(store, path, ImportMode::Take).await.unwrap()
}

fn reasons(imported: &Imported) -> Vec<(&'static str, Reason)> {
    imported.not_taken.iter().map(|left| (left.table, left.reason)).collect()
}

fn tally(found: u64, taken: u64, known: u64, not_taken: u64) -> Tally {
    Tally { found, taken, renewed: 0, known, not_taken }
}

/// Two people, of whom one has a client with a live token and some counts.
async fn ordinary(folder: &Path, kind: Kind) -> OldDb {
    let mut old = OldDb::create(&folder.join("old.db"), kind, OLD_SECRET).await;
    old.account(ADA, &session("guid-ada", 1), "2026-09-01 10:00:00").await;
    old.account(BO, &session("guid-bo", 1), "2026-09-01 10:00:00").await;
    old.client(CLIENT, SECRET, &[REDIRECT]).await;
    old.token(BEARER, ADA, CLIENT, LATER).await;
    old.usage(ADA, "get_sleep_data", 41).await;
    old.usage(ADA, "tools/list", 900).await;
    old
}

async fn holder(store: &Store, bearer: &str) -> Option<store::LiveDevice> {
    let digest = store.digest_presented(bearer).unwrap();
    store.find_device_by_access(&digest, NOW).await.unwrap()
}

on_both! {
    async fn everything_comes_over_and_a_second_time_nothing(db: &Db) {
        for (kind, gateway) in
            [(Kind::Original, OldGateway::Original), (Kind::Successor, OldGateway::Successor)]
        {
            let folder = tempfile::tempdir().unwrap();
            let path = ordinary(folder.path(), kind).await.close().await;
            let before = fs::read(&path).unwrap();
            let look = import(&db.store, &path, ImportMode::Look).await.unwrap();
            assert_eq!(look.gateway, gateway);
            assert_eq!(holder(&db.store, BEARER).await, None, "a look changes nothing");
            assert!(db.store.list_accounts().await.unwrap().is_empty());

            let taken = take(&db.store, &path).await;
            assert_eq!(format!("{taken:?}"), format!("{look:?}"), "a look tells the truth");
            assert_eq!(taken.accounts, tally(2, 2, 0, 0));
            assert_eq!(taken.clients, tally(1, 1, 0, 0));
            assert_eq!(taken.tokens, tally(1, 1, 0, 0));
            assert_eq!(taken.usage, tally(2, 1, 0, 1));
            assert_eq!(reasons(&taken), [("tool_usage", Reason::NoToolCall)]);

            let device = holder(&db.store, BEARER).await.unwrap();
            assert_eq!((device.client.as_str(), device.scopes), (CLIENT, Scopes::ReadWrite));
            assert_eq!(device.expires_at.map(|at| at.0), LATER);
            let account = db.store.find_account(&device.account).await.unwrap().unwrap();
            assert_eq!(account.email.reveal(), ADA);
            assert_eq!(account.refreshed_at, Timestamp(1_788_256_800));
            let kept = db.store.credentials(&device.account).await.unwrap().unwrap();
            assert_eq!(*kept.bytes, session("guid-ada", 1).into_bytes());
            let client = db.store.find_client(&device.client).await.unwrap().unwrap();
            let secret = db.store.digest_presented::<ClientSecret>(SECRET).unwrap();
            assert!(client.secret_is(&secret) && client.redirect_uris[0].as_str() == REDIRECT);
            let usage = db.store.list_usage().await.unwrap();
            assert_eq!((usage[0].tool.as_str(), usage[0].calls), ("get_sleep_data", 41));
            let succeeds = db.store.succeeds_another().await.unwrap();
            assert_eq!(succeeds, kind == Kind::Successor);

            let again = take(&db.store, &path).await;
            assert!(!again.adds(), "{again:?}");
            assert_eq!(again.accounts, tally(2, 0, 2, 0));
            assert_eq!(db.store.list_usage().await.unwrap()[0].calls, 41);
            assert_eq!(fs::read(&path).unwrap(), before, "the other database is as it was");
            for summary in db.store.list_accounts().await.unwrap() {
                db.store.forget_account(&summary.id, NOW).await.unwrap();
            }
            db.execute("DELETE FROM imports").await;
            db.execute("DELETE FROM clients").await;
        }
    }
}

on_both! {
    async fn what_was_revoked_or_forgotten_here_does_not_come_back(db: &Db) {
        let folder = tempfile::tempdir().unwrap();
        let path = ordinary(folder.path(), Kind::Original).await.close().await;
        take(&db.store, &path).await;
        let device = holder(&db.store, BEARER).await.unwrap();
        db.store.revoke_device(&device.device).await.unwrap().unwrap();
        assert_eq!(take(&db.store, &path).await.tokens, tally(1, 0, 1, 0));
        assert_eq!(holder(&db.store, BEARER).await, None);

        assert!(db.store.forget_account(&device.account, NOW).await.unwrap());
        let again = take(&db.store, &path).await;
        assert_eq!(again.accounts, tally(2, 0, 1, 1));
        let of = |left: &(&str, Reason)| left.1 != Reason::NoToolCall;
        let left: Vec<_> = reasons(&again).into_iter().filter(of).collect();
        assert_eq!(left, [
            ("accounts", Reason::Forgotten),
            ("access_tokens", Reason::AccountNotTaken),
            ("tool_usage", Reason::AccountNotTaken),
        ]);
        assert_eq!(db.store.list_accounts().await.unwrap().len(), 1);
    }
}

on_both! {
    async fn the_newer_session_wins_whichever_side_has_it(db: &Db) {
        let folder = tempfile::tempdir().unwrap();
        let mut old = ordinary(folder.path(), Kind::Successor).await;
        take(&db.store, &old.path).await;
        let account = holder(&db.store, BEARER).await.unwrap().account;
        // Rotated there after the first import.
        old.account(ADA, &session("guid-ada", 2), "2026-09-02 10:00:00").await;
        let again = take(&db.store, &old.path).await;
        assert_eq!((again.accounts.renewed, again.accounts.known), (1, 1));
        let kept = db.store.credentials(&account).await.unwrap().unwrap();
        assert_eq!((*kept.bytes).clone(), session("guid-ada", 2).into_bytes());
        assert_eq!(kept.generation.0, 2);
        // Signed in here since.
        crate::support::connect(&db.store, "guid-ada", b"ours").await;
        old.account(ADA, &session("guid-ada", 3), "2026-09-03 10:00:00").await;
        // A clock that is ahead makes no session newer.
        old.account(BO, &session("guid-bo", 9), "2036-01-01 00:00:00").await;
        let path = old.close().await;
        assert_eq!(take(&db.store, &path).await.accounts, tally(2, 0, 2, 0));
        let kept = db.store.credentials(&account).await.unwrap().unwrap();
        assert_eq!(*kept.bytes, b"ours");
    }
}

on_both! {
    async fn two_names_of_one_garmin_account_become_one_with_both_tokens(db: &Db) {
        const OTHER: &str = "a-second-bearer-of-the-very-same-person-here";
        let folder = tempfile::tempdir().unwrap();
        let mut old = ordinary(folder.path(), Kind::Original).await;
        old.account("Ada@Example.org ", &session("guid-ada", 2), "2026-09-02 10:00:00").await;
        old.token(OTHER, "Ada@Example.org ", CLIENT, None).await;
        old.usage("Ada@Example.org ", "get_sleep_data", 1).await;
        let path = old.close().await;
        let taken = take(&db.store, &path).await;
        assert_eq!(taken.accounts, tally(3, 2, 0, 1));
        assert!(reasons(&taken).contains(&("accounts", Reason::SameGarminAccount)));
        let [one, other] = [BEARER, OTHER].map(async |bearer| holder(&db.store, bearer).await);
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        assert_eq!((&one.account, other.expires_at), (&other.account, None));
        let kept = db.store.credentials(&one.account).await.unwrap().unwrap();
        assert_eq!(*kept.bytes, session("guid-ada", 2).into_bytes());
        assert_eq!(db.store.list_usage().await.unwrap()[0].calls, 42);
    }
}

on_both! {
    async fn a_row_that_cannot_come_is_told_with_its_reason_and_the_others_come(db: &Db) {
        let folder = tempfile::tempdir().unwrap();
        let mut old = ordinary(folder.path(), Kind::Successor).await;
        old.account("no address", &session("g", 1), "2026-09-01 10:00:00").await;
        old.account("null@example.org", "null", "2026-09-01 10:00:00").await;
        old.account("stale@example.org", &session("g-stale", 1), "2026-01-01 00:00:00").await;
        old.run("
            INSERT INTO accounts (adapter, account_key, blob_enc) VALUES
                ('garmin', 'torn@example.org', 'not:hex'),
                ('garmin', x'ff', 'x'), ('garmin', 'blob@example.org', x'00ff'),
                ('garmin', 'other@example.org', '000000000000000000000000:00112233445566778899aabbccddeeff00'),
                ('whoop', 'ada@example.org', 'x');
            INSERT INTO oauth_clients (client_id, adapter, client_secret_hash, redirect_uris) VALUES
                ('bad-hash', 'garmin', 'xyz', '[\"https://a.example/cb\"]'),
                ('bad-list', 'garmin', hex(zeroblob(32)), '{}'),
                ('dangerous', 'garmin', hex(zeroblob(32)), '[\"javascript:alert(1)\", \"data:x\"]'),
                ('https://x.example/doc', 'garmin', hex(zeroblob(32)), '[\"https://a.example/cb\"]'),
                (x'2a', 'garmin', hex(zeroblob(32)), '[\"https://a.example/cb\"]');
            INSERT INTO access_tokens (token_hash, adapter, account_key, client_id, expires_at) VALUES
                (hex(zeroblob(32)), 'garmin', 'nobody@example.org', 'c', NULL),
                (hex(randomblob(32)), 'garmin', 'null@example.org', 'c', NULL),
                (hex(randomblob(32)), 'garmin', 'ada@example.org', 'c', 1000),
                (hex(randomblob(32)), 'garmin', 'ada@example.org', 'c', 'tomorrow'),
                (hex(randomblob(32)), 'garmin', 'ada@example.org', 'lost', NULL),
                (hex(randomblob(32)), 'garmin', 'ada@example.org', NULL, NULL),
                ('short', 'garmin', 'ada@example.org', 'c', NULL);
            INSERT INTO tool_usage (adapter, account_key, tool, calls) VALUES
                ('garmin', 'ada@example.org', 'get_stats', 'many'),
                ('garmin', 'nobody@example.org', 'get_stats', 1);
            INSERT INTO subscribers VALUES ('s@example.org', 'x');").await;
        let path = old.close().await;
        let taken = take(&db.store, &path).await;
        assert_eq!(taken.accounts, tally(9, 3, 0, 6));
        assert_eq!(taken.clients, tally(6, 1, 0, 5));
        assert_eq!(taken.tokens, tally(8, 3, 0, 5));
        assert_eq!((taken.stale, taken.lost_clients), (1, 2));
        let mut left: Vec<_> =
            reasons(&taken).into_iter().filter(|(table, _)| *table != "tool_usage").collect();
        left.sort_unstable();
        assert_eq!(left, [
            ("access_tokens", Reason::TokenMalformed),
            ("access_tokens", Reason::TokenMalformed),
            ("access_tokens", Reason::Expired),
            ("access_tokens", Reason::NoAccount),
            ("access_tokens", Reason::AccountNotTaken),
            ("accounts", Reason::NotAnEmail),
            ("accounts", Reason::NotAnEmail),
            ("accounts", Reason::BlobMalformed),
            ("accounts", Reason::BlobMalformed),
            ("accounts", Reason::OtherSecret),
            ("accounts", Reason::NoGarminTokens),
            ("oauth_clients", Reason::ClientMalformed),
            ("oauth_clients", Reason::ClientMalformed),
            ("oauth_clients", Reason::ClientMalformed),
            ("oauth_clients", Reason::ClientMalformed),
            ("oauth_clients", Reason::NoRedirectUri),
        ]);
        let behind: Vec<_> = taken.left_behind.iter().map(|left| (left.what, left.rows)).collect();
        assert_eq!(behind, [
            ("newsletter subscribers", 1),
            ("what belongs to other providers than Garmin", 1),
        ]);
        assert!(holder(&db.store, BEARER).await.is_some());
        assert!(!take(&db.store, &path).await.adds());
        // The sweep keeps what was brought.
        db.store.sweep_expired(NOW).await.unwrap();
        assert_eq!(db.store.list_accounts().await.unwrap().len(), 3);
        assert!(holder(&db.store, BEARER).await.is_some());
    }
}

on_both! {
    async fn a_wrong_secret_is_refused_as_a_whole(db: &Db) {
        let folder = tempfile::tempdir().unwrap();
        let path = ordinary(folder.path(), Kind::Original).await.close().await;
        let refused =
            import_with(&db.store, &path, ImportMode::Take, "another secret").await.unwrap_err();
        let ImportError::Old(OldDatabaseError::WrongSecret { accounts: 2, .. }) = &refused else {
            panic!("{refused:?}");
        };
        assert!(!refused.to_string().contains("another secret"));
        assert!(db.store.list_clients().await.unwrap().is_empty());
        assert_eq!(db.count("SELECT COUNT(*) FROM imports").await, 0);
    }
}

#[tokio::test]
async fn a_file_that_is_none_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("text"), "not a database, but long enough to be looked at").unwrap();
    fs::write(at("empty"), "").unwrap();
    let whole = ordinary(folder.path(), Kind::Successor).await.close().await;
    let bytes = fs::read(&whole).unwrap();
    fs::write(at("torn"), &bytes[..bytes.len() / 2]).unwrap();
    let mut damaged = bytes.clone();
    for byte in &mut damaged[4096..8192] {
        *byte = 0xff;
    }
    fs::write(at("damaged"), damaged).unwrap();
    let mut lacks = OldDb::create(&at("lacks"), Kind::Original, OLD_SECRET).await;
    lacks.run("DROP TABLE access_tokens").await;
    lacks.close().await;
    let mut column = OldDb::create(&at("column"), Kind::Original, OLD_SECRET).await;
    column.run("ALTER TABLE oauth_clients DROP COLUMN redirect_uris").await;
    column.close().await;
    let mut foreign = OldDb::create(&at("foreign"), Kind::Original, OLD_SECRET).await;
    foreign.run("DROP TABLE garmin_accounts; CREATE TABLE accounts (name TEXT)").await;
    foreign.close().await;
    let ours = Db::sqlite().await;
    for (path, said) in [
        (at("nowhere"), "cannot read"),
        (folder.path().to_owned(), "cannot read"),
        (at("text"), "not a SQLite database"),
        (at("empty"), "not a SQLite database"),
        (at("torn"), "damaged"),
        (at("damaged"), "damaged"),
        (at("lacks"), "the table `access_tokens`"),
        (at("column"), "the column `redirect_uris` of `oauth_clients`"),
        (at("foreign"), "no database of the Python gateways"),
        (ours.file(), "a database of this program"),
    ] {
        let refused = OldDatabase::read(&path).await.unwrap_err().to_string();
        assert!(refused.contains(said), "{}: {refused}", path.display());
    }
    ours.finish().await;
}

#[tokio::test]
async fn the_log_of_a_gateway_that_was_killed_is_read_too() {
    let db = Db::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let old = ordinary(folder.path(), Kind::Successor).await;
    let path = old.abandon();
    assert!(fs::metadata(path.with_file_name("old.db-wal")).unwrap().len() > 0);
    assert_eq!(take(&db.store, &path).await.accounts.taken, 2);
    db.finish().await;
}

#[tokio::test]
async fn the_oldest_databases_had_fewer_columns() {
    let db = Db::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let mut old = ordinary(folder.path(), Kind::Original).await;
    old.run("ALTER TABLE access_tokens DROP COLUMN expires_at; DROP TABLE tool_usage").await;
    let path = old.close().await;
    let taken = take(&db.store, &path).await;
    assert_eq!((taken.tokens.taken, taken.usage), (1, Tally::default()));
    assert_eq!(holder(&db.store, BEARER).await.unwrap().expires_at, None);
    db.finish().await;
}

/// Cut and changed at many places: told or read, and never a panic.
#[tokio::test]
async fn damage_anywhere_in_the_file_is_an_answer() {
    let db = Db::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let whole = ordinary(folder.path(), Kind::Successor).await.close().await;
    let bytes = fs::read(&whole).unwrap();
    let path = folder.path().join("fuzzed.db");
    for step in 0_usize..200 {
        let mut torn = bytes.clone();
        let at = step * 7919 % bytes.len();
        torn[at] ^= 1 << (step % 8);
        if step % 5 == 0 {
            torn.truncate(at.max(16));
        }
        fs::write(&path, torn).unwrap();
        // Whichever it is, the store is asked only for what could be read.
        if let Ok(old) = OldDatabase::read(&path).await {
            let (secret, mode) = (&OldSecret::of(OLD_SECRET), ImportMode::Look);
            let order = ImportOrder { path: &path, secret, read, region: Region::Global, mode };
            let told = db.store.import(&old, &order, NOW.plus(DAY / 24)).await;
            assert!(matches!(told, Ok(_) | Err(ImportError::Old(_))), "{told:?}");
        }
    }
    assert!(db.store.list_accounts().await.unwrap().is_empty());
    db.finish().await;
}

//! Opening: the right secret, the right schema, and everybody at once.

use domain::id::Generation;
use store::{
    GatewaySecret, LeaseOutcome, OpenError, OpenMode, OpenOptions, Store, StoreError, Wrapping,
};

use crate::support::{DAY, Db, NOW, all_at_once, connect, lease_owner, on_both, options, secret};

fn other_secret() -> GatewaySecret {
    GatewaySecret::parse("another secret, long enough to be one").unwrap()
}

fn with_old(old: &GatewaySecret) -> OpenOptions {
    OpenOptions { old_secret: Some(old.clone()), ..options(OpenMode::Serve) }
}

on_both! {
    async fn rel60_a_wrong_secret_is_refused_with_a_hint(db: &Db) {
        db.connect("guid-1").await;
        let error = db.reopen(OpenMode::Serve, &other_secret()).await.unwrap_err();
        assert!(matches!(error, OpenError::WrongSecret), "{error:?}");
        assert!(error.to_string().contains("GATEWAY_SECRET_OLD"), "{error}");
        let old = with_old(&GatewaySecret::parse("a third secret that fits nothing here").unwrap());
        let error = Store::open(&db.url, &other_secret(), old).await.unwrap_err();
        assert!(matches!(error, OpenError::WrongSecrets), "{error:?}");
        // Refused, and nothing was changed by the attempt.
        db.reopen(OpenMode::Serve, &secret()).await.unwrap().close().await;
    }
}

on_both! {
    async fn sec128_a_changed_secret_opens_by_the_old_one_until_it_is_rewrapped(db: &Db) {
        let account = db.connect_with("guid-1", b"kept").await.account;
        let new = other_secret();
        let store = Store::open(&db.url, &new, with_old(&secret())).await.unwrap();
        assert_eq!(store.wrapping(), Wrapping::Old);
        assert_eq!(store.rekey(&secret(), &new).await.unwrap(), 3);
        store.close().await;

        let store = db.reopen(OpenMode::Serve, &new).await.unwrap();
        assert_eq!(store.wrapping(), Wrapping::Current);
        let stored = store.credentials(&account).await.unwrap().unwrap();
        assert_eq!(stored.bytes.as_slice(), b"kept");
        // The same person is found again: the index key is the same one.
        assert_eq!(connect(&store, "guid-1", b"new").await.account, account);
        store.close().await;
        let error = db.reopen(OpenMode::Serve, &secret()).await.unwrap_err();
        assert!(matches!(error, OpenError::WrongSecret), "{error:?}");
        // Whoever had it open goes on as before.
        assert!(db.store.credentials(&account).await.unwrap().is_some());
    }
}

on_both! {
    async fn sec128_rewrapping_from_a_wrong_secret_changes_nothing(db: &Db) {
        let error = db.store.rekey(&other_secret(), &other_secret()).await.unwrap_err();
        assert!(matches!(error, StoreError::Sealed { table: "keys", .. }), "{error:?}");
        db.reopen(OpenMode::Serve, &secret()).await.unwrap().close().await;
    }
}

on_both! {
    async fn keys_that_are_gone_are_never_replaced_in_silence(db: &Db) {
        db.connect("guid-1").await;
        db.execute("DELETE FROM keys").await;
        let error = db.reopen(OpenMode::Serve, &secret()).await.unwrap_err();
        assert!(matches!(error, OpenError::KeysMissing), "{error:?}");
        assert_eq!(db.count("SELECT COUNT(*) FROM keys").await, 0);
    }
}

on_both! {
    async fn a_damaged_or_exchanged_key_is_refused(db: &Db) {
        // The wrapped index key in the place of the pepper.
        db.execute(
            "UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE purpose = 'index')
              WHERE purpose = 'pepper'",
        )
        .await;
        let error = db.reopen(OpenMode::Serve, &secret()).await.unwrap_err();
        let OpenError::Store(StoreError::Sealed { table, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(table, "keys");
    }
}

on_both! {
    async fn rel53_a_newer_schema_is_refused_by_everybody(db: &Db) {
        db.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT 9999, 'from the future', success, checksum, 0 FROM _sqlx_migrations
              WHERE version = 1",
        )
        .await;
        for mode in [OpenMode::Serve, OpenMode::Admin] {
            let error = db.reopen(mode, &secret()).await.unwrap_err();
            assert!(matches!(error, OpenError::NewerSchema { version: 9999 }), "{error:?}");
        }
    }
}

on_both! {
    async fn an_admin_command_never_migrates(db: &Db) {
        db.execute("DELETE FROM _sqlx_migrations").await;
        let error = db.reopen(OpenMode::Admin, &secret()).await.unwrap_err();
        assert!(matches!(error, OpenError::OlderSchema), "{error:?}");
        db.execute("DROP TABLE _sqlx_migrations").await;
        let error = db.reopen(OpenMode::Admin, &secret()).await.unwrap_err();
        let expected = matches!(error, OpenError::OlderSchema | OpenError::Foreign { .. });
        assert!(expected, "{error:?}");
    }
}

on_both! {
    async fn an_admin_command_works_beside_the_gateway(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await;
        let admin = db.reopen(OpenMode::Admin, &secret()).await.unwrap();
        assert_eq!(admin.list_devices(None).await.unwrap()[0].id, device.id);
        // Both write at the same time, and wait for each other instead of failing.
        let writes = all_at_once(20, |turn| {
            let store = if turn % 2 == 0 { db.store.clone() } else { admin.clone() };
            async move { connect(&store, &format!("guid-{turn}"), b"c").await.new }
        })
        .await;
        assert_eq!(writes.iter().filter(|new| **new).count(), 19);
        admin.revoke_device(&device.id).await.unwrap().unwrap();
        let found = db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap();
        assert_eq!(found, None);
        admin.close().await;
    }
}

on_both! {
    async fn two_gateways_share_one_lease(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let other = db.reopen(OpenMode::Serve, &secret()).await.unwrap();
        let outcomes = all_at_once(20, |turn| {
            let store = if turn % 2 == 0 { db.store.clone() } else { other.clone() };
            let account = account.clone();
            async move {
                let until = NOW.plus(DAY);
                let first = Generation(1);
                store.take_lease(&account, first, &lease_owner(), until, NOW).await.unwrap()
            }
        })
        .await;
        let taken = |one: &&LeaseOutcome| matches!(one, LeaseOutcome::Taken(_));
        assert_eq!(outcomes.iter().filter(taken).count(), 1);
        other.close().await;
    }
}

on_both! {
    async fn gateways_that_start_together_on_an_empty_database_agree_on_the_keys(db: &Db) {
        db.execute("DELETE FROM keys").await;
        let url = db.url.clone();
        let gateways = all_at_once(4, |_| {
            let url = url.clone();
            async move { Store::open(&url, &secret(), options(OpenMode::Serve)).await.unwrap() }
        })
        .await;
        let account = connect(&gateways[0], "guid-1", b"shared").await.account;
        for store in gateways {
            let stored = store.credentials(&account).await.unwrap().unwrap();
            assert_eq!(stored.bytes.as_slice(), b"shared");
            store.close().await;
        }
    }
}

/// The twins are compared as text in `tests/schema.rs`; this is what came of them.
#[tokio::test]
async fn both_databases_end_up_with_the_same_columns() {
    let Some(postgres) = Db::postgres().await else { return };
    let sqlite = Db::sqlite().await;
    let columns = sqlite.columns().await;
    assert!(columns.contains(&"accounts.credentials".to_owned()));
    assert_eq!(columns, postgres.columns().await);
    sqlite.finish().await;
    postgres.finish().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://gateway:hunter2@localhost/x?host={}", folder.path().display());
    let url = store::DatabaseUrl::parse(&url).unwrap();
    let error = Store::open(&url, &secret(), options(OpenMode::Serve)).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    let told = format!("{error} {error:?}");
    assert!(told.contains("DATABASE_URL") && !told.contains("hunter2"), "{told}");
}

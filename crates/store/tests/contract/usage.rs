//! Counters: collected in memory, written together, never lost to a failed write.

use domain::entropy::OsEntropy;
use domain::id::{ClientId, DeviceId};
use store::Flushed;

use crate::support::{DAY, NOW, on_both, random_account};

on_both! {
    async fn calls_are_counted_in_memory_and_written_by_one_flush(db: &Db) {
        let account = db.connect("guid-1").await.account;
        for _ in 0..5 {
            db.call(&account, "get_sleep", NOW);
        }
        db.call(&account, "get_steps", NOW.plus(DAY));
        assert!(db.store.list_usage().await.unwrap().is_empty());
        let flushed = db.store.flush().await.unwrap();
        assert_eq!(flushed, Flushed { counters: 2, ..Flushed::default() });
        assert_eq!(db.store.flush().await.unwrap(), Flushed::default());
        db.call(&account, "get_sleep", NOW.plus(DAY));
        db.store.flush().await.unwrap();

        let usage = db.store.list_usage().await.unwrap();
        let told: Vec<_> = usage.iter().map(|row| (row.tool.as_str(), row.calls)).collect();
        assert_eq!(told, [("get_sleep", 6), ("get_steps", 1)]);
        assert_eq!((&usage[0].account, usage[0].last_used_at), (&account, NOW.plus(DAY)));
    }
}

on_both! {
    async fn last_use_never_moves_backwards(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await;
        db.store.touch_device(&device.id, NOW.plus(DAY));
        db.store.touch_device(&device.id, NOW);
        db.store.flush().await.unwrap();
        db.store.touch_device(&device.id, NOW.plus(DAY / 2));
        db.store.flush().await.unwrap();
        let listed = db.store.list_devices(None).await.unwrap();
        assert_eq!(listed[0].last_used_at, Some(NOW.plus(DAY)));
    }
}

on_both! {
    async fn what_is_gone_by_the_time_of_the_flush_spoils_nothing(db: &Db) {
        let account = db.connect("guid-1").await.account;
        db.call(&random_account(), "get_sleep", NOW);
        db.call(&account, "get_sleep", NOW);
        db.store.touch_device(&DeviceId::generate(&OsEntropy), NOW);
        db.store.touch_client(&ClientId::generate(&OsEntropy), NOW);
        db.store.flush().await.unwrap();
        let usage = db.store.list_usage().await.unwrap();
        assert_eq!((usage.len(), &usage[0].account), (1, &account));
    }
}

on_both! {
    async fn a_failed_flush_keeps_everything_for_the_next(db: &Db) {
        let account = db.connect("guid-1").await.account;
        db.call(&account, "get_sleep", NOW);
        db.execute("ALTER TABLE usage RENAME TO hidden").await;
        assert!(db.store.flush().await.is_err());
        db.call(&account, "get_sleep", NOW);
        db.execute("ALTER TABLE hidden RENAME TO usage").await;
        db.store.flush().await.unwrap();
        assert_eq!(db.store.list_usage().await.unwrap()[0].calls, 2);
    }
}

//! One-time codes: spent once, remembered, and traced to what they led to.

use std::time::Duration;

use domain::entropy::OsEntropy;
use domain::token::AuthorizationCode;
use store::{DeviceAdded, Redemption};

use crate::support::{Device, NOW, all_at_once, on_both};

on_both! {
    async fn a_code_is_redeemed_once_and_then_recognised(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        assert_eq!(db.store.find_grant(&code, NOW).await.unwrap().as_ref(), Some(&grant));
        let first = db.store.redeem_grant(&code, NOW).await.unwrap();
        assert_eq!(first, Redemption::Fresh(grant.clone()));
        let second = db.store.redeem_grant(&code, NOW.plus(Duration::from_secs(7))).await.unwrap();
        assert_eq!(second, Redemption::Replayed { grant: grant.clone(), redeemed_at: NOW });
        assert_eq!(db.store.find_grant(&code, NOW).await.unwrap(), Some(grant));
    }
}

on_both! {
    async fn t41_an_unknown_or_expired_code_redeems_nothing(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        let late = db.store.redeem_grant(&code, grant.expires_at).await.unwrap();
        assert_eq!(late, Redemption::Unknown);
        assert_eq!(db.store.find_grant(&code, grant.expires_at).await.unwrap(), None);
        let stranger = db.store.digest(&AuthorizationCode::generate(&OsEntropy));
        let unknown = db.store.redeem_grant(&stranger, NOW).await.unwrap();
        assert_eq!(unknown, Redemption::Unknown);
        assert_eq!(db.store.stats(NOW).await.unwrap().pending_codes, 1);
    }
}

on_both! {
    async fn t40_sec014_of_a_hundred_who_redeem_a_code_one_succeeds(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (_, code) = db.grant(&account, &client).await;
        let outcomes = all_at_once(100, |_| {
            let store = db.store.clone();
            async move { store.redeem_grant(&code, NOW).await.unwrap() }
        })
        .await;
        let fresh = |one: &&Redemption| matches!(one, Redemption::Fresh(_));
        let replayed = |one: &&Redemption| matches!(one, Redemption::Replayed { .. });
        assert_eq!(outcomes.iter().filter(fresh).count(), 1);
        assert_eq!(outcomes.iter().filter(replayed).count(), 99);
    }
}

on_both! {
    async fn t39_a_replayed_code_revokes_the_device_it_produced(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        db.store.redeem_grant(&code, NOW).await.unwrap();
        let device = Device::generate(&db.store);
        let new = device.described(&account, &client, Some(&grant.id), None);
        assert_eq!(db.store.add_device(&new, NOW).await.unwrap(), DeviceAdded::Added);
        let unrelated = db.device(&account, &client).await;

        let revoked = db.store.revoke_grant(&grant.id, NOW).await.unwrap();
        assert_eq!(revoked.len(), 1);
        assert_eq!((&revoked[0].device, &revoked[0].account), (&device.id, &account));
        let found = db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap();
        assert_eq!(found, None);
        let other = db.store.find_device_by_access(&unrelated.pair.access, NOW).await.unwrap();
        assert!(other.is_some());
    }
}

on_both! {
    async fn a_replay_during_the_redemption_prevents_the_device(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        db.store.redeem_grant(&code, NOW).await.unwrap();
        assert!(db.store.revoke_grant(&grant.id, NOW).await.unwrap().is_empty());
        let device = Device::generate(&db.store);
        let new = device.described(&account, &client, Some(&grant.id), None);
        assert_eq!(db.store.add_device(&new, NOW).await.unwrap(), DeviceAdded::GrantRevoked);
        assert_eq!(db.count("SELECT COUNT(*) FROM devices").await, 0);
    }
}

on_both! {
    async fn replay_and_redemption_at_one_moment_leave_no_device(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        for _ in 0..10 {
            let (grant, code) = db.grant(&account, &client).await;
            db.store.redeem_grant(&code, NOW).await.unwrap();
            let device = Device::generate(&db.store);
            all_at_once(2, |side| {
                let (store, device) = (db.store.clone(), device.clone());
                let (account, client, grant) = (account.clone(), client.clone(), grant.id.clone());
                async move {
                    if side == 0 {
                        store.revoke_grant(&grant, NOW).await.unwrap();
                    } else {
                        let new = device.described(&account, &client, Some(&grant), None);
                        store.add_device(&new, NOW).await.unwrap();
                    }
                }
            })
            .await;
            assert_eq!(db.count("SELECT COUNT(*) FROM devices").await, 0);
        }
    }
}

on_both! {
    async fn revoking_an_account_spoils_its_unredeemed_codes(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (_, code) = db.grant(&account, &client).await;
        db.store.revoke_account_devices(&account, NOW).await.unwrap();
        assert_eq!(db.store.redeem_grant(&code, NOW).await.unwrap(), Redemption::Unknown);
        let (_, code) = db.grant(&account, &client).await;
        db.store.revoke_all(NOW.plus(Duration::from_secs(1))).await.unwrap();
        assert_eq!(db.store.redeem_grant(&code, NOW).await.unwrap(), Redemption::Unknown);
    }
}

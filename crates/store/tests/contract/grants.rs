//! One-time codes: spent once, with the device they lead to, and traced to it afterwards.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::entropy::OsEntropy;
use domain::token::AuthorizationCode;
use store::{DeviceAdded, Grant, PresentedCode, Store};

use crate::support::{Device, NOW, all_at_once, on_both};

async fn redeem(store: &Store, grant: &Grant, now: Timestamp) -> (DeviceAdded, Device) {
    let device = Device::generate(store);
    let new = device.described(&grant.account, &grant.client, Some(&grant.id), None);
    (store.add_device(&new, now).await.unwrap(), device)
}

on_both! {
    async fn a_code_is_redeemed_once_and_then_recognised(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        let found = db.store.find_code(&code, NOW).await.unwrap();
        assert_eq!(found, PresentedCode::Unspent(grant.clone()));
        assert_eq!(redeem(&db.store, &grant, NOW).await.0, DeviceAdded::Added);
        let later = NOW.plus(Duration::from_secs(7));
        assert_eq!(redeem(&db.store, &grant, later).await.0, DeviceAdded::NotRedeemable);
        let found = db.store.find_code(&code, later).await.unwrap();
        assert_eq!(found, PresentedCode::Spent { grant, redeemed_at: NOW });
        assert_eq!(db.count("SELECT COUNT(*) FROM devices").await, 1);
    }
}

on_both! {
    async fn t41_an_unknown_or_expired_code_redeems_nothing(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        let late = db.store.find_code(&code, grant.expires_at).await.unwrap();
        assert_eq!(late, PresentedCode::Unknown);
        let late = redeem(&db.store, &grant, grant.expires_at).await.0;
        assert_eq!(late, DeviceAdded::NotRedeemable);
        let stranger = db.store.digest(&AuthorizationCode::generate(&OsEntropy));
        let unknown = db.store.find_code(&stranger, NOW).await.unwrap();
        assert_eq!(unknown, PresentedCode::Unknown);
        assert_eq!(db.store.stats(NOW).await.unwrap().pending_codes, 1);
    }
}

on_both! {
    async fn t40_sec014_of_a_hundred_who_redeem_a_code_one_succeeds(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, _) = db.grant(&account, &client).await;
        let outcomes = all_at_once(100, |_| {
            let (store, grant) = (db.store.clone(), grant.clone());
            async move { redeem(&store, &grant, NOW).await.0 }
        })
        .await;
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        assert_eq!((count(DeviceAdded::Added), count(DeviceAdded::NotRedeemable)), (1, 99));
        assert_eq!(db.count("SELECT COUNT(*) FROM devices").await, 1);
    }
}

on_both! {
    async fn a_redemption_that_fails_leaves_the_code_unspent(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        let other = db.device(&account, &client).await;
        // Everything but the last row can be written.
        let mut device = Device::generate(&db.store);
        device.pair.access = other.pair.access;
        let new = device.described(&account, &client, Some(&grant.id), None);
        db.store.add_device(&new, NOW).await.unwrap_err();
        let found = db.store.find_code(&code, NOW).await.unwrap();
        assert_eq!(found, PresentedCode::Unspent(grant.clone()));
        assert_eq!(redeem(&db.store, &grant, NOW).await.0, DeviceAdded::Added);
    }
}

on_both! {
    async fn t39_a_replayed_code_revokes_the_device_it_produced(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, _) = db.grant(&account, &client).await;
        let (_, device) = redeem(&db.store, &grant, NOW).await;
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
    async fn a_revoked_grant_leads_to_no_device(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        assert!(db.store.revoke_grant(&grant.id, NOW).await.unwrap().is_empty());
        assert_eq!(redeem(&db.store, &grant, NOW).await.0, DeviceAdded::NotRedeemable);
        assert_eq!(db.store.find_code(&code, NOW).await.unwrap(), PresentedCode::Unknown);
        assert_eq!(db.count("SELECT COUNT(*) FROM devices").await, 0);
    }
}

on_both! {
    async fn revocation_and_redemption_at_one_moment_leave_no_device(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        for _ in 0..10 {
            let (grant, _) = db.grant(&account, &client).await;
            all_at_once(2, |side| {
                let (store, grant) = (db.store.clone(), grant.clone());
                async move {
                    if side == 0 {
                        store.revoke_grant(&grant.id, NOW).await.unwrap();
                    } else {
                        redeem(&store, &grant, NOW).await;
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
        assert_eq!(db.store.find_code(&code, NOW).await.unwrap(), PresentedCode::Unknown);
        let (_, code) = db.grant(&account, &client).await;
        db.store.revoke_all(NOW.plus(Duration::from_secs(1))).await.unwrap();
        assert_eq!(db.store.find_code(&code, NOW).await.unwrap(), PresentedCode::Unknown);
    }
}

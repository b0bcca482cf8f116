//! Devices: found by their tokens, listed for the operator, revoked on purpose.

use domain::entropy::OsEntropy;
use domain::id::{DeviceId, Generation};
use domain::scope::Scopes;
use domain::token::{Access, AccessToken};
use store::AccountState;

use crate::support::{DAY, Device, NOW, lease_owner, on_both};

on_both! {
    async fn a_live_access_token_names_its_device_and_account(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await;
        let found =
            db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap().unwrap();
        assert_eq!((&found.device, &found.account), (&device.id, &account));
        assert_eq!((&found.client, found.scopes), (&client, Scopes::ReadWrite));
        assert_eq!(found.tools.as_deref(), Some("coach"));
        assert_eq!(found.account_state, AccountState::Live);
        assert_eq!(found.expires_at, Some(NOW.plus(DAY / 24)));
        let stranger = db.store.digest(&AccessToken::generate(&OsEntropy));
        assert_eq!(db.store.find_device_by_access(&stranger, NOW).await.unwrap(), None);
    }
}

on_both! {
    async fn only_the_account_that_a_device_belongs_to_chooses_its_tools(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let other = db.connect("guid-2").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await;
        let tools = async || {
            let access = &device.pair.access;
            db.store.find_device_by_access(access, NOW).await.unwrap().unwrap().tools
        };
        let choose = async |account, device, tools| {
            db.store.choose_tools(account, device, tools, NOW).await.unwrap()
        };
        assert!(!choose(&other, &device.id, Some("full")).await);
        let stranger = DeviceId::generate(&OsEntropy);
        assert!(!choose(&account, &stranger, Some("full")).await);
        assert_eq!(tools().await.as_deref(), Some("coach"));
        assert!(choose(&account, &device.id, Some("core,+golf")).await);
        assert_eq!(tools().await.as_deref(), Some("core,+golf"));
        assert!(choose(&account, &device.id, None).await);
        assert_eq!(tools().await, None);
    }
}

on_both! {
    async fn a_token_is_looked_up_as_it_was_presented(db: &Db) {
        let token = AccessToken::generate(&OsEntropy);
        let presented = db.store.digest_presented::<Access>(token.reveal()).unwrap();
        assert_eq!(presented, db.store.digest(&token));
        assert!(db.store.digest_presented::<Access>("no token").is_err());
    }
}

on_both! {
    async fn an_access_token_dies_at_its_second_unless_it_never_does(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let mortal = db.device(&account, &client).await;
        let eternal = Device::generate(&db.store);
        db.store.add_device(&eternal.described(&account, &client, None, None), NOW).await.unwrap();
        let find = async |device: &Device, now| {
            db.store.find_device_by_access(&device.pair.access, now).await.unwrap()
        };
        assert!(find(&mortal, NOW.plus(DAY / 24)).await.is_none());
        let found = find(&eternal, NOW.plus(10_000 * DAY)).await.unwrap();
        assert_eq!(found.expires_at, None);
    }
}

on_both! {
    async fn a_device_learns_that_its_account_needs_a_sign_in(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await;
        let owner = lease_owner();
        let first = Generation(1);
        db.store.take_lease(&account, first, &owner, NOW.plus(DAY), NOW).await.unwrap();
        db.store.mark_sign_in_needed(&account, &owner, first).await.unwrap();
        let found =
            db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap().unwrap();
        assert_eq!(found.account_state, AccountState::SignInNeeded);
    }
}

on_both! {
    async fn a_revoked_device_is_gone_with_all_its_tokens(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await;
        let other = db.device(&account, &client).await;
        let found = db.store.find_device_by_refresh(&device.pair.refresh).await.unwrap();
        assert_eq!(found, Some((device.id.clone(), client)));

        let revoked = db.store.revoke_device(&device.id).await.unwrap().unwrap();
        assert_eq!((&revoked.device, &revoked.account), (&device.id, &account));
        assert_eq!(db.store.revoke_device(&device.id).await.unwrap(), None);
        let access = db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap();
        assert_eq!(access, None);
        let refresh = db.store.find_device_by_refresh(&device.pair.refresh).await.unwrap();
        assert_eq!(refresh, None);
        assert!(db.store.find_device_by_access(&other.pair.access, NOW).await.unwrap().is_some());
    }
}

on_both! {
    async fn revoking_by_account_and_by_everybody_reaches_exactly_those(db: &Db) {
        let client = db.client().await;
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let first = db.device(&one, &client).await;
        let second = db.device(&one, &client).await;
        let third = db.device(&two, &client).await;
        let mut revoked: Vec<DeviceId> = db
            .store
            .revoke_account_devices(&one, NOW)
            .await
            .unwrap()
            .into_iter()
            .map(|revoked| revoked.device)
            .collect();
        revoked.sort();
        let mut expected = vec![first.id, second.id];
        expected.sort();
        assert_eq!(revoked, expected);
        let rest = db.store.revoke_all(NOW).await.unwrap();
        assert_eq!((rest.len(), &rest[0].device), (1, &third.id));
        assert!(db.store.revoke_all(NOW).await.unwrap().is_empty());
    }
}

on_both! {
    async fn devices_are_listed_with_what_an_operator_asks_for(db: &Db) {
        let client = db.client().await;
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let device = db.device(&one, &client).await;
        db.device(&two, &client).await;
        let used = NOW.plus(DAY);
        db.store.touch_device(&device.id, used);
        db.store.flush().await.unwrap();
        assert_eq!(db.store.list_devices(None).await.unwrap().len(), 2);
        let listed = db.store.list_devices(Some(&one)).await.unwrap();
        assert_eq!(listed.len(), 1);
        let listed = &listed[0];
        assert_eq!((&listed.id, &listed.account, &listed.client), (&device.id, &one, &client));
        assert_eq!(listed.client_name.as_deref(), Some("Test client"));
        assert_eq!((listed.created_at, listed.last_used_at), (NOW, Some(used)));
        assert_eq!(listed.scopes, Scopes::ReadWrite);
    }
}

on_both! {
    async fn a_device_is_live_while_one_of_its_tokens_is(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let live = async |now| db.store.has_live_device(&account, now).await.unwrap();
        assert!(!live(NOW).await);
        let device = db.device(&account, &client).await;
        assert!(live(NOW).await);
        // Its access token is dead by now, its refresh token is not.
        assert!(live(NOW.plus(2 * DAY)).await);
        assert!(!live(NOW.plus(31 * DAY)).await);
        db.store.revoke_device(&device.id).await.unwrap();
        assert!(!live(NOW).await);
    }
}

//! Accounts: who somebody is, and what a sign-in changes.

use domain::contract::{JournalEntry, KeyUse};
use domain::email::LoginEmail;
use domain::entropy::OsEntropy;
use domain::id::{AccountId, Generation, SessionId};
use domain::region::Region;
use domain::token::{PageLink, PageSession, Token};
use store::{
    AccountState, Connect, LeaseOutcome, NewSession, Rotation, RotationOutcome, StoreError,
};

use crate::support::{DAY, NOW, all_at_once, connect, lease_owner, on_both, random_account};

async fn write(db: &crate::support::Db, account: &AccountId) {
    let entry = JournalEntry::Intent {
        key: "key".to_owned(),
        key_use: KeyUse::Once,
        tool: "create_workout".to_owned(),
        detail: "intervals".to_owned(),
    };
    db.store.journal(account, &entry, NOW).await.unwrap();
}

on_both! {
    async fn the_first_sign_in_makes_an_account_and_the_next_one_finds_it(db: &Db) {
        let first = db.connect_with("guid-1", b"one").await;
        let second = db.connect_with("guid-1", b"two").await;
        let other = db.connect("guid-2").await;
        assert!(first.new && !second.new && other.new);
        assert_eq!(first.account, second.account);
        assert_ne!(first.account, other.account);
        assert_eq!((first.generation, second.generation), (Generation(1), Generation(2)));

        let stored = db.store.credentials(&first.account).await.unwrap().unwrap();
        assert_eq!((stored.bytes.as_slice(), stored.generation), (&b"two"[..], Generation(2)));
        let account = db.store.find_account(&first.account).await.unwrap().unwrap();
        assert_eq!(account.profile.as_slice(), b"profile");
        assert_eq!(account.email.reveal(), "guid-1@example.com");
        assert_eq!((account.region, account.state), (Region::Global, AccountState::Live));
        assert_eq!(account.refresh_expires_at, Some(NOW.plus(30 * DAY)));
        assert_eq!((account.created_at, account.refreshed_at), (NOW, NOW));
    }
}

on_both! {
    async fn sec120_the_same_guid_in_another_region_is_another_person(db: &Db) {
        let here = db.connect("guid-1").await;
        let email = LoginEmail::parse("guid-1@example.com").unwrap();
        let there = Connect {
            region: Region::China,
            guid: "guid-1",
            email: &email,
            profile: b"",
            credentials: b"",
            refresh_expires_at: None,
        };
        let there = db.store.connect_account(&there, NOW.plus(DAY)).await.unwrap();
        assert!(there.new);
        assert_ne!(there.account, here.account);
        let found = db.store.find_accounts_by_email(&email).await.unwrap();
        assert_eq!(found, [here.account, there.account]);
    }
}

on_both! {
    async fn sec118_a_changed_address_moves_with_the_person(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let [old, new] = ["guid-1@example.com", "new@example.com"]
            .map(|text| LoginEmail::parse(text).unwrap());
        let again = Connect {
            region: Region::Global,
            guid: "guid-1",
            email: &new,
            profile: b"moved",
            credentials: b"c",
            refresh_expires_at: None,
        };
        assert_eq!(db.store.connect_account(&again, NOW).await.unwrap().account, account);
        assert!(db.store.find_accounts_by_email(&old).await.unwrap().is_empty());
        let found = db.store.find_accounts_by_email(&new).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&account));
        let stored = db.store.find_account(&account).await.unwrap().unwrap();
        assert_eq!(stored.email.reveal(), "new@example.com");
    }
}

on_both! {
    async fn many_first_sign_ins_of_one_person_make_one_account(db: &Db) {
        let connected = all_at_once(20, |_| {
            let store = db.store.clone();
            async move { connect(&store, "guid-1", b"c").await }
        })
        .await;
        assert_eq!(connected.iter().filter(|one| one.new).count(), 1);
        assert!(connected.iter().all(|one| one.account == connected[0].account));
        let mut generations: Vec<i64> = connected.iter().map(|one| one.generation.0).collect();
        generations.sort_unstable();
        assert_eq!(generations, (1..=20).collect::<Vec<_>>());
        assert_eq!(db.count("SELECT COUNT(*) FROM accounts").await, 1);
    }
}

on_both! {
    async fn a_sign_in_withdraws_the_lease_of_a_rotation_under_way(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let owner = lease_owner();
        let until = NOW.plus(DAY);
        let taken =
            db.store.take_lease(&account, Generation(1), &owner, until, NOW).await.unwrap();
        assert!(matches!(taken, LeaseOutcome::Taken(_)));
        db.connect_with("guid-1", b"of the sign-in").await;
        let rotation = Rotation {
            from: Generation(1),
            credentials: b"of the rotation",
            refresh_expires_at: None,
        };
        let committed = db.store.commit_rotation(&account, &rotation, NOW).await.unwrap();
        assert_eq!(committed, RotationOutcome::Lost);
        assert!(!db.store.mark_sign_in_needed(&account, &owner, Generation(1)).await.unwrap());
        let stored = db.store.credentials(&account).await.unwrap().unwrap();
        assert_eq!(stored.bytes.as_slice(), b"of the sign-in");
        assert_eq!((stored.generation, stored.state), (Generation(2), AccountState::Live));
        // Nobody has to wait for the lease that was withdrawn.
        let next = lease_owner();
        let taken = db.store.take_lease(&account, Generation(2), &next, until, NOW).await.unwrap();
        assert!(matches!(taken, LeaseOutcome::Taken(_)), "{taken:?}");
    }
}

on_both! {
    async fn a_sign_in_ends_sign_in_needed(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let owner = lease_owner();
        let until = NOW.plus(DAY);
        db.store.take_lease(&account, Generation(1), &owner, until, NOW).await.unwrap();
        assert!(db.store.mark_sign_in_needed(&account, &owner, Generation(1)).await.unwrap());
        let marked = db.store.find_account(&account).await.unwrap().unwrap();
        assert_eq!(marked.state, AccountState::SignInNeeded);
        assert_eq!(db.store.stats(NOW).await.unwrap().accounts_needing_sign_in, 1);
        db.connect("guid-1").await;
        let account = db.store.find_account(&account).await.unwrap().unwrap();
        assert_eq!(account.state, AccountState::Live);
    }
}

on_both! {
    async fn t68_sec092_sec107_sec123_forgetting_an_account_leaves_nothing_of_it(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let other = db.connect("guid-2").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await;
        let kept = db.device(&other, &client).await;
        db.grant(&account, &client).await;
        db.store.set_read_only(&account, true, NOW).await.unwrap();
        let link = db.store.digest(&Token::<PageLink>::generate(&OsEntropy));
        assert!(db.store.add_link(&account, &device.id, &link, NOW.plus(DAY), NOW).await.unwrap());
        let session = NewSession {
            id: &SessionId::generate(&OsEntropy),
            account: &account,
            cookie: &db.store.digest(&Token::<PageSession>::generate(&OsEntropy)),
            state: b"",
            expires_at: NOW.plus(DAY),
        };
        db.store.begin_session(&session, NOW).await.unwrap();
        write(db, &account).await;
        db.call(&account, "get_sleep", NOW);
        db.store.flush().await.unwrap();

        assert!(db.store.forget_account(&account, NOW).await.unwrap());
        assert!(!db.store.forget_account(&account, NOW).await.unwrap());
        assert!(db.store.find_account(&account).await.unwrap().is_none());
        assert!(db.store.credentials(&account).await.unwrap().is_none());
        let gone = db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap();
        assert_eq!(gone, None);
        assert!(db.store.find_device_by_access(&kept.pair.access, NOW).await.unwrap().is_some());
        for rows in [
            db.count("SELECT COUNT(*) FROM grants").await,
            db.count("SELECT COUNT(*) FROM usage").await,
            db.count("SELECT COUNT(*) - 1 FROM refresh_tokens").await,
            db.count("SELECT COUNT(*) - 1 FROM devices").await,
            db.count("SELECT COUNT(*) FROM usage_daily").await,
            db.count("SELECT COUNT(*) FROM journal").await,
            db.count("SELECT COUNT(*) FROM account_settings").await,
            db.count("SELECT COUNT(*) FROM account_links").await,
            db.count("SELECT COUNT(*) FROM sessions").await,
            db.count("SELECT COUNT(*) FROM audit WHERE account_id IS NOT NULL").await,
            db.count("SELECT COUNT(*) FROM audit WHERE device_id IS NOT NULL").await,
            db.count("SELECT COUNT(*) - 1 FROM audit WHERE event = 'account_forgotten'").await,
        ] {
            assert_eq!(rows, 0);
        }
        // The same person later on is somebody new.
        let again = db.connect_with("guid-1", b"anew").await;
        assert!(again.new && again.account != account);
        let stored = db.store.credentials(&again.account).await.unwrap().unwrap();
        assert_eq!(stored.bytes.as_slice(), b"anew");
        assert!(db.store.list_devices(Some(&again.account)).await.unwrap().is_empty());
        let gone = db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap();
        assert_eq!(gone, None);
    }
}

on_both! {
    async fn a_profile_is_replaced_where_there_is_an_account(db: &Db) {
        let account = db.connect("guid-1").await.account;
        assert!(db.store.update_profile(&account, b"Europe/Vienna").await.unwrap());
        let found = db.store.find_account(&account).await.unwrap().unwrap();
        assert_eq!(found.profile.as_slice(), b"Europe/Vienna");
        assert!(!db.store.update_profile(&random_account(), b"x").await.unwrap());
    }
}

on_both! {
    async fn accounts_are_listed_without_names(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        db.device(&account, &client).await;
        let listed = db.store.list_accounts().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((&listed[0].id, listed[0].devices), (&account, 1));
        let text = format!("{listed:?}");
        assert!(!text.contains("guid-1") && !text.contains("example.com"), "{text}");
    }
}

on_both! {
    async fn what_refers_to_a_forgotten_account_is_refused_as_dangling(db: &Db) {
        let client = db.client().await;
        let device = crate::support::Device::generate(&db.store);
        let account = random_account();
        let error =
            db.store.add_device(&device.described(&account, &client, None, None), NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling(_)), "{error:?}");
        assert!(!error.is_retryable());
    }
}

on_both! {
    async fn a_sign_in_to_the_page_renews_an_account_and_makes_none(db: &Db) {
        let email = LoginEmail::parse("guid-1@example.com").unwrap();
        let connect = Connect {
            region: Region::Global,
            guid: "guid-1",
            email: &email,
            profile: b"profile",
            credentials: b"from the page",
            refresh_expires_at: None,
        };
        assert_eq!(db.store.renew_account(&connect, NOW).await.unwrap(), None);
        assert_eq!(db.count("SELECT COUNT(*) FROM accounts").await, 0);
        assert_eq!(db.count("SELECT COUNT(*) FROM audit").await, 0);
        let first = db.connect("guid-1").await;
        let renewed = db.store.renew_account(&connect, NOW.plus(DAY)).await.unwrap().unwrap();
        assert_eq!((&renewed.account, renewed.new), (&first.account, false));
        assert_eq!(renewed.generation, Generation(2));
        let stored = db.store.credentials(&first.account).await.unwrap().unwrap();
        assert_eq!((stored.bytes.as_slice(), stored.generation), (&b"from the page"[..], Generation(2)));
        let account = db.store.find_account(&first.account).await.unwrap().unwrap();
        assert_eq!(account.signed_in_at, NOW.plus(DAY));
    }
}

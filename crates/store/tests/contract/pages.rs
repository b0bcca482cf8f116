//! The account page: who may see it, what it changes, and what it tells.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::entropy::OsEntropy;
use domain::id::{AccountId, ClientId, DeviceId, SessionId};
use domain::scope::Scopes;
use domain::settings::{Settings, UnitSystem};
use domain::token::{PageLink, PageSession, Token, TokenDigest};
use store::{
    AccountRules, AuditEntry, AuditEvent, NewSession, Store, StoreError, UsedTool, day_of,
};

use crate::support::{DAY, NOW, all_at_once, on_both, random_account};

const SOON: Timestamp = Timestamp(NOW.0 + 600);

fn cookie(store: &Store) -> TokenDigest<PageSession> {
    store.digest(&Token::<PageSession>::generate(&OsEntropy))
}

fn link(store: &Store) -> TokenDigest<PageLink> {
    store.digest(&Token::<PageLink>::generate(&OsEntropy))
}

async fn begin(
    store: &Store,
    account: &AccountId,
    at: Timestamp,
) -> (SessionId, TokenDigest<PageSession>) {
    let (id, cookie) = (SessionId::generate(&OsEntropy), cookie(store));
    let new =
        NewSession { id: &id, account, cookie: &cookie, state: b"state", expires_at: at.plus(DAY) };
    store.begin_session(&new, at).await.unwrap();
    (id, cookie)
}

fn events(rows: &[store::AuditRow]) -> Vec<AuditEvent> {
    rows.iter().map(|row| row.event).collect()
}

on_both! {
    async fn sec056_a_session_lives_until_it_ends_or_expires(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let (id, cookie) = begin(&db.store, &account, NOW).await;
        let found = db.store.find_session(&cookie, NOW).await.unwrap().unwrap();
        assert_eq!((found.state.as_slice(), &found.id), (&b"state"[..], &id));
        assert_eq!(found.account, account);
        let end = NOW.plus(DAY);
        assert!(db.store.find_session(&cookie, end).await.unwrap().is_none());
        db.store.prolong_session(&id, end.plus(DAY)).await.unwrap();
        assert!(db.store.find_session(&cookie, end).await.unwrap().is_some());
        db.store.prolong_session(&id, NOW).await.unwrap();
        assert!(db.store.find_session(&cookie, end).await.unwrap().is_some(), "never sooner");
        assert!(db.store.end_session(&id).await.unwrap());
        assert!(!db.store.end_session(&id).await.unwrap());
        assert!(db.store.find_session(&cookie, NOW).await.unwrap().is_none());
    }
}

on_both! {
    async fn sec056_who_ends_the_access_of_an_account_ends_its_sessions(db: &Db) {
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let [(_, first), (_, second), (_, other)] = [
            begin(&db.store, &one, NOW).await,
            begin(&db.store, &one, NOW).await,
            begin(&db.store, &two, NOW).await,
        ];
        db.store.revoke_account_devices(&one, NOW).await.unwrap();
        for gone in [&first, &second] {
            assert!(db.store.find_session(gone, NOW).await.unwrap().is_none());
        }
        assert!(db.store.find_session(&other, NOW).await.unwrap().is_some());
        let (_, third) = begin(&db.store, &one, NOW).await;
        assert_eq!(db.store.end_sessions(&one).await.unwrap(), 1);
        assert!(db.store.find_session(&third, NOW).await.unwrap().is_none());
        db.store.revoke_all(NOW).await.unwrap();
        assert!(db.store.find_session(&other, NOW).await.unwrap().is_none());
    }
}

on_both! {
    async fn an_account_has_so_many_sessions_and_the_oldest_makes_room(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let mut cookies = Vec::new();
        for turn in 0..21_u64 {
            cookies.push(begin(&db.store, &account, NOW.plus(Duration::from_secs(turn))).await.1);
        }
        assert_eq!(db.count("SELECT COUNT(*) FROM sessions").await, 20);
        assert!(db.store.find_session(&cookies[0], NOW).await.unwrap().is_none());
        assert!(db.store.find_session(&cookies[1], NOW).await.unwrap().is_some());
        let (id, cookie) = (SessionId::generate(&OsEntropy), cookie(&db.store));
        let account = random_account();
        let new =
            NewSession { id: &id, account: &account, cookie: &cookie, state: b"", expires_at: SOON };
        let error = db.store.begin_session(&new, NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling(_)), "{error:?}");
    }
}

on_both! {
    async fn sec057_a_link_is_good_once_for_minutes_and_only_the_newest(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await.id;
        let [old, new] = [link(&db.store), link(&db.store)];
        assert!(db.store.add_link(&account, &device, &old, SOON, NOW).await.unwrap());
        assert!(db.store.add_link(&account, &device, &new, SOON, NOW).await.unwrap());
        assert!(!db.store.is_link_good(&old, NOW).await.unwrap(), "a newer one voids it");
        assert_eq!(db.store.redeem_link(&old, NOW).await.unwrap(), None);
        assert!(db.store.is_link_good(&new, NOW).await.unwrap());
        assert!(db.store.is_link_good(&new, NOW).await.unwrap(), "looking costs nothing");
        assert!(!db.store.is_link_good(&new, SOON).await.unwrap());
        assert_eq!(db.store.redeem_link(&new, SOON).await.unwrap(), None);
        let redeemed = all_at_once(20, |_| {
            let (store, new) = (db.store.clone(), new);
            async move { store.redeem_link(&new, NOW).await.unwrap() }
        })
        .await;
        let redeemed: Vec<_> = redeemed.into_iter().flatten().collect();
        assert_eq!(redeemed.len(), 1);
        assert_eq!((&redeemed[0].account, &redeemed[0].device), (&account, &device));
        let audit = db.store.account_audit(&account, 10).await.unwrap();
        let opened = events(&audit).iter().filter(|e| **e == AuditEvent::LinkOpened).count();
        assert_eq!(opened, 1);
    }
}

on_both! {
    async fn sec057_a_link_belongs_to_a_device_of_the_account_and_ends_with_it(db: &Db) {
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let client = db.client().await;
        let device = db.device(&one, &client).await.id;
        let digest = link(&db.store);
        assert!(!db.store.add_link(&two, &device, &digest, SOON, NOW).await.unwrap());
        let nobody = DeviceId::generate(&OsEntropy);
        assert!(!db.store.add_link(&one, &nobody, &digest, SOON, NOW).await.unwrap());
        assert!(db.store.account_audit(&two, 10).await.unwrap().is_empty());
        assert!(db.store.add_link(&one, &device, &digest, SOON, NOW).await.unwrap());
        db.store.revoke_device(&device).await.unwrap();
        assert_eq!(db.store.redeem_link(&digest, NOW).await.unwrap(), None);
    }
}

on_both! {
    async fn what_an_athlete_chooses_counts_for_every_device_at_the_next_look(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let device = db.device(&account, &client).await;
        let look = async || {
            let found = db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap();
            found.unwrap()
        };
        let before = look().await;
        assert_eq!((before.allowed(), &before.rules), (Scopes::ReadWrite, &AccountRules::default()));
        db.store.set_read_only(&account, true, NOW).await.unwrap();
        assert_eq!(look().await.allowed(), Scopes::ReadOnly);
        assert_eq!(look().await.scopes, Scopes::ReadWrite, "what it was allowed is not forgotten");
        let settings = Settings {
            units: Some(UnitSystem::Imperial),
            time_zone: Some("Europe/Vienna".to_owned()),
            language: Some("de".to_owned()),
        };
        db.store.put_settings(&account, &settings, NOW).await.unwrap();
        let rules = AccountRules { read_only: true, settings };
        assert_eq!(look().await.rules, rules);
        assert_eq!(db.store.account_rules(&account).await.unwrap(), rules);
        db.store.set_read_only(&account, false, NOW).await.unwrap();
        let rules = AccountRules { read_only: false, ..rules };
        assert_eq!(look().await.rules, rules, "one choice leaves the other");
        assert_eq!(look().await.allowed(), Scopes::ReadWrite);
        let mut told = events(&db.store.account_audit(&account, 10).await.unwrap());
        told.sort_by_key(|event| event.as_str());
        let expected =
            [AuditEvent::ReadOnlyOff, AuditEvent::ReadOnlyOn, AuditEvent::SettingsChanged];
        assert_eq!(told, expected);
        let error = db.store.set_read_only(&random_account(), true, NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling(_)), "{error:?}");
    }
}

on_both! {
    async fn sec123_an_athlete_revokes_their_own_devices_and_nobody_elses(db: &Db) {
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let client = db.client().await;
        let device = db.device(&one, &client).await;
        assert_eq!(db.store.revoke_own_device(&two, &device.id, NOW).await.unwrap(), None);
        let before = db.store.access_revision().await.unwrap();
        let gone = db.store.revoke_own_device(&one, &device.id, NOW).await.unwrap().unwrap();
        assert_eq!((&gone.device, &gone.account), (&device.id, &one));
        assert_ne!(db.store.access_revision().await.unwrap(), before);
        assert_eq!(db.store.revoke_own_device(&one, &device.id, NOW).await.unwrap(), None);
        let found = db.store.find_device_by_access(&device.pair.access, NOW).await.unwrap();
        assert_eq!(found, None);
        let audit = db.store.account_audit(&one, 10).await.unwrap();
        assert_eq!(events(&audit), [AuditEvent::DeviceRevoked]);
        assert_eq!((&audit[0].device, &audit[0].client), (&Some(device.id), &Some(client)));
    }
}

on_both! {
    async fn load04_calls_are_kept_by_day_tool_and_client(db: &Db) {
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let clients = ["cli_a", "cli_b"].map(|id| ClientId::parse(id).unwrap());
        let used = |account, client| UsedTool { account, client, tool: "get_sleep" };
        for (account, client, at) in [
            (&one, &clients[0], NOW),
            (&one, &clients[0], NOW),
            (&one, &clients[1], NOW),
            (&one, &clients[0], NOW.plus(DAY)),
            (&two, &clients[0], NOW),
        ] {
            db.store.count_call(&used(account, client), at);
        }
        db.store.count_failure(&used(&one, &clients[0]), NOW);
        db.store.flush().await.unwrap();
        db.store.count_call(&used(&one, &clients[0]), NOW);
        db.store.flush().await.unwrap();
        let rows = db.store.daily_usage(Some(&one), day_of(NOW)).await.unwrap();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.day - day_of(NOW), row.client.as_str(), row.calls, row.errors))
            .collect();
        assert_eq!(told, [(0, "cli_a", 3, 1), (0, "cli_b", 1, 0), (1, "cli_a", 1, 0)]);
        let totals = db.store.list_usage().await.unwrap();
        assert_eq!((totals[0].calls, totals[1].calls), (5, 1));
        assert_eq!(db.store.daily_usage(None, day_of(NOW)).await.unwrap().len(), 4);
        assert_eq!(db.store.daily_usage(None, day_of(NOW) + 1).await.unwrap().len(), 1);
        let swept = db.store.sweep_expired(NOW.plus(101 * DAY)).await.unwrap();
        assert_eq!(swept.daily_usage, 3, "all of the first day");
        assert_eq!(db.store.daily_usage(None, 0).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn sec142_of_an_account_a_thousand_lines_stay_and_are_its_own(db: &Db) {
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let line = async |account: &AccountId, event, second| {
            let entry = AuditEntry { event, account: Some(account), device: None, client: None };
            let at = NOW.plus(Duration::from_secs(second));
            db.store.record_audit(&entry, at).await.unwrap();
        };
        for second in 0..1_005 {
            line(&one, AuditEvent::RefreshRotated, second).await;
        }
        line(&two, AuditEvent::Exported, 0).await;
        let swept = db.store.sweep_expired(NOW.plus(DAY)).await.unwrap();
        assert_eq!(swept.audit, 5);
        let kept = db.store.account_audit(&one, 2_000).await.unwrap();
        assert_eq!((kept.len(), kept[999].at), (1_000, NOW.plus(Duration::from_secs(5))));
        assert_eq!(events(&db.store.account_audit(&two, 10).await.unwrap()), [AuditEvent::Exported]);
        assert_eq!(db.store.account_audit(&one, 3).await.unwrap().len(), 3);
    }
}

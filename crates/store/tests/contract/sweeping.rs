//! The figures at a glance, and what the janitor clears away.

use std::time::Duration;

use domain::entropy::OsEntropy;
use domain::id::{ClientId, SessionId, SignInId};
use domain::token::{Browser, PageLink, PageSession, Token};
use store::{
    AuditEntry, AuditEvent, NewSession, NewSignIn, PresentedCode, RefreshOutcome, RefreshRequest,
    SignInLimits, Stats, StoreError, Swept,
};

use crate::support::{DAY, Device, NOW, Pair, on_both};

on_both! {
    async fn the_figures_count_what_is_there(db: &Db) {
        assert_eq!(db.store.stats(NOW).await.unwrap(), Stats::default());
        let client = db.client().await;
        let [one, _two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        db.device(&one, &client).await;
        let (spent, _) = db.grant(&one, &client).await;
        db.redeem(&spent).await;
        db.grant(&one, &client).await;
        let stats = db.store.stats(NOW).await.unwrap();
        let expected = Stats {
            accounts: 2,
            accounts_needing_sign_in: 0,
            devices: 2,
            clients: 1,
            pending_codes: 1,
            sign_ins_in_progress: 0,
            people_with_device: 1,
        };
        assert_eq!(stats, expected);
        assert_eq!(db.store.stats(NOW.plus(DAY)).await.unwrap().pending_codes, 0);
    }
}

on_both! {
    async fn a_sweep_takes_what_expired_and_leaves_people_and_clients(db: &Db) {
        let client = db.client().await;
        let account = db.connect("guid-1").await.account;
        let browser = db.store.digest(&Token::<Browser>::generate(&OsEntropy));
        let soon = NOW.plus(Duration::from_mins(30));
        let sign_in = NewSignIn {
            id: &SignInId::generate(&OsEntropy),
            browser: &browser,
            state: b"",
            expires_at: soon,
        };
        db.store.add_sign_in(&sign_in, SignInLimits { in_all: 1, per_browser: 1 }, NOW).await.unwrap();
        let session = NewSession {
            id: &SessionId::generate(&OsEntropy),
            account: &account,
            cookie: &db.store.digest(&Token::<PageSession>::generate(&OsEntropy)),
            state: b"",
            expires_at: soon,
        };
        db.store.begin_session(&session, NOW).await.unwrap();
        db.grant(&account, &client).await;
        let device = db.device(&account, &client).await;
        let link = db.store.digest(&Token::<PageLink>::generate(&OsEntropy));
        assert!(db.store.add_link(&account, &device.id, &link, soon, NOW).await.unwrap());
        let eternal = Device::generate(&db.store);
        db.store.add_device(&eternal.described(&account, &client, None, None), NOW).await.unwrap();

        assert_eq!(db.store.sweep_expired(NOW).await.unwrap(), Swept::default());
        let swept = db.store.sweep_expired(soon).await.unwrap();
        assert_eq!(swept, Swept { sign_ins: 1, sessions: 1, links: 1, ..Swept::default() });
        let swept = db.store.sweep_expired(NOW.plus(2 * DAY)).await.unwrap();
        assert_eq!(swept, Swept { grants: 1, access_tokens: 1, ..Swept::default() });
        let swept = db.store.sweep_expired(NOW.plus(400 * DAY)).await.unwrap();
        assert_eq!(swept, Swept { refresh_tokens: 2, devices: 1, audit: 1, ..Swept::default() });
        let stats = db.store.stats(NOW).await.unwrap();
        assert_eq!((stats.accounts, stats.clients, stats.devices), (1, 1, 1));
    }
}

on_both! {
    async fn a_spent_code_is_still_a_replay_after_a_sweep(db: &Db) {
        let client = db.client().await;
        let account = db.connect("guid-1").await.account;
        let (grant, code) = db.grant(&account, &client).await;
        db.redeem(&grant).await;
        let later = NOW.plus(DAY / 2);
        db.store.sweep_expired(later).await.unwrap();
        let again = db.store.find_code(&code, later).await.unwrap();
        assert_eq!(again, PresentedCode::Spent { grant, redeemed_at: NOW });
    }
}

on_both! {
    async fn a_rotated_token_is_still_reuse_after_a_sweep(db: &Db) {
        let client = db.client().await;
        let account = db.connect("guid-1").await.account;
        let device = db.device(&account, &client).await;
        let present = async |now| {
            let pair = Pair::generate(&db.store);
            let request = RefreshRequest {
                presented: &device.pair.refresh,
                client: &client,
                scopes: None,
                access: &pair.access,
                access_expires_at: None,
                refresh: pair.refresh(),
            };
            db.store.rotate_refresh(&request, now).await.unwrap()
        };
        assert!(matches!(present(NOW).await, RefreshOutcome::Rotated(_)));
        let later = NOW.plus(29 * DAY);
        db.store.sweep_expired(later).await.unwrap();
        assert!(matches!(present(later).await, RefreshOutcome::Reused { .. }));
    }
}

on_both! {
    async fn rel40_an_account_its_code_and_its_line_come_together_or_not_at_all(db: &Db) {
        let gone = ClientId::generate(&OsEntropy);
        let failed = db.connect_by_code("guid-1", &gone, NOW).await.unwrap_err();
        assert!(matches!(failed, StoreError::Dangling(_)), "{failed:?}");
        assert_eq!(db.store.stats(NOW).await.unwrap().accounts, 0);
        assert_eq!(db.store.list_audit(10).await.unwrap(), []);
        let client = db.client().await;
        let (connected, grant, code) = db.connect_by_code("guid-1", &client, NOW).await.unwrap();
        assert!(connected.new);
        let found = db.store.find_code(&code, NOW).await.unwrap();
        assert_eq!(found, PresentedCode::Unspent(grant));
        let [told] = &db.store.list_audit(10).await.unwrap()[..] else { panic!("one line") };
        assert_eq!(told.event, AuditEvent::AccountConnected);
        assert_eq!((&told.account, &told.client), (&Some(connected.account), &Some(client)));
    }
}

on_both! {
    async fn an_account_that_nobody_took_up_goes_with_its_code(db: &Db) {
        let client = db.client().await;
        let (connected, grant, _) = db.connect_by_code("guid-1", &client, NOW).await.unwrap();
        let account = connected.account;
        let minute = Duration::from_mins(1);
        let before = grant.expires_at.minus(Duration::from_secs(1));
        assert_eq!(db.store.sweep_expired(before).await.unwrap().accounts, 0);

        // The same person tries once more, and gives up once more.
        let now = grant.expires_at;
        let (again, grant, _) = db.connect_by_code("guid-1", &client, now).await.unwrap();
        assert!(again.account == account && !again.new);
        assert_eq!(db.store.sweep_expired(now.plus(minute)).await.unwrap().accounts, 0);
        assert_eq!(db.store.sweep_expired(grant.expires_at).await.unwrap().accounts, 1);
        assert!(db.store.find_account(&account).await.unwrap().is_none());
        assert_eq!(db.count("SELECT COUNT(*) FROM grants").await, 0);
    }
}

on_both! {
    async fn an_account_with_an_older_life_stays(db: &Db) {
        let client = db.client().await;
        // One whose only device ended and one that was brought by other means; then both are
        // signed in to again, and those codes are left.
        let (once, _, _) = db.connect_by_code("guid-1", &client, NOW).await.unwrap();
        let device = db.device(&once.account, &client).await;
        db.store.revoke_device(&device.id).await.unwrap().unwrap();
        let brought = db.connect("guid-2").await;
        for guid in ["guid-1", "guid-2"] {
            db.connect_by_code(guid, &client, NOW).await.unwrap();
        }
        for days in [1, 2, 400] {
            db.store.sweep_expired(NOW.plus(days * DAY)).await.unwrap();
        }
        for account in [once.account, brought.account] {
            let found = db.store.find_account(&account).await.unwrap();
            assert!(found.is_some(), "{account}");
        }
    }
}

on_both! {
    async fn only_an_untouched_account_is_taken_back(db: &Db) {
        let client = db.client().await;
        let (first, ..) = db.connect_by_code("guid-1", &client, NOW).await.unwrap();
        let (second, ..) = db.connect_by_code("guid-1", &client, NOW).await.unwrap();
        let (with_device, ..) = db.connect_by_code("guid-2", &client, NOW).await.unwrap();
        db.device(&with_device.account, &client).await;
        for (connected, untouched) in [(&first, false), (&with_device, false), (&second, true)] {
            let (account, generation) = (&connected.account, connected.generation);
            let forgotten = db.store.forget_untouched_account(account, generation).await.unwrap();
            assert_eq!(forgotten, untouched, "{connected:?}");
        }
        assert_eq!(db.store.stats(NOW).await.unwrap().accounts, 1);
    }
}

on_both! {
    async fn clients_and_audit_lines_that_came_to_nothing_go_every_hour(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let used = db.client().await;
        db.device(&account, &used).await;
        let gone = ClientId::generate(&OsEntropy);
        for client in [&used, &gone, &db.client().await] {
            let event = AuditEvent::ClientRegistered;
            let entry = AuditEntry { event, account: None, device: None, client: Some(client) };
            db.store.record_audit(&entry, NOW).await.unwrap();
        }
        let swept = db.store.sweep_expired(NOW.plus(2 * DAY)).await.unwrap();
        assert_eq!((swept.clients, swept.audit), (0, 1), "of the client that is gone");
        let almost = NOW.plus(400 * DAY);
        let swept = db.store.sweep_expired(almost).await.unwrap();
        assert_eq!((swept.clients, swept.audit), (0, 2), "a year is over");
        let soon = db.store.sweep_expired(almost.plus(Duration::from_mins(59))).await.unwrap();
        assert_eq!(soon.clients, 0, "not before the hour is over");
        let swept = db.store.sweep_expired(almost.plus(Duration::from_hours(1))).await.unwrap();
        assert_eq!(swept.clients, 1);
    }
}

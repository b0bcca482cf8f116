//! The figures at a glance, and what the janitor clears away.

use std::time::Duration;

use domain::entropy::OsEntropy;
use domain::id::{SessionId, SignInId};
use domain::token::{Browser, Token};
use store::{NewSignIn, Redemption, RefreshOutcome, RefreshRequest, Stats, Swept};

use crate::support::{DAY, Device, NOW, Pair, on_both};

on_both! {
    async fn the_figures_count_what_is_there(db: &Db) {
        assert_eq!(db.store.stats(NOW).await.unwrap(), Stats::default());
        let client = db.client().await;
        let [one, _two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        db.device(&one, &client).await;
        db.device(&one, &client).await;
        let (_, spent) = db.grant(&one, &client).await;
        db.store.redeem_grant(&spent, NOW).await.unwrap();
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
        db.store.add_sign_in(&sign_in, NOW).await.unwrap();
        let session = SessionId::generate(&OsEntropy);
        db.store.put_session(&session, &browser, b"", soon, NOW).await.unwrap();
        db.grant(&account, &client).await;
        db.device(&account, &client).await;
        let eternal = Device::generate(&db.store);
        db.store.add_device(&eternal.described(&account, &client, None, None), NOW).await.unwrap();

        assert_eq!(db.store.sweep_expired(NOW).await.unwrap(), Swept::default());
        let swept = db.store.sweep_expired(soon).await.unwrap();
        assert_eq!(swept, Swept { sign_ins: 1, sessions: 1, ..Swept::default() });
        let swept = db.store.sweep_expired(NOW.plus(2 * DAY)).await.unwrap();
        assert_eq!(swept, Swept { grants: 1, access_tokens: 1, ..Swept::default() });
        let swept = db.store.sweep_expired(NOW.plus(400 * DAY)).await.unwrap();
        assert_eq!(swept, Swept { refresh_tokens: 2, devices: 1, ..Swept::default() });
        let stats = db.store.stats(NOW).await.unwrap();
        assert_eq!((stats.accounts, stats.clients, stats.devices), (1, 1, 1));
    }
}

on_both! {
    async fn a_spent_code_is_still_a_replay_after_a_sweep(db: &Db) {
        let client = db.client().await;
        let account = db.connect("guid-1").await.account;
        let (grant, code) = db.grant(&account, &client).await;
        db.store.redeem_grant(&code, NOW).await.unwrap();
        let later = NOW.plus(DAY / 2);
        db.store.sweep_expired(later).await.unwrap();
        let again = db.store.redeem_grant(&code, later).await.unwrap();
        assert_eq!(again, Redemption::Replayed { grant, redeemed_at: NOW });
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
    async fn an_account_that_nobody_took_up_goes_with_its_code(db: &Db) {
        let client = db.client().await;
        let account = db.connect("guid-1").await.account;
        let (grant, _) = db.grant(&account, &client).await;
        let minute = Duration::from_mins(1);
        let before = grant.expires_at.minus(Duration::from_secs(1));
        assert_eq!(db.store.sweep_expired(before).await.unwrap().accounts, 0);

        // A new sign-in of the same person that has not come as far as its code yet.
        let now = grant.expires_at;
        db.connect_at("guid-1", now).await;
        assert_eq!(db.store.sweep_expired(now).await.unwrap().accounts, 0);
        assert_eq!(db.store.sweep_expired(now.plus(minute)).await.unwrap().accounts, 1);
        assert!(db.store.find_account(&account).await.unwrap().is_none());
        assert_eq!(db.count("SELECT COUNT(*) FROM grants").await, 0);
    }
}

on_both! {
    async fn an_account_that_ever_had_a_device_stays(db: &Db) {
        let client = db.client().await;
        let [with, revoked, never] = [
            db.connect("guid-1").await.account,
            db.connect("guid-2").await.account,
            // Brought by other means: there was no code to take up.
            db.connect("guid-3").await.account,
        ];
        db.device(&with, &client).await;
        db.grant(&with, &client).await;
        let (_, spent) = db.grant(&revoked, &client).await;
        db.store.redeem_grant(&spent, NOW).await.unwrap();
        db.grant(&revoked, &client).await;
        let swept = db.store.sweep_expired(NOW.plus(Duration::from_hours(1))).await.unwrap();
        assert_eq!(swept.accounts, 0);
        for account in [with, revoked, never] {
            assert!(db.store.find_account(&account).await.unwrap().is_some());
        }
    }
}

//! The right to rotate credentials: one owner at a time, and a sign-in beats them all.

use std::time::Duration;

use domain::id::Generation;
use store::{AccountState, LeaseOutcome, LeaseOwner, Rotation, RotationOutcome, Store};

use crate::support::{
    DAY, Db, Device, NOW, all_at_once, connect, lease_owner, on_both, random_account,
};

const MINUTE: Duration = Duration::from_mins(1);
const FIRST: Generation = Generation(1);

fn rotation(from: Generation, credentials: &[u8]) -> Rotation<'_> {
    Rotation { from, credentials, refresh_expires_at: None }
}

async fn taken(db: &Db, account: &domain::id::AccountId, owner: &LeaseOwner) -> Generation {
    let seen = Generation(i64::MAX);
    match db.store.take_lease(account, seen, owner, NOW.plus(MINUTE), NOW).await.unwrap() {
        LeaseOutcome::Taken(stored) => stored.generation,
        other => panic!("not taken: {other:?}"),
    }
}

on_both! {
    async fn rel48_inv3_of_many_callers_one_takes_the_lease(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let outcomes = all_at_once(30, |_| {
            let (store, account) = (db.store.clone(), account.clone());
            async move {
                let until = NOW.plus(MINUTE);
                store.take_lease(&account, FIRST, &lease_owner(), until, NOW).await.unwrap()
            }
        })
        .await;
        let winners = outcomes.iter().filter(|one| matches!(one, LeaseOutcome::Taken(_))).count();
        let waiting = LeaseOutcome::Held { until: NOW.plus(MINUTE) };
        assert_eq!(winners, 1);
        assert_eq!(outcomes.iter().filter(|one| **one == waiting).count(), 29);
    }
}

on_both! {
    async fn a_commit_counts_once_and_hands_out_the_next_generation(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let owner = lease_owner();
        assert_eq!(taken(db, &account, &owner).await, FIRST);
        let pair = Rotation {
            refresh_expires_at: Some(NOW.plus(20 * DAY)),
            ..rotation(FIRST, b"second")
        };
        let later = NOW.plus(MINUTE);
        let done = db.store.commit_rotation(&account, &pair, later).await.unwrap();
        assert_eq!(done, RotationOutcome::Committed(Generation(2)));
        let again = db.store.commit_rotation(&account, &pair, later).await.unwrap();
        assert_eq!(again, RotationOutcome::Lost);
        let found = db.store.find_account(&account).await.unwrap().unwrap();
        assert_eq!((found.refreshed_at, found.signed_in_at), (later, NOW));
        assert_eq!(found.refresh_expires_at, Some(NOW.plus(20 * DAY)));
    }
}

on_both! {
    async fn whoever_saw_an_older_pair_is_given_the_newer_one(db: &Db) {
        let account = db.connect("guid-1").await.account;
        db.connect_with("guid-1", b"newer").await;
        let until = NOW.plus(MINUTE);
        let outcome =
            db.store.take_lease(&account, FIRST, &lease_owner(), until, NOW).await.unwrap();
        let LeaseOutcome::Newer(stored) = outcome else { panic!("{outcome:?}") };
        assert_eq!((stored.bytes.as_slice(), stored.generation), (&b"newer"[..], Generation(2)));
    }
}

on_both! {
    async fn rel63_a_lease_of_a_clock_that_was_ahead_binds_nobody(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let years = NOW.plus(5 * 365 * DAY);
        let ahead = lease_owner();
        let outcome = db.store.take_lease(&account, FIRST, &ahead, years.plus(MINUTE), years).await;
        assert!(matches!(outcome.unwrap(), LeaseOutcome::Taken(_)));
        // The clock is right again, and the owner never came back.
        taken(db, &account, &lease_owner()).await;
        // Clocks of two machines differ by minutes at most, and then it still counts.
        let late = lease_owner();
        let until = NOW.minus(MINUTE);
        let outcome = db.store.take_lease(&account, FIRST, &late, until, NOW.minus(2 * MINUTE));
        assert!(matches!(outcome.await.unwrap(), LeaseOutcome::Held { .. }));
    }
}

on_both! {
    async fn an_expired_lease_is_free_and_the_first_pair_counts(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let (slow, quick) = (lease_owner(), lease_owner());
        taken(db, &account, &slow).await;
        let (later, until) = (NOW.plus(MINUTE), NOW.plus(2 * MINUTE));
        let outcome = db.store.take_lease(&account, FIRST, &quick, until, later).await.unwrap();
        assert!(matches!(outcome, LeaseOutcome::Taken(_)));

        // Refused by Garmin because the quick one has just used the same token.
        assert!(!db.store.mark_sign_in_needed(&account, &slow, FIRST).await.unwrap());
        assert!(!db.store.release_lease(&account, &slow).await.unwrap());
        let done =
            db.store.commit_rotation(&account, &rotation(FIRST, b"won"), later).await.unwrap();
        assert_eq!(done, RotationOutcome::Committed(Generation(2)));
        let late =
            db.store.commit_rotation(&account, &rotation(FIRST, b"late"), later).await.unwrap();
        assert_eq!(late, RotationOutcome::Lost);
        let stored = db.store.credentials(&account).await.unwrap().unwrap();
        assert_eq!((stored.bytes.as_slice(), stored.state), (&b"won"[..], AccountState::Live));
    }
}

on_both! {
    async fn a_pair_in_hand_mends_the_refusal_of_whoever_came_in_between(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let (slow, quick) = (lease_owner(), lease_owner());
        taken(db, &account, &slow).await;
        let (later, until) = (NOW.plus(MINUTE), NOW.plus(2 * MINUTE));
        db.store.take_lease(&account, FIRST, &quick, until, later).await.unwrap();
        // The slow one has the pair but no database; the quick one sends the token it was
        // made from.
        assert!(db.store.mark_sign_in_needed(&account, &quick, FIRST).await.unwrap());
        let done =
            db.store.commit_rotation(&account, &rotation(FIRST, b"kept"), later).await.unwrap();
        assert_eq!(done, RotationOutcome::Committed(Generation(2)));
        let stored = db.store.credentials(&account).await.unwrap().unwrap();
        assert_eq!((stored.bytes.as_slice(), stored.state), (&b"kept"[..], AccountState::Live));
    }
}

on_both! {
    async fn a_late_pair_that_nobody_has_overtaken_is_kept(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let owner = lease_owner();
        taken(db, &account, &owner).await;
        let late = NOW.plus(DAY);
        let pair = rotation(FIRST, b"late");
        let done = db.store.commit_rotation(&account, &pair, late).await.unwrap();
        assert_eq!(done, RotationOutcome::Committed(Generation(2)));
    }
}

on_both! {
    async fn a_released_lease_is_free_at_once(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let owner = lease_owner();
        taken(db, &account, &owner).await;
        assert!(db.store.release_lease(&account, &owner).await.unwrap());
        taken(db, &account, &lease_owner()).await;
    }
}

on_both! {
    async fn a_refusal_marks_the_account_and_stops_everybody(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let owner = lease_owner();
        taken(db, &account, &owner).await;
        // Not the generation that was sent.
        for other in [Generation(0), Generation(7)] {
            assert!(!db.store.mark_sign_in_needed(&account, &owner, other).await.unwrap());
        }
        assert!(db.store.mark_sign_in_needed(&account, &owner, FIRST).await.unwrap());
        let until = NOW.plus(MINUTE);
        let outcome =
            db.store.take_lease(&account, FIRST, &lease_owner(), until, NOW).await.unwrap();
        assert_eq!(outcome, LeaseOutcome::SignInNeeded);
    }
}

on_both! {
    async fn an_account_that_is_gone_has_no_lease(db: &Db) {
        let until = NOW.plus(MINUTE);
        let outcome = db
            .store
            .take_lease(&random_account(), FIRST, &lease_owner(), until, NOW)
            .await
            .unwrap();
        assert_eq!(outcome, LeaseOutcome::Gone);
    }
}

/// Rotates until this worker has committed `turns` pairs, as Garmin would allow it: each pair
/// is made from the one before, and using one twice is the end.
async fn rotate(store: Store, account: domain::id::AccountId, turns: usize) {
    let mut done = 0;
    while done < turns {
        let owner = lease_owner();
        let seen = Generation(i64::MAX);
        let until = NOW.plus(MINUTE);
        match store.take_lease(&account, seen, &owner, until, NOW).await.unwrap() {
            LeaseOutcome::Taken(stored) => {
                let used = String::from_utf8(stored.bytes.to_vec()).unwrap();
                let next = (used.parse::<u64>().unwrap() + 1).to_string();
                let pair = rotation(stored.generation, next.as_bytes());
                let outcome = store.commit_rotation(&account, &pair, NOW).await.unwrap();
                assert!(matches!(outcome, RotationOutcome::Committed(_)));
                done += 1;
            }
            LeaseOutcome::Held { .. } => tokio::task::yield_now().await,
            other => panic!("{other:?}"),
        }
    }
}

on_both! {
    async fn rel48_inv2_a_hundred_rotations_by_many_workers_lose_none(db: &Db) {
        let account = db.connect_with("guid-1", b"0").await.account;
        all_at_once(5, |_| rotate(db.store.clone(), account.clone(), 20)).await;
        let stored = db.store.credentials(&account).await.unwrap().unwrap();
        assert_eq!((stored.bytes.as_slice(), stored.generation), (&b"100"[..], Generation(101)));
    }
}

on_both! {
    async fn rel44_a_sign_in_wins_over_a_commit_at_the_same_moment(db: &Db) {
        for turn in 0..10 {
            let guid = format!("guid-{turn}");
            let account = db.connect(&guid).await.account;
            let owner = lease_owner();
            let from = taken(db, &account, &owner).await;
            all_at_once(2, |side| {
                let (store, account) = (db.store.clone(), account.clone());
                let guid = guid.clone();
                async move {
                    if side == 0 {
                        connect(&store, &guid, b"of the sign-in").await;
                    } else {
                        let pair = rotation(from, b"of the rotation");
                        store.commit_rotation(&account, &pair, NOW).await.unwrap();
                    }
                }
            })
            .await;
            let stored = db.store.credentials(&account).await.unwrap().unwrap();
            assert_eq!(stored.bytes.as_slice(), b"of the sign-in");
        }
    }
}

on_both! {
    async fn the_stalest_accounts_in_use_are_refreshed_first(db: &Db) {
        let client = db.client().await;
        let later = NOW.plus(10 * DAY);
        let mut accounts = Vec::new();
        for guid in ["stale", "staler", "unused", "fresh", "leased", "refused", "expired"] {
            accounts.push(db.connect(guid).await.account);
        }
        let [stale, staler, _unused, fresh, leased, refused, expired] = &accounts[..] else {
            panic!("seven accounts were connected");
        };
        for account in [stale, staler, fresh, leased, refused] {
            db.device(account, &client).await;
        }
        // Neither token of this device is good any more.
        let dead = Device::generate(&db.store);
        let mut tokens = dead.described(expired, &client, None, Some(NOW.plus(MINUTE)));
        tokens.tokens.refresh = None;
        db.store.add_device(&tokens, NOW).await.unwrap();

        for (account, at) in [(stale, NOW.plus(DAY)), (fresh, later)] {
            let owner = lease_owner();
            let from = taken(db, account, &owner).await;
            db.store.commit_rotation(account, &rotation(from, b"x"), at).await.unwrap();
        }
        let owner = lease_owner();
        let until = later.plus(MINUTE);
        db.store.take_lease(leased, FIRST, &owner, until, NOW).await.unwrap();
        db.store.take_lease(refused, FIRST, &owner, until, NOW).await.unwrap();
        db.store.mark_sign_in_needed(refused, &owner, FIRST).await.unwrap();

        let since = NOW.plus(5 * DAY);
        let due = db.store.accounts_to_refresh(since, later, 10).await.unwrap();
        assert_eq!(due, [staler.clone(), stale.clone()]);
        let one = db.store.accounts_to_refresh(since, later, 1).await.unwrap();
        assert_eq!(one, std::slice::from_ref(staler));
    }
}

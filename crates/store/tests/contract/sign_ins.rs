//! Sign-ins in progress: every step once, whoever clicks twice.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::entropy::OsEntropy;
use domain::id::SignInId;
use domain::token::{Browser, Token, TokenDigest};
use store::{NewSignIn, SignInLimits, SignInVersion, Store};

use crate::support::{NOW, all_at_once, on_both};

const SOON: Timestamp = Timestamp(NOW.0 + 1800);
const MANY: SignInLimits = SignInLimits { in_all: 10_000, per_browser: 1000 };
const ONE: SignInLimits = SignInLimits { in_all: 1, per_browser: 1000 };

fn browser(store: &Store) -> TokenDigest<Browser> {
    store.digest(&Token::<Browser>::generate(&OsEntropy))
}

async fn add(store: &Store) -> (SignInId, SignInVersion, TokenDigest<Browser>) {
    let (id, browser) = (SignInId::generate(&OsEntropy), browser(store));
    let new = NewSignIn { id: &id, browser: &browser, state: b"begun", expires_at: SOON };
    let version = store.add_sign_in(&new, MANY, NOW).await.unwrap().unwrap();
    (id, version, browser)
}

on_both! {
    async fn load05_inv5_no_more_than_so_many_that_somebody_answered_are_in_progress(db: &Db) {
        let (id, version, browser) = add(&db.store).await;
        let version = db.store.update_sign_in(&id, version, b"mfa", NOW).await.unwrap().unwrap();
        let other = SignInId::generate(&OsEntropy);
        let new = NewSignIn { id: &other, browser: &browser, state: b"begun", expires_at: SOON };
        assert_eq!(db.store.add_sign_in(&new, ONE, NOW).await.unwrap(), None);
        assert!(db.store.find_sign_in(&other, NOW).await.unwrap().is_none());
        assert!(db.store.finish_sign_in(&id, version).await.unwrap());
        assert!(db.store.add_sign_in(&new, ONE, NOW).await.unwrap().is_some());
        // One that has expired is not in progress.
        let third = SignInId::generate(&OsEntropy);
        let later = NewSignIn { id: &third, expires_at: SOON.plus(Duration::from_secs(9)), ..new };
        assert!(db.store.add_sign_in(&later, ONE, SOON).await.unwrap().is_some());
    }
}

on_both! {
    async fn pages_that_nobody_answered_make_room_the_oldest_first(db: &Db) {
        let most = SignInLimits { in_all: 200, per_browser: 1000 };
        let (answered, version, _) = add(&db.store).await;
        db.store.update_sign_in(&answered, version, b"mfa", NOW).await.unwrap().unwrap();
        let mut begun = Vec::new();
        for second in 0..500 {
            let (id, now) = (SignInId::generate(&OsEntropy), NOW.plus(Duration::from_secs(second)));
            let browser = browser(&db.store);
            let new = NewSignIn { id: &id, browser: &browser, state: b"begun", expires_at: SOON };
            assert!(db.store.add_sign_in(&new, most, now).await.unwrap().is_some(), "{second}");
            begun.push(id);
        }
        assert!(db.store.find_sign_in(&answered, NOW).await.unwrap().is_some());
        let left = usize::try_from(db.store.stats(NOW).await.unwrap().sign_ins_in_progress).unwrap();
        assert!((198..=200).contains(&left), "{left}");
        let (gone, stay) = begun.split_at(begun.len() + 1 - left);
        for (ids, is_there) in [(gone, false), (stay, true)] {
            for id in ids {
                assert_eq!(db.store.find_sign_in(id, NOW).await.unwrap().is_some(), is_there);
            }
        }
    }
}

on_both! {
    async fn those_who_come_to_a_full_table_at_once_all_find_room(db: &Db) {
        let most = SignInLimits { in_all: 2000, per_browser: 1000 };
        for _ in 0..most.in_all {
            add(&db.store).await;
        }
        let added = all_at_once(20, |_| {
            let (store, id, browser) =
                (db.store.clone(), SignInId::generate(&OsEntropy), browser(&db.store));
            async move {
                let new = NewSignIn { id: &id, browser: &browser, state: b"", expires_at: SOON };
                store.add_sign_in(&new, most, NOW).await.unwrap().is_some()
            }
        })
        .await;
        assert_eq!(added, [true; 20]);
    }
}

on_both! {
    async fn the_oldest_of_a_browser_make_room_and_those_of_others_stay(db: &Db) {
        let (other, ..) = add(&db.store).await;
        let browser = browser(&db.store);
        let most = SignInLimits { in_all: 1000, per_browser: 3 };
        let mut begun = Vec::new();
        for second in 0..5 {
            let (id, now) = (SignInId::generate(&OsEntropy), NOW.plus(Duration::from_secs(second)));
            let new = NewSignIn { id: &id, browser: &browser, state: b"begun", expires_at: SOON };
            assert!(db.store.add_sign_in(&new, most, now).await.unwrap().is_some());
            begun.push(id);
        }
        let mut left = Vec::new();
        for id in &begun {
            left.push(db.store.find_sign_in(id, NOW).await.unwrap().is_some());
        }
        assert_eq!(left, [false, false, true, true, true]);
        assert!(db.store.find_sign_in(&other, NOW).await.unwrap().is_some());
    }
}

on_both! {
    async fn a_sign_in_is_found_as_it_was_left_and_knows_its_browser(db: &Db) {
        let (id, version, ours) = add(&db.store).await;
        let found = db.store.find_sign_in(&id, NOW).await.unwrap().unwrap();
        assert_eq!((found.state.as_slice(), found.version), (&b"begun"[..], version));
        assert!(found.belongs_to(&ours) && !found.belongs_to(&browser(&db.store)));
        assert_eq!((found.created_at, found.expires_at), (NOW, SOON));

        let next = db.store.update_sign_in(&id, version, b"mfa", NOW).await.unwrap().unwrap();
        let found = db.store.find_sign_in(&id, NOW).await.unwrap().unwrap();
        assert_eq!((found.state.as_slice(), found.version), (&b"mfa"[..], next));
        assert_eq!(db.store.update_sign_in(&id, version, b"old", NOW).await.unwrap(), None);
        assert!(!db.store.finish_sign_in(&id, version).await.unwrap());
        assert!(db.store.finish_sign_in(&id, next).await.unwrap());
    }
}

on_both! {
    async fn an_expired_sign_in_is_gone(db: &Db) {
        let (id, version, _) = add(&db.store).await;
        assert!(db.store.find_sign_in(&id, SOON).await.unwrap().is_none());
        assert_eq!(db.store.update_sign_in(&id, version, b"late", SOON).await.unwrap(), None);
        let before = SOON.minus(Duration::from_secs(1));
        assert!(db.store.find_sign_in(&id, before).await.unwrap().is_some());
    }
}

on_both! {
    async fn of_many_who_submit_a_code_one_goes_on(db: &Db) {
        let (id, version, _) = add(&db.store).await;
        let updates = all_at_once(20, |_| {
            let (store, id) = (db.store.clone(), id.clone());
            async move { store.update_sign_in(&id, version, b"verified", NOW).await.unwrap() }
        })
        .await;
        assert_eq!(updates.iter().filter(|update| update.is_some()).count(), 1);
    }
}

on_both! {
    async fn of_many_who_finish_a_sign_in_one_does(db: &Db) {
        let (id, version, _) = add(&db.store).await;
        let finished = all_at_once(20, |_| {
            let (store, id) = (db.store.clone(), id.clone());
            async move { store.finish_sign_in(&id, version).await.unwrap() }
        })
        .await;
        assert_eq!(finished.iter().filter(|finished| **finished).count(), 1);
        assert!(db.store.find_sign_in(&id, NOW).await.unwrap().is_none());
    }
}

on_both! {
    async fn a_completed_sign_in_is_not_in_progress_and_stays_a_minute(db: &Db) {
        let (id, version, _) = add(&db.store).await;
        assert_eq!(db.store.stats(NOW).await.unwrap().sign_ins_in_progress, 1);
        let next = db.store.complete_sign_in(&id, version, b"done", NOW).await.unwrap().unwrap();
        assert_eq!(db.store.complete_sign_in(&id, version, b"twice", NOW).await.unwrap(), None);
        assert_eq!(db.store.stats(NOW).await.unwrap().sign_ins_in_progress, 0);
        let found = db.store.find_sign_in(&id, NOW.plus(Duration::from_secs(59))).await.unwrap();
        let found = found.unwrap();
        assert_eq!((found.state.as_slice(), found.version), (&b"done"[..], next));
        let gone = db.store.find_sign_in(&id, NOW.plus(Duration::from_mins(1))).await.unwrap();
        assert!(gone.is_none());
    }
}

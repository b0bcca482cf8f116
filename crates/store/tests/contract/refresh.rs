//! Renewal: rotation, grace, lost responses, and what happens to a thief.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::entropy::OsEntropy;
use domain::id::{ClientId, Generation};
use domain::scope::Scopes;
use domain::token::{Refresh, RefreshToken, TokenDigest};
use store::{PresentedCode, RefreshOutcome, RefreshRequest, Store};

use crate::support::{DAY, Device, NOW, Pair, all_at_once, lease_owner, on_both};

fn after(secs: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(secs))
}

/// Presents a refresh token; returns what came of it and the pair it may have issued.
async fn present(
    store: &Store,
    presented: &TokenDigest<Refresh>,
    client: &ClientId,
    now: Timestamp,
) -> (RefreshOutcome, Pair) {
    present_for(store, presented, client, None, now).await
}

async fn present_for(
    store: &Store,
    presented: &TokenDigest<Refresh>,
    client: &ClientId,
    scopes: Option<Scopes>,
    now: Timestamp,
) -> (RefreshOutcome, Pair) {
    let pair = Pair::generate(store);
    let request = RefreshRequest {
        presented,
        client,
        scopes,
        access: &pair.access,
        access_expires_at: Some(now.plus(DAY / 24)),
        refresh: store::NewRefresh { digest: &pair.refresh, expires_at: now.plus(30 * DAY) },
    };
    (store.rotate_refresh(&request, now).await.unwrap(), pair)
}

async fn works(store: &Store, pair: &Pair, now: Timestamp) -> bool {
    store.find_device_by_access(&pair.access, now).await.unwrap().is_some()
}

macro_rules! assert_outcome {
    ($outcome:expr, $pattern:pat) => {
        let outcome = &$outcome;
        assert!(matches!(outcome, $pattern), "{outcome:?}");
    };
}

on_both! {
    async fn t58_sec016_a_refresh_token_is_exchanged_for_a_pair_that_works(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { id, pair } = db.device(&account, &client).await;
        let (outcome, next) = present(&db.store, &pair.refresh, &client, NOW).await;
        let RefreshOutcome::Rotated(renewed) = outcome else { panic!("{outcome:?}") };
        assert_eq!((&renewed.device, &renewed.account), (&id, &account));
        assert_eq!(renewed.scopes, Scopes::ReadWrite);
        assert!(works(&db.store, &next, NOW).await);
        // Calls under way with the old access token are not cut off.
        assert!(works(&db.store, &pair, NOW).await);
        let (outcome, _) = present(&db.store, &next.refresh, &client, after(3600)).await;
        assert_outcome!(outcome, RefreshOutcome::Rotated(_));
        assert_eq!(db.store.list_devices(None).await.unwrap()[0].last_used_at, Some(after(3600)));
    }
}

on_both! {
    async fn t59_sec018_rel26_within_two_minutes_the_same_token_yields_siblings(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        present(&db.store, &pair.refresh, &client, NOW).await;
        for secs in [1, 60, 119, 120] {
            let (outcome, sibling) = present(&db.store, &pair.refresh, &client, after(secs)).await;
            assert_outcome!(outcome, RefreshOutcome::Grace(_));
            assert!(works(&db.store, &sibling, after(secs)).await);
        }
    }
}

on_both! {
    async fn t60_sec018_rel26_a_token_that_comes_back_after_its_child_was_used_revokes_the_family(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { id, pair } = db.device(&account, &client).await;
        let (_, child) = present(&db.store, &pair.refresh, &client, NOW).await;
        // The use is still waiting to be flushed when the old token comes back.
        assert!(works(&db.store, &child, after(60)).await);
        let (outcome, _) = present(&db.store, &pair.refresh, &client, after(121)).await;
        assert_eq!(outcome, RefreshOutcome::Reused { device: id, account });
        assert!(!works(&db.store, &child, after(121)).await);
        assert!(!works(&db.store, &pair, after(121)).await);
        let (outcome, _) = present(&db.store, &child.refresh, &client, after(122)).await;
        assert_eq!(outcome, RefreshOutcome::Unknown);
    }
}

on_both! {
    async fn a_use_that_was_flushed_counts_as_well(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        let (_, child) = present(&db.store, &pair.refresh, &client, NOW).await;
        assert!(works(&db.store, &child, after(60)).await);
        db.store.flush().await.unwrap();
        let (outcome, _) = present(&db.store, &pair.refresh, &client, after(600)).await;
        assert_outcome!(outcome, RefreshOutcome::Reused { .. });
    }
}

on_both! {
    async fn t61_a_lost_response_is_made_good_and_the_lost_pair_is_dead(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        let (_, lost) = present(&db.store, &pair.refresh, &client, NOW).await;
        let (outcome, second) = present(&db.store, &pair.refresh, &client, after(600)).await;
        assert_outcome!(outcome, RefreshOutcome::LostResponse(_));
        assert!(!works(&db.store, &lost, after(600)).await);
        // Lost once more: still nothing of any child was used.
        let (outcome, third) = present(&db.store, &pair.refresh, &client, after(1200)).await;
        assert_outcome!(outcome, RefreshOutcome::LostResponse(_));
        assert!(!works(&db.store, &second, after(1200)).await);
        assert!(works(&db.store, &third, after(1200)).await);
        // Whoever holds the lost pair was listening.
        let (outcome, _) = present(&db.store, &lost.refresh, &client, after(1300)).await;
        assert_outcome!(outcome, RefreshOutcome::Reused { .. });
        assert!(!works(&db.store, &third, after(1300)).await);
    }
}

on_both! {
    async fn a_lost_response_is_forgiven_for_one_day(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        present(&db.store, &pair.refresh, &client, NOW).await;
        let (outcome, _) = present(&db.store, &pair.refresh, &client, after(86_401)).await;
        assert_outcome!(outcome, RefreshOutcome::Reused { .. });
    }
}

on_both! {
    async fn t63_a_grandparent_is_reuse_even_within_the_grace_of_its_child(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        let (_, child) = present(&db.store, &pair.refresh, &client, NOW).await;
        present(&db.store, &child.refresh, &client, after(10)).await;
        let (outcome, _) = present(&db.store, &pair.refresh, &client, after(20)).await;
        assert_outcome!(outcome, RefreshOutcome::Reused { .. });
    }
}

on_both! {
    async fn t62_rel26_of_twenty_at_once_one_rotates_and_the_family_survives(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        let outcomes = all_at_once(20, |_| {
            let (store, client, presented) = (db.store.clone(), client.clone(), pair.refresh);
            async move { present(&store, &presented, &client, NOW).await.0 }
        })
        .await;
        let count = |matches: fn(&RefreshOutcome) -> bool| {
            outcomes.iter().filter(|outcome| matches(outcome)).count()
        };
        assert_eq!(count(|one| matches!(one, RefreshOutcome::Rotated(_))), 1);
        assert_eq!(count(|one| matches!(one, RefreshOutcome::Grace(_))), 9);
        assert_eq!(count(|one| matches!(one, RefreshOutcome::TooMany)), 10);
        assert!(works(&db.store, &pair, NOW).await);
    }
}

on_both! {
    async fn t64_another_client_changes_nothing(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let (client, other) = (db.client().await, db.client().await);
        let Device { pair, .. } = db.device(&account, &client).await;
        let (outcome, _) = present(&db.store, &pair.refresh, &other, NOW).await;
        assert_eq!(outcome, RefreshOutcome::WrongClient);
        present(&db.store, &pair.refresh, &client, NOW).await;
        // Not even where it would be reuse.
        let (outcome, _) = present(&db.store, &pair.refresh, &other, after(86_401)).await;
        assert_eq!(outcome, RefreshOutcome::WrongClient);
        assert_eq!(db.store.list_devices(None).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn t65_t66_a_narrower_wish_narrows_one_access_token_and_a_wider_one_is_refused(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        let narrow = Some(Scopes::ReadOnly);
        let (outcome, next) = present_for(&db.store, &pair.refresh, &client, narrow, NOW).await;
        let RefreshOutcome::Rotated(renewed) = outcome else { panic!("{outcome:?}") };
        assert_eq!(renewed.scopes, Scopes::ReadOnly);
        let found = db.store.find_device_by_access(&next.access, NOW).await.unwrap().unwrap();
        assert_eq!(found.scopes, Scopes::ReadOnly);
        let (outcome, full) = present(&db.store, &next.refresh, &client, after(1)).await;
        assert_outcome!(outcome, RefreshOutcome::Rotated(_));
        let found = db.store.find_device_by_access(&full.access, NOW).await.unwrap().unwrap();
        assert_eq!(found.scopes, Scopes::ReadWrite);

        let reading = Device::generate(&db.store);
        let mut new = reading.described(&account, &client, None, None);
        new.scopes = Scopes::ReadOnly;
        db.store.add_device(&new, NOW).await.unwrap();
        let wide = Some(Scopes::ReadWrite);
        let (outcome, _) =
            present_for(&db.store, &reading.pair.refresh, &client, wide, NOW).await;
        assert_eq!(outcome, RefreshOutcome::TooWide);
        let (outcome, _) = present(&db.store, &reading.pair.refresh, &client, NOW).await;
        assert_outcome!(outcome, RefreshOutcome::Rotated(_));
    }
}

on_both! {
    async fn a_device_that_never_stops_renewing_rests_and_reuse_is_noticed_meanwhile(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair: first, .. } = db.device(&account, &client).await;
        let mut pair = first.clone();
        // With the pair it began with: thirty within ten minutes.
        for turn in 1..30 {
            let (outcome, next) = present(&db.store, &pair.refresh, &client, after(turn)).await;
            assert_outcome!(outcome, RefreshOutcome::Rotated(_));
            pair = next;
        }
        let (outcome, _) = present(&db.store, &pair.refresh, &client, after(100)).await;
        assert_eq!(outcome, RefreshOutcome::TooOften { retry_after: Duration::from_secs(500) });
        assert!(works(&db.store, &pair, after(100)).await);
        let (outcome, pair) = present(&db.store, &pair.refresh, &client, after(600)).await;
        assert_outcome!(outcome, RefreshOutcome::Rotated(_));
        let (outcome, _) = present(&db.store, &pair.refresh, &client, after(600)).await;
        assert_outcome!(outcome, RefreshOutcome::TooOften { .. });
        let (outcome, _) = present(&db.store, &first.refresh, &client, after(600)).await;
        assert_outcome!(outcome, RefreshOutcome::Reused { .. });
    }
}

on_both! {
    async fn what_a_device_keeps_of_its_superseded_tokens_is_bounded(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair: mut held, .. } = db.device(&account, &client).await;
        let mut pairs = Vec::new();
        // The first token is in force for two hours, as somebody would hold it. Then it goes
        // quickly, for longer than a lost response is forgiven.
        for turn in 0..600 {
            let (outcome, next) =
                present(&db.store, &held.refresh, &client, after(7200 + turn * 300)).await;
            assert_outcome!(outcome, RefreshOutcome::Rotated(_));
            pairs.push(std::mem::replace(&mut held, next));
        }
        let a_day_ago = 86_400 / 300;
        let refresh = db.count("SELECT COUNT(*) FROM refresh_tokens").await;
        assert!(refresh <= 200 + a_day_ago + 2, "{refresh}");
        assert_eq!(db.count("SELECT COUNT(*) FROM access_tokens").await, 50);
        let now = after(7200 + 600 * 300);
        let forgotten = db.store.find_device_by_refresh(&pairs[5].refresh).await.unwrap();
        assert_eq!(forgotten, None);
        let (outcome, _) = present(&db.store, &pairs[0].refresh, &client, now).await;
        assert_outcome!(outcome, RefreshOutcome::Reused { .. });
    }
}

on_both! {
    async fn t67_sec017_an_expired_or_unknown_token_is_unknown(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        let (outcome, _) = present(&db.store, &pair.refresh, &client, NOW.plus(30 * DAY)).await;
        assert_eq!(outcome, RefreshOutcome::Unknown);
        let stranger = db.store.digest(&RefreshToken::generate(&OsEntropy));
        let (outcome, _) = present(&db.store, &stranger, &client, NOW).await;
        assert_eq!(outcome, RefreshOutcome::Unknown);
    }
}

on_both! {
    async fn an_account_that_needs_a_sign_in_renews_nothing_until_then(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let Device { pair, .. } = db.device(&account, &client).await;
        let owner = lease_owner();
        let first = Generation(1);
        db.store.take_lease(&account, first, &owner, NOW.plus(DAY), NOW).await.unwrap();
        db.store.mark_sign_in_needed(&account, &owner, first).await.unwrap();
        let (outcome, _) = present(&db.store, &pair.refresh, &client, NOW).await;
        assert_eq!(outcome, RefreshOutcome::SignInNeeded);
        db.connect("guid-1").await;
        let (outcome, _) = present(&db.store, &pair.refresh, &client, NOW).await;
        assert_outcome!(outcome, RefreshOutcome::Rotated(_));
    }
}

on_both! {
    async fn t145_rel63_a_clock_that_jumps_brings_nothing_back_that_was_ended(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        let (grant, code) = db.grant(&account, &client).await;
        db.redeem(&grant).await;
        let revoked = db.device(&account, &client).await;
        db.store.revoke_device(&revoked.id).await.unwrap().unwrap();
        let reused = db.device(&account, &client).await;
        let (_, child) = present(&db.store, &reused.pair.refresh, &client, NOW).await;
        present(&db.store, &child.refresh, &client, NOW).await;
        let (outcome, _) = present(&db.store, &reused.pair.refresh, &client, NOW).await;
        assert_outcome!(outcome, RefreshOutcome::Reused { .. });
        let hour = Duration::from_hours(1);
        for now in [NOW.minus(hour), NOW.plus(hour), NOW.minus(DAY), NOW] {
            for pair in [&revoked.pair, &reused.pair, &child] {
                assert!(!works(&db.store, pair, now).await, "{now:?}");
                let (outcome, _) = present(&db.store, &pair.refresh, &client, now).await;
                assert_eq!(outcome, RefreshOutcome::Unknown, "{now:?}");
            }
            let again = db.store.find_code(&code, now).await.unwrap();
            assert!(!matches!(again, PresentedCode::Unspent(_)), "{again:?}");
        }
    }
}

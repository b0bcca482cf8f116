//! Sign-ins that failed: found by who asks, bounded, and forgotten in time.

use domain::email::LoginEmail;
use domain::id::ClientId;

use crate::support::{DAY, NOW, on_both};

on_both! {
    async fn what_failed_is_found_by_address_with_or_without_an_account(db: &Db) {
        let client = ClientId::parse("cli_some").unwrap();
        let [known, stranger] =
            ["guid-1@example.com", "nobody@example.org"].map(|text| LoginEmail::parse(text).unwrap());
        let account = db.connect("guid-1").await.account;
        for (email, reason, at) in [
            (&known, "wrong_password", NOW),
            (&known, "blocked", NOW.plus(DAY)),
            (&stranger, "blocked", NOW.plus(DAY)),
        ] {
            db.store.note_sign_in_failure(email, &client, reason, at).await.unwrap();
        }
        let of_known = db.store.sign_in_failures(&known).await.unwrap();
        let told: Vec<_> = of_known.iter().map(|failure| &*failure.reason).collect();
        assert_eq!(told, ["blocked", "wrong_password"], "the latest first");
        assert_eq!((of_known[0].at, &of_known[0].client), (NOW.plus(DAY), &client));
        assert_eq!(db.store.sign_in_failures_of(&account).await.unwrap(), of_known);
        assert_eq!(db.store.sign_in_failures(&stranger).await.unwrap().len(), 1);
        let lately = db.store.sign_in_failure_reasons(NOW.plus(DAY)).await.unwrap();
        assert_eq!(lately, [("blocked".to_owned(), 2)]);
        // Whoever is forgotten leaves nothing that failed, and nobody else's goes along.
        assert!(db.store.forget_account(&account, NOW).await.unwrap());
        assert!(db.store.sign_in_failures(&known).await.unwrap().is_empty());
        assert_eq!(db.store.sign_in_failures(&stranger).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn nobody_fills_the_table_and_a_month_later_it_is_empty(db: &Db) {
        let client = ClientId::parse("cli_some").unwrap();
        let email = LoginEmail::parse("runner@example.org").unwrap();
        for second in 0..30 {
            let at = NOW.plus(DAY / 86_400 * second);
            db.store.note_sign_in_failure(&email, &client, "locked", at).await.unwrap();
        }
        let kept = db.store.sign_in_failures(&email).await.unwrap();
        assert_eq!((kept.len(), kept[0].at), (20, NOW.plus(DAY / 86_400 * 29)));
        db.store.sweep_expired(NOW.plus(31 * DAY)).await.unwrap();
        assert!(db.store.sign_in_failures(&email).await.unwrap().is_empty());
    }
}

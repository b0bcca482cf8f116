//! Rows that were changed, moved or invented behind the store's back.

use store::{SealError, StoreError};

use crate::support::{Db, NOW, on_both};

fn sealed(error: &StoreError) -> Option<(&'static str, &'static str, SealError)> {
    match error {
        StoreError::Sealed { table, column, source } => Some((table, column, *source)),
        _ => None,
    }
}

/// Flips the last bit of a blob, on either database.
async fn flip(db: &Db, sqlite: &'static str, postgres: &'static str) {
    let statement = if db.is_sqlite() { sqlite } else { postgres };
    assert!(db.execute(statement).await > 0);
}

on_both! {
    async fn sec125_rel62_changed_ciphertext_is_noticed(db: &Db) {
        let account = db.connect("guid-1").await.account;
        flip(
            db,
            "UPDATE accounts SET credentials = CAST(substr(credentials, 1, length(credentials) - 1)
                 || CASE substr(credentials, -1) WHEN X'00' THEN X'01' ELSE X'00' END AS BLOB)",
            "UPDATE accounts SET credentials = set_byte(credentials, length(credentials) - 1,
                 get_byte(credentials, length(credentials) - 1) # 1)",
        )
        .await;
        let error = db.store.credentials(&account).await.unwrap_err();
        assert_eq!(sealed(&error), Some(("accounts", "credentials", SealError::Tampered)));
        assert!(!error.is_retryable());
        // The rest of the row is not affected.
        assert!(db.store.find_account(&account).await.unwrap().is_some());
    }
}

on_both! {
    async fn sec125_rel62_ciphertext_moved_from_another_account_does_not_open(db: &Db) {
        let [one, two] = [
            db.connect_with("guid-1", b"of one").await.account,
            db.connect_with("guid-2", b"of two").await.account,
        ];
        // Both rows now hold the blob of whichever has the lesser id.
        db.execute(
            "UPDATE accounts SET credentials =
                 (SELECT credentials FROM accounts ORDER BY account_id LIMIT 1)",
        )
        .await;
        let mut opened = 0;
        for (account, own) in [(one, &b"of one"[..]), (two, b"of two")] {
            match db.store.credentials(&account).await {
                Ok(stored) => {
                    assert_eq!(stored.unwrap().bytes.as_slice(), own);
                    opened += 1;
                }
                Err(error) => {
                    let (_, _, reason) = sealed(&error).unwrap();
                    assert_eq!(reason, SealError::Tampered);
                }
            }
        }
        assert_eq!(opened, 1);
    }
}

on_both! {
    async fn sec125_rel62_ciphertext_moved_from_another_column_does_not_open(db: &Db) {
        let account = db.connect("guid-1").await.account;
        db.execute("UPDATE accounts SET profile = credentials").await;
        let error = db.store.find_account(&account).await.unwrap_err();
        assert_eq!(sealed(&error), Some(("accounts", "profile", SealError::Tampered)));
    }
}

on_both! {
    async fn a_blob_of_no_known_format_or_key_is_named_as_such(db: &Db) {
        let account = db.connect("guid-1").await.account;
        flip(
            db,
            "UPDATE accounts SET credentials = X'0102'",
            "UPDATE accounts SET credentials = '\\x0102'",
        )
        .await;
        let error = db.store.credentials(&account).await.unwrap_err();
        assert_eq!(sealed(&error), Some(("accounts", "credentials", SealError::Format)));
        flip(
            db,
            "UPDATE accounts SET credentials = CAST(X'0100000063' || zeroblob(40) AS BLOB)",
            "UPDATE accounts SET credentials = '\\x0100000063' || decode(repeat('00', 40), 'hex')",
        )
        .await;
        let error = db.store.credentials(&account).await.unwrap_err();
        assert_eq!(sealed(&error), Some(("accounts", "credentials", SealError::UnknownKey)));
    }
}

on_both! {
    async fn a_value_this_program_never_writes_is_corrupt(db: &Db) {
        let account = db.connect("guid-1").await.account;
        db.execute("UPDATE accounts SET state = 'happy'").await;
        let error = db.store.credentials(&account).await.unwrap_err();
        let StoreError::Corrupt { table, column } = error else { panic!("{error:?}") };
        assert_eq!((table, column), ("accounts", "state"));
        db.execute("UPDATE accounts SET state = 'live', region = 'mars'").await;
        let error = db.store.list_accounts().await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { column: "region", .. }), "{error:?}");
    }
}

on_both! {
    async fn after_closing_every_call_says_unavailable(db: &Db) {
        let other = db.reopen(store::OpenMode::Admin, &crate::support::secret()).await.unwrap();
        other.ping().await.unwrap();
        other.close().await;
        let error = other.stats(NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(error.is_retryable());
    }
}

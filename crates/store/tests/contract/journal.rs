//! The journal of writes, and the audit.

use domain::contract::{JournalAnswer, JournalEntry, WriteOutcome};
use domain::entropy::OsEntropy;
use domain::id::{DeviceId, JournalId};
use store::{AuditEntry, AuditEvent, StoreError};

use crate::support::{DAY, NOW, all_at_once, on_both, random_account};

fn intent(key: &str) -> JournalEntry {
    JournalEntry::Intent {
        key: key.to_owned(),
        tool: "create_workout".to_owned(),
        detail: "intervals".to_owned(),
    }
}

fn outcome(journal: &JournalId, outcome: WriteOutcome, detail: &str) -> JournalEntry {
    JournalEntry::Outcome { journal: journal.clone(), outcome, detail: detail.to_owned() }
}

on_both! {
    async fn a_repeated_write_finds_the_first_one(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let first = db.store.journal(&account, &intent("key"), NOW).await.unwrap();
        let JournalAnswer::Recorded { journal } = first else { panic!("{first:?}") };
        let again = db.store.journal(&account, &intent("key"), NOW).await.unwrap();
        let pending = JournalAnswer::AlreadyThere {
            journal: journal.clone(),
            outcome: WriteOutcome::Pending,
            detail: "intervals".to_owned(),
        };
        assert_eq!(again, pending);
        let done = outcome(&journal, WriteOutcome::Done, "workout 7");
        let settled = db.store.journal(&account, &done, NOW).await.unwrap();
        assert_eq!(settled, JournalAnswer::Recorded { journal: journal.clone() });
        let again = db.store.journal(&account, &intent("key"), NOW).await.unwrap();
        let finished = JournalAnswer::AlreadyThere {
            journal,
            outcome: WriteOutcome::Done,
            detail: "workout 7".to_owned(),
        };
        assert_eq!(again, finished);
    }
}

on_both! {
    async fn keys_belong_to_their_account(db: &Db) {
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let first = db.store.journal(&one, &intent("key"), NOW).await.unwrap();
        let JournalAnswer::Recorded { journal } = first else { panic!("{first:?}") };
        let second = db.store.journal(&two, &intent("key"), NOW).await.unwrap();
        assert!(matches!(second, JournalAnswer::Recorded { .. }), "{second:?}");
        // Another account's worker cannot settle what is not its own.
        let done = outcome(&journal, WriteOutcome::Done, "mine");
        assert_eq!(db.store.journal(&two, &done, NOW).await.unwrap(), JournalAnswer::Refused);
        let gone = db.store.journal(&random_account(), &intent("key"), NOW).await;
        assert!(matches!(gone, Err(StoreError::Dangling(_))), "{gone:?}");
    }
}

on_both! {
    async fn what_is_settled_stays_settled_and_unknown_does_not(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let first = db.store.journal(&account, &intent("key"), NOW).await.unwrap();
        let JournalAnswer::Recorded { journal } = first else { panic!("{first:?}") };
        for (step, accepted) in [
            (WriteOutcome::Unknown, true),
            (WriteOutcome::Done, true),
            (WriteOutcome::Failed, false),
        ] {
            let answer = db.store.journal(&account, &outcome(&journal, step, ""), NOW).await;
            assert_eq!(answer.unwrap() != JournalAnswer::Refused, accepted, "{step:?}");
        }
    }
}

on_both! {
    async fn of_many_with_one_key_one_may_send(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let answers = all_at_once(20, |_| {
            let (store, account) = (db.store.clone(), account.clone());
            async move { store.journal(&account, &intent("key"), NOW).await.unwrap() }
        })
        .await;
        let recorded = |answer: &&JournalAnswer| matches!(answer, JournalAnswer::Recorded { .. });
        assert_eq!(answers.iter().filter(recorded).count(), 1);
    }
}

on_both! {
    async fn sec140_the_audit_tells_what_happened_newest_first(db: &Db) {
        let account = random_account();
        let device = DeviceId::generate(&OsEntropy);
        for (turn, event) in AuditEvent::ALL.into_iter().enumerate() {
            let entry = AuditEntry {
                event,
                account: Some(&account),
                device: (turn % 2 == 0).then_some(&device),
                client: None,
            };
            let at = NOW.plus(DAY * u32::try_from(turn).unwrap());
            db.store.record_audit(&entry, at).await.unwrap();
        }
        let told = db.store.list_audit(100).await.unwrap();
        let events: Vec<AuditEvent> = told.iter().rev().map(|row| row.event).collect();
        assert_eq!(events, AuditEvent::ALL);
        assert_eq!(told[0].account.as_ref(), Some(&account));
        assert_eq!(db.store.list_audit(3).await.unwrap(), told[..3]);
    }
}

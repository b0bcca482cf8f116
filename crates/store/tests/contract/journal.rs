//! The journal of writes, and the audit.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::contract::{
    JournalAnswer, JournalEntry, JournalPage, JournalQuery, JournalRow, KeyUse, WriteOutcome,
};
use domain::entropy::OsEntropy;
use domain::id::{AccountId, DeviceId, JournalId};
use store::{AuditEntry, AuditEvent, Store, StoreError};

use crate::support::{DAY, NOW, all_at_once, on_both, random_account};

fn intent(key: &str) -> JournalEntry {
    used(key, KeyUse::Once)
}

fn used(key: &str, key_use: KeyUse) -> JournalEntry {
    JournalEntry::Intent {
        key: key.to_owned(),
        key_use,
        tool: "create_workout".to_owned(),
        detail: "intervals".to_owned(),
    }
}

async fn recorded(
    store: &Store,
    account: &AccountId,
    entry: &JournalEntry,
    at: Timestamp,
) -> JournalId {
    let answer = store.journal(account, entry, at).await.unwrap();
    let JournalAnswer::Recorded { journal } = answer else { panic!("{answer:?}") };
    journal
}

async fn rows(store: &Store, account: &AccountId, query: &JournalQuery) -> (Vec<JournalRow>, bool) {
    match store.read_journal(account, query).await.unwrap() {
        JournalPage::Rows { rows, more } => (rows, more),
        JournalPage::Unavailable => panic!("the store answers"),
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
    async fn a_request_may_be_made_again_once_its_last_write_is_settled(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let again = used("key", KeyUse::WhenSettled);
        let mut journal = recorded(&db.store, &account, &again, NOW).await;
        for (step, free) in [
            (WriteOutcome::Pending, false),
            (WriteOutcome::Unknown, false),
            (WriteOutcome::Done, true),
            (WriteOutcome::Failed, true),
        ] {
            recorded(&db.store, &account, &outcome(&journal, step, ""), NOW).await;
            match db.store.journal(&account, &again, NOW).await.unwrap() {
                JournalAnswer::Recorded { journal: next } => {
                    assert!(free, "{step:?}");
                    journal = next;
                }
                JournalAnswer::AlreadyThere { outcome, .. } => {
                    assert!(!free && outcome == step, "{step:?} {outcome:?}");
                }
                JournalAnswer::Refused => panic!("{step:?}"),
            }
        }
        let (kept, _) = rows(&db.store, &account, &JournalQuery { limit: 9, ..Default::default() }).await;
        assert_eq!(kept.len(), 3, "what is over stays in the journal");
    }
}

on_both! {
    async fn of_many_like_requests_at_once_one_is_sent(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let first = recorded(&db.store, &account, &used("key", KeyUse::WhenSettled), NOW).await;
        recorded(&db.store, &account, &outcome(&first, WriteOutcome::Done, ""), NOW).await;
        let answers = all_at_once(20, |_| {
            let (store, account) = (db.store.clone(), account.clone());
            async move {
                let again = used("key", KeyUse::WhenSettled);
                store.journal(&account, &again, NOW).await.unwrap()
            }
        })
        .await;
        let recorded = |answer: &&JournalAnswer| matches!(answer, JournalAnswer::Recorded { .. });
        assert_eq!(answers.iter().filter(recorded).count(), 1);
    }
}

on_both! {
    async fn any_worker_of_the_account_says_what_was_found_out_later(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let journal = recorded(&db.store, &account, &intent("key"), NOW).await;
        let later = |outcome| JournalEntry::Later {
            journal: journal.clone(),
            outcome,
            detail: "later".to_owned(),
        };
        let tell = async |outcome, at| {
            let answer = db.store.journal(&account, &later(outcome), at).await.unwrap();
            answer != JournalAnswer::Refused
        };
        let soon = NOW.plus(Duration::from_mins(4));
        // It may be on its way, and whoever sends it will say what came of it.
        assert!(!tell(WriteOutcome::Reviewed, soon).await);
        assert!(!tell(WriteOutcome::Undone, soon).await);
        // A worker that did not begin it cannot say that it was done.
        for outcome in [WriteOutcome::Done, WriteOutcome::Failed, WriteOutcome::Unknown] {
            assert!(!tell(outcome, soon).await, "{outcome:?}");
        }
        assert!(tell(WriteOutcome::Reviewed, NOW.plus(Duration::from_mins(6))).await);
        assert!(!tell(WriteOutcome::Reviewed, NOW.plus(DAY)).await);
        let done = outcome(&journal, WriteOutcome::Done, "");
        assert_eq!(db.store.journal(&account, &done, NOW).await.unwrap(), JournalAnswer::Refused);

        let journal = recorded(&db.store, &account, &intent("other"), NOW).await;
        recorded(&db.store, &account, &outcome(&journal, WriteOutcome::Done, ""), NOW).await;
        let undone = JournalEntry::Later {
            journal: journal.clone(),
            outcome: WriteOutcome::Undone,
            detail: "later".to_owned(),
        };
        let stranger = db.connect("guid-2").await.account;
        let refused = db.store.journal(&stranger, &undone, NOW).await.unwrap();
        assert_eq!(refused, JournalAnswer::Refused);
        recorded(&db.store, &account, &undone, NOW).await;
        let twice = db.store.journal(&account, &undone, NOW).await.unwrap();
        assert_eq!(twice, JournalAnswer::Refused);
    }
}

on_both! {
    async fn writes_are_read_newest_first_in_pages_by_their_account(db: &Db) {
        let [one, two] = [db.connect("guid-1").await.account, db.connect("guid-2").await.account];
        let mut journals = Vec::new();
        for turn in 0..5_u32 {
            let at = NOW.plus(Duration::from_secs(u64::from(turn / 2)));
            let journal = recorded(&db.store, &one, &intent(&turn.to_string()), at).await;
            let step = if turn == 3 { WriteOutcome::Unknown } else { WriteOutcome::Done };
            recorded(&db.store, &one, &outcome(&journal, step, "how it went"), at).await;
            journals.push(journal);
        }
        let mut read = Vec::new();
        let mut query = JournalQuery { limit: 2, ..JournalQuery::default() };
        loop {
            let (page, more) = rows(&db.store, &one, &query).await;
            query.before = page.last().map(|row| row.journal.clone());
            read.extend(page);
            if !more {
                break;
            }
        }
        let mut seen: Vec<_> = read.iter().map(|row| row.journal.clone()).collect();
        assert!(read.windows(2).all(|pair| pair[0].created_at >= pair[1].created_at));
        assert_eq!((&*read[0].detail, &*read[0].tool), ("how it went", "create_workout"));
        seen.sort_unstable();
        journals.sort_unstable();
        assert_eq!(seen, journals);
        let unknown = JournalQuery { outcome: Some(WriteOutcome::Unknown), limit: 9, ..Default::default() };
        assert_eq!(rows(&db.store, &one, &unknown).await.0.len(), 1);
        let by_key = JournalQuery::of_key("3".to_owned());
        assert_eq!(rows(&db.store, &one, &by_key).await.0[0].outcome, WriteOutcome::Unknown);
        assert_eq!(rows(&db.store, &two, &by_key).await.0, []);
        let single = JournalQuery::one(journals[0].clone());
        assert_eq!(rows(&db.store, &one, &single).await.0.len(), 1);
        assert_eq!(rows(&db.store, &two, &single).await, (Vec::new(), false));
        let after_foreign = JournalQuery { before: Some(journals[0].clone()), limit: 9, ..Default::default() };
        assert_eq!(rows(&db.store, &two, &after_foreign).await, (Vec::new(), false));
    }
}

on_both! {
    async fn settled_writes_go_when_they_cannot_be_undone_and_open_ones_later(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        db.device(&account, &client).await;
        for (key, step) in [("a", WriteOutcome::Done), ("b", WriteOutcome::Unknown)] {
            let journal = recorded(&db.store, &account, &intent(key), NOW).await;
            recorded(&db.store, &account, &outcome(&journal, step, ""), NOW).await;
        }
        recorded(&db.store, &account, &intent("c"), NOW).await;
        let swept = async |days| db.store.sweep_expired(NOW.plus(DAY * days)).await.unwrap().writes;
        assert_eq!((swept(31).await, swept(32).await), (0, 1));
        assert_eq!((swept(90).await, swept(91).await), (0, 2));
    }
}

on_both! {
    async fn an_account_keeps_so_many_writes_and_no_more(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let first = recorded(&db.store, &account, &intent("first"), NOW).await;
        for turn in 1..store::MOST_WRITES {
            let at = NOW.plus(Duration::from_secs(u64::from(turn)));
            recorded(&db.store, &account, &intent(&turn.to_string()), at).await;
        }
        let late = NOW.plus(DAY);
        let full = db.store.journal(&account, &intent("one more"), late).await.unwrap();
        assert_eq!(full, JournalAnswer::Refused, "nothing of this may be forgotten");
        recorded(&db.store, &account, &outcome(&first, WriteOutcome::Failed, ""), late).await;
        recorded(&db.store, &account, &intent("one more"), late).await;
        let gone = JournalQuery::one(first);
        assert_eq!(rows(&db.store, &account, &gone).await, (Vec::new(), false));
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

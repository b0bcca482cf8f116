//! The journal a test's gateway keeps for a worker: the rules of the store, in memory.

use domain::clock::{Clock as _, SystemClock};
use domain::contract::{
    JournalAnswer, JournalEntry, JournalPage, JournalQuery, JournalRow, KeyUse, WriteOutcome,
};
use domain::entropy::OsEntropy;
use domain::id::JournalId;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) rows: Vec<(String, JournalRow)>,
    /// Nothing is recorded any more: the store is gone.
    pub(crate) closed: bool,
}

impl Ledger {
    pub(crate) fn record(&mut self, entry: JournalEntry) -> JournalAnswer {
        if self.closed {
            return JournalAnswer::Refused;
        }
        match entry {
            JournalEntry::Intent { key, key_use, tool, detail } => {
                let held = self.rows.iter().rev().find(|(known, row)| {
                    *known == key && (key_use == KeyUse::Once || row.outcome.is_open())
                });
                if let Some((_, row)) = held {
                    let (journal, outcome) = (row.journal.clone(), row.outcome);
                    return JournalAnswer::AlreadyThere {
                        journal,
                        outcome,
                        detail: row.detail.clone(),
                    };
                }
                let journal = JournalId::generate(&OsEntropy);
                let row = JournalRow {
                    journal: journal.clone(),
                    tool,
                    outcome: WriteOutcome::Pending,
                    detail,
                    created_at: SystemClock.now(),
                    settled_at: None,
                };
                self.rows.push((key, row));
                JournalAnswer::Recorded { journal }
            }
            JournalEntry::Outcome { journal, outcome, detail } => {
                self.change(&journal, outcome, detail, WriteOutcome::is_open)
            }
            JournalEntry::Later { journal, outcome, detail } => {
                let from = match outcome {
                    WriteOutcome::Reviewed => WriteOutcome::Unknown,
                    _ => WriteOutcome::Done,
                };
                self.change(&journal, outcome, detail, |now| now == from)
            }
        }
    }

    fn change(
        &mut self,
        journal: &JournalId,
        outcome: WriteOutcome,
        detail: String,
        may: impl Fn(WriteOutcome) -> bool,
    ) -> JournalAnswer {
        let row = self.rows.iter_mut().map(|(_, row)| row).find(|row| row.journal == *journal);
        match row.filter(|row| may(row.outcome)) {
            Some(row) => {
                (row.outcome, row.detail) = (outcome, detail);
                JournalAnswer::Recorded { journal: journal.clone() }
            }
            None => JournalAnswer::Refused,
        }
    }

    pub(crate) fn read(&self, query: &JournalQuery) -> JournalPage {
        if self.closed {
            return JournalPage::Unavailable;
        }
        let before = query.before.as_ref();
        let mut rows: Vec<JournalRow> = self
            .rows
            .iter()
            .rev()
            .skip_while(|(_, row)| before.is_some_and(|before| row.journal != *before))
            .skip(usize::from(before.is_some()))
            .filter(|(key, row)| {
                query.journal.as_ref().is_none_or(|journal| row.journal == *journal)
                    && query.key.as_ref().is_none_or(|asked| key == asked)
                    && query.outcome.is_none_or(|outcome| row.outcome == outcome)
            })
            .map(|(_, row)| row.clone())
            .collect();
        let most = query.limit.clamp(1, JournalQuery::MOST) as usize;
        let more = rows.len() > most;
        rows.truncate(most);
        JournalPage::Rows { rows, more }
    }

    pub(crate) fn outcomes(&self) -> Vec<WriteOutcome> {
        self.rows.iter().map(|(_, row)| row.outcome).collect()
    }
}

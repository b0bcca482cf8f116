//! What the journal says about one write.

use domain::contract::{JournalAnswer, JournalEntry, JournalPage, JournalQuery, LONGEST_DETAIL};
use domain::token::Pepper;
use garmin::BoxFuture;
use garmin::write::Write;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Check;

/// Where writes are recorded before they are sent.
pub(crate) trait Journal: Send + Sync {
    /// Durable when it returns. [`JournalAnswer::Refused`] also when nobody answered.
    fn record(&self, entry: JournalEntry) -> BoxFuture<'_, JournalAnswer>;

    fn read(&self, query: JournalQuery) -> BoxFuture<'_, JournalPage>;

    /// The key of the account whose journal this is.
    fn key(&self) -> Pepper;
}

/// The journal of an account that has none: nothing can be written.
pub(crate) struct NoJournal;

impl Journal for NoJournal {
    fn record(&self, _: JournalEntry) -> BoxFuture<'_, JournalAnswer> {
        Box::pin(std::future::ready(JournalAnswer::Refused))
    }

    fn read(&self, _: JournalQuery) -> BoxFuture<'_, JournalPage> {
        Box::pin(std::future::ready(JournalPage::Unavailable))
    }

    fn key(&self) -> Pepper {
        Pepper::new(Zeroizing::new([0; 32]))
    }
}

/// The detail of an entry. It is sealed where it is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Noted {
    /// What was asked for, as a digest.
    pub(crate) request: String,
    pub(crate) target: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) previous: Value,
    /// Where to look for what became of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) checks: Vec<Check>,
    /// The requests that take it back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) undo: Vec<Write>,
    /// What the caller was told.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) result: Value,
    /// Why it failed, or why nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// Steps that are done, of a write with several.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) steps_done: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Noted {
    /// As text that the journal takes. What does not fit is left out, the least needed first:
    /// what the caller was told, then where to look, and the way back last.
    pub(crate) fn text(&self) -> String {
        let mut noted = self.clone();
        let leave_out: [fn(&mut Self); 4] = [
            |noted| noted.result = Value::Null,
            |noted| noted.previous = Value::Null,
            |noted| noted.checks = Vec::new(),
            |noted| noted.undo = Vec::new(),
        ];
        for leave_out in leave_out {
            // A write with a file in it is never among these, so it always serialises.
            if let Ok(text) = serde_json::to_string(&noted)
                && text.len() <= LONGEST_DETAIL
            {
                return text;
            }
            leave_out(&mut noted);
        }
        noted.target = noted.target.chars().take(200).collect();
        serde_json::to_string(&noted).unwrap_or_default()
    }

    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use garmin::api::Target;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_the_way_back_last() {
        let noted = Noted {
            request: "r".into(),
            target: "the name".into(),
            previous: json!("x".repeat(9_000)),
            undo: vec![Write::delete(Target::new("/a"))],
            result: json!("x".repeat(9_000)),
            ..Noted::default()
        };
        let text = noted.text();
        assert!(text.len() <= LONGEST_DETAIL);
        let kept = Noted::read(&text);
        assert!(kept.result.is_null() && kept.previous == noted.previous);
        assert_eq!(kept.undo, noted.undo);
        let huge = Noted {
            undo: vec![Write::delete(Target::new("/a")).json(noted.result.clone()); 3],
            ..noted
        };
        let kept = Noted::read(&huge.text());
        assert_eq!((kept.undo.len(), kept.target.as_str()), (0, "the name"));
        assert_eq!(Noted::read("intervals"), Noted::default());
    }
}

//! What becomes of an uploaded activity. Garmin takes the file at once and works through it
//! afterwards, so the answer to the upload seldom says which activity came of it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::Garmin;
use crate::error::GarminError;
use crate::write::{Follow, Outcome, message};

/// The key of the answer that [`Garmin::imported`] gives, beside `activity_id`.
pub const IMPORTED: &str = "import_status";

/// Garmin needs three to six seconds.
const WITHIN: Duration = Duration::from_secs(20);
const MOST_LOOKS: u32 = 12;
const USUAL_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// What Garmin says about an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Import {
    /// It became this activity.
    Activity(i64),
    /// It had been uploaded before, as this activity.
    Duplicate(Option<i64>),
    Failed(Option<String>),
    Processing,
}

impl Import {
    fn read(body: &Value) -> Self {
        let result = &body["detailedImportResult"];
        let failure = &result["failures"][0];
        let number = |row: &Value| row["internalId"].as_i64().filter(|id| *id > 0);
        if let Some(id) = number(&result["successes"][0]) {
            return Self::Activity(id);
        }
        if failure.is_null() {
            return Self::Processing;
        }
        let said = failure["messages"].as_array().into_iter().flatten();
        let mut said = said.filter_map(|message| message["content"].as_str());
        if said.any(|text| text.to_ascii_lowercase().contains("duplicate activity")) {
            return Self::Duplicate(number(failure));
        }
        Self::Failed(message(body))
    }
}

impl Garmin {
    /// Waits, within bounds, until Garmin has made an activity of an upload, and says so in a
    /// form of our own: `import_status` is `done`, `duplicate` or `processing`, `activity_id` is
    /// there where it is known. What was uploaded before counts as done: nothing was added.
    pub async fn imported(&self, uploaded: Outcome) -> Outcome {
        let (status, mut found, follow) = match uploaded {
            Outcome::Done { status, body, follow } => (status, Import::read(&body), follow),
            Outcome::Refused { status, message, body } => match Import::read(&body) {
                duplicate @ Import::Duplicate(_) => (status, duplicate, None),
                Import::Activity(_) | Import::Failed(_) | Import::Processing => {
                    return Outcome::Refused { status, message, body };
                }
            },
            Outcome::NotSent(_) | Outcome::Unknown(_) => return uploaded,
        };
        if let (Import::Processing, Some(follow)) = (&found, &follow) {
            found = self.look_after(follow).await;
        }
        let (word, id) = match found {
            Import::Activity(id) => ("done", Some(id)),
            Import::Duplicate(id) => ("duplicate", id),
            Import::Processing => ("processing", None),
            Import::Failed(message) => {
                return Outcome::Refused { status, message, body: Value::Null };
            }
        };
        self.forget_reads();
        let body = json!({ IMPORTED: word, "activity_id": id });
        Outcome::Done { status, body, follow: None }
    }

    /// A look that fails says nothing about the upload, so the next one is made all the same.
    async fn look_after(&self, follow: &Follow) -> Import {
        let end = Instant::now() + WITHIN;
        let wait = follow.after.unwrap_or(USUAL_WAIT).min(LONGEST_WAIT);
        for _ in 0..MOST_LOOKS {
            if Instant::now() + wait >= end {
                break;
            }
            tokio::time::sleep(wait).await;
            let look = tokio::time::timeout_at(end, self.look(&follow.target)).await;
            match look {
                Ok(Ok(Some(body))) => match Import::read(&body) {
                    Import::Processing => {}
                    ended @ (Import::Activity(_) | Import::Duplicate(_) | Import::Failed(_)) => {
                        return ended;
                    }
                },
                Ok(Err(GarminError::SignInNeeded | GarminError::TokenRefused)) | Err(_) => break,
                Ok(Ok(None) | Err(_)) => {}
            }
        }
        Import::Processing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_read_from_what_garmin_says_of_it() {
        let result = |rest: &Value| {
            let mut result = json!({ "uploadId": 1, "successes": [], "failures": [] });
            if let (Some(result), Some(rest)) = (result.as_object_mut(), rest.as_object()) {
                result.extend(rest.clone());
            }
            Import::read(&json!({ "detailedImportResult": result }))
        };
        let failed = |content: &str| {
            json!({ "failures": [{ "internalId": 7, "externalId": "",
                                   "messages": [{ "code": 202, "content": content }] }] })
        };
        assert_eq!(result(&json!({})), Import::Processing);
        assert_eq!(result(&json!({ "successes": [{ "internalId": 9 }] })), Import::Activity(9));
        assert_eq!(result(&failed("Duplicate Activity.")), Import::Duplicate(Some(7)));
        assert_eq!(result(&failed("Torn")), Import::Failed(Some("Torn".to_owned())));
        assert_eq!(result(&json!({ "failures": [{}] })), Import::Failed(None));
        for odd in [Value::Null, json!([]), json!({ "detailedImportResult": 7 })] {
            assert_eq!(Import::read(&odd), Import::Processing, "{odd}");
        }
    }
}

//! From the bytes of an answer to a model, or to the reason why not.

use crate::error::GarminError;
use crate::model::Lenient;

/// What an endpoint answers with when it has something to say.
pub(crate) trait Shape: Lenient + Default + PartialEq {
    const WHAT: &'static str;
    const OPENS_WITH: u8;

    /// Whether Garmin says in the answer itself that it withholds the data.
    fn is_refused(&self) -> bool {
        false
    }
}

impl<T: Lenient + PartialEq + Named> Shape for Vec<T> {
    const WHAT: &'static str = T::WHAT;
    const OPENS_WITH: u8 = b'[';
}

/// A model's name, for the error that says its form has changed.
pub(crate) trait Named {
    const WHAT: &'static str;
}

/// Garmin says "no data" in many ways: nothing at all, `null`, `""`, `{}`, `[]`, or an object
/// whose every field is null. All of them are `None`.
pub(crate) fn decode<T: Shape>(body: &[u8]) -> Result<Option<T>, GarminError> {
    let text = body.trim_ascii();
    if matches!(text, b"" | b"null" | b"\"\"") {
        return Ok(None);
    }
    if is_page(text) {
        return Err(GarminError::NotJson);
    }
    if text[0] != T::OPENS_WITH {
        // Only an empty collection of the other kind can still mean "nothing".
        let empty: Result<serde_json::Value, _> = serde_json::from_slice(text);
        let nothing = empty.is_ok_and(|value| match value {
            serde_json::Value::Array(items) => items.is_empty(),
            serde_json::Value::Object(fields) => fields.is_empty(),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => false,
        });
        return if nothing { Ok(None) } else { Err(GarminError::Malformed { what: T::WHAT }) };
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    match T::read(&mut json).and_then(|model| json.end().map(|()| model)) {
        Ok(Some(model)) if model.is_refused() => Err(GarminError::PrivacyProtected),
        Ok(Some(model)) if model != T::default() => Ok(Some(model)),
        Ok(_) if holds_strangers(text) => Err(GarminError::Malformed { what: T::WHAT }),
        Ok(_) => Ok(None),
        Err(error) if error.is_eof() => Err(GarminError::Torn),
        Err(_) => Err(GarminError::Malformed { what: T::WHAT }),
    }
}

/// Whether this is a list of things that are neither objects nor null. Asked only when nothing
/// in it could be read: then the form has changed, and "no data" would be a wrong answer.
fn holds_strangers(body: &[u8]) -> bool {
    let items: Result<Vec<serde_json::Value>, _> = serde_json::from_slice(body);
    items.is_ok_and(|items| items.iter().any(|item| !item.is_object() && !item.is_null()))
}

/// Whether this is markup where JSON was expected.
pub(crate) fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{DailySummary, StepBucket};

    fn object(body: &str) -> Result<Option<DailySummary>, GarminError> {
        decode(body.as_bytes())
    }

    fn list(body: &str) -> Result<Option<Vec<StepBucket>>, GarminError> {
        decode(body.as_bytes())
    }

    #[test]
    fn every_way_of_saying_nothing_is_no_data() {
        for body in ["", " \n", "null", "\"\"", "{}", "[]", " {} ", r#"{"unknown":1}"#] {
            assert_eq!(object(body), Ok(None), "{body}");
        }
        for body in ["", "null", "\"\"", "{}", "[]", "[null]"] {
            assert_eq!(list(body), Ok(None), "{body}");
        }
    }

    #[test]
    fn torn_foreign_and_changed_answers_are_told_apart() {
        assert_eq!(object(r#"{"totalSteps":1"#), Err(GarminError::Torn));
        assert_eq!(list(r#"[{"steps":1},"#), Err(GarminError::Torn));
        assert_eq!(object("<html>"), Err(GarminError::NotJson));
        let changed = Err(GarminError::Malformed { what: "daily summary" });
        for body in ["[1]", "7", "\"soon\"", "{\"a\":1}{", "{\"totalSteps\":x}"] {
            assert_eq!(object(body), changed, "{body}");
        }
        assert_eq!(list(r#"{"a":1}"#), Err(GarminError::Malformed { what: "steps of a day" }));
    }

    #[test]
    fn data_that_is_withheld_is_a_refusal() {
        let withheld = r#"{"privacyProtected":true,"totalSteps":null,"calendarDate":"2026-05-01"}"#;
        assert_eq!(object(withheld), Err(GarminError::PrivacyProtected));
        let open = object(r#"{"privacyProtected":false,"totalSteps":7}"#).unwrap().unwrap();
        assert_eq!(open.steps, Some(7));
    }

    #[test]
    fn a_list_in_which_nothing_can_be_read_has_changed_its_form() {
        let changed = Err(GarminError::Malformed { what: "steps of a day" });
        assert_eq!(list(r#"[1,"two",null]"#), changed);
        assert_eq!(list("[[]]"), changed);
    }

    #[test]
    fn an_item_that_cannot_be_read_does_not_cost_the_list() {
        let steps = list(r#"[null,{"steps":7},"x",[]]"#).unwrap().unwrap();
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].steps, Some(7));
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<DailySummary>(&body);
            let _ = decode::<Vec<StepBucket>>(&body);
        }
    }
}

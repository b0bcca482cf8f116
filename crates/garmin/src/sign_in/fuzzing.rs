//! The two forms in which Garmin answers a sign-in, as functions of bytes.

#![expect(clippy::missing_panics_doc, reason = "a finding is a panic")]

use domain::clock::Timestamp;

use super::answer::{LoginAnswer, read_code, read_login};
use super::widget::meaning;
use crate::fuzzing::answer;
use crate::html;

/// A page of the widget. The first byte is the status.
pub fn sign_in_page(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let page = String::from_utf8_lossy(rest);
    let _ = meaning(&page, 200 + 2 * u16::from(first));
    if let Some(ticket) = html::ticket(&page) {
        assert!(ticket.starts_with("ST-") && page.contains(&ticket), "a made-up ticket");
    }
    for name in ["mfaMethod", "codeSentTo", "customerGuid", "clientId", "locale"] {
        assert_ne!(html::script_variable(&page, name).as_deref(), Some(""), "an empty variable");
    }
    if html::input_value(&page, "_csrf").is_some() {
        assert!(html::has_input(&page, "_csrf"), "a value without its field");
    }
}

/// An answer of the JSON login, to the password and to the code. The first byte is the status.
pub fn sign_in_json(data: &[u8]) {
    let Some((&first, body)) = data.split_first() else { return };
    let answer = answer(200 + 2 * u16::from(first), body);
    if let LoginAnswer::Ticket(ticket) = read_login(&answer, Timestamp(0)) {
        assert!(!ticket.is_empty(), "a sign-in without a ticket");
    }
    let _ = read_code(&answer, Timestamp(0));
}

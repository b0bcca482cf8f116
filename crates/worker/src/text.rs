//! Text on its way into a result, most of it written by others.

use domain::text::is_harmless;
use serde_json::Value;

/// Every text of a result without the characters that could disguise it, names of fields
/// included. Done where all results pass, so that no tool can forget it.
pub(crate) fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(words(text)),
        Value::Array(items) => items.into_iter().map(clean).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (words(name), clean(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// White space of any kind becomes a blank: words of two lines must not run into each other.
fn words(text: String) -> String {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim().len() == text.len() {
        return text;
    }
    let blank = |letter: char| if letter.is_whitespace() { ' ' } else { letter };
    let text: String = text.chars().map(blank).filter(|letter| is_harmless(*letter)).collect();
    text.trim().to_owned()
}

/// A text for a person, of at most so many letters: where there are more, the middle is left out.
pub(crate) fn shortened(text: String, longest: usize) -> String {
    let plain = |letter: char| letter == '\n' || is_harmless(letter);
    if text.len() <= longest && text.chars().all(plain) {
        return text;
    }
    let letters: Vec<char> = text.chars().filter(|letter| plain(*letter)).collect();
    if letters.len() <= longest {
        return letters.into_iter().collect();
    }
    let half = longest / 2;
    let (head, tail) = (&letters[..half], &letters[letters.len() - half..]);
    head.iter().chain(&[' ', '…', ' ']).chain(tail).collect()
}

/// Bytes as a person compares them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sec116_text_of_others_keeps_its_words_apart_and_loses_its_disguise() {
        let said = |text: &str| words(text.to_owned());
        assert_eq!(said("Morning\u{1b}[31m Run\n"), "Morning[31m Run");
        assert_eq!(said("2 km easy\n5x1000"), "2 km easy 5x1000");
        assert_eq!(said("a\tb\u{2028}c\u{a0}d"), "a b c d");
        assert_eq!(said("Run \u{202e}nuR\u{200b}\u{2066}"), "Run nuR");
        assert_eq!(said(" Lauf 東京 🏃 "), "Lauf 東京 🏃");
        // Letters of the tag block: shown by nothing, read by models.
        assert_eq!(said("Run\u{e0069}\u{e0067}\u{e006e}"), "Run");
    }

    #[test]
    fn sec116_nothing_in_a_result_is_left_out() {
        let found =
            json!({ "a\u{200b}b": [{ "c": "d\u{202e}e" }, 1.5, null, true], "f": "\u{feff}" });
        assert_eq!(clean(found), json!({ "ab": [{ "c": "de" }, 1.5, null, true], "f": "" }));
    }
}

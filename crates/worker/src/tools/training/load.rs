//! Words for what Garmin says about load.

/// `PRODUCTIVE_3`: the word without the number of its text.
pub(super) fn label(phrase: &str) -> String {
    let word = phrase.rsplit_once('_').map_or(phrase, |(word, number)| {
        if number.bytes().all(|byte| byte.is_ascii_digit()) { word } else { phrase }
    });
    word.to_ascii_lowercase()
}

pub(super) fn trend_label(trend: i64) -> Option<&'static str> {
    match trend {
        1 => Some("declining"),
        2 => Some("stable"),
        3 => Some("improving"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_loses_the_number_of_its_text() {
        assert_eq!(label("PRODUCTIVE_3"), "productive");
        assert_eq!(label("NO_STATUS"), "no_status");
        assert_eq!(label("NO_STATUS_2"), "no_status");
        assert_eq!(label("PEAKING"), "peaking");
    }
}

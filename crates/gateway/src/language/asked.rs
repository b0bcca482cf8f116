//! `Accept-Language` (RFC 9110 §12.5.4), matched by the first part of a tag: whoever reads
//! `de-AT` reads our German.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::Language;

/// More than any browser sends.
const MOST_RANGES: usize = 32;

/// The best language for these headers; English where none of ours is wanted.
pub(super) fn language(headers: &HeaderMap) -> Language {
    let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
    let mut ranges: Vec<(&str, u16)> =
        lines.flat_map(|line| line.split(',')).take(MOST_RANGES).filter_map(range).collect();
    // Stable: of equals the first one named wins.
    ranges.sort_by_key(|&(_, weight)| std::cmp::Reverse(weight));
    let refused = |language: Language| {
        ranges.iter().any(|&(tag, weight)| weight == 0 && matches(tag, language))
    };
    let wanted = ranges.iter().filter(|&&(_, weight)| weight > 0);
    wanted
        .flat_map(|&(tag, _)| {
            Language::ALL
                .into_iter()
                .filter(move |&language| matches(tag, language) || tag == "*" && !refused(language))
        })
        .next()
        .unwrap_or_default()
}

fn matches(tag: &str, language: Language) -> bool {
    tag.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(language.tag()))
}

/// A tag and its weight in thousandths. What is no weight is as good as none.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next().filter(|tag| !tag.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    Some((tag, weight.map_or(1000, thousandths)))
}

fn thousandths(text: &str) -> u16 {
    match text.split_once('.').unwrap_or((text, "")) {
        ("0", digits) if digits.len() <= 3 => format!("{digits:0<3}").parse().unwrap_or(0),
        ("1", _) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(line: &'static str) -> Language {
        language(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static(line))]))
    }

    #[test]
    fn the_heaviest_range_that_we_speak_wins() {
        for (line, wanted) in [
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("en-GB,en;q=0.9,de;q=0.8", Language::English),
            ("fr, de;q=0.5, en;q=0.4", Language::German),
            ("en;q=0.3, DE-ch ; q=0.7", Language::German),
            ("de;q=0.25, en;q=0.3", Language::English),
            ("de;q=0, *", Language::English),
            ("en;q=0, *;q=0.1", Language::German),
            ("fr", Language::English),
            ("", Language::English),
            ("de;q=much, en;q=0.1", Language::English),
            ("derby", Language::English),
        ] {
            assert_eq!(of(line), wanted, "{line:?}");
        }
    }

    #[test]
    fn a_browser_that_says_nothing_gets_english() {
        assert_eq!(language(&HeaderMap::new()), Language::English);
    }
}

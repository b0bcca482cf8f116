//! Garmin's types of activity: numbers, and the keys that `activity_type` and `type` speak.

use garmin::Garmin;
use garmin::api::ActivityKind;

use crate::error::ToolError;

/// One `number key` a line, as the website lists them.
static KINDS: &str = include_str!("kinds.txt");

/// How many types a refusal proposes.
const PROPOSED: usize = 5;

fn rows() -> impl Iterator<Item = (i64, &'static str)> {
    KINDS.lines().filter_map(|line| {
        let (number, key) = line.split_once(' ')?;
        Some((number.parse().ok()?, key))
    })
}

/// The key of a number, unless Garmin has added it since.
pub(crate) fn key(number: i64) -> Option<&'static str> {
    rows().find_map(|(this, key)| (this == number).then_some(key))
}

/// The number of a key.
pub(crate) fn number(key: &str) -> Option<i64> {
    rows().find_map(|(number, this)| this.eq_ignore_ascii_case(key).then_some(number))
}

/// A type as the argument `activity_type` names it; an empty one means every type. Types that
/// Garmin has added since this was written are looked up.
pub(crate) async fn wanted(
    garmin: &Garmin,
    text: Option<&str>,
) -> Result<Option<ActivityKind>, ToolError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let written = text.to_ascii_lowercase().replace([' ', '-'], "_");
    let kind = ActivityKind::parse(&written).map_err(|_| unknown(text))?;
    if number(&written).is_some() {
        return Ok(Some(kind));
    }
    let rows = garmin.activity_types().await?.unwrap_or_default();
    let known = rows.iter().filter_map(|row| row.key.as_deref()).any(|key| key == written);
    if known { Ok(Some(kind)) } else { Err(unknown(text)) }
}

/// The refusal of a type that does not exist, with those it may have been meant for.
pub(crate) fn unknown(text: &str) -> ToolError {
    let mut near = alike(text);
    if near.is_empty() {
        near = vec!["running", "cycling", "lap_swimming", "strength_training", "hiking"];
    }
    let near: Vec<String> = near.into_iter().map(|key| format!("`{key}`")).collect();
    ToolError::argument(
        "activity_type",
        format!(
            "not an activity type of Garmin's; allowed are the keys of `get_activity_types`, \
             such as {}",
            near.join(", ")
        ),
    )
}

/// Keys that share a word with what was asked for.
fn alike(text: &str) -> Vec<&'static str> {
    let asked = text.to_ascii_lowercase();
    let words: Vec<&str> = asked
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|w| w.len() > 2)
        .collect();
    let begins = |key: &str, word: &str| {
        let stem = word.get(..word.len().min(4)).unwrap_or(word);
        key.split('_').any(|part| part.starts_with(stem))
    };
    let fits = |key: &str| words.iter().any(|word| begins(key, word));
    rows().map(|(_, key)| key).filter(|key| fits(key)).take(PROPOSED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_key_and_an_unknown_one_has_none() {
        assert_eq!((key(1), key(10)), (Some("running"), Some("road_biking")));
        assert_eq!((key(27), key(0), key(99_999)), (Some("lap_swimming"), None, None));
        assert_eq!((number("Running"), number("jogging")), (Some(1), None));
    }

    #[test]
    fn every_line_is_a_number_and_a_key_and_no_number_comes_twice() {
        let mut numbers: Vec<i64> = rows().map(|(number, _)| number).collect();
        let count = numbers.len();
        assert_eq!(count, KINDS.lines().count());
        numbers.dedup();
        assert!(numbers.is_sorted() && numbers.len() == count);
    }

    #[test]
    fn a_refusal_proposes_what_may_have_been_meant() {
        let refused = unknown("swim").to_string();
        assert!(refused.contains("`swimming`") && refused.contains("`lap_swimming`"), "{refused}");
        let refused = unknown("base jumping").to_string();
        assert!(refused.contains("get_activity_types") && refused.contains("such as"), "{refused}");
        assert!(unknown("é").to_string().contains("`running`"));
    }
}

//! Garmin's numbers of activity types, as the keys that `activity_type` and `type` speak.

/// One `number key` a line, as the website lists them.
static KINDS: &str = include_str!("kinds.txt");

/// The key of a number, unless Garmin has added it since.
pub(crate) fn key(number: i64) -> Option<&'static str> {
    KINDS.lines().find_map(|line| {
        let (this, key) = line.split_once(' ')?;
        (this.parse() == Ok(number)).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_key_and_an_unknown_one_has_none() {
        assert_eq!((key(1), key(10)), (Some("running"), Some("road_biking")));
        assert_eq!((key(27), key(0), key(99_999)), (Some("lap_swimming"), None, None));
    }

    #[test]
    fn every_line_is_a_number_and_a_key_and_no_number_comes_twice() {
        let mut numbers: Vec<i64> =
            KINDS.lines().map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect();
        let count = numbers.len();
        numbers.dedup();
        assert!(numbers.is_sorted() && numbers.len() == count);
    }
}

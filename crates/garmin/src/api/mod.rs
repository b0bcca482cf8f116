//! The endpoints, one file per area and one method per call.
//!
//! `Ok(None)` means that Garmin has nothing: 204, an empty body, nulls, or, for what not
//! every account and watch has, 404. An unknown activity is an error instead.

mod activities;
mod activity_parts;
mod challenges;
mod courses;
mod files;
mod fitness;
mod gear;
mod golf;
mod lifestyle;
mod load;
mod nutrition;
mod plans;
mod profile;
mod progress;
mod ranges;
mod sleep;
mod training;
mod watches;
mod weeks;
mod weight;
mod wellness;
mod womens_health;
mod workouts;

pub use activities::{ActivityId, ActivityKind, ActivityQuery, BadActivityKind, BadId};
pub use challenges::{ChallengeList, GoalStatus};
pub use courses::CourseId;
pub use files::FileKind;
pub use fitness::{Interval, ThresholdSport};
pub use gear::{BadGearId, GearId};
pub use golf::ScorecardId;
pub use nutrition::{custom_foods_at, food_log_at, nutrition_settings_at};
pub use progress::Metric;
pub use ranges::{DAILY_WINDOW, YEAR_WINDOW};
pub use watches::WatchId;
pub use workouts::{BadWorkoutId, WorkoutQuery, WorkoutUuid, month_at, schedule_at, workout_at};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::days::DayRange;
use crate::error::GarminError;

/// A path below the API host, and its query. Built from constants and encoded segments only,
/// so no value can reach another endpoint: not by `..`, not by `?`, not by a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Target {
    #[must_use]
    pub fn new(path: &'static str) -> Self {
        Self { path: path.to_owned(), query: Vec::new() }
    }

    /// Adds one segment, percent-encoded with no safe characters.
    #[must_use]
    pub fn segment(mut self, value: impl std::fmt::Display) -> Self {
        self.path.push('/');
        self.path.push_str(&encode_segment(&value.to_string()));
        self
    }

    /// Adds constant segments, beginning with a slash.
    #[must_use]
    pub fn then(mut self, path: &'static str) -> Self {
        self.path.push_str(path);
        self
    }

    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    #[must_use]
    pub fn finish(self) -> String {
        if self.query.is_empty() {
            return self.path;
        }
        let pairs: Vec<(&str, &str)> =
            self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        format!("{}?{}", self.path, crate::protocol::encode_pairs(&pairs))
    }
}

/// Everything but RFC 3986's unreserved characters is encoded. A segment of dots only would
/// still mean "up", so its dots are encoded too.
fn encode_segment(value: &str) -> String {
    use std::fmt::Write as _;
    let dots_only = value.bytes().all(|byte| byte == b'.');
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'~')
            || (byte == b'.' && !dots_only);
        if plain {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// "Not found" about a day or a feature means that there is nothing.
fn or_absent<T>(result: Result<Option<T>, GarminError>) -> Result<Option<T>, GarminError> {
    match result {
        Err(GarminError::NotFound) => Ok(None),
        other => other,
    }
}

/// How many parts of a range are asked for at once.
const AT_ONCE: usize = 4;

/// What Garmin says about each part of a range that an endpoint takes at once, in order.
async fn in_windows<T, F>(
    range: DayRange,
    longest: u32,
    ask: impl Fn(DayRange) -> F,
) -> Result<Vec<T>, GarminError>
where
    F: Future<Output = Result<Option<T>, GarminError>>,
{
    let answers = stream::iter(range.windows(longest).map(ask)).buffered(AT_ONCE);
    answers.try_filter_map(|answer| std::future::ready(Ok(answer))).try_collect().await
}

/// The same for lists: one list, or none when every part is empty.
async fn rows_in_windows<T, F>(
    range: DayRange,
    longest: u32,
    ask: impl Fn(DayRange) -> F,
) -> Result<Option<Vec<T>>, GarminError>
where
    F: Future<Output = Result<Option<Vec<T>>, GarminError>>,
{
    let rows: Vec<T> = in_windows(range, longest, ask).await?.into_iter().flatten().collect();
    Ok(if rows.is_empty() { None } else { Some(rows) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_encoded_with_no_safe_characters() {
        let target = Target::new("/a/b")
            .segment("jo@example.org/../x?y#z\\")
            .then("/c")
            .query("date", "2026-05-01")
            .query("q", "a b");
        assert_eq!(
            target.finish(),
            "/a/b/jo%40example.org%2F..%2Fx%3Fy%23z%5C/c?date=2026-05-01&q=a+b"
        );
        assert_eq!(Target::new("/a").segment("..").finish(), "/a/%2E%2E");
        assert_eq!(Target::new("/a").segment("0a1b-c.d_e~f").finish(), "/a/0a1b-c.d_e~f");
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_segment(value in "\\PC{1,40}") {
            let path = Target::new("/a").segment(&value).finish();
            prop_assert!(path.starts_with("/a/"));
            let bad = |c: char| matches!(c, '/' | '?' | '#' | '\\' | ';') || !c.is_ascii();
            prop_assert!(!path[3..].contains(bad));
        }
    }
}

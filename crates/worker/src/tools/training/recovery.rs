//! How long until the body is ready again.

use domain::clock::Clock;
use garmin::model::TrainingReadiness;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::DayArgs;
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, tenth};

/// `get_recovery_time_remaining`
pub(super) struct Remaining;

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct RemainingAnswer {
    /// Now.
    hours_remaining: f64,
    recovered: bool,
    /// When the body will be ready, as things stand.
    clear_at: Option<String>,
    /// What Garmin said, and when.
    recovery_time_hours: f64,
    source_time: String,
}

/// Garmin asks for four days at most; more is a mistake of somebody.
const MOST_MINUTES: i64 = 30 * 24 * 60;

fn hours(minutes: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "days of minutes")]
    tenth(minutes as f64 / 60.0)
}

/// What is left of the newest recovery time: it runs down by the clock.
fn remaining(
    entries: &[TrainingReadiness],
    now: Timestamp,
    zone: &TimeZone,
) -> Option<RemainingAnswer> {
    let newest = entries.iter().filter(|it| it.at.is_some_and(|at| at <= now));
    let (at, minutes) =
        newest.max_by_key(|it| it.at).and_then(|it| it.at.zip(it.recovery_min()))?;
    let minutes = minutes.clamp(0, MOST_MINUTES);
    let clear = at.checked_add(SignedDuration::from_mins(minutes)).ok()?;
    let left = clear.duration_since(now).as_mins().max(0);
    Some(RemainingAnswer {
        hours_remaining: hours(left),
        recovered: left == 0,
        clear_at: (left > 0).then(|| moment(clear, zone)),
        recovery_time_hours: hours(minutes),
        source_time: moment(at, zone),
    })
}

fn now(clock: &dyn Clock) -> Timestamp {
    Timestamp::from_second(clock.now().0).unwrap_or_default()
}

impl Tool for Remaining {
    const NAME: &'static str = "get_recovery_time_remaining";
    const TITLE: &'static str = "Recovery time left";
    const DESCRIPTION: &'static str = "How many hours of recovery are left now, and when the \
        body will be ready for a hard session again.";
    type Args = DayArgs;
    type Answer = Reading<RemainingAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let mut entries = garmin.training_readiness(day).await?.unwrap_or_default();
        if entries.is_empty() {
            // In the night the newest assessment is yesterday's.
            entries = garmin.training_readiness(day.before()).await?.unwrap_or_default();
        }
        let answer = remaining(&entries, now(&*account.clock), &zone);
        Ok(account.reading(day, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: &str, minutes: i64, change: Option<&str>) -> TrainingReadiness {
        TrainingReadiness {
            at: Some(at.parse().unwrap()),
            recovery_time_min: Some(minutes),
            recovery_time_change: change.map(str::to_owned),
            ..TrainingReadiness::default()
        }
    }

    #[test]
    fn recovery_time_is_minutes_and_runs_down_by_the_clock() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
        let entries = [
            entry("2026-05-01T05:00:00Z", 3_000, None),
            entry("2026-05-01T10:00:00Z", 600, None),
            entry("2026-05-01T23:00:00Z", 9_000, None),
        ];
        let left = remaining(&entries, now, &zone).unwrap();
        assert_eq!((left.hours_remaining, left.recovery_time_hours), (8.0, 10.0));
        assert_eq!(left.clear_at.as_deref(), Some("2026-05-01T22:00:00+02:00"));
        assert_eq!(left.source_time, "2026-05-01T12:00:00+02:00");
        let over = [entry("2026-05-01T05:00:00Z", 60, None)];
        let left = remaining(&over, now, &zone).unwrap();
        assert_eq!((left.hours_remaining, left.recovered, left.clear_at), (0.0, true, None));
        let zero = [entry("2026-05-01T11:59:00Z", 900, Some("REACHED_ZERO"))];
        assert!(remaining(&zero, now, &zone).unwrap().recovered);
        assert_eq!(remaining(&[], now, &zone), None);
    }
}

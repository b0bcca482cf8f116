//! How ready the body was after waking up.

use garmin::model::{DailySummary, Hrv, Night, TrainingReadiness};
use schemars::JsonSchema;
use serde::Serialize;

use super::day::{DayArgs, level};
use super::readiness::{Which, chosen, hours};
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{moment, whole, word};

/// `get_morning_training_readiness`
pub(super) struct MorningReadiness;

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct MorningAnswer {
    /// 0 to 100.
    readiness_score: Option<i64>,
    /// `prime`, `high`, `moderate`, `low` or `poor`.
    readiness_level: Option<String>,
    feedback: Option<String>,
    timestamp: Option<String>,
    recovery_time_hours: Option<f64>,
    sleep_score: Option<i64>,
    sleep_quality: Option<String>,
    hrv_status: Option<String>,
    /// Milliseconds.
    hrv_last_night: Option<i64>,
    hrv_weekly_avg: Option<i64>,
    /// Where the person's own weekly average usually lies, in milliseconds.
    hrv_baseline: Option<Band>,
    resting_heart_rate_bpm: Option<i64>,
    /// At waking up.
    body_battery_percent: Option<i64>,
    /// Average in sleep.
    stress_level: Option<i64>,
    acute_load: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Band {
    balanced_from_ms: Option<i64>,
    balanced_to_ms: Option<i64>,
}

/// Readiness says what Garmin concluded; the night and the morning say from what.
fn answer(
    entry: &TrainingReadiness,
    night: Option<Night>,
    hrv: Option<Hrv>,
    day: Option<DailySummary>,
) -> MorningAnswer {
    let night = night.unwrap_or_default();
    let sleep = night.sleep.unwrap_or_default();
    let overall = sleep.scores.and_then(|scores| scores.overall);
    let hrv = hrv.and_then(|hrv| hrv.summary).unwrap_or_default();
    let day = day.unwrap_or_default();
    let status = hrv.status.or(night.hrv_status);
    MorningAnswer {
        readiness_score: entry.score,
        readiness_level: entry.level.as_deref().map(word),
        feedback: entry.feedback_short.as_deref().map(word),
        timestamp: None,
        recovery_time_hours: entry.recovery_min().map(hours),
        sleep_score: entry.sleep_score.or(overall.as_ref().and_then(|it| it.value)),
        sleep_quality: overall.and_then(|it| it.qualifier).as_deref().map(word),
        hrv_status: status.as_deref().map(word),
        hrv_last_night: hrv.last_night_average_ms.or(night.overnight_hrv_ms.map(whole)),
        hrv_weekly_avg: entry.hrv_weekly_average_ms.or(hrv.weekly_average_ms),
        hrv_baseline: hrv.baseline.map(|it| Band {
            balanced_from_ms: it.balanced_low_ms,
            balanced_to_ms: it.balanced_upper_ms,
        }),
        resting_heart_rate_bpm: night.resting_heart_rate.or(day.resting_heart_rate),
        body_battery_percent: level(day.body_battery_at_wake),
        stress_level: level(sleep.average_stress.map(whole)),
        acute_load: entry.acute_load,
        warnings: Vec::new(),
    }
}

impl Tool for MorningReadiness {
    const NAME: &'static str = "get_morning_training_readiness";
    const TITLE: &'static str = "Readiness to train in the morning";
    const DESCRIPTION: &'static str = "How ready the body was after waking up: score, recovery \
        time, and the night behind it. get_training_readiness has later assessments.";
    type Args = DayArgs;
    type Answer = Reading<MorningAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let (entries, night, hrv, summary) = tokio::join!(
            garmin.training_readiness(day),
            extras.read("sleep", garmin.sleep(day)),
            extras.read("hrv", garmin.hrv(day)),
            extras.read("body_battery", garmin.daily_summary(day)),
        );
        let mut warnings = Vec::new();
        let night = Missing::warned(night, &mut warnings)?.flatten().filter(Night::is_recorded);
        let hrv = Missing::warned(hrv, &mut warnings)?.flatten();
        let summary = Missing::warned(summary, &mut warnings)?.flatten();
        let entry = chosen(entries?.unwrap_or_default(), Which::Morning).into_iter().next();
        let data = entry.map(|entry| {
            let timestamp = entry.at.map(|at| moment(at, &zone));
            MorningAnswer { timestamp, warnings, ..answer(&entry, night, hrv, summary) }
        });
        Ok(account.reading(day, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d04_the_morning_is_read_from_fields_garmin_sends_and_recovery_is_in_hours() {
        let entry = TrainingReadiness {
            score: Some(71),
            level: Some("MODERATE".into()),
            recovery_time_min: Some(1_110),
            acute_load: Some(420),
            ..TrainingReadiness::default()
        };
        let day = DailySummary {
            body_battery_at_wake: Some(86),
            resting_heart_rate: Some(52),
            ..DailySummary::default()
        };
        let shown = answer(&entry, None, None, Some(day));
        assert_eq!((shown.readiness_score, shown.recovery_time_hours), (Some(71), Some(18.5)));
        assert_eq!(shown.readiness_level.as_deref(), Some("moderate"));
        assert_eq!((shown.body_battery_percent, shown.acute_load), (Some(86), Some(420)));
        assert_eq!((shown.hrv_last_night, shown.stress_level), (None, None));
    }

    #[test]
    fn d04_recovered_in_words_means_no_hours_left() {
        let entry = TrainingReadiness {
            recovery_time_min: Some(60),
            recovery_time_change: Some("REACHED_ZERO".into()),
            ..TrainingReadiness::default()
        };
        assert_eq!(answer(&entry, None, None, None).recovery_time_hours, Some(0.0));
    }
}

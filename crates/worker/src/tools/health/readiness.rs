//! Readiness to train.

use garmin::model::TrainingReadiness;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Reading;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, moment_there, tenth, word};

/// `get_training_readiness`
pub(super) struct Readiness;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadinessArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    /// Garmin assesses several times a day: `latest`, `morning` (after waking up) or `all`.
    #[serde(default)]
    #[schemars(with = "Option<Which>")]
    which: Which,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Which {
    #[default]
    Latest,
    Morning,
    All,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReadinessAnswer {
    /// Newest first.
    entries: Vec<Assessment>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Assessment {
    date: Option<String>,
    timestamp: Option<String>,
    /// What made Garmin assess anew, such as `after_wakeup_reset`.
    context: Option<String>,
    /// Whether this is the assessment after waking up.
    morning: bool,
    /// 0 to 100.
    score: Option<i64>,
    /// `prime`, `high`, `moderate`, `low` or `poor`.
    level: Option<String>,
    feedback: Option<String>,
    sleep_score: Option<i64>,
    /// What speaks for or against training, here and below; 100 % is best.
    sleep_factor_percent: Option<i64>,
    sleep_factor_feedback: Option<String>,
    recovery_factor_percent: Option<i64>,
    recovery_factor_feedback: Option<String>,
    training_load_factor_percent: Option<i64>,
    training_load_feedback: Option<String>,
    hrv_factor_percent: Option<i64>,
    hrv_factor_feedback: Option<String>,
    stress_history_factor_percent: Option<i64>,
    stress_history_feedback: Option<String>,
    sleep_history_factor_percent: Option<i64>,
    sleep_history_feedback: Option<String>,
    /// Time until recovered.
    recovery_time_hours: Option<f64>,
    acute_load: Option<i64>,
    /// Milliseconds.
    hrv_weekly_avg: Option<i64>,
}

pub(super) fn hours(minutes: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most some days of minutes")]
    tenth(minutes as f64 / 60.0)
}

fn assessment(entry: &TrainingReadiness, zone: &TimeZone) -> Assessment {
    Assessment {
        date: entry.date.map(|date| date.to_string()),
        timestamp: entry
            .at
            .map(|at| moment(at, zone))
            .or_else(|| moment_there(None, entry.at_local)),
        context: entry.context.as_deref().map(word),
        morning: entry.is_morning(),
        score: entry.score,
        level: entry.level.as_deref().map(word),
        feedback: entry.feedback_short.as_deref().map(word),
        sleep_score: entry.sleep_score,
        sleep_factor_percent: entry.sleep_score_factor_pct,
        sleep_factor_feedback: entry.sleep_score_factor_feedback.as_deref().map(word),
        recovery_factor_percent: entry.recovery_time_factor_pct,
        recovery_factor_feedback: entry.recovery_time_factor_feedback.as_deref().map(word),
        training_load_factor_percent: entry.load_ratio_factor_pct,
        training_load_feedback: entry.load_ratio_factor_feedback.as_deref().map(word),
        hrv_factor_percent: entry.hrv_factor_pct,
        hrv_factor_feedback: entry.hrv_factor_feedback.as_deref().map(word),
        stress_history_factor_percent: entry.stress_history_factor_pct,
        stress_history_feedback: entry.stress_history_factor_feedback.as_deref().map(word),
        sleep_history_factor_percent: entry.sleep_history_factor_pct,
        sleep_history_feedback: entry.sleep_history_factor_feedback.as_deref().map(word),
        recovery_time_hours: entry.recovery_min().map(hours),
        acute_load: entry.acute_load,
        hrv_weekly_avg: entry.hrv_weekly_average_ms,
    }
}

/// The assessments asked for, newest first. Without a morning one there is none to show.
pub(super) fn chosen(entries: Vec<TrainingReadiness>, which: Which) -> Vec<TrainingReadiness> {
    let scored = entries.into_iter().filter(|entry| entry.score.is_some() || entry.level.is_some());
    match which {
        Which::Latest => scored.take(1).collect(),
        Which::Morning => scored.filter(TrainingReadiness::is_morning).take(1).collect(),
        Which::All => scored.collect(),
    }
}

impl Tool for Readiness {
    const NAME: &'static str = "get_training_readiness";
    const TITLE: &'static str = "Readiness to train";
    const DESCRIPTION: &'static str = "How ready the body is on a day: score, level, recovery time \
        left, and what sleep, load, HRV and stress contribute.";
    type Args = ReadinessArgs;
    type Answer = Reading<ReadinessAnswer>;

    async fn call(account: &Account, args: ReadinessArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let entries = garmin.training_readiness(day).await?.unwrap_or_default();
        let entries: Vec<Assessment> =
            chosen(entries, args.which).iter().map(|entry| assessment(entry, &zone)).collect();
        let answer = (!entries.is_empty()).then_some(ReadinessAnswer { entries });
        Ok(account.reading(day, today, answer).await)
    }
}

//! Readiness to train.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::model;

model! {
    /// One assessment; a day has several, newest first.
    TrainingReadiness as "training readiness" {
        "calendarDate" => date: Date,
        "timestamp" => at: Timestamp,
        "timestampLocal" => at_local: DateTime,
        /// `PRIME`, `HIGH`, `MODERATE`, `LOW`, `POOR`.
        "level" => level: String,
        "feedbackShort" => feedback_short: String,
        "score" => score: i64,
        "sleepScore" => sleep_score: i64,
        "sleepScoreFactorPercent" => sleep_score_factor_pct: i64,
        "sleepScoreFactorFeedback" => sleep_score_factor_feedback: String,
        /// Minutes, whatever other clients call it.
        "recoveryTime" => recovery_time_min: i64,
        "recoveryTimeFactorPercent" => recovery_time_factor_pct: i64,
        "recoveryTimeFactorFeedback" => recovery_time_factor_feedback: String,
        /// `REACHED_ZERO` means recovered, whatever the number says.
        "recoveryTimeChangePhrase" => recovery_time_change: String,
        "acwrFactorPercent" => load_ratio_factor_pct: i64,
        "acwrFactorFeedback" => load_ratio_factor_feedback: String,
        "acuteLoad" => acute_load: i64,
        "stressHistoryFactorPercent" => stress_history_factor_pct: i64,
        "stressHistoryFactorFeedback" => stress_history_factor_feedback: String,
        "hrvFactorPercent" => hrv_factor_pct: i64,
        "hrvFactorFeedback" => hrv_factor_feedback: String,
        "hrvWeeklyAverage" => hrv_weekly_average_ms: i64,
        "sleepHistoryFactorPercent" => sleep_history_factor_pct: i64,
        "sleepHistoryFactorFeedback" => sleep_history_factor_feedback: String,
        /// `AFTER_WAKEUP_RESET` marks the morning's assessment.
        "inputContext" => context: String,
    }
}

impl TrainingReadiness {
    #[must_use]
    pub fn is_morning(&self) -> bool {
        self.context.as_deref() == Some("AFTER_WAKEUP_RESET")
    }

    /// Minutes until recovered; zero where Garmin says so in words.
    #[must_use]
    pub fn recovery_min(&self) -> Option<i64> {
        if self.recovery_time_change.as_deref() == Some("REACHED_ZERO") {
            Some(0)
        } else {
            self.recovery_time_min
        }
    }
}

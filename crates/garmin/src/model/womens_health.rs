//! The menstrual cycle and pregnancy. Only the field names are documented, not every type, so
//! numbers are read from text as well.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::lenient::Lenient;
use super::{model, times};

/// A day on which something was written down: a bare date, or an object that names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedDay(pub Date);

impl Lenient for LoggedDay {
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        let value = Value::deserialize(from)?;
        let named = value.get("calendarDate").or_else(|| value.get("date"));
        let text = named.unwrap_or(&value).as_str();
        Ok(text.and_then(times::date).map(Self))
    }
}

model! {
    /// A day of the cycle.
    CycleDay as "day of the cycle" {
        "daySummary" => summary: CycleSummaryDay,
        "dayLog" => log: CycleLog,
    }

    CycleSummaryDay as "state of the cycle" {
        "startDate" => cycle_start: Date,
        "dayInCycle" => day_in_cycle: i64,
        "periodLength" => period_length_days: i64,
        /// A number or a word, by the version of the service.
        "currentPhase" => phase: String,
        "lengthOfCurrentPhase" => phase_length_days: i64,
        "daysUntilNextPhase" => days_until_next_phase: i64,
        /// Counted from the first day of the cycle.
        "fertileWindowStart" => fertile_window_start_day: i64,
        "lengthOfFertileWindow" => fertile_window_length_days: i64,
        "predictedCycleLength" => predicted_cycle_length_days: i64,
        "cycleType" => cycle_type: String,
        "predictedCycle" => predicted: bool,
        "pregnancyCycle" => pregnancy: bool,
        "numberOfWeek" => pregnancy_week: i64,
        "dueDate" => due_date: Date,
    }

    /// What the person wrote down.
    CycleLog as "diary of the cycle" {
        "calendarDate" => date: Date,
        "symptoms" => symptoms: Vec<String>,
        "moods" => moods: Vec<String>,
        "flow" => flow: String,
        "discharge" => discharge: Vec<String>,
        "sexDrive" => sex_drive: String,
        "sexualActivity" => sexual_activity: String,
        "notes" => notes: String,
        "ovulationDay" => ovulation_day: bool,
    }

    MenstrualCalendar as "calendar of the cycle" {
        "cycleSummaries" => cycles: Vec<CycleSummary>,
        "loggedSymptomDays" => symptom_days: Vec<LoggedDay>,
        "loggedOvulationDays" => ovulation_days: Vec<LoggedDay>,
        "loggedNoteDays" => note_days: Vec<LoggedDay>,
    }

    /// One cycle, past or predicted.
    CycleSummary as "a cycle" {
        "startDate" => start: Date,
        "periodLength" => period_length_days: i64,
        "cycleLength" | "predictedCycleLength" => cycle_length_days: i64,
        "fertileWindowStart" => fertile_window_start_day: i64,
        "lengthOfFertileWindow" => fertile_window_length_days: i64,
        "cycleType" => cycle_type: String,
        "predictedCycle" => predicted: bool,
        "pregnancyCycle" => pregnancy: bool,
    }

    Pregnancy as "pregnancy" {
        "currentWeek" | "numberOfWeek" | "weekOfPregnancy" => week: i64,
        "dayOfWeek" | "currentDayOfWeek" => day_of_week: i64,
        "trimester" | "currentTrimester" => trimester: i64,
        "dueDate" => due_date: Date,
        "startDate" | "pregnancyStartDate" => start: Date,
        "daysUntilDue" | "daysUntilDueDate" => days_until_due: i64,
        "numberOfBabies" => babies: i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn logged_days_are_dates_or_objects_with_one() {
        let calendar: MenstrualCalendar = decode(
            br#"{"cycleSummaries":[],"loggedSymptomDays":["2026-05-01",{"calendarDate":
                "2026-05-02"},{"x":1},7,null],"loggedOvulationDays":[]}"#,
        )
        .unwrap()
        .unwrap();
        let days: Vec<String> =
            calendar.symptom_days.unwrap().iter().map(|day| day.0.to_string()).collect();
        assert_eq!(days, ["2026-05-01", "2026-05-02"]);
    }

    #[test]
    fn a_phase_is_a_number_or_a_word() {
        for (phase, read) in [("2", "2"), (r#""OVULATION""#, "OVULATION")] {
            let body = format!(r#"{{"daySummary":{{"dayInCycle":12,"currentPhase":{phase}}}}}"#);
            let day: CycleDay = decode(body.as_bytes()).unwrap().unwrap();
            assert_eq!(day.summary.unwrap().phase.as_deref(), Some(read));
        }
    }
}

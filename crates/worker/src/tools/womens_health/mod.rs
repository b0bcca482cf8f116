//! The menstrual cycle and pregnancy, for those who have set them up.

use garmin::model::{CycleDay, CycleSummary, LoggedDay, MenstrualCalendar, Pregnancy};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::health::DayArgs;
use crate::account::Account;
use crate::answer::{Status, Stretch};
use crate::args::{NoArgs, RangeArgs, Reach, Window};
use crate::error::ToolError;
use crate::tool::{Entry, Tool};
use crate::tools::numbers::word;

pub(super) static ALL: &[Entry] =
    &[Entry::of::<CycleDayTool>(), Entry::of::<CycleCalendar>(), Entry::of::<PregnancySummary>()];

/// `get_menstrual_data_for_date`
struct CycleDayTool;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CycleAnswer {
    status: Status,
    date: String,
    cycle_start_date: Option<String>,
    day_in_cycle: Option<i64>,
    /// `period`, `follicular`, `fertile` or `luteal`.
    phase: Option<String>,
    phase_length_days: Option<i64>,
    days_until_next_phase: Option<i64>,
    period_length_days: Option<i64>,
    predicted_cycle_length_days: Option<i64>,
    predicted_next_period_date: Option<String>,
    fertile_window_start_date: Option<String>,
    fertile_window_length_days: Option<i64>,
    cycle_type: Option<String>,
    predicted: Option<bool>,
    pregnancy: Option<bool>,
    pregnancy_week: Option<i64>,
    due_date: Option<String>,
    symptoms: Option<Vec<String>>,
    moods: Option<Vec<String>>,
    flow: Option<String>,
    discharge: Option<Vec<String>>,
    sex_drive: Option<String>,
    sexual_activity: Option<String>,
    ovulation_day: Option<bool>,
    notes: Option<String>,
}

/// Garmin numbers the phases; newer services name them.
fn phase(told: &str) -> String {
    match told.trim() {
        "1" => "period".to_owned(),
        "2" => "follicular".to_owned(),
        "3" => "fertile".to_owned(),
        "4" => "luteal".to_owned(),
        named => word(named),
    }
}

/// The day of the cycle with this number, counted from one.
fn nth(start: Option<Date>, day: Option<i64>) -> Option<String> {
    let days = day?.checked_sub(1).filter(|days| (0..=400).contains(days))?;
    start?.checked_add(jiff::Span::new().days(days)).ok().map(|date| date.to_string())
}

fn words(all: Option<Vec<String>>) -> Option<Vec<String>> {
    let all = all.filter(|all| !all.is_empty())?;
    Some(all.iter().map(|one| word(one)).collect())
}

fn cycle_day(day: garmin::days::Day, found: Option<CycleDay>) -> CycleAnswer {
    let known = found.is_some();
    let CycleDay { summary, log } = found.unwrap_or_default();
    let (summary, log) = (summary.unwrap_or_default(), log.unwrap_or_default());
    let start = summary.cycle_start;
    let length = summary.predicted_cycle_length_days;
    CycleAnswer {
        status: if known { Status::Ok } else { Status::NoData },
        date: day.to_string(),
        cycle_start_date: start.map(|date| date.to_string()),
        day_in_cycle: summary.day_in_cycle,
        phase: summary.phase.as_deref().map(phase),
        phase_length_days: summary.phase_length_days,
        days_until_next_phase: summary.days_until_next_phase,
        period_length_days: summary.period_length_days,
        predicted_cycle_length_days: length,
        predicted_next_period_date: nth(start, length.and_then(|days| days.checked_add(1))),
        fertile_window_start_date: nth(start, summary.fertile_window_start_day),
        fertile_window_length_days: summary.fertile_window_length_days,
        cycle_type: summary.cycle_type.as_deref().map(word),
        predicted: summary.predicted,
        pregnancy: summary.pregnancy,
        pregnancy_week: summary.pregnancy_week,
        due_date: summary.due_date.map(|date| date.to_string()),
        symptoms: words(log.symptoms),
        moods: words(log.moods),
        flow: log.flow.as_deref().map(word),
        discharge: words(log.discharge),
        sex_drive: log.sex_drive.as_deref().map(word),
        sexual_activity: log.sexual_activity.as_deref().map(word),
        ovulation_day: log.ovulation_day,
        notes: log.notes,
    }
}

impl Tool for CycleDayTool {
    const NAME: &'static str = "get_menstrual_data_for_date";
    const TITLE: &'static str = "Day of the menstrual cycle";
    const DESCRIPTION: &'static str = "Day and phase of the menstrual cycle, predictions, and \
        the symptoms and moods written down for one day.";
    type Args = DayArgs;
    type Answer = CycleAnswer;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        // Predictions are about days to come.
        let day = args.date.within("date", today, Reach::AnyDay)?;
        let found = account.garmin()?.cycle_day(day, today).await?;
        Ok(cycle_day(day, found))
    }
}

/// `get_menstrual_calendar_data`
struct CycleCalendar;

/// Four questions of ninety days.
const LONGEST: u32 = 360;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CalendarAnswer {
    /// Oldest first.
    cycles: Vec<Cycle>,
    /// Cycles to come, as Garmin predicts them.
    predictions: Vec<Cycle>,
    symptom_days: Vec<String>,
    ovulation_days: Vec<String>,
    note_days: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "names of keys in the result")]
struct Cycle {
    start_date: String,
    period_length_days: Option<i64>,
    cycle_length_days: Option<i64>,
    fertile_window_start_date: Option<String>,
    fertile_window_length_days: Option<i64>,
    cycle_type: Option<String>,
    pregnancy: Option<bool>,
}

fn cycle(it: &CycleSummary) -> Option<Cycle> {
    Some(Cycle {
        start_date: it.start?.to_string(),
        period_length_days: it.period_length_days,
        cycle_length_days: it.cycle_length_days,
        fertile_window_start_date: nth(it.start, it.fertile_window_start_day),
        fertile_window_length_days: it.fertile_window_length_days,
        cycle_type: it.cycle_type.as_deref().map(word),
        pregnancy: it.pregnancy,
    })
}

fn calendar(parts: &[MenstrualCalendar]) -> Option<CalendarAnswer> {
    let mut cycles: Vec<&CycleSummary> =
        parts.iter().flat_map(|part| part.cycles.iter().flatten()).collect();
    cycles.sort_by_key(|it| it.start);
    // A cycle that spans two questions is told twice.
    cycles.dedup_by_key(|it| it.start);
    let (predicted, past): (Vec<&CycleSummary>, Vec<&CycleSummary>) =
        cycles.into_iter().partition(|it| it.predicted == Some(true));
    let days = |of: fn(&MenstrualCalendar) -> Option<&Vec<LoggedDay>>| {
        let mut days: Vec<Date> = parts.iter().filter_map(of).flatten().map(|day| day.0).collect();
        days.sort_unstable();
        days.dedup();
        days.iter().map(Date::to_string).collect::<Vec<String>>()
    };
    let answer = CalendarAnswer {
        cycles: past.into_iter().filter_map(cycle).collect(),
        predictions: predicted.into_iter().filter_map(cycle).collect(),
        symptom_days: days(|part| part.symptom_days.as_ref()),
        ovulation_days: days(|part| part.ovulation_days.as_ref()),
        note_days: days(|part| part.note_days.as_ref()),
    };
    let any = !answer.cycles.is_empty()
        || !answer.predictions.is_empty()
        || !answer.symptom_days.is_empty()
        || !answer.ovulation_days.is_empty()
        || !answer.note_days.is_empty();
    any.then_some(answer)
}

impl Tool for CycleCalendar {
    const NAME: &'static str = "get_menstrual_calendar_data";
    const TITLE: &'static str = "Calendar of the menstrual cycle";
    const DESCRIPTION: &'static str = "Menstrual cycles, predictions and logged days of a range \
        of at most 360 days, which may lie ahead.";
    type Args = RangeArgs;
    type Answer = Stretch<CalendarAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let window = Window { usual: 90, longest: LONGEST, reach: Reach::AnyDay };
        let range = args.range(today, window)?;
        let parts = account.garmin()?.cycle_calendar(range).await?;
        Ok(Stretch::new(range, None, calendar(&parts)))
    }
}

/// `get_pregnancy_summary`
struct PregnancySummary;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PregnancyAnswer {
    status: Status,
    week: Option<i64>,
    day_of_week: Option<i64>,
    trimester: Option<i64>,
    start_date: Option<String>,
    due_date: Option<String>,
    days_until_due: Option<i64>,
    babies: Option<i64>,
}

fn pregnancy(found: Option<Pregnancy>) -> PregnancyAnswer {
    let known = found.is_some();
    let it = found.unwrap_or_default();
    PregnancyAnswer {
        status: if known { Status::Ok } else { Status::NoData },
        week: it.week,
        day_of_week: it.day_of_week,
        trimester: it.trimester,
        start_date: it.start.map(|date| date.to_string()),
        due_date: it.due_date.map(|date| date.to_string()),
        days_until_due: it.days_until_due,
        babies: it.babies,
    }
}

impl Tool for PregnancySummary {
    const NAME: &'static str = "get_pregnancy_summary";
    const TITLE: &'static str = "Pregnancy";
    const DESCRIPTION: &'static str = "Week and due date of a pregnancy that is followed in \
        Garmin Connect.";
    type Args = NoArgs;
    type Answer = PregnancyAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        Ok(pregnancy(account.garmin()?.pregnancy().await?))
    }
}

#[cfg(test)]
mod tests {
    use garmin::model::CycleSummaryDay;

    use super::*;

    #[test]
    fn days_of_the_cycle_are_dates() {
        let summary = CycleSummaryDay {
            cycle_start: Some("2026-04-20".parse().unwrap()),
            day_in_cycle: Some(12),
            phase: Some("2".into()),
            fertile_window_start_day: Some(10),
            predicted_cycle_length_days: Some(28),
            ..CycleSummaryDay::default()
        };
        let found = CycleDay { summary: Some(summary), log: None };
        let shown = cycle_day("2026-05-01".parse().unwrap(), Some(found));
        assert_eq!(shown.fertile_window_start_date.as_deref(), Some("2026-04-29"));
        assert_eq!(shown.predicted_next_period_date.as_deref(), Some("2026-05-18"));
        assert_eq!(shown.phase.as_deref(), Some("follicular"));
        assert_eq!(nth(Some("2026-04-20".parse().unwrap()), Some(i64::MIN)), None);
        assert_eq!(cycle_day("2026-05-01".parse().unwrap(), None).status, Status::NoData);
    }

    #[test]
    fn a_cycle_told_twice_is_one_and_predictions_are_apart() {
        let cycle = |start: &str, predicted| CycleSummary {
            start: Some(start.parse().unwrap()),
            predicted: Some(predicted),
            ..CycleSummary::default()
        };
        let part = |cycles| MenstrualCalendar { cycles: Some(cycles), ..Default::default() };
        let parts = [
            part(vec![cycle("2026-04-20", false)]),
            part(vec![cycle("2026-04-20", false), cycle("2026-05-18", true)]),
        ];
        let shown = calendar(&parts).unwrap();
        assert_eq!((shown.cycles.len(), shown.predictions.len()), (1, 1));
        assert!(calendar(&[MenstrualCalendar::default()]).is_none());
    }
}

//! Load over many days.
//!
//! Garmin's report tells every day in one answer. Where an account has none, the days are asked
//! for one by one, as long as that stays bearable; and where Garmin keeps no load at all, it is
//! worked out from the load of the activities, which `basis` says.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use garmin::days::{Day, DayRange};
use garmin::model::{ActivityLoad, DeviceStatus, LoadReport, MaxMetrics, TrainingStatus};
use garmin::{Garmin, GarminError};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use training::load::{Model, Seed, WARM_UP_DAYS, follow};

use super::load::label;
use super::{TREND, if_offered};
use crate::account::Account;
use crate::answer::{Coverage, Stretch};
use crate::args::RangeArgs;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, tenth, word};
use crate::tools::table::Table;

/// `get_training_load_trend`
pub(super) struct LoadTrend;

/// More days than this are not asked for one by one.
const MOST_SINGLE_DAYS: u32 = 92;
const AT_ONCE: usize = 4;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TrendAnswer {
    basis: Basis,
    days_with_data: usize,
    coverage: Coverage,
    trend: Table,
}

/// Where the numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Basis {
    Garmin,
    /// From the load of each activity; not comparable with Garmin's own.
    ComputedFromActivities,
}

const COLUMNS: [&str; 13] = [
    "date",
    "atl",
    "ctl",
    "tsb",
    "acwr",
    "acwr_status",
    "acwr_percent",
    "optimal_chronic_load_min",
    "optimal_chronic_load_max",
    "training_status",
    "training_status_code",
    "fitness_trend",
    "vo2_max",
];

/// Days that say nothing about load or status have no row.
fn row(day: &DeviceStatus, vo2_max: Option<f64>) -> Option<Vec<Value>> {
    let date = day.date?;
    let load = day.load.clone().unwrap_or_default();
    if load.acute.is_none() && load.chronic.is_none() && day.code.is_none() && day.phrase.is_none()
    {
        return None;
    }
    let balance = load.chronic.zip(load.acute).map(|(chronic, acute)| tenth(chronic - acute));
    Some(vec![
        json!(date.to_string()),
        json!(load.acute.map(tenth)),
        json!(load.chronic.map(tenth)),
        json!(balance),
        json!(load.ratio.map(hundredth)),
        json!(load.ratio_status.as_deref().map(word)),
        json!(load.ratio_pct),
        json!(load.optimal_from.map(tenth)),
        json!(load.optimal_to.map(tenth)),
        json!(day.phrase.as_deref().map(label)),
        json!(day.code),
        json!(day.trend),
        json!(vo2_max),
    ])
}

/// The newest VO2 max on or before each day. In the order of their days.
fn vo2_on(values: &[(Date, f64)], date: Date) -> Option<f64> {
    let at = values.partition_point(|(of, _)| *of <= date);
    values[..at].last().map(|(_, value)| *value)
}

fn vo2_values(rows: impl Iterator<Item = MaxMetrics>) -> Vec<(Date, f64)> {
    let mut values: Vec<(Date, f64)> =
        rows.filter_map(|row| row.running.and_then(|it| it.date.zip(it.value))).collect();
    values.sort_by_key(|(date, _)| *date);
    values
}

/// Whether the report has a row for most days and not only one a week.
fn is_daily(days: &[&DeviceStatus]) -> bool {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return false };
    let span = first.date.zip(last.date).and_then(|(first, last)| first.until(last).ok());
    let span = span.and_then(|span| usize::try_from(span.get_days()).ok()).unwrap_or(0);
    days.len() * 3 > span
}

fn within(range: DayRange, date: Option<Date>) -> bool {
    date.is_some_and(|date| (range.first().date()..=range.last().date()).contains(&date))
}

/// One day after the other, four at a time.
async fn day_by_day(garmin: &Garmin, range: DayRange) -> Result<Vec<Vec<Value>>, GarminError> {
    let answers = stream::iter(range.days())
        .map(|day| async move { garmin.training_status(day).await.map(|found| (day, found)) })
        .buffered(AT_ONCE);
    let found: Vec<(Day, Option<TrainingStatus>)> = answers.try_collect().await?;
    let rows = found.into_iter().filter_map(|(day, status)| {
        let status = status?;
        let mut state = status.status.as_ref()?.main()?.clone();
        // The newest as of that day: a day that was not synced repeats the one before.
        state.date = Some(day.date());
        let running = status.vo2_max.and_then(|it| it.running);
        row(&state, running.and_then(|it| it.value))
    });
    Ok(rows.collect())
}

/// Fitness and fatigue from what the activities added, as training platforms do.
fn computed(loads: &[ActivityLoad], first: Day, range: DayRange) -> Vec<Vec<Value>> {
    let Ok(all) = DayRange::new(first, range.last(), u32::MAX) else { return Vec::new() };
    let of_day = |day: Day| -> f64 {
        let here =
            |load: &&ActivityLoad| load.start_local.is_some_and(|start| start.date() == day.date());
        loads.iter().filter(here).filter_map(|load| load.load).sum()
    };
    let daily: Vec<f64> = all.days().map(of_day).collect();
    let model = Model { seed: Seed::Zero, ..Model::default() };
    let shown = all.days().zip(follow(&daily, &model)).filter(|(day, _)| *day >= range.first());
    shown
        .map(|(day, form)| {
            let mut row = vec![Value::Null; COLUMNS.len()];
            row[0] = json!(day.to_string());
            row[1] = json!(tenth(form.fatigue));
            row[2] = json!(tenth(form.fitness));
            row[3] = json!(tenth(form.fitness - form.fatigue));
            row
        })
        .collect()
}

impl LoadTrend {
    async fn rows(garmin: &Garmin, range: DayRange) -> Result<(Basis, Vec<Vec<Value>>), ToolError> {
        let (reports, recent, before) = tokio::join!(
            garmin.load_reports(range),
            garmin.max_metrics(range),
            garmin.latest_max_metrics(range.first()),
        );
        let reports: Vec<LoadReport> = if_offered(reports.map(Some))?.unwrap_or_default();
        let vo2 = vo2_values(
            if_offered(before)?.into_iter().chain(if_offered(recent)?.unwrap_or_default()),
        );
        let days: Vec<&DeviceStatus> = reports
            .iter()
            .flat_map(LoadReport::days)
            .filter(|day| within(range, day.date))
            .collect();
        let mut rows: Vec<Vec<Value>> = days
            .iter()
            .filter_map(|day| row(day, day.date.and_then(|date| vo2_on(&vo2, date))))
            .collect();
        if range.length() <= MOST_SINGLE_DAYS && !is_daily(&days) {
            let single = day_by_day(garmin, range).await?;
            if !single.is_empty() {
                rows = single;
            }
        }
        if !rows.is_empty() {
            return Ok((Basis::Garmin, rows));
        }
        let first = range.first().back(WARM_UP_DAYS);
        let Ok(all) = DayRange::new(first, range.last(), u32::MAX) else {
            return Ok((Basis::ComputedFromActivities, Vec::new()));
        };
        let loads = if_offered(garmin.activity_loads(all).await)?.unwrap_or_default();
        let known = loads.iter().any(|load| load.load.is_some() && load.start_local.is_some());
        let rows = if known { computed(&loads, first, range) } else { Vec::new() };
        Ok((Basis::ComputedFromActivities, rows))
    }
}

impl Tool for LoadTrend {
    const NAME: &'static str = "get_training_load_trend";
    const TITLE: &'static str = "Training load over days";
    const DESCRIPTION: &'static str = "Fatigue (atl), fitness (ctl), form (tsb), their ratio, \
        training status and VO2 max, day by day. Four weeks unless asked for more.";
    type Args = RangeArgs;
    type Answer = Stretch<TrendAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, TREND)?;
        let garmin = account.garmin()?;
        let (basis, rows) = Self::rows(&garmin, range).await?;
        let answer = (!rows.is_empty()).then(|| TrendAnswer {
            basis,
            days_with_data: rows.len(),
            coverage: Coverage { days_requested: range.length(), days_with_data: rows.len() },
            trend: Table::of(&COLUMNS, rows),
        });
        Ok(account.stretch(range, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn d02_load_is_read_from_the_level_of_the_device() {
        let report: LoadReport = serde_json::from_str(
            r#"{"reportData":{"3300000001":[{"calendarDate":"2026-05-01",
                "primaryTrainingDevice":true,"trainingStatusFeedbackPhrase":"PRODUCTIVE_3",
                "acuteTrainingLoadDTO":{"dailyTrainingLoadAcute":410,
                "dailyTrainingLoadChronic":360.0,"dailyAcuteChronicWorkloadRatio":1.1}}]}}"#,
        )
        .unwrap();
        let row = row(report.days()[0], Some(47.0)).unwrap();
        assert_eq!(row[1..5], [json!(410.0), json!(360.0), json!(-50.0), json!(1.1)]);
        assert_eq!((&row[9], &row[12]), (&json!("productive"), &json!(47.0)));
        assert_eq!(super::row(&DeviceStatus::default(), None), None);
    }

    #[test]
    fn the_newest_vo2_max_holds_until_the_next_one() {
        let values = [("2026-05-01", 47.0), ("2026-05-03", 48.0)]
            .map(|(date, value)| (date.parse().unwrap(), value));
        let on = |date: &str| vo2_on(&values, date.parse().unwrap());
        assert_eq!(on("2026-04-30"), None);
        assert_eq!((on("2026-05-02"), on("2026-05-09")), (Some(47.0), Some(48.0)));
    }

    #[test]
    fn a_row_a_week_is_not_a_row_a_day() {
        let of = |dates: &[&str]| -> Vec<DeviceStatus> {
            let status = |date: &&str| DeviceStatus {
                date: Some(date.parse().unwrap()),
                ..DeviceStatus::default()
            };
            dates.iter().map(status).collect()
        };
        let daily = of(&["2026-05-01", "2026-05-02", "2026-05-04"]);
        assert!(is_daily(&daily.iter().collect::<Vec<_>>()));
        let weekly = of(&["2026-05-01", "2026-05-08", "2026-05-15", "2026-05-22"]);
        assert!(!is_daily(&weekly.iter().collect::<Vec<_>>()));
        assert!(!is_daily(&[]));
    }

    #[test]
    fn without_garmins_load_it_is_worked_out_and_rest_days_count_as_nothing() {
        let loads = [ActivityLoad {
            start_local: Some("2026-05-02T18:00:00".parse().unwrap()),
            load: Some(70.0),
            ..ActivityLoad::default()
        }];
        let range = DayRange::new(day("2026-05-02"), day("2026-05-03"), 10).unwrap();
        let rows = computed(&loads, day("2026-05-01"), range);
        assert_eq!(rows[0][..4], [json!("2026-05-02"), json!(10.0), json!(1.7), json!(-8.3)]);
        assert_eq!(rows[1][1], json!(8.6));
    }
}

//! VO2 max: on a day, and over many.

use std::collections::BTreeMap;

use garmin::days::DayRange;
use garmin::model::{MaxMetric, MaxMetrics as Metrics};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::DayArgs;
use super::acclimation::{Adapted, adapted};
use crate::account::Account;
use crate::answer::{Coverage, Reading, Stretch};
use crate::args::{NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::tenth;
use crate::tools::table::Table;

/// `get_vo2max_trend`
pub(super) struct Trend;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrendArgs {
    /// Day or period: `last_month`, `90d`
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// Of which first, latest and change are told; the one with more values otherwise.
    sport: Option<Sport>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Sport {
    Running,
    Cycling,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TrendAnswer {
    sport: Sport,
    data_points: usize,
    first_vo2_max: Option<f64>,
    latest_vo2_max: Option<f64>,
    change: Option<f64>,
    coverage: Coverage,
    /// Days on which a value changed.
    trend: Table,
}

const WINDOW: Window = Window::past(92, 1_100);

/// Both sports by the day of the value, which is inside each of them.
fn by_day(
    rows: Vec<Metrics>,
    range: DayRange,
) -> BTreeMap<Date, (Option<MaxMetric>, Option<MaxMetric>)> {
    let mut days: BTreeMap<Date, (Option<MaxMetric>, Option<MaxMetric>)> = BTreeMap::new();
    let dated = |metric: Option<MaxMetric>| {
        let metric = metric.filter(|it| it.value.is_some() || it.precise.is_some())?;
        let date = metric.date?;
        let inside = (range.first().date()..=range.last().date()).contains(&date);
        inside.then_some((date, metric))
    };
    for row in rows {
        if let Some((date, metric)) = dated(row.running) {
            days.entry(date).or_default().0 = Some(metric);
        }
        if let Some((date, metric)) = dated(row.cycling) {
            days.entry(date).or_default().1 = Some(metric);
        }
    }
    days
}

fn trend(rows: Vec<Metrics>, range: DayRange, asked: Option<Sport>) -> Option<TrendAnswer> {
    let days = by_day(rows, range);
    let value = |metric: &Option<MaxMetric>| {
        metric.as_ref().and_then(|it| it.value.or(it.precise)).map(tenth)
    };
    let precise = |metric: &Option<MaxMetric>| metric.as_ref().and_then(|it| it.precise).map(tenth);
    let running: Vec<f64> = days.values().filter_map(|(run, _)| value(run)).collect();
    let cycling: Vec<f64> = days.values().filter_map(|(_, ride)| value(ride)).collect();
    let more = if cycling.len() > running.len() { Sport::Cycling } else { Sport::Running };
    let sport = asked.unwrap_or(more);
    let values = match sport {
        Sport::Running => &running,
        Sport::Cycling => &cycling,
    };
    let mut cells: Vec<Vec<Value>> = days
        .iter()
        .map(|(date, (run, ride))| {
            vec![
                json!(date.to_string()),
                json!(value(run)),
                json!(precise(run)),
                json!(value(ride)),
                json!(precise(ride)),
            ]
        })
        .collect();
    let days_with_data = cells.len();
    cells.dedup_by(|later, earlier| later[1..] == earlier[1..]);
    let change = values.first().zip(values.last()).map(|(first, last)| tenth(last - first));
    (!cells.is_empty()).then(|| TrendAnswer {
        sport,
        data_points: cells.len(),
        first_vo2_max: values.first().copied(),
        latest_vo2_max: values.last().copied(),
        change,
        coverage: Coverage { days_requested: range.length(), days_with_data },
        trend: Table::of(
            &["date", "vo2_max", "vo2_max_precise", "cycling_vo2_max", "cycling_vo2_max_precise"],
            cells,
        ),
    })
}

impl Tool for Trend {
    const NAME: &'static str = "get_vo2max_trend";
    const TITLE: &'static str = "VO2 max over days";
    const DESCRIPTION: &'static str = "How VO2 max of running and cycling changed over a range, \
        three months unless asked for more.";
    type Args = TrendArgs;
    type Answer = Stretch<TrendAnswer>;

    async fn call(account: &Account, args: TrendArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = range(args.start_date, args.end_date, today, WINDOW)?;
        let garmin = account.garmin()?;
        let mut rows = garmin.max_metrics(range).await?.unwrap_or_default();
        if rows.iter().all(Metrics::is_empty) {
            rows.extend(garmin.latest_max_metrics(range.last()).await?);
        }
        Ok(account.stretch(range, today, trend(rows, range, args.sport)).await)
    }
}

/// `get_max_metrics`
pub(super) struct MaxMetrics;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MaxAnswer {
    running: Option<Best>,
    cycling: Option<Best>,
    fitness_age_years: Option<f64>,
    acclimation: Option<Adapted>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Best {
    date: Option<String>,
    vo2_max: Option<f64>,
    vo2_max_precise: Option<f64>,
}

fn best(metric: Option<&MaxMetric>) -> Option<Best> {
    let metric = metric.filter(|it| it.value.is_some() || it.precise.is_some())?;
    Some(Best {
        date: metric.date.map(|date| date.to_string()),
        vo2_max: metric.value,
        vo2_max_precise: metric.precise,
    })
}

fn latest(found: &Metrics) -> Option<MaxAnswer> {
    let age = |metric: &Option<MaxMetric>| metric.as_ref().and_then(|it| it.fitness_age);
    let answer = MaxAnswer {
        running: best(found.running.as_ref()),
        cycling: best(found.cycling.as_ref()),
        fitness_age_years: age(&found.running).or_else(|| age(&found.cycling)),
        acclimation: found.acclimation.as_ref().and_then(adapted),
    };
    let says = answer.running.is_some() || answer.cycling.is_some() || answer.acclimation.is_some();
    says.then_some(answer)
}

impl Tool for MaxMetrics {
    const NAME: &'static str = "get_max_metrics";
    const TITLE: &'static str = "VO2 max";
    const DESCRIPTION: &'static str = "The newest VO2 max of running and cycling as of one day, \
        with its precise value, and acclimation to heat and altitude.";
    type Args = DayArgs;
    type Answer = Reading<MaxAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let mut answer = garmin.latest_max_metrics(day).await?.as_ref().and_then(latest);
        if answer.is_none() {
            let of_day = garmin.max_metrics(DayRange::one(day)).await?.unwrap_or_default();
            answer = of_day.last().and_then(latest);
        }
        Ok(account.reading(day, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use garmin::days::Day;

    use super::*;

    fn rows(body: &str) -> Vec<Metrics> {
        serde_json::from_str(body).unwrap()
    }

    fn days(first: &str, last: &str) -> DayRange {
        let day = |text: &str| -> Day { text.parse().unwrap() };
        DayRange::new(day(first), day(last), 100).unwrap()
    }

    #[test]
    fn the_day_of_a_value_is_inside_it_and_repetitions_are_left_out() {
        let found = rows(
            r#"[{"generic":{"calendarDate":"2026-05-03","vo2MaxValue":48.0,
                 "vo2MaxPreciseValue":47.6},"cycling":null},
                {"generic":{"calendarDate":"2026-05-01","vo2MaxValue":47.0,
                 "vo2MaxPreciseValue":47.3},"cycling":{"calendarDate":"2026-05-02",
                 "vo2MaxValue":"51"}},
                {"generic":{"calendarDate":"2026-05-04","vo2MaxValue":48,
                 "vo2MaxPreciseValue":47.6}},{"generic":null,"cycling":null}]"#,
        );
        let answer = trend(found, days("2026-05-01", "2026-05-07"), None).unwrap();
        assert_eq!(answer.sport, Sport::Running);
        assert_eq!(answer.first_vo2_max, Some(47.0));
        assert_eq!((answer.latest_vo2_max, answer.change), (Some(48.0), Some(1.0)));
        let dates: Vec<&Value> = answer.trend.rows.iter().map(|row| &row[0]).collect();
        assert_eq!(dates, ["2026-05-01", "2026-05-02", "2026-05-03"]);
        assert_eq!((answer.data_points, answer.coverage.days_with_data), (3, 4));
    }

    #[test]
    fn a_sport_without_values_has_none_and_other_days_do_not_count() {
        let found = || {
            rows(
                r#"[{"generic":{"calendarDate":"2026-04-30","vo2MaxValue":47.0}},
                {"cycling":{"calendarDate":"2026-05-02","vo2MaxValue":51.0}}]"#,
            )
        };
        let range = days("2026-05-01", "2026-05-07");
        let answer = trend(found(), range, Some(Sport::Running)).unwrap();
        assert_eq!((answer.first_vo2_max, answer.change, answer.data_points), (None, None, 1));
        assert_eq!(trend(found(), range, None).unwrap().sport, Sport::Cycling);
        assert!(trend(Vec::new(), range, None).is_none());
    }
}

//! A trend as rows and as statistics.

use std::collections::BTreeMap;

use garmin::days::{Day, DayRange};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::gather::{Days, Gathered};
use super::metric::Metric;
use super::{Interval, distinct};
use crate::tools::health::statistics::{mean, median, slope};
use crate::tools::numbers::float;

/// One column for each metric, so that a number always stands under its unit.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Statistics {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
    method: &'static str,
}

const METHOD: &str = "of single days, today left out where the figure still grows; slope: least \
    squares, per week; baseline: median of up to 28 days before the last 7, from 7 days on";

/// The last days are compared with what was usual before them.
const RECENT: u32 = 7;
const BASELINE: u32 = 28;
const FEWEST: usize = 7;

/// A row for each day, week or month that has any figure.
pub(super) fn rows(
    gathered: &Gathered,
    metrics: &[Metric],
    interval: Interval,
    range: DayRange,
) -> Vec<Vec<Value>> {
    let mut rows: BTreeMap<Date, BTreeMap<Metric, Vec<f64>>> = BTreeMap::new();
    for metric in metrics {
        for (date, value) in gathered.days(*metric) {
            let row = rows.entry(interval.start(*date, range)).or_default();
            row.entry(*metric).or_default().push(*value);
        }
    }
    rows.into_iter()
        .map(|(date, row)| {
            let cells = metrics.iter().map(|metric| {
                let value = row.get(metric).and_then(|values| mean(values));
                value.map_or(Value::Null, |value| match interval {
                    Interval::Day => metric.rounded(value),
                    Interval::Week | Interval::Month => metric.rounded_average(value),
                })
            });
            std::iter::once(json!(date.to_string())).chain(cells).collect()
        })
        .collect()
}

/// The values from `first` to `last`.
fn between(days: &Days, first: Day, last: Day) -> Vec<f64> {
    days.range(first.date()..=last.date()).map(|(_, value)| *value).collect()
}

/// What was usual before the last days.
pub(super) fn baseline(days: &Days, last: Day) -> Option<f64> {
    let values = between(days, last.back(RECENT + BASELINE - 1), last.back(RECENT));
    (values.len() >= FEWEST).then(|| median(&values)).flatten()
}

fn per_week(days: &Days, range: DayRange) -> Option<f64> {
    let first = range.first().date();
    let points: Vec<(f64, f64)> = days
        .iter()
        .filter_map(|(date, value)| {
            let day = first.until(*date).ok()?.get_days();
            Some((float(i64::from(day)), *value))
        })
        .collect();
    slope(&points).map(|slope| slope * 7.0)
}

/// The day of the first of the most extreme values.
fn extreme(days: &Days, beats: impl Fn(f64, f64) -> bool) -> Option<(Date, f64)> {
    days.iter().fold(None, |found, (date, value)| match found {
        Some((_, best)) if !beats(*value, best) => found,
        Some(_) | None => Some((*date, *value)),
    })
}

pub(super) fn statistics(
    gathered: &Gathered,
    metrics: &[Metric],
    range: DayRange,
    today: Day,
) -> Statistics {
    let metrics = distinct(metrics.to_vec());
    let days: Vec<(Metric, Days)> =
        metrics.iter().map(|metric| (*metric, gathered.settled(*metric, today))).collect();
    let row = |name: &str, of: &dyn Fn(Metric, &Days) -> Option<Value>| {
        let cells = days.iter().map(|(metric, days)| of(*metric, days).unwrap_or(Value::Null));
        std::iter::once(json!(name)).chain(cells).collect::<Vec<Value>>()
    };
    let all = |days: &Days| days.values().copied().collect::<Vec<f64>>();
    let lowest = |days: &Days| extreme(days, |value, best| value < best);
    let highest = |days: &Days| extreme(days, |value, best| value > best);
    let on = |(date, _): (Date, f64)| json!(date.to_string());
    let last = range.last();
    let rows = vec![
        row("average", &|metric, days| mean(&all(days)).map(|it| metric.rounded_average(it))),
        row("min", &|metric, days| lowest(days).map(|(_, it)| metric.rounded(it))),
        row("min_date", &|_, days| lowest(days).map(on)),
        row("max", &|metric, days| highest(days).map(|(_, it)| metric.rounded(it))),
        row("max_date", &|_, days| highest(days).map(on)),
        row("slope_per_week", &|metric, days| {
            per_week(days, range).map(|it| metric.rounded_slope(it))
        }),
        row("baseline", &|metric, days| baseline(days, last).map(|it| metric.rounded_average(it))),
        row("last_7_days", &|metric, days| {
            let recent = between(days, last.back(RECENT - 1), last);
            mean(&recent).map(|it| metric.rounded_average(it))
        }),
    ];
    let columns = std::iter::once("statistic").chain(metrics.iter().map(|it| it.column()));
    Statistics { columns: columns.collect(), rows, method: METHOD }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(values: impl IntoIterator<Item = (&'static str, f64)>) -> Gathered {
        let days: Days =
            values.into_iter().map(|(date, value)| (date.parse().unwrap(), value)).collect();
        Gathered { figures: [(Metric::RestingHr, days)].into(), ..Gathered::default() }
    }

    fn days(first: &str, last: &str) -> DayRange {
        DayRange::new(first.parse().unwrap(), last.parse().unwrap(), 2_000).unwrap()
    }

    #[test]
    fn weeks_begin_on_mondays_and_average_the_days_there_are() {
        // A Friday, the Monday after it, and the Wednesday after that.
        let found = gathered([("2026-05-01", 50.0), ("2026-05-04", 52.0), ("2026-05-06", 55.0)]);
        let range = days("2026-04-29", "2026-05-10");
        let rows = rows(&found, &[Metric::RestingHr, Metric::Hrv], Interval::Week, range);
        let expected = [
            vec![json!("2026-04-29"), json!(50.0), Value::Null],
            vec![json!("2026-05-04"), json!(53.5), Value::Null],
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_years_interval_is_chosen_so_that_an_answer_stays_small() {
        assert_eq!(Interval::for_days(92), Interval::Day);
        assert_eq!(Interval::for_days(365), Interval::Week);
        assert_eq!(Interval::for_days(1_100), Interval::Month);
    }

    #[test]
    fn the_baseline_leaves_out_the_last_seven_days() {
        let last: Day = "2026-05-31".parse().unwrap();
        let flat: Days = (0..35)
            .map(|back| (last.back(back).date(), if back < 7 { 90.0 } else { 50.0 }))
            .collect();
        assert_eq!(baseline(&flat, last), Some(50.0));
        let few: Days = flat.into_iter().take(6).collect();
        assert_eq!(baseline(&few, last), None);
    }

    #[test]
    fn statistics_stand_under_their_unit() {
        let found = gathered([("2026-05-01", 50.0), ("2026-05-02", 51.0), ("2026-05-03", 52.0)]);
        let range = days("2026-05-01", "2026-05-03");
        let stats = statistics(&found, &[Metric::RestingHr], range, range.last());
        assert_eq!(stats.columns, ["statistic", "resting_hr_bpm"]);
        let told = |name: &str| {
            stats.rows.iter().find(|row| row[0] == name).map(|row| row[1].clone()).unwrap()
        };
        assert_eq!(
            (told("average"), told("min"), told("max")),
            (json!(51.0), json!(50), json!(52))
        );
        assert_eq!((told("slope_per_week"), told("max_date")), (json!(7.0), json!("2026-05-03")));
        assert_eq!(told("baseline"), Value::Null);
    }
}

//! Heart rate variability of a night, and of many.

use garmin::days::Day;
use garmin::model::{Hrv, HrvSummary};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;
use crate::answer::{Absence, Coverage, Stretch};
use crate::args::{NamedDay, RangeArgs, Window};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{clock_there, moment, tenth, word};
use crate::tools::series::mean;
use crate::tools::table::Table;

/// `get_hrv_data`
pub(super) struct OneNight;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NightArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    /// The readings of the night as well.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    return_timeseries: bool,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct NightAnswer {
    /// `balanced`, `unbalanced`, `low`, `poor`, `none` before there is a baseline; `no_data`.
    status: String,
    date: String,
    reason: Option<Absence>,
    last_night_avg_hrv_ms: Option<i64>,
    last_night_5min_high_hrv_ms: Option<i64>,
    weekly_avg_hrv_ms: Option<i64>,
    baseline_balanced_low_ms: Option<i64>,
    baseline_balanced_upper_ms: Option<i64>,
    baseline_low_upper_ms: Option<i64>,
    feedback: Option<String>,
    sleep_start: Option<String>,
    sleep_end: Option<String>,
    hrv_readings: Option<Table>,
    readings_count: Option<usize>,
}

fn night(
    found: Hrv,
    day: Day,
    readings_wanted: bool,
    clock: impl Fn(Timestamp, Option<DateTime>) -> TimeZone,
) -> Option<NightAnswer> {
    let summary = found.summary.unwrap_or_default();
    let all = found.readings.unwrap_or_default();
    if summary.last_night_average_ms.is_none()
        && summary.weekly_average_ms.is_none()
        && all.is_empty()
    {
        return None;
    }
    let baseline = summary.baseline.clone().unwrap_or_default();
    let there = |at: Option<Timestamp>, local| at.map(|at| moment(at, &clock(at, local)));
    let place = found.sleep_start.map(|at| clock(at, found.sleep_start_local));
    let readings: Vec<Vec<Value>> = all
        .iter()
        .filter_map(|reading| {
            let at = reading.at?;
            let zone = place.clone().unwrap_or_else(|| clock(at, None));
            Some(vec![json!(moment(at, &zone)), json!(reading.value_ms?)])
        })
        .collect();
    Some(NightAnswer {
        status: summary.status.as_deref().map_or_else(|| "ok".to_owned(), word),
        date: summary.date.map_or_else(|| day.to_string(), |date| date.to_string()),
        reason: None,
        last_night_avg_hrv_ms: summary.last_night_average_ms,
        last_night_5min_high_hrv_ms: summary.last_night_five_minute_high_ms,
        weekly_avg_hrv_ms: summary.weekly_average_ms,
        baseline_balanced_low_ms: baseline.balanced_low_ms,
        baseline_balanced_upper_ms: baseline.balanced_upper_ms,
        baseline_low_upper_ms: baseline.low_upper_ms,
        feedback: summary.feedback.as_deref().map(word),
        sleep_start: there(found.sleep_start, found.sleep_start_local),
        sleep_end: there(found.sleep_end, found.sleep_end_local),
        readings_count: readings_wanted.then_some(readings.len()),
        hrv_readings: readings_wanted.then(|| Table::of(&["time", "hrv_ms"], readings)),
    })
}

impl Tool for OneNight {
    const NAME: &'static str = "get_hrv_data";
    const TITLE: &'static str = "Heart rate variability of a night";
    const DESCRIPTION: &'static str = "Heart rate variability of the night that ended on this \
        day: average, weekly average, status and the person's own baseline.";
    type Args = NightArgs;
    type Answer = NightAnswer;

    async fn call(account: &Account, args: NightArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let own = garmin.zone().await?;
        let region = account.upstream.region;
        let clock = |at, local| clock_there(at, local, region, &own);
        let found = garmin.hrv(day).await?;
        match found.and_then(|found| night(found, day, args.return_timeseries, clock)) {
            Some(answer) => Ok(answer),
            None => Ok(NightAnswer {
                status: "no_data".to_owned(),
                date: day.to_string(),
                reason: account.absence(day, today).await,
                ..NightAnswer::default()
            }),
        }
    }
}

/// `get_hrv_trend`
pub(super) struct Trend;

/// Three years are three questions.
const WINDOW: Window = Window::past(28, 1_100);

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TrendAnswer {
    days_with_data: usize,
    coverage: Coverage,
    period_avg_hrv_ms: Option<f64>,
    /// Where the weekly average usually lies, as of the last night.
    baseline: Option<Baseline>,
    trend: Table,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "the unit belongs into every key")]
struct Baseline {
    balanced_low_ms: Option<i64>,
    balanced_upper_ms: Option<i64>,
    low_upper_ms: Option<i64>,
}

fn trend(nights: &[HrvSummary], days_requested: u32) -> Option<TrendAnswer> {
    let rows: Vec<Vec<Value>> = nights
        .iter()
        .filter(|it| it.last_night_average_ms.is_some() || it.weekly_average_ms.is_some())
        .map(|night| {
            vec![
                json!(night.date.map(|date| date.to_string())),
                json!(night.last_night_average_ms),
                json!(night.weekly_average_ms),
                json!(night.last_night_five_minute_high_ms),
                json!(night.status.as_deref().map(word)),
            ]
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds between two beats")]
    let averages: Vec<f64> =
        nights.iter().filter_map(|it| it.last_night_average_ms).map(|ms| ms as f64).collect();
    let baseline = nights.iter().rev().find_map(|it| it.baseline.as_ref());
    (!rows.is_empty()).then(|| TrendAnswer {
        days_with_data: rows.len(),
        coverage: Coverage { days_requested, days_with_data: rows.len() },
        period_avg_hrv_ms: mean(&averages).map(tenth),
        baseline: baseline.map(|it| Baseline {
            balanced_low_ms: it.balanced_low_ms,
            balanced_upper_ms: it.balanced_upper_ms,
            low_upper_ms: it.low_upper_ms,
        }),
        trend: Table::of(
            &[
                "date",
                "last_night_avg_hrv_ms",
                "weekly_avg_hrv_ms",
                "last_night_5min_high_hrv_ms",
                "status",
            ],
            rows,
        ),
    })
}

impl Tool for Trend {
    const NAME: &'static str = "get_hrv_trend";
    const TITLE: &'static str = "Heart rate variability over nights";
    const DESCRIPTION: &'static str = "Heart rate variability night by night, weekly average, \
        status and baseline; four weeks by default.";
    type Args = RangeArgs;
    type Answer = Stretch<TrendAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, WINDOW)?;
        let nights = account.garmin()?.hrv_range(range).await?;
        Ok(account.stretch(range, today, trend(&nights, range.length())).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d01_the_trend_has_the_value_of_every_night() {
        let nights: Vec<HrvSummary> = serde_json::from_str::<garmin::model::HrvRange>(
            r#"{"hrvSummaries":[{"calendarDate":"2026-05-01","weeklyAvg":54,"lastNightAvg":55,
                "lastNight5MinHigh":78,"status":"BALANCED","baseline":{"balancedLow":49}},
                {"calendarDate":"2026-05-02","weeklyAvg":null,"lastNightAvg":58.0,"status":"NONE"},
                {"calendarDate":"2026-05-03","weeklyAvg":null,"lastNightAvg":null}]}"#,
        )
        .unwrap()
        .days
        .unwrap();
        let answer = trend(&nights, 3).unwrap();
        assert_eq!(answer.trend.rows[0][1], json!(55));
        assert_eq!(answer.trend.rows[1][1], json!(58));
        assert_eq!((answer.days_with_data, answer.period_avg_hrv_ms), (2, Some(56.5)));
        assert_eq!(answer.baseline.unwrap().balanced_low_ms, Some(49));
        assert!(trend(&nights[2..], 1).is_none());
    }

    #[test]
    fn a_night_has_its_readings_only_when_asked_for() {
        let body = r#"{"hrvSummary":{"calendarDate":"2026-05-01","lastNightAvg":55,"status":"LOW"},
            "hrvReadings":[{"hrvValue":52,"readingTimeGMT":"2026-04-30T21:15:00.0"}],
            "sleepStartTimestampGMT":"2026-04-30T21:10:00.0"}"#;
        let found: Hrv = serde_json::from_str(body).unwrap();
        let day = "2026-05-01".parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let clock = |_, _| zone.clone();
        let with = night(found.clone(), day, true, clock).unwrap();
        assert_eq!(with.status, "low");
        assert_eq!(with.hrv_readings.unwrap().rows[0][0], json!("2026-04-30T23:15:00+02:00"));
        assert_eq!(with.sleep_start.as_deref(), Some("2026-04-30T23:10:00+02:00"));
        let without = night(found, day, false, clock).unwrap();
        assert!(without.hrv_readings.is_none() && without.readings_count.is_none());
        assert!(night(Hrv::default(), day, true, clock).is_none());
    }
}

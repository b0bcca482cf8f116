//! The heart: its rate over a day, its variability over a night.

use domain::region::Region;
use garmin::model::{HeartRates, Hrv, Sample};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::day::DayArgs;
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{clock_there, moment, whole, word};
use crate::tools::series::{self, Series};

/// `get_heart_rate`
pub(super) struct HeartRate;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HeartRateAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    resting_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seven_day_avg_resting_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_heart_rate_bpm: Option<i64>,
    /// Average beats per minute over each quarter of an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Series>,
}

fn heart_rate(rates: &HeartRates, zone: &TimeZone) -> Option<HeartRateAnswer> {
    let samples = rates.samples();
    let values: Vec<f64> = samples.iter().filter_map(|sample| sample.value).collect();
    if rates.resting.is_none() && rates.max.is_none() && values.is_empty() {
        return None;
    }
    Some(HeartRateAnswer {
        resting_heart_rate_bpm: rates.resting,
        seven_day_avg_resting_bpm: rates.seven_day_resting,
        min_heart_rate_bpm: rates.min,
        max_heart_rate_bpm: rates.max,
        avg_heart_rate_bpm: series::mean(&values).map(whole),
        series: series::averages(&samples, zone),
    })
}

impl Tool for HeartRate {
    const NAME: &'static str = "get_heart_rate";
    const TITLE: &'static str = "Heart rate of one day";
    const DESCRIPTION: &'static str = "Resting, lowest, highest and average heart rate of one \
        day, and its course as averages over quarters of an hour.";
    type Args = DayArgs;
    type Answer = Reading<HeartRateAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let rates = garmin.heart_rates(day).await?;
        let data = rates.and_then(|rates| heart_rate(&rates, &zone));
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_hrv`
pub(super) struct HeartRateVariability;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HrvAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_night_avg_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_night_5_min_high_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weekly_avg_ms: Option<i64>,
    /// `balanced`, `unbalanced`, `low`, `poor`, or `none` before there is a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    hrv_status: Option<String>,
    /// Where the person's own weekly average usually lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Baseline>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_end: Option<String>,
    /// Average milliseconds over each quarter of an hour of the night.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Series>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "the unit belongs into every key")]
struct Baseline {
    /// A weekly average below this is low.
    #[serde(skip_serializing_if = "Option::is_none")]
    low_below_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balanced_from_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balanced_to_ms: Option<i64>,
}

fn variability(hrv: Hrv, region: Region, zone: &TimeZone) -> Option<HrvAnswer> {
    let summary = hrv.summary.unwrap_or_default();
    let readings: Vec<Sample> = hrv
        .readings
        .unwrap_or_default()
        .iter()
        .filter_map(|reading| {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds between two beats")]
            let value = reading.value_ms.map(|value| value as f64);
            Some(Sample { at: reading.at?, value })
        })
        .collect();
    let there = |at: Option<Timestamp>, local: Option<DateTime>| {
        at.map(|at| moment(at, &clock_there(at, local, region, zone)))
    };
    let series = series::averages(&readings, zone);
    if summary.last_night_average_ms.is_none() && series.is_none() {
        return None;
    }
    Some(HrvAnswer {
        last_night_avg_ms: summary.last_night_average_ms,
        last_night_5_min_high_ms: summary.last_night_five_minute_high_ms,
        weekly_avg_ms: summary.weekly_average_ms,
        hrv_status: summary.status.as_deref().map(word),
        baseline: summary.baseline.map(|baseline| Baseline {
            low_below_ms: baseline.low_upper_ms,
            balanced_from_ms: baseline.balanced_low_ms,
            balanced_to_ms: baseline.balanced_upper_ms,
        }),
        sleep_start: there(hrv.sleep_start, hrv.sleep_start_local),
        sleep_end: there(hrv.sleep_end, hrv.sleep_end_local),
        series,
    })
}

impl Tool for HeartRateVariability {
    const NAME: &'static str = "get_hrv";
    const TITLE: &'static str = "Heart rate variability of one night";
    const DESCRIPTION: &'static str = "Heart rate variability of the night that ended on this \
        day: average, weekly average, status, the person's own baseline, and the course of the \
        night.";
    type Args = DayArgs;
    type Answer = Reading<HrvAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let hrv = garmin.hrv(day).await?;
        let data = hrv.and_then(|hrv| variability(hrv, account.upstream.region, &zone));
        Ok(account.reading(day, today, data).await)
    }
}

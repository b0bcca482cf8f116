//! The rate of the heart over a day.

use garmin::days::DayRange;
use garmin::model::{HeartRates, MetricDay};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::day::DayArgs;
use crate::account::Account;
use crate::answer::Reading;
use crate::args::{NamedDay, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{tenth, whole};
use crate::tools::series::{self, Resolution, Series};

/// Beats per minute; a watch on no wrist sends 0.
fn beats(value: Option<i64>) -> Option<i64> {
    value.filter(|beats| *beats > 0)
}

#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Summary {
    resting_heart_rate_bpm: Option<i64>,
    last_7_days_avg_resting_hr: Option<i64>,
    min_heart_rate_bpm: Option<i64>,
    max_heart_rate_bpm: Option<i64>,
    avg_heart_rate_bpm: Option<f64>,
    data_points_count: Option<usize>,
}

fn summary(rates: &HeartRates) -> Option<Summary> {
    let values: Vec<f64> = rates
        .samples()
        .iter()
        .filter_map(|sample| sample.value.filter(|value| *value > 0.0))
        .collect();
    let known = beats(rates.resting).is_some() || beats(rates.max).is_some() || !values.is_empty();
    known.then(|| Summary {
        resting_heart_rate_bpm: beats(rates.resting),
        last_7_days_avg_resting_hr: beats(rates.seven_day_resting),
        min_heart_rate_bpm: beats(rates.min),
        max_heart_rate_bpm: beats(rates.max),
        avg_heart_rate_bpm: series::mean(&values).map(tenth),
        data_points_count: (!values.is_empty()).then_some(values.len()),
    })
}

/// `get_heart_rates`
pub(super) struct HeartRatesTool;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CurveArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    #[serde(default)]
    resolution: Resolution<15>,
    /// Seconds into the day.
    start_offset_s: Option<Whole<0, 90_000>>,
    end_offset_s: Option<Whole<0, 90_000>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CurveAnswer {
    stats: Summary,
    /// Average beats per minute.
    series: Option<Series>,
}

impl Tool for HeartRatesTool {
    const NAME: &'static str = "get_heart_rates";
    const TITLE: &'static str = "Heart rate over one day";
    const DESCRIPTION: &'static str = "Resting, lowest, highest and average heart rate of one \
        day, and its course. get_heart_rates_summary leaves the course out.";
    type Args = CurveArgs;
    type Answer = Reading<CurveAnswer>;

    async fn call(account: &Account, args: CurveArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let rates = garmin.heart_rates(day).await?;
        let data = rates.and_then(|rates| {
            let stats = summary(&rates)?;
            let midnight = day.date().to_zoned(zone.clone()).ok()?.timestamp();
            let at = |offset: Whole<0, 90_000>| {
                midnight.saturating_add(SignedDuration::from_secs(i64::from(offset.0))).ok()
            };
            let (from, until) = (args.start_offset_s.and_then(at), args.end_offset_s.and_then(at));
            let mut samples = rates.samples();
            samples.retain(|sample| {
                from.is_none_or(|from| sample.at >= from)
                    && until.is_none_or(|until| sample.at < until)
            });
            for sample in &mut samples {
                sample.value = sample.value.filter(|value| *value > 0.0);
            }
            let series = series::averages_every(args.resolution.seconds(), &samples, &zone);
            Some(CurveAnswer { stats, series })
        });
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_heart_rates_summary`
pub(super) struct HeartRatesSummary;

impl Tool for HeartRatesSummary {
    const NAME: &'static str = "get_heart_rates_summary";
    const TITLE: &'static str = "Heart rate of one day in short";
    const DESCRIPTION: &'static str =
        "Resting, lowest, highest and average heart rate of one day in a few numbers.";
    type Args = DayArgs;
    type Answer = Reading<Summary>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let rates = account.garmin()?.heart_rates(day).await?;
        Ok(account.reading(day, today, rates.as_ref().and_then(summary)).await)
    }
}

/// `get_rhr_day`
pub(super) struct RestingHeartRate;

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct RestingAnswer {
    resting_heart_rate_bpm: Option<i64>,
    /// Average of this day and the six before it, as far as they have one.
    last_7_days_avg_resting_hr: Option<f64>,
    days_in_average: usize,
}

fn resting(days: &[MetricDay], day: garmin::days::Day) -> Option<RestingAnswer> {
    let values: Vec<(jiff::civil::Date, f64)> = days
        .iter()
        .filter_map(|it| Some((it.date?, it.value.filter(|value| *value > 0.0)?)))
        .collect();
    let (_, of_day) = values.iter().find(|(date, _)| *date == day.date())?;
    let all: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
    Some(RestingAnswer {
        resting_heart_rate_bpm: Some(whole(*of_day)),
        last_7_days_avg_resting_hr: series::mean(&all).map(tenth),
        days_in_average: all.len(),
    })
}

impl Tool for RestingHeartRate {
    const NAME: &'static str = "get_rhr_day";
    const TITLE: &'static str = "Resting heart rate of one day";
    const DESCRIPTION: &'static str =
        "Resting heart rate of one day and its average over the seven days up to it.";
    type Args = DayArgs;
    type Answer = Reading<RestingAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let week = DayRange::new(day.back(6), day, 7).unwrap_or_else(|_| DayRange::one(day));
        let days = account.garmin()?.resting_heart_rate_days(week).await?;
        Ok(account.reading(day, today, resting(&days, day)).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_counts_the_days_there_are() {
        let day = |date: &str, value| MetricDay { date: Some(date.parse().unwrap()), value };
        let days =
            [day("2026-05-04", Some(50.0)), day("2026-05-05", None), day("2026-05-06", Some(53.0))];
        let answer = resting(&days, "2026-05-06".parse().unwrap()).unwrap();
        assert_eq!(answer.resting_heart_rate_bpm, Some(53));
        assert_eq!((answer.last_7_days_avg_resting_hr, answer.days_in_average), (Some(51.5), 2));
        assert_eq!(resting(&days, "2026-05-05".parse().unwrap()), None);
    }

    #[test]
    fn a_rate_of_zero_is_a_watch_on_no_wrist() {
        let rates = HeartRates { resting: Some(0), max: Some(0), ..HeartRates::default() };
        assert!(summary(&rates).is_none());
    }
}

//! Nights side by side.

use garmin::model::{SleepStatsNight, SleepStatsValues};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::statistics::{mean, spread};
use crate::account::Account;
use crate::answer::{Coverage, Stretch};
use crate::args::{RangeArgs, Window};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{clock_there, float, hundredth, tenth, whole, word};
use crate::tools::table::Table;
use domain::region::Region;

/// Eight questions of four weeks.
const LONGEST: u32 = 224;

const COLUMNS: [&str; 16] = [
    "date",
    "bedtime",
    "wake_time",
    "sleep_hours",
    "deep_min",
    "light_min",
    "rem_min",
    "awake_min",
    "sleep_score",
    "sleep_need_min",
    "resting_heart_rate_bpm",
    "avg_overnight_hrv_ms",
    "hrv_status",
    "avg_spo2_pct",
    "avg_respiration_brpm",
    "body_battery_change",
];

/// `get_sleep_summary_range`
pub(super) struct SleepSummaryRange;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NightsAnswer {
    nights_requested: u32,
    nights_returned: usize,
    /// Oldest first, filed under the day of waking up; nights without data are left out.
    nights: Table,
    averages: Averages,
    consistency: Option<Consistency>,
    coverage: Coverage,
}

#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Averages {
    sleep_hours: Option<f64>,
    deep_min: Option<i64>,
    rem_min: Option<i64>,
    sleep_score: Option<f64>,
    sleep_need_min: Option<i64>,
    resting_heart_rate_bpm: Option<f64>,
    avg_overnight_hrv_ms: Option<f64>,
}

/// How regular the nights were. The spread is the standard deviation.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Consistency {
    avg_bedtime: String,
    bedtime_spread_min: i64,
    avg_wake_time: String,
    wake_time_spread_min: i64,
    nights: usize,
}

struct Shown {
    date: Date,
    start: Option<DateTime>,
    end: Option<DateTime>,
    values: SleepStatsValues,
}

fn shown(night: SleepStatsNight, region: Region, own: &TimeZone) -> Option<Shown> {
    let (date, values) = (night.date?, night.values?);
    values.asleep_s?;
    let wall = |at: Option<jiff::Timestamp>, local| {
        let at = at?;
        Some(at.to_zoned(clock_there(at, local, region, own)).datetime())
    };
    Some(Shown {
        date,
        start: wall(values.start, values.start_local),
        end: wall(values.end, values.end_local),
        values,
    })
}

fn clock(at: Option<DateTime>) -> Option<String> {
    at.map(|at| at.strftime("%H:%M").to_string())
}

fn minutes(seconds: Option<i64>) -> Option<i64> {
    seconds.map(|seconds| seconds.saturating_add(30).div_euclid(60))
}

fn row(night: &Shown) -> Vec<Value> {
    let it = &night.values;
    let positive = |value: Option<f64>| value.filter(|value| *value > 0.0);
    vec![
        json!(night.date.to_string()),
        json!(clock(night.start)),
        json!(clock(night.end)),
        json!(it.asleep_s.map(|seconds| hundredth(float(seconds) / 3600.0))),
        json!(minutes(it.deep_s)),
        json!(minutes(it.light_s)),
        json!(minutes(it.rem_s)),
        json!(minutes(it.awake_s)),
        json!(it.score),
        json!(it.need_min),
        json!(it.resting_heart_rate),
        json!(positive(it.hrv_ms).map(whole)),
        json!(it.hrv_status.as_deref().map(word)),
        json!(positive(it.spo2).map(tenth)),
        json!(positive(it.respiration).map(tenth)),
        json!(it.body_battery_change),
    ]
}

fn average(nights: &[Shown], of: impl Fn(&SleepStatsValues) -> Option<f64>) -> Option<f64> {
    mean(&nights.iter().filter_map(|night| of(&night.values)).collect::<Vec<f64>>())
}

/// Minutes after noon: a bedtime before and one after midnight lie next to each other.
fn after_noon(at: DateTime) -> f64 {
    let minutes = i64::from(at.hour()) * 60 + i64::from(at.minute());
    float((minutes - 720).rem_euclid(1440))
}

fn as_clock(after_noon: f64) -> String {
    let minutes = (whole(after_noon) + 720).rem_euclid(1440);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Two nights say nothing about a habit.
const FEWEST_NIGHTS: usize = 3;

fn consistency(nights: &[Shown]) -> Option<Consistency> {
    let both: Vec<(f64, f64)> = nights
        .iter()
        .filter_map(|night| Some((after_noon(night.start?), after_noon(night.end?))))
        .collect();
    if both.len() < FEWEST_NIGHTS {
        return None;
    }
    let (bed, wake): (Vec<f64>, Vec<f64>) = both.iter().copied().unzip();
    Some(Consistency {
        avg_bedtime: as_clock(mean(&bed)?),
        bedtime_spread_min: whole(spread(&bed)?),
        avg_wake_time: as_clock(mean(&wake)?),
        wake_time_spread_min: whole(spread(&wake)?),
        nights: both.len(),
    })
}

impl Tool for SleepSummaryRange {
    const NAME: &'static str = "get_sleep_summary_range";
    const TITLE: &'static str = "Nights side by side";
    const DESCRIPTION: &'static str = "Each night of up to 224: bedtime, duration, stages, score, \
        HRV; with averages and how regular bedtimes were.";
    type Args = RangeArgs;
    type Answer = Stretch<NightsAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, Window::past(7, LONGEST))?;
        let garmin = account.garmin()?;
        let own = garmin.zone().await?;
        let region = account.upstream.region;
        let mut nights: Vec<Shown> = garmin
            .sleep_days(range)
            .await?
            .into_iter()
            .filter_map(|night| shown(night, region, &own))
            .collect();
        nights.sort_by_key(|night| night.date);
        nights.dedup_by_key(|night| night.date);
        let data = (!nights.is_empty()).then(|| NightsAnswer {
            nights_requested: range.length(),
            nights_returned: nights.len(),
            nights: Table::of(&COLUMNS, nights.iter().map(row).collect()),
            averages: Averages {
                sleep_hours: average(&nights, |it| it.asleep_s.map(float))
                    .map(|seconds| hundredth(seconds / 3600.0)),
                deep_min: average(&nights, |it| it.deep_s.map(float)).map(|s| whole(s / 60.0)),
                rem_min: average(&nights, |it| it.rem_s.map(float)).map(|s| whole(s / 60.0)),
                sleep_score: average(&nights, |it| it.score.map(float)).map(tenth),
                sleep_need_min: average(&nights, |it| it.need_min.map(float)).map(whole),
                resting_heart_rate_bpm: average(&nights, |it| it.resting_heart_rate.map(float))
                    .map(tenth),
                avg_overnight_hrv_ms: average(&nights, |it| it.hrv_ms.filter(|ms| *ms > 0.0))
                    .map(tenth),
            },
            consistency: consistency(&nights),
            coverage: Coverage { days_requested: range.length(), days_with_data: nights.len() },
        });
        Ok(account.stretch(range, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bedtimes_around_midnight_lie_next_to_each_other() {
        let night = |start: &str, end: &str| Shown {
            date: "2026-05-01".parse().unwrap(),
            start: Some(start.parse().unwrap()),
            end: Some(end.parse().unwrap()),
            values: SleepStatsValues::default(),
        };
        let nights = [
            night("2026-04-29T23:30:00", "2026-04-30T07:00:00"),
            night("2026-05-01T00:30:00", "2026-05-01T07:00:00"),
            night("2026-05-02T00:00:00", "2026-05-02T07:00:00"),
        ];
        let found = consistency(&nights).unwrap();
        assert_eq!((found.avg_bedtime.as_str(), found.avg_wake_time.as_str()), ("00:00", "07:00"));
        assert_eq!((found.bedtime_spread_min, found.wake_time_spread_min), (30, 0));
        assert_eq!(consistency(&nights[..2]), None);
    }

    #[test]
    fn d18_a_night_abroad_has_the_clock_of_the_place() {
        let own = TimeZone::get("Europe/Berlin").unwrap();
        let night = SleepStatsNight {
            date: Some("2026-05-01".parse().unwrap()),
            values: Some(SleepStatsValues {
                asleep_s: Some(27_000),
                deep_s: Some(0),
                start: Some("2026-05-01T03:00:00Z".parse().unwrap()),
                start_local: Some("2026-04-30T23:00:00".parse().unwrap()),
                ..SleepStatsValues::default()
            }),
        };
        let row = row(&shown(night, Region::Global, &own).unwrap());
        assert_eq!((&row[1], &row[2], &row[4]), (&json!("23:00"), &json!(null), &json!(0)));
        assert_eq!(row.len(), COLUMNS.len());
    }
}

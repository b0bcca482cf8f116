//! The sun a device saw.

use garmin::model::{SolarDay, SolarReading};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choice::{device, refusal};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{NamedDay, Number, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{tenth, whole};
use crate::tools::series::mean;

/// `get_device_solar_data`
pub(super) struct Solar;

/// As many days as Garmin's own chart shows.
const LONGEST: u32 = 28;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SolarArgs {
    /// Default: the one used last
    device_id: Option<Number>,
    /// First day; default today
    date: Option<NamedDay>,
    /// Default the same day
    end_date: Option<NamedDay>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SolarAnswer {
    /// `no_data` for a device without a solar panel.
    status: Status,
    device_id: Option<i64>,
    solar_data: Vec<Sun>,
}

/// One day of sun.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Sun {
    date: Option<String>,
    /// Percent of full sun.
    solar_intensity_avg: Option<f64>,
    solar_intensity_max: Option<f64>,
    battery_charged_percent: Option<f64>,
    battery_used_percent: Option<f64>,
    battery_net_percent: Option<f64>,
    /// Battery life won.
    time_gained_s: Option<i64>,
    hours: Option<Hours>,
}

/// The hours of a day by the athlete's clock.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Hours {
    columns: [&'static str; 4],
    rows: Vec<(i8, f64, f64, Option<i64>)>,
}

fn gained(readings: &[&SolarReading]) -> Option<i64> {
    let gains = readings.iter().filter_map(|reading| reading.gain_ms);
    gains.reduce(|sum, gain| sum + gain).map(|millis| whole(millis / 1000.0))
}

fn hours(readings: &[SolarReading]) -> Option<Hours> {
    let clock = |reading: &SolarReading| reading.at_local.map(jiff::civil::DateTime::hour);
    let rows: Vec<(i8, f64, f64, Option<i64>)> = (0..24)
        .filter_map(|hour| {
            let here: Vec<&SolarReading> =
                readings.iter().filter(|reading| clock(reading) == Some(hour)).collect();
            let values: Vec<f64> = here.iter().filter_map(|it| it.utilization_pct).collect();
            let highest = values.iter().copied().reduce(f64::max)?;
            Some((hour, tenth(mean(&values)?), tenth(highest), gained(&here)))
        })
        .collect();
    let columns = ["hour", "avg_pct", "max_pct", "gained_s"];
    (!rows.is_empty()).then_some(Hours { columns, rows })
}

fn sun(day: SolarDay) -> Sun {
    let readings = day.readings.unwrap_or_default();
    let values: Vec<f64> = readings.iter().filter_map(|it| it.utilization_pct).collect();
    let highest = values.iter().copied().reduce(f64::max);
    Sun {
        date: day.date.map(|date| date.to_string()),
        solar_intensity_avg: day.intensity_avg.or_else(|| mean(&values)).map(tenth),
        solar_intensity_max: day.intensity_max.or(highest).map(tenth),
        battery_charged_percent: day.charged_pct.map(tenth),
        battery_used_percent: day.used_pct.map(tenth),
        battery_net_percent: day.net_pct.map(tenth),
        time_gained_s: gained(&readings.iter().collect::<Vec<_>>()),
        hours: hours(&readings),
    }
}

impl Tool for Solar {
    const NAME: &'static str = "get_device_solar_data";
    const TITLE: &'static str = "Solar charging";
    const DESCRIPTION: &'static str =
        "How much sun a device with a solar panel saw, by day and hour, and what it gained.";
    type Args = SolarArgs;
    type Answer = SolarAnswer;

    async fn call(account: &Account, args: SolarArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let first = args.date.unwrap_or_default().resolve("date", today)?;
        let start = Some(RangeStart::Day(NamedDay::On(first)));
        let end = args.end_date.or(Some(NamedDay::On(first)));
        let days = range(start, end, today, Window::past(1, LONGEST))?;
        let garmin = account.garmin()?;
        let Some(id) = device(&garmin, args.device_id).await? else {
            return Ok(SolarAnswer { status: Status::NoData, device_id: None, solar_data: vec![] });
        };
        let found = garmin.device_solar(id, days).await;
        let found = found.map_err(|error| refusal(error, args.device_id))?;
        let found = found.and_then(|found| found.input).and_then(|input| input.days);
        let solar_data: Vec<Sun> = found.into_iter().flatten().map(sun).collect();
        let status = if solar_data.is_empty() { Status::NoData } else { Status::Ok };
        Ok(SolarAnswer { status, device_id: Some(id.number()), solar_data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_become_hours_of_the_athletes_clock() {
        let day: SolarDay = serde_json::from_str(
            r#"{"calendarDate":"2026-05-01","solarInputReadings":[
                {"readingTimestampLocal":"2026-05-01T09:10:00.0","solarUtilization":40,
                 "activityTimeGainMs":60000},
                {"readingTimestampLocal":"2026-05-01T09:50:00.0","solarUtilization":"60",
                 "activityTimeGainMs":30000},
                {"readingTimestampLocal":"2026-05-01T21:00:00.0","solarUtilization":0},
                {"readingTimestampLocal":null,"solarUtilization":null}]}"#,
        )
        .unwrap();
        let shown = sun(day);
        let rows = shown.hours.unwrap().rows;
        assert_eq!(rows, [(9, 50.0, 60.0, Some(90)), (21, 0.0, 0.0, None)]);
        assert_eq!((shown.solar_intensity_avg, shown.time_gained_s), (Some(33.3), Some(90)));
        assert_eq!(sun(SolarDay::default()).hours, None);
    }
}

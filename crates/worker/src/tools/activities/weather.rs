//! The weather during an activity.

use garmin::model::ActivityWeather;
use schemars::JsonSchema;
use serde::Serialize;

use super::find::{ActivityArgs, id, part};
use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, tenth, whole};

/// `get_activity_weather`
pub(super) struct Weather;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WeatherAnswer {
    /// `no_data` for what was done indoors.
    status: Status,
    activity_id: i64,
    #[serde(flatten)]
    weather: Option<Conditions>,
}

/// Conditions at the nearest weather station when the activity began.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Conditions {
    temperature_celsius: Option<f64>,
    apparent_temperature_celsius: Option<f64>,
    dew_point_celsius: Option<f64>,
    humidity_percent: Option<i64>,
    wind_speed_mps: Option<f64>,
    wind_gust_mps: Option<f64>,
    /// Where it came from.
    wind_direction_degrees: Option<i64>,
    wind_direction: Option<String>,
    weather_type: Option<String>,
    weather_description: Option<String>,
    /// The station.
    location: Option<String>,
    issue_time: Option<String>,
    /// What had to be assumed.
    note: Option<&'static str>,
}

/// Garmin writes degrees Fahrenheit and does not name the unit of the wind.
const WIND: &str = "Garmin does not name the unit of wind; miles per hour were assumed, as it \
    writes degrees Fahrenheit";

fn celsius(fahrenheit: f64) -> f64 {
    tenth((fahrenheit - 32.0) / 1.8)
}

fn metres_per_second(miles_per_hour: f64) -> f64 {
    tenth(miles_per_hour * 0.447_04)
}

/// What is known about the weather; nothing where Garmin sent nulls.
pub(super) fn conditions(
    weather: ActivityWeather,
    zone: &jiff::tz::TimeZone,
) -> Option<Conditions> {
    let kind = weather.kind.unwrap_or_default();
    let wind = weather.wind_mph.or(weather.gust_mph);
    let conditions = Conditions {
        temperature_celsius: weather.temperature_f.map(celsius),
        apparent_temperature_celsius: weather.apparent_f.map(celsius),
        dew_point_celsius: weather.dew_point_f.map(celsius),
        humidity_percent: weather.humidity_pct.map(whole),
        wind_speed_mps: weather.wind_mph.map(metres_per_second),
        wind_gust_mps: weather.gust_mph.map(metres_per_second),
        wind_direction_degrees: weather.wind_from_degrees.map(whole),
        wind_direction: weather.wind_from,
        weather_type: kind.name.or(kind.id),
        weather_description: kind.description,
        location: weather.station.and_then(|station| station.name.or(station.id)),
        issue_time: weather.issued.map(|at| moment(at, zone)),
        note: wind.map(|_| WIND),
    };
    let measured = conditions.temperature_celsius.is_some()
        || conditions.humidity_percent.is_some()
        || conditions.weather_description.is_some()
        || wind.is_some();
    measured.then_some(conditions)
}

impl Tool for Weather {
    const NAME: &'static str = "get_activity_weather";
    const TITLE: &'static str = "Weather of an activity";
    const DESCRIPTION: &'static str =
        "Temperature, humidity, wind and sky when the activity began.";
    type Args = ActivityArgs;
    type Answer = WeatherAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let number = id(args.activity_id)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let found = part(account, args.activity_id, garmin.activity_weather(number).await).await?;
        let weather = found.and_then(|weather| conditions(weather, &zone));
        Ok(WeatherAnswer {
            status: if weather.is_some() { Status::Ok } else { Status::NoData },
            activity_id: number.number(),
            weather,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fahrenheit_and_miles_become_metric_and_zero_is_a_value() {
        let weather = ActivityWeather {
            temperature_f: Some(68.0),
            apparent_f: Some(32.0),
            humidity_pct: Some(0.0),
            wind_mph: Some(0.0),
            ..ActivityWeather::default()
        };
        let shown = conditions(weather, &jiff::tz::TimeZone::UTC).unwrap();
        assert_eq!(shown.temperature_celsius, Some(20.0));
        assert_eq!(shown.apparent_temperature_celsius, Some(0.0));
        assert_eq!((shown.humidity_percent, shown.wind_speed_mps), (Some(0), Some(0.0)));
        assert_eq!(shown.wind_gust_mps, None);
        assert!(shown.note.is_some());
        let blown = ActivityWeather { wind_mph: Some(10.0), ..ActivityWeather::default() };
        let shown = conditions(blown, &jiff::tz::TimeZone::UTC).unwrap();
        assert_eq!(shown.wind_speed_mps, Some(4.5));
        assert_eq!(conditions(ActivityWeather::default(), &jiff::tz::TimeZone::UTC), None);
    }
}

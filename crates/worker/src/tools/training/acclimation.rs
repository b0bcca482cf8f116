//! Heat, altitude and other time zones.

use garmin::model::{Acclimation as Found, JetLagTrip};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::{DayArgs, if_offered};
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{whole, word};

/// `get_acclimation`
pub(super) struct Acclimation;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AcclimationAnswer {
    #[serde(flatten)]
    adapted: Option<Adapted>,
    jet_lag: Option<JetLag>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Adapted {
    as_of: Option<String>,
    heat_acclimation_percent: Option<i64>,
    heat_acclimation_change: Option<i64>,
    heat_trend: Option<String>,
    heat_acclimation_date: Option<String>,
    /// The altitude the body is used to.
    altitude_acclimation_m: Option<i64>,
    altitude_acclimation_percent: Option<i64>,
    altitude_trend: Option<String>,
    altitude_acclimation_date: Option<String>,
    current_altitude_m: Option<i64>,
}

pub(super) fn adapted(found: &Found) -> Option<Adapted> {
    if found.heat_pct.is_none() && found.altitude_m.is_none() {
        return None;
    }
    let text = |date: Option<Date>| date.map(|date| date.to_string());
    Some(Adapted {
        as_of: text(found.date),
        heat_acclimation_percent: found.heat_pct,
        heat_acclimation_change: found
            .heat_pct
            .zip(found.previous_heat_pct)
            .and_then(|(now, before)| now.checked_sub(before)),
        heat_trend: found.heat_trend.as_deref().map(word),
        heat_acclimation_date: text(found.heat_date),
        altitude_acclimation_m: found.altitude_m.map(whole),
        altitude_acclimation_percent: found.altitude_pct,
        altitude_trend: found.altitude_trend.as_deref().map(word),
        altitude_acclimation_date: text(found.altitude_date),
        current_altitude_m: found.current_altitude_m.map(whole),
    })
}

/// A journey the athlete is on.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct JetLag {
    start_date: String,
    end_date: String,
    from: Option<String>,
    from_offset: Option<String>,
    to: Option<String>,
    to_offset: Option<String>,
}

fn journey(trips: &[JetLagTrip], on: Date) -> Option<JetLag> {
    trips.iter().find_map(|trip| {
        let (start, end) = trip.start.zip(trip.end)?;
        let first = trip.flights.iter().flatten().next();
        (start..=end).contains(&on).then(|| JetLag {
            start_date: start.to_string(),
            end_date: end.to_string(),
            from: first.and_then(|flight| flight.from.clone()),
            from_offset: first.and_then(|flight| flight.from_offset.clone()),
            to: first.and_then(|flight| flight.to.clone()),
            to_offset: first.and_then(|flight| flight.to_offset.clone()),
        })
    })
}

impl Tool for Acclimation {
    const NAME: &'static str = "get_acclimation";
    const TITLE: &'static str = "Acclimation";
    const DESCRIPTION: &'static str = "How far the body is used to heat and altitude as of one \
        day, and the journey across time zones it is on.";
    type Args = DayArgs;
    type Answer = Reading<AcclimationAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let (found, trips) = tokio::join!(garmin.acclimation(day), garmin.jet_lag_trips());
        let mut state = if_offered(found)?.as_ref().and_then(adapted);
        if state.is_none() {
            let metrics = garmin.latest_max_metrics(day).await?;
            state = metrics.and_then(|it| it.acclimation).as_ref().and_then(adapted);
        }
        let jet_lag = journey(&if_offered(trips)?.unwrap_or_default(), day.date());
        let says = state.is_some() || jet_lag.is_some();
        let answer = says.then_some(AcclimationAnswer { adapted: state, jet_lag });
        Ok(account.reading(day, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acclimation_keeps_its_zeros_and_says_how_it_changed() {
        let found: Found = serde_json::from_str(
            r#"{"calendarDate":"2026-08-26","heatAcclimationPercentage":100,
                "previousHeatAcclimationPercentage":88,"heatTrend":"ACCLIMATIZED",
                "altitudeAcclimation":0,"altitudeTrend":null,"currentAltitude":180.4}"#,
        )
        .unwrap();
        let answer = adapted(&found).unwrap();
        assert_eq!(
            (answer.heat_acclimation_percent, answer.heat_acclimation_change),
            (Some(100), Some(12))
        );
        assert_eq!((answer.altitude_acclimation_m, answer.altitude_trend), (Some(0), None));
        assert_eq!(adapted(&Found::default()), None);
    }

    #[test]
    fn a_journey_counts_while_it_lasts() {
        let trips: Vec<JetLagTrip> = serde_json::from_str(
            r#"[{"tripId":1,"startDate":"2026-10-04","endDate":"2026-10-11","flights":[
                {"originLocation":"LAX","originTimezone":"-07:00","destinationLocation":"CDG",
                 "destinationTimezone":"+02:00"}]},{"tripId":2}]"#,
        )
        .unwrap();
        let on = |date: &str| journey(&trips, date.parse().unwrap());
        assert_eq!(on("2026-10-11").unwrap().to.as_deref(), Some("CDG"));
        assert_eq!((on("2026-10-12"), on("2026-10-03")), (None, None));
    }
}

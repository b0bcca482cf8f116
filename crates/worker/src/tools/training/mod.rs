//! Training: what was done to the body, and what it has become able to do.

mod acclimation;
mod effect;
mod fitness_age;
mod hrv;
mod load;
mod load_trend;
mod plans;
mod predictions;
mod progress;
mod recovery;
mod reload;
mod respiration;
mod scores;
mod status;
mod thresholds;
mod tolerance;
mod vo2max;

use garmin::GarminError;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::{NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<status::Status>(),
    Entry::of::<load_trend::LoadTrend>(),
    Entry::of::<status::LoadBalance>(),
    Entry::of::<recovery::Remaining>(),
    Entry::of::<hrv::OneNight>(),
    Entry::of::<hrv::Trend>(),
    Entry::of::<vo2max::Trend>(),
    Entry::of::<vo2max::MaxMetrics>(),
    Entry::of::<respiration::Trend>(),
    Entry::of::<scores::Endurance>(),
    Entry::of::<scores::Hill>(),
    Entry::of::<fitness_age::FitnessAge>(),
    Entry::of::<effect::Effect>(),
    Entry::of::<thresholds::CyclingFtp>(),
    Entry::of::<thresholds::FtpHistory>(),
    Entry::of::<thresholds::LactateThreshold>(),
    Entry::of::<tolerance::RunningTolerance>(),
    Entry::of::<predictions::History>(),
    Entry::of::<acclimation::Acclimation>(),
    Entry::of::<progress::Progress>(),
    Entry::of::<plans::Plans>(),
    Entry::of::<plans::Plan>(),
    Entry::writes::<reload::Reload>(),
];

/// One day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DayArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
}

/// A range, or one day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RangeOrDay {
    /// Day or period: `last_month`, `90d`
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// Instead of both.
    date: Option<NamedDay>,
}

impl RangeOrDay {
    fn range(
        &self,
        today: garmin::days::Day,
        window: Window,
    ) -> Result<garmin::days::DayRange, ToolError> {
        match (self.date, self.start_date, self.end_date) {
            (None, start, end) => range(start, end, today, window),
            (Some(date), None, None) => {
                Ok(garmin::days::DayRange::one(date.resolve("date", today)?))
            }
            (Some(_), _, _) => Err(ToolError::argument(
                "date",
                "not together with `start_date` or `end_date`; allowed is one of both",
            )),
        }
    }
}

/// Four weeks unless asked for more, and up to a year.
const TREND: Window = Window::past(28, 366);

/// A part an answer can do without, from an endpoint that not every account has. What may pass,
/// and the need to sign in, are still errors.
fn if_offered<T>(part: Result<Option<T>, GarminError>) -> Result<Option<T>, ToolError> {
    match part {
        Ok(part) => Ok(part),
        Err(
            GarminError::Forbidden
            | GarminError::PrivacyProtected
            | GarminError::NotFound
            | GarminError::BadRequest
            | GarminError::UnexpectedStatus { .. }
            | GarminError::NotJson
            | GarminError::Malformed { .. }
            | GarminError::TooLarge,
        ) => Ok(None),
        Err(
            error @ (GarminError::SignInNeeded
            | GarminError::Unavailable { .. }
            | GarminError::TokenRefused
            | GarminError::RateLimited { .. }
            | GarminError::Unreachable
            | GarminError::TimedOut
            | GarminError::Torn
            | GarminError::Upstream5xx { .. }),
        ) => Err(error.into()),
    }
}

/// Minutes and seconds for a kilometre.
fn pace_per_km(speed_mps: f64) -> Option<String> {
    (speed_mps > 0.3).then(|| {
        let seconds = crate::tools::whole(1_000.0 / speed_mps);
        format!("{}:{:02}", seconds / 60, seconds % 60)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_minutes_and_seconds() {
        assert_eq!(pace_per_km(3.402).as_deref(), Some("4:54"));
        assert_eq!(pace_per_km(1_000.0 / 299.6).as_deref(), Some("5:00"));
        assert_eq!((pace_per_km(0.0), pace_per_km(-1.0)), (None, None));
    }

    #[test]
    fn what_an_account_does_not_have_is_no_error_and_what_may_pass_is() {
        assert_eq!(if_offered::<i64>(Err(GarminError::Forbidden)), Ok(None));
        assert_eq!(if_offered(Ok(Some(1))), Ok(Some(1)));
        assert_eq!(if_offered::<i64>(Err(GarminError::SignInNeeded)), Err(ToolError::AuthExpired));
        assert!(if_offered::<i64>(Err(GarminError::TimedOut)).is_err());
    }
}

//! What people enter themselves: blood pressure and drink.

use domain::region::Region;
use garmin::model::{BloodPressure, Hydration};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::day::DayArgs;
use crate::account::Account;
use crate::answer::{Reading, Stretch};
use crate::args::{RangeArgs, Window};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{clock_there, moment, moment_there, share, whole, word};

/// `get_blood_pressure`
pub(super) struct BloodPressureTool;

/// Garmin knows no cap; beyond this the answer is of no use.
const LONGEST: u32 = 3660;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PressureAnswer {
    /// Newest first; millimetres of mercury.
    readings: Vec<PressureReading>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct PressureReading {
    time: Option<String>,
    systolic: Option<i64>,
    diastolic: Option<i64>,
    /// Beats per minute.
    pulse: Option<i64>,
    category: Option<String>,
    notes: Option<String>,
    source: Option<String>,
    /// What `delete_blood_pressure` needs.
    version: Option<i64>,
}

fn pressure(it: &BloodPressure, region: Region, zone: &TimeZone) -> Option<PressureReading> {
    if it.systolic.is_none() && it.diastolic.is_none() {
        return None;
    }
    let time = match it.at {
        Some(at) => Some(moment(at, &clock_there(at, it.at_local, region, zone))),
        None => moment_there(None, it.at_local),
    };
    Some(PressureReading {
        time,
        systolic: it.systolic,
        diastolic: it.diastolic,
        pulse: it.pulse,
        category: it.category.as_deref().map(word),
        notes: it.notes.clone(),
        source: it.source.as_deref().map(word),
        version: it.version,
    })
}

impl Tool for BloodPressureTool {
    const NAME: &'static str = "get_blood_pressure";
    const TITLE: &'static str = "Blood pressure";
    const DESCRIPTION: &'static str = "Blood pressure readings of a range of days.";
    type Args = RangeArgs;
    type Answer = Stretch<PressureAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, Window::past(7, LONGEST))?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let region = account.upstream.region;
        let found = garmin.blood_pressure(range).await?.and_then(|found| found.days);
        let mut all: Vec<BloodPressure> = found
            .unwrap_or_default()
            .into_iter()
            .filter_map(|day| day.readings)
            .flatten()
            .collect();
        all.sort_by_key(|it| std::cmp::Reverse((it.at, it.at_local)));
        let readings: Vec<PressureReading> =
            all.iter().filter_map(|it| pressure(it, region, &zone)).collect();
        let data = (!readings.is_empty()).then_some(PressureAnswer { readings });
        Ok(account.stretch(range, today, data).await)
    }
}

/// `get_hydration_data`
pub(super) struct HydrationTool;

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct HydrationAnswer {
    intake_ml: Option<i64>,
    goal_ml: Option<i64>,
    goal_reached_pct: Option<f64>,
    sweat_loss_ml: Option<i64>,
    activity_intake_ml: Option<i64>,
    daily_average_ml: Option<i64>,
    last_entry_time: Option<String>,
}

fn hydration(it: &Hydration) -> Option<HydrationAnswer> {
    let intake = it.drunk_ml.map(whole);
    if intake.is_none() && it.goal_ml.is_none() && it.sweat_loss_ml.is_none() {
        return None;
    }
    let goal = it.goal_ml.map(whole);
    Some(HydrationAnswer {
        intake_ml: intake,
        goal_ml: goal,
        goal_reached_pct: intake.zip(goal).and_then(|(intake, goal)| share(intake, goal)),
        sweat_loss_ml: it.sweat_loss_ml.map(whole),
        activity_intake_ml: it.drunk_in_activities_ml.map(whole),
        daily_average_ml: it.average_ml.map(whole),
        last_entry_time: moment_there(None, it.last_entry_local),
    })
}

impl Tool for HydrationTool {
    const NAME: &'static str = "get_hydration_data";
    const TITLE: &'static str = "Hydration of one day";
    const DESCRIPTION: &'static str =
        "What was drunk on one day against the goal, and the sweat lost in activities.";
    type Args = DayArgs;
    type Answer = Reading<HydrationAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let found = account.garmin()?.hydration(day).await?;
        Ok(account.reading(day, today, found.as_ref().and_then(hydration)).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drunk_is_zero_and_nothing_known_is_nothing() {
        let day = Hydration { drunk_ml: Some(0.0), goal_ml: Some(2400.0), ..Hydration::default() };
        let shown = hydration(&day).unwrap();
        assert_eq!((shown.intake_ml, shown.goal_reached_pct), (Some(0), Some(0.0)));
        assert_eq!(hydration(&Hydration::default()), None);
    }

    #[test]
    fn a_reading_keeps_the_clock_it_was_taken_by() {
        let reading = BloodPressure {
            systolic: Some(121),
            at: Some("2026-05-01T12:00:00Z".parse().unwrap()),
            at_local: Some("2026-05-01T08:00:00".parse().unwrap()),
            ..BloodPressure::default()
        };
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let shown = pressure(&reading, Region::Global, &zone).unwrap();
        assert_eq!(shown.time.as_deref(), Some("2026-05-01T08:00:00-04:00"));
        assert_eq!(pressure(&BloodPressure::default(), Region::Global, &zone), None);
    }
}

//! One night in detail.

use garmin::model::{Night, NightValue, Sample, SleepLevel};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::night::{Clocks, SummaryAnswer, night, short};
use crate::account::Account;
use crate::answer::Reading;
use crate::args::{Many, NamedDay};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{moment, whole};
use crate::tools::series::{self, Resolution, Series};

/// `get_sleep_data`
pub(super) struct SleepData;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SleepArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    /// Default `stages`
    include: Option<Many<Part>>,
    #[serde(default)]
    resolution: Resolution<5>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Part {
    Stages,
    Movement,
    HeartRate,
    Hrv,
    Spo2,
    Respiration,
    Stress,
    BodyBattery,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SleepAnswer {
    #[serde(flatten)]
    summary: SummaryAnswer,
    naps: Option<Vec<NapShown>>,
    /// The night from beginning to end; times on the clock of the place.
    stages: Option<Stages>,
    movement: Option<Series<f64>>,
    heart_rate: Option<Series>,
    hrv: Option<Series>,
    spo2: Option<Series>,
    respiration: Option<Series<f64>>,
    stress: Option<Series>,
    body_battery: Option<Series>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct NapShown {
    start: Option<String>,
    end: Option<String>,
    minutes: Option<i64>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Stages {
    columns: [&'static str; 3],
    rows: Vec<(&'static str, String, i64)>,
}

fn stage(level: f64) -> Option<&'static str> {
    match whole(level) {
        0 => Some("deep"),
        1 => Some("light"),
        2 => Some("rem"),
        3 => Some("awake"),
        _ => None,
    }
}

fn stages(levels: &[SleepLevel], zone: &TimeZone) -> Option<Stages> {
    let rows: Vec<_> = levels
        .iter()
        .filter_map(|level| {
            let (start, end) = level.start.zip(level.end)?;
            let seconds = end.duration_since(start).as_secs();
            let from = start.to_zoned(zone.clone()).strftime("%H:%M").to_string();
            Some((stage(level.level?)?, from, (seconds + 30).div_euclid(60)))
        })
        .collect();
    (!rows.is_empty()).then_some(Stages { columns: ["stage", "from", "minutes"], rows })
}

/// Values in the order of time; below `least` the watch could not tell.
fn samples(values: Option<&Vec<NightValue>>, least: f64) -> Vec<Sample> {
    let mut samples: Vec<Sample> = values
        .into_iter()
        .flatten()
        .filter_map(|it| {
            Some(Sample { at: it.at?, value: it.value.filter(|value| *value >= least) })
        })
        .collect();
    samples.sort_by_key(|sample| sample.at);
    samples
}

fn full(night: &Night, clocks: &Clocks, parts: &[Part], step_s: i64) -> SleepAnswer {
    let zone = &clocks.start;
    let wants = |part| parts.contains(&part);
    let average = |part, values: Option<&Vec<NightValue>>, least: f64| {
        wants(part).then(|| series::averages_every(step_s, &samples(values, least), zone)).flatten()
    };
    let movement: Vec<Sample> = night
        .movement
        .iter()
        .flatten()
        .filter_map(|it| Some(Sample { at: it.at?, value: it.level }))
        .collect();
    let breaths = samples(night.respiration.as_ref(), 1.0);
    let battery = samples(night.body_battery.as_ref(), 0.0);
    let naps = night.sleep.as_ref().and_then(|sleep| sleep.naps.as_ref());
    SleepAnswer {
        summary: short(night, clocks),
        naps: naps.map(|naps| {
            naps.iter()
                .map(|nap| NapShown {
                    start: nap.start.map(|at| moment(at, &clocks.end)),
                    end: nap.end.map(|at| moment(at, &clocks.end)),
                    minutes: nap.seconds.map(|seconds| seconds.saturating_add(30).div_euclid(60)),
                })
                .collect()
        }),
        stages: wants(Part::Stages)
            .then(|| stages(night.levels.as_deref().unwrap_or_default(), zone))
            .flatten(),
        movement: wants(Part::Movement)
            .then(|| series::fine_averages_every(step_s, &movement, zone))
            .flatten(),
        heart_rate: average(Part::HeartRate, night.heart_rate.as_ref(), 1.0),
        hrv: average(Part::Hrv, night.hrv.as_ref(), 1.0),
        spo2: average(Part::Spo2, night.spo2.as_ref(), 1.0),
        respiration: wants(Part::Respiration)
            .then(|| series::fine_averages_every(step_s, &breaths, zone))
            .flatten(),
        stress: average(Part::Stress, night.stress.as_ref(), 0.0),
        body_battery: wants(Part::BodyBattery)
            .then(|| series::levels_every(step_s, &battery, zone))
            .flatten(),
    }
}

impl Tool for SleepData {
    const NAME: &'static str = "get_sleep_data";
    const TITLE: &'static str = "One night of sleep";
    const DESCRIPTION: &'static str = "The night that ended on this day: score and its parts, \
        duration, every stage, and on request the curves of the night. get_sleep_summary is \
        shorter.";
    type Args = SleepArgs;
    type Answer = Reading<SleepAnswer>;

    async fn call(account: &Account, args: SleepArgs) -> Result<Self::Answer, ToolError> {
        let parts = args.include.map_or_else(|| vec![Part::Stages], |parts| parts.0);
        let step_s = args.resolution.seconds();
        night(account, args.date, |night, clocks| full(&night, clocks, &parts, step_s)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_carry_the_clock_of_the_place_and_unknown_ones_are_left_out() {
        let level = |start: &str, end: &str, level| SleepLevel {
            start: Some(start.parse().unwrap()),
            end: Some(end.parse().unwrap()),
            level: Some(level),
        };
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let found = stages(
            &[
                level("2026-04-30T21:10:00Z", "2026-04-30T21:27:00Z", 1.0),
                level("2026-04-30T21:27:00Z", "2026-04-30T22:05:00Z", 0.0),
                level("2026-04-30T22:05:00Z", "2026-04-30T22:06:00Z", 9.0),
            ],
            &zone,
        );
        let rows = vec![("light", "23:10".to_owned(), 17), ("deep", "23:27".to_owned(), 38)];
        assert_eq!(found.unwrap().rows, rows);
    }

    #[test]
    fn curves_are_there_when_asked_for() {
        let value = |second: i64, value| NightValue {
            at: Some(jiff::Timestamp::from_second(second).unwrap()),
            value: Some(value),
        };
        let night = Night {
            heart_rate: Some(vec![value(1_777_583_400, 58.0), value(1_777_583_520, 0.0)]),
            stress: Some(vec![value(1_777_583_400, 0.0), value(1_777_583_460, -1.0)]),
            ..Night::default()
        };
        let clocks = Clocks { start: TimeZone::UTC, end: TimeZone::UTC };
        let shown = full(&night, &clocks, &[Part::HeartRate, Part::Stress], 300);
        assert_eq!(shown.heart_rate.unwrap().values, [Some(58)]);
        assert_eq!(shown.stress.unwrap().values, [Some(0)]);
        assert!(full(&night, &clocks, &[], 300).heart_rate.is_none());
    }
}

//! Sleep: one night, filed under the day of waking up.

use domain::region::Region;
use garmin::model::{Night, NightDto, SleepScore, SleepScores};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::day::DayArgs;
use crate::account::Account;
use crate::answer::Reading;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{clock_there, float, hundredth, moment, share, tenth, whole, word};

pub(super) async fn night<T>(
    account: &Account,
    date: NamedDay,
    show: impl FnOnce(Night, &Clocks) -> T,
) -> Result<Reading<T>, ToolError> {
    let today = account.today().await?;
    let day = date.resolve("date", today)?;
    let garmin = account.garmin()?;
    let own = garmin.zone().await?;
    let night = garmin.sleep(day).await?.filter(Night::is_recorded);
    let shown = night.map(|night| {
        let clocks = Clocks::of(night.sleep.as_ref(), account.upstream.region, &own);
        show(night, &clocks)
    });
    Ok(account.reading(day, today, shown).await)
}

/// The clocks the sleeper had: at falling asleep, and at waking up.
pub(super) struct Clocks {
    pub(super) start: TimeZone,
    pub(super) end: TimeZone,
}

impl Clocks {
    pub(super) fn of(sleep: Option<&NightDto>, region: Region, own: &TimeZone) -> Self {
        let there = |at: Option<Timestamp>, local: Option<DateTime>| {
            at.map_or_else(|| own.clone(), |at| clock_there(at, local, region, own))
        };
        Self {
            start: there(sleep.and_then(|it| it.start), sleep.and_then(|it| it.start_local)),
            end: there(sleep.and_then(|it| it.end), sleep.and_then(|it| it.end_local)),
        }
    }
}

/// `get_sleep_summary`
pub(super) struct SleepSummary;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SummaryAnswer {
    sleep_seconds: Option<i64>,
    sleep_hours: Option<f64>,
    nap_seconds: Option<i64>,
    deep_sleep_seconds: Option<i64>,
    light_sleep_seconds: Option<i64>,
    rem_sleep_seconds: Option<i64>,
    awake_seconds: Option<i64>,
    /// Share of the time asleep.
    deep_sleep_percent: Option<f64>,
    light_sleep_percent: Option<f64>,
    rem_sleep_percent: Option<f64>,
    /// 0 to 100; absent when the night was too short to score.
    sleep_score: Option<i64>,
    sleep_score_qualifier: Option<String>,
    sleep_need_minutes: Option<i64>,
    sleep_start: Option<String>,
    sleep_end: Option<String>,
    awake_count: Option<i64>,
    restless_moments_count: Option<i64>,
    avg_sleep_stress: Option<i64>,
    resting_heart_rate_bpm: Option<i64>,
    avg_spo2_percent: Option<i64>,
    lowest_spo2_percent: Option<i64>,
    /// Milliseconds.
    avg_overnight_hrv: Option<i64>,
    hrv_status: Option<String>,
    avg_heart_rate_bpm: Option<i64>,
    avg_respiration_brpm: Option<i64>,
    body_battery_change: Option<i64>,
    skin_temperature_deviation_c: Option<f64>,
    sleep_feedback: Option<String>,
    /// Garmin's judgement of the parts of the score.
    score_components: Option<ScoreComponents>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ScoreComponents {
    duration: Option<String>,
    deep: Option<String>,
    rem: Option<String>,
    light: Option<String>,
    awakenings: Option<String>,
    stress: Option<String>,
    restlessness: Option<String>,
}

fn qualifier(score: Option<&SleepScore>) -> Option<String> {
    score.and_then(|score| score.qualifier.as_deref()).map(word)
}

fn components(scores: &SleepScores) -> ScoreComponents {
    ScoreComponents {
        duration: qualifier(scores.duration.as_ref()),
        deep: qualifier(scores.deep.as_ref()),
        rem: qualifier(scores.rem.as_ref()),
        light: qualifier(scores.light.as_ref()),
        awakenings: qualifier(scores.awake_count.as_ref()),
        stress: qualifier(scores.stress.as_ref()),
        restlessness: qualifier(scores.restlessness.as_ref()),
    }
}

/// A figure of which 0 and less say that nothing was measured.
fn measured(value: Option<f64>) -> Option<i64> {
    value.filter(|value| *value > 0.0).map(whole)
}

fn hours(seconds: i64) -> f64 {
    hundredth(float(seconds) / 3600.0)
}

pub(super) fn short(night: &Night, clocks: &Clocks) -> SummaryAnswer {
    let unknown = NightDto::default();
    let sleep = night.sleep.as_ref().unwrap_or(&unknown);
    let part = |stage: Option<i64>| stage.zip(sleep.asleep_s).and_then(|(a, b)| share(a, b));
    let overall = sleep.scores.as_ref().and_then(|scores| scores.overall.as_ref());
    let oxygen = night.spo2_summary.as_ref();
    SummaryAnswer {
        sleep_seconds: sleep.asleep_s,
        sleep_hours: sleep.asleep_s.map(hours),
        nap_seconds: sleep.nap_s,
        deep_sleep_seconds: sleep.deep_s,
        light_sleep_seconds: sleep.light_s,
        rem_sleep_seconds: sleep.rem_s,
        awake_seconds: sleep.awake_s,
        deep_sleep_percent: part(sleep.deep_s),
        light_sleep_percent: part(sleep.light_s),
        rem_sleep_percent: part(sleep.rem_s),
        sleep_score: overall.and_then(|score| score.value),
        sleep_score_qualifier: qualifier(overall),
        sleep_need_minutes: sleep.need.as_ref().and_then(|need| need.actual_min),
        sleep_start: sleep.start.map(|at| moment(at, &clocks.start)),
        sleep_end: sleep.end.map(|at| moment(at, &clocks.end)),
        awake_count: sleep.awake_count,
        restless_moments_count: night.restless_moments,
        avg_sleep_stress: sleep.average_stress.filter(|level| *level >= 0.0).map(whole),
        resting_heart_rate_bpm: night.resting_heart_rate,
        avg_spo2_percent: measured(sleep.average_spo2)
            .or_else(|| measured(oxygen.and_then(|it| it.average))),
        lowest_spo2_percent: measured(sleep.lowest_spo2)
            .or_else(|| measured(oxygen.and_then(|it| it.lowest))),
        avg_overnight_hrv: measured(night.overnight_hrv_ms),
        hrv_status: night.hrv_status.as_deref().map(word),
        avg_heart_rate_bpm: measured(sleep.average_heart_rate),
        avg_respiration_brpm: measured(sleep.average_respiration),
        body_battery_change: night.body_battery_change,
        skin_temperature_deviation_c: night.skin_temperature_deviation_c.map(tenth),
        sleep_feedback: sleep.feedback.as_deref().map(word),
        score_components: sleep.scores.as_ref().map(components),
    }
}

impl Tool for SleepSummary {
    const NAME: &'static str = "get_sleep_summary";
    const TITLE: &'static str = "One night of sleep in short";
    const DESCRIPTION: &'static str = "The night that ended on this day in a few numbers: \
        duration, stages, score, times, awakenings, heart rate variability.";
    type Args = DayArgs;
    type Answer = Reading<SummaryAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        night(account, args.date, |night, clocks| short(&night, clocks)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_abroad_has_the_clock_of_the_place_and_one_at_home_the_own_zone() {
        let own = TimeZone::get("Europe/Berlin").unwrap();
        let night = |start_local: &str| NightDto {
            start: Some("2026-05-01T03:00:00Z".parse().unwrap()),
            start_local: Some(start_local.parse().unwrap()),
            ..NightDto::default()
        };
        let told = |night: &NightDto, region| {
            let clocks = Clocks::of(Some(night), region, &own);
            moment(night.start.unwrap(), &clocks.start)
        };
        let abroad = night("2026-04-30T23:00:00");
        assert_eq!(told(&abroad, Region::Global), "2026-04-30T23:00:00-04:00");
        assert_eq!(told(&abroad, Region::China), "2026-05-01T05:00:00+02:00");
        let home = night("2026-05-01T05:00:00");
        assert_eq!(Clocks::of(Some(&home), Region::Global, &own).start, own);
    }

    #[test]
    fn d18_times_of_a_night_have_the_offset_of_the_place_and_are_no_milliseconds() {
        let sleep = NightDto {
            id: Some(1),
            asleep_s: Some(27_000),
            deep_s: Some(0),
            start: Some("2026-04-30T21:10:00Z".parse().unwrap()),
            ..NightDto::default()
        };
        let night = Night { sleep: Some(sleep), ..Night::default() };
        let own = TimeZone::get("Europe/Berlin").unwrap();
        let clocks = Clocks::of(night.sleep.as_ref(), Region::Global, &own);
        let shown = short(&night, &clocks);
        assert_eq!(shown.sleep_start.as_deref(), Some("2026-04-30T23:10:00+02:00"));
        assert_eq!((shown.deep_sleep_seconds, shown.deep_sleep_percent), (Some(0), Some(0.0)));
        assert_eq!(shown.sleep_end, None);
    }
}

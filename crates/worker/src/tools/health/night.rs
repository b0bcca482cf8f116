//! Sleep: one night, filed under the day of waking up.

use domain::region::Region;
use garmin::model::{Night, NightDto, SleepLevel, SleepScore, SleepScores};
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
use crate::tools::numbers::{clock_there, hundredth, moment, share, tenth, whole, word};

async fn night<T>(
    account: &Account,
    args: &DayArgs,
    show: impl FnOnce(Night, &Clocks) -> T,
) -> Result<Reading<T>, ToolError> {
    let today = account.today().await?;
    let day = args.date.resolve("date", today)?;
    let garmin = account.garmin()?;
    let own = garmin.zone().await?;
    let night = garmin.sleep(day).await?.filter(Night::is_recorded);
    let data = night.map(|night| {
        let clocks = Clocks::of(night.sleep.as_ref(), account.upstream.region, &own);
        show(night, &clocks)
    });
    Ok(account.reading(day, today, data).await)
}

/// The clocks the sleeper had: at falling asleep, and at waking up.
struct Clocks {
    start: TimeZone,
    end: TimeZone,
}

impl Clocks {
    fn of(sleep: Option<&NightDto>, region: Region, own: &TimeZone) -> Self {
        let there = |at: Option<Timestamp>, local: Option<DateTime>| {
            at.map_or_else(|| own.clone(), |at| clock_there(at, local, region, own))
        };
        Self {
            start: there(sleep.and_then(|it| it.start), sleep.and_then(|it| it.start_local)),
            end: there(sleep.and_then(|it| it.end), sleep.and_then(|it| it.end_local)),
        }
    }
}

/// `get_sleep`
pub(super) struct Sleep;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SleepAnswer {
    /// Garmin's sleep score, 0 to 100; absent when the night was too short to score.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score_qualifier: Option<String>,
    asleep_s: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deep_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    light_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rem_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    awake_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nap_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    awakenings: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restless_moments: Option<i64>,
    /// How much sleep Garmin thought this person needed that night.
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_need_min: Option<i64>,
    /// Garmin's judgement of the parts of the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    score_parts: Option<ScoreParts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resting_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_hrv_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_stress: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_change: Option<i64>,
    /// Breaths per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_respiration_brpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_spo2_pct: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_spo2_pct: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skin_temperature_deviation_c: Option<f64>,
    /// The night from beginning to end.
    stages: Vec<Stage>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ScoreParts {
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deep: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    light: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    awakenings: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stress: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restlessness: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "names of keys in the result")]
struct Stage {
    stage: StageName,
    /// HH:MM on the clock of the place where the night began.
    from: String,
    minutes: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum StageName {
    Deep,
    Light,
    Rem,
    Awake,
}

impl StageName {
    fn of(level: f64) -> Option<Self> {
        match whole(level) {
            0 => Some(Self::Deep),
            1 => Some(Self::Light),
            2 => Some(Self::Rem),
            3 => Some(Self::Awake),
            _ => None,
        }
    }
}

fn stages(levels: &[SleepLevel], zone: &TimeZone) -> Vec<Stage> {
    levels
        .iter()
        .filter_map(|level| {
            let (start, end) = level.start.zip(level.end)?;
            let seconds = end.duration_since(start).as_secs();
            Some(Stage {
                stage: StageName::of(level.level?)?,
                from: start.to_zoned(zone.clone()).strftime("%H:%M").to_string(),
                minutes: (seconds + 30).div_euclid(60),
            })
        })
        .collect()
}

fn qualifier(score: Option<&SleepScore>) -> Option<String> {
    score.and_then(|score| score.qualifier.as_deref()).map(word)
}

fn score_parts(scores: &SleepScores) -> ScoreParts {
    ScoreParts {
        duration: qualifier(scores.duration.as_ref()),
        deep: qualifier(scores.deep.as_ref()),
        rem: qualifier(scores.rem.as_ref()),
        light: qualifier(scores.light.as_ref()),
        awakenings: qualifier(scores.awake_count.as_ref()),
        stress: qualifier(scores.stress.as_ref()),
        restlessness: qualifier(scores.restlessness.as_ref()),
    }
}

fn full(night: Night, clocks: &Clocks) -> SleepAnswer {
    let sleep = night.sleep.unwrap_or_default();
    let overall = sleep.scores.as_ref().and_then(|scores| scores.overall.as_ref());
    SleepAnswer {
        score: overall.and_then(|score| score.value),
        score_qualifier: qualifier(overall),
        asleep_s: sleep.asleep_s.unwrap_or_default(),
        start: sleep.start.map(|at| moment(at, &clocks.start)),
        end: sleep.end.map(|at| moment(at, &clocks.end)),
        deep_s: sleep.deep_s,
        light_s: sleep.light_s,
        rem_s: sleep.rem_s,
        awake_s: sleep.awake_s,
        nap_s: sleep.nap_s,
        awakenings: sleep.awake_count,
        restless_moments: night.restless_moments,
        sleep_need_min: sleep.need.as_ref().and_then(|need| need.actual_min),
        score_parts: sleep.scores.as_ref().map(score_parts),
        avg_heart_rate_bpm: sleep.average_heart_rate.map(whole),
        resting_heart_rate_bpm: night.resting_heart_rate,
        avg_hrv_ms: night.overnight_hrv_ms.map(whole),
        avg_stress: sleep.average_stress.map(whole),
        body_battery_change: night.body_battery_change,
        avg_respiration_brpm: sleep.average_respiration.map(whole),
        avg_spo2_pct: sleep.average_spo2.map(whole),
        lowest_spo2_pct: sleep.lowest_spo2.map(whole),
        skin_temperature_deviation_c: night.skin_temperature_deviation_c.map(tenth),
        stages: stages(night.levels.as_deref().unwrap_or_default(), &clocks.start),
    }
}

impl Tool for Sleep {
    const NAME: &'static str = "get_sleep";
    const TITLE: &'static str = "One night of sleep";
    const DESCRIPTION: &'static str = "The night that ended on this day: score and its parts, \
        duration, every stage from falling asleep to waking up, and what the body did \
        meanwhile. get_sleep_summary is shorter.";
    type Args = DayArgs;
    type Answer = Reading<SleepAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        night(account, &args, full).await
    }
}

/// `get_sleep_summary`
pub(super) struct SleepSummary;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SummaryAnswer {
    sleep_seconds: i64,
    sleep_hours: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nap_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deep_sleep_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    light_sleep_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rem_sleep_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    awake_seconds: Option<i64>,
    /// Share of the time asleep.
    #[serde(skip_serializing_if = "Option::is_none")]
    deep_sleep_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    light_sleep_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rem_sleep_percent: Option<f64>,
    /// 0 to 100; absent when the night was too short to score.
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_score: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_score_qualifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_need_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    awake_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restless_moments_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_sleep_stress: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resting_heart_rate_bpm: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_spo2_percent: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_spo2_percent: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Milliseconds.
    avg_overnight_hrv: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hrv_status: Option<String>,
}

fn hours(seconds: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a night")]
    hundredth(seconds as f64 / 3600.0)
}

fn short(night: Night, clocks: &Clocks) -> SummaryAnswer {
    let sleep: NightDto = night.sleep.unwrap_or_default();
    let asleep = sleep.asleep_s.unwrap_or_default();
    let part = |stage: Option<i64>| stage.and_then(|stage| share(stage, asleep));
    let overall = sleep.scores.as_ref().and_then(|scores| scores.overall.as_ref());
    SummaryAnswer {
        sleep_seconds: asleep,
        sleep_hours: hours(asleep),
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
        avg_sleep_stress: sleep.average_stress.map(whole),
        resting_heart_rate_bpm: night.resting_heart_rate,
        avg_spo2_percent: sleep.average_spo2.map(whole),
        lowest_spo2_percent: sleep.lowest_spo2.map(whole),
        avg_overnight_hrv: night.overnight_hrv_ms.map(whole),
        hrv_status: night.hrv_status.as_deref().map(word),
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
        night(account, &args, short).await
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
        assert_eq!(
            found,
            [
                Stage { stage: StageName::Light, from: "23:10".into(), minutes: 17 },
                Stage { stage: StageName::Deep, from: "23:27".into(), minutes: 38 },
            ]
        );
    }
}

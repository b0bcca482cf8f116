//! Thresholds of running and cycling, now and over time.

use garmin::api::ThresholdSport;
use garmin::model::{BiometricPoint, CyclingFtp as Ftp, PowerToWeight, ThresholdRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{if_offered, pace_per_km};
use crate::account::Account;
use crate::answer::{Status, Stretch};
use crate::args::{NamedDay, NoArgs, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, whole, word};
use crate::tools::table::Table;

/// Thresholds change a few times a year.
const HISTORY: Window = Window::past(366, 1_100);

/// `get_cycling_ftp`
pub(super) struct CyclingFtp;

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct FtpAnswer {
    #[serde(flatten)]
    found: Option<FtpFound>,
    status: Option<Status>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct FtpFound {
    sport: Option<String>,
    functional_threshold_power_watts: i64,
    calendar_date: Option<String>,
    is_stale: Option<bool>,
    biometric_source_type: Option<String>,
    weight_kg: Option<f64>,
    w_per_kg: Option<f64>,
}

fn ftp(found: &Ftp, weight: Option<&PowerToWeight>) -> Option<FtpFound> {
    let watts = found.power_w?;
    let kilograms = weight.and_then(|it| it.weight_kg).filter(|kilograms| *kilograms > 0.0);
    Some(FtpFound {
        sport: found.sport.as_deref().map(word),
        functional_threshold_power_watts: whole(watts),
        calendar_date: found.at.map(|at| at.date().to_string()),
        is_stale: found.stale,
        biometric_source_type: found.source.as_deref().map(word),
        weight_kg: kilograms.map(hundredth),
        w_per_kg: kilograms.map(|kilograms| hundredth(watts / kilograms)),
    })
}

fn of_sport(rows: Option<Vec<PowerToWeight>>, sport: &str) -> Option<PowerToWeight> {
    let rows = rows.unwrap_or_default();
    let named =
        |row: &PowerToWeight| row.sport.as_deref().is_none_or(|it| it.eq_ignore_ascii_case(sport));
    rows.into_iter().find(named)
}

impl Tool for CyclingFtp {
    const NAME: &'static str = "get_cycling_ftp";
    const TITLE: &'static str = "Cycling threshold power";
    const DESCRIPTION: &'static str = "The newest functional threshold power of cycling, in watts \
        and per kilogram, and how old it is.";
    type Args = NoArgs;
    type Answer = FtpAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let garmin = account.garmin()?;
        let (found, weight) = tokio::join!(
            garmin.cycling_ftp(),
            garmin.power_to_weight(today, ThresholdSport::Cycling)
        );
        let weight = of_sport(if_offered(weight)?, "CYCLING");
        let found = found?.as_ref().and_then(|found| ftp(found, weight.as_ref()));
        let status = if found.is_some() { Status::Ok } else { Status::NoData };
        Ok(FtpAnswer { found, status: Some(status) })
    }
}

/// `get_ftp_history`
pub(super) struct FtpHistory;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FtpArgs {
    /// A day, or a period: `this_year`, `180d`.
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// Default `cycling`
    #[serde(default)]
    #[schemars(with = "Option<Sport>")]
    sport: Sport,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Sport {
    #[default]
    Cycling,
    Running,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FtpHistoryAnswer {
    sport: Sport,
    latest_watts: Option<i64>,
    change_watts: Option<i64>,
    points: Table,
}

/// In order; what has no day or no value is left out.
fn points(rows: Option<Vec<BiometricPoint>>) -> Vec<BiometricPoint> {
    let mut rows: Vec<BiometricPoint> = rows
        .unwrap_or_default()
        .into_iter()
        .filter(|row| row.from.is_some() && row.value.is_some())
        .collect();
    rows.sort_by_key(|row| row.from);
    rows
}

fn day_of(point: &BiometricPoint) -> Value {
    json!(point.from.map(|date| date.to_string()))
}

fn watts_table(points: &[BiometricPoint], unit: &'static str) -> Table {
    let rows = points.iter().map(|it| vec![day_of(it), json!(it.value.map(whole))]);
    Table::of(&["date", unit], rows.collect())
}

impl Tool for FtpHistory {
    const NAME: &'static str = "get_ftp_history";
    const TITLE: &'static str = "Threshold power over time";
    const DESCRIPTION: &'static str = "Every functional threshold power Garmin found over a \
        range, one year unless asked for more.";
    type Args = FtpArgs;
    type Answer = Stretch<FtpHistoryAnswer>;

    async fn call(account: &Account, args: FtpArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = range(args.start_date, args.end_date, today, HISTORY)?;
        let sport = match args.sport {
            Sport::Cycling => ThresholdSport::Cycling,
            Sport::Running => ThresholdSport::Running,
        };
        let points = points(account.garmin()?.threshold_powers(range, sport).await?);
        let watts = |point: Option<&BiometricPoint>| point.and_then(|it| it.value).map(whole);
        let (first, latest) = (watts(points.first()), watts(points.last()));
        let answer = (!points.is_empty()).then(|| FtpHistoryAnswer {
            sport: args.sport,
            latest_watts: latest,
            change_watts: first.zip(latest).map(|(first, latest)| latest.saturating_sub(first)),
            points: watts_table(&points, "watts"),
        });
        Ok(Stretch::new(range, None, answer))
    }
}

/// `get_lactate_threshold`
pub(super) struct LactateThreshold;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LactateArgs {
    /// For the history; the newest threshold otherwise.
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct LactateAnswer {
    status: Option<Status>,
    lactate_threshold_speed_mps: Option<f64>,
    lactate_threshold_pace_per_km: Option<String>,
    lactate_threshold_heart_rate_bpm: Option<i64>,
    heart_rate_cycling_bpm: Option<i64>,
    speed_hr_date: Option<String>,
    functional_threshold_power_watts: Option<i64>,
    weight_kg: Option<f64>,
    /// Watts per kilogram.
    power_to_weight: Option<f64>,
    sport: Option<String>,
    power_date: Option<String>,
    is_stale: Option<bool>,
    start_date: Option<String>,
    end_date: Option<String>,
    speed_history: Option<Table>,
    heart_rate_history: Option<Table>,
    power_history: Option<Table>,
}

/// Garmin stores a tenth of the metres per second. Nobody's threshold is below one in full.
fn metres_per_second(stored: f64) -> Option<f64> {
    let speed = if stored < 1.0 { stored * 10.0 } else { stored };
    (speed > 0.0).then(|| hundredth(speed))
}

/// The newest value of each kind: one row carries the speed, another the heart rate.
fn latest(rows: &[ThresholdRow], power: Option<PowerToWeight>) -> Option<LactateAnswer> {
    let speed = rows.iter().filter(|row| row.speed_tenth_mps.is_some()).max_by_key(|row| row.at);
    let heart = rows.iter().filter(|row| row.heart_rate.is_some()).max_by_key(|row| row.at);
    let cycling =
        rows.iter().filter(|row| row.heart_rate_cycling.is_some()).max_by_key(|row| row.at);
    let power = power.filter(|it| it.power_w.is_some());
    if speed.is_none() && heart.is_none() && cycling.is_none() && power.is_none() {
        return None;
    }
    let mps = speed.and_then(|row| row.speed_tenth_mps).and_then(metres_per_second);
    let found_at = speed.or(heart).and_then(|row| row.at);
    let power = power.unwrap_or_default();
    Some(LactateAnswer {
        status: Some(Status::Ok),
        lactate_threshold_speed_mps: mps,
        lactate_threshold_pace_per_km: mps.and_then(pace_per_km),
        lactate_threshold_heart_rate_bpm: heart.and_then(|row| row.heart_rate),
        heart_rate_cycling_bpm: cycling.and_then(|row| row.heart_rate_cycling),
        speed_hr_date: found_at.map(|at| at.date().to_string()),
        functional_threshold_power_watts: power.power_w.map(whole),
        weight_kg: power.weight_kg.map(hundredth),
        power_to_weight: power.w_per_kg.map(hundredth),
        sport: power.sport.as_deref().map(word),
        power_date: power.at.map(|at| at.date().to_string()),
        is_stale: power.stale,
        ..LactateAnswer::default()
    })
}

fn history(
    speeds: &[BiometricPoint],
    heart_rates: &[BiometricPoint],
    powers: &[BiometricPoint],
) -> LactateAnswer {
    let speed_rows = speeds.iter().map(|point| {
        let mps = point.value.and_then(metres_per_second);
        vec![day_of(point), json!(mps), json!(mps.and_then(pace_per_km))]
    });
    let some = |points: &[BiometricPoint], table: Table| (!points.is_empty()).then_some(table);
    let empty = speeds.is_empty() && heart_rates.is_empty() && powers.is_empty();
    LactateAnswer {
        status: Some(if empty { Status::NoData } else { Status::Ok }),
        speed_history: some(
            speeds,
            Table::of(&["date", "speed_mps", "pace_per_km"], speed_rows.collect()),
        ),
        heart_rate_history: some(heart_rates, watts_table(heart_rates, "heart_rate_bpm")),
        power_history: some(powers, watts_table(powers, "power_watts")),
        ..LactateAnswer::default()
    }
}

impl Tool for LactateThreshold {
    const NAME: &'static str = "get_lactate_threshold";
    const TITLE: &'static str = "Lactate threshold";
    const DESCRIPTION: &'static str = "The running lactate threshold: pace, heart rate and power \
        as last found, or their history when dates are given.";
    type Args = LactateArgs;
    type Answer = LactateAnswer;

    async fn call(account: &Account, args: LactateArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let garmin = account.garmin()?;
        if args.start_date.is_none() && args.end_date.is_none() {
            let (rows, power) = tokio::join!(
                garmin.lactate_threshold(),
                garmin.power_to_weight(today, ThresholdSport::Running)
            );
            let power = of_sport(if_offered(power)?, "RUNNING");
            let found = latest(&rows?.unwrap_or_default(), power);
            return Ok(found.unwrap_or_else(|| LactateAnswer {
                status: Some(Status::NoData),
                ..LactateAnswer::default()
            }));
        }
        let range = range(args.start_date, args.end_date, today, HISTORY)?;
        let (speeds, heart_rates, powers) = tokio::join!(
            garmin.threshold_speeds(range),
            garmin.threshold_heart_rates(range),
            garmin.threshold_powers(range, ThresholdSport::Running)
        );
        let (speeds, rates, powers) =
            (points(speeds?), points(heart_rates?), points(if_offered(powers)?));
        Ok(LactateAnswer {
            start_date: Some(range.first().to_string()),
            end_date: Some(range.last().to_string()),
            ..history(&speeds, &rates, &powers)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(body: &str) -> Vec<BiometricPoint> {
        points(serde_json::from_str(body).unwrap())
    }

    #[test]
    fn the_latest_threshold_is_merged_from_partial_rows_and_its_speed_is_no_tenth() {
        let found: Vec<ThresholdRow> = serde_json::from_str(
            r#"[{"calendarDate":"2026-04-24T16:19:45.837","speed":0.3402,"hearRate":null},
                {"calendarDate":"2026-04-24T16:19:45.837","speed":null,"hearRate":168},
                {"calendarDate":"2026-01-02T10:00:00","speed":0.33,"hearRate":170,
                 "heartRateCycling":160}]"#,
        )
        .unwrap();
        let answer = latest(&found, None).unwrap();
        assert_eq!(answer.lactate_threshold_speed_mps, Some(3.4));
        assert_eq!(answer.lactate_threshold_pace_per_km.as_deref(), Some("4:54"));
        assert_eq!(answer.lactate_threshold_heart_rate_bpm, Some(168));
        assert_eq!(answer.heart_rate_cycling_bpm, Some(160));
        assert_eq!(answer.speed_hr_date.as_deref(), Some("2026-04-24"));
        assert!(latest(&[ThresholdRow::default()], None).is_none());
    }

    #[test]
    fn d16_the_history_has_the_heart_rate_beside_speed_and_power() {
        let speeds = rows(r#"[{"from":"2026-04-24","series":"running","value":0.3402}]"#);
        let rates = rows(
            r#"[{"from":"2026-04-24","value":168.0},{"from":"2026-03-01","value":170},
                {"from":null,"value":1},{"from":"2026-02-01","value":null}]"#,
        );
        let answer = history(&speeds, &rates, &[]);
        assert_eq!(answer.speed_history.unwrap().rows[0][1..], [json!(3.4), json!("4:54")]);
        let heart = answer.heart_rate_history.unwrap();
        assert_eq!(heart.columns, ["date", "heart_rate_bpm"]);
        assert_eq!(
            heart.rows,
            [[json!("2026-03-01"), json!(170)], [json!("2026-04-24"), json!(168)]]
        );
        assert!(answer.power_history.is_none());
        assert_eq!(history(&[], &[], &[]).status, Some(Status::NoData));
    }

    #[test]
    fn watts_per_kilogram_need_a_weight() {
        let found: Ftp = serde_json::from_str(
            r#"{"calendarDate":"2026-04-12T10:20:39.41","isStale":false,"sport":"CYCLING",
                "functionalThresholdPower":210,"biometricSourceType":"CHANGE_LOG"}"#,
        )
        .unwrap();
        let weight = PowerToWeight { weight_kg: Some(61.2), ..PowerToWeight::default() };
        let answer = ftp(&found, Some(&weight)).unwrap();
        assert_eq!((answer.w_per_kg, answer.weight_kg), (Some(3.43), Some(61.2)));
        assert_eq!(answer.calendar_date.as_deref(), Some("2026-04-12"));
        assert_eq!(ftp(&found, None).unwrap().w_per_kg, None);
        assert_eq!(ftp(&Ftp::default(), Some(&weight)), None);
    }
}
